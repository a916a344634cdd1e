//! What happened, as pure data: calls, answers, faults, checks, events, verdicts, and the ledger that folds them.
//!
//! Nothing here touches a file, socket, clock, thread or the environment. Room order: `call`, `answer`, `fault`, `expected`,
//! `check`, `verdict`, `event`, `redact`, `keep`, `ledger`.

pub mod call;

pub mod answer;

pub mod fault;

pub mod expected;

pub mod check;

pub mod verdict;

pub mod event;

pub mod redact;

pub mod keep;

pub mod ledger;
