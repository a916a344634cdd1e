//! Plain text: near names, counts that agree, one-line summaries, and terminal output made readable.

use std::borrow::Cow;

/// The candidate that `name` most likely means; `None` when nothing is near enough to suggest.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&name, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (name.chars().count().max(candidate.chars().count()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A count and its noun: `1 test`, `2 tests`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Names in backticks, as a list for messages: "`a`, `b` and `c`".
#[must_use]
pub fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// The text on one line of at most `limit` characters, with `...` where it was cut.
#[must_use]
pub fn one_line(text: &str, limit: usize) -> String {
    let mut line = String::new();
    let mut shown = 0;
    for (index, word) in text.split_whitespace().enumerate() {
        for c in (index > 0).then_some(' ').into_iter().chain(word.chars()) {
            if shown == limit {
                let keep = line.char_indices().nth(limit.saturating_sub(3)).map_or(line.len(), |(at, _)| at);
                line.truncate(keep);
                line.push_str("...");
                return line;
            }
            line.push(c);
            shown += 1;
        }
    }
    line
}

/// Terminal output as a reader would see it: escape sequences removed whole, CRLF and CR made LF, backspaces applied.
/// Other control characters stay. Cost is linear in `text`; a text that needs nothing is borrowed.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    let needs_nothing = |byte: u8| !matches!(byte, 0x07 | 0x08 | b'\r' | 0x1b) && byte != C1_LEAD;
    if text.bytes().all(needs_nothing) {
        return Cow::Borrowed(text);
    }
    let mut screen = Screen { done: String::with_capacity(text.len()), ..Screen::default() };
    vte::Parser::new().advance(&mut screen, text.as_bytes());
    screen.end_line();
    Cow::Owned(screen.done)
}

/// First UTF-8 byte of the C1 control characters, some of which begin escape sequences.
const C1_LEAD: u8 = 0xc2;

/// The finished lines, and the one that backspaces can still change.
#[derive(Default)]
struct Screen {
    done: String,
    line: Vec<char>,
    column: usize,
    after_return: bool,
}

impl Screen {
    fn put(&mut self, c: char) {
        match self.line.get_mut(self.column) {
            Some(old) => *old = c,
            None => self.line.push(c),
        }
        self.column += 1;
    }

    /// Moves the open line to the finished ones. Blanks that only erased something go with it.
    fn end_line(&mut self) {
        if self.column < self.line.len() && self.line[self.column..].iter().all(|c| *c == ' ') {
            self.line.truncate(self.column);
        }
        self.done.extend(self.line.drain(..));
        self.column = 0;
    }
}

impl vte::Perform for Screen {
    fn print(&mut self, c: char) {
        self.after_return = false;
        self.put(c);
    }

    fn execute(&mut self, byte: u8) {
        let after_return = std::mem::replace(&mut self.after_return, byte == b'\r');
        match byte {
            b'\n' if after_return => {}
            b'\n' | b'\r' => {
                self.end_line();
                self.done.push('\n');
            }
            0x08 => self.column = self.column.saturating_sub(1),
            0x07 => {}
            other => self.put(char::from(other)),
        }
    }
}

/// The text with every control character but line break and tab shown as `\x1b`, and what XML cannot hold as `\u{fffe}`.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_visible) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match u32::from(c) {
            _ if is_visible(c) => shown.push(c),
            code @ 0..=0xff => shown.push_str(&format!("\\x{code:02x}")),
            code => shown.push_str(&format!("\\u{{{code:x}}}")),
        }
    }
    Cow::Owned(shown)
}

/// Whether XML 1.0 can hold the character and a reader can see it. Line separators and bidirectional controls, which
/// would rearrange what a reader sees, count as not visible.
fn is_visible(c: char) -> bool {
    match c {
        '\n' | '\t' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => false,
        _ => !c.is_control() && (u32::from(c) & 0xfffe) != 0xfffe,
    }
}

/// The first and last bytes of a long text, at most `limit` together, cut at character boundaries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut<'a> {
    /// The beginning, or all of it.
    pub head: &'a str,
    /// Bytes left out between; 0 when nothing was.
    pub left_out: usize,
    /// The end; empty when nothing was left out.
    pub tail: &'a str,
}

/// Cuts a text to at most `limit` bytes, half from its beginning and half from its end.
#[must_use]
pub fn head_tail(text: &str, limit: usize) -> Cut<'_> {
    if text.len() <= limit {
        return Cut { head: text, left_out: 0, tail: "" };
    }
    let head = &text[..text.floor_char_boundary(limit / 2)];
    let tail = &text[text.ceil_char_boundary(text.len() - limit / 2)..];
    Cut { head, left_out: text.len() - head.len() - tail.len(), tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("shh", ["telnet", "ssh"]), Some("ssh"));
        assert_eq!(nearest("Devises", ["devices", "testbed"]), Some("devices"));
        assert_eq!(nearest("leaf1", ["spine1", "border"]), None);
        assert_eq!(nearest("x", []), None);
    }

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!(names(["a"]), "`a`");
        assert_eq!(names(["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(count(1, "test"), "1 test");
        assert_eq!(count(0, "test"), "0 tests");
    }

    #[test]
    fn one_line_folds_white_space_and_cuts_in_characters() {
        assert_eq!(one_line(" a\n  b\tc ", 10), "a b c");
        assert_eq!(one_line("äöüäöüäöü", 6), "äöü...");
        assert_eq!(one_line("abcdef", 6), "abcdef");
    }

    #[test]
    fn terminal_output_becomes_what_a_reader_saw() {
        for (raw, seen) in [
            ("plain\ntext", "plain\ntext"),
            ("a\r\nb\rc\r", "a\nb\nc\n"),
            ("\x1b[31mred\x1b[0m", "red"),
            ("\x1b]0;title\x07text\x1b]8;;x\x1b\\y", "texty"),
            (" --More-- \x08\x08\x08\x08\x08\x08\x08\x08\x08\x08          \x08\x08\x08\x08\x08\x08\x08\x08\x08\x08line2", "line2"),
            ("abc\x08\x08X", "aXc"),
            ("\x08a", "a"),
            ("nul\x00\x1b[m", "nul\x00"),
            ("cut \x1b[3", "cut "),
        ] {
            assert_eq!(plain(raw), seen, "{raw:?}");
        }
    }

    #[test]
    fn nothing_invisible_stays() {
        assert_eq!(visible("ok\n\t\u{fffd}é"), "ok\n\t\u{fffd}é");
        assert_eq!(visible("\x1b\x00\x7f\u{85}\u{fffe}\u{1ffff}\u{202e}"), "\\x1b\\x00\\x7f\\x85\\u{fffe}\\u{1ffff}\\u{202e}");
    }

    #[test]
    fn long_texts_are_cut_in_the_middle() {
        assert_eq!(head_tail("abc", 3), Cut { head: "abc", left_out: 0, tail: "" });
        assert_eq!(head_tail("äbcdefä", 4), Cut { head: "ä", left_out: 5, tail: "ä" });
    }
}
