//! A byte is flipped anywhere in a small bundle, the zip's own housekeeping included: it is noticed, or it is one of the few
//! that say nothing of the content.

use crate::square::{Square, judged};
use std::io::Cursor;

/// How far apart the bytes are that are tried: every one with `LICHPHAT_FLIPS=1`.
fn step() -> usize {
    std::env::var("LICHPHAT_FLIPS").ok().and_then(|n| n.parse().ok()).unwrap_or(17)
}

/// What an unpacker is told of a file beside its content: which system packed it, and its permissions (APPNOTE 4.4.2, 4.4.15).
/// The verifier unpacks nothing to disk.
fn says_nothing(zip: &[u8]) -> Vec<usize> {
    let entries = (0..zip.len() - 4).filter(|&at| &zip[at..at + 4] == b"PK\x01\x02");
    entries.flat_map(|at| [at + 5].into_iter().chain(at + 38..at + 42)).collect()
}

#[tokio::test]
async fn every_flipped_byte_is_noticed_or_says_nothing() {
    let square = Square::lived().await;
    let (bundle, options) = (square.bundle(None).await, square.options());
    assert!(judged(&bundle, &options).ok);
    let mut unnoticed: Vec<usize> = Vec::new();
    let mut flipped = bundle.clone();
    for at in (0..bundle.len()).step_by(step()) {
        flipped[at] ^= 1 << (at % 8);
        let verdict = lichphat_verify::verify(|| Ok(Cursor::new(&flipped)), &options, &mut |_, _| {});
        if verdict.is_ok_and(|v| v.ok) {
            unnoticed.push(at);
        }
        flipped[at] = bundle[at];
    }
    let spare = says_nothing(&bundle);
    println!("{} bytes, every {}th flipped, {} flips unnoticed", bundle.len(), step(), unnoticed.len());
    assert!(unnoticed.iter().all(|at| spare.contains(at)), "{unnoticed:?} of {} bytes", bundle.len());
    assert!(spare.len() * 100 <= bundle.len(), "{} of {} bytes", spare.len(), bundle.len());
}
