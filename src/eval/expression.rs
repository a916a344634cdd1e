//! Expressions without braces: `when`, `where`, `loop`.

use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed};
use crate::eval::convert;
use crate::eval::limits::Form;
use crate::eval::machine::{self, FreeName, Shape, Wanted};
use crate::eval::scope::Scope;
use crate::record::fault::Fault;
use std::sync::Arc;

/// An expression. A text that is exactly one `{{ expression }}` is one too. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Expression {
    source: Arc<Placed<String>>,
    form: Form,
    names: Arc<[FreeName]>,
}

impl Expression {
    /// Checks an expression.
    ///
    /// # Errors
    /// As for a template, and text around the expression.
    pub fn compile(source: &Placed<String>) -> Result<Self, Diagnostic> {
        let trimmed = source.value.trim();
        if trimmed.is_empty() {
            return Err(Diagnostic::error(&source.place, "an expression is needed, this is empty"));
        }
        let (form, names) = if trimmed.starts_with("{{") || trimmed.contains("{%") {
            let bare = Placed::new(trimmed.to_owned(), source.place.clone());
            return match machine::check_template(&bare)? {
                (Shape::Single, names) => Ok(Self { source: Arc::new(bare), form: Form::Template, names: names.into() }),
                (Shape::Mixed, _) => {
                    Err(Diagnostic::error(&source.place, "an expression is needed, this is text with an expression in it")
                        .hint("write the expression without `{{ }}`"))
                }
            };
        } else {
            (Form::Expression, machine::check_expression(source)?)
        };
        Ok(Self { source: Arc::new(source.clone()), form, names: names.into() })
    }

    /// Its value.
    ///
    /// # Errors
    /// As [`Template::render`](crate::eval::template::Template::render), and values that are not data.
    pub fn evaluate(&self, scope: &Scope) -> Result<Data, Fault> {
        machine::evaluate(&self.source, self.form, Wanted::Value, scope, convert::to_data)
    }

    /// Whether it holds. Everything that its `and`, `or` and `not` join must be true or false as well.
    ///
    /// # Errors
    /// As [`Expression::evaluate`], and a value that is neither true nor false.
    pub fn condition(&self, scope: &Scope) -> Result<bool, Fault> {
        machine::evaluate(&self.source, self.form, Wanted::Condition, scope, |value| Ok(value.is_true()))
    }

    /// The names that it needs from outside, in the order of the text.
    #[must_use]
    pub fn free_names(&self) -> &[FreeName] {
        &self.names
    }

    /// The expression as written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source.value
    }

    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.source.place
    }
}
