//! What happens today in the sample hospital: visits and prescriptions for the patients that are there.

use super::id_of;
use crate::app::App;
use crate::sync::accept::accept;
use crate::sync::weigh::Source;
use anyhow::Result;
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};
use shared::document::{self, Stamp};
use shared::ids::{DeviceId, HUB_NUMBER, RecordId, StaffId};
use shared::record::Kind;
use shared::sync::wire::Envelope;
use sqlx::Row;
use uuid::Uuid;

/// Who sees patients today, by username and department.
const CLINICS: [(&str, &str); 4] = [
    ("ada", "Cardiology"),
    ("musa", "General medicine"),
    ("ines", "Surgery"),
    ("tomas", "Orthopaedics"),
];
const REASONS: [&str; 6] = [
    "Follow-up",
    "Chest pain on exertion",
    "Medicine review",
    "Wound check",
    "Knee pain",
    "Blood results",
];
const STATUSES: [&str; 5] = ["fulfilled", "checked-in", "arrived", "booked", "booked"];
const ORDERS: [(&str, &str, &str, &str, &str); 5] = [
    ("Paracetamol", "1", "g", "oral", "QID"),
    ("Ramipril", "2.5", "mg", "oral", "QD"),
    ("Metformin", "500", "mg", "oral", "BID"),
    ("Enoxaparin", "40", "mg", "subcutaneous", "QD"),
    ("Salbutamol", "2", "puff", "inhaled", "QID"),
];
/// Device number 0 is the hub itself, and this is the name under which it writes.
const HUB: Uuid = Uuid::from_u128(0x0000_0000_0000_8000_8000_0000_0000_0000);
const AUTHOR: StaffId = StaffId(Uuid::from_u128(0x0000_0000_0000_8000_8000_0000_0000_0001));
const MINUTES: u32 = 30;

/// Books today's visits and writes a prescription for each patient, unless they are there already.
pub(super) async fn make(app: &App) -> Result<()> {
    let today = app.today();
    let patients: Vec<Uuid> =
        sqlx::query_scalar("select id from record where kind = $1 order by id limit 24")
            .bind(i16::from(Kind::Patient.number()))
            .fetch_all(&app.pool)
            .await?;
    let mut envelopes = Vec::new();
    for (place, patient) in patients.iter().enumerate() {
        let (username, department) = CLINICS[place % CLINICS.len()];
        let doctor: Uuid = sqlx::query_scalar("select id from staff where username = $1")
            .bind(username)
            .fetch_one(&app.pool)
            .await?;
        let row = sqlx::query("select id, ward from department where name = $1")
            .bind(department)
            .fetch_one(&app.pool)
            .await?;
        let (department, ward): (Uuid, Uuid) = (row.get("id"), row.get("ward"));
        let visit = json!({
            "patient": patient, "practitioner": doctor, "department": department, "ward": ward,
            "start": start(app, today, place / CLINICS.len())?, "minutes": MINUTES,
            "status": STATUSES[(place / CLINICS.len()).min(STATUSES.len() - 1)], "reason": REASONS[place % REASONS.len()],
        });
        envelopes.push(written(
            app,
            Kind::Appointment,
            id_of(&format!("visit {patient} {today}")),
            &visit,
        ));
        let (medicine, dose, unit, route, frequency) = ORDERS[place % ORDERS.len()];
        let order = json!({
            "patient": patient, "ward": ward, "status": "draft", "authoredOn": app.now().rfc3339(),
            "line": [{ "medicine": medicine, "dose": dose, "unit": unit, "route": route, "frequency": frequency, "days": 7 }],
        });
        envelopes.push(written(
            app,
            Kind::Prescription,
            id_of(&format!("order {patient}")),
            &order,
        ));
    }
    let known: Vec<Uuid> = sqlx::query_scalar("select id from record where kind <> $1")
        .bind(i16::from(Kind::Patient.number()))
        .fetch_all(&app.pool)
        .await?;
    envelopes.retain(|envelope: &Envelope| !known.contains(&envelope.record.0));
    let source = Source {
        waybill: None,
        device: DeviceId(HUB),
        number: HUB_NUMBER,
        incarnation: 0,
        ward: None,
        reviewed: false,
        ahead_ms: None,
    };
    accept(app, &source, envelopes)
        .await
        .map_err(|error| anyhow::anyhow!("the sample visits were not taken: {error}"))?;
    Ok(())
}

/// Returns the start of the day's nth slot, from nine o'clock in the hospital's zone.
fn start(app: &App, today: Date, place: usize) -> Result<String> {
    let nth = i64::try_from(place)?;
    let nine = today.at(9, 0, 0, 0).to_zoned(app.zone())?;
    Ok(nine
        .checked_add((nth * i64::from(MINUTES)).minutes())?
        .timestamp()
        .to_string())
}

fn written(app: &App, kind: Kind, id: Uuid, draft: &Value) -> Envelope {
    let stamp = Stamp {
        staff: AUTHOR,
        now: app.now(),
        device: HUB_NUMBER,
        incarnation: 0,
    };
    Envelope {
        kind: kind.number(),
        record: RecordId(id),
        change: document::create(kind, draft, &stamp).change,
    }
}
