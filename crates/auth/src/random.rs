//! Randomness from the operating system. Nothing here is seeded, buffered or predictable.

use chacha20poly1305::aead::Generate as _;
use zeroize::Zeroizing;

/// Fresh random bytes. An operating system without randomness cannot run this daemon at all: the request ends in a
/// panic of the random source rather than in a guessable key.
pub(crate) fn bytes<const N: usize>() -> Zeroizing<[u8; N]> {
    Zeroizing::new(<[u8; N]>::generate())
}
