//! The placeholders that stand for secrets in an exported file.

use orch_domain::alias::Alias;
use orch_domain::secret::Slot;

/// The name that stands for a secret, without `${` and `}`.
pub(crate) fn name(alias: &Alias, slot: &Slot) -> String {
    match slot {
        Slot::Arg(position) => format!("{}_ARG_{}", upper_snake(alias.as_str()), u32::from(*position) + 1),
        Slot::Env(name) => name.clone(),
        Slot::Header(name) => format!("{}_{}", upper_snake(alias.as_str()), upper_snake(name)),
    }
}

pub(crate) fn text(name: &str) -> String {
    format!("${{{name}}}")
}

/// The name when the whole text is one placeholder.
pub(crate) fn whole(text: &str) -> Option<&str> {
    let name = text.strip_prefix("${")?.strip_suffix('}')?;
    (!name.is_empty() && !name.contains(['$', '{', '}'])).then_some(name)
}

/// The first placeholder anywhere in the text, with `${` and `}`.
pub(crate) fn first(text: &str) -> Option<&str> {
    let start = text.find("${")?;
    let rest = text.get(start..)?;
    let end = rest.find('}')?;
    (end > 2).then(|| rest.get(..=end)).flatten()
}

fn upper_snake(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use orch_domain::alias::Alias;
    use orch_domain::secret::Slot;

    use super::{first, name, whole};

    #[test]
    fn names_each_kind_of_slot() {
        let alias = Alias::parse("my-hub").unwrap();
        assert_eq!(name(&alias, &Slot::Arg(0)), "MY_HUB_ARG_1");
        assert_eq!(name(&alias, &Slot::Env("TOKEN".into())), "TOKEN");
        assert_eq!(name(&alias, &Slot::Header("x-api-key".into())), "MY_HUB_X_API_KEY");
    }

    #[test]
    fn finds_placeholders() {
        assert_eq!(whole("${A}"), Some("A"));
        for text in ["", "A", "${}", "x${A}", "${A}${B}", "${A"] {
            assert_eq!(whole(text), None, "{text}");
        }
        assert_eq!(first("Bearer ${input:token}!"), Some("${input:token}"));
        for text in ["", "$A", "${}", "${A"] {
            assert_eq!(first(text), None, "{text}");
        }
    }
}
