//! Contracts as a media company lives with them: brought as a table, planned by the hour, delivered, and shown to who pays:
//! what was sold, what was proven, what is missing and why.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use common::TestData;
use common::town::{Place, SQUARE, TownServer, at, fixture, import, town};
use lichphat_playlists::ids::ScreenCode;
use serde_json::{Value, json};

const DAY: &str = "2024-09-20";

/// A square that is open from 6 to 12, and the table of what was sold there.
fn square() -> TestData {
    let data = town();
    Place { screens: &[("Q-01", "Quảng trường", ""), ("Q-02", "Cổng sau", "")], ..SQUARE }.import(&data);
    let table = "code,title,advertiser,from,to,plays_per_day,plays_per_hour,windows,length_s,min_gap_s,category,exclusive,tags,sample,unit,venue_types,file\n\
         juice,Nước ép,Công ty Nước,2024-09-20,2024-09-21,,6,07:00-11:00,15,240,,,he;nuoc,yes,P1,square,spot.mp4\n\
         bank,Ngân hàng,Ngân hàng Mẫu,2024-09-20,2024-10-20,40,,,10,,,,,yes,Phường Một,square,notice.png\n";
    bring(&data, table);
    data
}

fn bring(data: &TestData, table: &str) {
    for clip in ["spot.mp4", "notice.png"] {
        std::fs::copy(fixture(clip), data.path().join(clip)).unwrap();
    }
    let path = data.path().join("contracts.csv");
    std::fs::write(&path, table).unwrap();
    data.bring("contracts", path.to_str().unwrap());
}

fn delivered(data: &TestData, more: &[&str]) -> Vec<Value> {
    let ask = ["report", "contracts", "--from", DAY, "--to", "2024-09-21", "--format", "json"];
    let rows: Value = serde_json::from_str(&data.ok(&[&ask[..], more].concat())).unwrap();
    rows.as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_pays_sees_what_was_sold_what_was_proven_and_why_the_rest_is_missing() {
    let data = square();
    let server = TownServer::start(&data, at("2024-09-19", "20:00")).await;
    server.plan().await;
    let plan = server.rooms.planning.store().newest(&ScreenCode::new("Q-01").unwrap(), DAY.parse().unwrap()).await;
    let plan = plan.unwrap().unwrap();
    let of = |code: &str| plan.campaigns.iter().find(|c| c.campaign.as_str() == code).map(|c| (c.asked, c.planned));
    assert_eq!((of("juice"), of("bank")), (Some((24, 24)), Some((40, 40))), "four hours at six an hour; forty a day");
    let juice =
        |s: &&lichphat_playlists::wire::v1::Slot| plan.assets.assets[usize::from(s.item)].code.as_str() == "juice";
    let mut hours = [0u32; 24];
    plan.playlist.slots.iter().filter(juice).for_each(|s| hours[s.start_s as usize / 3_600] += 1);
    assert!(hours[7..11].iter().all(|n| (5..=7).contains(n)), "spread over its hours: {hours:?}");

    // the first screen has no power from half past eight to ten, the second is closed on the second day
    let (mut one, mut two) = (server.device(&data, "Q-01").await, server.device(&data, "Q-02").await);
    server.live(&mut one, at(DAY, "08:30")).await;
    one.without_power(at(DAY, "10:00"));
    server.clock.jump_to(at(DAY, "05:00"));
    server.live(&mut two, at(DAY, "23:00")).await;
    one.sim.step_until(at(DAY, "23:00"));
    one.sim.meet().await;
    server.closes(&data, "screen,from,to,reason,author\nQ-02,2024-09-21,2024-09-21,sửa,Đội kỹ thuật\n").await;
    server.clock.jump_to(at("2024-09-21", "05:30"));
    server.plan().await;
    server.live(&mut one, at("2024-09-21", "23:00")).await;
    server.clock.jump_to(at("2024-09-30", "08:00"));

    let rows = delivered(&data, &[]);
    let [bank, juice] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!(
        (&juice["title"], &juice["advertiser"], &juice["tags"]),
        (&json!("Nước ép"), &json!("Công ty Nước"), &json!("he;nuoc"))
    );
    // three screen-days of 24, for the closed one owes nothing
    assert_eq!((&juice["owed"], &juice["screens"], &juice["met"]), (&json!(72), &json!(2), &json!(1)));
    let counted = juice["counted"].as_u64().unwrap();
    assert!((60..72).contains(&counted), "an hour and a half without power: {juice}");
    assert_eq!(juice["percent"], json!(counted * 100 / 72));
    assert_eq!(juice["causes"], json!("no-record=1"), "{juice}");
    assert_eq!((&bank["owed"], &bank["to"]), (&json!(120), &json!("2024-09-21")));
    assert_eq!(delivered(&data, &["--advertiser", "Công ty Nước"]), std::slice::from_ref(juice));
    assert_eq!(delivered(&data, &["--tag", "nuoc"]), std::slice::from_ref(juice));
    assert!(delivered(&data, &["--tag", "đông"]).is_empty());

    // screen by screen, and the evidence of it, which who pays can check without us
    let ask = ["report", "compliance", "--campaign", "juice", "--from", DAY, "--to", "2024-09-21", "--format", "json"];
    let report: Value = serde_json::from_str(&data.ok(&ask)).unwrap();
    let of = |screen: &str| report["lines"].as_array().unwrap().iter().find(|l| l["screen"] == screen).unwrap().clone();
    assert_eq!(
        (&of("Q-02")["owed"], &of("Q-02")["counted"], &of("Q-02")["force"]),
        (&json!(24), &json!(24), &json!("contract"))
    );
    server.rooms.log.round().await.unwrap();
    let bundle = data.path().join("juice.zip");
    let bundle = bundle.to_str().unwrap();
    data.ok(&["export", "bundle", "--campaign", "juice", "--from", DAY, "--to", "2024-09-21", "--out", bundle]);
    data.ok(&["verify", bundle]);
    data.ok(&["check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_clip_fits_is_owed_and_the_report_says_so() {
    let data = square();
    let radio = "[[contract]]\ncode = 'corner-tea'\ntitle = 'Trà góc phố'\nadvertiser = 'Công ty Trà'\nfrom = 2024-09-20\nto = 2024-09-21\n\
        plays_per_day = 5\ntags = ['corner']\nsample = true\nplace = [{ unit = 'P1', venue_types = ['square'] }]\n\
        [contract.product]\ntitle = 'Trà'\nlength_s = 10\n\
        variant = [{ lang = 'vi', form = 'silent', venue_types = ['corner'], file = 'notice.png' }]\n";
    import(&data, "campaigns", "corner-tea.toml", radio);
    let server = TownServer::start(&data, at("2024-09-19", "20:00")).await;
    server.plan().await;
    let plan = server.rooms.planning.store().newest(&ScreenCode::new("Q-01").unwrap(), DAY.parse().unwrap()).await;
    let plan = plan.unwrap().unwrap();
    assert!(plan.assets.assets.iter().all(|a| a.code.as_str() != "corner-tea"), "no clip of it fits a square");
    server.clock.jump_to(at("2024-09-30", "08:00"));

    let rows = delivered(&data, &["--tag", "corner"]);
    let [tea] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((&tea["owed"], &tea["counted"], &tea["percent"]), (&json!(20), &json!(0), &json!(0)));
    assert_eq!((&tea["screens"], &tea["met"], &tea["causes"]), (&json!(2), &json!(0), &json!("no-variant=2")), "{tea}");
    server.rooms.log.round().await.unwrap();
    let bundle = data.path().join("corner.zip");
    let bundle = bundle.to_str().unwrap();
    data.ok(&["export", "bundle", "--campaign", "corner-tea", "--from", DAY, "--to", "2024-09-21", "--out", bundle]);
    data.ok(&["verify", bundle]);
}
