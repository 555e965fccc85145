//! Opens the database: the private PostgreSQL, or one that somebody else runs.

use crate::app::{App, Options};
use crate::config::Config;
use crate::migrate;
use crate::postgres::{self, Keep, Postgres};
use anyhow::{Context, Result};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};
use std::str::FromStr;
use std::time::Duration;

/// The hub with its database open.
#[derive(Debug)]
pub struct Opened {
    pub app: App,
    /// Nothing when the database is somebody else's.
    pub(crate) private: Option<Postgres>,
    owner: PgConnectOptions,
}

impl Opened {
    /// Connects as who owns the database: the hub itself never does while it serves.
    pub async fn owner(&self) -> Result<PgConnection> {
        Ok(self.owner.connect().await?)
    }

    /// Closes the database, and stops the private server when nobody else uses it.
    pub async fn close(self) -> Result<()> {
        self.app.pool.close().await;
        if let Some(private) = self.private {
            tokio::task::spawn_blocking(move || private.stop()).await?;
        }
        Ok(())
    }
}

/// Opens the database that the settings name, starting the private one if need be, and brings it up to date.
pub async fn open(config: &Config, announces: bool) -> Result<Opened> {
    open_kept(config, announces, Keep::Durable).await
}

/// The same with a private server that is kept, or thrown away when it is let go of.
pub(crate) async fn open_kept(config: &Config, announces: bool, keep: Keep) -> Result<Opened> {
    let connected = connect_kept(config, keep).await?;
    migrate::run(&connected.owner).await?;
    let pool = connected.as_hub(config.database_connections).await?;
    connected.owner.close().await;
    let app = App::new(pool, Options::of(config, announces)).await?;
    app.place.set(&config.place)?;
    if let Some(directory) = config.directory.settings()? {
        app.directory.set(directory);
    }
    app.gateways.set(&app.pool, config.gateway.settings()?)?;
    if let Some(folder) = &config.screens {
        app.screens.open(folder)?;
    }
    Ok(Opened {
        app,
        private: connected.private,
        owner: connected.options,
    })
}

/// A database that answers, in whatever shape it is.
#[derive(Debug)]
pub(crate) struct Connected {
    /// One connection as who owns it.
    pub(crate) owner: PgPool,
    options: PgConnectOptions,
    private: Option<Postgres>,
}

impl Connected {
    /// Opens connections as the hub, who owns nothing. The database has to be up to date.
    pub(crate) async fn as_hub(&self, connections: u32) -> Result<PgPool> {
        let hub = match self.private {
            Some(_) => as_hub(&self.owner, &self.options).await?,
            // who logs in there is for those who run it to say
            None => self.options.clone().options([("role", HUB)]),
        };
        pool(hub, connections)
            .await
            .context("connecting to the database as the hub")
    }

    /// Closes it, and stops the private server when nobody else uses it.
    pub(crate) async fn close(self) -> Result<()> {
        self.owner.close().await;
        if let Some(private) = self.private {
            tokio::task::spawn_blocking(move || private.stop()).await?;
        }
        Ok(())
    }
}

/// Connects to the database that the settings name and leaves it as it is. A folder without a private one gets none.
pub(crate) async fn connect(config: &Config) -> Result<Connected> {
    let has_one = config.url()?.is_some() || config.data.join("postgres").is_dir();
    anyhow::ensure!(has_one, "there is no hub in {}", config.data.display());
    connect_kept(config, Keep::Durable).await
}

async fn connect_kept(config: &Config, keep: Keep) -> Result<Connected> {
    let (options, private) = match config.url()? {
        // the URL may hold a password, so it is not part of the message
        Some(url) => (
            PgConnectOptions::from_str(&url)
                .map_err(|_| anyhow::anyhow!("the database URL cannot be read"))?,
            None,
        ),
        None => {
            let data = config.data.clone();
            let private =
                tokio::task::spawn_blocking(move || Postgres::start(&data, keep)).await??;
            let admin = private.options("postgres");
            make_database(admin).await?;
            (private.options(postgres::NAME), Some(private))
        }
    };
    let owner = pool(options.clone(), 1)
        .await
        .context("connecting to the database")?;
    Ok(Connected {
        owner,
        options,
        private,
    })
}

/// The role under which the hub works: migration 0055.
pub(crate) const HUB: &str = "wardbook_hub";

/// Returns how to log in to a private server as the hub, who owns nothing.
pub(crate) async fn as_hub(
    owner: &PgPool,
    options: &PgConnectOptions,
) -> sqlx::Result<PgConnectOptions> {
    // nobody but this user reaches the socket
    sqlx::raw_sql("alter role wardbook_hub login")
        .execute(owner)
        .await?;
    Ok(options.clone().username(HUB))
}

/// A connection that was idle for longer is tried before it is used.
const IDLE: Duration = Duration::from_secs(1);

/// Opens connections. Statements are logged without their values, and only when they are slow.
pub(crate) async fn pool(options: PgConnectOptions, connections: u32) -> Result<PgPool> {
    let options = options
        .options([
            ("jit", "off"),
            // statements are few and take whole lists: planning each call anew costs more than it finds
            ("plan_cache_mode", "force_generic_plan"),
            // so a plan may be made while its tables are empty, and has to do when they are full: by index, row for row
            ("enable_seqscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
            // starting helpers takes longer than any page of a feed
            ("max_parallel_workers_per_gather", "0"),
            ("timezone", "UTC"),
            ("client_min_messages", "warning"),
        ])
        .application_name("wardbook-hub")
        .log_statements(tracing::log::LevelFilter::Trace)
        .log_slow_statements(tracing::log::LevelFilter::Debug, Duration::from_secs(2));
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(30))
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move {
                // one that was used a moment ago is not asked whether it still lives
                Ok(about.idle_for < IDLE || connection.ping().await.is_ok())
            })
        })
        .connect_with(options)
        .await?;
    Ok(pool)
}

async fn make_database(admin: PgConnectOptions) -> Result<()> {
    // right after a power cut the server answers that it is starting up
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(120))
        .connect_with(admin)
        .await?;
    let exists: bool =
        sqlx::query_scalar("select exists (select 1 from pg_database where datname = $1)")
            .bind(postgres::NAME)
            .fetch_one(&pool)
            .await?;
    if !exists {
        sqlx::raw_sql("create database wardbook")
            .execute(&pool)
            .await?;
    }
    pool.close().await;
    Ok(())
}
