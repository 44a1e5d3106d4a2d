//! The agent on a screen: thin main.

fn main() {}
