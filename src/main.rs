//! The central scheduler: thin main.

fn main() {}
