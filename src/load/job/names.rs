//! Names that a job gives: variables, captures, ids.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::base::text;
use crate::load::complaints::Complaints;
use crate::load::fields::Fields;
use crate::model::yaml::Entry;

/// Names that mean something in every template, and cannot be set.
pub const RESERVED: [&str; 8] = ["device", "testbed", "matrix", "item", "loop", "result", "env", "run"];

/// Words of the expression language.
const WORDS: [&str; 13] = ["and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "True", "False", "None"];

/// Reads a mapping of variables.
pub(super) fn variables(fields: &mut Fields<'_>, key: &'static str) -> Vec<Entry> {
    let entries = fields.map(key);
    for entry in entries {
        variable(&entry.key, fields.complaints);
    }
    entries.to_vec()
}

/// Complains when a name cannot be the name of a variable.
pub(super) fn variable(name: &Placed<String>, complaints: &Complaints) {
    if let Err(mistake) = check_variable(&name.value) {
        let complaint = Diagnostic::error(&name.place, mistake.to_string());
        complaints.add(mistake.hint().into_iter().fold(complaint, Diagnostic::hint));
    }
}

/// Why a name cannot be the name of a variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is not written like a name.
    #[error("`{0}` cannot be the name of a variable")]
    NotAName(String),
    /// It means something in every template.
    #[error("`{0}` is reserved: it cannot be the name of a variable")]
    Reserved(String),
    /// It is a word of the expression language.
    #[error("`{0}` is a word of expressions: it cannot be the name of a variable")]
    Word(String),
}

impl NameError {
    /// What would be a name.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotAName(_) => Some("a name is made of letters, digits and `_`, and begins with no digit".to_owned()),
            Self::Reserved(_) => Some(format!("reserved are {}", text::names(RESERVED))),
            Self::Word(_) => None,
        }
    }
}

/// Checks the name of a variable.
///
/// # Errors
/// It is not written like a name, or it means something else.
pub fn check_variable(name: &str) -> Result<(), NameError> {
    let shown = text::one_line(name, 40);
    let mut characters = name.chars();
    let begins = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if !begins || !characters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        Err(NameError::NotAName(shown))
    } else if RESERVED.contains(&name) {
        Err(NameError::Reserved(shown))
    } else if WORDS.contains(&name) {
        Err(NameError::Word(shown))
    } else {
        Ok(())
    }
}

/// The id of a test that gives none: its name in small letters, with `-` for all that is no letter or digit.
pub(super) fn slug(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// Complains when a text cannot be an id.
pub(super) fn id(id: &Placed<String>, complaints: &Complaints) {
    if !id.value.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.')) {
        let message = format!("`{}` cannot be an id", text::one_line(&id.value, 40));
        complaints.add(Diagnostic::error(&id.place, message).hint("an id is made of letters, digits, `-`, `_` and `.`"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_made_of_the_name() {
        for (name, made) in [("BGP is up!", "bgp-is-up"), ("a--b", "a-b"), ("Größe 1", "größe-1"), ("---", ""), ("{{ x }} y", "x-y")] {
            assert_eq!(slug(name), made);
        }
    }
}
