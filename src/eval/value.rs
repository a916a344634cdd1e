//! YAML values whose texts are templates.

use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed};
use crate::eval::convert;
use crate::eval::limits::Form;
use crate::eval::machine::{self, FreeName, Wanted};
use crate::eval::scope::Scope;
use crate::eval::template::Template;
use crate::model::yaml::{Kind, Yaml};
use crate::record::fault::{Fault, FaultKind};
use std::sync::Arc;

/// A YAML value that is rendered to data. A text that is exactly one `{{ expression }}` keeps the type of its value.
/// Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Value {
    place: Place,
    node: Arc<Node>,
}

#[derive(Debug)]
enum Node {
    /// Without any template.
    Data(Data),
    Text(Template),
    List(Vec<Value>),
    Map(Vec<(Template, Value)>),
}

impl Value {
    /// Checks all texts of a value.
    ///
    /// # Errors
    /// What [`Template::compile`] finds, for every text.
    pub fn compile(yaml: &Yaml) -> Result<Self, Vec<Diagnostic>> {
        let mut diagnostics = Vec::new();
        let value = build(yaml, &mut diagnostics);
        if diagnostics.is_empty() { Ok(value) } else { Err(diagnostics) }
    }

    /// Renders it.
    ///
    /// # Errors
    /// As [`Template::render`], and two keys that come out the same.
    pub fn render(&self, scope: &Scope) -> Result<Data, Fault> {
        match &*self.node {
            Node::Data(data) => Ok(data.clone()),
            Node::Text(template) if template.is_single() => {
                machine::evaluate(template.placed(), Form::Template, Wanted::Value, scope, convert::to_data)
            }
            Node::Text(template) => template.render(scope).map(Data::String),
            Node::List(items) => items.iter().map(|item| item.render(scope)).collect(),
            Node::Map(entries) => {
                let mut map = serde_json::Map::new();
                for (key, value) in entries {
                    let name = key.render(scope)?;
                    if map.contains_key(&name) {
                        return Err(Fault::new(FaultKind::Template, format!("the key `{name}` comes out twice ({})", key.place())));
                    }
                    map.insert(name, value.render(scope)?);
                }
                Ok(Data::Object(map))
            }
        }
    }

    /// The value, where nothing in it has to be rendered.
    #[must_use]
    pub fn constant(&self) -> Option<&Data> {
        match &*self.node {
            Node::Data(data) => Some(data),
            Node::Text(_) | Node::List(_) | Node::Map(_) => None,
        }
    }

    /// The names that it needs from outside, in the order of the file.
    #[must_use]
    pub fn free_names(&self) -> Vec<FreeName> {
        match &*self.node {
            Node::Data(_) => Vec::new(),
            Node::Text(template) => template.free_names().to_vec(),
            Node::List(items) => items.iter().flat_map(Self::free_names).collect(),
            Node::Map(entries) => {
                entries.iter().flat_map(|(key, value)| key.free_names().iter().cloned().chain(value.free_names())).collect()
            }
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }
}

fn template(text: &str, place: &Place, diagnostics: &mut Vec<Diagnostic>) -> Option<Template> {
    let compiled = Template::compile(&Placed::new(text.to_owned(), place.clone()));
    compiled.map_err(|diagnostic| diagnostics.push(diagnostic)).ok()
}

fn build(yaml: &Yaml, diagnostics: &mut Vec<Diagnostic>) -> Value {
    let node = match &yaml.kind {
        Kind::Scalar(scalar) => match yaml.text().and_then(|text| template(text, &yaml.place, diagnostics)) {
            Some(template) if !template.is_literal() => Node::Text(template),
            _ => Node::Data(scalar.value.clone()),
        },
        Kind::List(items) => {
            let items: Vec<Value> = items.iter().map(|item| build(item, diagnostics)).collect();
            match items.iter().map(|item| item.constant().cloned()).collect() {
                Some(data) => Node::Data(Data::Array(data)),
                None => Node::List(items),
            }
        }
        Kind::Map(entries) => {
            let mut built = Vec::with_capacity(entries.len());
            for entry in entries {
                let key = template(&entry.key.value, &entry.key.place, diagnostics);
                built.extend(key.map(|key| (key, build(&entry.value, diagnostics))));
            }
            let constant = |(key, value): &(Template, Value)| {
                key.is_literal().then(|| value.constant()).flatten().map(|data| (key.source().to_owned(), data.clone()))
            };
            match built.iter().map(constant).collect() {
                Some(data) => Node::Data(Data::Object(data)),
                None => Node::Map(built),
            }
        }
    };
    Value { place: yaml.place.clone(), node: Arc::new(node) }
}
