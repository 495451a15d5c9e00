//! Errors of the disk that say which file it was, and whose it is where that is what stands in the way.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// For `map_err`: the same error, with the file.
pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> io::Error {
    move |error| {
        let whose = if error.kind() == io::ErrorKind::PermissionDenied { owner(path) } else { String::new() };
        io::Error::new(error.kind(), format!("{}: {error}{whose}", path.display()))
    }
}

/// Of the file, or of the directory that it was to be made in.
fn owner(path: &Path) -> String {
    let found =
        [Some(path), path.parent()].into_iter().flatten().find_map(|path| Some((path, fs::metadata(path).ok()?)));
    found.map_or_else(String::new, |(path, found)| {
        format!(
            "; {} belongs to user {} and group {}, with mode {:03o}: {}",
            path.display(),
            found.uid(),
            found.gid(),
            found.mode() & 0o777,
            advice(found.uid(), rustix::process::geteuid().as_raw())
        )
    })
}

const fn advice(owner: u32, me: u32) -> &'static str {
    if owner == me {
        "that is the user that runs this, so let it read and write there, with chmod u+rwX"
    } else {
        "hand it to the user that runs this, with chown"
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::io;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::{advice, at};

    #[test]
    fn says_which_file_and_whose_it_is() {
        let dir = tempfile::tempdir().expect("a directory");
        let (file, missing) = (dir.path().join("file"), dir.path().join("missing"));
        fs::write(&file, "").expect("a file");
        fs::set_permissions(&file, Permissions::from_mode(0o640)).expect("its mode");
        let me = fs::metadata(&file).expect("the file").uid();
        let said = |path, kind: io::ErrorKind| at(path)(kind.into()).to_string();

        let denied = said(&file, io::ErrorKind::PermissionDenied);
        let whose = format!("{}: permission denied; {0} belongs to user {me} and group", file.display());
        assert!(denied.starts_with(&whose) && denied.contains("mode 640: that is the user that runs this"), "{denied}");
        assert!(denied.ends_with("chmod u+rwX") && advice(me, me + 1).ends_with("chown"), "{denied}");
        let denied = said(&missing, io::ErrorKind::PermissionDenied);
        assert!(denied.contains(&format!("{} belongs to user {me}", dir.path().display())), "{denied}");
        assert_eq!(said(&file, io::ErrorKind::StorageFull), format!("{}: no storage space", file.display()));
        assert_eq!(at(&file)(io::ErrorKind::NotFound.into()).kind(), io::ErrorKind::NotFound);
    }
}
