//! The body of a request on its way to the handler. What is there with the head goes as a whole; of the rest a piece is
//! read when the handler asks for it.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix_http::Payload;
use actix_http::error::PayloadError;
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use orch_http1::body::{Body, Piece};

/// A body that nobody reads is thrown away up to this length, so that the connection can be kept.
const SKIPPED: u64 = 64 * 1024;

/// What is still to come of a body.
#[derive(Debug)]
pub(super) enum Feed {
    Whole,
    Parts(Parts),
    /// It cannot be read on, and so nothing after it.
    Broken,
}

#[derive(Debug)]
pub(super) struct Parts {
    body: Body,
    /// The client waits to be told to go on.
    pub(super) expects: bool,
    given: Rc<RefCell<Given>>,
}

#[derive(Debug, Default)]
struct Given {
    piece: Option<Result<Bytes, PayloadError>>,
    ended: bool,
    /// Whoever asked for a piece and has none yet.
    asking: Option<Waker>,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The handler has something new.
    Given,
    /// Nothing without more bytes.
    Wanting,
    /// The handler does not ask for anything.
    Idle,
}

/// A body as a handler gets it.
pub(crate) enum Sent {
    Whole(Bytes),
    Pieces(Pieces),
}

/// A body that comes piece by piece.
pub(crate) struct Pieces(Rc<RefCell<Given>>);

impl Feed {
    /// The body of a request whose head was just taken off `input`.
    pub(super) fn of(mut body: Body, expects: bool, input: &mut BytesMut) -> (Sent, Self) {
        if body == Body::Ended {
            return (Sent::Whole(Bytes::new()), Self::Whole);
        }
        if matches!(body, Body::Length(length) if length <= input.len() as u64)
            && let Ok(Piece::Data(data)) = body.take(input)
        {
            return (Sent::Whole(data), Self::Whole);
        }
        let given = Rc::default();
        (Sent::Pieces(Pieces(Rc::clone(&given))), Self::Parts(Parts { body, expects, given }))
    }

    pub(super) const fn is_whole(&self) -> bool {
        matches!(self, Self::Whole)
    }

    /// Nothing, or so little is to come that it can be thrown away. A client that waits to be told to go on may do so by
    /// itself or not, so nobody knows what comes next.
    pub(super) const fn is_short(&self) -> bool {
        match self {
            Self::Whole => true,
            Self::Parts(Parts { body: Body::Ended, .. }) => true,
            Self::Parts(Parts { body: Body::Length(rest), expects: false, .. }) => *rest <= SKIPPED,
            Self::Parts(_) | Self::Broken => false,
        }
    }

    /// At least so many bytes are to come.
    pub(super) const fn announced(&self) -> u64 {
        match self {
            Self::Parts(parts) => parts.body.announced(),
            Self::Whole | Self::Broken => 0,
        }
    }

    /// Gives the handler what it asks for, as far as that is in `input`. Wakes it unless it runs in the task of `cx`, which
    /// polls it after this.
    pub(super) fn step(&mut self, cx: &Context<'_>, input: &mut BytesMut) -> Step {
        let Self::Parts(parts) = self else { return Step::Idle };
        let mut given = parts.given.borrow_mut();
        if given.asking.is_none() {
            return Step::Idle;
        }
        let next = match parts.body.take(input) {
            Ok(Piece::Wanting) => return Step::Wanting,
            Ok(Piece::Data(data)) => {
                given.piece = Some(Ok(data));
                None
            }
            Ok(Piece::End) => {
                given.ended = true;
                Some(Self::Whole)
            }
            Err(_) => {
                given.piece = Some(Err(PayloadError::EncodingCorrupted));
                Some(Self::Broken)
            }
        };
        if let Some(waker) = given.asking.take().filter(|waker| !waker.will_wake(cx.waker())) {
            waker.wake();
        }
        drop(given);
        if let Some(next) = next {
            *self = next;
        }
        Step::Given
    }

    /// Tells the handler that no more will come.
    pub(super) fn break_off(&mut self) {
        let Self::Parts(parts) = std::mem::replace(self, Self::Broken) else { return };
        let mut given = parts.given.borrow_mut();
        given.piece = Some(Err(PayloadError::Incomplete(None)));
        if let Some(waker) = given.asking.take() {
            waker.wake();
        }
    }

    /// Takes what nobody reads off `input`. True at the end of the body.
    pub(super) fn skip(&mut self, input: &mut BytesMut) -> bool {
        while let Self::Parts(parts) = self {
            match parts.body.take(input) {
                Ok(Piece::Data(_)) => {}
                Ok(Piece::Wanting) => return false,
                Ok(Piece::End) => *self = Self::Whole,
                Err(_) => *self = Self::Broken,
            }
        }
        true
    }
}

impl From<Sent> for Payload {
    fn from(sent: Sent) -> Self {
        match sent {
            Sent::Whole(whole) if whole.is_empty() => Self::None,
            Sent::Whole(whole) => Self::from(whole),
            Sent::Pieces(pieces) => Self::Stream { payload: Box::pin(pieces) },
        }
    }
}

impl Stream for Pieces {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut given = self.0.borrow_mut();
        if let Some(piece) = given.piece.take() {
            given.ended |= piece.is_err();
            return Poll::Ready(Some(piece));
        }
        if given.ended {
            return Poll::Ready(None);
        }
        given.asking = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        self.0.borrow_mut().asking = None;
    }
}
