//! Nothing that is not on the list reaches a line, whatever is logged and however it panics.

use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing::{error, info, info_span};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panics here").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn only_what_is_on_the_list_is_written() {
    let kept = Kept::default();
    let writer = kept.clone();
    let _guard =
        tracing::subscriber::set_default(logs::subscriber("trace", move || writer.clone()));
    logs::on_panic(|| "reference-1".to_owned());
    let span = info_span!("call", request.id = "r-1", patient = "zqxmarker");
    span.in_scope(|| {
        info!(target: "replica", name = "zqxmarker", record.id = %"id-1", count = 3, reason = "zqx marker", "Did something");
        error!(target: "sqlx::query", "select 'zqxmarker'");
        let name = std::hint::black_box("zqxmarker").to_owned();
        let panicked = std::thread::scope(|scope| {
            let dispatch = tracing::dispatcher::get_default(Clone::clone);
            let work = move || tracing::dispatcher::with_default(&dispatch, || assert!(name.is_empty(), "{name}"));
            scope.spawn(work).join()
        });
        assert!(panicked.is_err());
    });
    let text = String::from_utf8(kept.0.lock().expect("nobody panics here").clone()).expect("text");
    assert!(!text.contains("zqx"), "{text}");
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let [first, second, third] = lines.as_slice() else {
        unreachable!("three events, not {text}");
    };
    assert_eq!(first["message"], "Did something");
    assert_eq!(first["request.id"], "r-1");
    assert_eq!(
        (&first["record.id"], &first["count"]),
        (&"id-1".into(), &3.into())
    );
    assert_eq!(first["reason"], "•••");
    assert_eq!(first["left_out"], serde_json::json!(["name"]));
    assert!(
        second["message"].is_null()
            && second["place"]
                .as_str()
                .is_some_and(|place| place.contains("lines.rs"))
    );
    assert_eq!(third["panic.reference"], "reference-1");
    assert!(
        third["panic.place"]
            .as_str()
            .is_some_and(|place| place.contains("lines.rs"))
    );
}
