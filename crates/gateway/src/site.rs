//! Which hosts the daemon answers to and which web pages may talk to it: the defence against DNS rebinding and
//! against other sites using a browser's cookies.

use url::Url;

use crate::config::GatewayConfig;
use crate::cookies::Scheme;
use crate::error::GatewayError;
use crate::fields::{Fields, plain};

/// What is allowed, parsed once.
#[derive(Debug, Clone)]
pub struct Site {
    /// Lower case, as browsers write them: `https://host` or `https://host:8443`.
    origins: Vec<String>,
    /// Lower case, without a port.
    hosts: Vec<String>,
    pub scheme: Scheme,
    /// Where clients reach the daemon, without a slash at its end.
    pub base_url: String,
}

/// Why a request is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Host,
    Origin,
}

impl Site {
    pub fn new(config: &GatewayConfig) -> Result<Self, GatewayError> {
        let wrong_base = || GatewayError::BaseUrl { url: shown(&config.base_url) };
        let (base_origin, base_host) = origin(&config.base_url).ok_or_else(wrong_base)?;
        // Paths are put at its end, so it ends before all of these.
        if config.base_url.contains(['?', '#', '@']) {
            return Err(wrong_base());
        }
        // Pages, their files and cookies are at the root.
        if Url::parse(&config.base_url).is_ok_and(|url| url.path() != "/") {
            return Err(GatewayError::BaseUrlPath { url: config.base_url.clone(), such: base_origin });
        }
        let scheme = if base_origin.starts_with("https:") { Scheme::Https } else { Scheme::Http };
        let mut origins = vec![base_origin];
        let mut hosts = vec![base_host];
        for text in &config.allowed_origins {
            origins.push(allowed_origin(text)?);
        }
        for text in &config.allowed_hosts {
            hosts.push(allowed_host(text)?);
        }
        let base_url = config.base_url.trim_end_matches('/').to_owned();
        Ok(Self { origins, hosts, scheme, base_url })
    }

    /// Whether what people send to the base URL can be read on its way: without TLS, to another machine.
    #[must_use]
    pub fn is_in_the_clear(&self) -> bool {
        matches!(self.scheme, Scheme::Http) && self.hosts.first().is_none_or(|host| !is_loopback(host))
    }

    /// Whether a request with these headers may come in at all.
    pub fn check(&self, headers: &impl Fields, authority: Option<&str>) -> Result<(), Refusal> {
        // HTTP/1.0 without a Host header cannot come from a browser; HTTP/2 has it in the request line.
        match headers.first("host").map(plain) {
            Some(Some(host)) if self.is_own_host(host) => {}
            Some(_) => return Err(Refusal::Host),
            None if authority.is_none_or(|authority| self.is_own_host(authority)) => {}
            None => return Err(Refusal::Host),
        }
        self.check_origin(headers)
    }

    /// Whether the page that asks, if it is one, may do so.
    pub(crate) fn check_origin(&self, headers: &impl Fields) -> Result<(), Refusal> {
        match headers.first("origin").map(plain) {
            None => Ok(()),
            Some(Some(origin)) if self.is_allowed_origin(origin) => Ok(()),
            Some(_) => Err(Refusal::Origin),
        }
    }

    /// Whether a request that changes something and brings only a cookie comes from a page of ours. Stricter than
    /// [`Site::check`]: a page on another loopback port is another program's.
    #[must_use]
    pub fn is_same_site(&self, headers: &impl Fields, authority: Option<&str>) -> bool {
        let text = |name| headers.first(name).and_then(plain);
        let Some(origin) = text("origin") else {
            // Browsers leave the origin out only where they say themselves that the page is the same.
            return matches!(text("sec-fetch-site"), Some("same-origin" | "none"));
        };
        let host = text("host").or(authority);
        let own = origin.split_once("://").is_some_and(|(_, origin)| host.is_some_and(|host| host == origin));
        own || self.is_listed(origin)
    }

    fn is_own_host(&self, host: &str) -> bool {
        let name = without_port(host);
        is_loopback(name) || self.hosts.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    fn is_allowed_origin(&self, origin: &str) -> bool {
        let loopback = origin.split_once("://").is_some_and(|(scheme, authority)| {
            matches!(scheme, "http" | "https") && is_loopback(without_port(authority))
        });
        loopback || self.is_listed(origin)
    }

    fn is_listed(&self, origin: &str) -> bool {
        self.origins.iter().any(|own| own.eq_ignore_ascii_case(origin))
    }
}

/// The origin of a URL as a browser writes it, and its host. None for what the reader of URLs would mend: what is put
/// behind such a text would lead elsewhere.
fn origin(text: &str) -> Option<(String, String)> {
    let (scheme, rest) = text.split_once("://")?;
    let is_web = ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
    if !is_web || rest.starts_with('/') || rest.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let host = url.host_str().filter(|host| !host.contains('*'))?.to_ascii_lowercase();
    Some((url.origin().ascii_serialization(), host))
}

/// An origin and nothing else: a path behind it would be believed to hold.
fn allowed_origin(text: &str) -> Result<String, GatewayError> {
    let found = origin(text.trim()).map(|(origin, _)| origin);
    let is_all = |_: &String| {
        Url::parse(text).is_ok_and(|url| {
            let is_without_login = url.username().is_empty() && url.password().is_none();
            is_without_login && url.path() == "/" && url.query().is_none() && url.fragment().is_none()
        })
    };
    if let Some(origin) = found.clone().filter(is_all) {
        return Ok(origin);
    }
    let such = found.unwrap_or_else(|| "https://tools.example.com".to_owned());
    Err(GatewayError::AllowedOrigin { origin: shown(text), such })
}

/// A host as requests name it, in lower case.
fn allowed_host(text: &str) -> Result<String, GatewayError> {
    let text = text.trim().to_ascii_lowercase();
    let meant = match text.split_once("://") {
        Some(_) => origin(&text),
        None => origin(&format!("http://{text}")),
    };
    let meant = meant.map(|(_, host)| host);
    let is_v6 = || text.strip_prefix('[').is_some_and(|text| text.ends_with(']'));
    match meant {
        // However an address of IPv6 is written here, browsers write it in one way.
        Some(host) if host == text || is_v6() => Ok(host),
        meant => {
            let such = meant.unwrap_or_else(|| "orch.example.com".to_owned());
            Err(GatewayError::AllowedHost { host: shown(&text), such })
        }
    }
}

/// A setting as an error shows it: without what may be a password before the host.
fn shown(text: &str) -> String {
    text.rsplit('@').next().unwrap_or_default().to_owned()
}

/// The host of `host:port` and `[::1]:port`.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port))
            if port.bytes().all(|b| b.is_ascii_digit()) && (!host.contains(':') || host.ends_with(']')) =>
        {
            host
        }
        _ => authority,
    }
}

fn is_loopback(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]"
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

    use super::{Refusal, Site};
    use crate::config::GatewayConfig;

    fn site() -> Site {
        Site::new(&GatewayConfig {
            base_url: "https://mcp.example.com".into(),
            allowed_origins: vec!["https://tools.example.com:8443".into()],
            allowed_hosts: vec!["orch.internal".into()],
            ..GatewayConfig::default()
        })
        .unwrap()
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_str(v).unwrap()));
        pairs.collect()
    }

    #[test]
    fn answers_to_its_own_names_only() {
        for host in ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000", "mcp.example.com", "orch.internal:9"] {
            assert_eq!(site().check(&headers(&[("host", host)]), None), Ok(()), "{host}");
        }
        for host in ["evil.com", "localhost.evil.com", "127.0.0.1.evil.com", "mcp.example.com.evil.com", "", ":80"] {
            assert_eq!(site().check(&headers(&[("host", host)]), None), Err(Refusal::Host), "{host}");
        }
    }

    #[test]
    fn refuses_settings_that_no_request_could_match() {
        let with = |change: fn(&mut GatewayConfig)| {
            let mut config = GatewayConfig::default();
            change(&mut config);
            Site::new(&config).map(drop).map_err(|error| error.to_string())
        };
        for wrong in [
            with(|config| config.allowed_hosts = vec!["orch.internal:8443".into()]),
            with(|config| config.allowed_hosts = vec!["https://orch.internal".into()]),
            with(|config| config.allowed_hosts = vec!["*.internal".into()]),
            with(|config| config.allowed_hosts = vec![String::new()]),
            with(|config| config.allowed_origins = vec!["orch.internal".into()]),
            with(|config| config.base_url = "https://mcp.example.com?x=1".into()),
            with(|config| config.base_url = "https://ada:secret@mcp.example.com".into()),
            with(|config| config.base_url = "mcp.example.com".into()),
            // What a reader of URLs mends, and what is put behind it leads elsewhere.
            with(|config| config.base_url = "https:mcp.example.com".into()),
            with(|config| config.base_url = "https:///mcp.example.com".into()),
            with(|config| config.base_url = r"https:\\mcp.example.com".into()),
            with(|config| config.base_url = "https://mcp.example.com ".into()),
            with(|config| config.base_url = "https://mcp.exa\nmple.com".into()),
            with(|config| config.base_url = "https://*.example.com".into()),
            with(|config| config.base_url = "https://mcp.example.com/below/".into()),
            with(|config| config.base_url = "https://mcp.example.com//".into()),
        ] {
            let error = wrong.expect_err("a setting that cannot be used");
            assert!(error.contains("such as"), "{error}");
        }
        assert!(with(|config| config.allowed_hosts = vec!["Orch.Internal".into(), "[fd00::1]".into()]).is_ok());
        assert!(with(|config| config.base_url = "HTTPS://Mcp.example.com/".into()).is_ok());
    }

    #[test]
    fn says_what_to_write() {
        let refused = |config: GatewayConfig| Site::new(&config).map(drop).expect_err("a refusal").to_string();
        let below =
            refused(GatewayConfig { base_url: "https://Example.com:8443/mcp".into(), ..GatewayConfig::default() });
        assert!(below.contains("/mcp` has a path") && below.ends_with("such as https://example.com:8443"), "{below}");
        for (origin, such) in [
            ("https://tools.example.com/app", "such as https://tools.example.com"),
            ("https://ada:sesame@tools.example.com", "such as https://tools.example.com"),
            ("https://:sesame@tools.example.com", "such as https://tools.example.com"),
            ("https://*.example.com", "such as https://tools.example.com"),
            ("tools.example.com", "such as https://tools.example.com"),
        ] {
            let error = refused(GatewayConfig { allowed_origins: vec![origin.into()], ..GatewayConfig::default() });
            assert!(error.ends_with(such) && !error.contains("sesame"), "{origin}: {error}");
        }
        for (host, such) in [
            ("https://orch.internal:8443/x", "such as orch.internal"),
            ("orch.internal:8443", "such as orch.internal"),
            ("b\u{fc}cher.example", "such as xn--bcher-kva.example"),
            ("*.internal", "such as orch.example.com"),
            ("fd00::1", "such as orch.example.com"),
            ("https://ada:sesame@orch.internal", "such as orch.internal"),
            ("ada:sesame@orch.internal", "such as orch.internal"),
        ] {
            let error = refused(GatewayConfig { allowed_hosts: vec![host.into()], ..GatewayConfig::default() });
            assert!(error.ends_with(such) && !error.contains("sesame"), "{host}: {error}");
        }
    }

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        let allowed_hosts = vec!["[FD00:0:0::0001]".into()];
        let site = Site::new(&GatewayConfig { allowed_hosts, ..GatewayConfig::default() }).expect("an address");
        assert_eq!(site.check(&headers(&[("host", "[fd00::1]:8000")]), None), Ok(()));
    }

    #[test]
    fn takes_requests_from_known_pages_only() {
        let check = |origin: &str| site().check(&headers(&[("host", "localhost"), ("origin", origin)]), None);
        for origin in [
            "http://localhost:3000",
            "http://127.0.0.1:9",
            "http://[::1]:1",
            "https://mcp.example.com",
            "https://tools.example.com:8443",
        ] {
            assert_eq!(check(origin), Ok(()), "{origin}");
        }
        for origin in [
            "null",
            "",
            "http://mcp.example.com",
            "https://tools.example.com",
            "https://evil.com",
            "http://localhost.evil.com",
            "file://localhost",
            "http://localhost:3000@evil.com",
        ] {
            assert_eq!(check(origin), Err(Refusal::Origin), "{origin}");
        }
    }

    #[test]
    fn takes_cookies_from_its_own_pages_only() {
        let check = |pairs: &[(&'static str, &str)]| site().is_same_site(&headers(pairs), None);
        assert!(check(&[("host", "localhost:8000"), ("origin", "http://localhost:8000")]));
        assert!(check(&[("host", "mcp.example.com"), ("origin", "https://mcp.example.com")]));
        assert!(check(&[("host", "localhost:8000"), ("sec-fetch-site", "same-origin")]));
        assert!(!check(&[("host", "localhost:8000"), ("origin", "http://localhost:3000")]));
        assert!(!check(&[("host", "localhost:8000"), ("sec-fetch-site", "same-site")]));
        assert!(!check(&[("host", "localhost:8000")]));
    }
}
