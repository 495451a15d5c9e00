//! Feeding of code with mutated inputs, on a stable toolchain: a corpus of files, changed by a generator that gives the
//! same sequence for the same seed. A target fails by panicking; the input is then shown, and belongs into the corpus.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

/// So many inputs where no time is given: enough to notice what was broken, and quick.
const INPUTS: u32 = 4000;

/// Inputs are not grown beyond this.
const MAX_LEN: usize = 64 * 1024;

/// What is put into inputs, beside random bytes: what formats are made of.
const WORDS: [&[u8]; 20] = [
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\n",
    b"\r\n",
    b"\r",
    b"\xEF\xBB\xBF",
    b"\xFF",
    b"null",
    b"1e400",
    b"data:",
    b"id:",
    b"\"id\":",
];

/// Feeds `target` with every file of the folder as it is, and then with mutated ones: a few thousand, or as many as fit
/// into the seconds of `ORCH_FUZZ_SECS`.
pub fn run(corpus: &str, target: impl Fn(&[u8])) {
    let seeds = seeds(Path::new(corpus));
    for seed in &seeds {
        feed(seed, &target);
    }
    #[expect(clippy::disallowed_methods, reason = "how long to go on is told to a test by its environment")]
    let seconds = std::env::var("ORCH_FUZZ_SECS").ok().and_then(|text| text.parse::<u64>().ok());
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    match seconds {
        None => (0..INPUTS).for_each(|_| feed(&mutated(&seeds, &mut random), &target)),
        Some(seconds) => {
            let end = Instant::now() + Duration::from_secs(seconds);
            while Instant::now() < end {
                feed(&mutated(&seeds, &mut random), &target);
            }
        }
    }
}

fn seeds(folder: &Path) -> Vec<Vec<u8>> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    let seeds: Vec<_> = files.iter().map(|file| std::fs::read(file).expect("a file of the corpus")).collect();
    assert!(!seeds.is_empty(), "{} is empty", folder.display());
    seeds
}

fn feed(input: &[u8], target: &impl Fn(&[u8])) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(input))) {
        let shown: String =
            input.iter().take(2000).flat_map(|byte| std::ascii::escape_default(*byte)).map(char::from).collect();
        let why =
            panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
        panic!("{}\nfor the input b\"{shown}\"", why.unwrap_or_default());
    }
}

fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(6) {
        let at = random.below(input.len() + 1);
        match random.below(7) {
            0 if at < input.len() => input[at] ^= 1 << random.below(8),
            1 if at < input.len() => input[at] = random.byte(),
            2 => input.truncate(at),
            3 => {
                let word = WORDS[random.below(WORDS.len())];
                input.splice(at..at, word.iter().copied());
            }
            4 => {
                // A part once more, which makes nesting and repetition.
                let end = (at + random.below(64)).min(input.len());
                let part = input[at.min(end)..end].to_vec();
                for _ in 0..=random.below(4) {
                    input.splice(at..at, part.iter().copied());
                }
            }
            5 => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            _ => input.insert(at, random.byte()),
        }
        input.truncate(MAX_LEN);
    }
    input
}

/// xorshift: no dependency, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Less than `limit`, which is not 0.
    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).expect("a size")).expect("a size")
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}
