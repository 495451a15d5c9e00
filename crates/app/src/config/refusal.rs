//! What is said of settings that cannot be used: the setting, what is wrong with it, what to write, and where it stands.

use figment::error::{Actual, Kind};

/// One line for all that is wrong.
pub(super) fn readable(error: figment::Error) -> anyhow::Error {
    let mut lines = Vec::new();
    for error in error {
        let path = if error.path.is_empty() { String::new() } else { format!("{}: ", error.path.join(".")) };
        let place = error.metadata.as_ref().map_or_else(String::new, |metadata| match &metadata.source {
            Some(figment::Source::File(file)) => format!(" (in {})", file.display()),
            _ => String::new(),
        });
        lines.push(format!("{path}{}{place}", problem(&error.kind)));
    }
    anyhow::anyhow!("the configuration cannot be used: {}", lines.join("; "))
}

fn problem(kind: &Kind) -> String {
    match kind {
        Kind::InvalidType(found, wanted) | Kind::InvalidValue(found, wanted) => match in_words(wanted) {
            Some(wanted) => format!("{} is not {wanted}", shown(found, &wanted)),
            None => kind.to_string(),
        },
        _ => kind.to_string(),
    }
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
            let error = Figment::from(Toml::string(text)).extract::<Settings>().expect_err(text);
            assert_eq!(readable(error).to_string(), format!("the configuration cannot be used: {refusal}"), "{text}");
        }
    }
}
