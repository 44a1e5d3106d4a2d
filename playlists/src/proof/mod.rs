//! What was played, signed by the device that played it, and the one rule by which it counts.

pub mod anchor;
pub mod book;
pub mod bundle;
pub mod chain;
pub mod checkpoint;
pub mod count;
pub mod declared;
pub mod entry;
pub mod head;
pub mod note;
pub mod receipt;
pub mod record;
pub mod replay;
pub mod rollup;
pub mod sample;
pub mod segment;
pub mod tenure;
pub mod tile;
pub mod tree;
pub mod witness;
