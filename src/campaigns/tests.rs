//! Stories of orders: who is bound, what is owed, what may be changed.

use super::*;
use crate::directory::problem::Problems;
use crate::directory::table::SourceFile;
use crate::directory::{Directory, import};
use lichphat_playlists::ids::{DirectiveCode, ScreenCode};
use lichphat_playlists::quota::Ratio;
use lichphat_playlists::time::{HANOI, LocalDay};

const SCREENS: &str = "\
code,name,venue_type,kind,width,height,output,owner,territory,sector,from
ubnd-ba-dinh,Sảnh UBND,public_office,managed,,,,Q001,,,2024-01-01
led-kim-ma,LED Kim Mã,intersection,managed,,,,TRANSERCO,Q001,,2024-01-01
bach-mai,Sảnh khám,hospital,third-party,1080,1920,,HRT,,Sở Y tế,2024-01-01
noi-bai,Ga T2,airport,managed,,,,NIA,X00433,,2024-01-01
loa-ba-dinh,Loa phường,loudspeaker,managed,,,none,P00004,P00004,,2025-07-01
ubnd-moi,Sảnh mới,public_office,managed,,,,P00004,P00004,,2025-07-01
";

fn day(text: &str) -> LocalDay {
    text.parse().unwrap()
}

fn directory() -> Directory {
    let mut directory = Directory::default();
    let now = day("2026-11-20").start(HANOI);
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    for (kind, name) in [
        (import::Kind::Units, "directory/units.toml"),
        (import::Kind::Venues, "venues.toml"),
        (import::Kind::Calendar, "calendar/holidays-vn.csv"),
    ] {
        let bytes = std::fs::read(root.join(name)).unwrap();
        let context = import::Context { directory: &directory, now };
        let batch = import::parse(kind, SourceFile { name, bytes: &bytes }, context).unwrap();
        directory.apply(batch);
    }
    let screens = SourceFile { name: "screens.csv", bytes: SCREENS.as_bytes() };
    let context = import::Context { directory: &directory, now };
    let batch = import::parse(import::Kind::Screens, screens, context).unwrap_or_else(|p| panic!("{p}"));
    directory.apply(batch);
    directory
}

fn preset(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/directives").join(name);
    std::fs::read_to_string(path).unwrap()
}

fn read(directory: &Directory, campaigns: &Campaigns, text: &str, today: &str) -> Result<Directive, Problems> {
    let file = SourceFile { name: "order.toml", bytes: text.as_bytes() };
    let batch = directive(file, Context { directory, campaigns, now: day(today).start(HANOI) })?;
    match batch.changes.into_iter().next() {
        Some(CampaignChange::Directive(directive)) => Ok(*directive),
        _ => panic!("no directive"),
    }
}

fn ihanoi(directory: &Directory) -> Directive {
    read(directory, &Campaigns::default(), &preset("ihanoi-2024.toml"), "2026-11-20").unwrap_or_else(|p| panic!("{p}"))
}

fn screen<'a>(directory: &'a Directory, code: &str) -> &'a crate::directory::Screen {
    directory.screen(&ScreenCode::new(code).unwrap()).unwrap()
}

#[test]
fn the_order_ends_after_its_last_day_and_not_before() {
    let directory = directory();
    let order = ihanoi(&directory);
    assert_eq!(order.phase(day("2024-08-11")), Phase::Upcoming);
    assert_eq!(order.phase(day("2024-10-10")), Phase::Running, "hết ngày 10/10/2024");
    assert_eq!(order.phase(day("2024-10-11")), Phase::Ended);
    let office = screen(&directory, "ubnd-ba-dinh");
    assert_eq!(order.owed(&directory, office, day("2024-10-10")), Ratio::from_integer(10));
    assert_eq!(order.owed(&directory, office, day("2024-10-11")), Ratio::from_integer(0));
    assert_eq!(
        order.owed(&directory, office, day("2024-09-02")),
        Ratio::from_integer(0),
        "National Day, a Monday: closed"
    );
    assert!(order.targets(&directory, day("2026-11-20")).is_empty(), "ended today");
}

#[test]
fn each_screen_is_bound_by_the_line_that_names_its_nearest_unit() {
    let directory = directory();
    let order = ihanoi(&directory);
    let bound: Vec<String> = order
        .targets(&directory, day("2024-09-20"))
        .iter()
        .map(|b| {
            format!(
                "{}: {}{} ({})",
                b.screen.code,
                b.target.force,
                if b.target.inferred { ", inferred" } else { "" },
                b.target.unit
            )
        })
        .collect();
    insta::assert_snapshot!(bound.join("\n"), @r"
    bach-mai: required (HN-SYT)
    led-kim-ma: required (TRANSERCO)
    noi-bai: requested, inferred (ACV)
    ubnd-ba-dinh: required (HN)
    ");
    let variant = |code: &str| order.product.as_ref().unwrap().variant_for(screen(&directory, code)).map(Variant::name);
    assert_eq!(variant("bach-mai").unwrap(), "vi-landscape-subtitled", "with bars: there is no portrait one");
    assert_eq!(variant("noi-bai").unwrap(), "en-landscape-subtitled", "visitors from abroad");
    assert_eq!(variant("led-kim-ma").unwrap(), "vi-landscape-subtitled");
    assert_eq!(variant("loa-ba-dinh"), None, "a loudspeaker has no picture");
}

#[test]
fn an_extension_is_a_period_of_its_own_that_owes_nothing_from_before() {
    let directory = directory();
    let order = ihanoi(&directory).with_amendment(Amendment {
        kind: AmendmentKind::Extend,
        number: "mẫu".into(),
        date: day("2026-11-16"),
        from: Some(day("2026-11-16")),
        to: Some(day("2026-12-31")),
        plays: None,
        sample: true,
    });
    assert_eq!(order.flaws(), []);
    assert_eq!(order.periods(), [(day("2024-08-12"), day("2024-10-10")), (day("2026-11-16"), day("2026-12-31"))]);
    assert_eq!(order.phase(day("2025-06-01")), Phase::Paused);
    let days = order.days_owed(&directory, screen(&directory, "ubnd-moi"), day("2026-11-20"));
    assert_eq!(days.first().map(|d| d.day), Some(day("2026-11-16")));
    assert_eq!(days.iter().filter(|d| d.operating).count(), 33, "working days less 24 November");
    assert!(days.iter().all(|d| d.owed == Ratio::from_integer(if d.operating { 10 } else { 0 })));
}

#[test]
fn a_raise_counts_from_its_day_and_the_past_keeps_its_number() {
    let directory = directory();
    let mut text = preset("ihanoi-2024.toml");
    text.push_str(
        "\n[[amendment]]\nkind = \"raise\"\nnumber = \"9/UBND\"\ndate = 2024-08-30\nfrom = 2024-09-16\nplays = 12\n\
         [[override]]\nunit = \"Q001\"\nplays = 14\nfrom = 2024-09-23\nto = 2024-09-27\nnumber = \"3/QĐ-UBND\"\n",
    );
    let order = read(&directory, &Campaigns::default(), &text, "2024-08-12").unwrap_or_else(|p| panic!("{p}"));
    let owed = |code: &str, on: &str| order.owed(&directory, screen(&directory, code), day(on)).to_integer();
    let office = "ubnd-ba-dinh";
    let by_day = ["2024-09-13", "2024-09-16", "2024-09-23", "2024-09-27", "2024-09-30"].map(|on| owed(office, on));
    assert_eq!(by_day, [10, 12, 14, 14, 12]);
    assert_eq!(owed("bach-mai", "2024-09-23"), 12, "another unit's override");
}

#[test]
fn a_lowered_number_is_refused_with_the_rule() {
    let directory = directory();
    let mut text = preset("ihanoi-2024.toml");
    text.push_str("\n[[override]]\nunit = \"P00004\"\nplays = 8\nfrom = 2024-09-01\nnumber = \"1/QĐ\"\n");
    let problems = read(&directory, &Campaigns::default(), &text, "2024-08-12").unwrap_err();
    insta::assert_snapshot!(problems.text(false), @r#"order.toml:139:9: override[0].plays = "8": phải lớn hơn 10: chỉ được tăng tần suất, không được giảm: thủ trưởng đơn vị chỉ có quyền quyết định tăng"#);
}

#[test]
fn an_order_in_force_is_amended_not_edited() {
    let directory = directory();
    let mut campaigns = Campaigns::default();
    let first = ihanoi(&directory);
    campaigns.apply(CampaignBatch { changes: vec![CampaignChange::Directive(Box::new(first))] });
    let fewer = preset("ihanoi-2024.toml").replace("plays = 10,", "plays = 9,").replace("2024-10-10 #", "2024-11-10 #");
    let problems = read(&directory, &campaigns, &fewer, "2024-09-01").unwrap_err();
    let fields: Vec<_> = problems.iter().map(|p| p.field.as_str()).collect();
    assert_eq!(fields, ["to", "quota"]);
    assert!(read(&directory, &campaigns, &fewer, "2024-08-01").is_ok(), "before its first day it may be edited");
    let late =
        preset("ihanoi-2024.toml") + "\n[[override]]\nunit = \"HN\"\nplays = 20\nfrom = 2024-08-20\nnumber = \"1\"\n";
    let problems = read(&directory, &campaigns, &late, "2024-09-01").unwrap_err();
    assert!(problems.text(true).contains("the past is not rewritten"), "{problems}");
}

#[test]
fn bad_directives_name_field_value_and_mend() {
    let directory = directory();
    let text = preset("ihanoi-2024.toml")
        .replace("to = 2024-10-10", "to = 2024-07-10")
        .replace("priority = 1", "priority = 7")
        .replace("unit = \"TRANSERCO\"", "unit = \"TRANSERKO\"")
        .replace("\"airport\"", "\"spaceport\"")
        .replace("min_gap_s = 600", "min_gap_s = 5");
    let problems = read(&directory, &Campaigns::default(), &text, "2024-08-01").unwrap_err();
    insta::assert_snapshot!(problems.text(true), @r#"
    order.toml:12:6: to = "2024-07-10": the last day comes before the first (from)
    order.toml:17:13: min_gap_s = "5": must be at least the product's length_s
    order.toml:18:12: priority = "7": must be 1 (first) to 3
    order.toml:47:15: product.variant[1].venue_types = "spaceport": no such venue type; import the venues first
    order.toml:88:8: target[5].unit = "TRANSERKO": no unit has this code; import the units first
    "#);
    let unknown = preset("ihanoi-2024.toml").replace("issuer =", "isuer =");
    let problems = read(&directory, &Campaigns::default(), &unknown, "2024-08-01").unwrap_err();
    insta::assert_snapshot!(problems.text(true), @r#"order.toml:9:1: isuer = "isuer": no such key; the keys are: code, title, title_en, kind, sample, issuer, number, issued, legal_basis, from, to, source, note, quota, weight, min_gap_s, priority, category, product, suspend, target, amendment, override, declared"#);
    let impossible = preset("ihanoi-2024.toml").replace("to = 2024-10-10", "to = \"2024-02-30\"");
    let problems = read(&directory, &Campaigns::default(), &impossible, "2024-08-01").unwrap_err();
    insta::assert_snapshot!(problems.text(true), @r#"order.toml:12:6: to = "2024-02-30": write the date as 2024-10-10 (year-month-day), a day that exists"#);
    let bare = preset("ihanoi-2024.toml").replace("to = 2024-10-10", "to = 2024-02-30");
    let problems = read(&directory, &Campaigns::default(), &bare, "2024-08-01").unwrap_err();
    insta::assert_snapshot!(problems.text(false), @r#"order.toml:12:6: to = "2024-02-30": viết ngày theo dạng 2024-10-10 (năm-tháng-ngày), là ngày có thật"#);
}

#[test]
fn a_month_on_loudspeakers_is_shared_by_its_days() {
    let directory = directory();
    let order = read(&directory, &Campaigns::default(), &preset("loudspeaker-2025.toml"), "2025-08-22");
    let order = order.unwrap_or_else(|p| panic!("{p}"));
    let loudspeaker = screen(&directory, "loa-ba-dinh");
    assert_eq!(order.targets(&directory, day("2025-09-01")).len(), 1);
    assert_eq!(order.owed(&directory, loudspeaker, day("2025-09-01")), Ratio::new(2, 30));
    let days = order.days_owed(&directory, loudspeaker, day("2025-09-01"));
    let august: Ratio = days.iter().filter(|d| d.day < day("2025-09-01")).map(|d| d.owed).sum();
    assert_eq!(august, Ratio::new(20, 31), "the first month pro rata");
    assert_eq!(
        order.product.as_ref().and_then(|p| p.variant_for(loudspeaker)).map(Variant::name).unwrap(),
        "vi-any-audio"
    );
}

#[test]
fn the_sample_programme_fills_the_time_between_the_orders() {
    let directory = directory();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/sample/local-loop.toml");
    let bytes = std::fs::read(path).unwrap();
    let file = SourceFile { name: "local-loop.toml", bytes: &bytes };
    let mut campaigns = Campaigns::default();
    let context = Context { directory: &directory, campaigns: &campaigns, now: day("2026-11-20").start(HANOI) };
    let batch = programme(file, context).unwrap_or_else(|p| panic!("{p}"));
    campaigns.apply(batch.clone());
    assert!(campaigns.apply(batch).1.nothing_changed(), "twice is once");
    let on = day("2026-11-20");
    let led = screen(&directory, "led-kim-ma");
    assert_eq!(
        campaigns.contracts_on(&directory, led, on).map(|(c, _)| c.code.as_str()).collect::<Vec<_>>(),
        ["sample-coffee"]
    );
    assert_eq!(campaigns.loop_on(&directory, led, on).len(), 2);
    assert_eq!(campaigns.fixed_on(&directory, screen(&directory, "ubnd-moi"), on).count(), 1);
    for screen in directory.screens() {
        assert!(campaigns.fallback_of(screen).is_some(), "{} must never go black", screen.code);
    }
    assert_eq!(campaigns.fallback_of(screen(&directory, "loa-ba-dinh")).unwrap().0.code.as_str(), "safe-sound");
    assert!(campaigns.directive(&DirectiveCode::new("none").unwrap()).is_none());
}
