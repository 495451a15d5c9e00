//! The time slice that a worker's thread asks the scheduler for: it says how soon the thread runs when there is something
//! to do, not how much of a processor it gets.

use std::io;

use uapi::c::{SCHED_FLAG_RESET_ON_FORK, SCHED_OTHER};

/// The shortest that Linux grants, in nanoseconds. It has heard of such wishes since 6.12.
const SLICE: u64 = 100_000;

/// Asks for a short one for this thread. Without an answer everything works, and calls wait for longer where others want
/// the processors too.
pub(super) fn shorten() {
    if let Err(error) = ask() {
        tracing::debug!(%error, "the scheduler grants workers no short time slices");
    }
}

fn ask() -> io::Result<()> {
    let mut attributes = uapi::sched_getattr(0, 0)?;
    // Somebody has given the daemon to another class of the scheduler.
    if i32::try_from(attributes.sched_policy) != Ok(SCHED_OTHER) {
        return Ok(());
    }
    attributes.sched_runtime = SLICE;
    // Not for threads that this one starts: they do what takes long.
    attributes.sched_flags |= SCHED_FLAG_RESET_ON_FORK;
    Ok(uapi::sched_setattr(0, &attributes, 0)?)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::{SLICE, ask};

    fn slice() -> u64 {
        uapi::sched_getattr(0, 0).expect("attributes").sched_runtime
    }

    #[test]
    fn is_asked_for_by_one_thread_and_not_inherited_from_it() {
        let asking = thread::spawn(|| {
            let before = slice();
            ask().expect("granted");
            (before, slice(), thread::spawn(slice).join().expect("a thread"))
        });
        let (before, own, started) = asking.join().expect("a thread");
        // A kernel that knows no slices tells of none.
        if before > 0 {
            assert_eq!((own, started), (SLICE, before));
        }
        assert_eq!(slice(), before, "of the thread that started it");
    }
}
