//! The port [`Post`] over SMTP. One task owns the queue and ends with [`SmtpPost::shut_down`]. A letter that does not go out
//! is noted, whatever the reason: nobody is to wait for it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::{self, AsyncSmtpTransportBuilder};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use orch_domain::Timestamp;
use orch_domain::error::WithCauses;
use orch_domain::letter::{LONGEST_IN_QUEUE, Letter, LetterAbout};
use orch_domain::port::audit_log::AuditLog;
use orch_domain::port::clock::Clock;
use orch_domain::port::invitation_repo::InvitationRepo;
use orch_domain::port::post::Post;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::config::MailConfig;
use crate::error::MailError;
use crate::notes::Notes;

pub struct SmtpPost {
    clock: Arc<dyn Clock>,
    /// None once no more are taken.
    slots: Mutex<Option<Slots>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// Where letters go in.
struct Slots {
    letters: mpsc::Sender<Waiting>,
    /// For those that the queue has no room for.
    refused: mpsc::Sender<Refused>,
    /// Dropped when those that wait are not to be sent any more.
    go_on: oneshot::Sender<()>,
}

/// A letter that is to be sent.
struct Waiting {
    letter: Letter,
    since: Timestamp,
}

impl Waiting {
    /// Why it would not be sent at a time any more.
    fn too_late(&self, at: Timestamp) -> Option<&'static str> {
        if at - self.since > LONGEST_IN_QUEUE {
            return Some("it waited for more than an hour to be sent; make a new one");
        }
        let is_expired = self.letter.expires_at.is_some_and(|expires_at| expires_at <= at);
        is_expired.then_some("its link had expired before the letter could be sent; make a new one")
    }
}

/// What is kept of a letter that is not taken, until that is noted.
struct Refused {
    about: LetterAbout,
    to: String,
}

/// Refusals that wait to be noted, which takes a write each; more are in the log alone.
const REFUSALS: usize = 10_000;

/// How long the noting of letters that are left at the end may take.
const NOTED_WITHIN: Duration = Duration::from_secs(2);

/// What the post needs of the world.
pub struct PostPorts {
    pub invitations: Arc<dyn InvitationRepo>,
    pub audit: Arc<dyn AuditLog>,
    pub clock: Arc<dyn Clock>,
}

impl SmtpPost {
    /// Starts the task on the current runtime. Does not connect: a mail server that is away at the start may come back.
    pub fn start(config: &MailConfig, url: &SecretString, ports: PostPorts) -> Result<Self, MailError> {
        let (server, from) = parsed(config, url)?;
        let transport = server.timeout(Some(Duration::from_secs(u64::from(config.timeout_seconds.max(1))))).build();
        let (letters, queue) = mpsc::channel(usize::from(config.queue.max(1)));
        let (refused, turned_away) = mpsc::channel(REFUSALS);
        let (go_on, stop) = oneshot::channel();
        let PostPorts { invitations, audit, clock } = ports;
        let now = Arc::clone(&clock);
        let sender = Sender {
            transport,
            from,
            attempts: config.attempts.max(1),
            pause: Duration::from_millis(u64::from(config.pause_ms)),
            notes: Notes { invitations, audit, clock },
        };
        let task = tokio::spawn(sender.run(queue, turned_away, stop));
        let slots = Mutex::new(Some(Slots { letters, refused, go_on }));
        Ok(Self { clock: now, slots, task: Mutex::new(Some(task)) })
    }

    /// Takes no more letters, and gives those that wait so long to go out. Of what is left then it is noted that it was not
    /// sent.
    pub async fn shut_down(&self, patience: Duration) {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner).take();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (Some(Slots { letters, refused, go_on }), Some(mut task)) = (slots, task) else { return };
        drop((letters, refused));
        if tokio::time::timeout(patience, &mut task).await.is_ok() {
            return;
        }
        drop(go_on);
        if tokio::time::timeout(NOTED_WITHIN, &mut task).await.is_err() {
            tracing::error!("letters are left unsent, and this could not be noted");
            task.abort();
        }
    }
}

impl Post for SmtpPost {
    fn delivers(&self) -> bool {
        true
    }

    fn send(&self, letter: Letter) {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let unsaid = match slots.as_ref() {
            Some(Slots { letters, refused, .. }) => {
                let waiting = Waiting { letter, since: self.clock.now() };
                let Err(waiting) = letters.try_send(waiting) else { return };
                let Waiting { letter, .. } = waiting.into_inner();
                let refusal = Refused { about: letter.about, to: letter.to.to_string() };
                refused.try_send(refusal).map_err(|refusal| refusal.into_inner().to)
            }
            // Handed in after the end.
            None => Err(letter.to.to_string()),
        };
        if let Err(to) = unsaid {
            tracing::error!(mail.to = to, "a letter could not be taken, and this could not be noted");
        }
    }
}

impl fmt::Debug for SmtpPost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpPost").finish_non_exhaustive()
    }
}

/// Whether letters could be sent with these settings, or none are to be sent.
pub fn check(config: &MailConfig) -> Result<(), MailError> {
    config.smtp_url.as_ref().map_or(Ok(()), |url| parsed(config, url).map(drop))
}

/// The mail server, and who letters are from.
fn parsed(config: &MailConfig, url: &SecretString) -> Result<(AsyncSmtpTransportBuilder, Mailbox), MailError> {
    let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret()).map_err(|_| MailError::Url)?;
    let from = config.from.as_deref().ok_or(MailError::NoSender)?;
    let from = from.parse().map_err(|_| MailError::Sender { from: from.to_owned() })?;
    Ok((server, from))
}

/// What the task owns.
struct Sender {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    attempts: u8,
    pause: Duration,
    notes: Notes,
}

impl Sender {
    async fn run(
        self,
        queue: mpsc::Receiver<Waiting>,
        mut turned_away: mpsc::Receiver<Refused>,
        stop: oneshot::Receiver<()>,
    ) {
        // A mail server that takes its time does not keep back what is known already.
        let noting = async {
            while let Some(Refused { about, to }) = turned_away.recv().await {
                self.notes.failed(about, &to, "too many letters wait already; try again later").await;
            }
        };
        tokio::join!(noting, self.deliver_all(queue, stop));
    }

    /// One after the other; when it is to stop, what is left is noted.
    async fn deliver_all(&self, mut queue: mpsc::Receiver<Waiting>, mut stop: oneshot::Receiver<()>) {
        let mut current = None;
        while let Some(waiting) = queue.recv().await {
            let waiting = current.insert(waiting);
            tokio::select! {
                () = self.deliver(waiting) => current = None,
                _ = &mut stop => break,
            }
        }
        while let Some(Waiting { letter: Letter { about, to, .. }, .. }) = match current.take() {
            Some(waiting) => Some(waiting),
            None => queue.recv().await,
        } {
            self.notes.failed(about, to.as_str(), "the daemon was stopped before the letter was sent").await;
        }
    }

    /// Sends the letter, more than once if the fault may pass.
    async fn deliver(&self, waiting: &Waiting) {
        let letter = &waiting.letter;
        let to = letter.to.to_string();
        let message = match self.message(letter) {
            Ok(message) => message,
            Err(reason) => return self.notes.failed(letter.about, &to, &reason).await,
        };
        let mut pause = self.pause;
        for attempt in 1..=self.attempts {
            if let Some(reason) = waiting.too_late(self.notes.clock.now()) {
                return self.notes.failed(letter.about, &to, reason).await;
            }
            let Err(error) = self.transport.send(message.clone()).await else {
                return self.notes.sent(letter.about).await;
            };
            // Past that it is too late in any case.
            let next = self.notes.clock.now() + pause.min(2 * LONGEST_IN_QUEUE);
            if error.is_permanent() || attempt == self.attempts || waiting.too_late(next).is_some() {
                return self.notes.failed(letter.about, &to, &reason_of(&error)).await;
            }
            tracing::info!(attempt, error = %WithCauses(&error), "a letter is tried again in a moment");
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
    }

    fn message(&self, letter: &Letter) -> Result<Message, String> {
        let address: Address =
            letter.to.as_str().parse().map_err(|_| "the address is none that mail goes to".to_owned())?;
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .subject(&letter.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.clone())
            .map_err(|error| format!("the letter cannot be written: {error}"))
    }
}

/// The error with its causes, cut to what fits a line.
fn reason_of(error: &smtp::Error) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect();
    line.trim().to_owned()
}
