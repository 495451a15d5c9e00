//! The port [`Post`] over SMTP. One task owns the queue and ends with [`SmtpPost::shut_down`].

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use orch_domain::letter::{Letter, LetterAbout};
use orch_domain::port::audit_log::AuditLog;
use orch_domain::port::clock::Clock;
use orch_domain::port::invitation_repo::InvitationRepo;
use orch_domain::port::post::Post;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::config::MailConfig;
use crate::error::MailError;
use crate::notes::Notes;

pub struct SmtpPost {
    letters: Mutex<Option<mpsc::Sender<Letter>>>,
    /// For letters that the queue has no room for: their failure is noted by the same task.
    refused: mpsc::UnboundedSender<(LetterAbout, String)>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// What the post needs of the world.
pub struct PostPorts {
    pub invitations: Arc<dyn InvitationRepo>,
    pub audit: Arc<dyn AuditLog>,
    pub clock: Arc<dyn Clock>,
}

impl SmtpPost {
    /// Starts the task on the current runtime. Does not connect: a mail server that is away at the start may come back.
    pub fn start(config: &MailConfig, url: &SecretString, ports: PostPorts) -> Result<Self, MailError> {
        let from = config.from.as_deref().ok_or(MailError::NoSender)?;
        let from: Mailbox = from.parse().map_err(|_| MailError::Sender { from: from.to_owned() })?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret())
            .map_err(|_| MailError::Url)?
            .timeout(Some(Duration::from_secs(u64::from(config.timeout_seconds.max(1)))))
            .build();
        let (letters, queue) = mpsc::channel(usize::from(config.queue.max(1)));
        let (refused, turned_away) = mpsc::unbounded_channel();
        let PostPorts { invitations, audit, clock } = ports;
        let sender = Sender {
            transport,
            from,
            attempts: config.attempts.max(1),
            pause: Duration::from_millis(u64::from(config.pause_ms)),
            notes: Notes { invitations, audit, clock },
        };
        let task = tokio::spawn(sender.run(queue, turned_away));
        Ok(Self { letters: Mutex::new(Some(letters)), refused, task: Mutex::new(Some(task)) })
    }

    /// Takes no more letters, and gives those that wait so long to go out.
    pub async fn shut_down(&self, patience: Duration) {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner).take();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut task) = task else { return };
        if tokio::time::timeout(patience, &mut task).await.is_err() {
            tracing::warn!("letters are left unsent");
            task.abort();
        }
    }
}

impl Post for SmtpPost {
    fn delivers(&self) -> bool {
        true
    }

    fn send(&self, letter: Letter) {
        let letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = match letters.as_ref() {
            Some(letters) => letters.try_send(letter).map_err(mpsc::error::TrySendError::into_inner),
            None => Err(letter),
        };
        if let Err(letter) = outcome {
            // An error means that the task is gone, and so is the daemon in a moment.
            let _ = self.refused.send((letter.about, letter.to.to_string()));
        }
    }
}

impl fmt::Debug for SmtpPost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpPost").finish_non_exhaustive()
    }
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
        mut queue: mpsc::Receiver<Letter>,
        mut turned_away: mpsc::UnboundedReceiver<(LetterAbout, String)>,
    ) {
        loop {
            tokio::select! {
                biased;
                Some((about, to)) = turned_away.recv() => {
                    self.notes.failed(about, &to, "too many letters wait already; try again later").await;
                }
                letter = queue.recv() => match letter {
                    Some(letter) => self.deliver(letter).await,
                    None => return,
                },
            }
        }
    }

    /// Sends the letter, more than once if the fault may pass.
    async fn deliver(&self, letter: Letter) {
        let to = letter.to.to_string();
        let message = match self.message(&letter) {
            Ok(message) => message,
            Err(reason) => return self.notes.failed(letter.about, &to, &reason).await,
        };
        let mut pause = self.pause;
        for attempt in 1..=self.attempts {
            match self.transport.send(message.clone()).await {
                Ok(_) => return self.notes.sent(letter.about).await,
                Err(error) if error.is_permanent() || attempt == self.attempts => {
                    return self.notes.failed(letter.about, &to, &reason_of(&error)).await;
                }
                Err(error) => tracing::info!(attempt, error = %error, "a letter is tried again in a moment"),
            }
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
