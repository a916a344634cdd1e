//! What the documentation says is what the program does: every YAML example is read, most of them are run, and every
//! message and table that is shown is compared with the real one.
//!
//! The words after `yaml` at the head of a block say what is done with it:
//!
//! - nothing: `runner check` accepts it without a word. What is not a whole file is put into one first (`wrap`).
//! - `run`: it is run as well, and passes.
//! - `fails`: it is run, does not pass, and the next `text` block stands in what is printed.
//! - `warning`: it is accepted, with the warnings in the next `text` block.
//! - `error`: it is not accepted, for the errors in the next `text` block.
//! - `gitlab`: it belongs to another program, and must only be YAML; command lines in its `script` lists are checked.
//! - a name such as `lab.yaml`: it is that file for the other blocks of its page.

#![expect(clippy::expect_used, clippy::panic, reason = "a test whose stage cannot be set has failed")]

mod pages;
mod stage;
mod wrap;

mod commands;
mod examples;
mod links;
mod schemas;
mod tables;
mod trials;
mod words;
