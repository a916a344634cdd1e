//! The bytes below the classes: processes of this machine.
//!
//! Nothing here knows a class, a device or a testbed.

pub mod process;
