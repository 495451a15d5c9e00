//! The two cookies of a browser's session. HttpOnly: no script ever holds a token.

use actix_web::http::header::{self, HeaderMap, HeaderValue};

pub const ACCESS: &str = "orch_access";
pub const REFRESH: &str = "orch_refresh";

/// The refresh token travels to where it is used and nowhere else.
const REFRESH_PATH: &str = "/api/v1/auth";

/// How the instance is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https,
}

/// The value of a cookie that the client sent.
#[must_use]
pub fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, value)| *found == name && !value.is_empty())
        .map(|(_, value)| value)
}

/// Sets the access cookie for as long as the token is good.
#[must_use]
pub fn access(token: &str, seconds: u64, scheme: Scheme) -> Option<HeaderValue> {
    cookie(ACCESS, token, "/", seconds, scheme)
}

#[must_use]
pub fn refresh(token: &str, seconds: u64, scheme: Scheme) -> Option<HeaderValue> {
    cookie(REFRESH, token, REFRESH_PATH, seconds, scheme)
}

/// Takes both cookies away.
#[must_use]
pub fn removed(scheme: Scheme) -> [Option<HeaderValue>; 2] {
    [cookie(ACCESS, "", "/", 0, scheme), cookie(REFRESH, "", REFRESH_PATH, 0, scheme)]
}

/// None when the token has a character that no token of ours has.
fn cookie(name: &str, value: &str, path: &str, seconds: u64, scheme: Scheme) -> Option<HeaderValue> {
    let secure = match scheme {
        Scheme::Http => "",
        Scheme::Https => "; Secure",
    };
    let text = format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(text).ok()
}
