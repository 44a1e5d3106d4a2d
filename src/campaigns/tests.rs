//! Stories of orders: who is bound, what is owed, what may be changed.

use super::*;
use crate::directory::problem::Problems;
use crate::directory::table::SourceFile;
use crate::directory::{Directory, import};
use crate::lang::Lang;
use lichphat_playlists::ids::{DirectiveCode, ScreenCode};
use lichphat_playlists::quota::{Ledger, LedgerOptions, Ratio, Rule};
use lichphat_playlists::time::{HANOI, IntervalSet, LocalDay};

const SCREENS: &str = "\
code,name,venue_type,kind,width,height,output,owner,territory,sector,from
ubnd-ba-dinh,Sảnh UBND,public_office,managed,,,,Q001,,,2024-01-01
led-kim-ma,LED Kim Mã,intersection,managed,,,,TRANSERCO,Q001,,2024-01-01
bach-mai,Sảnh khám,hospital,third-party,1080,1920,,HRT,,Sở Y tế,2024-01-01
noi-bai,Ga T2,airport,managed,,,,NIA,X00433,,2024-01-01
loa-ba-dinh,Loa phường,loudspeaker,managed,,,none,P00004,P00004,,2025-07-01
ubnd-moi,Sảnh mới,public_office,managed,,,,P00004,P00004,,2025-07-01
";

pub(super) fn day(text: &str) -> LocalDay {
    text.parse().unwrap()
}

pub(super) fn directory() -> Directory {
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

pub(super) fn read(
    directory: &Directory,
    campaigns: &Campaigns,
    text: &str,
    today: &str,
) -> Result<Directive, Problems> {
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

pub(super) fn screen<'a>(directory: &'a Directory, code: &str) -> &'a crate::directory::Screen {
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
    insta::assert_snapshot!(problems.text(Lang::Vi), @r#"order.toml:139:9: override[0].plays = "8": phải lớn hơn 10: chỉ được tăng tần suất, không được giảm: thủ trưởng đơn vị chỉ có quyền quyết định tăng"#);
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
    assert!(problems.text(Lang::En).contains("the past is not rewritten"), "{problems}");
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
    insta::assert_snapshot!(problems.text(Lang::En), @r#"
    order.toml:12:6: to = "2024-07-10": the last day comes before the first (from)
    order.toml:17:13: min_gap_s = "5": must be at least the product's length_s
    order.toml:18:12: priority = "7": must be 1 (first) to 3
    order.toml:47:15: product.variant[1].venue_types = "spaceport": no such venue type; import the venues first
    order.toml:88:8: target[5].unit = "TRANSERKO": no unit has this code; import the units first
    "#);
    let gapless = preset("ihanoi-2024.toml").replace("min_gap_s = 600", "");
    assert_eq!(
        read(&directory, &Campaigns::default(), &gapless, "2024-08-01").unwrap().min_gap_s,
        15,
        "its own length"
    );
    let unknown = preset("ihanoi-2024.toml").replace("issuer =", "isuer =");
    let problems = read(&directory, &Campaigns::default(), &unknown, "2024-08-01").unwrap_err();
    insta::assert_snapshot!(problems.text(Lang::En), @r#"order.toml:9:1: isuer = "isuer": no such key; the keys are: code, title, title_en, kind, sample, issuer, number, issued, legal_basis, from, to, source, note, quota, weight, min_gap_s, priority, category, product, episode, suspend, target, opt_in, amendment, override, declared"#);
    let impossible = preset("ihanoi-2024.toml").replace("to = 2024-10-10", "to = \"2024-02-30\"");
    let problems = read(&directory, &Campaigns::default(), &impossible, "2024-08-01").unwrap_err();
    insta::assert_snapshot!(problems.text(Lang::En), @r#"order.toml:12:6: to = "2024-02-30": write the date as 2024-10-10 (year-month-day), a day that exists"#);
    let bare = preset("ihanoi-2024.toml").replace("to = 2024-10-10", "to = 2024-02-30");
    let problems = read(&directory, &Campaigns::default(), &bare, "2024-08-01").unwrap_err();
    insta::assert_snapshot!(problems.text(Lang::Vi), @r#"order.toml:12:6: to = "2024-02-30": viết ngày theo dạng 2024-10-10 (năm-tháng-ngày), là ngày có thật"#);
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

#[test]
fn a_contract_without_a_gap_keeps_its_length_or_its_categorys_gap() {
    let directory = directory();
    let contract = |code: &str, more: &str| {
        format!(
            "[[contract]]\ncode = '{code}'\ntitle = 'Trà'\nadvertiser = 'A'\nfrom = 2024-09-01\nto = 2024-09-30\nplays_per_day = 4\n{more}\n\
             place = [{{ unit = 'HN' }}]\n[contract.product]\ntitle = 'Trà'\nlength_s = 15\n\
             variant = [{{ lang = 'vi', form = 'silent', file = 'a.png' }}]\n"
        )
    };
    let text = [
        contract("tea", ""),
        contract("milk", "category = 'drink'"),
        contract("soda", "category = 'drink'\nmin_gap_s = 900"),
    ];
    let text = format!("category_gap_s = {{ drink = 600 }}\n{}", text.concat());
    let gaps = |campaigns: &Campaigns| {
        let now = day("2024-09-10").start(HANOI); // they have begun: brought again they are the same
        let file = SourceFile { name: "c.toml", bytes: text.as_bytes() };
        let batch =
            programme(file, Context { directory: &directory, campaigns, now }).unwrap_or_else(|p| panic!("{p}"));
        let mut campaigns = campaigns.clone();
        campaigns.apply(batch);
        (campaigns.contracts().map(|c| (c.code.to_string(), c.min_gap_s)).collect::<Vec<_>>(), campaigns)
    };
    let (first, there) = gaps(&Campaigns::default());
    assert_eq!(first, [("milk".to_owned(), 600), ("soda".to_owned(), 900), ("tea".to_owned(), 15)]);
    assert_eq!(gaps(&there).0, first);
}

// -------------------------------------------------------------------------------------- the days of a quota

const MOURNING: &str = "\
code = 'quoc-tang'
title = 'Quốc tang (mẫu)'
kind = 'suspend'
sample = true
issuer = 'HN'
from = 2024-09-18
to = 2024-09-19
source = 'made up for the tests'
[suspend]
content = ['contract', 'local', 'order']
in_place = 'blank'
days = 'leave-quota'
[[target]]
link = 'territory'
unit = 'HN'
force = 'required'
reason = 'made up for the tests'
[[target]]
unit = 'HN'
force = 'required'
reason = 'made up for the tests'
";

/// The iHanoi order beside a suspension.
fn suspended(directory: &Directory, suspension: &str) -> (Campaigns, Directive) {
    let order = ihanoi(directory);
    let quiet = read(directory, &Campaigns::default(), suspension, "2024-08-01").unwrap_or_else(|p| panic!("{p}"));
    let mut campaigns = Campaigns::default();
    let changes = [&order, &quiet].map(|d| CampaignChange::Directive(Box::new(d.clone())));
    campaigns.apply(CampaignBatch { changes: changes.into() });
    (campaigns, order)
}

/// What each day from Monday 16 to Friday 20 September 2024 owes an office, and whether it plays.
fn week_of(campaigns: &Campaigns, directory: &Directory, order: &Directive) -> Vec<(i128, bool)> {
    let days = campaigns.days_owed(directory, order, screen(directory, "ubnd-ba-dinh"), day("2024-09-16"));
    let week = days.iter().filter(|d| d.day >= day("2024-09-16") && d.day <= day("2024-09-20"));
    week.map(|d| (d.owed.to_integer(), d.operating)).collect()
}

#[test]
fn suspended_days_leave_the_quota_or_are_made_up_for_on_other_days() {
    let directory = directory();
    let whole = [(10, true), (10, true), (0, false), (0, false), (10, true)];
    let (campaigns, order) = suspended(&directory, MOURNING);
    assert_eq!(week_of(&campaigns, &directory, &order), whole);

    let (campaigns, order) = suspended(&directory, &MOURNING.replace("leave-quota", "make-good"));
    let owed = week_of(&campaigns, &directory, &order);
    assert_eq!(owed, [(10, true), (10, true), (10, false), (10, false), (10, true)]);
    // twenty plays late, the ledger asks for as much as a day may have, until they are in
    let days = campaigns.days_owed(&directory, &order, screen(&directory, "ubnd-ba-dinh"), day("2024-09-16"));
    let ledger = Ledger::new(Rule::Average, lichphat_playlists::quota::Period::Day, days, LedgerOptions::default());
    let mut counted = ledger.status(day("2024-09-17"), 0).owed_so_far.to_integer() as u32;
    let mut asked = Vec::new();
    for d in day("2024-09-18").through(day("2024-09-27")) {
        asked.push(ledger.target(d, counted, 1000));
        counted += asked[asked.len() - 1];
    }
    assert_eq!(asked, [0, 0, 15, 0, 0, 15, 15, 15, 15, 15], "{counted} played");

    // what is not suspended for this order changes nothing: other content, other screens, the sound
    for harmless in [
        MOURNING.replace(", 'order'", ""),
        MOURNING.replace("unit = 'HN'\nforce", "unit = 'HN'\nvenue_types = ['school']\nforce"),
        MOURNING.replace("'blank'", "'mute'"),
        MOURNING.replace("days =", "hours = '08:00-09:00'\ndays ="),
    ] {
        let (campaigns, order) = suspended(&directory, &harmless);
        assert_eq!(week_of(&campaigns, &directory, &order), [(10, true); 5], "{harmless}");
    }
    // every second in which it counts is as good as the whole day
    let peaks = MOURNING.replace("days =", "hours = '08:00-10:00;14:00-16:00'\ndays =");
    let (campaigns, order) = suspended(&directory, &peaks);
    assert_eq!(week_of(&campaigns, &directory, &order), whole);
}

#[test]
fn a_suspension_ends_early_by_amendment_and_a_loudspeaker_cannot_be_muted_and_heard() {
    let directory = directory();
    let early =
        MOURNING.to_owned() + "[[amendment]]\nkind = 'end'\nnumber = '2/mẫu'\ndate = 2024-09-18\nto = 2024-09-18\n";
    let (campaigns, order) = suspended(&directory, &early);
    let owed = week_of(&campaigns, &directory, &order);
    assert_eq!(owed, [(10, true), (10, true), (0, false), (10, true), (10, true)]);

    let mute =
        MOURNING.replace("'blank'", "'mute'").replace("link = 'territory'", "link = 'territory'\nvideo = 'none'");
    let (campaigns, _) = suspended(&directory, &mute.replace("2024-09", "2025-09"));
    let on = |code: &str| campaigns.suspended_on(&directory, screen(&directory, code), day("2025-09-18"));
    let (heard, seen) = (on("loa-ba-dinh"), on("ubnd-moi"));
    assert_eq!(heard.off(ContentClass::Order), IntervalSet::full_day());
    assert!(!heard.mutes(ContentClass::Order));
    assert!(seen.mutes(ContentClass::Order) && seen.off(ContentClass::Order).is_empty() && seen.blank().is_empty());
}

#[test]
fn a_month_keeps_its_number_over_closures_and_holidays_and_loses_only_what_leaves_it() {
    let mut directory = directory();
    let text = preset("ihanoi-2024.toml")
        .replace("plays = 10, per = \"day\", rule = \"average\"", "plays = 40, per = \"month\", rule = \"at-least\"");
    let sum = |campaigns: &Campaigns, directory: &Directory, order: &Directive| {
        let days = campaigns.days_owed(directory, order, screen(directory, "ubnd-ba-dinh"), day("2024-09-16"));
        let month: Vec<_> =
            days.into_iter().filter(|d| d.day >= day("2024-09-01") && d.day <= day("2024-09-30")).collect();
        (month.iter().map(|d| d.owed).sum::<Ratio>(), month.iter().filter(|d| d.operating).count())
    };
    let with = |directory: &Directory, suspension: &str| {
        let order = read(directory, &Campaigns::default(), &text, "2024-08-01").unwrap_or_else(|p| panic!("{p}"));
        (suspended(directory, suspension).0, order)
    };
    // 21 weekdays less National Day and the day after it
    let (campaigns, order) = with(&directory, &MOURNING.replace("'order'", "'local'"));
    assert_eq!(sum(&campaigns, &directory, &order), (Ratio::from_integer(40), 19));
    let (campaigns, order) = with(&directory, &MOURNING.replace("leave-quota", "make-good"));
    assert_eq!(sum(&campaigns, &directory, &order), (Ratio::from_integer(40), 17));
    let (campaigns, order) = with(&directory, MOURNING);
    assert_eq!(sum(&campaigns, &directory, &order), (Ratio::new(40 * 17, 19), 17), "two of nineteen shares leave");

    let closed = b"screen,from,to,reason,author\nubnd-ba-dinh,2024-09-09,2024-09-13,repair,office\n";
    let context = import::Context { directory: &directory, now: day("2024-09-01").start(HANOI) };
    let file = SourceFile { name: "closures.csv", bytes: closed };
    let batch = import::parse(import::Kind::Closures, file, context).unwrap_or_else(|p| panic!("{p}"));
    directory.apply(batch);
    let (campaigns, order) = with(&directory, &MOURNING.replace("'order'", "'local'"));
    assert_eq!(sum(&campaigns, &directory, &order), (Ratio::from_integer(40), 14), "closed days pass their share on");
}

#[test]
fn a_make_up_saturday_is_a_working_day_and_the_day_it_stands_for_is_not() {
    let directory = directory();
    let text = preset("ihanoi-2024.toml")
        .replace("from = 2024-08-12", "from = 2026-08-12")
        .replace("to = 2024-10-10", "to = 2026-10-10");
    let order = read(&directory, &Campaigns::default(), &text, "2026-08-01").unwrap_or_else(|p| panic!("{p}"));
    let owed = |on: &str| order.owed(&directory, screen(&directory, "ubnd-ba-dinh"), day(on)).to_integer();
    // Saturday 22 August is worked for Monday 31 August
    let by_day = ["2026-08-21", "2026-08-22", "2026-08-23", "2026-08-31", "2026-09-02", "2026-09-03"].map(owed);
    assert_eq!(by_day, [10, 10, 0, 0, 0, 10]);
}

#[test]
fn a_screen_that_joins_late_owes_nothing_earlier() {
    let directory = directory();
    let text = preset("ihanoi-2024.toml").replace("to = 2024-10-10", "to = 2025-08-01");
    let order = read(&directory, &Campaigns::default(), &text, "2024-08-01").unwrap_or_else(|p| panic!("{p}"));
    let days = order.days_owed(&directory, screen(&directory, "ubnd-moi"), day("2025-07-20"));
    let first = days.iter().find(|d| d.owed > Ratio::from_integer(0)).map(|d| d.day);
    assert_eq!(first, Some(day("2025-07-01")), "the day its ward began");
    let ledger = Ledger::new(Rule::Average, lichphat_playlists::quota::Period::Day, days, LedgerOptions::default());
    assert_eq!(ledger.target(day("2025-07-01"), 0, 1000), 15, "the run-ahead of a first day, no more");
    assert!(ledger.status(day("2025-06-30"), 0).met);
}

#[test]
fn a_suspension_that_cannot_be_kept_is_refused_with_the_mend() {
    let directory = directory();
    let bad = MOURNING
        .replace("'blank'", "'solemn-loop'")
        .replace("'local', ", "")
        .replace("days =", "hours = '18:00-20:00'\ndays =");
    let problems = read(&directory, &Campaigns::default(), &bad, "2024-08-01").unwrap_err();
    insta::assert_snapshot!(problems.text(Lang::En), @r#"
    order.toml:1:1: product = "": in_place = "solemn-loop" needs a [product], the others have none
    order.toml:10:11: suspend.content = "": a solemn loop takes the place of the local loop: content must hold "local"
    order.toml:12:9: suspend.hours = "": only in_place = "blank" holds by the hour; the others hold all day
    "#);
    let episode = "[[episode]]\nnumber = '2'\nfrom = 2024-09-19\n[episode.product]\ntitle = 'Tập 2'\nlength_s = 20\n\
                   variant = [{ lang = 'vi', form = 'silent', file = 'a.png' }]\n";
    let series = read(&directory, &Campaigns::default(), &format!("{MOURNING}{episode}"), "2024-08-01").unwrap_err();
    insta::assert_snapshot!(series.text(Lang::En), @r#"order.toml:23:10: episode[0].number = "2": a suspension has no episodes: take the [[episode]]s out; its solemn loop is its [product]"#);
    let late = read(&directory, &Campaigns::default(), MOURNING, "2024-09-19").unwrap_err();
    insta::assert_snapshot!(late.text(Lang::En), @r#"order.toml:6:8: from = "2024-09-18": the past is not rewritten: write today, 2024-09-19, or later"#);
    assert!(read(&directory, &Campaigns::default(), MOURNING, "2024-09-18").is_ok(), "it is brought on its own day");
    let mut campaigns = Campaigns::default();
    let first = read(&directory, &campaigns, MOURNING, "2024-08-01").unwrap_or_else(|p| panic!("{p}"));
    campaigns.apply(CampaignBatch { changes: vec![CampaignChange::Directive(Box::new(first))] });
    let late = MOURNING.replace("'blank'", "'mute'");
    assert!(read(&directory, &campaigns, &late, "2024-09-18").unwrap_err().text(Lang::En).contains("is in force"));
}

#[test]
fn a_units_number_is_that_of_its_screens_together_and_a_unit_of_one_owes_what_its_screen_does() {
    let directory = directory();
    let text = preset("ihanoi-2024.toml").replace("within = \"peak\"", "within = \"peak\", of = \"unit\"");
    let order = read(&directory, &Campaigns::default(), &text, "2024-08-01").unwrap_or_else(|p| panic!("{p}"));
    let quiet = read(&directory, &Campaigns::default(), MOURNING, "2024-08-01").unwrap_or_else(|p| panic!("{p}"));
    let mut campaigns = Campaigns::default();
    let changes = [&order, &quiet].map(|d| CampaignChange::Directive(Box::new(d.clone())));
    campaigns.apply(CampaignBatch { changes: changes.into() });
    let period = order.periods()[0];
    let units = order.quota_units(&directory, period);
    let named: Vec<String> = units
        .iter()
        .map(|(unit, screens)| {
            format!("{unit}: {}", screens.iter().map(|s| s.code.as_str()).collect::<Vec<_>>().join(" "))
        })
        .collect();
    // by the link of the line that binds each: a hospital of the railway by its sector
    assert_eq!(named, ["HN-SYT: bach-mai", "NIA: noi-bai", "Q001: ubnd-ba-dinh", "TRANSERCO: led-kim-ma"]);
    let (unit, screens) = units.iter().find(|(unit, _)| unit.as_str() == "Q001").unwrap();
    let of_unit = campaigns.unit_days_owed(&directory, &order, (unit, screens), period.0);
    assert_eq!(of_unit, campaigns.days_owed(&directory, &order, screens[0], period.0), "mourning days included");
    assert!(of_unit.iter().any(|d| !d.operating && d.day == day("2024-09-18")));
    // two screens owe no more than one, and one of them open is enough
    let both = [screen(&directory, "ubnd-ba-dinh"), screen(&directory, "ubnd-moi")];
    assert_eq!(campaigns.unit_days_owed(&directory, &order, (unit, &both), period.0), of_unit);
}
