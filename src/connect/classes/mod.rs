//! The kinds of connection that come with this program.
//!
//! A class knows its wire and nothing of jobs, pools or managers.

pub mod replay;
pub mod shell;
pub mod ssh;
