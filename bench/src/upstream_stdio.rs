//! Owns the echo server's stdio transport: one JSON message per line, many lines per read.
//! Never decides an answer.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;

use memchr::memchr_iter;

use crate::echo;
use crate::inbox::Inbox;
use crate::message::Message;

/// As much as a pipe holds by default, so one read takes all that waits.
const READ_SIZE: usize = 64 * 1024;

/// Serves until standard input ends.
pub(crate) fn serve() -> io::Result<ExitCode> {
    // Duplicates of the descriptors, because the standard handles buffer a second time.
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let mut inbox = Inbox::with_size(READ_SIZE);
    let mut answers = Vec::with_capacity(READ_SIZE);
    loop {
        let read = match input.read(inbox.spare()) {
            Ok(0) => return Ok(ExitCode::SUCCESS),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        inbox.advance(read);
        let used = answer_lines(inbox.filled(), &mut answers);
        inbox.consume(used);
        output.write_all(&answers)?;
        answers.clear();
    }
}

/// Answers every complete line and returns how many bytes those took.
fn answer_lines(bytes: &[u8], answers: &mut Vec<u8>) -> usize {
    let mut start = 0;
    for end in memchr_iter(b'\n', bytes) {
        let line = bytes.get(start..end).unwrap_or_default().trim_ascii();
        start = end + 1;
        if line.is_empty() {
            continue;
        }
        let before = answers.len();
        match Message::read(line) {
            Ok(message) => echo::answer(&message, answers),
            Err(reason) => echo::refuse(&reason, answers),
        }
        if answers.len() > before {
            answers.push(b'\n');
        }
    }
    start
}

#[cfg(test)]
mod tests {
    use super::answer_lines;

    #[test]
    fn answers_complete_lines_only() {
        let ping = |id: u32| format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"ping\"}}");
        let quiet = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        let lines = format!("{}\n\n{quiet}\n{}\r\n", ping(1), ping(2));
        let mut answers = Vec::new();
        let used = answer_lines(format!("{lines}{}", ping(3)).as_bytes(), &mut answers);
        assert_eq!(used, lines.len());
        let expected = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\
            {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n";
        assert_eq!(String::from_utf8_lossy(&answers), expected);
    }
}
