//! Whatever happens to a visit and its money, in whatever order: the books hold after every event.

#[expect(dead_code, reason = "each test program takes what it needs")]
mod vectors;

use shared::ledger::Account;
use vectors::Random;
use vectors::story::{Story, front};

const EVENTS: usize = 100_000;

const WORDS: [&str; 19] = [
    "complete",
    "complete_other",
    "complete_early",
    "no_show",
    "cancel",
    "cancel",
    "doubtful",
    "cash",
    "card",
    "keep",
    "fact",
    "stored",
    "decline",
    "deposit",
    "void",
    "refund",
    "cover",
    "hand_out",
    "return_card",
];

fn one_of<T: Copy>(random: &mut Random, all: &[T]) -> T {
    let count = i64::try_from(all.len()).expect("few");
    all[usize::try_from(random.below(count)).expect("few")]
}

/// Draws something that may happen to a visit, likely or not.
fn event(random: &mut Random, story: &Story) -> String {
    let word = one_of(random, &WORDS);
    let drawn = random.below(3 + 2 * story.visit.fee.minor);
    let amounts = [story.owed(), drawn, story.on(Account::RefundsPayable)];
    let minor = one_of(random, &amounts).max(1);
    let at = random.below(300) - 60;
    match word {
        "cancel" => format!("cancel {at}"),
        "doubtful" => {
            let (earliest, latest) = (at + random.below(90), at - random.below(90));
            format!("doubtful {at} {earliest} {latest}")
        }
        // a bank takes back no more than it was shown
        "decline" => match story.on(Account::CardOffline).min(minor) {
            0 => "no_show".into(),
            shown => format!("decline {shown}"),
        },
        word => format!("{word} {minor}"),
    }
}

/// Returns what came in with an event, or went out.
fn moved(event: &str) -> i64 {
    let mut words = event.split_whitespace();
    let word = words.next().unwrap_or_default();
    let minor = words.next().map_or(0, vectors::number);
    match word {
        "cash" | "card" | "keep" | "fact" | "stored" | "deposit" => minor,
        "decline" | "hand_out" | "return_card" => -minor,
        _ => 0,
    }
}

fn in_hand(story: &Story) -> i64 {
    let held = [
        front(),
        Account::CardClearing("stripe".into()),
        Account::CardOffline,
    ];
    let on = |account: Account| {
        let key = (account, story.visit.fee.currency);
        story.books.get(&key).copied().unwrap_or_default()
    };
    held.into_iter().map(on).sum()
}

#[test]
fn the_books_hold_after_every_one_of_a_hundred_thousand_events() {
    let mut random = Random::from_env();
    let (mut count, mut refused) = (0, 0);
    while count < EVENTS {
        let drawn = random.below(1_000_000);
        let mut story = Story::of_fee(one_of(&mut random, &[0, 1, 99, 333, 10_000, 12_345, drawn]));
        let mut moved_so_far = 0;
        let mut told = Vec::new();
        for _ in 0..8 + random.below(20) {
            let event = event(&mut random, &story);
            story.refusal = None;
            story.happen(&event);
            match story.refusal {
                None => moved_so_far += moved(&event),
                Some(_) => refused += 1,
            }
            told.push(event);
            let told = told.join("; ");
            story.check(&told);
            assert_eq!(
                in_hand(&story),
                moved_so_far,
                "what came in less what went out: {told}"
            );
            count += 1;
        }
    }
    assert!(
        (EVENTS / 10..EVENTS * 9 / 10).contains(&refused),
        "{refused} were refused"
    );
}
