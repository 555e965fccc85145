//! The command line: every command works whether or not a hub serves the same data directory.

use crate::config::{Config, secret};
use crate::database::{self, Opened};
use crate::import::{self, Ask};
use crate::people::role_of;
use crate::services::staff::NewStaff;
use crate::services::{identity, staff};
use crate::{demo, logs, serve};
use anyhow::{Context, Result, bail, ensure};
use clap::{Parser, Subcommand};
use shared::access::Role;
use shared::ids::{DepartmentId, WardId};
use std::io::Write;
use std::path::PathBuf;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use uuid::Uuid;

/// Wardbook hub: the hospital's record, and how every ward gets its part of it
#[derive(Parser, Debug)]
#[command(name = "wardbook-hub", version, about)]
pub struct Cli {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Serve the desks
    Serve {
        /// Address to listen on
        #[arg(long, env = "WARDBOOK_LISTEN", default_value = "127.0.0.1:4600")]
        listen: String,
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
    /// Set up the sample hospital; can be repeated
    Demo,
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
    },
    /// List the workstations
    List,
    /// Never let a workstation call again
    Revoke { device: Uuid },
}

#[derive(Subcommand, Debug)]
enum StaffCommand {
    /// Add somebody, or change who has this username
    Add {
        #[arg(long)]
        username: String,
        #[arg(long)]
        name: String,
        /// reception, nurse, doctor, pharmacist, lab, billing, manager, admin or auditor; several with commas
        #[arg(long, value_delimiter = ',', required = true, value_parser = role)]
        role: Vec<Role>,
        /// Departments a doctor sees patients in, by name
        #[arg(long, value_delimiter = ',')]
        department: Vec<String>,
        /// File that holds the password
        #[arg(long, env = "WARDBOOK_PASSWORD_FILE")]
        password_file: PathBuf,
    },
}

/// Reads a role as it is typed.
fn role(word: &str) -> Result<Role, String> {
    role_of(&word.to_lowercase()).ok_or_else(|| "no such role".to_owned())
}

impl Cli {
    /// Runs the command.
    pub async fn run(self) -> Result<()> {
        logs::start(&self.config.log);
        let announces = !matches!(self.command, Command::Serve { .. });
        let opened = database::open(&self.config, announces).await?;
        let done = self.command.run(&opened).await;
        opened.close().await?;
        done
    }
}

impl Command {
    async fn run(self, opened: &Opened) -> Result<()> {
        let app = &opened.app;
        match self {
            Command::Serve { listen } => serve_until_stopped(opened, &listen).await,
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
                say(&done.table())?;
                if let Some(file) = report {
                    std::fs::write(&file, serde_json::to_vec_pretty(&done)?)
                        .context("writing the report")?;
                }
                Ok(())
            }
            Command::Device { command } => command.run(opened).await,
            Command::Staff { command } => command.run(opened).await,
            Command::Demo => say(&demo::run(app).await?),
        }
    }
}

impl DeviceCommand {
    async fn run(self, opened: &Opened) -> Result<()> {
        let app = &opened.app;
        match self {
            DeviceCommand::Code { ward } => {
                let ward = ward_of(opened, &ward).await?;
                say(&identity::make_code(app, ward).await?)
            }
            DeviceCommand::List => {
                let rows: Vec<String> = sqlx::query_scalar(
                    "select concat_ws('  ', device.id, device.number, ward.name, device.name,
                                      case when revoked_at is null then 'known' else 'revoked' end)
                     from device join ward on ward.id = device.ward order by device.number",
                )
                .fetch_all(&app.pool)
                .await?;
                say(&rows.join("\n"))
            }
            DeviceCommand::Revoke { device } => {
                let done = sqlx::query("update device set revoked_at = coalesce(revoked_at, now()) where id = $1 and number > 0")
                    .bind(device)
                    .execute(&app.pool)
                    .await?;
                ensure!(
                    done.rows_affected() == 1,
                    "there is no workstation {device}"
                );
                say("revoked")
            }
        }
    }
}

impl StaffCommand {
    async fn run(self, opened: &Opened) -> Result<()> {
        let StaffCommand::Add {
            username,
            name,
            role,
            department,
            password_file,
        } = self;
        let app = &opened.app;
        let password = secret(&password_file)?;
        ensure!(
            password.chars().count() >= 8,
            "a password has at least 8 characters"
        );
        let mut departments = Vec::new();
        for name in department {
            let id: Option<Uuid> = sqlx::query_scalar("select id from department where name = $1")
                .bind(&name)
                .fetch_optional(&app.pool)
                .await?;
            departments.push(DepartmentId(
                id.with_context(|| format!("there is no department called {name}"))?,
            ));
        }
        let password_hash = identity::hash(password).await?;
        let id = staff::add(
            app,
            NewStaff {
                username,
                name,
                roles: role,
                departments,
                password_hash,
            },
        )
        .await?;
        say(&id.to_string())
    }
}

async fn serve_until_stopped(opened: &Opened, listen: &str) -> Result<()> {
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("listening on {listen}"))?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "Serving");
    // for people and scripts that wait for it; the log goes to standard error
    say(&format!("listening on http://{address}"))?;
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
    serve(listener, opened.app.clone(), until).await?;
    Ok(())
}

async fn ward_of(opened: &Opened, name: &str) -> Result<WardId> {
    let app = &opened.app;
    let id: Option<Uuid> = sqlx::query_scalar("select id from ward where name = $1")
        .bind(name)
        .fetch_optional(&app.pool)
        .await?;
    match id {
        Some(id) => Ok(WardId(id)),
        None => {
            let names: Vec<String> = sqlx::query_scalar("select name from ward order by name")
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
