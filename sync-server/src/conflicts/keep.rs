//! Keeps the items of the records of a push, in its transaction. A record into which nobody wrote apart costs nothing.

use crate::sync::weigh::{After, Before, Weighed, Written};
use sha2::{Digest, Sha256};
use shared::conflicts::{Item, ItemKind, read};
use shared::ids::DeviceId;
use shared::merging::replaced_by;
use shared::problem::Problem;
use shared::record::Kind;
use shared::sync::wire::{Hash, hex, unhex};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

/// What a push found out about the items of a record.
#[derive(Debug)]
pub(crate) struct Looked {
    items: Vec<Item>,
    /// All of its document was looked at: items that are not there any more were replaced by others.
    is_whole: bool,
}

/// Reads the items of a record after a push, if it can have any.
pub(crate) fn look(before: Option<&Before>, after: &After) -> Option<Looked> {
    let of_body = |body| read::of_body(after.kind, after.id, body);
    let lost = of_body(&after.merged.body);
    let is_replaced = |body| after.kind == Kind::Patient && replaced_by(body).is_some();
    let was_replaced = before.is_some_and(|before| is_replaced(&before.body));
    let is_whole = after.written == Written::Anew
        && (after.merged.has_branches || was_replaced || is_replaced(&after.merged.body));
    if !is_whole && lost.is_none() && before.and_then(|before| of_body(&before.body)).is_none() {
        return None;
    }
    let mut items = Vec::new();
    if is_whole {
        // what cannot be read was not taken
        items = read::items(after.kind, after.id, &after.merged.doc).unwrap_or_default();
    }
    items.extend(lost);
    Some(Looked { items, is_whole })
}

/// Keeps what was found.
pub(crate) async fn keep(tx: &mut PgConnection, weighed: &Weighed) -> sqlx::Result<()> {
    let mut rows = Rows::default();
    for after in &weighed.records {
        if let Some(looked) = &after.looked {
            rows.add(after, looked);
        }
    }
    if rows.record.is_empty() {
        return Ok(());
    }
    sqlx::query(KEEP)
        .bind(rows.record)
        .bind(rows.is_whole)
        .bind(rows.id)
        .bind(rows.kind)
        .bind(rows.of)
        .bind(rows.record_kind)
        .bind(rows.chart)
        .bind(rows.ward)
        .bind(rows.field)
        .bind(rows.body)
        .bind(rows.settled_by)
        .bind(rows.change)
        .execute(tx)
        .await?;
    Ok(())
}

/// Keeps what was taken although nobody is sure when it was made: an item for each such change.
pub(crate) async fn doubts(
    tx: &mut PgConnection,
    device: DeviceId,
    weighed: &Weighed,
) -> sqlx::Result<()> {
    let unsure = |after: &After| !after.unsure.is_empty();
    for after in weighed.records.iter().filter(|after| unsure(after)) {
        let mut rows = Rows::default();
        for (hash, problem) in &after.unsure {
            rows.add_item(after, &doubted(hash, problem));
        }
        sqlx::query(KEEP_DOUBTS)
            .bind(rows.id)
            .bind(rows.kind)
            .bind(rows.of)
            .bind(rows.record_kind)
            .bind(rows.chart)
            .bind(rows.ward)
            .bind(rows.body)
            .bind(device.0)
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

fn doubted(hash: &Hash, problem: &Problem) -> Item {
    let name = Sha256::new_with_prefix(b"clock ").chain_update(hash);
    Item {
        id: hex(&name.finalize()),
        kind: ItemKind::Clock,
        rule: problem.clone(),
        paths: Vec::new(),
        before: Vec::new(),
        sides: Vec::new(),
        settled: None,
    }
}

const KEEP_DOUBTS: &str = "insert into conflict_item (id, kind, record, record_kind, chart, ward, device, field, body)
    select id, kind, record, record_kind, chart, ward, $8, '', body
    from unnest($1::bytea[], $2::smallint[], $3::uuid[], $4::smallint[], $5::uuid[], $6::uuid[], $7::jsonb[])
        as new (id, kind, record, record_kind, chart, ward, body)
    on conflict (id) do nothing";

/// Records that were looked at, and the columns of their items.
#[derive(Default)]
struct Rows {
    record: Vec<Uuid>,
    is_whole: Vec<bool>,
    id: Vec<Vec<u8>>,
    kind: Vec<i16>,
    of: Vec<Uuid>,
    record_kind: Vec<i16>,
    chart: Vec<Uuid>,
    ward: Vec<Option<Uuid>>,
    field: Vec<String>,
    body: Vec<Json<Item>>,
    settled_by: Vec<Option<Uuid>>,
    change: Vec<Option<Vec<u8>>>,
}

impl Rows {
    fn add(&mut self, after: &After, looked: &Looked) {
        self.record.push(after.id.0);
        self.is_whole.push(looked.is_whole);
        for item in &looked.items {
            self.add_item(after, item);
        }
    }

    fn add_item(&mut self, after: &After, item: &Item) {
        let bytes = |text: &str| unhex(text).unwrap_or_default();
        self.id.push(bytes(&item.id));
        self.kind.push(i16::from(item.kind.number()));
        self.of.push(after.id.0);
        self.record_kind.push(i16::from(after.kind.number()));
        self.chart.push(after.chart.0);
        let ward = after.merged.body["ward"].as_str();
        self.ward.push(ward.and_then(|ward| ward.parse().ok()));
        self.field.push(field(item));
        self.body.push(Json(item.clone()));
        let settled = item.settled.as_ref();
        self.settled_by
            .push(settled.and_then(|by| by.staff).map(|staff| staff.0));
        self.change.push(settled.map(|by| bytes(&by.change)));
    }
}

/// Returns what an item is about; a slot that was lost is told apart from what a document says.
fn field(item: &Item) -> String {
    match (item.kind, item.sides.is_empty(), item.rule.field.as_str()) {
        (ItemKind::Invariant, true, "start") => LOST.into(),
        (ItemKind::Duplicate, _, _) => "late".into(),
        (_, _, field) => field.to_owned(),
    }
}

/// The field of an item about a slot that was lost.
pub(crate) const LOST: &str = "slot";

const KEEP: &str = include_str!("keep.sql");
