//! Two records of one person: the one is *replaced by* the other, FHIR `Patient.link`, and nothing of either is lost.
//!
//! A record that was replaced stays as it is. It is on no list and found by no search; what belongs to it belongs to the
//! other. What somebody still writes into it, who had not heard of it, is an item: see [`crate::conflicts`].

use crate::ids::RecordId;
use crate::patients::value_set;
use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ts_rs::TS;

value_set! {
    /// FHIR link-type, as far as it is of two records of one person.
    LinkType default Replaces { ReplacedBy = "replaced-by", Replaces = "replaces" }
}

/// FHIR `Patient.link`. Only the hub writes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export_to = "types.gen.ts")]
pub struct PatientLink {
    pub id: String,
    pub other: Option<RecordId>,
    #[serde(rename = "type")]
    pub link_type: LinkType,
    /// When they were parted again, RFC 3339.
    pub ended: Option<String>,
}

/// Returns the record by which a patient's was replaced.
pub fn replaced_by(patient: &Value) -> Option<RecordId> {
    let mut links = open(patient).filter(|link| link["type"] == LinkType::ReplacedBy.word());
    links.find_map(|link| link["other"].as_str()?.parse().ok())
}

fn open(patient: &Value) -> impl Iterator<Item = &Value> {
    let links = patient["link"].as_array().into_iter().flatten();
    links.filter(|link| link["ended"].is_null())
}

/// Says whether one record may be replaced by another.
pub fn may_merge(
    (gone, of_gone): (RecordId, &Value),
    (kept, of_kept): (RecordId, &Value),
) -> Result<(), Problem> {
    let no = |code, field| Err(Problem::new(code, field));
    if gone == kept {
        return no("merge.same", "kept");
    }
    if replaced_by(of_gone).is_some() {
        return no("merge.replaced", "gone");
    }
    if replaced_by(of_kept).is_some() {
        return no("merge.replaced", "kept");
    }
    Ok(())
}

/// Returns what is written into a record to link it to another.
pub fn linked(other: RecordId, link_type: LinkType) -> Value {
    json!({ "link": [{ "other": other, "type": link_type }] })
}

/// Returns what is written into a record to end its links to another; nothing when it has none.
pub fn parted(patient: &Value, other: RecordId, at: &str) -> Option<Value> {
    let is_other = |link: &&Value| link["other"] == other.to_string();
    let ended = open(patient).filter(is_other);
    let links: Vec<Value> = ended
        .map(|link| json!({ "id": link["id"], "ended": at }))
        .collect();
    (!links.is_empty()).then(|| json!({ "link": links }))
}

/// Two patients to be merged, or parted again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct MergeAsk {
    /// The record that is replaced.
    pub gone: RecordId,
    /// The record that is used from now on.
    pub kept: RecordId,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct MergeDone {
    /// Appointments and prescriptions that went to the other record, or back.
    pub moved: u32,
}

/// Two records that may be of one person, side by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct Pair {
    pub one: RecordId,
    pub other: RecordId,
    /// Each a `Patient`.
    #[ts(type = "unknown")]
    pub one_body: Value,
    #[ts(type = "unknown")]
    pub other_body: Value,
    /// Appointments and prescriptions of each.
    pub one_has: u32,
    pub other_has: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const ONE: RecordId = RecordId(Uuid::from_u128(1));
    const OTHER: RecordId = RecordId(Uuid::from_u128(2));

    fn with(link: Value) -> Value {
        json!({ "link": [link] })
    }

    #[test]
    fn a_record_is_replaced_until_the_link_has_ended() {
        let gone = with(json!({ "id": "1", "other": OTHER, "type": "replaced-by", "ended": null }));
        assert_eq!(replaced_by(&gone), Some(OTHER));
        let at = "2027-03-01T09:00:00Z";
        let ended = json!({ "link": [{ "id": "1", "ended": at }] });
        assert_eq!(parted(&gone, OTHER, at), Some(ended));
        assert_eq!(parted(&gone, ONE, at), None);
        for not in [
            with(json!({ "id": "1", "other": OTHER, "type": "replaced-by", "ended": at })),
            with(json!({ "id": "1", "other": OTHER, "type": "replaces" })),
            json!({}),
        ] {
            assert_eq!(replaced_by(&not), None, "{not}");
        }
    }

    #[test]
    fn only_two_records_in_use_are_merged() {
        let (free, gone) = (json!({}), linked(OTHER, LinkType::ReplacedBy));
        let check = |gone, kept, expect: Option<&str>| {
            let code = may_merge(gone, kept).err().map(|problem| problem.code);
            assert_eq!(code.as_deref(), expect);
        };
        check((ONE, &free), (OTHER, &free), None);
        check((ONE, &free), (ONE, &free), Some("merge.same"));
        check((ONE, &gone), (OTHER, &free), Some("merge.replaced"));
        check((ONE, &free), (OTHER, &gone), Some("merge.replaced"));
    }
}
