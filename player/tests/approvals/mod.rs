//! What people approved, and nothing else, whoever owns the scheduler and its plan key.

use super::support::*;
use lichphat_player::cache::{Cache, Held, StdMediaFs};
use lichphat_player::sim_support::SimDevice;
use lichphat_player::sim_support::approve::{permit, place as stands};
use lichphat_player::trigger::{Asked, Mode};
use lichphat_playlists::ids::{CampaignCode, PlanHash, PlanVersion, ScreenCode, Sha256Hash, UnitCode};
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::proof::record::{Cause, Origin, PlayRecord, PlayResult};
use lichphat_playlists::stand_in::PICTURE;
use lichphat_playlists::time::LocalDay;
use lichphat_playlists::wire::permit::{Document, Permit, Tie, Tied, What, Where};
use lichphat_playlists::wire::v1::{Asset, AssetTable, Playlist};
use std::collections::BTreeSet;
use std::sync::Arc;

fn owner(code: &str) -> Tied {
    Tied { by: Tie::Owner, unit: UnitCode::new(code).unwrap() }
}

fn today() -> LocalDay {
    day("2026-11-20")
}

/// The order at 08:05 and 08:15, the loop in between.
fn morning() -> Playlist {
    playlist(today(), "08:00-08:30", &[29_100, 29_700])
}

/// A plan over another table, as whoever has the plan key would make it.
fn publish(server: &FakeServer, table: &AssetTable, parts: Playlist) {
    let (bytes, assets) = table.encode();
    server.lock().assets.insert(assets, bytes);
    server.publish(&Playlist { assets, ..parts });
}

fn shown(records: &[PlayRecord], item: u16) -> usize {
    records.iter().filter(|r| r.item == item && r.result.was_shown()).count()
}

fn told(device: &SimDevice, words: &str) -> bool {
    device.agent.playing().faults().iter().any(|fault| fault.contains(words))
}

/// Turns an asset of a good table into something that nobody approved.
type Forge = fn(&FakeServer, &mut Asset);

#[tokio::test]
async fn who_owns_the_plan_key_alone_shows_nothing_that_was_not_approved() {
    let forge: [(&str, Forge); 7] = [
        ("no permit", |_, asset| asset.permit = None),
        ("signed with the plan key", |server, asset| {
            asset.permit = Some(server.plant(&Document::Permit(permit(asset)), &plan_key()));
        }),
        ("of another campaign", |_, asset| asset.code = CampaignCode::new("other").unwrap()),
        ("of other bytes", |server, asset| {
            let bytes = b"an attacker's picture".to_vec();
            (asset.media.hash, asset.media.size_bytes) = (Sha256Hash::of(&bytes), bytes.len() as u64);
            server.lock().media.insert(asset.media.hash, bytes);
        }),
        ("of another length", |_, asset| asset.media.duration_s = 14),
        ("for yesterday", |server, asset| {
            let yesterday = Permit { until: Some(today().previous()), ..permit(asset) };
            asset.permit = Some(server.plant(&Document::Permit(yesterday), &approval_key()));
        }),
        ("for another ward", |server, asset| {
            let places = vec![Where { unit: Some(owner("P9")), venue_types: Vec::new(), screens: Vec::new() }];
            asset.permit = Some(server.plant(&Document::Permit(Permit { places, ..permit(asset) }), &approval_key()));
        }),
    ];
    for (what, forge) in forge {
        let world = World::at(at(today(), "07:55")).await;
        let mut table = assets();
        forge(&world.server, &mut table.assets[usize::from(IHANOI)]);
        let mut parts = morning();
        parts.terms.clear();
        publish(&world.server, &table, parts);
        let mut device = world.device();
        device.run_until(at(today(), "08:20"), 60_000).await;
        let records = world.records();
        assert_eq!(shown(&records, IHANOI), 0, "{what}");
        let skipped: Vec<_> = records.iter().filter(|r| r.item == IHANOI).map(|r| r.result).collect();
        assert_eq!(skipped, [PlayResult::Skipped(Cause::NotApproved); 2], "{what}: written down, each once");
        let instead = records.iter().filter(|r| r.origin == Origin::Fallback && r.item == SAFE);
        assert!(instead.count() >= 2, "{what}: the safe loop goes on");
        let mut ends = records.iter().filter(|r| r.result.was_shown());
        let mut end = ends.next().unwrap().end;
        for record in ends {
            assert!(record.start.since_ms(end) < 1_000, "{what}: nothing goes black");
            end = record.end;
        }
    }
}

#[tokio::test]
async fn a_plan_that_moves_the_screen_is_refused_and_an_older_place_moves_it_back_nowhere() {
    let world = World::at(at(today(), "07:55")).await;
    let ours = ScreenCode::new(SCREEN).unwrap();
    let mut table = assets();
    let places = vec![Where { unit: Some(owner("P1")), venue_types: Vec::new(), screens: Vec::new() }];
    let order = &mut table.assets[usize::from(IHANOI)];
    let for_p1 = Document::Permit(Permit { places, ..permit(order) });
    order.permit = Some(world.server.plant(&for_p1, &approval_key()));
    let at_p1 = world.server.plant(&Document::Place(stands(&ours, 7, vec![owner("P1")])), &approval_key());
    let at_p9 = world.server.plant(&Document::Place(stands(&ours, 9, vec![owner("P9")])), &approval_key());
    publish(&world.server, &table, Playlist { place: at_p1, ..morning() });
    let mut device = world.device();
    device.run_until(at(today(), "08:10"), 60_000).await;
    assert_eq!(shown(&world.records(), IHANOI), 1);

    // by whoever signs plans, or where another screen stands: refused as a whole, the plan before goes on
    let other = ScreenCode::new("P00009-01").unwrap();
    for (n, forged) in [
        world.server.plant(&Document::Place(stands(&ours, 99, vec![owner("P1")])), &plan_key()),
        world.server.plant(&Document::Place(stands(&other, 99, vec![owner("P1")])), &approval_key()),
    ]
    .into_iter()
    .enumerate()
    {
        let version = PlanVersion(2 + n as u32);
        publish(&world.server, &table, Playlist { place: forged, version, ..morning() });
        device.meet().await;
        assert!(told(&device, "the place it names is not this screen's"), "{:?}", device.agent.playing().faults());
        let asked = world.server.lock().requests.len();
        device.meet().await;
        let again = world.server.lock().requests[asked..].iter().any(|path| path.contains("plans"));
        assert!(!again, "nothing can make it good, so it is not fetched in each round");
    }

    // moved in earnest: what was approved for the old ward is not shown any more, also not by an older word on its place
    publish(&world.server, &table, Playlist { place: at_p9, version: PlanVersion(4), ..morning() });
    device.meet().await;
    publish(&world.server, &table, Playlist { place: at_p1, version: PlanVersion(5), ..morning() });
    let mut device = world.power_cut(device, at(today(), "08:12"));
    device.run_until(at(today(), "08:20"), 60_000).await;
    assert_eq!(shown(&world.records(), IHANOI), 1, "the one at 08:05");
    assert_eq!(device.agent.playing().core().plan_of(today()).unwrap().playlist.version, PlanVersion(5));
}

#[tokio::test]
async fn what_is_taken_back_is_broken_off_at_once_and_never_comes_again() {
    let world = World::at(at(today(), "07:55")).await;
    world.server.publish(&morning());
    let mut device = world.device();
    device.meet().await;
    device.step_until(at(today(), "08:05:06")); // six seconds into the order's spot
    let order = assets().assets[usize::from(IHANOI)].clone();
    world.server.withdraw(5, &[What::Permit(order.permit.unwrap())]);
    device.meet().await;
    device.step_until(at(today(), "08:05:08"));
    let records = world.records();
    let broken = records.last().unwrap();
    assert_eq!((broken.item, broken.result), (IHANOI, PlayResult::Partial(Cause::Withdrawn)));
    assert!(broken.end.since_ms(at(today(), "08:05:06")) < 1_000, "{broken:?}");
    device.step_until(at(today(), "08:06"));
    let next = world.records()[records.len()];
    assert!(next.start.since_ms(broken.end) < 1_000 && next.item != IHANOI, "the next in line: {next:?}");

    // a list of before, as of a server whose clock had run ahead, that has forgotten it and knows another thing: it brings
    // nothing back, and what it says is heeded; nor does a restart without a network bring back anything
    let five = What::Media(assets().assets[usize::from(LOCAL_5)].media.hash);
    for (version, what) in [(4, vec![]), (3, vec![five]), (6, vec![])] {
        world.server.withdraw(version, &what);
        device.meet().await;
        let asked = world.server.lock().requests.len();
        device.meet().await;
        let again = world.server.lock().requests[asked..].iter().any(|path| path.contains("approvals"));
        assert!(!again, "version {version} is held, and not asked for again");
    }
    world.server.lock().offline = true;
    let mut device = world.power_cut(device, at(today(), "08:10"));
    device.run_until(at(today(), "08:30"), 60_000).await;
    let records = world.records();
    assert_eq!(shown(&records, IHANOI), 1, "the one that was broken off");
    let later: Vec<_> = records.iter().filter(|r| r.item == IHANOI).skip(1).map(|r| r.result).collect();
    assert_eq!(later, [PlayResult::Skipped(Cause::Withdrawn)], "08:15");
    let five = records.iter().filter(|r| r.item == LOCAL_5 && r.start >= at(today(), "08:10"));
    assert!(five.clone().count() > 0 && five.clone().all(|r| !r.result.was_shown()), "the file that was taken back");
}

#[tokio::test]
async fn what_began_just_before_it_was_taken_back_is_broken_off_when_the_stage_says_so() {
    let world = World::at(at(today(), "07:55")).await;
    world.server.publish(&morning());
    let mut device = world.device();
    device.meet().await;
    device.step_until(at(today(), "08:04:59"));
    world.clock.advance_to(at(today(), "08:05").plus_ms(400)); // the stage has begun, and nobody has heard of it
    world.server.withdraw(5, &[What::Permit(assets().assets[usize::from(IHANOI)].permit.unwrap())]);
    device.meet().await;
    device.step_until(at(today(), "08:06"));
    let records = world.records();
    let broken = records.iter().find(|r| r.item == IHANOI).unwrap();
    assert_eq!(broken.result, PlayResult::Partial(Cause::Withdrawn));
    assert!(broken.end.since_ms(at(today(), "08:05")) < 1_000, "{broken:?}");
}

#[tokio::test]
async fn a_last_picture_that_is_taken_back_while_nothing_plays_gives_way_to_what_is_built_in() {
    for (what, idle) in [("an announcement", "08:05:06"), ("after duty", "08:31")] {
        let mut world = World::at(at(today(), "07:55")).await;
        world.options.announcements.mode = Mode::Pause;
        let mut table = assets();
        table.assets.push(PICTURE.asset.clone());
        let built_in = table.assets.len() as u16 - 1;
        publish(&world.server, &table, morning());
        let mut device = world.device();
        device.meet().await;
        device.step_until(at(today(), idle));
        if idle < "08:30" {
            device.agent.hear(Asked::Hold);
            device.step_until(device.clock.now().plus_ms(500));
        }
        let before = world.records();
        let last = before.iter().rfind(|r| r.result.was_shown()).unwrap().item;
        world.server.withdraw(5, &[What::Media(table.assets[usize::from(last)].media.hash)]);
        device.meet().await;
        device.step_until(device.clock.now().plus_ms(3_000));
        let records = world.records();
        let since: Vec<_> = records[before.len()..].iter().map(|r| (r.item, r.origin, r.result)).collect();
        assert_eq!(since, [(built_in, Origin::Fallback, PlayResult::Complete)], "{what}: once, and it stays");
    }
}

#[tokio::test]
async fn a_last_picture_goes_at_midnight_after_its_last_day_and_not_before() {
    let world = World::at(at(today(), "07:55")).await;
    let mut table = assets();
    let last = &mut table.assets[usize::from(IHANOI)];
    let ends_today = Permit { until: Some(today()), ..permit(last) };
    last.permit = Some(world.server.plant(&Document::Permit(ends_today), &approval_key()));
    table.assets.push(PICTURE.asset.clone());
    let built_in = table.assets.len() as u16 - 1;
    // the order is the last play of the day, and its last picture stands on the screen afterwards
    publish(&world.server, &table, playlist(today(), "08:00-08:10", &[29_385]));
    let mut device = world.device();
    device.meet().await;
    let midnight = today().next().start(lichphat_playlists::time::HANOI);
    device.step_until(midnight.plus_ms(-1_000));
    let before = world.records();
    assert_eq!(before.iter().rfind(|r| r.result.was_shown()).unwrap().item, IHANOI, "it stays through the evening");
    device.step_until(midnight.plus_ms(5_000));
    let since: Vec<_> = world.records()[before.len()..].iter().map(|r| (r.item, r.origin, r.result)).collect();
    assert_eq!(since, [(built_in, Origin::Fallback, PlayResult::Complete)], "once, and it stays: nothing goes black");
}

#[tokio::test]
async fn when_the_safe_loop_itself_may_not_be_shown_what_is_built_in_keeps_the_screen_from_going_black() {
    let world = World::at(at(today(), "07:55")).await;
    let mut table = assets();
    table.assets.push(PICTURE.asset.clone());
    let built_in = table.assets.len() as u16 - 1;
    let parts = Playlist { slots: Vec::new(), terms: Vec::new(), ..morning() };
    publish(&world.server, &table, parts);
    world.server.withdraw(5, &[What::Media(table.assets[usize::from(SAFE)].media.hash)]);
    let mut device = world.device();
    device.run_until(at(today(), "08:02"), 60_000).await;
    let records = world.records();
    assert!(records.len() >= 12 && records.iter().all(|r| r.item == built_in), "nobody had to bring it: {records:?}");
    assert!(records.iter().all(|r| r.origin == Origin::Fallback && r.result == PlayResult::Complete));
}

#[tokio::test]
async fn a_place_or_a_permit_that_rots_on_the_disk_leaves_what_is_built_in_and_is_fetched_again() {
    let world = World::at(at(today(), "07:55")).await;
    let mut table = assets();
    table.assets.push(PICTURE.asset.clone());
    let built_in = table.assets.len() as u16 - 1;
    publish(&world.server, &table, morning());
    let mut device = world.device();
    device.run_until(at(today(), "08:01"), 60_000).await;

    // the place, and nobody to ask: what everything rests on is gone, and still the screen is not dark
    world.fs.plant(&format!("approvals/{}", place().hash()), b"rot".to_vec());
    world.server.lock().offline = true;
    let before = world.records().len();
    let mut device = world.power_cut(device, at(today(), "08:02"));
    device.step_until(at(today(), "08:04"));
    let records = world.records();
    let mut end = at(today(), "08:02");
    for record in records[before..].iter().filter(|r| r.result.was_shown()) {
        assert!(record.item == built_in && record.start.since_ms(end) < 1_000, "{record:?}");
        end = record.end;
    }
    assert!(at(today(), "08:04").since_ms(end) < 15_000, "to the end: {end:?}");

    // it comes with the first round, and all is as before
    world.server.lock().offline = false;
    device.meet().await;
    device.step_until(at(today(), "08:06"));
    assert_eq!(shown(&world.records(), IHANOI), 1, "08:05");

    world.fs.plant(&format!("approvals/{}", table.assets[0].permit.unwrap()), b"rot".to_vec());
    let mut device = world.power_cut(device, at(today(), "08:10"));
    device.meet().await;
    device.step_until(at(today(), "08:20"));
    assert_eq!(shown(&world.records(), IHANOI), 2, "08:15");
}

/// Puts something wrong under a true name.
type Spoil = fn(&mut Server, PlanHash);

#[tokio::test]
async fn what_a_stranger_puts_under_a_true_name_does_not_keep_the_true_thing_out() {
    fn garbage(server: &mut Server, name: Sha256Hash) {
        server.approvals.insert(name, b"garbage".to_vec());
    }
    let spoils: [(&str, Spoil); 5] = [
        ("plan", |server, plan| server.plans.get_mut(&plan).unwrap().1 = b"garbage".to_vec()),
        ("index", |server, _| server.index.get_mut(&today()).unwrap().version = PlanVersion(9)),
        ("place", |server, _| garbage(server, place().hash())),
        ("permit", |server, _| garbage(server, assets().assets[usize::from(IHANOI)].permit.unwrap())),
        ("withdrawals", |server, _| garbage(server, server.withdrawals.unwrap())),
    ];
    for (what, spoil) in spoils {
        let world = World::at(at(today(), "07:55")).await;
        let plan = world.server.publish(&morning());
        world.server.withdraw(5, &[What::Media(assets().assets[usize::from(LOCAL_10)].media.hash)]);
        let good = {
            let mut server = world.server.lock();
            let good = (server.plans.clone(), server.index.clone(), server.approvals.clone());
            spoil(&mut server, plan);
            good
        };
        let mut device = world.device();
        device.meet().await;
        assert!(!device.agent.playing().faults().is_empty(), "{what} is told");
        {
            let mut server = world.server.lock();
            (server.plans, server.index, server.approvals) = good;
        }
        device.meet().await;
        device.step_until(at(today(), "08:06"));
        let records = world.records();
        assert_eq!((shown(&records, IHANOI), shown(&records, LOCAL_10)), (1, 0), "{what}");
    }
}

/// On a real disk: between the look at a file and its play somebody puts another in its place, or writes into it.
#[tokio::test]
async fn the_file_that_is_played_is_the_one_that_was_hashed() {
    let dir = tempfile::tempdir().unwrap();
    let fs = Arc::new(StdMediaFs::new(dir.path()).unwrap());
    let cache = Cache::new(fs.clone());
    let server = FakeServer::new();
    let media = assets().assets[usize::from(SAFE)].media.clone();
    cache.fetch(&media, &server, &BTreeSet::new(), false).await.unwrap();
    let path = dir.path().join(format!("media/{}", media.hash));
    let approved = std::fs::read(&path).unwrap();

    let open = cache.open(media.hash).unwrap();
    std::fs::write(dir.path().join("other"), b"an attacker's picture").unwrap();
    std::fs::rename(dir.path().join("other"), &path).unwrap();
    assert_eq!(std::fs::read(&open.path).unwrap(), approved, "what was opened before stays what it was");
    assert_eq!(cache.open(media.hash).unwrap_err(), Held::Corrupt, "what lies there now is looked at, and is gone");
    assert!(!path.exists() && !cache.is_ready(media.hash), "it is fetched again");

    cache.fetch(&media, &server, &BTreeSet::new(), false).await.unwrap();
    let mut bytes = approved.clone();
    bytes[0] ^= 1;
    std::fs::write(&path, &bytes).unwrap(); // the same file, the same length
    assert_eq!(cache.open(media.hash).unwrap_err(), Held::Corrupt);

    // the same bytes in another file are as good
    cache.fetch(&media, &server, &BTreeSet::new(), false).await.unwrap();
    std::fs::write(dir.path().join("copy"), &approved).unwrap();
    std::fs::rename(dir.path().join("copy"), &path).unwrap();
    assert_eq!(std::fs::read(cache.open(media.hash).unwrap().path).unwrap(), approved);
}

/// The agent's own hands: swapped behind its back between fetching and showing.
#[tokio::test]
async fn a_file_that_was_swapped_before_its_play_is_not_shown() {
    let world = World::at(at(today(), "07:55")).await;
    world.server.publish(&morning());
    let dir = tempfile::tempdir().unwrap();
    let mut device = world.device_on(Arc::new(StdMediaFs::new(dir.path()).unwrap()));
    device.meet().await;
    let order = assets().assets[usize::from(IHANOI)].media.hash;
    let path = dir.path().join(format!("media/{order}"));
    std::fs::write(dir.path().join("other"), b"an attacker's picture").unwrap();
    std::fs::rename(dir.path().join("other"), &path).unwrap();
    device.step_until(at(today(), "08:06"));
    let records = world.records();
    assert_eq!(shown(&records, IHANOI), 0, "{records:?}");
    let failed = records.iter().find(|r| r.item == IHANOI).unwrap();
    assert_eq!(failed.result, PlayResult::Failed(Cause::Corrupt));
    assert!(records.iter().any(|r| r.origin == Origin::Fallback && r.start >= at(today(), "08:04:50")));
}
