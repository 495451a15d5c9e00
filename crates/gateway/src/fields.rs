//! The headers of a request, whoever has read them.

use actix_web::http::header::HeaderMap;
use orch_http1::request::Head;

/// Names are given in lower case.
pub trait Fields {
    /// Every header with its name, which may be in any case.
    fn each(&self) -> impl Iterator<Item = (&str, &[u8])>;

    /// All values of one.
    fn all(&self, name: &str) -> impl Iterator<Item = &[u8]>;

    fn first(&self, name: &str) -> Option<&[u8]> {
        self.all(name).next()
    }

    fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// The first value, if it is text. Lets letters beyond ASCII pass, which none of the values has that something is
    /// looked up by.
    fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.first(name)?).ok()
    }
}

/// A value without anything but visible characters of ASCII, spaces and tabs.
pub(crate) fn plain(value: &[u8]) -> Option<&str> {
    let is_plain = value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    std::str::from_utf8(value).ok().filter(|_| is_plain)
}

impl Fields for HeaderMap {
    fn each(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.get_all(name).map(|value| value.as_bytes())
    }
}

impl Fields for Head {
    fn each(&self) -> impl Iterator<Item = (&str, &[u8])> {
        // Names that are none have not become a head.
        self.fields().map(|(name, value)| (std::str::from_utf8(name).unwrap_or_default(), value))
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        Self::all(self, name)
    }
}
