//! What holds of every report, whatever its data.

use super::*;
use crate::directory::{Link, LocalTime};
use crate::people::AccountCode;
use lichphat_playlists::figures::{Basis, DayFacts, Period, ScreenFacts};
use lichphat_playlists::ids::{CampaignCode, ScreenCode, UnitCode, VenueType};
use lichphat_playlists::proof::rollup::Counts;
use lichphat_playlists::quota::{DayOwed, Of, Over, Period as Per, Quota, Ratio, Rule, Within};
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis};

fn day(text: &str) -> LocalDay {
    text.parse().unwrap()
}

/// Two screens of a ward, one that keeps a number its order names and one that misses one it does not.
pub(super) fn data() -> Data {
    let monday = day("2026-11-16");
    let quota = Quota {
        plays: 10,
        per: Per::Day,
        rule: Rule::Average,
        over: Over::OperatingDays,
        within: Within::Peak,
        of: Of::Screen,
    };
    let screen = |code: &str, counted: u32, inferred: bool| ScreenFacts {
        screen: ScreenCode::new(code).unwrap(),
        name: format!("Màn hình <b>{code}</b>"),
        kind: "managed".into(),
        force: if inferred { "requested" } else { "required" }.into(),
        inferred,
        owed: vec![DayOwed { day: monday, owed: Ratio::from_integer(10), operating: true }],
        kept_off: std::collections::BTreeMap::new(),
        days: [(
            monday,
            DayFacts {
                asked: 10,
                planned: 10,
                counts: Counts {
                    slots_seen: 10,
                    counted,
                    late: 1,
                    not_counted: 10 - counted,
                    by_level: [0, 0, counted, 0, 0],
                    reasons: [("panel-dark".to_owned(), 10 - counted)].into(),
                    ..Counts::default()
                },
                ..DayFacts::default()
            },
        )]
        .into(),
        has_device: true,
        simulated: false,
        reported_until: Some(monday.plus(2).start(HANOI)),
    };
    let basis = Basis {
        campaign: CampaignCode::new("ihanoi").unwrap(),
        title: String::new(),
        sample: false,
        quota: Some(quota),
        period: Period { from: monday, to: monday, now: monday.plus(3).start(HANOI), offset: HANOI },
        screens: vec![screen("A-1", 10, false), screen("B-1", 3, true)],
        links: vec![],
        quota_units: vec![],
    };
    let ward = UnitCode::new("P1").unwrap();
    let venue = VenueType::new("office").unwrap();
    let lines = basis.report().lines.into_iter();
    let lines = lines
        .map(|figures| Line { unit: Some(ward.clone()), venue: venue.clone(), number_of: None, copied: false, figures })
        .collect();
    let name = |vi: &str| Name { vi: vi.into(), en: None };
    Data {
        form: model::FORM,
        selection: Selection {
            campaign: None,
            unit: None,
            link: None,
            venue: None,
            span: Span::of(SpanKind::Day, monday),
        },
        day: monday.plus(3),
        log: LogState {
            entries: 42,
            checkpoint: Some(Checkpoint { origin: "lichphat.example/log".into(), size: 40, root: Sha256Hash([7; 32]) }),
        },
        revisions: Revisions { directory: 3, campaigns: 5 },
        orders: vec![Order {
            campaign: basis.campaign,
            title: name("Sản phẩm iHanoi"),
            number: Some("12/UBND-VX".into()),
            sample: false,
            quota,
            lines,
            quota_units: vec![],
            divided: vec![],
            suspended: vec![],
            raised: vec![],
        }],
        times_off: Some(vec![]),
        samples: Some(vec![]),
        explanations: vec![Explanation {
            unit: ward.clone(),
            campaign: None,
            days: (monday, monday),
            text: "Mất điện\ncả buổi sáng".into(),
            by: AccountCode::new("lan").unwrap(),
            at: UtcMillis(1_763_600_000_000),
        }],
        closed: None,
        supplement: None,
        units: [(ward, name("Phường Ba Đình"))].into(),
        venues: [(venue, name("Trụ sở"))].into(),
    }
}

pub(super) fn words(document: &Document) -> String {
    let mut text = String::new();
    for block in &document.blocks {
        match block {
            Block::Heading(words) | Block::Sentence(words) => text += words,
            Block::List(about, list) => text += &format!("{about}\n{}", list.join("\n")),
            Block::Quote(about, words) => text += &format!("{about}\n{words}"),
            Block::Table(table) => {
                for row in &table.rows {
                    text += &row.iter().map(|c| c.text(document.lang)).collect::<Vec<_>>().join(" | ");
                    text += "\n";
                }
            }
        }
        text += "\n";
    }
    text
}

#[test]
fn every_form_is_the_same_bytes_twice_and_bears_hash_and_checkpoint() {
    for lang in [Lang::Vi, Lang::En] {
        let made = Made::of(data()).unwrap();
        let text = words(&made.document(lang, &Letterhead::default(), HANOI));
        for ground in [made.hash.to_string(), Sha256Hash([7; 32]).to_string(), "lichphat.example/log".to_owned()] {
            assert!(text.contains(&ground), "{ground}\n{text}");
        }
        // the program that sets PDF stands beside this one or not: its own tests hold it
        for &form in Form::ALL.iter().filter(|form| **form != Form::Pdf) {
            let one = made.file(form, lang, &Letterhead::default(), HANOI).unwrap();
            let two = Made::of(data()).unwrap().file(form, lang, &Letterhead::default(), HANOI).unwrap();
            assert!(one == two && !one.is_empty(), "{form}");
        }
    }
    assert_eq!(Made::of(data()).unwrap().hash, Sha256Hash::of(&data().bytes().unwrap()), "sha256sum says the same");
}

#[test]
fn a_number_that_no_order_names_is_set_apart_and_called_no_breach() {
    let text = words(&Made::of(data()).unwrap().document(Lang::Vi, &Letterhead::default(), HANOI));
    assert!(text.contains("Yêu cầu | 1 | 1"), "{text}");
    assert!(text.contains("Đề nghị, số suy ra | 1 | 1"), "{text}");
    assert!(text.contains("Thiếu ở đó không phải là vi phạm."), "{text}");
    assert_eq!(text.matches("vi phạm").count(), 1, "the word stands nowhere else");
    let mut ordered = data();
    ordered.orders[0].lines[1].figures.inferred = false;
    let text = words(&Made::of(ordered).unwrap().document(Lang::Vi, &Letterhead::default(), HANOI));
    assert!(!text.contains("vi phạm") && !text.contains("suy ra"), "{text}");
}

#[test]
fn an_order_that_was_suspended_says_by_which_document_and_when() {
    let mut suspended = data();
    let title = Name { vi: "Quốc tang".into(), en: Some("National mourning".into()) };
    let days = (day("2026-11-16"), day("2026-11-17"));
    let (code, number) = ("quoc-tang".to_owned(), Some("9/CĐ-UBND".to_owned()));
    suspended.orders[0].suspended.push(SuspendedBy { code, number, title, days, screens: 2 });
    for (lang, said) in [
        (
            Lang::Vi,
            "Tạm dừng từ 16/11/2026 đến hết 17/11/2026 trên 2 màn hình, theo “Quốc tang” (văn bản số 9/CĐ-UBND).",
        ),
        (
            Lang::En,
            "Suspended from 16 Nov 2026 to 17 Nov 2026 on 2 screens, by “National mourning” (document no. 9/CĐ-UBND).",
        ),
    ] {
        let text = words(&Made::of(suspended.clone()).unwrap().document(lang, &Letterhead::default(), HANOI));
        assert!(text.contains(said), "{text}");
    }
}

/// A closure of so many screens by themselves, or of the ward, on Monday.
fn off(screens: usize, unit: bool, entered: &str, clock: u32) -> TimeOff {
    let at = |second| LocalTime { day: day("2026-11-16"), second };
    TimeOff {
        unit: unit.then(|| (Link::Owner, UnitCode::new("P1").unwrap())),
        screens: (1..=screens).map(|n| ScreenCode::new(format!("BUS-{n:03}")).unwrap()).collect(),
        from: at(0),
        to: at(86_400),
        reason: "Sửa điện".into(),
        author: "lan".into(),
        entered_by: if unit { AccountCode::SHELL } else { "lan" }.into(),
        entered_at: day(entered).at(clock, HANOI),
        days: screens as u32,
    }
}

#[test]
fn what_was_excused_says_by_whom_and_whether_he_wrote_it_beforehand() {
    let with = |all: Vec<TimeOff>| Data { times_off: Some(all), ..data() };
    let late = TimeOff { days: 0, ..off(1, false, "2026-11-18", 36_000) };
    let all = vec![late.clone(), off(200, false, "2026-11-15", 36_000), off(2, true, "2026-11-16", 36_000)];
    for (lang, said) in [
        (
            Lang::Vi,
            [
                "BUS-001 | 16/11/2026 | Sửa điện | 10:00, 18/11/2026, tài khoản lan | Ghi sau khi đã hết: không miễn gì | 0 | BUS-001",
                "200 màn hình: BUS-001, BUS-002, BUS-003 và 197 màn hình nữa | 16/11/2026 | Sửa điện | 10:00, 15/11/2026, tài khoản lan | Ghi trước | 200 |",
                "Phường Ba Đình (theo chủ sở hữu): 2 màn hình trong báo cáo | 16/11/2026 | Sửa điện | 10:00, 16/11/2026, ghi thẳng trên máy chủ, theo lời lan | Ghi sau khi đã bắt đầu: chỉ miễn từ lúc ghi | 2 | ",
            ],
        ),
        (
            Lang::En,
            [
                "10:00, 18 Nov 2026, account lan | Entered when it was over: excuses nothing | 0",
                "200 screens: BUS-001, BUS-002, BUS-003 and 197 more | 16 Nov 2026 | Sửa điện | 10:00, 15 Nov 2026, account lan | Entered beforehand | 200",
                "2 screens of the report | 16 Nov 2026 | Sửa điện | 10:00, 16 Nov 2026, on the server itself, on the word of lan | Entered after it had begun: excuses only what came after | 2",
            ],
        ),
    ] {
        let text = words(&Made::of(with(all.clone())).unwrap().document(lang, &Letterhead::default(), HANOI));
        said.iter().for_each(|said| assert!(text.contains(said), "{said}\n{text}"));
        assert!(text.contains(" BUS-199 BUS-200"), "the workbook names every screen\n{text}");
    }
    // many of them: the sheet stays readable, and says what it leaves out
    let many: Vec<TimeOff> = (0..100).map(|_| late.clone()).collect();
    let document = Made::of(with(many)).unwrap().document(Lang::Vi, &Letterhead::default(), HANOI);
    let table = sheet::Sheet::of(&document).parts.into_iter().find_map(|part| match part {
        sheet::Part::Table { table } if table.caption.contains("tạm nghỉ") => Some(table),
        _ => None,
    });
    let table = table.unwrap();
    assert_eq!((table.rows.len(), table.more.as_str()), (40, "Còn 60 dòng nữa trong tệp bảng tính của báo cáo này."));
    assert!(table.columns.iter().all(|title| title != "Mã các màn hình"), "{:?}", table.columns);
    let said = |data| words(&Made::of(data).unwrap().document(Lang::Vi, &Letterhead::default(), HANOI));
    assert!(said(with(vec![])).contains("Trong kỳ không có lần tạm nghỉ nào được ghi cho các màn hình này."));
    let before = Data { times_off: None, ..data() };
    assert!(!said(before.clone()).contains("ạm nghỉ"), "what was closed by an earlier version claims nothing");
    let bytes = before.bytes().unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains("times_off"), "and its hash is what it was");
    assert_eq!(Made::read(&bytes).unwrap().data, before);
}

/// Who reads paper has no shell: a mend names a page or a person. And a thing has one word.
#[test]
fn no_word_on_paper_is_a_command_and_a_thing_has_one_word() {
    let locales = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("locales");
    let read = |path: &str| std::fs::read_to_string(locales.join(path)).unwrap();
    let commands = ["check", "device", "import", "log", "plan", "reconcile", "report"];
    for file in ["vi/causes.ftl", "en/causes.ftl", "vi/report.ftl", "en/report.ftl"] {
        let named = |line: &&str| commands.iter().any(|command| line.contains(&format!("lichphat {command}")));
        assert_eq!(read(file).lines().find(named), None, "{file}");
    }
    for entry in std::fs::read_dir(locales.join("vi")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap().to_lowercase();
        let other = |line: &&str| line.contains("kiểm chứng") || line.replace("hộp thư", "").contains("hộp ");
        assert_eq!(text.lines().find(other), None, "a checkpoint is a điểm chốt, a device a thiết bị");
    }
}

#[test]
fn what_somebody_explains_is_shown_and_changes_no_figure() {
    let with = words(&Made::of(data()).unwrap().document(Lang::En, &Letterhead::default(), HANOI));
    assert!(with.contains("Mất điện\ncả buổi sáng") && with.contains("account lan"), "{with}");
    let without = Data { explanations: vec![], ..data() };
    let tables = |data: Data| -> Vec<Table> {
        Made::of(data).unwrap().document(Lang::En, &Letterhead::default(), HANOI).tables().cloned().collect()
    };
    assert_eq!(tables(without), tables(data()));
}

#[test]
fn every_row_has_a_cell_for_each_column_and_every_column_a_heading() {
    for lang in [Lang::Vi, Lang::En] {
        let document = Made::of(data()).unwrap().document(lang, &Letterhead::default(), HANOI);
        for table in document.tables() {
            assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{}", table.key);
            let titles: Vec<&String> =
                table.columns.iter().map(|c| &c.title).chain([&table.name, &table.caption]).collect();
            assert!(titles.iter().all(|title| !title.starts_with("report-")), "{titles:?}");
            assert!(table.columns.iter().any(|c| c.narrow), "{}", table.key);
        }
    }
}

/// The same where the number is the ward's: its screens, bound unlike, reach it together.
fn of_a_ward() -> Data {
    let mut data = data();
    let order = &mut data.orders[0];
    order.quota.of = Of::Unit;
    let ward = UnitCode::new("P1").unwrap();
    order.lines.iter_mut().for_each(|line| line.number_of = Some(ward.clone()));
    let figures = lichphat_playlists::figures::QuotaUnit {
        unit: ward,
        name: "Phường Ba Đình".into(),
        screens: 2,
        operating_days: 1,
        owed: 20,
        counted: 13,
        made_good: 0,
        declared_plays: 0,
        pending: 0,
        missed: 0,
        mean_per_day: 13.0,
        days_at_target: 0,
        days_at_zero: 0,
        surplus: 0,
        short: 7,
        met: false,
        causes: [("panel-dark".to_owned(), 7)].into(),
        main_cause: "panel-dark".into(),
    };
    order.quota_units = vec![UnitNumber { force: "required".into(), inferred: false, figures }];
    data
}

#[test]
fn where_the_number_is_a_units_no_force_stands_beneath_it_and_the_sums_are_the_same() {
    let made = Made::of(of_a_ward()).unwrap();
    let document = made.document(Lang::Vi, &Letterhead::default(), HANOI);
    let rows = |key: &str| -> Vec<Vec<String>> {
        let table = document.tables().find(|table| table.key == key).unwrap();
        table.rows.iter().map(|row| row.iter().map(|cell| cell.text(Lang::Vi)).collect()).collect()
    };
    let (forces, venues) = (rows("forces"), rows("venues"));
    assert_eq!((forces.len(), forces[0][0].as_str(), venues.len()), (1, "Yêu cầu", 1), "{forces:?} {venues:?}");
    assert_eq!(
        (venues[0][0].as_str(), venues[0][1].as_str()),
        ("Trụ sở", "2"),
        "both screens, under no force: {venues:?}"
    );
    assert_eq!(forces[0][1], venues[0][1], "screens of the unit and of its kinds of place are the same");
    let csv = String::from_utf8(made.file(Form::Csv, Lang::Vi, &Letterhead::default(), HANOI).unwrap()).unwrap();
    let beneath = csv.lines().filter(|line| line.starts_with("venue,") || line.starts_with("unit,"));
    let forced: Vec<&str> =
        beneath.clone().filter(|line| line.contains("required") || line.contains("requested")).collect();
    assert!(beneath.count() == 2 && forced.is_empty(), "{csv}");
    assert!(csv.contains("\nforce,ihanoi,required,") && csv.contains("\nunit-number,ihanoi,P1,"), "{csv}");
}

#[test]
fn what_changed_of_a_units_number_is_told_of_the_unit_and_of_no_screen() {
    let (before, mut after) = (of_a_ward(), of_a_ward());
    assert_eq!(close::changes(&before, &after), []);
    let order = &mut after.orders[0];
    order.quota_units[0].figures.counted = 15;
    order.quota_units[0].figures.short = 5;
    // a screen's own part, which no report says, and a record that came late, which one does
    (order.lines[1].figures.owed, order.lines[1].figures.short, order.lines[1].figures.counted) = (12, 7, 5);
    let told: Vec<String> = close::changes(&before, &after)
        .into_iter()
        .map(|c| {
            let of = (c.screen.map(|s| s.to_string()), c.unit.map(|u| u.to_string()));
            format!("{of:?} {} {} {}", c.figure, c.before, c.after)
        })
        .collect();
    let expected = [
        r#"(Some("B-1"), None) counted 3 5"#,
        r#"(None, Some("P1")) counted 13 15"#,
        r#"(None, Some("P1")) short-plays 7 5"#,
    ];
    assert_eq!(told, expected);
    after.supplement =
        Some(Supplement { number: 1, of: Sha256Hash([1; 32]), changes: close::changes(&before, &after) });
    let text = words(&Made::of(after).unwrap().document(Lang::Vi, &Letterhead::default(), HANOI));
    assert!(
        text.contains("Phường Ba Đình | Được tính (lượt) | 13 | 15") && text.contains("B-1 | Được tính (lượt) | 3 | 5"),
        "{text}"
    );
}

#[test]
fn on_paper_the_name_of_an_order_stands_once_above_its_rows() {
    let mut data = data();
    let second = Order {
        campaign: CampaignCode::new("hai").unwrap(),
        title: Name { vi: "Đợt hai".into(), en: None },
        ..data.orders[0].clone()
    };
    data.orders.push(second);
    let document = Made::of(data).unwrap().document(Lang::Vi, &Letterhead::default(), HANOI);
    let sheet = sheet::Sheet::of(&document);
    let tables =
        sheet.parts.iter().filter_map(|part| if let sheet::Part::Table { table } = part { Some(table) } else { None });
    let units = tables.clone().find(|table| table.columns[0] == "Đơn vị").unwrap();
    assert_eq!(units.groups, [(0, "Sản phẩm iHanoi".to_owned()), (2, "Đợt hai".to_owned())]);
    assert_eq!(units.rows[0][0], "Phường Ba Đình");
    assert!(tables.clone().all(|table| table.rows.iter().all(|row| row.len() == table.columns.len())));
    assert!(units.widths.len() == units.columns.len() && units.numbers.len() == units.columns.len());
}
