//! Questions of a server on their way to the client, while the call they belong to waits. Says when nobody answers in
//! time; never invents an answer.

use std::pin::Pin;
use std::task::{Context, Poll};

use orch_mcp::object;
use orch_mcp::question::{Answered, Question};
use orch_mcp::raw::Raw;

use crate::outward::Outward;

pub(crate) const ELICITATION: &str = "elicitation/create";

/// Questions that were handed to the client and are not answered yet.
#[derive(Default)]
pub(crate) struct Questions(Vec<Open>);

struct Open {
    /// The server's, waiting for what the client says.
    original: Question,
    answered: Answered,
}

impl Questions {
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a server's question and gives the one that goes to the client.
    pub(crate) fn pass(&mut self, original: Question, outward: &Outward) -> Question {
        let params = outward.question(original.method.as_str(), original.params.clone());
        let (shown, answered) = Question::new(original.method.clone(), params);
        self.0.push(Open { original, answered });
        shown
    }

    /// Carries answers to the server, and its change of mind to the client. Ready when there was something to carry and
    /// nothing is open any more.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut index = 0;
        let before = self.0.len();
        while let Some(open) = self.0.get_mut(index) {
            if let Poll::Ready(reply) = Pin::new(&mut open.answered).poll(cx) {
                let Open { original, .. } = self.0.swap_remove(index);
                // Without an answer the original is dropped, which the server's side understands.
                if let Some(reply) = reply {
                    original.answer(reply);
                }
            } else if open.original.poll_withdrawn(cx).is_ready() {
                self.0.swap_remove(index);
            } else {
                index += 1;
            }
        }
        if before > 0 && self.0.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Nobody answers in time.
    pub(crate) fn give_up(&mut self) {
        self.0.clear();
    }
}

/// An elicitation whose message says which server asks; on the unified endpoint nothing else does.
pub(crate) fn with_sender(server: &str, params: Raw) -> Raw {
    let named = object::string(&params, "message")
        .and_then(|message| Raw::serialize(&format!("[{server}] {message}")).ok())
        .and_then(|message| object::with(&params, "message", &message).ok());
    named.unwrap_or(params)
}
