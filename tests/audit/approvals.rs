//! Whose yes it was: a permit's names are held against the log's own words, and a screen that could not hear is no liar.

use crate::forger::Forger;
use crate::square::{Square, judged, morning};
use crate::{DAYS, common, common::town::at, failing};
use lichphat::approval::drafts;
use lichphat::keys::Keys;
use lichphat::people::Caller;
use lichphat_playlists::ids::{CampaignCode, Sha256Hash};
use lichphat_playlists::proof::bundle;
use lichphat_playlists::proof::entry::{Entry, Statement};
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::permit::{Approved, Document, Permit};
use lichphat_verify::Verdict;
use lichphat_verify::verdict::Check;
use serde_json::{Value, json};

/// What the scheduler makes up: a proposal, who said yes to it, a permit with these names, and what is wrong with that.
struct MadeUp<'a> {
    brought_by: &'a str,
    yes: &'a [&'a str],
    names: &'a [&'a str],
    wrong: &'a str,
}

const TWO: &[&str] = &["lan", "minh"];
const MADE_UP: &[MadeUp<'_>] = &[
    MadeUp { brought_by: "hoa", yes: TWO, names: TWO, wrong: "" },
    MadeUp { brought_by: "hoa", yes: &["lan"], names: TWO, wrong: "names minh as having approved it, and before it" },
    MadeUp { brought_by: "hoa", yes: &["shell"], names: TWO, wrong: "names lan as having approved it" },
    MadeUp { brought_by: "minh", yes: TWO, names: TWO, wrong: "minh approved what he had brought himself" },
    MadeUp { brought_by: "hoa", yes: &["lan"], names: &["lan"], wrong: "was approved by 1, and takes 2" },
    MadeUp { brought_by: "hoa", yes: TWO, names: &["lan", "lan"], wrong: "was approved by 1, and takes 2" },
];

/// Adds one to log and bundle; the permit's name.
fn make_up(square: &Square, forger: &mut Forger, number: u32, order: &Permit, made_up: &MadeUp<'_>) -> Sha256Hash {
    let (campaign, content, at_ms) = (order.campaign.clone(), order.content(), square.server.rooms.clock.now());
    let mut state = |statement| forger.append(square, Entry::Statement(statement).encode());
    let by = made_up.brought_by.to_owned();
    state(Statement::Proposal { number, campaign: campaign.clone(), content, people: 2, by, at_ms });
    for by in made_up.yes {
        let (by, decision, campaign) = ((*by).to_owned(), String::new(), campaign.clone());
        state(Statement::Yes { number, campaign, content, by, decision, at_ms });
    }
    let approved = |by: &&str| Approved { by: (*by).to_owned(), decision: String::new(), at_ms };
    let permit = Permit { number, approved: made_up.names.iter().map(approved).collect(), ..order.clone() };
    let signed = Document::Permit(permit).seal(&Keys::load(square.data.path()).unwrap().approval).unwrap();
    state(Statement::Permit { permit: signed.hash(), number, campaign, at_ms });
    assert!(bundle::put_document(forger.files.get_mut(bundle::APPROVALS).unwrap(), signed.as_bytes()));
    signed.hash()
}

#[tokio::test]
async fn a_permit_with_names_that_nobody_asked_is_found() {
    let square = Square::lived().await;
    let honest = Forger::of(&square, &square.bundle(None).await).await;
    let city = square.server.rooms.city().await.unwrap();
    let order =
        drafts(&city.campaigns, &city.media).into_iter().find(|d| d.permit.campaign.as_str() == crate::CAMPAIGN);
    let (order, mut forger) = (order.unwrap().permit, honest.clone());
    let names = (70..).zip(MADE_UP).map(|(number, made_up)| make_up(&square, &mut forger, number, &order, made_up));
    let names: Vec<Sha256Hash> = names.collect();
    let verdict = judged(&forger.pack(), &square.options());
    for (name, made_up) in names.iter().zip(MADE_UP) {
        let fault = verdict.faults.iter().find(|f| f.place == format!("permit {}", &name.hex()[..12]));
        assert!(fault.map_or("", |f| &f.what.en).starts_with(made_up.wrong), "{}: {fault:?}", made_up.wrong);
        assert_eq!(
            fault.is_none(),
            made_up.wrong.is_empty(),
            "two people said so, and neither had brought it: {fault:?}"
        );
    }
    let counted = |verdict: &Verdict| verdict.screens.iter().map(|s| s.counted).sum::<u64>();
    let true_one = judged(&honest.pack(), &square.options());
    assert_eq!(counted(&verdict), counted(&true_one), "what was played rests on the true one");
    assert!(true_one.ok && true_one.remarks.iter().any(|r| r.what.en.contains("approved under these names: shell (")));

    // a word is taken out of the true log: what was played under it does not count, and everything says so
    let without = |gone: fn(&Statement) -> Option<&CampaignCode>| {
        let mut forger = honest.clone();
        let is_it = |leaf: &Vec<u8>| matches!(Entry::decode(leaf), Ok(Entry::Statement(s)) if gone(&s).is_some_and(|c| c.as_str() == crate::CAMPAIGN));
        let at = forger.leaves.iter().position(is_it).unwrap();
        let (at_ms, account, act) = (UtcMillis(0), "shell".to_owned(), "something-else".to_owned());
        forger.leaves[at] =
            Entry::Statement(Statement::Act { at_ms, account, act, on: String::new(), detail: String::new() }).encode();
        forger.relog(&square, true);
        judged(&forger.pack(), &square.options())
    };
    let no_yes = without(|s| if let Statement::Yes { campaign, .. } = s { Some(campaign) } else { None });
    let no_permit = without(|s| if let Statement::Permit { campaign, .. } = s { Some(campaign) } else { None });
    for verdict in [no_yes, no_permit] {
        let failing = failing(&verdict);
        assert!(failing.contains(&Check::Approval) && failing.contains(&Check::Figures), "{failing:?}");
        assert_eq!(counted(&verdict), 0);
        // no player can make up a slot: who planned it is at fault, and no screen
        let planned =
            verdict.faults.iter().filter(|f| f.what.en.starts_with("the scheduler planned what was not approved"));
        assert_eq!(planned.count(), 2, "{:?}", verdict.faults);
        assert!(verdict.faults.iter().all(|f| f.screen.is_none()), "{:?}", verdict.faults);
    }
}

#[tokio::test]
async fn a_screen_that_could_not_hear_of_a_withdrawal_is_no_liar_and_its_plays_do_not_count() {
    let mut square = Square::build().await;
    square.live(morning(0)).await;
    square.live(at(DAYS[1], "08:40")).await;
    let (rooms, city) = (&square.server.rooms, square.server.rooms.city().await.unwrap());
    let proposals = rooms.approvals.proposals().await.unwrap();
    let order = proposals.iter().find(|p| p.draft.permit.campaign.as_str() == crate::CAMPAIGN).unwrap().number;
    rooms.approvals.withdraw(order, (&Caller::shell(), "sai tên đường"), &city.directory).await.unwrap();
    square.live_without(0, morning(1)).await; // the first screen has no network
    square.live(at(DAYS[1], "11:30")).await;

    let verdict = judged(&square.bundle(None).await, &square.options());
    assert_eq!(verdict.faults, []);
    assert!(verdict.ok);
    let told = verdict.remarks.iter().find(|r| r.what.en.contains("were shown after the approval had been withdrawn"));
    let shown = |screen: &str| {
        let screen = verdict.screens.iter().find(|s| s.screen.as_str() == screen).unwrap();
        (screen.reasons.get("withdrawn").copied().unwrap_or_default(), screen.counted + screen.counted_outside)
    };
    let ((offline, before), (online, _)) = (shown("Q-01"), shown("Q-02"));
    assert!(offline >= 2 && before > 0 && online == 0, "{:?}", verdict.screens);
    assert!(told.unwrap().what.vi.starts_with(&format!("{offline} lượt ở 1 màn hình (đầu tiên là Q-01)")), "{told:?}");
    assert!(lichphat_verify::page(&verdict).contains("sau khi phê duyệt bị thu hồi"));

    // the day is planned anew, and the new plan keeps the morning as it was: nobody planned that after the withdrawal
    assert!(square.server.plan().await > 0);
    square.live(at(DAYS[1], "12:30")).await;
    let verdict = judged(&square.bundle(None).await, &square.options());
    assert_eq!(verdict.faults, []);
    assert!(verdict.ok);
}

const FIRST_TWO: [&str; 2] = DAYS;
const THIRD: &str = "2024-09-22";

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_had_approved_is_the_one_cause_of_two_days_whatever_is_approved_later() {
    let mut square = Square::approved(|code| code != crate::CAMPAIGN).await;
    let pass = common::people::everything(&square.server.rooms.store, at(DAYS[0], "06:00")).await;
    let get = async |square: &Square, path: &str| {
        let request =
            common::client().get(format!("{}{path}", square.server.url)).header("authorization", &pass.bearer);
        request.send().await.unwrap().text().await.unwrap()
    };
    square.live(at(DAYS[0], "09:00")).await;
    let today = get(&square, "/").await;
    assert!(today.contains("chưa được duyệt ở 2 màn hình, hôm nay thiếu 8 lượt"), "{today}");
    assert!(!today.contains("không đủ chỗ trong giờ phát"), "{today}");
    square.live(morning(1)).await;

    // on the third day it is approved, played and counted; nothing of the two days before becomes another thing
    square.server.clock.jump_to(at(THIRD, "06:00"));
    for player in &mut square.players {
        player.sim.step_until(at(THIRD, "06:00"));
    }
    let (approvals, city) = (&square.server.rooms.approvals, square.server.rooms.city().await.unwrap());
    let waiting = approvals.proposals().await.unwrap();
    let order = waiting.iter().find(|p| p.draft.permit.campaign.as_str() == crate::CAMPAIGN).unwrap().number;
    approvals.give(order, (&Caller::shell(), "02/QĐ"), &[], &city.directory).await.unwrap();
    assert!(square.server.plan().await > 0, "an approval is news");
    square.live(at(THIRD, "11:00")).await;

    let report = |from: &str, to: &str| -> Value {
        let ask = ["report", "compliance", "--campaign", crate::CAMPAIGN, "--from", from, "--to", to];
        serde_json::from_str(&square.data.ok(&[&ask[..], &["--format", "json"]].concat())).unwrap()
    };
    let two = report(FIRST_TWO[0], FIRST_TWO[1]);
    assert_eq!(two["totals"]["short_causes"], json!({ "not-approved": 2 }));
    for line in two["lines"].as_array().unwrap() {
        assert_eq!((&line["owed"], &line["short"], &line["counted"]), (&json!(8), &json!(8), &json!(0)), "{line}");
        assert_eq!(line["causes"], json!({ "not-approved": 8 }), "no more than is missing: {line}");
    }
    let third = report(THIRD, THIRD);
    assert!(third["lines"].as_array().unwrap().iter().all(|line| line["counted"].as_u64() > Some(0)), "{third}");
    let page = get(&square, &format!("/reports?order={}&period=day&of={}", crate::CAMPAIGN, DAYS[1])).await;
    assert!(page.contains("Nội dung chưa được duyệt cho màn hình và ngày này"), "{page}");
    assert!(!page.contains("Chưa được xếp vào lịch phát"), "{page}");

    // the plan of that day says so, not what is approved by now
    let why = |day: &str| -> Value {
        let at = format!("{day} 08:30");
        let ask = ["why", "--screen", "Q-01", "--campaign", crate::CAMPAIGN, "--at", &at, "--format", "json"];
        serde_json::from_str(&square.data.ok(&ask)).unwrap()
    };
    let then = why(DAYS[1]);
    assert_eq!(then["rule"], "not-approved", "{then}");
    assert!(then["record"].as_str().unwrap().starts_with("plan Q-01 2024-09-21 v"), "{then}");
    assert_ne!(why(THIRD)["rule"], "not-approved");

    // an auditor sees the same, from what was signed: who says otherwise contradicts his own plans
    let honest = square.bundle(None).await;
    let verdict = judged(&honest, &square.options());
    assert_eq!((verdict.ok, &verdict.faults), (true, &vec![]));
    let forged = async |says: &dyn Fn(&mut Value)| {
        let mut forger = Forger::of(&square, &honest).await;
        forger.alter(bundle::BASIS, |basis| says(&mut basis["screens"][0]["days"][DAYS[0]]));
        judged(&forger.pack(), &square.options())
    };
    let silent = forged(&|day| drop(day.as_object_mut().unwrap().remove("not_approved"))).await;
    let fewer = forged(&|day| day["asked"] = json!(2)).await;
    for verdict in [silent, fewer] {
        assert!(failing(&verdict).contains(&Check::Plan), "{:?}", verdict.faults);
        let said =
            verdict.faults.iter().any(|f| f.what.en.contains("could not be planned for the want of an approval"));
        assert!(said, "{:?}", verdict.faults);
    }
    square.data.ok(&["check"]);
}
