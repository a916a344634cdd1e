//! Splits a text into its markup and what stands between.

use std::ops::Range;

/// A part of a scalar's text.
pub(super) enum Piece<'t> {
    /// Text as it is.
    Literal(&'t str),
    /// One `%KIND{argument}`.
    Markup(Markup<'t>),
}

/// One `%KIND{argument}`.
pub(super) struct Markup<'t> {
    /// `ENV`; empty for a reference.
    pub(super) kind: &'t str,
    /// What stands between the braces.
    pub(super) argument: &'t str,
    /// Its bytes in the text.
    pub(super) range: Range<usize>,
}

/// The kind of markup whose `}` is missing.
pub(super) const UNCLOSED: &str = "UNCLOSED";

/// Splits a text at its markup. Cost is linear in the text.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut literal = 0;
    let mut from = 0;
    while let Some(start) = text[from..].find('%').map(|at| from + at) {
        let kind_end = text[start + 1..].find(|c: char| !c.is_ascii_alphabetic() && c != '_').map_or(text.len(), |at| start + 1 + at);
        if !text[kind_end..].starts_with('{') {
            from = kind_end;
            continue;
        }
        if literal < start {
            pieces.push(Piece::Literal(&text[literal..start]));
        }
        let Some(end) = text[kind_end..].find('}').map(|at| kind_end + at) else {
            pieces.push(Piece::Markup(Markup { kind: UNCLOSED, argument: "", range: start..text.len() }));
            return pieces;
        };
        let (kind, argument) = (&text[start + 1..kind_end], &text[kind_end + 1..end]);
        pieces.push(Piece::Markup(Markup { kind, argument, range: start..end + 1 }));
        from = end + 1;
        literal = from;
    }
    if literal < text.len() {
        pieces.push(Piece::Literal(&text[literal..]));
    }
    pieces
}
