//! Storage: adapters that implement the rooms' ports. The only place with SQL.
//!
//! A room says what it needs as a narrow port in domain operations; a file per room in `sqlite/`
//! implements it. Rooms never import this one; `cmd` wires them.

pub mod sqlite;
mod upgrade;

pub use sqlite::Store;
