//! The binary `runner`: everything is in the library's `cli`.

fn main() {}
