//! What commands print: data to standard output, talk to standard error, and tables for people.

use crate::base::Data;
use crate::base::text;
use std::fmt::Display;
use std::io::Write;

/// Prints data. A reader that has seen enough closes the pipe, which changes nothing.
pub(super) fn data(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Prints data as JSON, for programs.
pub(super) fn json(value: &Data) {
    // The alternate form is indented.
    data(&format!("{value:#}\n"));
}

/// Says a sentence to whoever runs the program.
pub(super) fn talk(sentence: &str) {
    // Nobody listens when standard error is closed.
    let _ = writeln!(std::io::stderr(), "{sentence}");
}

/// Says why a command ends without having done its work.
pub(super) fn fail(reason: &dyn Display) {
    talk(&format!("error: {reason}"));
}

/// A table with a head, in columns as wide as they must be. What a file or a device says stays on its line.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let clean = |cell: &String| text::visible(&text::one_line(cell, 100)).into_owned();
    let head = head.iter().map(|title| (*title).to_uppercase()).collect();
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(rows.iter().map(|row| row.iter().map(clean).collect())).collect();
    let columns = lines[0].len();
    let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut table = String::new();
    for line in &lines {
        let padded: Vec<String> = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        table.push_str(padded.join("  ").trim_end());
        table.push('\n');
    }
    table
}

/// A cell of a table; what is empty is a dash.
pub(super) fn cell(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_nothing_breaks_a_line() {
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
        let rows = [row(&["r1", "zwölf", "x"]), row(&["leaf10", "a\nb\x1b[2J", ""])];
        assert_eq!(table(&["name", "os", "note"], &rows), "NAME    OS          NOTE\nr1      zwölf       x\nleaf10  a b\\x1b[2J\n");
        assert_eq!(table(&["name"], &[]), "NAME\n");
        assert_eq!((cell(""), cell("x")), ("-".to_owned(), "x".to_owned()));
    }
}
