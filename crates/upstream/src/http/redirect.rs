//! Where a server that redirects wants a request to go. Only to itself: what is meant for one origin, credentials above
//! all, is never sent to another.

use http::header::LOCATION;
use http::{HeaderMap, StatusCode, Uri};
use url::Url;

use crate::http::endpoint::{Endpoint, shown};

/// So many in a row are followed.
pub(crate) const LIMIT: usize = 3;

/// What a response says about going elsewhere.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Redirect {
    /// The same request, to another path of the same origin.
    Within(Uri),
    /// It is not followed; says why.
    Refused(String),
}

/// None when the response is no redirect that keeps the method; the others are answers to be judged.
pub(crate) fn of(endpoint: &Endpoint, status: StatusCode, headers: &HeaderMap) -> Option<Redirect> {
    if !matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT) {
        return None;
    }
    let number = status.as_u16();
    let named = headers.get(LOCATION).and_then(|location| location.to_str().ok());
    let target = named.and_then(|location| Url::parse(&endpoint.url).ok()?.join(location).ok());
    let Some(target) = target else {
        return Some(Redirect::Refused(format!("the server redirects (HTTP {number}) and does not say where to")));
    };
    let origin = Url::parse(&endpoint.url).ok().map(|url| url.origin());
    if origin != Some(target.origin()) {
        let to = shown(target.as_str());
        return Some(Redirect::Refused(format!(
            "the server redirects to another origin, {to}, which is not followed; set the URL to it if that is right"
        )));
    }
    let path = match target.query() {
        Some(query) => format!("{}?{query}", target.path()),
        None => target.path().to_owned(),
    };
    Some(match path.parse() {
        Ok(uri) => Redirect::Within(uri),
        Err(_) => Redirect::Refused(format!("the server redirects (HTTP {number}) to a path that cannot be sent")),
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::{Redirect, of};
    use crate::config::ClientIdentity;
    use crate::http::HttpTarget;
    use crate::http::endpoint::Endpoint;

    fn redirected(location: &'static str) -> Option<Redirect> {
        let target = HttpTarget { url: "http://host:1/a/mcp?k=1".to_owned(), headers: Vec::new() };
        let endpoint = Endpoint::parse(&target, &ClientIdentity::default()).unwrap();
        let headers = HeaderMap::from_iter([(http::header::LOCATION, HeaderValue::from_static(location))]);
        of(&endpoint, StatusCode::TEMPORARY_REDIRECT, &headers)
    }

    #[test]
    fn stays_with_the_origin() {
        let within = |location, path: &str| {
            assert_eq!(redirected(location), Some(Redirect::Within(path.parse().unwrap())), "{location}");
        };
        within("/a/mcp/", "/a/mcp/");
        within("http://host:1/b?c=d", "/b?c=d");
        within("other", "/a/other");
        for elsewhere in
            ["http://host:2/", "https://host:1/", "http://169.254.169.254/", "//evil/", "file:///etc/passwd"]
        {
            assert!(matches!(redirected(elsewhere), Some(Redirect::Refused(_))), "{elsewhere}");
        }
        let Some(Redirect::Refused(why)) = redirected("http://user:sesame@evil/?token=sesame") else { panic!() };
        assert!(why.contains("http://evil/") && !why.contains("sesame"), "{why}");
    }

    #[test]
    fn other_answers_are_no_redirects() {
        let target = HttpTarget { url: "http://host/".to_owned(), headers: Vec::new() };
        let endpoint = Endpoint::parse(&target, &ClientIdentity::default()).unwrap();
        assert_eq!(of(&endpoint, StatusCode::OK, &HeaderMap::new()), None);
        // This one would turn a POST into a GET.
        assert_eq!(of(&endpoint, StatusCode::SEE_OTHER, &HeaderMap::new()), None);
        assert!(matches!(of(&endpoint, StatusCode::PERMANENT_REDIRECT, &HeaderMap::new()), Some(Redirect::Refused(_))));
    }
}
