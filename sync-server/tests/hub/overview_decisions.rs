//! Decisions that wait for a person, counted among the figures of the whole hospital as their lists are long.

use crate::console::Browser;
use crate::money::Office;
use crate::overview::{OVERVIEW, dice};
use crate::trust::hub;
use serde_json::json;
use shared::conflicts::ItemKind;
use shared::conflicts::list::{ConflictDone, ConflictLine, ConflictOwn, ConflictPage};
use shared::overview::Overview;
use shared::sample::Dice;
use sync_server::testing::TestHub;

/// Items of random kinds, ages and wards, and things that the books need a person for.
async fn make_waiting(hub: &TestHub, dice: &mut Dice) {
    let mut sql = String::from("set session_replication_role = replica;");
    for nth in 0..120 {
        let (kind, hours) = (1 + dice.below(6), dice.below(400));
        let ward = [hub.ward, hub.other_ward][dice.below(2)];
        let settled = ["null", "now()"][dice.below(2)];
        sql.push_str(&format!(
            "insert into conflict_item (id, kind, ward, field, body, raised_at, settled_at) select sha256('{nth}'), {kind}, '{ward}', '',
                conflict_body(sha256('{nth}'), 'hard', conflict_rule('rule.together')), now() - interval '{hours} hours', {settled};"
        ));
    }
    for nth in 0..70 {
        let hours = dice.below(400);
        sql.push_str(&format!(
            "insert into billing.exception (cause, kind, at_ms) values ('made:{nth}', 'PAID_TWICE', (extract(epoch from now()) * 1000)::bigint - {hours} * 3600000::bigint);"
        ));
    }
    hub.as_owner(&sql).await.expect("items");
}

/// All of a list, page by page.
async fn items(browser: &mut Browser, query: &str) -> Vec<ConflictLine> {
    let (mut found, mut after): (Vec<ConflictLine>, _) = (Vec::new(), String::new());
    loop {
        let page: ConflictPage = browser
            .json(&format!("/console/v1/conflicts?{query}{after}"))
            .await;
        let is_narrow = page.lines.iter().all(|line| line.settled_at.is_none());
        assert!(is_narrow || query.contains("settled"), "{query}");
        found.extend(page.lines);
        let Some(next) = page.next else {
            return found;
        };
        after = format!("&after={next}");
    }
}

#[tokio::test]
async fn open_decisions_are_counted_as_their_lists_are_long_with_those_of_money() {
    let mut dice = dice();
    let hub = hub().await;
    make_waiting(&hub, &mut dice).await;
    let mut mia = Browser::of(&hub, "mia", "manager").await;
    for ward in [String::new(), format!("&ward={}", hub.ward)] {
        let whole: Overview = mia.json(&format!("{OVERVIEW}?days=1{ward}")).await;
        for kind in ItemKind::ALL {
            let line = whole.items.iter().find(|line| line.kind == kind);
            let figures = line.map_or([0; 3], |line| [line.open, line.day_old, line.week_old]);
            for (hours, figure) in ["", "&hours=24", "&hours=168"].iter().zip(figures) {
                let query = format!("kind={}{hours}{ward}", kind.word());
                let found = items(&mut mia, &query).await;
                assert_eq!(found.len(), figure as usize, "{query}");
            }
        }
    }
    let all = items(&mut mia, "").await;
    let money = all.iter().filter(|line| line.kind == ItemKind::Money);
    assert_eq!(money.count(), 70, "they stand among the others");
    let in_order = all
        .windows(2)
        .all(|two| two[0].raised_at <= two[1].raised_at);
    assert!(in_order, "the oldest first, whatever they are of");
    let mut names: Vec<&str> = all.iter().map(|line| line.id.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all.len(), "each once");
}

#[tokio::test]
async fn what_the_books_need_is_an_item_until_it_is_settled_there() {
    let office = Office::of_fee(10_000).await;
    let hub = &office.hub;
    let planted = "insert into billing.exception (cause, kind, at_ms) values ('one', 'RECEIPT_GAP', 1000), ('two', 'PAID_TWICE', 2000)";
    hub.as_owner(planted).await.expect("it is planted");
    let mut mia = Browser::of(hub, "mia", "manager").await;
    let found = items(&mut mia, "").await;
    assert_eq!(found.len(), 2);
    let gap = &found[0];
    assert_eq!(
        (gap.rule.with["kind"].as_str(), gap.raised_at.as_str()),
        ("RECEIPT_GAP", "1970-01-01T00:00:01Z")
    );
    // somebody looks after it; it is nothing that the rules of a record could settle
    let own = ConflictOwn {
        ids: vec![gap.id.clone()],
        is_mine: true,
    };
    assert_eq!(
        mia.say("/console/v1/conflicts/own", &own).await,
        Vec::<String>::new()
    );
    let mine = items(&mut mia, "").await.remove(0);
    assert!(mine.owner.is_some());
    assert_eq!(
        items(
            &mut mia,
            &format!("owner={}", mine.owner.expect("somebody"))
        )
        .await,
        [mine]
    );
    let ask = json!({ "ids": [gap.id], "choice": { "action": "dismiss" } });
    let said: ConflictDone =
        crate::conflicts::tell(&mut mia, "/console/v1/conflicts/settle", &ask).await;
    assert_eq!(
        (said.done, said.left[0].problem.code.as_str()),
        (0, "conflict.in_books")
    );
    assert_eq!(items(&mut mia, "").await.len(), 2);
    let settled = json!({ "exception": gap.rule.with["exception"].parse::<i64>().expect("a number"), "reason": "It was torn" });
    assert_eq!(
        mia.say("/console/v1/books/settle", &settled).await,
        Vec::<String>::new()
    );
    let left = items(&mut mia, "").await;
    assert_eq!((left.len(), left[0].id == gap.id), (1, false));
    let over = items(&mut mia, "state=settled").await;
    assert_eq!(
        (over.len(), over[0].action.as_deref()),
        (1, Some("settled"))
    );
    // who may not read the books sees none of it, and looks after none of it
    let mut farah = Browser::of(hub, "farah", "pharmacist").await;
    assert_eq!(items(&mut farah, "").await, []);
    let own = ConflictOwn {
        ids: vec![left[0].id.clone()],
        is_mine: true,
    };
    assert_eq!(
        farah.say("/console/v1/conflicts/own", &own).await,
        ["not_allowed"]
    );
}
