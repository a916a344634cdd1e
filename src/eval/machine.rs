//! Checks templates and expressions, and runs them.
//!
//! The engine's compiled form borrows the text it was made from, so that it cannot be kept beside it. What is kept is the
//! text, checked; the guarded code is made anew for each rendering, which costs a few microseconds for a usual scalar.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed};
use crate::base::text;
use crate::eval::environment::{ENGINE, SYNTAX};
use crate::eval::limits::{self, Form};
use crate::eval::locate::{excerpt, locate};
use crate::eval::refusal::Refusal;
use crate::eval::rewrite::{Needed, Rewriting};
use crate::eval::scope::Scope;
use crate::record::fault::{Fault, FaultKind};
use minijinja::machinery::ast::{Expr, Stmt};
use minijinja::machinery::{CodeGenerator, Span, eval, make_string_output, parse, parse_expr};
use minijinja::{AutoEscape, Error, ErrorKind, Value};
use std::ops::Range;

/// The name under which the engine knows every text.
const NAME: &str = "template";

/// A name that an expression needs from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeName {
    /// The variable with the attributes that follow it: `device.custom.peers`.
    pub path: String,
    /// Where it stands.
    pub place: Place,
    /// Whether it may be undefined, as before `is defined` and `default()`.
    pub optional: bool,
}

impl FreeName {
    /// The variable alone.
    #[must_use]
    pub fn variable(&self) -> &str {
        self.path.split('.').next().unwrap_or_default()
    }
}

/// What a template is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Exactly one `{{ expression }}`.
    Single,
    /// Anything else.
    Mixed,
}

/// What the check of an expression is to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Any value.
    Value,
    /// True or false.
    Condition,
}

/// Checks a template, and says what it is and which names it needs.
pub(super) fn check_template(source: &Placed<String>) -> Result<(Shape, Vec<FreeName>), Diagnostic> {
    let text = source.value.as_str();
    limits::check(text, Form::Template).map_err(|(message, span)| at(source, message, span))?;
    let tree = parse(text, NAME, SYNTAX.clone()).map_err(|error| unparsed(source, &error))?;
    let mut rewriting = Rewriting::default();
    drop(rewriting.statement(&tree));
    let shape = if single(&tree).is_some() { Shape::Single } else { Shape::Mixed };
    found(source, rewriting).map(|names| (shape, names))
}

/// Checks an expression without braces, and says which names it needs.
pub(super) fn check_expression(source: &Placed<String>) -> Result<Vec<FreeName>, Diagnostic> {
    let text = source.value.as_str();
    limits::check(text, Form::Expression).map_err(|(message, span)| at(source, message, span))?;
    let tree = parse_expr(text).map_err(|error| unparsed(source, &error))?;
    let mut rewriting = Rewriting::default();
    drop(rewriting.value(&tree));
    found(source, rewriting)
}

fn found(source: &Placed<String>, rewriting: Rewriting<'_>) -> Result<Vec<FreeName>, Diagnostic> {
    let place = |span: Span| locate(&source.place, &source.value, bytes(span));
    let mut problems = rewriting.problems.into_iter();
    if let Some(first) = problems.next() {
        let first = at(source, first.message, first.span).did_you_mean(first.near.as_deref());
        return Err(problems.fold(first, |all, next| all.also(&place(next.span), next.message)));
    }
    let name = |needed: Needed| FreeName { place: place(needed.span), path: needed.path, optional: needed.optional };
    Ok(rewriting.needed.into_iter().map(name).collect())
}

fn bytes(span: Span) -> Range<usize> {
    let offset = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
    offset(span.start_offset)..offset(span.end_offset)
}

fn at(source: &Placed<String>, message: String, span: Span) -> Diagnostic {
    Diagnostic::error(&locate(&source.place, &source.value, bytes(span)), message)
}

fn unparsed(source: &Placed<String>, error: &Error) -> Diagnostic {
    let place = error.range().map_or_else(|| source.place.clone(), |range| locate(&source.place, &source.value, range));
    Diagnostic::error(&place, error.detail().map_or_else(|| error.kind().to_string(), str::to_owned))
}

/// The expression of a template that is nothing else.
fn single<'t, 'a>(tree: &'t Stmt<'a>) -> Option<&'t Expr<'a>> {
    match tree {
        Stmt::Template(template) => match template.children.as_slice() {
            [Stmt::EmitExpr(only)] => Some(&only.expr),
            _ => None,
        },
        _ => None,
    }
}

/// Renders a template to text.
pub(super) fn render(source: &Placed<String>, scope: &Scope) -> Result<String, Fault> {
    run(&source.value, scope).map_err(|error| fault(source, &error))
}

fn run(text: &str, scope: &Scope) -> Result<String, Error> {
    let tree = Rewriting::default().statement(&parse(text, NAME, SYNTAX.clone())?);
    let mut generator = CodeGenerator::new(NAME, text);
    generator.compile_stmt(&tree);
    let (instructions, blocks) = generator.finish();
    let mut written = String::new();
    eval(&ENGINE, &instructions, scope.root(), &blocks, &mut make_string_output(&mut written), AutoEscape::None)?;
    Ok(written)
}

/// Evaluates an expression, written with braces or without, and hands its value to `take`.
pub(super) fn evaluate<T>(
    source: &Placed<String>,
    form: Form,
    wanted: Wanted,
    scope: &Scope,
    take: impl FnOnce(&Value) -> Result<T, Refusal>,
) -> Result<T, Fault> {
    let text = source.value.as_str();
    let made = match form {
        Form::Expression => parse_expr(text).and_then(|tree| compute(text, &tree, wanted, scope, take)),
        Form::Template => parse(text, NAME, SYNTAX.clone()).and_then(|tree| match single(&tree) {
            Some(expr) => compute(text, expr, wanted, scope, take),
            None => Err(Error::new(ErrorKind::SyntaxError, "not a single expression")),
        }),
    };
    made.map_err(|error| fault(source, &error))
}

fn compute<T>(
    text: &str,
    tree: &Expr<'_>,
    wanted: Wanted,
    scope: &Scope,
    take: impl FnOnce(&Value) -> Result<T, Refusal>,
) -> Result<T, Error> {
    let mut rewriting = Rewriting::default();
    let tree = match wanted {
        Wanted::Value => rewriting.value(tree),
        Wanted::Condition => rewriting.condition(tree),
    };
    let mut generator = CodeGenerator::new(NAME, text);
    generator.compile_expr(&tree);
    let (instructions, blocks) = generator.finish();
    let mut nowhere = String::new();
    let (value, _state) = eval(&ENGINE, &instructions, scope.root(), &blocks, &mut make_string_output(&mut nowhere), AutoEscape::None)?;
    Ok(take(&value.unwrap_or_default())?)
}

/// The fault that an error of the engine is. The engine's own account of its variables is never asked for.
fn fault(source: &Placed<String>, error: &Error) -> Fault {
    let range = error.range();
    let place = range.clone().map_or_else(|| source.place.clone(), |range| locate(&source.place, &source.value, range));
    Fault::new(FaultKind::Template, format!("{} ({place})", sentence(error, excerpt(&source.value, range).as_deref())))
}

fn sentence(error: &Error, excerpt: Option<&str>) -> String {
    let subject = excerpt.map_or_else(|| "the expression".to_owned(), |excerpt| format!("`{excerpt}`"));
    if let Some(refusal) = refusal(error) {
        return format!("{subject} {refusal}");
    }
    match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => "the template takes too many steps; does every loop end?".to_owned(),
        (ErrorKind::UndefinedError, _) => format!("{subject} is undefined"),
        (_, Some(detail)) if excerpt.is_some() => format!("{subject}: {}", text::one_line(detail, 300)),
        (_, Some(detail)) => text::one_line(detail, 300),
        (kind, None) => format!("{subject}: {kind}"),
    }
}

/// The guard's refusal that an error came from.
fn refusal(error: &Error) -> Option<&Refusal> {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(refusal) = inner.downcast_ref() {
            return Some(refusal);
        }
        cause = inner.source();
    }
    None
}
