//! Where letters are handed in. Sending takes its time and may fail, so nobody waits for it.

use crate::letter::Letter;

pub trait Post: Send + Sync {
    /// Whether letters go anywhere. Without it links are shown for copying.
    fn delivers(&self) -> bool;
    /// Takes the letter and returns at once; what becomes of it is noted where [`Letter::about`] says. A letter that
    /// cannot be taken is a failure that is noted there as well.
    fn send(&self, letter: Letter);
}

/// For where no mail is set up.
impl Post for () {
    fn delivers(&self) -> bool {
        false
    }

    fn send(&self, _letter: Letter) {}
}
