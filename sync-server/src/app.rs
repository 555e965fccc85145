//! What every handler works with: the database, the clock, and who waits for news.

use crate::authority::Authority;
use crate::config::Config;
use crate::contacts::Contacts;
use crate::deeds::HUB;
use crate::events::Told;
use crate::hub_key;
use crate::place::Place;
use crate::scheduling::search::Kept;
use crate::screens::Screens;
use crate::services::audit::key::AuditKey;
use crate::services::audit::look::Looks;
use crate::services::console::oidc::Directory;
use crate::services::payments::gateways::Gateways;
use crate::sync::bootstrap::Builders;
use crate::sync::flush::Flush;
use crate::sync::heard::Listeners;
use crate::sync::news::News;
use crate::sync::pace::Pace;
use crate::sync::quota::Quota;
use crate::throttle::Throttle;
use crate::world;
use ed25519_dalek::SigningKey;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use shared::clock::Now;
use shared::ids::WardId;
use sqlx::PgPool;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use tokio::sync::watch;
use uuid::Uuid;

/// The hub, as its handlers see it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App(Arc<Parts>);

#[derive(Debug)]
pub struct Parts {
    pub pool: PgPool,
    /// Where first loads are kept.
    pub data: PathBuf,
    pub news: News,
    /// What the hub signs with, for desks to believe later.
    pub(crate) key: SigningKey,
    pub(crate) builders: Builders,
    pub(crate) throttle: Throttle,
    /// Which services this process has.
    pub place: Place,
    /// The hospital's own directory of staff, if it has one.
    pub directory: Directory,
    /// Who takes money from cards for the hospital, if anybody does.
    pub gateways: Gateways,
    /// The screens of the console.
    pub screens: Screens,
    /// When each workstation was heard last, and what it said of itself.
    pub(crate) contacts: Contacts,
    pub(crate) pace: Pace,
    pub(crate) quota: Quota,
    pub(crate) listeners: Listeners,
    pub(crate) flush: Flush,
    pub(crate) audit: Audit,
    /// Names the hub since it was last put back from a backup.
    pub(crate) lineage: Uuid,
    /// The hub as one that writes: another after it was put back.
    pub(crate) incarnation: u16,
    /// Held by whoever decides about slots and says so.
    pub(crate) deciding: tokio::sync::Mutex<()>,
    /// Wakes who hands events on.
    pub(crate) told: Told,
    /// What the search for free slots begins with.
    pub(crate) diary: Kept,
    /// Gives certificates to desks and to the hub itself.
    pub authority: Authority,
    zone: TimeZone,
    stopping: watch::Sender<bool>,
    wards: RwLock<BTreeSet<WardId>>,
}

/// What the audit log is signed with, and where its signed heads are written down besides the database.
#[derive(Debug)]
pub(crate) struct Audit {
    pub(crate) key: AuditKey,
    pub(crate) heads: PathBuf,
    pub(crate) looks: Looks,
}

/// What an [`App`] is made with.
#[derive(Clone, Debug)]
pub struct Options {
    pub data: PathBuf,
    /// Whether this process tells other processes of what it took (a command does, the serving hub need not).
    pub announces: bool,
    /// Where signed heads of the audit log are written down; otherwise below the data directory.
    pub audit_heads: Option<PathBuf>,
    /// New records that each device may add in an hour.
    pub new_an_hour: u64,
}

impl Options {
    /// Returns what the settings say.
    pub(crate) fn of(config: &Config, announces: bool) -> Self {
        Self {
            data: config.data.clone(),
            announces,
            new_an_hour: config.new_an_hour,
            audit_heads: config.audit_heads.clone(),
        }
    }
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Makes the hub over a database that has been migrated.
    pub async fn new(pool: PgPool, options: Options) -> anyhow::Result<Self> {
        let (zone, lineage, incarnation): (String, Uuid, i32) = sqlx::query_as(
            "select zone, lineage, greatest(incarnation, 1) from hospital, device where device.id = $1",
        )
        .bind(HUB.0)
        .fetch_one(&pool)
        .await?;
        let zone = TimeZone::get(&zone).unwrap_or_else(|_| {
            tracing::warn!(
                zone,
                "The hospital's time zone is unknown to this computer; days begin by UTC"
            );
            TimeZone::UTC
        });
        let audit_key = AuditKey::open(&options.data, world::new_key())?;
        let authority = Authority::open(&options.data, world::now())?;
        let beside = || options.data.join("audit-heads");
        let heads = options.audit_heads.clone().unwrap_or_else(beside);
        let key = hub_key::find(&options.data)?;
        let app = Self(Arc::new(Parts {
            audit: Audit {
                key: audit_key,
                heads,
                looks: Looks::default(),
            },
            authority,
            lineage,
            incarnation: u16::try_from(incarnation).unwrap_or(u16::MAX),
            pool,
            key,
            data: options.data,
            news: News::new(options.announces),
            builders: Builders::default(),
            throttle: Throttle::default(),
            place: Place::default(),
            directory: Directory::default(),
            gateways: Gateways::default(),
            screens: Screens::default(),
            contacts: Contacts::default(),
            pace: Pace::default(),
            listeners: Listeners::default(),
            flush: Flush::default(),
            quota: Quota::new(options.new_an_hour),
            deciding: tokio::sync::Mutex::default(),
            told: Told::default(),
            diary: Kept::default(),
            zone,
            stopping: watch::channel(false).0,
            wards: RwLock::default(),
        }));
        app.read_wards().await?;
        Ok(app)
    }

    /// Reads the clock.
    pub fn now(&self) -> Now {
        world::now()
    }

    /// Returns the hospital's day.
    pub fn today(&self) -> Date {
        let now = jiff::Timestamp::from_millisecond(self.now().0).unwrap_or_default();
        now.to_zoned(self.zone.clone()).date()
    }

    /// Returns the hospital's time zone.
    pub fn zone(&self) -> TimeZone {
        self.zone.clone()
    }

    /// Sends everybody home who waits for news. Calls that do something are finished.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Returns what says when the hub is about to stop.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Says whether all of these are wards; asks the database about those not known yet.
    pub(crate) async fn wards(&self, wanted: &[WardId]) -> Result<BTreeSet<WardId>, sqlx::Error> {
        let known = self.known_wards();
        if wanted.iter().all(|ward| known.contains(ward)) {
            return Ok(known);
        }
        self.read_wards().await?;
        Ok(self.known_wards())
    }

    fn known_wards(&self) -> BTreeSet<WardId> {
        self.wards
            .read()
            .map(|wards| wards.clone())
            .unwrap_or_default()
    }

    async fn read_wards(&self) -> Result<(), sqlx::Error> {
        let ids: Vec<uuid::Uuid> = sqlx::query_scalar("select id from ward order by id")
            .fetch_all(&self.pool)
            .await?;
        if let Ok(mut wards) = self.wards.write() {
            *wards = ids.into_iter().map(WardId).collect();
        }
        Ok(())
    }
}
