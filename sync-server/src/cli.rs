//! The command line: every command works whether or not a hub serves the same data directory.

use crate::config::{Config, secret};
use crate::database::{self, Opened};
use crate::deeds::{HUB, deed, note};
use crate::emergency::EmergencyCommand;
use crate::import::{self, Ask};
use crate::passwords;
use crate::people::role_of;
use crate::place::Service;
use crate::quarantine::QuarantineCommand;
use crate::services::console::second_factor;
use crate::services::orders::{self, IsActive};
use crate::services::payments::receipts;
use crate::services::staff::NewStaff;
use crate::services::{devices, identity, staff};
use crate::{demo, door, invite, logs, serve_plain, serve_tls};
use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Parser, Subcommand};
use shared::access::Role;
use shared::audit::entry::What;
use shared::device;
use shared::ids::{DepartmentId, DeviceId, WardId};
use shared::orders::Order;
use std::collections::BTreeSet;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use uuid::Uuid;

mod apart;
mod audit;

use apart::ApartCommand;
use audit::AuditCommand;

/// Wardbook hub: the hospital's record, and how every ward gets its part of it
#[derive(Parser, Debug)]
#[command(name = "wardbook-hub", version, about)]
pub struct Cli {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    command: AnyCommand,
}

#[derive(Subcommand, Debug)]
enum AnyCommand {
    #[command(flatten)]
    Apart(ApartCommand),
    #[command(flatten)]
    Inside(Command),
}

/// What is done inside an open database.
#[derive(Subcommand, Debug)]
enum Command {
    /// Serve the desks
    Serve {
        /// Address to listen on
        #[arg(long, env = "WARDBOOK_LISTEN", default_value = "127.0.0.1:4600")]
        listen: String,
        #[command(flatten)]
        names: Names,
        /// Serve without TLS, to this computer alone: for tests and measuring
        #[arg(long, conflicts_with = "name")]
        plain: bool,
    },
    /// Take records from elsewhere
    Import {
        #[command(subcommand)]
        from: From,
    },
    /// Workstations
    Device {
        #[command(subcommand)]
        command: DeviceCommand,
    },
    /// Members of staff
    Staff {
        #[command(subcommand)]
        command: StaffCommand,
    },
    /// Who did what
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// What was not taken and waits for a person
    Quarantine {
        #[command(subcommand)]
        command: QuarantineCommand,
    },
    /// When somebody opened the emergency access, and what a clinical manager finds about it
    Emergency {
        #[command(subcommand)]
        command: EmergencyCommand,
    },
    /// Choose the hospital's two letters on receipts, such as A1; for series that begin from now on
    Facility { code: String },
    /// Set up the sample hospital; can be repeated
    Demo,
}

#[derive(Args, Debug)]
struct Names {
    /// Name or address under which desks reach this hub, such as wardbook.example-hospital.org; several times for several
    #[arg(long, env = "WARDBOOK_NAME", value_delimiter = ',')]
    name: Vec<String>,
}

impl Names {
    /// Returns the names the hub's certificate is made for, the one to tell desks first.
    fn of(self, address: SocketAddr) -> Vec<String> {
        let mut names = self.name;
        if !address.ip().is_unspecified() {
            names.push(address.ip().to_string());
        }
        names.extend(["localhost", "127.0.0.1", "::1"].map(String::from));
        let mut seen = BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }
}

#[derive(Subcommand, Debug)]
enum From {
    /// FHIR R4 bundles or NDJSON, packed with gzip or not; folders are searched
    Fhir {
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Ward that gets the patients; otherwise they are spread over all wards, always in the same way
        #[arg(long)]
        ward: Option<String>,
        /// File to write the report to, as JSON
        #[arg(long)]
        report: Option<PathBuf>,
    },
}

#[derive(Subcommand, Debug)]
enum DeviceCommand {
    /// Make a one-time code with which a workstation becomes known: five tries, ten minutes
    Code {
        #[arg(long)]
        ward: String,
        /// Who gives it, by username; somebody else has to approve the workstation
        #[arg(long)]
        by: String,
        /// Where desks reach this hub, if not where it says that it serves
        #[arg(long, env = "WARDBOOK_ADDRESS")]
        address: Option<String>,
    },
    /// Let a workstation in that waits for it or was suspended
    Approve {
        device: Uuid,
        /// Who lets it in, by username
        #[arg(long)]
        by: String,
    },
    /// List the workstations
    List,
    /// Never let a workstation call again
    Revoke { device: Uuid },
    /// Lock a workstation at its next contact, until it is resumed
    Suspend { device: Uuid },
    /// Let a workstation go on that was suspended
    Resume { device: Uuid },
    /// Empty a workstation at its next contact
    Wipe {
        device: Uuid,
        /// Let it send what is unsent first
        #[arg(long)]
        after_upload: bool,
    },
}

#[derive(Subcommand, Debug)]
enum StaffCommand {
    /// Let nobody of this name in any more
    Suspend { username: String },
    /// Let somebody in again
    Resume { username: String },
    /// Choose for how many hours staff may unlock a desk without the hub after they signed in at it
    OfflineHours {
        #[arg(value_parser = clap::value_parser!(u32).range(1..=336))]
        hours: u32,
    },
    /// Choose after how many minutes desks lock that nobody touches
    IdleMinutes {
        #[arg(value_parser = clap::value_parser!(u32).range(1..=60))]
        minutes: u32,
    },
    /// Add somebody, or change who has this username
    Add {
        #[arg(long)]
        username: String,
        #[arg(long)]
        name: String,
        /// reception, nurse, doctor, pharmacist, lab, billing, manager (the clinical manager), admin, auditor or patient; several with commas
        #[arg(long, value_delimiter = ',', required = true, value_parser = role)]
        role: Vec<Role>,
        /// Departments a doctor sees patients in, by name
        #[arg(long, value_delimiter = ',')]
        department: Vec<String>,
        /// File that holds the password
        #[arg(long, env = "WARDBOOK_PASSWORD_FILE")]
        password_file: PathBuf,
    },
    /// Give somebody a new second factor for the console; prints the address that an authenticator reads
    SecondFactor { username: String },
}

/// Reads a role as it is typed.
fn role(word: &str) -> Result<Role, String> {
    role_of(&word.to_lowercase()).ok_or_else(|| "no such role".to_owned())
}

impl Cli {
    /// Runs the command.
    pub async fn run(self) -> Result<ExitCode> {
        logs::start(&self.config.log);
        // for calls to a directory or a gateway; who calls first may have set it
        let _ = rustls::crypto::ring::default_provider().install_default();
        let command = match self.command {
            AnyCommand::Apart(command) => return command.run(&self.config).await,
            AnyCommand::Inside(command) => command,
        };
        let announces = !matches!(command, Command::Serve { .. });
        let opened = database::open(&self.config, announces).await?;
        let done = command.run(&opened).await;
        opened.close().await?;
        done.map(|()| ExitCode::SUCCESS)
    }
}

impl Command {
    async fn run(self, opened: &Opened) -> Result<()> {
        let app = &opened.app;
        match self {
            Command::Serve {
                listen,
                names,
                plain,
            } => {
                // the others are reached through the process that has the records
                let is_door = app.place.has(Service::Records);
                let names = (is_door && !plain).then_some(names);
                serve_until_stopped(opened, &listen, names).await
            }
            Command::Import {
                from:
                    From::Fhir {
                        paths,
                        ward,
                        report,
                    },
            } => {
                let ward = match ward {
                    Some(name) => Some(ward_of(opened, &name).await?),
                    None => None,
                };
                let done = import::run(app, &Ask { paths, ward }).await?;
                note(
                    &mut *app.pool.acquire().await?,
                    &deed(What::Administered, HUB, None).because("import.fhir"),
                )
                .await?;
                say(&done.table())?;
                if let Some(file) = report {
                    std::fs::write(&file, serde_json::to_vec_pretty(&done)?)
                        .context("writing the report")?;
                }
                Ok(())
            }
            Command::Audit { command } => command.run(opened).await,
            Command::Device { command } => command.run(opened).await,
            Command::Staff { command } => command.run(opened).await,
            Command::Quarantine { command } => say(&command.run(app).await?),
            Command::Emergency { command } => say(&command.run(app).await?),
            Command::Facility { code } => {
                receipts::set_facility(app, &code).await?;
                say("on receipts of series that begin from now on")
            }
            Command::Demo => say(&demo::run(app).await?),
        }
    }
}

impl DeviceCommand {
    async fn run(self, opened: &Opened) -> Result<()> {
        let app = &opened.app;
        match self {
            DeviceCommand::Code { ward, by, address } => {
                let ward = ward_of(opened, &ward).await?;
                let by = devices::staff_called(app, &by).await?;
                let hub = match address {
                    Some(address) => {
                        device::address(&address)
                            .map_err(|_| anyhow::anyhow!("{address} is no address of a hub"))?
                            .0
                    }
                    None => door::served_at(&app.data)?,
                };
                let code = identity::make_code(app, ward, by).await?;
                say(&invite::page(&devices::invitation(app, &code, &hub))?)
            }
            DeviceCommand::Approve { device, by } => {
                let by = devices::staff_called(app, &by).await?;
                devices::approve(app, DeviceId(device), by)
                    .await
                    .map_err(|error| anyhow::anyhow!("{}", invite::explain(&error)))?;
                say("approved")
            }
            DeviceCommand::List => say(&devices::list(app).await?.join("\n")),
            DeviceCommand::Revoke { device } => {
                devices::revoke(app, DeviceId(device)).await?;
                say("revoked")
            }
            DeviceCommand::Suspend { device } => {
                orders::order(app, device, Order::Suspend, None).await?;
                say("suspended from its next contact on")
            }
            DeviceCommand::Resume { device } => {
                orders::order(app, device, Order::Active, None).await?;
                say("may go on")
            }
            DeviceCommand::Wipe {
                device,
                after_upload,
            } => {
                let order = if after_upload {
                    Order::WipeAfterUpload
                } else {
                    Order::WipeNow
                };
                orders::order(app, device, order, None).await?;
                say("emptied at its next contact")
            }
        }
    }
}

impl StaffCommand {
    async fn run(self, opened: &Opened) -> Result<()> {
        let app = &opened.app;
        match self {
            StaffCommand::Suspend { username } => {
                orders::set_active(app, &username, IsActive::No, None).await?;
                say("suspended")
            }
            StaffCommand::Resume { username } => {
                orders::set_active(app, &username, IsActive::Yes, None).await?;
                say("may sign in")
            }
            StaffCommand::OfflineHours { hours } => {
                orders::set_offline_hours(app, hours).await?;
                say(&format!("{hours} hours, from the next sign-in on"))
            }
            StaffCommand::IdleMinutes { minutes } => {
                orders::set_idle_minutes(app, minutes).await?;
                say(&format!("{minutes} minutes, from the next sign-in on"))
            }
            StaffCommand::SecondFactor { username } => {
                let username = crate::people::username(&username);
                let mut tx = app.pool.begin().await?;
                let address = second_factor::give(&mut tx, &username).await?;
                let done = deed(What::Administered, HUB, None).because("second_factor.given");
                note(&mut tx, &done).await?;
                tx.commit().await?;
                say(&address)
            }
            StaffCommand::Add {
                username,
                name,
                role,
                department,
                password_file,
            } => {
                let departments = departments_of(opened, department).await?;
                let password_hash = passwords::hash(password_in(&password_file)?).await?;
                let new = NewStaff {
                    username,
                    name,
                    roles: role,
                    departments,
                    password_hash,
                };
                say(&staff::add(app, new).await?.to_string())
            }
        }
    }
}

fn password_in(file: &Path) -> Result<String> {
    let password = secret(file)?;
    ensure!(
        password.chars().count() >= 8,
        "a password has at least 8 characters"
    );
    Ok(password)
}

async fn departments_of(opened: &Opened, names: Vec<String>) -> Result<Vec<DepartmentId>> {
    let mut departments = Vec::new();
    for name in names {
        let id: Option<Uuid> = sqlx::query_scalar("select id from department where name = $1")
            .bind(&name)
            .fetch_optional(&opened.app.pool)
            .await?;
        departments.push(DepartmentId(
            id.with_context(|| format!("there is no department called {name}"))?,
        ));
    }
    Ok(departments)
}

/// Serves over TLS, or plainly when there are no names to serve under.
async fn serve_until_stopped(opened: &Opened, listen: &str, names: Option<Names>) -> Result<()> {
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("listening on {listen}"))?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "Serving");
    // for people and scripts that wait for it; the log goes to standard error
    let names = names.map(|names| names.of(address));
    let at = match names.as_ref().and_then(|names| names.first()) {
        Some(name) => format!("https://{}", device::with_port(name, address.port())),
        None => format!("http://{address}"),
    };
    if opened.app.place.has(Service::Records) {
        door::note_served(&opened.app.data, &at)?;
    }
    say(&format!("listening on {at}"))?;
    let (mut term, mut int) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let until = async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    };
    match names {
        Some(names) => serve_tls(listener, opened.app.clone(), &names, until).await,
        None => Ok(serve_plain(listener, opened.app.clone(), until).await?),
    }
}

async fn ward_of(opened: &Opened, name: &str) -> Result<WardId> {
    let app = &opened.app;
    let id: Option<Uuid> =
        sqlx::query_scalar("select id from ward where name = $1 and closed_at is null")
            .bind(name)
            .fetch_optional(&app.pool)
            .await?;
    match id {
        Some(id) => Ok(WardId(id)),
        None => {
            let names: Vec<String> =
                sqlx::query_scalar("select name from ward where closed_at is null order by name")
                    .fetch_all(&app.pool)
                    .await?;
            bail!(
                "there is no ward called {name}; there are: {}",
                names.join(", ")
            )
        }
    }
}

fn say(text: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{text}").context("writing to standard output")
}
