//! What is brought to the disk, and what happens when it does not fit, breaks off or lies.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod approvals;
mod support;

use lichphat_player::cache::{Cache, CacheError, Held, StdMediaFs};
use lichphat_player::identity::IdentityError;
use lichphat_player::identity::store::{load, provision, read_provisioning};
use lichphat_player::ports::MediaFs;
use lichphat_player::sim_support::{MemoryMediaFs, SeededRng};
use lichphat_playlists::ids::{MediaHash, PlanVersion, ScreenCode, Sha256Hash};
use lichphat_playlists::media::{Media, MediaKind};
use lichphat_playlists::wire::device::Provisioning;
use std::collections::BTreeSet;
use std::sync::Arc;
use support::*;

const MIB: usize = 1 << 20;

fn media(server: &FakeServer, fill: u8, size_bytes: usize) -> Media {
    let bytes = vec![fill; size_bytes];
    let hash = Sha256Hash::of(&bytes);
    server.lock().media.insert(hash, bytes);
    Media { hash, size_bytes: size_bytes as u64, kind: MediaKind::Video, duration_s: 10 }
}

fn needed(media: &[&Media]) -> BTreeSet<MediaHash> {
    media.iter().map(|m| m.hash).collect()
}

#[tokio::test]
async fn media_give_room_to_media_and_never_to_what_the_horizon_needs() {
    let server = FakeServer::new();
    let fs = MemoryMediaFs::new();
    fs.set_room_bytes(Some((70 * MIB) as u64));
    let cache = Cache::new(Arc::new(fs.clone()));
    let [old, kept, new, more] = [1, 2, 3, 4].map(|fill| media(&server, fill, 3 * MIB));
    let all = needed(&[&old, &kept]);
    cache.fetch(&old, &server, &all, false).await.unwrap();
    cache.fetch(&kept, &server, &all, false).await.unwrap();
    let now_needed = needed(&[&kept, &new]);
    cache.fetch(&new, &server, &now_needed, false).await.unwrap();
    assert_eq!(cache.check(&old), Held::Missing, "nobody needs it any more");
    assert_eq!((cache.check(&kept), cache.check(&new)), (Held::Ready, Held::Ready));

    fs.set_room_bytes(Some(MIB as u64));
    let everything = needed(&[&kept, &new, &more]);
    let error = cache.fetch(&more, &server, &everything, false).await.unwrap_err();
    assert!(matches!(error, CacheError::DiskFull { .. }), "{error}");
    assert!(error.to_string().contains("3145728 bytes are needed"), "{error}");
    assert_eq!((cache.check(&kept), cache.check(&new)), (Held::Ready, Held::Ready), "needed files stay");
}

#[tokio::test]
async fn a_disk_that_fills_up_under_a_download_leaves_nothing_behind() {
    let server = FakeServer::new();
    let fs = MemoryMediaFs::new();
    let cache = Cache::new(Arc::new(fs.clone()));
    let clip = media(&server, 7, 200_000);
    fs.set_room_bytes(Some(1 << 40));
    server.lock().break_media_at = Some(50_000);
    assert!(matches!(cache.fetch(&clip, &server, &needed(&[&clip]), false).await, Err(CacheError::Transport(_))));
    assert_eq!(fs.list("media").unwrap(), [(format!("{}.part", clip.hash), 50_000)]);
    server.lock().break_media_at = None;

    // A part that is not the beginning of the file is found out at the end and thrown away.
    fs.plant(&format!("media/{}.part", clip.hash), vec![8; 50_000]);
    assert!(matches!(cache.fetch(&clip, &server, &needed(&[&clip]), false).await, Err(CacheError::Corrupt { .. })));
    assert_eq!(fs.list("media").unwrap(), []);
    cache.fetch(&clip, &server, &needed(&[&clip]), false).await.unwrap();
    assert_eq!(fs.list("media").unwrap(), [(clip.hash.hex(), 200_000)]);

    // More bytes than were approved are not even written.
    let liar = Media { size_bytes: 1_000, ..media(&server, 9, 90_000) };
    assert!(matches!(cache.fetch(&liar, &server, &needed(&[&liar]), false).await, Err(CacheError::Corrupt { .. })));
    assert_eq!(fs.list("media").unwrap().len(), 1);
}

#[tokio::test]
async fn an_unchanged_index_costs_one_short_answer() {
    let on = day("2026-11-20");
    let world = World::at(at(on, "07:00")).await;
    world.server.publish(&playlist(on, "08:00-09:00", &[]));
    let mut device = world.device();
    device.meet().await;
    let before = world.server.lock().requests.len();
    device.meet().await;
    device.meet().await;
    assert_eq!(world.server.lock().requests[before..], ["/device/v1/index", "/device/v1/index"]);
    // A second version with the same table: the table is not asked for again.
    let mut second = playlist(on, "08:00-09:00", &[]);
    second.version = PlanVersion(2);
    let plan = world.server.publish(&second);
    device.meet().await;
    let asked = world.server.lock().requests[before + 2..].to_vec();
    assert_eq!(asked, ["/device/v1/index".to_owned(), format!("/device/v1/plans/{plan}")]);
}

#[test]
fn files_on_a_real_disk_stay_inside_their_directory() {
    let dir = tempfile::tempdir().unwrap();
    let fs = StdMediaFs::new(dir.path()).unwrap();
    fs.write_whole("plans/a", b"one").unwrap();
    fs.write_whole("plans/a", b"two").unwrap();
    assert_eq!(fs.read("plans/a", 10).unwrap(), b"two");
    assert_eq!(fs.list("plans").unwrap(), [("a".to_owned(), 3)]);
    assert_eq!(fs.list("nothing").unwrap(), []);
    assert_eq!(fs.sha256("plans/a").unwrap(), Sha256Hash::of(b"two"));
    assert!(fs.read("plans/a", 2).is_err(), "larger than allowed");
    for bad in ["../a", "/etc/passwd", "plans/../../a"] {
        assert!(fs.write_whole(bad, b"x").is_err(), "{bad}");
    }
    assert!(fs.free_bytes().unwrap() > 0);
    fs.remove("plans/a").unwrap();
    fs.remove("plans/a").unwrap();
    assert_eq!(fs.size_bytes("plans/a").unwrap(), None);
}

#[tokio::test]
async fn a_device_registers_once_and_says_what_is_wrong_with_its_file() {
    let server = FakeServer::new();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("device.toml");
    let provisioning = Provisioning {
        server: "http://127.0.0.1:1".into(),
        pairing: String::new(),
        authority: String::new(),
        screen: ScreenCode::new(SCREEN).unwrap(),
        plan_key: plan_key().verifying_key().to_base64(),
        approval_key: support::approval_key().verifying_key().to_base64(),
        receipt_key: receipt_key().verifying_key().to_base64(),
        command_key: support::command_key().verifying_key().to_base64(),
        log_key: support::log::log_key(4).1,
        token: "0a".into(),
    };
    std::fs::write(&file, toml::to_string(&provisioning).unwrap()).unwrap();
    let state = dir.path().join("state");
    let read = read_provisioning(&file).unwrap();
    assert!(load(&state).unwrap().is_none());
    server.lock().offline = true;
    let rng = SeededRng::new(3);
    assert!(matches!(provision(&state, &read, &server, &rng, false).await, Err(IdentityError::Transport(_))));
    let key = std::fs::read(state.join("evidence.key")).unwrap();
    server.lock().offline = false;
    let identity = provision(&state, &read, &server, &rng, false).await.unwrap();
    let again = provision(&state, &read, &server, &rng, false).await.unwrap();
    assert_eq!(std::fs::read(state.join("evidence.key")).unwrap(), key, "the key was made once");
    assert_eq!((identity.device, identity.evidence.seed()), (again.device, again.evidence.seed()));
    let registered = server.lock().requests.iter().filter(|r| r.ends_with("register")).count();
    assert_eq!(registered, 2, "one without an answer, one with");

    std::fs::write(&file, "server = 'x'\nscreen = 'a/b'\n").unwrap();
    let error = read_provisioning(&file).unwrap_err().to_string();
    assert!(error.contains("screen") && error.contains("lichphat device add"), "{error}");
}
