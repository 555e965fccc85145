-- Nobody's password, nor anything made of it, is kept in the replica: what unlocks it lies beside it.
drop table pass;
