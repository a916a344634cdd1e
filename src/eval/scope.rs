//! Variables in layers. A stronger layer hides the names of weaker ones.

use crate::base::Data;
use crate::eval::convert;
use indexmap::IndexMap;
use minijinja::Value;
use minijinja::value::Object;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Some variables of one origin, such as a job's `vars` or a cell's captures. Cloning is cheap.
#[derive(Clone, Default)]
pub struct Layer(Arc<IndexMap<String, Value>>);

impl Layer {
    /// Makes a layer. Costs a copy of the data, once; rendering then copies nothing.
    #[must_use]
    pub fn from_data<'a>(variables: impl IntoIterator<Item = (&'a String, &'a Data)>) -> Self {
        Self(Arc::new(variables.into_iter().map(|(name, data)| (name.clone(), convert::from_data(data))).collect()))
    }

    /// Makes a layer of one variable.
    #[must_use]
    pub fn of(name: &str, data: &Data) -> Self {
        Self(Arc::new(IndexMap::from([(name.to_owned(), convert::from_data(data))])))
    }

    /// Makes a layer of one variable, a mapping of values that other layers hold too. Copies none of them.
    #[must_use]
    pub fn of_shared<'a>(name: &str, entries: impl IntoIterator<Item = (&'a str, &'a Shared)>) -> Self {
        let mapping = Value::from_pairs(entries.into_iter().map(|(key, value)| (key, value.0.clone())));
        Self(Arc::new(IndexMap::from([(name.to_owned(), mapping)])))
    }
}

/// A value that many layers hold. Cloning is cheap.
#[derive(Clone)]
pub struct Shared(Value);

impl Shared {
    /// Makes it of data. Costs a copy, once.
    #[must_use]
    pub fn new(data: &Data) -> Self {
        Self(convert::from_data(data))
    }
}

impl fmt::Debug for Shared {
    /// Shows nothing: a value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

impl fmt::Debug for Layer {
    /// Shows the names only: a value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The variables that an expression sees. Cloning is cheap.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The strongest first.
    layers: Arc<Vec<Layer>>,
}

impl Scope {
    /// Makes a scope without variables.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same scope with a layer below all others.
    #[must_use]
    pub fn under(&self, weaker: Layer) -> Self {
        let layers = self.layers.iter().cloned().chain([weaker]).collect();
        Self { layers: Arc::new(layers) }
    }

    /// The same scope with a layer above all others.
    #[must_use]
    pub fn over(&self, stronger: Layer) -> Self {
        let layers = [stronger].into_iter().chain(self.layers.iter().cloned()).collect();
        Self { layers: Arc::new(layers) }
    }

    /// The value of a variable as data; `None` when there is no such variable. Costs a copy.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Data> {
        convert::to_data(self.value(name)?).ok()
    }

    /// Whether there is a variable of that name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// The names of all variables, each once, in alphabetical order.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        self.layers.iter().flat_map(|layer| layer.0.keys()).map(String::as_str).collect()
    }

    /// How many layers are the same as those of another scope, and take no memory of their own; for tests.
    #[cfg(test)]
    pub(crate) fn layers_in_common(&self, other: &Self) -> usize {
        let has = |layer: &&Layer| other.layers.iter().any(|theirs| Arc::ptr_eq(&layer.0, &theirs.0));
        self.layers.iter().filter(has).count()
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.layers.iter().find_map(|layer| layer.0.get(name))
    }

    /// The scope as what the template engine looks names up in.
    pub(super) fn root(&self) -> Value {
        Value::from_object(self.clone())
    }
}

impl Object for Scope {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.value(key.as_str()?).cloned()
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.value(key).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn layer(data: &Data) -> Layer {
        let map = data.as_object().expect("a mapping");
        Layer::from_data(map.iter())
    }

    #[test]
    fn stronger_layers_hide_weaker_ones() {
        let middle = Scope::new().over(layer(&json!({"a": 1, "b": 1})));
        let scope = middle.over(layer(&json!({"a": 2}))).under(layer(&json!({"b": 3, "c": 3})));
        for (name, value) in [("a", Some(json!(2))), ("b", Some(json!(1))), ("c", Some(json!(3))), ("d", None)] {
            assert_eq!(scope.get(name), value, "{name}");
            assert_eq!(scope.has(name), value.is_some(), "{name}");
        }
        assert_eq!(scope.names(), BTreeSet::from(["a", "b", "c"]));
        assert_eq!(middle.get("a"), Some(json!(1)));
    }

    #[test]
    fn debugging_shows_names_and_no_values() {
        let scope = Scope::new().over(layer(&json!({"token": "hunter2"})));
        let shown = format!("{scope:?}");
        assert!(shown.contains("token") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_scope_may_be_shared_by_threads() {
        fn shared<T: Clone + Send + Sync + 'static>() {}
        shared::<Scope>();
        shared::<Layer>();
    }
}
