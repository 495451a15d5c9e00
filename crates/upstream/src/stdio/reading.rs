//! Reads what a child writes, on the runtime where [`Home`](super::home::Home) wants it. What is in the pipe waits there
//! while the reading moves, so nothing is lost or read twice.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::Poll;

use orch_supervisor::ExitReason;
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use crate::stdio::end::End;
use crate::stdio::home::Place;
use crate::stdio::lines::Lines;
use crate::stdio::owner::LAST_BREATH;
use crate::stdio::shared::Shared;

/// A child that writes more than this without a pause is read by its owner alone: whoever shares a thread with its callers
/// is not to wait for it.
const MOST_AWAY: usize = 512 * 1024;

/// The reading as its owner has it.
pub(super) enum Reading {
    Here(Reader),
    /// On another runtime, which gives it back when that ends, it moves on or there is nothing more to read.
    Away {
        returned: oneshot::Receiver<Returned>,
        task: AbortOnDropHandle<()>,
    },
    Lost,
}

pub(super) struct Reader {
    stdout: pipe::Receiver,
    lines: Lines,
    /// Bytes read since the pipe was empty.
    unbroken: usize,
}

/// Between two runtimes.
struct Packed {
    stdout: OwnedFd,
    lines: Lines,
}

pub(super) struct Returned {
    packed: io::Result<Packed>,
    why: Why,
}

/// Why somebody does not read on.
enum Why {
    Ended(End),
    Moves(Place),
    /// It is too much for a thread that has other things to do.
    Crowded,
    /// The runtime it was on takes no more part.
    Dropped,
}

impl Reading {
    pub(super) const fn new(stdout: pipe::Receiver, lines: Lines) -> Self {
        Self::Here(Reader { stdout, lines, unbroken: 0 })
    }

    /// Reads until there is no more to read. May be dropped and called again.
    pub(super) async fn run(&mut self, shared: &Arc<Shared>) -> End {
        loop {
            let why = match self {
                Self::Here(reader) => reader.read(shared, usize::MAX).await,
                Self::Away { .. } => match self.come_back().await {
                    Ok(why) => why,
                    Err(end) => return end,
                },
                Self::Lost => return End::OutputClosed,
            };
            match why {
                Why::Ended(end) => return end,
                Why::Moves(place) => self.move_to(place, shared),
                Why::Dropped => shared.moved_to(None),
                Why::Crowded => shared.stays_home(),
            }
        }
    }

    /// What is in the pipe of a child that is gone. Nobody can write to it any more, so its end is near.
    pub(super) async fn rest(&mut self, shared: &Arc<Shared>) {
        if let Self::Away { task, .. } = self {
            task.abort();
            let _ = timeout(LAST_BREATH, self.come_back()).await;
        }
        if let Self::Here(reader) = self {
            reader.rest(shared).await;
        }
    }

    fn move_to(&mut self, place: Place, shared: &Arc<Shared>) {
        let Self::Here(reader) = std::mem::replace(self, Self::Lost) else { return };
        let (back, returned) = oneshot::channel();
        shared.moved_to(Some(&place));
        let away = Away { packed: Some(reader.pack()), reader: None, why: Why::Dropped, back: Some(back) };
        let reading = away.read(Arc::clone(shared)).in_current_span();
        let task = AbortOnDropHandle::new(place.runtime.spawn(reading));
        *self = Self::Away { returned, task };
    }

    async fn come_back(&mut self) -> Result<Why, End> {
        let Self::Away { returned, .. } = self else { return Ok(Why::Dropped) };
        let Returned { packed, why } = returned.await.map_err(|_| End::OutputClosed)?;
        let reader = packed.and_then(Packed::unpack).map_err(|error| End::Broken(error.kind()))?;
        *self = Self::Here(reader);
        Ok(why)
    }
}

impl Reader {
    /// At most `most` bytes without a pause.
    async fn read(&mut self, shared: &Arc<Shared>, most: usize) -> Why {
        let mut exited = std::pin::pin!(shared.exited());
        let mut wished = std::pin::pin!(shared.wished());
        loop {
            let mut has_paused = false;
            let read = {
                let mut read = std::pin::pin!(self.stdout.read_buf(self.lines.spare()));
                // Reading comes first: what a child wrote before it exited counts.
                std::future::poll_fn(|cx| match read.as_mut().poll(cx) {
                    Poll::Ready(result) => Poll::Ready(Next::Read(result)),
                    Poll::Pending => {
                        has_paused = true;
                        match wished.as_mut().poll(cx) {
                            Poll::Ready(place) => Poll::Ready(Next::Move(place)),
                            Poll::Pending => exited.as_mut().poll(cx).map(Next::Exited),
                        }
                    }
                })
                .await
            };
            match read {
                Next::Read(Ok(0)) => return Why::Ended(End::OutputClosed),
                Next::Read(Ok(read)) => {
                    if let Err(end) = self.dispatch(shared) {
                        return Why::Ended(end);
                    }
                    self.unbroken = if has_paused { read } else { self.unbroken.saturating_add(read) };
                    if self.unbroken > most {
                        return Why::Crowded;
                    }
                    if !has_paused {
                        tokio::task::yield_now().await;
                    }
                }
                Next::Read(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Next::Read(Err(error)) => return Why::Ended(End::Broken(error.kind())),
                Next::Move(place) => return Why::Moves(place),
                Next::Exited(reason) => {
                    self.rest(shared).await;
                    return Why::Ended(End::Exited(reason));
                }
            }
        }
    }

    fn dispatch(&mut self, shared: &Arc<Shared>) -> Result<(), End> {
        loop {
            match self.lines.next_line() {
                Ok(Some(line)) => shared.receive(&line),
                Ok(None) => return Ok(()),
                Err(too_long) => return Err(End::LineTooLong { limit: too_long.limit }),
            }
        }
    }

    async fn rest(&mut self, shared: &Arc<Shared>) {
        let to_the_end = async {
            while let Ok(1..) = self.stdout.read_buf(self.lines.spare()).await {
                if self.dispatch(shared).is_err() {
                    return;
                }
            }
        };
        let _ = timeout(LAST_BREATH, to_the_end).await;
    }

    fn pack(self) -> io::Result<Packed> {
        Ok(Packed { stdout: self.stdout.into_nonblocking_fd()?, lines: self.lines })
    }
}

impl Packed {
    /// On the runtime that this is called on.
    fn unpack(self) -> io::Result<Reader> {
        Ok(Reader { stdout: pipe::Receiver::from_owned_fd(self.stdout)?, lines: self.lines, unbroken: 0 })
    }
}

enum Next {
    Read(io::Result<usize>),
    Move(Place),
    Exited(ExitReason),
}

/// The reading on another runtime. Returns to its owner when it is dropped, whyever that is.
struct Away {
    /// Until it is there.
    packed: Option<io::Result<Packed>>,
    reader: Option<Reader>,
    why: Why,
    back: Option<oneshot::Sender<Returned>>,
}

impl Away {
    async fn read(mut self, shared: Arc<Shared>) {
        match self.packed.take().map(|packed| packed.and_then(Packed::unpack)) {
            Some(Ok(reader)) => self.why = self.reader.insert(reader).read(&shared, MOST_AWAY).await,
            Some(Err(error)) => self.packed = Some(Err(error)),
            None => {}
        }
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        let packed = self.reader.take().map(Reader::pack).or_else(|| self.packed.take());
        if let (Some(packed), Some(back)) = (packed, self.back.take()) {
            // Without an owner the pipe closes.
            let _ = back.send(Returned { packed, why: std::mem::replace(&mut self.why, Why::Dropped) });
        }
    }
}
