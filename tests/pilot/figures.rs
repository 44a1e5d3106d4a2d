//! The figures, held against what the story knows.

mod causes;

use super::cast::{self, DEPOT, HALL, WARD, WARD_SCREENS, gate};
use super::month::{H, Month, ORDER};
use lichphat_playlists::figures::ScreenLine;
use lichphat_playlists::ids::{ScreenCode, Sha256Hash};
use lichphat_playlists::time::{HANOI, IntervalSet, LocalDay, UtcMillis, clock_text};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

/// A row of `export plays --as csv`.
pub(crate) type Row = BTreeMap<String, String>;

pub(crate) async fn hold(month: &mut Month) {
    let plays = month.plays(ORDER);
    counted_plays(month, &plays).await;
    only_eyes(month, &plays);
    walked_back(month, &plays).await;
    causes::hold(month, &plays).await;
    nothing_lost(month, &plays).await;
    raised(month).await;
    repaired_and_swapped(month, &plays).await;
    suspension(month, &plays);
    series(month);
    languages(month, &plays);
    spoken_over(month, &plays);
    days_off(month, &plays).await;
    contracts(month);
    told(month);
    told_of_the_well(month).await;
    megabytes(month);
    super::checks::hold(month);
}

impl Month {
    /// Every play of a campaign that the server knows of.
    pub(crate) fn plays(&mut self, campaign: &str) -> Vec<Row> {
        let out = self.world.outside(&format!("{campaign}.csv"));
        let (from, to) = (self.first.to_string(), self.last.to_string());
        let ask =
            ["export", "plays", "--campaign", campaign, "--from", &from, "--to", &to, "--as", "csv", "--out", &out];
        self.world.cli(&ask);
        csv::Reader::from_path(&out).unwrap().deserialize().map(Result::unwrap).collect()
    }
}

fn instant(text: &str) -> UtcMillis {
    UtcMillis(chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
}

pub(crate) fn counts(row: &Row) -> bool {
    row["standing"] == "counted"
}

/// Which play it is: screen and start.
pub(crate) fn which(row: &Row) -> (String, String) {
    (row["screen"].clone(), row["start"].clone())
}

/// Which it is, when nobody can have seen it as far as a box can tell.
fn unseen(month: &Month, row: &Row) -> Option<String> {
    let (start, end) = (instant(&row["start"]), instant(&row["end"]));
    let at = |at: UtcMillis| month.world.truth.unseen_at(&row["screen"], at);
    (at(start.plus_ms(999)) || at(end.plus_ms(-1_000))).then(|| format!("{} {}", row["screen"], row["start"]))
}

/// Nothing that nobody can have seen is counted, and nothing twice.
async fn counted_plays(month: &mut Month, plays: &[Row]) {
    let city = month.world.house.rooms.city().await.unwrap();
    let (mut wrong, mut off_duty) = (Vec::new(), Vec::new());
    let mut slots = BTreeSet::new();
    let mut twice = 0;
    for row in plays.iter().filter(|row| counts(row)) {
        let (start, screen) = (instant(&row["start"]), &row["screen"]);
        wrong.extend(unseen(month, row));
        let (day, ms) = start.local(HANOI);
        let at = city.directory.screen(&ScreenCode::new(screen.as_str()).unwrap()).unwrap();
        if !city.directory.duty(at, day).contains(ms / 1000) {
            off_duty.push(format!("{screen} {}", row["start"]));
        }
        twice += u32::from(!slots.insert((screen.clone(), row["start"].clone())));
    }
    let counted = plays.iter().filter(|row| counts(row)).count();
    month.score.line(
        &format!("Lượt được tính mà không ai có thể thấy, trong {counted} lượt (wrongly counted plays)"),
        "export plays",
        (Vec::<String>::new(), Vec::<String>::new(), 0),
        (wrong, off_duty, twice),
    );
}

/// Of a panel that is dark behind a healthy box only eyes can tell: what counts there, and nowhere else.
fn only_eyes(month: &mut Month, plays: &[Row]) {
    let drawn = month.on(month.size.inspected);
    let lied = |row: &&Row| {
        let (day, ms) = instant(&row["start"]).local(HANOI);
        counts(row) && month.world.truth.day(&row["screen"], day).lies.contains(ms / 1000)
    };
    let here: Vec<&Row> = plays.iter().filter(lied).collect();
    let elsewhere = here.iter().filter(|row| row["screen"] != WARD_SCREENS[2] || row["day"] != drawn.to_string());
    let elsewhere = elsewhere.count();
    month.score.told(
        "Lượt được tính dù tấm LED tối mà hộp không thể biết: chỉ ngày thanh tra đến xem (only eyes can tell)",
        "export plays; audit result",
        "some that day, none elsewhere",
        &format!("{} that day, {elsewhere} elsewhere", here.len()),
        !here.is_empty() && elsewhere == 0,
    );
}

/// The report's figure is the number of records behind it, screen by screen.
async fn walked_back(month: &mut Month, plays: &[Row]) {
    let report = month.world.report(ORDER, month.first, month.last).await;
    let mut records: BTreeMap<&str, u32> = BTreeMap::new();
    for row in plays.iter().filter(|row| counts(row)) {
        *records.entry(row["screen"].as_str()).or_default() += 1;
    }
    let differing: Vec<String> = report
        .lines
        .iter()
        .filter(|l| l.counted + l.counted_outside != records.get(l.screen.as_str()).copied().unwrap_or(0))
        .map(|l| format!("{}: {} of {:?}", l.screen, l.counted, records.get(l.screen.as_str())))
        .collect();
    month.score.line(
        "Mỗi con số của báo cáo đi ngược về được từng bản ghi (every figure is walked back to records)",
        "report compliance; export plays",
        Vec::<String>::new(),
        differing,
    );
    let of = |unit: &str| {
        let line = report.units.iter().find(|u| u.link == "owner" && u.unit.as_str() == unit).unwrap();
        format!("{} met, {} short, {} counted", line.totals.met, line.totals.short, line.totals.counted)
    };
    for unit in [WARD, DEPOT, HALL] {
        println!("     {unit}: {}", of(unit));
    }
}

/// Buses in the workshop owe nothing; boxes that were swapped count where they say they are, in the hours of the bus they were in.
async fn repaired_and_swapped(month: &mut Month, plays: &[Row]) {
    let (count, days) = month.size.repaired;
    let report = month.world.report(ORDER, month.on(days.0), month.on(days.1)).await;
    let last = month.size.buses - 1;
    let owed: u32 = (last - count..last)
        .filter_map(|n| report.lines.iter().find(|l| l.screen.as_str() == cast::bus(n)))
        .map(|l| l.owed)
        .sum();
    month.score.line(
        "Xe vào xưởng đã báo trước: không phải phát lượt nào (buses in repair owe nothing)",
        "import closures; report compliance",
        0,
        owed,
    );
    let swapped = (month.on(month.size.swapped.0), month.on(month.size.swapped.1));
    let here = plays.iter().filter(|row| counts(row) && on(row, swapped));
    let by = |n: usize| here.clone().filter(|row| row["screen"] == cast::bus(n)).count();
    month.score.told(
        "Hai hộp đổi xe: vẫn tính đúng tên hộp, đúng giờ có điện (two boxes swapped)",
        "report compliance",
        "both counted, none unseen",
        &format!("{} and {}", by(0), by(1)),
        by(0) > 0 && by(1) > 0,
    );
}

/// What counted before the disk was lost counts now; and the dark week has its true cause.
async fn nothing_lost(month: &mut Month, plays: &[Row]) {
    let now: BTreeSet<_> = plays.iter().filter(|row| counts(row)).map(which).collect();
    let lost: Vec<_> = month.before_disaster.difference(&now).collect();
    month.score.told(
        "Lượt đã tính trước khi máy chủ hỏng vẫn được tính, từng lượt một (no counted play is lost by the restore)",
        "export plays",
        "some before, none of them lost",
        &format!("{} before, lost: {lost:?}", month.before_disaster.len()),
        !month.before_disaster.is_empty() && lost.is_empty(),
    );
    let (from, to) = (month.on(month.size.dark.0 + 1), month.on(month.size.dark.1));
    let report = month.world.report(ORDER, from, to).await;
    let line = report.lines.iter().find(|l| l.screen.as_str() == gate(2)).unwrap();
    month.score.line(
        "  … nguyên nhân của tuần tối (the cause of the dark week)",
        "report compliance",
        ("panel-dark", 0),
        (line.main_cause.as_str(), line.counted),
    );
}

/// In the raised week each screen of the ward owes twenty a day, and plays them.
async fn raised(month: &mut Month) {
    let report = month.world.report(ORDER, month.on(month.size.raised.0), month.on(month.size.raised.1)).await;
    let lines: Vec<&ScreenLine> = report.lines.iter().filter(|l| WARD_SCREENS.contains(&l.screen.as_str())).collect();
    let said: Vec<String> = lines
        .iter()
        .map(|l| format!("{}: {} of {} in {} days", l.screen, l.counted, l.owed, l.operating_days))
        .collect();
    month.score.told(
        "Những ngày phường nâng chỉ tiêu: mỗi màn hình phải phát 20 lượt một ngày, và đã phát đủ (the raised days)",
        "report compliance",
        "20 a day owed, and counted",
        &said.join("; "),
        lines.len() == 3 && lines.iter().all(|l| l.owed == 20 * l.operating_days && l.counted >= l.owed),
    );
}

fn on(row: &Row, days: (LocalDay, LocalDay)) -> bool {
    let day: LocalDay = row["day"].parse().unwrap();
    (days.0..=days.1).contains(&day)
}

/// Two days without what was sold and ordered, a solemn loop in its place.
fn suspension(month: &mut Month, plays: &[Row]) {
    let days = (month.on(month.size.suspended.0), month.on(month.size.suspended.1));
    let shown = |rows: &[Row]| -> BTreeMap<String, u32> {
        let mut by_screen = BTreeMap::new();
        for row in rows.iter().filter(|row| on(row, days) && row["reason"].is_empty()) {
            *by_screen.entry(row["screen"].clone()).or_default() += 1;
        }
        by_screen
    };
    let ordered = shown(plays);
    let (mut sold, mut counted, mut wrong) = (Vec::new(), 0, Vec::new());
    for contract in ["nuoc-ep", "ngan-hang"] {
        let plays = month.plays(contract);
        counted += plays.iter().filter(|row| counts(row)).count();
        wrong.extend(plays.iter().filter(|row| counts(row)).filter_map(|row| unseen(month, row)));
        sold.push(shown(&plays));
    }
    month.score.line(
        &format!("Lượt quảng cáo được tính mà không ai có thể thấy, trong {counted} lượt (sold, and wrongly counted)"),
        "export plays",
        Vec::<String>::new(),
        wrong,
    );
    let local = shown(&month.plays("mot-cua"));
    let solemn = shown(&month.plays("quoc-tang"));
    assert!(!solemn.is_empty(), "a solemn loop in its place");
    month.score.line(
        "Hai ngày quốc tang: không quảng cáo, không nội dung tại chỗ, không đợt của thành phố; có màn hình trang nghiêm (suspension)",
        "export plays",
        Vec::<String>::new(),
        not_silent(&[&ordered, &sold[0], &sold[1], &local], month.size.buses),
    );
}

/// Screens that played what was suspended, but for the bus that no network tells of it, and those of the hall: it is none of the city's
/// units, so the city does not suspend there.
fn not_silent(shown: &[&BTreeMap<String, u32>], buses: usize) -> Vec<String> {
    let apart = cast::bus(buses - 1);
    let all = shown
        .iter()
        .flat_map(|by_screen| by_screen.iter())
        .filter(|(screen, _)| **screen != apart && !screen.starts_with("NB-"));
    all.map(|(screen, n)| format!("{screen}: {n}")).collect()
}

/// The newest episode from its Monday on, where the ward has asked for it.
fn series(month: &mut Month) {
    let plays = month.plays("toa-dam");
    let elsewhere = plays.iter().filter(|row| !WARD_SCREENS.contains(&row["screen"].as_str())).count();
    let monday = month.on(month.size.episodes[0] + 2);
    let media = |of: &dyn Fn(LocalDay) -> bool| -> BTreeSet<String> {
        let here = plays.iter().filter(|row| row["reason"].is_empty() && of(row["day"].parse().unwrap()));
        here.map(|row| row["media"].clone()).collect()
    };
    let last = monday.plus(6);
    let (before, after) = (media(&|day| day < monday), media(&|day| (monday..=last).contains(&day)));
    month.score.line(
        "Loạt hằng tuần: từ thứ Hai chỉ còn tập mới, và chỉ ở phường đã đăng ký (a series replaces its episode)",
        "export plays",
        (0, 1, 1, true),
        (elsewhere, before.len(), after.len(), before != after),
    );
}

fn hash_of(file: &str) -> String {
    let path = std::path::Path::new(super::common::ROOT).join("config/sample/media").join(file);
    Sha256Hash::of(&std::fs::read(path).unwrap()).to_string()
}

/// The hall speaks to travellers, the ward to its people.
fn languages(month: &mut Month, plays: &[Row]) {
    let of = |screen: &str| -> BTreeSet<String> {
        plays.iter().filter(|row| row["screen"] == screen && counts(row)).map(|row| row["media"].clone()).collect()
    };
    month.score.line(
        "Sân bay phát bản tiếng Anh, phường phát bản tiếng Việt (two languages)",
        "export plays",
        (BTreeSet::from([hash_of("ihanoi-en.mp4")]), BTreeSet::from([hash_of("ihanoi-vi.mp4")])),
        (of(&gate(0)), of(WARD_SCREENS[0])),
    );
}

/// A play that somebody spoke over does not count; gates that had something else that day apart, each one was broken off.
fn spoken_over(month: &mut Month, plays: &[Row]) {
    let (mut counted, mut broken_off, mut not) = (Vec::new(), 0, Vec::new());
    for (screen, start) in &month.spoken_over {
        let here = |row: &&Row| row["screen"] == *screen && instant(&row["start"]).since_ms(*start).abs() < 2_000;
        let rows: Vec<&Row> = plays.iter().filter(here).collect();
        let said = format!("{screen} {start:?}");
        counted.extend(rows.iter().any(|row| counts(row)).then(|| said.clone()));
        if rows.iter().any(|row| row["reason"] == "partial:interrupted") {
            broken_off += 1;
        } else if !(0..3).any(|n| *screen == gate(n)) {
            not.push(said);
        }
    }
    month.score.told(
        "Loa nhà ga thông báo chen vào giữa một lượt: lượt ấy không tính và được phát bù (announcements that cut in)",
        "export plays",
        "every play that was spoken over is broken off, none of them counts",
        &format!("{broken_off} broken off; counted all the same: {counted:?}; not broken off: {not:?}"),
        broken_off > 0 && counted.is_empty() && not.is_empty(),
    );
}

/// Lunch, Sundays, the make-up Saturday, holidays.
async fn days_off(month: &mut Month, plays: &[Row]) {
    let hall: Vec<&Row> = plays.iter().filter(|row| row["screen"] == WARD_SCREENS[0] && counts(row)).collect();
    let of = |day: &str| hall.iter().filter(|row| row["day"] == day).count();
    let sunday = of("2026-08-16");
    month.score.line("Chủ nhật trụ sở phường nghỉ (closed on Sundays)", "export plays", 0, sunday);
    let hours = |from: u32, to: u32| {
        let within = |row: &&&Row| (from * H..to * H).contains(&(instant(&row["start"]).local(HANOI).1 / 1000));
        hall.iter().filter(within).count()
    };
    month.score.line(
        "Nghỉ trưa: sảnh phường không phát từ 12 đến 13 giờ, trước và sau đó có phát (lunch break)",
        "export plays",
        (0, true, true),
        (hours(12, 13), hours(8, 12) > 0, hours(13, 17) > 0),
    );
    let make_up: LocalDay = "2026-08-22".parse().unwrap();
    if month.last > make_up {
        let closed = of("2026-08-31") + of("2026-09-02");
        month.score.line(
            "Thứ Bảy 22/8 làm bù; 31/8 và 2/9 nghỉ (the make-up Saturday)",
            "export plays",
            (true, 0),
            (of("2026-08-22") > 0, closed),
        );
    }
    let of_hall = plays.iter().filter(|row| row["screen"].starts_with("NB-") && counts(row));
    let peak = IntervalSet::one(6 * H, 9 * H)
        .union(&IntervalSet::one(10 * H, 11 * H))
        .union(&IntervalSet::one(12 * H, 21 * H));
    let (within, outside): (Vec<&Row>, Vec<&Row>) =
        of_hall.partition(|row| peak.contains(instant(&row["start"]).local(HANOI).1 / 1000));
    month.score.told(
        "Sân bay: mọi lượt được tính nằm trong 13 giờ cao điểm (a peak of 13 hours)",
        "export plays",
        "all within 06-09, 10-11, 12-21",
        &format!("{} within, {} outside", within.len(), outside.len()),
        !within.is_empty() && outside.is_empty(),
    );
}

/// What was sold on the buses.
fn contracts(month: &mut Month) {
    let (from, to) = (month.first.to_string(), month.last.to_string());
    let text = month.world.cli(&["report", "contracts", "--from", &from, "--to", &to, "--format", "json"]);
    std::fs::write(month.artefact("contracts.json"), &text).unwrap();
    let rows: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let said: Vec<String> = rows
        .iter()
        .map(|r| format!("{} {}/{} ({} %)", r["contract"].as_str().unwrap(), r["counted"], r["owed"], r["percent"]))
        .collect();
    month.score.told(
        "Hợp đồng quảng cáo trên xe buýt (contracts' delivery)",
        "report contracts",
        "2 contracts, each >= 97 %: a plug was pulled for an hour on one day of twelve",
        &said.join("; "),
        rows.len() == 2 && rows.iter().all(|r| r["percent"].as_f64().is_some_and(|p| p >= 97.0)),
    );
}

/// How soon somebody was told of each dark screen.
fn told(month: &mut Month) {
    for dark in month.world.truth.darknesses.clone() {
        let mails = month.world.mail.since(dark.from);
        let named = format!("({})", dark.screen);
        let first = mails.iter().find(|(_, to, words)| words.contains(&named) && dark.who.contains(&to.as_str()));
        let minutes = first.map(|(at, ..)| at.since_ms(dark.from) / 60_000);
        let (day, ms) = dark.from.local(HANOI);
        let most = dark.patience_min + 10;
        month.score.told(
            &format!(
                "{} tối hoặc mất điện từ {} {day}: có người được báo sau (told after)",
                dark.screen,
                clock_text(ms / 1000)
            ),
            "/alerts",
            &format!("<= {most} minutes"),
            &format!("{minutes:?} minutes, {}", first.map_or("nobody", |(_, to, _)| to)),
            minutes.is_some_and(|m| m <= most),
        );
    }
}

/// Nobody was sent to a screen that had nothing.
async fn told_of_the_well(month: &mut Month) {
    let city = month.world.house.rooms.city().await.unwrap();
    let mails = month.world.mail.since(month.first.start(HANOI));
    let mut well = BTreeSet::new();
    for (at, _, words) in &mails {
        let (day, _) = at.local(HANOI);
        let told = words.split('(').skip(1).filter_map(|rest| rest.split_once(')')).map(|(code, _)| code);
        for code in told.filter(|code| month.world.boxes.iter().any(|b| b.screen == *code)) {
            let screen = city.directory.screen(&ScreenCode::new(code).unwrap()).unwrap();
            let ill = |day: LocalDay| {
                let truth = month.world.truth.day(code, day);
                !truth.unseen().union(&truth.apart).intersect(&city.directory.duty(screen, day)).is_empty()
            };
            if !ill(day) && !ill(day.previous()) {
                well.insert(format!("{code} {day}"));
            }
        }
    }
    month.score.line(
        &format!(
            "Trong {} thư cảnh báo, thư gọi người đến màn hình không sao (sent to a screen that was well)",
            mails.len()
        ),
        "/alerts",
        BTreeSet::new(),
        well,
    );
}

/// What each kind of line carried.
fn megabytes(month: &mut Month) {
    let days = f64::from(month.size.days + 1);
    for (kind, prefix) in
        [("Phường (ward, wired)", "PD-"), ("Xe buýt, 4G (buses, spared)", "XE-"), ("Sân bay (hall, wired)", "NB-")]
    {
        let boxes: Vec<u64> =
            month.world.boxes.iter().filter(|b| b.screen.starts_with(prefix)).map(|b| b.used.values().sum()).collect();
        let most = boxes.iter().max().copied().unwrap_or(0) as f64 / 1e6;
        let mean = boxes.iter().sum::<u64>() as f64 / 1e6 / boxes.len() as f64;
        month.score.told(
            &format!("{kind}: MB mỗi thiết bị, gặp máy chủ mỗi giờ một lần (MB per device, one meeting an hour)"),
            "player.toml, [data]",
            "< 60 MB in 30 days",
            &format!("mean {mean:.1}, most {most:.1} in {days} days; most in 30 days {:.1}", most * 30.0 / days),
            most * 30.0 / days < 60.0,
        );
    }
    let (seconds, bytes) = month.at_pace;
    let a_day = bytes as f64 / f64::from(seconds) * 86_400.0 / 1e6;
    month.score.told(
        "Phường: MB một ngày theo nhịp thật, mỗi phút một lần (a wired box at its true pace)",
        "docs/pilot.md, 3",
        "< 6 MB a day, docs say 4.2",
        &format!("{a_day:.1} MB a day, measured over {} minutes", seconds / 60),
        a_day > 0.0 && a_day < 6.0,
    );
    let asked = |over: usize| -> u32 {
        let buses = month.world.boxes.iter().filter(|b| b.screen.starts_with("XE-"));
        buses.map(|b| b.line.media[over].load(Ordering::Relaxed)).sum()
    };
    let (in_depot, on_the_road) = (asked(0), asked(1));
    month.score.line(
        "Xe buýt chỉ tải tệp qua Wi-Fi ở bãi, không qua 4G (clips come over the depot's Wi-Fi alone)",
        "player.toml, [data] media_interfaces",
        (true, 0),
        (in_depot > 0, on_the_road),
    );
}
