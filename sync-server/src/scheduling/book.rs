//! Who gets the slots that a push asks for: decided in the transaction of the push, once its doctors' days are locked.

use super::hours::Hours;
use super::tables::{self, Day, Had, Kept, Said};
use super::tell::{self, Holding};
use super::waiting;
use serde_json::Value;
use shared::ids::{DeviceId, RecordId};
use shared::record;
use shared::scheduling::adjudicate::{Answer, Request, Waiting, at_once};
use shared::scheduling::clinic::Clinic;
use shared::scheduling::telling::Step;
use shared::scheduling::visit::{slot_of, wants_slot};
use shared::scheduling::{Appointment, AppointmentStatus};
use shared::sync::late::Made;
use shared::sync::wire::Hash;
use sqlx::PgConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

/// What the document of an appointment says that has its slot, and of one that waits.
pub(crate) const STANDS: &str = "stands";
pub(crate) const WAITS: &str = "waits";

/// An appointment as a push leaves it.
#[derive(Clone, Debug)]
pub(crate) struct Visit<'a> {
    pub(crate) appointment: RecordId,
    pub(crate) body: &'a Value,
    /// The last change, and when it was made.
    pub(crate) change: Hash,
    pub(crate) made: Made,
    /// The hub made it by itself.
    pub(crate) is_decided: bool,
    /// Those of the changes of the push that say what became of it.
    pub(crate) steps: Vec<Step>,
    /// What it says when it has its slot, if that can be said at once.
    pub(crate) answered: Option<&'a Value>,
}

impl<'a> Visit<'a> {
    /// Returns it as it is once the hub has said in it that it has its slot.
    fn told(&self, came_ms: i64) -> Visit<'a> {
        Visit {
            body: self.answered.unwrap_or(self.body),
            made: Made::surely(came_ms),
            is_decided: true,
            ..self.clone()
        }
    }
}

/// Who pushes, and when it came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender {
    pub(crate) device: DeviceId,
    /// The hub itself: it brings in what happened elsewhere, and nobody waits for a decision about the past.
    pub(crate) is_hub: bool,
    pub(crate) came_ms: i64,
}

/// What is left to do once a push was committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Left {
    #[default]
    Nothing,
    /// Something was decided that an appointment has to say.
    ToSay,
    /// Somebody waits for a decision too.
    ToDecide,
}

/// What became of a push.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    pub(crate) left: Left,
    /// Appointments that have their slots, and are to say so at once.
    pub(crate) stand: BTreeSet<RecordId>,
}

/// An appointment that wants a slot.
struct Wish {
    request: Request,
    status: AppointmentStatus,
    hears: bool,
}

impl Wish {
    fn of(visit: &Visit<'_>, sender: Sender, clinic: &Clinic) -> Option<Self> {
        let body = record::parse::<Appointment>(visit.body).ok()?;
        let slot = slot_of(&body, clinic)?;
        let request = Request {
            priority: body.priority,
            is_unleased: true,
            // a clock that was set puts nobody before somebody else
            t_ms: visit.made.at_ms,
            device: sender.device,
            command: visit.change,
            appointment: visit.appointment,
            patient: body.patient?,
            practitioner: body.practitioner?,
            slot,
        };
        let wish = Self {
            request,
            status: body.status,
            hears: visit.answered.is_some(),
        };
        (wants_slot(body.status) && slot.end_ms > slot.start_ms).then_some(wish)
    }

    fn is_for(&self, had: &Had) -> bool {
        let same =
            (had.practitioner, had.patient) == (self.request.practitioner, self.request.patient);
        same && had.slot.start_ms == self.request.slot.start_ms
            && had.slot.end_ms == self.request.slot.end_ms
    }

    /// Says whether what it has, or waits for, is what it wants.
    fn is_met(&self, had: &Had) -> bool {
        self.is_for(had) && !(had.waits && self.status.is_fact())
    }
}

/// Gives away and takes back what the appointments of a push want.
pub(crate) async fn settle(
    tx: &mut PgConnection,
    hours: &Hours,
    sender: Sender,
    visits: &[Visit<'_>],
) -> sqlx::Result<Settled> {
    if visits.is_empty() {
        return Ok(Settled::default());
    }
    let clinic = &hours.clinic;
    let ids: Vec<Uuid> = visits.iter().map(|visit| visit.appointment.0).collect();
    let wishes: Vec<Option<Wish>> = visits
        .iter()
        .map(|visit| Wish::of(visit, sender, clinic))
        .collect();
    let mut kept = tables::kept(tx, clinic, &ids).await?;
    let mut days: BTreeSet<Day> = BTreeSet::new();
    for (visit, wish) in visits.iter().zip(&wishes) {
        let has = kept.had.get(&visit.appointment);
        if let (Some(wish), Some(has)) = (wish, has)
            && wish.is_met(has)
            && !has.waits
        {
            continue;
        }
        days.extend(has.map(|has| (has.practitioner, has.slot.date)));
        days.extend(
            wish.iter()
                .map(|wish| (wish.request.practitioner, wish.request.slot.date)),
        );
    }
    if !days.is_empty() {
        tables::lock_days(tx, &days).await?;
    }
    if kept.had.values().any(|had| had.waits) {
        // it may have been decided before the days were ours
        kept = tables::kept(tx, clinic, &ids).await?;
    }
    let Kept { had, listed, known } = kept;
    let (mut gone, mut wanted, mut left) = (Vec::new(), Vec::new(), Left::Nothing);
    let holders = had.iter().filter(|(_, had)| !had.waits);
    let mut holding = Holding {
        before: holders.map(|(appointment, _)| *appointment).collect(),
        now: BTreeSet::new(),
    };
    for (visit, wish) in visits.iter().zip(wishes) {
        match (wish, had.get(&visit.appointment)) {
            (Some(wish), Some(has)) if wish.is_met(has) => {
                holding
                    .now
                    .extend((!has.waits).then_some(visit.appointment));
                left = left.max(say_again(tx, &wish, has).await?);
            }
            (wish, has) => {
                gone.extend(has.map(|_| visit.appointment.0));
                wanted.extend(wish);
            }
        }
    }
    if !gone.is_empty() {
        tables::forget(tx, &gone).await?;
    }
    let mut settled = grant(tx, clinic, sender, wanted, &mut holding.now).await?;
    let visits: Vec<Visit<'_>> = visits
        .iter()
        .map(|visit| match settled.stand.contains(&visit.appointment) {
            true => visit.told(sender.came_ms),
            false => visit.clone(),
        })
        .collect();
    tell::tell(tx, clinic, sender, &visits, &known, &holding).await?;
    waiting::keep(tx, clinic, sender, &visits, &listed).await?;
    settled.left = settled.left.max(left);
    Ok(settled)
}

/// An appointment that has what it wants may not say so.
async fn say_again(tx: &mut PgConnection, wish: &Wish, has: &Had) -> sqlx::Result<Left> {
    let outcome = match (has.waits, wish.status.asks_for_slot()) {
        (true, false) => WAITS,
        (false, true) => STANDS,
        (true, true) => return Ok(Left::ToDecide),
        (false, false) => return Ok(Left::Nothing),
    };
    tables::decided(tx, wish.request.appointment, outcome, Said::NotYet).await?;
    Ok(Left::ToSay)
}

/// Decides about what is wanted, one after the other.
async fn grant(
    tx: &mut PgConnection,
    clinic: &Clinic,
    sender: Sender,
    wanted: Vec<Wish>,
    holders: &mut BTreeSet<RecordId>,
) -> sqlx::Result<Settled> {
    if wanted.is_empty() {
        return Ok(Settled::default());
    }
    let requests: Vec<Request> = wanted.iter().map(|wish| wish.request.clone()).collect();
    let desk = (!sender.is_hub).then_some(sender.device);
    let (mut standing, open) = tables::around(tx, clinic, &requests, desk).await?;
    let mut open: Vec<Request> = open.into_iter().map(|waiting| waiting.request).collect();
    let mut settled = Settled::default();
    for Wish {
        mut request,
        status,
        hears,
    } in wanted
    {
        let lease = standing
            .own
            .get(&(request.practitioner, request.slot.start_ms))
            .copied();
        request.is_unleased = lease.is_none();
        // nobody is kept waiting with what has happened already
        let is_done = status.is_fact() || sender.is_hub;
        let others: &[Request] = if is_done { &[] } else { &open };
        let came_ms = if is_done {
            request.t_ms
        } else {
            sender.came_ms
        };
        let answer = at_once(&standing.booked, others, &request, came_ms);
        match (answer, lease) {
            (Answer::Stands, Some(lease)) => {
                standing
                    .own
                    .remove(&(request.practitioner, request.slot.start_ms));
                tables::give_lent(tx, lease, &request).await?;
            }
            (Answer::Stands, None) if hears => {
                tables::give(tx, clinic, &request, Said::Already).await?;
                settled.stand.insert(request.appointment);
            }
            (Answer::Stands, None) => tables::give(tx, clinic, &request, said_of(status)).await?,
            (Answer::Waits, _) => {
                let came_ms = sender.came_ms;
                let waiting = Waiting {
                    request: request.clone(),
                    came_ms,
                };
                tables::wait(tx, clinic, &waiting).await?;
                open.push(request.clone());
            }
            (Answer::Lost(_), _) => {}
        }
        if answer == Answer::Stands {
            holders.insert(request.appointment);
            standing
                .booked
                .add(request.practitioner, request.patient, request.slot);
        }
        let is_past = request.slot.start_ms <= sender.came_ms && sender.is_hub;
        let said = said(answer, status, is_past);
        let is_noted = answer == Answer::Stands && lease.is_none();
        if let Some((outcome, said)) = said
            && !is_noted
        {
            tables::decided(tx, request.appointment, outcome, said).await?;
        }
        if answer == Answer::Waits {
            settled.left = Left::ToDecide;
        } else if matches!(said, Some((_, Said::NotYet)))
            && !settled.stand.contains(&request.appointment)
        {
            settled.left = settled.left.max(Left::ToSay);
        }
    }
    Ok(settled)
}

/// Says whether an appointment that stands says so already.
fn said_of(status: AppointmentStatus) -> Said {
    if status.asks_for_slot() {
        Said::NotYet
    } else {
        Said::Already
    }
}

/// Returns what is decided with an answer, and whether the appointment says it already. Nothing is decided about what has
/// happened without a slot, or is past and comes from elsewhere: nobody can be told to come at another time.
fn said(answer: Answer, status: AppointmentStatus, is_past: bool) -> Option<(&'static str, Said)> {
    match answer {
        Answer::Stands => Some((STANDS, said_of(status))),
        Answer::Waits if status.asks_for_slot() => None,
        Answer::Waits => Some((WAITS, Said::NotYet)),
        Answer::Lost(_) if status.is_fact() || is_past => None,
        Answer::Lost(lost) => Some((lost.code(), Said::NotYet)),
    }
}
