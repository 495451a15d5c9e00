//! Frames: length and checksum around a record, so that a torn or damaged one is seen. Knows no file.

use orch_domain::call::Call;

use crate::journal::codec;

/// Length u32 and CRC-32 u32 of the payload, in little endian.
const HEADER: usize = 8;
/// No frame is longer.
pub(crate) const MAX_FRAME: usize = HEADER + codec::MAX_LEN;

/// What stands at the beginning of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<'a> {
    /// `len` is that of the whole frame.
    Frame { payload: &'a [u8], len: usize },
    /// The beginning of a frame that may go on after the end of the bytes.
    Cut,
    /// Not a frame.
    Bad,
}

/// Replaces the contents of `out` by the frame of `call`. Allocates nothing once `out` has grown.
pub(crate) fn build(call: &Call, out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&[0; HEADER]);
    codec::encode(call, out);
    if let Some((header, payload)) = out.split_at_mut_checked(HEADER) {
        let len = u32::try_from(payload.len()).unwrap_or_default().to_le_bytes();
        let crc = crc32fast::hash(payload).to_le_bytes();
        for (to, from) in header.iter_mut().zip(len.into_iter().chain(crc)) {
            *to = from;
        }
    }
}

pub(crate) fn next(bytes: &[u8]) -> Next<'_> {
    let Some((len, rest)) = bytes.split_first_chunk() else {
        return Next::Cut;
    };
    let len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
    if !(codec::MIN_LEN..=codec::MAX_LEN).contains(&len) {
        return Next::Bad;
    }
    let Some((crc, rest)) = rest.split_first_chunk() else {
        return Next::Cut;
    };
    match rest.get(..len) {
        None => Next::Cut,
        Some(payload) if crc32fast::hash(payload) == u32::from_le_bytes(*crc) => {
            Next::Frame { payload, len: HEADER + len }
        }
        Some(_) => Next::Bad,
    }
}

/// How far from the beginning the next frame stands, 0 aside. None when there is no further one.
pub(crate) fn find_next(bytes: &[u8]) -> Option<usize> {
    (1..bytes.len()).find(|at| bytes.get(*at..).is_some_and(|rest| matches!(next(rest), Next::Frame { .. })))
}

/// How many frames there are, damaged ones aside.
pub(crate) fn count(mut bytes: &[u8]) -> u64 {
    let mut count = 0;
    while !bytes.is_empty() {
        let step = match next(bytes) {
            Next::Frame { len, .. } => {
                count += 1;
                Some(len)
            }
            Next::Cut | Next::Bad => find_next(bytes),
        };
        bytes = step.and_then(|step| bytes.get(step..)).unwrap_or_default();
    }
    count
}
