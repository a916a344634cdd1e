//! What each scalar is, as `serde_yaml` reads it, on the structure and places of the tree.

use super::merge::{self, Raw};
use super::tree::{Id, Node, Shape, Tree};
use super::{Repeats, syntax};
use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed, Source};
use crate::load::complaints::Complaints;
use crate::model::yaml::{Entry, Kind, Scalar, Yaml};
use serde::de::{self, DeserializeSeed, Deserializer, EnumAccess, IgnoredAny, MapAccess, SeqAccess, VariantAccess, Visitor};
use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

/// Gives the tree its values; `None` when the two readers disagree, which is then complained about.
pub(super) fn read(source: &Arc<Source>, tree: &Tree, repeats: Repeats, complaints: &Complaints) -> Option<Yaml> {
    let context = Context { source, tree, repeats, complaints, disagreement: RefCell::new(None) };
    let text = source.text().strip_prefix('\u{feff}').unwrap_or(source.text());
    let result = context.at(tree.root).deserialize(serde_yaml::Deserializer::from_str(text));
    match result {
        Ok(yaml) => Some(yaml),
        Err(error) => {
            let diagnostic = context.disagreement.take().unwrap_or_else(|| refused(source, text, &error));
            complaints.add(diagnostic);
            None
        }
    }
}

fn refused(source: &Arc<Source>, text: &str, error: &serde_yaml::Error) -> Diagnostic {
    // The reader counts characters, and did not see a byte order mark.
    let skipped = source.text().len() - text.len();
    let index = error.location().map_or(0, |location| location.index());
    let at = text.char_indices().nth(index).map_or(text.len(), |(at, _)| at);
    let message = error.to_string();
    let problem = message.split(" at line ").next().unwrap_or(&message);
    syntax(source, skipped + at, problem)
}

struct Context<'a> {
    source: &'a Arc<Source>,
    tree: &'a Tree,
    repeats: Repeats,
    complaints: &'a Complaints,
    /// Set where the two readers see different things.
    disagreement: RefCell<Option<Diagnostic>>,
}

impl<'a> Context<'a> {
    fn at(&'a self, id: Id) -> Expected<'a> {
        Expected { context: self, node: self.tree.node(id) }
    }

    fn place(&self, node: &Node) -> Place {
        Place::new(self.source, node.range.clone())
    }
}

/// The node that the reader should see next.
struct Expected<'a> {
    context: &'a Context<'a>,
    node: &'a Node,
}

impl Expected<'_> {
    fn disagree<E: de::Error>(&self) -> E {
        let message = "two YAML readers disagree on what this means";
        let diagnostic = Diagnostic::error(&self.context.place(self.node), message).hint("write it in a plainer form, or in quotes");
        *self.context.disagreement.borrow_mut() = Some(diagnostic);
        E::custom(message)
    }

    fn yaml(&self, kind: Kind) -> Yaml {
        Yaml { place: self.context.place(self.node), kind }
    }

    /// A scalar that stood without quotes and is not text.
    fn bare<E: de::Error>(&self, value: Data) -> Result<Yaml, E> {
        let Shape::Scalar { text, tagged_text: false, .. } = &self.node.shape else { return Err(self.disagree()) };
        Ok(self.yaml(Kind::Scalar(Scalar { text: text.clone(), value, quoted: false })))
    }

    /// A number that our data cannot hold; it goes on as text, so that the rest is read too.
    fn outlandish<E: de::Error>(&self, problem: &str) -> Result<Yaml, E> {
        let Shape::Scalar { text, .. } = &self.node.shape else { return Err(self.disagree()) };
        let message = format!("`{text}` is {problem}");
        self.context.complaints.add(Diagnostic::error(&self.context.place(self.node), message).hint("put it in quotes to make it text"));
        Ok(self.yaml(Kind::Scalar(Scalar { text: text.clone(), value: Data::String(text.clone()), quoted: false })))
    }

    /// A mapping that was meant as a template.
    fn template(&self) -> Yaml {
        let text = self.context.place(self.node).text().to_owned();
        self.yaml(Kind::Scalar(Scalar { value: Data::String(text.clone()), text, quoted: true }))
    }

    /// Why a node cannot be a key, if it cannot.
    fn key_problem(&self) -> Option<Diagnostic> {
        let place = self.context.place(self.node);
        match &self.node.shape {
            Shape::Scalar { text, plain: true, tagged_text: false } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") => {
                Some(Diagnostic::error(&place, "a key is missing here").hint("a key named `null` must stand in quotes"))
            }
            Shape::Scalar { .. } => None,
            Shape::Map(_) if place.text().starts_with('{') => {
                Some(Diagnostic::error(&place, "an unquoted `{{ }}` is a mapping to YAML").hint("put the value in quotes: \"{{ name }}\""))
            }
            Shape::Map(_) | Shape::List(_) | Shape::Alias(_) => {
                Some(Diagnostic::error(&place, "a key must be a text, not a list or a mapping"))
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Expected<'_> {
    type Value = Yaml;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Yaml, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Expected<'_> {
    type Value = Yaml;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Yaml, E> {
        self.bare(Data::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Yaml, E> {
        self.bare(Data::from(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Yaml, E> {
        self.bare(Data::from(value))
    }

    fn visit_i128<E: de::Error>(self, _: i128) -> Result<Yaml, E> {
        self.outlandish("too large for a number")
    }

    fn visit_u128<E: de::Error>(self, _: u128) -> Result<Yaml, E> {
        self.outlandish("too large for a number")
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Yaml, E> {
        match serde_json::Number::from_f64(value) {
            Some(number) => self.bare(Data::Number(number)),
            None => self.outlandish("not a finite number"),
        }
    }

    fn visit_unit<E: de::Error>(self) -> Result<Yaml, E> {
        self.bare(Data::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Yaml, E> {
        Err(self.disagree())
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Yaml, E> {
        match &self.node.shape {
            Shape::Scalar { text, plain, tagged_text } if text == value => {
                let quoted = !plain || *tagged_text;
                Ok(self.yaml(Kind::Scalar(Scalar { text: text.clone(), value: Data::String(text.clone()), quoted })))
            }
            _ => Err(self.disagree()),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Yaml, A::Error> {
        let Shape::List(children) = &self.node.shape else { return Err(self.disagree()) };
        let mut items = Vec::with_capacity(children.len());
        for child in children {
            match access.next_element_seed(self.context.at(*child))? {
                Some(item) => items.push(item),
                None => return Err(self.disagree()),
            }
        }
        match access.next_element::<IgnoredAny>()? {
            None => Ok(self.yaml(Kind::List(items))),
            Some(_) => Err(self.disagree()),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Yaml, A::Error> {
        let Shape::Map(children) = &self.node.shape else { return Err(self.disagree()) };
        let mut raw = Vec::with_capacity(children.len() / 2);
        let mut unquoted = false;
        for pair in children.chunks(2) {
            let [key, value] = pair else { return Err(self.disagree()) };
            let key = self.context.at(*key);
            if let Some(problem) = key.key_problem() {
                self.context.complaints.add(problem);
                unquoted |= matches!(key.node.shape, Shape::Map(_));
                if access.next_entry::<IgnoredAny, IgnoredAny>()?.is_none() {
                    return Err(self.disagree());
                }
                continue;
            }
            let Some(key) = access.next_key_seed(key)? else { return Err(self.disagree()) };
            let value = access.next_value_seed(self.context.at(*value))?;
            raw.extend(entry(key, value, self.context.complaints));
        }
        match access.next_key::<IgnoredAny>()? {
            // It was meant as text, and goes on as such, so that only the quotes are complained about.
            None if unquoted => Ok(self.template()),
            None => Ok(self.yaml(Kind::Map(merge::entries(raw, self.context.repeats, self.context.complaints)))),
            Some(_) => Err(self.disagree()),
        }
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Yaml, A::Error> {
        // A tag of the user's own: complained about already, and read as if it were not there.
        let (IgnoredAny, variant) = access.variant::<IgnoredAny>()?;
        variant.newtype_variant_seed(self)
    }
}

fn entry(key: Yaml, value: Yaml, complaints: &Complaints) -> Option<Raw> {
    let Yaml { place, kind: Kind::Scalar(scalar) } = key else { return None };
    let merge = scalar.text == "<<" && !scalar.quoted;
    let entry = Entry { key: Placed::new(scalar.text, place), value };
    // Now, since an entry whose key stands a second time is shown, but not kept.
    complaints.hide_secret(&entry);
    Some(Raw { entry, merge })
}
