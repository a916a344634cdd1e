//! Connections to devices: classes and what they offer, the manager of a device's connections, pools, and the wires.
//!
//! Nothing here knows that anything is being tested. Room order: `interrupt`, `class`, `wire`, `classes`, `registry`,
//! `route`, `pool`, `manager`.

pub mod interrupt;

pub mod class;

pub mod classes;
