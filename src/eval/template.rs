//! Texts with `{{ }}` in them.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed};
pub use crate::eval::machine::FreeName;
use crate::eval::machine::{self, Shape};
use crate::eval::scope::Scope;
use crate::record::fault::Fault;
use std::sync::Arc;

/// A text that may hold `{{ }}`, `{% %}` and `{# #}`. One without them is kept as it is. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Template {
    source: Arc<Placed<String>>,
    kind: Kind,
    names: Arc<[FreeName]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Literal,
    Rendered(Shape),
}

impl Template {
    /// Checks a text.
    ///
    /// # Errors
    /// Syntax, unknown filters, tests and functions, and what is not available here, each at its place in the scalar.
    pub fn compile(source: &Placed<String>) -> Result<Self, Diagnostic> {
        let (kind, names) = if ["{{", "{%", "{#"].iter().any(|opening| source.value.contains(opening)) {
            let (shape, names) = machine::check_template(source)?;
            (Kind::Rendered(shape), names)
        } else {
            (Kind::Literal, Vec::new())
        };
        Ok(Self { source: Arc::new(source.clone()), kind, names: names.into() })
    }

    /// Renders it. A literal text is only copied.
    ///
    /// # Errors
    /// A fault of the kind template: undefined names, comparisons across kinds, null where text is needed, and what takes
    /// too many steps or makes too much text.
    pub fn render(&self, scope: &Scope) -> Result<String, Fault> {
        match self.kind {
            Kind::Literal => Ok(self.source.value.clone()),
            Kind::Rendered(_) => machine::render(&self.source, scope),
        }
    }

    /// The names that it needs from outside, in the order of the text.
    #[must_use]
    pub fn free_names(&self) -> &[FreeName] {
        &self.names
    }

    /// The text as written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source.value
    }

    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.source.place
    }

    /// Whether it has nothing to render.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.kind == Kind::Literal
    }

    /// Whether it is exactly one `{{ expression }}`, whose value has a type.
    pub(super) fn is_single(&self) -> bool {
        self.kind == Kind::Rendered(Shape::Single)
    }

    pub(super) fn placed(&self) -> &Placed<String> {
        &self.source
    }
}
