//! What every floor needs: places in texts, diagnostics, deadlines, secrets and plain text.
//!
//! Nothing here touches a file, socket, clock, thread or the environment. Room order: `text`, `unique`, `duration`, `secret`,
//! `place`, `deadline`, `diagnostic`; each may use those before it.

pub mod text;

pub mod unique;

pub mod duration;

pub mod secret;

pub mod place;

pub mod deadline;

pub mod diagnostic;

#[cfg(test)]
pub(crate) mod tests;

/// Untyped data: variables, parsed answers, captured values. Maps keep their order.
pub type Data = serde_json::Value;

/// What kind of data it is, for messages: `text`, `a number`, `a list`.
#[must_use]
pub fn kind_of(data: &Data) -> &'static str {
    match data {
        Data::Null => "nothing",
        Data::Bool(_) => "a boolean",
        Data::Number(_) => "a number",
        Data::String(_) => "text",
        Data::Array(_) => "a list",
        Data::Object(_) => "a mapping",
    }
}
