//! A hub for tests, here and in other crates: real PostgreSQL, real HTTP, gone when the test process is.

pub mod proxy;

use crate::app::{App, Options};
use crate::passwords;
use crate::postgres::{Keep, Postgres};
use crate::services::staff::NewStaff;
use crate::services::{devices, identity};
use crate::{database, migrate, world};
use anyhow::{Context, Result};
use shared::access::Role;
use shared::ids::{DepartmentId, DeviceId, StaffId, WardId};
use sqlx::postgres::PgConnectOptions;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const TEMPLATE: &str = "wardbook_template";

/// A hub of its own on a database of its own, served on loopback.
#[derive(Debug)]
pub struct TestHub {
    pub app: App,
    pub addr: SocketAddr,
    pub ward: WardId,
    pub other_ward: WardId,
    pub department: DepartmentId,
    /// A department of the other ward.
    pub other_department: DepartmentId,
    pub doctor: StaffId,
    pub nurse: StaffId,
    pub receptionist: StaffId,
    database: PgConnectOptions,
    data: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<std::io::Result<()>>>,
}

/// Most tests are not about how much a desk may add.
const UNLIMITED: u64 = u64::MAX;

/// Passwords of the staff of a [`TestHub`]: `doctor`, `nurse` and `reception` sign in with this.
pub const PASSWORD: &str = "correct horse";

impl TestHub {
    /// Starts a hub with two wards, two departments and three people.
    pub async fn start() -> Self {
        Self::try_start(Keep::ThrowAway)
            .await
            .expect("a hub for the test starts")
    }

    /// The same over a PostgreSQL that writes to the disk as a hospital's does, for measuring.
    pub async fn start_durable() -> Self {
        Self::try_start(Keep::Durable)
            .await
            .expect("a hub for the bench starts")
    }

    /// Serves the same hub over TLS as well, at the port that is returned.
    pub async fn serve_tls(&self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let app = self.app.clone();
        let names = ["localhost", "127.0.0.1"].map(String::from);
        tokio::spawn(async move {
            // it ends with the test
            crate::serve_tls(listener, app, &names, std::future::pending()).await
        });
        port
    }

    async fn try_start(keep: Keep) -> Result<Self> {
        let (database, data) = tokio::task::spawn_blocking(move || new_database(keep)).await??;
        let app = open(&database, &data, UNLIMITED).await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let (stop, serving) = spawn(listener, app.clone());
        let people = People::make(&app).await?;
        Ok(Self {
            app,
            addr,
            ward: people.wards[0],
            other_ward: people.wards[1],
            department: people.departments[0],
            other_department: people.departments[1],
            doctor: people.staff[0],
            nurse: people.staff[1],
            receptionist: people.staff[2],
            database,
            data,
            stop: Some(stop),
            serving: Some(serving),
        })
    }

    /// Returns where it is served, such as `http://127.0.0.1:40123`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Returns how to connect to its database as its owner, whom the hub is not.
    pub fn database(&self) -> PgConnectOptions {
        self.database.clone()
    }

    /// Does something as the owner of its database.
    pub async fn as_owner(&self, statements: &str) -> Result<(), sqlx::Error> {
        execute(self.database(), statements.to_owned()).await
    }

    /// Returns the file to which signed heads of the audit log are written.
    pub fn audit_heads(&self) -> PathBuf {
        self.data.join("audit-heads/audit-heads.ndjson")
    }

    /// Makes a one-time code for a workstation, given by the nurse.
    pub async fn code(&self, ward: WardId) -> String {
        identity::make_code(&self.app, ward, self.nurse)
            .await
            .expect("a code is made")
    }

    /// Adds somebody with these roles, who signs in with [`PASSWORD`].
    pub async fn add_staff(&self, username: &str, roles: &[Role]) -> StaffId {
        let hash = test_hash().await.expect("the password is hashed");
        let new = NewStaff {
            username: username.into(),
            name: format!("Test {username}"),
            roles: roles.to_vec(),
            departments: vec![self.department],
            password_hash: hash,
        };
        let added = crate::services::staff::add(&self.app, new).await;
        added.expect("somebody is added")
    }

    /// Lets every workstation in that waits for it: the doctor does.
    pub async fn approve(&self) {
        let waiting: Vec<uuid::Uuid> =
            sqlx::query_scalar("select id from device where state = 'pending'")
                .fetch_all(&self.app.pool)
                .await
                .expect("the workstations that wait");
        for device in waiting {
            devices::approve(&self.app, DeviceId(device), self.doctor)
                .await
                .expect("the doctor did not give the code");
        }
    }

    /// Stops serving as a hub does, and serves again at the same address from the same database.
    pub async fn restart(&mut self) {
        self.restart_with(UNLIMITED).await;
    }

    /// The same with so many new records that each device may add in an hour.
    pub async fn restart_with(&mut self, new_an_hour: u64) {
        self.stop().await;
        self.app = open(&self.database, &self.data, new_an_hour)
            .await
            .expect("the database opens again");
        let listener = TcpListener::bind(self.addr)
            .await
            .expect("the address is free again");
        let (stop, serving) = spawn(listener, self.app.clone());
        (self.stop, self.serving) = (Some(stop), Some(serving));
    }

    /// Stops serving and lets go of the database.
    pub async fn stop(&mut self) {
        self.stop_serving().await;
        self.app.pool.close().await;
    }

    /// Stops serving: what the hub does by itself is left to the test.
    pub async fn stop_serving(&mut self) {
        if let Some(stop) = self.stop.take() {
            // it may have stopped by itself
            let _ = stop.send(());
        }
        if let Some(serving) = self.serving.take() {
            serving
                .await
                .expect("the server does not panic")
                .expect("the server stops in order");
        }
    }
}

async fn open(database: &PgConnectOptions, data: &Path, new_an_hour: u64) -> Result<App> {
    let pool = database::pool(database.clone().username(database::HUB), 16).await?;
    App::new(
        pool,
        Options {
            data: data.to_owned(),
            announces: false,
            audit_heads: None,
            new_an_hour,
        },
    )
    .await
}

fn spawn(
    listener: TcpListener,
    app: App,
) -> (oneshot::Sender<()>, JoinHandle<std::io::Result<()>>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let until = async move {
        // also when the test forgot the hub
        let _ = stopped.await;
    };
    (stop, tokio::spawn(crate::serve_plain(listener, app, until)))
}

struct People {
    wards: [WardId; 2],
    departments: [DepartmentId; 2],
    staff: Vec<StaffId>,
}

impl People {
    async fn make(app: &App) -> Result<Self> {
        let wards = [WardId(world::new_id()), WardId(world::new_id())];
        let departments = [DepartmentId(world::new_id()), DepartmentId(world::new_id())];
        for (ward, name) in wards.iter().zip(["Medical A", "Surgical B"]) {
            sqlx::query("insert into ward (id, name) values ($1, $2)")
                .bind(ward.0)
                .bind(name)
                .execute(&app.pool)
                .await?;
        }
        for ((department, ward), name) in
            departments.iter().zip(wards).zip(["Cardiology", "Surgery"])
        {
            sqlx::query("insert into department (id, name, ward) values ($1, $2, $3)")
                .bind(department.0)
                .bind(name)
                .bind(ward.0)
                .execute(&app.pool)
                .await?;
        }
        let people = [
            ("doctor", Role::Doctor),
            ("nurse", Role::Nurse),
            ("reception", Role::Reception),
        ];
        let mut staff = Vec::new();
        for (username, role) in people {
            let new = NewStaff {
                username: username.into(),
                name: format!("Test {username}"),
                roles: vec![role],
                departments: if role == Role::Doctor {
                    departments.to_vec()
                } else {
                    Vec::new()
                },
                password_hash: test_hash().await?,
            };
            staff.push(crate::services::staff::add(app, new).await?);
        }
        Ok(Self {
            wards,
            departments,
            staff,
        })
    }
}

/// Hashes the one password once.
async fn test_hash() -> Result<String> {
    static HASH: tokio::sync::OnceCell<String> = tokio::sync::OnceCell::const_new();
    HASH.get_or_try_init(|| passwords::hash(PASSWORD.into()))
        .await
        .cloned()
}

/// A cluster of the test process and how many databases were made in it.
struct Cluster {
    postgres: Postgres,
    dir: PathBuf,
    made: AtomicU32,
}

fn cluster(keep: Keep) -> Result<&'static Cluster> {
    static THROW_AWAY: OnceLock<Cluster> = OnceLock::new();
    static DURABLE: OnceLock<Cluster> = OnceLock::new();
    static STARTING: Mutex<()> = Mutex::new(());
    let place = if keep == Keep::ThrowAway {
        &THROW_AWAY
    } else {
        &DURABLE
    };
    let _one = STARTING
        .lock()
        .map_err(|_| anyhow::anyhow!("another test failed to start PostgreSQL"))?;
    if let Some(cluster) = place.get() {
        return Ok(cluster);
    }
    sweep();
    let dir = std::env::temp_dir().join(format!("{PREFIX}{}", world::new_id().simple()));
    std::fs::create_dir(&dir)?;
    std::fs::set_permissions(&dir, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    // held for as long as this process lives: says that the directory is in use
    let held = std::fs::File::create(dir.join("held"))?;
    held.lock()?;
    static HELD: Mutex<Vec<std::fs::File>> = Mutex::new(Vec::new());
    HELD.lock()
        .map_err(|_| anyhow::anyhow!("another test failed"))?
        .push(held);
    let postgres = Postgres::start(&dir, keep)?;
    block_on(make_template(&postgres))??;
    Ok(place.get_or_init(|| Cluster {
        postgres,
        dir,
        made: AtomicU32::new(0),
    }))
}

const PREFIX: &str = "wardbook-test-";

/// Removes what test processes left behind that were killed.
fn sweep() {
    for entry in std::fs::read_dir(std::env::temp_dir())
        .into_iter()
        .flatten()
        .flatten()
    {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let is_left = || {
            std::fs::File::open(entry.path().join("held")).is_ok_and(|file| file.try_lock().is_ok())
        };
        if is_ours && is_left() {
            // another process may sweep at the same time
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn new_database(keep: Keep) -> Result<(PgConnectOptions, PathBuf)> {
    let cluster = cluster(keep)?;
    let number = cluster.made.fetch_add(1, Ordering::Relaxed);
    let name = format!("test_{number}");
    let statement = format!("create database {name} template {TEMPLATE} strategy file_copy");
    block_on(execute(cluster.postgres.options("postgres"), statement))??;
    let data = cluster.dir.join(format!("data_{number}"));
    std::fs::create_dir_all(&data)?;
    Ok((cluster.postgres.options(&name), data))
}

async fn make_template(postgres: &Postgres) -> Result<()> {
    execute(
        postgres.options("postgres"),
        format!("create database {TEMPLATE}"),
    )
    .await?;
    let pool = database::pool(postgres.options(TEMPLATE), 1).await?;
    migrate::run(&pool).await?;
    database::as_hub(&pool, &postgres.options(TEMPLATE)).await?;
    // a template with connections cannot be copied
    pool.close().await;
    Ok(())
}

async fn execute(options: PgConnectOptions, statement: String) -> Result<(), sqlx::Error> {
    use sqlx::{ConnectOptions, Connection};
    let mut db = options.connect().await?;
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
        .execute(&mut db)
        .await?;
    db.close().await?;
    Ok(())
}

/// Runs a future on a runtime of its own: the databases outlive the runtime of the test that made them.
fn block_on<R>(future: impl Future<Output = R>) -> Result<R> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("a runtime")?;
    Ok(runtime.block_on(future))
}
