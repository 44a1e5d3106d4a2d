//! Who may say yes, and what has to be asked again.

use super::rule::{Outcome, Refusal, approve, one_hand, refuse};
use super::*;
use crate::campaigns::{self, Campaigns};
use crate::directory::table::SourceFile;
use crate::directory::{DaySpan, import};
use crate::people::{Denied, Given, Grant, Role, Via};
use lichphat_playlists::ids::{CampaignCode, UnitCode};
use lichphat_playlists::media::{Media, MediaKind};
use lichphat_playlists::time::{HANOI, LocalDay};
use lichphat_playlists::wire::permit::Unapproved;
use std::collections::BTreeMap;

fn day(text: &str) -> LocalDay {
    text.parse().unwrap()
}

fn today() -> LocalDay {
    day("2026-11-20")
}

/// The city with two wards, one of them with a quarter, and a screen in each ward.
fn directory() -> Directory {
    let mut directory = Directory::default();
    for (kind, name, text) in [
        (
            import::Kind::Units,
            "units.csv",
            "code,name,kind,parent\nHN,Hà Nội,city,\nP1,Phường Một,ward,HN\nP2,Phường Hai,ward,HN\nT1,Tổ Một,organisation,P1\n",
        ),
        (
            import::Kind::Venues,
            "venues.toml",
            "[[venue]]\ntype = 'square'\nname = 'Quảng trường'\nname_en = 'Square'\ncalendar = 'none'\nconfidence = 'assumption'\nsource = 'made up'\n[[venue.hours]]\ndays = 'mon-sun'\nopen = '06:00-12:00'\nopen_assumption = true\n",
        ),
        (
            import::Kind::Screens,
            "screens.csv",
            "code,name,venue_type,kind,width,height,output,owner,territory\nS1,Một,square,managed,1920,1080,video,T1,P1\nS2,Hai,square,managed,1920,1080,video,P2,P2\n",
        ),
    ] {
        let context = import::Context { directory: &directory, now: today().start(HANOI) };
        let batch =
            import::parse(kind, SourceFile { name, bytes: text.as_bytes() }, context).unwrap_or_else(|p| panic!("{p}"));
        directory.apply(batch);
    }
    directory
}

/// What a document wants, with a file of that name behind every variant.
fn wanted(directory: &Directory, text: &str, programme: bool) -> Vec<Draft> {
    let campaigns = Campaigns::default();
    let context = campaigns::Context { directory, campaigns: &campaigns, now: day("2026-11-01").start(HANOI) };
    let file = SourceFile { name: "order.toml", bytes: text.as_bytes() };
    let read = if programme { campaigns::programme } else { campaigns::directive };
    let mut batch = read(file, context).unwrap_or_else(|p| panic!("{p}"));
    let mut media = BTreeMap::new();
    for (duration_s, variant) in batch.variants_mut() {
        let hash = Sha256Hash::of(variant.file.clone().unwrap_or_default().as_bytes());
        variant.media = Some(hash);
        // of a still whoever brought it first may have said anything
        let still = variant.file.as_deref().is_some_and(|file| file.ends_with(".png"));
        let (kind, duration_s) = if still { (MediaKind::Still, 1) } else { (MediaKind::Video, duration_s) };
        media.insert(hash, Media { hash, size_bytes: 9, kind, duration_s });
    }
    let mut campaigns = Campaigns::default();
    campaigns.apply(batch);
    drafts(&campaigns, &media)
}

fn order(file: &str, unit: &str, to: &str) -> String {
    format!(
        "code = 'sach'\ntitle = 'Sạch'\nkind = 'play'\nsample = true\nissuer = 'HN'\nfrom = 2026-11-20\nto = {to}\nsource = 'made up'\n\
         min_gap_s = 300\nquota = {{ plays = 4, per = 'day', rule = 'average', within = 'duty' }}\n\
         [product]\ntitle = 'Sạch'\nlength_s = 15\n[[product.variant]]\nlang = 'vi'\nform = 'silent'\nfile = '{file}'\n\
         [[target]]\nunit = '{unit}'\nforce = 'required'\nreason = 'made up'\n"
    )
}

const LOOP: &str = "[[item]]\ncode = 'tin'\ntitle = 'Tin'\nsample = true\nweight = 1\n\
    product = { title = 'Tin', length_s = 10, variant = [{ lang = 'vi', form = 'silent', file = 'tin.png' }] }\n\
    [[item.place]]\nunit = 'P1'\n[[item.place]]\nunit = 'T1'\n\
    [[fallback]]\ncode = 'cho'\ntitle = 'Chờ'\nsample = true\n\
    product = { title = 'Chờ', length_s = 10, variant = [{ lang = 'vi', form = 'silent', file = 'cho.png' }] }\n";

fn somebody(name: &str, role: Role, unit: Option<&str>) -> Caller {
    let unit = unit.map(|code| UnitCode::new(code).unwrap());
    let grant = Grant { id: 1, role, unit, days: DaySpan::default(), decision: String::new(), given_by: None };
    Caller { account: AccountCode::new(name).unwrap(), grants: vec![grant], strong: true, via: Via::Session }
}

fn proposal(draft: Draft, brought_by: &str) -> Proposal {
    Proposal {
        number: 7,
        draft,
        brought_by: brought_by.into(),
        kept_by: None,
        brought_ms: UtcMillis(0),
        state: State::Open,
        said: Vec::new(),
        permit: None,
    }
}

fn yes(by: &str) -> Said {
    Said { by: by.into(), yes: true, words: "12/QĐ".into(), at_ms: UtcMillis(0) }
}

#[test]
fn a_citys_order_takes_two_people_of_the_city_and_never_who_brought_it() {
    let directory = directory();
    let draft = wanted(&directory, &order("a.mp4", "P1", "2026-11-30"), false).remove(0);
    assert_eq!(draft.needs, Needs::City);
    let mut open = proposal(draft, "lan");
    let say = |p: &Proposal, who: &Caller| approve(p, (who, "12/QĐ"), &[], (&directory, today()));
    let (van, minh) = (somebody("van", Role::Approver, None), somebody("minh", Role::UnitHead, Some("HN")));
    let denied = |why| Err(Refusal::Denied { number: 7, why });
    assert_eq!(say(&open, &somebody("lan", Role::Approver, None)), Err(Refusal::Own(7)));
    assert_eq!(say(&open, &somebody("p1", Role::Approver, Some("P1"))), denied(Denied::Role), "a ward's approver");
    assert_eq!(say(&open, &somebody("mai", Role::CityEditor, None)), denied(Denied::Role), "who writes orders");
    assert_eq!(say(&open, &Caller { strong: false, ..van.clone() }), denied(Denied::Weak));
    assert_eq!(say(&open, &van), Ok(Outcome::Waits));
    open.said.push(yes("van"));
    assert_eq!(say(&open, &van), Ok(Outcome::Known), "twice is once");
    assert_eq!(say(&open, &minh), Ok(Outcome::Approved));
    open.state = State::Approved;
    assert_eq!(say(&open, &minh), Err(Refusal::Closed { number: 7, state: State::Approved }));
}

#[test]
fn a_units_own_content_takes_one_of_it_or_of_a_unit_above_and_the_safe_loop_is_the_citys() {
    let directory = directory();
    let drafts = wanted(&directory, LOOP, true);
    let of = |code: &str| drafts.iter().find(|d| d.permit.campaign.as_str() == code).unwrap().clone();
    assert_eq!(of("cho").needs, Needs::City);
    assert!(of("cho").permit.places.is_empty(), "everywhere");
    let grounds = LOOP.replace("unit = 'P1'", "unit = 'P1'\nlink = 'territory'");
    let others = wanted(&directory, &grounds, true).into_iter().find(|d| d.permit.campaign.as_str() == "tin");
    assert_eq!(others.unwrap().needs, Needs::City, "on screens that are not its own it speaks for nobody");
    let open = proposal(of("tin"), "lan");
    let say = |who: &Caller| approve(&open, (who, ""), &[], (&directory, today()));
    let denied = |why| Err(Refusal::Denied { number: 7, why });
    assert_eq!(say(&somebody("t1", Role::Approver, Some("T1"))), denied(Denied::Unseen), "it is shown in all of P1");
    assert_eq!(say(&somebody("p2", Role::Approver, Some("P2"))), denied(Denied::Unseen));
    assert_eq!(say(&somebody("p1", Role::Approver, Some("P1"))), Ok(Outcome::Approved));
    assert_eq!(say(&somebody("hn", Role::Approver, Some("HN"))), Ok(Outcome::Approved), "the unit above may");
    assert_eq!(say(&somebody("lan", Role::Approver, Some("P1"))), Err(Refusal::Own(7)));
    assert_eq!(
        refuse(&open, &somebody("p2", Role::Approver, Some("P2")), (&directory, today())),
        denied(Denied::Unseen).map(drop)
    );
    assert_eq!(refuse(&open, &Caller::shell(), (&directory, today())), Ok(()), "to stop something is easy");
}

#[test]
fn the_shell_stands_in_for_people_only_while_there_are_none() {
    let directory = directory();
    let open = proposal(wanted(&directory, &order("a.mp4", "P1", "2026-11-30"), false).remove(0), "shell");
    let say = |decision: &str, people: &[AccountCode]| {
        approve(&open, (&Caller::shell(), decision), people, (&directory, today()))
    };
    assert_eq!(say("12/QĐ", &[]), Ok(Outcome::Approved));
    assert_eq!(say(" ", &[]), Err(Refusal::NoDecision));
    let refused = say("12/QĐ", &[AccountCode::new("van").unwrap()]);
    assert_eq!(refused, Err(Refusal::People { number: 7, who: vec!["van".into()] }), "it says who may");
}

#[test]
fn only_what_is_new_or_wider_is_asked_again() {
    let directory = directory();
    let first = wanted(&directory, &order("a.mp4", "P1", "2026-11-30"), false);
    let takes = |draft: &Draft| draft.needs.people() as u32 >= draft.permit.people();
    assert!(first.iter().all(takes), "whoever reads the permit alone asks for no more people");
    let none = Permissions::default();
    assert_eq!(compare(first.clone(), &none, &[]), (first.clone(), vec![]));
    let open = proposal(first[0].clone(), "lan");
    assert_eq!(compare(first.clone(), &none, std::slice::from_ref(&open)), (vec![], vec![]), "it waits already");
    let refused = Proposal { state: State::Refused, ..open.clone() };
    assert_eq!(compare(first.clone(), &none, &[refused]), (vec![], vec![]), "a no is a no");

    let approved = Permissions::default().granting(first.clone(), &directory);
    assert_eq!(compare(first, &approved, &[]), (vec![], vec![]), "an unchanged file again");
    let asked = |file: &str, unit: &str, to: &str| {
        compare(wanted(&directory, &order(file, unit, to), false), &approved, &[]).0.len()
    };
    assert_eq!(asked("a.mp4", "P1", "2026-11-25"), 0, "an earlier end");
    assert_eq!(asked("a.mp4", "P1", "2026-12-05"), 1, "a later end");
    assert_eq!(asked("a.mp4", "P2", "2026-11-30"), 1, "another ward");
    assert_eq!(asked("a.mp4", "HN", "2026-11-30"), 1, "the whole city");
    assert_eq!(asked("b.mp4", "P1", "2026-11-30"), 1, "another file");
    assert_eq!(asked("a.mp4", "P1'\nlink = 'territory", "2026-11-30"), 1, "other people's screens on the same ground");
    let changed = wanted(&directory, &order("b.mp4", "P1", "2026-11-30"), false);
    assert_eq!(compare(changed, &none, &[open]).1, [7], "nobody wants the first one any more");
}

#[test]
fn a_permit_is_found_for_a_screen_and_a_day_and_gone_when_it_is_taken_back() {
    let directory = directory();
    let drafts = wanted(&directory, &order("a.mp4", "P1", "2026-11-30"), false);
    let file = drafts[0].permit.media[0];
    let media = Media { hash: file.hash, size_bytes: 9, kind: MediaKind::Video, duration_s: 15 };
    let campaign = CampaignCode::new("sach").unwrap();
    let granted = Permissions::default().granting(drafts.clone(), &directory);
    let find = |p: &Permissions, screen: &str, on: &str| {
        p.find((&campaign, &media), &ScreenCode::new(screen).unwrap(), day(on))
    };
    assert_eq!(find(&granted, "S1", "2026-11-20"), Ok(drafts[0].subject()));
    assert_eq!(find(&granted, "S2", "2026-11-20"), Err(Unapproved::Place));
    assert_eq!(find(&granted, "S1", "2026-12-01"), Err(Unapproved::Day));
    assert_eq!(
        find(&Permissions::default(), "S1", "2026-11-20"),
        Err(Unapproved::Place),
        "nobody says where it stands"
    );
    assert!(stale(&directory, &granted).is_empty(), "every screen stands where the last word says");
    let mut list = Withdrawals { version: 1, withdrawn: Vec::new() };
    list.add(Withdrawn { what: What::Media(media.hash), at_ms: UtcMillis(1) });
    let without = Permissions::new(1, list).granting(Vec::new(), &directory);
    assert_eq!(find(&without, "S1", "2026-11-20"), Err(Unapproved::Withdrawn));
    assert!(!without.cover(&drafts[0].permit));
}

#[test]
fn two_words_of_whom_one_hand_made_approvers_are_named_as_such() {
    let given = |to: &str, by: &str, at: i64| Given {
        to: AccountCode::new(to).unwrap(),
        by: AccountCode::new(by).unwrap(),
        at: UtcMillis(at),
    };
    let said = |by: &str, at: i64| Said { at_ms: UtcMillis(at), ..yes(by) };
    let two = [said("van", 50), said("minh", 60)];
    let hand = |words: &[Said], given: &[Given]| one_hand(words, given).map(|(by, at)| (by.to_string(), at.0));
    let (van, minh) = (given("van", "lan", 10), given("minh", "lan", 20));
    assert_eq!(hand(&two, &[van.clone(), minh.clone()]), Some(("lan".into(), 20)), "and when it last did");
    assert_eq!(hand(&two, &[van.clone(), given("minh", "shell", 20)]), None, "two hands");
    assert_eq!(hand(&two[..1], &[van.clone(), minh.clone()]), None, "one word");
    assert_eq!(hand(&two, &[van.clone(), given("minh", "lan", 61)]), None, "given after the word");
    assert_eq!(hand(&two, &[given("minh", "van", 20)]), Some(("van".into(), 20)), "he himself is one of them");
    let also = [van, given("minh", "shell", 15), minh];
    assert_eq!(hand(&two, &also), Some(("lan".into(), 20)), "whoever else gave it, too");
    let no = Said { yes: false, ..two[1].clone() };
    assert_eq!(hand(&[two[0].clone(), no], &also), None, "a no");
}

#[test]
fn each_episode_of_a_series_has_a_proposal_of_its_own() {
    let directory = directory();
    let text = order("mot.mp4", "HN", "2026-12-31")
        + "[[episode]]\nnumber = '2'\nfrom = 2026-11-25\n[episode.product]\ntitle = 'Tập 2'\nlength_s = 15\n\
           [[episode.product.variant]]\nlang = 'vi'\nform = 'silent'\nfile = 'hai.mp4'\n";
    let drafts = wanted(&directory, &text, false);
    let [first, second] = &drafts[..] else { panic!("{drafts:?}") };
    let mut permissions = Permissions::default().granting([], &directory);
    permissions.proposal(1, State::Withdrawn, &first.permit);
    permissions.proposal(2, State::Open, &second.permit);
    let campaign = &first.permit.campaign;
    let file = |draft: &Draft| draft.permit.media[0].hash;
    let of = |draft: &Draft| permissions.newest_of(campaign, |hash| hash == file(draft));
    assert_eq!((of(first), of(second)), (Some((1, State::Withdrawn)), Some((2, State::Open))));
    assert_eq!(permissions.newest(campaign), Some((2, State::Open)));
    let screen = "S1".parse().unwrap();
    let why = |draft: &Draft| permissions.find_file((campaign, file(draft)), &screen, today()).unwrap_err();
    assert_eq!(
        (why(first), why(second)),
        (Unapproved::Withdrawn, Unapproved::NoPermit),
        "the first alone was taken back"
    );
}
