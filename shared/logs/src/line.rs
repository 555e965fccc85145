//! One event, one line.

use crate::{is_ours, is_plain, is_shown};
use serde_json::{Map, Value, json};
use std::fmt::{self, Write as _};
use std::io::Write as _;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Registry};

/// What stands for a value that is not shown.
const HIDDEN: &str = "•••";

/// Returns what writes the log; a filter that cannot be read is `info`.
pub fn subscriber<W>(filter: &str, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    Registry::default().with(filter).with(Lines(writer))
}

/// Writes each event as a line of JSON, without anything a person typed.
#[derive(Debug)]
pub struct Lines<W>(pub W);

/// The fields of a span or an event, as far as they are shown.
#[derive(Default)]
struct Shown {
    fields: Map<String, Value>,
    left_out: Vec<Value>,
    message: Option<String>,
}

impl Shown {
    fn put(&mut self, field: &Field, value: Value) {
        if is_shown(field.name()) {
            self.fields.insert(field.name().into(), value);
        } else {
            self.left_out.push(field.name().into());
        }
    }

    fn put_text(&mut self, field: &Field, text: &str) {
        let value = if is_plain(field.name(), text) {
            text
        } else {
            HIDDEN
        };
        self.put(field, value.into());
    }
}

impl Visit for Shown {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.put_text(field, &value.to_string());
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        match u64::try_from(value) {
            Ok(value) => self.put(field, value.into()),
            Err(_) => self.put_text(field, &value.to_string()),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message = Some(value.to_owned());
        } else {
            self.put_text(field, value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut shown = Shown::default();
        attributes.record(&mut shown);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(shown);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(shown) = span.extensions_mut().get_mut::<Shown>()
        {
            values.record(shown);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut own = Shown::default();
        event.record(&mut own);
        let about = event.metadata();
        let mut line = Map::new();
        line.insert("timestamp".into(), now().into());
        line.insert("level".into(), about.level().as_str().into());
        line.insert("target".into(), about.target().into());
        let place = || {
            json!(format!(
                "{}:{}",
                about.file().unwrap_or(""),
                about.line().unwrap_or(0)
            ))
        };
        match own.message.filter(|_| is_ours(about.target())) {
            Some(message) => line.insert("message".into(), message.into()),
            None => line.insert("place".into(), place()),
        };
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(shown) = span.extensions().get::<Shown>() {
                for (name, value) in &shown.fields {
                    line.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
        }
        line.extend(own.fields);
        if !own.left_out.is_empty() {
            line.insert("left_out".into(), own.left_out.into());
        }
        // at once, so that threads do not write into each other's lines
        let text = format!("{}\n", Value::Object(line));
        // nobody can be told that the log cannot be written
        let _ = self.0.make_writer_for(about).write_all(text.as_bytes());
    }
}

fn now() -> String {
    let mut text = String::new();
    if SystemTime.format_time(&mut Writer::new(&mut text)).is_err() {
        let _ = text.write_str("unknown");
    }
    text
}
