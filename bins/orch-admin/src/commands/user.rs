//! `user`: accounts of the instance.

use clap::Subcommand;
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
    /// List all accounts
    List,
    /// Switch an account off: its logins and keys are dead at once
    Deactivate {
        /// Id or e-mail address
        user: String,
    },
    /// Give an account another password and end its logins
    ResetPassword {
        /// Id or e-mail address
        user: String,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Make an account an instance admin
    Promote {
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
            Self::List => {
                let accounts = console::all(|page| users.list(who, page)).await?;
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
            Self::ResetPassword { user, password_stdin } => {
                let password = console::password(password_stdin)?;
                let generated = users.reset_password(who, &user, password).await?;
                let account = users.find(who, &user).await?;
                show(output, &account, generated.as_ref(), "gave another password to")
            }
            Self::Promote { user } => {
                let account = users.promote(who, &user).await?;
                show(output, &account, None, "made an instance admin of")
            }
        }
    }
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
