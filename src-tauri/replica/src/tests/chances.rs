//! S5 by chance: whatever order of tries, waits, restarts and old files put back, nobody gets in who may not, and who may
//! does. `SEED=…` begins elsewhere. Each control is taken away once, to see that the runs notice.

use super::hospital::{HOUR, Locker, RIGHT};
use super::signing_in::{copy, offline, put_back};
use shared::sample::Dice;
use shared::unlock::{CLOCK_BACK_MS, WRONG_AT_MOST, delay_ms};
use std::sync::atomic::Ordering;

/// Runs of each kind.
const RUNS: u64 = 50;
const STEPS: usize = 24;
const MINUTE: i64 = 60_000;

/// What a thief can put back as it was: with both, nothing is known that was learned since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Nothing,
    Slots,
    Keychain,
}

/// A desk somebody plays with, and what they keep of it.
struct Play {
    dice: Dice,
    locker: Locker,
    reach: Reach,
}

impl Play {
    async fn new(seed: u64, faults: &[&str]) -> Self {
        let mut dice = Dice::new(seed);
        let reach = [Reach::Nothing, Reach::Slots, Reach::Keychain][dice.below(3)];
        let play = Self {
            dice,
            locker: offline(faults).await,
            reach,
        };
        play.keep();
        play
    }

    fn now(&self) -> i64 {
        self.locker.clock.load(Ordering::SeqCst)
    }

    /// Keeps a copy of what can be put back.
    fn keep(&self) {
        let root = self.locker.root.path();
        copy(&self.locker.dir(), &root.join("kept slots"));
        copy(&self.locker.keychain(), &root.join("kept keychain"));
    }

    fn put_back(&mut self) {
        let root = self.locker.root.path().to_owned();
        self.locker.stop();
        match self.reach {
            Reach::Nothing => {}
            Reach::Slots => put_back(&root.join("kept slots"), &self.locker.dir(), "slots"),
            Reach::Keychain => {
                put_back(&root.join("kept keychain"), &self.locker.keychain(), "desk");
            }
        }
        self.locker.restart();
    }

    async fn right(&self) -> String {
        self.locker.answer("ada", RIGHT).await
    }
}

/// Passwords, right and wrong: never more than ten wrong ones in a row, and each a while after the one before.
async fn tries(seed: u64, faults: &[&str]) -> Result<(), String> {
    let mut play = Play::new(seed, faults).await;
    let (mut wrong, mut last_ms) = (0, i64::MIN / 2);
    for step in 0..STEPS {
        match play.dice.below(12) {
            0 => play.locker.restart(),
            1 => play.keep(),
            2 => play.put_back(),
            3 => {
                let wait = play.dice.below(400_000) as i64;
                play.locker.wait(wait);
            }
            _ => {}
        }
        if play.dice.below(5) > 0 {
            play.locker.wait(301_000);
        }
        let is_right = play.dice.below(8) == 0;
        let password = if is_right { RIGHT } else { "wrong" };
        let answer = play.locker.answer("ada", password).await;
        let has_waited = play.now() >= last_ms + delay_ms(wrong);
        let was_tried = ["yes", "sign_in.wrong"].contains(&answer.as_str());
        let may_try = has_waited && wrong < WRONG_AT_MOST;
        if was_tried && !may_try {
            return Err(format!("step {step}: {answer} after {wrong} wrong ones"));
        }
        if play.reach == Reach::Nothing && may_try && !was_tried {
            return Err(format!("step {step}: {answer}, and it may be tried"));
        }
        if was_tried && is_right != (answer == "yes") {
            return Err(format!("step {step}: {answer} to {password}"));
        }
        match answer.as_str() {
            "yes" => wrong = 0,
            "sign_in.wrong" => (wrong, last_ms) = (wrong + 1, play.now()),
            _ => {}
        }
    }
    Ok(())
}

/// Grants, short and long, renewed or not: the right password opens until the last moment and not after it.
async fn grants(seed: u64, faults: &[&str]) -> Result<(), String> {
    let mut play = Play::new(seed, faults).await;
    // the first sign-in was granted for 72 hours
    let mut until = play.now() + 72 * HOUR;
    let mut kept_until = until;
    for step in 0..STEPS / 2 {
        match play.dice.below(6) {
            0 => {
                let hours = 1 + play.dice.below(72) as i64;
                play.locker.office().grant_ms = hours * HOUR;
                play.locker.go_online();
                let answer = play.right().await;
                play.locker.go_offline();
                if answer != "yes" {
                    return Err(format!("step {step}: the hub knows them, and {answer}"));
                }
                until = play.now() + hours * HOUR;
            }
            1 => {
                play.keep();
                kept_until = until;
            }
            2 => {
                play.put_back();
                if play.reach == Reach::Slots {
                    until = kept_until;
                }
            }
            3 => play.locker.restart(),
            // to the last moment, and one further
            4 if until > play.now() => play
                .locker
                .wait(until - play.now() + play.dice.below(2) as i64),
            _ => {
                let hours = play.dice.below(30) as i64;
                play.locker.wait(hours * HOUR);
            }
        }
        let expected = if play.now() <= until {
            "yes"
        } else {
            "sign_in.expired"
        };
        let answer = play.right().await;
        if answer != expected {
            return Err(format!("step {step}: {answer} and not {expected}"));
        }
    }
    Ok(())
}

/// A clock that is set forth and back: nothing opens while it is behind what was seen.
async fn clocks(seed: u64, faults: &[&str]) -> Result<(), String> {
    let mut play = Play::new(seed, faults).await;
    play.locker.office().grant_ms = 24 * 100 * HOUR;
    play.locker.go_online();
    let answer = play.right().await;
    play.locker.go_offline();
    assert_eq!(answer, "yes");
    play.keep();
    let mut latest = play.now();
    for step in 0..STEPS / 2 {
        match play.dice.below(5) {
            0 => play.locker.restart(),
            1 => play.put_back(),
            2 => {
                let minutes = play.dice.below(12) as i64;
                play.locker.wait(-minutes * MINUTE);
            }
            _ => {
                let minutes = play.dice.below(600) as i64;
                play.locker.wait(minutes * MINUTE);
            }
        }
        play.locker.cabinet().tick().expect("the time is noted");
        let answer = play.right().await;
        let behind = latest - play.now();
        latest = latest.max(play.now());
        // it is written down when it has grown by a minute
        let is_right = match answer.as_str() {
            "yes" => behind <= CLOCK_BACK_MS + MINUTE,
            "sign_in.clock_back" => behind > CLOCK_BACK_MS,
            _ => false,
        };
        if !is_right {
            return Err(format!("step {step}: {answer}, {behind} ms behind"));
        }
    }
    Ok(())
}

/// Runs a play from each seed; then without each control, until one run notices.
async fn check(
    what: &str,
    play: impl AsyncFn(u64, &[&str]) -> Result<(), String>,
    controls: &[&str],
) {
    let from: u64 = std::env::var("SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    println!("{what}: seeds {from} to {}", from + RUNS - 1);
    for seed in from..from + RUNS {
        if let Err(why) = play(seed, &[]).await {
            unreachable!("{what}, seed {seed}: {why}");
        }
    }
    for control in controls {
        let mut seeds = from..from + RUNS;
        let is_missed = loop {
            match seeds.next() {
                Some(seed) if play(seed, &[control]).await.is_err() => break true,
                Some(_) => {}
                None => break false,
            }
        };
        assert!(
            is_missed,
            "{what}: nobody misses what {control:?} takes away"
        );
    }
}

#[tokio::test]
async fn in_any_order_ten_wrong_passwords_are_the_last() {
    let controls = ["no delay", "keep the pepper", "trust the file"];
    check("tries", tries, &controls).await;
}

#[tokio::test]
async fn in_any_order_a_grant_ends_when_it_ends() {
    check("grants", grants, &["grants last for ever"]).await;
}

#[tokio::test]
async fn in_any_order_a_clock_set_back_opens_nothing() {
    check("clocks", clocks, &["believe the clock"]).await;
}
