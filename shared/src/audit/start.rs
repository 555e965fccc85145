//! How the first key of a desk's chain reaches the hub and nobody else: locked with a key only the hub can make.
//!
//! The desk keeps the locked key, not the key: whoever takes the desk later cannot write its past again.

use super::{Hash, seal};
use crate::ids::DeviceId;
use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

/// The first key of a chain, locked for the hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locked {
    ephemeral: Hash,
    key: Hash,
    seal: Hash,
}

/// Locks the first key of a device's chain. `chance` is 32 bytes nobody else knows, used for this alone.
pub fn lock(
    first: &Hash,
    device: DeviceId,
    incarnation: u16,
    hub: &VerifyingKey,
    chance: &Hash,
) -> Locked {
    let ephemeral = SigningKey::from_bytes(chance);
    let both = hub.to_montgomery().mul_clamped(ephemeral.to_scalar_bytes());
    let ephemeral = ephemeral.verifying_key().to_montgomery().to_bytes();
    let (pad, sealing) = keys(&both.to_bytes(), &ephemeral, device, incarnation);
    let key = exclusive(first, &pad);
    let seal = seal::mac(&sealing, &[&key]);
    Locked {
        ephemeral,
        key,
        seal,
    }
}

/// Unlocks it at the hub; nothing when it was not locked for this hub, device and incarnation.
pub fn unlock(
    locked: &Locked,
    device: DeviceId,
    incarnation: u16,
    hub: &SigningKey,
) -> Option<Hash> {
    // only to have a point to multiply: these types are not named by the library that brings them
    let mut point = hub.verifying_key().to_montgomery();
    point.0 = locked.ephemeral;
    let both = point.mul_clamped(hub.to_scalar_bytes());
    let (pad, sealing) = keys(&both.to_bytes(), &locked.ephemeral, device, incarnation);
    let is_ours = seal::is_same(&seal::mac(&sealing, &[&locked.key]), &locked.seal);
    is_ours.then(|| exclusive(&locked.key, &pad))
}

fn keys(both: &Hash, ephemeral: &Hash, device: DeviceId, incarnation: u16) -> (Hash, Hash) {
    let of = |purpose| {
        let whose: [&[u8]; 4] = [
            both,
            ephemeral,
            device.0.as_bytes(),
            &incarnation.to_be_bytes(),
        ];
        seal::derive(purpose, &whose)
    };
    (
        of("wardbook audit lock 1"),
        of("wardbook audit lock seal 1"),
    )
}

fn exclusive(one: &Hash, other: &Hash) -> Hash {
    let mut both = *one;
    both.iter_mut()
        .zip(other)
        .for_each(|(byte, other)| *byte ^= other);
    both
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn only_the_hub_unlocks_and_only_for_the_same_chain() {
        let (hub, other) = (
            SigningKey::from_bytes(&[1; 32]),
            SigningKey::from_bytes(&[2; 32]),
        );
        let (device, second) = (DeviceId(Uuid::from_u128(1)), DeviceId(Uuid::from_u128(2)));
        let locked = lock(&[3; 32], device, 4, &hub.verifying_key(), &[5; 32]);
        assert_eq!(unlock(&locked, device, 4, &hub), Some([3; 32]));
        assert_eq!(unlock(&locked, device, 4, &other), None);
        assert_eq!(unlock(&locked, second, 4, &hub), None);
        assert_eq!(unlock(&locked, device, 5, &hub), None);
        let changed = Locked {
            key: [6; 32],
            ..locked
        };
        assert_eq!(unlock(&changed, device, 4, &hub), None);
    }
}
