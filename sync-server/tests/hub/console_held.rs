//! Held work at the console: listed page by page, shown beside the record, and decided.

use crate::console::Browser;
use crate::desk::Desk;
use crate::trust::{desk_of, hub};
use serde_json::{Value, json};
use shared::console::{HeldDecision, HeldPage, HeldState, HeldWhole};
use shared::sync::wire::{Verdict, hex};
use std::collections::BTreeSet;
use sync_server::testing::TestHub;

async fn held_work(hub: &TestHub) -> String {
    let desk = desk_of(hub, hub.ward, hub.receptionist).await;
    let patient = desk.patient("Held");
    assert_eq!(desk.push(vec![patient.envelope()]).await, [Verdict::Taken]);
    let blood = desk.edit(&patient, &json!({ "bloodGroup": "A+" }));
    assert!(matches!(
        desk.push(vec![blood.envelope()]).await[0],
        Verdict::Held { .. }
    ));
    hex(&blood.edited.hash)
}

async fn decide(browser: &mut Browser, hash: &str, refusal: Option<&str>) -> Vec<String> {
    let said = HeldDecision {
        hash: hash.to_owned(),
        refusal: refusal.map(str::to_owned),
    };
    browser.say("/console/v1/held/decide", &said).await
}

#[tokio::test]
async fn a_clinical_manager_sees_what_is_written_and_lets_it_in() {
    let hub = hub().await;
    let hash = held_work(&hub).await;
    let mut mia = Browser::of(&hub, "mia", "manager").await;
    let page: HeldPage = mia.json("/console/v1/held").await;
    assert_eq!((page.lines.len(), page.waiting, page.next), (1, 1, None));
    assert_eq!(
        (page.lines[0].hash.as_str(), page.lines[0].desk.as_str()),
        (hash.as_str(), "Desk")
    );
    assert_eq!(page.lines[0].staff, Some(hub.receptionist));
    let whole: HeldWhole = mia.json(&format!("/console/v1/held/one?hash={hash}")).await;
    let write = &whole.writes[0];
    assert_eq!(
        (write.path.as_str(), &write.before, &write.after),
        ("bloodGroup", &Value::Null, &json!("A+"))
    );
    assert!(whole.about.is_some_and(|name| name.contains("Held")));
    // that somebody looked at it is itself written down
    let looked: i64 = sqlx::query_scalar(
        "select count(*) from audit_deed where position(convert_to('held', 'UTF8') in entry) > 0",
    )
    .fetch_one(&hub.app.pool)
    .await
    .expect("the deeds");
    assert_eq!(looked, 1);
    assert_eq!(decide(&mut mia, &hash, None).await, Vec::<String>::new());
    let page: HeldPage = mia.json("/console/v1/held").await;
    assert_eq!((page.lines.len(), page.waiting), (0, 0));
    let page: HeldPage = mia.json("/console/v1/held?state=all").await;
    assert_eq!(page.lines[0].state, HeldState::Released);
    let whole: HeldWhole = mia.json(&format!("/console/v1/held/one?hash={hash}")).await;
    assert_eq!(
        whole.writes[0].before,
        json!("A+"),
        "it is part of the record"
    );
    assert_eq!(decide(&mut mia, &hash, None).await, ["held.decided"]);
}

#[tokio::test]
async fn held_work_is_refused_with_a_reason_its_author_is_told() {
    let hub = hub().await;
    let hash = held_work(&hub).await;
    let mut mia = Browser::of(&hub, "mia", "manager").await;
    assert_eq!(decide(&mut mia, &hash, Some(" ")).await, ["required"]);
    let long = "x".repeat(501);
    assert_eq!(decide(&mut mia, &hash, Some(&long)).await, ["too_long"]);
    assert_eq!(decide(&mut mia, "abcdef", Some("No")).await, ["held.gone"]);
    assert_eq!(
        decide(&mut mia, &hash, Some("Ask the doctor")).await,
        Vec::<String>::new()
    );
    let whole: HeldWhole = mia.json(&format!("/console/v1/held/one?hash={hash}")).await;
    assert_eq!(
        (whole.line.state, whole.reason.as_deref()),
        (HeldState::Refused, Some("Ask the doctor"))
    );
}

#[tokio::test]
async fn pages_have_everything_once_also_of_one_moment() {
    let hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    sqlx::query(
        "insert into held_change (hash, kind, record, device, is_final, problems, bytes, held_at)
         select sha256(convert_to(n::text, 'UTF8')), 1, gen_random_uuid(), $1, false, '[]', '', '2027-03-01 09:00:00.123456+00'::timestamptz + (n / 40) * interval '1 microsecond'
         from generate_series(1, 120) n",
    )
    .bind(desk.enrolled.device.0)
    .execute(&hub.app.pool)
    .await
    .expect("they are held");
    let mut mia = Browser::of(&hub, "mia", "manager").await;
    let (mut seen, mut pages, mut after) = (BTreeSet::new(), 0, String::new());
    loop {
        let page: HeldPage = mia
            .json(&format!("/console/v1/held?state=waiting{after}"))
            .await;
        assert_eq!(page.waiting, 120);
        for line in page.lines {
            assert!(seen.insert(line.hash), "nothing comes twice");
        }
        pages += 1;
        let Some(next) = page.next else { break };
        after = format!("&after={next}");
    }
    assert_eq!((seen.len(), pages), (120, 3));
    let wrong = mia.get("/console/v1/held?after=nonsense").await;
    assert_eq!(wrong.status().as_u16(), 400);
}
