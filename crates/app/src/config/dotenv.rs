//! The `.env` file in the working directory. Puts into the environment what it says and the environment does not; what
//! would become something else than what stands there is refused.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, bail};

use super::environment;
use super::standing::{self, has_password};

/// Only the one in the working directory: what lies in a folder above belongs to something else.
pub(super) const FILE: &str = ".env";

/// What has come of it.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// The variables that it has set.
    pub(super) names: HashSet<String>,
    /// What is to be said of who else can read or change the file.
    pub(super) remarks: Vec<String>,
}

/// A file of somebody else is refused: in a directory that many write to, it is no file of ours, and would be taken
/// without anybody having named it.
pub(super) fn load() -> anyhow::Result<Loaded> {
    let (text, standing) = match standing::read(Path::new(FILE)) {
        Ok(read) => read,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Loaded::default()),
        Err(error) => return Err(error).context("the file .env cannot be read"),
    };
    if let Some(standing) = standing {
        standing.refuse_foreign("the file .env")?;
    }
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the environment is read")]
    let is_set = |name: &str| std::env::var_os(name).is_some();
    check(&text, is_set)?;
    let names = variables(&text).map(|(name, _)| name).filter(|name| !is_set(name)).collect();
    match dotenvy::from_read(text.as_bytes()) {
        Ok(()) => {
            let secrets = secrets(&text);
            let secrets: Vec<_> = secrets.iter().map(String::as_str).collect();
            let remarks = standing.map(|standing| standing.remarks("the file .env", &secrets)).unwrap_or_default();
            Ok(Loaded { names, remarks })
        }
        // The text of a line may be a secret, so only its place is said.
        Err(dotenvy::Error::LineParse(part, _)) => {
            let before = text.split(part.trim_end()).next().unwrap_or_default();
            let line = 1 + before.matches('\n').count();
            bail!("the file .env, line {line} is malformed; write NAME=VALUE, and a value with spaces in quotes")
        }
        Err(error) => bail!("the file .env cannot be read: {error}"),
    }
}

fn variables(text: &str) -> impl Iterator<Item = (String, String)> {
    dotenvy::from_read_iter(text.as_bytes()).filter_map(Result::ok)
}

/// The variables in it that are secrets.
fn secrets(text: &str) -> Vec<String> {
    let is_secret = |(name, value): &(String, String)| {
        !value.is_empty() && (environment::is_secret(name) || name == "PGPASSWORD" || has_password(value))
    };
    variables(text).filter(is_secret).map(|(name, _)| name).collect()
}

/// Refuses what readers of such files take for something else than it looks like: a `$` that stands for no variable,
/// as in passwords, and a value that begins like a comment.
fn check(text: &str, is_set: impl Fn(&str) -> bool) -> anyhow::Result<()> {
    let mut known = HashSet::new();
    let mut at = Place::Name;
    let mut line = 1;
    let mut name = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((index, character)) = characters.next() {
        let here = line;
        if character == '\n' {
            line += 1;
        }
        at = match (at, character) {
            (Place::Single, '\'') | (Place::Double, '"') => Place::Value,
            (Place::Single, _) => Place::Single,
            (Place::Double | Place::Value, '\\') => {
                if characters.next().is_some_and(|(_, next)| next == '\n') {
                    line += 1;
                }
                at
            }
            (Place::Double | Place::Value, '$') => {
                let rest = text.get(index + 1..).unwrap_or_default();
                let stands_for = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(name, _)| name);
                if !stands_for.is_some_and(|name| known.contains(name) || is_set(name)) {
                    bail!(
                        "the file .env, line {here}: the value of {name} has a $ that stands for no variable; write \
                         the value in single quotes"
                    );
                }
                at
            }
            (Place::Double, _) => Place::Double,
            (_, '\n') => {
                known.insert(std::mem::take(&mut name));
                Place::Name
            }
            (Place::Comment, _) => Place::Comment,
            (Place::Name, '#') if name.trim().is_empty() => Place::Comment,
            (Place::Name, '=') => {
                name = name.trim().trim_start_matches("export ").trim().to_owned();
                if characters.peek().is_some_and(|(_, next)| *next == '#') {
                    bail!(
                        "the file .env, line {here}: the value of {name} begins with #, as a comment does; write the \
                         value in single quotes"
                    );
                }
                Place::Value
            }
            (Place::Name, character) => {
                name.push(character);
                Place::Name
            }
            (Place::Value, '\'') => Place::Single,
            (Place::Value, '"') => Place::Double,
            (Place::Value, ' ' | '\t') if characters.peek().is_some_and(|(_, next)| *next == '#') => Place::Comment,
            (Place::Value, _) => Place::Value,
        };
    }
    Ok(())
}

/// Where in the file a character stands.
#[derive(Clone, Copy)]
enum Place {
    Name,
    Value,
    Single,
    Double,
    Comment,
}

#[cfg(test)]
mod tests {
    use super::{check, secrets};

    #[test]
    fn tells_which_of_it_is_secret() {
        let text =
            "JWT_SECRET=a\nPORT=1\nAUTH_SECRET=\nPGPASSWORD=x\nDATABASE_URL=postgresql://u:p@h/d\nSMTP_URL=smtp://h";
        assert_eq!(secrets(text), ["JWT_SECRET", "PGPASSWORD", "DATABASE_URL"]);
    }

    /// Refused as a whole, or taken with these values.
    fn is_taken(text: &str) -> Result<Vec<(String, String)>, String> {
        check(text, |name| name == "SET").map_err(|error| error.to_string())?;
        dotenvy::from_read_iter(text.as_bytes()).collect::<Result<_, _>>().map_err(|error| error.to_string())
    }

    #[test]
    fn takes_values_as_they_stand() {
        for (line, value) in [
            ("A=word#1", "word#1"),
            ("A='pa$$word#1'", "pa$$word#1"),
            (r"A=pa\$\$word#1", "pa$$word#1"),
            ("export A=\"with spaces\" # and a $comment", "with spaces"),
            ("# a $comment\n\nA=x #$y", "x"),
            ("A='two\nlines $1'", "two\nlines $1"),
            ("A=", ""),
        ] {
            let taken = is_taken(line).expect(line);
            assert_eq!(taken, [("A".to_owned(), value.to_owned())], "{line}");
        }
        let taken = is_taken("A=one\r\nB=${A}/two").expect("a variable of the file");
        assert_eq!(taken.last().map(|(_, value)| value.as_str()), Some("one/two"));
        assert!(is_taken("A=${SET}").is_ok());
    }

    #[test]
    fn refuses_what_would_become_something_else() {
        for line in ["A=pa$$word", "A=pa$word", "A=\"pa$word\"", "A=pa$", "A=pa$1", "A=${UNSET}", "A=$SET", "A=${SET"] {
            let refusal = is_taken(&format!("X='a\nb'\n{line}")).expect_err(line);
            assert!(refusal.contains("line 3: the value of A has a $"), "{line}: {refusal}");
            assert!(refusal.contains("single quotes") && !refusal.contains("pa"), "{refusal}");
        }
        let refusal = is_taken("A=#hash").expect_err("a value like a comment");
        assert!(refusal.contains("line 1: the value of A begins with #"), "{refusal}");
    }
}
