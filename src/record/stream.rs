//! A stream of bytes as readable text without secrets, while it comes.

use crate::base::text::visible;
use crate::record::redact::Redactor;
use std::fmt;

/// Bytes that may come without anything to show, within a terminal sequence that does not end, before it counts as ended.
const LONGEST_SEQUENCE: usize = 64 * 1024;

/// Bytes looked at between two looks at what can go.
const PIECE: usize = 16 * 1024;

/// Makes text of bytes that come in pieces, cut anywhere. Terminal sequences are taken out, CRLF and CR become line breaks, other
/// control characters are shown as `\x1b`, and what is not UTF-8 becomes U+FFFD. A secret is masked also where it comes in
/// several pieces: what may be the beginning of one is kept back until more comes. Memory is bounded by the longest secret and
/// the piece.
#[derive(Default)]
pub struct MaskedStream {
    parser: vte::Parser,
    pending: Pending,
}

/// What has come and is not shown yet.
#[derive(Default)]
struct Pending {
    text: String,
    /// Control characters and where in `text` they stood.
    controls: Vec<(usize, u8)>,
    after_return: bool,
    /// Whether anything came since this was set to false.
    spoke: bool,
}

impl MaskedStream {
    /// Takes bytes in and gives the text that can be shown.
    pub fn push(&mut self, bytes: &[u8], redactor: &Redactor) -> String {
        let mut shown = String::with_capacity(bytes.len());
        let mut silent = 0;
        for piece in bytes.chunks(PIECE) {
            self.pending.spoke = false;
            self.parser.advance(&mut self.pending, piece);
            silent = if self.pending.spoke { 0 } else { silent + piece.len() };
            if silent >= LONGEST_SEQUENCE {
                self.parser = vte::Parser::new();
            }
            let until = redactor.finder().begun(&self.pending.text);
            self.pending.show(until, redactor, &mut shown);
        }
        shown
    }

    /// Gives what was kept back: nothing more comes that belongs to it. The beginning of a secret is masked.
    pub fn end(&mut self, redactor: &Redactor) -> String {
        let mut shown = String::new();
        let cut = redactor.begun_at_end(&self.pending.text);
        let until = cut.unwrap_or(self.pending.text.len());
        self.pending.show(until, redactor, &mut shown);
        if cut.is_some() {
            shown.push_str(Redactor::MASK);
        }
        *self = Self::default();
        shown
    }
}

impl fmt::Debug for MaskedStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaskedStream").finish_non_exhaustive()
    }
}

impl Pending {
    /// Shows everything before `until`, and the whole of a secret that begins there.
    fn show(&mut self, until: usize, redactor: &Redactor, shown: &mut String) {
        let mut controls = self.controls.iter().peekable();
        let mut done = 0;
        while let Some(secret) = redactor.finder().next(&self.text, done).filter(|secret| secret.start < until) {
            self.plain(done, secret.start, &mut controls, shown);
            shown.push_str(Redactor::MASK);
            done = secret.end;
            while controls.next_if(|(at, _)| *at < done).is_some() {}
        }
        let until = until.max(done);
        self.plain(done, until, &mut controls, shown);
        self.controls = controls.map(|(at, byte)| (at - until, *byte)).collect();
        self.text.drain(..until);
    }

    /// Shows the text from `done` to `until` and the control characters before `until`; those at the very end too, when all is
    /// shown.
    fn plain<'c>(
        &self,
        mut done: usize,
        until: usize,
        controls: &mut std::iter::Peekable<impl Iterator<Item = &'c (usize, u8)>>,
        shown: &mut String,
    ) {
        let last = until == self.text.len();
        while let Some((at, byte)) = controls.next_if(|(at, _)| *at < until || (last && *at == until)) {
            shown.push_str(&visible(&self.text[done..*at]));
            shown.push_str(&format!("\\x{byte:02x}"));
            done = *at;
        }
        shown.push_str(&visible(&self.text[done..until]));
    }
}

impl vte::Perform for Pending {
    fn print(&mut self, c: char) {
        (self.spoke, self.after_return) = (true, false);
        self.text.push(c);
    }

    fn execute(&mut self, byte: u8) {
        self.spoke = true;
        let after_return = std::mem::replace(&mut self.after_return, byte == b'\r');
        match byte {
            b'\n' if after_return => {}
            b'\n' | b'\r' => self.text.push('\n'),
            b'\t' => self.text.push('\t'),
            // It takes back what nobody has seen yet; otherwise it is shown.
            0x08 if self.text.chars().next_back().is_some_and(|last| last != '\n') => {
                self.text.pop();
                let end = self.text.len();
                self.controls.iter_mut().for_each(|(at, _)| *at = end.min(*at));
            }
            other => self.controls.push((self.text.len(), other)),
        }
    }

    fn csi_dispatch(&mut self, _: &vte::Params, _: &[u8], _: bool, _: char) {
        self.spoke = true;
    }

    fn esc_dispatch(&mut self, _: &[u8], _: bool, _: u8) {
        self.spoke = true;
    }

    fn osc_dispatch(&mut self, _: &[&[u8]], _: bool) {
        self.spoke = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::secret::Secret;

    fn redactor() -> Redactor {
        Redactor::new(&["hunter2", "hunter2-long", "tr0ub4dor&3", "línea larga"].map(Secret::new), &[])
    }

    /// What is shown of `raw` when it comes in pieces of `size` bytes.
    fn shown(raw: &[u8], size: usize, redactor: &Redactor) -> String {
        let mut stream = MaskedStream::default();
        let mut shown: String = raw.chunks(size).map(|piece| stream.push(piece, redactor)).collect();
        shown.push_str(&stream.end(redactor));
        shown
    }

    #[test]
    fn a_secret_is_masked_however_it_is_cut() {
        let redactor = redactor();
        for (raw, expected) in [
            ("login: hunter2\r\nok", "login: ********\nok"),
            ("hunter2-long hunter2-lone", "******** ********-lone"),
            ("hun\x1b[0mter\x002!", "********!"),
            ("die línea larga dort", "die ******** dort"),
            ("a dHIwdWI0ZG9yJjM= b", "a ********M= b"),
            ("tr0ub4dor%263 \"tr0ub4dor&3\"", "******** \"********\""),
            ("hunt hunger hunter", "hunt hunger ********"),
        ] {
            for size in 1..=raw.len() {
                let seen = shown(raw.as_bytes(), size, &redactor);
                assert!(!seen.contains("hunter2") && !seen.contains("dHIwdWI0ZG9yJ"), "{size}: {seen}");
                assert_eq!(seen, expected, "{size}");
            }
        }
    }

    #[test]
    fn only_what_may_become_a_secret_is_kept_back() {
        let redactor = redactor();
        let mut stream = MaskedStream::default();
        assert_eq!(stream.push(b"r1# show hun", &redactor), "r1# show ");
        assert_eq!(stream.push(b"ters\n", &redactor), "hunters\n");
        assert_eq!(stream.push(b"r1# ", &redactor), "r1# ");
        assert_eq!(stream.end(&redactor), "");
        let open = Redactor::default();
        assert_eq!(stream.push(b"hunter2", &open), "hunter2");
    }

    #[test]
    fn what_acts_on_a_terminal_is_taken_out_or_shown() {
        let redactor = redactor();
        for (raw, expected) in [
            (&b"\x1b[2J\x1b]0;title\x07red\x1b[0m"[..], "red"),
            (b"a\rb\r\nc\n", "a\nb\nc\n"),
            (b"\x00\x07\xff", "\\x00\\x07\u{fffd}"),
            ("\u{202e}x".as_bytes(), "\\u{202e}x"),
            (b"abx\x08c", "abc"),
        ] {
            assert_eq!(shown(raw, raw.len(), &redactor), expected);
        }
        let mut stream = MaskedStream::default();
        let endless = [b"\x1b]".as_slice(), &vec![b'x'; 1024 * 1024], b"y"].concat();
        assert!(stream.push(&endless, &redactor).ends_with("xy"), "a sequence without an end ends");
    }

    proptest::proptest! {
        #[test]
        fn no_secret_is_shown_whatever_comes_in_whatever_pieces(text in "[ab\x1b\x08\\[m\n]{0,80}", secrets in proptest::collection::vec("[ab]{6,9}", 1..4), size in 1_usize..9) {
            let redactor = Redactor::new(&secrets.iter().map(Secret::new).collect::<Vec<_>>(), &[]);
            let seen = shown(text.as_bytes(), size, &redactor);
            proptest::prop_assert!(secrets.iter().all(|secret| !seen.contains(secret.as_str())), "{:?} in {:?}", secrets, seen);
        }
    }
}
