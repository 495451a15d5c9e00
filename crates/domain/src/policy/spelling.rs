//! Other spellings of a resource URI. A server may read any of them as the same resource, so the rules are asked about
//! each. Never changes what is sent.
//!
//! Beside the URI as it was written there are two. The canonical one is that of RFC 3986, 6.2.2: scheme and host in
//! lower case, unreserved characters not percent-encoded, dot segments resolved. The decoded one takes all encoding
//! away first, as often as it was put there, and resolves then, as servers do that decode before they look. What URL
//! parsers forgive (line breaks, backslashes, a missing or wrong number of slashes) is forgiven in both.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

/// A URI or a pattern in its two other spellings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spellings {
    pub(super) canonical: String,
    pub(super) decoded: String,
}

/// In which spelling something is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    AsWritten,
    Canonical,
    Decoded,
}

/// How much percent-encoding is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decode {
    /// What means the same with and without.
    Unreserved,
    Everything,
}

/// Schemes whose parsers take `\` for `/` and any number of slashes before the host, with their default ports.
const WEB: [(&str, &str); 5] = [("http", "80"), ("https", "443"), ("ws", "80"), ("wss", "443"), ("ftp", "21")];

impl Spellings {
    pub(super) fn of(uri: &str) -> Self {
        Self { canonical: spell(uri, Decode::Unreserved), decoded: spell(uri, Decode::Everything) }
    }

    pub(super) fn each(&self) -> [(Spelling, &str); 2] {
        [(Spelling::Canonical, &self.canonical), (Spelling::Decoded, &self.decoded)]
    }
}

/// Whether it is plain to see that a URI is the same in all spellings. False is no answer.
pub(super) fn is_settled(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once("://") else { return false };
    let is_special = scheme == "file" || WEB.iter().any(|(name, _)| *name == scheme);
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~' | b'/' | b'.');
    let has_dots = || path.split('/').any(|segment| matches!(segment, "." | ".."));
    !scheme.is_empty()
        && scheme.bytes().all(|byte| byte.is_ascii_lowercase())
        && host.bytes().all(|byte| is_plain(byte) && !byte.is_ascii_uppercase())
        && (scheme == "file" || !host.is_empty())
        && !(scheme == "file" && host == "localhost")
        && (!is_special || !path.is_empty())
        && path.bytes().all(is_plain)
        && !path.contains("//")
        && !has_dots()
}

fn spell(uri: &str, decode: Decode) -> String {
    // URL parsers drop these, wherever they are.
    let uri: Cow<'_, str> =
        if uri.contains(is_dropped) { Cow::Owned(uri.replace(is_dropped, "")) } else { Cow::Borrowed(uri) };
    if let Some(spelled) = absolute(&uri, decode) {
        return spelled;
    }
    let (path, tail) = split_tail(&uri);
    let spelled = resolved(&decoded(path, decode), IsRooted::AsWritten) + &decoded(tail, decode);
    // `./a:b` has become one with a scheme, which has its own spelling.
    absolute(&spelled, decode).unwrap_or(spelled)
}

/// None for what has no scheme.
fn absolute(uri: &str, decode: Decode) -> Option<String> {
    let (scheme, rest) = scheme_of(uri.trim_matches(is_trimmed))?;
    let mut spelled = with_scheme(&scheme.to_ascii_lowercase(), rest, decode);
    spelled.truncate(spelled.trim_end_matches(is_trimmed).len());
    Some(spelled)
}

/// `scheme` in lower case.
fn with_scheme(scheme: &str, rest: &str, decode: Decode) -> String {
    let web = WEB.iter().find(|(name, _)| *name == scheme);
    let is_file = scheme == "file";
    let (before, tail) = split_tail(rest);
    // A file has no query, and what comes after `#` is for who reads it.
    let tail = if is_file && decode == Decode::Everything { "" } else { tail };
    let before = if web.is_some() || is_file { Cow::Owned(before.replace('\\', "/")) } else { Cow::Borrowed(before) };
    let slashes = before.len() - before.trim_start_matches('/').len();
    let (authority, path) = match slashes {
        // Parsers of these find the host behind any number of slashes.
        _ if web.is_some() => (Some(before.get(slashes..).unwrap_or_default()), None),
        2 => (before.get(2..), None),
        // More than three begin a path without a host, as three do.
        3.. => (Some(""), before.get(2..)),
        _ if is_file => (Some(""), Some(&*before)),
        _ => (None, Some(&*before)),
    };
    let Some(authority) = authority else {
        let path = resolved(&decoded(path.unwrap_or_default(), decode), IsRooted::AsWritten);
        return format!("{scheme}:{path}{}", decoded(tail, decode));
    };
    let (host, path) = match path {
        Some(path) => (authority, path),
        None => authority.split_at(authority.find('/').unwrap_or(authority.len())),
    };
    let authority = decoded(host, decode).to_lowercase();
    // An encoded slash ends the host for who decodes first.
    let (host, begin) = authority.split_at(authority.find('/').unwrap_or(authority.len()));
    let mut host = host.trim_matches(is_trimmed).to_owned();
    let default_port = web.map_or("", |(_, port)| port);
    while let Some((name, port)) = host.rsplit_once(':')
        && !name.is_empty()
        && (port.is_empty() || port == default_port)
    {
        host.truncate(name.trim_end_matches(is_trimmed).len());
    }
    if is_file && host == "localhost" {
        host.clear();
    }
    let is_special = web.is_some() || is_file;
    let rooted = if is_special { IsRooted::Always } else { IsRooted::AsWritten };
    let mut path = format!("{begin}{}", decoded(path, decode));
    if is_special && path.contains('\\') {
        path = path.replace('\\', "/");
    }
    format!("{scheme}://{host}{}{}", resolved(&path, rooted), decoded(tail, decode))
}

/// The scheme, and what comes after its colon.
fn scheme_of(uri: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = uri.split_once(':')?;
    let is_scheme = scheme.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    is_scheme.then_some((scheme, rest))
}

/// Cuts off the query and the fragment.
fn split_tail(uri: &str) -> (&str, &str) {
    uri.split_at(uri.find(['?', '#']).unwrap_or(uri.len()))
}

const fn is_dropped(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r')
}

const fn is_trimmed(character: char) -> bool {
    character <= ' '
}

/// Takes percent-encoding away until there is none to take, in one walk; what stays is in upper case.
fn decoded(text: &str, decode: Decode) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        out.push(byte);
        // What was decoded may be the end of another one.
        while let [rest @ .., b'%', high, low] = &*out
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            let (byte, kept) = (high << 4 | low, rest.len());
            if decode == Decode::Unreserved && !is_unreserved(byte) {
                out.iter_mut().skip(kept).for_each(|byte| byte.make_ascii_uppercase());
                break;
            }
            out.truncate(kept);
            if !is_dropped(char::from(byte)) {
                out.push(byte);
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Whether a path begins with a slash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IsRooted {
    AsWritten,
    Always,
}

/// A path without dot segments and doubled slashes.
fn resolved(path: &str, rooted: IsRooted) -> String {
    let mut segments: Vec<&str> = Vec::new();
    let mut is_open = false;
    for segment in path.split('/') {
        // An end like `/`, `/.` and `/..` leaves a slash.
        is_open = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            name => segments.push(name),
        }
    }
    let mut out = String::with_capacity(path.len() + 1);
    if path.starts_with('/') || rooted == IsRooted::Always {
        out.push('/');
    }
    out.push_str(&segments.join("/"));
    if is_open && !segments.is_empty() {
        out.push('/');
    }
    out
}

/// What has a meaning in a pattern, and is put aside while the text around it is spelled.
const SPECIAL: [char; 8] = ['*', '?', '[', ']', '{', '}', ',', '!'];

/// Characters that no URI is made of stand for what has a meaning, from here on.
const ASIDE: u32 = 0x000F_0000;

/// The spellings of a pattern, so that a rule that is written in one of them is about the others as well. None where
/// they are the pattern itself.
pub(super) fn of_pattern(pattern: &str) -> Option<Spellings> {
    if pattern.chars().any(|character| u32::from(character) >= ASIDE) {
        return None;
    }
    let mut text = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            '\\' => characters.next().unwrap_or('\\'),
            special if SPECIAL.contains(&special) => char::from_u32(ASIDE + u32::from(special)).unwrap_or(special),
            other => other,
        });
    }
    let restored = |spelled: String| {
        let mut restored = String::with_capacity(spelled.len());
        for character in spelled.chars() {
            let aside = u32::from(character).checked_sub(ASIDE).and_then(char::from_u32);
            match aside.filter(|special| SPECIAL.contains(special)) {
                Some(special) => restored.push(special),
                None => {
                    if character == '\\' || SPECIAL.contains(&character) {
                        restored.push('\\');
                    }
                    restored.push(character);
                }
            }
        }
        restored
    };
    let spellings = Spellings {
        canonical: restored(spell(&text, Decode::Unreserved)),
        decoded: restored(spell(&text, Decode::Everything)),
    };
    (spellings.canonical != pattern || spellings.decoded != pattern).then_some(spellings)
}
