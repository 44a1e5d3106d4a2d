//! Pictures of the pages that show what happened, as people see them: a real Chromium at the people's door.

use super::cast::{WARD, WARD_SCREENS, gate};
use super::chrome::{Chrome, Look};
use super::month::{Month, ORDER};

/// Who looks.
enum Who {
    Officer,
    Hall,
    Editor,
    Auditor,
}

/// Takes them into a directory beside the list.
pub(crate) async fn take(month: &mut Month) {
    let period = format!("period=days&from={}&to={}", month.first, month.last);
    let dark = month.on(month.size.dark.0);
    let second = month.on(1);
    let seen = [
        (Who::Editor, "today", "/".to_owned()),
        (Who::Officer, "ward", format!("/units/{WARD}")),
        (Who::Officer, "led-on-the-second-day", format!("/screens/{}?day={second}", WARD_SCREENS[2])),
        (Who::Hall, "alerts", "/alerts".to_owned()),
        (Who::Hall, "dark-day", format!("/screens/{}?day={dark}", gate(2))),
        (Who::Editor, "order", format!("/orders/{ORDER}")),
        (Who::Editor, "report", format!("/reports?{period}")),
        (Who::Auditor, "draws", "/audit/draws".to_owned()),
    ];
    for look in [Look::PHONE, Look::DESK] {
        let chrome = Chrome::start(look).await;
        for (who, name, path) in &seen {
            let one = match who {
                Who::Officer => &mut month.people.officer,
                Who::Hall => &mut month.people.hall,
                Who::Editor => &mut month.people.editor,
                Who::Auditor => &mut month.people.auditor,
            };
            assert!(one.signs_in(&month.world).await);
            let page = one.sees(&month.world, path).await; // so that what it shows is there
            assert_eq!(page.status, 200, "{path}");
            chrome.wear(&month.world.house.url, Some(&one.session())).await;
            chrome.go(&format!("{}{path}", month.world.house.url)).await;
            std::fs::write(month.artefact(&format!("{name}-{}.jpg", look.word())), chrome.whole_page().await).unwrap();
        }
    }
}
