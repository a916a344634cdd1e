//! Where a part of a scalar's value stands in the file, and how it is quoted in sentences.

use crate::base::place::Place;
use crate::base::text;
use std::ops::Range;

/// Longest piece of an expression in a sentence, in characters.
const SHOWN: usize = 120;

/// The place of the bytes `range` of a scalar whose value is `value` and which stands at `place`; the scalar's own place
/// where escapes, folding or indentation keep the two apart.
pub(super) fn locate(place: &Place, value: &str, range: Range<usize>) -> Place {
    let written = place.text();
    let Some(part) = value.get(range.clone()).filter(|part| !part.is_empty()) else {
        return place.clone();
    };
    if written == value {
        return place.part(range);
    }
    let unquoted = ['"', '\''].iter().find_map(|quote| written.strip_prefix(*quote)?.strip_suffix(*quote));
    if unquoted == Some(value) {
        return place.part(range.start + 1..range.end + 1);
    }
    let mut found = written.match_indices(part);
    match (found.next(), found.next()) {
        (Some((at, _)), None) => place.part(at..at + part.len()),
        _ => place.clone(),
    }
}

/// The bytes `range` of a text on one line, with the brackets that belong to them; `None` when there is nothing to quote.
pub(super) fn excerpt(value: &str, range: Option<Range<usize>>) -> Option<String> {
    let range = balanced(value, range?);
    let part = value.get(range)?.trim();
    (!part.is_empty()).then(|| text::one_line(part, SHOWN))
}

/// The range, widened to the brackets whose other half is in it.
fn balanced(value: &str, range: Range<usize>) -> Range<usize> {
    let Some(part) = value.get(range.clone()) else {
        return range;
    };
    let (mut open, mut missing) = (0_usize, 0_usize);
    for c in part.chars() {
        match c {
            '(' => open += 1,
            ')' if open > 0 => open -= 1,
            ')' => missing += 1,
            _ => {}
        }
    }
    let start = value[..range.start].rmatch_indices('(').take(missing).last().map_or(range.start, |(at, _)| at);
    let end = value[range.end..].match_indices(')').take(open).last().map_or(range.end, |(at, _)| range.end + at + 1);
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::place::Source;

    #[test]
    fn parts_are_found_in_plain_quoted_and_block_scalars() {
        let source = Source::new("job.yaml", "a: \"x {{ b }}\"\nc: x {{ b }}\nd: |\n  one\n  {{ b }}\ne: \"\\t{{ b }} {{ b }}\"\n");
        for (range, value, part, shown) in [
            (3..14, "x {{ b }}", 5..6, "job.yaml:1:10"),
            (18..27, "x {{ b }}", 5..6, "job.yaml:2:9"),
            (31..48, "one\n{{ b }}", 7..8, "job.yaml:5:6"),
            (52..71, "\t{{ b }} {{ b }}", 4..5, "job.yaml:6:4"),
            (18..27, "x {{ b }}", 90..99, "job.yaml:2:4"),
        ] {
            let place = Place::new(&source, range);
            assert_eq!(locate(&place, value, part).to_string(), shown, "{place}");
        }
    }

    #[test]
    fn excerpts_close_their_brackets() {
        let value = "x if (a + b) > f(c) else y";
        assert_eq!(excerpt(value, Some(6..19)).as_deref(), Some("(a + b) > f(c)"));
        assert_eq!(excerpt(value, Some(15..18)).as_deref(), Some("f(c)"));
        assert_eq!(excerpt(value, Some(90..99)), None);
        assert_eq!(excerpt(value, None), None);
    }
}
