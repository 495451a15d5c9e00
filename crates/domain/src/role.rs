//! Project roles, from least to most.

use crate::words::words;

words! {
    /// Ordered: a higher role may do all that a lower one may.
    Role {
        Viewer = "viewer",
        Member = "member",
        Admin = "admin",
    }
}
