//! Passwords that we choose: for a first admin, a new account or a reset without one.

use secrecy::SecretString;
use uuid::Uuid;

/// No letters that are taken for each other.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const LETTERS: usize = 24;

/// 120 random bits as six groups of four letters.
pub(crate) fn generate() -> SecretString {
    let mut text = String::with_capacity(LETTERS + LETTERS / 4);
    let mut count = 0;
    while count < LETTERS {
        // All bytes of a random UUID are from the system's generator, but for the version and the variant.
        for (position, byte) in Uuid::new_v4().into_bytes().into_iter().enumerate() {
            if matches!(position, 6 | 8) || count == LETTERS {
                continue;
            }
            if count > 0 && count % 4 == 0 {
                text.push('-');
            }
            text.extend(ALPHABET.get(usize::from(byte % 32)).copied().map(char::from));
            count += 1;
        }
    }
    SecretString::from(text)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::generate;

    #[test]
    fn is_long_readable_and_never_the_same() {
        let (one, two) = (generate(), generate());
        assert_eq!(one.expose_secret().len(), 29, "{}", one.expose_secret());
        assert!(one.expose_secret().split('-').all(|group| group.len() == 4));
        assert_ne!(one.expose_secret(), two.expose_secret());
    }
}
