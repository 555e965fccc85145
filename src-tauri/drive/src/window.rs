//! One real desktop window, driven through WebDriver.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::process::{Running, free_port, until};

/// How long a screen may take to show what it should, in seconds: debug builds on a busy machine are slow, and a desk
/// without a network tries again after up to half a minute.
const PATIENCE_S: u64 = 60;

/// How to start a desk.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// The desktop program.
    pub program: PathBuf,
    /// The desk's own directory.
    pub data: PathBuf,
    /// Folder for its secrets, in place of the keychain of whoever runs this.
    pub keychain: Option<PathBuf>,
    /// Where the hub is; nothing for the address the desk knows.
    pub hub: Option<String>,
    /// File that holds a one-time code to enrol with.
    pub code: Option<PathBuf>,
    /// Name of the desk.
    pub name: String,
    /// The display to open it on, such as `:7`; nothing for the person's own.
    pub display: Option<String>,
}

impl Launch {
    fn arguments(&self) -> Vec<String> {
        let mut all = vec![String::from("--data"), self.data.display().to_string()];
        if let Some(keychain) = &self.keychain {
            all.extend(["--keychain".into(), keychain.display().to_string()]);
        }
        all.extend(["--name".into(), self.name.clone()]);
        if let Some(hub) = &self.hub {
            all.extend(["--hub".into(), hub.clone()]);
        }
        if let Some(code) = &self.code {
            all.extend(["--enrol".into(), code.display().to_string()]);
        }
        all
    }
}

/// An open desk. Elements are found by the test ids and labels that `ui/tests/README.md` lists.
#[derive(Debug)]
pub struct Window {
    client: Client,
    _driver: Running,
}

impl Window {
    /// Starts the program and waits for its window.
    pub async fn open(launch: &Launch) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&launch.data)?;
        let (port, native) = (free_port()?, free_port()?);
        let log = launch.data.with_extension("driver.log");
        let mut driver = Running::start(Path::new("tauri-driver"), &log, |command| {
            command.args([
                "--port",
                &port.to_string(),
                "--native-port",
                &native.to_string(),
            ]);
            if let Some(display) = &launch.display {
                command
                    .env("DISPLAY", display)
                    .env("GDK_BACKEND", "x11")
                    .env_remove("WAYLAND_DISPLAY");
            }
        })
        .context("cargo install tauri-driver --version 2.1.0 --locked")?;
        let wanted = json!({
            "browserName": "wry",
            "tauri:options": { "application": launch.program, "args": launch.arguments() },
        });
        let wanted = wanted.as_object().cloned().unwrap_or_default();
        let address = format!("http://127.0.0.1:{port}");
        let client = until("the window", PATIENCE_S, async || {
            driver.still_running()?;
            let mut builder = ClientBuilder::new(HttpConnector::new());
            Ok(Some(
                builder
                    .capabilities(wanted.clone())
                    .connect(&address)
                    .await?,
            ))
        })
        .await?;
        Ok(Self {
            client,
            _driver: driver,
        })
    }

    /// Closes the window as a person would, and waits until the program has ended.
    pub async fn close(self) -> anyhow::Result<()> {
        Ok(self.client.close().await?)
    }

    /// Goes to an address of the window, such as `#/patients`.
    pub async fn go(&self, address: &str) -> anyhow::Result<()> {
        self.run("location.hash = arguments[0]", vec![json!(address)])
            .await?;
        Ok(())
    }

    /// Returns the address without its `#`.
    pub async fn address(&self) -> anyhow::Result<String> {
        let hash = self.run("return location.hash", vec![]).await?;
        Ok(hash
            .as_str()
            .unwrap_or_default()
            .trim_start_matches('#')
            .to_owned())
    }

    /// Waits for the element with a test id.
    pub async fn find(&self, id: &str) -> anyhow::Result<Element> {
        self.css(&format!("[data-testid='{id}']")).await
    }

    /// Waits for the first element that a selector names.
    pub async fn css(&self, selector: &str) -> anyhow::Result<Element> {
        let wait = self.client.wait().at_most(Duration::from_secs(PATIENCE_S));
        match wait.for_element(Locator::Css(selector)).await {
            Ok(element) => Ok(element),
            Err(error) => bail!(
                "no {selector}: {error}; the window says: {}",
                self.words().await
            ),
        }
    }

    /// Returns how many elements have a test id.
    pub async fn count(&self, id: &str) -> anyhow::Result<usize> {
        Ok(self
            .client
            .find_all(Locator::Css(&format!("[data-testid='{id}']")))
            .await?
            .len())
    }

    /// Presses the element with a test id, waiting while something else covers it.
    pub async fn press(&self, id: &str) -> anyhow::Result<()> {
        until(&format!("{id} to be pressed"), PATIENCE_S, async || {
            Ok(Some(self.click(&self.find(id).await?).await?))
        })
        .await
    }

    /// Presses the first element with a test id that shows some words.
    pub async fn press_with(&self, id: &str, words: &str) -> anyhow::Result<()> {
        self.press_one(&format!("[data-testid='{id}']"), words)
            .await
    }

    /// Presses the first result of a search that shows some words.
    pub async fn press_option(&self, words: &str) -> anyhow::Result<()> {
        self.press_one("[role=option]", words).await
    }

    async fn press_one(&self, selector: &str, words: &str) -> anyhow::Result<()> {
        until(
            &format!("{selector} with {words:?}"),
            PATIENCE_S,
            async || {
                let Some(found) = self
                    .element(WITH_WORDS, vec![json!(selector), json!(words)])
                    .await?
                else {
                    return Ok(None);
                };
                Ok(Some(self.click(&found).await?))
            },
        )
        .await
    }

    /// Types into the element with a test id, in place of what it holds.
    pub async fn type_into(&self, id: &str, text: &str) -> anyhow::Result<()> {
        until(&format!("typing into {id}"), PATIENCE_S, async || {
            Ok(Some(self.replace(&self.find(id).await?, text).await?))
        })
        .await
    }

    /// Clicks an element after scrolling to it, as a person would when it is below a bar that stays in sight.
    async fn click(&self, element: &Element) -> anyhow::Result<()> {
        let element_value = serde_json::to_value(element)?;
        self.run(
            "arguments[0].scrollIntoView({ block: 'center' })",
            vec![element_value],
        )
        .await?;
        Ok(element.click().await?)
    }

    /// Types in place of what a field holds. Fails when the page replaced the field meanwhile; then it is found again.
    async fn replace(&self, field: &Element, text: &str) -> anyhow::Result<()> {
        self.click(field).await?;
        field
            .send_keys(&format!("{}a{}", Key::Control, Key::Null))
            .await?;
        Ok(field.send_keys(text).await?)
    }

    /// Waits for the field with a label: an input, an area or a picker.
    pub async fn field(&self, label: &str) -> anyhow::Result<Element> {
        until(&format!("the field {label}"), PATIENCE_S, async || {
            self.element(FIELD, vec![json!(label)]).await
        })
        .await
    }

    /// Returns the element that a script returns.
    async fn element(
        &self,
        script: &str,
        arguments: Vec<Value>,
    ) -> anyhow::Result<Option<Element>> {
        let found = self.run(script, arguments).await?;
        let id = found
            .as_object()
            .and_then(|found| found.values().next())
            .and_then(Value::as_str);
        Ok(id.map(|id| Element::from_element_id(self.client.clone(), id.to_owned().into())))
    }

    /// Types into the field with a label, in place of what it holds.
    pub async fn fill(&self, label: &str, text: &str) -> anyhow::Result<()> {
        until(&format!("typing into {label}"), PATIENCE_S, async || {
            Ok(Some(self.replace(&self.field(label).await?, text).await?))
        })
        .await
    }

    /// Picks an option of the field with a label, by the beginning of its words: of a select, or of suggestions.
    pub async fn pick(&self, label: &str, option: &str) -> anyhow::Result<()> {
        until(
            &format!("the option {option} of {label}"),
            PATIENCE_S,
            async || {
                let field = self.field(label).await?;
                if field.tag_name().await? != "select" {
                    self.click(&field).await?;
                }
                let wanted = vec![serde_json::to_value(&field)?, json!(option)];
                let Some(found) = self.element(OPTION, wanted).await? else {
                    return Ok(None);
                };
                Ok(Some(self.click(&found).await?))
            },
        )
        .await
    }

    /// Waits until the element with a test id has an attribute with a value.
    pub async fn until_attribute(&self, id: &str, name: &str, value: &str) -> anyhow::Result<()> {
        until(&format!("{name}={value} at {id}"), PATIENCE_S, async || {
            let now = self.find(id).await?.attr(name).await?.unwrap_or_default();
            ensure!(
                now == value,
                "it is {now:?}; the window says: {}",
                self.words().await
            );
            Ok(Some(()))
        })
        .await
    }

    /// Waits until the window shows some words anywhere.
    pub async fn until_words(&self, words: &str) -> anyhow::Result<()> {
        until(&format!("{words:?}"), PATIENCE_S, async || {
            let shown = self.words().await;
            ensure!(has(&shown, words), "the window says: {shown}");
            Ok(Some(()))
        })
        .await
    }

    /// Returns every word the window shows.
    pub async fn words(&self) -> String {
        let words = self
            .run(
                "return document.body ? document.body.innerText : ''",
                vec![],
            )
            .await;
        words
            .ok()
            .and_then(|words| words.as_str().map(String::from))
            .unwrap_or_default()
    }

    /// Signs a person in.
    pub async fn sign_in(&self, username: &str, password: &str) -> anyhow::Result<()> {
        self.type_name_and_password(username, password).await?;
        self.press("sign-in-submit").await?;
        self.find("search").await.map(drop)
    }

    /// Fills in what signing in asks for.
    pub(crate) async fn type_name_and_password(
        &self,
        username: &str,
        password: &str,
    ) -> anyhow::Result<()> {
        self.type_into("sign-in-username", username).await?;
        self.type_into("sign-in-password", password).await
    }

    /// Types into the search box and waits for the first result that has some words.
    pub async fn search(&self, text: &str, expected: &str) -> anyhow::Result<()> {
        self.type_into("search", text).await?;
        until(
            &format!("{expected:?} among the results"),
            PATIENCE_S,
            async || {
                let shown = self.run(RESULTS, vec![]).await?;
                let shown = shown.as_str().unwrap_or_default();
                ensure!(has(shown, expected), "the results are: {shown}");
                Ok(Some(()))
            },
        )
        .await
    }

    /// Writes a picture of the window, of what it shows now and not a frame earlier.
    pub async fn shoot(&self, path: &Path) -> anyhow::Result<()> {
        self.client.execute_async(TWO_FRAMES, vec![]).await?;
        let picture = self.client.screenshot().await?;
        std::fs::create_dir_all(path.parent().context("a folder for the picture")?)?;
        Ok(std::fs::write(path, picture)?)
    }

    /// Returns what axe finds wrong for people who see, hear or move differently (WCAG 2.2 A and AA), a line each.
    pub async fn axe(&self, source: &str) -> anyhow::Result<Vec<String>> {
        self.client.execute(source, vec![]).await?;
        let found = self.client.execute_async(AXE, vec![]).await?;
        let lines = found
            .as_array()
            .with_context(|| format!("axe said {found}"))?;
        Ok(lines
            .iter()
            .filter_map(Value::as_str)
            .map(String::from)
            .collect())
    }

    /// Runs a script in the window, for what no person can do.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> anyhow::Result<Value> {
        Ok(self.client.execute(script, arguments).await?)
    }

    /// Calls a command of the desktop program and returns what it answers: `{ok}` or `{refused}`.
    pub async fn command(&self, name: &str, arguments: Value) -> anyhow::Result<Value> {
        Ok(self
            .client
            .execute_async(COMMAND, vec![json!(name), arguments])
            .await?)
    }
}

/// Says whether a text has some words, in small letters or capitals: family names are shown in capitals.
fn has(text: &str, words: &str) -> bool {
    text.to_lowercase().contains(&words.to_lowercase())
}

const FIELD: &str = r#"
const words = (text) => text.replace(/[\s*]+/g, ' ').trim();
const label = [...document.querySelectorAll('label')].find((l) => words(l.textContent) === arguments[0] && l.offsetParent);
const named = [...document.querySelectorAll(`[aria-label="${arguments[0]}"]`)].find((e) => e.offsetParent);
return (label && document.getElementById(label.htmlFor)) || named || null;"#;

const OPTION: &str = r#"
const [field, words] = arguments;
const all = field.tagName === 'SELECT' ? field.options : document.querySelectorAll('[role=option]');
const shown = [...all].filter((o) => field.tagName === 'SELECT' || o.offsetParent);
return shown.find((o) => o.textContent.trim().startsWith(words)) || null;"#;

const WITH_WORDS: &str = r#"
const [selector, words] = arguments;
const shown = [...document.querySelectorAll(selector)].filter((e) => e.offsetParent);
return shown.find((e) => `${e.textContent} ${e.ariaLabel || ''}`.toLowerCase().includes(words.toLowerCase())) || null;"#;

const RESULTS: &str = r#"
return [...document.querySelectorAll('[role=option]')].filter((o) => o.offsetParent).map((o) => o.innerText).join('\n');"#;

const TWO_FRAMES: &str = r#"
const done = arguments[0];
requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0)));"#;

const AXE: &str = r#"
const done = arguments[arguments.length - 1];
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
axe.run(document, { runOnly: tags }).then(
  ({ violations }) => done(violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target} ${n.failureSummary}`))),
  (error) => done([String(error)]));"#;

const COMMAND: &str = r#"
const [name, given, done] = arguments;
window.__TAURI_INTERNALS__.invoke(name, given).then((ok) => done({ ok }), (refused) => done({ refused }));"#;
