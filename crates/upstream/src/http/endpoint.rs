//! Where a server is and what each request to it carries, worked out once. Dials nothing.

use http::header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use secrecy::ExposeSecret as _;
use url::{Host, Url};

use crate::config::ClientIdentity;
use crate::error::ConnectError;
use crate::http::HttpTarget;

/// Headers that belong to the transport; a value of somebody else's would break it.
const RESERVED: [&str; 13] = [
    "accept",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "last-event-id",
    "mcp-protocol-version",
    "mcp-session-id",
    "te",
    "transfer-encoding",
    "upgrade",
];

#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) secure: bool,
    pub(crate) host: Host<String>,
    pub(crate) port: u16,
    /// As it was given; it may have a secret in its query.
    pub(crate) url: String,
    /// Path and query, as the request line has it.
    pub(crate) uri: Uri,
    /// Of every POST, before there is a session.
    pub(crate) headers: HeaderMap,
}

impl Endpoint {
    pub(crate) fn parse(target: &HttpTarget, identity: &ClientIdentity) -> Result<Self, ConnectError> {
        let invalid = |why: String| ConnectError::InvalidUrl { why };
        let url = Url::parse(&target.url).map_err(|error| invalid(error.to_string()))?;
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(invalid("only http and https are spoken".to_owned())),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("it must not contain a user name or a password; use a header".to_owned()));
        }
        let host = url.host().ok_or_else(|| invalid("it has no host".to_owned()))?.to_owned();
        let port = url.port_or_known_default().ok_or_else(|| invalid("it has no port".to_owned()))?;
        let uri = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let uri = uri.parse().map_err(|_| invalid("its path cannot be sent".to_owned()))?;
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        let authority =
            HeaderValue::try_from(authority).map_err(|_| invalid("its host name cannot be sent".to_owned()))?;
        let headers = headers(target, identity, authority)?;
        Ok(Self { secure, host, port, url: url.into(), uri, headers })
    }
}

impl Endpoint {
    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}:{}", self.host, self.port)
    }

    /// The same path as a whole URL, as proxies want it.
    pub(crate) fn absolute(&self, uri: &Uri) -> Uri {
        format!("{}{uri}", self.origin()).parse().unwrap_or_else(|_| uri.clone())
    }
}

fn headers(target: &HttpTarget, identity: &ClientIdentity, authority: HeaderValue) -> Result<HeaderMap, ConnectError> {
    let mut headers = HeaderMap::with_capacity(8 + target.headers.len());
    headers.insert(HOST, authority);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    if let Ok(agent) = HeaderValue::try_from(format!("{}/{}", identity.name, identity.version)) {
        headers.insert(USER_AGENT, agent);
    }
    for (name, value) in &target.headers {
        let invalid = |why| ConnectError::InvalidHeader { name: crate::excerpt::excerpt(name.as_bytes()), why };
        let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid("its name is not one of a header"))?;
        if RESERVED.contains(&parsed.as_str()) {
            return Err(invalid("it belongs to the transport"));
        }
        let mut value = HeaderValue::from_str(value.expose_secret())
            .map_err(|_| invalid("its value has characters that no header may have"))?;
        value.set_sensitive(true);
        // The last of a name wins, as with the variables of a process.
        headers.insert(parsed, value);
    }
    Ok(headers)
}

/// A URL as it may be shown: without user, password, query and fragment.
pub(crate) fn shown(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else { return "(not a URL)".to_owned() };
    url.set_query(None);
    url.set_fragment(None);
    // Fails for URLs that cannot have a user, and so have none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, shown};
    use crate::config::ClientIdentity;
    use crate::http::HttpTarget;

    fn parse(url: &str, headers: &[(&str, &str)]) -> Result<Endpoint, String> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let target = HttpTarget { url: url.to_owned(), headers };
        Endpoint::parse(&target, &ClientIdentity::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn takes_urls_apart() {
        let endpoint = parse("https://Example.com/a/mcp?k=v#f", &[]).expect("endpoint");
        assert!(endpoint.secure);
        assert_eq!((endpoint.port, endpoint.uri.to_string()), (443, "/a/mcp?k=v".to_owned()));
        assert_eq!(endpoint.headers["host"], "example.com");
        let endpoint = parse("http://[::1]:8080", &[]).expect("endpoint");
        assert_eq!((endpoint.uri.to_string(), endpoint.port), ("/".to_owned(), 8080));
        assert_eq!(endpoint.headers["host"], "[::1]:8080");
    }

    #[test]
    fn refuses_what_it_cannot_send_and_repeats_no_secret() {
        let failure = |url: &str, headers: &[(&str, &str)]| parse(url, headers).err().expect("refused");
        assert_eq!(failure("ftp://a/", &[]), "the URL cannot be used: only http and https are spoken");
        assert!(!failure("http://user:sesame@a/", &[]).contains("sesame"));
        assert!(failure("http://a/", &[("Host", "b")]).contains("`Host`"));
        let bad = failure("http://a/", &[("x-key", "sesame\r\nx: y")]);
        assert!(bad.contains("`x-key`") && !bad.contains("sesame"), "{bad}");
        assert_eq!(shown("http://u:p@a/b?token=c#d"), "http://a/b");
    }

    #[test]
    fn debug_shows_no_value() {
        let target = HttpTarget {
            url: "http://a/?token=hunter22".to_owned(),
            headers: vec![("authorization".to_owned(), "Bearer sesame".into())],
        };
        let shown = format!("{target:?}");
        assert!(shown.contains("authorization") && !shown.contains("sesame") && !shown.contains("hunter22"));
    }
}
