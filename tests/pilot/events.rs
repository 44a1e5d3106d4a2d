//! What happens on which day, and what people do about it.

use super::cast::{self, HALL, WARD, WARD_SCREENS, bus, gate};
use super::house::House;
use super::month::{H, Month, ORDER};
use super::office::Person;
use super::world::World;
use super::{checks, figures};
use lichphat::cmd::import::Kind;
use lichphat::cmd::usb;
use lichphat::planning::PlanStore as _;
use lichphat::proof::log::{LogError, Round};
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::proof::sample::Draw;
use lichphat_playlists::time::{HANOI, LocalDay, clock_text};
use lichphat_playlists::wire::v1::Slot;
use std::collections::BTreeSet;
use std::fmt::Write as _;

const LED: &str = WARD_SCREENS[2];

/// Officers ask to be told by mail when a screen is dark.
pub(crate) async fn subscribe(month: &mut Month) {
    for person in [&mut month.people.officer, &mut month.people.hall, &mut month.people.depot] {
        assert!(person.signs_in(&month.world).await);
        let mail = format!("{}@example.vn", person.account);
        let page = person.does(&month.world, "/alerts", &[("email", &mail), ("dark", "yes"), ("at", "07:30")]).await;
        assert!(page.status == 200 && page.html().contains("Đã lưu."), "{}", page.html());
    }
}

/// A contract that sold nobody else of its kind on the same buses keeps others of the kind out.
pub(crate) fn exclusive(month: &mut Month) {
    let (head, rows) = cast::CONTRACTS.split_once('\n').unwrap();
    let rival = rows.lines().next().unwrap().replacen("nuoc-ep", "tra-da", 1);
    let file = month.world.file("csv", &format!("{head}\n{rival}\n"));
    let told = month.world.run(&["import", "contracts", &file]);
    let words = String::from_utf8_lossy(&told.stderr).into_owned();
    month.score.told(
        "Hợp đồng độc quyền: hợp đồng cùng ngành, cùng xe, cùng giờ bị từ chối (a contract that is exclusive)",
        "import contracts",
        "refused, naming the other one and a bus of both",
        words.lines().find(|line| line.contains("nuoc-ep")).unwrap_or("nothing").trim(),
        !told.status.success() && words.contains("nuoc-ep on XE-001"),
    );
}

/// Half past seven: documents, officers.
pub(crate) async fn morning(month: &mut Month, n: u32) {
    let size = month.size.clone();
    checks::morning(month, month.on(n)).await;
    if size.episodes.contains(&n) {
        episode(month, n).await;
    }
    if n + 1 == size.suspended.0 {
        let (from, to) = (month.on(size.suspended.0), month.on(size.suspended.1));
        month.world.bring(Kind::Directives, "toml", &cast::mourning(from, to)).await;
    }
    if n + 1 == size.raised.0 {
        raise(month).await;
    }
    if n + 1 == size.repaired.1.0 {
        let (from, to) = (month.on(size.repaired.1.0), month.on(size.repaired.1.1));
        let mut text = "screen,from,to,reason,author\n".to_owned();
        for bus in size.buses - 1 - size.repaired.0..size.buses - 1 {
            writeln!(text, "{},{from},{to},Xe vào xưởng (mẫu),Đội xe", cast::bus(bus)).unwrap();
        }
        let file = month.world.file("csv", &text);
        month.world.cli(&["import", "closures", &file]);
    }
    if n == size.officer {
        officer_changes(month).await;
    }
    if n.is_multiple_of(7) && n > 0 {
        logs_of_others(month, (n - 7, n));
        checks::monday(month, n).await;
    }
}

/// An episode more of the series, for the Monday after; the second one is signed on the page.
async fn episode(month: &mut Month, n: u32) {
    let brought = month.size.episodes.iter().filter(|day| **day <= n);
    let mondays: Vec<LocalDay> = brought.map(|day| month.on(day + 2)).collect();
    let text = cast::series(month.first, month.first.plus(60), &mondays);
    if n == month.size.episodes[0] {
        month.signed("Tập 2 của loạt hằng tuần (the series' second episode)", &text).await;
    } else {
        month.world.bring(Kind::Directives, "toml", &text).await;
    }
}

/// The head of the ward looks what twenty a day come to, and decides.
async fn raise(month: &mut Month) {
    let (from, to) = (month.on(month.size.raised.0).to_string(), month.on(month.size.raised.1).to_string());
    let path = format!("/orders/{ORDER}/raise");
    let (world, head, officer) = (&month.world, &mut month.people.head, &mut month.people.officer);
    assert!(head.signs_in(world).await && officer.signs_in(world).await);
    let fields = [("unit", WARD), ("plays", "20"), ("from", &from), ("to", &to), ("number", "31/QĐ-UBND")];
    let look = head.does(world, &path, &[&fields[..], &[("do", "look")]].concat()).await.html();
    let seen =
        look.split("name=\"seen\" value=\"").nth(1).unwrap_or_else(|| panic!("{look}")).split('"').next().unwrap();
    let lower =
        [("unit", WARD), ("plays", "8"), ("from", &from), ("to", &to), ("number", "30/QĐ-UBND"), ("do", "save")];
    let refused = head.does(world, &path, &lower).await;
    let decides = [&fields[..], &[("seen", seen), ("do", "save")]].concat();
    let another = officer.does(world, &path, &decides).await;
    let done = head.does(world, &path, &decides).await;
    month.score.line(
        "Thủ trưởng phường quyết định 20 lượt/ngày; 8 lượt thì không được; cán bộ không quyết định thay (the head raises to 20; 8 is refused; his officer may not)",
        "/orders/…/raise",
        (422, 403, 303),
        (refused.status, another.status, done.status),
    );
}

/// Day twelve: one officer goes, another one comes.
async fn officer_changes(month: &mut Month) {
    let world = &month.world;
    let mut minh = Person::new(world, "minh", "Ngô Quang Minh", &["--role", "operator", "--unit", WARD]).await;
    assert!(month.people.officer.signs_in(world).await);
    let before = month.people.officer.sees(world, &format!("/units/{WARD}")).await.status;
    world.cli(&["people", "deactivate", "lan", "--heir", "minh"]);
    let after = month.people.officer.sees(world, &format!("/units/{WARD}")).await.status;
    let again = month.people.officer.signs_in(world).await;
    let comes = minh.signs_in(world).await;
    let sees = minh.sees(world, &format!("/units/{WARD}")).await.status;
    let fields = [("email", "minh@example.vn"), ("dark", "yes"), ("at", "07:30")];
    let told = minh.does(world, "/alerts", &fields).await.status;
    month.people.officer = minh;
    month.score.line(
        "Cán bộ phường thay người: người cũ ra ngay, người mới vào việc (the officer changes)",
        "people deactivate lan --heir minh; /units/P00004",
        (200, 303, false, true, 200, 200),
        (before, after, again, comes, sees, told),
    );
}

/// What the other vendor's screens say they played from a day until before another.
pub(crate) fn logs_of_others(month: &mut Month, (from, until): (u32, u32)) {
    let mut log = "Màn hình,Tệp,Bắt đầu,Kết thúc\n".to_owned();
    let mut map = "[columns]\nscreen = \"Màn hình\"\nmedia = \"Tệp\"\nstart = \"Bắt đầu\"\nend = \"Kết thúc\"\n\
         [media]\n\"iHanoi 15s.mp4\" = \"ihanoi-pilot\"\n[screens]\n"
        .to_owned();
    for other in 0..month.size.others {
        writeln!(map, "\"BC {:02}\" = \"{}\"", other + 1, cast::other(other)).unwrap();
        for day in from..until {
            for play in 0..12u32 {
                let at = (6 + play) * H + u32::try_from(other).unwrap() * 7;
                let day = month.on(day);
                writeln!(
                    log,
                    "BC {:02},iHanoi 15s.mp4,{day} {},{day} {}",
                    other + 1,
                    clock_text(at),
                    clock_text(at + 15)
                )
                .unwrap();
            }
        }
    }
    let (log, map) = (month.world.file("csv", &log), month.world.file("toml", &map));
    let ask = ["import", "plays", &log, "--as", "csv", "--map", &map, "--by", "Hãng mẫu H", "--format", "json"];
    let told: serde_json::Value = serde_json::from_str(&month.world.cli(&ask)).unwrap();
    let plays = (until - from) * 12 * u32::try_from(month.size.others).unwrap();
    month.score.line(
        &format!("Nhật ký của hãng khác, từ {} đến trước {} (another vendor's logs)", month.on(from), month.on(until)),
        "import plays --as csv",
        u64::from(plays),
        told[0]["added"].as_u64().unwrap(),
    );
}

/// Nine o'clock: what breaks.
pub(crate) async fn nine_o_clock(month: &mut Month, n: u32) {
    let size = month.size.clone();
    if n == size.cloned {
        let clone = month.world.at_screen(&gate(0)).copied();
        month.world.boxes.push(clone);
    }
    if n == size.wrong_clock {
        month.world.at_screen(&gate(1)).sets_clock(3 * 24 * 3_600_000);
    }
}

/// The loudspeakers of each gate talk while the next play of the order runs.
async fn speak(month: &mut Month, day: LocalDay) {
    month.world.live_closely(day, 12 * H, 12 * H).await; // every box has the newest plan
    for n in 0..month.size.managed {
        let screen = gate(n).parse().unwrap();
        let Some(plan) = month.world.house.rooms.store.newest(&screen, day).await.unwrap() else { continue };
        let ordered = |slot: &&Slot| plan.assets.assets[usize::from(slot.item)].code.as_str() == ORDER;
        let soon = 12 * H + 60..13 * H - 60;
        if let Some(slot) = plan.playlist.slots.iter().filter(ordered).find(|slot| soon.contains(&slot.start_s)) {
            month.world.truth.speak(&gate(n), day, slot.start_s + 4, slot.start_s + 9);
            month.spoken_over.push((gate(n), day.at(slot.start_s, HANOI)));
        }
    }
}

/// Noon: what was broken is found.
pub(crate) async fn noon(month: &mut Month, n: u32) {
    let (day, size) = (month.on(n), month.size.clone());
    if n == size.cloned {
        clone_is_told(month).await;
    }
    if n == size.wrong_clock {
        month.world.at_screen(&gate(1)).sets_clock(0);
        let then = day.plus(3);
        let report = month.world.report(ORDER, then, then).await;
        let line = report.lines.iter().find(|l| l.screen.as_str() == gate(1)).unwrap();
        month.score.line(
            "Đồng hồ của một hộp chạy trước ba ngày: không lượt nào của ngày chưa đến được tính (a clock three days ahead)",
            "report compliance",
            0,
            line.counted,
        );
    }
    if n == size.disaster {
        disaster(month, day).await;
    } else {
        speak(month, day).await;
    }
}

async fn clone_is_told(month: &mut Month) {
    let at = month.world.boxes.iter().position(|b| b.screen == gate(0) && b.is_copy).unwrap();
    let mut clone = month.world.boxes.remove(at);
    clone.stop().await;
    month.world.at_screen(&gate(0)).meets().await;
    month.world.house.rooms.log.round().await.unwrap();
    let told = month.world.run(&["check"]);
    let words = String::from_utf8_lossy(&told.stderr).into_owned() + &String::from_utf8_lossy(&told.stdout);
    month.score.told(
        "Một hộp bị sao chép: hai câu chuyện cho một chỗ, được báo (a cloned device)",
        "check",
        "may have been cloned",
        words.lines().find(|l| l.contains("cloned")).unwrap_or("nothing"),
        words.contains(&format!("({}) told two stories for one place, it may have been cloned", gate(0))),
    );
}

/// Checkpoints of the log that the auditor keeps: of the first evening, and of the last moment of the server's disk.
pub(crate) const KEPT: &str = "kept-on-the-first-evening";
pub(crate) const KEPT_LATE: &str = "kept-when-the-disk-broke";

fn keep_checkpoint(world: &World, name: &str) {
    std::fs::copy(world.data.path().join("log/checkpoint"), world.outside(name)).unwrap();
}

/// The server's disk is gone; last night's backup and the players bring it back.
async fn disaster(month: &mut Month, day: LocalDay) {
    let before = counted(month);
    let world = &mut month.world;
    let out = world.backups.path().join("nightly");
    let out = out.to_str().unwrap();
    keep_checkpoint(world, KEPT_LATE);
    let at = world.house.stop().await;
    std::fs::remove_dir_all(world.data.path()).unwrap();
    as_before_the_upgrade(std::path::Path::new(out));
    world.cli(&["restore", out]);
    world.media();
    world.house = House::open(&world.data, &world.context, &world.mail, Some(at)).await;
    let waits = matches!(world.house.rooms.log.round().await, Err(LogError::Waits));
    world.live(day, 15 * H).await;
    let new = world.cli(&["log", "restart", "--reason", "hỏng ổ đĩa", "--by", "Tổ kỹ thuật"]);
    let at = world.house.stop().await;
    world.house = House::open(&world.data, &world.context, &world.mail, Some(at)).await;
    let goes_on = matches!(world.house.rooms.log.round().await, Ok(Round::Published(_)));
    // whoever looks after the boxes tells each of them, once
    for one in &mut month.world.boxes {
        one.trusts(new.trim().parse().unwrap()).await;
    }
    month.world.live(day, 16 * H).await;
    month.before_disaster = before;
    // what was brought since the backup is brought again
    if month.size.episodes.contains(&month.size.disaster) {
        episode(month, month.size.disaster).await;
    }
    if month.size.raised.0 == month.size.disaster + 1 {
        raise(month).await;
    }
    let db = rusqlite::Connection::open(month.world.data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap();
    let version: u32 = db.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    month.score.line(
        "Bản sao lưu của phiên bản trước được nâng lược đồ khi khôi phục (a schema upgrade)",
        "restore",
        3,
        version,
    );
    month.score.line(
        "Máy chủ hỏng ổ đĩa, khôi phục từ bản sao lưu đêm trước: nhật ký chờ, rồi đi tiếp (restored from last night's backup)",
        "backup; restore; log restart",
        (true, true),
        (waits, goes_on),
    );
}

/// Makes of last night's backup one that the first version wrote: its database had a table and an index less.
fn as_before_the_upgrade(backups: &std::path::Path) {
    let backup = std::fs::read_dir(backups).unwrap().map(|e| e.unwrap().path()).find(|p| p.is_dir()).unwrap();
    let (file, manifest) = (backup.join(lichphat::store::sqlite::FILE_NAME), backup.join("manifest.json"));
    let hash = |path: &std::path::Path| Sha256Hash::of(&std::fs::read(path).unwrap()).to_string();
    let before = hash(&file);
    let db = rusqlite::Connection::open(&file).unwrap();
    db.execute_batch(
        "DROP INDEX log_statement; DROP TABLE restored; PRAGMA user_version = 1; PRAGMA journal_mode = delete",
    )
    .unwrap();
    db.close().unwrap();
    let text = std::fs::read_to_string(&manifest).unwrap();
    assert!(text.contains(&before), "{text}");
    std::fs::write(&manifest, text.replace(&before, &hash(&file))).unwrap();
}

/// Plays of the order that count until now: screen and start of each.
fn counted(month: &mut Month) -> BTreeSet<(String, String)> {
    let plays = month.plays(ORDER);
    plays.iter().filter(|row| figures::counts(row)).map(figures::which).collect()
}

/// Eight in the evening: what is done when offices are closed.
pub(crate) async fn evening(month: &mut Month, n: u32) {
    let size = month.size.clone();
    if n == 1 {
        checks::roster(month, month.on(2));
    }
    if n % 7 == 4 {
        checks::friday(month).await;
    }
    if n == 0 {
        keep_checkpoint(&month.world, KEPT);
    }
    if n + 1 == size.disaster {
        let out = month.world.backups.path().join("nightly");
        month.world.cli(&["backup", "--out", out.to_str().unwrap(), "--with-keys"]);
    }
    if n + 1 == size.inspected {
        draw(month, n + 1).await;
    }
    if n == size.inspected {
        inspected(month).await;
    }
    if n == size.dark.1 {
        hide(month).await;
    }
}

/// The auditor draws plays that are still to come; where he will look nobody is told.
async fn draw(month: &mut Month, n: u32) {
    let day = month.on(n).to_string();
    let out = month.world.outside("draw.json");
    let seed = format!("XSMB {}: 48213", month.on(n - 1));
    let ask = ["audit", "draw", "--campaign", ORDER, "--from", &day, "--to", &day, "--seed", &seed, "--out", &out];
    month.world.cli(&ask);
    let officer = &mut month.people.officer;
    assert!(officer.signs_in(&month.world).await);
    let page =
        officer.sees(&month.world, &format!("/reports?period=day&of={day}&unit={WARD}&lang=vi&now=1")).await.html();
    month.score.line(
        "Mẫu rút từ lịch phát ngày mai: báo cáo của phường không nói gì (where he will look nobody is told)",
        "audit draw; /reports",
        (true, false),
        (page.contains("Kết quả kiểm tra mẫu"), page.contains(" lượt chưa có kết quả")),
    );
}

/// He was there: one panel was dark, whatever its box says.
async fn inspected(month: &mut Month) {
    let draw = Draw::parse(&std::fs::read(month.world.outside("draw.json")).unwrap()).unwrap();
    let name = &draw.hash().hex()[..12];
    let mut sheet = "draw,n,screen,result,by,at,code\n".to_owned();
    let mut dark = 0;
    for item in &draw.items {
        let is_dark = item.screen.as_str() == LED;
        dark += u32::from(is_dark);
        let (day, ms) = item.start_ms.local(HANOI);
        let result = if is_dark { "tối" } else { "đúng" };
        writeln!(sheet, "{name},{},{},{result},Vũ Văn Kiểm,{day} {},", item.n, item.screen, clock_text(ms / 1000))
            .unwrap();
    }
    let file = month.world.file("csv", &sheet);
    month.world.cli(&["audit", "record", &file]);
    let told: serde_json::Value =
        serde_json::from_str(&month.world.cli(&["audit", "result", "--format", "json"])).unwrap();
    let (world, auditor) = (&month.world, &mut month.people.auditor);
    assert!(auditor.signs_in(world).await);
    let page = auditor.sees(world, "/audit/draws").await.html();
    month.score.line(
        &format!(
            "Thanh tra rút {} lượt sắp phát, thấy tấm LED tối mà hộp không biết (an inspector finds one panel dark)",
            draw.items.len()
        ),
        "audit draw; audit record; audit result; /audit/draws",
        (u64::from(dark), "not-shown".to_owned(), true, true),
        (
            told[0]["bad"].as_u64().unwrap(),
            told[0]["result"].as_str().unwrap().to_owned(),
            dark > 0,
            page.contains(name),
        ),
    );
}

/// Somebody writes that a dark week was a closed one.
async fn hide(month: &mut Month) {
    let (from, to) = (month.on(month.size.dark.0), month.on(month.size.dark.1));
    let owed = async |month: &Month| {
        let report = month.world.report(ORDER, from, to).await;
        let line = report.lines.iter().find(|l| l.screen.as_str() == gate(2)).unwrap();
        (line.owed, line.counted, line.main_cause.clone())
    };
    let before = owed(month).await;
    let (from_text, to_text) = (from.to_string(), to.to_string());
    let path = format!("/screens/{}/closure", gate(2));
    let (world, hall) = (&mut month.world, &mut month.people.hall);
    assert!(hall.signs_in(world).await);
    let fields = [("close_from", from_text.as_str()), ("close_to", &to_text), ("reason", "Sửa chữa")];
    let form = hall.does(world, &path, &fields).await;
    let text = format!("screen,from,to,reason,author\n{},{from},{to},Sửa chữa,{HALL}\n", gate(2));
    let file = world.file("csv", &text);
    world.cli(&["import", "closures", &file]);
    let page = hall.sees(world, &format!("/screens/{}?day={from}&lang=vi", gate(2))).await.html();
    let after = owed(month).await;
    month.score.line(
        "Ghi nghỉ sau khi màn hình đã tối: biểu mẫu không nhận; tệp nhận nhưng không bớt lượt nào (a dark week is not closed afterwards)",
        "/screens/…/closure; import closures; report compliance",
        (422, true, before.clone()),
        (form.status, page.contains("Được ghi sau khi đã nghỉ"), after),
    );
    // then he says that it was gone by then, and that it was off all the week
    let gone = "code,name,venue_type,kind,link,width,height,output,owner,territory,operator,to\n";
    let last = from.previous();
    let gone = format!(
        "{gone}{},Sảnh chờ số 3 (mẫu),airport,managed,direct,1920,1080,video,{HALL},-,{HALL},{last}\n",
        gate(2)
    );
    let mut off = "screen,date,hours\n".to_owned();
    for (screen, day) in [gate(2), bus(0)].iter().flat_map(|screen| from.through(to).map(move |day| (screen, day))) {
        writeln!(off, "{screen},{day},-").unwrap();
    }
    let told = [("screens", gone, "to ="), ("duty", off, "hours =")].map(|(kind, text, field)| {
        let file = month.world.file("csv", &text);
        let done = month.world.run(&["import", kind, &file]);
        let words = String::from_utf8_lossy(&done.stderr).into_owned();
        (done.status.code(), words.contains(field) && words.contains("the past is not rewritten"))
    });
    let refused = (Some(1), true);
    let still = owed(month).await;
    month.score.line(
        "  … ghi màn hình đã tháo từ trước, hoặc nghỉ cả tuần theo lịch chạy: không nhận (nor is it gone or off by then)",
        "import screens; import duty; report compliance",
        ([refused, refused], before.clone()),
        (told, still),
    );
}

/// A stick goes to the bus without network and comes back.
pub(crate) async fn stick(month: &mut Month, n: u32) {
    let screen = bus(month.size.buses - 1);
    let mount = month.stick.path().to_owned();
    // the bus comes to life in the morning; its driver puts the stick in before he leaves
    month.world.live(month.on(n), 6 * H + H / 2).await;
    let stick = usb::Stick::open(&mount).unwrap();
    let screens = [screen.parse().unwrap()];
    usb::export(&month.world.house.rooms, &stick, &screens, None).await.unwrap();
    month.world.at_screen(&screen).carry(&mount).await;
    let taken: u32 = usb::import(&month.world.house.rooms, &stick).await.unwrap().iter().map(|row| row.taken).sum();
    if n > 0 {
        let day = month.on(n);
        let report = month.world.report(ORDER, month.first, day.previous()).await;
        let line = report.lines.iter().find(|l| l.screen.as_str() == screen).unwrap();
        month.score.told(
            &format!("Xe không mạng, USB ngày {day} (a bus on a stick)"),
            "usb export; usb import",
            "counted > 0",
            &format!("{taken} segments, {} counted of {} owed", line.counted, line.owed),
            taken > 0 && line.counted > 0,
        );
    }
}
