//! The settings of a process: a file, then the environment, then flags. The only place that reads the environment.

mod dotenv;
mod environment;
mod limits;
mod numbers;
mod refusal;
mod secrets;
mod servers;
mod settings_file;
mod standing;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use figment::Figment;
use orch_auth::config::AuthConfig;
use orch_auth::password::check_length;
use orch_auth::strength::weakness_of;
use orch_control::config::{PeopleConfig, SignUp};
use orch_domain::confinement::ConfinementRules;
use orch_domain::email::Email;
use orch_gateway::client::Clients;
use orch_gateway::config::GatewayConfig;
use orch_gateway::mcp::McpConfig;
use orch_gateway::site::Site;
use orch_mail::config::MailConfig;
use orch_persistence::{DatabaseConfig, DatabaseKind, DatabaseUrl, JournalConfig};
use orch_relay::config::RelayConfig;
use orch_supervisor::SupervisorConfig;
use orch_upstream::UpstreamConfig;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use self::environment::Variables;
use self::settings_file::SettingsFile;
use crate::backup::PART;
use crate::data_dir::{FILES_OF_SQLITE, LOCK_OF_FILE, beside, real_file};
use crate::telemetry;

pub use self::limits::{DefaultLimits, LimitSettings, MaxLimits};
pub use self::secrets::{SecretSource, Secrets};
pub use self::servers::{SandboxSetting, ServerSettings};
pub use crate::upkeep::{AuditSettings, RetentionSettings};

/// To PostgreSQL.
const LEAST_CONNECTIONS: u32 = 2;

/// In seconds. For so long each process remembers the logins that have ended.
const LONGEST_ACCESS_TOKEN: u32 = 24 * 60 * 60;

/// Everything that can be set. Durations are in the unit that the name says.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub environment: Environment,
    pub host: IpAddr,
    pub port: u16,
    /// Holds the database file, the journal and generated secrets.
    pub data_dir: PathBuf,
    /// None for a SQLite file in the data directory.
    pub database_url: Option<SecretString>,
    pub database: DatabaseSettings,
    /// The public base URL, without a slash at its end.
    pub base_url: Option<String>,
    pub allowed_origins: Vec<String>,
    pub allowed_hosts: Vec<String>,
    /// Addresses and networks of the proxies in front.
    pub trusted_proxies: Vec<String>,
    /// Threads that serve requests; 0 for one a core.
    pub workers: usize,
    /// A file whose servers are the servers of a project named after it, for as long as the daemon runs.
    pub mcp_config: Option<PathBuf>,
    /// Bring the database schema up to date at start.
    pub auto_migrate: bool,
    pub log: LogSettings,
    pub initial_admin: InitialAdmin,
    pub jwt_secret: Option<SecretString>,
    pub encryption_key: Option<SecretString>,
    pub auth: AuthConfig,
    /// How people come in.
    pub people: PeopleConfig,
    pub mail: MailConfig,
    pub journal: JournalSettings,
    pub audit: AuditSettings,
    pub retention: RetentionSettings,
    pub metrics: MetricsSettings,
    pub mcp: McpConfig,
    pub relay: RelayConfig,
    pub supervisor: SupervisorConfig,
    /// What is asked of all servers.
    pub servers: ServerSettings,
    pub limits: LimitSettings,
    pub upstream: UpstreamConfig,
    /// Where the settings were read from, if it was a file.
    #[serde(skip)]
    pub file: Option<PathBuf>,
    /// What was said on the command line; it has been taken over.
    #[serde(skip)]
    pub flags: Flags,
    /// What was most likely meant otherwise, and yet stops nothing.
    #[serde(skip)]
    pub remarks: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Generates what is missing, and lets upstream URLs point to this machine.
    #[default]
    Development,
    /// Refuses to start on missing, weak or well-known secrets.
    Production,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// `error`, `warn`, `info`, `debug` or `trace`, or directives such as `info,orch_relay=debug`.
    pub level: String,
    pub format: LogFormat,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// The account that is made when there is no instance admin yet.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InitialAdmin {
    pub email: Option<String>,
    /// Without one, a password is generated and printed once.
    pub password: Option<SecretString>,
}

/// Where `/metrics` is served: on a port of its own, so that it is not open to clients.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsSettings {
    pub enabled: bool,
    pub host: IpAddr,
    pub port: u16,
}

impl MetricsSettings {
    /// Whether both sockets could be had on one machine.
    fn check_port(&self, host: IpAddr, port: u16) -> anyhow::Result<()> {
        // That of all IPv6 takes IPv4 along.
        let covers = |all: IpAddr, one: IpAddr| all.is_unspecified() && (all.is_ipv6() || one.is_ipv4());
        let is_one_place = self.host == host || covers(self.host, host) || covers(host, self.host);
        if self.enabled && port != 0 && self.port == port && is_one_place {
            bail!("metrics.port: {port} is the port of the daemon itself; metrics have one of their own");
        }
        Ok(())
    }
}

impl Default for MetricsSettings {
    fn default() -> Self {
        Self { enabled: true, host: IpAddr::from([127, 0, 0, 1]), port: 9464 }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSettings {
    /// To PostgreSQL, or readers of a SQLite file.
    pub max_connections: u32,
    /// How long a request waits for a connection to PostgreSQL.
    pub acquire_timeout_ms: u64,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        let DatabaseConfig { max_connections, acquire_timeout_ms, .. } = DatabaseConfig::default();
        Self { max_connections, acquire_timeout_ms }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JournalSettings {
    /// Calls that wait for the database take at most this much; then further calls are refused.
    pub max_bytes: u64,
}

impl Default for JournalSettings {
    fn default() -> Self {
        Self { max_bytes: 256 * 1024 * 1024 }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            environment: Environment::default(),
            host: IpAddr::from([127, 0, 0, 1]),
            port: 8000,
            data_dir: PathBuf::from("./data"),
            database_url: None,
            database: DatabaseSettings::default(),
            base_url: None,
            allowed_origins: Vec::new(),
            allowed_hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            workers: 0,
            mcp_config: None,
            auto_migrate: true,
            log: LogSettings::default(),
            initial_admin: InitialAdmin::default(),
            jwt_secret: None,
            encryption_key: None,
            auth: AuthConfig::default(),
            people: PeopleConfig::default(),
            mail: MailConfig::default(),
            journal: JournalSettings::default(),
            audit: AuditSettings::default(),
            retention: RetentionSettings::default(),
            metrics: MetricsSettings::default(),
            mcp: McpConfig::default(),
            relay: RelayConfig::default(),
            supervisor: SupervisorConfig::default(),
            servers: ServerSettings::default(),
            limits: LimitSettings::default(),
            upstream: UpstreamConfig::default(),
            file: None,
            flags: Flags::default(),
            remarks: Vec::new(),
        }
    }
}

/// What flags of a command line say; they win over everything else.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// A file of settings, in place of the one that `ORCH_CONFIG` names.
    pub config: Option<PathBuf>,
    pub data_dir: Option<PathBuf>,
    pub host: Option<IpAddr>,
    pub port: Option<u16>,
    pub log_level: Option<String>,
    pub mcp_config: Option<PathBuf>,
}

impl Settings {
    /// Reads the file, the environment (a `.env` file in the working directory included) and the flags. What comes back
    /// can be used: a start finds nothing wrong with a value that was not said here.
    pub fn load(flags: &Flags) -> anyhow::Result<Self> {
        let variables = Variables::read()?;
        let file = flags.config.clone().or_else(|| variables.file.clone());
        let mut remarks: Vec<_> =
            variables.unknown.iter().map(|name| format!("{name} is no setting: nothing reads it")).collect();
        remarks.extend(variables.remarks.iter().cloned());
        let mut figment = Figment::new();
        if let Some(path) = &file {
            let file = SettingsFile::read(path)?;
            remarks.extend(file.remarks());
            figment = figment.merge(file);
        }
        for layer in variables.layers() {
            figment = figment.merge(layer);
        }
        let mut settings: Self = figment.extract().map_err(|error| refusal::readable(&figment, error))?;
        numbers::check(&figment)?;
        settings.file = file;
        if let Some(data_dir) = &flags.data_dir {
            settings.data_dir.clone_from(data_dir);
        }
        if let Some(host) = flags.host {
            settings.host = host;
        }
        if let Some(port) = flags.port {
            settings.port = port;
        }
        if let Some(level) = &flags.log_level {
            settings.log.level.clone_from(level);
        }
        if let Some(file) = &flags.mcp_config {
            settings.mcp_config = Some(file.clone());
        }
        settings.flags = flags.clone();
        settings.check().map_err(|error| refusal::placed(&figment, error))?;
        remarks.extend(settings.without_effect().map(str::to_owned));
        remarks.extend(settings.open_to_others());
        settings.remarks = remarks;
        Ok(settings)
    }

    /// Makes of each value what a start makes of it, and says which cannot be used. Each refusal begins with the name of
    /// its setting.
    fn check(&self) -> anyhow::Result<()> {
        telemetry::check(&self.log, self.flags.log_level.as_ref().map(|_| "--log-level"))?;
        let gateway = self.gateway();
        Site::new(&gateway)?;
        Clients::new(&gateway.trusted_proxies)?;
        orch_mail::smtp::check(&self.mail)?;
        if self.people.sign_up == SignUp::Open && self.mail.smtp_url.is_none() {
            bail!(
                "ORCH_SIGN_UP: open needs SMTP_URL and SMTP_FROM, as an address is proven by a link that is mailed to it"
            );
        }
        for domain in &self.people.allowed_domains {
            let domain = domain.trim_start_matches('@');
            let address = Email::parse(&format!("somebody@{domain}")).ok();
            // Addresses are compared in small letters, and these are made small in ASCII alone.
            let is_its_own =
                address.is_some_and(|it| it.as_str() == format!("somebody@{}", domain.to_ascii_lowercase()));
            let is_domain =
                !domain.contains(['@', '/', '*', ':']) && !domain.starts_with('.') && !domain.ends_with('.');
            if !is_its_own || !is_domain {
                bail!(
                    "ORCH_SIGN_UP_DOMAINS: {domain:?} is no domain of addresses in small letters, such as example.com"
                );
            }
        }
        if let Some(email) = &self.initial_admin.email {
            Email::parse(email).context("INITIAL_ADMIN_EMAIL")?;
        }
        if let Some(password) = &self.initial_admin.password {
            check_length(password).context("INITIAL_ADMIN_PASSWORD")?;
            if let Some(weakness) = weakness_of(password).filter(|_| self.environment == Environment::Production) {
                bail!(
                    "INITIAL_ADMIN_PASSWORD is not fit for production: {weakness}; without it the first start makes a \
                     password and prints it once"
                );
            }
        }
        if self.auth.access_token_seconds.get() > LONGEST_ACCESS_TOKEN {
            bail!("auth.access_token_seconds: an access token lives a day at most, {LONGEST_ACCESS_TOKEN}");
        }
        self.upstream.check().map_err(anyhow::Error::msg)?;
        if self.database_url()?.kind() == DatabaseKind::Postgres && self.database.max_connections < LEAST_CONNECTIONS {
            bail!(
                "database.max_connections: PostgreSQL needs {LEAST_CONNECTIONS} at least, as one of them hears of changes"
            );
        }
        self.metrics.check_port(self.host, self.port)
    }

    /// Looks at the files that the values name and a start needs, but for the file of servers, which is read with what
    /// it belongs to.
    pub(crate) fn check_files(&self) -> anyhow::Result<()> {
        self.upstream.check_files().map_err(anyhow::Error::msg)
    }

    /// What was set and does nothing beside the other settings.
    fn without_effect(&self) -> impl Iterator<Item = &'static str> {
        let InitialAdmin { email, password } = &self.initial_admin;
        let remarks = [
            (
                password.is_some() && email.is_none() && self.mcp_config.is_none(),
                "INITIAL_ADMIN_PASSWORD does nothing without INITIAL_ADMIN_EMAIL",
            ),
            (self.mail.from.is_some() && self.mail.smtp_url.is_none(), "SMTP_FROM does nothing without SMTP_URL"),
            (
                !self.people.allowed_domains.is_empty() && self.people.sign_up == SignUp::Closed,
                "ORCH_SIGN_UP_DOMAINS does nothing while ORCH_SIGN_UP is closed",
            ),
        ];
        remarks.into_iter().filter(|(holds, _)| *holds).map(|(_, remark)| remark)
    }

    /// What lets others of this machine or on the way in, and is yet the operator's to decide.
    fn open_to_others(&self) -> impl Iterator<Item = String> {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&self.data_dir).map_or(0, |found| found.permissions().mode());
        let dir = (mode & 0o002 != 0).then(|| {
            format!(
                "the data directory {} can be written by everybody on this machine: chmod o-w it",
                self.data_dir.display()
            )
        });
        let in_the_clear = self.is_production() && Site::new(&self.gateway()).is_ok_and(|site| site.is_in_the_clear());
        let url = in_the_clear.then(|| {
            format!(
                "the base URL {} (MCP_SERVER_BASE_URL) is not https: passwords and keys go over the network in the \
                 clear, and cookies are not Secure",
                self.public_url()
            )
        });
        dir.into_iter().chain(url)
    }

    /// What the gateway is told.
    #[must_use]
    pub fn gateway(&self) -> GatewayConfig {
        GatewayConfig {
            base_url: self.public_url(),
            allowed_origins: self.allowed_origins.clone(),
            allowed_hosts: self.allowed_hosts.clone(),
            trusted_proxies: self.trusted_proxies.clone(),
            ..GatewayConfig::default()
        }
    }

    /// The flags with which `orch-admin` works on the same instance, with a space before them.
    #[must_use]
    pub fn flags_of_the_instance(&self) -> String {
        let Flags { config, data_dir, .. } = &self.flags;
        let flags = [("--config", config), ("--data-dir", data_dir)];
        let set = flags.iter().filter_map(|(flag, path)| Some((flag, path.as_ref()?.display().to_string())));
        set.map(|(flag, path)| format!(" {flag} {}", quoted(&path))).collect()
    }

    /// What holds for servers that are processes.
    pub(crate) fn confinement(&self) -> ConfinementRules {
        ConfinementRules { limits: self.limits.rules(), sandbox: self.servers.sandbox.rule() }
    }

    /// The public base URL, without a slash at its end.
    #[must_use]
    pub fn public_url(&self) -> String {
        match &self.base_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None if self.host.is_loopback() || self.host.is_unspecified() => format!("http://localhost:{}", self.port),
            None if self.host.is_ipv6() => format!("http://[{}]:{}", self.host, self.port),
            None => format!("http://{}:{}", self.host, self.port),
        }
    }

    pub fn database_url(&self) -> anyhow::Result<DatabaseUrl> {
        use secrecy::ExposeSecret;
        match &self.database_url {
            Some(url) => DatabaseUrl::parse(url.expose_secret()).context("DATABASE_URL"),
            None => Ok(DatabaseUrl::sqlite_file(self.data_dir.join("orchestrator.db"))),
        }
    }

    pub fn database(&self) -> anyhow::Result<DatabaseConfig> {
        let DatabaseSettings { max_connections, acquire_timeout_ms } = self.database;
        Ok(DatabaseConfig { max_connections, acquire_timeout_ms, ..DatabaseConfig::new(self.database_url()?) })
    }

    #[must_use]
    pub fn journal(&self) -> JournalConfig {
        JournalConfig { max_bytes: self.journal.max_bytes, ..JournalConfig::new(self.journal_dir()) }
    }

    fn journal_dir(&self) -> PathBuf {
        self.data_dir.join("journal")
    }

    /// Where checkpoints of the audit chains are kept beside the database.
    #[must_use]
    pub fn audit_dir(&self) -> PathBuf {
        self.data_dir.join("audit")
    }

    /// Where the logs of servers are kept.
    #[must_use]
    pub fn logs_dir(&self) -> PathBuf {
        self.data_dir.join("logs")
    }

    /// Where generated secrets are kept.
    #[must_use]
    pub fn secrets_dir(&self) -> PathBuf {
        self.data_dir.join("secrets")
    }

    /// What no server is to see, whatever its sandbox opens: data and secrets, wherever they are.
    #[must_use]
    pub fn private_paths(&self) -> Vec<PathBuf> {
        let mut paths = vec![self.data_dir.clone(), PathBuf::from(".env")];
        paths.extend(self.file.iter().chain(&self.mcp_config).cloned());
        if let Some(database) = self.database_url().ok().and_then(|url| url.file()) {
            let real = real_file(&database);
            // One that a restore has left, where it was killed, has the same in it.
            let part = beside(&real, PART);
            let files = [&real, &part].into_iter().flat_map(|file| FILES_OF_SQLITE.map(|end| beside(file, end)));
            paths.extend(files.chain([beside(&real, LOCK_OF_FILE), database]));
        }
        paths
    }

    #[must_use]
    pub fn is_production(&self) -> bool {
        self.environment == Environment::Production
    }
}

/// As a shell reads it as one word.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | ':' | '+' | ',');
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Makes a directory that only its owner can enter.
pub(crate) fn private_dir(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("the directory {} cannot be made", path.display()))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use orch_control::config::PeopleConfig;

    use super::{DatabaseSettings, Environment, InitialAdmin, MetricsSettings, Settings};

    #[test]
    fn refuses_what_a_start_would_refuse() {
        let check = |change: fn(&mut Settings), expected: &str| {
            let mut settings = Settings::default();
            change(&mut settings);
            let error = settings.check().expect_err(expected);
            assert!(format!("{error:#}").contains(expected), "{expected}: {error:#}");
        };
        check(|settings| settings.log.level = "loud".into(), "LOG_LEVEL");
        check(|settings| settings.base_url = Some("mcp.example.com".into()), "MCP_SERVER_BASE_URL");
        check(|settings| settings.base_url = Some("https://a b".into()), "MCP_SERVER_BASE_URL");
        check(|settings| settings.allowed_origins = vec!["tools.example.com".into()], "ORCH_ALLOWED_ORIGINS");
        check(|settings| settings.allowed_hosts = vec!["orch:8000".into()], "ORCH_ALLOWED_HOSTS");
        check(|settings| settings.trusted_proxies = vec!["proxy".into()], "ORCH_TRUSTED_PROXIES");
        check(|settings| settings.mail.smtp_url = Some("mail.example.com".into()), "SMTP_URL is not");
        check(|settings| settings.mail.smtp_url = Some("smtps://mail.example.com".into()), "SMTP_FROM is missing");
        let sender = |settings: &mut Settings| {
            settings.mail.smtp_url = Some("smtps://mail.example.com".into());
            settings.mail.from = Some("nobody".into());
        };
        check(sender, "SMTP_FROM: `nobody`");
        check(|settings| settings.people.allowed_domains = vec!["ada@example.com".into()], "ORCH_SIGN_UP_DOMAINS");
        for domain in ["example.com ", ".example.com", "*.example.com", "B\u{dc}CHER.example"] {
            let settings = Settings {
                people: PeopleConfig { allowed_domains: vec![domain.into()], ..PeopleConfig::default() },
                ..Settings::default()
            };
            assert!(settings.check().is_err_and(|error| error.to_string().contains("small letters")), "{domain}");
        }
        check(|settings| settings.initial_admin.email = Some("ada".into()), "INITIAL_ADMIN_EMAIL");
        check(|settings| settings.initial_admin.password = Some("short".into()), "INITIAL_ADMIN_PASSWORD");
        let known = |environment| {
            let initial_admin = InitialAdmin { password: Some("Password123".into()), ..InitialAdmin::default() };
            Settings { environment, initial_admin, ..Settings::default() }.check()
        };
        assert!(known(Environment::Development).is_ok());
        let refused = known(Environment::Production).expect_err("a well-known password").to_string();
        assert!(refused.starts_with("INITIAL_ADMIN_PASSWORD") && !refused.contains("Password123"), "{refused}");
        check(|settings| settings.upstream.proxy.https = Some("socks5://proxy".into()), "upstream.proxy.https");
        check(|settings| settings.upstream.proxy.direct = vec!["*.internal".into()], "write .internal");
        check(
            |settings| settings.upstream.addresses.allow_hosts = vec!["https://a.internal".into()],
            "write a.internal",
        );
        check(
            |settings| {
                settings.database_url = Some("postgresql://orch@db/orch".into());
                settings.database.max_connections = 1;
            },
            "database.max_connections: PostgreSQL needs 2 at least",
        );
        check(|settings| settings.port = 9464, "metrics.port: 9464 is the port of the daemon itself");
        assert!(Settings::default().check().is_ok());
    }

    #[test]
    fn metrics_have_a_port_of_their_own() {
        let refuses = |host: &str, port, of_metrics: &str| {
            let host = host.parse().expect("an address");
            let metrics =
                MetricsSettings { host: of_metrics.parse().expect("an address"), ..MetricsSettings::default() };
            Settings { host, port, metrics, ..Settings::default() }.check().is_err()
        };
        for (host, of_metrics) in
            [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("10.0.0.1", "0.0.0.0"), ("::", "127.0.0.1")]
        {
            assert!(refuses(host, 9464, of_metrics), "{host} {of_metrics}");
            assert!(!refuses(host, 8000, of_metrics), "{host} {of_metrics}");
        }
        for (host, of_metrics) in [("127.0.0.2", "127.0.0.1"), ("::1", "0.0.0.0"), ("0.0.0.0", "::1")] {
            assert!(!refuses(host, 9464, of_metrics), "{host} {of_metrics}");
        }
        let metrics = MetricsSettings { enabled: false, ..MetricsSettings::default() };
        assert!(Settings { port: 9464, metrics, ..Settings::default() }.check().is_ok(), "none are served");
    }

    #[test]
    fn tells_the_database_what_is_set() {
        let database = DatabaseSettings { max_connections: 4, acquire_timeout_ms: 500 };
        let told = Settings { database, ..Settings::default() }.database().expect("a place");
        assert_eq!((told.max_connections, told.acquire_timeout_ms), (4, 500));
    }

    #[test]
    fn says_what_does_nothing() {
        let mut settings = Settings::default();
        assert_eq!(settings.without_effect().count(), 0);
        settings.initial_admin.password = Some("long enough".into());
        settings.mail.from = Some("orch@example.com".into());
        settings.people.allowed_domains = vec!["example.com".into()];
        assert_eq!(settings.without_effect().count(), 3);
    }

    #[test]
    fn says_what_is_open_to_others() {
        use std::os::unix::fs::PermissionsExt;
        let remarks = |settings: &Settings| settings.open_to_others().collect::<Vec<_>>();
        let of = |base_url: &str| Settings {
            environment: Environment::Production,
            base_url: Some(base_url.into()),
            data_dir: PathBuf::from("/nowhere"),
            ..Settings::default()
        };
        assert!(remarks(&of("https://mcp.example.com")).is_empty() && remarks(&of("http://127.0.0.1:8000")).is_empty());
        assert!(remarks(&of("http://mcp.example.com"))[0].contains("http://mcp.example.com (MCP_SERVER_BASE_URL)"));
        let development = Settings { environment: Environment::Development, ..of("http://mcp.example.com") };
        assert!(remarks(&development).is_empty());
        let directory = tempfile::tempdir().expect("a directory");
        let settings = Settings { data_dir: directory.path().into(), ..Settings::default() };
        assert!(remarks(&settings).is_empty());
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o1777)).expect("a mode");
        assert!(remarks(&settings)[0].contains("can be written by everybody"));
    }

    #[test]
    fn names_the_instance_to_the_command_line() {
        let mut settings = Settings::default();
        assert_eq!(settings.flags_of_the_instance(), "");
        settings.flags.data_dir = Some(PathBuf::from("/srv/it's here"));
        settings.flags.config = Some(PathBuf::from("orch.toml"));
        assert_eq!(settings.flags_of_the_instance(), r" --config orch.toml --data-dir '/srv/it'\''s here'");
    }

    #[test]
    fn hides_data_and_secrets_wherever_they_are() {
        let settings = Settings {
            data_dir: PathBuf::from("/var/lib/orch"),
            database_url: Some("sqlite:///srv/other/orch.db".into()),
            file: Some(PathBuf::from("/etc/orch.toml")),
            mcp_config: Some(PathBuf::from("/home/ada/mcp.json")),
            ..Settings::default()
        };
        let hidden = settings.private_paths();
        let files = ["/etc/orch.toml", "/home/ada/mcp.json", "/srv/other/orch.db", "/srv/other/orch.db-wal"];
        for path in ["/var/lib/orch", ".env"].into_iter().chain(files) {
            assert!(hidden.contains(&PathBuf::from(path)), "{path} in {hidden:?}");
        }
    }

    #[test]
    fn hides_what_is_beside_the_file_that_a_link_leads_to() {
        let directory = tempfile::tempdir().expect("a directory");
        let link = directory.path().join("linked.db");
        std::os::unix::fs::symlink("real/orch.db", &link).expect("a link");
        let url = format!("sqlite://{}", link.display());
        let hidden = Settings { database_url: Some(url.into()), ..Settings::default() }.private_paths();
        let ends = ["", "-wal", "-shm", "-journal", "-serve.lock", ".part", ".part-wal", ".part-shm"];
        let files = ends.map(|end| directory.path().join(format!("real/orch.db{end}")));
        for path in files.iter().chain([&link]) {
            assert!(hidden.contains(path), "{} in {hidden:?}", path.display());
        }
    }
}
