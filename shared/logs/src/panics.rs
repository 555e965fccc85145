//! A panic's text may quote a record: only its place is written, with a number by which people can speak of it.

use std::panic::PanicHookInfo;

/// From now on panics are logged without their text. `reference` makes the number.
pub fn on_panic(reference: impl Fn() -> String + Send + Sync + 'static) {
    std::panic::set_hook(Box::new(move |panic| tell(panic, &reference())));
}

fn tell(panic: &PanicHookInfo<'_>, reference: &str) {
    let place = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    tracing::error!(
        panic.reference = reference,
        panic.place = place,
        "The program met something it took to be impossible"
    );
}
