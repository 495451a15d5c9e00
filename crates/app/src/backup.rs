//! A backup of an instance as a directory: the database as it is at one moment, the journal, the checkpoints of the
//! audit chains, and a manifest by which all of it is checked. Without any key: who finds a backup reads no secret.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use orch_control::error::ControlError;
use orch_domain::port::clock::Clock;
use orch_persistence::{Database, DatabaseConfig, DatabaseCopy, DatabaseKind, DatabaseUrl, TableCopy, sqlite_file};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::format_description::well_known::Rfc3339;

use crate::clock::SystemClock;
use crate::config::{Settings, private_dir};
use crate::data_dir::{self, FILES_OF_SQLITE, ServeLock, beside, real_file};
use crate::instance;
use crate::unusable::unusable;

const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
const DATABASE: &str = "database";
const JOURNAL: &str = "journal";
const AUDIT: &str = "audit";

/// The end of the name under which a SQLite file is restored: it gets its own once it is whole.
pub(crate) const PART: &str = ".part";

/// What a backup says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    format: u32,
    pub version: String,
    pub created_at: String,
    /// `sqlite` or `postgresql`.
    pub database: String,
    steps: Vec<String>,
    pub tables: Vec<Table>,
    /// SHA-256 of every file, by its path in the backup.
    files: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Table {
    pub name: String,
    columns: Vec<String>,
    pub rows: u64,
}

/// Copies the instance into `dir`, which must not be there or be empty. The daemon may go on working.
pub async fn back_up(settings: &Settings, dir: &Path) -> anyhow::Result<Manifest> {
    if dir.exists() && fs::read_dir(dir).with_context(|| readable(dir)).map_err(unusable)?.next().is_some() {
        let problem = anyhow!("{} is not empty; name a directory that is not there yet", dir.display());
        return Err(unusable(problem));
    }
    let database = instance::connect(settings).await?;
    let made = copy(settings, &database, dir).await;
    database.close().await;
    made
}

async fn copy(settings: &Settings, database: &Database, dir: &Path) -> anyhow::Result<Manifest> {
    instance::require_schema(settings, database).await?;
    for part in [DATABASE, JOURNAL, AUDIT] {
        private_dir(&dir.join(part)).map_err(unusable)?;
    }
    // Before the database: a call that is in both is stored once, and one that is in neither would be lost.
    copy_files(&settings.journal().dir, &dir.join(JOURNAL))?;
    copy_files(&settings.audit_dir(), &dir.join(AUDIT))?;
    let copy = database.copy_to(&dir.join(DATABASE)).await?;
    let tables = copy.tables.into_iter();
    let manifest = Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: SystemClock.now().format(&Rfc3339)?,
        database: copy.kind.as_str().to_owned(),
        steps: copy.steps,
        tables: tables.map(|table| Table { name: table.name, columns: table.columns, rows: table.rows }).collect(),
        files: digests(dir)?,
    };
    let text = serde_json::to_vec_pretty(&manifest)?;
    // Last: a backup without a manifest is one that was broken off.
    let path = dir.join(MANIFEST);
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&path)?;
    file.write_all(&text)
        .and_then(|()| file.sync_all())
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(manifest)
}

/// Brings a backup into an instance in which there is nothing yet. What fails leaves nothing behind, or the mark that what
/// is broken off by force leaves too: it tells the next attempt that what is there came from this one.
pub async fn restore(settings: &Settings, dir: &Path) -> anyhow::Result<Manifest> {
    data_dir::check_owner(settings)?;
    let manifest = read_manifest(dir).map_err(unusable)?;
    let copy = DatabaseCopy {
        kind: if manifest.database == "postgresql" { DatabaseKind::Postgres } else { DatabaseKind::Sqlite },
        steps: manifest.steps.clone(),
        tables: manifest
            .tables
            .iter()
            .map(|table| TableCopy { name: table.name.clone(), columns: table.columns.clone(), rows: table.rows })
            .collect(),
    };
    let _alone = ServeLock::take(settings)?;
    let place = Place::of(settings);
    let target = place.empty_target(settings, &copy).await?;
    let restored = place.bring(&target, dir, &copy).await;
    target.close().await;
    restored.map(|()| manifest)
}

/// What failed, with what failed while the traces of that were taken away.
fn or_both(error: anyhow::Error, cleaned: anyhow::Result<()>) -> anyhow::Error {
    match cleaned {
        Ok(()) => error,
        Err(left) => error.context(format!("what had come by then is left ({left:#})")),
    }
}

/// Where a backup goes. The database comes last: it comes whole or not at all, and with it everything has.
struct Place {
    journal: PathBuf,
    audit: PathBuf,
    /// There while a backup is brought in, and after one was broken off by force.
    mark: PathBuf,
}

/// The database of a place, in which there is nothing yet.
enum Target {
    /// The file of SQLite that there is to be.
    File(PathBuf),
    Postgres(Database),
}

/// Refuses an instance of which a part may be missing.
pub(crate) fn refuse_unfinished(settings: &Settings) -> anyhow::Result<()> {
    let mark = mark(settings);
    if mark.exists() {
        bail!("a restore was broken off here ({} is there): run orch-admin restore again first", mark.display());
    }
    Ok(())
}

fn mark(settings: &Settings) -> PathBuf {
    settings.data_dir.join("restore.unfinished")
}

impl Place {
    fn of(settings: &Settings) -> Self {
        Self { journal: settings.journal().dir, audit: settings.audit_dir(), mark: mark(settings) }
    }

    /// Fails unless there is nothing, and marks the place. What an attempt before has left goes.
    async fn empty_target(&self, settings: &Settings, copy: &DatabaseCopy) -> anyhow::Result<Target> {
        let (target, there) = match (copy.kind, settings.database_url()?.file()) {
            (DatabaseKind::Postgres, Some(_)) => {
                return Err(unusable(anyhow!(
                    "the backup is of PostgreSQL, which does not go into SQLite; set DATABASE_URL to an empty PostgreSQL \
                     database"
                )));
            }
            (DatabaseKind::Sqlite, Some(file)) => {
                let file = real_file(&file);
                let there = FILES_OF_SQLITE.map(|end| beside(&file, end)).into_iter().find(|path| path.exists());
                (Target::File(file), there.map(|path| format!("{} is there", path.display())))
            }
            // From SQLite as well: this is the way from one to the other.
            (DatabaseKind::Sqlite | DatabaseKind::Postgres, None) => {
                let database = Database::connect(&settings.database()?).await?;
                let there = database.first_table().await?;
                (Target::Postgres(database), there.map(|table| format!("the database has the table {table}")))
            }
        };
        let is_marked = self.mark.exists();
        match there {
            Some(there) if is_marked => {
                remove(&self.mark)?;
                let there = format!("{there}, from a restore that was broken off after everything had come");
                return Err(not_empty(&there));
            }
            Some(there) => return Err(not_empty(&there)),
            None if is_marked => self.clear()?,
            None => self.require_no_files()?,
        }
        let marked = File::create(&self.mark).and_then(|file| file.sync_all());
        marked.with_context(|| format!("{} cannot be made", self.mark.display()))?;
        Ok(target)
    }

    fn require_no_files(&self) -> anyhow::Result<()> {
        for place in [&self.journal, &self.audit] {
            if place.exists() && fs::read_dir(place).with_context(|| readable(place))?.next().is_some() {
                return Err(not_empty(&format!("there is something in {}", place.display())));
            }
        }
        Ok(())
    }

    /// Fills the place, or takes back what came.
    async fn bring(&self, target: &Target, dir: &Path, copy: &DatabaseCopy) -> anyhow::Result<()> {
        match self.fill(target, dir, copy).await {
            Ok(()) => remove(&self.mark),
            Err(error) => Err(or_both(error, self.take_back(target).await)),
        }
    }

    async fn fill(&self, target: &Target, dir: &Path, copy: &DatabaseCopy) -> anyhow::Result<()> {
        for (part, place) in [(JOURNAL, &self.journal), (AUDIT, &self.audit)] {
            private_dir(place)?;
            copy_files(&dir.join(part), place)?;
        }
        target.fill(&dir.join(DATABASE), copy).await
    }

    /// Takes away what came, and the mark at last. A commit that is not answered may have been one, and then all of it
    /// stays: the next attempt finds out what there is.
    async fn take_back(&self, target: &Target) -> anyhow::Result<()> {
        if target.is_empty().await? {
            self.clear()?;
            remove(&self.mark)?;
        }
        Ok(())
    }

    /// Takes away the files that came from a backup.
    fn clear(&self) -> anyhow::Result<()> {
        for place in [&self.journal, &self.audit] {
            let entries = match fs::read_dir(place) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entries => entries.with_context(|| readable(place))?,
            };
            for entry in entries {
                remove(&entry.with_context(|| readable(place))?.path())?;
            }
        }
        Ok(())
    }
}

impl Target {
    async fn fill(&self, dir: &Path, copy: &DatabaseCopy) -> anyhow::Result<()> {
        let file = match self {
            Self::Postgres(database) => return Ok(database.fill_from(dir, copy).await?),
            Self::File(file) => file,
        };
        let part = beside(file, PART);
        // Of an attempt that was killed.
        remove_database(&part)?;
        let filled = async {
            copy_file(&sqlite_file(dir), &part)?;
            let database = Database::connect(&DatabaseConfig::new(DatabaseUrl::sqlite_file(&part))).await?;
            let checked = check(&database, copy).await;
            database.close().await;
            checked?;
            fs::rename(&part, file).with_context(|| format!("{} cannot be renamed", part.display()))
        };
        filled.await.map_err(|error| or_both(error, remove_database(&part)))
    }

    /// Whether there is nothing, for sure.
    async fn is_empty(&self) -> anyhow::Result<bool> {
        Ok(match self {
            Self::File(file) => !file.exists(),
            Self::Postgres(database) => database.first_table().await?.is_none(),
        })
    }

    async fn close(&self) {
        if let Self::Postgres(database) = self {
            database.close().await;
        }
    }
}

async fn check(database: &Database, copy: &DatabaseCopy) -> anyhow::Result<()> {
    database.check_integrity().await?;
    let counts = database.count_rows(copy).await?;
    for (table, (name, rows)) in copy.tables.iter().zip(counts) {
        if table.rows != rows {
            bail!("the table {name} had {} rows, and {rows} are there now", table.rows);
        }
    }
    Ok(())
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.with_context(|| format!("{} cannot be removed", path.display())),
    }
}

fn remove_database(file: &Path) -> anyhow::Result<()> {
    FILES_OF_SQLITE.iter().try_for_each(|end| remove(&beside(file, end)))
}

fn not_empty(there: &str) -> anyhow::Error {
    ControlError::Conflict { problem: format!("the target is not empty: {there}") }.into()
}

/// The manifest of a backup that is as it was written.
fn read_manifest(dir: &Path) -> anyhow::Result<Manifest> {
    let path = dir.join(MANIFEST);
    let text = fs::read(&path)
        .with_context(|| format!("{} is no whole backup: {} cannot be read", dir.display(), path.display()))?;
    let manifest: Manifest =
        serde_json::from_slice(&text).with_context(|| format!("{} is no manifest of a backup", path.display()))?;
    if manifest.format != FORMAT {
        bail!("the backup has format {}, and this program reads format {FORMAT}", manifest.format);
    }
    let found = digests(dir)?;
    for (file, digest) in &manifest.files {
        match found.get(file) {
            None => bail!("the backup is damaged: {file} is missing"),
            Some(found) if found != digest => bail!("the backup is damaged: {file} is not what was written"),
            Some(_) => {}
        }
    }
    Ok(manifest)
}

/// Copies the files of a directory that may not be there; directories in it are left out.
fn copy_files(from: &Path, to: &Path) -> anyhow::Result<()> {
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| readable(from))?,
    };
    for entry in entries {
        let entry = entry.with_context(|| readable(from))?;
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            match copy_file(&entry.path(), &to.join(entry.file_name())) {
                // A segment of the journal that was drained meanwhile: its calls are in the database.
                Err(error) if is_missing(&error) => {}
                copied => copied?,
            }
        }
    }
    Ok(())
}

fn is_missing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn copy_file(from: &Path, to: &Path) -> anyhow::Result<()> {
    let mut source = File::open(from).with_context(|| readable(from))?;
    let target = File::options().write(true).create_new(true).mode(0o600).open(to);
    let mut target = target.with_context(|| format!("{} cannot be made", to.display()))?;
    io::copy(&mut source, &mut target)
        .and_then(|_| target.sync_all())
        .with_context(|| format!("{} cannot be copied to {}", from.display(), to.display()))
}

/// Of every file below `dir` but the manifest.
fn digests(dir: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut digests = BTreeMap::new();
    for part in [DATABASE, JOURNAL, AUDIT] {
        let place = dir.join(part);
        for entry in fs::read_dir(&place).with_context(|| readable(&place))? {
            let path: PathBuf = entry?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            digests.insert(format!("{part}/{name}"), digest(&path)?);
        }
    }
    Ok(digests)
}

fn digest(path: &Path) -> anyhow::Result<String> {
    let mut file = File::open(path).with_context(|| readable(path))?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 64 * 1024]);
    loop {
        let read = file.read(&mut buffer).with_context(|| readable(path))?;
        match buffer.get(..read) {
            None | Some([]) => break,
            Some(bytes) => hash.update(bytes),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn readable(path: &Path) -> String {
    format!("{} cannot be read", path.display())
}

#[cfg(test)]
mod tests;
