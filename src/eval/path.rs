//! `JSONPath` queries (RFC 9535), as texts that may hold templates.

use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::base::text;
use crate::eval::locate::locate;
use crate::eval::scope::Scope;
use crate::eval::template::{FreeName, Template};
use crate::record::fault::{Fault, FaultKind};
use serde_json_path::JsonPath;
use std::sync::Arc;

/// The longest query, in bytes.
const LONGEST: usize = 4096;

/// Brackets, or signs of negation, within each other; the parser recurses.
const NESTED: usize = 16;

/// Descendant segments (`..`), each of which multiplies the nodes to look at by the depth of the data.
const DESCENTS: usize = 3;

/// A query. One without a template is parsed when it is checked.
#[derive(Debug, Clone)]
pub(super) struct Path {
    text: Template,
    ready: Option<Query>,
}

/// A parsed query.
#[derive(Debug, Clone)]
pub(super) struct Query {
    path: Arc<JsonPath>,
    singular: bool,
}

impl Path {
    /// Checks a query.
    pub(super) fn compile(source: &Placed<String>) -> Result<Self, Diagnostic> {
        let text = Template::compile(source)?;
        let misplaced = |(sentence, at): (String, usize)| {
            let start = text.source().char_indices().nth(at).map_or(text.source().len(), |(index, _)| index);
            Diagnostic::error(&locate(text.place(), text.source(), start..start + 1), sentence)
        };
        let ready = if text.is_literal() { Some(Query::parse(text.source()).map_err(misplaced)?) } else { None };
        Ok(Self { text, ready })
    }

    /// The query, with its template rendered.
    pub(super) fn get(&self, scope: &Scope) -> Result<Query, Fault> {
        match &self.ready {
            Some(ready) => Ok(ready.clone()),
            None => Query::parse(&self.text.render(scope)?)
                .map_err(|(sentence, _)| Fault::new(FaultKind::Template, format!("{sentence} ({})", self.text.place()))),
        }
    }

    /// The query as written.
    pub(super) fn source(&self) -> &str {
        self.text.source()
    }

    pub(super) fn free_names(&self) -> &[FreeName] {
        self.text.free_names()
    }
}

impl Query {
    /// Parses a query; on failure the sentence and the character where it goes wrong, counted from 0.
    fn parse(query: &str) -> Result<Self, (String, usize)> {
        let shown = text::one_line(query, 80);
        if query.len() > LONGEST || nesting(query) > NESTED || query.matches("..").count() > DESCENTS {
            return Err((format!("`{shown}` is too long, nests too deeply, or descends (`..`) more than {DESCENTS} times"), 0));
        }
        let path = JsonPath::parse(query).map_err(|error| {
            (format!("`{shown}` is not a JSONPath query: {}", text::one_line(error.message(), 200)), error.position().saturating_sub(1))
        })?;
        // The standard allows only singular queries in a comparison, and the parser knows which those are.
        let singular = JsonPath::parse(&format!("$[?{query} == 0]")).is_ok();
        Ok(Self { path: Arc::new(path), singular })
    }

    /// Whether it can find one value at most.
    pub(super) fn is_singular(&self) -> bool {
        self.singular
    }

    /// The values found, in the order of the data.
    pub(super) fn find<'d>(&self, data: &'d Data) -> Vec<&'d Data> {
        self.path.query(data).all()
    }
}

/// A bound for how deep the query's parser recurses.
fn nesting(query: &str) -> usize {
    let (mut depth, mut deepest, mut negations) = (0_usize, 0, 0);
    for c in query.chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '!' => negations += 1,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest.max(negations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn singular_queries_are_known() {
        for (query, singular) in [
            ("$", true),
            ("$.a", true),
            ("$['a b'].c[0][-1]", true),
            ("$.a[*]", false),
            ("$..a", false),
            ("$.a[0, 1]", false),
            ("$.a[0:1]", false),
            ("$.a[?@.b == 1]", false),
        ] {
            assert_eq!(Query::parse(query).expect(query).is_singular(), singular, "{query}");
        }
    }

    #[test]
    fn queries_find_values_and_bad_ones_are_refused() {
        let data = json!({"a": [{"b": 1}, {"b": 2}]});
        assert_eq!(Query::parse("$.a[*].b").expect("a query").find(&data), [&json!(1), &json!(2)]);
        for query in ["", "a", "$.", "$[", "$.a[?", "$.a == 1", "$ .a ]", "$..a..b..c..d"] {
            assert!(Query::parse(query).is_err(), "{query}");
        }
        for hostile in [format!("$[?{}1", "(".repeat(2000)), format!("$[?{}@.a]", "!".repeat(2000)), format!("${}", ".a".repeat(9000))] {
            assert!(Query::parse(&hostile).is_err());
        }
    }
}
