//! The line of a device's pushes: what is missing, said again, out of order or in another's place is named and not taken.

use crate::desk::{Desk, codes};
use crate::trust;
use reqwest::{Method, StatusCode};
use sha2::{Digest, Sha256};
use shared::sync::waybill::{HEADER, Place, Standing, Waybill, signed_path};
use shared::sync::wire::{self, Envelope, Hash, PushAnswer, Verdict};
use sync_server::testing::TestHub;
use sync_server::world;

/// A push with its waybill, ready to be sent any number of times.
#[derive(Clone)]
struct Ready {
    waybill: Waybill,
    frame: Vec<u8>,
}

impl Ready {
    fn after(hub: &TestHub, desk: &Desk, before: Place, envelopes: Vec<Envelope>) -> Self {
        let frame = wire::encode(&desk.push_of(envelopes));
        let (dseq, prev) = before.next(desk.incarnation);
        let waybill = Waybill {
            org: hub.app.authority.digest(),
            device: desk.enrolled.device,
            incarnation: desk.incarnation,
            dseq,
            prev,
            sent_at_ms: world::now().0,
            boot_ms: 1,
            run: 1,
            anchor_ms: 0,
            is_settled: true,
            body: Sha256::digest(&frame).into(),
        };
        Self { waybill, frame }
    }

    fn place(&self) -> Place {
        self.waybill.place()
    }

    async fn send(&self, desk: &Desk) -> Result<Vec<Verdict>, (u16, String)> {
        self.send_as(desk, &self.waybill.text(), &self.waybill.text())
            .await
    }

    async fn send_as(
        &self,
        desk: &Desk,
        signed: &str,
        shown: &str,
    ) -> Result<Vec<Verdict>, (u16, String)> {
        let path = "/sync/v1/push";
        let header = wire::sign(
            &desk.key,
            desk.enrolled.device,
            "POST",
            &signed_path(path, signed),
            world::now().0,
            &self.frame,
        );
        let more = [(HEADER, shown)];
        let answer = desk
            .send_with(Method::POST, path, Some(header), self.frame.clone(), &more)
            .await;
        match answer.status {
            StatusCode::OK => Ok(answer.frame::<PushAnswer>().verdicts),
            status => Err((status.as_u16(), answer.code())),
        }
    }
}

fn refused(status: u16, code: &str) -> Result<Vec<Verdict>, (u16, String)> {
    Err((status, code.to_owned()))
}

async fn alarms(hub: &TestHub) -> Vec<String> {
    sqlx::query_scalar("select code from device_alarm order by id")
        .fetch_all(&hub.app.pool)
        .await
        .expect("the database answers")
}

async fn held(hub: &TestHub) -> Vec<Vec<u8>> {
    sqlx::query_scalar("select hash from held_change")
        .fetch_all(&hub.app.pool)
        .await
        .expect("the database answers")
}

#[tokio::test]
async fn pushes_are_taken_in_line_and_once() {
    let hub = trust::hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let next = |before: Place, name: &str| {
        Ready::after(&hub, &desk, before, vec![desk.patient(name).envelope()])
    };
    let one = next(Place::default(), "A");
    let two = next(one.place(), "B");
    let three = next(two.place(), "C");
    assert_eq!(one.send(&desk).await, Ok(vec![Verdict::Taken]));
    assert_eq!(
        one.send(&desk).await,
        Ok(vec![Verdict::Had]),
        "a lost answer"
    );
    assert_eq!(three.send(&desk).await, refused(409, "waybill.gap"));
    assert_eq!(two.send(&desk).await, Ok(vec![Verdict::Taken]));
    assert_eq!(one.send(&desk).await, refused(409, "waybill.replayed"));
    assert_eq!(three.send(&desk).await, Ok(vec![Verdict::Taken]));
    // left on the way by an earlier run of the program
    let mut late = next(one.place(), "D");
    late.waybill.run = 2;
    assert_eq!(late.send(&desk).await, refused(409, "waybill.late"));
    let unnumbered = wire::encode(&desk.push_of(vec![desk.patient("E").envelope()]));
    let answer = desk.call(Method::POST, "/sync/v1/push", unnumbered).await;
    assert_eq!(answer.code(), "waybill.missing");
    let path = "/sync/v1/standing?incarnation=1&dseq=2";
    let standing: Standing = desk.get(path).await.json();
    assert_eq!(standing.place, three.place());
    let places: Vec<Place> = standing.pushes.iter().map(|push| push.place).collect();
    assert_eq!(places, [two.place(), three.place()]);
    assert_eq!(standing.pushes[0].changes.len(), 1);
    assert_eq!(alarms(&hub).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_waybill_is_of_one_push_of_one_device_to_one_hospital() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let envelopes = || vec![desk.patient("A").envelope()];
    let good = Ready::after(&hub, &desk, Place::default(), envelopes());
    let check = async |change: fn(&mut Waybill)| {
        let mut other = good.clone();
        change(&mut other.waybill);
        assert_eq!(other.send(&desk).await, refused(409, "waybill.other"));
    };
    check(|it| it.org = [1; 32]).await;
    check(|it| it.body = [1; 32]).await;
    check(|it| it.incarnation += 1).await;
    check(|it| it.device = shared::ids::DeviceId(world::new_id())).await;
    let mut other = good.waybill.clone();
    other.sent_at_ms += 1;
    let (text, shown) = (good.waybill.text(), other.text());
    let forged = good.send_as(&desk, &text, &shown).await;
    assert_eq!(forged, refused(401, "device.signature"));
    assert_eq!(
        good.send_as(&desk, "00", "00").await,
        refused(400, "waybill.shape")
    );
    assert_eq!(good.send(&desk).await, Ok(vec![Verdict::Taken]));
}

#[tokio::test]
async fn two_pushes_of_one_run_for_one_place_suspend_the_device_and_lose_nothing() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let (mine, copy) = (desk.patient("A"), desk.patient("B"));
    let ready = |made: &crate::desk::Made| {
        Ready::after(&hub, &desk, Place::default(), vec![made.envelope()])
    };
    assert_eq!(ready(&mine).send(&desk).await, Ok(vec![Verdict::Taken]));
    assert_eq!(
        ready(&copy).send(&desk).await,
        refused(403, "device.suspended")
    );
    assert_eq!(alarms(&hub).await, ["waybill.fork"]);
    assert_eq!(held(&hub).await, [copy.edited.hash.to_vec()]);
    for path in ["/sync/v1/feed?after=0", "/sync/v1/bootstrap"] {
        assert_eq!(desk.get(path).await.code(), "device.suspended", "{path}");
    }
    hub.approve().await;
    assert_eq!(
        desk.get("/sync/v1/feed?after=0").await.code(),
        "device.suspended"
    );
    let device = desk.enrolled.device;
    sync_server::services::devices::approve(&hub.app, device, hub.doctor)
        .await
        .unwrap();
    assert_eq!(desk.feed(0).await.items.len(), 1);
}

#[tokio::test]
async fn what_an_old_copy_still_sends_is_looked_at_and_the_other_replica_is_stopped() {
    let hub = TestHub::start().await;
    let mut desk = Desk::new(&hub, hub.ward).await;
    let push = |desk: &Desk, before: Place, hashes: &mut Vec<Hash>, name: &str| {
        let made = desk.patient(name);
        hashes.push(made.edited.hash);
        Ready::after(&hub, desk, before, vec![made.envelope()])
    };
    let mut hashes = Vec::new();
    let one = push(&desk, Place::default(), &mut hashes, "A");
    let two = push(&desk, one.place(), &mut hashes, "B");
    let unsent = desk.patient("C");
    for ready in [&one, &two] {
        assert_eq!(ready.send(&desk).await, Ok(vec![Verdict::Taken]));
    }
    // put back from a copy that knew only of the first
    desk.incarnation = 2;
    let back = Ready::after(&hub, &desk, one.place(), vec![unsent.envelope()]);
    let said = back.send(&desk).await.unwrap();
    assert_eq!(codes(&said[0]), ["device.rolled_back"]);
    assert_eq!(held(&hub).await, [unsent.edited.hash.to_vec()]);
    assert_eq!(alarms(&hub).await, ["device.rolled_back"]);
    // what is written from now on is as good as any
    sqlx::query("update device set doubted_ms = doubted_ms - 5000")
        .execute(&hub.app.pool)
        .await
        .unwrap();
    let fresh = push(&desk, back.place(), &mut hashes, "D");
    assert_eq!(fresh.send(&desk).await, Ok(vec![Verdict::Taken]));
    // the first replica is still there
    desk.incarnation = 1;
    let mut started = push(&desk, two.place(), &mut hashes, "E");
    started.waybill.is_settled = false;
    // one that was just started and only takes its place for granted is told to ask
    assert_eq!(started.send(&desk).await, refused(409, "waybill.cloned"));
    assert_eq!(alarms(&hub).await, ["device.rolled_back"]);
    let alive = push(&desk, two.place(), &mut hashes, "F");
    assert_eq!(alive.send(&desk).await, refused(403, "device.suspended"));
    assert_eq!(alarms(&hub).await, ["device.rolled_back", "waybill.cloned"]);
    assert_eq!(held(&hub).await.len(), 2);
}
