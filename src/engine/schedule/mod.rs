//! Who runs next: a pure state machine over a plan.
//!
//! Facts and the time come in, orders and facts go out. Nothing here has a thread, a clock, a socket or a file, so random
//! orders of inputs test it. `walk` takes one cell through its steps; `lanes` says which cell may begin, and `needs`
//! which must have passed before; `links` keeps account of connections; `machine` puts them together.

mod lanes;
mod links;
mod machine;
mod needs;
mod orders;
mod walk;

#[cfg(test)]
mod tests;

pub use machine::Schedule;
pub use orders::{Input, Output};
