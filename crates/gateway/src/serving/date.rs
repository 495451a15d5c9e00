//! The `Date` of a response, made once a second.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use actix_web::rt;
use bytes::BytesMut;
use httpdate::HttpDate;
use orch_domain::port::clock::Clock;
use tokio::time::interval;

const SECOND: Duration = Duration::from_secs(1);

/// As a header, with the end of its line.
pub(super) struct Date(RefCell<String>);

impl Date {
    /// Kept right by a task of this thread for as long as somebody has it.
    ///
    /// The task is of use to others, too: a timer that is set to go off before all others makes the runtime wake itself by
    /// a system call, and calls set theirs seconds ahead. With this one there is always one before them.
    pub(super) fn kept(clock: Arc<dyn Clock>) -> Rc<Self> {
        let date = Rc::new(Self(RefCell::default()));
        date.make(&*clock);
        let kept = Rc::downgrade(&date);
        rt::spawn(async move {
            let mut seconds = interval(SECOND);
            loop {
                seconds.tick().await;
                let Some(date) = kept.upgrade() else { return };
                date.make(&*clock);
            }
        });
        date
    }

    fn make(&self, clock: &dyn Clock) {
        let second = u64::try_from(clock.now().unix_timestamp()).unwrap_or_default();
        let mut line = self.0.borrow_mut();
        line.clear();
        // Memory takes everything.
        let _ = write!(line, "date: {}\r\n", HttpDate::from(SystemTime::UNIX_EPOCH + Duration::from_secs(second)));
    }

    /// Writes the whole line.
    pub(super) fn write(&self, out: &mut BytesMut) {
        out.extend_from_slice(self.0.borrow().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::BytesMut;
    use orch_testkit::fakes::FixedClock;

    use super::{Date, SECOND};

    fn line(date: &Date) -> String {
        let mut out = BytesMut::new();
        date.write(&mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[actix_web::test]
    async fn is_right_to_the_second() {
        tokio::time::pause();
        let clock = FixedClock::default();
        let date = Date::kept(Arc::new(clock.clone()));
        assert_eq!(line(&date), "date: Fri, 02 Jan 2026 03:04:05 GMT\r\n");
        clock.advance(SECOND);
        tokio::time::sleep(SECOND * 2).await;
        assert_eq!(line(&date), "date: Fri, 02 Jan 2026 03:04:06 GMT\r\n");
    }
}
