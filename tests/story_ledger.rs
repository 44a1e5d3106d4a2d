//! The period ledger, lived through the commands: a raise, a screen that joins late, a make-up Saturday and the day off
//! it stands for, a mourning day that leaves the quota, one that is made good, a day of repair, and an hour of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use common::TestData;
use common::town::{Place, SQUARE, TownDevice, TownServer, at, import, town};
use lichphat::planning::StoredPlan;
use lichphat::proof::evidence::screen_day;
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::time::{HANOI, IntervalSet, LocalDay};
use lichphat_playlists::wire::v1::Tier;

/// Two offices, one from the second Monday on, and an order that is raised and overridden.
const OFFICE: Place<'_> = Place {
    venue: "ward-office",
    calendar: "offices",
    days: "mon-fri",
    open: "08:00-10:00",
    screens: &[("O-01", "Sảnh", ""), ("O-02", "Phòng chờ", "2026-08-24")],
    order: "clean-office",
    title: "Công sở sạch",
    period: ("2026-08-19", "2026-09-04"),
    quota: (4, "duty"),
    more: MORE,
    ..SQUARE
};
const CALENDAR: &str = "date,name,kind,applies_to
2026-08-22,Làm bù,workday,offices
2026-08-31,Nghỉ hoán đổi,day-off,offices
";
const MORE: &str = "
[[amendment]]
kind = 'raise'
number = '2/HN'
date = 2026-08-20
from = 2026-08-27
plays = 5
[[override]]
unit = 'P1'
plays = 6
from = 2026-08-27
number = '3/P1'
";

fn suspension(code: &str, day: &str, in_place: &str, days: &str) -> String {
    format!(
        "code = '{code}'\ntitle = 'Quốc tang'\nkind = 'suspend'\nsample = true\nissuer = 'HN'\nfrom = {day}\nto = {day}\n\
         source = 'made up for the story'\n[suspend]\ncontent = ['contract', 'local', 'order']\nin_place = '{in_place}'\n\
         days = '{days}'\n[[target]]\nlink = 'territory'\nunit = 'HN'\nforce = 'required'\nreason = 'made up'\n"
    )
}

const SOLEMN: &str = "[product]\ntitle = 'Nền đen'\nlength_s = 20\n[[product.variant]]\nlang = 'vi'\nform = 'silent'\nfile = 'notice.png'\n";

fn office() -> TestData {
    let data = town();
    import(&data, "calendar", "calendar.csv", CALENDAR);
    OFFICE.import(&data);
    data
}

async fn plan_of(server: &TownServer, screen: &str, day: &str) -> Option<StoredPlan> {
    let screen = ScreenCode::new(screen).unwrap();
    server.rooms.planning.store().newest(&screen, day.parse().unwrap()).await.unwrap()
}

/// What the day's newest plan was asked for, and holds, of the order.
async fn asked(server: &TownServer, screen: &str, day: LocalDay) -> Option<(u32, u32)> {
    let plan = plan_of(server, screen, &day.to_string()).await?;
    let order = plan.campaigns.iter().find(|c| c.campaign.as_str() == "clean-office");
    Some(order.map_or((0, 0), |c| (c.asked, c.planned)))
}

/// What plays in the day's newest plan, by rank.
async fn ranks(server: &TownServer, screen: &str, day: &str) -> Vec<Tier> {
    let plan = plan_of(server, screen, day).await.unwrap();
    let mut ranks: Vec<Tier> =
        plan.playlist.slots.iter().map(|s| plan.assets.assets[usize::from(s.item)].tier).collect();
    ranks.sort();
    ranks.dedup();
    ranks
}

/// Plans at half past seven and lives the morning; what the day asked of both screens, none without a plan.
async fn live(server: &TownServer, device: &mut TownDevice, from: &str, to: &str) -> Vec<(String, u32, Option<u32>)> {
    let mut days = Vec::new();
    for day in from.parse::<LocalDay>().unwrap().through(to.parse().unwrap()) {
        let text = day.to_string();
        server.clock.jump_to(at(&text, "07:30"));
        server.plan().await;
        device.sim.step_until(at(&text, "07:30"));
        server.live(device, at(&text, "10:15")).await;
        let of = [asked(server, "O-01", day).await, asked(server, "O-02", day).await];
        if let [Some((a, _)), b] = of {
            days.push((text[5..].to_owned(), a, b.map(|(b, _)| b)));
        }
    }
    days
}

fn figures(data: &TestData, to: &str) -> Vec<(u64, u64, u64, bool)> {
    let ask =
        ["report", "compliance", "--campaign", "clean-office", "--from", "2026-08-19", "--to", to, "--format", "json"];
    let report: serde_json::Value = serde_json::from_str(&data.ok(&ask)).unwrap();
    let line = |l: &serde_json::Value| {
        let n = |key: &str| l[key].as_u64().unwrap();
        (n("counted"), n("owed"), n("operating_days"), l["met"].as_bool().unwrap())
    };
    report["lines"].as_array().unwrap().iter().map(line).collect()
}

/// What a day by itself owes the first screen, lacks there and why.
fn lacks(data: &TestData, day: &str) -> serde_json::Value {
    let ask = ["report", "compliance", "--campaign", "clean-office", "--from", day, "--to", day, "--format", "json"];
    let report: serde_json::Value = serde_json::from_str(&data.ok(&ask)).unwrap();
    let line = report["lines"].as_array().unwrap().iter().find(|l| l["screen"] == "O-01").unwrap();
    serde_json::json!([line["owed"], line["short"], line["causes"]])
}

fn days(of: &[(&str, u32, Option<u32>)]) -> Vec<(String, u32, Option<u32>)> {
    of.iter().map(|&(day, a, b)| (day.to_owned(), a, b)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_day_asks_for_what_it_owes_whatever_befalls_the_days_around_it() {
    let data = office();
    let server = TownServer::start(&data, at("2026-08-18", "20:00")).await;
    server.plan().await;
    let mut device = server.device(&data, "O-01").await;

    // run-ahead first, then four a day; Saturday is worked, on Monday the second screen joins
    let lived = live(&server, &mut device, "2026-08-19", "2026-08-24").await;
    let first = [("08-19", 6, None), ("08-20", 6, None), ("08-21", 4, None), ("08-22", 4, None), ("08-24", 4, Some(6))];
    assert_eq!(lived, days(&first));

    // two orders of mourning and a day of repair are put in while their days are planned already
    assert_eq!(asked(&server, "O-01", "2026-08-25".parse().unwrap()).await, Some((4, 4)));
    server.brings(&data, "directives", "mourning.toml", &suspension("mourning", "2026-08-25", "blank", "leave-quota"));
    let solemn = suspension("solemn", "2026-08-28", "solemn-loop", "make-good");
    server.brings(&data, "directives", "solemn.toml", &(solemn + SOLEMN));
    let repair = "unit,from,to,reason,author\nP1,2026-08-26,2026-08-26,sửa điện,Văn phòng\n";
    server.closes(&data, repair).await;
    server.clock.jump_to(at("2026-08-24", "20:00"));
    server.plan().await;
    for day in ["2026-08-25", "2026-08-26", "2026-08-28"] {
        assert_eq!(asked(&server, "O-01", day.parse().unwrap()).await, Some((0, 0)), "{day} is taken back");
    }
    for black in ["2026-08-25", "2026-08-26"] {
        let plan = plan_of(&server, "O-01", black).await.unwrap();
        assert!(plan.playlist.slots.is_empty() && plan.playlist.duty.is_empty(), "{black}: {:?}", plan.playlist);
    }
    let why = |at: &str| -> serde_json::Value {
        let ask = ["why", "--screen", "O-01", "--campaign", "clean-office", "--at", at, "--format", "json"];
        serde_json::from_str(&data.ok(&ask)).unwrap()
    };
    for (at, rule, record) in [
        ("2026-08-25 09:00", "suspended", "directive mourning (2026-08-25 – 2026-08-25)"),
        ("2026-08-26 09:00", "closed", "closure owner P1 2026-08-26 00:00 – 2026-08-26 24:00 (Văn phòng)"),
        ("2026-08-27 12:00", "screen-off", "screen O-01"),
    ] {
        let answer = why(at);
        assert_eq!((answer["rule"].as_str(), answer["record"].as_str()), (Some(rule), Some(record)), "{answer}");
    }
    // six asked and played on the 19th, sixteen more since; the raise begins on the 27th
    let text = why("2026-08-27 09:59:59")["text"].as_str().unwrap().to_owned();
    assert!(
        text.ends_with("Ledger: 26 owed to the end of 2026-08-27, 24 counted before it, at most 6 ahead."),
        "{text}"
    );
    assert_eq!(ranks(&server, "O-01", "2026-08-28").await, [Tier::Local]);
    let quiet = plan_of(&server, "O-01", "2026-08-28").await.unwrap();
    let safe = &quiet.assets.assets[usize::from(quiet.playlist.fallback)];
    assert_eq!(safe.code.as_str(), "solemn", "what stands in is solemn too");

    let before = device.sim.agent.playing().faults().len();
    let lived = live(&server, &mut device, "2026-08-25", "2026-09-01").await;
    // raised to six from the 27th on; the mourning day of the 28th is caught up for from 1 September
    let second = [
        ("08-25", 0, Some(0)),
        ("08-26", 0, Some(0)),
        ("08-27", 8, Some(9)),
        ("08-28", 0, Some(0)),
        ("09-01", 9, Some(9)),
    ];
    assert_eq!(lived, days(&second));
    assert_eq!(device.sim.agent.playing().faults().len(), before);

    // an hour of repair begins in the middle of the morning; what it takes comes on the days after it
    server.clock.jump_to(at("2026-09-02", "07:30"));
    server.plan().await;
    assert_eq!(asked(&server, "O-01", "2026-09-02".parse().unwrap()).await, Some((9, 9)));
    server.live(&mut device, at("2026-09-02", "08:45")).await;
    let later = "screen,from,to,reason,author\nO-01,2026-09-02 08:50,2026-09-02,mất điện,Bảo vệ\n";
    server.closes(&data, later).await;
    server.plan().await;
    let plan = plan_of(&server, "O-01", "2026-09-02").await.unwrap();
    let dark = IntervalSet::parse("08:50-24:00").unwrap();
    assert!(plan.playlist.slots.iter().all(|s| !dark.contains(s.start_s)), "{:?}", plan.playlist.slots);
    let kept = asked(&server, "O-01", "2026-09-02".parse().unwrap()).await.unwrap().1;
    assert!((1..9).contains(&kept), "{kept} of nine fit before it");
    server.live(&mut device, at("2026-09-02", "10:15")).await;
    let lived = live(&server, &mut device, "2026-09-03", "2026-09-04").await;
    assert_eq!(lived[0].1, 9, "behind: as much as a day may have");
    device.sim.stop().await;

    // what the screen itself says of the quiet days: nothing at all, or the solemn loop and nothing else
    for (quiet, shown) in [("2026-08-25", &[][..]), ("2026-08-26", &[]), ("2026-08-28", &["solemn"])] {
        let screen = ScreenCode::new("O-01").unwrap();
        let evidence = screen_day(&server.rooms.store, &screen, quiet.parse().unwrap(), HANOI).await.unwrap();
        let mut codes: Vec<&str> = evidence.records.iter().map(|r| r.campaign.as_str()).collect();
        codes.dedup();
        assert_eq!(codes, shown, "{quiet}");
    }

    // owed: four on the 19th to 22nd and 24th, six on the 27th, the made-good 28th, 1 to 4 September
    server.clock.jump_to(at("2026-09-05", "07:00"));
    let figures = figures(&data, "2026-09-04");
    let total = 20 + 6 * 6;
    assert_eq!(figures[0], (total + 6, total, 10, true), "all of it, and the run-ahead: {lived:?}");
    assert_eq!(figures[1], (0, 40, 6, false), "no device, and nothing owed before it came");
    let says = ["2026-08-25", "2026-08-26", "2026-08-28"].map(|day| lacks(&data, day));
    let [mourning, repair, solemn] = says;
    assert_eq!((mourning, repair), (serde_json::json!([0, 0, {}]), serde_json::json!([0, 0, {}])), "they owe nothing");
    let by = serde_json::json!([6, 6, { "suspended:solemn": 6 }]);
    assert_eq!(solemn, by, "what is made good on other days is missing on its own, and the report names the order");
    let out = data.path().join("report.json");
    data.ok(&["report", "make", "--from", "2026-08-24", "--to", "2026-08-30", "--out", out.to_str().unwrap()]);
    let made: serde_json::Value = serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap();
    let by = made["orders"][0]["suspended"].as_array().unwrap();
    let said = by.iter().map(|s| serde_json::json!([s["code"], s["days"], s["screens"]])).collect::<Vec<_>>();
    let day = |code: &str, day: &str| serde_json::json!([code, [day, day], 2]);
    assert_eq!(said, [day("mourning", "2026-08-25"), day("solemn", "2026-08-28")]);
    // the ward's day of repair took a day of both screens, and was entered two evenings before; the suspensions are told once
    let closed = &made["times_off"];
    assert_eq!(closed.as_array().unwrap().len(), 1, "{closed}");
    let [unit, screens, days, by, author] =
        ["unit", "screens", "days", "entered_by", "author"].map(|field| &closed[0][field]);
    let expected = serde_json::json!([["owner", "P1"], ["O-01", "O-02"], 2, "shell", "Văn phòng"]);
    assert_eq!(serde_json::json!([unit, screens, days, by, author]), expected);
    assert!(closed[0]["entered_at"].as_i64().unwrap() < at("2026-08-26", "00:00").0, "{closed}");
    let out = data.path().join("week.json");
    data.ok(&["report", "make", "--from", "2026-09-02", "--to", "2026-09-04", "--out", out.to_str().unwrap()]);
    let made: serde_json::Value = serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap();
    let hour = &made["times_off"][0];
    assert_eq!(
        serde_json::json!([hour["screens"], hour["days"]]),
        serde_json::json!([["O-01"], 0]),
        "an hour is no day"
    );
    data.ok(&["check"]);
}

const WARD: &str = r#"
code = "ward-clean"
title = "Phường sạch"
kind = "play"
sample = true
issuer = "HN"
from = 2026-08-17
to = 2026-08-21
source = "made up for the story"
quota = { plays = 8, per = "day", rule = "average", within = "duty", of = "unit" }
min_gap_s = 300
[product]
title = "Phường sạch"
length_s = 15
[[product.variant]]
lang = "vi"
form = "subtitled"
file = "spot.mp4"
[[target]]
link = "territory"
unit = "HN"
venue_types = ["corner"]
force = "required"
reason = "made up for the story"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_wards_number_is_reached_by_its_screens_together() {
    let data = town();
    import(&data, "directives", "ward.toml", WARD);
    let server = TownServer::start(&data, at("2026-08-16", "20:00")).await;
    server.closes(&data, "screen,from,to,reason,author\nC-02,2026-08-18,2026-08-18,sửa điện,Văn phòng\n").await;
    server.plan().await;
    let (mut one, mut two) = (server.device(&data, "C-01").await, server.device(&data, "C-02").await);
    let mut shared = Vec::new();
    for day in "2026-08-17".parse::<LocalDay>().unwrap().through("2026-08-21".parse().unwrap()) {
        let text = day.to_string();
        server.clock.jump_to(at(&text, "07:30"));
        server.plan().await;
        let mut asked = Vec::new();
        for screen in ["C-01", "C-02"] {
            let plan = plan_of(&server, screen, &text).await;
            let of =
                plan.iter().flat_map(|p| &p.campaigns).find(|c| c.campaign.as_str() == "ward-clean").map(|c| c.asked);
            asked.push(of.unwrap_or(0));
        }
        shared.push((text[8..].to_owned(), asked[0], asked[1]));
        one.sim.step_until(at(&text, "07:30"));
        // on the 19th the second screen is without power until after its hours
        if day.to_string() == "2026-08-19" {
            two.without_power(at(&text, "12:05"));
        } else {
            two.sim.step_until(at(&text, "07:30"));
            two.sim.meet().await;
        }
        server.live(&mut one, at(&text, "12:10")).await;
        two.sim.step_until(at(&text, "12:10"));
        two.sim.meet().await;
    }
    one.sim.stop().await;
    two.sim.stop().await;
    // twelve ahead, shared in halves; all of it on the screen that is open; then what the dark one missed comes back,
    // three plays when its first word is heard and the fourth a day later
    let expected = [("17", 6, 6), ("18", 12, 0), ("19", 4, 4), ("20", 5, 6), ("21", 4, 5)];
    assert_eq!(shared, expected.map(|(day, a, b)| (day.to_owned(), a, b)));

    server.clock.jump_to(at("2026-08-22", "07:00"));
    let ask = ["report", "compliance", "--campaign", "ward-clean", "--from", "2026-08-17", "--to", "2026-08-21"];
    let csv = data.ok(&[ask.as_slice(), &["--format", "csv"]].concat());
    insta::assert_snapshot!(csv, @"
    unit,name,screens,days,owed,counted,made_good,declared,pending,missed,mean_per_day,days_at_target,days_at_zero,short,result,cause
    P1,Phường Một,2,5,40,48,0,0,0,0,9.6,4,0,0,met,
    ");
    let report: serde_json::Value =
        serde_json::from_str(&data.ok(&[ask.as_slice(), &["--format", "json"]].concat())).unwrap();
    assert_eq!((report["of"].as_str(), report["totals"]["met"].as_u64()), (Some("unit"), Some(1)));
    assert_eq!(report["lines"].as_array().unwrap().len(), 2, "each screen with its part");
    data.ok(&["check"]);
}
