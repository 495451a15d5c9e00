//! Why mail cannot be set up.

#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// Without the URL and without the cause: both may hold the password.
    #[error("SMTP_URL is not a URL of a mail server such as smtps://user:password@smtp.example.com")]
    Url,
    #[error("SMTP_FROM is missing: with SMTP_URL, say who letters are from")]
    NoSender,
    #[error("SMTP_FROM: `{from}` is not a sender such as MCP Orchestrator <orchestrator@example.com>")]
    Sender { from: String },
}
