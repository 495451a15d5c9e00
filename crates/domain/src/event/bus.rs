//! The bus that events travel on inside a process: a ring of the latest ones and those who read it. Emitting never
//! waits, and a reader that is too slow is told that it has missed something. In memory alone.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use uuid::Uuid;

use super::Event;
use crate::port::event_sink::EventSink;

/// Cheap to clone; all clones are one bus.
#[derive(Clone)]
pub struct EventBus(Arc<Mutex<Ring>>);

/// Names an event of one bus: which bus it was, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventId {
    pub bus: Uuid,
    pub seq: u64,
}

/// What a reader gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    Event {
        id: EventId,
        event: Arc<Event>,
    },
    /// Events were missed: whatever the reader knows may be out of date. Reading goes on after `id`.
    Reset {
        id: EventId,
    },
}

struct Ring {
    id: Uuid,
    events: VecDeque<Arc<Event>>,
    /// The number of the oldest event in the ring; the next one to come has this plus the length.
    first: u64,
    capacity: usize,
    readers: HashMap<u64, Waker>,
    next_reader: u64,
    closed: bool,
}

impl EventBus {
    /// This many events are kept for readers that come back.
    pub const CAPACITY: usize = 4096;

    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(Self::CAPACITY)
    }

    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Arc::new(Mutex::new(Ring {
            id: Uuid::new_v4(),
            events: VecDeque::new(),
            first: 1,
            capacity: capacity.max(1),
            readers: HashMap::new(),
            next_reader: 0,
            closed: false,
        })))
    }

    /// Reads from after `last`, or from now on. Begins with a reset when what came after `last` is not known any more.
    #[must_use]
    pub fn subscribe(&self, last: Option<EventId>) -> EventStream {
        let mut ring = self.lock();
        let next = match last {
            None => Some(ring.next()),
            Some(last) if last.bus == ring.id => Some(last.seq.saturating_add(1)),
            Some(_) => None,
        };
        let reader = ring.next_reader;
        ring.next_reader += 1;
        EventStream { bus: self.clone(), next, reader }
    }

    /// Ends all streams, now and from now on.
    pub fn close(&self) {
        let wakers = {
            let mut ring = self.lock();
            ring.closed = true;
            std::mem::take(&mut ring.readers)
        };
        wakers.into_values().for_each(Waker::wake);
    }

    /// The name of the latest event, for a reader that has seen everything.
    #[must_use]
    pub fn latest(&self) -> EventId {
        let ring = self.lock();
        EventId { bus: ring.id, seq: ring.next() - 1 }
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        // Each change of the ring is whole before anything can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    fn next(&self) -> u64 {
        self.first + self.events.len() as u64
    }
}

impl EventSink for EventBus {
    fn emit(&self, event: Event) {
        let wakers = {
            let mut ring = self.lock();
            if ring.events.len() == ring.capacity {
                ring.events.pop_front();
                ring.first += 1;
            }
            ring.events.push_back(Arc::new(event));
            std::mem::take(&mut ring.readers)
        };
        wakers.into_values().for_each(Waker::wake);
    }
}

impl Default for EventBus {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for EventBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBus").finish_non_exhaustive()
    }
}

/// One reader of a bus. Ends when the bus is closed.
pub struct EventStream {
    bus: EventBus,
    /// None when a reset is to be told first.
    next: Option<u64>,
    reader: u64,
}

impl Stream for EventStream {
    type Item = Told;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Told>> {
        let this = &mut *self;
        let mut ring = this.bus.lock();
        if ring.closed {
            return Poll::Ready(None);
        }
        let latest = ring.next() - 1;
        let known = this.next.filter(|next| (ring.first..=latest + 1).contains(next));
        let Some(next) = known else {
            this.next = Some(latest + 1);
            return Poll::Ready(Some(Told::Reset { id: EventId { bus: ring.id, seq: latest } }));
        };
        let at = usize::try_from(next - ring.first).unwrap_or(usize::MAX);
        if let Some(event) = ring.events.get(at) {
            this.next = Some(next + 1);
            let told = Told::Event { id: EventId { bus: ring.id, seq: next }, event: Arc::clone(event) };
            return Poll::Ready(Some(told));
        }
        ring.readers.insert(this.reader, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.bus.lock().readers.remove(&self.reader);
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("next", &self.next).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    use futures_core::Stream;

    use super::{EventBus, EventId, EventStream, Told};
    use crate::event::{Event, Fact};
    use crate::port::event_sink::EventSink;

    const NOW: crate::Timestamp = time::macros::datetime!(2026-01-01 0:00 UTC);

    fn event(calls: u32) -> Event {
        Event { at: NOW, project: None, concerns: None, fact: Fact::Calls { calls, failed: 0, servers: Vec::new() } }
    }

    /// Counts how often it was woken.
    #[derive(Default)]
    struct Counter(AtomicU32);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn poll(stream: &mut EventStream, counter: &Arc<Counter>) -> Poll<Option<Told>> {
        let waker = Waker::from(Arc::clone(counter));
        pin!(stream).poll_next(&mut Context::from_waker(&waker))
    }

    /// The numbers of the calls that can be read without waiting; a reset is 0.
    fn drain(stream: &mut EventStream) -> Vec<u32> {
        let mut seen = Vec::new();
        while let Poll::Ready(Some(told)) = poll(stream, &Arc::default()) {
            seen.push(match told {
                Told::Reset { .. } => 0,
                Told::Event { event, .. } => match &event.fact {
                    Fact::Calls { calls, .. } => *calls,
                    other => panic!("{other:?}"),
                },
            });
        }
        seen
    }

    #[test]
    fn tells_each_reader_everything_from_its_start_on() {
        let bus = EventBus::with_capacity(8);
        bus.emit(event(1));
        let mut stream = bus.subscribe(None);
        let counter = Arc::default();
        assert_eq!(poll(&mut stream, &counter), Poll::Pending);
        bus.emit(event(2));
        bus.emit(event(3));
        assert_eq!(counter.0.load(Ordering::SeqCst), 1, "woken once, and then it is its turn to read");
        assert_eq!(drain(&mut stream), [2, 3]);
    }

    #[test]
    fn resumes_after_what_was_seen_and_says_so_when_it_cannot() {
        let bus = EventBus::with_capacity(3);
        (1..=5).for_each(|n| bus.emit(event(n)));
        let id = |seq| EventId { bus: bus.latest().bus, seq };
        assert_eq!(bus.latest().seq, 5);
        assert_eq!(drain(&mut bus.subscribe(Some(id(5)))), [] as [u32; 0]);
        assert_eq!(drain(&mut bus.subscribe(Some(id(3)))), [4, 5]);
        assert_eq!(drain(&mut bus.subscribe(Some(id(2)))), [3, 4, 5]);
        assert_eq!(drain(&mut bus.subscribe(Some(id(1)))), [0]);
        // One that was never told, and one of another life of the process.
        assert_eq!(drain(&mut bus.subscribe(Some(id(99)))), [0]);
        assert_eq!(drain(&mut bus.subscribe(Some(EventBus::new().latest()))), [0]);
    }

    #[test]
    fn a_slow_reader_is_reset_and_goes_on() {
        let bus = EventBus::with_capacity(2);
        let mut stream = bus.subscribe(None);
        (1..=4).for_each(|n| bus.emit(event(n)));
        assert_eq!(drain(&mut stream), [0]);
        bus.emit(event(5));
        assert_eq!(drain(&mut stream), [5]);
    }

    #[test]
    fn ends_all_streams_when_it_is_closed() {
        let bus = EventBus::new();
        let mut stream = bus.subscribe(None);
        let counter = Arc::default();
        assert_eq!(poll(&mut stream, &counter), Poll::Pending);
        bus.close();
        assert_eq!(counter.0.load(Ordering::SeqCst), 1);
        assert_eq!(poll(&mut stream, &counter), Poll::Ready(None));
        assert_eq!(poll(&mut bus.subscribe(None), &counter), Poll::Ready(None));
    }
}
