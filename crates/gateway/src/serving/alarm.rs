//! The time after which nothing more is waited for on a connection.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Set anew with each request, which must cost next to nothing: the timer behind it is moved only when it has gone off,
/// or is to go off earlier.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    timer: Option<Pin<Box<Sleep>>>,
    due: Option<Instant>,
}

impl Alarm {
    pub(crate) const fn is_set(&self) -> bool {
        self.due.is_some()
    }

    pub(crate) fn set(&mut self, after: Duration) {
        self.due = Some(Instant::now() + after);
    }

    pub(crate) fn stop(&mut self) {
        self.due = None;
    }

    /// Ready when the time is over; never when it is not set.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(due) = self.due else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if timer.deadline() > due {
            timer.as_mut().reset(due);
        }
        loop {
            ready!(timer.as_mut().poll(cx));
            if timer.deadline() >= due {
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use futures_util::poll;
    use tokio::time::{Instant, advance};

    use super::Alarm;

    #[tokio::test(start_paused = true)]
    async fn goes_off_when_it_is_due_however_often_it_is_set() {
        let start = Instant::now();
        let mut alarm = Alarm::default();
        assert!(poll!(poll_fn(|cx| alarm.poll(cx))).is_pending(), "not set");
        alarm.set(Duration::from_secs(10));
        assert!(poll!(poll_fn(|cx| alarm.poll(cx))).is_pending());
        // Later: what goes off after 10 s is not it.
        advance(Duration::from_secs(5)).await;
        alarm.set(Duration::from_secs(75));
        poll_fn(|cx| alarm.poll(cx)).await;
        assert_eq!(start.elapsed().as_secs(), 80);
        // Earlier than what was set before.
        alarm.set(Duration::from_secs(75));
        assert!(poll!(poll_fn(|cx| alarm.poll(cx))).is_pending());
        alarm.set(Duration::from_secs(3));
        poll_fn(|cx| alarm.poll(cx)).await;
        assert_eq!(start.elapsed().as_secs(), 83);
        alarm.stop();
        advance(Duration::from_secs(100)).await;
        assert!(!alarm.is_set() && poll!(poll_fn(|cx| alarm.poll(cx))).is_pending());
    }
}
