//! What travels: the playlist document players fetch, and the envelope that signs it.

pub mod command;
pub mod device;
pub mod health;
pub mod permit;
pub mod proofs;
pub mod release;
pub mod sign;
pub mod stick;
pub mod v1;
