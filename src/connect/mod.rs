//! Connections to devices: classes and what they offer, the manager of a device's connections, pools, and the wires.
//!
//! Nothing here knows that anything is being tested. Room order: `interrupt`, `class`, `patience`, `wire`, `platform`, `screen`,
//! `classes`, `registry`, `request`, `login`, `address`, `options`, `paths`, `route`, `why`, `pool`, `manager`, `lab`.

pub mod interrupt;

pub mod class;

pub mod patience;

pub mod wire;

pub mod platform;

mod screen;

pub mod classes;

pub mod registry;

pub mod request;

pub mod login;

mod address;

pub mod options;

pub mod paths;

pub mod route;

pub mod why;

pub mod pool;

pub mod manager;

pub mod lab;

#[cfg(test)]
mod fake;

#[cfg(test)]
mod sketch;
