//! What a hospital chooses, at the console: within bounds, at once, and never over what another chose.

use crate::console::Browser;
use crate::console_staff::did;
use crate::desk::Desk;
use crate::trust::hub;
use shared::administration::{Settings, SettingsChange, SettingsNow};
use shared::seal::public_key;
use shared::staff::Reference;
use shared::sync::wire::SignedIn;
use shared::unlock::{GRANT, OfflineGrant};
use sync_server::testing::PASSWORD;

const PATH: &str = "/console/v1/settings";

async fn change(browser: &mut Browser) -> SettingsChange {
    let now: SettingsNow = browser.json(PATH).await;
    SettingsChange {
        base: now.settings.clone(),
        draft: now.settings,
    }
}

#[tokio::test]
async fn what_is_chosen_counts_at_desks_and_keeps_its_bounds() {
    let hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let before: Reference = desk.get("/sync/v1/reference").await.json();
    let mut said = change(&mut wei).await;
    said.draft = Settings {
        hospital: " St Columba's ".into(),
        idle_minutes: 3,
        offline_hours: 24,
    };
    let now: SettingsNow = did(&mut wei, PATH, &said).await;
    assert_eq!(now.settings.hospital, "St Columba's");
    let after: Reference = desk.get("/sync/v1/reference").await.json();
    assert!(after.version > before.version);
    assert_eq!(after.hospital, "St Columba's");
    let ask = serde_json::json!({ "username": "nurse", "password": PASSWORD });
    let signed: SignedIn = desk.post("/identity/v1/sign-in", &ask).await.json();
    let key = public_key(&desk.enrolled.hub_key).expect("a key");
    let grant: OfflineGrant = signed.grant.open(&key, GRANT).expect("signed");
    let hours = (grant.not_after_ms - hub.app.now().0) / 3_600_000;
    assert_eq!(
        (grant.idle_minutes, hours),
        (3, 23),
        "a moment less than 24"
    );

    let mut said = change(&mut wei).await;
    said.draft.idle_minutes = 0;
    said.draft.offline_hours = 337;
    let codes = wei.say(PATH, &said).await;
    assert_eq!(codes, ["settings.out_of_range", "settings.out_of_range"]);
    let mut mia = Browser::of(&hub, "mia", "manager").await;
    assert_eq!(mia.say(PATH, &said).await, ["not_allowed"]);
}

#[tokio::test]
async fn what_another_administrator_chose_is_not_overwritten() {
    let hub = hub().await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let mut alma = Browser::of(&hub, "alma", "admin").await;
    let (mut one, mut other) = (change(&mut wei).await, change(&mut alma).await);
    one.draft.idle_minutes = 5;
    other.draft.offline_hours = 24;
    assert!(wei.say(PATH, &one).await.is_empty());
    assert_eq!(alma.say(PATH, &other).await, ["settings.changed"]);
    let now: SettingsNow = alma.json(PATH).await;
    let chosen = (now.settings.idle_minutes, now.settings.offline_hours);
    assert_eq!(chosen, (5, 72));
}
