//! Makes a document fit its limit: the longest texts shrink first, and no case goes.

use crate::report::clean::cut_note;
use crate::report::junit::suite::{Case, Suite, attachment};
use quick_xml::escape::partial_escape;

/// Bytes of a case's tags and attribute names, its time, and what a cut leaves behind: more than there ever are.
const CASE_FRAME: usize = 320;
/// Bytes of the document's frame, likewise.
const SUITE_FRAME: usize = 2048;
/// The most bytes of the line that says how much was cut.
const NOTE: usize = 48;

/// Shrinks evidence, then outputs, until the document takes at most `limit` bytes or there is nothing left to shrink.
pub(super) fn fit(suite: &mut Suite, limit: usize) {
    let frame: usize = suite.cases.iter().map(|case| case_frame(case, suite)).sum();
    let room = limit.saturating_sub(frame + SUITE_FRAME + properties(suite));
    let used = shrink_all(suite.cases.iter_mut().map(|case| (&mut case.evidence, see(&case.transcripts))), room);
    shrink_all(suite.cases.iter_mut().map(|case| (&mut case.output, see(&case.transcripts))), room.saturating_sub(used));
}

/// What a case takes whatever happens: names, and its message in attribute and content.
fn case_frame(case: &Case, suite: &Suite) -> usize {
    // An attribute's quotes and apostrophes are escaped too.
    let attributes: usize =
        [&case.classname, &case.name, &suite.file, &case.message, &case.message].into_iter().map(|text| most(text)).sum();
    let transcripts: usize = case.transcripts.iter().map(|file| most(&attachment(file))).sum();
    CASE_FRAME + attributes + transcripts
}

/// The file that holds all that is cut, where there is one.
fn see(transcripts: &[String]) -> Option<&str> {
    transcripts.first().map(String::as_str)
}

fn properties(suite: &Suite) -> usize {
    suite.properties.iter().map(|(name, value)| CASE_FRAME + name.len() + most(value)).sum()
}

fn most(text: &str) -> usize {
    quick_xml::escape::escape(text).len()
}

/// Shrinks the longest of `texts` until all of them take at most `room` bytes; returns how much they take.
fn shrink_all<'a>(texts: impl Iterator<Item = (&'a mut String, Option<&'a str>)>, room: usize) -> usize {
    let mut texts: Vec<(usize, &mut String, Option<&str>)> = texts.map(|(text, see)| (cost(text), text, see)).collect();
    texts.sort_by_key(|(cost, ..)| *cost);
    let mut left = room;
    let mut count = texts.len();
    for (cost, text, see) in texts {
        // Shorter texts came before: what they did not need of their share is shared by those that follow.
        let share = left / count.max(1);
        let now = if cost <= share { cost } else { shrink(text, share, see) };
        left = left.saturating_sub(now);
        count -= 1;
    }
    room - left
}

/// Bytes of a text in the document.
fn cost(text: &str) -> usize {
    text.bytes().map(byte_cost).sum()
}

fn byte_cost(byte: u8) -> usize {
    match byte {
        b'<' | b'>' => 4,
        b'&' => 5,
        _ => 1,
    }
}

/// Keeps beginning and end of a text, together at most `limit` bytes in the document; returns how many they are. `see` holds
/// all of it.
fn shrink(text: &mut String, limit: usize, see: Option<&str>) -> usize {
    let each = limit.saturating_sub(NOTE + see.map_or(0, most)) / 2;
    let head = text.floor_char_boundary(fitting(text.bytes(), each));
    let tail = text.ceil_char_boundary(text.len() - fitting(text.bytes().rev(), each)).max(head);
    let note = cut_note(tail - head, see);
    if cost(&note) >= limit {
        text.clear();
        return 0;
    }
    let line_break = if head == 0 || text[..head].ends_with('\n') { "" } else { "\n" };
    *text = format!("{}{line_break}{note}{}", &text[..head], &text[tail..]);
    cost(text)
}

/// How many of the bytes fit into `limit` bytes of the document.
fn fitting(bytes: impl Iterator<Item = u8>, limit: usize) -> usize {
    let mut cost = 0;
    bytes
        .take_while(|byte| {
            cost += byte_cost(*byte);
            cost <= limit
        })
        .count()
}

/// The text as it stands in the document.
pub(super) fn escaped(text: &str) -> String {
    partial_escape(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_texts_shrink_first_and_all_fit() {
        let mut texts = ["a".repeat(100), "<".repeat(1000), "ä".repeat(5000), String::new()];
        let used = shrink_all(texts.iter_mut().map(|text| (text, None)), 3000);
        assert_eq!(texts[0].len(), 100, "the short one is whole");
        let costs: Vec<usize> = texts.iter().map(|text| escaped(text).len()).collect();
        assert_eq!(costs.iter().sum::<usize>(), used);
        assert!(used <= 3000 && used > 2500, "{costs:?}");
        assert!(texts[1].contains("\n[cut 6") && texts[2].contains("\n[cut 8"), "{texts:?}");
    }

    #[test]
    fn without_room_texts_go_whole() {
        let mut texts = ["a".repeat(100), "b".repeat(10)];
        assert_eq!(shrink_all(texts.iter_mut().map(|text| (text, None)), 20), 10);
        assert_eq!(texts, [String::new(), "b".repeat(10)]);
        assert_eq!(shrink_all(std::iter::empty(), 20), 0);
    }

    #[test]
    fn what_a_text_costs_is_what_it_takes() {
        for text in ["", "a<b>&c\"'", "ä]]>\n"] {
            assert_eq!(cost(text), escaped(text).len(), "{text}");
        }
    }
}
