//! Everything a replica knows that there is one of: the device it belongs to, its place in the feed, reference data.

use crate::error::Result;
use crate::papers::Papers;
use rusqlite::{Connection, OptionalExtension, params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::ids::{DeviceId, DeviceNumber, WardId};
use shared::sync::wire::NumberBlock;

/// Who this device is to the hub.
#[derive(Clone, Serialize, Deserialize, PartialEq)]
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    pub(crate) number: DeviceNumber,
    pub(crate) ward: WardId,
    pub(crate) name: String,
    pub(crate) hub: String,
    /// Ed25519 secret, for a desk without a keychain. The file it lies in is encrypted.
    pub(crate) secret: Option<[u8; 32]>,
    /// What it shows over TLS; nothing for a desk that only ever knew a plain line.
    #[serde(default)]
    pub(crate) papers: Option<Papers>,
    /// Ed25519 public key of the hub, the only one that is believed.
    #[serde(default)]
    pub(crate) hub_key: Option<String>,
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Device {}", self.id)
    }
}

/// A value there is one of, with the type it has.
pub(crate) struct Item<T>(&'static str, std::marker::PhantomData<T>);

macro_rules! items {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $word:literal;)+) => {
        $($(#[$doc])* pub(crate) const $name: Item<$type> = Item::new($word);)+
    };
}

items! {
    DEVICE: Device = "device";
    /// Grows when the replica was restored, rebuilt after damage, or had to drop refused changes.
    INCARNATION: u16 = "incarnation";
    /// The newest push that was answered.
    PLACE: shared::sync::waybill::Place = "place";
    /// The place in the feed up to which everything is in.
    CURSOR: u64 = "cursor";
    /// The lineage of the hub that the place is of.
    LINEAGE: uuid::Uuid = "lineage";
    /// The hub was put back from a backup: up to this record it was asked what it lost of this desk's changes.
    GIVING_BACK: i64 = "giving_back";
    /// A first load was completed.
    LOADED: bool = "loaded";
    /// Why the replica has to be loaded anew; nothing normally.
    REBUILD: String = "rebuild";
    /// After a rebuild the feed is asked to tell this desk its own changes too, until it has caught up.
    OWN_TOO: bool = "own_too";
    /// Hospital numbers that may still be given here.
    NUMBERS: Vec<NumberBlock> = "numbers";
    /// What this desk was lent of doctors' time.
    LENT: crate::allotment::Lending = "lent";
    /// What it gave away of that since it asked: doctors and starts.
    GIVEN: Vec<(shared::ids::StaffId, i64)> = "given";
    /// What receipts are numbered with, by year.
    PADS: Vec<shared::payments::desk::Pad> = "pads";
    /// How far the bills go.
    BILLS: crate::payments::bills::Upto = "bills";
    REFERENCE: shared::staff::Reference = "reference";
    /// Version of the reference data, so that it need not be read to know.
    REFERENCE_VERSION: u64 = "reference_version";
    /// Milliseconds since 1970 when the hub last confirmed that this desk has everything.
    SYNCED: i64 = "synced";
    /// Milliseconds this computer's clock is ahead of the hub's.
    AHEAD: i64 = "ahead";
    /// Milliseconds since 1970, by this computer's clock, when the hub was last heard for certain.
    CONTACT: i64 = "contact";
    /// What was found and done at the last opening, as a code.
    NOTICE: String = "notice";
    /// When the digest was last compared, milliseconds since 1970.
    COMPARED: i64 = "compared";
    /// How far the emergency summaries go.
    EMERGENCY: crate::summaries::Upto = "emergency";
    /// Where the audit chain ends, and the key of its next entry.
    AUDIT_PEN: shared::audit::chain::Pen = "audit_pen";
    /// Something was erased of which the search index and the log still have traces.
    UNTIDY: bool = "untidy";
    /// Which sign-ins of a locked desk were put in the chain last.
    TRIED: Vec<[u8; 8]> = "tried";
    /// The key with which the first keys of audit chains are locked for the hub.
    AUDIT_HUB: shared::audit::chain::HubKey = "audit_hub";
}

impl<T: Serialize + DeserializeOwned> Item<T> {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self(name, std::marker::PhantomData)
    }

    /// Reads it. What cannot be read is as good as absent.
    pub(crate) fn get(&self, connection: &Connection) -> Result<Option<T>> {
        let mut statement = connection.prepare_cached("select value from meta where name = ?1")?;
        let text: Option<Vec<u8>> = statement.query_row([self.0], |row| row.get(0)).optional()?;
        Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
    }

    /// Writes it.
    pub(crate) fn set(&self, connection: &Connection, value: &T) -> Result<()> {
        let text = serde_json::to_vec(value).expect("what we keep has string keys only");
        let sql = "insert into meta (name, value) values (?1, ?2) on conflict (name) do update set value = ?2";
        connection
            .prepare_cached(sql)?
            .execute(params![self.0, text])?;
        Ok(())
    }

    /// Forgets it.
    pub(crate) fn clear(&self, connection: &Connection) -> Result<()> {
        connection
            .prepare_cached("delete from meta where name = ?1")?
            .execute([self.0])?;
        Ok(())
    }
}

/// Takes the next incarnation and returns it. What was given away under another one may be forgotten: the hub is asked
/// anew what is lent, before any of it is promised.
pub(crate) fn next_incarnation(connection: &Connection) -> Result<u16> {
    LENT.clear(connection)?;
    let next = INCARNATION.get(connection)?.unwrap_or(0).wrapping_add(1);
    INCARNATION.set(connection, &next)?;
    Ok(next)
}

/// Takes the next hospital number out of the blocks; nothing when there is none left.
pub(crate) fn take_number(connection: &Connection) -> Result<Option<u32>> {
    let mut blocks = NUMBERS.get(connection)?.unwrap_or_default();
    blocks.retain(|block| block.from < block.until);
    let Some(block) = blocks.first_mut() else {
        return Ok(None);
    };
    let number = block.from;
    block.from += 1;
    NUMBERS.set(connection, &blocks)?;
    Ok(Some(number))
}

/// Returns how many hospital numbers are left.
pub(crate) fn numbers_left(connection: &Connection) -> Result<u32> {
    let blocks = NUMBERS.get(connection)?.unwrap_or_default();
    Ok(blocks
        .iter()
        .map(|block| block.until.saturating_sub(block.from))
        .sum())
}
