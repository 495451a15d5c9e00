//! As whom this process runs, and what it may. Changes nothing about it.

use std::io;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, accessat};

/// The user whose rights this process has; 0 is root.
#[must_use]
pub fn user_id() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Fails where this process may not make and take away files in a directory.
pub fn may_write_in(directory: &Path) -> io::Result<()> {
    may(directory, Access::WRITE_OK | Access::EXEC_OK)
}

/// Fails where this process may not read and write a file.
pub fn may_write(file: &Path) -> io::Result<()> {
    may(file, Access::READ_OK | Access::WRITE_OK)
}

/// Asked as opening it does, by the effective user.
fn may(path: &Path, access: Access) -> io::Result<()> {
    accessat(CWD, path, access, AtFlags::EACCESS).map_err(io::Error::from)
}
