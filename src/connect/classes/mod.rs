//! The classes that are built in.

pub mod ssh;
