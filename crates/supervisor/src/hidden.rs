//! Where files that are to stay hidden are, or would be if they were there: what is not there yet can be planted.

use std::path::{Path, PathBuf};

/// The names of a hidden file, without a link on the way to them: its own, and that of what it leads to.
pub(crate) fn names(path: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let own = path.ancestors().skip(1).find_map(|above| {
        let below = path.strip_prefix(above).ok()?;
        Some(above.canonicalize().ok()?.join(below))
    });
    let led_to = path.canonicalize().ok().filter(|led_to| Some(led_to) != own.as_ref());
    own.into_iter().chain(led_to)
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::symlink,
        path::{Path, PathBuf},
    };

    use super::names;

    #[test]
    fn a_file_has_its_names_whether_it_is_there_or_not() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("real/deep")).unwrap();
        fs::write(root.join("real/there"), "").unwrap();
        symlink("real", root.join("way")).unwrap();
        symlink("real/there", root.join("link")).unwrap();
        symlink("nowhere", root.join("dangling")).unwrap();
        let check = |path: &str, expected: &[&str]| {
            let expected: Vec<PathBuf> = expected.iter().map(|name| root.join(name)).collect();
            assert_eq!(names(&root.join(path)).collect::<Vec<_>>(), expected, "{path}");
        };
        check("real/there", &["real/there"]);
        check("way/there", &["real/there"]);
        check("way/missing", &["real/missing"]);
        check("way/gone/missing", &["real/gone/missing"]);
        // Who may put another link into its place is kept from it as well.
        check("link", &["link", "real/there"]);
        check("dangling", &["dangling"]);
        check("real/deep/../there", &["real/there"]);
        assert_eq!(names(Path::new("/")).collect::<Vec<_>>(), [Path::new("/")]);
    }
}
