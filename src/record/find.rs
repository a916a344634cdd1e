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
        let mut finder = Self { forms, ..Self::default() };
        for (index, form) in finder.forms.iter().enumerate() {
            let bytes = form.reveal().as_bytes();
            let Some(lead) = bytes.first_chunk::<LEAD>() else { continue };
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
        let bytes = text.as_bytes();
        let (start, length) = (from..bytes.len()).find_map(|at| Some((at, self.length_at(bytes, at)?)))?;
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
                    known.iter().map(|index| self.forms[*index].reveal()).any(|form| form.len() > rest.len() && form.as_bytes().starts_with(rest))
                }),
            }
        };
        let first = bytes.len().saturating_sub(longest.saturating_sub(1));
        (first..bytes.len()).filter(|at| text.is_char_boundary(*at)).find(may_begin).unwrap_or(bytes.len())
    }
}

/// A secret as it is, on one line, in JSON, percent-encoded, and in base64 wherever in a longer text it stands.
fn forms(secret: &Secret) -> Vec<Secret> {
    let line = Secret::new(secret.reveal().split_whitespace().collect::<Vec<_>>().join(" "));
    let quoted = |secret: &Secret| {
        let quoted = Secret::new(Value::from(secret.reveal()).to_string());
        Secret::new(quoted.reveal().strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default())
    };
    let mut forms = vec![secret.clone(), quoted(secret), quoted(&line), line];
    forms.extend([true, false].map(|upper| percent(secret, upper)));
    forms.extend((0..3).flat_map(|before| base64(secret, before)));
    forms
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
