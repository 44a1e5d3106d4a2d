//! Plays that people go to look at: drawn so that nobody could choose them, reported, and judged by what they prove.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use common::TestData;
use common::town::{TownServer, at, fixture, town};
use lichphat::directory::table::SourceFile;
use lichphat::people::Caller;
use lichphat::sampling::{Question, SamplingError};
use lichphat_playlists::proof::sample::{Aim, Draw, Item, Kind, Seen, Verdict};
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis, clock_text};
use lichphat_playlists::wire::command::Outcome;
use serde_json::Value;
use std::collections::BTreeMap;

const DAY: &str = "2024-09-20";
const EVE: &str = "2024-09-19";
const ORDER: &str = "clean-street";
const SEED: &str = "XSMB 2024-09-20: 48213";

async fn planned_town() -> (TestData, TownServer) {
    let data = town();
    data.bring("directives", &fixture("order.toml"));
    let server = TownServer::start(&data, at(EVE, "20:00")).await;
    server.plan().await;
    (data, server)
}

/// The day of screen C-01, lived by its device.
async fn live_a_day(data: &TestData, server: &TownServer) {
    let mut device = server.device(data, "C-01").await;
    server.clock.jump_to(at(DAY, "07:50"));
    device.sim.clock.advance_to(at(DAY, "07:50"));
    server.live(&mut device, at(DAY, "12:10")).await;
    device.sim.stop().await;
}

fn draw_args<'a>(from: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let days = ["audit", "draw", "--campaign", ORDER, "--from", from, "--to", DAY];
    [days.as_slice(), more].concat()
}

/// The list with `result`, `by` and `at` filled by `of` the row's number.
fn filled(sheet: &str, of: impl Fn(usize) -> (&'static str, String)) -> String {
    let mut lines = sheet.lines();
    let mut out = format!("{}\n", lines.next().unwrap());
    for (i, line) in lines.enumerate() {
        let (result, when) = of(i);
        let places = line.strip_suffix(",,,,,,").unwrap();
        out += &format!("{places},{result},Thanh tra Sở,{when},,,\n");
    }
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_counted_is_drawn_reported_once_and_judged() {
    let (data, server) = planned_town().await;
    let missing = data.fails(1, &draw_args(DAY, &["--seed", SEED]));
    assert!(missing.contains("nothing was counted") && missing.contains("report compliance"), "{missing}");
    live_a_day(&data, &server).await;

    assert!(data.fails(2, &draw_args(DAY, &[])).contains("lottery"), "without a seed there is no draw");
    assert!(data.fails(1, &draw_args(DAY, &["--seed", "a\nb"])).contains("one line"));
    assert!(data.fails(1, &draw_args(DAY, &["--seed", SEED, "--max-bad", "0"])).contains("max-bad = 0"));
    let (file, sheet) = (data.path().join("draw.json"), data.path().join("sheet.csv"));
    let (file, sheet) = (file.to_str().unwrap(), sheet.to_str().unwrap());
    let list = data.ok(&draw_args(DAY, &["--seed", SEED, "--out", file, "--format", "csv"]));
    let bytes = std::fs::read(file).unwrap();
    let draw = Draw::parse(&bytes).unwrap();

    // the population is the report's figure, and so few are all looked at
    let ask = ["report", "compliance", "--campaign", ORDER, "--from", DAY, "--to", DAY, "--format", "json"];
    let report: Value = serde_json::from_str(&data.ok(&ask)).unwrap();
    assert_eq!(report["totals"]["counted"].as_u64(), Some(draw.population.size));
    assert_eq!((draw.kind, draw.items.len(), draw.of_any, list.lines().count()), (Kind::Counted, 6, 299, 7));
    let play = &draw.items[0];
    assert!(play.record.is_some() && play.place == "Phường Một" && play.media_name == "spot.mp4", "{play:?}");
    assert_eq!(
        data.ok(&draw_args(DAY, &["--seed", SEED, "--format", "json"])).into_bytes(),
        [bytes, b"\n".to_vec()].concat()
    );
    data.ok(&["audit", "redraw", file]);

    // two mistakes are named with their lines, and nothing is taken
    let slipped = filled(&list, |_| ("đúng", format!("{DAY} 12:30"))).replacen("C-01", "C-02", 1);
    std::fs::write(sheet, slipped.replacen("12:30", "tomorrow", 2)).unwrap();
    let words = data.fails(1, &["audit", "record", sheet]);
    assert!(words.contains(":2:3: screen = \"C-02\"") && words.contains(":3:16: at = "), "{words}");
    let result = |draw: &str| -> Value {
        serde_json::from_str(&data.ok(&["audit", "result", draw, "--format", "json"])).unwrap()
    };
    let name = &draw.hash().hex()[..12];
    assert!(result(name).as_array().unwrap().iter().all(|row| row["result"] == ""));

    // one that nobody could look at is looked at later; what was found is never changed
    let first = filled(&list, |i| (if i == 2 { "không xem được" } else { "as-expected" }, format!("{DAY} 12:30")));
    let then = filled(&list, |_| ("Đúng", format!("{DAY} 12:30")));
    for (text, said) in [(&first, "6 new"), (&first, "0 new"), (&then, "1 new"), (&then, "0 new")] {
        std::fs::write(sheet, text).unwrap();
        let output = data.run(&["audit", "record", sheet]);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && words.contains(said), "{said}: {words}");
        assert_eq!(words.contains(": SHOWN."), *text == then, "{words}");
    }
    std::fs::write(sheet, filled(&list, |_| ("tối", format!("{DAY} 12:30")))).unwrap();
    assert!(data.fails(1, &["audit", "record", sheet]).contains("never changed"));
    let all: Value = serde_json::from_str(&data.ok(&["audit", "result", "--format", "json"])).unwrap();
    assert_eq!(
        (&all[0]["looked"], &all[0]["bad"], &all[0]["at_most"], &all[0]["result"]),
        (&6.into(), &0.into(), &"0".into(), &"met".into())
    );

    // each draw is a statement in the log: what was made away with is told
    let more = data.run(&draw_args(DAY, &["--seed", "another", "--confidence", "0.9"]));
    assert!(String::from_utf8_lossy(&more.stderr).contains("the log states 2 draws of this campaign"), "{more:?}");
    let db = rusqlite::Connection::open(data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap();
    assert_eq!(db.execute("DELETE FROM draw WHERE log_index = (SELECT max(log_index) FROM draw)", []).unwrap(), 1);
    let list = data.run(&["audit", "result", "--format", "json"]);
    let all: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!((all.as_array().unwrap().len(), &all[0]["draws"]), (1, &2.into()));
    let words = String::from_utf8_lossy(&list.stderr).into_owned();
    assert!(words.contains("is in the log and no longer in the store"), "{words}");
    assert!(data.run(&["check", "--format", "csv"]).stdout.starts_with(b"place,problem,meaning,mend\ndraw "));

    // another population with the seed of before: told
    let again = data.run(&draw_args("2024-09-19", &["--seed", SEED]));
    assert!(String::from_utf8_lossy(&again.stderr).contains(name), "the seed was used before");
    std::fs::write(file, String::from_utf8(std::fs::read(file).unwrap()).unwrap().replace("48213", "48214")).unwrap();
    assert!(data.fails(1, &["audit", "redraw", file]).contains("not the plays that the seed draws"));
}

async fn question(server: &TownServer, day: &str, seed: &str) -> Result<(Draw, Vec<Draw>), SamplingError> {
    let city = server.rooms.city().await.unwrap();
    let day: LocalDay = day.parse().unwrap();
    let aim = Aim { confidence: "0.95".parse().unwrap(), max_bad: "0.01".parse().unwrap() };
    let question = Question { campaign: ORDER.parse().unwrap(), from: day, to: day, aim, seed: seed.into() };
    server.rooms.sampling.draw((&city.directory, &city.campaigns), &BTreeMap::new(), question).await
}

fn line(draw: &Draw, item: &Item, result: &str, when: UtcMillis, code: &str) -> String {
    let (day, ms) = when.local(HANOI);
    let name = &draw.hash().hex()[..12];
    format!(
        "draw,n,screen,result,by,at,code\n{name},{},{},{result},An,{day} {},{code}\n",
        item.n,
        item.screen,
        clock_text(ms / 1000)
    )
}

async fn report(server: &TownServer, text: &str) -> Result<u32, String> {
    let file = SourceFile { name: "found.csv", bytes: text.as_bytes() };
    server.rooms.sampling.report(file).await.map(|done| done.new).map_err(|e| e.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inspector_is_there_in_time_and_his_code_is_what_the_device_signed() {
    let (data, server) = planned_town().await;
    assert!(
        matches!(question(&server, EVE, SEED).await, Err(SamplingError::Days { .. })),
        "today is neither over nor to come"
    );
    // each draw carries the newest checkpoint of its moment, and is itself an entry of the next one
    let (early, _) = question(&server, DAY, "before there is a checkpoint").await.unwrap();
    server.rooms.log.round().await.unwrap();
    let (draw, _) = question(&server, DAY, SEED).await.unwrap();
    let first = server.rooms.log.head().await.unwrap().unwrap();
    server.rooms.log.round().await.unwrap();
    let (later, _) = question(&server, DAY, "after the second").await.unwrap();
    let second = server.rooms.log.head().await.unwrap().unwrap();
    assert_eq!((first.size + 1, early.checkpoint.as_ref()), (second.size, None));
    assert_eq!([&draw, &later].map(|d| d.checkpoint.clone()), [first, second].map(|head| Some(head.note)));
    let stated = server.rooms.sampling.drawn().await.unwrap();
    assert_eq!(stated, [&early, &draw, &later].map(Draw::drawn));
    assert_eq!((draw.kind, draw.items.len() as u64), (Kind::Planned, draw.population.size));
    assert!(
        draw.items.iter().all(|i| i.record.is_none() && i.screen.as_str().starts_with('C')),
        "two screens, no loudspeaker"
    );

    let mut device = server.device(&data, "C-01").await;
    let item = draw.items.iter().find(|i| i.screen.as_str() == "C-01").unwrap();
    let other = draw.items.iter().find(|i| i.screen.as_str() == "C-02").unwrap();
    let (start, screen) = (item.start_ms, &item.screen);
    assert!(report(&server, &line(&draw, item, "đúng", start, "")).await.unwrap_err().contains("yet to come"));
    server.clock.jump_to(start.plus_ms(5_000));
    device.sim.meet().await;
    device.sim.step_until(start.plus_ms(5_000));

    // he has seen the picture and lets the screen show a code
    server.rooms.fleet.ask(screen.clone(), server.rooms.fleet.challenge(), &Caller::shell(), Some("An")).await.unwrap();
    device.sim.agent.heartbeat().await.unwrap();
    let asked = server.rooms.fleet.asked(screen, 1).await.unwrap().remove(0);
    let Some(Outcome::Shown(shown)) = asked.outcome(server.rooms.clock.now()) else { panic!("{asked:?}") };
    let code = shown.challenge.unwrap().code;

    server.clock.jump_to(start.plus_ms(3_600_000));
    assert!(
        report(&server, &line(&draw, item, "đúng", start.plus_ms(3_000_000), ""))
            .await
            .unwrap_err()
            .contains("within five minutes")
    );
    assert!(
        report(&server, &line(&draw, item, "đúng", start, "2222-2222")).await.unwrap_err().contains("did not show")
    );
    assert!(
        report(&server, &line(&draw, other, "đúng", other.start_ms.max(start), &code)).await.is_err(),
        "another screen's code"
    );
    let found = line(&draw, item, "đúng", start.plus_ms(5_000), &code.to_lowercase());
    assert_eq!(report(&server, &found).await, Ok(1));
    assert_eq!(report(&server, &found).await, Ok(0));

    let findings = server.rooms.sampling.findings(&draw).await.unwrap();
    let verdict = Verdict::of(&draw, &findings);
    assert_eq!((findings[0].seen, verdict.tally.with_code, verdict.looked.unwrap().met), (Seen::AsExpected, 1, false));
    let seen = findings[0].code.as_ref().unwrap();
    let answer = asked.answer.unwrap().1;
    let key = device.identity.evidence.verifying_key();
    let key = lichphat_playlists::wire::sign::VerifyingKey::from_base64(&key.to_base64()).unwrap();
    assert!(seen.code == code && seen.is_signed(&answer, &key), "the device's own word, for whoever has its key");
}
