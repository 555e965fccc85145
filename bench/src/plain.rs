//! The limits beside which the figures stand: the same bytes by the plainest means there are, in the same run.

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use futures::StreamExt;
use rusqlite::Connection;
use serde_json::Value;
use shared::sample::Dice;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

const COLUMNS: [&str; 12] = [
    "mrn",
    "nationalId",
    "name",
    "birthDate",
    "gender",
    "bloodGroup",
    "telecom",
    "address",
    "contact",
    "ward",
    "bed",
    "notes",
];

/// Opens a plain SQLite file the way a replica is opened, but for the encryption.
fn plain_sqlite(file: &Path) -> Result<Connection> {
    let db = Connection::open(file)?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "full")?;
    db.execute_batch(&format!(
        "create table patient (id text primary key, {})",
        COLUMNS.join(",")
    ))?;
    Ok(db)
}

fn insert_rows(db: &mut Connection, rows: impl Iterator<Item = (String, Value)>) -> Result<usize> {
    let tx = db.transaction()?;
    let mut count = 0;
    {
        let mut insert = tx.prepare(&format!(
            "insert into patient values (?{})",
            ",?".repeat(COLUMNS.len())
        ))?;
        for (id, row) in rows {
            insert.raw_bind_parameter(1, id)?;
            for (place, column) in COLUMNS.iter().enumerate() {
                let value = &row[*column];
                match value.as_str() {
                    Some(text) => insert.raw_bind_parameter(place + 2, text)?,
                    None => insert.raw_bind_parameter(place + 2, value.to_string())?,
                }
            }
            insert.raw_execute()?;
            count += 1;
        }
    }
    tx.commit()?;
    Ok(count)
}

/// Rows a second of a plain bulk insert.
pub(crate) fn bulk_insert(folder: &Path, rows: &[(String, Value)]) -> Result<Duration> {
    let file = folder.join("bulk.db");
    let mut db = plain_sqlite(&file)?;
    let start = Instant::now();
    insert_rows(&mut db, rows.iter().cloned())?;
    let took = start.elapsed();
    std::fs::remove_file(file)?;
    Ok(took)
}

/// Time to fetch the rows as zstd NDJSON over HTTP and insert them: one thread receives, one inserts.
pub(crate) async fn ndjson_insert(folder: &Path, packed: &[u8], count: usize) -> Result<Duration> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let body = axum::body::Bytes::copy_from_slice(packed);
    let app = Router::new().route(
        "/",
        get(move || std::future::ready(Body::from(body.clone()))),
    );
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let file = folder.join("ndjson.db");
    let mut db = plain_sqlite(&file)?;
    let start = Instant::now();
    let (sender, receiver) = mpsc::sync_channel::<Vec<u8>>(16);
    let insert = std::thread::spawn(move || -> Result<usize> {
        let lines = BufReader::with_capacity(
            1 << 20,
            zstd::Decoder::new(Chunks {
                receiver,
                left: Vec::new(),
                at: 0,
            })?,
        )
        .lines();
        insert_rows(
            &mut db,
            lines.map_while(|line| {
                let row: Value = serde_json::from_str(&line.ok()?).ok()?;
                Some((row["id"].as_str()?.to_owned(), row))
            }),
        )
    });
    let mut stream = reqwest::get(format!("http://{addr}/"))
        .await?
        .bytes_stream();
    while let Some(chunk) = stream.next().await {
        if sender.send(chunk?.to_vec()).is_err() {
            break;
        }
    }
    drop(sender);
    let inserted = insert
        .join()
        .map_err(|_| anyhow::anyhow!("inserting ended early"))??;
    let took = start.elapsed();
    server.abort();
    ensure!(inserted == count, "inserted {inserted} of {count}");
    std::fs::remove_file(file)?;
    Ok(took)
}

struct Chunks {
    receiver: mpsc::Receiver<Vec<u8>>,
    left: Vec<u8>,
    at: usize,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.left.len() {
            let Ok(next) = self.receiver.recv() else {
                return Ok(0);
            };
            (self.left, self.at) = (next, 0);
        }
        let count = buffer.len().min(self.left.len() - self.at);
        buffer[..count].copy_from_slice(&self.left[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// Packs rows as zstd NDJSON.
pub(crate) fn pack(rows: &[(String, Value)]) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    for (id, row) in rows {
        let mut row = row.clone();
        row["id"] = Value::String(id.clone());
        serde_json::to_writer(&mut text, &row)?;
        text.push(b'\n');
    }
    Ok(zstd::encode_all(text.as_slice(), 3)?)
}

/// Times to append so many bytes to a file and bring them to the disk.
pub(crate) fn fsync(folder: &Path, bytes: usize, rounds: usize) -> Result<Vec<Duration>> {
    let mut file = File::create(folder.join("fsync"))?;
    let data = vec![0x5a; bytes];
    let once = |file: &mut File| -> Result<Duration> {
        let start = Instant::now();
        file.write_all(&data)?;
        file.sync_data()?;
        Ok(start.elapsed())
    };
    (0..rounds).map(|_| once(&mut file)).collect()
}

/// Times of one commit of so many bytes in PostgreSQL, as one row.
pub(crate) async fn pg_commits(
    hub: &PgConnectOptions,
    bytes: usize,
    rounds: usize,
) -> Result<Vec<Duration>> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(hub.clone())
        .await
        .context("reaching PostgreSQL")?;
    sqlx::raw_sql("create schema if not exists bench; create table if not exists bench.plain (id bigserial primary key, bytes bytea)").execute(&pool).await?;
    let data = vec![0x5a_u8; bytes];
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let start = Instant::now();
        sqlx::query("insert into bench.plain (bytes) values ($1)")
            .bind(&data)
            .execute(&pool)
            .await?;
        times.push(start.elapsed());
    }
    sqlx::raw_sql("drop schema bench cascade")
        .execute(&pool)
        .await?;
    Ok(times)
}

/// Rows a second that eight connections insert in batches: the bytes of changes with what makes them findable and safe
/// to send twice, which is the record they belong to and a unique hash.
pub(crate) async fn pg_batches(
    hub: &PgConnectOptions,
    bytes: usize,
    batch: usize,
    batches: usize,
) -> Result<f64> {
    const DESKS: usize = 8;
    let pool = PgPoolOptions::new()
        .max_connections(DESKS as u32)
        .min_connections(DESKS as u32)
        .connect_with(hub.clone())
        .await?;
    sqlx::raw_sql(
        "create schema if not exists bench;
         create table bench.rows (id bigserial primary key, hash bytea not null unique, record uuid not null, bytes bytea)",
    )
    .execute(&pool)
    .await?;
    let mut rows = Vec::new();
    for desk in 0..DESKS {
        let mut dice = Dice::new(desk as u64);
        rows.push(
            (0..batches)
                .map(|_| Batch::new(&mut dice, batch, bytes))
                .collect::<Vec<_>>(),
        );
    }
    let start = Instant::now();
    let desk = |batches: Vec<Batch>| {
        let pool = pool.clone();
        tokio::spawn(async move {
            for batch in batches {
                let insert = sqlx::query(
                    "insert into bench.rows (hash, record, bytes) select * from unnest($1::bytea[], $2::uuid[], $3::bytea[])",
                );
                insert
                    .bind(&batch.hashes)
                    .bind(&batch.records)
                    .bind(&batch.bytes)
                    .execute(&pool)
                    .await?;
            }
            Ok::<(), sqlx::Error>(())
        })
    };
    for desk in rows.into_iter().map(desk).collect::<Vec<_>>() {
        desk.await??;
    }
    let took = start.elapsed();
    sqlx::raw_sql("drop schema bench cascade")
        .execute(&pool)
        .await?;
    Ok((DESKS * batch * batches) as f64 / took.as_secs_f64())
}

struct Batch {
    hashes: Vec<Vec<u8>>,
    records: Vec<uuid::Uuid>,
    bytes: Vec<Vec<u8>>,
}

impl Batch {
    fn new(dice: &mut Dice, rows: usize, bytes: usize) -> Self {
        let mut random = |length: usize| {
            (0..length)
                .map(|_| dice.below(256) as u8)
                .collect::<Vec<u8>>()
        };
        let hashes = (0..rows).map(|_| random(32)).collect();
        let bytes = (0..rows).map(|_| random(bytes)).collect();
        Self {
            hashes,
            records: (0..rows).map(|_| dice.id(1)).collect(),
            bytes,
        }
    }
}
