//! Many rows cut into statements of few sizes.

/// Rows of the longest statement: with the columns of the widest table fewer values than either database takes.
const MOST: usize = 512;

/// Pieces of 512, 256 and so on to one row. So there are few texts, and the database prepares each once.
pub(super) fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = 1 << rows.len().min(MOST).checked_ilog2()?;
        let (piece, rest) = rows.split_at(size);
        rows = rest;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn pieces_have_few_sizes_and_hold_everything() {
        let rows: Vec<_> = (0..2000).collect();
        let sizes: Vec<_> = pieces(&rows).map(<[_]>::len).collect();
        assert_eq!(sizes, [512, 512, 512, 256, 128, 64, 16]);
        assert_eq!(pieces(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        assert_eq!(pieces::<u8>(&[]).count(), 0);
    }
}
