//! Where something stands in a text that a user wrote.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// One input text, under the name that messages use for it.
#[derive(Debug)]
pub struct Source {
    name: String,
    text: String,
    line_starts: Vec<usize>,
}

impl Source {
    /// Keeps `text` under `name`, usually the path as the user gave it.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        let text = text.into();
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Arc::new(Self { name: name.into(), text, line_starts })
    }

    /// The name that messages use.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A range of bytes in a [`Source`]. Cloning is cheap; places compare equal when source name and range are equal.
#[derive(Clone)]
pub struct Place {
    source: Arc<Source>,
    start: usize,
    end: usize,
}

impl Place {
    /// Names the bytes `range` of `source`; a range beyond the text or inside a character is drawn back to a boundary.
    #[must_use]
    pub fn new(source: &Arc<Source>, range: Range<usize>) -> Self {
        let start = source.text.floor_char_boundary(range.start.min(source.text.len()));
        let end = source.text.floor_char_boundary(range.end.min(source.text.len())).max(start);
        Self { source: Arc::clone(source), start, end }
    }

    /// The text that this place is in.
    #[must_use]
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The bytes of the source that this place covers.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// The covered text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.source.text[self.start..self.end]
    }

    /// Line, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.source.line_starts.partition_point(|start| *start <= self.start)
    }

    /// Column in characters, counted from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        let line_start = self.source.line_starts[self.line() - 1];
        self.source.text[line_start..self.start].chars().count() + 1
    }

    /// The same place narrowed to `range`, counted in bytes from this place's start.
    #[must_use]
    pub fn part(&self, range: Range<usize>) -> Self {
        let limit = |offset: usize| (self.start.saturating_add(offset)).min(self.end);
        Self::new(&self.source, limit(range.start)..limit(range.end))
    }

    /// `file:line`, for reports, where a column would only be noise.
    #[must_use]
    pub fn file_line(&self) -> String {
        format!("{}:{}", self.source.name, self.line())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.source.name, self.line(), self.column())
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.range() == other.range() && self.source.name == other.source.name
    }
}

impl Eq for Place {}

/// A value and where the user wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

impl<T> Placed<T> {
    /// Puts a value at its place.
    #[must_use]
    pub fn new(value: T, place: Place) -> Self {
        Self { value, place }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let source = Source::new("a.yaml", "one\nzwö: drei\n");
        let place = Place::new(&source, 10..14);
        assert_eq!(place.text(), "drei");
        assert_eq!(place.to_string(), "a.yaml:2:6");
        assert_eq!(place.part(1..3).to_string(), "a.yaml:2:7");
    }

    #[test]
    fn a_range_beyond_the_text_is_drawn_back() {
        let source = Source::new("a.yaml", "ö");
        assert_eq!(Place::new(&source, 1..90).range(), 0..2);
        assert_eq!(Place::new(&source, 50..90).to_string(), "a.yaml:1:2");
    }
}
