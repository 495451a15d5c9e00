//! `user`: accounts of the instance.

use clap::Subcommand;
use orch_app::control::invitations::{InvitedTo, NewInvitation};
use orch_app::control::users::NewUser;
use orch_app::domain::Timestamp;
use orch_app::domain::user::User as Account;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use crate::console::{self, Console};
use crate::moment;
use crate::output::Output;

#[derive(Subcommand)]
pub(crate) enum User {
    /// Create an account; without --password-stdin a password is generated and shown once
    Create {
        email: String,
        /// The name that others see
        #[arg(long, default_value = "", hide_default_value = true)]
        name: String,
        /// Make it an instance admin
        #[arg(long)]
        admin: bool,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Invite somebody, who makes the account; without mail the link is shown once
    Invite {
        email: String,
        /// As an instance admin
        #[arg(long)]
        admin: bool,
    },
    /// List accounts
    List {
        /// Only those with this in address or name
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
    },
    /// Switch an account off: its logins and keys are dead at once
    Deactivate {
        /// Id or e-mail address
        user: String,
    },
    /// Switch an account on again; its keys work again, its logins do not
    Activate {
        /// Id or e-mail address
        user: String,
    },
    /// Show a link with which the owner chooses another password; with --password-stdin give that one at once
    ResetPassword {
        /// Id or e-mail address
        user: String,
        /// Read the password from standard input, and end all logins of the account
        #[arg(long)]
        password_stdin: bool,
    },
    /// Make an account an instance admin
    Promote {
        /// Id or e-mail address
        user: String,
    },
    /// Make an account an instance admin no more
    Demote {
        /// Id or e-mail address
        user: String,
    },
}

#[derive(Serialize)]
struct View {
    id: String,
    email: String,
    name: String,
    instance_admin: bool,
    active: bool,
    #[serde(with = "time::serde::rfc3339")]
    created_at: Timestamp,
    /// Only where one was just generated.
    #[serde(skip_serializing_if = "Option::is_none")]
    generated_password: Option<String>,
}

/// A link to a new password.
#[derive(Serialize)]
struct ResetView {
    email: String,
    link: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: Timestamp,
}

#[derive(Serialize)]
struct InvitationView {
    email: String,
    /// Absent when it was mailed.
    link: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: Timestamp,
}

impl User {
    pub(crate) async fn run(self, console: &Console, output: &Output) -> anyhow::Result<()> {
        let (users, who) = (&console.control().users, &console.who);
        match self {
            Self::Create { email, name, admin, password_stdin } => {
                let password = console::password(password_stdin)?;
                let new = NewUser { email, name, password, instance_admin: admin };
                let created = users.create(who, new).await?;
                show(output, &created.user, created.generated.as_ref(), "created")
            }
            Self::Invite { email, admin } => invite(console, output, (&email, admin)).await,
            Self::List { search } => {
                let accounts = console::all(|page| users.list(who, search.as_deref(), page)).await?;
                let views: Vec<_> = accounts.iter().map(|account| view(account, None)).collect();
                output.list(&views, ["EMAIL", "NAME", "ADMIN", "ACTIVE", "CREATED", "ID"], |view| {
                    let word = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
                    let created = moment::shown(view.created_at);
                    let (email, name, id) = (view.email.clone(), view.name.clone(), view.id.clone());
                    [email, name, word(view.instance_admin), word(view.active), created, id]
                })
            }
            Self::Deactivate { user } => {
                let account = users.deactivate(who, &user).await?;
                show(output, &account, None, "deactivated")
            }
            Self::Activate { user } => {
                let account = users.activate(who, &user).await?;
                show(output, &account, None, "activated")
            }
            Self::ResetPassword { user, password_stdin: true } => {
                let password = console::password(true)?;
                users.reset_password(who, &user, password).await?;
                let account = users.find(who, &user).await?;
                show(output, &account, None, "gave another password to")
            }
            Self::ResetPassword { user, password_stdin: false } => {
                let account = users.find(who, &user).await?;
                let issued = users.create_reset(who, &user).await?;
                let link = issued.link.map(|link| link.expose_secret().to_owned());
                if link.is_some() {
                    console.say_where_links_lead();
                }
                let shown = link.as_deref().unwrap_or_default();
                let until = moment::shown(issued.expires_at);
                let sentence =
                    format!("link to a new password for {} (works once, until {until}):\n{shown}", account.email);
                let view = ResetView { email: account.email.to_string(), link, expires_at: issued.expires_at };
                output.one(&view, &sentence)
            }
            Self::Promote { user } => {
                let account = users.promote(who, &user).await?;
                show(output, &account, None, "made an instance admin of")
            }
            Self::Demote { user } => {
                let account = users.demote(who, &user).await?;
                show(output, &account, None, "took the rights of an instance admin from")
            }
        }
    }
}

async fn invite(console: &Console, output: &Output, (email, admin): (&str, bool)) -> anyhow::Result<()> {
    let new = NewInvitation { email, to: InvitedTo::Instance { admin }, good_for: None };
    let issued = console.control().invitations.create(&console.who, new).await?;
    let invitation = issued.seen.invitation;
    let link = issued.link.map(|link| link.expose_secret().to_owned());
    if link.is_some() {
        console.say_where_links_lead();
    }
    let until = moment::shown(invitation.expires_at);
    let sentence = match &link {
        Some(link) => {
            format!("invited {} with this link (shown once, works once, until {until}):\n{link}", invitation.email)
        }
        None => format!("invited {} by mail; the link works once, until {until}", invitation.email),
    };
    let view = InvitationView { email: invitation.email.to_string(), link, expires_at: invitation.expires_at };
    output.one(&view, &sentence)
}

fn show(output: &Output, account: &Account, password: Option<&SecretString>, did: &str) -> anyhow::Result<()> {
    let view = view(account, password);
    let mut sentence = format!("{did} {}", account.email);
    if let Some(password) = &view.generated_password {
        sentence.push_str(&format!("\npassword (shown once): {password}"));
    }
    output.one(&view, &sentence)
}

fn view(account: &Account, password: Option<&SecretString>) -> View {
    View {
        id: account.id.to_string(),
        email: account.email.to_string(),
        name: account.name.clone(),
        instance_admin: account.instance_admin,
        active: account.is_active(),
        created_at: account.created_at,
        generated_password: password.map(|password| password.expose_secret().to_owned()),
    }
}
