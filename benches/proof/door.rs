//! A day's segments through the real door: `lichphat serve` as a process of its own, asked over loopback from this one.

use crate::cost::process_s;
use crate::town::Town;
use lichphat_playlists::wire::sign::Envelope;
use std::time::{Duration, Instant};

/// Connections that players hand in over, side by side.
pub(crate) const CONNECTIONS: usize = 64;

/// What it came to.
pub(crate) struct Taken {
    /// Processor seconds of the server, from the first request to the last answer.
    pub(crate) cpu_s: f64,
    /// The same on the wall.
    pub(crate) wall_s: f64,
}

/// Hands in everything: each player in its order, [`CONNECTIONS`] of them at a time. Ends the server.
pub(crate) async fn hand_in(town: &Town, sealed: &[Vec<Envelope>]) -> Taken {
    let mut server = town.data.serve();
    let pid = server.pid();
    settle(pid).await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().pool_max_idle_per_host(CONNECTIONS).build().unwrap();
    let (began, cpu) = (Instant::now(), process_s(pid));
    let lane = |lane: usize| {
        let (client, url) = (client.clone(), format!("{}/device/v1/segments", server.doors[0]));
        async move {
            for (player, sealed) in town.players.iter().zip(sealed).skip(lane).step_by(CONNECTIONS) {
                for envelope in sealed {
                    let request = client.post(&url).header("client-cert", &player.certificate);
                    let answer = request.body(envelope.as_bytes().to_vec()).send().await.unwrap();
                    assert_eq!(answer.status(), 200);
                    answer.bytes().await.unwrap();
                }
            }
        }
    };
    futures_util::future::join_all((0..CONNECTIONS).map(lane)).await;
    let taken = Taken { cpu_s: process_s(pid) - cpu, wall_s: began.elapsed().as_secs_f64() };
    server.stop();
    taken
}

/// A server that has just begun plans its screens first.
async fn settle(pid: u32) {
    let mut before = -1.0;
    while process_s(pid) - before > 0.01 {
        before = process_s(pid);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
