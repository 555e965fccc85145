//! A walk past every screen, with a picture of each.

use std::path::{Path, PathBuf};

use anyhow::ensure;

use crate::process::until;
use crate::window::Window;

/// A screen on the way: the name of its picture, its address, and what shows that it is there.
#[derive(Clone, Debug)]
pub struct Stop {
    /// Name of the picture.
    pub name: &'static str,
    /// Address in the window.
    pub address: String,
    /// Test id that is on this screen.
    pub shows: &'static str,
}

impl Stop {
    /// Returns every screen that a signed-in person can open on their own, about a patient.
    pub fn all(patient: &str) -> Vec<Self> {
        let stop = |name, address: &str, shows| Self {
            name,
            address: address.replace("ID", patient),
            shows,
        };
        vec![
            stop("today", "#/today", "day-today"),
            stop("patients", "#/patients", "row-patient"),
            stop("chart", "#/patients/ID", "chart-banner"),
            stop("register", "#/patients/new", "register-submit"),
            stop("edit", "#/patients/ID/edit", "edit-submit"),
            stop("allergy", "#/patients/ID/allergy", "allergy-submit"),
            stop("book", "#/patients/ID/book", "book-submit"),
            stop("prescribe", "#/patients/ID/prescribe", "prescribe-submit"),
            stop("sync", "#/sync", "sync-line"),
            stop("held", "#/sync/held", "sync-line"),
            stop("conflicts", "#/sync/conflicts", "sync-line"),
            stop("shutdown", "#/sync/shutdown", "shutdown-answer"),
            stop("emergency", "#/emergency", "emergency-open"),
            stop("help", "#/help", "search"),
        ]
    }
}

/// Goes to every stop in light and in dark, takes pictures into a folder, and returns them. With the source of axe, fails
/// on what a screen keeps from people who see, hear or move differently, for all screens at once.
pub async fn tour(
    window: &Window,
    stops: &[Stop],
    folder: &Path,
    axe: Option<&str>,
) -> anyhow::Result<Vec<PathBuf>> {
    let (mut pictures, mut wrong) = (Vec::new(), Vec::new());
    for scheme in ["light", "dark"] {
        wear(window, scheme).await?;
        for Stop {
            name,
            address,
            shows,
        } in stops
        {
            window.go(address).await?;
            window.find(shows).await?;
            let picture = folder.join(format!("{name}-{scheme}.png"));
            window.shoot(&picture).await?;
            pictures.push(picture);
            if let Some(source) = axe {
                wrong.extend(
                    window
                        .axe(source)
                        .await?
                        .iter()
                        .map(|line| format!("{name} in {scheme}: {line}")),
                );
            }
        }
    }
    wear(window, "light").await?;
    ensure!(
        wrong.is_empty(),
        "axe: {} findings\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    Ok(pictures)
}

/// Switches the colours in the user menu until they are those: by the system, light, dark, and round again.
async fn wear(window: &Window, scheme: &str) -> anyhow::Result<()> {
    window.press("user-menu").await?;
    let words = format!("Colours: {scheme}");
    loop {
        let shown = window.find("toggle-scheme").await?.text().await?;
        if shown.contains(&words) {
            break;
        }
        window.press("toggle-scheme").await?;
        until("other colours", 20, async || {
            let now = window.find("toggle-scheme").await?.text().await?;
            Ok((now != shown).then_some(()))
        })
        .await?;
    }
    window
        .css(&format!(":root[data-mantine-color-scheme={scheme}]"))
        .await?;
    window.press("user-menu").await
}
