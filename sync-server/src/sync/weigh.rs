//! Weighs the envelopes of a push against the records they change: pure, and on all cores when there are many.

use crate::claims::{self, Claim, Hours};
use crate::conflicts::keep::{Looked, look};
use crate::sync::cores::on_all_cores;
use crate::sync::lock::KnownStaff;
use crate::sync::stored::{Stop, Wanted, has, stored_after, stored_before};
use jiff::civil::Date;
use shared::access::Actor;
use shared::document::{Clock, Heads, Merged};
use shared::ids::{DeviceId, DeviceNumber, RecordId, StaffId, WardId};
use shared::planted::{self, Fault};
use shared::problem::Problem;
use shared::record::{self, Keys, Kind};
use shared::sync::follow;
use shared::sync::guard::PUSH_OPS;
use shared::sync::judge::{Author, Authority, Inspected, Judged, inspect_if, is_timely, judge};
use shared::sync::late::Made;
use shared::sync::waybill::{Doubt, Waybill};
use shared::sync::wire::{Envelope, Hash, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// Where a push comes from, as the hub knows it.
#[derive(Clone, Debug)]
pub struct Source {
    pub device: DeviceId,
    pub number: DeviceNumber,
    pub incarnation: u16,
    /// The device's ward: it may change what that ward sees. Nothing for the hub itself, which may change anything.
    pub ward: Option<WardId>,
    /// The place of the push among those of the device; nothing from the hub itself and from desks of the version before.
    pub waybill: Option<Waybill>,
    /// A person looked at what was held, and lets it in.
    pub reviewed: bool,
    /// By how much the device's clock is ahead, as it was heard with this push.
    pub ahead_ms: Option<i64>,
}

impl Source {
    fn authority(&self) -> Authority {
        match (self.ward, self.reviewed) {
            (_, true) => Authority::Reviewer,
            (None, false) => Authority::Hub,
            (Some(_), false) => Authority::Own,
        }
    }

    /// Returns which incarnation of the device has these changes already: it gets only their hashes. A desk took out what
    /// was held.
    pub(crate) fn echo(&self) -> i32 {
        if self.reviewed {
            return -1;
        }
        i32::from(self.incarnation)
    }
}

/// An envelope and what it says of itself.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) kind: Option<Kind>,
    pub(crate) record: RecordId,
    pub(crate) change: Vec<u8>,
    pub(crate) seen: Result<Inspected, Problem>,
}

/// Reads every envelope, within the limits that protect Automerge. A push that would unpack to too much is a problem.
pub(crate) fn read(source: &Source, envelopes: Vec<Envelope>) -> Result<Vec<Letter>, Problem> {
    let room = match source.authority() {
        Authority::Hub => u64::MAX,
        Authority::Own | Authority::Reviewer => PUSH_OPS,
    };
    let unpacked = AtomicU64::new(0);
    let has_room = |operations: u64| {
        let before = unpacked.fetch_add(operations, Ordering::Relaxed);
        before.saturating_add(operations) <= room
    };
    let letters = on_all_cores(
        envelopes,
        |Envelope {
             kind,
             record,
             change,
         }| {
            let seen = inspect_if(&change, has_room);
            Letter {
                kind: Kind::from_number(kind),
                record,
                change,
                seen,
            }
        },
    );
    let too_large = |letter: &Letter| {
        let problem = letter.seen.as_ref().err();
        problem
            .filter(|problem| problem.code == "push.too_large")
            .cloned()
    };
    match letters.iter().find_map(too_large) {
        Some(problem) => Err(problem),
        None => Ok(letters),
    }
}

/// A record as it was before the push.
#[derive(Clone, Debug)]
pub(crate) struct Before {
    pub(crate) kind: Kind,
    pub(crate) chart: RecordId,
    /// The changes behind what is in [`Known::documents`].
    pub(crate) tail: Vec<u8>,
    pub(crate) body: serde_json::Value,
    pub(crate) heads: Heads,
    pub(crate) clock: Clock,
    pub(crate) conflicts: u32,
}

/// What is known of the hospital while a push is weighed. Rows of it are locked.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) staff: KnownStaff,
    pub(crate) records: BTreeMap<RecordId, Before>,
    /// Documents as they were saved last, of the records that turned out to need theirs: few do.
    pub(crate) documents: BTreeMap<RecordId, Vec<u8>>,
    /// The wards that see each chart; a chart that is new is absent.
    pub(crate) charts: BTreeMap<RecordId, BTreeSet<WardId>>,
    pub(crate) wards: BTreeSet<WardId>,
    /// What other records have.
    pub(crate) denied: BTreeMap<RecordId, BTreeSet<Claim>>,
    pub(crate) today: Date,
    pub(crate) hours: Hours,
    /// What the device wrote before an old copy of its replica was put back.
    pub(crate) doubt: Option<Doubt>,
    /// Charts that left the device's ward, and until when its work on them counts, in milliseconds since 1970.
    pub(crate) left: BTreeMap<RecordId, i64>,
    /// Changes that were made after their desk was stopped or their author left.
    pub(crate) late: BTreeMap<Hash, Problem>,
    /// When changes were made, by the hub's clock; only of pushes where that matters.
    pub(crate) made: BTreeMap<Hash, Made>,
    /// Seconds since 1970.
    pub(crate) now_s: i64,
}

/// What `merged.doc` of a record is after the push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// The whole document, saved anew.
    Anew,
    /// The changes behind the document that was saved last.
    Behind,
}

/// A record that the push changes.
#[derive(Debug)]
pub(crate) struct After {
    pub(crate) id: RecordId,
    pub(crate) kind: Kind,
    pub(crate) chart: RecordId,
    pub(crate) keys: Keys,
    pub(crate) merged: Merged,
    pub(crate) written: Written,
    pub(crate) changed_by: Option<StaffId>,
    pub(crate) changed_at: i64,
    /// Which letters were taken, in order.
    pub(crate) taken: Vec<usize>,
    /// What it has that only one record may have, if the push wrote it.
    pub(crate) claim: Option<Claim>,
    /// Whether the push wrote what claims are made of: then what the database knows of its claim is out of date.
    pub(crate) reclaimed: bool,
    /// What it decided without asking anybody; nothing where there is nothing to decide.
    pub(crate) looked: Option<Looked>,
    /// Changes that were taken although it is not sure when they were made, and that matters.
    pub(crate) unsure: Vec<(Hash, Problem)>,
}

/// What becomes of a push.
#[derive(Debug)]
pub(crate) struct Weighed {
    /// One for each letter.
    pub(crate) verdicts: Vec<Verdict>,
    /// In order of their first taken letter.
    pub(crate) records: Vec<After>,
    /// Records whose documents have to be looked at before anything can be said. When there are some, the rest is
    /// worth nothing: get them and weigh again.
    pub(crate) wanted: Vec<RecordId>,
}

/// Decides about every letter.
pub(crate) fn weigh(source: &Source, letters: &[Letter], known: &Known) -> Weighed {
    let mut by_record: BTreeMap<RecordId, Vec<usize>> = BTreeMap::new();
    for (place, letter) in letters.iter().enumerate() {
        by_record.entry(letter.record).or_default().push(place);
    }
    let weighed = on_all_cores(
        by_record.into_iter().collect(),
        |(id, places): (RecordId, Vec<usize>)| Scale { source, known, id }.weigh(letters, &places),
    );
    let mut verdicts = vec![Verdict::Had; letters.len()];
    let (mut records, mut wanted) = (Vec::new(), Vec::new());
    for weighed in weighed {
        match weighed {
            Ok((of_record, after)) => {
                for (place, verdict) in of_record {
                    verdicts[place] = verdict;
                }
                records.extend(after);
            }
            Err(Wanted(id)) => wanted.push(id),
        }
    }
    records.sort_by_key(|after| after.taken.first().copied());
    Weighed {
        verdicts,
        records,
        wanted,
    }
}

/// The verdicts of one record's letters, and the record after them if any was taken.
type OfRecord = (Vec<(usize, Verdict)>, Option<After>);

/// Weighs the letters of one record, one after the other.
struct Scale<'a> {
    source: &'a Source,
    known: &'a Known,
    id: RecordId,
}

impl Scale<'_> {
    fn weigh(&self, letters: &[Letter], places: &[usize]) -> Result<OfRecord, Wanted> {
        let mut after: Option<After> = None;
        let mut verdicts = Vec::with_capacity(places.len());
        for place in places {
            let verdict = match self.one(&letters[*place], *place, &mut after) {
                Ok(verdict) => verdict,
                Err(Stop::Held(problems)) => Verdict::Held { problems },
                Err(Stop::Wanted(wanted)) => return Err(wanted),
            };
            verdicts.push((*place, verdict));
        }
        if let Some(after) = &mut after {
            after.looked = look(self.known.records.get(&self.id), after);
        }
        Ok((verdicts, after))
    }

    fn one(
        &self,
        letter: &Letter,
        place: usize,
        after: &mut Option<After>,
    ) -> Result<Verdict, Stop> {
        let refused = |problem: Problem| {
            Ok(Verdict::Refused {
                problems: vec![problem],
            })
        };
        let before = self.before(letter.seen.as_ref().ok());
        let Some(kind) = letter
            .kind
            .filter(|kind| before.is_none_or(|before| before.kind == *kind))
        else {
            return refused(Problem::new("record.kind", ""));
        };
        let seen = match &letter.seen {
            Ok(seen) => seen,
            Err(problem) => return refused(problem.clone()),
        };
        if seen.incarnation > self.source.incarnation && !planted::is_on(Fault::AnyAuthor) {
            // an incarnation that the device itself does not claim to be
            return refused(Problem::new("change.actor", ""));
        }
        if !is_timely(seen.at_s, self.known.now_s) && !self.source.reviewed {
            return Err(vec![Problem::new("change.time", "")].into());
        }
        let actor = match self.actor(seen) {
            Ok(actor) => actor,
            Err(problem) => {
                // taken before their account was closed, only the answer was lost?
                let doc = self.document(before, after.as_ref())?;
                return if doc.is_some_and(|doc| has(&doc, seen)) {
                    Ok(Verdict::Had)
                } else {
                    Err(vec![problem].into())
                };
            }
        };
        if let Some(before) = before {
            self.sees(before.chart, seen, "")?;
        }
        let stored = match after {
            Some(after) => Some(stored_after(after)),
            None => before.map(stored_before),
        };
        let author = Author {
            actor: &actor,
            number: self.source.number,
            authority: self.source.authority(),
        };
        let today = self.known.today;
        let short = stored
            .as_ref()
            .and_then(|stored| follow::judge(kind, stored, seen, author, today));
        let (judged, written) = match short {
            // what was at hand got longer by the change
            Some(judged) => (
                judged,
                after
                    .as_ref()
                    .map_or(Written::Behind, |after| after.written),
            ),
            None => {
                let doc = self.document(before, after.as_ref())?;
                let judged = judge(kind, doc.as_deref(), seen, author, today);
                (judged, Written::Anew)
            }
        };
        match judged {
            Judged::Had => Ok(Verdict::Had),
            Judged::Parked(missing) => Ok(Verdict::Parked { missing }),
            Judged::Held(problems) => Err(problems.into()),
            Judged::Refused(problems) => Ok(Verdict::Refused { problems }),
            Judged::Taken(merged) => {
                self.take(kind, seen, place, (*merged, written), after)?;
                Ok(Verdict::Taken)
            }
        }
    }

    /// Returns the document of the record as it is by now; nothing when it is new.
    fn document(
        &self,
        before: Option<&Before>,
        after: Option<&After>,
    ) -> Result<Option<Vec<u8>>, Wanted> {
        if let Some(after) = after.filter(|after| after.written == Written::Anew) {
            return Ok(Some(after.merged.doc.clone()));
        }
        let Some(before) = before else {
            return Ok(None);
        };
        let saved = self.known.documents.get(&self.id).ok_or(Wanted(self.id))?;
        let tail = after.map_or(&before.tail, |after| &after.merged.doc);
        Ok(Some([saved.as_slice(), tail].concat()))
    }

    fn actor(&self, seen: &Inspected) -> Result<Actor, Problem> {
        let is_doubted = |doubt: Doubt| doubt.is_about(seen.incarnation, seen.at_s);
        if self.known.doubt.is_some_and(is_doubted) {
            return Err(Problem::new("device.rolled_back", ""));
        }
        let staff = seen
            .staff
            .ok_or_else(|| Problem::new("staff.unknown", ""))?;
        let author = self
            .known
            .staff
            .get(&staff)
            .ok_or_else(|| Problem::new("staff.unknown", ""))?;
        if let Some(problem) = self.known.late.get(&seen.hash) {
            return Err(problem.clone());
        }
        // the hub imports under a name that cannot sign in; who left could until then
        if !author.is_active
            && author.left_ms.is_none()
            && self.source.authority() == Authority::Own
        {
            return Err(Problem::new("staff.inactive", ""));
        }
        let ward = self.source.ward.unwrap_or(WardId(Uuid::nil()));
        Ok(Actor {
            staff,
            roles: author.roles.clone(),
            ward,
            device: self.source.device,
        })
    }

    /// Returns the record as it was, as far as the ward may know: one that it never saw is to it as if it were not there.
    fn before(&self, seen: Option<&Inspected>) -> Option<&Before> {
        let before = self.known.records.get(&self.id)?;
        let is_hidden = !self.known.left.contains_key(&before.chart)
            && seen.is_none_or(|seen| self.sees(before.chart, seen, "").is_err())
            && !planted::is_on(Fault::ForeignIdsShow);
        (!is_hidden).then_some(before)
    }

    /// A desk may write into a chart that its ward sees, and begin one. Else it could make itself see any chart.
    fn sees(&self, chart: RecordId, seen: &Inspected, field: &str) -> Result<(), Vec<Problem>> {
        let Some(ward) = self.source.ward else {
            return Ok(());
        };
        match self.known.charts.get(&chart) {
            Some(wards)
                if !wards.is_empty()
                    && !wards.contains(&ward)
                    && !self.source.reviewed
                    && !self.saw(chart, seen)
                    && !planted::is_on(Fault::AnyWard) =>
            {
                let has_left = self.known.left.contains_key(&chart);
                let code = if has_left {
                    "record.left"
                } else {
                    "not_allowed"
                };
                Err(vec![Problem::new(code, field)])
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Says whether a change was made before its chart left the ward.
    fn saw(&self, chart: RecordId, seen: &Inspected) -> bool {
        let until = self.known.left.get(&chart);
        let made = self.known.made.get(&seen.hash);
        until
            .zip(made)
            .is_some_and(|(until, made)| made.at_ms <= *until)
    }

    /// Adds what only the hub can know to a sound change, and makes it part of the record.
    fn take(
        &self,
        kind: Kind,
        seen: &Inspected,
        place: usize,
        (merged, written): (Merged, Written),
        after: &mut Option<After>,
    ) -> Result<(), Vec<Problem>> {
        if self.before(Some(seen)).is_none() && self.known.records.contains_key(&self.id) {
            // a second beginning of what another ward has
            return Err(vec![Problem::new("not_allowed", "")]);
        }
        let keys = record::keys(kind, &merged.body);
        let chart = keys.subject.unwrap_or(self.id);
        self.sees(chart, seen, kind.subject_path().unwrap_or_default())?;
        if keys
            .ward
            .is_some_and(|ward| !self.known.wards.contains(&ward))
        {
            return Err(vec![Problem::new("ward.unknown", "ward")]);
        }
        let wrote = claims::writes(kind, seen);
        let doubt = if wrote && self.source.authority() != Authority::Hub {
            claims::keeps_rules(kind, self.known, (self.id, after.as_ref()), &merged, seen)?
        } else {
            None
        };
        let claim = match after {
            Some(after) if !wrote => after.claim.clone(),
            _ if wrote => claims::of(kind, &merged.body),
            _ => None,
        };
        if let Some(claim) = claim.as_ref().filter(|claim| self.is_denied(claim)) {
            return Err(vec![claim.problem()]);
        }
        let reclaimed = wrote || after.as_ref().is_some_and(|after| after.reclaimed);
        let mut merged = merged;
        let (mut taken, mut unsure) = (Vec::new(), Vec::new());
        if let Some(before) = after.take() {
            merged.has_branches |= before.merged.has_branches;
            (taken, unsure) = (before.taken, before.unsure);
        }
        taken.push(place);
        unsure.extend(doubt.map(|doubt| (seen.hash, doubt)));
        let (id, changed_by, changed_at) = (self.id, seen.staff, seen.at_s);
        *after = Some(After {
            id,
            kind,
            chart,
            keys,
            merged,
            written,
            changed_by,
            changed_at,
            taken,
            claim,
            reclaimed,
            looked: None,
            unsure,
        });
        Ok(())
    }

    fn is_denied(&self, claim: &Claim) -> bool {
        self.known
            .denied
            .get(&self.id)
            .is_some_and(|denied| denied.contains(claim))
    }
}

/// Returns the heads as they are stored.
pub(crate) fn heads_of(merged: &Merged) -> Vec<u8> {
    Heads::to_bytes(&merged.heads)
}
