//! Owns writing decimal numbers into bytes without allocating. Nothing else.

/// Appends `value`; the standard formatter costs more than the rest of a small answer.
pub(crate) fn push(out: &mut Vec<u8>, value: usize) {
    let mut digits = [b'0'; 20];
    let mut rest = value;
    let mut used = 0;
    for slot in digits.iter_mut().rev() {
        *slot = digit(rest % 10);
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend(digits.iter().skip(digits.len() - used));
}

/// Fills `slot` with the last digits of `value`, zero-padded.
pub(crate) fn fill(slot: &mut [u8], value: u64) {
    let mut rest = value;
    for byte in slot.iter_mut().rev() {
        *byte = digit((rest % 10) as usize);
        rest /= 10;
    }
}

fn digit(value: usize) -> u8 {
    b'0' + (value % 10) as u8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::{fill, push};

    proptest! {
        #[test]
        fn writes_what_the_standard_formatter_writes(value in any::<usize>()) {
            let mut out = b"x".to_vec();
            push(&mut out, value);
            assert_eq!(out, format!("x{value}").into_bytes());
        }

        #[test]
        fn fills_a_slot_with_padding(value in 0u64..10_000_000_000) {
            let mut slot = [0; 10];
            fill(&mut slot, value);
            assert_eq!(slot.to_vec(), format!("{value:010}").into_bytes());
        }
    }
}
