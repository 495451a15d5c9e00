//! As whom this process runs. Changes nothing about it.

/// The user whose rights this process has; 0 is root.
#[must_use]
pub fn user_id() -> u32 {
    rustix::process::geteuid().as_raw()
}
