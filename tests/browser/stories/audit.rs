//! Who checks: from a play that does not count to its reason, a sample that somebody goes to look at, and the bundle to take along.

use crate::person::{Account, Person, WAYS};
use crate::place::{FIRST, Place, TODAY};

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_finds_why_a_play_does_not_count_draws_a_sample_enters_findings_and_takes_the_bundle() {
    for way in WAYS {
        let place = Place::alive().await;
        place.server.rooms.log.round().await.unwrap();
        let account = Account::new(&place, "kiem-tra", &["--role", "auditor", "--unit", "HN"]).await;
        let mut auditor = Person::by(&place, "auditor", way).await;
        auditor.sign_in(&account).await;
        auditor.follow("/audit").await;
        auditor.fill("audit-campaign", "clean-street").await;
        auditor.fill("audit-from", FIRST).await;
        auditor.fill("audit-to", TODAY).await;
        auditor.press("audit-ask").await;
        auditor.reads("Góc phố số 2").await;
        let rows = auditor.chrome.ask("return document.querySelectorAll('table.plays tbody tr').length", vec![]).await;
        assert!(rows.as_u64().unwrap() > 0, "the clip that broke off is among them");
        auditor.guide_picture("auditor-plays", "#plays").await;
        let bundle = auditor.word("audit-bundle-get");
        auditor.guide_picture("auditor-bundle", "ol.steps").await;
        let bytes = auditor.download(&bundle).await;
        let open = || -> std::io::Result<_> { Ok(std::io::Cursor::new(bytes.clone())) };
        let verdict = lichphat_verify::verify(open, &lichphat_verify::Options::default(), &mut |_: u64, _: u64| {});
        assert!(verdict.is_ok(), "{:?}", verdict.err());

        auditor.follow("/audit/draws").await;
        auditor.fill("audit-campaign", "clean-street").await;
        auditor.fill("audit-from", FIRST).await;
        auditor.fill("audit-to", FIRST).await;
        auditor.fill("audit-seed", "XSMB 21/9/2024: 48213").await;
        auditor.press("audit-draw-button").await;
        auditor.reads("48213").await;
        auditor.guide_picture("auditor-draw", "h1").await;
        let words = auditor.word("audit-list");
        let list = String::from_utf8(auditor.download(&words).await).unwrap();
        // on paper he was everywhere; one screen was dark
        let mut lines = list.trim_start_matches('\u{feff}').lines();
        let head = lines.next().unwrap();
        let between = if head.contains(';') { ";" } else { "," }; // as a spreadsheet of the reader's language has it
        let at = |column: &str| head.split(between).position(|name| name == column).unwrap();
        let filled = lines.enumerate().map(|(n, line)| {
            let mut cells: Vec<&str> = line.split(between).collect();
            cells[at("result")] = if n == 0 { "tối" } else { "đúng" };
            (cells[at("by")], cells[at("at")]) = ("Thanh tra", "2024-09-21 09:10");
            cells.join(between)
        });
        let filled = [head.to_owned()].into_iter().chain(filled).collect::<Vec<_>>().join("\n");
        auditor.chrome.ask("document.getElementById('text').value = arguments[0]", vec![filled.into()]).await;
        auditor.steps += 1; // pasted
        auditor.press("audit-findings-button").await;
        auditor.reads_word("audit-done-found").await;
        auditor.guide_picture("auditor-finding", "h1").await;
        assert!(auditor.done() <= 24);
    }
}
