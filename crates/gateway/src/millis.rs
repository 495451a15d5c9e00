//! How lengths of time are sent: in milliseconds with at most three decimals, as no clock of ours says more.

use std::time::Duration;

pub(crate) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::millis;

    #[test]
    fn has_three_decimals_and_no_more() {
        for (nanos, text) in
            [(5_698_000, "5.698"), (350_881_772, "350.882"), (0, "0.0"), (400, "0.0"), (3_600_000_000_001, "3600000.0")]
        {
            assert_eq!(format!("{:?}", millis(Duration::from_nanos(nanos))), text);
        }
    }
}
