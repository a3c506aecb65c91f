//! Tables for people: columns as wide as what is in them.

/// The least width of a column, with the space behind it.
const LEAST: usize = 12;
/// The space behind a column.
const SPACE: usize = 3;

/// Lays rows out, one line each. The last column is not padded.
pub(crate) fn render(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
        LEAST.max(widest + SPACE)
    };
    let widths: Vec<usize> = (0..columns.saturating_sub(1)).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            match widths.get(column) {
                Some(width) => text.push_str(&format!("{cell:<width$}")),
                None => text.push_str(cell),
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [["ID", "NAME", "X"], ["1", "ünïcode is long", ""]];
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.map(String::from).to_vec()).collect();
        assert_eq!(
            render(&rows),
            "ID          NAME              X\n1           ünïcode is long   \n"
        );
    }
}
