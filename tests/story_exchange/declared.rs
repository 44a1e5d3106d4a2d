//! What others declare: taken in, told where it is wrong, withdrawn, held by `check` against its plays.

use crate::common::TestData;
use crate::common::people::client_of;
use crate::common::town::{TownServer, at, fixture, town};
use crate::{DAY, EVE, ORDER, a_day_with_a_power_cut, export, held, instant};
use lichphat::campaigns::CampaignStore;
use lichphat::directory::DirectoryStore;
use lichphat::exchange::log::LogPlay;
use lichphat::exchange::{Brought, DeclaredStore, Rule};
use lichphat_playlists::time::UtcMillis;

/// The town with a screen on which somebody else plays, and one on which nobody does.
pub(crate) fn town_of_others() -> TestData {
    let data = town();
    let screens = "code,name,venue_type,kind,owner,territory\nT-01,Sảnh bên cạnh,corner,third-party,P1,P1\n\
                   N-01,Tường trống,corner,none,P1,P1\n";
    std::fs::write(data.path().join("others.csv"), screens).unwrap();
    data.ok(&["import", "screens", data.path().join("others.csv").to_str().unwrap()]);
    data.bring("directives", &fixture("order.toml"));
    data
}

pub(crate) const XIBO_HEAD: &str =
    "Stat Date,Type,FromDT,ToDT,Layout,Campaign,Display,Media,Tag,Duration,Count,Engagements\n";
pub(crate) const MAP: &str = "zone = \"+07:00\"\nskip_unknown = true\n[screens]\n\"=Sảnh, T1\" = \"T-01\"\n[media]\n\"clip 15s.mp4\" = \"clean-street\"\n";

pub(crate) fn xibo_row(from: &str, to: &str, display: &str, media: &str, count: u32) -> String {
    format!("{DAY} 23:00:00,media,{DAY} {from},{DAY} {to},L,,\"{display}\",{media},,15,{count},[]\n")
}

/// Writes the file beside the data and gives the command that imports it.
pub(crate) fn put(data: &TestData, name: &str, text: &str) -> String {
    let path = data.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

pub(crate) fn import_log(data: &TestData, form: &str, name: &str, text: &str, more: &[&str]) -> serde_json::Value {
    let (log, map) = (put(data, name, text), put(data, "map.toml", MAP));
    let ask = ["import", "plays", &log, "--as", form, "--map", &map, "--by", "Phòng VHXH", "--format", "json"];
    serde_json::from_str::<serde_json::Value>(&data.ok(&[&ask[..], more].concat())).unwrap()[0].clone()
}

pub(crate) fn report(data: &TestData) -> serde_json::Value {
    let ask = ["report", "compliance", "--campaign", ORDER, "--from", DAY, "--to", DAY, "--format", "json"];
    serde_json::from_str(&data.ok(&ask)).unwrap()
}

pub(crate) fn line(report: &serde_json::Value, screen: &str) -> serde_json::Value {
    report["lines"].as_array().unwrap().iter().find(|l| l["screen"] == screen).unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_declare_counts_as_declared_once_however_often_it_is_brought() {
    let data = town_of_others();
    let proven_before = report(&data)["totals"]["counted"].clone();
    assert_eq!(line(&report(&data), "T-01")["main_cause"], "not-declared");
    let log = [
        XIBO_HEAD.to_owned(),
        xibo_row("08:00:00", "08:00:15", "=Sảnh, T1", "clip 15s.mp4", 1),
        xibo_row("08:01:00", "08:01:15", "=Sảnh, T1", "clip 15s.mp4", 1), // too soon
        xibo_row("08:10:00", "08:10:10", "=Sảnh, T1", "clip 15s.mp4", 1), // too short
        xibo_row("08:20:00", "08:20:15", "T-01", "clean-street", 1),      // named by our own codes
        xibo_row("09:30:00", "09:30:15", "=Sảnh, T1", "clip 15s.mp4", 1), // outside the peak
        xibo_row("09:40:00", "09:40:15", "=Sảnh, T1", "cà phê.mp4", 1),   // not ours
        xibo_row("08:00:00", "08:20:15", "=Sảnh, T1", "", 1).replace(",media,", ",layout,"),
    ]
    .concat();

    let look = import_log(&data, "xibo", "june.csv", &log, &["--dry-run"]);
    assert_eq!((look["plays"].as_u64(), look["added"].as_u64(), held(&data, "declared_play")), (Some(5), Some(5), 0));
    let first = import_log(&data, "xibo", "june.csv", &log, &[]);
    assert_eq!((first["added"].as_u64(), first["skipped"].as_u64()), (Some(5), Some(2)));
    let again = import_log(&data, "xibo", "copy.csv", &log, &[]);
    assert_eq!((again["added"].as_u64(), again["known"].as_u64()), (Some(0), Some(5)));
    // the same plays and one more, in another form; one with another length than before
    let prs = |from: &str, ms: u32| {
        format!("T-01,{DAY}T{from}.000,+07:00,,,{ms},,clean-street,,0,,0,,c1,clip 15s.mp4,,,,ref-{from}\n")
    };
    let overlapping = [prs("01:00:00", 15_000), prs("01:20:00", 16_000), prs("04:00:00", 15_000)].concat();
    let more = import_log(&data, "prs", "more.csv", &overlapping, &[]);
    assert_eq!(
        (more["added"].as_u64(), more["known"].as_u64(), more["differing"].as_u64()),
        (Some(1), Some(2), Some(1))
    );
    assert_eq!((held(&data, "declared_play"), held(&data, "declared_import")), (8, 2), "each says what it says");
    let db = rusqlite::Connection::open(data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap();
    let who: (String, i64) = db
        .query_row("SELECT author, length(hash) FROM declared_import LIMIT 1", [], |r| Ok((r.get(0)?, r.get(1)?)))
        .unwrap();
    assert_eq!(who, ("Phòng VHXH".to_owned(), 32));

    let report = report(&data);
    let theirs = line(&report, "T-01");
    assert_eq!((theirs["standing"].as_str(), theirs["main_cause"].as_str()), (Some("declared"), Some("declared-only")));
    let n = |key: &str| theirs[key].as_u64().unwrap();
    assert_eq!((n("declared_plays"), n("declared_outside"), n("declared_not_counted")), (3, 1, 2));
    assert_eq!((n("counted"), n("short"), theirs["met"].as_bool()), (0, 4, Some(false)), "never proven");
    let t = &report["totals"];
    assert_eq!((t["declared"].as_u64(), t["declared_plays"].as_u64()), (Some(1), Some(3)));
    assert_eq!(t["counted"], proven_before);
    let csv = data.ok(&["report", "compliance", "--campaign", ORDER, "--from", DAY, "--to", DAY, "--format", "csv"]);
    assert!(csv.contains("T-01,Sảnh bên cạnh,third-party,required,declared,1,4,0,0,0,0,3,"), "{csv}");
    data.ok(&["check"]);

    let server = TownServer::start(&data, at(DAY, "20:00")).await;
    let client = client_of(&server.rooms.store).await;
    let page =
        async |path: &str| client.get(format!("{}{path}", server.url)).send().await.unwrap().text().await.unwrap();
    let vi = page(&format!("/screens/T-01?day={DAY}&lang=vi")).await;
    assert!(
        !vi.contains("Chưa có thiết bị phát nào")
            && page(&format!("/screens/T-01?day={EVE}")).await.contains("chưa khai báo")
    );
    assert!(
        vi.contains("bên khác khai 3 lượt trong khung giờ, chưa được chứng minh") && vi.contains("2 lượt khai"),
        "{vi}"
    );
    let en = page(&format!("/screens/T-01?day={DAY}&lang=en")).await;
    assert!(en.contains("3 plays in its hours are declared by others: not proven"), "{en}");
    assert!(page("/units/P1?lang=vi").await.contains("Bên khác khai 3 lượt, chưa được chứng minh"));
    assert!(page("/units/P1?lang=en").await.contains("3 plays declared by others, not proven"));
}

/// What is declared of T-01: plays in its hours, outside, not counted.
pub(crate) fn declared(data: &TestData) -> [u64; 3] {
    let theirs = line(&report(data), "T-01");
    ["declared_plays", "declared_outside", "declared_not_counted"].map(|key| theirs[key].as_u64().unwrap())
}

/// Places of what `check` finds.
pub(crate) fn found(data: &TestData) -> Vec<String> {
    let run = data.run(&["check", "--format", "json"]);
    let findings: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    findings.as_array().unwrap().iter().map(|f| f["place"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_import_is_withdrawn_with_its_reason_and_what_another_file_says_too_still_counts() {
    let data = town_of_others();
    let row = |from: &str, to: &str| xibo_row(from, to, "T-01", ORDER, 1);
    let both = row("08:00:00", "08:00:15");
    let wrong = [XIBO_HEAD.to_owned(), both.clone(), row("08:20:00", "08:20:15")].concat();
    import_log(&data, "xibo", "wrong.csv", &wrong, &[]);
    import_log(&data, "xibo", "right.csv", &[XIBO_HEAD, &both, &row("11:00:00", "11:00:15")].concat(), &[]);
    assert_eq!(declared(&data), [3, 0, 0]);
    let withdraw = |id: &'static str, why: &'static str| ["import", "withdraw", id, "--why", why, "--by", "An"];
    assert!(data.fails(2, &withdraw("7", "x")).contains("7: is the number of no import"));
    assert!(data.fails(2, &withdraw("1", " ")).contains("--why: say why"));
    data.ok(&withdraw("1", "test data of the vendor"));
    assert_eq!(declared(&data), [2, 0, 0], "08:00 stands by the other file");
    assert!(data.fails(2, &withdraw("1", "again")).contains("withdrawn before by An: test data of the vendor"));
    let list: serde_json::Value = serde_json::from_str(&data.ok(&["import", "list", "--format", "json"])).unwrap();
    let told = |i: usize| ["id", "plays", "state", "withdrawn_by", "why"].map(|key| list[i][key].to_string()).join(" ");
    assert_eq!(told(0), r#"1 2 "withdrawn" "An" "test data of the vendor""#);
    assert_eq!(told(1), r#"2 2 "stands" "" """#);
    assert_eq!((held(&data, "declared_play"), found(&data)), (4, vec![]), "nothing is deleted");
    let back = import_log(&data, "xibo", "wrong.csv", &wrong, &[]);
    assert_eq!(
        (back["import"].as_u64(), back["added"].as_u64()),
        (Some(3), Some(1)),
        "brought again, it is a new import"
    );
    assert_eq!(declared(&data), [3, 0, 0]);
}

#[tokio::test]
async fn a_broken_off_import_goes_on_and_check_holds_the_figures_against_the_plays() {
    let data = town_of_others();
    let row = |from: &str, to: &str| xibo_row(from, to, "T-01", ORDER, 1);
    let log = [XIBO_HEAD.to_owned(), row("08:00:00", "08:00:15"), row("08:20:00", "08:20:15")].concat();
    let log = log + &row("08:40:00", "08:40:15").replace(DAY, EVE); // before the order began
    {
        // as far as it came: the first of its two days
        let store = lichphat::store::Store::open(data.path(), 1).unwrap();
        let (directory, campaigns) = (store.directory().await.unwrap(), store.campaigns().await.unwrap());
        let rule = std::sync::Arc::new(Rule { directory, campaigns, offset: lichphat_playlists::time::HANOI });
        let (hash, at) = (lichphat_playlists::ids::Sha256Hash::of(log.as_bytes()), at("2024-10-01", "09:00"));
        let import = store.begin(Brought { hash, name: "both.csv".into(), by: "An".into(), at }).await.unwrap();
        let (start, end) = (instant("2024-09-19T08:40:00+07:00"), instant("2024-09-19T08:40:15+07:00"));
        let (screen, campaign) = ("T-01".parse().unwrap(), ORDER.parse().unwrap());
        let (start, end, media) = (UtcMillis(start), UtcMillis(end), ORDER.to_owned());
        let first = LogPlay { screen, campaign, start, end, media, line: 4 };
        store.declare(import, vec![first], rule).await.unwrap();
    }
    assert_eq!((found(&data), declared(&data)), (vec!["import 1 (both.csv)".to_owned()], [0, 0, 0]));
    assert!(data.ok(&["import", "list", "--format", "csv"]).contains(",broken-off,"));
    let rest = import_log(&data, "xibo", "both.csv", &log, &[]);
    assert_eq!((rest["import"].as_u64(), rest["added"].as_u64(), rest["known"].as_u64()), (Some(1), Some(2), Some(1)));
    assert_eq!((found(&data), declared(&data)), (vec![], [2, 0, 0]));

    let db = rusqlite::Connection::open(data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap();
    for change in [
        "UPDATE declared_day SET figures = replace(figures, '\"plays\":2', '\"plays\":9') WHERE figures LIKE '%\"plays\":2%'",
        "DELETE FROM declared_day WHERE figures LIKE '%\"plays\":2%'",
    ] {
        assert_eq!(db.execute(change, []).unwrap(), 1, "{change}");
        assert_eq!(found(&data), ["declared figures of T-01, 2024-09-20, clean-street"], "{change}");
        let run = data.run(&["check", "--repair"]);
        let words = String::from_utf8_lossy(&run.stderr).into_owned();
        assert!(words.contains("Days of others' figures worked out anew: 1."), "{words}");
        assert_eq!((found(&data), declared(&data)), (vec![], [2, 0, 0]));
    }
}

#[test]
fn a_log_with_a_mistake_is_told_by_row_field_value_and_mend_and_nothing_of_it_is_taken() {
    let data = town_of_others();
    let map = put(
        &data,
        "map.toml",
        "[columns]\nscreen = \"Player\"\nmedia = \"Asset\"\nstart = \"Time\"\ndate = \"Date\"\nlength = \"Secs\"\n",
    );
    let map = std::fs::read_to_string(&map)
        .map(|text| format!("time = \"%d/%m/%Y %H:%M:%S\"\n{text}"))
        .map(|text| put(&data, "map.toml", &text))
        .unwrap();
    let log = "Player;Date;Time;Secs;Asset\n\
               T-01;20/09/2024;08:00:00;15;clean-street\n\
               T-09;20/09/2024;08:10:00;15;clean-street\n\
               T-01;20/09/2024;08:20:00;15;coffee\n\
               N-01;20/09/2024;08:30:00;15;clean-street\n\
               T-01;2024-09-20;08:40:00;15;clean-street\n\
               T-01;20/09/2094;08:50:00;15;clean-street\n\
               T-01;20/09/2024;09:00:00;-15;clean-street\n\
               T-01;20/09/2024;08:00:00;20;clean-street\n";
    let log = put(&data, "log.csv", log);
    let words = data.fails(1, &["import", "plays", &log, "--as", "csv", "--map", &map, "--by", "A"]);
    for said in [
        "log.csv:3:1: Player = \"T-09\": is no screen's code",
        "log.csv:4:5: Asset = \"coffee\": is no order's or contract's code",
        "log.csv:5:1: Player = \"N-01\": nobody plays on this screen",
        "log.csv:6:3: Time = \"08:40:00\": is not of the form %d/%m/%Y %H:%M:%S",
        "log.csv:7:3: Time = \"08:50:00\": lies in the future",
        "log.csv:8:4: Secs = \"-15\": a length is 15, 14.96 or 00:00:15",
        "log.csv:9:4: Secs = \"20\": line 2 says the same play with another length",
    ] {
        assert!(words.contains(said), "{said}\nis not in\n{words}");
    }
    assert_eq!(held(&data, "declared_play") + held(&data, "declared_import"), 0);

    let several = put(&data, "xibo.csv", &(XIBO_HEAD.to_owned() + &xibo_row("08:00:00", "08:00:15", "T-01", ORDER, 3)));
    let words = data.fails(1, &["import", "plays", &several, "--as", "xibo", "--by", "A"]);
    assert!(words.contains("Count = \"3\": a row must be one play"), "{words}");
    let unnamed = put(&data, "bad.toml", "screnes = 1\n");
    let words = data.fails(1, &["import", "plays", &several, "--as", "xibo", "--by", "A", "--map", &unnamed]);
    assert!(words.contains("bad.toml:1:1: screnes") && words.contains("no such key"), "{words}");
}

#[test]
fn a_log_as_a_vietnamese_spreadsheet_writes_it_is_read_and_nothing_in_it_is_guessed() {
    let data = town_of_others();
    let columns = "[columns]\nscreen = \"Màn hình\"\nmedia = \"Nội dung\"\nstart = \"Bắt đầu\"\nlength = \"Thời lượng\"\nonly = [\"Trạng thái\", \"OK\"]\n";
    let bring = |rows: &str, time: &str, more: &[&str]| {
        let log = put(&data, "log.csv", &format!("Màn hình;Nội dung;Bắt đầu;Thời lượng;Trạng thái\n{rows}"));
        let map = put(&data, "map.toml", &format!("{time}{columns}"));
        let ask = ["import", "plays", &log, "--as", "csv", "--map", &map, "--by", "A", "--format", "json"];
        data.run(&[&ask[..], more].concat())
    };
    let refused = |run: std::process::Output| {
        assert_eq!(run.status.code(), Some(1));
        String::from_utf8(run.stderr).unwrap()
    };
    let day_first = "time = \"%d/%m/%Y %H:%M:%S\"\n";

    // the third of April or the fourth of March: the operator says it, nobody guesses
    let row = "T-01;clean-street;20/09/2024 08:00:00;14,96;OK\n";
    let words = refused(bring(row, "", &[]));
    assert!(
        words.contains("log.csv:2:3: Bắt đầu = \"20/09/2024 08:00:00\": day or month first is not guessed"),
        "{words}"
    );
    assert!(words.contains("%d/%m/%Y %H:%M:%S") && words.contains("%m/%d/%Y %H:%M:%S"), "{words}");
    let words = refused(bring(row, "time = \"%m/%d/%Y %H:%M:%S\"\n", &[]));
    assert!(words.contains("there is no such date or time by the form %m/%d/%Y"), "the twentieth month: {words}");
    let words = refused(bring(&row.replace("20/09", "31/02"), day_first, &[]));
    assert!(
        words.contains("Bắt đầu = \"31/02/2024 08:00:00\": there is no such date or time by the form %d/%m/%Y"),
        "{words}"
    );

    // a row that was cut is told, also where only its state is missing; a name that nobody knows once for all its rows
    let rows = "T-01;clean-street;20/09/2024 08:00:00;15\nT-01;clean-street\n\
                LED;clean-street;20/09/2024 08:10:00;15;OK\nLED;clean-street;20/09/2024 08:20:00;15;OK\n\
                LED;clean-street;20/09/2024 08:30:00;15;OK\nT-01;clean-street;20/09/2024 08:40:00;1.500,5;OK\n";
    let words = refused(bring(rows, day_first, &[]));
    for said in [
        "log.csv:2:5: Trạng thái = \"\": the row has 4 cells, the header 5: it was cut",
        "log.csv:3:3: Bắt đầu = \"\": the row has 2 cells, the header 5: it was cut",
        "set skip_unknown = true; 3 rows are like this",
        "log.csv:7:4: Thời lượng = \"1.500,5\": a length is",
    ] {
        assert!(words.contains(said), "{said}\nis not in\n{words}");
    }
    assert_eq!(words.matches("LED").count(), 1, "{words}");

    let taken = bring(row, day_first, &[]);
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
    let db = rusqlite::Connection::open(data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap();
    let length: i64 = db.query_row("SELECT end_ms - start_ms FROM declared_play", [], |r| r.get(0)).unwrap();
    assert_eq!(length, 14_960);

    // where a comma parts the columns, it parts no number
    let log = put(&data, "comma.csv", "screen,campaign,start,s\nT-01,clean-street,2024-09-20 09:00:00,\"14,96\"\n");
    let map = put(
        &data,
        "comma.toml",
        "[columns]\nscreen = \"screen\"\nmedia = \"campaign\"\nstart = \"start\"\nlength = \"s\"\n",
    );
    let words = data.fails(1, &["import", "plays", &log, "--as", "csv", "--map", &map, "--by", "A"]);
    assert!(words.contains("14,96 only where semicolons or tabs part the columns"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_declared_of_a_screen_of_ours_is_compared_and_never_counted() {
    let data = a_day_with_a_power_cut().await;
    let proven = report(&data);
    let ours = std::fs::read_to_string(export(&data, "csv", &[]).0).unwrap();
    let log = put(&data, "again.csv", &ours);
    let row = data.ok(&["import", "plays", &log, "--as", "csv", "--by", "A", "--format", "json"]);
    let row: serde_json::Value = serde_json::from_str(&row).unwrap();
    assert_eq!((row[0]["added"].as_u64(), row[0]["compared_only"].as_u64()), (Some(6), Some(6)), "those that count");
    assert_eq!(report(&data), proven, "no figure moves");
}
