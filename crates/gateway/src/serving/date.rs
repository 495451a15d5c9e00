//! The `Date` of a response, made once a second.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::BytesMut;
use httpdate::HttpDate;
use orch_domain::port::clock::Clock;

pub(super) struct Date {
    clock: Arc<dyn Clock>,
    /// As a header, and for which second since 1970.
    made: RefCell<(String, u64)>,
}

impl Date {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, made: RefCell::new((String::new(), u64::MAX)) }
    }

    /// Writes the whole line.
    pub(super) fn write(&self, out: &mut BytesMut) {
        let second = u64::try_from(self.clock.now().unix_timestamp()).unwrap_or_default();
        let (line, of) = &mut *self.made.borrow_mut();
        if *of != second {
            *of = second;
            line.clear();
            // Memory takes everything.
            let _ = write!(line, "date: {}\r\n", HttpDate::from(SystemTime::UNIX_EPOCH + Duration::from_secs(second)));
        }
        out.extend_from_slice(line.as_bytes());
    }
}
