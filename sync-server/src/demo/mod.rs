//! The sample hospital: two wards, four departments, people with every role, medicines, and what happens today. Can be
//! made again and again: what is there stays.

mod hours;
mod visits;

use crate::app::App;
use crate::passwords;
use crate::services::staff::{self, NewStaff};
use anyhow::Result;
use sha2::{Digest, Sha256};
use shared::access::Role;
use shared::ids::DepartmentId;
use std::fmt::Write;
use uuid::Uuid;

const WARDS: [&str; 2] = ["Medical A", "Surgical B"];
const DEPARTMENTS: [(&str, &str); 4] = [
    ("Cardiology", "Medical A"),
    ("General medicine", "Medical A"),
    ("Surgery", "Surgical B"),
    ("Orthopaedics", "Surgical B"),
];
/// Everybody's password in the sample hospital.
const PASSWORD: &str = "wardbook-demo";
const PEOPLE: [(&str, &str, Role, &[&str]); 13] = [
    (
        "ada",
        "Dr Ada Lovell",
        Role::Doctor,
        &["Cardiology", "General medicine"],
    ),
    (
        "musa",
        "Dr Musa Ibrahim",
        Role::Doctor,
        &["General medicine"],
    ),
    ("ines", "Dr Inês Carvalho", Role::Doctor, &["Surgery"]),
    (
        "tomas",
        "Dr Tomáš Dvořák",
        Role::Doctor,
        &["Orthopaedics", "Surgery"],
    ),
    ("grace", "Grace Okafor", Role::Nurse, &[]),
    ("ben", "Ben Hughes", Role::Nurse, &[]),
    ("rosa", "Rosa Delgado", Role::Reception, &[]),
    ("omar", "Omar Haddad", Role::Pharmacist, &[]),
    ("lena", "Lena Krüger", Role::Lab, &[]),
    ("paul", "Paul Martin", Role::Billing, &[]),
    ("maria", "María Núñez", Role::Manager, &[]),
    ("wei", "Wei Zhang", Role::Admin, &[]),
    ("vera", "Vera Novak", Role::Auditor, &[]),
];
/// Everyday medicines, by their international names.
const MEDICINES: &str = include_str!("medicines.txt");

/// Makes what is missing of the sample hospital; returns who can sign in, for the terminal.
pub(crate) async fn run(app: &App) -> Result<String> {
    sqlx::query("update hospital set name = 'Wardbook General', zone = 'Europe/London' where name <> 'Wardbook General'")
        .execute(&app.pool)
        .await?;
    for ward in WARDS {
        sqlx::query("insert into ward (id, name) values ($1, $2) on conflict do nothing")
            .bind(id_of(ward))
            .bind(ward)
            .execute(&app.pool)
            .await?;
    }
    for (department, ward) in DEPARTMENTS {
        sqlx::query("insert into department (id, name, ward) select $1, $2, id from ward where name = $3 on conflict do nothing")
            .bind(id_of(department))
            .bind(department)
            .bind(ward)
            .execute(&app.pool)
            .await?;
    }
    let medicines: Vec<&str> = MEDICINES.lines().filter(|line| !line.is_empty()).collect();
    sqlx::query("insert into medicine (name) select unnest($1::text[]) on conflict do nothing")
        .bind(medicines)
        .execute(&app.pool)
        .await?;
    people(app).await?;
    sqlx::query(
        "insert into billing.price (net, currency, from_ms, by)
         select 6000, 'GBP', 0, id from staff where username = 'wei' and not exists (select 1 from billing.price)",
    )
    .execute(&app.pool)
    .await?;
    hours::make(app).await?;
    visits::make(app).await?;
    Ok(told())
}

async fn people(app: &App) -> Result<()> {
    let known: Vec<String> = sqlx::query_scalar("select username from staff")
        .fetch_all(&app.pool)
        .await?;
    for (username, name, role, departments) in PEOPLE {
        if known.iter().any(|known| known == username) {
            continue;
        }
        let new = NewStaff {
            username: username.into(),
            name: name.into(),
            roles: vec![role],
            departments: departments
                .iter()
                .map(|department| DepartmentId(id_of(department)))
                .collect(),
            password_hash: passwords::hash(PASSWORD.into()).await?,
        };
        staff::add(app, new).await?;
    }
    Ok(())
}

fn told() -> String {
    let mut text = format!(
        "Wardbook General: wards {}. Everybody's password is {PASSWORD}.\n",
        WARDS.join(" and ")
    );
    for (username, name, role, departments) in PEOPLE {
        let role = format!("{role:?}").to_lowercase();
        // writing to a string does not fail
        let _ = writeln!(
            text,
            "  {username:<8} {name:<20} {role:<11} {}",
            departments.join(", ")
        );
    }
    text.truncate(text.trim_end().len());
    text
}

/// Returns the same id for the same thing, every time.
fn id_of(name: &str) -> Uuid {
    let digest = Sha256::digest(format!("wardbook sample hospital: {name}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
