-- What gateways paid out and kept is in the books too: taken from their files, each line once.

alter table payments.settlement_line drop constraint settlement_line_kind_check;
alter table payments.settlement_line
    add constraint settlement_line_kind_check check (kind in ('charge', 'refund', 'fee', 'payout', 'other')),
    -- what the gateway kept of it
    add column fee    bigint not null default 0,
    -- what the hospital has more with the gateway by it, less the fee; nothing for lines that came before this was kept
    add column net    bigint,
    -- the payout that it is a part of
    add column payout text;
create index settlement_line_of_payout on payments.settlement_line (provider, payout) where payout is not null;
