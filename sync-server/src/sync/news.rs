//! "There is news": wakes those who wait for a ward's feed.
//!
//! Inside the serving process a watch per ward does it. Other processes (an import) say it through PostgreSQL, which the
//! serving process listens to. The serving process itself does not notify: that would make all commits take turns.

use shared::console::ConsoleNews;
use shared::ids::WardId;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::sync::{broadcast, watch};

const CHANNEL: &str = "wardbook_news";
/// On which the database says that a list of the console changed.
const CONSOLE: &str = "wardbook_console";
/// Words that wait for a browser that is slow to hear them, at most: more, and it reads every list again.
const WORDS: usize = 64;

/// Who waits for which ward, and for changes of the reference data.
#[derive(Clone, Debug)]
pub struct News {
    announces: bool,
    wards: Arc<RwLock<BTreeMap<WardId, watch::Sender<u64>>>>,
    console: broadcast::Sender<ConsoleNews>,
}

impl News {
    pub(crate) fn new(announces: bool) -> Self {
        Self {
            announces,
            wards: Arc::default(),
            console: broadcast::channel(WORDS).0,
        }
    }

    /// Returns what says which list of the console changed.
    pub(crate) fn console(&self) -> broadcast::Receiver<ConsoleNews> {
        self.console.subscribe()
    }

    fn tell_console(&self, what: ConsoleNews) {
        // an error says that nobody listens
        let _ = self.console.send(what);
    }

    /// Returns what changes whenever the ward's feed grows.
    pub(crate) fn of(&self, ward: WardId) -> watch::Receiver<u64> {
        if let Some(sender) = self
            .wards
            .read()
            .ok()
            .and_then(|wards| wards.get(&ward).cloned())
        {
            return sender.subscribe();
        }
        match self.wards.write() {
            Ok(mut wards) => wards
                .entry(ward)
                .or_insert_with(|| watch::channel(0).0)
                .subscribe(),
            Err(_) => watch::channel(0).1,
        }
    }

    /// Returns how many calls wait for a ward's news.
    pub fn waiting(&self, ward: WardId) -> usize {
        self.wards
            .read()
            .ok()
            .and_then(|wards| wards.get(&ward).map(watch::Sender::receiver_count))
            .unwrap_or(0)
    }

    /// Wakes everybody who waits for a ward. Called after the commit.
    pub(crate) fn wake(&self, ward: WardId) {
        if let Some(sender) = self
            .wards
            .read()
            .ok()
            .and_then(|wards| wards.get(&ward).cloned())
        {
            sender.send_modify(|times| *times += 1);
        }
    }

    fn wake_all(&self) {
        let wards: Vec<WardId> = self
            .wards
            .read()
            .map(|wards| wards.keys().copied().collect())
            .unwrap_or_default();
        for ward in wards {
            self.wake(ward);
        }
    }

    /// Tells other processes of what this one took, if it is its part to do so.
    pub(crate) async fn announce(
        &self,
        pool: &PgPool,
        wards: &[WardId],
    ) -> Result<(), sqlx::Error> {
        if !self.announces {
            return Ok(());
        }
        for ward in wards {
            let word = ward.to_string();
            sqlx::query("select pg_notify($1, $2)")
                .bind(CHANNEL)
                .bind(word)
                .execute(pool)
                .await?;
        }
        Ok(())
    }

    /// Passes on what other processes announce, for as long as the program runs. When the connection was lost,
    /// everybody is woken, because an announcement may have been missed.
    pub async fn listen(self, pool: PgPool) {
        loop {
            if let Err(error) = self.pass_on(&pool).await {
                tracing::warn!(error = %error, "Lost the line on which other processes announce news; trying again");
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn pass_on(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen_all([CHANNEL, CONSOLE]).await?;
        self.wake_all();
        self.tell_console(ConsoleNews::All);
        loop {
            match listener.try_recv().await? {
                Some(notice) if notice.channel() == CONSOLE => {
                    self.tell_console(ConsoleNews::of_word(notice.payload()));
                }
                Some(notice) => match notice.payload().parse() {
                    Ok(ward) => self.wake(ward),
                    Err(_) => self.wake_all(),
                },
                None => {
                    self.wake_all();
                    self.tell_console(ConsoleNews::All);
                }
            }
        }
    }
}
