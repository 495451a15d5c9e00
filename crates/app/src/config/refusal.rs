//! What is said of settings that cannot be used: the setting, what is wrong with it, what to write, and where it stands.

use anyhow::anyhow;
use figment::error::{Actual, Kind};
use figment::value::Value;
use figment::{Figment, Metadata, Source};

use super::environment::Variables;

/// What the reader of addresses and networks says.
const NO_ADDRESS: &str = "invalid IP address syntax";

/// One line for all that is wrong with what these settings were read from.
pub(super) fn readable(figment: &Figment, error: figment::Error) -> anyhow::Error {
    let lines = error.into_iter().map(|error| {
        let wrong = match (&error.kind, error.path.last()) {
            // Both addresses to listen on are called so. What was meant is a name, most often.
            (Kind::Message(text), Some(name)) if text == NO_ADDRESS && name == "host" => {
                let said = figment.find_value(&error.path.join(".")).ok().and_then(Value::into_string);
                let said = said.map_or_else(|| "it".to_owned(), |said| format!("{said:?}"));
                format!("{said} is no address such as 127.0.0.1 or 0.0.0.0; names are not looked up")
            }
            (kind, _) => problem(kind),
        };
        refused(&error.path, error.metadata.as_ref(), &wrong)
    });
    unusable(lines)
}

/// A refusal that begins with the name of its setting, under the name by which it was set, and with where it was set.
pub(super) fn placed(figment: &Figment, error: anyhow::Error) -> anyhow::Error {
    let text = format!("{error:#}");
    let (name, wrong) = text.split_at(text.find([':', ' ']).unwrap_or(text.len()));
    let path = Variables::setting(name).unwrap_or(name);
    let Some(from) = figment.find_metadata(path) else { return error };
    let path: Vec<_> = path.split('.').map(str::to_owned).collect();
    anyhow!("{}{wrong}{}", name_of(&path, Some(from)), place(Some(from)))
}

/// The error of several refusals.
pub(super) fn unusable(lines: impl Iterator<Item = String>) -> anyhow::Error {
    anyhow!("the configuration cannot be used: {}", lines.collect::<Vec<_>>().join("; "))
}

/// What is wrong with one setting, under the name by which it was set.
pub(super) fn refused(path: &[String], from: Option<&Metadata>, wrong: &str) -> String {
    let name = name_of(path, from);
    let name = if name.is_empty() { name } else { format!("{name}: ") };
    format!("{name}{wrong}{}", place(from))
}

fn name_of(path: &[String], from: Option<&Metadata>) -> String {
    let variable = from.filter(|from| from.name == Variables::NAME).and_then(|_| Variables::of(path));
    variable.map_or_else(|| path.join("."), str::to_owned)
}

/// The file, if it was one.
fn place(from: Option<&Metadata>) -> String {
    match from.and_then(|from| from.source.as_ref()) {
        Some(Source::File(file)) => format!(" (in {})", file.display()),
        _ => String::new(),
    }
}

fn problem(kind: &Kind) -> String {
    match kind {
        Kind::InvalidType(found, wanted) | Kind::InvalidValue(found, wanted) => match in_words(wanted) {
            Some(wanted) => format!("{} is not {wanted}", shown(found, &wanted)),
            None => kind.to_string(),
        },
        Kind::UnknownVariant(found, choices) => format!("{found:?} is none of {}", choices.join(", ")),
        Kind::UnknownField(found, settings) => match closest(found, settings) {
            Some(meant) => format!("there is no such setting; {meant} is meant, perhaps"),
            None => "there is no such setting".to_owned(),
        },
        Kind::Message(text) => match text.as_str() {
            NO_ADDRESS => {
                "it is no address or network of the Internet protocol, such as 127.0.0.1, ::1 or 10.0.0.0/8".to_owned()
            }
            text => without_lines(text).unwrap_or_else(|| text.to_owned()),
        },
        _ => kind.to_string(),
    }
}

/// What the parser of the file says, but the line that it shows: there may be a secret in it.
fn without_lines(text: &str) -> Option<String> {
    let mut lines = text.lines();
    let place = lines.next().filter(|first| first.starts_with("TOML parse error"))?;
    let wrong = lines.skip_while(|line| !line.trim_start().starts_with('|') || !line.ends_with('^')).skip(1);
    Some(format!("{place}: {}", wrong.filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join(", ")))
}

/// The name that is written most like this one, if one is.
fn closest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let distances = known.iter().map(|name| (distance(found, name), *name));
    distances.min().filter(|(distance, _)| *distance <= found.len() / 3).map(|(_, name)| name)
}

/// How many letters have to be changed, put in or taken out.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (place, letter) in from.bytes().enumerate() {
        let mut next = vec![place + 1];
        for ((other, change), above) in to.bytes().zip(&row).zip(row.iter().skip(1)) {
            let left = next.last().copied().unwrap_or_default();
            next.push((change + usize::from(letter != other)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// What serde calls by the names of Rust's types.
fn in_words(wanted: &str) -> Option<String> {
    let (least, name) = wanted.strip_prefix("a nonzero ").map_or((0, wanted), |name| (1, name));
    let most = match name {
        "u8" => u64::from(u8::MAX),
        "u16" => u64::from(u16::MAX),
        "u32" => u64::from(u32::MAX),
        // What is above no one means.
        "u64" | "usize" => return Some(format!("a whole number of {least} or more")),
        "a boolean" => return Some("true or false".to_owned()),
        "a string" | "path string" => return Some("a text in quotes".to_owned()),
        "a sequence" => return Some("a list in brackets".to_owned()),
        _ if name.starts_with("struct ") => return Some("a table of settings".to_owned()),
        _ => return None,
    };
    Some(format!("a whole number from {least} to {most}"))
}

/// A text is not shown, nor a number where a text is wanted: it may be a password.
fn shown(found: &Actual, wanted: &str) -> String {
    let may_be_secret = !wanted.starts_with("a whole number");
    match found {
        Actual::Bool(value) => value.to_string(),
        Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_) if may_be_secret => "a number".to_owned(),
        Actual::Unsigned(value) => value.to_string(),
        Actual::Signed(value) => value.to_string(),
        Actual::Float(value) => value.to_string(),
        Actual::Str(_) => "a text".to_owned(),
        Actual::Seq => "a list".to_owned(),
        Actual::Map => "a table".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use figment::Figment;
    use figment::providers::{Format, Toml};

    use super::super::Settings;
    use super::readable;

    #[test]
    fn says_what_a_setting_may_be() {
        let most = "a whole number from 0 to 65535";
        for (text, refusal) in [
            ("[mcp]\nidle_poll_us = 70000", format!("mcp.idle_poll_us: 70000 is not {most}")),
            ("[mcp]\nidle_poll_us = -1", format!("mcp.idle_poll_us: -1 is not {most}")),
            ("[mcp]\nidle_poll_us = 0.5", format!("mcp.idle_poll_us: 0.5 is not {most}")),
            ("port = \"sesame\"", format!("port: a text is not {most}")),
            ("data_dir = 1", "data_dir: a number is not a text in quotes".to_owned()),
            // Of which nothing may be said.
            ("jwt_secret = 123456", "jwt_secret: a number is not a text in quotes".to_owned()),
            ("[initial_admin]\npassword = 12.5", "initial_admin.password: a number is not a text in quotes".to_owned()),
            ("allowed_hosts = \"a\"", "allowed_hosts: a text is not a list in brackets".to_owned()),
            ("mcp = 1", "mcp: a number is not a table of settings".to_owned()),
            ("workers = true", "workers: true is not a whole number of 0 or more".to_owned()),
            (
                "auth.access_token_seconds = 0",
                "auth.access_token_seconds: 0 is not a whole number from 1 to 4294967295".to_owned(),
            ),
        ] {
            check(text, &refusal);
        }
    }

    #[test]
    fn names_what_is_meant_and_shows_no_line() {
        let network = "it is no address or network of the Internet protocol, such as 127.0.0.1, ::1 or 10.0.0.0/8";
        for (text, refusal) in [
            ("environment = \"prod\"", "environment: \"prod\" is none of development, production".to_owned()),
            ("hosts = 1", "hosts: there is no such setting; host is meant, perhaps".to_owned()),
            (
                "[relay]\nmax_itemz = 1",
                "relay.max_itemz: there is no such setting; max_items is meant, perhaps".to_owned(),
            ),
            ("colour = 1", "colour: there is no such setting".to_owned()),
            (
                "[upstream.addresses]\nallow_networks = [\"nowhere\"]",
                format!("upstream.addresses.allow_networks.0: {network}"),
            ),
            (
                "host = \"localhost\"",
                "host: \"localhost\" is no address such as 127.0.0.1 or 0.0.0.0; names are not looked up".to_owned(),
            ),
            (
                "[metrics]\nhost = \"nowhere\"",
                "metrics.host: \"nowhere\" is no address such as 127.0.0.1 or 0.0.0.0; names are not looked up"
                    .to_owned(),
            ),
            (
                "jwt_secret = \"a secret\npassword = 1",
                "TOML parse error at line 1, column 23: invalid basic string".to_owned(),
            ),
        ] {
            check(text, &refusal);
        }
    }

    #[test]
    fn names_the_variable_that_said_it() {
        let path = ["environment".to_owned()];
        let from = figment::Metadata::named(super::Variables::NAME);
        assert_eq!(super::refused(&path, Some(&from), "wrong"), "ORCH_ENV: wrong");
        let from = figment::Metadata::from("TOML file", std::path::Path::new("/etc/orch.toml"));
        assert_eq!(super::refused(&path, Some(&from), "wrong"), "environment: wrong (in /etc/orch.toml)");
    }

    #[test]
    fn says_where_a_value_was_set() {
        struct Place(figment::Metadata, &'static str);
        impl figment::Provider for Place {
            fn metadata(&self) -> figment::Metadata {
                self.0.clone()
            }
            fn data(&self) -> Result<figment::value::Map<figment::Profile, figment::value::Dict>, figment::Error> {
                Toml::string(self.1).data()
            }
        }
        let placed = |from: figment::Metadata, text, refusal: &str| {
            super::placed(&Figment::from(Place(from, text)), anyhow::anyhow!("{refusal}")).to_string()
        };
        let file = || figment::Metadata::from("TOML file", std::path::Path::new("/etc/orch.toml"));
        let dotenv = || figment::Metadata::from(super::Variables::NAME, std::path::Path::new(".env"));
        let environment = || figment::Metadata::named(super::Variables::NAME);
        let (loud, wrong) = ("log.level = \"loud\"", "LOG_LEVEL: it is no level");
        assert_eq!(placed(file(), loud, wrong), "log.level: it is no level (in /etc/orch.toml)");
        assert_eq!(placed(dotenv(), loud, wrong), "LOG_LEVEL: it is no level (in .env)");
        assert_eq!(placed(environment(), loud, wrong), wrong);
        // Of a flag, or set nowhere.
        assert_eq!(placed(file(), loud, "--log-level: it is no level"), "--log-level: it is no level");
        assert_eq!(placed(file(), "port = 1", wrong), wrong);
        let (long, wrong) = ("auth.access_token_seconds = 9", "auth.access_token_seconds: too long");
        assert_eq!(placed(file(), long, wrong), format!("{wrong} (in /etc/orch.toml)"));
        let (known, wrong) = ("initial_admin.password = \"x\"", "INITIAL_ADMIN_PASSWORD is not fit");
        assert_eq!(placed(file(), known, wrong), "initial_admin.password is not fit (in /etc/orch.toml)");
    }

    fn check(text: &str, refusal: &str) {
        let figment = Figment::from(Toml::string(text));
        let error = figment.extract::<Settings>().expect_err(text);
        assert_eq!(
            readable(&figment, error).to_string(),
            format!("the configuration cannot be used: {refusal}"),
            "{text}"
        );
    }
}
