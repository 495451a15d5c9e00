//! PostgreSQL: the way there from SQLite, and what is said when it does not let us in.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::Value;

use crate::harness::{Admin, Ran};

/// One side of a connection in PostgreSQL's protocol, as much of it as these tests need.
struct Wire(TcpStream);

impl Wire {
    fn send(&mut self, kind: &[u8], body: &[u8]) {
        let length = u32::try_from(body.len() + 4).expect("a length").to_be_bytes();
        self.0.write_all(&[kind, &length, body].concat()).expect("it is sent");
    }

    fn body(&mut self) -> Vec<u8> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length).expect("a length");
        let mut body = vec![0; usize::try_from(u32::from_be_bytes(length)).expect("a size") - 4];
        self.0.read_exact(&mut body).expect("a message");
        body
    }

    /// A message with its kind.
    fn receive(&mut self) -> (u8, Vec<u8>) {
        let mut kind = [0];
        self.0.read_exact(&mut kind).expect("a message");
        (kind[0], self.body())
    }

    fn until_ready(&mut self) {
        loop {
            match self.receive() {
                (b'Z', _) => return,
                (b'E', error) => panic!("{}", String::from_utf8_lossy(&error)),
                _ => {}
            }
        }
    }
}

/// An empty database on the server of the test run: its URL.
fn empty_database(name: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "scripts/with-postgres.sh tells it so")]
    let server = std::env::var("ORCH_TEST_POSTGRES_URL").expect("scripts/with-postgres.sh sets ORCH_TEST_POSTGRES_URL");
    let (base, _) = server.rsplit_once('/').expect("a URL with a database");
    let (_, place) = base.rsplit_once('@').expect("a user");
    let mut wire = Wire(TcpStream::connect(place).expect("the server"));
    wire.send(b"", b"\0\x03\0\0user\0orch\0database\0postgres\0\0");
    wire.until_ready();
    for sql in [format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)\0"), format!("CREATE DATABASE {name}\0")] {
        wire.send(b"Q", sql.as_bytes());
        wire.until_ready();
    }
    format!("{base}/{name}")
}

#[test]
fn everything_moves_from_sqlite_by_backup_and_restore() {
    let admin = Admin::with_demo();
    admin.run("user create bob@example.com").text(0);
    admin.run("key create --project demo laptop --read-only --per-minute 5").text(0);
    admin.run("policy add --project demo deny --item drop_* --kind tool --hint destructive").text(0);
    admin.run("project update demo --recorded-arguments redacted").text(0);
    admin.run("tool call --project demo echo echo --arguments {\"text\":\"a\\\\b\"}").text(0);
    admin.run("backup saved").text(0);

    let url = empty_database("orch_admin_moved");
    let settings = admin.file("moved.toml", &format!("database_url = \"{url}\"\ndata_dir = \"moved\"\n"));
    let moved = |arguments: &str| admin.run_without_data_dir(&format!("{arguments} --config {settings}"));
    assert_eq!(moved("restore saved --json").json()["database"], "sqlite");
    let again = moved("restore saved");
    assert!(again.code == 4 && again.stderr.contains("the target is not empty"), "{again:?}");
    std::fs::create_dir_all(admin.path("moved/secrets")).expect("a directory");
    for name in ["encryption_key", "jwt_secret"] {
        std::fs::copy(admin.path("data/secrets").join(name), admin.path("moved/secrets").join(name)).expect("a key");
    }
    for listed in [
        "user list",
        "project list",
        "server list --project demo",
        "server export --project demo",
        "server limits --project demo echo",
        "key list --project demo",
        "policy list --project demo",
        "tool list --project demo echo",
    ] {
        assert_eq!(
            moved(&format!("{listed} --json")).json(),
            admin.run(&format!("{listed} --json")).json(),
            "{listed}"
        );
    }
    assert_eq!(moved("audit export").text(0), admin.run("audit export").text(0));
    let report = moved("audit verify --json").json();
    assert_eq!((&report["sound"], &report["calls"]), (&Value::from(true), &Value::from(1)), "{report}");
    // Arguments and variables of the server open, and what is written goes on where it was.
    moved("encryption verify").text(0);
    moved("tool call --project demo echo echo --arguments {}").text(0);
    assert_eq!(moved("audit verify --json").json()["calls"], 2);
}

#[test]
fn tells_why_it_is_not_let_in_and_takes_any_password() {
    const PASSWORD: &str = "p@ss:w/ord#100%";
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let mut wire = Wire(stream);
        wire.body();
        // The password in clear, please.
        wire.send(b"R", &3_u32.to_be_bytes());
        let (_, password) = wire.receive();
        let refusal = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"orch\"\0\0";
        wire.send(b"E", refusal);
        password
    });
    let admin = Admin::empty();
    let url = format!("postgresql://orch@127.0.0.1:{port}/orch?sslmode=disable");
    let mut command = admin.command(&["user", "list", "--data-dir", "data"]);
    let child = command.env("DATABASE_URL", url).env("PGPASSWORD", PASSWORD).spawn().expect("the command starts");
    let ran = Ran::to_its_end(child);
    let told = format!(
        "error: the database postgresql://127.0.0.1:{port}/orch cannot be reached: password authentication failed for \
         user \"orch\"\nhint: "
    );
    assert!(ran.stderr.starts_with(&told) && !ran.stderr.contains(PASSWORD), "{ran:?}");
    assert_eq!(ran.text(5), "");
    assert_eq!(server.join().expect("the server"), format!("{PASSWORD}\0").as_bytes());
}
