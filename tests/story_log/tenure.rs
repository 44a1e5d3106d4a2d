//! Which box a screen was of decides which of two counts: `check` holds the table against the log, and makes it anew.

use super::{DAY, Hand, change, db, found};
use crate::common::TestData;
use crate::common::town::{TownServer, at, town};

/// Another box at a screen that has one.
async fn another(data: &TestData, server: &TownServer, screen: &str) -> Hand {
    std::fs::remove_file(data.path().join(format!("{screen}.provision.toml"))).unwrap();
    Hand { device: server.new_box(data, screen, 7 + screen.len() as u64).await, last: None, seq: 1 }
}

/// The table, as text.
fn table(data: &TestData) -> Vec<String> {
    let db = db(data);
    let mut rows =
        db.prepare("SELECT screen || ' ' || log_index || ' ' || device || ' ' || from_ms FROM tenure").unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenure_that_is_gone_moved_or_made_up_is_told_and_made_anew_from_the_log() {
    let data = town();
    let server = TownServer::start(&data, at(DAY, "08:00")).await;
    let mut first = Hand::new(&data, &server, "C-01").await;
    first.report(&server, 3).await;
    server.rooms.log.round().await.unwrap();
    server.clock.jump_to(at(DAY, "10:00"));
    let mut second = another(&data, &server, "C-01").await;
    second.report(&server, 2).await;
    let other = Hand::new(&data, &server, "C-02").await;
    server.rooms.log.round().await.unwrap();
    let honest = table(&data);
    assert_eq!((found(&data), honest.len()), (vec![], 3));

    // the replaced box would count on, another one lost its screen later, and a third one never stood there
    let second = second.device.identity.device;
    change(&data, &format!("DELETE FROM tenure WHERE device = {second}"));
    change(
        &data,
        &format!("UPDATE tenure SET from_ms = from_ms + 3600000 WHERE device = {}", other.device.identity.device),
    );
    change(&data, "INSERT INTO tenure VALUES ('C-01', 9000, 9, 0)");
    let told = found(&data);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told[0].starts_with("screen C-01, entry ") && told[0].contains("stored nothing; the log states device 2 from"),
        "{told:?}"
    );
    assert!(
        told[1].contains("entry 9000: stored device 9 from 1970-01-01T00:00:00.000+00:00; the log states nothing"),
        "{told:?}"
    );
    assert!(told[2].starts_with("screen C-02, entry ") && told[2].contains("stored device 3 from"), "{told:?}");

    // what is registered after the audit's moment is kept
    let words = String::from_utf8(data.run(&["check", "--repair"]).stderr).unwrap();
    assert!(words.contains("Made anew from the log: which box each screen was of."), "{words}");
    assert_eq!((found(&data), table(&data)), (vec![], honest));
    let refused = db(&data).execute("DELETE FROM tenure", []).unwrap_err().to_string();
    assert!(refused.contains("kept for ever"), "its guards stand again: {refused}");
    first.report(&server, 1).await; // of a box that was replaced
    assert_eq!(found(&data), [""; 0]);
}
