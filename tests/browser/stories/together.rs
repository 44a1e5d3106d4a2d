//! What goes wrong among people: two at one thing, a line that is cut, a keyboard and nothing else.

use crate::chrome::{Chrome, Look};
use crate::person::{Account, ENTER, Person, WAYS};
use crate::place::{NAMES, Place};
use lichphat::lang::Lang;
use serde_json::json;
use std::time::{Duration, Instant};

/// A word of the page's own.
fn word(key: &str) -> String {
    Lang::Vi.text(key)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_at_one_draft_of_an_order_lose_nothing() {
    let place = Place::alive().await;
    let lan = Account::new(&place, "lan", &["--role", "city-editor", "--unit", "HN"]).await;
    let hoa = Account::new(&place, "hoa", &["--role", "city-editor", "--unit", "HN"]).await;
    let edit = "/orders/drafts/1/edit";
    let (way, number, plays) = (WAYS[1], "21/CĐ-UBND", "5");
    let (mut one, mut other) =
        tokio::join!(Person::by(&place, "draft-one", way), Person::by(&place, "draft-other", way));
    for (person, account) in [(&mut one, &lan), (&mut other, &hoa)] {
        person.sign_in(account).await;
        person.follow("/orders").await;
        person.follow("/orders/drafts/1").await;
        person.follow(edit).await;
    }
    one.fill("orders-f-number", number).await;
    one.fill("orders-f-title", &format!("Phố sạch, {number}")).await;
    one.press("orders-save").await;
    // the other one has the form of before, in another field and in the same one
    other.fill("orders-f-quota-plays", plays).await;
    let title = format!("Phố sạch mỗi ngày, {plays} lần");
    other.fill("orders-f-title", &title).await;
    other.press("orders-save").await;
    other.until("return !!document.querySelector('section[role=alert]')", vec![]).await;
    other.reads(&format!("Phố sạch, {number}")).await;
    let value = "return document.getElementsByName(arguments[0])[0].value";
    for (field, held) in [("number", number), ("quota.plays", plays), ("title", title.as_str())] {
        assert_eq!(other.chrome.ask(value, vec![json!(field)]).await, held, "{field}");
    }
    other.press("orders-save").await;
    for held in [number, title.as_str()] {
        other.reads(held).await;
    }
    one.done();
    other.done();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_at_one_item_of_the_round_lose_nothing_and_a_name_that_means_harm_is_only_a_name() {
    let place = Place::alive().await;
    let lan = Account::new(&place, "lan", &["--role", "operator", "--unit", "P1"]).await;
    let hoa = Account::new(&place, "hoa", &["--role", "operator", "--unit", "P1"]).await;
    let item = "/content/P1/items/ban-tin";
    let way = WAYS[0];
    let (mut one, mut other) = tokio::join!(Person::by(&place, "item-one", way), Person::by(&place, "item-other", way));
    for (person, account) in [(&mut one, &lan), (&mut other, &hoa)] {
        person.sign_in(account).await;
        person.follow("/content").await;
        person.follow(item).await;
    }
    let harm = format!("{} {}", NAMES[0], way.0.word());
    one.fill("content-name", &harm).await;
    one.press("content-save").await;
    one.reads(NAMES[0]).await;
    let unharmed = "return window.harmed === undefined && !document.querySelector('main svg, main script:not([src])')";
    assert_eq!(one.chrome.ask(unharmed, vec![]).await, true);
    other.fill("content-name", "Bản tin tuần này").await;
    other.press("content-save").await;
    other.reads_word("content-changed").await;
    let typed = other.chrome.ask("return document.getElementsByName('title')[0].value", vec![]).await;
    assert_eq!(typed, "Bản tin tuần này", "what he typed is still there");
    other.press("content-save").await;
    other.reads("Bản tin tuần này").await;
    one.done();
    other.done();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_keyboard_alone_an_operator_signs_in_and_asks_a_screen_for_a_picture() {
    let place = Place::alive().await;
    let account = Account::new(&place, "phim", &["--role", "operator", "--unit", "P1"]).await;
    let mut person = Person::at(&place, "keyboard", Look::DESK).await;
    let (name, password, digits) = person.secrets(&account);
    person.tab_to(&word("sign-account"), &name).await;
    person.tab_to(&word("sign-password"), &password).await;
    person.tab_to(&word("sign-digits"), &(digits + ENTER)).await;
    person.until("return !location.pathname.startsWith('/login')", vec![]).await;
    person.tab_to("Góc phố số 1", ENTER).await;
    person.until("return location.pathname === '/screens/C-01'", vec![]).await;
    person.tab_to(&word("ask-screenshot"), ENTER).await;
    person.until("return !!document.querySelector('#asked .card')", vec![]).await;
    person.looked().await;
    person.done();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_says_so_and_so_does_its_return() {
    let mut place = Place::alive().await;
    let (pass, picture) = (place.pass.cookie.clone(), place.picture("giua-chung.png"));
    let (page, sends) = tokio::join!(Chrome::start(Look::PHONE), Chrome::start(Look::PHONE));
    for (chrome, path) in [(&page, "/units/P1"), (&sends, "/content/P1")] {
        chrome.wear(&place.url, Some(&pass)).await;
        chrome.go(&format!("{}{path}", place.url)).await;
    }
    let file = sends.client.find(fantoccini::Locator::Css("input[type=file]")).await.unwrap();
    file.send_keys(picture.to_str().unwrap()).await.unwrap();
    let says = async |chrome: &Chrome, part: &str, words: String| {
        let begun = Instant::now();
        while chrome.ask("return document.querySelector(arguments[0]).textContent", vec![json!(part)]).await != words {
            assert!(begun.elapsed().as_secs() < 60, "it never says {words:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    says(&page, "#lost", String::new()).await;
    place.shut();
    says(&page, "#lost", word("connection-lost")).await;
    page.picture("stories/lost-phone").await;
    assert!(page.faults().await.is_empty());
    // whoever is sending a file is told beside it
    sends.ask("document.querySelector('form.upload button').click()", vec![]).await;
    says(&sends, "[data-said]", word("content-upload-lost")).await;
    sends.picture("stories/lost-upload-phone").await;
    assert!(sends.faults().await.is_empty());
    place.reopen().await;
    says(&page, "#lost", String::new()).await;
}
