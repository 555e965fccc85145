//! The shapes of JSON messages as OpenAPI describes them; the messages are types of `shared`, and a test holds the two together.

pub(crate) mod administration;
pub(crate) mod audit;
pub(crate) mod bills;
pub(crate) mod conflicts;
pub(crate) mod console;
pub(crate) mod health;
pub(crate) mod insurance;
pub(crate) mod money;
pub(crate) mod notices;
pub(crate) mod office;
pub(crate) mod overview;

use administration::{Closed, Department, Ward};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// An RFC 9457 problem.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"type": "urn:wardbook:problem:device.unknown", "title": "Unauthorized", "status": 401,
    "detail": "See `problems`: device.unknown.", "problems": [{"code": "device.unknown", "field": "", "with": {}}],
    "request": "01935f2e-0000-7000-8000-000000000000"}))]
pub(crate) struct ProblemDocument {
    #[serde(rename = "type")]
    kind: String,
    title: String,
    status: u16,
    detail: String,
    problems: Vec<Problem>,
    /// Id of the request, as in the hub's log
    request: String,
}

/// One thing that is wrong, by a stable code that a screen has words for.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Problem {
    code: String,
    /// Path of the field in the record, or empty
    field: String,
    /// What the sentence mentions
    with: BTreeMap<String, String>,
}

/// The hub's audit keys.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct HubKey {
    /// Ed25519 public key of the heads of the log, hex
    #[schema(min_length = 64, max_length = 64)]
    sign: String,
    /// The key with which the first keys of desks' chains are locked, hex
    #[schema(min_length = 64, max_length = 64)]
    lock: String,
}

/// What a desk sends to become known.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"code": "K7Q2M-XR4TW", "name": "Desk 1", "public_key": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"}))]
pub(crate) struct EnrolAsk {
    /// The one-time code an administrator gave
    #[schema(max_length = 40)]
    code: String,
    /// What people call the workstation
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    /// Ed25519 public key, hex
    #[schema(min_length = 64, max_length = 64)]
    public_key: String,
    /// PKCS #10 request for a certificate, hex
    #[schema(max_length = 8192)]
    request: Option<String>,
}

/// What a desk sends for its next certificate.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct CertificateAsk {
    /// PKCS #10, hex
    #[schema(max_length = 8192)]
    request: String,
}

/// A device's certificate and that of the authority that gave it, DER in hex.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Admitted {
    authority: String,
    certificate: String,
}

/// How a workstation stands with the hospital.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct DeviceState {
    /// `active`
    state: String,
}

/// What a desk is told when it has become known.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Enrolled {
    device: Uuid,
    number: u32,
    ward: Uuid,
    numbers: NumberBlock,
    admitted: Option<Admitted>,
    /// Ed25519 public key of the hub, hex
    hub_key: String,
    /// The hub's half of a key to the desk's replica, hex
    share: String,
}

/// What a person at the hub decided about held work.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Decided {
    /// The change, hex
    hash: String,
    /// Part of the record after all; otherwise refused for good
    is_released: bool,
    /// Who decided
    by: String,
    /// Why it was refused
    reason: String,
}

/// Hospital numbers set aside for a device: `from` up to, not including, `until`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"from": 1, "until": 1001}))]
pub(crate) struct NumberBlock {
    from: u32,
    until: u32,
}

/// What a desk sends to sign a person in.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"username": "ada", "password": "ada-demo"}))]
pub(crate) struct SignInAsk {
    #[schema(max_length = 80)]
    username: String,
    #[schema(max_length = 200)]
    password: String,
    /// Instead of one that was given for once
    #[schema(min_length = 15, max_length = 200)]
    new_password: Option<String>,
}

/// Who signed in, and what the desk needs to know them without the hub for a while.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct SignedIn {
    staff: Staff,
    /// Until when, for which desk and with which roles
    grant: Sealed,
    /// The hub's half of a key to the desk's replica, hex
    share: String,
    /// The key of the summaries of in-patients at this desk, hex, for those who may open them
    emergency: Option<String>,
    /// Their own key at this desk, hex, which opens what that key is changed to
    emergency_own: Option<String>,
}

/// A message that the hub signed: JSON as text, and an Ed25519 signature over it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Sealed {
    text: String,
    signature: String,
}

/// What a desk asks before anything else.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"nonce": "9f2c", "staff": []}))]
pub(crate) struct StatusAsk {
    /// Made by chance for this question
    #[schema(max_length = 64)]
    nonce: String,
    /// Who can unlock this desk
    staff: Vec<Uuid>,
}

/// What a desk says when it has emptied itself.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"at_ms": 1_800_000_000_000_i64, "took_ms": 120}))]
pub(crate) struct Wiped {
    at_ms: i64,
    took_ms: u64,
}

/// A member of staff.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Staff {
    id: Uuid,
    username: String,
    name: String,
    roles: Vec<String>,
    departments: Vec<Uuid>,
    is_active: bool,
}

/// Everything a desk needs to know that is not a record.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Reference {
    version: u64,
    hospital: String,
    /// IANA time zone
    zone: String,
    wards: Vec<Ward>,
    departments: Vec<Department>,
    staff: Vec<Staff>,
    medicines: Vec<String>,
    /// When each doctor sees patients
    schedules: Vec<serde_json::Value>,
    /// What was closed keeps its name
    closed: Closed,
}

/// SHA-256 by bucket, such as `1/07`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Digest {
    buckets: BTreeMap<String, String>,
}

/// One time that somebody opened the emergency access, as their desk reports it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Opening {
    id: Uuid,
    /// Grows with everything that is added
    version: u32,
    staff: Uuid,
    #[schema(max_length = 500)]
    reason: String,
    from_ms: i64,
    until_ms: i64,
    ended_ms: Option<i64>,
    looked: Vec<Looked>,
    notes: Vec<Note>,
}

/// Whose summary was read.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Looked {
    patient: Uuid,
    at_ms: i64,
}

/// What was written down meanwhile.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Note {
    patient: Option<Uuid>,
    #[schema(max_length = 4000)]
    text: String,
    at_ms: i64,
}

/// What a clinical manager found about an opening.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Review {
    device: Uuid,
    opening: Uuid,
    version: u32,
    /// `accepted` or `questioned`
    finding: String,
    #[schema(max_length = 2000)]
    words: String,
}

/// A clinical manager at a desk.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ReviewAsk {
    username: String,
    password: String,
    review: Option<Review>,
}

/// An opening as a reviewer sees it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct OpeningLine {
    id: Uuid,
    device: Uuid,
    version: u32,
    desk: String,
    ward: String,
    staff: Uuid,
    who: String,
    reason: String,
    from: String,
    until: String,
    /// Until when it has to be reviewed
    due: String,
    /// `open`, `toReview`, `overdue` or `reviewed`
    state: String,
    looked: Vec<LookedLine>,
    notes: Vec<NoteLine>,
    flaws: Vec<Problem>,
    /// Openings of the same person within thirty days
    lately: u32,
    reviews: Vec<ReviewLine>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct LookedLine {
    patient: Uuid,
    name: String,
    at: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct NoteLine {
    patient: Option<Uuid>,
    text: String,
    at: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ReviewLine {
    by: String,
    at: String,
    finding: String,
    words: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::DeserializeOwned;
    use shared::ids::{DepartmentId, DeviceId, StaffId, WardId};
    use shared::sync::wire;

    /// Reads a real message as the described shape and back: nothing is missing and nothing is left over.
    pub(super) fn check<Described: Serialize + DeserializeOwned>(real: &impl Serialize) {
        let real = serde_json::to_value(real).unwrap();
        let described: Described = serde_json::from_value(real.clone()).unwrap();
        assert_eq!(serde_json::to_value(described).unwrap(), real);
    }

    pub(super) fn somebody() -> shared::staff::Staff {
        shared::staff::Staff {
            id: StaffId(Uuid::nil()),
            username: "ada".into(),
            name: "Ada".into(),
            roles: vec![shared::access::Role::Doctor],
            departments: vec![DepartmentId(Uuid::nil())],
            is_active: true,
        }
    }

    #[test]
    fn the_description_is_that_of_the_messages() {
        let numbers = wire::NumberBlock {
            from: 1,
            until: 1001,
        };
        let staff = somebody();
        let (device, ward) = (DeviceId(Uuid::nil()), WardId(Uuid::nil()));
        check::<Decided>(&wire::Decided {
            hash: "A".into(),
            is_released: false,
            by: "B".into(),
            reason: "C".into(),
        });
        check::<NumberBlock>(&numbers);
        check::<Enrolled>(&wire::Enrolled {
            device,
            number: 1,
            ward,
            numbers,
            admitted: Some(wire::Admitted {
                authority: "A".into(),
                certificate: "B".into(),
            }),
            hub_key: "A".into(),
            share: "B".into(),
        });
        check::<CertificateAsk>(&wire::CertificateAsk {
            request: "A".into(),
        });
        check::<EnrolAsk>(&wire::EnrolAsk {
            code: "A".into(),
            name: "B".into(),
            public_key: "C".into(),
            request: Some("D".into()),
        });
        check::<SignInAsk>(&wire::SignInAsk {
            username: "A".into(),
            password: "B".into(),
            new_password: Some("C".into()).into(),
        });
        check::<Problem>(&shared::problem::Problem::new("a", "b").with("c", "d"));
        check::<Digest>(&shared::sync::digest::Digest::default());
        check::<Reference>(&shared::staff::Reference {
            wards: vec![shared::staff::Ward {
                id: ward,
                name: "A".into(),
            }],
            departments: vec![shared::staff::Department {
                id: DepartmentId(Uuid::nil()),
                name: "C".into(),
                ward,
            }],
            staff: vec![staff],
            ..Default::default()
        });
    }

    #[test]
    fn the_description_of_signing_in_is_that_of_the_messages() {
        let staff = somebody();
        check::<SignedIn>(&wire::SignedIn {
            staff,
            grant: shared::seal::Sealed {
                text: "A".into(),
                signature: "B".into(),
            },
            share: "C".into(),
            emergency: Some("D".into()),
            emergency_own: Some("E".into()),
        });
    }

    #[test]
    fn the_description_of_orders_is_that_of_the_messages() {
        check::<StatusAsk>(&shared::orders::StatusAsk {
            nonce: "A".into(),
            staff: vec![StaffId(Uuid::nil())],
        });
        check::<Wiped>(&shared::orders::Wiped {
            at_ms: 1,
            took_ms: 2,
        });
    }

    #[test]
    fn the_description_of_emergency_access_is_that_of_the_messages() {
        use shared::clock::Now;
        use shared::emergency as own;
        use shared::ids::{OpeningId, RecordId};
        let (id, device) = (OpeningId(Uuid::nil()), DeviceId(Uuid::nil()));
        let patient = RecordId(Uuid::nil());
        let begun = own::Opening::begin(id, StaffId(Uuid::nil()), "Why", Now(1));
        let looked = begun.look(patient, Now(2)).expect("the first look");
        let noted = looked.note(Some(patient), "Text", Now(3)).expect("a note");
        check::<Opening>(&noted.end(Now(4)));
        let review = own::Review {
            device,
            opening: id,
            version: 1,
            finding: own::Finding::Questioned,
            words: "A".into(),
        };
        check::<Review>(&review);
        check::<ReviewAsk>(&own::ReviewAsk {
            username: "A".into(),
            password: "B".into(),
            review: Some(review),
        });
        let text = String::from;
        check::<OpeningLine>(&own::OpeningLine {
            id,
            device,
            version: 1,
            desk: text("A"),
            ward: text("B"),
            staff: StaffId(Uuid::nil()),
            who: text("C"),
            reason: text("D"),
            from: text("E"),
            until: text("F"),
            due: text("G"),
            state: own::OpeningState::ToReview,
            looked: vec![own::LookedLine {
                patient,
                name: text("H"),
                at: text("I"),
            }],
            notes: vec![own::NoteLine {
                patient: Some(patient),
                text: text("J"),
                at: text("K"),
            }],
            flaws: vec![shared::problem::Problem::new("a", "b")],
            lately: 1,
            reviews: vec![own::ReviewLine {
                by: text("L"),
                at: text("M"),
                finding: own::Finding::Accepted,
                words: text("N"),
            }],
        });
    }
}
