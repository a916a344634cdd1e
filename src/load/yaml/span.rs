//! From the character positions of the scanner to exact ranges of bytes.

use std::ops::Range;

/// Byte offsets of a text's characters.
pub(super) enum Offsets {
    /// Every character is one byte.
    Ascii(usize),
    /// The offset of each character, and of the end.
    Table(Vec<usize>),
}

impl Offsets {
    /// Measures a text.
    pub(super) fn of(text: &str) -> Self {
        if text.is_ascii() {
            return Self::Ascii(text.len());
        }
        Self::Table(text.char_indices().map(|(at, _)| at).chain([text.len()]).collect())
    }

    /// The byte offset of the character `index`, or the text's end.
    pub(super) fn byte(&self, index: usize) -> usize {
        match self {
            Self::Ascii(length) => index.min(*length),
            Self::Table(table) => table.get(index).or(table.last()).copied().unwrap_or(0),
        }
    }

    /// The bytes of a span.
    pub(super) fn range(&self, span: saphyr_parser::Span) -> Range<usize> {
        let start = self.byte(span.start.index());
        start..self.byte(span.end.index()).max(start)
    }
}

/// The range of a scalar alone, without anchor and tag before it and what the scanner adds after it.
pub(super) fn scalar(text: &str, range: Range<usize>, style: saphyr_parser::ScalarStyle) -> Range<usize> {
    let raw = text.get(range.clone()).unwrap_or_default();
    let skipped = raw.len() - without_properties(raw).len();
    let start = range.start + skipped;
    let raw = &raw[skipped..];
    let length = match style {
        saphyr_parser::ScalarStyle::SingleQuoted => quoted(raw, '\''),
        saphyr_parser::ScalarStyle::DoubleQuoted => quoted(raw, '"'),
        _ => raw.trim_end().len(),
    };
    start..start + length
}

/// What follows the anchor (`&name`) and the tag (`!name`) of a node.
fn without_properties(raw: &str) -> &str {
    let mut rest = raw;
    while rest.starts_with(['&', '!']) {
        rest = rest.find(char::is_whitespace).map_or("", |end| rest[end..].trim_start());
    }
    rest
}

/// The length of a quoted scalar with its quotes.
fn quoted(raw: &str, quote: char) -> usize {
    let mut characters = raw.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        if quote == '"' && c == '\\' || c == quote && quote == '\'' && next == Some('\'') {
            characters.next();
        } else if c == quote {
            return at + 1;
        }
    }
    raw.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use saphyr_parser::ScalarStyle;

    #[test]
    fn a_scalar_is_trimmed_to_itself() {
        for (raw, style, alone) in [
            ("'it''s' # x", ScalarStyle::SingleQuoted, "'it''s'"),
            (r#""a \" b"  # x"#, ScalarStyle::DoubleQuoted, r#""a \" b""#),
            ("&anchor !!str 5", ScalarStyle::Plain, "5"),
            ("&anchor 'x' # y", ScalarStyle::SingleQuoted, "'x'"),
            ("two\n  lines\n\n", ScalarStyle::Literal, "two\n  lines"),
            ("&anchor", ScalarStyle::Plain, ""),
            ("\"open", ScalarStyle::DoubleQuoted, "\"open"),
        ] {
            assert_eq!(&raw[scalar(raw, 0..raw.len(), style)], alone, "{raw}");
        }
    }

    #[test]
    fn characters_become_bytes() {
        let offsets = Offsets::of("aä€b");
        assert_eq!([0, 1, 2, 3, 4, 9].map(|index| offsets.byte(index)), [0, 1, 3, 6, 7, 7]);
        assert_eq!(Offsets::of("ab").byte(7), 2);
    }
}
