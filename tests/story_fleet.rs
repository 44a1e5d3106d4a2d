//! Planning a fleet through the room's own door: alike screens share, batches do not matter, nothing new changes nothing,
//! and one screen that cannot be planned does not stop the others.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;
#[path = "dayplan/families.rs"]
mod families;
#[path = "dayplan/screen_days.rs"]
mod screen_days;

use common::TestData;
use common::town::fixture;
use lichphat::planning::{DayInput, Planning, Replanned, StoredPlan};
use lichphat::store::Store;
use lichphat_playlists::ids::{ScreenCode, Sha256Hash};
use lichphat_playlists::plan::{Campaign, Solution, check};
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis};
use lichphat_playlists::wire::sign::SigningKey;
use rusqlite::Connection;
use screen_days::input;
use std::sync::Arc;

struct Server {
    dir: tempfile::TempDir,
    planning: Planning,
}

impl Server {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(dir.path(), 1).unwrap());
        Self { planning: Planning::new(store, Arc::new(SigningKey::from_seed(&[1; 32])), HANOI), dir }
    }

    async fn plan(&self, inputs: Vec<DayInput>, now: UtcMillis) -> Replanned {
        self.planning.plan(inputs, now, "a story").await.unwrap()
    }

    async fn stored(&self, i: u32) -> StoredPlan {
        let screen = ScreenCode::new(format!("S{i:06}")).unwrap();
        self.planning.store().newest(&screen, day()).await.unwrap().unwrap()
    }

    fn count(&self, table: &str) -> u32 {
        let db = Connection::open(self.dir.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap();
        db.query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get(0)).unwrap()
    }
}

fn day() -> LocalDay {
    "2026-11-20".parse().unwrap()
}

fn eve() -> UtcMillis {
    day().previous().at(20 * 3_600, HANOI)
}

/// 300 screens whose days are of three kinds only, in turn.
fn alike() -> Vec<DayInput> {
    (0..300).map(|i| input(i, i % 3, day())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn alike_screens_share_one_plan_however_they_come() {
    let (at_once, piecewise) = (Server::new(), Server::new());
    let done = at_once.plan(alike(), eve()).await;
    assert_eq!((done.screen_days, done.published, done.computed, done.unchanged), (300, 300, 3, 0));
    assert_eq!((at_once.count("plan"), at_once.count("day_problem"), at_once.count("asset_table")), (300, 3, 3));

    let mut run = piecewise.planning.begin(eve(), "a story");
    for piece in alike().chunks(7) {
        run.add(piece.to_vec()).await.unwrap();
    }
    assert_eq!(run.finish().await.unwrap(), done, "pieces change nothing, the order of the screens included");
    for i in [0, 1, 2, 150, 299] {
        let (one, other) = (at_once.stored(i).await, piecewise.stored(i).await);
        assert_eq!(one.head, other.head, "the same bytes have the same name");
        assert_eq!(one.playlist.slots, at_once.stored(i % 3).await.playlist.slots);
        assert!(one.playlist.slots.len() > 1_000);
    }
    let audit = at_once.planning.audit().await.unwrap();
    assert_eq!((audit.plans, audit.findings), (300, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_room_is_told_everything_that_a_day_asks_and_its_plan_is_valid() {
    let server = Server::new();
    let done = server.plan((0..12).map(|i| input(i, i, day())).collect(), eve()).await;
    assert_eq!((done.published, done.computed), (12, 12));
    for i in 0..12 {
        let (stored, made) = (server.stored(i).await, screen_days::problem(i));
        let asked = |c: &Campaign| {
            (c.id.clone(), c.dur, c.target, c.windows.clone(), c.min_gap_s, c.category.clone(), c.priority.min(3))
        };
        // the room's own ranks: contracts come after every order
        assert_eq!(
            stored.problem.campaigns.iter().map(asked).collect::<Vec<_>>(),
            made.campaigns.iter().map(asked).collect::<Vec<_>>()
        );
        assert_eq!((&stored.problem.fixed, &stored.problem.fillers), (&made.fixed, &made.fillers));
        assert_eq!((&stored.problem.operating, &stored.problem.footfall), (&made.operating, &made.footfall));
        assert_eq!(stored.problem.category_gap_s, made.category_gap_s);
        let plays = lichphat::planning::why::plays(&stored);
        let verdict = check(&stored.problem, &Solution::new(stored.problem.id.clone(), plays));
        assert!(verdict.valid, "{}: {:?}", made.id, verdict.errors);
        let short: u32 = stored.campaigns.iter().map(|c| c.asked.saturating_sub(c.planned)).sum();
        assert_eq!(u64::from(short), verdict.metrics.shortfall_plays, "{}", made.id);
        for c in &stored.campaigns {
            let told = [&c.short_vi, &c.short_en].map(|words| !words.is_empty());
            assert_eq!(told, [c.planned < c.asked; 2], "{} {}: {}", made.id, c.campaign, c.short_en);
        }
    }
}

/// Something that makes a day another one, and how.
type Change = (&'static str, fn(&mut DayInput));

#[tokio::test(flavor = "multi_thread")]
async fn only_what_changed_is_planned_again() {
    let server = Server::new();
    let inputs: Vec<DayInput> = (0..300).map(|i| input(i, i % 30, day())).collect();
    assert_eq!(server.plan(inputs.clone(), eve()).await.published, 300);
    let again = server.plan(inputs.clone(), eve()).await;
    assert_eq!((again.published, again.unchanged, again.computed), (0, 300, 0));

    let changes: [Change; 11] = [
        ("target", |i| i.wanted[0].target -= 1),
        ("file of a campaign", |i| i.wanted[0].asset.media.hash = Sha256Hash::of(b"another file")),
        ("file of a fixed event", |i| i.fixed[0].asset.media.hash = Sha256Hash::of(b"another file")),
        ("file of the local loop", |i| i.local[0].asset.media.hash = Sha256Hash::of(b"another file")),
        ("variant", |i| i.local[0].asset.variant = "en".into()),
        ("loudness", |i| i.local[0].asset.volume_percent = 1),
        ("fades", |i| i.local[0].asset.fades.out_ms = 1),
        ("safe loop", |i| i.fallback.media.hash = Sha256Hash::of(b"another file")),
        ("make-goods", |i| i.wanted[0].quota.as_mut().unwrap().make_good_until = day().plus(9)),
        ("cap", |i| i.wanted[0].quota.as_mut().unwrap().daily_cap += 1),
        ("people", |i| i.weights[40] += 1),
    ];
    let mut inputs = inputs;
    for (version, (what, change)) in changes.into_iter().enumerate() {
        // seed 0 is an airport: it has fixed events, and its first campaign an order's quota
        change(&mut inputs[30]);
        let done = server.plan(inputs.clone(), eve()).await;
        assert_eq!((done.published, done.unchanged), (1, 299), "{what}");
        assert_eq!(done.screens, [inputs[30].screen.clone()], "{what}");
        let stored = server.stored(30).await;
        assert_eq!(stored.head.version.0, version as u32 + 2, "{what}");
        let assets = [&inputs[30].wanted[0].asset, &inputs[30].fixed[0].asset, &inputs[30].local[0].asset];
        assert!(assets.iter().all(|a| stored.assets.assets.contains(a)), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_contradicts_itself_is_left_out_and_the_others_are_planned() {
    let server = Server::new();
    let mut inputs = alike();
    for i in [30, 60] {
        inputs[i].wanted[0].target = 20_000;
    }
    let done = server.plan(inputs.clone(), eve()).await;
    assert_eq!((done.screen_days, done.published, done.computed), (300, 298, 3));
    assert_eq!(done.left_out.iter().map(|l| &l.screen).collect::<Vec<_>>(), [&inputs[30].screen, &inputs[60].screen]);
    assert!(done.left_out.iter().all(|l| l.reason.contains("ask for at most 10000 plays a day")), "{done:?}");

    // a plan in force stays in force
    inputs[30].wanted[0].target = 5;
    assert_eq!(server.plan(inputs.clone(), eve()).await.published, 1);
    let stored = server.stored(30).await;
    inputs[30].wanted[0].target = 20_000;
    assert_eq!(server.plan(inputs, eve()).await.left_out.len(), 2);
    assert_eq!(server.stored(30).await.head, stored.head);
}

#[test]
fn a_screen_without_a_safe_loop_is_left_out_and_named() {
    let data = TestData::new().with_settings(&fixture("server.toml"));
    for (kind, file) in [("units", "units.csv"), ("venues", "venues.toml"), ("screens", "screens.csv")] {
        data.ok(&["import", kind, &fixture(file)]);
    }
    let nobody = data.fails(1, &["plan", "run"]);
    assert!(nobody.contains("no safe loop for any screen"), "{nobody}");

    // the loudspeaker's sound is not there yet
    let whole = std::fs::read_to_string(fixture("loop.toml")).unwrap();
    let (without_sound, _) = whole.split_at(whole.rfind("[[fallback]]").unwrap());
    for file in ["notice.png", "safe.png"] {
        std::fs::copy(fixture(file), data.path().join(file)).unwrap();
    }
    let part = data.path().join("loop.toml");
    std::fs::write(&part, without_sound).unwrap();
    data.bring("campaigns", part.to_str().unwrap());
    let planned = data.run(&["plan", "run"]);
    let words = String::from_utf8(planned.stderr).unwrap();
    assert!(planned.status.success(), "{words}");
    let done: serde_json::Value = serde_json::from_slice(&planned.stdout).unwrap();
    assert!(done["published"].as_u64().unwrap() > 0 && done["published"] == done["screen_days"], "{done}");
    let named: Vec<&str> = words.lines().filter(|line| line.contains("no safe loop")).collect();
    assert!(named.len() == 1 && named[0].contains("L-01"), "{words}");

    data.bring("campaigns", &fixture("loop.toml"));
    let whole: serde_json::Value = serde_json::from_str(&data.ok(&["plan", "run"])).unwrap();
    assert!(whole["published"].as_u64() > Some(0) && whole["unchanged"] == done["published"], "{whole} after {done}");
}
