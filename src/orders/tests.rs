//! What the room holds: a form is the document and back, two at once lose nothing, two people and at most one writer.

use super::rule::{Outcome, approve};
use super::*;
use crate::campaigns::{
    CampaignChange, Campaigns, ContentClass, Declared, Directive, DirectiveKind, Episode, Force, Form, InPlace,
    LegalBasis, OptIn, Product, Suspend, SuspendedDays, Target, Variant,
};
use crate::directory::{Batch, Change, DaySpan, Directory, Link, Output, Shape, Unit, UnitKind, VenueProfile};
use crate::library::MediaItem;
use crate::people::{Caller, Via};
use lichphat_playlists::ids::{MediaHash, Sha256Hash, UnitCode, VenueType};
use lichphat_playlists::media::{Fades, Media, MediaKind};
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::quota::{Of, Over, Period, Quota, Rule, Within};
use lichphat_playlists::time::{HANOI, LocalDay};
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::{BTreeMap, BTreeSet};

fn day(text: &str) -> LocalDay {
    text.parse().unwrap()
}

fn media() -> BTreeMap<MediaHash, MediaItem> {
    let item = |n: u8| {
        let hash = Sha256Hash([n; 32]);
        let media = Media { hash, size_bytes: 9, kind: MediaKind::Video, duration_s: 15 };
        (hash, MediaItem { media, duration_ms: 15_000, name: format!("{n}.mp4"), added_ms: UtcMillis(0) })
    };
    (1..=3).map(item).collect()
}

fn city() -> Directory {
    let unit = |code: &str, kind, parent: Option<&str>| {
        let (name, parent) = (format!("Đơn vị {code}"), parent.map(|p| UnitCode::new(p).unwrap()));
        let (code, effective) = (UnitCode::new(code).unwrap(), DaySpan::default());
        Change::Unit(Unit { code, name, name_en: None, kind, parent, effective, source: None })
    };
    let venue = "type = 'office'\nname = 'Trụ sở'\nname_en = 'Office'\ncalendar = 'none'\nconfidence = 'assumption'\n\
                 source = 'a test'\n[[hours]]\ndays = 'mon-sun,day-off'\nopen = '08:00-17:00'\nopen_assumption = true\n";
    let venue = Change::Venue(toml::from_str::<VenueProfile>(venue).unwrap());
    let mut directory = Directory::default();
    let changes = vec![unit("HN", UnitKind::City, None), unit("W1", UnitKind::Ward, Some("HN")), venue];
    directory.apply(Batch { changes });
    directory
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Za-zÀ-ỹ0-9<>&\"'\\\\/,.;=\\[\\]{}#]{1,12}", Just("Quốc tang, số 1 “a”".to_owned())]
}

fn quota() -> impl Strategy<Value = Quota> {
    let per = select(vec![Period::Day, Period::IsoWeek, Period::Month, Period::Quarter, Period::Year]);
    let rest = (select(vec![Over::OperatingDays, Over::CalendarDays]), select(vec![Within::Peak, Within::Duty]));
    let rule = select(vec![Rule::Average, Rule::AtLeast]);
    (1_u32..500, per, rule, rest, select(vec![Of::Screen, Of::Unit]))
        .prop_map(|(plays, per, rule, (over, within), of)| Quota { plays, per, rule, over, within, of })
}

fn per_month() -> Quota {
    let (over, within) = (Over::CalendarDays, Within::Duty);
    Quota { plays: 2, per: Period::Month, rule: Rule::AtLeast, over, within, of: Of::default() }
}

fn product() -> impl Strategy<Value = Product> {
    let variants = proptest::sample::subsequence(Form::ALL.to_vec(), 1..=3);
    let level = select(vec![DisplayLevel::D0, DisplayLevel::D1, DisplayLevel::D2, DisplayLevel::D3]);
    (text(), variants, level, 0_u8..=100, select(Shape::ALL.to_vec()), any::<bool>()).prop_map(
        |(title, forms, min_display, volume_percent, shape, only)| {
            let variant = |(i, form): (usize, Form)| Variant {
                lang: if i == 1 { "en" } else { "vi" }.to_owned(),
                shape,
                form,
                venue_types: if only { vec![VenueType::new("office").unwrap()] } else { Vec::new() },
                media: Some(Sha256Hash([i as u8 + 1; 32])),
                file: None,
            };
            let fades = Fades { in_ms: u32::from(volume_percent), out_ms: 0 };
            let variant = forms.into_iter().enumerate().map(variant).collect();
            Product { title, length_s: 15, min_display, volume_percent, fades, variant }
        },
    )
}

fn targets() -> impl Strategy<Value = Vec<Target>> {
    let one = (
        select(Link::ALL.to_vec()),
        select(vec!["HN", "W1"]),
        select(Force::ALL.to_vec()),
        any::<(bool, bool)>(),
        text(),
    );
    proptest::collection::vec(
        one.prop_map(|(link, unit, force, (inferred, sound), reason)| Target {
            link,
            unit: UnitCode::new(unit).unwrap(),
            venue_types: if inferred { vec![VenueType::new("office").unwrap()] } else { Vec::new() },
            video: if sound { Output::None } else { Output::Video },
            force,
            inferred,
            opt_in: false,
            reason,
        }),
        1..4,
    )
}

fn order() -> impl Strategy<Value = Directive> {
    let head = (text(), text(), proptest::option::of(text()), proptest::option::of(text()), any::<bool>());
    let basis = proptest::collection::vec((text(), any::<bool>(), text()), 0..3);
    let plays = (proptest::option::of(quota()), product(), 15_u32..2_000);
    let stops = (
        proptest::sample::subsequence(ContentClass::ALL.to_vec(), 1..=3),
        select(vec![InPlace::Blank, InPlace::Mute]),
        select(SuspendedDays::ALL.to_vec()),
        any::<bool>(),
    );
    (head, basis, targets(), plays, stops, any::<bool>(), 1_u8..=3).prop_map(
        |(
            (title, source, title_en, number, sample),
            basis,
            target,
            (quota, product, gap),
            stops,
            suspends,
            priority,
        )| {
            let (content, in_place, days, some_hours) = stops;
            let hours = if some_hours && in_place == InPlace::Blank { "18:00-22:00" } else { "" };
            let hours =
                if hours.is_empty() { Default::default() } else { toml::Value::from(hours).try_into().unwrap() };
            let date = |some| if some { Some(day("2026-11-01")) } else { None };
            Directive {
                code: DirectiveCode::new("f-1").unwrap(),
                note: source.clone(),
                title,
                title_en,
                kind: if suspends { DirectiveKind::Suspend } else { DirectiveKind::Play },
                sample,
                issuer: UnitCode::new("HN").unwrap(),
                issued: date(sample),
                number,
                legal_basis: basis
                    .into_iter()
                    .map(|(number, some, title)| LegalBasis { number, date: date(some), title })
                    .collect(),
                from: day("2026-11-21"),
                to: day("2026-12-31"),
                source,
                quota: quota.filter(|_| !suspends),
                weight: (quota.is_none() && !suspends).then_some(7),
                min_gap_s: if suspends { 0 } else { gap },
                priority,
                category: None,
                product: (!suspends).then_some(product),
                episode: Vec::new(),
                suspend: suspends.then_some(Suspend { content, in_place, days, hours }),
                target,
                opt_in: Vec::new(),
                amendment: Vec::new(),
                overrides: Vec::new(),
                declared: (!suspends && sample)
                    .then(|| Declared {
                        channel: "Báo in".into(),
                        obliged: "Các báo".into(),
                        quota: Some(per_month()),
                        reason: "mục 3".into(),
                    })
                    .into_iter()
                    .collect(),
            }
        },
    )
}

/// An order as a file brings it: with clips beside it that are in the library since; of a series with its episodes and who has asked.
fn imported() -> impl Strategy<Value = Directive> {
    let asked = proptest::collection::vec((select(Link::ALL.to_vec()), proptest::option::of(0_u32..9), text()), 0..3);
    (order(), proptest::collection::vec(product(), 0..3), asked).prop_map(|(mut order, products, asked)| {
        let Some(own) = order.product.clone() else { return order };
        let from = order.from;
        let episode = |(i, product): (u32, Product)| Episode {
            number: i.to_string(),
            from: from.plus(i),
            product: Product { min_display: own.min_display, ..product },
        };
        order.episode = (0..).zip(products).map(episode).collect();
        let asked = asked.into_iter().map(|(link, days, number)| {
            let (unit, to) = (UnitCode::new("W1").unwrap(), days.map(|n| from.plus(n)));
            OptIn { unit, link, from, to, number }
        });
        order.opt_in = asked.collect();
        order.target[0].opt_in = !order.opt_in.is_empty();
        order
    })
}

proptest! {
    #[test]
    fn what_is_exported_is_taken_in_as_the_same_order(order in imported()) {
        let mut there = order.clone();
        let variants = there.products_mut().flat_map(|p| &mut p.variant);
        variants.for_each(|v| v.file = Some("beside.mp4".to_owned()));
        let (text, directory, campaigns) = (text_of(&there), city(), Campaigns::default());
        let now = day("2026-11-20").start(HANOI);
        let context = crate::campaigns::Context { directory: &directory, campaigns: &campaigns, now };
        let file = crate::directory::table::SourceFile { name: "f-1.toml", bytes: text.as_bytes() };
        let batch = crate::campaigns::directive(file, context).map_err(|p| TestCaseError::fail(p.to_string()))?;
        let CampaignChange::Directive(again) = &batch.changes[0] else { return Err(TestCaseError::fail("no order")) };
        prop_assert_eq!(&**again, &order);
    }

    #[test]
    fn a_form_is_the_document_and_the_document_is_the_form(order in order()) {
        let (directory, campaigns, media) = (city(), Campaigns::default(), media());
        let now = day("2026-11-20").start(HANOI);
        let beside = Beside { directory: &directory, campaigns: &campaigns, media: &media, now };
        let sheet = Sheet::of(&order);
        // as a browser sends it
        let sent = serde_urlencoded::to_string(sheet.iter().collect::<Vec<_>>()).unwrap();
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(&sent).unwrap();
        let came = Sheet::of_fields(pairs).unwrap();
        prop_assert_eq!(&came, &sheet);
        let batch = read(&came, beside).map_err(|wrong| TestCaseError::fail(format!("{wrong:?}")))?;
        let CampaignChange::Directive(back) = &batch.changes[0] else { return Err(TestCaseError::fail("no order")) };
        prop_assert_eq!(&**back, &order);
        prop_assert_eq!(Sheet::of(back), sheet);
        // and what it is exported as is taken in as the same order
        let again: Directive = toml::from_str(&text_of(back)).unwrap();
        prop_assert_eq!(&again, &order);
    }

    #[test]
    fn two_at_once_lose_nothing(
        mine in proptest::collection::vec((0_usize..6, "[a-c]?"), 0..5),
        theirs in proptest::collection::vec((0_usize..6, "[a-c]?"), 0..5),
    ) {
        let names = ["title", "note", "from", "quota.plays", "target[0].unit", "legal_basis[0].title"];
        let base = Sheet::of_fields(names.map(|n| (n.to_owned(), "was".to_owned()))).unwrap();
        let edited = |edits: &[(usize, String)]| {
            let mut fields: BTreeMap<String, String> = base.iter().map(|(f, v)| (f.to_owned(), v.to_owned())).collect();
            for (i, value) in edits {
                fields.insert(names[*i].to_owned(), value.clone());
            }
            Sheet::of_fields(fields).unwrap()
        };
        let (mine, theirs) = (edited(&mine), edited(&theirs));
        let (merged, conflicts) = merge(&base, &mine, &theirs);
        for name in names {
            let block = name.split('[').next().unwrap();
            let told = conflicts.iter().any(|c| c.field == block);
            let (was, my, their, now) = (base.get(name), mine.get(name), theirs.get(name), merged.get(name));
            prop_assert!(now == my || now == their);
            if my != was { prop_assert_eq!(now, my, "what I wrote stands"); }
            if their != was && my == was { prop_assert!(now == their || told); }
            if their != was && my != was && my != their { prop_assert!(told, "both are shown: {}", name); }
        }
        prop_assert_eq!(merge(&base, &mine, &base), (mine, Vec::new()));
        prop_assert_eq!(merge(&base, &base, &theirs), (theirs, Vec::new()));
    }
}

fn text_of(order: &Directive) -> String {
    super::text(order).unwrap()
}

fn draft(writers: &[&str], yes: &[&str]) -> Draft {
    let said = |by: &&str| {
        let document = Some(Sha256Hash([7; 32]));
        Said { by: (*by).to_owned(), yes: true, words: String::new(), document, at: UtcMillis(0) }
    };
    Draft {
        number: 1,
        revision: 3,
        state: State::Put,
        sheet: Sheet::default(),
        writers: writers.iter().map(|w| (*w).to_owned()).collect::<BTreeSet<_>>(),
        by: writers[0].to_owned(),
        at: UtcMillis(0),
        said: yes.iter().map(said).collect(),
        code: None,
    }
}

fn caller(name: &str) -> Caller {
    Caller { account: name.parse().unwrap(), grants: Vec::new(), strong: true, via: Via::Session }
}

#[test]
fn it_takes_two_of_whom_one_at_most_has_written_it() {
    let ask = |writers: &[&str], yes: &[&str], who: &str| {
        approve(&draft(writers, yes), (3, Sha256Hash([7; 32])), &caller(who), |_| true)
    };
    assert_eq!(ask(&["a"], &["a"], "b").unwrap(), Outcome::Published);
    assert_eq!(ask(&["a"], &["b"], "a").unwrap(), Outcome::Published, "in whichever order");
    assert_eq!(ask(&["a"], &["a"], "a").unwrap(), Outcome::Known, "one is one");
    assert_eq!(ask(&["a"], &[], "b").unwrap(), Outcome::Waits);
    assert!(matches!(ask(&["a", "b"], &["a"], "b"), Err(OrderError::Writers(1))));
    assert_eq!(ask(&["a", "b"], &["a"], "c").unwrap(), Outcome::Published);
    let gone = |writers: &[&str], yes: &[&str], who: &str| {
        approve(&draft(writers, yes), (3, Sha256Hash([7; 32])), &caller(who), |_| false)
    };
    assert_eq!(gone(&["a"], &["a"], "b").unwrap(), Outcome::Waits, "whose role is over has not said yes");
    let (same, other) = (Sha256Hash([7; 32]), Sha256Hash([8; 32]));
    let moved = |who: &str| approve(&draft(&["a"], &["a"]), (3, other), &caller(who), |_| true).unwrap();
    assert_eq!(
        (moved("b"), moved("a")),
        (Outcome::Waits, Outcome::Waits),
        "a yes to another document is none to this one"
    );
    assert!(matches!(approve(&draft(&["a"], &["a"]), (2, same), &caller("b"), |_| true), Err(OrderError::Changed(1))));
    let closed = Draft { state: State::Writing, ..draft(&["a"], &["a"]) };
    assert!(matches!(approve(&closed, (3, same), &caller("b"), |_| true), Err(OrderError::Closed { .. })));
}

#[test]
fn a_sheet_has_no_empty_rows_and_nothing_that_no_form_has() {
    let of = |fields: &[(&str, &str)]| Sheet::of_fields(fields.iter().map(|(f, v)| ((*f).to_owned(), (*v).to_owned())));
    let sheet = of(&[
        ("target[0].link", "owner"),
        ("target[2].unit", "HN\u{0}"),
        ("target[2].venue_types", "office"),
        ("target[2].venue_types", "bus"),
        ("target[5].reason", " mục 2 "),
        ("title", "  Một\r\nhai "),
    ])
    .unwrap();
    let all: Vec<_> = sheet.iter().collect();
    let expected = [
        ("target[0].unit", "HN"),
        ("target[0].venue_types", "office,bus"),
        ("target[1].reason", "mục 2"),
        ("title", "Một\nhai"),
    ];
    assert_eq!((all.as_slice(), sheet.rows("target"), sheet.rows("legal_basis")), (&expected[..], 2, 0));
    for odd in ["override[0].plays", "target[x].unit", "target[0].nothing", "target[0]", "", "do"] {
        assert!(matches!(of(&[(odd, "1")]), Err(SheetError::Unknown(_))), "{odd}");
    }
    let many: Vec<(String, String)> = (0..70).map(|i| (format!("target[{i}].unit"), "HN".to_owned())).collect();
    assert_eq!(Sheet::of_fields(many), Err(SheetError::Rows("target")));
}
