//! Empty databases on the PostgreSQL server of the test run, for tests of whole programs. Speaks just enough of the
//! protocol to make one and to take it away; what is in it is not its business.

use std::io::{Read, Write};
use std::net::TcpStream;

use uuid::Uuid;

/// A database with nothing in it, gone with this value.
pub struct PostgresDatabase {
    server: Server,
    name: String,
}

impl PostgresDatabase {
    /// # Panics
    ///
    /// When there is no server: a suite that is green because half of it did not run is worse than a red one.
    #[must_use]
    pub fn empty() -> Self {
        #[expect(clippy::disallowed_methods, reason = "scripts/with-postgres.sh tells it so")]
        let url = std::env::var("ORCH_TEST_POSTGRES_URL").expect(
            "ORCH_TEST_POSTGRES_URL is not set: run scripts/test.sh, or scripts/with-postgres.sh with the command",
        );
        let server = Server::of(&url);
        let name = format!("orch_test_{}", Uuid::new_v4().simple());
        server.execute(&format!("CREATE DATABASE {name}"));
        Self { server, name }
    }

    #[must_use]
    pub fn url(&self) -> String {
        let Server { user, place } = &self.server;
        format!("postgresql://{user}@{place}/{}", self.name)
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        // A second panic would hide what the test has found.
        if !std::thread::panicking() {
            self.server.execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

/// Where the server is, and a user that it lets in without a password.
struct Server {
    user: String,
    place: String,
}

impl Server {
    fn of(url: &str) -> Self {
        let rest = url.strip_prefix("postgresql://").expect("a URL of PostgreSQL");
        let (user, rest) = rest.split_once('@').expect("a user");
        let (place, _) = rest.split_once('/').expect("a database");
        Self { user: user.to_owned(), place: place.to_owned() }
    }

    fn execute(&self, sql: &str) {
        let mut wire = Wire(TcpStream::connect(&self.place).expect("the server"));
        wire.send(b"", format!("\0\x03\0\0user\0{}\0database\0postgres\0\0", self.user).as_bytes());
        wire.until_ready();
        wire.send(b"Q", format!("{sql}\0").as_bytes());
        wire.until_ready();
    }
}

/// Our side of a connection.
struct Wire(TcpStream);

impl Wire {
    fn send(&mut self, kind: &[u8], body: &[u8]) {
        let length = u32::try_from(body.len() + 4).expect("a length").to_be_bytes();
        self.0.write_all(&[kind, &length, body].concat()).expect("it is sent");
    }

    fn until_ready(&mut self) {
        loop {
            let mut head = [0; 5];
            self.0.read_exact(&mut head).expect("a message");
            let [kind, length @ ..] = head;
            let mut body = vec![0; usize::try_from(u32::from_be_bytes(length)).expect("a size") - 4];
            self.0.read_exact(&mut body).expect("its body");
            match kind {
                b'Z' => return,
                b'E' => panic!("{}", String::from_utf8_lossy(&body)),
                _ => {}
            }
        }
    }
}
