//! The file of checkpoints beside the database. Only ever appended to, until it is too large: then it starts anew with
//! the latest of each chain, and the one before is kept. Cannot tell a checkpoint that is genuine from one that is not.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::checkpoint::Checkpoint;
use crate::named_file::at;

#[derive(Debug, Clone)]
pub struct AnchorFile {
    path: PathBuf,
    max_bytes: u64,
}

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Anchors {
    pub checkpoints: Vec<Checkpoint>,
    /// The numbers of the lines that are no checkpoints: somebody has damaged or altered the file.
    pub unreadable: Vec<u64>,
}

/// Some 25,000 checkpoints; the file and the one before it take twice as much.
const MAX_BYTES: u64 = 8 * 1024 * 1024;
/// Put at the end of a line that a loss of power has torn. What it was to say stands in the database, and in a later
/// line.
const TORN: &str = " torn";

impl AnchorFile {
    /// `dir` is made when something is put down.
    #[must_use]
    pub fn in_dir(dir: &Path) -> Self {
        Self { path: dir.join("checkpoints"), max_bytes: MAX_BYTES }
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// On disk when it returns.
    pub fn append(&self, checkpoints: &[Checkpoint]) -> io::Result<()> {
        if checkpoints.is_empty() {
            return Ok(());
        }
        if let Some(dir) = self.path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        }
        // The daemon and the command line may come at once.
        let lock = self.path.with_extension("lock");
        let lock = private().create(true).append(true).open(&lock).map_err(at(&lock))?;
        lock.lock()?;
        let mut file = private().create(true).read(true).append(true).open(&self.path).map_err(at(&self.path))?;
        let mut text = if is_torn(&mut file)? { format!("{TORN}\n") } else { String::new() };
        text.push_str(&lines(checkpoints.iter()));
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        if file.metadata()?.len() > self.max_bytes { self.start_anew() } else { Ok(()) }
    }

    /// Empty when there is no file.
    pub fn read(&self) -> io::Result<Anchors> {
        let mut anchors = Anchors::default();
        for path in [self.before(), self.path.clone()] {
            let bytes = match fs::read(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                read => read.map_err(at(&path))?,
            };
            let text = String::from_utf8_lossy(&bytes);
            // What follows the last end of a line was torn just now.
            let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
            for (line, number) in whole.lines().zip(1..) {
                match Checkpoint::parse(line) {
                    Some(checkpoint) => anchors.checkpoints.push(checkpoint),
                    None if line.ends_with(TORN) => {}
                    None => anchors.unreadable.push(number),
                }
            }
        }
        Ok(anchors)
    }

    /// Goes on with the latest of each kind, chain and key: what they say of a chain, the earlier ones say of its
    /// beginning.
    fn start_anew(&self) -> io::Result<()> {
        let mut latest = BTreeMap::new();
        for one in self.read()?.checkpoints {
            latest.insert((one.scope, one.stream, one.kind.as_str(), one.key_id.clone()), one);
        }
        let next = self.path.with_extension("new");
        let mut file = private().create(true).write(true).truncate(true).open(&next)?;
        file.write_all(lines(latest.values()).as_bytes())?;
        file.sync_data()?;
        // Between the two there is the file before, which is read as well.
        fs::rename(&self.path, self.before())?;
        fs::rename(&next, &self.path)?;
        self.path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
    }

    fn before(&self) -> PathBuf {
        self.path.with_extension("before")
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

fn lines<'a>(checkpoints: impl Iterator<Item = &'a Checkpoint>) -> String {
    checkpoints.map(|checkpoint| checkpoint.line() + "\n").collect()
}

/// Whether the last line has no end.
fn is_torn(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use uuid::Uuid;

    use super::{AnchorFile, Anchors};
    use crate::chain::Stream;
    use crate::repo::audit_chain::checkpoint::{Checkpoint, Kind};

    fn a_checkpoint(seq: i64) -> Checkpoint {
        Checkpoint {
            scope: Uuid::nil(),
            stream: Stream::Calls,
            kind: Kind::End,
            seq,
            hash: [0xab; 32],
            at: 1_700_000_000_000_000,
            key_id: "0123456789abcdef".into(),
            signature: vec![1, 2, 255],
        }
    }

    fn sound(checkpoints: Vec<Checkpoint>) -> Anchors {
        Anchors { checkpoints, unreadable: Vec::new() }
    }

    #[test]
    fn gives_back_what_was_put_down() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = AnchorFile::in_dir(&dir.path().join("audit"));
        assert_eq!(file.read().expect("no file is no trouble"), Anchors::default());
        let one = a_checkpoint(7);
        let two = Checkpoint { kind: Kind::Pruned, stream: Stream::Entries, ..one.clone() };
        file.append(std::slice::from_ref(&one)).expect("an append");
        file.append(std::slice::from_ref(&two)).expect("an append");
        assert_eq!(file.read().expect("a file"), sound(vec![one, two]));
    }

    #[test]
    fn a_torn_line_spoils_no_other() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = AnchorFile::in_dir(dir.path());
        let tear = || {
            let mut open = std::fs::OpenOptions::new().append(true).open(file.path()).expect("a file");
            open.write_all(b"v1 end 00000000-0000").expect("a torn line");
        };
        file.append(&[a_checkpoint(1)]).expect("an append");
        tear();
        assert_eq!(file.read().expect("a file"), sound(vec![a_checkpoint(1)]));
        file.append(&[a_checkpoint(2)]).expect("an append");
        tear();
        file.append(&[a_checkpoint(3)]).expect("an append");
        assert_eq!(file.read().expect("a file"), sound([1, 2, 3].map(a_checkpoint).to_vec()));
    }

    #[test]
    fn names_the_lines_that_are_none() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = AnchorFile::in_dir(dir.path());
        file.append(&[a_checkpoint(1)]).expect("an append");
        let good = std::fs::read(file.path()).expect("a file");
        let all = [good.as_slice(), b"nonsense\n\xff\n", &good, b"v1 torn"].concat();
        std::fs::write(file.path(), all).expect("a file");
        let read = file.read().expect("a file");
        assert_eq!(read.checkpoints, [a_checkpoint(1), a_checkpoint(1)]);
        assert_eq!(read.unreadable, [2, 3]);
    }

    #[test]
    fn does_not_grow_for_ever_and_keeps_the_latest() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = AnchorFile { max_bytes: 2000, ..AnchorFile::in_dir(dir.path()) };
        let other = Checkpoint { scope: Uuid::max(), ..a_checkpoint(5) };
        file.append(std::slice::from_ref(&other)).expect("an append");
        for seq in 1..200 {
            file.append(&[a_checkpoint(seq)]).expect("an append");
            let sizes =
                [file.path().to_owned(), file.before()].map(|path| std::fs::metadata(path).map_or(0, |m| m.len()));
            assert!(sizes.iter().all(|size| *size < 3000), "{sizes:?}");
            let read = file.read().expect("a file");
            assert!(read.checkpoints.contains(&other) && read.checkpoints.contains(&a_checkpoint(seq)));
            assert_eq!(read.unreadable, [0; 0]);
        }
    }
}
