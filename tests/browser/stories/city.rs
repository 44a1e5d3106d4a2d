//! Who works for the city: two people who make an order, and whoever lets others in.

use crate::person::{Account, Person, WAYS};
use crate::place::Place;
use crate::visitor::{HERE, PASSWORD};

#[tokio::test(flavor = "multi_thread")]
async fn the_citys_editor_writes_an_order_by_form_sees_what_it_would_do_and_a_second_person_signs_it() {
    let place = Place::alive().await;
    let lan = Account::new(&place, "lan", &["--role", "city-editor", "--unit", "HN"]).await;
    let van = Account::new(&place, "van", &["--role", "approver", "--unit", "HN"]).await;
    for (way, code) in [(WAYS[0], "van-minh-do-thi"), (WAYS[1], "van-minh-do-thi-2")] {
        let mut editor = Person::by(&place, "editor", way).await;
        editor.sign_in(&lan).await;
        editor.follow("/orders").await;
        editor.follow("/orders/new").await;
        for (label, text) in [
            ("orders-f-title", "Tuyên truyền văn minh đô thị"),
            ("orders-f-code", code),
            ("orders-f-issuer", "HN"),
            ("orders-f-number", "21/CĐ-UBND"),
            ("orders-f-source", "công điện ngày 20/9/2024"),
            ("orders-f-from", "2024-09-23"),
            ("orders-f-to", "2024-09-29"),
            ("orders-f-target-unit", "HN"),
            ("orders-f-target-reason", "mục 2"),
            ("orders-f-quota-plays", "3"),
            ("orders-f-min-gap-s", "300"),
            ("orders-f-product-title", "Văn minh đô thị"),
            ("orders-f-product-length-s", "20"),
            ("orders-f-product-variant-media", "notice.png"),
            ("orders-f-product-variant-form", "silent"),
        ] {
            editor.fill(label, text).await;
        }
        // nothing was pressed: the answer comes as she types
        let answered = "return !!document.querySelector('#look .verdict') && !document.querySelector('[data-waits]') \
            && document.querySelectorAll('#look p').length > 1";
        editor.until(answered, vec![]).await;
        editor.looked().await;
        editor.guide_picture("editor-form", "").await;
        editor.guide_picture("editor-look", "#look-title").await;
        editor.press("orders-save").await;
        editor.reads_word("orders-draft-writing").await;
        editor.press("orders-put").await;
        editor.reads_word("orders-draft-put").await;
        editor.guide_picture("editor-put", "").await;
        assert!(editor.done() <= 26);

        let mut second = Person::by(&place, "second", way).await;
        second.sign_in(&van).await;
        second.follow("/orders").await;
        let draft = "return [...document.querySelectorAll('a')].find(a => a.pathname.startsWith('/orders/drafts/') \
            && a.innerText.includes('văn minh đô thị') && a.parentElement.innerText.includes(arguments[0])).getAttribute('href')";
        let draft = second.chrome.ask(draft, vec![second.word("orders-draft-put").into()]).await;
        second.follow(draft.as_str().unwrap()).await;
        second.fill("approvals-decision", "31/QĐ-UBND").await;
        second.press("orders-approve").await;
        second.until("return location.pathname === arguments[0]", vec![format!("/orders/{code}").into()]).await;
        second.reads("21/CĐ-UBND").await;
        second.guide_picture("editor-published", "").await;
        assert!(second.done() <= 9);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_comes_in_by_a_code_and_lets_another_one_in() {
    let place = Place::fresh().await;
    for (way, name, other) in [(WAYS[0], "quan-tri", "hoa"), (WAYS[1], "quan-tri-2", "hoa-2")] {
        let people = &place.server.rooms.people;
        let code = people.first_administrator().await.unwrap();
        let mut admin = Person::by(&place, "administrator", way).await;
        admin.follow("/first").await;
        admin.fill("first-code", &code).await;
        admin.press("first-next").await;
        admin.fill("sign-account", name).await;
        admin.fill("first-name", "Nguyễn Văn Bình").await;
        admin.fill("first-password", PASSWORD).await;
        admin.fill("first-again", PASSWORD).await;
        admin.guide_picture("administrator-first", "section.sign").await;
        // the telephone reads the picture
        let authenticator = people.first(&code, HERE).await.unwrap().authenticator;
        admin.fill("sign-digits", &authenticator.digits(place.server.rooms.clock.now())).await;
        admin.press("first-done").await;
        place.a_minute_later();
        admin.follow("/people").await;
        admin.fill("sign-account", other).await;
        admin.fill("first-name", "Nguyễn Thị Hoa").await;
        admin.fill("people-role", "operator").await;
        admin.fill("people-unit", "P1").await;
        admin.guide_picture("administrator-people", "#add").await;
        admin.press("people-add").await;
        admin.reads_word("people-code").await;
        let code = "return /^[0-9A-Z-]{16,}$/.test(document.querySelector('[role=status] code').innerText)";
        assert_eq!(admin.chrome.ask(code, vec![]).await, true);
        admin.guide_picture("administrator-code", "").await;
        assert!(admin.done() <= 18);
    }
}
