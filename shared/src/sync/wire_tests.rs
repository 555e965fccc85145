//! The wire as desks of the version before read and write it.

use super::*;
use uuid::Uuid;

/// As a desk of the version before reads and writes it: byte by byte.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct OneByOne {
    kind: u8,
    record: RecordId,
    change: Vec<u8>,
}

#[test]
fn bytes_at_once_are_the_bytes_one_by_one() {
    for length in [0, 1, 127, 128, 300] {
        let (record, change) = (RecordId(Uuid::from_u128(7)), vec![0xa5; length]);
        let now = Envelope {
            kind: 1,
            record,
            change: change.clone(),
        };
        let before = OneByOne {
            kind: 1,
            record,
            change,
        };
        let bytes = postcard::to_allocvec(&now).expect("it is written");
        assert_eq!(
            bytes,
            postcard::to_allocvec(&before).expect("it is written")
        );
        assert_eq!(postcard::from_bytes(&bytes), Ok(now));
        assert_eq!(postcard::from_bytes(&bytes), Ok(before));
    }
}
