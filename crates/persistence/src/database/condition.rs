//! What statements have shown to be wrong with a database that still answers. Asks nothing itself.

use std::sync::{Mutex, MutexGuard, PoisonError};

use orch_domain::error::{StoreError, WithCauses};
use sea_orm::DbErr;

use crate::store_error::{Ailment, told};

#[derive(Debug, Default)]
pub(crate) struct Condition(Mutex<Option<(Ailment, String)>>);

impl Condition {
    pub(super) fn note_failure(&self, error: &DbErr) {
        let Some(ailment) = Ailment::of(error) else { return };
        let mut noted = self.lock();
        if !is_damaged(&noted) {
            *noted = Some((ailment, WithCauses(error).to_string()));
        }
    }

    /// Something has reached the disk. What is damaged stays so, whatever can still be written beside it.
    pub(super) fn note_written(&self) {
        let mut noted = self.lock();
        if !is_damaged(&noted) {
            *noted = None;
        }
    }

    /// The last failure, until something was written since.
    pub(super) fn told(&self) -> Result<(), StoreError> {
        let Some((ailment, error)) = self.lock().clone() else { return Ok(()) };
        let doing = if ailment == Ailment::Damaged { "using it" } else { "writing to it" };
        Err(told(Some(ailment), doing, error.into()))
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Ailment, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const fn is_damaged(noted: &Option<(Ailment, String)>) -> bool {
    matches!(noted, Some((Ailment::Damaged, _)))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::FileExt;

    use orch_domain::error::StoreError;
    use orch_domain::id::UserId;
    use orch_domain::port::user_repo::UserRepo;
    use orch_testkit::builders::an_audit_entry;
    use sea_orm::ConnectionTrait;

    use crate::config::DatabaseConfig;
    use crate::database::Database;
    use crate::error::PersistenceError;
    use crate::store_error::unavailable;
    use crate::{DatabaseUrl, SeaUserRepo};

    #[tokio::test]
    async fn a_full_disk_is_told_of_until_something_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = DatabaseConfig::new(DatabaseUrl::sqlite_file(folder.path().join("orch.db")));
        let database = Database::connect(&config).await.expect("a database");
        database.migrate().await.expect("a schema");
        let limit = async |pages: &str| {
            let pragma = format!("PRAGMA max_page_count = {pages}");
            database.writer().execute_unprepared(&pragma).await.expect("a limit");
        };
        limit("1").await;
        let writing = database.write("filling it").await.expect("a write");
        let failed = writing.conn().execute_unprepared("CREATE TABLE filler (x)").await.map_err(unavailable("filling"));
        assert!(matches!(failed, Err(StoreError::Full { .. })), "{failed:?}");
        drop(writing);
        limit("100000").await;
        database.write("doing nothing").await.expect("a write").commit().await.expect("a commit");
        let told = database.ping().await;
        assert!(matches!(told, Err(StoreError::Full { .. })), "{told:?}");
        let writing = database.write("writing").await.expect("a write");
        writing.audit(&an_audit_entry().build()).await.expect("an entry");
        writing.commit().await.expect("a commit");
        database.ping().await.expect("all is well again");
        database.close().await;
    }

    #[tokio::test]
    async fn a_damaged_file_is_told_of_for_good() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("orch.db");
        let config = DatabaseConfig::new(DatabaseUrl::sqlite_file(&path));
        let database = Database::connect(&config).await.expect("a database");
        database.migrate().await.expect("a schema");
        database.close().await;
        let database = Database::connect(&config).await.expect("a database");
        spoil(&path, 4096);
        let found = SeaUserRepo::new(database.clone()).find(UserId::new()).await;
        assert!(matches!(found, Err(StoreError::Damaged { .. })), "{found:?}");
        database.0.condition.note_written();
        let told = database.ping().await;
        assert!(matches!(told, Err(StoreError::Damaged { .. })), "{told:?}");
        database.close().await;
        for from in [4096, 0] {
            spoil(&path, from);
            let opened = Database::connect(&config).await;
            assert!(matches!(opened, Err(PersistenceError::Damaged { .. })), "{opened:?}");
        }
    }

    fn spoil(path: &std::path::Path, from: u64) {
        let file = File::options().write(true).open(path).expect("the file");
        let len = file.metadata().expect("its length").len() - from;
        file.write_all_at(&vec![0x5d; usize::try_from(len).expect("a length")], from).expect("damage");
    }
}
