//! One player with a key cannot fill the disk: a segment asks for few rows, and a day takes in so many segments.

use super::{DAY, Hand, Now, db, found};
use crate::common::TestData;
use crate::common::town::{TownServer, at, fixture, town};
use lichphat_playlists::proof::record::{DisplayLevel, PlayRecord};
use lichphat_playlists::proof::segment::{MAX_DAYS, MAX_RECORDS};
use lichphat_playlists::wire::sign::Envelope;
use reqwest::Client;

const DAY_MS: i64 = 86_400_000;

impl Hand {
    /// Signs as many plays as a segment may hold, each on the next of so many days ahead that nobody has spoken of yet.
    fn far_ahead(&mut self, days: usize) -> Envelope {
        let from = at(DAY, "12:00").plus_ms(DAY_MS * (1 + self.seq as i64));
        let play = |n: usize| {
            let start = from.plus_ms(DAY_MS * (n % days) as i64 + 1_000 * (n / days) as i64);
            PlayRecord { display: DisplayLevel::D1, ..PlayRecord::whole(start, start.plus_ms(1_000)) }
        };
        self.seal_plays((0..MAX_RECORDS).map(play).collect())
    }

    /// Hands it in over HTTP; status and, of a refusal, its kind.
    async fn post(&self, server: &TownServer, sealed: &Envelope) -> (u16, String) {
        let request = Client::new().post(format!("{}/device/v1/segments", server.url));
        let request = request.header("client-cert", self.device.identity.credentials.header().unwrap());
        let answer = request.body(sealed.as_bytes().to_vec()).send().await.unwrap();
        let status = answer.status().as_u16();
        let kind = match status {
            200 => String::new(),
            _ => answer.json::<serde_json::Value>().await.unwrap()["type"].as_str().unwrap().to_owned(),
        };
        (status, kind)
    }
}

/// What the database takes up, bytes.
fn size(data: &TestData) -> i64 {
    let pages = "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
    db(data).query_row(pages, [], |row| row.get(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_player_sends_makes_the_store_grow_by_few_times_its_bytes_and_by_so_many_segments_a_day() {
    let data = town();
    let settings = std::fs::read_to_string(fixture("server.toml")).unwrap() + "[log]\nsegments_per_device = 100\n";
    let file = data.path().join("server.toml");
    std::fs::write(&file, settings).unwrap();
    let data = data.with_settings(file.to_str().unwrap());
    let server = TownServer::start(&data, at(DAY, "12:00")).await;
    let mut hand = Hand::new(&data, &server, "C-01").await;
    hand.report(&server, 1).await;

    // a play a day, for eleven years
    let (last, seq, before) = (hand.last.clone(), hand.seq, size(&data));
    let hostile = hand.far_ahead(MAX_RECORDS);
    assert_eq!(hand.post(&server, &hostile).await, (422, "bad-segment".to_owned()));
    assert_eq!(size(&data), before);
    (hand.last, hand.seq) = (last, seq);

    // as many days as there may be
    let mut sent = 0;
    for _ in 0..99 {
        let sealed = hand.far_ahead(MAX_DAYS);
        sent += sealed.as_bytes().len() as i64;
        assert_eq!(hand.post(&server, &sealed).await.0, 200);
    }
    let grown = size(&data) - before;
    assert!(grown < 8 * sent, "{sent} bytes made the store grow by {grown}");

    // and no more of them today; tomorrow the chain goes on where it stopped
    let next = hand.seal(server.clock_now());
    assert_eq!(hand.post(&server, &next).await, (429, "too-many-segments".to_owned()));
    server.clock.jump_to(at("2024-09-21", "00:01"));
    assert_eq!(hand.post(&server, &next).await.0, 200);
    assert_eq!(found(&data), [""; 0]);
}
