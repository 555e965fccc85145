//! Controls a test takes away, to see that something notices.

use crate::store::lock;
use std::collections::BTreeSet;
use std::sync::Mutex;

#[derive(Debug, Default)]
pub(crate) struct Planted(Mutex<BTreeSet<String>>);

impl Planted {
    pub(crate) fn has(&self, fault: &str) -> bool {
        lock(&self.0).contains(fault)
    }

    pub(crate) fn plant(&self, fault: &str) {
        lock(&self.0).insert(fault.to_owned());
    }
}
