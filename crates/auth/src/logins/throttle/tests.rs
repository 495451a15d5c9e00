//! How long a guesser waits, and that an owner does not.

use std::time::Duration;

use orch_domain::Timestamp;

use crate::logins::throttle::{Attempt, MOST_COUNTS, Throttle};

const START: Timestamp = Timestamp::UNIX_EPOCH;

fn attempt(account: &str, address: &str) -> Attempt {
    Attempt { account: account.to_owned(), address: (!address.is_empty()).then(|| address.parse().unwrap()) }
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn the_delay_of_an_account_doubles_up_to_a_minute() {
    let throttle = Throttle::default();
    let ada = attempt("ada@example.com", "");
    let mut now = START;
    for _ in 0..5 {
        assert_eq!(throttle.admit(&ada, now), Ok(()));
    }
    for expected in [1, 2, 4, 8, 16, 32, 60, 60] {
        assert_eq!(throttle.admit(&ada, now), Err(seconds(expected)));
        now += seconds(expected) - Duration::from_millis(1);
        assert_eq!(throttle.admit(&ada, now), Err(Duration::from_millis(1)), "asking early does not extend the wait");
        now += Duration::from_millis(1);
        assert_eq!(throttle.admit(&ada, now), Ok(()));
    }
    assert_eq!(throttle.admit(&attempt("bob@example.com", ""), now), Ok(()), "others are not concerned");
}

#[test]
fn an_address_is_shut_whatever_accounts_it_tries() {
    let throttle = Throttle::default();
    for index in 0..20 {
        assert_eq!(throttle.admit(&attempt(&format!("user-{index}"), "192.0.2.1"), START), Ok(()));
    }
    assert_eq!(throttle.admit(&attempt("one-more", "192.0.2.1"), START), Err(seconds(1)));
    assert_eq!(throttle.admit(&attempt("one-more", "::ffff:192.0.2.1"), START), Err(seconds(1)), "the same, mapped");
    assert_eq!(throttle.admit(&attempt("one-more", "192.0.2.2"), START), Ok(()));
}

#[test]
fn a_network_of_ipv6_counts_as_one_address() {
    let throttle = Throttle::default();
    for index in 0..20 {
        assert_eq!(throttle.admit(&attempt(&format!("{index}"), &format!("2001:db8::{index:x}")), START), Ok(()));
    }
    assert!(throttle.admit(&attempt("x", "2001:db8::ffff:1"), START).is_err());
    assert!(throttle.admit(&attempt("x", "2001:db8:0:1::1"), START).is_ok());
}

#[test]
fn attempts_at_once_count_before_they_have_failed() {
    let throttle = Throttle::default();
    let admitted = (0..100).filter(|_| throttle.admit(&attempt("ada", ""), START).is_ok()).count();
    assert_eq!(admitted, 5);
}

#[test]
fn success_frees_the_account_and_not_the_address() {
    let throttle = Throttle::default();
    let own = attempt("own", "192.0.2.1");
    for index in 0..20 {
        // A guess at another account, then a login to the own one.
        assert_eq!(throttle.admit(&attempt(&format!("victim-{index}"), "192.0.2.1"), START), Ok(()), "{index}");
        if index < 19 {
            assert_eq!(throttle.admit(&own, START), Ok(()), "{index}");
            throttle.forgive(&own);
        }
    }
    assert_eq!(throttle.admit(&own, START), Err(seconds(1)), "the address has used up its failures");
    assert_eq!(throttle.admit(&attempt("own", "192.0.2.2"), START), Ok(()), "the account has none");
}

#[test]
fn an_attempt_that_came_to_nothing_does_not_count() {
    let throttle = Throttle::default();
    let ada = attempt("ada", "192.0.2.1");
    for _ in 0..100 {
        assert_eq!(throttle.admit(&ada, START), Ok(()));
        throttle.disregard(&ada);
    }
}

#[test]
fn failures_are_forgotten_after_an_hour() {
    let throttle = Throttle::default();
    let ada = attempt("ada", "");
    for _ in 0..5 {
        throttle.admit(&ada, START).unwrap();
    }
    let later = START + seconds(3601);
    for _ in 0..5 {
        assert_eq!(throttle.admit(&ada, later), Ok(()));
    }
    assert!(throttle.admit(&ada, later).is_err());
}

#[test]
fn a_flood_of_names_neither_grows_the_counts_nor_frees_the_guessed_account() {
    let throttle = Throttle::default();
    let victim = attempt("victim", "");
    for _ in 0..5 {
        throttle.admit(&victim, START).unwrap();
    }
    for index in 0..3 * MOST_COUNTS {
        throttle.admit(&attempt(&format!("noise-{index}"), ""), START).unwrap();
    }
    assert!(throttle.lock().accounts.len() <= MOST_COUNTS);
    assert!(throttle.admit(&victim, START).is_err());
}
