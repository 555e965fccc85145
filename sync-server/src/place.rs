//! Which services this process has, and how it reaches those that are a process of their own.

use crate::config::secret;
use crate::elsewhere::Elsewhere;
use crate::events::nats::{Login, Nats, Settings};
use crate::services::payments::gateways::Secret;
use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// A part of the hub that can be a process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Service {
    /// The record and everybody who works with it: desks, the console, appointments, messages to patients, the audit log
    Records,
    /// Bills, the books, and insurers
    Billing,
    /// Money that comes in and goes back
    Payments,
}

/// Which services a process has, and what the others are reached by. Nothing said: all of them are here.
#[derive(Args, Clone, Debug, Default)]
pub struct PlaceArgs {
    /// The services of this process, with commas between; all of them if none is named. The others are a process of their own, with the
    /// same data directory and database
    #[arg(
        long,
        env = "WARDBOOK_SERVICES",
        value_delimiter = ',',
        global = true,
        requires = "nats"
    )]
    pub services: Vec<Service>,
    /// Where the process with the other services listens, such as http://127.0.0.1:4601: calls for them are passed on to it
    #[arg(long, env = "WARDBOOK_ELSEWHERE", global = true)]
    pub elsewhere: Option<String>,
    /// The NATS server, with JetStream, by which processes tell each other what happened: nats://… or tls://…
    #[arg(long, env = "WARDBOOK_NATS", hide_env_values = true, global = true)]
    pub nats: Option<String>,
    /// File that holds what this hub signs in at NATS with: a user and a password with a colon between
    #[arg(
        long,
        env = "WARDBOOK_NATS_LOGIN_FILE",
        global = true,
        requires = "nats"
    )]
    pub nats_login_file: Option<PathBuf>,
    /// File with the certificate of the authority that the NATS server's own is from; TLS is demanded then
    #[arg(
        long,
        env = "WARDBOOK_NATS_AUTHORITY_FILE",
        global = true,
        requires = "nats"
    )]
    pub nats_authority_file: Option<PathBuf>,
}

/// Which services this process has. Every one of them until something else is said.
#[derive(Debug, Default)]
pub struct Place(OnceLock<Parts>);

#[derive(Debug)]
struct Parts {
    services: BTreeSet<Service>,
    elsewhere: Option<Elsewhere>,
    nats: Option<Arc<Nats>>,
}

impl Place {
    /// Takes what the settings say, once.
    pub fn set(&self, args: &PlaceArgs) -> Result<()> {
        let parts = args.read()?;
        // what a process is does not change while it runs
        let _ = self.0.set(parts);
        Ok(())
    }

    /// Says whether a service is in this process.
    pub fn has(&self, service: Service) -> bool {
        let parts = self.0.get();
        parts.is_none_or(|parts| parts.services.contains(&service))
    }

    /// Returns where calls for other services go.
    pub(crate) fn elsewhere(&self) -> Option<&Elsewhere> {
        self.0.get()?.elsewhere.as_ref()
    }

    /// Returns what carries events between processes, if anything does.
    pub(crate) fn nats(&self) -> Option<&Arc<Nats>> {
        self.0.get()?.nats.as_ref()
    }
}

impl PlaceArgs {
    fn read(&self) -> Result<Parts> {
        let every = Service::value_variants();
        let named = &self.services;
        let services: BTreeSet<Service> = if named.is_empty() { every } else { named }
            .iter()
            .copied()
            .collect();
        let is_whole = services.len() == every.len();
        ensure!(
            is_whole || self.nats.is_some(),
            "services that are a process of their own are told what happens by --nats"
        );
        // desks and browsers have one door
        ensure!(
            is_whole || services.contains(&Service::Records) == self.elsewhere.is_some(),
            "--elsewhere says where the other services are, to the process that has the records"
        );
        let elsewhere = self.elsewhere.as_deref().map(Elsewhere::new).transpose()?;
        Ok(Parts {
            services,
            elsewhere,
            nats: self
                .settings()?
                .map(|settings| Arc::new(Nats::new(settings))),
        })
    }

    fn settings(&self) -> Result<Option<Settings>> {
        let Some(url) = &self.nats else {
            return Ok(None);
        };
        let login = match self.nats_login_file.as_deref() {
            None => None,
            Some(file) => {
                let line = secret(file)?;
                let (user, password) = line
                    .split_once(':')
                    .context("what NATS is signed in at with is a user, a colon and a password")?;
                Some(Login {
                    user: user.to_owned(),
                    password: Secret(password.to_owned()),
                })
            }
        };
        let authority = self.nats_authority_file.clone();
        Settings::new(url, login, authority).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(services: &[Service], elsewhere: Option<&str>, nats: Option<&str>) -> PlaceArgs {
        PlaceArgs {
            services: services.to_vec(),
            elsewhere: elsewhere.map(str::to_owned),
            nats: nats.map(str::to_owned),
            ..PlaceArgs::default()
        }
    }

    #[test]
    fn a_process_has_what_it_is_told_and_everything_otherwise() {
        let place = Place::default();
        assert!(Service::value_variants().iter().all(|one| place.has(*one)));
        let money = [Service::Billing, Service::Payments];
        let nats = Some("nats://127.0.0.1:4222");
        place.set(&args(&money, None, nats)).unwrap();
        assert!(place.has(Service::Billing) && !place.has(Service::Records));
    }

    #[test]
    fn services_apart_need_a_way_to_be_told_and_one_door() {
        let nats = Some("nats://127.0.0.1:4222");
        let there = Some("http://127.0.0.1:4601");
        let check = |services: &[Service], elsewhere, nats, is_sound: bool| {
            let read = args(services, elsewhere, nats).read();
            assert_eq!(read.is_ok(), is_sound, "{services:?} {elsewhere:?}");
        };
        check(&[], None, None, true);
        check(&[], None, nats, true);
        check(&[Service::Records], there, nats, true);
        check(&[Service::Records], there, None, false);
        check(&[Service::Records], None, nats, false);
        check(&[Service::Billing, Service::Payments], None, nats, true);
        check(&[Service::Billing], there, nats, false);
        // what is passed on is not sealed, so it stays on this computer
        check(
            &[Service::Records],
            Some("http://192.0.2.1:4601"),
            nats,
            false,
        );
        check(&[Service::Records], Some("4601"), nats, false);
        check(&[Service::Records], there, Some("no address"), false);
    }
}
