//! What goes to a child's standard input: written at once where the pipe takes it, kept in order up to a limit where
//! it does not. Never waits; waiting for room is the writer's.

use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Buf as _, BytesMut};
use orch_supervisor::unread;
use tokio::net::unix::pipe;
use tokio::sync::Notify;

/// A buffer that grew larger than this is given back once it is empty.
const KEPT: usize = 256 * 1024;

#[derive(Debug)]
pub(crate) struct Outbox {
    limit: usize,
    state: Mutex<State>,
    /// The writer has something to do.
    stuck: Notify,
}

#[derive(Debug)]
struct State {
    /// None when the input is closed, by us or by the child.
    pipe: Option<Arc<pipe::Sender>>,
    /// Whole lines, but for the first one, of which the beginning may be written.
    pending: BytesMut,
    /// The pipe is full, and the writer waits for it.
    full: bool,
    /// Somebody is in a write, without the lock: it takes along what is added meanwhile, in order.
    writing: bool,
    /// Something was written.
    begun: bool,
    /// See [`Outbox::was_heard`].
    heard: bool,
}

/// When a line is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Now,
    /// With what others have to say in this moment; whoever asks for this sees to it that [`Outbox::flush`] is called
    /// very soon.
    Gathered,
}

/// Why a line was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The child does not read, and the limit is reached.
    Full,
    Closed,
}

/// What the writer found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drained {
    All,
    /// The pipe is full again.
    Some,
    Closed,
}

impl Outbox {
    pub(crate) fn new(pipe: pipe::Sender, limit: usize) -> Self {
        let state = State {
            pipe: Some(Arc::new(pipe)),
            pending: BytesMut::new(),
            full: false,
            writing: false,
            begun: false,
            heard: false,
        };
        Self { limit, state: Mutex::new(state), stuck: Notify::new() }
    }

    /// Takes one line, without its end.
    pub(crate) fn push(&self, line: &[u8], when: When) -> Result<(), Refused> {
        let mut state = self.state();
        let Some(pipe) = state.pipe.clone() else { return Err(Refused::Closed) };
        // A line that is larger than the limit by itself may pass when nothing waits.
        if !state.pending.is_empty() && state.pending.len() + line.len() >= self.limit {
            return Err(Refused::Full);
        }
        if state.full || state.writing || when == When::Gathered {
            state.add(line, 0);
            return Ok(());
        }
        if !state.pending.is_empty() {
            state.add(line, 0);
            self.write(state, &pipe);
            return Ok(());
        }
        // The usual case: no copy, one call.
        state.writing = true;
        drop(state);
        let written = pipe.try_write_vectored(&[IoSlice::new(line), IoSlice::new(b"\n")]);
        let mut state = self.state();
        state.writing = false;
        state.begun |= written.is_ok();
        match written {
            Ok(written) if written > line.len() => {}
            Ok(written) => state.add_first(line, written),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                state.add_first(line, 0);
                self.wait(&mut state);
                return Ok(());
            }
            Err(_) => {
                self.broken(&mut state);
                return Ok(());
            }
        }
        if !state.pending.is_empty() {
            self.write(state, &pipe);
        }
        Ok(())
    }

    /// Writes what was gathered, unless somebody else has.
    pub(crate) fn flush(&self) {
        let state = self.state();
        if state.full || state.writing || state.pending.is_empty() {
            return;
        }
        if let Some(pipe) = state.pipe.clone() {
            self.write(state, &pipe);
        }
    }

    /// For the writer: the pipe, once it is full and has to be waited for. None when the input is closed.
    pub(crate) async fn stuck(&self) -> Option<Arc<pipe::Sender>> {
        loop {
            {
                let state = self.state();
                if state.full || state.pipe.is_none() {
                    return state.pipe.clone();
                }
            }
            self.stuck.notified().await;
        }
    }

    /// For the writer: the pipe may have room now.
    pub(crate) fn drain(&self) -> Drained {
        let mut state = self.state();
        let Some(pipe) = state.pipe.clone() else { return Drained::Closed };
        state.full = false;
        self.write(state, &pipe);
        let state = self.state();
        match (&state.pipe, state.full) {
            (None, _) => Drained::Closed,
            (Some(_), true) => Drained::Some,
            (Some(_), false) => Drained::All,
        }
    }

    /// Whether the other end has read all that was said, and that was something. Known when this is closed.
    pub(crate) fn was_heard(&self) -> bool {
        self.state().heard
    }

    /// No more is taken, and what waits is thrown away.
    pub(crate) fn close(&self) {
        self.broken(&mut self.state());
    }

    /// Writes what waits, and what comes meanwhile. The lock is not held in a write: the child wakes up in it, and
    /// may well be given this processor.
    fn write<'a>(&'a self, mut state: MutexGuard<'a, State>, pipe: &pipe::Sender) {
        while !state.pending.is_empty() {
            let mut taken = std::mem::take(&mut state.pending);
            state.writing = true;
            drop(state);
            let written = pipe.try_write(&taken);
            state = self.state();
            state.writing = false;
            match written {
                Ok(written) => {
                    state.begun = true;
                    taken.advance(written);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    state.put_back(taken);
                    return self.wait(&mut state);
                }
                Err(_) => return self.broken(&mut state),
            }
            if state.pipe.is_none() {
                return;
            }
            state.put_back(taken);
        }
    }

    fn wait(&self, state: &mut State) {
        state.full = true;
        self.stuck.notify_one();
    }

    fn broken(&self, state: &mut State) {
        if let Some(pipe) = state.pipe.take() {
            state.heard = state.begun && state.pending.is_empty() && unread(&pipe).is_ok_and(|bytes| bytes == 0);
        }
        state.pending = BytesMut::new();
        self.stuck.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Keeps a line of which `written` bytes are gone already.
    fn add(&mut self, line: &[u8], written: usize) {
        self.pending.extend_from_slice(line.get(written..).unwrap_or_default());
        self.pending.extend_from_slice(b"\n");
    }

    /// The same in front of what came while it was being written.
    fn add_first(&mut self, line: &[u8], written: usize) {
        let later = std::mem::take(&mut self.pending);
        self.add(line, written);
        self.pending.extend_from_slice(&later);
    }

    /// Puts what is left of a write in front of what came meanwhile. An empty buffer is kept for its memory, unless
    /// that is much.
    fn put_back(&mut self, mut taken: BytesMut) {
        if self.pending.is_empty() {
            if taken.is_empty() {
                taken.clear();
            }
            if taken.capacity() <= KEPT || !taken.is_empty() {
                self.pending = taken;
            }
        } else if !taken.is_empty() {
            taken.extend_from_slice(&self.pending);
            self.pending = taken;
        }
    }
}
