//! A bundle as an auditor is handed it: the zip, and each of its files on its own in an otherwise good bundle.

use super::{choosing, chosen, refused};
use lichphat_playlists::figures::{Basis, Period};
use lichphat_playlists::ids::CampaignCode;
use lichphat_playlists::proof::bundle::{self, Keys, put_entry};
use lichphat_playlists::proof::checkpoint::Checkpoint;
use lichphat_playlists::proof::entry::{Entry, Statement};
use lichphat_playlists::proof::note::VerifierKey;
use lichphat_playlists::proof::tree::leaf_hash;
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis};
use lichphat_playlists::wire::sign::{LogSigning, SigningKey};
use lichphat_verify::{Options, Writer, page, verify};
use std::io::Cursor;
use std::sync::LazyLock;

/// Its files, of a campaign without screens and a log of one statement.
static FILES: LazyLock<Vec<(&'static str, Vec<u8>)>> = LazyLock::new(|| {
    let key = SigningKey::<LogSigning>::from_seed(&[7; 32]);
    let name = VerifierKey::new("lichphat.example/log", key.verifying_key()).expect("a name");
    let (plan, receipt) =
        (SigningKey::from_seed(&[5; 32]).verifying_key(), SigningKey::from_seed(&[6; 32]).verifying_key());
    let at_ms = UtcMillis(1_763_000_000_000);
    let stated = Statement::Keys {
        plan: Box::new(plan),
        receipt: Box::new(receipt),
        approval: Box::new(SigningKey::from_seed(&[6; 32]).verifying_key()),
        at_ms,
    };
    let entry = Entry::Statement(stated).encode();
    let checkpoint =
        Checkpoint { origin: name.name().to_owned(), size: 1, root: leaf_hash(&entry), extensions: Vec::new() };
    let mut statements = Vec::new();
    assert!(put_entry(&mut statements, 0, &entry), "it is short");
    let basis = basis();
    let json = |value: serde_json::Result<Vec<u8>>| value.expect("writes");
    vec![
        (bundle::KEYS, json(serde_json::to_vec(&Keys { log: name.clone(), ended: Vec::new() }))),
        (bundle::CHECKPOINT, checkpoint.sign(&name, &key).to_string().into_bytes()),
        (bundle::CHECKPOINTS, b"[]".to_vec()),
        (bundle::INCLUSION, Vec::new()),
        (bundle::STATEMENTS, statements),
        (bundle::STARTS, b"{}".to_vec()),
        (bundle::BASIS, json(serde_json::to_vec(&basis))),
        (bundle::REPORT, json(serde_json::to_vec(&basis.report()))),
        (bundle::APPROVALS, Vec::new()),
    ]
});

fn basis() -> Basis {
    let day: LocalDay = "2026-11-20".parse().expect("a day");
    Basis {
        campaign: CampaignCode::new("ihanoi").expect("a code"),
        title: "iHanoi".into(),
        sample: false,
        quota: None,
        period: Period { from: day, to: day, now: day.at(80_000, HANOI), offset: HANOI },
        screens: Vec::new(),
        links: Vec::new(),
        quota_units: Vec::new(),
    }
}

/// A good bundle, with `other` in the place of the file of that number.
fn packed(other: Option<(usize, &[u8])>) -> Vec<u8> {
    let mut writer = Writer::new(Cursor::new(Vec::new()));
    for (n, (name, bytes)) in FILES.iter().enumerate() {
        let bytes = other.filter(|(m, _)| *m == n).map_or(&bytes[..], |(_, other)| other);
        writer.put(name, bytes).expect("memory is there");
    }
    let Basis { campaign, period, .. } = basis();
    let key = SigningKey::from_seed(&[6; 32]); // the receipts'
    writer.finish(campaign, (period.from, period.to), &key).expect("memory is there").into_inner()
}

/// It is refused with words, or judged, and then there is a page for people; only the good one holds.
pub(super) fn bundles(data: &[u8]) -> bool {
    let Some((way, rest)) = chosen(data, FILES.len() + 1) else { return false };
    let zip = if way == 0 { rest.to_vec() } else { packed(Some((way - 1, rest))) };
    match verify(|| Ok(Cursor::new(&zip)), &Options::default(), &mut |_, _| {}) {
        Ok(verdict) => {
            assert_eq!(verdict.ok, verdict.faults.is_empty(), "what fails is named, and nothing else fails");
            assert!(page(&verdict).starts_with("<!"), "no page");
            true
        }
        Err(error) => refused(&error),
    }
}

pub(super) fn bundle_seeds() -> Vec<Vec<u8>> {
    let files = (1u8..).zip(FILES.iter()).map(|(way, (_, bytes))| choosing(way, bytes));
    [choosing(0, &packed(None))].into_iter().chain(files).collect()
}
