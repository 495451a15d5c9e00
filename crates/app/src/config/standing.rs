//! Whose a file is that settings come from, and who else of this machine reads or writes it. Knows not what is in it.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::bail;

/// Of a regular file; a pipe or a device is nobody's to be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    owner: u32,
    mode: u32,
}

/// The text of a file, and how it stood when it was read.
pub(super) fn read(path: &Path) -> io::Result<(String, Option<Standing>)> {
    let mut file = File::open(path)?;
    let found = file.metadata()?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let standing = found.is_file().then(|| Standing { owner: found.uid(), mode: found.mode() });
    Ok((text, standing))
}

impl Standing {
    /// Fails for a file of somebody else than this user and root, which was not asked for by its name.
    pub(super) fn refuse_foreign(self, shown: &str) -> anyhow::Result<()> {
        self.refuse_foreign_to(shown, orch_supervisor::user_id())
    }

    fn refuse_foreign_to(self, shown: &str, me: u32) -> anyhow::Result<()> {
        let owner = self.owner;
        if owner != 0 && owner != me {
            bail!(
                "{shown} belongs to user {owner}, who would say what this instance is: chown {me} it if it is to be \
                 used, or take it away"
            );
        }
        Ok(())
    }

    /// What is to be said of a file that everybody can change, or can read while there are these secrets in it.
    pub(super) fn remarks(self, shown: &str, secrets: &[&str]) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.mode & 0o002 != 0 {
            remarks.push(format!("{shown} can be changed by everybody on this machine: chmod o-w it"));
        }
        if self.mode & 0o004 != 0 && !secrets.is_empty() {
            let secrets = secrets.join(", ");
            remarks.push(format!("{shown} can be read by everybody on this machine, and has {secrets}: chmod o-r it"));
        }
        remarks
    }
}

/// Whether a URL has a password in it: behind the user's name, or as PostgreSQL's drivers take it, in the query.
pub(super) fn has_password(url: &str) -> bool {
    let rest = url.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let query = rest.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let of_user = authority.rsplit_once('@').and_then(|(user, _)| user.split_once(':'));
    let of_query = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == "password");
    of_user.into_iter().chain(of_query).any(|(_, word)| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::{Standing, has_password, read};

    #[test]
    fn nobody_else_says_what_an_instance_is() {
        let check = |owner, me| Standing { owner, mode: 0o600 }.refuse_foreign_to("the file .env", me);
        for (owner, me) in [(1000, 1000), (0, 1000), (0, 0)] {
            check(owner, me).expect("its own, or root's");
        }
        for (owner, me) in [(1001, 1000), (1000, 0)] {
            let refused = check(owner, me).expect_err("somebody else's").to_string();
            assert!(refused.starts_with(&format!("the file .env belongs to user {owner}")), "{refused}");
        }
    }

    #[test]
    fn says_what_everybody_can_do() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("orch.toml");
        std::fs::write(&path, "text").expect("a file");
        let remarks = |mode, secrets: &[&str]| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("a mode");
            let (text, standing) = read(&path).expect("it can be read");
            assert_eq!(text, "text");
            standing.expect("a file").remarks("orch.toml", secrets)
        };
        assert!(remarks(0o660, &["jwt_secret"]).is_empty() && remarks(0o644, &[]).is_empty());
        let read = "orch.toml can be read by everybody on this machine, and has jwt_secret: chmod o-r it";
        assert_eq!(remarks(0o644, &["jwt_secret"]), [read]);
        assert_eq!(remarks(0o602, &[]), ["orch.toml can be changed by everybody on this machine: chmod o-w it"]);
        assert_eq!(read_of_device(), None);
    }

    fn read_of_device() -> Option<Standing> {
        read(std::path::Path::new("/dev/null")).expect("nothing").1
    }

    #[test]
    fn tells_passwords_in_urls() {
        for url in [
            "postgresql://orch:sesame@db/orch",
            "smtps://a:b@c@mail:465",
            "postgresql://db/orch?user=o&password=sesame",
        ] {
            assert!(has_password(url), "{url}");
        }
        let without = ["postgresql://orch@db/orch?password=", "postgresql://db:5432/a@b:c", "postgresql://db?x=a:b@c"];
        for url in without.into_iter().chain(["sqlite://x.db", "http://u:@p", ""]) {
            assert!(!has_password(url), "{url}");
        }
    }
}
