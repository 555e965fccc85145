//! A desk without a window: a tool for tests that start, drive and kill real desk processes. Not shipped.
//!
//! One JSON object per line comes in, one goes out for each, in order: `{"ok": …}` or `{"problems": […]}`. `saved` is
//! answered only when the replica has committed, so whoever reads the answer knows what a crash may not lose.
//!
//! | in | out |
//! |---|---|
//! | `{"do":"open","dir":…,"key":"<64 hex>","hub":null,"clock_ahead_ms":0}` | `null` |
//! | `{"do":"enrol","hub":…,"code":…,"name":…}` | `null` |
//! | `{"do":"start"}`, `{"do":"stop"}` the courier | `null` |
//! | `{"do":"round"}` one push and pull | `{"accepted":…,"held":…,"received":…}` |
//! | `{"do":"sign_in","username":…,"password":…}` | a `Session` |
//! | `{"do":"save","actor":…,"ask":…}` | a `SaveAnswer` |
//! | `{"do":"sign","actor":…,"id":…,"heads":…}` | a `SaveAnswer` |
//! | `{"do":"resolve","actor":…,"kind":…,"id":…,"path":…,"value":…,"heads":…}` | a `SaveAnswer` |
//! | `{"do":"row"` or `"history"` or `"conflicts","kind":…,"id":…}` | what it says |
//! | `{"do":"list","ask":…}`, `{"do":"search","text":…,"limit":…}` | rows |
//! | `{"do":"conflict_list"}`, `{"do":"waiting"}`, `{"do":"held"}`, `{"do":"digest"}`, `{"do":"status"}`, `{"do":"desk"}` | what it says |
//! | `{"do":"wait-idle","timeout_ms":…}` until nothing waits and the hub answers | `true` or `false` |
//! | `{"do":"quit"}` | `null`, then it ends |

use replica::{Courier, Error, Options, Replica};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::access::Actor;
use shared::clock::Now;
use shared::ids::RecordId;
use shared::problem::Problem;
use shared::record::Kind;
use shared::sync::wire::unhex;
use std::io::{BufRead as _, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[derive(Default)]
struct Desk {
    replica: Option<Replica>,
    courier: Option<Courier>,
}

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(log_filter())
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let mut desk = Desk::default();
    for line in std::io::stdin().lock().lines() {
        let ask: Value = serde_json::from_str(&line?)?;
        let answer = match runtime.block_on(desk.answer(&ask)) {
            Ok(value) => json!({ "ok": value }),
            Err(error) => json!({ "problems": error.problems(), "error": error.to_string() }),
        };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{answer}")?;
        out.flush()?;
        if ask["do"] == "quit" {
            break;
        }
    }
    Ok(())
}

fn log_filter() -> tracing_subscriber::EnvFilter {
    tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into())
}

impl Desk {
    async fn answer(&mut self, ask: &Value) -> Result<Value, Error> {
        match ask["do"].as_str().unwrap_or("") {
            "open" => self.open(ask),
            "quit" => {
                self.courier = None;
                self.replica = None;
                Ok(Value::Null)
            }
            "start" => {
                self.courier = Some(Courier::start(self.replica()?.clone()));
                Ok(Value::Null)
            }
            "stop" => {
                self.courier = None;
                Ok(Value::Null)
            }
            "enrol" => {
                self.replica()?
                    .enrol(text(ask, "hub"), text(ask, "code"), text(ask, "name"))
                    .await?;
                Ok(Value::Null)
            }
            "sign_in" => shown(
                &self
                    .replica()?
                    .sign_in(text(ask, "username"), text(ask, "password"))
                    .await?,
            ),
            "round" => {
                let round = Courier::round(self.replica()?).await?;
                Ok(
                    json!({ "accepted": round.accepted, "held": round.held, "received": round.received, "calls": round.calls }),
                )
            }
            "wait-idle" => {
                self.wait_idle(ask["timeout_ms"].as_u64().unwrap_or(10_000))
                    .await
            }
            "save" | "sign" | "resolve" => self.write(ask),
            _ => self.read(ask),
        }
    }

    fn open(&mut self, ask: &Value) -> Result<Value, Error> {
        let key = unhex(text(ask, "key"))
            .and_then(|key| key.try_into().ok())
            .ok_or_else(|| shape("key"))?;
        let options = Options {
            dir: text(ask, "dir").into(),
            key,
            hub: ask["hub"].as_str().map(str::to_owned),
        };
        let ahead = ask["clock_ahead_ms"].as_i64().unwrap_or(0);
        self.replica = Some(Replica::open_at(
            &options,
            Arc::new(move || Now(wall_ms() + ahead)),
        )?);
        Ok(Value::Null)
    }

    fn write(&self, ask: &Value) -> Result<Value, Error> {
        let actor: Actor = read(ask, "actor")?;
        let replica = self.replica()?;
        let answer = match text(ask, "do") {
            "save" => replica.save(&actor, &read(ask, "ask")?)?,
            "sign" => replica.sign(&actor, read(ask, "id")?, text(ask, "heads"))?,
            _ => replica.resolve(
                &actor,
                read(ask, "kind")?,
                read(ask, "id")?,
                text(ask, "path"),
                &ask["value"],
                text(ask, "heads"),
            )?,
        };
        shown(&answer)
    }

    fn read(&self, ask: &Value) -> Result<Value, Error> {
        let replica = self.replica()?;
        let named = || Ok::<(Kind, RecordId), Error>((read(ask, "kind")?, read(ask, "id")?));
        match text(ask, "do") {
            "row" => named().and_then(|(kind, id)| shown(&replica.row(kind, id)?)),
            "history" => named().and_then(|(kind, id)| shown(&replica.history(kind, id)?)),
            "conflicts" => named().and_then(|(kind, id)| shown(&replica.conflicts(kind, id)?)),
            "list" => shown(&replica.list(&read(ask, "ask")?)?),
            "search" => shown(&replica.search(text(ask, "text"), read(ask, "limit")?)?),
            "conflict_list" => shown(&replica.conflict_list()?),
            "waiting" => shown(&replica.waiting()?),
            "held" => shown(&replica.held()?),
            "digest" => shown(&replica.digest()?),
            "status" => shown(&replica.status()?),
            "desk" => shown(&replica.desk()?),
            _ => Err(shape("do")),
        }
    }

    /// Waits until nothing waits and the hub answers.
    async fn wait_idle(&self, timeout_ms: u64) -> Result<Value, Error> {
        let replica = self.replica()?;
        let deadline = Instant::now() + Duration::from_millis(timeout_ms);
        if let Some(courier) = &self.courier {
            courier.nudge();
        }
        while Instant::now() < deadline {
            let status = replica.status()?;
            if status.waiting == 0 && status.link == shared::desk::Link::Online {
                return Ok(true.into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(false.into())
    }

    fn replica(&self) -> Result<&Replica, Error> {
        self.replica.as_ref().ok_or_else(|| shape("open"))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the outermost function of this program that reads the clock"
)]
fn wall_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn text<'a>(ask: &'a Value, name: &str) -> &'a str {
    ask[name].as_str().unwrap_or("")
}

fn read<T: DeserializeOwned>(ask: &Value, name: &str) -> Result<T, Error> {
    serde_json::from_value(ask[name].clone()).map_err(|_| shape(name))
}

fn shown<T: serde::Serialize>(value: &T) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(|_| shape("answer"))
}

fn shape(name: &str) -> Error {
    Error::Problems(vec![Problem::new("shape", name)])
}
