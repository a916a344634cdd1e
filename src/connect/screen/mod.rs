//! Makes sense of what a command line says: bytes in, an answer out. Pure: when to look, and how long to wait, is for
//! whoever has the connection and a clock.
//!
//! Room order: `terminal`, `echo`, `exchange`.

mod terminal;

mod echo;

mod exchange;

#[cfg(test)]
mod tests;

pub(super) use exchange::{Screen, Sight};
