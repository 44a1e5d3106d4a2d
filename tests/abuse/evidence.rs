//! Statistics that were played again or made large: a player is believed for what its plan asked, once each. (A log of others whose
//! rows say `Count = 3` is refused: `a_log_with_a_mistake_is_told_by_row_field_value_and_mend_and_nothing_of_it_is_taken`.)

use crate::common::client;
use crate::common::town::{TownDevice, TownServer, at, fixture, town};
use lichphat_playlists::ids::{BootId, CampaignCode, PlanHash, Seq, Sha256Hash};
use lichphat_playlists::ports::ClockState;
use lichphat_playlists::proof::record::{DisplayLevel, Origin, PlayRecord, PlayResult};
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::HANOI;
use lichphat_playlists::wire::sign::Envelope;
use lichphat_playlists::wire::v1::{AssetTable, Playlist, PlaylistIndex};

const DAY: &str = "2024-09-20";

async fn get(device: &TownDevice, server: &TownServer, what: &str) -> Vec<u8> {
    let request = client().get(format!("{}/device/v1/{what}", server.url));
    let answer = request.header("client-cert", device.identity.credentials.header().unwrap()).send().await.unwrap();
    answer.error_for_status().unwrap().bytes().await.unwrap().to_vec()
}

async fn hand_in(device: &TownDevice, server: &TownServer, segment: &Envelope) -> u16 {
    let request = client().post(format!("{}/device/v1/segments", server.url));
    let request = request.header("client-cert", device.identity.credentials.header().unwrap());
    request.body(segment.as_bytes().to_vec()).send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn replayed_statistics_and_count_1e9() {
    let data = town();
    data.bring("directives", &fixture("order.toml"));
    let server = TownServer::start(&data, at("2024-09-19", "20:00")).await;
    server.plan().await;
    let device = server.device(&data, "C-01").await;
    let index: PlaylistIndex = serde_json::from_slice(&get(&device, &server, "index").await).unwrap();
    let entry = index.days.iter().find(|d| d.day.to_string() == DAY).unwrap();
    let plan = Envelope::from_bytes(get(&device, &server, &format!("plans/{}", entry.plan)).await).unwrap();
    let plan = Playlist::open(&plan, &device.identity.plan_key).unwrap();
    let assets = get(&device, &server, &format!("assets/{}", entry.assets)).await;
    let assets = AssetTable::decode(&assets, entry.assets).unwrap();
    let order = CampaignCode::new("clean-street").unwrap();
    let item = assets.assets.iter().position(|a| a.code == order).unwrap() as u16;
    server.clock.jump_to(at(DAY, "12:30"));

    let (slot, of_plan) = plan.slots.iter().enumerate().find(|(_, slot)| slot.item == item).unwrap();
    let honest = PlayRecord {
        plan: entry.plan,
        item,
        origin: Origin::Planned { slot: slot as u32 },
        boot: BootId(1),
        start: plan.day.at(of_plan.start_s, HANOI),
        end: plan.day.at(of_plan.start_s + 15, HANOI),
        mono_start_ms: 1_000,
        clock: ClockState::Synced,
        clock_error_ms: 1,
        frames_rendered: 450,
        frames_dropped: 0,
        display: DisplayLevel::D1,
        area_percent: 100,
        result: PlayResult::Complete,
    };
    let minutes =
        |n: i64| PlayRecord { start: honest.start.plus_ms(n * 60_000), end: honest.end.plus_ms(n * 60_000), ..honest };
    let mut greedy = vec![honest; 20]; // the same play again and again
    greedy.push(PlayRecord { frames_rendered: 1_000_000_000, ..honest });
    greedy.push(PlayRecord { end: honest.start.plus_ms(1_000_000_000_000), ..honest }); // thirty years long
    greedy.push(PlayRecord {
        start: honest.start.plus_ms(1_000_000_000_000),
        end: honest.end.plus_ms(1_000_000_000_000),
        ..honest
    });
    greedy.push(PlayRecord { end: honest.start, ..honest }); // no time at all
    greedy.push(PlayRecord { origin: Origin::Planned { slot: u32::MAX }, ..minutes(20) }); // a slot that nobody planned
    greedy.push(PlayRecord { plan: PlanHash::of(b"of my own"), ..minutes(30) }); // a plan that nobody made
    greedy.push(PlayRecord { item: u16::MAX, ..minutes(40) });
    greedy.push(PlayRecord { clock_error_ms: u32::MAX, ..minutes(50) });
    let mut first_seq = 1;
    let mut before = Sha256Hash([0; 32]);
    let figures = || {
        let ask =
            ["report", "compliance", "--campaign", "clean-street", "--from", DAY, "--to", DAY, "--format", "json"];
        let report: serde_json::Value = serde_json::from_str(&data.ok(&ask)).unwrap();
        report["totals"]["counted"].as_u64().unwrap()
    };
    for records in [vec![honest], greedy.clone(), greedy] {
        let n = records.len() as u64;
        let segment = Segment {
            device: device.identity.device,
            epoch: device.identity.epoch,
            first_seq: Seq(first_seq),
            screen: device.identity.screen.clone(),
            offset: HANOI,
            simulated: true,
            previous: before,
            anchor: String::new(),
            records,
        };
        let sealed = segment.seal(&device.identity.evidence);
        for _ in 0..3 {
            let status = hand_in(&device, &server, &sealed).await;
            assert_eq!(status, 200);
        }
        (first_seq, before) = (first_seq + n, sealed.hash());
        assert_eq!(figures(), 1, "one play was planned then, and one play counts");
    }
    data.ok(&["check"]);
}
