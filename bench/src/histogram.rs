//! Owns recorded latencies: fixed memory, one addition per value, an error below one percent.
//! Never reads a clock.

use std::time::Duration;

/// Each power of two is cut into this many linear steps (as a power of two).
const STEP_BITS: u32 = 7;
const STEPS: u64 = 1 << STEP_BITS;
const BUCKETS: usize = ((64 - STEP_BITS as usize) + 1) << STEP_BITS;

#[derive(Clone)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0, max: 0 }
    }

    pub(crate) fn record(&mut self, value: Duration) {
        let nanos = u64::try_from(value.as_nanos()).unwrap_or(u64::MAX);
        if let Some(count) = self.counts.get_mut(bucket(nanos)) {
            *count += 1;
        }
        self.total += 1;
        self.max = self.max.max(nanos);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
        self.max = self.max.max(other.max);
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    pub(crate) fn max_us(&self) -> f64 {
        self.max as f64 / 1000.0
    }

    /// The value that `share` (0 to 1) of the recorded ones do not exceed; 0 when there is none.
    pub(crate) fn quantile_us(&self, share: f64) -> f64 {
        let rank = ((self.total as f64 * share).ceil() as u64).clamp(1, self.total.max(1));
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return middle(index).min(self.max as f64) / 1000.0;
            }
        }
        0.0
    }
}

fn bucket(nanos: u64) -> usize {
    if nanos < STEPS {
        return nanos as usize;
    }
    let shift = nanos.ilog2() - STEP_BITS;
    let step = (nanos >> shift) - STEPS;
    ((u64::from(shift + 1) << STEP_BITS) + step) as usize
}

fn middle(index: usize) -> f64 {
    let index = index as u64;
    if index < STEPS {
        return index as f64;
    }
    let shift = (index >> STEP_BITS) - 1;
    let width = (1u128 << shift) as f64;
    let lowest = (index & (STEPS - 1)) + STEPS;
    lowest as f64 * width + width / 2.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::{any, proptest};

    use super::{Histogram, bucket, middle};

    proptest! {
        #[test]
        fn a_bucket_stands_for_its_values_within_a_percent(nanos in any::<u64>()) {
            let error = (middle(bucket(nanos)) - nanos as f64).abs();
            assert!(error <= nanos as f64 * 0.01, "{nanos} is off by {error}");
        }

        #[test]
        fn a_larger_value_never_has_a_smaller_bucket(one in any::<u64>(), two in any::<u64>()) {
            assert!(bucket(one.min(two)) <= bucket(one.max(two)));
        }
    }

    #[test]
    fn finds_median_and_tail_of_merged_parts() {
        let (mut low, mut high) = (Histogram::new(), Histogram::new());
        for micros in 1..=500 {
            low.record(Duration::from_micros(micros));
            high.record(Duration::from_micros(micros + 500));
        }
        low.merge(&high);
        assert_eq!(low.total(), 1000);
        assert!((low.quantile_us(0.5) - 500.0).abs() < 5.0);
        assert!((low.quantile_us(0.99) - 990.0).abs() < 10.0);
        assert!((low.max_us() - 1000.0).abs() < f64::EPSILON);
    }

    #[test]
    fn an_empty_one_answers_zero() {
        assert_eq!(Histogram::new().quantile_us(0.99), 0.0);
    }
}
