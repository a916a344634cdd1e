//! What templates, parsers, extractions and assertions make of a user's text and a device's answer.
//!
//! Everything is compiled once, from the model, and then used by any number of threads; a compiled value borrows
//! nothing. Nothing here touches a file, socket, clock, thread or the environment, and what a device answered is data:
//! it is never rendered as a template. Room order: `refusal`, `convert`, `scope`, `budget`, `compare`, `guard`,
//! `filters`, `environment`, `limits`, `rewrite`, `locate`, `machine`, `template`, `expression`, `value`, `pattern`, `parse`, `path`,
//! `describe`, `extract`, `nearest`, `judge`, `expected`, `operator`, `assertion`, `capture`,
//! `expectation`; each may use those before it.

mod refusal;

mod convert;

pub mod scope;

mod budget;

mod compare;

mod guard;

mod filters;

mod environment;

mod limits;

mod rewrite;

mod locate;

mod machine;

pub mod template;

pub mod expression;

pub mod value;

mod pattern;

pub mod parse;

mod path;

mod describe;

pub mod extract;

mod nearest;

mod judge;

mod expected;

mod operator;

pub mod assertion;

pub mod capture;

pub mod expectation;

#[cfg(test)]
mod tests;
