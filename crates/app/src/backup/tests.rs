//! What a restore that fails leaves, and what it says.

use std::fs;
use std::os::unix::fs::symlink;

use orch_persistence::{DatabaseCopy, DatabaseKind, sqlite_file};

use super::{Place, Target, back_up, restore};
use crate::config::Settings;
use crate::instance;

fn names(dir: &std::path::Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_copy_that_cannot_be_opened_leaves_no_part_of_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let (backup, place) = (dir.path().join("backup"), dir.path().join("place"));
    fs::create_dir(&backup).expect("a directory");
    fs::create_dir(&place).expect("a directory");
    let target = Target::File(place.join("orch.db"));
    let copy = DatabaseCopy { kind: DatabaseKind::Sqlite, steps: Vec::new(), tables: Vec::new() };
    // One that is not there, one that is no database, and what another attempt has left.
    for text in [None, Some("nothing that SQLite knows, whatever it may be")] {
        if let Some(text) = text {
            fs::write(sqlite_file(&backup), text).expect("a file");
        }
        fs::write(place.join("orch.db.part"), "").expect("a file");
        fs::write(place.join("orch.db.part-wal"), "").expect("a file");
        target.fill(&backup, &copy).await.expect_err("it cannot be opened");
        assert_eq!(names(&place), [""; 0], "{text:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_taken_away_hides_no_failure() {
    let dir = tempfile::tempdir().expect("a directory");
    let settings = Settings { data_dir: dir.path().join("data"), ..Settings::default() };
    let held = settings.journal().dir.join("held");
    fs::create_dir_all(&held).expect("a directory");
    let place = Place::of(&settings);
    fs::write(&place.mark, "").expect("a file");
    let target = Target::File(settings.data_dir.join("orchestrator.db"));
    let copy = DatabaseCopy { kind: DatabaseKind::Sqlite, steps: Vec::new(), tables: Vec::new() };
    let nothing = dir.path().join("nothing");
    let failed = format!("{:#}", place.bring(&target, &nothing, &copy).await.expect_err("there is no backup"));
    for told in [format!("{} cannot be removed", held.display()), "database.sqlite cannot be read".to_owned()] {
        assert!(failed.contains(&told), "{told}: {failed}");
    }
    assert!(place.mark.exists());
}

#[tokio::test]
async fn a_database_comes_to_where_a_link_leads() {
    let dir = tempfile::tempdir().expect("a directory");
    let settings = Settings { data_dir: dir.path().join("data"), ..Settings::default() };
    instance::migrate(&settings).await.expect("an instance");
    let backup = dir.path().join("backup");
    back_up(&settings, &backup).await.expect("a backup");
    let link = dir.path().join("linked.db");
    symlink("real/orch.db", &link).expect("a link to a file that is not there");
    let linked = Settings {
        data_dir: dir.path().join("other"),
        database_url: Some(format!("sqlite://{}", link.display()).into()),
        ..Settings::default()
    };
    restore(&linked, &backup).await.expect("it comes back");
    assert!(link.is_symlink());
    assert_eq!(names(&dir.path().join("real")), ["orch.db", "orch.db-serve.lock"]);
    restore(&linked, &backup).await.expect_err("it is there");
}
