//! The wire refuses what is cut, damaged, too long or of another time, and understands the version before.

use shared::ids::{DeviceId, RecordId};
use shared::sync::wire::{self, Envelope, Frame, FrameError, Push, PushV1, Segment};
use uuid::Uuid;

fn push() -> Push {
    let envelope = |n: u8| Envelope {
        kind: 1,
        record: RecordId(Uuid::from_u128(n.into())),
        change: vec![n; 120],
    };
    Push {
        device: DeviceId(Uuid::from_u128(1)),
        incarnation: 3,
        sent_at_ms: 1_800_000_000_000,
        envelopes: (0..9).map(envelope).collect(),
    }
}

#[test]
fn a_message_comes_back_as_it_was_sent() {
    let frame = wire::encode(&push());
    assert_eq!(wire::decode::<Push>(&frame), Ok(push()));
    assert!(frame.len() < 400, "packed: {}", frame.len());
}

/// A push as version 1 of Wardbook wrote it, byte for byte. It is never changed.
const VERSION_ONE: &str =
    "574201011e000000290000008ddde19f28b52ffd2029ad000068100001030101100002030102030200402e32c002";

#[test]
fn the_version_before_is_understood() {
    let first = PushV1 {
        device: DeviceId(Uuid::from_u128(1)),
        incarnation: 3,
        envelopes: vec![Envelope {
            kind: 1,
            record: RecordId(Uuid::from_u128(2)),
            change: vec![1, 2, 3],
        }],
    };
    let frame = Frame::open(&wire::unhex(VERSION_ONE).unwrap()).unwrap();
    let push = frame.read_push().unwrap();
    assert_eq!(
        (frame.version, push.sent_at_ms, push.envelopes),
        (1, 0, first.envelopes)
    );
}

#[test]
fn other_versions_are_named() {
    for version in [0, wire::VERSION + 1, 255] {
        let frame = wire::encode_as(version, &push());
        assert_eq!(
            wire::decode::<Push>(&frame),
            Err(FrameError::Version(version))
        );
    }
}

#[test]
fn every_cut_and_every_damaged_bit_is_refused() {
    let frame = wire::encode(&push());
    for at in 0..frame.len() {
        assert!(wire::decode::<Push>(&frame[..at]).is_err(), "cut at {at}");
        for bit in 0..8 {
            let mut damaged = frame.clone();
            damaged[at] ^= 1 << bit;
            // one bit of the version may turn 2 into nothing else that is spoken
            assert!(
                wire::decode::<Push>(&damaged).is_err(),
                "bit {bit} of byte {at}"
            );
        }
    }
    let mut longer = frame;
    longer.push(0);
    assert!(wire::decode::<Push>(&longer).is_err());
}

#[test]
fn what_says_it_is_too_long_is_refused_unread() {
    let mut frame = wire::encode(&Segment::default());
    frame[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(wire::decode::<Segment>(&frame), Err(FrameError::TooLong));
}

#[test]
fn a_message_of_another_shape_is_refused() {
    assert_eq!(
        wire::decode::<Push>(&wire::encode(&"words")),
        Err(FrameError::Shape)
    );
}

#[test]
fn a_signature_holds_for_one_call_of_one_device() {
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let device = DeviceId(Uuid::from_u128(5));
    let header = wire::sign(&key, device, "POST", "/sync/v1/push", 12, b"body");
    assert_eq!(wire::signer(&header), Some((device, 12)));
    let holds = |method: &str, path: &str, body: &[u8], header: &str| {
        wire::is_signed_by(&key.verifying_key(), header, method, path, body)
    };
    assert!(holds("POST", "/sync/v1/push", b"body", &header));
    assert!(!holds("GET", "/sync/v1/push", b"body", &header));
    assert!(!holds("POST", "/sync/v1/push?x=1", b"body", &header));
    assert!(!holds("POST", "/sync/v1/push", b"other", &header));
    assert!(!holds(
        "POST",
        "/sync/v1/push",
        b"body",
        &header.replace(".12.", ".13.")
    ));
    assert!(!holds("POST", "/sync/v1/push", b"body", "Device x"));
}
