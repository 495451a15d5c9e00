//! Log output: to standard error, as text or as JSON lines.

use std::io::IsTerminal;

use anyhow::Context;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogFormat, LogSettings};

/// What the level is set by, where it is no flag.
const VARIABLE: &str = "LOG_LEVEL";

/// Starts logging for the whole process. Libraries are held to warnings unless the level names them.
pub fn start(settings: &LogSettings) -> anyhow::Result<()> {
    let registry = tracing_subscriber::registry().with(filter(settings.level.trim(), VARIABLE)?);
    match settings.format {
        LogFormat::Text => registry
            .with(
                tracing_subscriber::fmt::layer()
                    .with_ansi(std::io::stderr().is_terminal())
                    .with_writer(std::io::stderr)
                    .with_target(false),
            )
            .try_init(),
        LogFormat::Json => registry
            .with(tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr))
            .try_init(),
    }
    .context("logging was started twice")
}

/// Whether these settings can be used. `flag` says that the level comes from a flag of the command line.
pub(crate) fn check(settings: &LogSettings, flag: Option<&str>) -> anyhow::Result<()> {
    filter(settings.level.trim(), flag.unwrap_or(VARIABLE)).map(drop)
}

/// A single word is a level: as a directive it would name a target, and a typo would silence everything else.
fn filter(level: &str, name: &str) -> anyhow::Result<EnvFilter> {
    let wrong = || format!("{name}: {level:?} is no level; use error, warn, info, debug or trace");
    if level.contains('=') || level.contains(',') {
        return EnvFilter::try_new(level).with_context(wrong);
    }
    let level: LevelFilter = level.parse().with_context(wrong)?;
    EnvFilter::try_new(format!(
        "{level},h2=warn,rustls=warn,sqlx=warn,sea_orm=warn,sea_orm_migration=warn,actix_server=warn,mio=warn"
    ))
    .with_context(wrong)
}

#[cfg(test)]
mod tests {
    use super::filter;

    #[test]
    fn a_level_is_a_word_or_directives() {
        for level in ["error", "INFO", "trace", "off", "info,orch_relay=debug", "orch_gateway=trace"] {
            assert!(filter(level, "LOG_LEVEL").is_ok(), "{level}");
        }
        for level in ["verbose", "nonsense", "info,orch_relay=loud"] {
            let error = filter(level, "--log-level").expect_err(level).to_string();
            assert!(error.starts_with("--log-level: "), "{error}");
            assert!(error.contains("use error, warn, info, debug or trace"), "{error}");
        }
    }
}
