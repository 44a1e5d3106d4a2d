//! Permits, places and withdrawals: what they allow, and what is refused.

use super::*;
use crate::media::MediaKind;
use crate::wire::sign::PlanSigning;
use proptest::prelude::*;

fn day(text: &str) -> LocalDay {
    text.parse().unwrap()
}

fn unit(code: &str) -> UnitCode {
    UnitCode::new(code).unwrap()
}

fn campaign() -> CampaignCode {
    CampaignCode::new("ihanoi").unwrap()
}

fn media(name: &str) -> Media {
    let hash = MediaHash::of(name.as_bytes());
    Media { hash, size_bytes: 2_400_000, kind: MediaKind::Video, duration_s: 15 }
}

fn owner(code: &str) -> Tied {
    Tied { by: Tie::Owner, unit: unit(code) }
}

fn ward(code: &str) -> Where {
    Where { unit: Some(owner(code)), venue_types: Vec::new(), screens: Vec::new() }
}

fn permit(places: Vec<Where>) -> Permit {
    let mut files: Vec<Permitted> = ["vi", "en"].map(|name| (&media(name)).into()).into();
    files.sort_unstable();
    Permit {
        number: 12,
        campaign: campaign(),
        media: files,
        places,
        from: Some(day("2026-11-01")),
        until: Some(day("2026-11-30")),
        approved: ["van.tran", "minh.le"]
            .map(|by| Approved { by: by.into(), decision: "12/QĐ-UBND".into(), at_ms: UtcMillis(1_763_000_000_000) })
            .into(),
    }
}

/// Of ward P1 until the merger on the 20th, of P9 from then on.
fn place() -> Place {
    let above = |from: Option<&str>, ward: &str| Above { from: from.map(day), units: vec![owner("HN"), owner(ward)] };
    Place {
        screen: ScreenCode::new("P00004-01").unwrap(),
        version: 1_763_000_000_000,
        venue_type: VenueType::new("public_office").unwrap(),
        above: vec![above(None, "P1"), above(Some("2026-11-20"), "P9")],
    }
}

fn key() -> SigningKey<Approving> {
    SigningKey::from_seed(&[5; 32])
}

#[test]
fn the_documents_are_readable_json() {
    let mut withdrawals = Withdrawals { version: 1_763_000_000_001, withdrawn: Vec::new() };
    for what in [What::Media(MediaHash::of(b"vi")), What::Permit(PermitHash::of(b"permit"))] {
        assert!(withdrawals.add(Withdrawn { what, at_ms: UtcMillis(1_763_000_000_001) }));
    }
    let all =
        [Document::Permit(permit(vec![ward("P1")])), Document::Place(place()), Document::Withdrawals(withdrawals)];
    insta::assert_snapshot!(serde_json::to_string_pretty(&all).unwrap());
    for document in all {
        let sealed = document.seal(&key()).unwrap();
        assert_eq!(Document::open(&sealed, &key().verifying_key()).unwrap(), document);
        let json = serde_json::to_string(&document).unwrap();
        let more = json.replacen('{', "{\"more\":1,", 1);
        assert!(serde_json::from_str::<Document>(&more).unwrap_err().to_string().contains("more"), "{more}");
        let forged = Envelope::seal(json.as_bytes(), 3, &SigningKey::<PlanSigning>::from_seed(&[5; 32]));
        let refused = Document::open(&forged, &key().verifying_key());
        assert_eq!(refused, Err(PermitError::Sign(SignError::BadSignature)), "who signs plans permits nothing");
    }
}

#[test]
fn a_permit_allows_its_files_in_its_places_on_its_days_and_nothing_else() {
    let (at, mid) = (place(), day("2026-11-10"));
    let shown = |permit: &Permit, day| permit.allows((&campaign(), &media("vi")), &at, day);
    let here = permit(vec![ward("P1")]);
    assert_eq!(shown(&here, mid), Ok(()));
    assert_eq!(shown(&here, day("2026-10-31")), Err(Unapproved::Day));
    assert_eq!(shown(&here, day("2026-12-01")), Err(Unapproved::Day));
    assert_eq!(shown(&here, day("2026-11-20")), Err(Unapproved::Place), "from the merger on it is another ward's");
    assert_eq!(shown(&permit(vec![ward("P1"), ward("P9")]), day("2026-11-20")), Ok(()));
    assert_eq!(shown(&permit(vec![ward("HN")]), mid), Ok(()), "the city stands above its wards");
    assert_eq!(shown(&permit(vec![]), mid), Ok(()), "everywhere");
    let ground = Where { unit: Some(Tied { by: Tie::Territory, unit: unit("P1") }), ..ward("P1") };
    assert_eq!(shown(&permit(vec![ground]), mid), Err(Unapproved::Place), "its owner's word is not the ground's");
    let buses = Where { venue_types: vec![VenueType::new("bus").unwrap()], ..ward("P1") };
    assert_eq!(shown(&permit(vec![buses]), mid), Err(Unapproved::Place), "a line has to fit as a whole");
    let one = Where { unit: None, venue_types: Vec::new(), screens: vec![at.screen.clone()] };
    assert_eq!(shown(&permit(vec![one]), mid), Ok(()));

    let other = CampaignCode::new("tvc").unwrap();
    assert_eq!(here.allows((&other, &media("vi")), &at, mid), Err(Unapproved::Campaign));
    for wrong in [media("fr"), Media { size_bytes: 1, ..media("vi") }, Media { duration_s: 30, ..media("vi") }] {
        assert_eq!(here.allows((&campaign(), &wrong), &at, mid), Err(Unapproved::Media), "{wrong:?}");
    }
}

#[test]
fn a_plan_is_held_against_what_it_names() {
    let name = PermitHash::of(b"permit");
    let mut asset = Asset {
        code: campaign(),
        variant: String::new(),
        tier: crate::wire::v1::Tier::Order,
        media: media("vi"),
        volume_percent: 80,
        fades: Default::default(),
        permit: Some(name),
    };
    let (mid, mut grounds) = (day("2026-11-10"), Grounds::at(Arc::new(place())));
    assert_eq!(grounds.allow(&asset, mid), Err(Unapproved::NoPermit), "named, and not there");
    grounds.take(name, Document::Permit(permit(vec![])));
    assert_eq!(grounds.allow(&asset, mid), Ok(()));
    let mut nowhere = Grounds::default();
    nowhere.take(name, Document::Permit(permit(vec![])));
    assert_eq!(nowhere.allow(&asset, mid), Err(Unapproved::Place));

    let mut withdrawals = Withdrawals::default();
    withdrawals.add(Withdrawn { what: What::Media(asset.media.hash), at_ms: UtcMillis(9) });
    withdrawals.add(Withdrawn { what: What::Permit(name), at_ms: UtcMillis(7) });
    assert_eq!(withdrawals.of(&asset), Some(UtcMillis(7)), "whichever came first");
    asset.permit = None;
    assert_eq!((withdrawals.of(&asset), grounds.allow(&asset, mid)), (Some(UtcMillis(9)), Err(Unapproved::NoPermit)));

    let built_in = &stand_in::PICTURE.asset;
    assert_eq!(nowhere.allow(built_in, mid), Ok(()), "nothing goes black for the want of an approval");
    let posing = Asset { media: media("vi"), ..built_in.clone() };
    assert_eq!(grounds.allow(&posing, mid), Err(Unapproved::NoPermit), "its name alone helps nobody");
    assert_eq!(named(PlaceHash::of(b"p"), [&posing, built_in]), [PlaceHash::of(b"p")]);
}

#[test]
fn senseless_documents_are_refused_by_field() {
    let until = Some(day("2026-10-01"));
    let twice = vec![(&media("vi")).into(), (&media("vi")).into()];
    let mut backwards = place();
    backwards.above.reverse();
    let thing = Withdrawn { what: What::Media(MediaHash::of(b"a")), at_ms: UtcMillis(1) };
    for (document, field) in [
        (Document::Permit(Permit { media: Vec::new(), ..permit(vec![]) }), "media"),
        (Document::Permit(Permit { media: twice, ..permit(vec![]) }), "media"),
        (Document::Permit(Permit { until, ..permit(vec![]) }), "until"),
        (Document::Permit(Permit { approved: Vec::new(), ..permit(vec![]) }), "approved"),
        (Document::Place(backwards), "above"),
        (Document::Withdrawals(Withdrawals { version: 1, withdrawn: vec![thing, thing] }), "withdrawn"),
    ] {
        assert!(matches!(document.seal(&key()), Err(PermitError::Value { field: f, .. }) if f == field), "{field}");
    }
}

/// Few enough of each that they often meet.
fn arb_permit() -> impl Strategy<Value = Permit> {
    let tie = || prop::sample::select(vec![Tie::Owner, Tie::Territory]);
    let code =
        || (tie(), prop::sample::select(vec!["P1", "P9", "HN"])).prop_map(|(by, code)| Tied { by, unit: unit(code) });
    let kind = || prop::sample::select(vec!["bus", "public_office"]).prop_map(|k| VenueType::new(k).unwrap());
    let screen = || prop::sample::select(vec!["P00004-01", "B1"]).prop_map(|s| ScreenCode::new(s).unwrap());
    let place = (prop::option::of(code()), prop::collection::vec(kind(), 0..2), prop::collection::vec(screen(), 0..2))
        .prop_map(|(unit, venue_types, screens)| Where { unit, venue_types, screens });
    let files = prop::sample::subsequence(vec!["en", "fr", "vi"], 1..=3);
    let days = (1u32..29, prop::option::of(0u32..20));
    (files, prop::collection::vec(place, 0..3), days).prop_map(|(files, places, (from, more))| {
        let mut media: Vec<Permitted> = files.into_iter().map(|name| (&media(name)).into()).collect();
        media.sort_unstable();
        let from = day("2026-11-01").plus(from);
        Permit { media, from: (more != Some(0)).then_some(from), until: more.map(|n| from.plus(n)), ..permit(places) }
    })
}

proptest! {
    #[test]
    fn what_covers_another_permit_allows_all_that_it_allows(
        (one, other) in (arb_permit(), arb_permit()), name in prop::sample::select(vec!["en", "fr", "vi"]), on in 0u32..50,
    ) {
        let shown = |permit: &Permit| permit.allows((&campaign(), &media(name)), &place(), day("2026-11-01").plus(on)).is_ok();
        prop_assert!(one.covers(&one));
        if one.covers(&other) && shown(&other) {
            prop_assert!(shown(&one), "{one:?} {other:?}");
        }
    }

    #[test]
    fn withdrawals_only_grow_whatever_list_comes_next(lists in prop::collection::vec(prop::collection::btree_map(0u8..9, 0i64..50, 0..6), 1..5)) {
        let list = |(of, version): (&std::collections::BTreeMap<u8, i64>, u64)| {
            let mut list = Withdrawals { version, withdrawn: Vec::new() };
            for (n, at) in of {
                list.add(Withdrawn { what: What::Permit(PermitHash::of(&[*n])), at_ms: UtcMillis(*at) });
            }
            list
        };
        let mut held = Withdrawals::default();
        for next in lists.iter().zip(1..) {
            let before = held.clone();
            held.join(&list(next));
            prop_assert!(before.withdrawn.iter().all(|w| held.since(w.what).is_some_and(|at| at <= w.at_ms)));
            prop_assert!(Document::Withdrawals(held.clone()).check().is_ok());
        }
        for n in 0u8..9 {
            let first = lists.iter().filter_map(|list| list.get(&n)).min().map(|at| UtcMillis(*at));
            prop_assert_eq!(held.since(What::Permit(PermitHash::of(&[n]))), first);
        }
    }
}

#[test]
fn a_list_that_nobody_could_read_is_not_signed() {
    let key = SigningKey::from_seed(&[6; 32]);
    let list = |n: u32| {
        let what = |i: u32| What::Permit(Sha256Hash::of(&i.to_be_bytes()));
        let mut withdrawn: Vec<Withdrawn> =
            (0..n).map(|i| Withdrawn { what: what(i), at_ms: UtcMillis(1 << 40) }).collect();
        withdrawn.sort_unstable();
        Withdrawals { version: 1, withdrawn }
    };
    let (fits, over) = (list(17_000), list(20_000));
    assert!((80..100).contains(&fits.full_percent()) && over.full_percent() >= 100);
    let sealed = Document::Withdrawals(fits.clone()).seal(&key).unwrap();
    assert_eq!(Document::open(&sealed, &key.verifying_key()), Ok(Document::Withdrawals(fits)));
    assert!(matches!(Document::Withdrawals(over).seal(&key), Err(PermitError::TooLong { .. })));
}
