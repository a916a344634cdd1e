//! What happened, as pure data: calls, answers, faults, checks, events, verdicts, and the ledger that folds them.
//!
//! Nothing here touches a file, socket, clock, thread or the environment. Room order: `call`, `answer`, `fault`, `expected`,
//! `check`, `verdict`, `event`, `find`, `redact`, `stream`, `tap`, `keep`, `ledger`.

pub mod call;

pub mod answer;

pub mod fault;

pub mod expected;

pub mod check;

pub mod verdict;

pub mod event;

mod find;

pub mod redact;

pub mod stream;

pub mod tap;

pub mod keep;

pub mod ledger;
