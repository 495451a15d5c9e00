//! Any text that a client brings back as a cursor, a task or a request state: it is ours byte for byte, or nothing.

#![no_main]

use std::sync::LazyLock;

use state_seal::StateSeal;

#[path = "../../crates/auth/src/state_seal.rs"]
mod state_seal;

/// What the seal takes its key from.
mod master {
    pub struct MasterSecrets(pub Box<[u8; 32]>);

    impl MasterSecrets {
        pub fn seal_state_key(&self) -> &Box<[u8; 32]> {
            &self.0
        }
    }
}

const UNTIL: i64 = 1_900_000_000;

static SEAL: LazyLock<StateSeal> = LazyLock::new(|| StateSeal::new(&master::MasterSecrets(Box::new([7; 32]))));

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    assert_eq!(SEAL.open(&[b"cursor"], &text), None, "nobody has sealed this");
    let sealed = SEAL.seal(&[b"cursor", input], input).expect("sealed");
    assert_eq!(SEAL.open(&[b"cursor", input], &sealed).as_deref(), Some(input));
    assert_eq!(SEAL.open(&[b"task", input], &sealed), None, "a cursor is no task");
    // Another one's, and the same parts cut elsewhere.
    assert_eq!(SEAL.open(&[input, b"cursor"], &sealed).filter(|_| input != b"cursor"), None);
    assert_eq!(SEAL.open(&[&[&b"cursor"[..], input].concat()], &sealed), None);
    if !text.is_empty() {
        assert_eq!(SEAL.open(&[b"cursor", input], &format!("{sealed}{text}")), None);
        assert_eq!(SEAL.open(&[b"cursor", input], &format!("{text}{sealed}")), None);
    }
    // One letter of it is another one, where the input says.
    let at = input.iter().map(|byte| usize::from(*byte)).sum::<usize>() % sealed.len();
    let mut altered = sealed.into_bytes();
    altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(altered).expect("letters");
    assert_eq!(SEAL.open(&[b"cursor", input], &altered), None);
    // Good until its time and no longer, with a state of any length and one that has no room for a time.
    let dated = SEAL.seal_until(&[b"task"], input, UNTIL).expect("sealed");
    assert_eq!(SEAL.open_at(&[b"task"], &dated, UNTIL - 1).as_deref(), Some(input));
    assert_eq!(SEAL.open_at(&[b"task"], &dated, UNTIL), None);
    let short = SEAL.seal(&[b"task"], &input[..input.len().min(7)]).expect("sealed");
    assert_eq!(SEAL.open_at(&[b"task"], &short, i64::MIN), None);
});
