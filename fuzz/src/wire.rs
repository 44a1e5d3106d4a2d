//! What travels between scheduler and devices. Signed bytes are signed here, so that what is inside is reached; that no
//! unsigned byte gets that far is held where signatures are.

use super::{choosing, chosen, json, refused};
use bytes::Bytes;
use futures_util::FutureExt as _;
use lichphat_player::core::DayPlan;
use lichphat_player::sync::sse::{EventReader, ServerEvent};
use lichphat_player::trigger::{Asked, TriggerSettings};
use lichphat_playlists::ids::{
    BootId, CampaignCode, CommandId, DeviceId, Epoch, PlanVersion, ScreenCode, Seq, Sha256Hash, UnitCode, VenueType,
};
use lichphat_playlists::media::{Fades, Media, MediaKind};
use lichphat_playlists::ports::ClockState;
use lichphat_playlists::proof::head::{DeviceHead, Seen};
use lichphat_playlists::proof::note::VerifierKey;
use lichphat_playlists::proof::receipt::Receipt;
use lichphat_playlists::proof::record::{Cause, DisplayLevel, Origin, PlayRecord, PlayResult};
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::{HANOI, IntervalSet, LocalDay, UtcMillis};
use lichphat_playlists::wire::command::{Answer, Ask, Challenge, Command, Outcome, Shown};
use lichphat_playlists::wire::device::{
    Heartbeat, HeartbeatAnswer, PairingOffer, PairingRequest, PairingState, Problem, Provisioning, Register,
    Registered, Renewal, Renewed,
};
use lichphat_playlists::wire::health::{ClockHealth, DisplayHealth, Health, LogFault, Room, Versions};
use lichphat_playlists::wire::permit::{
    Above, Approved, Document, Grounds, Permit, Place, Tie, Tied, What, Where, Withdrawals, Withdrawn,
};
use lichphat_playlists::wire::proofs::{Proofs, ProofsAsked, SegmentProof};
use lichphat_playlists::wire::release::{Failed, Release, Standing};
use lichphat_playlists::wire::sign::{
    Approving, Envelope, Evidence, Heading, LogSigning, PlanSigning, Receipting, Releasing, SigningKey,
};
use lichphat_playlists::wire::v1::{Asset, AssetTable, IndexEntry, Playlist, PlaylistIndex, Schema, Slot, Terms, Tier};
use std::sync::Arc;

const SEED: [u8; 32] = [7; 32];
const LIMIT_BYTES: usize = 1 << 20;

fn table() -> AssetTable {
    let asset = |code: &str, tier, duration_s| {
        let hash = Sha256Hash::of(code.as_bytes());
        let media = Media { hash, size_bytes: 1, kind: MediaKind::Video, duration_s };
        let code = CampaignCode::new(code).expect("a code");
        Asset { code, variant: "vi".into(), tier, media, volume_percent: 80, fades: Fades::default(), permit: None }
    };
    AssetTable { assets: vec![asset("ihanoi", Tier::Order, 15), asset("loop", Tier::Local, 8)] }
}

fn day() -> LocalDay {
    LocalDay::from_ymd(2026, 11, 20).expect("a day")
}

fn good_playlist() -> Playlist {
    Playlist {
        schema: Schema::V1,
        screen: ScreenCode::new("P00004-01").expect("a code"),
        day: day(),
        offset_min: HANOI,
        version: PlanVersion(1),
        cause: "first plan".into(),
        made_ms: UtcMillis(1_763_000_000_000),
        ledger_through: None,
        not_approved: Default::default(),
        assets: table().encode().1,
        place: Sha256Hash::of(b"place"),
        duty: IntervalSet::one(28_800, 43_200),
        terms: vec![Terms {
            campaign: CampaignCode::new("ihanoi").expect("a code"),
            windows: IntervalSet::one(28_800, 36_000),
            min_gap_s: 600,
            min_display: DisplayLevel::D1,
            daily_cap: 15,
            make_good_until: day(),
            priority: 1,
        }],
        fallback: 1,
        slots: vec![Slot { start_s: 28_800, item: 0 }, Slot { start_s: 28_815, item: 1 }],
    }
}

/// A playlist that opens is written again as it was; one that passes its table makes a day for the player.
pub(super) fn playlist(data: &[u8]) -> bool {
    let key = SigningKey::<PlanSigning>::from_seed(&SEED);
    let playlist = match Playlist::open(&Envelope::seal(data, 1, &key), &key.verifying_key()) {
        Ok(playlist) => playlist,
        Err(error) => return refused(&error),
    };
    let again = Playlist::open(&playlist.seal(&key), &key.verifying_key()).expect("what was sealed opens");
    assert_eq!(again, playlist);
    match DayPlan::new(Sha256Hash::of(data), playlist, Arc::new(table()), Grounds::default()) {
        Ok(plan) => {
            let slots = plan.playlist.slots.len();
            assert!((0..slots).all(|i| plan.start_ms(i).is_some_and(|ms| ms < 86_400_000)));
            true
        }
        Err(error) => refused(&error),
    }
}

pub(super) fn playlist_seeds() -> Vec<Vec<u8>> {
    vec![serde_json::to_vec(&good_playlist()).expect("writes")]
}

/// A document of approvals that opens is signed again as it was, and what it says can be asked.
pub(super) fn approval(data: &[u8]) -> bool {
    let key = SigningKey::<Approving>::from_seed(&SEED);
    let document = match Document::open(&Envelope::seal(data, 1, &key), &key.verifying_key()) {
        Ok(document) => document,
        Err(error) => return refused(&error),
    };
    let again = Document::open(&document.seal(&key).expect("what opens is signed"), &key.verifying_key());
    assert_eq!(again.expect("what was sealed opens"), document);
    let asset = &table().assets[0];
    match document {
        Document::Permit(permit) => {
            assert!(permit.covers(&permit));
            let _ = permit.allows((&asset.code, &asset.media), &good_place(), day());
        }
        Document::Place(place) => drop(place.units_on(day()).to_vec()),
        Document::Withdrawals(list) => {
            let mut joined = list.clone();
            joined.join(&list);
            assert_eq!(joined, list);
            assert!(list.withdrawn.iter().all(|w| list.since(w.what) == Some(w.at_ms)));
        }
    }
    true
}

fn owner(code: &str) -> Tied {
    Tied { by: Tie::Owner, unit: UnitCode::new(code).expect("a code") }
}

fn good_place() -> Place {
    let units = ["HN", "P1"].map(owner).into();
    Place {
        screen: ScreenCode::new("P00004-01").expect("a code"),
        version: 1_763_000_000_000,
        venue_type: VenueType::new("public_office").expect("a code"),
        above: vec![Above { from: None, units }, Above { from: Some(day()), units: Vec::new() }],
    }
}

pub(super) fn approval_seeds() -> Vec<Vec<u8>> {
    let unit = Some(owner("P1"));
    let permit = Permit {
        number: 12,
        campaign: CampaignCode::new("ihanoi").expect("a code"),
        media: vec![(&table().assets[0].media).into()],
        places: vec![Where { unit, venue_types: Vec::new(), screens: Vec::new() }],
        from: Some(day()),
        until: None,
        approved: vec![Approved { by: "van.tran".into(), decision: "12/QĐ".into(), at_ms: UtcMillis(5) }],
    };
    let withdrawn = Withdrawn { what: What::Media(Sha256Hash::of(b"a")), at_ms: UtcMillis(5) };
    let list = Withdrawals { version: 9, withdrawn: vec![withdrawn] };
    [Document::Permit(permit), Document::Place(good_place()), Document::Withdrawals(list)]
        .map(|document| serde_json::to_vec(&document).expect("writes"))
        .into()
}

pub(super) fn assets(data: &[u8]) -> bool {
    match AssetTable::decode(data, Sha256Hash::of(data)) {
        Ok(table) => {
            let (bytes, hash) = table.encode();
            assert_eq!(AssetTable::decode(&bytes, hash).expect("what was written can be read"), table);
            assert!(AssetTable::decode(&bytes, Sha256Hash::of(b"another")).is_err());
            true
        }
        Err(error) => refused(&error),
    }
}

pub(super) fn asset_seeds() -> Vec<Vec<u8>> {
    vec![table().encode().0]
}

/// Whole envelopes: without a signature of ours nothing opens.
pub(super) fn envelope(data: &[u8]) -> bool {
    let plan = SigningKey::<PlanSigning>::from_seed(&SEED).verifying_key();
    let evidence = SigningKey::<Evidence>::from_seed(&SEED).verifying_key();
    let receipting = SigningKey::<Receipting>::from_seed(&SEED).verifying_key();
    let envelope = match Envelope::from_bytes(data.to_vec()) {
        Ok(envelope) => envelope,
        Err(error) => return refused(&error),
    };
    assert_eq!(envelope.as_bytes(), data);
    let content = envelope.content_unverified(LIMIT_BYTES);
    assert!(content.as_ref().is_ok_and(|c| c.len() <= LIMIT_BYTES) || content.is_err());
    let _ = (Segment::claimed_device(&envelope), Segment::open_stored(&envelope));
    let opened = [
        Playlist::open(&envelope, &plan).is_ok(),
        Segment::open(&envelope, &evidence).is_ok(),
        Receipt::open(&envelope, &receipting).is_ok(),
        Command::open(&envelope, &SigningKey::from_seed(&SEED).verifying_key()).is_ok(),
        Answer::open(&envelope, &SigningKey::from_seed(&SEED).verifying_key()).is_ok(),
    ];
    let opened = opened.iter().filter(|open| **open).count();
    assert!(opened <= 1, "one signature opens one kind of document");
    opened == 1
}

pub(super) fn envelope_seeds() -> Vec<Vec<u8>> {
    vec![
        good_playlist().seal(&SigningKey::from_seed(&SEED)).into_bytes(),
        good_segment().seal(&SigningKey::from_seed(&SEED)).into_bytes(),
        good_receipt().seal(&SigningKey::from_seed(&SEED)).into_bytes(),
        good_command().seal(&SigningKey::from_seed(&SEED)).into_bytes(),
        good_answer().seal(&SigningKey::from_seed(&SEED)).into_bytes(),
    ]
}

fn good_segment() -> Segment {
    let start = day().at(28_800, HANOI);
    let record = |n: u32, origin, result| PlayRecord {
        plan: Sha256Hash::of(b"plan"),
        item: (n % 2) as u16,
        origin,
        boot: BootId(1),
        start: start.plus_ms(i64::from(n) * 15_000),
        end: start.plus_ms(i64::from(n) * 15_000 + 15_000),
        mono_start_ms: 1_000 + u64::from(n) * 15_000,
        clock: ClockState::Synced,
        clock_error_ms: 3,
        frames_rendered: 450,
        frames_dropped: 0,
        display: DisplayLevel::D1,
        area_percent: 100,
        result,
    };
    let missed = Origin::MakeGood { missed_plan: Sha256Hash::of(b"older"), missed_slot: 2 };
    Segment {
        device: DeviceId(4),
        epoch: Epoch(1),
        first_seq: Seq(65),
        screen: ScreenCode::new("P00004-01").expect("a code"),
        offset: HANOI,
        simulated: true,
        previous: Sha256Hash::of(b"before"),
        anchor: String::new(),
        records: vec![
            record(0, Origin::Planned { slot: 0 }, PlayResult::Complete),
            record(1, missed, PlayResult::Partial(Cause::EndedEarly)),
            record(2, Origin::Fallback, PlayResult::Complete),
            record(3, Origin::Planned { slot: 1 }, PlayResult::Skipped(Cause::DeviceOff)),
        ],
    }
}

pub(super) fn segment(data: &[u8]) -> bool {
    let key = SigningKey::<Evidence>::from_seed(&SEED);
    let envelope = Envelope::seal(data, 1, &key);
    match Segment::open(&envelope, &key.verifying_key()) {
        Ok(segment) => {
            assert_eq!(Segment::claimed_device(&envelope), Ok((segment.device, segment.epoch)));
            assert!(segment.last_seq().0 + 1 >= segment.first_seq.0);
            let again = segment.seal(&key);
            assert_eq!(Segment::open_stored(&again).expect("what was sealed opens"), segment);
            true
        }
        Err(error) => refused(&error),
    }
}

pub(super) fn segment_seeds() -> Vec<Vec<u8>> {
    let sealed = good_segment().seal(&SigningKey::from_seed(&SEED));
    vec![sealed.content_unverified(LIMIT_BYTES).expect("our own")]
}

fn good_receipt() -> Receipt {
    let head = Some(Sha256Hash::of(b"segment"));
    Receipt { device: DeviceId(4), epoch: Epoch(1), acked: Seq(64), head, at_ms: UtcMillis(1_763_000_000_000) }
}

pub(super) fn receipt(data: &[u8]) -> bool {
    let key = SigningKey::<Receipting>::from_seed(&SEED);
    match Receipt::open(&Envelope::seal(data, 1, &key), &key.verifying_key()) {
        Ok(receipt) => {
            assert_eq!(Receipt::open(&receipt.seal(&key), &key.verifying_key()), Ok(receipt));
            true
        }
        Err(error) => refused(&error),
    }
}

pub(super) fn receipt_seeds() -> Vec<Vec<u8>> {
    vec![serde_json::to_vec(&good_receipt()).expect("writes")]
}

/// A head that opens is written again as it was.
pub(super) fn head(data: &[u8]) -> bool {
    let key = SigningKey::<Evidence>::from_seed(&SEED);
    let signed = Envelope::seal(data, 1, &SigningKey::<Heading>::from_seed(&SEED));
    match DeviceHead::open(&signed, &key.verifying_key()) {
        Ok(head) => {
            assert_eq!(DeviceHead::claimed(&signed).as_ref(), Ok(&head));
            assert_eq!(DeviceHead::open(&head.seal(&key), &key.verifying_key()), Ok(head));
            true
        }
        Err(error) => refused(&error),
    }
}

pub(super) fn head_seeds() -> Vec<Vec<u8>> {
    let seen = Some(Seen { size: 9, root: Sha256Hash::of(b"root") });
    let (sealed, segment, at_ms) = (Seq(64), Some(Sha256Hash::of(b"segment")), UtcMillis(1_763_000_000_000));
    let head = DeviceHead { device: DeviceId(4), epoch: Epoch(1), sealed, segment, seen, at_ms };
    vec![serde_json::to_vec(&head).expect("writes")]
}

/// A release that opens is written again as it was.
pub(super) fn release(data: &[u8]) -> bool {
    let key = SigningKey::<Releasing>::from_seed(&SEED);
    match Release::open(&Envelope::seal(data, 1, &key), &key.verifying_key()) {
        Ok(release) => {
            let sealed = release.seal(&key).expect("what was opened can be sealed");
            assert_eq!(Release::open(&sealed, &key.verifying_key()), Ok(release));
            true
        }
        Err(error) => refused(&error),
    }
}

pub(super) fn release_seeds() -> Vec<Vec<u8>> {
    let release = Release {
        serial: 7,
        version: "0.2.0".into(),
        arch: "aarch64".into(),
        file: Sha256Hash::of(b"player"),
        size_bytes: 20 << 20,
        least: 3,
        permille: 1000,
        not_before_ms: UtcMillis(1_763_000_000_000),
    };
    vec![serde_json::to_vec(&release).expect("writes")]
}

/// Bodies of the device protocol.
pub(super) fn device_bodies(data: &[u8]) -> bool {
    let Some((way, body)) = chosen(data, 16) else { return false };
    match way {
        0 => json::<Register>(body).is_some(),
        1 => json::<Registered>(body).is_some(),
        2 => json::<Heartbeat>(body).is_some(),
        3 => json::<HeartbeatAnswer>(body).is_some(),
        4 => json::<PlaylistIndex>(body).is_some(),
        5 => json::<Provisioning>(body).is_some(),
        6 => json::<Command>(body).is_some(),
        7 => json::<Answer>(body).is_some(),
        8 => json::<ProofsAsked>(body).is_some(),
        9 => json::<Proofs>(body).is_some_and(|proofs| Proofs::decode(&proofs.encode()) == Ok(proofs)),
        10 => json::<Problem>(body).is_some(),
        11 => json::<PairingRequest>(body).is_some(),
        12 => json::<PairingOffer>(body).is_some(),
        13 => json::<PairingState>(body).is_some(),
        14 => json::<Renewal>(body).is_some(),
        _ => json::<Renewed>(body).is_some(),
    }
}

pub(super) fn device_body_seeds() -> Vec<Vec<u8>> {
    let (screen, token) = (ScreenCode::new("P00004-01").expect("a code"), "00ff".repeat(16));
    let entry = IndexEntry {
        day: day(),
        version: PlanVersion(3),
        plan: Sha256Hash::of(b"plan"),
        assets: Sha256Hash::of(b"assets"),
    };
    let heartbeat = Heartbeat {
        at_ms: UtcMillis(1_763_000_000_000),
        boot: BootId(2),
        run: "0a1b2c3d".into(),
        last_seq: Seq(70),
        acked_seq: Seq(64),
        head: Some("TFBI".into()),
        health: health(),
        release: Some(Standing {
            arch: "aarch64".into(),
            serial: 3,
            trial: Some(5),
            failed: Some(Failed { serial: 4, cause: "crashed".into() }),
        }),
        media_missing: 1,
        faults: vec!["stage: no sound device".into()],
    };
    let csr = "MIHH".to_owned();
    let register = Register::new(token.clone(), &SigningKey::from_seed(&[1; 32]), csr.clone(), "x", true);
    let registered = Registered {
        device: DeviceId(4),
        epoch: Epoch(1),
        screen: screen.clone(),
        certificate: "-----BEGIN CERTIFICATE-----\n".into(),
        at_ms: UtcMillis(1),
    };
    let provisioning = Provisioning {
        server: "http://127.0.0.1:8087".into(),
        pairing: String::new(),
        authority: String::new(),
        screen,
        plan_key: "A".repeat(43),
        approval_key: "D".repeat(43),
        receipt_key: "B".repeat(43),
        command_key: "C".repeat(43),
        log_key: log_key(),
        token,
    };
    let problem =
        Problem { status: 403, kind: "token-used".into(), title: "The token was used.".into(), detail: String::new() };
    let offer = PairingOffer {
        code: "K7QM4XHD".into(),
        claim: "00ff".repeat(16),
        url: "https://bang-dien-tu.example:8087/pairing".into(),
        server_name: "bang-dien-tu.example".into(),
        expires_in_s: 600,
        poll_s: 5,
    };
    let (index, commands) = ("\"abc\"".into(), vec!["AA".into()]);
    let answer = HeartbeatAnswer { at_ms: UtcMillis(5), index, commands, renew: true, release: Some("TFBI".into()) };
    let bodies = [
        serde_json::to_vec(&register),
        serde_json::to_vec(&registered),
        serde_json::to_vec(&heartbeat),
        serde_json::to_vec(&answer),
        serde_json::to_vec(&PlaylistIndex { withdrawals: Some(Sha256Hash::of(b"w")), days: vec![entry] }),
        serde_json::to_vec(&provisioning),
        serde_json::to_vec(&good_command()),
        serde_json::to_vec(&good_answer()),
        serde_json::to_vec(&ProofsAsked { epoch: Epoch(1), after_seq: Seq(64), size: 9 }),
        serde_json::to_vec(&good_proofs()),
        serde_json::to_vec(&problem),
        serde_json::to_vec(&PairingRequest { software: "x".into(), csr: csr.clone() }),
        serde_json::to_vec(&offer),
        serde_json::to_vec(&PairingState::Confirmed(Box::new(provisioning))),
        serde_json::to_vec(&Renewal { csr }),
        serde_json::to_vec(&Renewed { certificate: registered.certificate.clone() }),
    ];
    (0u8..).zip(bodies).map(|(way, body)| choosing(way, &body.expect("writes"))).collect()
}

fn log_key() -> VerifierKey<LogSigning> {
    VerifierKey::new("lichphat.example/log", SigningKey::from_seed(&SEED).verifying_key()).expect("a name")
}

fn good_proofs() -> Proofs {
    let proof = vec![Sha256Hash::of(b"a"), Sha256Hash::of(b"b")];
    let segment = SegmentProof { first_seq: Seq(65), log_index: 7, received_ms: UtcMillis(5), proof: proof.clone() };
    Proofs { from: 9, checkpoint: "a\n".into(), consistency: proof, segments: vec![segment] }
}

fn good_command() -> Command {
    Command {
        id: CommandId(1_763_000_000_000),
        device: DeviceId(4),
        epoch: Epoch(1),
        screen: ScreenCode::new("P00004-01").expect("a code"),
        asked_ms: UtcMillis(1_763_000_000_000),
        expires_ms: UtcMillis(1_763_000_900_000),
        ask: Ask::Identify { name: "Sảnh tiếp dân".into() },
    }
}

fn good_answer() -> Answer {
    let challenge = Challenge { nonce: "00".repeat(16), salt: "11".repeat(16), code: "K7QM-4XHD".into() };
    let shown = Shown {
        from_ms: UtcMillis(1_763_000_000_000),
        until_ms: UtcMillis(1_763_000_060_000),
        display: DisplayLevel::D2,
        challenge: Some(challenge),
    };
    let outcome = Outcome::Shown(shown);
    Answer { id: CommandId(7), device: DeviceId(4), epoch: Epoch(1), at_ms: UtcMillis(1_763_000_000_000), outcome }
}

fn health() -> Health {
    Health {
        temperature_mc: Some(48_312),
        disk: Some(Room { free_bytes: 1 << 33, total_bytes: 1 << 35 }),
        memory: None,
        player_memory_bytes: Some(1 << 27),
        clock: ClockHealth { state: ClockState::Holdover, error_ms: Some(1000), offset_ms: Some(-12) },
        display: DisplayHealth { level: DisplayLevel::D1, connector: Some("card0-HDMI-A-1".into()), panel: None },
        versions: Versions { software: "lichphat-player 0.1.0".into(), framework: None, kernel: None },
        uptime_s: Some(60),
        running_s: 5,
        data_used_bytes: None,
        log: Some(LogFault::RolledBack),
        unproven_s: Some(1),
    }
}

/// Server-sent events are the same however the body is cut.
pub(super) fn events(data: &[u8]) -> bool {
    // a line that is longer than any honest one is noise, and where it is noticed depends on the cuts
    let data = &data[..data.len().min(4_000)];
    let read = |size: usize| -> Vec<ServerEvent> {
        let chunks: Vec<_> = data.chunks(size).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
        let mut reader = EventReader::new(Box::pin(futures_util::stream::iter(chunks)));
        std::iter::from_fn(|| reader.next().now_or_never().expect("the whole body is there")).collect()
    };
    let whole = read(4_000);
    assert!([1, 3, 64].iter().all(|&size| read(size) == whole), "the cuts are heard");
    !whole.is_empty()
}

/// A word of the announcing side: of what anybody may send, only the two words with the key are taken.
pub(super) fn announcement(data: &[u8]) -> bool {
    let settings = TriggerSettings { key: "cua-ra-12-noi-bai".into(), ..TriggerSettings::default() };
    let Some(asked) = settings.read(data) else { return false };
    let word = match asked {
        Asked::Hold => "hold",
        Asked::Release => "release",
    };
    assert_eq!(data.trim_ascii_end(), format!("{word} {}", settings.key).as_bytes());
    true
}
pub(super) fn announcement_seeds() -> Vec<Vec<u8>> {
    vec![b"hold cua-ra-12-noi-bai".to_vec(), b"release cua-ra-12-noi-bai\r\n".to_vec()]
}

pub(super) fn event_seeds() -> Vec<Vec<u8>> {
    vec![b": hello\n\nevent: playlist\ndata: \"abc\"\n\nevent: x\r\ndata: 1\r\ndata: 2\r\n\r\ndata:3\n\n".to_vec()]
}
