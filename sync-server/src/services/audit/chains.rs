//! Follows the chains of the desks again, as they came: what was wrong then is known, anything else is new.

use super::arrive::print;
use super::verify::first_key;
use crate::app::App;
use crate::error::Result;
use ed25519_dalek::{Signature, VerifyingKey};
use shared::audit::Hash;
use shared::audit::chain::{Checker, Flaw, Link, head_bytes};
use shared::audit::look::BadEntry;
use shared::ids::DeviceId;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

/// Entries that are looked at together.
const AT_ONCE: i64 = 5_000;

/// A chain as the hub keeps it.
struct Chain {
    device: DeviceId,
    incarnation: i32,
    end: Checker,
    begun: Vec<u8>,
    key: Option<VerifyingKey>,
}

/// Looks at every chain; returns how many there are and the first bad entry of each that is not whole.
pub(super) async fn look_at_all(app: &App, db: &mut PgConnection) -> Result<(u64, Vec<BadEntry>)> {
    let rows = sqlx::query(
        "select device, audit_chain.incarnation, next_seq, head, begun, public_key
         from audit_chain join device on device.id = device order by device, audit_chain.incarnation",
    )
    .fetch_all(&mut *db)
    .await?;
    let mut bad = Vec::new();
    for row in &rows {
        let chain = chain(row);
        if let Some((seq, why)) = look_at(app, db, &chain).await? {
            let place = format!("{} {}.{seq}", chain.device, chain.incarnation);
            bad.push(BadEntry {
                place,
                why: why.to_owned(),
            });
        }
    }
    let gone: Vec<String> = sqlx::query_scalar(
        "select distinct audit_desk.device || ' ' || audit_desk.incarnation from audit_desk
         left join audit_chain using (device, incarnation) where audit_chain.device is null order by 1",
    )
    .fetch_all(db)
    .await?;
    bad.extend(gone.into_iter().map(|chain| BadEntry {
        place: format!("{chain}.1"),
        why: "its chain is gone".into(),
    }));
    Ok((rows.len() as u64, bad))
}

fn chain(row: &PgRow) -> Chain {
    let head = Hash::try_from(row.get::<Vec<u8>, _>("head")).unwrap_or_default();
    let key = row.get::<Option<Vec<u8>>, _>("public_key");
    Chain {
        device: DeviceId(row.get("device")),
        incarnation: row.get("incarnation"),
        end: Checker {
            next: row.get::<i64, _>("next_seq").cast_unsigned(),
            head,
            key: None,
        },
        begun: row.get("begun"),
        key: key.and_then(|key| VerifyingKey::from_bytes(&key.try_into().ok()?).ok()),
    }
}

/// Follows one chain; returns the first place that is not as it came.
async fn look_at(
    app: &App,
    db: &mut PgConnection,
    chain: &Chain,
) -> Result<Option<(u64, &'static str)>> {
    let incarnation = u16::try_from(chain.incarnation).unwrap_or_default();
    let first = first_key(app, chain.device, incarnation, &chain.begun);
    let mut checker = Checker::begin(chain.device, incarnation, first);
    let mut after = 0_i64;
    loop {
        let rows = sqlx::query(
            "select id, seq, entry, hash, seal, print, flaw from audit_desk
             where device = $1 and incarnation = $2 and id > $3 order by id limit $4",
        )
        .bind(chain.device.0)
        .bind(chain.incarnation)
        .bind(after)
        .bind(AT_ONCE)
        .fetch_all(&mut *db)
        .await?;
        for row in &rows {
            let expected = checker.next;
            let (Some(link), known) = (link(row), row.get::<Option<&str>, _>("flaw")) else {
                return Ok(Some((expected, "not an entry")));
            };
            let flaw = checker.follow(&link).err().map(Flaw::code);
            // how a chain begins is judged by what came before it
            let is_known =
                known == flaw || (flaw.is_none() && known == Some(Flaw::Beginning.code()));
            if !is_known {
                return Ok(Some((expected, flaw.unwrap_or("chain.flaw_gone"))));
            }
            if row.get::<&[u8], _>("print") != print(&link).as_slice() {
                return Ok(Some((link.seq, "not what came")));
            }
            after = row.get("id");
        }
        if rows.is_empty() {
            break;
        }
    }
    if (checker.next, checker.head) != (chain.end.next, chain.end.head) {
        return Ok(Some((
            checker.next.min(chain.end.next),
            "its end is another one",
        )));
    }
    look_at_signatures(db, chain, incarnation).await
}

fn link(row: &PgRow) -> Option<Link> {
    Some(Link {
        seq: row.get::<i64, _>("seq").cast_unsigned(),
        entry: row.get("entry"),
        hash: row.get::<Vec<u8>, _>("hash").try_into().ok()?,
        seal: row.get::<Vec<u8>, _>("seal").try_into().ok()?,
    })
}

/// Checks what the device signed, and that the last it signed is the end.
async fn look_at_signatures(
    db: &mut PgConnection,
    chain: &Chain,
    incarnation: u16,
) -> Result<Option<(u64, &'static str)>> {
    let rows = sqlx::query(
        "select audit_signature.seq, audit_signature.hash, signature, audit_desk.id is not null as is_here,
            exists (select 1 from audit_desk later where later.device = $1 and later.incarnation = $2
                and later.flaw is not null) as has_flaws
         from audit_signature left join audit_desk using (device, incarnation, seq, hash)
         where device = $1 and incarnation = $2 order by 1",
    )
    .bind(chain.device.0)
    .bind(chain.incarnation)
    .fetch_all(db)
    .await?;
    for row in &rows {
        let seq = row.get::<i64, _>("seq").cast_unsigned();
        if !row.get::<bool, _>("is_here") {
            return Ok(Some((seq.min(chain.end.next), "the device signed more")));
        }
        let hash = Hash::try_from(row.get::<Vec<u8>, _>("hash")).unwrap_or_default();
        let signed = head_bytes(chain.device, incarnation, seq, &hash);
        let signature = Signature::from_slice(row.get("signature"));
        let is_right = chain
            .key
            .zip(signature.ok())
            .is_some_and(|(key, signature)| key.verify_strict(&signed, &signature).is_ok());
        if !is_right && !row.get::<bool, _>("has_flaws") {
            return Ok(Some((seq, Flaw::Signature.code())));
        }
    }
    let end = chain.end.next.saturating_sub(1);
    let last = rows
        .last()
        .map_or(0, |row| row.get::<i64, _>("seq").cast_unsigned());
    let is_signed = last >= end;
    Ok((!is_signed).then_some((end, Flaw::Signature.code())))
}
