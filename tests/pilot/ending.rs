//! How the month ends: closed at a checkpoint, a late stick makes a supplement, the ward explains itself, paper and bundle go out.

use super::cast::{WARD_SCREENS, bus, gate};
use super::month::{H, Month, ORDER};
use super::paper::letters;
use super::{events, own_report};
use lichphat::cmd::usb;
use lichphat::report::{Data, EntryTime, is_bad};
use lichphat_playlists::ids::{ScreenCode, Sha256Hash};
use lichphat_playlists::proof::bundle;
use lichphat_playlists::time::HANOI;
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::process::Command;

pub(crate) async fn close(month: &mut Month) {
    // the morning after: whatever a box still has is handed in; nine days later nobody waits for more
    month.world.live(month.last.plus(1), 9 * H).await;
    month.world.clock.jump_to(month.last.plus(9).at(8 * H, HANOI));
    month.world.round().await;
    events::logs_of_others(month, (month.size.days - month.size.days % 7, month.size.days));
    let (from, to) = (month.first.to_string(), month.last.to_string());
    let period = format!("period=days&from={from}&to={to}");
    let fields = [("period", "days"), ("from", from.as_str()), ("to", to.as_str())];
    let (world, editor) = (&month.world, &mut month.people.editor);
    assert!(editor.signs_in(world).await);
    let page = editor.sees(world, &format!("/reports?{period}")).await;
    assert_eq!(page.status, 200);
    let closed = editor.does(world, "/reports/close", &fields).await;
    let first = editor.sees(world, &format!("/reports/report.json?{period}")).await.bytes;
    let data: Data = serde_json::from_slice(&first).unwrap();
    month.score.line(
        "Chốt kỳ tại một điểm chốt (the month is closed at a checkpoint)",
        "/reports, Chốt kỳ",
        (303, Some("hanh".to_owned()), None),
        (closed.status, data.closed.as_ref().map(|c| c.by.to_string()), data.supplement.as_ref().map(|s| s.number)),
    );
    beside(month, &data);

    supplement(month, (&period, &fields), &first).await;
    own_report::closed(month, (&from, &to)).await;
    on_paper(month, &period).await;
    bundles(month, (&from, &to)).await;
}

/// The city's paper bears the hash of the supplement's data.
async fn on_paper(month: &mut Month, period: &str) {
    let (event, by) = ("Báo cáo PDF để ký, có mã của bản bổ sung (the PDF to sign)", "/reports/report.pdf");
    if !own_report::is_there(month, event, by) {
        return;
    }
    let (world, editor) = (&month.world, &mut month.people.editor);
    let data = editor.sees(world, &format!("/reports/report.json?{period}")).await.bytes;
    let pdf = editor.sees(world, &format!("/reports/report.pdf?{period}")).await;
    std::fs::write(month.artefact("report.pdf"), &pdf.bytes).unwrap();
    let says = letters(pdf.bytes).contains(&Sha256Hash::of(&data).to_string());
    month.score.line(event, by, (200, true), (pdf.status, says));
}

/// What changes no figure and stands on the paper all the same: the closure that came late, with who wrote it, the dark panel that an
/// inspector saw, the box that was copied.
fn beside(month: &mut Month, data: &Data) {
    let late = data.times_off.iter().flatten().filter(|off| off.entry() != EntryTime::Before);
    let of_gate = |screens: &[ScreenCode]| screens.iter().map(ScreenCode::as_str).eq([gate(2).as_str()]);
    let late: Vec<(String, u32)> =
        late.filter(|off| of_gate(&off.screens)).map(|off| (off.entered_by.clone(), off.days)).collect();
    let seen = data.samples.iter().flatten().flat_map(|sample| &sample.seen).filter(|seen| is_bad(seen.seen));
    let dark: BTreeSet<String> = seen.map(|seen| seen.screen.to_string()).collect();
    let lines = data.orders.iter().flat_map(|order| &order.lines).filter(|line| line.copied);
    let copied: BTreeSet<String> = lines.map(|line| line.figures.screen.to_string()).collect();
    month.score.line(
        "Trên báo cáo: tạm nghỉ ghi muộn không miễn gì, kiểm tra thấy màn hình tối, thiết bị bị sao chép (what stands beside the figures)",
        "/reports/report.json",
        (vec![("shell".to_owned(), 0)], [WARD_SCREENS[2].to_owned()].into(), [gate(0)].into()),
        (late, dark, copied),
    );
}

/// The stick of the bus without network comes in after the period was closed.
async fn supplement(month: &mut Month, (period, fields): (&str, &[(&str, &str)]), first: &[u8]) {
    let screen = bus(month.size.buses - 1);
    let mount = month.stick.path().to_owned();
    month.world.at_screen(&screen).carry(&mount).await;
    let stick = usb::Stick::open(&mount).unwrap();
    let taken: u32 = usb::import(&month.world.house.rooms, &stick).await.unwrap().iter().map(|row| row.taken).sum();
    let (world, editor) = (&month.world, &mut month.people.editor);
    let again = editor.sees(world, &format!("/reports/report.json?{period}")).await.bytes;
    let page = editor.sees(world, &format!("/reports?{period}&now=1")).await.html();
    let made = page.split("made=").nth(1).unwrap_or_else(|| panic!("{page}"))[..64].to_owned();
    let closed = editor.does(world, "/reports/close", &[fields, &[("made", &made)]].concat()).await;
    let second = editor.sees(world, &format!("/reports/report.json?{period}")).await.bytes;
    let supplement = serde_json::from_slice::<Data>(&second).unwrap().supplement;
    let more = supplement
        .as_ref()
        .and_then(|s| s.changes.iter().find(|c| c.figure == "counted"))
        .is_some_and(|c| c.after > c.before);
    month.score.line(
        "USB nộp muộn: bản đã chốt đứng nguyên, có bản bổ sung số 1 ghi rõ thay đổi (a late stick makes a supplement)",
        "usb import; /reports, Chốt kỳ",
        (true, true, 303, Some((1, Sha256Hash::of(first))), true),
        (taken > 0, again == first, closed.status, supplement.map(|s| (s.number, s.of)), more),
    );
}

/// The bundle goes to an auditor, who has his own program and no network. Of the whole month he hears which box was cloned: nothing of it is
/// proven. The days after that hold.
async fn bundles(month: &mut Month, (from, to): (&str, &str)) {
    month.world.round().await; // the witness has seen what closing and explaining wrote
    let whole = month.world.outside("bundle.zip");
    let ask = ["export", "bundle", "--campaign", ORDER, "--from", from, "--to", to, "--out", &whole];
    let exported = month.world.run(&ask).status.code();
    let policy = month.world.policy();
    let (code, words) = judged(&["--policy", &policy, &whole]);
    std::fs::write(month.artefact("verifier.txt"), &words).unwrap();
    let faults = words
        .lines()
        .skip_while(|line| !line.starts_with("Faults"))
        .take_while(|line| !line.starts_with("To know"))
        .filter(|line| line.starts_with("  - "));
    let cloned = |line: &str| line.contains("tells another story") && line.contains(&gate(0));
    let other: Vec<&str> = faults.clone().filter(|line| !cloned(line)).collect();
    month.score.line(
        "Gói của cả tháng: phần mềm kiểm tra chỉ nêu hộp bị sao chép, các màn hình khác đúng (the month's bundle: the cloned box alone)",
        "export bundle; lichphat-verify",
        (Some(3), Some(3), true, Vec::<&str>::new()),
        (exported, code, faults.clone().any(cloned), other),
    );

    let from = month.on(month.size.disaster.max(month.size.cloned) + 1).to_string();
    let after = month.world.outside("after.zip");
    let kept = [events::KEPT, events::KEPT_LATE].map(|name| month.world.outside(name));
    let ask =
        ["export", "bundle", "--campaign", ORDER, "--from", &from, "--to", to, "--out", &after, "--since", &kept[0]];
    let exported = month.world.run(&ask);
    let (code, words) = judged(&["--policy", &policy, "--since", &kept[0], &after]);
    std::fs::write(month.artefact("verifier-after.txt"), &words).unwrap();
    // somebody writes one play more into what the server states, in a file that any program opens
    let forged = month.world.outside("forged.zip");
    one_more(&after, &forged);
    let (forged, _) = judged(&["--policy", &policy, &forged]);
    month.score.line(
        &format!("Gói từ {from} kiểm tra ngoại tuyến, có nhân chứng và điểm chốt tự giữ: đúng; thêm một lượt vào số liệu thì sai (verified offline, and not with one play more)"),
        "export bundle --since; lichphat-verify --policy --since",
        (Some(0), Some(0), Some(1)),
        (exported.status.code(), code, forged),
    );
    let told = words.lines().next().unwrap_or_default().to_owned();
    let (code, words) = judged(&["--policy", &policy, "--since", &kept[1], &after]);
    let gone = words.lines().find(|line| line.contains("had seen") && line.contains("gone")).unwrap_or("nothing");
    month.score.told(
        "Phần sổ mất theo ổ đĩa được nói ra ở dòng đầu; ai giữ điểm chốt của lúc ấy thấy mất bao nhiêu mục (what the disk took along is told)",
        "lichphat-verify --since",
        "told in the first line; a fault for who had kept the last checkpoint",
        &format!("{told} … {code:?}: {}", gone.trim()),
        told.contains("LOST") && code == Some(1) && gone != "nothing",
    );
}

/// The same bundle, whose report claims one play more.
fn one_more(bundle: &str, forged: &str) {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(bundle).unwrap()).unwrap();
    let mut out = zip::ZipWriter::new(std::fs::File::create(forged).unwrap());
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).unwrap();
        let (name, mut bytes) = (file.name().unwrap().into_owned(), Vec::new());
        file.read_to_end(&mut bytes).unwrap();
        if name == bundle::REPORT {
            let mut report: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            assert!(raise(&mut report), "{report}");
            bytes = serde_json::to_vec(&report).unwrap();
        }
        let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        out.start_file(name, options).unwrap();
        out.write_all(&bytes).unwrap();
    }
    out.finish().unwrap();
}

/// Adds one to the first figure of counted plays.
fn raise(value: &mut serde_json::Value) -> bool {
    match value {
        serde_json::Value::Object(all) => match all.get("counted").and_then(serde_json::Value::as_u64) {
            Some(n) => {
                all.insert("counted".to_owned(), (n + 1).into());
                true
            }
            None => all.values_mut().any(raise),
        },
        serde_json::Value::Array(all) => all.iter_mut().any(raise),
        _ => false,
    }
}

/// What the auditor's program says of a bundle.
fn judged(args: &[&str]) -> (Option<i32>, String) {
    let judged = verifier().args(["--lang", "en"]).args(args).output().unwrap();
    let words = String::from_utf8_lossy(&judged.stdout).into_owned() + &String::from_utf8_lossy(&judged.stderr);
    (judged.status.code(), words)
}

/// The auditor's own program where it was built, else the same check of the server's.
fn verifier() -> Command {
    let own = std::path::Path::new(env!("CARGO_BIN_EXE_lichphat")).with_file_name("lichphat-verify");
    if own.exists() {
        return Command::new(own);
    }
    assert!(std::env::var("PILOT").as_deref() != Ok("full"), "{} is not there", own.display());
    let mut same = Command::new(env!("CARGO_BIN_EXE_lichphat"));
    same.arg("verify");
    same
}
