//! Seals what is handed to a client and comes back: nobody else can make it, read it, or use it elsewhere. Decides
//! neither what is in it nor how long it is good for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{AeadInOut as _, Generate as _, KeyInit as _};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use ring::digest::{Context, SHA256};

use crate::master::MasterSecrets;

const NONCE_LEN: usize = 24;

const UNTIL_LEN: usize = size_of::<i64>();

/// XChaCha20-Poly1305 under a key that is derived from the instance's master secret, so every replica opens what any
/// of them has sealed.
pub struct StateSeal(XChaCha20Poly1305);

impl StateSeal {
    #[must_use]
    pub fn new(secrets: &MasterSecrets) -> Self {
        Self(XChaCha20Poly1305::new((&**secrets.seal_state_key()).into()))
    }

    /// `bound` is what the state belongs to; it only opens together with the same. None when the system has no
    /// randomness.
    #[must_use]
    pub fn seal(&self, bound: &[&[u8]], state: &[u8]) -> Option<String> {
        let nonce = XNonce::try_generate().ok()?;
        let mut body = state.to_vec();
        self.0.encrypt_in_place(&nonce, &digest(bound), &mut body).ok()?;
        let mut bytes = nonce.to_vec();
        bytes.extend_from_slice(&body);
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The same for something that is good until then, in Unix seconds; [`open_at`](Self::open_at) opens it.
    #[must_use]
    pub fn seal_until(&self, bound: &[&[u8]], state: &[u8], until: i64) -> Option<String> {
        let mut body = Vec::with_capacity(UNTIL_LEN + state.len());
        body.extend_from_slice(&until.to_be_bytes());
        body.extend_from_slice(state);
        self.seal(bound, &body)
    }

    /// None as with [`open`](Self::open), and when its time is over.
    #[must_use]
    pub fn open_at(&self, bound: &[&[u8]], sealed: &str, now: i64) -> Option<Vec<u8>> {
        let mut body = self.open(bound, sealed)?;
        let until = i64::from_be_bytes(*body.first_chunk::<UNTIL_LEN>()?);
        (now < until).then(|| body.split_off(UNTIL_LEN))
    }

    /// None when it was not sealed here, was altered in the least, or belongs to something else.
    #[must_use]
    pub fn open(&self, bound: &[&[u8]], sealed: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let mut body = sealed.to_vec();
        self.0.decrypt_in_place(&XNonce::from(*nonce), &digest(bound), &mut body).ok()?;
        Some(body)
    }
}

impl std::fmt::Debug for StateSeal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StateSeal")
    }
}

/// Each part with its length, so that no two lists of parts are the same.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    let mut digest = [0; 32];
    digest.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    digest
}

#[cfg(test)]
mod tests {
    use super::StateSeal;
    use crate::master::{MasterSecrets, Strictness};
    use crate::vault::key::parse_keys;

    fn seal(secret: &str) -> StateSeal {
        let keys = parse_keys(&"00".repeat(32).into()).expect("keys");
        StateSeal::new(
            &MasterSecrets::derive(&secret.repeat(40).into(), keys, Strictness::Development).expect("secrets"),
        )
    }

    #[test]
    fn opens_only_what_it_has_sealed_for_the_same() {
        let ours = seal("a");
        let sealed = ours.seal(&[b"alice", b"tools/call"], b"state").expect("sealed");
        assert_eq!(ours.open(&[b"alice", b"tools/call"], &sealed).as_deref(), Some(b"state".as_slice()));
        assert_eq!(ours.open(&[b"alicet", b"ools/call"], &sealed), None);
        assert_eq!(ours.open(&[b"bob", b"tools/call"], &sealed), None);
        assert_eq!(seal("b").open(&[b"alice", b"tools/call"], &sealed), None);
    }

    #[test]
    fn is_good_until_its_time_is_over() {
        let ours = seal("a");
        let sealed = ours.seal_until(&[b"alice"], b"state", 100).expect("sealed");
        assert_eq!(ours.open_at(&[b"alice"], &sealed, 99).as_deref(), Some(b"state".as_slice()));
        assert_eq!(ours.open_at(&[b"alice"], &sealed, 100), None);
        assert_eq!(ours.open_at(&[b"bob"], &sealed, 99), None);
        let endless = ours.seal(&[b"alice"], b"state").expect("sealed");
        assert_eq!(ours.open_at(&[b"alice"], &endless, 0), None, "what says no time");
    }

    #[test]
    fn refuses_every_alteration() {
        let ours = seal("a");
        let sealed = ours.seal(&[], b"state").expect("sealed");
        for altered in [
            format!("{sealed}-TAMPERED"),
            format!("{sealed}A"),
            sealed[1..].to_owned(),
            sealed[..sealed.len() - 1].to_owned(),
            String::new(),
            "A".repeat(20),
        ] {
            assert_eq!(ours.open(&[], &altered), None, "{altered}");
        }
        // Whatever comes back is ours byte for byte, or nothing.
        orch_testkit::fuzz::run(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/state"), |input| {
            let text = String::from_utf8_lossy(input);
            assert_eq!(ours.open(&[b"a"], &text), None);
            let sealed = ours.seal(&[b"a", input], input).expect("sealed");
            assert_eq!(ours.open(&[b"a", input], &sealed).as_deref(), Some(input));
            assert_eq!(ours.open(&[input, b"a"], &sealed).filter(|_| input != b"a"), None);
            assert_eq!(ours.open(&[b"a", input], &format!("{sealed}{text}")).filter(|_| !text.is_empty()), None);
        });
        let mut flipped = sealed.into_bytes();
        flipped[40] = if flipped[40] == b'A' { b'B' } else { b'A' };
        assert_eq!(ours.open(&[], &String::from_utf8(flipped).expect("text")), None);
    }
}
