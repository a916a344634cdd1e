//! The one template engine of the program: strict, unescaped, bounded, and without anything that shows variables.

use crate::eval::{filters, guard};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use std::sync::LazyLock;

/// Steps of one rendering.
const FUEL: u64 = 3_000_000;

/// Frames within each other: a loop or block is one, a macro call four.
const RECURSION: usize = 80;

/// The engine.
pub(super) static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(RECURSION);
    environment.set_debug(false);
    guard::install(&mut environment);
    filters::install(&mut environment);
    environment
});

/// Jinja2's delimiters; a line break at the end of a template stays, as it does in a literal text.
pub(super) static SYNTAX: LazyLock<SyntaxConfig> = LazyLock::new(|| {
    let mut builder = SyntaxConfig::builder();
    builder.keep_trailing_newline(true);
    // The default delimiters always build.
    builder.build().unwrap_or_default()
});

/// The names of functions that an expression may call.
pub(super) fn functions() -> impl Iterator<Item = &'static str> {
    ENGINE.globals().map(|(name, _)| name)
}
