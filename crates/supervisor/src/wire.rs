//! What daemon and keeper say to each other over the control socket. Moves bytes and descriptors;
//! decides nothing.
//!
//! Daemon to keeper: one order (a length, a body, and the command's three standard descriptors),
//! then single command bytes. Keeper to daemon: statuses of five bytes. Both ends are the same
//! binary, so there is no version.

use std::{
    ffi::{OsStr, OsString},
    io::{self, IoSlice, IoSliceMut, Read as _, Write as _},
    mem::MaybeUninit,
    os::{
        fd::{BorrowedFd, OwnedFd},
        unix::{
            ffi::{OsStrExt as _, OsStringExt as _},
            net::UnixStream,
        },
    },
    path::PathBuf,
    time::Duration,
};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
};
use secrecy::{ExposeSecret as _, zeroize::Zeroizing};

use crate::{
    confinement::{Confinement, LimitKind},
    error::LaunchError,
    spec::ProcessSpec,
};

/// More than Linux gives arguments and environment together.
const MAX_ORDER: usize = 8 * 1024 * 1024;

/// Standard input, output and error of a command.
pub(crate) const STDIO: usize = 3;

/// Ends the command's whole family with SIGTERM and waits for what comes.
pub(crate) const TERMINATE: u8 = b'T';
/// Ends the command's whole family with SIGKILL.
pub(crate) const KILL: u8 = b'K';

/// What the keeper is to start.
#[derive(PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) orphan_grace: Duration,
    pub(crate) program: OsString,
    pub(crate) cwd: Option<PathBuf>,
    pub(crate) args: Vec<OsString>,
    pub(crate) env: Vec<(OsString, OsString)>,
    pub(crate) confinement: Confinement,
}

/// An order as bytes, its length in front; wiped when dropped.
pub(crate) type OrderBytes = Zeroizing<Vec<u8>>;

/// Writes the order for `spec` on top of the `inherited` variables.
pub(crate) fn encode_order(
    spec: &ProcessSpec,
    inherited: &[(OsString, OsString)],
    confinement: &Confinement,
    orphan_grace: Duration,
) -> Result<OrderBytes, LaunchError> {
    let confinement = serde_json::to_vec(confinement).map_err(|_| invalid("a path that is no text"))?;
    let mut fields: Vec<&[u8]> = vec![&confinement, spec.program.as_bytes()];
    fields.push(spec.cwd.as_ref().map_or(&[], |cwd| cwd.as_os_str().as_bytes()));
    fields.extend(spec.args.iter().map(|arg| arg.expose_secret().as_bytes()));
    for (name, value) in inherited {
        fields.extend([name.as_bytes(), value.as_bytes()]);
    }
    for (name, value) in &spec.env {
        if name.is_empty() || name.contains('=') {
            return Err(invalid(format!("variable name {name:?}")));
        }
        fields.extend([name.as_bytes(), value.expose_secret().as_bytes()]);
    }
    if spec.program.is_empty() {
        return Err(invalid("empty program"));
    }
    if fields.iter().any(|field| field.contains(&0)) {
        return Err(invalid("a NUL byte in program, directory, arguments or variables"));
    }

    let body = 12 + 1 + fields.iter().map(|field| 4 + field.len()).sum::<usize>();
    if body > MAX_ORDER {
        return Err(invalid("arguments and variables are too long"));
    }
    // The exact capacity: a vector that grows would leave copies of the secrets behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(4 + body));
    put_number(&mut bytes, body)?;
    put_number(&mut bytes, usize::try_from(orphan_grace.as_millis()).unwrap_or(usize::MAX))?;
    put_number(&mut bytes, spec.args.len())?;
    put_number(&mut bytes, inherited.len() + spec.env.len())?;
    bytes.push(u8::from(spec.cwd.is_some()));
    for field in fields {
        put_number(&mut bytes, field.len())?;
        bytes.extend_from_slice(field);
    }
    Ok(bytes)
}

/// Sends an order and the command's standard descriptors, blocking.
pub(crate) fn send_order(control: &UnixStream, order: &OrderBytes, stdio: [BorrowedFd<'_>; STDIO]) -> io::Result<()> {
    let (length, body) = order.split_at_checked(4).ok_or(io::ErrorKind::InvalidInput)?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(STDIO))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&stdio));
    let sent = rustix::net::sendmsg(control, &[IoSlice::new(length)], &mut ancillary, SendFlags::NOSIGNAL)?;
    let mut control = control;
    control.write_all(length.get(sent..).unwrap_or_default())?;
    control.write_all(body)
}

/// Receives an order and the command's standard descriptors, blocking.
pub(crate) fn receive_order(control: &UnixStream) -> io::Result<(Order, [OwnedFd; STDIO])> {
    let (bytes, stdio) = receive(control)?;
    Ok((decode(&bytes)?, stdio))
}

/// The order of bytes that were received.
pub(crate) fn decode(order: &OrderBytes) -> io::Result<Order> {
    order.get(4..).and_then(decode_order).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Receives an order as it is to be sent on, and the descriptors.
pub(crate) fn receive(control: &UnixStream) -> io::Result<(OrderBytes, [OwnedFd; STDIO])> {
    let mut length = [0; 4];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(STDIO))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received =
        rustix::net::recvmsg(control, &mut [IoSliceMut::new(&mut length)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let mut descriptors = Vec::with_capacity(STDIO);
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(owned) = message {
            descriptors.extend(owned);
        }
    }
    let stdio = descriptors.try_into().map_err(|_| io::ErrorKind::InvalidData)?;

    let mut control = control;
    control.read_exact(length.get_mut(received.bytes..).unwrap_or_default())?;
    let size = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if size > MAX_ORDER {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut order = Zeroizing::new(vec![0; 4 + size]);
    let (head, body) = order.split_at_mut(4);
    head.copy_from_slice(&length);
    control.read_exact(body)?;
    Ok((order, stdio))
}

fn decode_order(body: &[u8]) -> Option<Order> {
    let mut rest = body;
    let orphan_grace = Duration::from_millis(u64::from(take_number(&mut rest)?));
    let args = take_number(&mut rest)?;
    let env = take_number(&mut rest)?;
    let (has_cwd, mut rest) = rest.split_first()?;
    let confinement = serde_json::from_slice(take_field(&mut rest)?.as_bytes()).ok()?;
    let program = take_field(&mut rest)?;
    let cwd = take_field(&mut rest)?;
    let args = (0..args).map(|_| take_field(&mut rest)).collect::<Option<_>>()?;
    let env = (0..env).map(|_| Some((take_field(&mut rest)?, take_field(&mut rest)?))).collect::<Option<_>>()?;
    let cwd = (*has_cwd == 1).then(|| PathBuf::from(cwd));
    Some(Order { orphan_grace, program, cwd, args, env, confinement })
}

fn put_number(bytes: &mut Vec<u8>, number: usize) -> Result<(), LaunchError> {
    let number = u32::try_from(number).map_err(|_| invalid("a number is too large"))?;
    bytes.extend_from_slice(&number.to_be_bytes());
    Ok(())
}

fn take_number(rest: &mut &[u8]) -> Option<u32> {
    let (number, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u32::from_be_bytes(*number))
}

fn take_field(rest: &mut &[u8]) -> Option<OsString> {
    let length = usize::try_from(take_number(rest)?).ok()?;
    let (field, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(OsString::from_vec(field.to_vec()))
}

fn invalid(what: impl Into<String>) -> LaunchError {
    LaunchError::InvalidSpec { what: what.into() }
}

/// What the keeper tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// The command runs, with this process id.
    Started(i32),
    /// The working directory was refused with this error number.
    BadCwd(i32),
    /// The directory that was made for it was refused with this error number.
    NoScratch(i32),
    /// The program was refused with this error number.
    CannotExecute(i32),
    /// The sandbox could not be made; the number of a [`SandboxFault`](crate::confinement::SandboxFault).
    NoSandbox(i32),
    /// The command has gone over a limit and is ended.
    Over(LimitKind),
    /// The command has as many files open as it may.
    FilesReached,
    /// The keeper could not set itself up.
    KeeperFailed(i32),
    /// The keeper was not the first thing its process did: there are other threads.
    TooLate,
    /// The command ended with this code.
    Exited(i32),
    /// The command was ended by this signal.
    Signaled(i32),
}

/// A status on the wire: a tag, then a number.
pub(crate) type StatusBytes = [u8; 5];

impl Status {
    pub(crate) fn to_bytes(self) -> StatusBytes {
        let (tag, number) = match self {
            Self::Started(pid) => (b'S', pid),
            Self::BadCwd(errno) => (b'C', errno),
            Self::NoScratch(errno) => (b'D', errno),
            Self::CannotExecute(errno) => (b'P', errno),
            Self::NoSandbox(fault) => (b'B', fault),
            Self::Over(LimitKind::Memory) => (b'O', 0),
            Self::Over(LimitKind::CpuTime) => (b'O', 1),
            Self::Over(LimitKind::Processes) => (b'O', 2),
            Self::FilesReached => (b'R', 0),
            Self::KeeperFailed(errno) => (b'F', errno),
            Self::TooLate => (b'L', 0),
            Self::Exited(code) => (b'X', code),
            Self::Signaled(signal) => (b'G', signal),
        };
        let [a, b, c, d] = number.to_be_bytes();
        [tag, a, b, c, d]
    }

    pub(crate) fn from_bytes([tag, a, b, c, d]: StatusBytes) -> Option<Self> {
        let number = i32::from_be_bytes([a, b, c, d]);
        Some(match tag {
            b'S' => Self::Started(number),
            b'C' => Self::BadCwd(number),
            b'D' => Self::NoScratch(number),
            b'P' => Self::CannotExecute(number),
            b'B' => Self::NoSandbox(number),
            b'O' => Self::Over(match number {
                0 => LimitKind::Memory,
                1 => LimitKind::CpuTime,
                _ => LimitKind::Processes,
            }),
            b'R' => Self::FilesReached,
            b'F' => Self::KeeperFailed(number),
            b'L' => Self::TooLate,
            b'X' => Self::Exited(number),
            b'G' => Self::Signaled(number),
            _ => return None,
        })
    }
}

/// A program's name for a message.
pub(crate) fn shown(program: &OsStr) -> String {
    program.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::{io::Write as _, os::fd::AsFd as _, os::unix::net::UnixStream, time::Duration};

    use proptest::prelude::*;

    use super::{Status, decode_order, encode_order, receive_order, send_order};
    use crate::{
        LaunchError, ProcessSpec,
        confinement::{Confinement, LimitKind, ProcessLimits},
    };

    fn a_spec() -> ProcessSpec {
        let mut spec = ProcessSpec::new("label", "/bin/prog");
        spec.args = vec!["a".into(), "".into(), "ü b".into()];
        spec.env = vec![("K".to_owned(), "v=1".into())];
        spec.cwd = Some("/tmp".into());
        spec
    }

    #[test]
    fn an_order_and_its_descriptors_arrive_whole() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let inherited = [("PATH".into(), "/bin".into())];
        let limits = ProcessLimits { processes: Some(3), ..ProcessLimits::default() };
        let confinement = Confinement { limits, hidden: vec!["/data".into()], ..Confinement::default() };
        let bytes = encode_order(&a_spec(), &inherited, &confinement, Duration::from_millis(7)).unwrap();
        assert_eq!(bytes.len(), bytes.capacity());
        let (mut reader, writer) = std::io::pipe().unwrap();
        send_order(&ours, &bytes, [reader.as_fd(), writer.as_fd(), writer.as_fd()]).unwrap();
        drop(writer);

        let (order, [_, output, error]) = receive_order(&theirs).unwrap();
        assert_eq!(order.orphan_grace, Duration::from_millis(7));
        assert_eq!(order.program, "/bin/prog");
        assert_eq!(order.cwd.as_deref(), Some("/tmp".as_ref()));
        assert_eq!(order.confinement, confinement);
        assert_eq!(order.args, ["a", "", "ü b"]);
        let env = [("PATH".into(), "/bin".into()), ("K".into(), "v=1".into())];
        assert_eq!(order.env, env);

        drop(error);
        std::fs::File::from(output).write_all(b"through").unwrap();
        assert_eq!(std::io::read_to_string(&mut reader).unwrap(), "through");
    }

    #[test]
    fn an_order_without_a_directory_stays_without() {
        let mut spec = a_spec();
        spec.cwd = None;
        let bytes = encode_order(&spec, &[], &Confinement::default(), Duration::ZERO).unwrap();
        assert!(decode_order(bytes.get(4..).unwrap()).unwrap().cwd.is_none());
    }

    #[test]
    fn refuses_what_no_system_can_start() {
        fn check(change: impl FnOnce(&mut ProcessSpec)) {
            let mut spec = a_spec();
            change(&mut spec);
            let refused = encode_order(&spec, &[], &Confinement::default(), Duration::ZERO);
            assert!(matches!(refused, Err(LaunchError::InvalidSpec { .. })));
        }
        check(|spec| spec.program = "".into());
        check(|spec| spec.program = "a\0b".into());
        check(|spec| spec.args.push("a\0b".into()));
        check(|spec| spec.env.push(("A=B".to_owned(), "v".into())));
        check(|spec| spec.env.push((String::new(), "v".into())));
        check(|spec| spec.env.push(("A".to_owned(), "v\0".into())));
        check(|spec| spec.cwd = Some("a\0b".into()));
        check(|spec| spec.args.push("x".repeat(9 * 1024 * 1024).into()));
    }

    #[test]
    fn statuses_come_back_as_they_went() {
        for status in [
            Status::Started(4_194_304),
            Status::BadCwd(2),
            Status::NoScratch(20),
            Status::CannotExecute(13),
            Status::KeeperFailed(1),
            Status::TooLate,
            Status::NoSandbox(7),
            Status::Over(LimitKind::Memory),
            Status::Over(LimitKind::CpuTime),
            Status::Over(LimitKind::Processes),
            Status::FilesReached,
            Status::Exited(-1),
            Status::Signaled(9),
        ] {
            assert_eq!(Status::from_bytes(status.to_bytes()), Some(status));
        }
        assert_eq!(Status::from_bytes([0; 5]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_upset_the_decoder(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_order(&bytes);
        }
    }
}
