//! Stories of `lichphat-player run`, through the real program: real files, real HTTP, real time, the
//! real stage on a fake sink.
#![cfg(feature = "stage-gstreamer")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests are tests")]

mod screen;
mod support;

use futures_util::StreamExt as _;
use lichphat_player::cache::StdMediaFs;
use lichphat_player::ports::{MediaFs as _, Method, Request, Transport as _};
use lichphat_playlists::ids::{CampaignCode, PlanVersion, ScreenCode, Sha256Hash};
use lichphat_playlists::media::{Fades, Media, MediaKind};
use lichphat_playlists::proof::count::{CountTerms, Standing, Tally, judge};
use lichphat_playlists::proof::record::{Cause, DisplayLevel, Origin, PlayRecord, PlayResult};
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::{DAY_S, HANOI, IntervalSet, LocalDay, UtcMillis};
use lichphat_playlists::wire::command::{Ask, Outcome};
use lichphat_playlists::wire::device::Provisioning;
use lichphat_playlists::wire::sign::Envelope;
use lichphat_playlists::wire::stick;
use lichphat_playlists::wire::v1::{Asset, AssetTable, Playlist, PlaylistIndex, Slot, Tier};
use screen::clips::{self, Clip, MIXED};
use screen::display::Display;
use screen::witness::{Seen, Witness};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{FakeServer, SCREEN};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

const VIDEO: u16 = 0;
const STILL: u16 = 1;
const SAFE: u16 = 2;

fn now() -> UtcMillis {
    UtcMillis(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64)
}

fn table(server: &FakeServer) -> AssetTable {
    let video = ("ve-sinh-moi-truong.mp4", MediaKind::Video, 2);
    table_of(server, [video, ("mot-cua.png", MediaKind::Still, 1), ("safe-loop.png", MediaKind::Still, 1)])
}

/// An order, an item of the loop and the safe loop: sample file, kind and seconds of each.
fn table_of(server: &FakeServer, files: [(&str, MediaKind, u32); 3]) -> AssetTable {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/sample/media");
    let items = files.map(|(file, kind, duration_s)| (std::fs::read(dir.join(file)).unwrap(), kind, duration_s));
    keep_table(server, items)
}

/// Clip 1 breaks half-way, what follows cannot begin, still 6 is the safe loop.
fn broken_table(server: &FakeServer) -> AssetTable {
    let film = clips::file(&Clip { frames: 120, ..MIXED[0] });
    let broken = clips::half_broken(&std::fs::read(film).unwrap());
    let still = std::fs::read(clips::file(&MIXED[5])).unwrap();
    let noise = (vec![0x5a; 5000], MediaKind::Video, 4);
    keep_table(server, [(broken, MediaKind::Video, 4), noise, (still, MediaKind::Still, 4)])
}

/// Puts an order, an item of the loop and the safe loop on the server: bytes, kind and seconds of each.
fn keep_table(server: &FakeServer, items: [(Vec<u8>, MediaKind, u32); 3]) -> AssetTable {
    let names = [("clean-up", Tier::Order), ("one-stop", Tier::Local), ("safe", Tier::Fallback)];
    let asset = |((code, tier), (bytes, kind, duration_s)): ((&str, Tier), (Vec<u8>, MediaKind, u32))| {
        let (hash, size_bytes) = (Sha256Hash::of(&bytes), bytes.len() as u64);
        server.lock().media.insert(hash, bytes);
        Asset {
            code: CampaignCode::new(code).unwrap(),
            variant: String::new(),
            tier,
            media: Media { hash, size_bytes, kind, duration_s },
            volume_percent: 50,
            fades: Fades::default(),
        }
    };
    let table = AssetTable { assets: names.into_iter().zip(items).map(asset).collect() };
    let (bytes, hash) = table.encode();
    server.lock().assets.insert(hash, bytes);
    table
}

/// A loop of video and still from `from_s` on, for five minutes or to the end of the day.
fn publish(server: &FakeServer, table: &AssetTable, day: LocalDay, from_s: u32, version: u32) -> Sha256Hash {
    let end_s = (from_s + 300).min(DAY_S);
    let mut slots = Vec::new();
    let mut start_s = from_s;
    for item in [VIDEO, STILL].into_iter().cycle() {
        let length_s = table.assets[usize::from(item)].media.duration_s;
        if start_s + length_s > end_s {
            break;
        }
        slots.push(Slot { start_s, item });
        start_s += length_s;
    }
    let parts = support::playlist(day, "00:00-24:00", &[]);
    server.publish(&Playlist {
        version: PlanVersion(version),
        assets: table.encode().1,
        terms: vec![],
        fallback: SAFE,
        duty: IntervalSet::one(from_s, end_s),
        slots,
        ..parts
    })
}

fn publish_now(server: &FakeServer, table: &AssetTable, version: u32) -> Vec<Sha256Hash> {
    let (day, of_day_ms) = now().local(HANOI);
    let today = publish(server, table, day, of_day_ms / 1000, version);
    // When midnight is near the loop goes on in the next day.
    let tomorrow = (of_day_ms / 1000 + 300 > DAY_S).then(|| publish(server, table, day.next(), 0, version));
    std::iter::once(today).chain(tomorrow).collect()
}

/// Serves the fake scheduler on a real socket; `call` sends a server-sent event.
async fn serve(listener: TcpListener, server: FakeServer, call: Arc<Notify>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, server.clone(), call.clone()));
    }
}

async fn answer(stream: TcpStream, server: FakeServer, call: Arc<Notify>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let (mut first, mut headers, mut length) = (String::new(), Vec::new(), 0);
    stream.read_line(&mut first).await.ok()?;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "range" => headers.push(("range", value.to_owned())),
            "authorization" => headers.push(("authorization", value.to_owned())),
            "if-none-match" => headers.push(("if-none-match", value.to_owned())),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let mut words = first.split(' ');
    let method = if words.next()? == "GET" { Method::Get } else { Method::Post };
    let path = words.next()?.to_owned();
    if server.lock().offline {
        return None; // the connection breaks
    }
    if path == "/device/v1/events" {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: hello\n\n").await.ok()?;
        loop {
            call.notified().await;
            let event = if server.lock().commands.is_empty() { "playlist" } else { "command" };
            stream.write_all(format!("event: {event}\ndata: \"new\"\n\n").as_bytes()).await.ok()?;
        }
    }
    let request = Request { method, path, headers, body: body.into(), urgent: false };
    let mut response = server.send(request).await.ok()?;
    let etag = response.header("etag").map_or(String::new(), |e| format!("etag: {e}\r\n"));
    let mut bytes = Vec::new();
    while let Some(chunk) = response.body.next().await {
        bytes.extend_from_slice(&chunk.ok()?);
    }
    write(&mut stream, response.status, &etag, &bytes).await
}

async fn write(stream: &mut BufReader<TcpStream>, status: u16, headers: &str, body: &[u8]) -> Option<()> {
    let head = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(body).await.ok()?;
    stream.flush().await.ok()
}

/// Two cores show one player's pictures in time, not three's.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

struct Machine {
    _alone: tokio::sync::MutexGuard<'static, ()>,
    dir: tempfile::TempDir,
    server: FakeServer,
    call: Arc<Notify>,
}

impl Machine {
    async fn new() -> Self {
        let alone = ONE_AT_A_TIME.lock().await;
        let (server, call) = (FakeServer::new(), Arc::new(Notify::new()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provisioning = Provisioning {
            server: format!("http://{}", listener.local_addr().unwrap()),
            screen: ScreenCode::new(SCREEN).unwrap(),
            plan_key: support::plan_key().verifying_key().to_base64(),
            receipt_key: support::receipt_key().verifying_key().to_base64(),
            command_key: support::command_key().verifying_key().to_base64(),
            log_key: support::log::log_key(4).1,
            token: "0a".into(),
        };
        tokio::spawn(serve(listener, server.clone(), call.clone()));
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("device.toml"), toml::to_string(&provisioning).unwrap()).unwrap();
        Self { _alone: alone, dir, server, call }
    }
    fn start(&self) -> Child {
        self.command().spawn().unwrap()
    }
    fn command(&self) -> Command {
        self.command_on("fake")
    }
    fn command_on(&self, sink: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lichphat-player"));
        command
            .args(["run", "--sink", sink, "--audio", "fake", "--provision"])
            .arg(self.dir.path().join("device.toml"))
            .arg("--state")
            .arg(self.dir.path().join("state"))
            .env("LICHPHAT_LOG", "lichphat_player=warn")
            .stderr(Stdio::inherit());
        command
    }
    fn asked_for(&self, path: &str) -> bool {
        self.server.lock().requests.iter().any(|r| r == path)
    }
}

async fn until(what: &str, limit_s: u64, done: impl Fn() -> bool) -> Duration {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(limit_s), "not within {limit_s} s: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    begin.elapsed()
}

async fn stop(mut child: Child) {
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "the player does not stop");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(status.success(), "an orderly stop is a success: {status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn seen_from_outside_a_broken_clip_gives_way_to_the_safe_loop() {
    let machine = Machine::new().await;
    let table = broken_table(&machine.server);
    publish_now(&machine.server, &table, 1);
    let display = Display::start(1280, 720);
    let child = machine.command_on("x11").env("DISPLAY", &display.name).spawn().unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let witness = Witness::watch(&display.name, 1280, 720);
    tokio::time::sleep(Duration::from_secs(18)).await;
    let sights = witness.stop();
    stop(child).await;
    let records = machine.server.records();
    check_chain(&records);
    let results = |item: u16| records.iter().filter(move |(_, r)| r.item == item).map(|(_, r)| r.result);
    assert!(results(VIDEO).any(|r| r == PlayResult::Partial(Cause::DecodeError)), "{records:?}");
    assert!(results(STILL).any(|r| matches!(r, PlayResult::Failed(_))), "{records:?}");
    let mut gaps_ms = Vec::new();
    for pair in sights.windows(2) {
        let (Seen::Frame(clip, _), Seen::Frame(next, _)) = (pair[0].seen, pair[1].seen) else {
            panic!("black or something else: {pair:?}")
        };
        if (clip, next) == (1, 6) {
            gaps_ms.push((pair[1].at_us - pair[0].at_us) / 1000);
        }
    }
    println!("from the last good frame to the safe loop, ms: {gaps_ms:?}");
    assert!(gaps_ms.len() > 1, "{sights:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_the_display_is_left_to_another_program_and_every_record_says_so() {
    let machine = Machine::new().await;
    let table = broken_table(&machine.server);
    publish_now(&machine.server, &table, 1);
    let display = Display::start(1280, 720);
    let settings = machine.dir.path().join("player.toml");
    std::fs::write(&settings, "reserved = { x = 0, y = 540, width = 1280, height = 180 }").unwrap();
    let mut command = machine.command_on("x11");
    let child = command.arg("--config").arg(&settings).env("DISPLAY", &display.name).spawn().unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let lit = [20, 538, 541, 700].map(|y| display.is_lit(y, 1280));
    stop(child).await;
    assert_eq!(lit, [true, true, false, false], "the picture above, nothing of it in the part below");
    let records = machine.server.records();
    assert!(!records.is_empty() && records.iter().all(|(_, r)| r.area_percent == 75), "{records:?}");
}

fn check_chain(records: &[(lichphat_playlists::ids::Seq, PlayRecord)]) {
    assert!(records.iter().enumerate().all(|(i, (seq, _))| seq.0 == i as u64 + 1), "no holes");
    let shown: Vec<&PlayRecord> = records.iter().map(|(_, r)| r).filter(|r| r.result.was_shown()).collect();
    for pair in shown.windows(2) {
        let overlap_ms = pair[0].end.since_ms(pair[1].start);
        assert!(overlap_ms <= 100, "plays overlap by {overlap_ms} ms");
    }
    let mut slots: Vec<_> = shown
        .iter()
        .filter_map(|r| match r.origin {
            Origin::Planned { slot } => Some((r.plan, slot)),
            _ => None,
        })
        .collect();
    let all = slots.len();
    slots.sort_unstable();
    slots.dedup();
    assert_eq!(slots.len(), all, "no slot twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_player_plays_hears_of_changes_survives_a_kill_and_a_dead_scheduler() {
    let machine = Machine::new().await;
    let table = table(&machine.server);
    let first = publish_now(&machine.server, &table, 1);
    let child = machine.start();
    let frames = |name: &str| machine.dir.path().join("state").join(name);
    until("the first playlist is asked for", 20, || machine.asked_for(&format!("/device/v1/plans/{}", first[0]))).await;
    until("a heartbeat comes", 20, || machine.asked_for("/device/v1/heartbeat")).await;
    tokio::time::sleep(Duration::from_secs(5)).await;

    // The scheduler calls: the new playlist is fetched within two seconds.
    let second = publish_now(&machine.server, &table, 2);
    machine.call.notify_one();
    let path = format!("/device/v1/plans/{}", second[0]);
    let took = until("the new playlist is asked for", 5, || machine.asked_for(&path)).await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    tokio::time::sleep(Duration::from_secs(4)).await;
    stop(child).await;
    let records = machine.server.records();
    check_chain(&records);
    let whole: Vec<&PlayRecord> = records
        .iter()
        .map(|(_, r)| r)
        .filter(|r| r.result == PlayResult::Complete && matches!(r.origin, Origin::Planned { .. }))
        .collect();
    assert!(whole.len() >= 4, "{records:?}");
    for record in &whole {
        let length_ms = i64::from(table.assets[usize::from(record.item)].media.duration_s) * 1000;
        let taken = i64::from(record.frames_rendered + record.frames_dropped);
        assert_eq!(taken, length_ms * 30 / 1000, "every output slot is accounted for");
        assert_eq!(record.display, DisplayLevel::D1);
    }
    assert!(whole.iter().any(|r| second.contains(&r.plan)));
    for name in ["identity.toml", "evidence.key"] {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(frames(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }

    // Killed in the middle of a play, and on again with the scheduler gone: it plays from its disk.
    let held = records.len();
    let mut child = machine.start();
    tokio::time::sleep(Duration::from_secs(6)).await;
    child.kill().unwrap();
    child.wait().unwrap();
    machine.server.lock().offline = true;
    let child = machine.start();
    tokio::time::sleep(Duration::from_secs(6)).await;
    stop(child).await;
    assert_eq!(machine.server.records().len(), held, "nothing can be sent");
    machine.server.lock().offline = false;
    let child = machine.start();
    until("everything is sent", 20, || machine.server.records().len() > held + 4).await;
    stop(child).await;
    check_chain(&machine.server.records());
    let registered = machine.server.lock().requests.iter().filter(|r| *r == "/device/v1/register").count();
    assert_eq!(registered, 1, "a registered device never registers again");
}

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
    until("it is registered", 20, || machine.asked_for("/device/v1/index")).await;
    machine.server.lock().offline = true;

    let office = StdMediaFs::new(&ours).unwrap();
    {
        let server = machine.server.lock();
        server.media.iter().for_each(|(hash, bytes)| office.write_whole(&format!("media/{hash}"), bytes).unwrap());
        server.assets.iter().for_each(|(hash, bytes)| office.write_whole(&format!("assets/{hash}"), bytes).unwrap());
        server.plans.iter().for_each(|(hash, (_, b))| office.write_whole(&format!("plans/{hash}"), b).unwrap());
    }
    let days = index.into_values().collect();
    office.write_whole(&stick::index(&screen), &serde_json::to_vec(&PlaylistIndex { days }).unwrap()).unwrap();
    let taken = machine.dir.path().join("state/plans").join(plan.to_string());
    until("the playlist is taken from the stick", 20, || taken.is_file()).await;
    tokio::time::sleep(Duration::from_secs(6)).await;

    // Pulled, and put in again: what was shown meanwhile is left on it, whole and signed.
    let away = machine.dir.path().join("away");
    std::fs::rename(media.join("stick"), &away).unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    std::fs::rename(&away, media.join("stick")).unwrap();
    let segments = || office.list(&stick::segments(&screen)).unwrap();
    until("a segment is left", 20, || segments().iter().any(|(name, _)| !name.ends_with(".part"))).await;
    stop(child).await;
    let bytes = office.read(&format!("{}/{}", stick::segments(&screen), segments()[0].0), 1 << 20).unwrap();
    let key = machine.server.lock().device_key.unwrap();
    let segment = Segment::open(&Envelope::from_bytes(bytes).unwrap(), &key).unwrap();
    let planned = |r: &&PlayRecord| r.plan == plan && matches!(r.origin, Origin::Planned { .. });
    assert!(segment.records.iter().any(|r| planned(&r) && r.result.was_shown()), "{:?}", segment.records);
}

/// Milliseconds until the next kill, from a small seeded sequence: the same moments in every run.
fn moments() -> impl Iterator<Item = u64> {
    std::iter::successors(Some(20_261_126u64), |x| Some(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1)))
        .map(|x| 300 + (x >> 33) % 1_500)
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_plays_again_and_counts_nothing_twice() {
    let machine = Machine::new().await;
    let table = table(&machine.server);
    let first = publish_now(&machine.server, &table, 1);
    let child = machine.start();
    until("the playlist is asked for", 20, || machine.asked_for(&format!("/device/v1/plans/{}", first[0]))).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    stop(child).await;
    let mut last = now();
    let kills = std::env::var("LICHPHAT_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(10);
    for (n, ms) in moments().take(kills).enumerate() {
        if n % 50 == 49 {
            publish_now(&machine.server, &table, 2 + n as u32 / 50); // the loop lasts five minutes
        }
        let mut child = machine.start();
        tokio::time::sleep(Duration::from_millis(ms)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        last = now();
    }
    let child = machine.start();
    tokio::time::sleep(Duration::from_secs(6)).await;
    stop(child).await;
    let records = machine.server.records();
    check_chain(&records);
    let shown = records.iter().map(|(_, r)| r).find(|r| r.start > last && r.result.was_shown());
    let waited_ms = shown.expect("it plays again").start.since_ms(last);
    assert!(waited_ms < 5_000, "dark for {waited_ms} ms after the last kill");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_over_udp_breaks_a_play_off_and_a_flood_of_garbage_does_not() {
    let machine = Machine::new().await;
    let table = table(&machine.server);
    publish_now(&machine.server, &table, 1);
    let gate = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = machine.dir.path().join("player.toml");
    let key = "cua-ra-12-noi-bai-2026";
    std::fs::write(&config, format!("[trigger]\nmode = \"pause\"\nudp = \"{port}\"\nkey = \"{key}\"\n")).unwrap();
    let child = machine.command().arg("--config").arg(&config).spawn().unwrap();
    until("a heartbeat comes", 20, || machine.asked_for("/device/v1/heartbeat")).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    // half a second of garbage, some of it nearly right
    let flooding = now();
    for n in 0..5_000u32 {
        let garbage = [b"hold cua-ra-12-noi-bai-2025".to_vec(), n.to_le_bytes().to_vec(), vec![0xff; 1200]];
        let _ = gate.send_to(&garbage[n as usize % 3], port); // a full buffer is the kernel's to throw away
        if n % 100 == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    let announced = now();
    for _ in 0..4 {
        gate.send_to(format!("hold {key}").as_bytes(), port).unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    gate.send_to(format!("release {key}").as_bytes(), port).unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    stop(child).await;

    let records = machine.server.records();
    check_chain(&records);
    let shown: Vec<&PlayRecord> = records.iter().map(|(_, r)| r).filter(|r| r.result.was_shown()).collect();
    assert!(shown.iter().any(|r| r.end > flooding && r.result == PlayResult::Complete), "{shown:?}");
    let broken: Vec<_> = shown.iter().filter(|r| r.result == PlayResult::Partial(Cause::Interrupted)).collect();
    assert_eq!(broken.len(), 1, "{shown:?}");
    let end = broken[0].end;
    assert!(end >= announced, "broken off at {end:?}, announced at {announced:?}");
    let next = shown.iter().find(|r| r.start >= end).expect("it goes on");
    assert!(next.start.since_ms(announced) >= 1_900, "nothing begins while it is made: {shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_loudspeaker_plays_counts_but_for_what_was_spoken_over() {
    let machine = Machine::new().await;
    let sound = |seconds| ("nhac-hieu.opus", MediaKind::Audio, seconds);
    let table = table_of(&machine.server, [sound(2), sound(1), sound(1)]);
    publish_now(&machine.server, &table, 1);
    let port = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = machine.dir.path().join("player.toml");
    std::fs::write(&config, format!("[trigger]\nhold_s = 1\nudp = \"{port}\"\nkey = \"loa-phuong-hoan-kiem\"\n"))
        .unwrap();
    let child = machine.command_on("none").arg("--config").arg(&config).spawn().unwrap();
    until("a heartbeat comes", 20, || machine.asked_for("/device/v1/heartbeat")).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let announced = now();
    let gate = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    gate.send_to(b"hold loa-phuong-hoan-kiem", port).unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    stop(child).await;

    let records = machine.server.records();
    check_chain(&records);
    let mut tally = Tally::default();
    let mut whole = 0;
    for (_, record) in &records {
        let asset = &table.assets[usize::from(record.item)];
        let terms = CountTerms {
            campaign: &asset.code,
            booked_ms: asset.media.duration_s * 1000,
            min_gap_s: 0,
            min_display: DisplayLevel::D1,
            windows: None,
        };
        let standing = judge(record, Some(&terms), record.end, HANOI, &mut tally);
        let counted = matches!(standing, Standing::Counted { .. });
        // held for a second: surely from 400 ms on for 400 ms, surely not before and half a second after it
        let plays_in =
            |from_ms, to_ms| record.start < announced.plus_ms(to_ms) && record.end > announced.plus_ms(from_ms);
        match record.result {
            PlayResult::Complete if record.end.since_ms(record.start) > 900 => {
                assert!(counted && !plays_in(400, 800), "{standing:?} {record:?}");
                whole += 1;
            }
            PlayResult::Partial(Cause::Interrupted) => {
                assert!(!counted && plays_in(0, 1_500), "{standing:?} {record:?}");
            }
            _ => assert!(!counted, "{standing:?} {record:?}"),
        }
    }
    assert!(whole >= 2, "{records:?}");
    let interrupted = records.iter().filter(|(_, r)| r.result == PlayResult::Partial(Cause::Interrupted)).count();
    assert!((1..=2).contains(&interrupted), "{records:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_manager_hears_of_the_start_of_every_breath_and_of_the_stop() {
    let machine = Machine::new().await;
    let table = table(&machine.server);
    publish_now(&machine.server, &table, 1);
    let path = machine.dir.path().join("notify");
    let manager = tokio::net::UnixDatagram::bind(&path).unwrap();
    let child = machine.command().env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "600000").spawn().unwrap();
    let mut heard = Vec::new();
    let mut bytes = [0u8; 256];
    while heard.iter().filter(|text| *text == "WATCHDOG=1").count() < 5 {
        let read = tokio::time::timeout(Duration::from_secs(20), manager.recv(&mut bytes)).await.unwrap().unwrap();
        heard.push(String::from_utf8_lossy(&bytes[..read]).trim().to_owned());
    }
    assert_eq!(heard[0], "READY=1");
    stop(child).await;
    while let Ok(read) = manager.try_recv(&mut bytes) {
        heard.push(String::from_utf8_lossy(&bytes[..read]).trim().to_owned());
    }
    assert_eq!(heard.last().unwrap(), "STOPPING=1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_player_shows_itself_says_its_log_and_starts_again_once_when_asked() {
    let machine = Machine::new().await;
    let table = table(&machine.server);
    publish_now(&machine.server, &table, 1);
    machine.server.lock().no_receipts = true; // a fault of its records keeps nobody from asking what is wrong
    let mut child = machine.start();
    until("a heartbeat comes", 20, || machine.asked_for("/device/v1/heartbeat")).await;
    let soon = now().plus_ms(600_000);
    machine.server.ask(1, Ask::Identify { name: "Sảnh tiếp dân".into() }, soon);
    machine.server.ask(2, Ask::Screenshot, soon);
    machine.server.ask(3, Ask::Log { lines: 50 }, soon);
    machine.call.notify_one();
    until("all is answered", 20, || machine.server.outcomes().len() == 3).await;
    let outcomes = machine.server.outcomes();
    assert!(matches!(&outcomes[0].1, Outcome::Shown(shown) if shown.challenge.is_none()), "{outcomes:?}");
    let Outcome::Picture { jpeg } = &outcomes[1].1 else { panic!("{outcomes:?}") };
    assert!(jpeg.starts_with("/9j/") && jpeg.len() > 2_000, "a JPEG, by its first three bytes");
    assert!(matches!(&outcomes[2].1, Outcome::Log { text } if text.contains("a command")), "{outcomes:?}");
    let health = machine.server.lock().heartbeats.last().unwrap().health.clone();
    assert!(health.disk.is_some() && health.memory.is_some() && health.player_memory_bytes > Some(10 << 20));
    assert!(health.versions.framework.is_some_and(|v| v.starts_with("GStreamer")) && health.versions.kernel.is_some());

    let faults = machine.server.lock().heartbeats.last().unwrap().faults.join(" ");
    assert!(faults.contains("500 to the receipt"), "{faults}");
    machine.server.lock().no_receipts = false;
    machine.server.ask(4, Ask::Restart, soon);
    machine.call.notify_one();
    let ended = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert_eq!(ended.code(), Some(75), "it asks to be started again");
    assert_eq!(machine.server.outcomes().len(), 3, "nobody has started again yet");
    let child = machine.start();
    until("the started player answers", 20, || machine.server.outcomes().len() == 4).await;
    assert_eq!(machine.server.outcomes()[3], (4, Outcome::Done));
    tokio::time::sleep(Duration::from_secs(2)).await;
    stop(child).await; // it still runs: the restart was done once
    check_chain(&machine.server.records());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_that_is_nobodys_shows_a_code_until_somebody_enters_it_and_is_never_black() {
    let machine = Machine::new().await;
    let table = table(&machine.server);
    machine.server.lock().offline = true;
    let file = machine.dir.path().join("device.toml");
    let provisioning: Provisioning = toml::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let settings = machine.dir.path().join("player.toml");
    let state = machine.dir.path().join("state");
    std::fs::write(&settings, "width_px = 640\nheight_px = 192\n").unwrap();
    let display = Display::start(640, 192);
    let mut command = Command::new(env!("CARGO_BIN_EXE_lichphat-player"));
    command.args(["run", "--sink", "x11", "--audio", "fake", "--config"]).arg(&settings).arg("--state").arg(&state);
    command.env("DISPLAY", &display.name).env("LICHPHAT_LOG", "lichphat_player=error");
    let refused = command.output().unwrap();
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        refused.status.code() == Some(2) && words.contains("--provision FILE") && words.contains("server ="),
        "{words}"
    );

    std::fs::write(&settings, format!("server = {:?}\nwidth_px = 640\nheight_px = 192\n", provisioning.server))
        .unwrap();
    let child = command.spawn().unwrap();
    until("it says that the server cannot be reached", 60, || display.ink_percent(0, 640) > 4).await;
    let witness = Witness::watch(&display.name, 640, 192);
    machine.server.lock().offline = false;
    until("it asks for a code", 20, || machine.server.lock().codes == 1).await;
    until("the QR code is on the screen", 60, || display.ink_percent(480, 160) > 35).await;
    machine.server.lock().codes = 2; // the first code is over
    until("it asks for another code", 20, || machine.server.lock().codes == 3).await;
    publish_now(&machine.server, &table, 1);
    machine.server.lock().confirmed = Some(provisioning);
    until("it plays", 20, || machine.asked_for("/device/v1/index")).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let sights = witness.stop();
    stop(child).await;
    assert!(sights.iter().all(|s| s.seen != Seen::Black), "{sights:?}");
    let shown = machine.server.records().iter().filter(|(_, r)| r.result.was_shown()).count();
    assert!(shown >= 1 && machine.asked_for("/device/v1/register"), "{shown}");
}
