//! The role of starting processes. Never decides whether one should run.

pub(crate) mod groups;
mod home;
pub(crate) mod local;
mod maker;
pub(crate) mod places;
pub(crate) mod scratch;

use std::sync::Arc;

use async_trait::async_trait;

use crate::{error::LaunchError, log::ProcessLog, process::Process, spec::ProcessSpec};

/// Starts processes.
#[async_trait]
pub trait Launcher: Send + Sync {
    /// Starts a command and resolves when it runs, its standard error going to `log`, along with
    /// a line when it started and one when it ended. Standard input and output are the handle's.
    ///
    /// When the future is dropped, or an error comes out, nothing is left running.
    async fn launch(&self, spec: ProcessSpec, log: Arc<ProcessLog>) -> Result<Process, LaunchError>;
}
