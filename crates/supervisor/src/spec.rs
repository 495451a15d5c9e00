//! What to start. Holds the secrets of one launch and never shows them.

use std::{ffi::OsString, fmt, path::PathBuf};

use secrecy::SecretString;

use crate::confinement::{ProcessLimits, SandboxProfile};

/// A command to start, with its secrets. `Debug` shows how many arguments there are and the names
/// of the variables, never a value.
#[derive(Clone)]
pub struct ProcessSpec {
    /// A name for people: shown by `ps` on the keeper, in spans and in the log. Not a secret.
    pub label: String,
    /// A path, or a name looked up in the `PATH` the process will have.
    pub program: OsString,
    /// Arguments after the program's name.
    pub args: Vec<SecretString>,
    /// Variables besides the inherited base; they win over it, and the last of a name wins.
    pub env: Vec<(String, SecretString)>,
    /// Working directory. When absent, the home directory that the command sees; in a sandbox, and where that cannot
    /// be entered or is where the daemon reads its `.env` or keeps its data, one that is made for it and removed afterwards. Never
    /// where the daemon is. A relative `program` that contains a slash is taken from here.
    pub cwd: Option<PathBuf>,
    pub limits: ProcessLimits,
    /// None for no sandbox.
    pub sandbox: Option<SandboxProfile>,
}

impl ProcessSpec {
    /// A command without arguments, variables or directory.
    pub fn new(label: impl Into<String>, program: impl Into<OsString>) -> Self {
        Self {
            label: label.into(),
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            cwd: None,
            limits: ProcessLimits::default(),
            sandbox: None,
        }
    }
}

impl fmt::Debug for ProcessSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.env.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("ProcessSpec")
            .field("label", &self.label)
            .field("program", &self.program)
            .field("args", &format_args!("[{} redacted]", self.args.len()))
            .field("env", &format_args!("{names:?} (values redacted)"))
            .field("cwd", &self.cwd)
            .field("limits", &self.limits)
            .field("sandbox", &self.sandbox)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::ProcessSpec;

    #[test]
    fn debug_shows_no_value() {
        let mut spec = ProcessSpec::new("github", "npx");
        spec.args.push("--token=hunter22".into());
        spec.env.push(("GITHUB_TOKEN".to_owned(), "ghp_sesame".into()));
        let shown = format!("{spec:?}");
        assert!(shown.contains("GITHUB_TOKEN") && shown.contains("npx"));
        assert!(!shown.contains("hunter22") && !shown.contains("sesame"));
    }
}
