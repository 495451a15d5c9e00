//! The environment a command starts with: a short list of ours, then the spec's. Anything else of
//! the daemon's, above all its own settings and secrets, stays here.

use std::ffi::{OsStr, OsString};

/// What any program may expect to find.
const INHERITED: [&str; 8] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "USER", "LOGNAME", "SHELL"];

/// The part of `environment` that a command inherits.
pub(crate) fn inheritable(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Vec<(OsString, OsString)> {
    environment.into_iter().filter(|(name, _)| is_inherited(name)).collect()
}

fn is_inherited(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| INHERITED.contains(&name) || name.starts_with("LC_"))
}

#[cfg(test)]
mod tests {
    use super::inheritable;

    #[test]
    fn lets_only_the_listed_names_through() {
        let given = [
            "PATH",
            "LC_ALL",
            "LC_",
            "ORCH_DATA_DIR",
            "DATABASE_URL",
            "JWT_SECRET",
            "PATHS",
            "LD_PRELOAD",
            "path",
            "HOME",
        ];
        let kept = inheritable(given.map(|name| (name.into(), "x".into())));
        let kept: Vec<_> = kept.iter().filter_map(|(name, _)| name.to_str()).collect();
        assert_eq!(kept, ["PATH", "LC_ALL", "LC_", "HOME"]);
    }
}
