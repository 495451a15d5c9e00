//! Log output: to standard error, as text or as JSON lines.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogFormat, LogSettings};

/// Starts logging for the whole process. Libraries are held to warnings unless the level names them.
pub fn start(settings: &LogSettings) -> anyhow::Result<()> {
    let level = settings.level.trim();
    let directives = if level.contains('=') || level.contains(',') {
        level.to_owned()
    } else {
        format!(
            "{level},hyper=warn,h2=warn,rustls=warn,sqlx=warn,sea_orm=warn,sea_orm_migration=warn,actix_server=warn,mio=warn"
        )
    };
    let filter = EnvFilter::try_new(directives)
        .with_context(|| format!("LOG_LEVEL: {level:?} is no level; use error, warn, info, debug or trace"))?;
    let registry = tracing_subscriber::registry().with(filter);
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
