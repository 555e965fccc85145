//! The window: permissions, who is signed in, and commands that forward to the replica. It decides nothing.

mod commands;
mod desk;
mod events;
mod logs;
#[cfg(test)]
mod nonsense;
mod paper;
mod settings;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Parser;
use replica::{Cabinet, Places};
use tauri::webview::NewWindowResponse;
use tauri::{App, Context, Manager, Runtime, Url, WebviewWindowBuilder};

use crate::desk::Desk;
use crate::settings::Settings;

/// Opens the desk and returns when its window is closed.
pub fn run() -> anyhow::Result<()> {
    let settings = Settings::parse();
    keep_memory_to_ourselves()?;
    let builder = tauri::Builder::default().setup(move |app| Ok(set_up(app, &settings)?));
    let app = commands::register(builder)
        .build(context())
        .context("opening the window")?;
    app.run(|app, event| {
        if matches!(event, tauri::RunEvent::Exit)
            && let Some(desk) = app.try_state::<Desk>()
            && let Err(error) = desk.cabinet.close()
        {
            tracing::warn!(%error, "The replica was not closed in order");
        }
    });
    Ok(())
}

/// Returns what the window is made of: its configuration, permissions and pages.
fn context<R: Runtime>() -> Context<R> {
    tauri::generate_context!()
}

/// What a program that crashes leaves on the disk would hold keys and records.
fn keep_memory_to_ourselves() -> anyhow::Result<()> {
    #[cfg(unix)]
    nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_CORE, 0, 0)
        .context("switching core dumps off")?;
    Ok(())
}

fn set_up(app: &mut App, settings: &Settings) -> anyhow::Result<()> {
    let dir = data_dir(app, settings)?;
    app.manage(logs::start(&dir)?);
    let cabinet = Cabinet::find(&Places {
        dir: dir.clone(),
        keychain: settings.keychain.clone(),
        hub: settings.hub.clone(),
    })?;
    events::forward(app.handle().clone(), &cabinet);
    app.manage(tauri::async_runtime::block_on(async {
        enrol(&cabinet, settings).await?;
        anyhow::Ok(Desk::open(cabinet))
    })?);
    open_window(app, dir.join("window"))
}

fn data_dir(app: &App, settings: &Settings) -> anyhow::Result<PathBuf> {
    let dir = match &settings.data {
        Some(dir) => dir.clone(),
        None => app.path().app_data_dir()?,
    };
    std::fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
    dir.canonicalize().context("the desk's directory")
}

/// Enrols a new desk that was given a code. One that could not be enrolled opens all the same and asks.
async fn enrol(cabinet: &Cabinet, settings: &Settings) -> anyhow::Result<()> {
    let is_new = cabinet.desk()?.ward.is_none();
    if let (true, Some(file), Some(hub)) = (is_new, &settings.enrol, &settings.hub)
        && let Err(error) = enrol_by(cabinet, hub, file, &settings.name).await
    {
        tracing::warn!(%error, "This desk could not be enrolled with the code it was started with");
    }
    Ok(())
}

/// The code lies in a file: everybody on this computer sees how a program was started.
async fn enrol_by(cabinet: &Cabinet, hub: &str, file: &Path, name: &str) -> replica::Result<()> {
    let code = std::fs::read_to_string(file)?;
    cabinet.enrol(hub, code.trim(), name).await
}

/// The window shows this program's own pages and nothing else, keeps nothing it loads elsewhere, and opens no other.
fn open_window(app: &App, web_data: PathBuf) -> anyhow::Result<()> {
    let config = app
        .config()
        .app
        .windows
        .first()
        .context("a window in tauri.conf.json")?;
    WebviewWindowBuilder::from_config(app, config)?
        .data_directory(web_data)
        .on_navigation(is_own_page)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_download(|_, _| false)
        .build()?;
    Ok(())
}

/// Says whether an address is one of this program's own pages.
fn is_own_page(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        // how Windows spells it
        "http" | "https" => cfg!(windows) && url.host_str() == Some("tauri.localhost"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_own_page;

    #[test]
    fn the_window_shows_its_own_pages_only() {
        let check = |url: &str, expect: bool| {
            assert_eq!(is_own_page(&url.parse().unwrap()), expect, "{url}")
        };
        check("tauri://localhost", true);
        check("tauri://localhost/index.html#/patients", true);
        check("tauri://elsewhere/index.html", false);
        check("http://127.0.0.1:4600/", false);
        check("https://example.org/", false);
        check("http://localhost/", false);
        check("file:///etc/passwd", false);
        check("data:text/html,hello", false);
        check("javascript:alert(1)", false);
        check("about:blank", false);
    }
}
