//! The methods of the protocol, one file for each family.

pub(crate) mod arguments;
pub(crate) mod call;
pub(crate) mod complete;
pub(crate) mod lists;
