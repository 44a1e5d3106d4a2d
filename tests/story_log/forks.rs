//! A cloned box tells second stories without end: so many of a day are kept as evidence, the rest is counted and told.

use super::{DAY, Hand, found};
use crate::common::TestData;
use crate::common::town::{TownServer, at, fixture, town};
use lichphat_playlists::wire::sign::Envelope;

impl Hand {
    /// Signs another story for its first place, and hands it in.
    async fn fork(&mut self, server: &TownServer, n: i64) -> Envelope {
        let (last, seq) = (self.last.take(), std::mem::replace(&mut self.seq, 1));
        let second = self.seal(at(DAY, "08:00").plus_ms(n * 10_000));
        (self.last, self.seq) = (last, seq);
        self.hand_in(server, &second).await;
        second
    }

    async fn hand_in(&self, server: &TownServer, sealed: &Envelope) {
        let proof = &server.rooms.proof;
        let sender = proof.identity(self.device.identity.device).await.unwrap();
        proof.ingest(&sender, sealed.as_bytes().to_vec()).await.unwrap();
    }
}

/// The town, with room for two second stories of a box a day, and two in all.
fn strict_town() -> TestData {
    let data = town();
    let settings =
        std::fs::read_to_string(fixture("server.toml")).unwrap() + "[log]\nforks_per_device = 2\nforks = 2\n";
    let file = data.path().join("server.toml");
    std::fs::write(&file, settings).unwrap();
    data.with_settings(file.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn second_stories_are_kept_up_to_a_limit_and_counted_beyond_it() {
    let data = strict_town();
    let server = TownServer::start(&data, at(DAY, "12:00")).await;
    let (mut one, mut other) = (Hand::new(&data, &server, "C-01").await, Hand::new(&data, &server, "C-02").await);
    one.report(&server, 2).await;
    other.report(&server, 1).await;
    let before = server.rooms.log.round().await.unwrap();
    let first = one.fork(&server, 1).await;
    one.hand_in(&server, &first).await; // the same again is the same
    for n in 2..6 {
        one.fork(&server, n).await;
    }
    other.fork(&server, 1).await; // the room of all is used up, and its first is kept all the same
    other.fork(&server, 2).await;
    let after = server.rooms.log.round().await.unwrap();
    let size = |round| match round {
        lichphat::proof::log::Round::Published(size) => size,
        raced => panic!("{raced:?}"),
    };
    assert_eq!(size(after) - size(before), 3, "two of the one and one of the other are in the log");

    server.clock.jump_to(at("2024-09-21", "12:00"));
    one.fork(&server, 9).await;
    assert_eq!(size(server.rooms.log.round().await.unwrap()) - size(after), 1, "another day has room again");

    assert_eq!(found(&data), [""; 0], "nothing is wrong with the books");
    let words = String::from_utf8(data.run(&["check"]).stderr).unwrap();
    let of = |device: u32, screen: &str, told: &str| {
        words.contains(&format!(
            "Device {device} ({screen}) told two stories for one place, it may have been cloned: {told}"
        ))
    };
    assert!(of(1, "C-01", "3 segments are kept apart in the log, 3 beyond the limit were only counted"), "{words}");
    assert!(of(2, "C-02", "1 segments are kept apart in the log, 1 beyond"), "{words}");
    let status: serde_json::Value = serde_json::from_str(&data.ok(&["device", "status", "--format", "json"])).unwrap();
    let told: Vec<_> =
        status.as_array().unwrap().iter().map(|row| (row["forks"].as_u64(), row["wrong"].as_str())).collect();
    assert_eq!((told[0].0, told[1].0), (Some(6), Some(2)));
    assert!(told[0].1.unwrap().contains("two stories"), "{told:?}");
}
