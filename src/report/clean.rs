//! Texts of users and devices, made safe to show: nothing in them acts on a terminal, an XML reader or whoever reads the
//! report. Everything that a report shows goes through here.

use crate::base::text::{count, head_tail, one_line, plain, visible};

/// Bytes of a text that are looked at for each character of a line made from it.
const BYTES_PER_CHARACTER: usize = 16;

/// What readers of JUnit files act on: `[[ATTACHMENT|path]]`, `[[PROPERTY|name=value]]`.
const REPORT_COMMANDS: (u8, &[&str]) = (b'[', &["ATTACHMENT|", "PROPERTY|"]);
/// What CI systems act on wherever it stands in a log: `##[error]`, `##vso[...]`, `##teamcity[...]`.
const LOG_COMMANDS: (u8, &[&str]) = (b'#', &["[", "vso[", "teamcity["]);

/// A text of many lines, made of at most `limit` bytes of `raw`; the middle of a longer one is left out, and that is said.
pub(crate) fn text(raw: &str, limit: usize) -> String {
    text_of(raw, limit, None)
}

/// The same; where something is left out, it says which file to see.
pub(crate) fn text_of(raw: &str, limit: usize, see: Option<&str>) -> String {
    let cut = head_tail(raw, limit);
    let mut shown = readable(cut.head);
    if cut.left_out > 0 {
        mark_cut(&mut shown, cut.left_out, see);
        shown.push_str(&readable(cut.tail));
    }
    defuse(shown)
}

/// One line of at most `limit` characters.
pub(crate) fn line(raw: &str, limit: usize) -> String {
    let beginning = &raw[..raw.floor_char_boundary(limit.saturating_mul(BYTES_PER_CHARACTER))];
    let shown = defuse(one_line(&readable(beginning), limit));
    let unseen = if beginning.len() < raw.len() && !shown.ends_with("...") { "..." } else { "" };
    // Defusing adds a blank, which may be one character too many.
    one_line(&(shown + unseen), limit)
}

/// Says on a line of its own that bytes were left out, and which file to see, where there is one.
pub(crate) fn mark_cut(shown: &mut String, left_out: usize, see: Option<&str>) {
    if !shown.is_empty() && !shown.ends_with('\n') {
        shown.push('\n');
    }
    shown.push_str(&cut_note(left_out, see));
}

/// `[cut 12 bytes, see PATH]`, and a line break.
pub(crate) fn cut_note(left_out: usize, see: Option<&str>) -> String {
    let see = see.map(|path| format!(", see {path}")).unwrap_or_default();
    format!("[cut {}{see}]\n", count(left_out, "byte"))
}

/// Takes the meaning out of `[[ATTACHMENT|` and `[[PROPERTY|`: one consumer copies any path that follows.
pub(crate) fn defuse(text: String) -> String {
    part(text, REPORT_COMMANDS)
}

/// A line of a log without what CI systems that read it would act on: [`LOG_COMMANDS`], and `::` at its beginning.
pub(crate) fn log_line(line: &str) -> String {
    let line = part(line.to_owned(), LOG_COMMANDS);
    let text = line.trim_start();
    if text.starts_with("::") { format!("{}| {text}", &line[..line.len() - text.len()]) } else { line }
}

/// Puts a blank between two `lead` where one of `words` follows, in whatever case.
fn part(text: String, (lead, words): (u8, &[&str])) -> String {
    let bytes = text.as_bytes();
    let acts = |at: &usize| {
        let after = &bytes[at + 1..];
        let follows = |word: &&str| after.get(..word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()));
        *at > 0 && bytes[at - 1] == lead && words.iter().any(follows)
    };
    let places: Vec<usize> = text.match_indices(char::from(lead)).map(|(at, _)| at).filter(acts).collect();
    if places.is_empty() {
        return text;
    }
    let mut parted = String::with_capacity(text.len() + places.len());
    let mut done = 0;
    for at in places {
        parted.push_str(&text[done..at]);
        parted.push(' ');
        done = at;
    }
    parted.push_str(&text[done..]);
    parted
}

fn readable(raw: &str) -> String {
    visible(&plain(raw)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_to_consumers_are_defused_wherever_they_stand() {
        for (raw, shown) in [
            ("[[ATTACHMENT|/etc/passwd]]", "[ [ATTACHMENT|/etc/passwd]]"),
            ("a[[[property|x=y]]", "a[[ [property|x=y]]"),
            ("[[ATTACH", "[[ATTACH"),
            ("[[ATTACHMENT|a]][[ATTACHMENT|b]]", "[ [ATTACHMENT|a]][ [ATTACHMENT|b]]"),
            ("[ATTACHMENT|a]", "[ATTACHMENT|a]"),
        ] {
            assert_eq!(text(raw, 1000), shown);
            assert_eq!(line(raw, 1000), shown);
        }
        assert_eq!(text("[\x1b[1m[ATTACHMENT|x", 100), "[ [ATTACHMENT|x", "a sequence between the brackets hides nothing");
    }

    #[test]
    fn commands_to_ci_systems_are_defused_and_other_text_stays() {
        for (raw, shown) in [
            ("##[error]x", "# #[error]x"),
            ("a ###VSO[task]", "a ## #VSO[task]"),
            ("##teamcity[x]", "# #teamcity[x]"),
            ("######## banner ##", "######## banner ##"),
            ("  ::error::x", "  | ::error::x"),
            ("route ::/0", "route ::/0"),
        ] {
            assert_eq!(log_line(raw), shown);
        }
    }

    #[test]
    fn long_texts_lose_their_middle_and_long_lines_their_end() {
        assert_eq!(text("aaaabbbbcccc", 8), "aaaa\n[cut 4 bytes]\ncccc");
        assert_eq!(line("aaaabbbbcccc", 8), "aaaab...");
        assert_eq!(line(&(" ".repeat(1000) + "x"), 8), "...", "what was not looked at is not told as nothing");
        assert_eq!(line("[[PROPERTY|", 11).chars().count(), 11);
    }
}
