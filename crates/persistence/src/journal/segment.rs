//! One file of the journal: a header with how far it is drained, then frames. Belongs to the process that holds its
//! lock; the lock ends with the process, however that ends. Knows no record and no database.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use uuid::Uuid;

use crate::journal::frame;
use crate::named_file::at;

const MAGIC: [u8; 8] = *b"ORCHJNL1";
/// Magic, then the drained offset u64 and its CRC-32 u32 in little endian, then 4 unused bytes.
pub(crate) const HEADER: u64 = 24;
const EXTENSION: &str = "journal";

#[derive(Debug)]
pub(crate) struct Segment {
    /// What it is called in the database; the name of its file.
    id: Uuid,
    path: PathBuf,
    file: File,
    /// The end of the complete frames.
    end: AtomicU64,
    /// Everything before is in the database.
    drained: AtomicU64,
    /// Frames not drained yet.
    records: AtomicU64,
    /// How often others were drained since this was.
    pub(crate) passed_over: AtomicU64,
    /// Whether it was written by a process that is dead, so that its last frame may be torn.
    pub(crate) adopted: bool,
    pub(crate) synced: AtomicBool,
    /// Whether something in it could not be read, so that the file is kept.
    pub(crate) damaged: AtomicBool,
}

impl Segment {
    /// Begins a file. It gets its name only when it is locked, so that nobody takes it for a leftover.
    pub(crate) fn create(dir: &Path) -> io::Result<Self> {
        let name = Uuid::now_v7();
        let unfinished = dir.join(format!("{name}.new"));
        let made = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&unfinished);
        let file = made.map_err(at(&unfinished))?;
        Self::begin(dir, name, &unfinished, file).inspect_err(|_| {
            // Tried again and again: none of it is to be left, where it can be removed.
            let _ = fs::remove_file(&unfinished);
        })
    }

    fn begin(dir: &Path, name: Uuid, unfinished: &Path, file: File) -> io::Result<Self> {
        file.try_lock().map_err(io::Error::from).map_err(at(unfinished))?;
        let segment = Self {
            id: name,
            path: dir.join(format!("{name}.{EXTENSION}")),
            file,
            end: AtomicU64::new(HEADER),
            drained: AtomicU64::new(HEADER),
            records: AtomicU64::new(0),
            passed_over: AtomicU64::new(0),
            adopted: false,
            synced: AtomicBool::new(false),
            damaged: AtomicBool::new(false),
        };
        segment.file.write_all_at(&MAGIC, 0)?;
        segment.note_drained(HEADER)?;
        fs::rename(unfinished, &segment.path)?;
        Ok(segment)
    }

    /// Whether a file can be begun and written in `dir`.
    pub(crate) fn try_to_begin(dir: &Path) -> io::Result<()> {
        let tried = Self::create(dir)?;
        let written = tried.probe();
        fs::remove_file(&tried.path).map_err(at(&tried.path)).and(written)
    }

    /// Takes over what dead processes have left in `dir`, the oldest first.
    pub(crate) fn adopt_all(dir: &Path) -> io::Result<Vec<Self>> {
        let mut paths =
            fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
        paths.sort();
        let mut adopted = Vec::new();
        for path in paths {
            match path.extension().and_then(|extension| extension.to_str()) {
                Some(EXTENSION) => adopted.extend(Self::adopt(&path).map_err(at(&path))?),
                // Of a process that died while it began the file; there is no record in it.
                Some("new") if lock_leftover(&path).map_err(at(&path))?.is_some() => {
                    fs::remove_file(&path).map_err(at(&path))?;
                }
                _ => {}
            }
        }
        Ok(adopted)
    }

    /// A file in `dir` that is longer than one without calls.
    pub(crate) fn leftover(dir: &Path) -> io::Result<Option<PathBuf>> {
        let entries = match fs::read_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let is_segment = entry.path().extension().is_some_and(|extension| extension == EXTENSION);
            if is_segment && entry.metadata()?.len() > HEADER {
                return Ok(Some(entry.path()));
            }
        }
        Ok(None)
    }

    /// None when another process has the file, or there is nothing in it.
    fn adopt(path: &Path) -> io::Result<Option<Self>> {
        let Some(file) = lock_leftover(path)? else {
            return Ok(None);
        };
        let end = file.metadata()?.len();
        if end == 0 {
            fs::remove_file(path)?;
            return Ok(None);
        }
        // A file that somebody has named otherwise is one that nothing is known of.
        let id = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok()).unwrap_or_else(Uuid::now_v7);
        let segment = Self {
            id,
            path: path.to_owned(),
            file,
            end: AtomicU64::new(end),
            drained: AtomicU64::new(HEADER.min(end)),
            records: AtomicU64::new(0),
            passed_over: AtomicU64::new(0),
            adopted: true,
            synced: AtomicBool::new(false),
            damaged: AtomicBool::new(false),
        };
        let header = segment.read(0, HEADER)?;
        match header.strip_prefix(&MAGIC) {
            // An offset that cannot be is as good as none: records are stored once however often they are sent.
            Some(rest) => {
                let drained = parse_drained(rest).filter(|drained| (HEADER..=end).contains(drained)).unwrap_or(HEADER);
                segment.drained.store(drained, Ordering::Release);
            }
            None => {
                segment.damaged.store(true, Ordering::Release);
                segment.drained.store(end, Ordering::Release);
            }
        }
        let records = frame::count(&segment.read(segment.drained(), segment.waiting())?);
        segment.records.store(records, Ordering::Release);
        Ok(Some(segment))
    }

    pub(crate) const fn id(&self) -> Uuid {
        self.id
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    pub(crate) fn drained(&self) -> u64 {
        self.drained.load(Ordering::Acquire)
    }

    /// Bytes not drained yet.
    pub(crate) fn waiting(&self) -> u64 {
        self.end().saturating_sub(self.drained())
    }

    pub(crate) fn records(&self) -> u64 {
        self.records.load(Ordering::Acquire)
    }

    /// Writes a frame after the last one, with one system call. Nobody sees it before [`Segment::publish`]. Only one
    /// thread at a time may do so.
    pub(crate) fn write(&self, frame: &[u8]) -> io::Result<()> {
        let end = self.end();
        self.file.write_all_at(frame, end).inspect_err(|_| {
            // A part of the frame may be there; the next one would leave the rest of it behind itself.
            let _ = self.file.set_len(end);
        })
    }

    /// Makes the frame of `len` bytes that was written part of the segment.
    pub(crate) fn publish(&self, len: u64) {
        self.records.fetch_add(1, Ordering::AcqRel);
        self.end.fetch_add(len, Ordering::AcqRel);
    }

    /// Whether the disk takes bytes.
    pub(crate) fn probe(&self) -> io::Result<()> {
        self.write(&[0; 4096])?;
        self.file.set_len(self.end())
    }

    /// At most `max` bytes from `offset` on, up to the end of the complete frames.
    pub(crate) fn read(&self, offset: u64, max: u64) -> io::Result<Vec<u8>> {
        let len = self.end().saturating_sub(offset).min(max);
        let mut bytes = vec![0; usize::try_from(len).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    /// Remembers, also on disk, that everything before `offset` is done with; `records` of it were frames.
    pub(crate) fn advance(&self, offset: u64, records: u64) -> io::Result<()> {
        self.drained.store(offset, Ordering::Release);
        self.records.fetch_sub(records, Ordering::AcqRel);
        self.note_drained(offset)
    }

    fn note_drained(&self, offset: u64) -> io::Result<()> {
        let offset = offset.to_le_bytes();
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(offset.into_iter().chain(crc32fast::hash(&offset).to_le_bytes())) {
            *to = from;
        }
        self.file.write_all_at(&bytes, MAGIC.len() as u64)
    }

    /// Makes it survive a loss of power as well.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.synced.store(true, Ordering::Release);
        self.file.sync_data()
    }

    /// Ends the file: removes it, or keeps it aside when something in it could not be read, and tells where.
    pub(crate) fn retire(&self) -> io::Result<Option<PathBuf>> {
        if !self.damaged.load(Ordering::Acquire) {
            fs::remove_file(&self.path)?;
            return Ok(None);
        }
        let kept = self.path.with_extension("corrupt");
        fs::rename(&self.path, &kept)?;
        Ok(Some(kept))
    }
}

/// Opens a file that no living process has. None when one has, or when it is gone.
fn lock_leftover(path: &Path) -> io::Result<Option<File>> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    // Its process may have drained and removed it between the two steps above.
    let gone = file.metadata()?.nlink() == 0;
    Ok((!gone).then_some(file))
}

fn parse_drained(bytes: &[u8]) -> Option<u64> {
    let (offset, rest) = bytes.split_first_chunk::<8>()?;
    let (crc, _) = rest.split_first_chunk()?;
    (crc32fast::hash(offset) == u32::from_le_bytes(*crc)).then(|| u64::from_le_bytes(*offset))
}
