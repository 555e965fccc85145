//! Whatever is done to a chain or a tree afterwards shows, and the first bad entry is named.

use super::*;
use crate::audit::entry::What;
use crate::audit::{start, tree};
use crate::ids::StaffId;
use uuid::Uuid;

const FIRST: Hash = [9; 32];

/// Chance that can be repeated: SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).unwrap()
    }
}

fn device() -> DeviceId {
    DeviceId(Uuid::from_u128(7))
}

fn entry(n: u64) -> Entry {
    let staff = StaffId(Uuid::from_u128(u128::from(n % 5)));
    Entry::new(What::ChartViewed, n.cast_signed(), device(), Some(staff))
}

/// A chain and its end.
fn chain(length: u64) -> (Vec<Link>, Pen) {
    let mut pen = Pen::begin(device(), 1, FIRST);
    let links = (1..=length).map(|n| pen.write(&entry(n))).collect();
    (links, pen)
}

fn check(links: &[Link], pen: &Pen) -> Option<(u64, Flaw)> {
    Checker::begin(device(), 1, Some(FIRST)).first_bad(links, Some((pen.seq, pen.head)))
}

/// Does something to a list and returns the index of the first thing that is not as it was.
fn tamper<T: Clone + PartialEq>(
    dice: &mut Dice,
    list: &mut Vec<T>,
    mut edit: impl FnMut(&mut Dice, usize, &mut T),
) -> usize {
    let whole = list.clone();
    while *list == whole {
        let at = dice.below(list.len());
        match dice.below(5) {
            0 => edit(dice, at, &mut list[at]),
            1 => drop(list.remove(at)),
            2 => {
                let other = dice.below(list.len());
                list.swap(at, other);
            }
            3 => list.truncate(at),
            _ => {
                let again = list[at].clone();
                list.insert(dice.below(list.len()), again);
            }
        }
    }
    let same = whole
        .iter()
        .zip(list.iter())
        .take_while(|(was, is)| was == is);
    same.count()
}

#[test]
fn whatever_is_done_to_a_chain_shows_and_the_first_bad_entry_is_named() {
    let seed = 20_270_301;
    let mut dice = Dice(seed);
    for round in 0..500 {
        let (mut links, pen) = chain(2 + dice.below(40) as u64);
        assert_eq!(check(&links, &pen), None);
        let bad = tamper(&mut dice, &mut links, |dice, _, link| match dice.below(4) {
            0 => {
                let at = dice.below(link.entry.len());
                link.entry[at] ^= 1 << dice.below(8);
            }
            1 => link.hash[dice.below(32)] ^= 1,
            2 => link.seal[dice.below(32)] ^= 1,
            _ => link.seq += 1 + dice.below(3) as u64,
        });
        let found = check(&links, &pen).map(|(seq, _)| seq);
        assert_eq!(found, Some(bad as u64 + 1), "seed {seed} round {round}");
    }
}

#[test]
fn whoever_takes_a_desk_cannot_write_its_past_again() {
    let (links, pen) = chain(20);
    for at in 0..20_usize {
        // everything is made anew from there, with the only key the desk still has
        let mut forged = links[..at].to_vec();
        let before = forged.last().map_or(origin(device(), 1), |link| link.hash);
        let mut other = Pen {
            seq: at as u64,
            head: before,
            ..pen.clone()
        };
        forged.extend((at as u64..20).map(|n| other.write(&entry(n + 100))));
        let found = Checker::begin(device(), 1, Some(FIRST)).first_bad(&forged, None);
        assert_eq!(found, Some((at as u64 + 1, Flaw::Seal)));
        // without the seals nobody would see it
        assert_eq!(
            Checker::begin(device(), 1, None).first_bad(&forged, None),
            None
        );
    }
}

#[test]
fn a_chain_that_was_cut_and_goes_on_shows() {
    let (links, pen) = chain(10);
    let mut cut = Pen {
        seq: 6,
        head: links[5].hash,
        ..pen
    };
    let mut forged = links[..6].to_vec();
    forged.push(cut.write(&entry(11)));
    let found = Checker::begin(device(), 1, Some(FIRST)).first_bad(&forged, None);
    assert_eq!(found, Some((7, Flaw::Seal)));
}

#[test]
fn what_follows_a_bad_entry_is_judged_by_itself() {
    let (mut links, _) = chain(10);
    links[3].entry[5] ^= 1;
    links.remove(7);
    let mut checker = Checker::begin(device(), 1, Some(FIRST));
    let flaws: Vec<(u64, Flaw)> = links
        .iter()
        .filter_map(|link| checker.follow(link).err().map(|flaw| (link.seq, flaw)))
        .collect();
    assert_eq!(flaws, [(4, Flaw::Hash), (9, Flaw::Gap)]);
}

#[test]
fn a_batch_is_worth_only_what_its_device_signed() {
    let key = SigningKey::from_bytes(&[1; 32]);
    let hub = SigningKey::from_bytes(&[2; 32]).verifying_key();
    let begun = start::lock(&FIRST, device(), 1, &hub, &[3; 32]);
    let batch = Batch::sign(device(), 1, begun, chain(3).0, &key);
    assert!(batch.is_signed_by(&key.verifying_key()));
    assert!(!batch.is_signed_by(&hub));
    let shorter = Batch {
        links: batch.links[..2].to_vec(),
        ..batch.clone()
    };
    assert!(!shorter.is_signed_by(&key.verifying_key()));
    let none = Batch {
        links: Vec::new(),
        ..batch
    };
    assert!(!none.is_signed_by(&key.verifying_key()));
}

#[test]
fn whatever_is_done_to_a_tree_changes_its_root() {
    let seed = 20_270_302;
    let mut dice = Dice(seed);
    for round in 0..500 {
        let size = 2 + dice.below(60) as u64;
        let entries: Vec<Vec<u8>> = (0..size).map(|n| entry(n).to_bytes()).collect();
        let root = |entries: &[Vec<u8>]| {
            tree::root(&entries.iter().map(|e| tree::leaf(e)).collect::<Vec<_>>())
        };
        let mut changed = entries.clone();
        tamper(&mut dice, &mut changed, |dice, _, bytes| {
            let at = dice.below(bytes.len());
            bytes[at] ^= 1 << dice.below(8);
        });
        assert_ne!(root(&entries), root(&changed), "seed {seed} round {round}");
    }
}
