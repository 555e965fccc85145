//! Two real desks that give doctors' time away apart from each other, and a real hub: what was promised holds, of what was not
//! one stands, and whoever lost is offered another time. Every replica says the same.

#[expect(dead_code, reason = "each test program takes what it needs")]
mod real;

use real::RealDesk;
use replica::Courier;
use serde_json::{Value, json};
use shared::desk::{FreeAsk, FreeSlot, Row, Save, SaveAnswer};
use shared::ids::RecordId;
use shared::record::Kind;
use shared::scheduling::leases::Promise;
use sync_server::scheduling::{decide, lend};
use sync_server::testing::TestHub;
use sync_server::world;

/// Rounds after which two desks agree, at most.
const ROUNDS: usize = 5;

struct Ward {
    hub: TestHub,
    desks: [RealDesk; 2],
    patients: [RecordId; 2],
}

impl Ward {
    /// Two desks that know two patients, and have heard what is lent.
    async fn open() -> Self {
        let hub = TestHub::start().await;
        let desks = [RealDesk::beside(&hub).await, RealDesk::beside(&hub).await];
        lend::look_after(&hub.app).await.expect("it is lent");
        let patients = [0, 1].map(|_| RecordId(world::new_id()));
        for desk in &desks {
            round(desk).await;
        }
        for patient in patients {
            let draft = json!({ "name": [{ "family": "Apart" }], "ward": hub.ward });
            desks[0].save(patient, None, draft).expect("it is sound");
        }
        let ward = Self {
            hub,
            desks,
            patients,
        };
        ward.agree().await;
        ward
    }

    /// Lets both desks exchange until they hold the same and nothing waits.
    async fn agree(&self) {
        for _ in 0..ROUNDS {
            for desk in &self.desks {
                round(desk).await;
            }
            decide::settle(&self.hub.app).await.expect("it is decided");
            let digests = self
                .desks
                .each_ref()
                .map(|desk| desk.replica.digest().expect("readable"));
            let waits = self
                .desks
                .iter()
                .any(|desk| desk.replica.status().expect("readable").waiting > 0);
            if digests[0] == digests[1] && !waits {
                return;
            }
        }
        unreachable!("two desks do not agree");
    }

    /// What a desk finds free with the doctor from tomorrow on.
    fn free(&self, desk: usize) -> Vec<FreeSlot> {
        let tomorrow = self.hub.app.today().tomorrow().expect("a day");
        let ask = FreeAsk {
            practitioner: Some(self.hub.doctor),
            not_before: Some(tomorrow.to_string()),
            limit: 200,
            ..FreeAsk::default()
        };
        self.desks[desk].replica.free(&ask).expect("readable")
    }

    fn book(&self, desk: usize, start: &str) -> Row {
        let draft = json!({ "patient": self.patients[desk], "practitioner": self.hub.doctor, "department": self.hub.department,
            "ward": self.hub.ward, "start": start, "minutes": 30, "status": "pending" });
        self.save(desk, RecordId(world::new_id()), None, draft)
    }

    fn save(&self, desk: usize, id: RecordId, base: Option<String>, draft: Value) -> Row {
        let ask = Save {
            kind: Kind::Appointment,
            id,
            base,
            draft,
            held: None,
        };
        let desk = &self.desks[desk];
        match desk
            .replica
            .save(&desk.actor, &ask)
            .expect("the disk is fine")
        {
            SaveAnswer::Saved { row } => row,
            SaveAnswer::Problems { problems } => unreachable!("{problems:?}"),
        }
    }

    /// An appointment as both desks have it.
    fn body(&self, id: RecordId) -> Value {
        let bodies = self.desks.each_ref().map(|desk| {
            let row = desk.replica.row(Kind::Appointment, id).expect("readable");
            row.expect("both have it").body
        });
        assert_eq!(bodies[0], bodies[1]);
        bodies[0].clone()
    }

    /// How many appointments each desk lists as lost.
    fn lost(&self) -> [usize; 2] {
        self.desks
            .each_ref()
            .map(|desk| desk.replica.rebooking().expect("readable").len())
    }

    async fn booked(&self) -> i64 {
        sqlx::query_scalar("select count(*) from booking where appointment is not null")
            .fetch_one(&self.hub.app.pool)
            .await
            .expect("a count")
    }
}

async fn round(desk: &RealDesk) {
    Courier::round(&desk.replica)
        .await
        .expect("the hub answers");
}

fn of(found: &[FreeSlot], promise: Promise) -> Vec<String> {
    let of = found.iter().filter(|free| free.promise == promise);
    of.map(|free| free.start.clone()).collect()
}

#[tokio::test]
async fn of_one_slot_given_away_twice_one_stands_and_the_other_takes_an_offer() {
    let ward = Ward::open().await;
    // lent to neither
    let both = of(&ward.free(0), Promise::ToBeConfirmed);
    let theirs = of(&ward.free(1), Promise::ToBeConfirmed);
    let slot = both
        .iter()
        .find(|start| theirs.contains(start))
        .expect("a slot");
    let [first, second] = [0, 1].map(|desk| ward.book(desk, slot));
    for row in [&first, &second] {
        assert_eq!(row.body["status"], "pending");
    }
    ward.agree().await;
    assert_eq!(ward.body(first.id)["status"], "booked");
    let lost = ward.body(second.id);
    assert_eq!(
        (&lost["status"], &lost["lost"]),
        (&json!("waitlist"), &json!("slot.taken"))
    );
    let offers: Vec<&str> = lost["offer"]
        .as_array()
        .expect("offers")
        .iter()
        .filter_map(|one| one["start"].as_str())
        .collect();
    assert_eq!(offers.len(), 3);
    assert!(!offers.contains(&slot.as_str()));
    assert_eq!((ward.lost(), ward.booked().await), ([1, 1], 1));

    let row = ward.desks[1]
        .replica
        .row(Kind::Appointment, second.id)
        .expect("readable")
        .expect("there");
    let offer = json!({ "practitioner": ward.hub.doctor, "start": offers[0], "status": "pending" });
    let taken = ward.save(1, row.id, Some(row.heads), offer);
    assert_eq!(taken.body["status"], "pending");
    ward.agree().await;
    let body = ward.body(second.id);
    assert_eq!(
        (&body["status"], &body["start"]),
        (&json!("booked"), &json!(offers[0]))
    );
    assert_eq!(body["move"], json!([]), "whoever lost a slot did not move");
    assert_eq!((ward.lost(), ward.booked().await), ([0, 0], 2));
}

#[tokio::test]
async fn what_a_desk_promised_in_a_slot_of_its_own_stands_however_late_it_comes() {
    let ward = Ward::open().await;
    let own = of(&ward.free(0), Promise::Confirmed);
    let theirs = of(&ward.free(1), Promise::Confirmed);
    assert!(
        !own.is_empty() && !theirs.is_empty(),
        "both desks were lent something"
    );
    assert!(
        own.iter().all(|start| !theirs.contains(start)),
        "and nothing of it to both"
    );
    let promised = ward.book(0, &own[0]);
    assert_eq!(promised.body["status"], "booked");
    assert!(!ward.free(0).iter().any(|free| free.start == own[0]));
    // the other desk knows of nothing, and is heard first
    let asked = ward.book(1, &own[0]);
    assert_eq!(asked.body["status"], "pending");
    round(&ward.desks[1]).await;
    ward.agree().await;
    assert_eq!(ward.body(promised.id)["status"], "booked");
    assert_eq!(ward.body(asked.id)["status"], "waitlist");
    // what was given is not lent any more, and nothing else was taken back
    let left = of(&ward.free(0), Promise::Confirmed);
    assert_eq!(left, own[1..]);
}
