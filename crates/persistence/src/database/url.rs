//! Database URLs: which database, and where. Never shows a password.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::Deserialize;
use sqlx::postgres::PgConnectOptions;

use crate::database::DatabaseKind;
use crate::error::PersistenceError;

/// `sqlite://path`, `sqlite::memory:`, `postgresql://...` or `postgres://...`; a `+driver` suffix of the scheme is
/// ignored. What a URL of PostgreSQL leaves out, such as the password, is taken from the variables of its own programs
/// (`PGPASSWORD`, `PGSSLMODE` and so on), as everywhere else.
///
/// After `sqlite://` stands a path: relative in `sqlite://data/x.db`, absolute in `sqlite:///data/x.db`. The habits of
/// others work as well: `sqlite:///./x.db` is relative and `sqlite:////data/x.db` absolute.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct DatabaseUrl(pub(crate) Place);

#[derive(Clone)]
pub(crate) enum Place {
    SqliteFile(PathBuf),
    SqliteMemory,
    Postgres(Box<PgConnectOptions>),
}

impl DatabaseUrl {
    pub fn parse(text: &str) -> Result<Self, PersistenceError> {
        let fail = |reason: &str| Err(PersistenceError::Url { reason: reason.to_owned() });
        let Some((scheme, rest)) = text.trim().split_once(':') else {
            return fail("it has no scheme; use sqlite:// or postgresql://");
        };
        let scheme = scheme.to_ascii_lowercase();
        let scheme = scheme.split_once('+').map_or(scheme.as_str(), |(scheme, _driver)| scheme);
        match scheme {
            "sqlite" => parse_sqlite(rest).map(Self),
            "postgres" | "postgresql" => {
                let options = format!("postgresql:{rest}").parse::<PgConnectOptions>().map_err(|_| {
                    // The parser's own words could repeat parts of the URL.
                    let reason = "it is not of the form postgresql://user:password@host:port/database; percent-encode \
                                  what is special in a password, such as %23 for #, or give it as PGPASSWORD instead";
                    PersistenceError::Url { reason: reason.to_owned() }
                })?;
                Ok(Self(Place::Postgres(Box::new(options))))
            }
            _ => fail("only sqlite:// and postgresql:// are known"),
        }
    }

    #[must_use]
    pub fn sqlite_file(path: impl Into<PathBuf>) -> Self {
        Self(Place::SqliteFile(path.into()))
    }

    #[must_use]
    pub const fn kind(&self) -> DatabaseKind {
        match &self.0 {
            Place::SqliteFile(_) | Place::SqliteMemory => DatabaseKind::Sqlite,
            Place::Postgres(_) => DatabaseKind::Postgres,
        }
    }

    /// The file of a SQLite database; None for others.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        match &self.0 {
            Place::SqliteFile(path) => Some(path.clone()),
            Place::SqliteMemory | Place::Postgres(_) => None,
        }
    }

    /// A database that is gone with its [`Database`](crate::Database).
    #[must_use]
    pub const fn sqlite_memory() -> Self {
        Self(Place::SqliteMemory)
    }
}

fn parse_sqlite(rest: &str) -> Result<Place, PersistenceError> {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if path.trim_start_matches('/') == ":memory:" || query.split('&').any(|pair| pair == "mode=memory") {
        return Ok(Place::SqliteMemory);
    }
    let path = match path.strip_prefix('/') {
        Some(tail) if tail.starts_with("./") || tail.starts_with("../") || tail.starts_with('/') => tail,
        _ => path,
    };
    if path.is_empty() || path.ends_with('/') {
        return Err(PersistenceError::Url { reason: "it names no file".to_owned() });
    }
    Ok(Place::SqliteFile(PathBuf::from(path)))
}

impl FromStr for DatabaseUrl {
    type Err = PersistenceError;

    fn from_str(text: &str) -> Result<Self, PersistenceError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for DatabaseUrl {
    type Error = PersistenceError;

    fn try_from(text: String) -> Result<Self, PersistenceError> {
        Self::parse(&text)
    }
}

impl fmt::Display for DatabaseUrl {
    /// For people and logs: without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::SqliteFile(path) => write!(f, "sqlite://{}", path.display()),
            Place::SqliteMemory => f.write_str("sqlite::memory:"),
            Place::Postgres(options) => {
                let database = options.get_database().unwrap_or_default();
                match options.get_socket() {
                    Some(socket) => write!(f, "postgresql://{}/{database}", socket.display()),
                    None => write!(f, "postgresql://{}:{}/{database}", options.get_host(), options.get_port()),
                }
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::DatabaseUrl;

    fn check(text: &str, shown: &str) {
        assert_eq!(DatabaseUrl::parse(text).map(|url| url.to_string()).ok().as_deref(), Some(shown), "{text}");
    }

    #[test]
    fn knows_the_usual_ways_to_name_a_sqlite_file() {
        check("sqlite://x.db", "sqlite://x.db");
        check("sqlite:data/x.db", "sqlite://data/x.db");
        check("sqlite:///var/lib/x.db", "sqlite:///var/lib/x.db");
        check("sqlite:////var/lib/x.db", "sqlite:///var/lib/x.db");
        check("sqlite:///./x.db", "sqlite://./x.db");
        check("sqlite+aiosqlite:///./data/x.db", "sqlite://./data/x.db");
        check("sqlite://x.db?mode=rwc", "sqlite://x.db");
        check("SQLite://x.db", "sqlite://x.db");
    }

    #[test]
    fn knows_the_usual_ways_to_name_memory() {
        for text in ["sqlite::memory:", "sqlite://:memory:", "sqlite:///:memory:", "sqlite://x?mode=memory"] {
            check(text, "sqlite::memory:");
        }
    }

    #[test]
    fn ignores_the_driver_and_hides_user_and_password() {
        check("postgresql://ada:s3cret@db:5433/orch", "postgresql://db:5433/orch");
        check("postgres://ada:s3cret@db/orch", "postgresql://db:5432/orch");
        check("postgresql+asyncpg://ada:s3cret@db:5432/orch?sslmode=require", "postgresql://db:5432/orch");
        let url = DatabaseUrl::parse("postgresql://ada:s3cret@db/orch");
        assert!(!format!("{url:?}").contains("s3cret"));
    }

    #[test]
    fn refuses_the_rest_without_repeating_a_password() {
        let refused = |text| DatabaseUrl::parse(text).map(|_| ()).map_err(|error| error.to_string());
        for text in ["", "x.db", "mysql://a:s3cret@b/c", "postgresql://a:s3cret@b:port/c", "sqlite://", "sqlite:///"] {
            let error = refused(text);
            assert!(error.as_ref().is_err_and(|error| !error.contains("s3cret")), "{text}: {error:?}");
        }
        for text in ["postgresql://a:s3cret/1@b/c", "postgresql://a:s3cret#1@b/c"] {
            let error = refused(text);
            let told = |error: &String| !error.contains("s3cret") && error.contains("PGPASSWORD");
            assert!(error.as_ref().is_err_and(told), "{text}: {error:?}");
        }
    }
}
