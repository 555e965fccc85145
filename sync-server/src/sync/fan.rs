//! Tells each ward what it may see of a push, in its feed.
//!
//! A chart (a patient with all that is theirs) is seen by every ward that a record of it names. When it gains a ward,
//! that ward gets everything else of the chart in the same transaction.

use crate::claims::Answer;
use crate::sync::weigh::{After, Known, Letter, Source, Weighed};
use shared::ids::{RecordId, WardId};
use shared::record::Kind;
use shared::sync::wire::Hash;
use sqlx::{PgConnection, Row};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What an item of a feed is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Change = 1,
    Whole = 2,
    Forget = 3,
}

impl What {
    /// Reads the number kept in the database.
    pub(crate) fn from_number(number: i16) -> Option<Self> {
        [What::Change, What::Whole, What::Forget]
            .into_iter()
            .find(|what| *what as i16 == number)
    }
}

struct Item {
    what: What,
    kind: Kind,
    record: RecordId,
    change: Option<i64>,
    /// Whether who sent the push has the change already.
    is_senders: bool,
}

/// A change that is new to the wards.
struct New<'a> {
    of: &'a After,
    hash: Hash,
    is_first: bool,
    is_senders: bool,
}

/// Returns the changes of a push in the order in which they were sent, and behind them what the hub answered.
fn in_order<'a>(
    letters: &'a [Letter],
    weighed: &'a Weighed,
    answers: &'a [Answer],
) -> impl Iterator<Item = New<'a>> {
    let of_record = |of: &'a After| of.taken.iter().map(move |place| (*place, of));
    let mut sent: Vec<(usize, &After)> = weighed.records.iter().flat_map(of_record).collect();
    sent.sort_by_key(|(place, _)| *place);
    let sent = sent.into_iter().filter_map(|(place, of)| {
        Some(New {
            of,
            hash: letters[place].seen.as_ref().ok()?.hash,
            is_first: of.taken.first() == Some(&place),
            is_senders: true,
        })
    });
    let answered = answers.iter().filter_map(|answer| {
        let of = weighed.records.iter().find(|of| of.id == answer.record)?;
        Some(New {
            of,
            hash: answer.hash,
            is_first: false,
            is_senders: false,
        })
    });
    sent.chain(answered)
}

/// Writes the feeds and returns the wards that have news.
pub(crate) async fn fan_out(
    tx: &mut PgConnection,
    source: &Source,
    letters: &[Letter],
    (weighed, answers): (&Weighed, &[Answer]),
    known: &Known,
    changes: &BTreeMap<Hash, i64>,
) -> sqlx::Result<Vec<WardId>> {
    let seen_by = wards_after(source, weighed, known);
    let gained = gained(&seen_by, known);
    let mut feeds: BTreeMap<WardId, Vec<Item>> = BTreeMap::new();
    if !gained.is_empty() {
        keep_wards(tx, &seen_by).await?;
        back_fill(tx, weighed, &gained, known, &mut feeds).await?;
    }
    for new in in_order(letters, weighed, answers) {
        let before = known
            .records
            .get(&new.of.id)
            .and_then(|before| known.charts.get(&before.chart));
        let now = seen_by.get(&new.of.chart);
        // a record that went to another chart goes on being seen where it was
        let wards: BTreeSet<WardId> = before.into_iter().chain(now).flatten().copied().collect();
        for ward in wards {
            let had_it = before.is_some_and(|before| before.contains(&ward));
            let what = if had_it || !new.is_first {
                What::Change
            } else {
                What::Whole
            };
            let change = changes.get(&new.hash).copied();
            feeds.entry(ward).or_default().push(Item {
                what,
                kind: new.of.kind,
                record: new.of.id,
                change,
                is_senders: new.is_senders && change.is_some(),
            });
        }
    }
    write(tx, source.device.0, source.echo(), &feeds).await?;
    Ok(feeds.into_keys().collect())
}

/// Tells wards that they see some records no more.
pub(crate) async fn forget(
    tx: &mut PgConnection,
    lost: &BTreeMap<WardId, Vec<(Kind, RecordId)>>,
) -> sqlx::Result<()> {
    let item = |(kind, record): &(Kind, RecordId)| Item {
        what: What::Forget,
        kind: *kind,
        record: *record,
        change: None,
        is_senders: false,
    };
    let items = |lost: &Vec<(Kind, RecordId)>| lost.iter().map(item).collect();
    let feeds = lost.iter().map(|(ward, lost)| (*ward, items(lost)));
    write(tx, Uuid::nil(), -1, &feeds.collect()).await
}

/// Returns who sees each chart of the push from now on: who did, whom its records name, and the ward that wrote.
fn wards_after(
    source: &Source,
    weighed: &Weighed,
    known: &Known,
) -> BTreeMap<RecordId, BTreeSet<WardId>> {
    let mut after: BTreeMap<RecordId, BTreeSet<WardId>> = BTreeMap::new();
    for record in &weighed.records {
        let wards = after
            .entry(record.chart)
            .or_insert_with(|| known.charts.get(&record.chart).cloned().unwrap_or_default());
        wards.extend(record.keys.ward);
        // who looks at held work does not show its author a chart they could not see
        // nor does a ward get one back by what it wrote before that left it
        let has_left = known.left.contains_key(&record.chart);
        if (!source.reviewed && !has_left) || wards.is_empty() {
            wards.extend(source.ward);
        }
    }
    after
}

/// Returns the wards that each chart gained.
fn gained(
    after: &BTreeMap<RecordId, BTreeSet<WardId>>,
    known: &Known,
) -> BTreeMap<RecordId, BTreeSet<WardId>> {
    let none = BTreeSet::new();
    let new = |chart: &RecordId, wards: &BTreeSet<WardId>| {
        wards
            .difference(known.charts.get(chart).unwrap_or(&none))
            .copied()
            .collect::<BTreeSet<_>>()
    };
    after
        .iter()
        .map(|(chart, wards)| (*chart, new(chart, wards)))
        .filter(|(_, wards)| !wards.is_empty())
        .collect()
}

async fn keep_wards(
    tx: &mut PgConnection,
    seen_by: &BTreeMap<RecordId, BTreeSet<WardId>>,
) -> sqlx::Result<()> {
    let (mut charts, mut wards) = (Vec::new(), Vec::new());
    for (chart, seen_by) in seen_by {
        for ward in seen_by {
            charts.push(chart.0);
            wards.push(ward.0);
        }
    }
    sqlx::query(KEEP_WARDS)
        .bind(charts)
        .bind(wards)
        .execute(tx)
        .await?;
    Ok(())
}

const KEEP_WARDS: &str = "update chart set wards = new.wards
    from (select chart, array_agg(ward order by ward) as wards from unnest($1::uuid[], $2::uuid[]) as pair (chart, ward)
          group by chart) as new
    where chart.id = new.chart and chart.wards <> new.wards";

/// Puts what else a chart holds into the feeds of the wards it gained, the patient first.
async fn back_fill(
    tx: &mut PgConnection,
    weighed: &Weighed,
    gained: &BTreeMap<RecordId, BTreeSet<WardId>>,
    known: &Known,
    feeds: &mut BTreeMap<WardId, Vec<Item>>,
) -> sqlx::Result<()> {
    // charts that nobody saw before hold nothing but what this push brings
    let old: Vec<Uuid> = gained
        .keys()
        .filter(|chart| known.charts.contains_key(chart))
        .map(|chart| chart.0)
        .collect();
    if old.is_empty() {
        return Ok(());
    }
    let pushed: Vec<Uuid> = weighed.records.iter().map(|after| after.id.0).collect();
    let rows = sqlx::query("select id, kind, chart from record where chart = any($1) and id <> all($2) order by chart, kind, id")
        .bind(old)
        .bind(pushed)
        .fetch_all(tx)
        .await?;
    for row in rows {
        let kind = u8::try_from(row.get::<i16, _>("kind"))
            .ok()
            .and_then(Kind::from_number);
        let (Some(kind), record) = (kind, RecordId(row.get("id"))) else {
            continue;
        };
        for ward in gained
            .get(&RecordId(row.get("chart")))
            .into_iter()
            .flatten()
        {
            feeds.entry(*ward).or_default().push(Item {
                what: What::Whole,
                kind,
                record,
                change: None,
                is_senders: false,
            });
        }
    }
    Ok(())
}

/// Takes places in the wards' feeds and writes the items there, ward by ward in order of their ids.
async fn write(
    tx: &mut PgConnection,
    device: Uuid,
    echo: i32,
    feeds: &BTreeMap<WardId, Vec<Item>>,
) -> sqlx::Result<()> {
    for (ward, items) in feeds {
        sqlx::query(WRITE)
            .bind(ward.0)
            .bind(i64::try_from(items.len()).unwrap_or(i64::MAX))
            .bind(
                items
                    .iter()
                    .map(|item| item.what as i16)
                    .collect::<Vec<_>>(),
            )
            .bind(
                items
                    .iter()
                    .map(|item| i16::from(item.kind.number()))
                    .collect::<Vec<_>>(),
            )
            .bind(items.iter().map(|item| item.record.0).collect::<Vec<_>>())
            .bind(items.iter().map(|item| item.change).collect::<Vec<_>>())
            .bind(items.iter().map(|item| item.is_senders).collect::<Vec<_>>())
            .bind(device)
            .bind(echo)
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

const WRITE: &str = "with place as (
        -- from here on nobody else gets in, so the commit does not wait for the disk: see flush.rs
        update ward set seq = seq + $2 where id = $1
        returning seq - $2 as before, set_config('synchronous_commit', 'off', true))
    insert into feed (ward, seq, what, kind, record, change, device, incarnation, push)
    select $1, before + nth, what, kind, record, change, case when is_senders then $8::uuid end, $9,
           (select nextval('push_number'))
    from place, unnest($3::smallint[], $4::smallint[], $5::uuid[], $6::bigint[], $7::boolean[])
        with ordinality as new (what, kind, record, change, is_senders, nth)";
