//! What is said before an order is signed, in a town of one ward.

use super::*;
use crate::directory::import;
use crate::planning::Known;
use crate::planning::test_town::{Town, day};
use lichphat_playlists::ids::DirectiveCode;
use lichphat_playlists::time::HANOI;

const ORDER: &str = "
code = 'clean'
title = 'Đường phố sạch'
kind = 'play'
issuer = 'HN'
from = 2026-11-16
to = 2026-11-30
source = 'made up for the tests'
quota = { plays = 8, per = 'day', rule = 'average', within = 'peak' }
min_gap_s = 300
priority = 3
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
force = 'required'
reason = 'made up'
";

const CONTRACT: &str = "
[[contract]]
code = 'tea'
title = 'Trà sen'
advertiser = 'A'
from = 2026-01-01
to = 2026-12-31
plays_per_day = 240
min_gap_s = 60
[[contract.place]]
link = 'territory'
unit = 'HN'
venue_types = ['corner']
[contract.product]
title = 'Trà sen'
length_s = 60
[[contract.product.variant]]
lang = 'vi'
form = 'silent'
file = 'tea.png'
";

fn ask(town: &Town, days: u32) -> Preflight {
    let world = town.world();
    let directive = town.campaigns.directive(&DirectiveCode::new("clean").unwrap()).unwrap();
    let days: Vec<LocalDay> = (0..days).map(|n| day("2026-11-16").plus(n)).collect();
    let basis = world.basis(&days, Known::nothing(days[0].start(HANOI), HANOI));
    let question = Question { world, directive, days: &days };
    let answer = preflight(&question, &basis).unwrap();
    assert_eq!(preflight(&question, &basis).unwrap(), answer, "the same question, the same answer");
    answer
}

fn told(answer: &Preflight) -> String {
    let mut lines = Vec::new();
    for s in &answer.screens {
        let (outcome, reason) = (s.outcome.code(), &s.reason_en);
        lines.push(format!(
            "{} {outcome} {}/{} {} lacks {} s. {reason}",
            s.screen, s.placed, s.asked, s.windows, s.lacks_s
        ));
    }
    let hours = answer.hours.iter().map(|h| format!("{}: {} screens, {} s", h.windows, h.screens, h.most_s));
    let steps =
        answer.relaxations.iter().flat_map(|r| [r.vi.clone(), format!("{} [{:?} {}]", r.en, r.kind, r.permille)]);
    lines.extend(hours.chain(steps));
    lines.iter().map(|l| l.trim_end()).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_order_that_fits_is_carried_by_every_screen_that_can_show_it() {
    let mut town = Town::new();
    town.import(
        import::Kind::Screens,
        "more.csv",
        "code,name,venue_type,kind,width,height,output,owner,territory\n\
        T-01,LED của đơn vị khác,corner,third-party,640,192,video,P1,P1\n",
    );
    town.order(ORDER);
    let answer = ask(&town, 7);
    // the run-ahead of the first days is no reason not to sign: eight a day is what is owed
    insta::assert_snapshot!(told(&answer), @"
    T-01 not-managed 0/0  lacks 0 s.
    C-01 can 56/56  lacks 0 s.
    C-02 can 56/56  lacks 0 s.
    ");
    assert_eq!((answer.summary.targeted, answer.summary.can, answer.summary.not_managed), (3, 2, 1));
}

#[test]
fn a_gap_that_leaves_too_little_room_is_said_with_the_smallest_steps_that_help() {
    let mut town = Town::new();
    town.order(&ORDER.replace("min_gap_s = 300", "min_gap_s = 1800"));
    insta::assert_snapshot!(told(&ask(&town, 1)), @"
    C-01 cannot 4/8 08:00-09:00;11:00-12:00 lacks 60 s. 08:00–09:00 and 11:00–12:00: Đường phố sạch needs 8 plays; at least 30 min apart there is room for 4, over by 4 (100.0 %). Cheapest: Đường phố sạch 8 → 4 a day.
    C-02 cannot 4/8 08:00-09:00;11:00-12:00 lacks 60 s. 08:00–09:00 and 11:00–12:00: Đường phố sạch needs 8 plays; at least 30 min apart there is room for 4, over by 4 (100.0 %). Cheapest: Đường phố sạch 8 → 4 a day.
    08:00-09:00;11:00-12:00: 2 screens, 60 s
    Rút khoảng cách tối thiểu từ 30 phút xuống 15 phút thì cả hai màn hình phát đủ được.
    Let plays be 15 min apart instead of 30 min: then both screens can carry it. [Gap 500]
    Giảm từ 8 xuống 4 lượt/ngày thì cả hai màn hình phát đủ được.
    Ask for 4 plays a day instead of 8: then both screens can carry it. [Plays 500]
    Cho phát trong toàn bộ giờ hoạt động thay vì chỉ giờ cao điểm thì cả hai màn hình phát đủ được.
    Let plays count in all hours of duty instead of the peak only: then both screens can carry it. [Windows 500]
    ");
}

#[test]
fn a_screen_with_less_room_than_the_others_decides_how_far_all_must_give_way() {
    let mut town = Town::new();
    town.import(
        import::Kind::Closures,
        "c.csv",
        "screen,from,to,reason,author\n\
        C-02,2026-11-16 08:20,2026-11-16 11:55,repair,office\n",
    );
    town.order(&ORDER.replace("plays = 8", "plays = 14").replace("min_gap_s = 300", "min_gap_s = 600"));
    insta::assert_snapshot!(told(&ask(&town, 1)), @"
    C-02 cannot 2/14 08:00-08:12:30 lacks 180 s. 08:00–08:12:30: Đường phố sạch needs 14 plays; at least 10 min apart there is room for 2, over by 12 (600.0 %). Cheapest: Đường phố sạch 14 → 2 a day.
    C-01 cannot 12/14 08:00-09:00;11:00-12:00 lacks 30 s. 08:00–09:00 and 11:00–12:00: Đường phố sạch needs 14 plays; at least 10 min apart there is room for 12, over by 2 (16.7 %). Cheapest: Đường phố sạch 14 → 12 a day.
    08:00-08:12:30: 1 screens, 180 s
    08:00-09:00;11:00-12:00: 1 screens, 30 s
    Giảm từ 14 xuống 2 lượt/ngày thì cả hai màn hình phát đủ được.
    Ask for 2 plays a day instead of 14: then both screens can carry it. [Plays 857]
    Rút khoảng cách tối thiểu từ 10 phút xuống 8 phút thì 1 trong 2 màn hình phát đủ được, còn 1 màn hình vẫn thiếu chỗ.
    Let plays be 8 min apart instead of 10 min: then 1 of 2 screens can carry it; room is still lacking on 1. [Gap 200]
    Cho phát trong toàn bộ giờ hoạt động thay vì chỉ giờ cao điểm thì 1 trong 2 màn hình phát đủ được, còn 1 màn hình vẫn thiếu chỗ.
    Let plays count in all hours of duty instead of the peak only: then 1 of 2 screens can carry it; room is still lacking on 1. [Windows 500]
    ");
}

#[test]
fn contracts_that_give_way_are_named_with_what_they_lose() {
    let mut town = Town::new();
    town.programme(CONTRACT);
    town.order(ORDER);
    let answer = ask(&town, 2);
    assert_eq!(answer.summary.can, 2, "an order never gives way to a contract: {}", told(&answer));
    let tea = &answer.contracts[0];
    let of = (tea.contract.as_str(), tea.title.as_str(), tea.screens, answer.contracts.len());
    assert_eq!(of, ("tea", "Trà sen", 2, 1));
    // four hours of sixty-second plays without a second to spare: eight short ones take the place of two to eight
    let lost = tea.most_plays;
    assert!((2..=8).contains(&lost), "{lost}");
    assert_eq!((tea.plays_per_day, tea.seconds_per_day), (u64::from(2 * lost), u64::from(120 * lost)));
    assert_eq!((answer.summary.displaced_plays, answer.summary.displaced_s), (tea.plays_per_day, tea.seconds_per_day));

    // what does not fit anyway is not the order's doing
    let mut town = Town::new();
    town.programme(&CONTRACT.replace("plays_per_day = 240", "plays_per_day = 300"));
    town.order(ORDER);
    assert!((2..=8).contains(&ask(&town, 1).contracts[0].most_plays));
}

#[test]
fn an_order_above_it_takes_the_room_and_is_named() {
    let mut town = Town::new();
    let other = ORDER.replace("'clean'", "'other'").replace("'Đường phố sạch'", "'Việc khác'");
    let other = other.replace("priority = 3", "priority = 1").replace("min_gap_s = 300", "min_gap_s = 15");
    town.order(&other.replace("plays = 8", "plays = 480"));
    town.order(ORDER);
    let answer = ask(&town, 1);
    let screen = &answer.screens[0];
    assert_eq!((screen.outcome, screen.asked, screen.placed, screen.lacks_s), (Outcome::Cannot, 8, 0, 120));
    assert!(screen.reason_en.contains("Việc khác 7,200 s"), "{}", screen.reason_en);
    let kinds: Vec<_> = answer.relaxations.iter().map(|r| r.kind).collect();
    assert_eq!(kinds, [RelaxationKind::Windows], "no gap, no smaller number and no contract would help");
}

#[test]
fn a_wards_number_is_carried_by_its_screens_together_or_lacks_room_on_one_of_them() {
    let mut town = Town::new();
    let ward =
        ORDER.replace("within = 'peak'", "within = 'peak', of = 'unit'").replace("min_gap_s = 300", "min_gap_s = 900");
    town.order(&ward.replace("plays = 8", "plays = 16"));
    let placed = |a: &Preflight| -> Vec<_> { a.screens.iter().map(|s| (s.outcome, s.placed, s.asked)).collect() };
    // eight plays a quarter of an hour apart fit into two hours of peak, on each of the two screens
    assert_eq!(placed(&ask(&town, 1)), [(Outcome::Can, 8, 8), (Outcome::Can, 8, 8)]);
    town.order(&ward.replace("plays = 8", "plays = 19"));
    assert_eq!(placed(&ask(&town, 1)), [(Outcome::Cannot, 8, 11), (Outcome::Can, 8, 8)]);
}

#[test]
fn what_is_off_duty_suspended_or_cannot_show_it_is_told_apart() {
    let mut town = Town::new();
    town.import(
        import::Kind::Closures,
        "c.csv",
        "screen,from,to,reason,author\nC-02,2026-11-01,2026-12-31,repair,office\n",
    );
    town.order(&format!(
        "{ORDER}[[target]]\nlink = 'territory'\nunit = 'HN'\nvideo = 'none'\nforce = 'required'\nreason = 'x'\n"
    ));
    let outcomes = |town: &Town| -> Vec<String> {
        ask(town, 1).screens.iter().map(|s| format!("{} {}", s.screen, s.outcome.code())).collect()
    };
    assert_eq!(outcomes(&town), ["L-01 no-variant", "C-02 off-duty", "C-01 can"], "problems first");
    town.order(
        "code = 'quiet'\ntitle = 'Quốc tang'\nkind = 'suspend'\nissuer = 'HN'\nfrom = 2026-11-16\nto = 2026-11-16\nsource = 'x'\n\
         [suspend]\ncontent = ['order']\nin_place = 'blank'\ndays = 'leave-quota'\n\
         [[target]]\nlink = 'territory'\nunit = 'HN'\nforce = 'required'\nreason = 'x'\n",
    );
    assert_eq!(outcomes(&town), ["L-01 no-variant", "C-02 off-duty", "C-01 nothing-asked"]);
}
