//! The whole in figures: each is what a naive recount says, and as long as the list that it leads to.

use crate::console::Browser;
use crate::money::Office;
use crate::trust::hub;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;
use shared::access::Role;

use shared::console::DevicePage;
use shared::overview::{Overview, TakingPage, Turnouts, VisitPage};
use shared::sample::Dice;
use sqlx::Row;
use std::collections::BTreeMap;
use sync_server::testing::TestHub;
use sync_server::world;
use uuid::Uuid;

pub(crate) const OVERVIEW: &str = "/console/v1/overview";
const STATUSES: [&str; 10] = [
    "proposed",
    "pending",
    "waitlist",
    "booked",
    "cancelled",
    "noshow",
    "arrived",
    "checked-in",
    "fulfilled",
    "entered-in-error",
];

pub(crate) fn dice() -> Dice {
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| world::now().0.unsigned_abs());
    eprintln!("SEED={seed}");
    Dice::new(seed)
}

/// A hub of a hospital in a zone.
async fn hub_in(zone: &str) -> TestHub {
    let mut hub = hub().await;
    sqlx::query("update hospital set zone = $1")
        .bind(zone)
        .execute(&hub.app.pool)
        .await
        .expect("the hospital moves");
    hub.restart().await;
    hub
}

/// A visit that somebody made up.
struct Made {
    at: Timestamp,
    status: &'static str,
    department: Option<Uuid>,
}

/// Visits around the last 95 days and a few to come, many of them near midnight, of two departments or of none.
async fn make_visits(hub: &TestHub, dice: &mut Dice, count: usize) -> Vec<Made> {
    let departments = [
        Some(hub.department.0),
        Some(hub.other_department.0),
        Some(hub.department.0),
        None,
    ];
    let midnight = hub.app.today().to_zoned(hub.app.zone()).expect("a day");
    let mut made = Vec::with_capacity(count);
    for _ in 0..count {
        let day = i64::try_from(dice.below(100)).expect("small") - 95;
        let near = [-1, 0, 1, 30_000, 36_000][dice.below(5)];
        let begins = midnight
            .checked_add(jiff::Span::new().days(day))
            .expect("a day");
        let at = begins.timestamp() + jiff::SignedDuration::from_secs(near);
        made.push(Made {
            at,
            status: STATUSES[dice.below(10)],
            department: departments[dice.below(4)],
        });
    }
    for one in &made {
        // some write fractions of a second
        let at = if dice.below(4) == 0 {
            format!("{:.3}", one.at)
        } else {
            one.at.to_string()
        };
        plant_visit(hub, &at, one.status, one.department).await;
    }
    made
}

/// A visit that no desk wrote.
pub(crate) async fn plant_visit(hub: &TestHub, at: &str, status: &str, department: Option<Uuid>) {
    let body = json!({ "status": status, "department": department, "start": at });
    sqlx::query(
        "insert into record (id, kind, chart, at, sort, body, tail, heads, clock, conflicts, changed_at)
         values ($1, 2, $1, $2, $2, $3::json, '', '', '', 0, 0)",
    )
    .bind(world::new_id())
    .bind(at)
    .bind(body)
    .execute(&hub.app.pool)
    .await
    .expect("a visit");
}

/// What a visit counts as, said once more.
fn add(visits: &mut Turnouts, status: &str) {
    match status {
        "arrived" | "checked-in" | "fulfilled" => visits.came += 1,
        "noshow" => visits.missed += 1,
        "proposed" | "pending" | "booked" => visits.expected += 1,
        _ => {}
    }
}

fn recount<K: Ord>(made: &[Made], key: impl Fn(&Made) -> Option<K>) -> BTreeMap<K, Turnouts> {
    let mut found = BTreeMap::new();
    for one in made {
        if let Some(key) = key(one) {
            add(found.entry(key).or_default(), one.status);
        }
    }
    found.retain(|_, visits| *visits != Turnouts::default());
    found
}

/// How many visits a list has, page by page, each once.
async fn listed(browser: &mut Browser, query: &str) -> usize {
    let (mut found, mut after) = (std::collections::BTreeSet::new(), String::new());
    loop {
        let page: VisitPage = browser
            .json(&format!("{OVERVIEW}/visits?{query}{after}"))
            .await;
        for line in page.lines {
            assert!(found.insert(line.id), "{query}: twice in the list");
        }
        let Some(next) = page.next else {
            return found.len();
        };
        after = format!("&after={next}");
    }
}

fn each(visits: Turnouts) -> [(&'static str, u32); 3] {
    [
        ("came", visits.came),
        ("missed", visits.missed),
        ("expected", visits.expected),
    ]
}

#[tokio::test]
async fn visits_are_counted_by_the_hospitals_days_as_a_naive_recount_does() {
    let mut dice = dice();
    let zones = [
        "UTC",
        "Europe/London",
        "America/New_York",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
    ];
    let name = zones[dice.below(5)];
    let (hub, zone) = (hub_in(name).await, TimeZone::get(name).expect("a zone"));
    let made = make_visits(&hub, &mut dice, 900).await;
    let mut mia = Browser::of(&hub, "mia", "manager").await;
    let day = |one: &Made| one.at.to_zoned(zone.clone()).date();
    let today = hub.app.today();
    for span in [1, 7, 30, 90] {
        let first = today.saturating_sub(jiff::Span::new().days(span - 1));
        let within = |date: Date| first <= date && date <= today;
        let whole: Overview = mia.json(&format!("{OVERVIEW}?days={span}")).await;
        assert_eq!(
            (whole.from, whole.to),
            (first.to_string(), today.to_string())
        );
        assert_eq!(
            whole.days.len(),
            usize::try_from(span).expect("days"),
            "every day is there"
        );
        let shown: BTreeMap<Date, Turnouts> = whole
            .days
            .iter()
            .map(|one| (one.day.parse().expect("a day"), one.visits))
            .filter(|(_, visits)| *visits != Turnouts::default())
            .collect();
        assert_eq!(
            shown,
            recount(&made, |one| within(day(one)).then(|| day(one))),
            "{name} {span}"
        );
        let shown: BTreeMap<Option<Uuid>, Turnouts> = whole
            .departments
            .iter()
            .map(|one| (one.department.map(|department| department.0), one.visits))
            .collect();
        assert_eq!(
            shown,
            recount(&made, |one| within(day(one)).then_some(one.department)),
            "{name} {span}"
        );
    }
    for one in mia
        .json::<Overview>(&format!("{OVERVIEW}?days=30"))
        .await
        .days
    {
        for (of, count) in each(one.visits) {
            let query = format!("of={of}&from={day}&to={day}", day = one.day);
            assert_eq!(
                listed(&mut mia, &query).await,
                count as usize,
                "{name} {query}"
            );
        }
    }
}

#[tokio::test]
async fn a_department_is_seen_alone_and_its_lists_are_as_long_as_its_figures() {
    let mut dice = dice();
    let hub = hub_in("Asia/Kolkata").await;
    make_visits(&hub, &mut dice, 500).await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let all: Overview = wei.json(&format!("{OVERVIEW}?days=90")).await;
    let one = hub.other_department;
    let alone: Overview = wei
        .json(&format!("{OVERVIEW}?days=90&department={one}"))
        .await;
    let expected: Vec<_> = all
        .departments
        .into_iter()
        .filter(|line| line.department == Some(one))
        .collect();
    assert_eq!(alone.departments, expected);
    for (of, count) in each(expected[0].visits) {
        let query = format!("of={of}&from={}&to={}&department={one}", all.from, all.to);
        assert_eq!(listed(&mut wei, &query).await, count as usize, "{query}");
    }
    for wrong in [
        "?days=2",
        "?days=x",
        "/visits?of=nobody&from=2027-01-01&to=2027-01-01",
        "/visits?of=came&from=2027-01-02&to=2027-01-01",
        "/visits?of=came&from=2026-01-02&to=2027-01-01",
        "/takings?of=billed&from=2027-01-01&to=2027-01-01&currency=XYZ",
    ] {
        let status = wei.get(&format!("{OVERVIEW}{wrong}")).await.status();
        assert_eq!(status.as_u16(), 400, "{wrong}");
    }
}

/// Journals of any day and in two currencies that no rule would write, each with two equal sides.
async fn make_journals(office: &Office, dice: &mut Dice, count: usize) {
    let accounts = [
        1000, 1010, 1015, 1020, 1100, 2000, 2050, 2100, 4000, 4020, 5010,
    ];
    let mut sql = String::from("set session_replication_role = replica;");
    for nth in 1..=count {
        let day = dice.below(95);
        let (currency, why) = (
            ["INR", "USD"][dice.below(2)],
            ["issued", "taken", "credited", "counted"][dice.below(4)],
        );
        let minor = 1 + dice.below(100_000);
        let (one, other) = (accounts[dice.below(11)], accounts[dice.below(11)]);
        sql.push_str(&format!(
            "insert into billing.journal (cause, why, currency, occurred_ms, recorded_ms, day)
                select 'made:{nth}', '{why}', '{currency}', 0, 0, (now() at time zone zone)::date - {day} from hospital;
             insert into billing.posting (journal, line, account, debit) select max(id), 1, {one}, {minor} from billing.journal;
             insert into billing.posting (journal, line, account, credit) select max(id), 2, {other}, {minor} from billing.journal;"
        ));
    }
    office.hub.as_owner(&sql).await.expect("journals");
}

/// What each day brought, said once more: by day and currency, billed and received.
async fn recount_money(office: &Office) -> BTreeMap<(String, String), (i64, i64)> {
    let rows = sqlx::query("select day::text as day, currency, why, account, debit, credit from billing.journal, billing.posting where posting.journal = journal.id")
        .fetch_all(office.pool())
        .await
        .expect("the books");
    let mut found: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
    for row in &rows {
        let (debit, credit): (i64, i64) = (row.get("debit"), row.get("credit"));
        let of_day = found
            .entry((row.get("day"), row.get("currency")))
            .or_default();
        match row.get::<i32, _>("account") {
            2100 | 4000..5000 => of_day.0 += credit - debit,
            1000..1100 if row.get::<&str, _>("why") != "counted" => of_day.1 += debit - credit,
            _ => {}
        }
    }
    found
}

#[tokio::test]
async fn money_is_what_the_books_say_of_each_day_and_each_list_adds_up_to_its_figure() {
    let mut dice = dice();
    let office = Office::of_fee(10_000).await;
    let (_, _) = office.billed().await;
    make_journals(&office, &mut dice, 260).await;
    let vera = office.clerk("auditor").await;
    let naive = recount_money(&office).await;
    let said = office.get(&vera, &format!("{OVERVIEW}?days=90")).await;
    let whole: Overview = serde_json::from_value(said.json()).expect("the whole");
    let money = whole.money.expect("an auditor reads the books");
    assert_eq!(money.len() % 90, 0, "every day in every currency");
    let inside = naive.iter().filter(|((day, _), _)| *day >= whole.from);
    assert!(inside.count() > 60, "days on which money moved");
    for line in &money {
        let key = (line.day.clone(), line.currency.letters().to_owned());
        let expect = naive.get(&key).copied().unwrap_or_default();
        assert_eq!((line.billed_minor, line.received_minor), expect, "{key:?}");
    }
    for currency in ["INR", "USD"] {
        for of in ["billed", "received"] {
            let lines = money
                .iter()
                .filter(|line| line.currency.letters() == currency);
            let figure: i64 = lines
                .map(|line| match of {
                    "billed" => line.billed_minor,
                    _ => line.received_minor,
                })
                .sum();
            let query = format!(
                "of={of}&currency={currency}&from={}&to={}",
                whole.from, whole.to
            );
            let (mut sum, mut after) = (0, String::new());
            loop {
                let said = office
                    .get(&vera, &format!("{OVERVIEW}/takings?{query}{after}"))
                    .await;
                let page: TakingPage = serde_json::from_value(said.json()).expect("a page");
                sum += page.lines.iter().map(|line| line.minor).sum::<i64>();
                let Some(next) = page.next else { break };
                after = format!("&after={next}");
            }
            assert_eq!(sum, figure, "{query}");
        }
    }
    let bela = office.clerk("billing").await;
    let refused = office.get(&bela, &format!("{OVERVIEW}?days=7")).await;
    assert_eq!(refused.code(), "not_allowed");
}

#[tokio::test]
async fn a_ward_is_as_far_behind_as_its_most_silent_workstation() {
    let mut hub = hub().await;
    for ward in [hub.ward, hub.ward, hub.ward, hub.other_ward] {
        crate::desk::Desk::new(&hub, ward).await;
    }
    hub.stop_serving().await;
    hub.as_owner(
        "update device set seen_at = null where number > 0; delete from device_contact;
         insert into device_contact (device, at, unsent) select id, now() - number * interval '1 hour 30 seconds', number from device where number in (1, 2);
         update device set suspended_at = now() where number = 2;
         insert into device_contact (device, at, unsent) select id, now() - interval '10 minutes 30 seconds', 4 from device where number = 3",
    )
    .await
    .expect("planted");
    hub.restart().await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let whole: Overview = wei.json(&format!("{OVERVIEW}?days=1")).await;
    let [first, second] = &whole.lags[..] else {
        unreachable!("two wards: {:?}", whole.lags)
    };
    assert_eq!((first.ward, second.ward), (hub.ward, hub.other_ward));
    assert_eq!(
        (
            first.desks,
            first.unheard,
            first.silent_minutes,
            first.unsent
        ),
        (2, 0, Some(60), 5)
    );
    assert_eq!(
        (second.desks, second.unheard, second.silent_minutes),
        (1, 1, None)
    );
    for lag in &whole.lags {
        let page: DevicePage = wei
            .json(&format!("/console/v1/devices?ward={}", lag.ward))
            .await;
        assert_eq!(page.lines.len(), lag.desks as usize);
    }
    let alone: Overview = wei
        .json(&format!("{OVERVIEW}?days=1&ward={}", hub.other_ward))
        .await;
    assert_eq!(alone.lags, std::slice::from_ref(second));
}

#[tokio::test]
async fn only_some_see_the_whole() {
    let hub = hub().await;
    for role in Role::ALL {
        let word = format!("{role:?}").to_lowercase();
        let mut browser = Browser::of(&hub, &format!("one {word}"), &word).await;
        let status = browser.get(&format!("{OVERVIEW}?days=7")).await.status();
        let expect = match role {
            Role::Manager | Role::Admin | Role::Auditor => 200,
            Role::Pharmacist
            | Role::Billing
            | Role::Reception
            | Role::Nurse
            | Role::Doctor
            | Role::Lab
            | Role::Patient => 403,
        };
        assert_eq!(status.as_u16(), expect, "{role:?}");
    }
}
