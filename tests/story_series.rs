//! A series: re-broadcast by who has asked for it; the newest episode takes the place of the last one by itself, on its day, once
//! it may be shown.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use common::TestData;
use common::town::{TownServer, at, fixture, import, town};
use lichphat::clock::SystemClock;
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::time::HANOI;
use serde_json::{Value, json};

/// So many days after the real one: the command line lives in it.
fn day(n: u32) -> String {
    SystemClock::new().now().day(HANOI).plus(n).to_string()
}

fn head() -> String {
    format!(
        "code = 'talk'\ntitle = 'Tọa đàm hằng tuần'\nkind = 'play'\nsample = true\nissuer = 'HN'\nnumber = '12/KH'\n\
         from = {}\nto = {}\nsource = 'made up for the story'\nweight = 2\n",
        day(0),
        day(90)
    )
}
const FIRST: &str = "[product]\ntitle = 'Tập 1'\nlength_s = 15\n[[product.variant]]\nlang = 'vi'\nform = 'subtitled'\nfile = 'spot.mp4'\n\
    [[target]]\nunit = 'HN'\nlink = 'territory'\nforce = 'encouraged'\nopt_in = true\nreason = 'đơn vị có nhu cầu thì phát lại'\n";
fn second(from: &str) -> String {
    format!(
        "[[episode]]\nnumber = '2'\nfrom = {from}\n[episode.product]\ntitle = 'Tập 2'\nlength_s = 20\n\
         [[episode.product.variant]]\nlang = 'vi'\nform = 'silent'\nfile = 'notice.png'\n"
    )
}

fn asked(unit: &str, from: &str, more: &str) -> String {
    format!("[[opt_in]]\nunit = '{unit}'\nlink = 'territory'\nfrom = {from}\nnumber = '7/UBND'\n{more}")
}

/// Two wards, one corner each, and the clips beside the orders.
fn wards() -> TestData {
    let data = town().approving(false);
    import(&data, "units", "u.csv", "code,name,kind,parent\nP2,Phường Hai,ward,HN\n");
    let screen = "code,name,venue_type,kind,width,height,output,owner,territory\nC-09,Góc phố,corner,managed,1920,1080,video,P2,P2\n";
    import(&data, "screens", "s.csv", screen);
    data
}

fn bring(data: &TestData, parts: &[&str]) {
    for clip in ["spot.mp4", "notice.png"] {
        std::fs::copy(fixture(clip), data.path().join(clip)).unwrap();
    }
    let path = data.path().join("talk.toml");
    std::fs::write(&path, parts.concat()).unwrap();
    data.bring("directives", path.to_str().unwrap());
}

/// What the newest plan of a day shows of the series: the title's length stands for the episode.
async fn shown(server: &TownServer, screen: &str, day: &str) -> Option<u32> {
    let screen = ScreenCode::new(screen).unwrap();
    let plan = server.rooms.planning.store().newest(&screen, day.parse().unwrap()).await.unwrap()?;
    let assets: Vec<_> = plan.assets.assets.iter().filter(|a| a.code.as_str() == "talk").collect();
    assert!(assets.len() <= 1, "one episode at a time: {assets:?}");
    assets.first().map(|a| a.media.duration_s)
}

async fn page(server: &TownServer, path: &str) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let pass = common::people::everything(&server.rooms.store, server.clock.now()).await;
    let page = reqwest::Client::new().get(format!("{}{path}", server.url)).header("cookie", pass.cookie);
    page.send().await.unwrap().text().await.unwrap()
}

fn why(data: &TestData, day: &str) -> Value {
    let at = format!("{day} 08:30");
    let ask = ["why", "--screen", "C-01", "--campaign", "talk", "--at", &at, "--format", "json"];
    serde_json::from_str(&data.ok(&ask)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_yes_is_named_by_the_episode_that_is_wanted_here() {
    let data = wards();
    let [now, tomorrow] = [0, 1].map(day);
    let heard = second(&now).replace("form = 'silent'", "form = 'silent'\nvenue_types = ['loudspeaker']");
    bring(&data, &[&head(), FIRST, &asked("P1", &now, "")]);
    bring(&data, &[&head(), FIRST, &asked("P1", &now, ""), &heard]);
    let server = TownServer::start(&data, at(&now, "20:00")).await;
    server.plan().await;
    let all = server.rooms.approvals.proposals().await.unwrap();
    let number = |title: &str| all.iter().find(|p| p.draft.title == title).unwrap().number;
    assert!(number("Tập 1") < number("Tập 2"), "the newest is the other episode's");
    let answer = why(&data, &tomorrow);
    let record = format!("proposal {} (open)", number("Tập 1"));
    assert_eq!((&answer["rule"], &answer["record"]), (&json!("not-approved"), &json!(record)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_episode_takes_the_place_of_the_last_where_somebody_asked_for_it() {
    let data = wards();
    let [now, tomorrow, third, last, after] = [0, 1, 3, 4, 5].map(day);
    bring(&data, &[&head(), FIRST, &asked("P1", &now, "")]);
    data.approve();
    let server = TownServer::start(&data, at(&now, "20:00")).await;
    server.plan().await;
    assert_eq!(shown(&server, "C-01", &tomorrow).await, Some(15));
    assert_eq!(shown(&server, "C-09", &tomorrow).await, None, "nobody in Phường Hai has asked for it");

    // the second episode comes in, and until somebody has said yes to it the first goes on
    bring(&data, &[&head(), FIRST, &asked("P1", &now, ""), &second(&third)]);
    server.plan().await;
    assert_eq!(shown(&server, "C-01", &third).await, Some(15));
    let week = page(&server, "/screens/C-01/week").await;
    assert!(week.contains("Góc phố số 1") && !week.contains("Chưa được duyệt"), "{week}");
    data.approve();
    server.plan().await;
    assert_eq!(shown(&server, "C-01", &tomorrow).await, Some(15), "its day has not come");
    assert_eq!(shown(&server, "C-01", &third).await, Some(20), "by itself, on its day");
    let page = page(&server, "/orders/talk").await;
    for said in ["Tập 2, từ ", "Phường Một đăng ký phát từ ", "chỉ trên màn hình của đơn vị đã đăng ký"]
    {
        assert!(page.contains(said), "{said}\n{page}");
    }

    // the other ward asks, the first one has had enough of it in time
    let ended = format!("to = {last}\n");
    bring(&data, &[&head(), FIRST, &asked("P1", &now, &ended), &asked("P2", &last, ""), &second(&third)]);
    server.plan().await;
    assert_eq!(shown(&server, "C-09", &third).await, None);
    assert_eq!(shown(&server, "C-09", &last).await, Some(20));
    assert_eq!((shown(&server, "C-01", &last).await, shown(&server, "C-01", &after).await), (Some(20), None));
}

#[test]
fn what_has_played_stays_as_it_was_and_mistakes_are_named() {
    let data = wards();
    let no = |parts: &[&str]| {
        std::fs::write(data.path().join("talk.toml"), parts.concat()).unwrap();
        data.fails(1, &["import", "directives", data.path().join("talk.toml").to_str().unwrap()])
    };
    let (now, head) = (day(0), head());
    let (p1, two) = (asked("P1", &now, ""), second(&day(1)));
    let one = two.replace(&day(1), &now).replace("'2'", "'1b'");
    bring(&data, &[&head, FIRST, &p1, &one]);
    for edited in [String::new(), two.clone(), one.replace("length_s = 20", "length_s = 21")] {
        let said = no(&[&head, FIRST, &p1, &edited]);
        assert!(said.contains("an episode that has played is neither edited nor dropped"), "{said}");
    }
    let two = one.clone() + &two;
    bring(&data, &[&head, FIRST, &p1, &two]);
    bring(&data, &[&head, FIRST, &p1, &one]); // the second has not played, so it may go
    bring(&data, &[&head, FIRST, &p1, &two]);
    let said = no(&[&head, FIRST, &two]);
    assert!(said.contains("opt_in[0].unit = \"P1\": who has asked stays in the list"), "{said}");
    let said = no(&[&head, FIRST, &p1, &two, &second(&day(1)).replace("'2'", "'3'")]);
    assert!(said.contains("episodes stand in order of their days"), "{said}");
    let said = no(&[&head, &FIRST.replace("opt_in = true\n", ""), &p1, &two]);
    assert!(said.contains("this order is not one to ask for"), "{said}");
    let said = no(&[&head, FIRST, &p1, &asked("P9", &now, ""), &two]);
    assert!(said.contains("opt_in[1].unit = \"P9\""), "{said}");
}
