//! What the user wrote, as pure data with places: the YAML tree, the testbed, the job.
//!
//! Nothing here is checked against the world: whether a class, a device or a variable exists is `engine::plan`'s
//! question. Room order: `yaml`, `credential`, `testbed`, `assertion`, `step`, `matrix`, `job`, `platform`.

pub mod yaml;

pub mod credential;

pub mod testbed;

pub mod assertion;

pub mod step;

pub mod matrix;

pub mod job;

pub mod platform;
