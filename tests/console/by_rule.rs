//! Reports by rule: made once when they are due, also after an outage; handed on whole or not at all; what fails is told and tried again.

use crate::common::people::account;
use crate::reports::reported;
use crate::town::*;
use async_trait::async_trait;
use lichphat::clock::SimClock;
use lichphat::cmd::alerts::{Attached, Courier};
use lichphat::cmd::scheduled::Scheduled;
use lichphat::config::{ReportSettings, Settings};
use lichphat::people::Role;
use lichphat::report::{Data, NewDue, ReportStore as _};
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// To whom, its words, its files and its name.
type Mail = (String, String, Vec<Attached>, String);

/// A mail server's door: takes mails, or refuses them.
#[derive(Default)]
struct Mails {
    refuses: AtomicBool,
    taken: Mutex<Vec<Mail>>,
}

#[async_trait]
impl Courier for Mails {
    async fn mail(
        &self,
        to: &str,
        (subject, body): (&str, &str),
        files: Vec<Attached>,
        id: &str,
    ) -> Result<(), String> {
        if self.refuses.load(Ordering::SeqCst) {
            return Err("550 mailbox is full".to_owned());
        }
        self.taken.lock().unwrap().push((to.to_owned(), format!("{subject}\n{body}"), files, id.to_owned()));
        Ok(())
    }
}

fn rule(folder: &Path) -> ReportSettings {
    ReportSettings {
        name: "thang-ba-dinh".into(),
        unit: "phường Ba Đình".into(),
        day: 5,
        hour: 7,
        formats: vec!["xlsx".into(), "json".into()],
        folder: folder.to_owned(),
        mail: vec!["van-phong@example.vn".into()],
        ..ReportSettings::default()
    }
}

fn begun(town: &Town, rules: Vec<ReportSettings>, mails: &Arc<Mails>) -> Scheduled {
    let settings = Settings { report: rules, ..Settings::default() };
    Scheduled::new(town.rooms.clone(), &settings, mails.clone()).unwrap_or_else(|error| panic!("{error:?}"))
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn to(clock: &SimClock, day: &str, hour: u32) {
    clock.jump_to(day.parse::<LocalDay>().unwrap().at(hour * 3_600, HANOI));
}

#[tokio::test]
async fn on_the_fifth_the_month_before_goes_to_a_folder_and_by_mail_once() {
    let town = reported().await;
    let folder: PathBuf = town._data.path().join("bao-cao");
    std::fs::create_dir(&folder).unwrap();
    let mails = Arc::new(Mails::default());
    let rules = || vec![rule(&folder)];
    begun(&town, rules(), &mails).look().await.unwrap();
    assert!(names(&folder).is_empty(), "nothing from before the rule");
    to(&town.clock, "2026-12-05", 6);
    begun(&town, rules(), &mails).look().await.unwrap();
    assert!(names(&folder).is_empty() && mails.taken.lock().unwrap().is_empty(), "an hour too early");

    to(&town.clock, "2026-12-05", 7);
    begun(&town, rules(), &mails).look().await.unwrap();
    let both = ["thang-ba-dinh-2026-11-01-2026-11-30.json", "thang-ba-dinh-2026-11-01-2026-11-30.xlsx"];
    assert_eq!(names(&folder), both);
    let json = std::fs::read(folder.join(both[0])).unwrap();
    let data: Data = serde_json::from_slice(&json).unwrap();
    assert_eq!((data.selection.unit.unwrap().as_str(), data.day.to_string().as_str()), ("W2", "2026-12-05"));
    {
        let taken = mails.taken.lock().unwrap();
        let [(to, words, files, id)] = taken.as_slice() else { panic!("{} mails", taken.len()) };
        assert_eq!((to.as_str(), id.as_str()), ("van-phong@example.vn", "report-1"));
        assert!(
            words.contains("Phường Ba Đình, tháng 11 năm 2026") && words.contains(&Sha256Hash::of(&json).to_string()),
            "{words}"
        );
        let same = |file: &Attached| std::fs::read(folder.join(&file.name)).unwrap() == file.bytes;
        assert!(files.len() == 2 && files.iter().all(same), "what is mailed is what lies in the folder");
    }
    // however often it is looked, and after a restart
    to(&town.clock, "2026-12-20", 7);
    begun(&town, rules(), &mails).look().await.unwrap();
    assert_eq!(mails.taken.lock().unwrap().len(), 1);
    assert_eq!(std::fs::read(folder.join(both[0])).unwrap(), json, "nothing is made anew");

    // two months of outage
    to(&town.clock, "2027-02-07", 3);
    begun(&town, rules(), &mails).look().await.unwrap();
    assert_eq!(mails.taken.lock().unwrap().len(), 3);
    let later: Vec<String> = names(&folder).into_iter().filter(|name| name.ends_with("json")).collect();
    assert_eq!(later.len(), 3, "{later:?}");
    assert!(later[1].contains("2026-12-01-2026-12-31") && later[2].contains("2027-01-01-2027-01-31"), "{later:?}");
}

#[tokio::test]
async fn what_cannot_go_out_is_told_on_today_and_goes_later_whole() {
    let town = reported().await;
    let folder: PathBuf = town._data.path().join("bao-cao");
    let mails = Arc::new(Mails::default());
    let mut city = ReportSettings { name: "thanh-pho".into(), unit: String::new(), ..rule(&folder) };
    city.mail.clear();
    let gone = ReportSettings { name: "da-giai-the".into(), unit: "W9".into(), ..rule(&folder) };
    let scheduled = begun(&town, vec![rule(&folder), city, gone], &mails);
    scheduled.look().await.unwrap();
    // a folder that is not there, a mail server that says no, a unit that is none
    mails.refuses.store(true, Ordering::SeqCst);
    to(&town.clock, "2026-12-05", 7);
    scheduled.look().await.unwrap();
    assert!(!folder.exists());
    let troubles = town.rooms.store.troubles().await.unwrap();
    let told: Vec<(&str, &str)> = troubles.iter().map(|t| (t.rule.as_str(), t.way.as_str())).collect();
    assert_eq!(
        told,
        [
            ("da-giai-the", ""),
            ("thanh-pho", "folder"),
            ("thang-ba-dinh", "folder"),
            ("thang-ba-dinh", "van-phong@example.vn")
        ]
        .into_iter()
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>()
    );
    let html = town.ok("/").await;
    for said in
        ["Báo cáo theo lịch “thang-ba-dinh”", "01/11/2026 đến hết 30/11/2026", "550 mailbox is full", "“da-giai-the”"]
    {
        assert!(html.contains(said), "{said}\n{html}");
    }
    let looks = account(&town.rooms.store, "looks", &[(Role::Viewer, Some("W1"))], town.clock.now()).await;
    let request = http::Request::get("/").header(http::header::AUTHORIZATION, &looks.bearer);
    let (_, html, _) = town.send(request.body(bytes::Bytes::new()).unwrap()).await;
    assert!(!html.contains("thang-ba-dinh"), "who does not watch over the server is not bothered");

    // it is mended, and tried again a little later
    std::fs::create_dir(&folder).unwrap();
    mails.refuses.store(false, Ordering::SeqCst);
    scheduled.look().await.unwrap();
    assert!(names(&folder).is_empty(), "not at once");
    to(&town.clock, "2026-12-05", 8);
    scheduled.look().await.unwrap();
    assert_eq!(names(&folder).len(), 4);
    assert!(
        names(&folder).iter().all(|name| name.starts_with("than")),
        "no half file beside them: {:?}",
        names(&folder)
    );
    assert_eq!(mails.taken.lock().unwrap().len(), 1);
    let left: Vec<String> = town.rooms.store.troubles().await.unwrap().into_iter().map(|t| t.rule).collect();
    assert_eq!(left, ["da-giai-the"], "what nobody can make is still told");
    town._data.ok(&["check"]);
}

#[tokio::test]
async fn a_rule_that_cannot_be_meant_is_refused_with_its_field_its_value_and_what_to_write() {
    let town = Town::empty().await;
    let parse = |rule: &str| {
        Settings::parse(
            &format!("[mail]\nhost = \"m.example\"\nfrom = \"a@m.example\"\n[[report]]\n{rule}"),
            Path::new("server.toml"),
        )
    };
    for (rule, said) in [
        ("folder = \"/tmp\"", "report, 1.: name = "),
        ("name = \"a b\"\nfolder = \"/tmp\"", "report, 1.: name = a b"),
        ("name = \"a\"", "report, 1.: folder = "),
        ("name = \"a\"\nfolder = \"/tmp\"\nday = 0", "report, 1.: day = 0"),
        ("name = \"a\"\nfolder = \"/tmp\"\nhour = 24", "report, 1.: hour = 24"),
        ("name = \"a\"\nfolder = \"/tmp\"\nformats = []", "report, 1.: formats = "),
        ("name = \"a\"\nmail = [\"van phong\"]", "report, 1.: mail = van phong"),
        ("name = \"a\"\nmail = [\"a@b.example\", \"c@d.example\", \"a@b.example\"]", "report, 1.: mail = a@b.example"),
        ("name = \"a\"\nfolder = \"/tmp\"\n[[report]]\nname = \"a\"\nfolder = \"/tmp\"", "report, 2.: name = a"),
    ] {
        let refused = parse(rule).unwrap_err().to_string();
        assert!(refused.contains(said), "{rule}: {refused}");
    }
    let mails: Arc<Mails> = Arc::default();
    for (rule, said) in [
        ("period = \"decade\"", "period = \"decade\""),
        ("period = \"days\"", "period = \"days\""),
        ("link = \"friend\"", "link = \"friend\""),
        ("formats = [\"doc\"]", "formats = \"doc\""),
        ("lang = \"fr\"", "lang = \"fr\""),
        ("campaign = \"a b\"", "campaign = \"a b\""),
    ] {
        let settings = parse(&format!("name = \"a\"\nfolder = \"/tmp\"\n{rule}")).unwrap();
        let refused = Scheduled::new(town.rooms.clone(), &settings, mails.clone()).err().expect(rule);
        assert!(format!("{refused:?}").contains(&said.replace('"', "\\\"")), "{rule}: {refused:?}");
    }
    let without = "[[report]]\nname = \"a\"\nmail = [\"a@b.example\"]";
    let refused = Settings::parse(without, Path::new("server.toml")).unwrap_err().to_string();
    assert!(refused.contains("mail.host"), "{refused}");
}

#[tokio::test]
async fn a_rule_or_an_address_that_is_taken_out_is_no_trouble_any_more_and_hears_nothing() {
    let town = reported().await;
    let folder: PathBuf = town._data.path().join("bao-cao");
    let mails = Arc::new(Mails::default());
    let nowhere = ReportSettings { name: "khong-noi".into(), venue: "no-such-place".into(), ..rule(&folder) };
    let mut both = rule(&folder);
    both.mail.push("ca-nhan@example.vn".into());
    let all = || vec![both.clone(), nowhere.clone()];
    begun(&town, all(), &mails).look().await.unwrap();
    mails.refuses.store(true, Ordering::SeqCst);
    to(&town.clock, "2026-12-05", 7);
    begun(&town, all(), &mails).look().await.unwrap();
    let told = async || -> Vec<(String, String)> {
        town.rooms.store.troubles().await.unwrap().into_iter().map(|t| (t.rule, t.way)).collect()
    };
    assert_eq!(told().await.len(), 4, "{:?}", told().await);
    let html = town.ok("/").await;
    assert!(html.contains("“khong-noi”") && html.contains("không có loại địa điểm này"), "{html}");

    // the rule is taken out, one address and the folder of the other: nobody waits for the next try to hear of that
    let mut one = both.clone();
    (one.mail, one.folder) = (vec!["van-phong@example.vn".into()], PathBuf::new());
    begun(&town, vec![one.clone()], &mails).look().await.unwrap();
    assert_eq!(told().await, [("thang-ba-dinh".to_owned(), "van-phong@example.vn".to_owned())]);
    let html = town.ok("/").await;
    assert!(!html.contains("“khong-noi”") && !html.contains("ca-nhan@example.vn"), "{html}");
    std::fs::create_dir(&folder).unwrap();
    mails.refuses.store(false, Ordering::SeqCst);
    to(&town.clock, "2026-12-05", 9);
    begun(&town, vec![one], &mails).look().await.unwrap();
    let sent: Vec<String> = mails.taken.lock().unwrap().iter().map(|(to, ..)| to.clone()).collect();
    assert_eq!((sent, names(&folder)), (vec!["van-phong@example.vn".to_owned()], Vec::new()));
    begun(&town, Vec::new(), &mails).look().await.unwrap();
    assert_eq!(told().await, []);
}

#[tokio::test]
async fn who_watches_over_the_server_reads_the_rules_in_plain_words_and_learns_how_one_is_written() {
    let town = reported().await;
    let folder: PathBuf = town._data.path().join("bao-cao");
    std::fs::create_dir(&folder).unwrap();
    let mails = Arc::new(Mails::default());
    let html = town.ok("/reports").await;
    for said in ["Chưa có báo cáo nào tự lập", "[[report]]", "thang-ba-dinh"] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    begun(&town, vec![rule(&folder)], &mails).look().await.unwrap();
    let html = town.ok("/reports").await;
    for said in [
        "Tháng; phường Ba Đình; Mọi đợt trong kỳ; XLSX, JSON",
        "van-phong@example.vn",
        "07:00, 05/12/2026 (tháng 11 năm 2026)",
        "chưa lập lần nào",
    ] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    mails.refuses.store(true, Ordering::SeqCst);
    to(&town.clock, "2026-12-05", 7);
    begun(&town, vec![rule(&folder)], &mails).look().await.unwrap();
    let html = town.ok("/reports").await;
    for said in [
        "07:00, 05/01/2027 (tháng 12 năm 2026)",
        "01/11/2026 đến hết 30/11/2026, lập lúc 07:00, 05/12/2026, còn 1 trong 2 nơi chưa gửi được",
        "chưa gửi được tới van-phong@example.vn: 550 mailbox is full (đã thử 1 lần)",
    ] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    let looks = account(&town.rooms.store, "looks", &[(Role::Viewer, None)], town.clock.now()).await;
    let request = http::Request::get("/reports").header(http::header::AUTHORIZATION, &looks.bearer);
    let (_, html, _) = town.send(request.body(bytes::Bytes::new()).unwrap()).await;
    assert!(!html.contains("van-phong@example.vn") && !html.contains("[[report]]"), "addresses are not everybody's");
}

#[tokio::test]
async fn a_rules_paper_bears_the_body_that_issues_it() {
    let town = reported().await;
    let folder: PathBuf = town._data.path().join("bao-cao");
    std::fs::create_dir(&folder).unwrap();
    let mails = Arc::new(Mails::default());
    let office = ReportSettings {
        formats: vec!["docx".into()],
        mail: Vec::new(),
        parent: "Ủy ban nhân dân Thành phố Hà Nội".into(),
        issuer: "Sở Văn hóa và Thể thao".into(),
        symbol: "BC-SVHTT".into(),
        place: "Hà Nội".into(),
        to: vec!["Ban Tuyên giáo và Dân vận Thành ủy".into()],
        copies: vec!["Như trên".into(), "Lưu: VT".into()],
        position: "GIÁM ĐỐC".into(),
        ..rule(&folder)
    };
    let plain =
        ReportSettings { name: "khong-ghi".into(), formats: vec!["docx".into()], mail: Vec::new(), ..rule(&folder) };
    let scheduled = begun(&town, vec![office, plain], &mails);
    scheduled.look().await.unwrap();
    to(&town.clock, "2026-12-05", 7);
    scheduled.look().await.unwrap();
    let text = |name: &str| {
        let file = std::fs::File::open(folder.join(format!("{name}-2026-11-01-2026-11-30.docx"))).unwrap();
        std::io::read_to_string(zip::ZipArchive::new(file).unwrap().by_name("word/document.xml").unwrap()).unwrap()
    };
    let paper = text("thang-ba-dinh");
    for said in [
        "ỦY BAN NHÂN DÂN THÀNH PHỐ HÀ NỘI",
        "SỞ VĂN HÓA VÀ THỂ THAO",
        "Số: ........../BC-SVHTT",
        "Hà Nội, ngày ..... tháng",
        "Kính gửi: Ban Tuyên giáo và Dân vận Thành ủy.",
        "- Lưu: VT.",
        "GIÁM ĐỐC",
    ] {
        assert!(paper.contains(said), "{said}\n{paper}");
    }
    assert!(text("khong-ghi").contains("PHƯỜNG BA ĐÌNH"), "the unit's name, where the rule names no body");
}

#[tokio::test]
async fn what_was_made_long_ago_goes_but_for_the_newest_and_what_still_has_to_be_sent() {
    let town = reported().await;
    let store = &town.rooms.store;
    let daily = ReportSettings { name: "ngay".into(), period: "day".into(), ..rule(Path::new("/tmp")) };
    let first: LocalDay = "2025-01-01".parse().unwrap();
    let due = |rule: &str, n: u32, ways: &[&str]| NewDue {
        rule: rule.to_owned(),
        days: (first.plus(n), first.plus(n)),
        hash: Sha256Hash([7; 32]),
        data: format!("{rule} {n}").into_bytes(),
        ways: ways.iter().map(|way| (*way).to_owned()).collect(),
        at: first.plus(n + 1).start(HANOI),
    };
    store.rules_are(vec![daily.clone()], UtcMillis(0)).await.unwrap();
    for n in 0..40 {
        // the second of them has not reached the folder yet
        store.keep_due(due("ngay", n, if n == 1 { &["folder"][..] } else { &[] })).await.unwrap();
    }
    store.keep_due(due("bo-roi", 0, &[])).await.unwrap();
    let left = async || {
        let mut left = Vec::new();
        for id in 1..=41 {
            left.extend(store.due_data(id).await.unwrap().map(|data| String::from_utf8(data).unwrap()));
        }
        left
    };
    store.rules_are(vec![daily.clone()], first.plus(399).start(HANOI)).await.unwrap();
    assert_eq!(left().await.len(), 41, "not within 400 days");
    store.rules_are(vec![daily.clone()], first.plus(500).start(HANOI)).await.unwrap();
    let newest = (9..40).map(|n| format!("ngay {n}"));
    assert_eq!(left().await, std::iter::once("ngay 1".to_owned()).chain(newest).collect::<Vec<_>>());
    // once its rule is gone, nobody waits for it, nor for the newest
    store.rules_are(Vec::new(), first.plus(500).start(HANOI)).await.unwrap();
    assert_eq!(left().await, Vec::<String>::new());
}
