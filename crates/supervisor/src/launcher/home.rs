//! Where a command runs that is told no directory: in the home directory that it sees. Never where the daemon is, whose
//! settings lie there: a command that loads a `.env` by itself would have them.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use rustix::fs::{Access, AtFlags, CWD, accessat};
use secrecy::ExposeSecret as _;

use crate::{hidden, spec::ProcessSpec};

/// The home directory; None where there is none to run in, or where it is the daemon's own: then a directory is made.
/// Blocks for a moment.
pub(crate) fn of(spec: &ProcessSpec, inherited: &[(OsString, OsString)], hidden: &[PathBuf]) -> Option<PathBuf> {
    let own = spec.env.iter().rev().find(|(name, _)| name == "HOME");
    let own = own.map(|(_, home)| PathBuf::from(home.expose_secret()));
    let home = own.or_else(|| inherited.iter().find(|(name, _)| name == "HOME").map(|(_, home)| home.into()))?;
    can_be_used(&home, hidden).then_some(home)
}

fn can_be_used(home: &Path, hidden: &[PathBuf]) -> bool {
    let Some(real) = home.canonicalize().ok().filter(|real| home.is_absolute() && real.is_dir()) else {
        return false;
    };
    let settings = real.join(".env");
    let is_the_daemons = |hidden: PathBuf| real.starts_with(&hidden) || hidden == settings;
    let can_be_entered = accessat(CWD, &real, Access::EXEC_OK, AtFlags::EACCESS).is_ok();
    can_be_entered && !hidden.iter().flat_map(|path| hidden::names(path)).any(is_the_daemons)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink, path::PathBuf};

    use super::of;
    use crate::ProcessSpec;

    #[test]
    fn the_home_that_the_command_sees_unless_it_is_the_daemons() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        for name in ["home", "other", "data/deep"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        fs::write(root.join("file"), "").unwrap();
        symlink("data", root.join("link")).unwrap();
        let check = |inherited: Option<&str>, own: &[&str], hidden: &[&str], expected: Option<&str>| {
            let mut spec = ProcessSpec::new("test", "sh");
            let home = |name: &str| if name.is_empty() { PathBuf::new() } else { root.join(name) };
            let value = |name: &&str| ("HOME".to_owned(), home(name).display().to_string().into());
            spec.env = own.iter().map(value).collect();
            let inherited: Vec<_> = inherited.map(|name| ("HOME".into(), home(name).into())).into_iter().collect();
            let hidden: Vec<_> = hidden.iter().map(|name| root.join(name)).collect();
            let found = of(&spec, &inherited, &hidden);
            assert_eq!(found, expected.map(|name| root.join(name)), "{inherited:?} {own:?} {hidden:?}");
        };
        check(Some("home"), &[], &[], Some("home"));
        check(Some("home"), &["home", "other"], &[], Some("other"));
        check(Some("home"), &["nowhere"], &[], None);
        check(Some("file"), &[], &[], None);
        check(Some(""), &[], &[], None);
        check(None, &[], &[], None);
        // What is the daemon's is at, above or right in it; what is further down stays where it is.
        check(Some("data"), &[], &["data"], None);
        check(Some("data/deep"), &[], &["data"], None);
        check(Some("link"), &[], &["data"], None);
        check(Some("data"), &[], &["link"], None);
        check(Some("home"), &[], &["home/.env"], None);
        check(Some("home"), &[], &["home/share/orch", "home/share/.env", "other/.env"], Some("home"));
    }
}
