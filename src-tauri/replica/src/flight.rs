//! Which records are on their way to the hub this moment. Never written down: after a crash nobody knows, so they are
//! *saved here* again until the hub says otherwise.

use crate::store::lock;
use shared::ids::RecordId;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Records all of whose unsent changes are in a push, and whether its bytes have left this computer.
#[derive(Debug, Default)]
pub(crate) struct Flight(Mutex<BTreeMap<RecordId, bool>>);

impl Flight {
    /// Notes which records a push that is about to leave covers entirely.
    pub(crate) fn board(&self, records: &[RecordId]) {
        lock(&self.0).extend(records.iter().map(|record| (*record, false)));
    }

    /// Notes that the bytes of the push have left.
    pub(crate) fn left(&self, records: &[RecordId]) {
        let mut flying = lock(&self.0);
        for record in records {
            // a record changed meanwhile is not covered any more
            if let Some(has_left) = flying.get_mut(record) {
                *has_left = true;
            }
        }
    }

    /// Notes that there is an answer, or that there will be none.
    pub(crate) fn landed(&self, records: &[RecordId]) {
        let mut flying = lock(&self.0);
        for record in records {
            flying.remove(record);
        }
    }

    /// Says whether everything unsent of a record has left and is not answered yet.
    pub(crate) fn has(&self, record: RecordId) -> bool {
        lock(&self.0).get(&record).copied().unwrap_or(false)
    }
}
