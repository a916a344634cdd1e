//! A YAML value as the user wrote it, each node with its place.

use crate::base::Data;
use crate::base::place::{Place, Placed};

/// One node of a YAML document.
#[derive(Debug, Clone, PartialEq)]
pub struct Yaml {
    /// Where it stands. For a mapping or list in block style, where it begins.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A scalar.
    Scalar(Scalar),
    /// A list.
    List(Vec<Yaml>),
    /// A mapping, in the order of the file, keys unique.
    Map(Vec<Entry>),
}

/// A scalar: its text as written and the value that YAML 1.2 gives it. `1.10` has the text `1.10` and the value `1.1`.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    /// The content, without quotes, escapes resolved.
    pub text: String,
    /// Null, boolean, number or text.
    pub value: Data,
    /// Whether it stood in quotes or as a block, and so is text whatever it looks like.
    pub quoted: bool,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key; always a text.
    pub key: Placed<String>,
    /// The value.
    pub value: Yaml,
}

impl Yaml {
    /// What kind of value it is, for messages: `a list`, `text`, `a number`.
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
            Kind::Scalar(scalar) => match &scalar.value {
                Data::Null => "nothing",
                Data::Bool(_) => "a boolean",
                Data::Number(_) => "a number",
                _ => "text",
            },
        }
    }

    /// The scalar, if it is one.
    #[must_use]
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(scalar),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// The text of a scalar that YAML reads as text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.scalar().filter(|scalar| scalar.value.is_string()).map(|scalar| scalar.text.as_str())
    }

    /// The value under `key` of a mapping.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Yaml> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|entry| entry.key.value == key).map(|entry| &entry.value),
            Kind::List(_) | Kind::Scalar(_) => None,
        }
    }

    /// The value without its places.
    #[must_use]
    pub fn data(&self) -> Data {
        match &self.kind {
            Kind::Scalar(scalar) => scalar.value.clone(),
            Kind::List(items) => Data::Array(items.iter().map(Self::data).collect()),
            Kind::Map(entries) => Data::Object(entries.iter().map(|entry| (entry.key.value.clone(), entry.value.data())).collect()),
        }
    }
}
