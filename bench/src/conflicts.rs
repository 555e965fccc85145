//! How soon a page of a hundred thousand open items is there, and how long ten thousand take to be settled.

use crate::device::Made;
use crate::figures::{Figures, percentile, say};
use crate::hub::Hub;
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use std::time::{Duration, Instant};

/// Items that are open while pages are asked for.
const OPEN: i64 = 100_000;
/// Items that are settled, at most: two beds each.
const SETTLED: usize = 10_000;
/// Items that one call settles.
const AT_ONCE: usize = 500;
const PAGES: usize = 300;
const COOKIE: &str = "__Host-wardbook=bench-conflicts";

/// Has two desks write beds apart, fills the list up, reads pages of it however narrowed, and settles what the desks did.
pub(crate) async fn measure(
    hub: &mut Hub,
    patients: &[Made],
    size: usize,
    figures: &mut Figures,
) -> Result<()> {
    say("  … two desks write apart");
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(hub.postgres.clone())
        .await?;
    let count = patients.len().min(SETTLED);
    for bed in ["Bench-1", "Bench-2"] {
        let desk = hub.device().await?;
        for some in patients[..count].chunks(AT_ONCE) {
            let edits = some
                .iter()
                .map(|patient| Ok(desk.edit(patient, &json!({ "bed": bed }))?.1));
            desk.push(edits.collect::<Result<_>>()?).await?;
        }
    }
    let ids: Vec<String> = sqlx::query_scalar("select encode(id, 'hex') from conflict_item where kind = 1 and field = 'bed' and settled_at is null limit $1")
        .bind(i64::try_from(count)?)
        .fetch_all(&pool)
        .await?;
    ensure!(ids.len() == count, "{} of {count} items", ids.len());
    fill(&pool).await?;
    let http = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("{}/console/v1/conflicts", hub.url);
    listing(&http, &url, &pool, size, figures).await?;
    say("  … settling them in bulk");
    let begun = Instant::now();
    for some in ids.chunks(AT_ONCE) {
        let said = json!({ "ids": some, "choice": { "action": "restore" } });
        let call = http
            .post(format!("{url}/settle"))
            .header("cookie", COOKIE)
            .header("x-wardbook-console", "1");
        let done: Value = call
            .json(&said)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        ensure!(done["done"] == some.len(), "{done}");
    }
    figures.add("bulk_resolve_s", count, begun.elapsed().as_secs_f64(), "s");
    Ok(())
}

async fn fill(pool: &PgPool) -> Result<()> {
    sqlx::query(
        "with hired as (
            insert into staff (id, username, name, roles) values (gen_random_uuid(), 'bench-conflicts', 'Bench', '{manager}') returning id)
         insert into console_session (hash, staff) select $1, id from hired",
    )
    .bind(Sha256::digest(b"bench-conflicts").to_vec())
    .execute(pool)
    .await?;
    sqlx::query(FILL).bind(OPEN).execute(pool).await?;
    sqlx::query("analyze conflict_item").execute(pool).await?;
    Ok(())
}

/// Every third is of another kind, every tenth somebody's.
const FILL: &str = "insert into conflict_item (id, kind, record, record_kind, chart, ward, field, body, raised_at, owner)
    select sha256(convert_to('bench ' || nth, 'UTF8')), 1 + nth % 3, patient.id, 1, patient.id, patient.ward, 'gender',
        conflict_body(sha256(convert_to('bench ' || nth, 'UTF8')), 'hard', conflict_rule('rule.same_everywhere')),
        now() - nth * interval '1 second', case when nth % 10 = 0 then (select id from staff where username = 'bench-conflicts') end
    from generate_series(1, $1) nth
    join (select id, ward, row_number() over () as place, count(*) over () as all_of from record where kind = 1) patient
        on patient.place = 1 + nth % patient.all_of";

async fn listing(
    http: &reqwest::Client,
    url: &str,
    pool: &PgPool,
    size: usize,
    figures: &mut Figures,
) -> Result<()> {
    say("  … reading pages of a hundred thousand items");
    let (ward, owner): (String, String) = sqlx::query_as(
        "select (select ward::text from record where kind = 1 and ward is not null limit 1), (select id::text from staff where username = 'bench-conflicts')",
    )
    .fetch_one(pool)
    .await?;
    let narrowed = [
        String::new(),
        "kind=hard".into(),
        format!("ward={ward}"),
        format!("owner={owner}"),
        format!("kind=soft&ward={ward}&hours=1"),
    ];
    let mut after: Vec<Option<String>> = vec![None; narrowed.len()];
    let mut times: Vec<Duration> = Vec::with_capacity(PAGES);
    for nth in 0..PAGES {
        let place = nth % narrowed.len();
        let next = after[place]
            .as_ref()
            .map(|next| format!("&after={next}"))
            .unwrap_or_default();
        let begun = Instant::now();
        let answer = http
            .get(format!("{url}?{}{next}", narrowed[place]))
            .header("cookie", COOKIE)
            .send()
            .await?;
        let page: Value = answer.error_for_status()?.json().await?;
        times.push(begun.elapsed());
        ensure!(
            page["lines"]
                .as_array()
                .is_some_and(|lines| !lines.is_empty()),
            "nothing of {}",
            narrowed[place]
        );
        after[place] = page["next"].as_str().map(str::to_owned);
    }
    figures.add(
        "items_list_p99_ms",
        size,
        percentile(&mut times, 99) * 1e3,
        "ms",
    );
    Ok(())
}
