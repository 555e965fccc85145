//! What can be set from outside. A flag wins over an environment variable, which wins over the default.

use crate::place::PlaceArgs;
use crate::services::console::oidc::Settings;
use crate::services::payments::gateways::{self, Provider, Secret};
use anyhow::{Context, Result, ensure};
use clap::Args;
use shared::sync::exchange::NEW_AN_HOUR;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a gateway's answer is waited for.
const GATEWAY_PATIENCE: Duration = Duration::from_secs(10);

/// The hospital's own directory of staff, if it has one.
#[derive(Args, Clone, Debug, Default)]
pub struct DirectoryArgs {
    /// The hospital's own directory, by which people may sign in at the console: an OpenID Connect issuer
    #[arg(long, env = "WARDBOOK_OIDC_ISSUER", global = true, requires_all = ["oidc_client", "oidc_secret_file", "console_url"])]
    pub oidc_issuer: Option<String>,
    /// What the directory calls Wardbook
    #[arg(long, env = "WARDBOOK_OIDC_CLIENT", global = true)]
    pub oidc_client: Option<String>,
    /// File that holds the secret the directory gave Wardbook
    #[arg(long, env = "WARDBOOK_OIDC_SECRET_FILE", global = true)]
    pub oidc_secret_file: Option<PathBuf>,
    /// The console's address as browsers see it, such as https://wardbook.hospital.example
    #[arg(long, env = "WARDBOOK_CONSOLE_URL", global = true)]
    pub console_url: Option<String>,
}

/// Who takes money from cards for the hospital, if anybody does.
#[derive(Args, Clone, Debug, Default)]
pub struct GatewayArgs {
    /// Who takes money from cards for the hospital: its own terminals, unless it has a gateway
    #[arg(long, env = "WARDBOOK_GATEWAY", default_value = "house", global = true)]
    pub gateway: Provider,
    /// File that holds what the hospital is known by there: Stripe's secret key, or Razorpay's key and its secret with a colon between
    #[arg(long, env = "WARDBOOK_GATEWAY_KEY_FILE", global = true)]
    pub gateway_key_file: Option<PathBuf>,
    /// File that holds what the gateway signs its calls to the hub with; a second line while one takes the place of the other
    #[arg(long, env = "WARDBOOK_GATEWAY_SIGNED_FILE", global = true)]
    pub gateway_signed_file: Option<PathBuf>,
    /// Another address of the gateway than its own
    #[arg(long, env = "WARDBOOK_GATEWAY_URL", global = true)]
    pub gateway_url: Option<String>,
}

impl GatewayArgs {
    /// Returns the gateway.
    pub fn settings(&self) -> Result<gateways::Settings> {
        let provider = self.gateway;
        let read = |file: &Option<PathBuf>| file.as_deref().map(secret).transpose();
        let key = read(&self.gateway_key_file)?;
        let signed = read(&self.gateway_signed_file)?;
        ensure!(
            provider == Provider::House || (key.is_some() && signed.is_some()),
            "a gateway needs --gateway-key-file and --gateway-signed-file"
        );
        let lines = signed.unwrap_or_default();
        let signed_with = lines.lines().filter(|line| !line.is_empty());
        Ok(gateways::Settings {
            provider,
            url: self.gateway_url.clone(),
            key: Secret(key.unwrap_or_default()),
            signed_with: signed_with.map(|line| Secret(line.to_owned())).collect(),
            patience: GATEWAY_PATIENCE,
        })
    }
}

/// Settings every command shares.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Where the hub keeps its files: the private PostgreSQL and first loads
    #[arg(long, env = "WARDBOOK_DATA", default_value_os_t = default_data(), global = true)]
    pub data: PathBuf,
    /// A PostgreSQL server of your own, instead of the private one. Also from the file WARDBOOK_DATABASE_URL_FILE
    #[arg(
        long,
        env = "WARDBOOK_DATABASE_URL",
        hide_env_values = true,
        global = true
    )]
    pub database_url: Option<String>,
    /// File that holds the database URL, so that a password is not in the environment
    #[arg(long, env = "WARDBOOK_DATABASE_URL_FILE", global = true)]
    pub database_url_file: Option<PathBuf>,
    /// Database connections, at most
    #[arg(
        long,
        env = "WARDBOOK_DATABASE_CONNECTIONS",
        default_value_t = 24,
        global = true
    )]
    pub database_connections: u32,
    /// A second place for the signed heads of the audit log, best on another disk: a file there only ever grows
    #[arg(long, env = "WARDBOOK_AUDIT_HEADS", global = true)]
    pub audit_heads: Option<PathBuf>,
    /// New records that each workstation may add in an hour; more wait there
    #[arg(long, env = "WARDBOOK_NEW_AN_HOUR", default_value_t = NEW_AN_HOUR, value_parser = clap::value_parser!(u64).range(100..), global = true)]
    pub new_an_hour: u64,
    #[command(flatten)]
    pub directory: DirectoryArgs,
    #[command(flatten)]
    pub gateway: GatewayArgs,
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Folder of the built screens, to be served to browsers as the central console; none otherwise
    #[arg(long, env = "WARDBOOK_SCREENS", global = true)]
    pub screens: Option<PathBuf>,
    /// What to log, such as `info` or `sync_server=debug`
    #[arg(long, env = "WARDBOOK_LOG", default_value = "info", global = true)]
    pub log: String,
}

impl Config {
    /// Returns the URL of the database to use, if not the private one.
    pub fn url(&self) -> Result<Option<String>> {
        match (&self.database_url, &self.database_url_file) {
            (Some(url), _) => Ok(Some(url.clone())),
            (None, Some(file)) => secret(file).map(Some),
            (None, None) => Ok(None),
        }
    }
}

impl DirectoryArgs {
    /// Returns the directory, if there is one.
    pub fn settings(&self) -> Result<Option<Settings>> {
        let (Some(issuer), Some(client), Some(file), Some(console)) = (
            &self.oidc_issuer,
            &self.oidc_client,
            &self.oidc_secret_file,
            &self.console_url,
        ) else {
            return Ok(None);
        };
        Ok(Some(Settings {
            issuer: issuer.clone(),
            client: client.clone(),
            secret: secret(file)?,
            console: console.clone(),
        }))
    }
}

/// Reads a secret from a file, without the line break editors leave.
pub fn secret(file: &Path) -> Result<String> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("reading the secret in {}", file.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn default_data() -> PathBuf {
    if nix::unistd::Uid::effective().is_root() {
        return "/var/lib/wardbook/hub".into();
    }
    let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("."), PathBuf::from);
    home.join(".local/share/wardbook/hub")
}
