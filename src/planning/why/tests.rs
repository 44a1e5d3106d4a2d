//! One case for every rule, in both languages.

use super::*;
use crate::approval::Permissions;
use crate::directory::import;
use crate::planning::test_town::{Town, day};
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::time::parse_clock;

const ORDER: &str = "
code = 'clean'
title = 'Đường phố sạch'
title_en = 'Clean streets'
kind = 'play'
issuer = 'HN'
from = 2026-11-16
to = 2026-11-20
source = 'made up for the tests'
quota = { plays = 4, per = 'day', rule = 'average', within = 'peak' }
min_gap_s = 300
priority = 2
[product]
title = 'Đường phố sạch'
length_s = 15
[[product.variant]]
lang = 'vi'
form = 'subtitled'
file = 'spot.mp4'
[[target]]
link = 'territory'
unit = 'HN'
venue_types = ['corner']
force = 'required'
reason = 'made up'
";

const PROGRAMME: &str = "
[category_gap_s]
drinks = 300

[[contract]]
code = 'tea'
title = 'Trà sen'
advertiser = 'A'
from = 2026-11-01
to = 2026-11-30
plays_per_day = 4
windows = '08:00-08:20'
min_gap_s = 300
category = 'drinks'
place = [{ link = 'territory', unit = 'HN', venue_types = ['corner'] }]
product = { title = 'Trà sen', length_s = 30, variant = [{ lang = 'vi', form = 'silent', file = 'tea.png' }] }

[[contract]]
code = 'coffee'
title = 'Cà phê'
advertiser = 'B'
from = 2026-11-01
to = 2026-11-17
plays_per_day = 2
windows = '08:00-08:20'
min_gap_s = 300
category = 'drinks'
place = [{ link = 'territory', unit = 'HN', venue_types = ['corner'] }]
product = { title = 'Cà phê', length_s = 30, variant = [{ lang = 'vi', form = 'silent', file = 'coffee.png' }] }

[[contract]]
code = 'later'
title = 'Sau này'
advertiser = 'C'
from = 2026-12-01
to = 2026-12-31
plays_per_day = 2
min_gap_s = 300
place = [{ link = 'territory', unit = 'HN', venue_types = ['loudspeaker'], video = 'none' }]
product = { title = 'Sau này', length_s = 30, variant = [{ lang = 'vi', form = 'silent', file = 'coffee.png' }] }

[[fixed]]
code = 'hello'
title = 'Chào ngày mới'
on = 'mon-sun'
at = '10:00'
place = [{ link = 'territory', unit = 'HN', venue_types = ['corner'] }]
product = { title = 'Chào', length_s = 10, variant = [{ lang = 'vi', form = 'silent', file = 'hello.png' }] }
";

fn suspension(code: &str, day: &str, content: &str) -> String {
    format!(
        "code = '{code}'\ntitle = 'Quốc tang'\ntitle_en = 'National mourning'\nkind = 'suspend'\nissuer = 'HN'\nfrom = {day}\n\
         to = {day}\nsource = 'x'\n[suspend]\ncontent = [{content}]\nin_place = 'blank'\ndays = 'make-good'\n\
         hours = '08:30-12:00'\n[[target]]\nlink = 'territory'\nunit = 'HN'\nforce = 'required'\nreason = 'x'\n"
    )
}

fn town() -> Town {
    let mut town = Town::new();
    town.import(
        import::Kind::Screens,
        "more.csv",
        "code,name,venue_type,kind,width,height,output,owner,territory\n\
         T-01,LED của đơn vị khác,corner,third-party,640,192,video,P1,P1\n",
    );
    town.import(
        import::Kind::Closures,
        "closures.csv",
        "screen,from,to,reason,author\nC-01,2026-11-18 09:00,2026-11-18 10:00,sửa nguồn,Văn phòng phường\n",
    );
    town.programme(PROGRAMME);
    town.order(ORDER);
    let first_order = ORDER.replace("priority = 2", "priority = 1").replace("'clean'", "'first'");
    let first_order = first_order.replace("Đường phố sạch", "Việc đầu");
    // on the 20th the first order takes all of the peak
    let all = "plays = 480";
    let first_order = first_order.replace("plays = 4", all).replace("min_gap_s = 300", "min_gap_s = 15");
    town.order(&first_order.replace("from = 2026-11-16", "from = 2026-11-20"));
    town.order(&suspension("quiet", "2026-11-19", "'order'"));
    town.order(&suspension("dark", "2026-11-18", "'local'"));
    let loop_order = ORDER.replace("'clean'", "'shared'").replace("quota = {", "# quota = {");
    town.order(&loop_order.replace("min_gap_s = 300", "weight = 2"));
    let loud = ORDER.replace("'clean'", "'loud'").replace("venue_types = ['corner']", "video = 'none'");
    town.order(&loud);
    town
}

struct Case {
    rule: &'static str,
    screen: &'static str,
    campaign: &'static str,
    at: &'static str,
}

const fn case(rule: &'static str, screen: &'static str, campaign: &'static str, at: &'static str) -> Case {
    Case { rule, screen, campaign, at }
}

/// The day's answer; days without a plan in the story have none.
fn asked(town: &Town, case: &Case, lang: Lang) -> Answer {
    let (on, clock) = case.at.split_once(' ').unwrap();
    let planned = ["2026-11-16", "2026-11-18", "2026-11-19", "2026-11-20", "2026-11-21"].contains(&on);
    let stored = (planned && case.screen != "T-01").then(|| town.plan(case.screen, on));
    // yesterday six were planned and five are known to have counted
    let fact = DayFact { planned: 6, slots_seen: 6, counted: 5, ..DayFact::default() };
    let facts = BTreeMap::from([(day("2026-11-16"), fact)]);
    explain(&Asked {
        world: town.world(),
        screen: town.screen(case.screen),
        stored: stored.as_ref(),
        facts: &facts,
        campaign: &CampaignCode::new(case.campaign).unwrap(),
        day: day(on),
        second: parse_clock(clock).unwrap(),
        today: day("2026-11-17"),
        lang,
    })
}

/// Start of the campaign's nth play (from 0) in the plan of a day.
fn nth(town: &Town, on: &str, code: &str, n: usize) -> u32 {
    let plan = town.plan("C-01", on);
    plays(&plan).iter().filter(|p| p.id == code).nth(n).unwrap().start
}

/// A second of the peak, far from the order's own plays, at which `kind` plays, or nothing.
fn second_with(town: &Town, on: &str, kind: Option<PlayKind>) -> u32 {
    let plays = plays(&town.plan("C-01", on));
    let far = |s: u32| plays.iter().all(|p| p.id != "clean" || p.start.abs_diff(s) >= 300);
    let shown = |s: u32| plays.iter().find(|p| (p.start..p.end()).contains(&s)).map(|p| p.kind);
    // before the last of the order's plays, so that its number is not reached
    let last = plays.iter().rfind(|p| p.id == "clean").map_or(0, |p| p.start);
    let peak = town.world().directory.peak_windows(town.screen("C-01"), day(on));
    (0..last).find(|s| peak.contains(*s) && far(*s) && shown(*s) == kind).unwrap()
}

/// Where the planner put a play is its own matter.
fn without_clocks(text: &str) -> String {
    let clock = |word: &&str| word.len() == 8 && word.matches(':').count() == 2;
    let mut out = text.to_owned();
    let words: Vec<&str> =
        text.split(|c: char| !(c.is_ascii_digit() || c == ':')).map(|w| w.trim_matches(':')).filter(clock).collect();
    for word in words {
        out = out.replace(word, "hh:mm:ss");
    }
    out
}

#[test]
fn every_rule_is_told_in_both_languages_with_its_record() {
    let town = town();
    let clock = lichphat_playlists::time::clock_text;
    let at = |on: &str, second: u32| -> &'static str { Box::leak(format!("{on} {}", clock(second)).into_boxed_str()) };
    let first = nth(&town, "2026-11-16", "clean", 0);
    let tea = nth(&town, "2026-11-16", "tea", 0);
    let cases = [
        case("playing", "C-01", "clean", at("2026-11-16", first + 3)),
        case("gap-to-play", "C-01", "clean", at("2026-11-16", first + 200)),
        case("quota-met", "C-01", "clean", "2026-11-16 11:59:58"),
        case("outside-window", "C-01", "clean", "2026-11-16 09:30"),
        case("lost-to-priority", "C-01", "clean", "2026-11-20 08:30"),
        case("lost-to-priority", "C-01", "tea", "2026-11-20 08:10"),
        case("category-gap", "C-01", "coffee", at("2026-11-16", tea + 31)),
        case("other-play", "C-01", "clean", at("2026-11-16", second_with(&town, "2026-11-16", Some(PlayKind::Filler)))),
        case("placed-elsewhere", "C-01", "clean", at("2026-11-18", second_with(&town, "2026-11-18", None))),
        case("screen-off", "C-01", "clean", "2026-11-16 13:00"),
        case("closed", "C-01", "clean", "2026-11-18 09:30"),
        case("suspended", "C-01", "clean", "2026-11-19 08:45"),
        case("suspends", "C-01", "quiet", "2026-11-19 08:45"),
        case("not-begun", "C-01", "clean", "2026-11-13 08:30"),
        case("expired", "C-01", "clean", "2026-11-21 08:30"),
        case("not-targeted", "L-01", "clean", "2026-11-16 06:45"),
        case("not-begun", "C-01", "later", "2026-11-16 08:30"),
        case("expired", "C-01", "coffee", "2026-11-20 08:10"),
        case("not-targeted", "C-01", "later", "2026-12-02 08:30"),
        case("no-variant", "L-01", "loud", "2026-11-16 06:45"),
        case("in-loop", "C-01", "shared", at("2026-11-16", first + 3)),
        case("local-content", "C-01", "hello", "2026-11-16 09:30"),
        case("playing", "C-01", "hello", "2026-11-16 10:00:05"),
        case("not-managed", "T-01", "clean", "2026-11-16 08:30"),
        case("unknown-campaign", "C-01", "nothing", "2026-11-16 08:30"),
        case("no-plan", "C-01", "clean", "2026-11-17 08:30"),
        case("not-in-plan", "C-01", "newer", "2026-11-16 08:30"),
    ];
    let mut late = town;
    let mut lines = Vec::new();
    for case in &cases {
        if case.campaign == "newer" {
            continue;
        }
        let answers = [Lang::Vi, Lang::En].map(|lang| asked(&late, case, lang));
        for answer in &answers {
            assert_eq!(answer.rule, case.rule, "{} {}: {}", case.campaign, case.at, answer.text);
        }
        let [vi, en] = &answers;
        assert!(vi.record == en.record && vi.text != en.text, "{}", vi.text);
        lines.push(format!("{} [{}]\n  {}\n  {}", case.rule, vi.record, vi.text, en.text));
    }
    // a plan that was made before an order came in
    let plan = late.plan("C-01", "2026-11-16");
    late.order(&ORDER.replace("'clean'", "'newer'"));
    let new = CampaignCode::new("newer").unwrap();
    let facts = BTreeMap::new();
    let (world, screen) = (late.world(), late.directory.screen(&ScreenCode::new("C-01").unwrap()).unwrap());
    let question = Asked {
        world,
        screen,
        stored: Some(&plan),
        facts: &facts,
        campaign: &new,
        day: day("2026-11-16"),
        second: 30_600,
        today: day("2026-11-16"),
        lang: Lang::En,
    };
    let answer = explain(&question);
    lines.push(format!(
        "{} [{}]\n  {}\n  {}",
        answer.rule,
        answer.record,
        explain(&Asked { lang: Lang::Vi, ..question }).text,
        answer.text
    ));
    assert_eq!(answer.rule, "not-in-plan");
    // the same order, of which nobody has said yes to anything
    let permissions = &Permissions::default().granting(Vec::new(), &late.directory);
    let unapproved = Asked { world: World { permissions, ..world }, ..question };
    let [vi, en] = [Lang::Vi, Lang::En].map(|lang| explain(&Asked { lang, ..unapproved }));
    assert_eq!(
        (vi.rule.as_str(), en.rule.as_str(), en.record.as_str()),
        ("not-approved", "not-approved", "no proposal")
    );
    assert!(vi.text.contains("chưa được duyệt") && en.text.contains("not approved"), "{} {}", vi.text, en.text);
    // a day that is over without a plan
    let past = Asked { stored: None, today: day("2026-11-20"), ..question };
    lines.push(format!(
        "{} [{}]\n  {}\n  {}",
        explain(&past).rule,
        explain(&past).record,
        explain(&Asked { lang: Lang::Vi, ..past }).text,
        explain(&past).text
    ));
    assert_eq!(explain(&past).rule, "past");
    insta::assert_snapshot!(without_clocks(&lines.join("\n")));
}

#[test]
fn a_quota_that_is_met_is_told_with_the_ledgers_numbers() {
    let town = town();
    let case = case("quota-met", "C-01", "clean", "2026-11-18 11:29:58");
    let answer = asked(&town, &case, Lang::En);
    // twelve owed by the 18th; five counted on the 16th, nothing known of the 17th; four ahead
    let numbers = "Ledger: 12 owed to the end of 2026-11-18, 5 counted before it, at most 4 ahead.";
    assert!(answer.text.contains(numbers), "{}", answer.text);
    // the plan of the story was asked for six: one short of what is owed
    assert!(answer.text.contains("The day has room for 6 only"), "{}", answer.text);
}

#[test]
fn a_closure_entered_after_the_fact_is_told_so() {
    let mut town = town();
    town.import(
        import::Kind::Closures,
        "late.csv",
        "unit,link,from,to,reason,author\nP1,territory,2026-10-20,2026-10-20,mất điện,Điện lực\n",
    );
    let case = case("closed", "C-01", "tea", "2026-10-20 08:30");
    let campaign = CampaignCode::new("notice").unwrap();
    let answer = explain(&Asked {
        world: town.world(),
        screen: town.screen("C-01"),
        stored: None,
        facts: &BTreeMap::new(),
        campaign: &campaign,
        day: day("2026-10-20"),
        second: 30_600,
        today: day("2026-11-17"),
        lang: Lang::Vi,
    });
    assert_eq!(
        (answer.rule.as_str(), answer.record.as_str()),
        (case.rule, "closure territory P1 2026-10-20 00:00 – 2026-10-20 24:00 (Điện lực)")
    );
    assert!(
        answer.text.contains("mất điện (Điện lực)") && answer.text.contains("Được ghi sau khi đã nghỉ"),
        "{}",
        answer.text
    );
}
