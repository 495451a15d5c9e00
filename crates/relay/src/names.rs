//! Tool and prompt names on the unified endpoint. A map from the shown name to server and original, never a split.

use std::collections::HashMap;

/// The longest name that every client and model API takes.
const MAX_LEN: usize = 64;

/// The shown names of one server's items, in the order of the originals. They depend on nothing but the alias, the
/// separator and the server's own items, so they are stable when other servers come and go.
#[must_use]
pub(crate) fn expose(alias: &str, separator: &str, originals: &[&str]) -> Vec<String> {
    let plain: Vec<Option<String>> = originals
        .iter()
        .map(|original| {
            let name = format!("{alias}{separator}{}", sanitized(original));
            (name.len() <= MAX_LEN).then_some(name)
        })
        .collect();
    // An original that needs no change has the first right to its name.
    let mut owners: HashMap<&str, usize> = HashMap::new();
    for exact in [true, false] {
        for (index, (name, original)) in plain.iter().zip(originals).enumerate() {
            if let Some(name) = name
                && (sanitized(original) == **original) == exact
            {
                owners.entry(name).or_insert(index);
            }
        }
    }
    plain
        .iter()
        .zip(originals)
        .enumerate()
        .map(|(index, (name, original))| match name {
            Some(name) if owners.get(name.as_str()) == Some(&index) => name.clone(),
            _ => hashed(alias, separator, original),
        })
        .collect()
}

fn sanitized(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' }).collect()
}

/// Truncated, with eight hexadecimal digits of a hash of alias and original.
fn hashed(alias: &str, separator: &str, original: &str) -> String {
    let mut head = format!("{alias}{separator}{}", sanitized(original));
    head.truncate(MAX_LEN - 9);
    format!("{head}_{:08x}", fingerprint(alias, original))
}

fn fingerprint(alias: &str, original: &str) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(alias.as_bytes());
    hasher.update(&[0]);
    hasher.update(original.as_bytes());
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::proptest;

    use super::expose;

    #[test]
    fn prefixes_plain_names() {
        assert_eq!(expose("fs", "__", &["read", "a__b"]), ["fs__read", "fs__a__b"]);
    }

    #[test]
    fn prefers_the_name_that_needs_no_change() {
        let shown = expose("fs", "__", &["a.b", "a_b", "a b"]);
        assert_eq!(shown[1], "fs__a_b");
        assert!(shown[0].starts_with("fs__a_b_") && shown[2].starts_with("fs__a_b_"));
        assert_ne!(shown[0], shown[2]);
        assert_eq!(expose("fs", "__", &["a.b"]), ["fs__a_b"]);
    }

    #[test]
    fn shortens_long_names_the_same_way_every_time() {
        let long = "x".repeat(128);
        let shown = expose("fs", "__", &[&long]);
        assert_eq!(shown[0].len(), 64);
        assert_eq!(shown, expose("fs", "__", &[&long]));
    }

    proptest! {
        #[test]
        fn is_always_legal_and_unique(names in proptest::collection::hash_set("\\PC{0,70}", 0..20)) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let shown = expose("abcdefghijklmnopqrstuvwx", "__", &names);
            assert_eq!(shown.iter().collect::<HashSet<_>>().len(), names.len());
            for name in shown {
                assert!(name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')), "{name}");
            }
        }
    }
}
