//! Aligned columns of plain text.

use std::fmt;

/// Rows of as many cells as there are heads.
pub(crate) struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

/// The longest cell; what is longer is cut.
const MAX_CELL: usize = 80;

impl<const N: usize> Table<N> {
    pub(crate) fn new(head: [&'static str; N]) -> Self {
        Self { rows: vec![head.map(str::to_owned)] }
    }

    /// A cell has one line, so line breaks and other control characters become spaces.
    pub(crate) fn push(&mut self, row: [String; N]) {
        self.rows.push(row.map(|cell| {
            let cell = if cell.is_empty() { "-".to_owned() } else { cell };
            let mut line: String = cell.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            if let Some((cut, _)) = line.char_indices().nth(MAX_CELL) {
                line.truncate(cut);
                line.push_str("...");
            }
            line
        }));
    }
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = [0; N];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(widths) {
                line.push_str(&format!("{cell:<width$}  "));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn aligns_columns_and_keeps_cells_on_one_line() {
        let mut table = Table::new(["NAME", "WHAT"]);
        table.push(["a".to_owned(), "one\ntwo\u{1b}[31m".to_owned()]);
        table.push(["longer".to_owned(), String::new()]);
        assert_eq!(table.to_string(), "NAME    WHAT\na       one two [31m\nlonger  -\n");
    }

    #[test]
    fn cuts_long_cells() {
        let mut table = Table::new(["A"]);
        table.push(["x".repeat(200)]);
        assert_eq!(table.to_string().lines().map(str::len).max(), Some(83));
    }
}
