//! A question of a server to the client behind a request: sampling, elicitation, roots. It carries its own way to be
//! answered, so whoever holds it needs to know nothing of the connection it came from.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_channel::oneshot;

use crate::error::RpcError;
use crate::message::MethodName;
use crate::raw::Raw;

/// A server's request to a client, without ids. Dropping it leaves it unanswered, which the asking side notices.
pub struct Question {
    pub method: MethodName,
    /// As the server wrote them, without hop-by-hop members.
    pub params: Option<Raw>,
    answer: oneshot::Sender<Reply>,
}

/// A client's result or error.
pub type Reply = Result<Raw, RpcError>;

/// The asking side's end: resolves to None when nobody is going to answer. Dropping it withdraws the question.
#[derive(Debug)]
pub struct Answered(oneshot::Receiver<Reply>);

impl Question {
    #[must_use]
    pub fn new(method: MethodName, params: Option<Raw>) -> (Self, Answered) {
        let (sender, receiver) = oneshot::channel();
        (Self { method, params, answer: sender }, Answered(receiver))
    }

    /// Gives the answer; it is lost when the question was withdrawn.
    pub fn answer(self, reply: Reply) {
        // The asking side may have gone, and then nobody needs the answer.
        let _ = self.answer.send(reply);
    }

    /// Ready when the asking side does not want an answer any more.
    pub fn poll_withdrawn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.answer.poll_canceled(cx)
    }

    #[must_use]
    pub fn is_withdrawn(&self) -> bool {
        self.answer.is_canceled()
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is asked may be personal.
        f.debug_struct("Question").field("method", &self.method).finish_non_exhaustive()
    }
}

impl Future for Answered {
    type Output = Option<Reply>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Reply>> {
        Pin::new(&mut self.0).poll(cx).map(Result::ok)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::Question;
    use crate::message::MethodName;
    use crate::raw::Raw;

    const ROOTS: MethodName = MethodName::from_static("roots/list");

    #[test]
    fn is_answered_dropped_or_withdrawn() {
        let mut cx = Context::from_waker(Waker::noop());
        let (question, answered) = Question::new(ROOTS, None);
        question.answer(Ok(Raw::from_static("{}")));
        assert!(matches!(pin!(answered).poll(&mut cx), Poll::Ready(Some(Ok(_)))));

        let (question, answered) = Question::new(ROOTS, None);
        drop(question);
        assert!(matches!(pin!(answered).poll(&mut cx), Poll::Ready(None)));

        let (mut question, answered) = Question::new(ROOTS, None);
        assert!(question.poll_withdrawn(&mut cx).is_pending() && !question.is_withdrawn());
        drop(answered);
        assert!(question.poll_withdrawn(&mut cx).is_ready() && question.is_withdrawn());
    }
}
