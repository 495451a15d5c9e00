//! What can be said to the daemon where it is started.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use orch_app::config::Flags;

#[derive(Args)]
pub(crate) struct Options {
    /// Settings as a TOML file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where database, journal and generated secrets are kept
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Address to listen on
    #[arg(long)]
    host: Option<IpAddr>,
    /// Port to listen on; 0 for one of the system's choice
    #[arg(long)]
    port: Option<u16>,
    /// error, warn, info, debug or trace, or directives such as info,orch_relay=debug
    #[arg(long)]
    log_level: Option<String>,
    /// Serve the servers of this file as a project named after it, and follow the file
    #[arg(long, value_name = "FILE")]
    mcp_config: Option<PathBuf>,
}

impl Options {
    pub(crate) fn flags(self) -> Flags {
        let Self { config, data_dir, host, port, log_level, mcp_config } = self;
        Flags { config, data_dir, host, port, log_level, mcp_config }
    }
}
