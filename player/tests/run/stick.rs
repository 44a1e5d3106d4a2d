//! A screen without network and a stick.

use crate::loops::{publish_now, table};
use crate::machine::{Machine, stop, until};
use crate::support::SCREEN;
use lichphat_player::cache::StdMediaFs;
use lichphat_player::ports::MediaFs as _;
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::proof::record::{Origin, PlayRecord};
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::wire::sign::Envelope;
use lichphat_playlists::wire::stick;
use lichphat_playlists::wire::v1::PlaylistIndex;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_real_player_without_network_takes_a_stick_and_leaves_its_records_on_it() {
    let machine = Machine::new().await;
    let table = table(&machine.server);
    let plan = publish_now(&machine.server, &table, 1)[0];
    let media = machine.dir.path().join("media");
    let ours = media.join("stick").join(stick::DIR);
    let screen = ScreenCode::new(SCREEN).unwrap();
    std::fs::create_dir_all(&media).unwrap();
    let settings = machine.dir.path().join("player.toml");
    std::fs::write(&settings, format!("usb_root = {media:?}")).unwrap();
    // It is registered in the office before it has anything to show; then nobody answers it any more.
    let index = std::mem::take(&mut machine.server.lock().index);
    let mut command = machine.command();
    let child = command.arg("--config").arg(&settings).spawn().unwrap();
    until("it is registered", 60, || machine.asked_for("/device/v1/index")).await;
    machine.server.lock().offline = true;

    let office = StdMediaFs::new(&ours).unwrap();
    {
        let server = machine.server.lock();
        server.media.iter().for_each(|(hash, bytes)| office.write_whole(&format!("media/{hash}"), bytes).unwrap());
        server.assets.iter().for_each(|(hash, bytes)| office.write_whole(&format!("assets/{hash}"), bytes).unwrap());
        server.plans.iter().for_each(|(hash, (_, b))| office.write_whole(&format!("plans/{hash}"), b).unwrap());
    }
    for (name, bytes) in machine.server.approvals() {
        office.write_whole(&format!("approvals/{name}"), &bytes).unwrap();
    }
    let days = index.into_values().collect();
    office
        .write_whole(&stick::index(&screen), &serde_json::to_vec(&PlaylistIndex { withdrawals: None, days }).unwrap())
        .unwrap();
    let taken = machine.dir.path().join("state/plans").join(plan.to_string());
    until("the playlist is taken from the stick", 60, || taken.is_file()).await;
    let planned = |r: &PlayRecord| r.plan == plan && matches!(r.origin, Origin::Planned { .. });
    machine.has_kept(1, |r| planned(r) && r.result.was_shown()).await;

    // Pulled, and put in again: what was shown meanwhile is left on it, whole and signed.
    let away = machine.dir.path().join("away");
    std::fs::rename(media.join("stick"), &away).unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    std::fs::rename(&away, media.join("stick")).unwrap();
    let segments = || office.list(&stick::segments(&screen)).unwrap();
    until("a segment is left", 60, || segments().iter().any(|(name, _)| !name.ends_with(".part"))).await;
    stop(child).await;
    let bytes = office.read(&format!("{}/{}", stick::segments(&screen), segments()[0].0), 1 << 20).unwrap();
    let key = machine.server.lock().device_key.unwrap();
    let segment = Segment::open(&Envelope::from_bytes(bytes).unwrap(), &key).unwrap();
    assert!(segment.records.iter().any(|r| planned(r) && r.result.was_shown()), "{:?}", segment.records);
}
