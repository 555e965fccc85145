//! A hub that is killed at any moment while a hundred pay under one key: the payment is made once, and all are told the same.

use crate::apart::process::{Process, free_address, hub};
use crate::bank::Bank;
use crate::desk::client;
use crate::gateways::{CHARGES, charge, key};
use crate::money::{Clerk, Office, PAY, cash};
use futures::future::join_all;
use reqwest::Client;
use reqwest::header::COOKIE;
use serde_json::Value;
use shared::sample::Dice;
use sqlx::ConnectOptions;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use sync_server::services::payments::gateways::Provider;
use tempfile::TempDir;

/// Where `ROUNDS` says nothing else.
const ROUNDS: u64 = 50;
const AT_ONCE: usize = 100;
const MINOR: i64 = 1_000;
const PATIENCE: Duration = Duration::from_secs(120);
/// A hub is killed within this after a round begins.
const SOON_MS: usize = 400;

/// Starts the hub as a process on the office's database, with a gateway, and says where it listens.
fn beside(office: &Office, bank: &Bank, data: &TempDir) -> (Process, SocketAddr) {
    let write = |name: &str, text: &str| {
        let file = data.path().join(name);
        std::fs::write(&file, text).expect("a file");
        file.to_str().expect("a path that is text").to_owned()
    };
    let key = write("key", "key_id:key_secret\n");
    let signed = write("signed", "whsec_test_secret\n");
    let database = office.hub.database().to_url_lossy().to_string();
    let bank = bank.settings(Provider::Stripe).url.expect("an address");
    let addr = free_address();
    let listen = addr.to_string();
    let gateway = ["--gateway", "stripe", "--gateway-url", &bank];
    let files = ["--gateway-key-file", &key, "--gateway-signed-file", &signed];
    let serve = ["serve", "--plain", "--listen", &listen];
    let parts = [&gateway[..], &files, &serve].concat();
    let args = hub(&database, &data.path().join("data"), &parts);
    let program = env!("CARGO_BIN_EXE_wardbook-hub");
    (Process::start_new(program, args), addr)
}

/// Asks until somebody says what came of it.
pub(crate) async fn ask(
    (http, addr): (&Client, SocketAddr),
    clerk: &Clerk,
    path: &str,
    (key, body): (&str, &Value),
) -> Vec<u8> {
    let begun = Instant::now();
    loop {
        let call = http.post(format!("http://{addr}{path}"));
        let call = call
            .header(COOKIE, &clerk.cookie)
            .header("x-wardbook-console", "1");
        let call = call.header("idempotency-key", key).json(body);
        if let Ok(answer) = call.send().await {
            let status = answer.status().as_u16();
            // under way, in progress, or the database is waiting for the one that was killed
            let is_over = ![202, 409, 500, 503].contains(&status);
            if let Ok(said) = answer.bytes().await
                && is_over
            {
                assert_eq!(status, 201, "{}", String::from_utf8_lossy(&said));
                return said.to_vec();
            }
        }
        assert!(begun.elapsed() < PATIENCE, "nobody says what came of it");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_killed_at_any_moment_takes_a_payment_once() {
    let mut office = Office::of_fee(10_000_000).await;
    let (clerk, bank) = (office.clerk("billing").await, Bank::open().await);
    let (_, bill) = office.billed().await;
    // so that a hub is often killed while it waits for it
    bank.slow();
    office.hub.stop_serving().await;
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(1);
    eprintln!("SEED={seed}");
    let rounds = std::env::var("ROUNDS")
        .ok()
        .and_then(|said| said.parse().ok());
    let rounds: u64 = rounds.unwrap_or(ROUNDS);
    let mut dice = Dice::new(seed);
    let http = client();
    let data = tempfile::tempdir().expect("a folder");
    let (mut process, addr) = beside(&office, &bank, &data);
    for round in 0..rounds {
        // by a gateway every other time
        let (path, body) = match round % 2 {
            0 => (PAY, cash(bill, MINOR)),
            _ => (CHARGES, charge(bill, MINOR)),
        };
        let key = key();
        let asking = (0..AT_ONCE).map(|_| ask((&http, addr), &clerk, path, (&key, &body)));
        let soon =
            Duration::from_millis(u64::try_from(dice.below(SOON_MS)).expect("a short while"));
        let killing = async {
            tokio::time::sleep(soon).await;
            process.kill();
            process.start();
        };
        let (said, ()) = tokio::join!(join_all(asking), killing);
        let bodies: BTreeSet<&Vec<u8>> = said.iter().collect();
        assert_eq!(bodies.len(), 1, "round {round}: byte for byte the same");
    }
    let made = "select count(*) from payments.payment";
    assert_eq!(office.count(made).await.unsigned_abs(), rounds);
    let intents = bank.count("payment_intent") as u64;
    assert_eq!(
        (u64::from(bank.captures()), intents),
        (rounds / 2, rounds / 2)
    );
    office.check("killed").await;
}
