//! Pages of lists. A cursor is the id of the last item seen, so a page is stable while others add or remove.

use uuid::Uuid;

/// One page, newest first unless the list says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page starts; None on the last.
    pub next: Option<Uuid>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// At most this many items, 1 to [`PageRequest::MAX_LIMIT`].
    pub limit: u32,
    /// Items after this one.
    pub after: Option<Uuid>,
}

impl PageRequest {
    pub const DEFAULT_LIMIT: u32 = 50;
    pub const MAX_LIMIT: u32 = 200;

    /// A request with the limit held within its bounds.
    #[must_use]
    pub fn new(limit: u32, after: Option<Uuid>) -> Self {
        Self { limit: limit.clamp(1, Self::MAX_LIMIT), after }
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { limit: Self::DEFAULT_LIMIT, after: None }
    }
}

impl<T> Page<T> {
    /// Cuts a list that was read with one item more than asked for.
    #[must_use]
    pub fn cut(mut items: Vec<T>, limit: u32, id: impl Fn(&T) -> Uuid) -> Self {
        let limit = limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(id) } else { None };
        Self { items, next }
    }

    #[must_use]
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}
