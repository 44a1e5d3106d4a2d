//! The agent on a screen.
