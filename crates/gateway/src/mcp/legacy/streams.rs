//! What was sent on the event streams of one session, for a client that lost one and goes on where it was. Every stream
//! is read from here, by the response that opened it and by those that resume it: those of requests, which end with the
//! answer, and those for news, which end with nobody to read them and go on when somebody does.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt, stream};
use orch_mcp::sse;
use tokio::sync::Notify;

/// Streams that are remembered after their end.
const MOST_ENDED: usize = 16;
/// Bytes that the remembered streams of one session may take; of a stream that is larger only its end can be resumed.
const MOST_BYTES: usize = 512 * 1024;
/// Bytes that ended streams of one session may take together, when the next one is opened.
const MOST_BYTES_ENDED: usize = 1024 * 1024;
/// A stream with more than this is forgotten as soon as it has been read to its end.
const KEPT_AFTER_END: usize = 64 * 1024;
/// Notifications that wait for a client to read; the oldest give way.
const MOST_WAITING: usize = 256;
/// Bytes that are kept of what was sent as news, for as long as the session lives; the newest whatever its size.
const MOST_BYTES_OF_NEWS: usize = 64 * 1024;

#[derive(Debug, Default)]
pub(super) struct Streams(Mutex<All>);

#[derive(Debug, Default)]
struct All {
    last: u64,
    open: VecDeque<Arc<Log>>,
}

/// The messages of one stream, in order.
#[derive(Debug)]
pub(in crate::mcp) struct Log {
    number: u64,
    purpose: Purpose,
    kept: Mutex<Kept>,
    changed: Arc<Notify>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// What comes of one request. Written as it comes, whether somebody reads it or not.
    Request,
    /// News of the session. Written by who reads it, as they come.
    News,
}

#[derive(Debug, Default)]
struct Kept {
    /// The index of the first message that is kept.
    first: u64,
    messages: VecDeque<Bytes>,
    bytes: usize,
    /// No more messages come; of news, for as long as nobody reads them.
    ended: bool,
    /// Who reads news: an earlier one has nothing more to say when it leaves.
    reader: u64,
}

impl Kept {
    /// The first message from `index` on, and its own index.
    fn at(&self, index: u64) -> Option<(u64, Bytes)> {
        let index = index.max(self.first);
        let message = self.messages.get(usize::try_from(index - self.first).ok()?)?;
        Some((index, message.clone()))
    }

    /// What is large is not kept for a client that has most likely got it.
    fn read_to_the_end(&mut self) {
        if self.bytes > KEPT_AFTER_END {
            self.first += u64::try_from(self.messages.len()).unwrap_or_default();
            self.messages = VecDeque::new();
            self.bytes = 0;
        }
    }
}

impl Streams {
    /// A new stream of what comes of a request.
    pub(super) fn open(&self) -> Arc<Log> {
        self.open_for(Purpose::Request)
    }

    /// A new stream of news.
    pub(super) fn open_news(&self) -> Arc<Log> {
        self.open_for(Purpose::News)
    }

    /// Nobody reads this stream of news any more, if `reader` was the last to come. It is remembered among those that have
    /// ended, of which it is the latest.
    pub(super) fn leave_news(&self, log: &Arc<Log>, reader: u64) {
        let mut all = self.lock();
        {
            let mut kept = log.lock();
            if kept.reader != reader {
                return;
            }
            kept.ended = true;
        }
        if let Some(at) = all.open.iter().position(|open| Arc::ptr_eq(open, log))
            && let Some(log) = all.open.remove(at)
        {
            all.open.push_back(log);
        }
    }

    fn open_for(&self, purpose: Purpose) -> Arc<Log> {
        let mut all = self.lock();
        all.last += 1;
        let log = Arc::new(Log {
            number: all.last,
            purpose,
            kept: Mutex::new(Kept { first: 1, ..Kept::default() }),
            changed: Arc::default(),
        });
        let sizes = all.open.iter().map(|log| log.lock()).filter(|kept| kept.ended).map(|kept| kept.bytes);
        let (mut ended, mut bytes) = sizes.fold((0, 0), |(ended, bytes), size| (ended + 1, bytes + size));
        all.open.retain(|log| {
            let kept = log.lock();
            let goes = kept.ended && (ended >= MOST_ENDED || bytes > MOST_BYTES_ENDED);
            if goes {
                ended -= 1;
                bytes -= kept.bytes;
            }
            !goes
        });
        all.open.push_back(Arc::clone(&log));
        log
    }

    /// The stream that an event belongs to, and the index after it. None when it is not known any more.
    pub(super) fn find(&self, event_id: &str) -> Option<(Arc<Log>, u64)> {
        let (number, index) = event_id.split_once('-')?;
        let (number, index): (u64, u64) = (number.parse().ok()?, index.parse().ok()?);
        let log = self.lock().open.iter().find(|log| log.number == number).cloned()?;
        Some((log, index.checked_add(1)?))
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    pub(in crate::mcp) fn push(&self, message: Bytes) {
        let most_bytes = match self.purpose {
            Purpose::Request => MOST_BYTES,
            Purpose::News => MOST_BYTES_OF_NEWS,
        };
        {
            let mut kept = self.lock();
            kept.bytes += message.len();
            kept.messages.push_back(message);
            while kept.messages.len() > 1 && (kept.messages.len() > MOST_WAITING || kept.bytes > most_bytes) {
                if let Some(oldest) = kept.messages.pop_front() {
                    kept.bytes -= oldest.len();
                    kept.first += 1;
                }
            }
        }
        self.changed.notify_waiters();
    }

    /// No more messages come.
    pub(in crate::mcp) fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_waiters();
    }

    pub(super) fn is_of_news(&self) -> bool {
        self.purpose == Purpose::News
    }

    /// The number of the stream among those of its session.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// Somebody reads the news from here on, unless somebody has come later already.
    pub(super) fn read_by(&self, reader: u64) {
        let mut kept = self.lock();
        if reader > kept.reader {
            kept.reader = reader;
            kept.ended = false;
        }
    }

    /// The first message from `index` on, as an event, and the index after it. None when there is none yet.
    pub(super) fn event_from(&self, index: u64) -> Option<(u64, Bytes)> {
        let (index, message) = self.lock().at(index)?;
        Some((index + 1, self.event(index, &message)))
    }

    fn event(&self, index: u64, message: &Bytes) -> Bytes {
        sse::encode_message(Some(&format!("{}-{index}", self.number)), message)
    }

    /// Whether nothing comes from `index` on.
    pub(super) fn is_over_at(&self, index: u64) -> bool {
        let kept = self.lock();
        let offset = usize::try_from(index.saturating_sub(kept.first)).unwrap_or(usize::MAX);
        kept.ended && offset >= kept.messages.len()
    }

    /// An event without content that a client may go on from when the connection breaks before the first message.
    pub(in crate::mcp) fn priming(&self) -> Bytes {
        Bytes::from(format!("id: {}-0\ndata: \n\n", self.number))
    }

    /// The messages from `index` on as events, to the end of the stream.
    pub(in crate::mcp) fn read(self: Arc<Self>, index: u64) -> impl Stream<Item = Bytes> {
        let log = Arc::clone(&self);
        self.numbered(index).map(move |(index, message)| log.event(index, &message))
    }

    /// The same without the form of events, for a stream that has several logs in it and cannot be resumed.
    pub(in crate::mcp) fn messages(self: Arc<Self>, index: u64) -> impl Stream<Item = Bytes> {
        self.numbered(index).map(|(_, message)| message)
    }

    fn numbered(self: Arc<Self>, index: u64) -> impl Stream<Item = (u64, Bytes)> {
        stream::unfold((self, index), |(log, index)| async move {
            loop {
                let notify = Arc::clone(&log.changed);
                let changed = notify.notified();
                let mut changed = std::pin::pin!(changed);
                // Registered before the look, so that nothing falls between the two.
                changed.as_mut().enable();
                let next = {
                    let mut kept = log.lock();
                    match kept.at(index) {
                        Some(next) => Some(next),
                        None if kept.ended => {
                            kept.read_to_the_end();
                            return None;
                        }
                        None => None,
                    }
                };
                if let Some((index, message)) = next {
                    return Some(((index, message), (log, index + 1)));
                }
                changed.await;
            }
        })
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::web::Bytes;
    use futures_util::StreamExt;

    use super::{MOST_ENDED, Streams};

    fn text(event: &Bytes) -> &str {
        std::str::from_utf8(event).expect("text")
    }

    #[tokio::test]
    async fn goes_on_after_the_last_event_of_the_same_stream() {
        let streams = Streams::default();
        let (one, two) = (streams.open(), streams.open());
        one.push(Bytes::from_static(b"a"));
        two.push(Bytes::from_static(b"x"));
        one.push(Bytes::from_static(b"b"));
        one.end();
        let (log, index) = streams.find("1-1").expect("the stream");
        let rest: Vec<Bytes> = log.read(index).collect().await;
        assert_eq!(rest.iter().map(text).collect::<Vec<_>>(), ["id: 1-2\nevent: message\ndata: b\n\n"]);
        for unknown in ["3-0", "1", "x-1", "", "1-18446744073709551615"] {
            assert!(streams.find(unknown).is_none(), "{unknown}");
        }
    }

    #[tokio::test]
    async fn a_reader_waits_for_what_is_still_to_come() {
        let streams = Streams::default();
        let log = streams.open();
        let mut events = Box::pin(std::sync::Arc::clone(&log).read(1));
        let (first, ()) = futures_util::future::join(events.next(), async {
            tokio::task::yield_now().await;
            log.push(Bytes::from_static(b"late"));
        })
        .await;
        assert_eq!(first.as_ref().map(text), Some("id: 1-1\nevent: message\ndata: late\n\n"));
        log.end();
        assert_eq!(events.next().await, None);
    }

    #[tokio::test]
    async fn keeps_little_of_what_was_large() {
        let streams = Streams::default();
        for _ in 0..4 {
            let log = streams.open();
            log.push(Bytes::from(vec![b'x'; 400 * 1024]));
            log.end();
        }
        streams.open().end();
        assert!(streams.find("1-0").is_none(), "the oldest give way to a limit of bytes");
        let (log, index) = streams.find("4-0").expect("the last one");
        assert_eq!(log.read(index).count().await, 1);
        let (log, index) = streams.find("4-0").expect("still known");
        assert_eq!(log.read(index).count().await, 0, "it was read to its end");
    }

    #[test]
    fn news_are_remembered_while_they_are_read_and_as_what_ended_last() {
        let streams = Streams::default();
        let news = streams.open_news();
        news.read_by(1);
        for _ in 0..MOST_ENDED + 3 {
            streams.open().end();
        }
        assert!(streams.find("1-0").is_some(), "somebody reads it");
        news.read_by(2);
        streams.leave_news(&news, 1);
        news.push(Bytes::from_static(b"a"));
        assert!(!news.lock().ended, "that was an earlier reader");
        news.read_by(1);
        streams.leave_news(&news, 1);
        assert!(!news.lock().ended, "of two that come at once the later one stays");
        streams.leave_news(&news, 2);
        news.read_by(1);
        assert!(news.lock().ended, "nobody is left");
        for _ in 1..MOST_ENDED {
            streams.open().end();
        }
        let (log, index) = streams.find("1-0").expect("the latest that ended");
        let (next, event) = log.event_from(index).expect("an event");
        assert_eq!((next, text(&event)), (2, "id: 1-1\nevent: message\ndata: a\n\n"));
        assert_eq!(log.event_from(next), None);
        streams.open().end();
        assert!(streams.find("1-0").is_none());
    }

    #[test]
    fn of_news_little_is_kept() {
        let streams = Streams::default();
        let news = streams.open_news();
        let large = || Bytes::from(vec![b'x'; 40 * 1024]);
        for _ in 0..3 {
            news.push(large());
        }
        assert_eq!(news.event_from(1).map(|(next, _)| next), Some(4), "the newest");
        news.push(Bytes::from_static(b"a"));
        assert_eq!(news.event_from(1).map(|(next, _)| next), Some(4), "there is room for both");
        news.push(Bytes::from(vec![b'x'; 400 * 1024]));
        assert_eq!(news.event_from(1).map(|(next, _)| next), Some(6));
    }

    #[test]
    fn forgets_the_oldest_ended_streams() {
        let streams = Streams::default();
        let running = streams.open();
        for _ in 0..MOST_ENDED + 3 {
            streams.open().end();
        }
        assert!(streams.find("2-0").is_none());
        assert!(streams.find("1-0").is_some(), "a running stream is never forgotten");
        running.end();
    }
}
