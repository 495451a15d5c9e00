//! A JSON string that is read without a copy.

use std::borrow::Cow;

use serde::Deserialize;

/// Only copied when it has escapes. A plain `Option<Cow<str>>` always copies: serde borrows in types of its own only
/// where they are the whole field.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);
