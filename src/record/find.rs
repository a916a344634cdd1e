//! Finds secrets in texts: all of them at once, in one pass.

use crate::base::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// How many bytes of a form are looked up. No form is shorter.
const LEAD: usize = 4;

/// Every secret in every form that it is known to take, and where to look them up.
#[derive(Debug, Clone, Default)]
pub(super) struct Finder {
    /// Longest first.
    forms: Vec<Secret>,
    /// The forms that begin with these bytes, longest first.
    by_lead: HashMap<[u8; LEAD], Vec<usize>>,
    /// A bit for each pair of bytes that a form may begin with, so that most places of a text cost next to nothing.
    pairs: Vec<u64>,
    /// What a form begins with that is shorter than that.
    beginnings: HashSet<Vec<u8>>,
}

impl Finder {
    /// Will find these secrets, each of at least `shortest` characters, as they are, on one line, in JSON, percent-encoded and
    /// in base64. A form of fewer characters is not looked for.
    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>, shortest: usize) -> Self {
        let mut forms: Vec<Secret> = secrets.into_iter().flat_map(forms).collect();
        forms.retain(|form| form.reveal().chars().count() >= shortest.max(LEAD));
        forms.sort_by(|a, b| b.reveal().len().cmp(&a.reveal().len()).then_with(|| a.reveal().cmp(b.reveal())));
        forms.dedup();
        let pairs = if forms.is_empty() { Vec::new() } else { vec![0; 1 << 10] };
        let mut finder = Self { forms, pairs, ..Self::default() };
        for (index, form) in finder.forms.iter().enumerate() {
            let bytes = form.reveal().as_bytes();
            let Some(lead) = bytes.first_chunk::<LEAD>() else { continue };
            let (word, bit) = pair(lead[0], lead[1]);
            finder.pairs[word] |= bit;
            finder.by_lead.entry(*lead).or_default().push(index);
            finder.beginnings.extend((1..LEAD).map(|length| bytes[..length].to_vec()));
        }
        finder
    }

    pub(super) fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    /// Every form, longest first.
    pub(super) fn forms(&self) -> impl Iterator<Item = &str> {
        self.forms.iter().map(Secret::reveal)
    }

    /// The next secret at or after `from`, and those that overlap it.
    pub(super) fn next(&self, text: &str, from: usize) -> Option<Range<usize>> {
        if self.is_empty() {
            return None;
        }
        let bytes = text.as_bytes();
        let may_begin = |(_, two): &(usize, &[u8])| {
            let (word, bit) = pair(two[0], two[1]);
            self.pairs[word] & bit != 0
        };
        let mut places = (from..).zip(bytes.get(from..)?.windows(2)).filter(may_begin);
        let (start, length) = places.find_map(|(at, _)| Some((at, self.length_at(bytes, at)?)))?;
        let (mut at, mut end) = (start + 1, start + length);
        while at < end {
            end = self.length_at(bytes, at).map_or(end, |length| end.max(at + length));
            at += 1;
        }
        Some(start..end)
    }

    /// The length of the longest secret that begins here.
    fn length_at(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let rest = &bytes[at..];
        let known = self.by_lead.get(rest.first_chunk::<LEAD>()?)?;
        known.iter().map(|index| self.forms[*index].reveal()).find(|form| rest.starts_with(form.as_bytes())).map(str::len)
    }

    /// Where the text's end may be the beginning of a secret, of whatever length; the text's length where it is not.
    pub(super) fn begun(&self, text: &str) -> usize {
        let bytes = text.as_bytes();
        let longest = self.forms.first().map_or(0, |form| form.reveal().len());
        let may_begin = |at: &usize| {
            let rest = &bytes[*at..];
            match rest.first_chunk::<LEAD>() {
                None => self.beginnings.contains(rest),
                Some(lead) => self.by_lead.get(lead).is_some_and(|known| {
                    known
                        .iter()
                        .map(|index| self.forms[*index].reveal())
                        .any(|form| form.len() > rest.len() && form.as_bytes().starts_with(rest))
                }),
            }
        };
        let first = bytes.len().saturating_sub(longest.saturating_sub(1));
        (first..bytes.len()).filter(|at| text.is_char_boundary(*at)).find(may_begin).unwrap_or(bytes.len())
    }
}

/// Where the bit of a pair of bytes stands.
fn pair(first: u8, second: u8) -> (usize, u64) {
    let number = usize::from(first) << 8 | usize::from(second);
    (number / 64, 1 << (number % 64))
}

/// A secret as it is, on one line, in JSON, percent-encoded, and in base64 wherever in a longer text it stands.
fn forms(secret: &Secret) -> Vec<Secret> {
    let line = Secret::new(secret.reveal().split_whitespace().collect::<Vec<_>>().join(" "));
    let mut forms = vec![secret.clone(), quoted(&line), line];
    // As the JSON of Python, of Go and of templates writes it, and JSON within JSON.
    for escaped in ["", "<>&", "<>&'"] {
        let once = [false, true].map(|ascii| quoted_without(secret, escaped, ascii));
        forms.extend(once.iter().map(quoted));
        forms.extend(once);
    }
    forms.extend([true, false].map(|upper| percent(secret, upper)));
    forms.extend((0..3).flat_map(|before| base64(secret, before)));
    forms
}

/// The secret within the quotes of JSON.
fn quoted(secret: &Secret) -> Secret {
    let quoted = Secret::new(Value::from(secret.reveal()).to_string());
    Secret::new(quoted.reveal().strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default())
}

/// The same where those characters, and what is not ASCII unless it may stay, are written as `\u00e9`.
fn quoted_without(secret: &Secret, escaped: &str, ascii: bool) -> Secret {
    let mut text = String::new();
    for c in quoted(secret).reveal().chars() {
        if escaped.contains(c) || (ascii && !c.is_ascii()) {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| text.push_str(&format!("\\u{unit:04x}")));
        } else {
            text.push(c);
        }
    }
    Secret::new(text)
}

/// Everything but letters, digits and `-._~` as `%2F`, or as `%2f`.
fn percent(secret: &Secret, upper: bool) -> Secret {
    let encoded = secret.reveal().bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other if upper => format!("%{other:02X}"),
        other => format!("%{other:02x}"),
    });
    Secret::new(encoded.collect::<String>())
}

/// What base64, in both alphabets, makes of the secret where `before` bytes, modulo 3, stand before it: the characters that
/// depend on nothing else.
fn base64(secret: &Secret, before: usize) -> [Secret; 2] {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(secret.reveal().as_bytes());
    let encoded = Secret::new(STANDARD_NO_PAD.encode(&bytes));
    let whole = bytes.len() * 8 / 6;
    let own = encoded.reveal().get((before * 8).div_ceil(6)..whole).unwrap_or_default();
    [Secret::new(own), Secret::new(own.replace('+', "-").replace('/', "_"))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(secrets: &[&str], text: &str) -> Vec<Range<usize>> {
        let finder = Finder::new(&secrets.iter().copied().map(Secret::new).collect::<Vec<_>>(), 6);
        let (mut all, mut from) = (Vec::new(), 0);
        while let Some(next) = finder.next(text, from) {
            from = next.end;
            all.push(next);
        }
        all
    }

    #[test]
    fn what_overlaps_is_found_as_one() {
        assert_eq!(found(&["abcdef", "defghi"], "xabcdefghix abcdef"), [1..10, 12..18]);
        assert_eq!(found(&["hunter2", "hunter2-long"], "hunter2-long hunter2-"), [0..12, 13..20]);
        for (secrets, text) in [(&[][..], "hunter2"), (&["abcde"], "abcde"), (&["hunter2"], "")] {
            assert!(found(secrets, text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_secret_is_found_as_programs_write_it() {
        for text in [
            "a/b\"c é~",
            "a/b\\\"c é~",
            "a/b\\\"c \\u00e9~",
            "a/b\\\\\\\"c é~",
            "a%2Fb%22c%20%C3%A9~",
            "a%2fb%22c%20%c3%a9~",
            "YS9iImMgw6l-",
            "YS9iImMgw6l+",
        ] {
            assert_eq!(found(&["a/b\"c é~"], &format!("x {text} y")).first(), Some(&(2..2 + text.len())), "{text}");
        }
        let finder = Finder::new(&[Secret::new("a/b\"c é~")], 6);
        for before in ["u:", "us:", "use:"] {
            let encoded = STANDARD_NO_PAD.encode(format!("{before}a/b\"c é~ and more"));
            assert!(finder.next(&encoded, 0).is_some_and(|found| found.len() >= 10), "{before}");
        }
    }

    #[test]
    fn a_beginning_is_found_at_the_end_of_a_text() {
        let finder = Finder::new(&[Secret::new("hunter2"), Secret::new("éclairs")], 6);
        for (text, at) in [
            ("say h", 4),
            ("say hunter", 4),
            ("say hunter2", 11),
            ("hunh", 3),
            ("say", 3),
            ("", 0),
            ("x écl", 2),
            ("x é", 2),
            ("hunter", 0),
        ] {
            assert_eq!(finder.begun(text), at, "{text}");
        }
    }
}
