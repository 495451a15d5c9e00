//! Spellings as tables, and what holds for all of them.

use proptest::prelude::{Strategy, any, proptest};

use super::{Spellings, is_settled, of_pattern};

#[test]
fn is_spelled_as_servers_read_it() {
    for (uri, canonical, decoded) in [
        ("file:///secret/b", "file:///secret/b", "file:///secret/b"),
        ("file:///%73ecret/b", "file:///secret/b", "file:///secret/b"),
        ("file:///pub/../secret/b", "file:///secret/b", "file:///secret/b"),
        ("file:///pub/%2E%2e/secret/./b", "file:///secret/b", "file:///secret/b"),
        ("FILE:///secret/b", "file:///secret/b", "file:///secret/b"),
        ("file:////secret//b", "file:///secret/b", "file:///secret/b"),
        ("file:/secret/b", "file:///secret/b", "file:///secret/b"),
        ("file:secret/b", "file:///secret/b", "file:///secret/b"),
        ("file://LOCALHOST/secret/b", "file:///secret/b", "file:///secret/b"),
        (r"file:\\\pub\..\secret\b", "file:///secret/b", "file:///secret/b"),
        (" fi\tle:///secret/b\n", "file:///secret/b", "file:///secret/b"),
        ("file:///secret/b?x#y", "file:///secret/b?x#y", "file:///secret/b"),
        ("file:///pub/..%2fsecret/b", "file:///pub/..%2Fsecret/b", "file:///secret/b"),
        ("file:///pub/x%3f/..%2f..%2fsecret/b", "file:///pub/x%3F/..%2F..%2Fsecret/b", "file:///secret/b"),
        ("file:///pub/%252e%252e/secret/b", "file:///pub/%252e%252e/secret/b", "file:///secret/b"),
        ("file:///pub/%5c..%5c..%5csecret/b", "file:///pub/%5C..%5C..%5Csecret/b", "file:///secret/b"),
        ("file:///a%20b", "file:///a%20b", "file:///a b"),
        ("file:///%4%31", "file:///A", "file:///A"),
        ("file:///%ff", "file:///%FF", "file:///\u{fffd}"),
        ("file:///100%", "file:///100%", "file:///100%"),
        ("HTTP:\\\\Host:80", "http://host/", "http://host/"),
        ("http:host/a", "http://host/a", "http://host/a"),
        ("https://Host:443/a//b?q=//x", "https://host/a/b?q=//x", "https://host/a/b?q=//x"),
        ("secret://Vault/A", "secret://vault/A", "secret://vault/A"),
        ("secret://pub%2f..%2fvault", "secret://pub%2f..%2fvault", "secret://pub/vault"),
        ("secret://{x}/{+path}", "secret://{x}/{+path}", "secret://{x}/{+path}"),
        ("URN:a:B", "urn:a:B", "urn:a:B"),
        ("secret:pub/../b", "secret:b", "secret:b"),
        ("pub/../secret/b", "secret/b", "secret/b"),
        ("./X:b", "x:b", "x:b"),
        ("/pub/..", "/", "/"),
        ("", "", ""),
    ] {
        let spelled = Spellings::of(uri);
        assert_eq!((spelled.canonical.as_str(), spelled.decoded.as_str()), (canonical, decoded), "{uri}");
    }
}

#[test]
fn patterns_keep_what_has_a_meaning() {
    for (pattern, canonical, decoded) in [
        ("file:///%73ecret/*", "file:///secret/*", "file:///secret/*"),
        ("FILE:///A%20b/?", "file:///A%20b/?", "file:///A b/?"),
        ("db:///a//{x,y}/%2A", "db:///a/{x,y}/%2A", r"db:///a/{x,y}/\*"),
        (r"file:///\{x\}/\./*", r"file:///\{x\}/*", r"file:///\{x\}/*"),
        (r"file:///a\?x", r"file:///a\?x", "file:///a"),
    ] {
        let spelled = of_pattern(pattern).expect(pattern);
        assert_eq!((spelled.canonical.as_str(), spelled.decoded.as_str()), (canonical, decoded), "{pattern}");
    }
    for pattern in ["*", "get_*", "file:///secret/*", "secret:*", "{create,delete}_*", "[ab]c", "http*"] {
        assert_eq!(of_pattern(pattern), None, "{pattern}");
    }
}

/// Text of the characters that matter, so that they meet.
fn odd() -> impl Strategy<Value = String> {
    "[a-cA-C/.:%?#\\\\ \t{}@é0-9]{0,24}|(file|HTTP|x|Y):[/\\\\]{0,4}([aB]|%2[eEfF5]|%61|\\.|/|\\\\|:|:80){0,12}"
}

/// A plain path, and for each of its bytes a way to write it.
fn plain() -> impl Strategy<Value = (Vec<String>, Vec<u8>)> {
    (proptest::collection::vec("[a-z0-9~_-]{1,6}", 1..4), proptest::collection::vec(any::<u8>(), 64))
}

proptest! {
    #[test]
    fn canonical_is_canonical(uri in odd()) {
        let once = Spellings::of(&uri).canonical;
        assert_eq!(Spellings::of(&once).canonical, once);
    }

    #[test]
    fn takes_any_text(uri in "\\PC{0,40}", bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        let _ = (Spellings::of(&uri), of_pattern(&uri));
        let encoded: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
        let _ = (Spellings::of(&encoded), of_pattern(&encoded));
    }

    #[test]
    fn what_is_settled_is_spelled_one_way(uri in odd()) {
        if is_settled(&uri) {
            let spelled = Spellings::of(&uri);
            assert_eq!((spelled.canonical.as_str(), spelled.decoded.as_str()), (uri.as_str(), uri.as_str()));
        }
    }

    #[test]
    fn no_way_of_writing_hides_a_path((segments, ways) in plain()) {
        let meant = format!("file:///{}", segments.join("/"));
        assert!(is_settled(&meant));
        let mut ways = ways.into_iter();
        let mut way = || ways.next().unwrap_or_default();
        let mut written = ["file:///", "FILE:///", "file:/", "file://localhost/", "file:////", "file:\\\\\\"]
            [usize::from(way() % 6)].to_owned();
        for (place, segment) in segments.iter().enumerate() {
            if place > 0 {
                written += ["/", "//", "/./", "/x/../", "%2f", "%252F", "\\", "%5c", "/%2e/"][usize::from(way() % 9)];
            }
            for byte in segment.bytes() {
                written += &match way() % 4 {
                    0 => format!("%{byte:02x}"),
                    1 => format!("%25{byte:02X}"),
                    _ => char::from(byte).to_string(),
                };
            }
        }
        assert_eq!(Spellings::of(&written).decoded, meant, "{}", written);
    }

    #[test]
    fn a_prefix_that_matches_a_uri_matches_it_in_all_spellings(
        prefix in "(file|FILE|x|Y)://[A-Ca-c]{0,3}/([aB]|%2[f0aA]|%61|/|é){0,8}/",
        rest in "([aB]|%2[f0]|%61|é){0,8}",
    ) {
        let pattern = super::super::pattern::Pattern::parse(&format!("{prefix}*")).expect("a pattern");
        let spelled = Spellings::of(&format!("{prefix}{rest}"));
        for (spelling, uri) in spelled.each() {
            assert!(pattern.matches_spelled(uri, spelling), "{prefix} {rest} {uri}");
        }
    }
}
