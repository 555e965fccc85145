//! The steps of an exchange with the hub: load if need be, push, pull, wait for news, keep numbers and reference fresh.

use crate::base::Replica;
use crate::courier::Round;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::outbox::Item;
use crate::payments::bills;
use crate::push::{Answered, Next, Sender};
use crate::receive::rebuild;
use crate::store::Lasting;
use crate::{allotment, line, lineage, load, meta, openings, outbox, payments};
use rusqlite::Connection;
use shared::desk::Link;
use shared::health::Compared;
use shared::ids::RecordId;
use shared::record::Kind;
use shared::staff::Reference;
use shared::sync::digest::Digest;
use shared::sync::lineage::OTHER_LINEAGE;
use shared::sync::wire::{self, Envelope, FeedPage, NumberBlock, Verdict};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

/// Times the outbox is gone through in one go. What still waits then waits for the next.
const PASSES: u32 = 8;
/// Records of a push that the screen hears of one by one.
const FEW: usize = 20;
/// The digest is compared once a day.
const COMPARE_AFTER_MS: i64 = 24 * 3_600_000;
/// Comparisons before a difference is believed: the hub takes changes between two calls.
const COMPARE_TIMES: u32 = 3;

/// Whether an exchange goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// The replica has to be rescued or loaded anew first.
    Restart,
}

/// Runs work on the replica off the threads that wait for the network.
pub(crate) async fn blocking<T: Send + 'static>(
    replica: &Replica,
    work: impl FnOnce(&Replica) -> Result<T> + Send + 'static,
) -> Result<T> {
    let replica = replica.clone();
    tokio::task::spawn_blocking(move || work(&replica)).await?
}

/// Makes the replica ready for an exchange: rescued, loaded, and known to the hub under its incarnation.
pub(crate) async fn prepare(replica: &Replica) -> Result<Hub> {
    if replica.0.is_damaged.load(Ordering::Relaxed) {
        blocking(replica, Replica::rescue_now).await?;
    }
    let (is_known, needs_load, reference) = blocking(replica, |replica| {
        replica.read(|db| {
            let needs_load =
                meta::LOADED.get(db)? != Some(true) || meta::REBUILD.get(db)?.is_some();
            Ok((
                meta::DEVICE.get(db)?.is_some(),
                needs_load,
                meta::REFERENCE.get(db)?.is_some(),
            ))
        })
    })
    .await?;
    if !is_known {
        return Err(Error::NotEnrolled);
    }
    let mut hub = replica.hub()?;
    if renew_if_due(replica, &hub).await? {
        hub = replica.hub()?;
    }
    // somebody waits for it who has to look at it, and whatever comes next may take long
    openings::send(replica, &hub).await?;
    line::settle_or_assume(replica, &hub).await?;
    let needs_load = needs_load
        || blocking(replica, |replica| {
            replica.read(|db| replica.must_restart(db))
        })
        .await?;
    // before anything is loaded anew: what the hub lost may be here alone
    if needs_load || blocking(replica, |replica| replica.read(lineage::is_due)).await? {
        lineage::settle(replica, &hub).await?;
        line::settle(replica, &hub).await?;
        lineage::give_back(replica, &hub).await?;
    }
    if needs_load {
        line::settle(replica, &hub).await?;
        replica.set_link(Link::Loading, None);
        if !reference {
            fetch_reference(replica, &hub).await?;
        }
        load::load(replica, &hub).await?;
    }
    let own_too = blocking(replica, |replica| replica.read(|db| meta::OWN_TOO.get(db))).await?;
    if own_too == Some(true) {
        line::settle(replica, &hub).await?;
        let sender = sender(replica).await?;
        line::push(replica, &hub, sender, Vec::new(), &[], || ()).await?;
        blocking(replica, |replica| {
            replica.write(Lasting::Refetchable, |db| meta::OWN_TOO.clear(db))
        })
        .await?;
    }
    Ok(hub)
}

/// Gets the next certificate when it is due, and keeps it. Says whether it did.
async fn renew_if_due(replica: &Replica, hub: &Hub) -> Result<bool> {
    let Some(papers) = hub.renewed(replica.now()).await? else {
        return Ok(false);
    };
    blocking(replica, move |replica| replica.keep_papers(&papers)).await?;
    tracing::info!("This device has its next certificate");
    Ok(true)
}

/// Sends everything that waits, and knows its place afterwards.
pub(crate) async fn push_all(replica: &Replica, hub: &Hub, round: &mut Round) -> Result<Outcome> {
    openings::send(replica, hub).await?;
    payments::send::send(replica, hub).await?;
    if let Some((items, verdicts)) = line::say_again(replica, hub).await?
        && !items.is_empty()
    {
        let answered =
            blocking(replica, move |replica| replica.answered(&items, &verdicts)).await?;
        round.accepted += answered.accepted;
        round.held += answered.held;
    }
    for _ in 0..PASSES {
        let (mut after, mut most, mut asked_for, mut undecided) =
            (0, usize::MAX, Vec::new(), false);
        loop {
            let next = blocking(replica, move |replica| replica.next_push(after)).await?;
            let Some(Next {
                sender,
                mut items,
                covered,
            }) = next
            else {
                return Ok(Outcome::Restart);
            };
            items.truncate(most);
            let Some(last) = items.last().map(|item| item.lseq) else {
                line::settle(replica, hub).await?;
                break;
            };
            replica.set_link(Link::Syncing, None);
            let covered = if most < wire::PUSH_ENVELOPES {
                Vec::new()
            } else {
                covered
            };
            let sent = send(replica, hub, sender, &items, &covered).await;
            if line::is_elsewhere(replica, &sent) {
                replica.0.flight.landed(&covered);
                line::settle(replica, hub).await?;
                continue;
            }
            let Some(verdicts) = verdicts_of(replica, sent, &items).await? else {
                most = items.len() / 2;
                continue;
            };
            let count = items.len() as u64;
            let answered =
                blocking(replica, move |replica| replica.answered(&items, &verdicts)).await?;
            let Answered {
                accepted,
                held,
                asked_for: asked,
            } = answered;
            round.accepted += accepted;
            round.held += held;
            undecided |= accepted < count;
            asked_for.extend(asked);
            after = last;
        }
        replica.set_link(Link::Online, None);
        send_parents(replica, hub, asked_for).await?;
        if !undecided {
            break;
        }
    }
    Ok(Outcome::Done)
}

/// Returns what the hub said of a push; nothing when it cannot take it as a whole, and half of it has to be tried.
async fn verdicts_of(
    replica: &Replica,
    sent: Result<Vec<Verdict>>,
    items: &[Item],
) -> Result<Option<Vec<Verdict>>> {
    match sent {
        Ok(verdicts) => Ok(Some(verdicts)),
        Err(Error::Refused {
            status: 400 | 413 | 415 | 422,
            problems,
        }) => {
            // down to the one change that is to blame
            let is_one = items.len() == 1;
            Ok(is_one.then(|| vec![Verdict::Refused { problems }]))
        }
        Err(error) => {
            let code = error.problems().into_iter().next().map(|it| it.code);
            let items = items.to_vec();
            blocking(replica, move |replica| replica.not_sent(&items, code)).await?;
            Err(error)
        }
    }
}

/// Sends changes the hub asked for because others build on them.
async fn send_parents(replica: &Replica, hub: &Hub, envelopes: Vec<Envelope>) -> Result<()> {
    for some in envelopes.chunks(wire::PUSH_ENVELOPES) {
        // what it says of them shows when the changes that build on them are sent again
        line::push(
            replica,
            hub,
            sender(replica).await?,
            some.to_vec(),
            &[],
            || (),
        )
        .await?;
    }
    Ok(())
}

async fn sender(replica: &Replica) -> Result<Sender> {
    blocking(replica, |replica| replica.read(Sender::of)).await
}

/// Sends one push; the records it covers entirely are *sent* once its last byte has left.
async fn send(
    replica: &Replica,
    hub: &Hub,
    sender: Sender,
    items: &[Item],
    covered: &[RecordId],
) -> Result<Vec<Verdict>> {
    let envelope = |item: &Item| Envelope {
        kind: item.kind.number(),
        record: item.record,
        change: item.change.clone(),
    };
    let envelopes = items.iter().map(envelope).collect();
    let covered = covered.to_vec();
    replica.0.flight.board(&covered);
    let told: BTreeSet<(Kind, RecordId)> =
        items.iter().map(|item| (item.kind, item.record)).collect();
    let teller = replica.clone();
    let has_left = move || {
        teller.0.flight.left(&covered);
        teller.tell(if told.len() <= FEW {
            &told
        } else {
            const { &BTreeSet::new() }
        });
    };
    line::push(replica, hub, sender, envelopes, items, has_left).await
}

/// Asks for what happened since, until there is nothing more.
pub(crate) async fn catch_up(replica: &Replica, hub: &Hub, round: &mut Round) -> Result<Outcome> {
    loop {
        let (items, more, outcome) = pull(replica, hub, "feed").await?;
        round.received += items;
        if outcome == Outcome::Restart || !more {
            return Ok(outcome);
        }
    }
}

/// Waits at the hub for news, and takes it.
pub(crate) async fn follow(replica: &Replica, hub: &Hub) -> Result<Outcome> {
    Ok(pull(replica, hub, "live").await?.2)
}

async fn pull(replica: &Replica, hub: &Hub, call: &str) -> Result<(u64, bool, Outcome)> {
    let (after, of) = blocking(replica, |replica| {
        replica.read(|db| Ok((meta::CURSOR.get(db)?.unwrap_or(0), meta::LINEAGE.get(db)?)))
    })
    .await?;
    let of = of.map(|id| format!("&of={id}")).unwrap_or_default();
    let path = format!("/sync/v1/{call}?after={after}{of}");
    let page: FeedPage = match hub.frame(&path, replica.now()).await {
        Ok(page) => page,
        // the hub was put back from a copy: what it lost is given back first
        Err(error) if is_other_lineage(&error) => {
            lineage::settle(replica, hub).await?;
            return Ok((0, false, Outcome::Restart));
        }
        // the hub does not keep the feed so far back, or is of the version before and was put back from a copy
        Err(Error::Refused {
            status: 409 | 410, ..
        }) => {
            blocking(replica, |replica| {
                replica.write(Lasting::Refetchable, |db| rebuild(db, "feed.ahead"))
            })
            .await?;
            return Ok((0, false, Outcome::Restart));
        }
        Err(error) => return Err(error),
    };
    let (items, more, version) = (page.items.len() as u64, page.more, page.reference);
    let (known, must_restart) = blocking(replica, move |replica| {
        replica.receive(after, &page)?;
        replica.read(|db| Ok((meta::REFERENCE_VERSION.get(db)?, replica.must_restart(db)?)))
    })
    .await?;
    if known != Some(version) {
        fetch_reference(replica, hub).await?;
    }
    let outcome = if must_restart {
        Outcome::Restart
    } else {
        Outcome::Done
    };
    Ok((items, more, outcome))
}

fn is_other_lineage(error: &Error) -> bool {
    let problems = error.problems();
    problems.iter().any(|problem| problem.code == OTHER_LINEAGE)
}

async fn cursor(replica: &Replica) -> Result<u64> {
    blocking(replica, |replica| {
        replica.read(|db| Ok(meta::CURSOR.get(db)?.unwrap_or(0)))
    })
    .await
}

impl Replica {
    /// Says whether the replica has to be rescued or loaded anew before an exchange goes on.
    pub(crate) fn must_restart(&self, db: &Connection) -> Result<bool> {
        Ok(self.0.is_damaged.load(Ordering::Relaxed) || meta::REBUILD.get(db)?.is_some())
    }
}

async fn fetch_reference(replica: &Replica, hub: &Hub) -> Result<()> {
    let reference: Reference = hub.json("/sync/v1/reference", replica.now()).await?;
    blocking(replica, move |replica| {
        replica.write(Lasting::Refetchable, |db| {
            meta::REFERENCE_VERSION.set(db, &reference.version)?;
            meta::REFERENCE.set(db, &reference)
        })?;
        replica.forget_zone();
        replica.tell_reloaded();
        Ok(())
    })
    .await
}

/// Gets what is lent, and hospital numbers while there still are some.
pub(crate) async fn refresh(replica: &Replica, hub: &Hub) -> Result<()> {
    renew_if_due(replica, hub).await?;
    allotment::refresh(replica, hub).await?;
    payments::send::ask_numbers(replica, hub).await?;
    bills::refresh(replica, hub).await?;
    let left = blocking(replica, |replica| replica.read(meta::numbers_left)).await?;
    if left >= wire::NUMBERS_LOW {
        return Ok(());
    }
    let block: NumberBlock = hub
        .post_json("/sync/v1/numbers", replica.now(), &serde_json::json!({}))
        .await?;
    blocking(replica, move |replica| {
        replica.write(Lasting::Yes, |db| {
            let mut blocks = meta::NUMBERS.get(db)?.unwrap_or_default();
            blocks.push(block);
            meta::NUMBERS.set(db, &blocks)
        })?;
        replica.give_numbers_late()?;
        replica.0.nudge.notify_one();
        Ok(())
    })
    .await
}

/// Counts what the digest is of.
fn seen(db: &Connection) -> Result<u32> {
    let sql = "select count(*) from record where id not in (select record from leaving)";
    Ok(db.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// Compares once a day whether desk and hub hold the same; a difference that stays means loading anew.
pub(crate) async fn compare_if_due(replica: &Replica, hub: &Hub) -> Result<Outcome> {
    let now = replica.now().0;
    let last = blocking(replica, |replica| replica.read(|db| meta::COMPARED.get(db))).await?;
    let Some(last) = last else {
        blocking(replica, move |replica| {
            replica.write(Lasting::Refetchable, |db| meta::COMPARED.set(db, &now))
        })
        .await?;
        return Ok(Outcome::Done);
    };
    if now - last < COMPARE_AFTER_MS {
        return Ok(Outcome::Done);
    }
    for _ in 0..COMPARE_TIMES {
        let before = cursor(replica).await?;
        let theirs: Digest = hub.json("/sync/v1/digest", replica.now()).await?;
        let (ours, unsent, records) = blocking(replica, |replica| {
            let unsent = replica.read(outbox::count)?;
            Ok((replica.digest()?, unsent, replica.read(seen)?))
        })
        .await?;
        let mut round = Round::default();
        if catch_up(replica, hub, &mut round).await? == Outcome::Restart {
            return Ok(Outcome::Restart);
        }
        let is_quiet = unsent == 0 && cursor(replica).await? == before;
        let copy = Compared {
            at_ms: now,
            place: before,
            records,
            digest: ours.short(),
            is_same: ours == theirs,
        };
        if ours == theirs {
            replica.0.heard.note_copy(copy);
            blocking(replica, move |replica| {
                replica.write(Lasting::Refetchable, |db| meta::COMPARED.set(db, &now))
            })
            .await?;
            return Ok(Outcome::Done);
        }
        if is_quiet {
            tracing::error!("Desk and hub do not hold the same");
            replica.0.heard.note_copy(copy);
            // said at once, as what was noted goes with the copy; nothing depends on it
            let _ = hub.json::<Digest>("/sync/v1/digest", replica.now()).await;
            blocking(replica, move |replica| {
                replica.write(Lasting::Refetchable, |db| {
                    meta::COMPARED.set(db, &now)?;
                    rebuild(db, "digest.differs")
                })
            })
            .await?;
            return Ok(Outcome::Restart);
        }
    }
    Ok(Outcome::Done)
}
