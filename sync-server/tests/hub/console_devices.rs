//! Workstations and staff at the console: let in by somebody else, stopped, emptied by name, heard of.

use crate::console::{Browser, code_of};
use crate::desk::{Desk, client};
use crate::trust::hub;
use reqwest::StatusCode;
use shared::console::{
    DeviceApproval, DeviceLine, DeviceOrder, DevicePage, DeviceStanding, StaffActive, StaffPage,
};
use shared::ids::DeviceId;
use shared::orders::Order;
use shared::sync::wire;
use sync_server::world;

async fn line(browser: &mut Browser, device: DeviceId) -> DeviceLine {
    let page: DevicePage = browser.json("/console/v1/devices").await;
    let mut lines = page.lines.into_iter();
    lines.find(|line| line.id == device).expect("it is listed")
}

async fn order(browser: &mut Browser, device: DeviceId, order: Order, name: &str) -> Vec<String> {
    let said = DeviceOrder {
        device,
        order,
        name: name.to_owned(),
    };
    browser.say("/console/v1/devices/order", &said).await
}

#[tokio::test]
async fn a_workstation_is_let_in_by_somebody_else_stopped_and_resumed() {
    let hub = hub().await;
    let desk = Desk::pending(&hub, hub.ward).await;
    let device = desk.enrolled.device;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    assert_eq!(
        line(&mut wei, device).await.standing,
        DeviceStanding::Pending
    );
    // whoever gave the code may not
    sqlx::query("update device set invited_by = (select id from staff where username = 'wei') where id = $1")
        .bind(device.0)
        .execute(&hub.app.pool)
        .await
        .expect("the hub answers");
    let approval = DeviceApproval { device };
    assert_eq!(
        wei.say("/console/v1/devices/approve", &approval).await,
        ["device.same_person"]
    );
    let mut mia = Browser::of(&hub, "mia", "manager").await;
    assert!(
        mia.say("/console/v1/devices/approve", &approval)
            .await
            .is_empty()
    );
    let seen = line(&mut wei, device).await;
    assert_eq!(
        (seen.standing, seen.approved_by.is_some()),
        (DeviceStanding::Active, true)
    );
    assert!(order(&mut wei, device, Order::Suspend, "").await.is_empty());
    assert_eq!(
        line(&mut wei, device).await.standing,
        DeviceStanding::Suspended
    );
    assert_eq!(desk.get("/sync/v1/held").await.code(), "device.suspended");
    assert!(order(&mut wei, device, Order::Active, "").await.is_empty());
    assert_eq!(desk.get("/sync/v1/held").await.status, StatusCode::OK);
    let nobody = DeviceId(world::new_id());
    assert_eq!(
        order(&mut wei, nobody, Order::Suspend, "").await,
        ["device.unknown"]
    );
    // who ordered it is written down
    let by: i64 = sqlx::query_scalar(
        "select count(*) from audit_deed, staff where username = 'wei' and position(uuid_send(staff.id) in entry) > 0
            and position(convert_to('device.ordered.suspend', 'UTF8') in entry) > 0",
    )
    .fetch_one(&hub.app.pool)
    .await
    .expect("the deeds");
    assert_eq!(by, 1);
}

#[tokio::test]
async fn a_workstation_is_emptied_by_its_name_alone() {
    let hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let device = desk.enrolled.device;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    for (wipe, standing) in [
        (Order::WipeAfterUpload, DeviceStanding::WipeAfterUpload),
        (Order::WipeNow, DeviceStanding::WipeNow),
    ] {
        for wrong in ["", "desk", "Desk 2"] {
            assert_eq!(
                order(&mut wei, device, wipe, wrong).await,
                ["device.name_differs"],
                "{wrong}"
            );
        }
        assert_eq!(
            line(&mut wei, device).await.standing,
            DeviceStanding::Active
        );
        assert!(order(&mut wei, device, wipe, " Desk ").await.is_empty());
        assert_eq!(line(&mut wei, device).await.standing, standing);
        assert!(order(&mut wei, device, Order::Active, "").await.is_empty());
    }
}

#[tokio::test]
async fn what_a_workstation_says_of_itself_is_shown() {
    let hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let device = desk.enrolled.device;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    assert_eq!(line(&mut wei, device).await.seen, None);
    let say = async |report: &str| {
        let path = "/sync/v1/held";
        let header = wire::sign(&desk.key, device, "GET", path, world::now().0, &[]);
        let call = client()
            .get(format!("{}{path}", hub.url()))
            .header(wire::SIGNATURE_HEADER, header);
        let answer = call
            .header("wardbook-desk", report)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
    };
    say("9.9.9 7").await;
    let seen = line(&mut wei, device).await;
    assert!(seen.seen.is_some());
    assert_eq!(
        (seen.version.as_deref(), seen.unsent),
        (Some("9.9.9"), Some(7))
    );
    // a call that says nothing, or nonsense, leaves what was said
    say("<script> 7").await;
    desk.get("/sync/v1/held").await;
    let seen = line(&mut wei, device).await;
    assert_eq!(
        (seen.version.as_deref(), seen.unsent),
        (Some("9.9.9"), Some(7))
    );
    // nobody says it in another's name
    let stranger = crate::desk::new_key();
    let header = wire::sign(
        &stranger,
        device,
        "GET",
        "/sync/v1/held",
        world::now().0,
        &[],
    );
    let call = client()
        .get(format!("{}/sync/v1/held", hub.url()))
        .header(wire::SIGNATURE_HEADER, header);
    call.header("wardbook-desk", "6.6.6 0")
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        line(&mut wei, device).await.version.as_deref(),
        Some("9.9.9")
    );
}

#[tokio::test]
async fn somebody_who_leaves_is_suspended_and_never_by_themselves() {
    let hub = hub().await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let mut paula = Browser::of(&hub, "paula", "billing").await;
    let set = |username: &str, is_active| StaffActive {
        username: username.to_owned(),
        is_active,
    };
    assert_eq!(
        wei.say("/console/v1/staff/active", &set(" Wei", false))
            .await,
        ["staff.own"]
    );
    assert_eq!(
        wei.say("/console/v1/staff/active", &set("nobody", false))
            .await,
        ["staff.unknown"]
    );
    assert_eq!(paula.get("/console/v1/me").await.status(), StatusCode::OK);
    assert!(
        wei.say("/console/v1/staff/active", &set("paula", false))
            .await
            .is_empty()
    );
    assert_eq!(
        code_of(paula.get("/console/v1/me").await).await.1,
        "session.none"
    );
    let page: StaffPage = wei.json("/console/v1/staff").await;
    let paula = page
        .lines
        .iter()
        .find(|line| line.staff.username == "paula")
        .expect("she is listed");
    assert!(!paula.staff.is_active && !paula.needs_second_factor);
    assert!(
        wei.say("/console/v1/staff/active", &set("paula", true))
            .await
            .is_empty()
    );
}
