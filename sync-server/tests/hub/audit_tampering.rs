//! What whoever owns the database could do to the log, and how it shows.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where it stands"
)]

use crate::audit_chains::Forger;
use crate::audits::tamper;
use crate::desk::Desk;
use shared::sample::Dice;
use sqlx::Row;
use sync_server::services::audit::{settle, verify::verify};
use sync_server::testing::TestHub;

/// Makes a log of some length from everything there is.
async fn busy(hub: &TestHub) -> Forger {
    let desk = Desk::new(hub, hub.ward).await;
    for n in 0..6 {
        desk.push(vec![desk.patient(&format!("Silva {n}")).envelope()])
            .await;
    }
    let mut forger = Forger::at(desk, 1).await;
    let links = forger.links(8);
    forger.send(links).await;
    settle(&hub.app).await.unwrap();
    let patient = forger.desk.patient("Later");
    forger.desk.push(vec![patient.envelope()]).await;
    settle(&hub.app).await.unwrap();
    forger
}

/// Edits of the log; more with `TAMPERINGS`.
const EDITS: u64 = 1_000;

/// Something that whoever owns the database could do at a leaf, and puts right again what they know how to.
fn edit(dice: &mut Dice, at: i64) -> String {
    let byte = format!("{} % octet_length(entry)", dice.below(4_096));
    let bit = 1 << dice.below(8);
    let entry = format!("set_byte(entry, {byte}, get_byte(entry, {byte}) # {bit})");
    let hash = "sha256('\\x00'::bytea || entry)";
    match dice.below(12) {
        0 => format!("update audit_log set entry = {entry} where leaf = {at}"),
        // the hash is made right again
        1 => format!(
            "update audit_log set entry = {entry} where leaf = {at}; update audit_log set hash = {hash} where leaf = {at}"
        ),
        2 => format!("delete from audit_log where leaf = {at}"),
        // and what follows is moved up
        3 => format!(
            "delete from audit_log where leaf = {at}; update audit_log set leaf = leaf + 100000 where leaf > {at}; update audit_log set leaf = leaf - 100001 where leaf > 100000"
        ),
        4 => format!(
            "update audit_log set leaf = -1 where leaf = {at}; update audit_log set leaf = {at} where leaf = {at} + 1; update audit_log set leaf = {at} + 1 where leaf = -1"
        ),
        5 => format!("delete from audit_log where leaf >= {at}"),
        // the tree is cut with it
        6 => format!("delete from audit_log where leaf >= {at}; update audit_tree set size = {at}"),
        7 => format!(
            "update audit_log set staff = '00000000-0000-8000-8000-000000000001' where leaf = {at}"
        ),
        8 => format!("update audit_log set what = 12 where leaf = {at}"),
        9 => format!(
            "update audit_log set hash = set_byte(hash, {0}, get_byte(hash, {0}) # {bit}) where leaf = {at}",
            dice.below(32)
        ),
        10 => format!("update audit_log set at_ms = at_ms # {bit} where leaf = {at}"),
        _ => format!("update audit_log set seal = hash where leaf = {at}"),
    }
}

#[tokio::test]
async fn whatever_is_done_to_the_log_shows_and_the_first_bad_entry_is_named() {
    let number = |variable: &str| std::env::var(variable).ok()?.parse::<u64>().ok();
    let (seed, edits) = (
        number("SEED").unwrap_or(20_270_306),
        number("TAMPERINGS").unwrap_or(EDITS),
    );
    println!("seed {seed}, {edits} edits");
    let mut dice = Dice::new(seed);
    let hub = TestHub::start().await;
    busy(&hub).await;
    let size: i64 = sqlx::query_scalar("select size from audit_tree")
        .fetch_one(&hub.app.pool)
        .await
        .unwrap();
    hub.as_owner("create table kept as select * from audit_log; create table tree as select * from audit_tree").await.unwrap();
    for round in 0..edits {
        let at = dice.below(size as usize - 2) as i64 + 1;
        let sql = edit(&mut dice, at);
        tamper(&hub, &sql).await;
        let found = verify(&hub.app, None).await.unwrap();
        let place = found.first_bad_leaf.map(|bad| bad.place);
        assert_eq!(
            place.as_deref(),
            Some(at.to_string().as_str()),
            "seed {seed} round {round}: {sql}"
        );
        tamper(&hub, "delete from audit_log; insert into audit_log select * from kept; update audit_tree set (size, peaks) = (select size, peaks from tree)").await;
    }
    let again = verify(&hub.app, None).await.unwrap();
    assert!(again.is_whole(), "{again:?}");
}

#[tokio::test]
async fn heads_kept_elsewhere_show_a_log_that_was_cut_with_everything_it_was_made_of() {
    let hub = TestHub::start().await;
    busy(&hub).await;
    let file = hub.audit_heads();
    let heads = std::fs::read_to_string(&file).unwrap();
    // one for each time it was settled, and the hub settles by itself too
    assert!(heads.lines().count() >= 2, "{heads}");
    // somebody who owns the database takes the last change out of everything it holds
    tamper(&hub, "delete from audit_head where size = (select max(size) from audit_head); delete from change where id = (select max(id) from change);
        update audit_source set done = (select max(id) from change) where source = 1;
        delete from audit_log where leaf = (select max(leaf) from audit_log)").await;
    let leaves: i64 = sqlx::query_scalar("select count(*) from audit_log")
        .fetch_one(&hub.app.pool)
        .await
        .unwrap();
    // with the tree made anew
    let rows = sqlx::query("select entry from audit_log order by leaf")
        .fetch_all(&hub.app.pool)
        .await
        .unwrap();
    let mut tree = shared::audit::tree::Growing::default();
    rows.iter()
        .for_each(|row| tree.push(shared::audit::tree::leaf(row.get("entry"))));
    sqlx::query("update audit_tree set size = $1, peaks = $2")
        .bind(leaves)
        .bind(tree.peaks())
        .execute(&hub.app.pool)
        .await
        .unwrap();
    assert!(
        verify(&hub.app, None).await.unwrap().is_whole(),
        "nothing in the database tells"
    );
    let found = verify(&hub.app, Some(&file)).await.unwrap();
    assert_eq!(
        found.first_bad_leaf.map(|bad| bad.place),
        Some(leaves.to_string())
    );
    // a head that somebody else made is worth nothing
    let forged = heads.replace(&heads[heads.len() - 20..heads.len() - 10], "0123456789");
    let other = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(other.path(), forged).unwrap();
    assert!(
        !verify(&hub.app, Some(other.path()))
            .await
            .unwrap()
            .is_whole()
    );
}

#[tokio::test]
async fn what_the_log_was_made_of_cannot_be_changed_unseen() {
    let hub = TestHub::start().await;
    let forger = busy(&hub).await;
    let place = async || {
        let found = verify(&hub.app, None).await.unwrap();
        (
            found.first_bad_leaf.map(|bad| bad.why),
            found.bad_chains.first().map(|bad| bad.place.clone()),
        )
    };
    let device = forger.desk.enrolled.device;
    let check = async |change: &str, back: &str, why: Option<&str>, chain: Option<u64>| {
        tamper(&hub, change).await;
        let chain = chain.map(|seq| format!("{device} 1.{seq}"));
        assert_eq!(place().await, (why.map(str::to_owned), chain), "{change}");
        tamper(&hub, back).await;
        assert_eq!(place().await, (None, None), "{back}");
    };
    let says = Some("what it was made of says something else");
    let gone = Some("what it was made of is gone");
    hub.as_owner("create table c as select * from change; create table d as select * from audit_desk; create table s as select * from audit_signature; create table e as select * from audit_chain").await.unwrap();
    let put_back = "delete from change; insert into change overriding system value select * from c; delete from audit_desk; insert into audit_desk overriding system value select * from d;
        delete from audit_signature; insert into audit_signature select * from s; delete from audit_chain; insert into audit_chain select * from e";
    check(
        "update change set staff = device where id = 3",
        put_back,
        says,
        None,
    )
    .await;
    check("delete from change where id = 3", put_back, gone, None).await;
    let bit = "set_byte(entry, 10, get_byte(entry, 10) # 1)";
    check(
        &format!("update audit_desk set entry = {bit} where seq = 4"),
        put_back,
        says,
        Some(4),
    )
    .await;
    check(
        "delete from audit_desk where seq = 4",
        put_back,
        gone,
        Some(4),
    )
    .await;
    check(
        "update audit_desk set flaw = 'chain.hash' where seq = 4",
        put_back,
        None,
        Some(4),
    )
    .await;
    check(
        "update audit_signature set signature = set_byte(signature, 3, get_byte(signature, 3) # 1)",
        put_back,
        None,
        Some(8),
    )
    .await;
    check("delete from audit_signature", put_back, None, Some(8)).await;
    check(
        "update audit_chain set next_seq = 4",
        put_back,
        None,
        Some(4),
    )
    .await;
}

#[tokio::test]
async fn an_entry_changed_together_with_what_it_was_made_of_is_named_by_its_seal() {
    let hub = TestHub::start().await;
    busy(&hub).await;
    let leaf: i64 = sqlx::query_scalar("select min(leaf) from audit_log where source = 3")
        .fetch_one(&hub.app.pool)
        .await
        .unwrap();
    // another time, said in both places, with the hash made right again
    let bit = "set_byte(entry, 10, get_byte(entry, 10) # 1)";
    let sql = format!(
        "update audit_deed set entry = {bit} where id = (select source_id from audit_log where leaf = {leaf});
         update audit_log set entry = {bit}, at_ms = at_ms # 1 where leaf = {leaf};
         update audit_log set hash = sha256('\\x00'::bytea || entry) where leaf = {leaf}"
    );
    tamper(&hub, &sql).await;
    let bad = verify(&hub.app, None)
        .await
        .unwrap()
        .first_bad_leaf
        .unwrap();
    assert_eq!(bad.place, leaf.to_string());
    assert_eq!(bad.why, "not sealed by this hub at this place");
}
