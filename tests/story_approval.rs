//! People say what may be shown: nothing is planned, played or counted before, and what they take back stops.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use common::people::{Pass, account, everything};
use common::town::{TownDevice, TownServer, at, fixture, unapproved};
use common::{TestData, client};
use lichphat::approval::rule::{Outcome, Refusal};
use lichphat::approval::{ApprovalError, ApprovalStore as _, Proposal, Sealed, State, drafts, propose};
use lichphat::directory::DaySpan;
use lichphat::keys::Keys;
use lichphat::people::{AccountCode, Caller, Grant, LONGEST_WORDS, Role, Via};
use lichphat::proof::ProofStore;
use lichphat_player::ports::http::HttpTransport;
use lichphat_player::ports::{Request, Transport as _};
use lichphat_player::sync::sse::EventReader;
use lichphat_playlists::ids::{Sha256Hash, UnitCode};
use lichphat_playlists::proof::record::{Cause, Origin, PlayRecord, PlayResult};
use lichphat_playlists::stand_in::CODE as BUILT_IN;
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::permit::{Document, What, Withdrawn};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

const DAY: &str = "2024-09-20";
const ORDER: &str = "clean-street";

fn somebody(name: &str, role: Role, unit: Option<&str>) -> Caller {
    let unit = unit.map(|code| UnitCode::new(code).unwrap());
    let grant = Grant { id: 1, role, unit, days: DaySpan::default(), decision: String::new(), given_by: None };
    Caller { account: AccountCode::new(name).unwrap(), grants: vec![grant], strong: true, via: Via::Session }
}

/// The town with its loop and the order in it, of which nobody has said yes to anything.
fn undecided() -> TestData {
    let data = unapproved();
    data.ok(&["import", "directives", &fixture("order.toml")]);
    data
}

async fn proposal(server: &TownServer, campaign: &str) -> Proposal {
    let all = server.rooms.approvals.proposals().await.unwrap();
    all.into_iter().rfind(|p| p.draft.permit.campaign.as_str() == campaign).unwrap()
}

/// The codes of what a screen's plan of the day shows, and of what it may fall back on.
async fn shows(server: &TownServer) -> BTreeSet<String> {
    let screen = "C-01".parse().unwrap();
    let plan = server.rooms.planning.store().newest(&screen, DAY.parse().unwrap()).await.unwrap().unwrap();
    let items = plan.playlist.slots.iter().map(|s| s.item).chain([plan.playlist.fallback]);
    items.map(|item| plan.assets.assets[usize::from(item)].code.to_string()).collect()
}

fn codes(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|code| (*code).to_owned()).collect()
}

fn records(device: &TownDevice) -> Vec<PlayRecord> {
    device.journal().records().into_iter().map(|(_, record)| record).collect()
}

fn why(data: &TestData) -> Value {
    let at = format!("{DAY} 08:30");
    let ask = ["why", "--screen", "C-01", "--campaign", ORDER, "--at", &at, "--format", "json"];
    serde_json::from_str(&data.ok(&ask)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_approve_a_citys_order_and_only_then_it_is_planned_played_and_counted() {
    let data = undecided();
    let server = TownServer::start(&data, at(DAY, "07:00")).await;
    server.plan().await;
    assert_eq!(shows(&server).await, codes(&[BUILT_IN]), "nothing is approved: what is built in, and no black screen");
    let (rooms, city) = (&server.rooms, server.rooms.city().await.unwrap());
    let order = proposal(&server, ORDER).await;
    let give = async |who: &Caller| rooms.approvals.give(order.number, (who, "12/QĐ"), &[], &city.directory).await;
    let refused = |answer: Result<Outcome, ApprovalError>| match answer.unwrap_err() {
        ApprovalError::Refused(refusal) => refusal,
        other => panic!("{other}"),
    };

    let (van, minh) = (somebody("van", Role::Approver, None), somebody("minh", Role::UnitHead, Some("HN")));
    let ward = somebody("phuong", Role::Approver, Some("P1"));
    assert!(matches!(refused(give(&ward).await), Refusal::Denied { .. }), "a ward speaks for itself alone");
    let before = rooms.store.revisions().await.unwrap();
    assert_eq!(give(&van).await.unwrap(), Outcome::Waits);
    assert_eq!(give(&van).await.unwrap(), Outcome::Known, "one person is one person");
    assert_eq!(rooms.store.revisions().await.unwrap(), before, "a word that permits nothing makes no plan anew");
    server.plan().await;
    assert_eq!(shows(&server).await, codes(&[BUILT_IN]), "one of two is not enough");
    assert_eq!(give(&minh).await.unwrap(), Outcome::Approved);
    assert_ne!(rooms.store.revisions().await.unwrap(), before);
    assert!(matches!(refused(give(&minh).await), Refusal::Closed { state: State::Approved, .. }));
    let notice = proposal(&server, "notice").await;
    // on screens that stand on a ward's ground and are others' it takes the city as well
    for who in [&somebody("hai", Role::Approver, None), &van] {
        rooms.approvals.give(notice.number, (who, ""), &[], &city.directory).await.unwrap();
    }
    assert!(server.plan().await > 0, "an approval is news");
    assert_eq!(shows(&server).await, codes(&[BUILT_IN, ORDER, "notice"]));

    let mut device = server.device(&data, "C-01").await;
    device.sim.clock.advance_to(at(DAY, "07:50"));
    server.clock.jump_to(at(DAY, "07:50"));
    server.live(&mut device, at(DAY, "12:10")).await;
    device.sim.stop().await;
    let ask = ["report", "compliance", "--campaign", ORDER, "--from", DAY, "--to", DAY, "--format", "json"];
    let report: Value = serde_json::from_str(&data.ok(&ask)).unwrap();
    let line = report["lines"].as_array().unwrap().iter().find(|l| l["screen"] == "C-01").unwrap();
    assert_eq!((line["counted"].as_u64(), line["owed"].as_u64()), (Some(6), Some(4)), "{line}");
    data.ok(&["check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_what_he_brought_and_two_at_once_lose_nothing() {
    let data = undecided();
    let server = TownServer::start(&data, at(DAY, "07:00")).await;
    let (rooms, city) = (&server.rooms, server.rooms.city().await.unwrap());
    let (van, minh) = (somebody("van", Role::Approver, None), somebody("minh", Role::Approver, None));
    let first = proposal(&server, ORDER).await.number;
    rooms.approvals.refuse(first, (&van, "sai tên đường"), &city.directory).await.unwrap();
    let wanted = drafts(&city.campaigns, &city.media);
    let again = propose(&rooms.store, &wanted, ("van", rooms.clock.now())).await.unwrap();
    assert_eq!(again, 0, "a no is a no: the same is not asked again");

    // a later end makes another matter of it, brought by Van himself
    let mut changed = wanted.clone();
    let order = changed.iter_mut().find(|d| d.permit.campaign.as_str() == ORDER).unwrap();
    order.permit.until = Some("2024-09-30".parse().unwrap());
    assert_eq!(propose(&rooms.store, &changed, ("van", rooms.clock.now())).await.unwrap(), 1);
    let number = proposal(&server, ORDER).await.number;
    let own = rooms.approvals.give(number, (&van, ""), &[], &city.directory).await.unwrap_err();
    assert!(matches!(own, ApprovalError::Refused(Refusal::Own(n)) if n == number), "{own}");

    // ten people at the same moment: each is heard, the second yes makes the permit, the others come too late
    let approvers: Vec<Caller> = (0..10).map(|n| somebody(&format!("a{n}"), Role::Approver, None)).collect();
    let all = approvers.iter().map(|who| rooms.approvals.give(number, (who, ""), &[], &city.directory));
    let answers = futures_util::future::join_all(all).await;
    let of = |wanted: Outcome| answers.iter().filter(|a| a.as_ref().is_ok_and(|o| *o == wanted)).count();
    assert_eq!((of(Outcome::Waits), of(Outcome::Approved)), (1, 1), "{answers:?}");
    let decided = proposal(&server, ORDER).await;
    assert_eq!((decided.state, decided.said.len()), (State::Approved, 2));
    let other = rooms.approvals.give(first, (&minh, ""), &[], &city.directory).await.unwrap_err();
    assert!(matches!(other, ApprovalError::Refused(Refusal::Closed { state: State::Refused, .. })), "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_an_extended_order_back_takes_all_of_it_back_and_nobody_writes_the_log_full() {
    let data = undecided();
    let server = TownServer::start(&data, at(DAY, "07:00")).await;
    let (rooms, city) = (&server.rooms, server.rooms.city().await.unwrap());
    let (van, minh) = (somebody("van", Role::Approver, None), somebody("minh", Role::Approver, None));
    let approved = async |number| {
        for who in [&van, &minh] {
            rooms.approvals.give(number, (who, "12/QĐ"), &[], &city.directory).await.unwrap();
        }
    };
    let first = proposal(&server, ORDER).await.number;
    approved(first).await;
    let mut longer = drafts(&city.campaigns, &city.media);
    let order = longer.iter_mut().find(|d| d.permit.campaign.as_str() == ORDER).unwrap();
    order.permit.until = order.permit.until.map(|last| last.plus(30));
    assert_eq!(propose(&rooms.store, &longer, ("lan", rooms.clock.now())).await.unwrap(), 1);
    let second = proposal(&server, ORDER).await.number;
    assert_ne!(first, second);
    approved(second).await;
    server.plan().await;
    assert!(shows(&server).await.contains(ORDER), "{:?}", shows(&server).await);

    for long in ["x".repeat(LONGEST_WORDS + 1), "một\nhai".to_owned(), " ".to_owned()] {
        let refused = rooms.approvals.withdraw(second, (&van, &long), &city.directory).await;
        assert!(matches!(refused, Err(ApprovalError::NoReason)), "{refused:?}");
    }
    rooms.approvals.withdraw(second, (&van, "sai số điện thoại"), &city.directory).await.unwrap();
    server.plan().await;
    assert!(!shows(&server).await.contains(ORDER), "the first decision does not hold what the second one showed");

    // another's import puts it to people anew: who brought it first is still no second pair of eyes
    let again = propose(&rooms.store, &longer, ("minh", rooms.clock.now())).await.unwrap();
    assert_eq!(again, 1);
    let third = proposal(&server, ORDER).await.number;
    let lan = somebody("lan", Role::Approver, None);
    let own = rooms.approvals.give(third, (&lan, ""), &[], &city.directory).await.unwrap_err();
    assert!(matches!(own, ApprovalError::Refused(Refusal::Own(n)) if n == third), "{own}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_is_broken_off_on_a_screen_that_is_playing_it_and_planned_no_more() {
    let data = undecided();
    data.ok(&["approval", "give", "--all", "--decision", "12/QĐ-UBND"]);
    assert!(data.ok(&["import", "directives", &fixture("order.toml")]).contains('1'), "the same file again");
    assert_eq!(data.ok(&["approval", "list", "--format", "csv"]).lines().count(), 1, "asks nobody again");
    let server = TownServer::start(&data, at(DAY, "07:00")).await;
    server.plan().await;
    assert_eq!(shows(&server).await, codes(&["safe-loop", ORDER, "notice"]));
    let mut device = server.device(&data, "C-01").await;
    device.sim.clock.advance_to(at(DAY, "07:50"));
    server.clock.jump_to(at(DAY, "07:50"));
    device.sim.meet().await;
    // up to the middle of one of its plays
    let day = DAY.parse().unwrap();
    let plan = server.rooms.planning.store().newest(&"C-01".parse().unwrap(), day).await.unwrap().unwrap();
    let of_order = |item: u16| plan.assets.assets[usize::from(item)].code.as_str() == ORDER;
    let slot = plan.playlist.slots.iter().find(|s| of_order(s.item)).unwrap();
    let middle = day.at(slot.start_s + 6, lichphat_playlists::time::HANOI);
    device.sim.step_until(middle);
    server.clock.jump_to(middle);

    let number = proposal(&server, ORDER).await.number.to_string();
    data.ok(&["approval", "withdraw", &number, "--reason", "nội dung sai"]);
    device.sim.meet().await; // an event calls it within a second: tests/story_serve.rs
    device.sim.step_until(middle.plus_ms(60_000));
    let shown = records(&device);
    let broken = shown.iter().find(|r| matches!(r.result, PlayResult::Partial(_))).unwrap();
    assert_eq!(broken.result, PlayResult::Partial(Cause::Withdrawn));
    assert!(broken.end.since_ms(middle) < 1_000, "{broken:?}");
    let next = shown.iter().find(|r| r.start >= broken.end && r.result.was_shown()).unwrap();
    assert!(next.start.since_ms(broken.end) < 1_000, "the next in line begins at once: {next:?}");

    server.clock.jump_to(middle.plus_ms(60_000));
    assert!(server.plan().await > 0, "a withdrawal is news");
    let later = server.rooms.planning.store().newest(&"C-01".parse().unwrap(), day).await.unwrap().unwrap();
    let from_s = slot.start_s + 120;
    let still = later.playlist.slots.iter().filter(|s| s.start_s > from_s);
    assert!(still.clone().count() > 0);
    assert!(still.clone().all(|s| later.assets.assets[usize::from(s.item)].code.as_str() != ORDER));
    let answer = why(&data);
    assert_eq!(answer["rule"], "not-approved", "{answer}");
    // the shell asks by its own clock, years later: of a day that is over its plan speaks
    let record = answer["record"].as_str().unwrap();
    assert!(record.starts_with("plan C-01 2024-09-20 v"), "{record}");

    // the rest of the day: nothing of it is shown, the screen goes on, and the ledger still owes it
    server.live(&mut device, at(DAY, "12:10")).await;
    device.sim.stop().await;
    let after = records(&device);
    let order_shown = |r: &&PlayRecord| r.start > broken.end && r.result.was_shown() && r.origin != Origin::Fallback;
    let codes: BTreeSet<String> = after
        .iter()
        .filter(order_shown)
        .map(|r| {
            let plan = if r.plan == plan.head.hash { &plan } else { &later };
            plan.assets.assets[usize::from(r.item)].code.to_string()
        })
        .collect();
    assert_eq!(codes, self::codes(&["notice"]));
    let ask = ["report", "compliance", "--campaign", ORDER, "--from", DAY, "--to", DAY, "--format", "json"];
    let report: Value = serde_json::from_str(&data.ok(&ask)).unwrap();
    let line = report["lines"].as_array().unwrap().iter().find(|l| l["screen"] == "C-01").unwrap();
    assert_eq!((line["counted"].as_u64(), line["owed"].as_u64()), (Some(0), Some(4)), "{line}");
    data.ok(&["check"]);
    let store = &server.rooms.store;
    let [one, other] = [ProofStore::withdrawals(store).await.unwrap(), ProofStore::withdrawals(store).await.unwrap()];
    assert!(Arc::ptr_eq(&one, &other), "a list is read once, however many segments are held against it");
    assert_eq!(one.withdrawn.len(), 1);

    list_fills_up(&server, &data).await;
}

/// Long before the list of withdrawals is full people are told, and what room is left last is for what takes least.
async fn list_fills_up(server: &TownServer, data: &TestData) {
    let store = &server.rooms.store;
    let held = server.rooms.approvals.permissions().await.unwrap();
    let mut list = held.withdrawals().clone();
    for n in 0..18_500_u32 {
        list.add(Withdrawn { what: What::Permit(Sha256Hash::of(&n.to_be_bytes())), at_ms: UtcMillis(1 << 40) });
    }
    list.version += 1;
    let sealed = Document::Withdrawals(list.clone()).seal(&Keys::load(data.path()).unwrap().approval).unwrap();
    let sealed = Sealed { name: sealed.hash(), bytes: sealed.into_bytes(), says: list };
    store.withdraw(sealed, Vec::new(), ("shell".into(), "thử".into()), held.revision).await.unwrap();
    assert_eq!(ProofStore::withdrawals(store).await.unwrap().withdrawn.len(), 18_501);
    let told = String::from_utf8(data.run(&["check"]).stderr).unwrap();
    assert!(told.contains("of the room for withdrawals is taken"), "{told}");
    let pass = everything(store, server.rooms.clock.now()).await;
    let get = |path: &str, header: &'static str, value: &str| {
        let request = client().get(format!("{}{path}", server.url)).header(header, value);
        async { request.send().await.unwrap().text().await.unwrap() }
    };
    let why: Value = serde_json::from_str(&get("/readyz/why", "authorization", &pass.bearer).await).unwrap();
    assert!(why["withdrawals_full_percent"].as_u64().is_some_and(|full| (95..100).contains(&full)), "{why}");
    let page = get("/", "cookie", &pass.cookie).await;
    assert!(page.contains("Danh sách thu hồi đã dùng 96 % chỗ"), "{page}");

    let notice = proposal(server, "notice").await;
    let file = notice.draft.permit.media[0].hash.to_string();
    let refused = data.run(&["approval", "withdraw", &notice.number.to_string(), "--reason", "sai"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && said.contains("nearly full") && said.contains(&file), "{said}");
    data.ok(&["approval", "withdraw", "--media", &file, "--reason", "sai"]);
    let gone = server.rooms.approvals.permissions().await.unwrap();
    assert!(!gone.cover(&notice.draft.permit), "what it shows is taken back all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_box_that_was_left_on_stops_what_is_taken_back_and_gets_nothing_else() {
    let data = undecided();
    data.ok(&["approval", "give", "--all", "--decision", "12/QĐ-UBND"]);
    let server = TownServer::start(&data, at(DAY, "07:00")).await;
    server.plan().await;
    let mut old = server.device(&data, "C-01").await;
    old.sim.clock.advance_to(at(DAY, "07:50"));
    server.clock.jump_to(at(DAY, "07:50"));
    old.sim.meet().await;
    old.sim.step_until(at(DAY, "08:10"));
    server.clock.jump_to(at(DAY, "08:10"));
    std::fs::remove_file(data.path().join("C-01.provision.toml")).unwrap();
    server.new_box(&data, "C-01", 4_711).await;

    let way = HttpTransport::of(&old.identity).unwrap();
    let plan = server.rooms.planning.store().newest(&"C-01".parse().unwrap(), DAY.parse().unwrap()).await.unwrap();
    let plan = plan.unwrap();
    let asked = Request::get(format!("/device/v1/plans/{}", plan.head.hash));
    assert_eq!(way.send(asked).await.unwrap().status, 404, "its plans are another box's");
    let events = way.events(Request::get("/device/v1/events")).await.unwrap();
    assert_eq!(events.status, 200);
    let mut events = EventReader::new(events.body);
    assert_eq!(events.next().await.unwrap().name, "playlist", "at once: look at the index");

    let number = proposal(&server, "notice").await.number;
    let (van, city) = (somebody("van", Role::Approver, None), server.rooms.city().await.unwrap());
    server.rooms.approvals.withdraw(number, (&van, "nội dung sai"), &city.directory).await.unwrap();
    server.rooms.fleet.announce_withdrawal();
    assert_eq!(events.next().await.unwrap().name, "playlist", "it is called");
    let before = records(&old).len();
    old.sim.meet().await;
    old.sim.step_until(at(DAY, "08:30"));
    let after: Vec<PlayRecord> = records(&old).split_off(before).into_iter().filter(|r| r.result.was_shown()).collect();
    let of_notice = |r: &&PlayRecord| plan.assets.assets[usize::from(r.item)].code.as_str() == "notice";
    assert!(after.iter().filter(of_notice).all(|r| r.result == PlayResult::Partial(Cause::Withdrawn)), "{after:?}");
    assert!(after.iter().filter(of_notice).count() <= 1 && after.len() > 60, "and it is not dark: {after:?}");
}

#[test]
fn the_shell_says_what_waits_and_what_it_did() {
    let data = undecided();
    let list = || -> Vec<Value> {
        serde_json::from_str(&data.ok(&["approval", "list", "--all", "--format", "json"])).unwrap()
    };
    let waiting: Vec<String> = list().iter().map(|row| row["campaign"].as_str().unwrap().to_owned()).collect();
    assert_eq!(waiting, ["notice", "safe-loop", "safe-sound", ORDER], "in the order in which they came");
    assert!(list().iter().all(|row| row["state"] == "open" && row["brought_by"] == "shell"));
    assert!(list().iter().all(|row| row["people"] == 2), "the city's, and on others' screens");

    data.fails(2, &["approval", "give", "4"]);
    assert!(data.fails(1, &["approval", "give", "4", "--decision", " "]).contains("--decision"));
    data.ok(&["approval", "give", "4", "--decision", "12/QĐ-UBND"]);
    assert!(data.fails(1, &["approval", "give", "4", "--decision", "12/QĐ"]).contains("is approved already"));
    assert!(data.fails(1, &["approval", "give", "9", "--decision", "12/QĐ"]).contains("proposal 9"));
    data.ok(&["approval", "refuse", "1", "--reason", "chữ quá nhỏ"]);
    let states: Vec<String> = list().iter().map(|row| row["state"].as_str().unwrap().to_owned()).collect();
    assert_eq!(states, ["refused", "open", "open", "approved"]);
    let shown: Value = serde_json::from_str(&data.ok(&["approval", "show", "4"])).unwrap();
    assert_eq!((&shown["said"][0]["by"], &shown["said"][0]["words"]), (&"shell".into(), &"12/QĐ-UBND".into()));
    assert_eq!(shown["draft"]["permit"]["until"], "2024-09-22");
    assert!(data.fails(1, &["approval", "withdraw", "2", "--reason", "x"]).contains("nothing to take back"));
    assert!(data.fails(1, &["approval", "withdraw", "4", "--reason", ""]).contains("--reason"));
    let file = shown["draft"]["permit"]["media"][0]["hash"].as_str().unwrap();
    data.ok(&["approval", "withdraw", "--media", file, "--reason", "sai hình"]);
    data.ok(&["approval", "withdraw", "4", "--reason", "sai hình"]);
    assert_eq!(list()[3]["state"], "withdrawn");
    // brought once more it waits once more, but its file was taken back for good
    data.ok(&["import", "directives", &fixture("order.toml")]);
    assert_eq!((list().len(), &list()[4]["state"]), (5, &"open".into()));
}

/// A browser in which somebody has signed in with a second factor.
struct Browser<'s> {
    server: &'s TownServer,
    pass: Pass,
    client: reqwest::Client,
}

impl<'s> Browser<'s> {
    async fn of(server: &'s TownServer, name: &str, role: Role, unit: Option<&str>) -> Self {
        let pass = account(&server.rooms.store, name, &[(role, unit)], at(DAY, "07:00")).await;
        Self { server, pass, client: common::client() }
    }

    async fn page(&self, path: &str) -> (u16, String) {
        let request = self.client.get(format!("{}{path}", self.server.url)).header("cookie", &self.pass.cookie);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap_or_default())
    }

    /// Presses a button of a proposal.
    async fn says(&self, number: u32, say: &str, words: &str) -> (u16, String) {
        let form = [("form_token", self.pass.form_token.as_str()), ("say", say), ("words", words)];
        self.posts(number, &form).await
    }

    async fn posts(&self, number: u32, form: &[(&str, &str)]) -> (u16, String) {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let body: Vec<String> =
            form.iter().map(|(key, value)| format!("{key}={}", value.replace('Đ', "%C4%90"))).collect();
        let request = client.post(format!("{}/approvals/{number}", self.server.url)).body(body.join("&"));
        let request = request.header("cookie", &self.pass.cookie).header("sec-fetch-site", "same-origin");
        let answer = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap_or_default())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_page_people_see_what_waits_and_press_two_buttons() {
    let data = undecided();
    let server = TownServer::start(&data, at(DAY, "07:00")).await;
    let order = proposal(&server, ORDER).await.number;
    let van = Browser::of(&server, "van", Role::Approver, None).await;
    let minh = Browser::of(&server, "minh", Role::Approver, None).await;
    let (ward, viewer) = (
        Browser::of(&server, "phuong", Role::Approver, Some("P1")).await,
        Browser::of(&server, "xem", Role::Viewer, None).await,
    );

    let (status, html) = van.page("/approvals").await;
    assert_eq!(status, 200);
    assert!(html.contains("Đường phố sạch") && html.contains("Cần hai người"), "{html}");
    let file = proposal(&server, ORDER).await.draft.permit.media[0].hash.to_string();
    assert_eq!(van.page(&format!("/approvals/files/{file}")).await.0, 200, "he can look at it");
    let button = "name=\"say\" value=\"approve\"";
    assert!(html.contains(button) && html.contains(&file));
    assert!(!viewer.page("/approvals").await.1.contains(button), "who only looks has no buttons");
    let (_, html) = ward.page("/approvals").await;
    assert!(!html.contains("Đường phố sạch"), "the city's orders are not the ward's business: {html}");
    assert_eq!(ward.page(&format!("/approvals/files/{file}")).await.0, 404);

    assert_eq!(van.posts(order, &[("say", "approve"), ("words", "")]).await.0, 403, "not from a page of this server");
    let (status, html) = viewer.says(order, "approve", "").await;
    assert!(status == 409 && html.contains("bạn không có quyền duyệt ở đây"), "{html}");
    // of the city's orders the ward learns nothing, neither that there is one nor how it stands
    let alike = |(status, html): (u16, String), number: u32| (status, html.replace(&format!("/{number}?"), "/N?"));
    let nobodys = alike(ward.says(9_999, "approve", "").await, 9_999);
    assert_eq!((nobodys.0, &alike(ward.says(order, "approve", "").await, order)), (404, &nobodys));
    assert_eq!(van.says(order, "approve", "12/QĐ").await.0, 303);
    assert_eq!(van.says(order, "approve", "12/QĐ").await.0, 303, "twice is once");
    assert_eq!(proposal(&server, ORDER).await.state, State::Open);
    let (his, other) = (van.page("/approvals").await.1, minh.page("/approvals").await.1);
    let waits = "Bạn đã duyệt. Còn chờ một người nữa.";
    assert!(his.contains(waits) && his.matches(button).count() + 1 == other.matches(button).count(), "{his}");
    assert!(other.contains("van đã duyệt lúc") && !other.contains(waits));
    assert_eq!(minh.says(order, "approve", "12/QĐ").await.0, 303);
    assert_eq!(proposal(&server, ORDER).await.state, State::Approved);
    // one hand made approvers of both: whoever looks is told, and how long ago that was
    let told = "Hai người duyệt đều do máy chủ (dòng lệnh) giao vai trò, lần gần nhất";
    let page = minh.page("/approvals").await.1;
    assert_eq!(page.matches(told).count(), 1, "{page}");
    let shown: Value = serde_json::from_str(&data.ok(&["approval", "show", &order.to_string()])).unwrap();
    assert_eq!((&shown["one_hand"]["by"], &shown["number"]), (&"shell".into(), &order.into()));
    let decided = ward.says(order, "approve", "").await;
    let no_form = ward.posts(order, &[("form_token", &ward.pass.form_token)]).await;
    assert_eq!((alike(decided, order), alike(no_form, order)), (nobodys.clone(), nobodys));
    let notice = proposal(&server, "notice").await.number;
    assert_eq!(minh.says(notice, "refuse", "").await.0, 409, "a no needs a reason");
    assert_eq!(minh.says(notice, "refuse", "mờ").await.0, 303);

    assert!(server.rooms.fleet.withdrawals().await.unwrap().is_none());
    assert_eq!(viewer.says(order, "withdraw", "sai").await.0, 409);
    assert_eq!(van.says(order, "withdraw", "sai").await.0, 303);
    assert!(server.rooms.fleet.withdrawals().await.unwrap().is_some());
    assert_eq!(proposal(&server, ORDER).await.state, State::Withdrawn);
    // the shell knows whom to ask, once they have chosen a password
    server.rooms.store.write(|tx| Ok(tx.execute("UPDATE account SET password = 'x'", [])?)).await.unwrap();
    let refused = data.fails(1, &["approval", "give", "--all", "--decision", "13/QĐ"]);
    assert!(refused.contains("the shell approves nothing where people may: minh, van"), "{refused}");
}
