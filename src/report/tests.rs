//! What holds of every report, whatever its data.

use super::*;
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
        .map(|figures| Line { unit: Some(ward.clone()), venue: venue.clone(), number_of: None, figures })
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
            raised: vec![],
        }],
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
