//! One record id for one resource, every time it is imported, and what references mean.

use super::read::Resource;
use serde_json::Value;
use sha2::{Digest, Sha256};
use shared::ids::RecordId;
use std::collections::{BTreeMap, BTreeSet};

/// What the resources of an import are called.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// From every name a resource has to the one it is known by.
    names: BTreeMap<String, String>,
    known: BTreeSet<RecordId>,
}

impl Index {
    pub(super) fn of(resources: &[Resource]) -> Self {
        let mut index = Self::default();
        for resource in resources {
            let key = key(resource);
            index.known.insert(record_id(&key));
            for name in [
                resource.full_url.clone(),
                resource.json["id"]
                    .as_str()
                    .map(|id| format!("{}/{id}", resource.kind)),
            ] {
                index.names.extend(name.map(|name| (name, key.clone())));
            }
        }
        index
    }

    /// Returns the record a resource becomes.
    pub(super) fn id_of(&self, resource: &Resource) -> RecordId {
        record_id(&key(resource))
    }

    /// Says whether a resource of this import becomes this record.
    pub(super) fn has(&self, id: RecordId) -> bool {
        self.known.contains(&id)
    }

    /// Returns the key of the resource that a reference means.
    pub(super) fn key(&self, kind: &str, reference: &Value) -> Option<String> {
        let text = reference.as_str()?;
        if let Some(key) = self.names.get(text) {
            return Some(key.clone());
        }
        // an absolute address ends in Type/id; what is not in this import may have come in one before
        let mut end = text.rsplit('/');
        let (id, named) = (end.next()?, end.next());
        match named {
            Some(named) if named == kind => {
                let name = format!("{kind}/{id}");
                Some(self.names.get(&name).cloned().unwrap_or(name))
            }
            Some(_) => None,
            None => text
                .strip_prefix("urn:uuid:")
                .map(|id| format!("{kind}/{id}")),
        }
    }

    /// Returns the record that a reference means.
    pub(super) fn find(&self, kind: &str, reference: &Value) -> Option<RecordId> {
        self.key(kind, reference).map(|key| record_id(&key))
    }
}

/// Returns what a resource is known by: its type and id, else its address in the bundle, else its own words.
pub(super) fn key(resource: &Resource) -> String {
    match (resource.json["id"].as_str(), &resource.full_url) {
        (Some(id), _) => format!("{}/{id}", resource.kind),
        (None, Some(url)) => url.clone(),
        (None, None) => format!(
            "{} {}",
            resource.kind,
            shared::sync::wire::hex(&Sha256::digest(resource.json.to_string()))
        ),
    }
}

/// Makes a UUID of version 8 out of a name: SHA-256, as RFC 9562 describes.
pub(super) fn record_id(key: &str) -> RecordId {
    let hash = Sha256::digest(format!("wardbook import of FHIR\n{key}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    RecordId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// Returns a number below `below` that is always the same for a record.
pub(super) fn pick(id: RecordId, below: usize) -> usize {
    usize::from(id.0.as_bytes()[14]) % below.max(1)
}
