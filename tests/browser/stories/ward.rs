//! Who works in a ward: whoever looks after its screens, whoever says yes to what they show, and its head.

use crate::chrome::say;
use crate::paper::letters;
use crate::person::{Account, Person, WAYS};
use crate::place::Place;
use lichphat::campaigns::CampaignStore as _;
use lichphat::people::Role;
use lichphat::report::Form;
use lichphat_playlists::ids::DirectiveCode;

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_learns_whether_the_ward_meets_its_quota_which_screen_is_dark_and_what_it_shows() {
    let place = Place::alive().await;
    let account = Account::new(&place, "lan", &["--role", "operator", "--unit", "P1"]).await;
    for way in WAYS {
        let mut lan = Person::by(&place, "operator-looks", way).await;
        lan.sign_in(&account).await;
        lan.reads_word("today-do").await;
        let things =
            lan.chrome.ask("return document.querySelectorAll('#today > section > ol.do > li a.button').length", vec![]);
        let things = things.await.as_u64().unwrap();
        assert!((1..=3).contains(&things), "{things} things to do now, each with its button");
        lan.reads("Góc phố số 2").await;
        lan.guide_picture("operator-today", "").await;
        lan.follow("/screens/C-02").await;
        lan.reads("Góc phố số 2").await;
        lan.follow("/units/P1").await;
        lan.follow("/screens/C-01").await;
        lan.press("ask-screenshot").await;
        // the box answers, and the page that is open shows it by itself
        let picture = lan.chrome.jpeg().await;
        place.answer_with(&picture).await;
        lan.until("const i = document.querySelector('img.shot'); if (i) i.scrollIntoView(); return !!i && i.complete && i.naturalWidth > 0", vec![]).await;
        lan.looked().await;
        assert!(lan.done() <= 12);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_brings_a_picture_puts_it_into_the_round_and_sends_it_for_approval() {
    let place = Place::alive().await;
    let account = Account::new(&place, "lan", &["--role", "operator", "--unit", "P1"]).await;
    for way in WAYS {
        let name = format!("tra-sen-{}", way.0.word());
        let mut lan = Person::by(&place, "operator", way).await;
        lan.sign_in(&account).await;
        lan.follow("/content").await;
        lan.choose("content-file", &place.picture(&format!("{name}.png"))).await;
        lan.press("content-upload").await;
        lan.reads(&name).await;
        lan.reads_word("content-state-draft").await;
        let seen = "return [...document.querySelectorAll('ol.loop img')].every(i => (i.loading = 'eager', i.complete))";
        lan.until(seen, vec![]).await;
        lan.guide_picture("operator-content", "").await;
        let item = "return document.querySelector('ol.loop li:last-child .deeds a.button').getAttribute('href')";
        let item = lan.chrome.ask(item, vec![]).await;
        lan.follow(item.as_str().unwrap()).await;
        lan.fill("content-name", "Trà sen Tây Hồ").await;
        lan.fill_named("hours_from", "07:00").await;
        lan.fill_named("hours_to", "10:00").await;
        lan.guide_picture("operator-item", "form.item").await;
        lan.press("content-save").await;
        lan.reads("07:00").await;
        lan.press("content-send").await;
        lan.reads("Trà sen Tây Hồ").await;
        let sent =
            lan.chrome.ask("return document.querySelector('ol.loop li:last-child .state').innerText", vec![]).await;
        let number = |text: &str| text.chars().any(|c| c.is_ascii_digit());
        assert!(sent.as_str().is_some_and(number), "it waits as a proposal with a number: {sent}");
        lan.until(seen, vec![]).await;
        lan.guide_picture("operator-sent", "#loop").await;
        assert!(lan.done() <= 16);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approver_sees_picture_and_hash_says_yes_and_no_and_who_comes_later_is_told() {
    let place = Place::alive().await;
    let lan = place.role(Role::Operator, Some("P1")).await;
    for name in ["Lịch tiếp dân", "Ngày hội đọc sách", "Lịch tiếp dân tháng 10", "Ngày hội trà sen"]
    {
        place.brings(&lan, &format!("{name}.png")).await;
    }
    let binh = Account::new(&place, "binh", &["--role", "approver", "--unit", "P1"]).await;
    let chi = Account::new(&place, "chi", &["--role", "unit-head", "--unit", "P1"]).await;
    for way in WAYS {
        let mut later = Person::by(&place, "later-approver", way).await;
        later.sign_in(&chi).await;
        later.follow("/approvals").await;
        let mut first = Person::by(&place, "approver", way).await;
        first.sign_in(&binh).await;
        first.follow("/approvals").await;
        first.until("const i = document.querySelector('.answers img'); i.scrollIntoView(); return i.complete && i.naturalWidth > 0", vec![]).await;
        let hash = "return /[0-9a-f]{64}/.test(document.querySelector('.answers .code').innerText)";
        assert_eq!(first.chrome.ask(hash, vec![]).await, true);
        first.guide_picture("approver-waiting", "section.wait").await;
        let waiting = "return document.querySelectorAll('section.wait').length";
        let before = first.chrome.ask(waiting, vec![]).await.as_u64().unwrap();
        first.fill("approvals-decision", "12/QĐ-UBND").await;
        first.press("approvals-approve").await;
        assert_eq!(first.chrome.ask(waiting, vec![]).await.as_u64().unwrap() + 1, before);
        first.reads("12/QĐ-UBND").await;
        first.fill("approvals-reason", "sai ngày tiếp dân").await;
        first.press("approvals-refuse").await;
        assert_eq!(first.chrome.ask(waiting, vec![]).await.as_u64().unwrap() + 2, before);
        first.reads("sai ngày tiếp dân").await;
        first.guide_picture("approver-decided", "#decided").await;
        assert!(first.done() <= 10);
        // the other one has the page of before: she is told, and the yes stands
        later.fill("approvals-reason", "không phù hợp").await;
        later.press("approvals-refuse").await;
        later.until("return !!document.querySelector('[role=alert]')", vec![]).await;
        later.reads("12/QĐ-UBND").await;
        later.done();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_head_of_a_ward_raises_an_order_with_the_number_of_a_decision_and_lowers_none() {
    let place = Place::alive().await;
    let account = Account::new(&place, "truong", &["--role", "unit-head", "--unit", "P1"]).await;
    for (way, plays, number) in [(WAYS[0], "6", "15/QĐ-UBND"), (WAYS[1], "8", "16/QĐ-UBND")] {
        let mut head = Person::by(&place, "head", way).await;
        head.sign_in(&account).await;
        head.follow("/orders").await;
        head.follow("/orders/clean-street").await;
        head.follow("/orders/clean-street/raise").await;
        head.fill("orders-raise-plays", "3").await;
        head.fill("orders-raise-number", number).await;
        head.press("orders-raise-look").await;
        let rule =
            head.chrome.ask("return document.querySelector('form .state.bad, [role=alert]').innerText", vec![]).await;
        assert!(rule.as_str().unwrap().contains('4'), "what it may not fall below is said: {rule}");
        head.guide_picture("head-refused", "form.order").await;
        head.fill("orders-raise-plays", plays).await;
        // whether it fits is worked out beside the page
        let working = head.word("orders-raise-working");
        loop {
            head.press("orders-raise-look").await;
            head.reads_word("orders-raise-shows").await;
            if !head.text().await.contains(&working) {
                break;
            }
            head.steps -= 1;
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        head.guide_picture("head-raise", "[role=status]").await;
        head.press("orders-raise-save").await;
        head.reads(number).await;
        head.guide_picture("head-raised", "#changes").await;
        assert!(head.done() <= 16);
    }
    let campaigns = place.server.rooms.store.campaigns().await.unwrap();
    let order = campaigns.directive(&DirectiveCode::new("clean-street").unwrap()).unwrap();
    assert_eq!(order.overrides.iter().map(|o| o.plays).collect::<Vec<_>>(), [6, 8]);
}

/// He takes the paper home, which bears the hash that he reads on the page.
async fn paper(head: &mut Person<'_>) {
    if !Form::Pdf.is_there() {
        return say("*** lichphat-paper is not on the PATH (`make test` puts it there): the paper is LEFT OUT ***");
    }
    let (words, page) = (head.word("reports-file-pdf"), head.text().await);
    let hash = page.split(|c: char| !c.is_ascii_hexdigit()).find(|word| word.len() == 64).unwrap();
    let pdf = head.download(&words).await;
    assert!(pdf.starts_with(b"%PDF-"), "it is paper");
    let text = letters(pdf);
    assert!(text.contains(hash), "{hash} is not on paper: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_head_of_a_ward_takes_a_report_home_and_closes_its_period() {
    for way in WAYS {
        let place = Place::alive().await;
        let account = Account::new(&place, "truong", &["--role", "unit-head", "--unit", "P1"]).await;
        let mut head = Person::by(&place, "report", way).await;
        head.sign_in(&account).await;
        head.follow("/reports").await;
        head.fill("reports-period", "day").await;
        head.fill("reports-of", crate::place::FIRST).await;
        head.fill("reports-unit", "P1").await;
        head.press("reports-show").await;
        head.until("return !!document.querySelector('#report-title')", vec![]).await;
        head.looked().await;
        head.guide_picture("head-report", "#report-title").await;
        let book = head.download("XLSX").await;
        assert!(book.starts_with(b"PK"), "a workbook is a zip");
        head.unfold("reports-paper").await;
        let document = head.word("reports-file-docx");
        assert!(head.download(&document).await.starts_with(b"PK"), "so is a document");
        paper(&mut head).await;
        head.press("reports-close").await;
        head.until("return !!document.querySelector('ul.closings')", vec![]).await;
        head.reads("truong").await;
        head.looked().await;
        head.guide_picture("head-closed", "#report-title").await;
        assert!(head.done() <= 16);
    }
}
