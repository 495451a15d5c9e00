//! Resource URIs on the unified endpoint: a reversible prefix that names the server.

use std::borrow::Cow;

/// The URI under which a server's resource is shown: `fs+file:///a`, `ui://fs/app/x`, or `fs++:rest` for what is no
/// URI with a scheme.
#[must_use]
pub(crate) fn expose(alias: &str, uri: &str) -> String {
    if let Some(rest) = uri.strip_prefix("ui://") {
        return format!("ui://{alias}/{rest}");
    }
    if has_scheme(uri) { format!("{alias}+{uri}") } else { format!("{alias}++:{uri}") }
}

/// Takes a shown URI apart into alias and original. None when it was never shown by us.
#[must_use]
pub(crate) fn resolve(uri: &str) -> Option<(&str, Cow<'_, str>)> {
    if let Some(rest) = uri.strip_prefix("ui://") {
        let (alias, path) = rest.split_once('/')?;
        return is_alias(alias).then(|| (alias, Cow::Owned(format!("ui://{path}"))));
    }
    let (alias, rest) = uri.split_once('+')?;
    if !is_alias(alias) {
        return None;
    }
    match rest.strip_prefix("+:") {
        // Also one with a scheme: it may be of a template that leaves the scheme open.
        Some(original) => Some((alias, Cow::Borrowed(original))),
        None => has_scheme(rest).then_some((alias, Cow::Borrowed(rest))),
    }
}

fn is_alias(text: &str) -> bool {
    orch_domain::alias::Alias::parse(text).is_ok()
}

/// RFC 3986: a letter, then letters, digits, `+`, `-`, `.`, up to a colon.
fn has_scheme(uri: &str) -> bool {
    let Some((scheme, _)) = uri.split_once(':') else { return false };
    scheme.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::{expose, resolve};

    #[test]
    fn goes_there_and_back() {
        for (uri, shown) in [
            ("file:///a", "fs+file:///a"),
            ("ui://app/x", "ui://fs/app/x"),
            ("data:text/plain,x", "fs+data:text/plain,x"),
            ("urn:x:y", "fs+urn:x:y"),
            ("db://{schema}/{table}", "fs+db://{schema}/{table}"),
            ("git+ssh://h/p", "fs+git+ssh://h/p"),
            ("plain/path", "fs++:plain/path"),
            ("", "fs++:"),
            ("+:odd", "fs++:+:odd"),
        ] {
            assert_eq!(expose("fs", uri), shown);
            let (alias, original) = resolve(shown).expect(shown);
            assert_eq!((alias, original.as_ref()), ("fs", uri));
        }
    }

    #[test]
    fn refuses_what_was_never_shown() {
        for uri in ["file:///a", "ui://x", "Fs+file:///a", "+file:///a", "fs+nothing", "", "ui:///x"] {
            assert_eq!(resolve(uri), None, "{uri}");
        }
    }

    #[test]
    fn a_template_may_leave_the_scheme_open() {
        for (template, expanded, original) in [
            ("{+url}", "fs++:file:///a", "file:///a"),
            ("{+url}", "fs++:ui://app/x", "ui://app/x"),
            ("{scheme}://h", "fs++:http://h", "http://h"),
        ] {
            let shown = expose("fs", template);
            assert_eq!(shown, format!("fs++:{template}"));
            assert_eq!(resolve(expanded), Some(("fs", original.into())), "{expanded}");
        }
    }

    proptest! {
        #[test]
        fn round_trips_any_uri(uri in "\\PC{0,40}") {
            let shown = expose("a-1", &uri);
            let (alias, original) = resolve(&shown).expect("resolvable");
            assert_eq!((alias, original.as_ref()), ("a-1", uri.as_str()));
        }
    }
}
