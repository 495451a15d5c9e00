//! Which of the packed forms of a file a client takes.

use actix_web::http::header::{self, HeaderMap};

/// How a file is packed. The packed ones are made when the dashboard is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Brotli,
    Gzip,
    Plain,
}

impl Coding {
    /// What the client takes, the smallest first.
    pub(super) fn of(headers: &HeaderMap) -> Vec<Self> {
        let takes = |wanted: &str| {
            headers
                .get_all(header::ACCEPT_ENCODING)
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(','))
                .any(|entry| {
                    let mut parts = entry.split(';').map(str::trim);
                    let is_wanted = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(wanted));
                    let is_refused = parts
                        .any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0)));
                    is_wanted && !is_refused
                })
        };
        let packed = [Self::Brotli, Self::Gzip].into_iter().filter(|coding| coding.name().is_some_and(takes));
        packed.chain([Self::Plain]).collect()
    }

    pub(super) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Plain => None,
        }
    }

    /// What the packed file's name ends in.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
            Self::Plain => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};

    use super::Coding::{self, Brotli, Gzip, Plain};

    #[test]
    fn takes_the_smallest_that_the_client_takes() {
        let check = |accepted: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            Coding::of(&headers)
        };
        assert_eq!(check("gzip, deflate, br, zstd"), [Brotli, Gzip, Plain]);
        assert_eq!(check("gzip;q=0.5"), [Gzip, Plain]);
        assert_eq!(check("br;q=0, GZIP"), [Gzip, Plain]);
        assert_eq!(check("identity"), [Plain]);
        assert_eq!(Coding::of(&HeaderMap::new()), [Plain]);
    }
}
