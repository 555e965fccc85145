//! Emptying a desk: first what its keys are made of, so that nothing of it can be read whatever stays, then the files.

use crate::cabinet::{Cabinet, DEVICE, MARKS, Open, SIGNING};
use crate::error::Result;
use crate::hub::Hub;
use crate::meta::Device;
use crate::news::Event;
use crate::payments::receipts;
use crate::slots::Slots;
use crate::store::lock;
use serde::{Deserialize, Serialize};
use shared::orders::Wiped;
use shared::problem::Problem;
use std::fs;
use std::time::Instant;

/// What the keychain keeps until the hub knows that the desk is empty.
const EMPTIED: &str = "emptied";
/// What stays: logs hold ids only, and the lock belongs to the running program.
const STAYS: [&str; 2] = ["logs", "desk.lock"];

#[derive(Serialize, Deserialize)]
struct Emptied {
    device: Device,
    at_ms: i64,
    /// Nothing while it is under way.
    took_ms: Option<u64>,
}

impl Cabinet {
    /// Empties the desk. After the first lines nobody can open the replica, whatever becomes of the rest.
    pub(crate) fn empty(&self) -> Result<()> {
        let begun = Instant::now();
        let slots = self.slots()?;
        let mut emptied = Emptied {
            device: slots.device.clone(),
            at_ms: self.now().0,
            took_ms: None,
        };
        self.remember(&emptied)?;
        self.erase_keys(Some(&slots))?;
        let open = {
            let mut state = self.state();
            state.slots = None;
            state.emergency = None;
            state.trouble = Some(Problem::new("device.wiped", ""));
            state.open.take()
        };
        *lock(&self.0.courier) = None;
        if let Some(Open { replica, key }) = open {
            drop(key);
            if let Ok((count, Some(_))) = replica.read(receipts::count_unposted) {
                tracing::warn!(count, "This desk is emptied with money that was not posted");
            }
            replica.abandon();
        }
        self.erase_files()?;
        let took = begun.elapsed().as_millis();
        emptied.took_ms = Some(u64::try_from(took).unwrap_or(u64::MAX));
        self.remember(&emptied)?;
        tracing::warn!(device.id = %emptied.device.id, duration_ms = took, "This desk was emptied");
        self.0.changed.notify_one();
        self.tell(Event::Reloaded);
        Ok(())
    }

    /// Goes on where an emptying was cut short.
    pub(crate) fn go_on_emptying(&self) -> Result<()> {
        let Some(mut emptied) = self.emptied()?.filter(|emptied| emptied.took_ms.is_none()) else {
            return Ok(());
        };
        self.erase_keys(None)?;
        self.erase_files()?;
        emptied.took_ms = Some(0);
        self.remember(&emptied)
    }

    /// Tells the hub that the desk is empty, and forgets the key with which it could.
    pub(crate) async fn confirm(&self) -> Result<()> {
        let Some(emptied) = self.emptied()? else {
            return Ok(());
        };
        let mut device = emptied.device;
        device.secret = self.signing()?.map(|signing| *signing);
        let hub = Hub::new(device, self.0.places.hub.as_deref(), Default::default())?;
        let wiped = Wiped {
            at_ms: emptied.at_ms,
            took_ms: emptied.took_ms.unwrap_or(0),
        };
        let () = hub
            .post_json("/identity/v1/wiped", self.now(), &wiped)
            .await?;
        self.forget_emptying()
    }

    /// Lets the desk begin anew.
    pub(crate) fn forget_emptying(&self) -> Result<()> {
        if self.emptied()?.is_some() {
            self.0.keychain.remove(SIGNING)?;
            self.0.keychain.remove(EMPTIED)?;
        }
        Ok(())
    }

    /// Without the desk's own secret no slot can be tried, and the slots themselves cannot be read.
    fn erase_keys(&self, slots: Option<&Slots>) -> Result<()> {
        let people = slots.map(|slots| slots.people.keys().cloned().collect::<Vec<_>>());
        let names: Result<Vec<String>> = people
            .unwrap_or_default()
            .iter()
            .map(|who| self.name_of(who))
            .collect();
        self.0.keychain.remove(DEVICE)?;
        Slots::erase(self.dir())?;
        for name in names? {
            self.0.keychain.remove(&name)?;
        }
        self.0.keychain.remove(MARKS)
    }

    fn erase_files(&self) -> Result<()> {
        for entry in fs::read_dir(self.dir())? {
            let entry = entry?;
            if STAYS.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            let removed = if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())
            } else {
                fs::remove_file(entry.path())
            };
            if let Err(error) = removed {
                // such as a file the window still writes: nothing in it is a record
                tracing::warn!(%error, "A file stayed when this desk was emptied");
            }
        }
        Ok(())
    }

    fn emptied(&self) -> Result<Option<Emptied>> {
        let kept = self.0.keychain.get(EMPTIED)?;
        Ok(kept.and_then(|kept| serde_json::from_slice(&kept).ok()))
    }

    fn remember(&self, emptied: &Emptied) -> Result<()> {
        let text = serde_json::to_vec(emptied).expect("what we keep has string keys only");
        self.0.keychain.set(EMPTIED, &text)
    }
}
