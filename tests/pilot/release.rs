//! A bad version of the player, signed by its makers: the first box tries it, goes back, and nobody else ever gets it.

use super::cast::{WARD_SCREENS, gate};
use super::month::{H, Month};
use lichphat_player::update::state::Start;
use lichphat_playlists::time::LocalDay;
use lichphat_playlists::wire::sign::VerifyingKey;

/// When nobody looks at a screen: a player changes its version then.
pub(crate) const NIGHT: u32 = H + H / 2;

pub(crate) async fn stops_by_itself(month: &mut Month, day: LocalDay) {
    let (world, size) = (&mut month.world, &month.size);
    let [key, program, manifest] = ["release.key", "player-2", "2.release"].map(|name| world.outside(name));
    let public = world.cli(&["release", "key", "--out", &key]).trim().to_owned();
    let bad = b"a player that crashes";
    std::fs::write(&program, bad).unwrap();
    let what = ["--key", &key, "--program", &program, "--serial", "2", "--name", "0.2.0", "--out", &manifest];
    world.cli(&[&["release", "sign"], what.as_slice()].concat());
    let wired: Vec<String> = WARD_SCREENS.iter().map(|s| (*s).to_owned()).chain((0..size.managed).map(gate)).collect();
    for screen in &wired {
        let one = world.at_screen(screen);
        one.makers = Some(VerifyingKey::from_base64(&public).unwrap());
        one.starts().await;
    }
    let who: Vec<&str> = wired.iter().map(String::as_str).collect();
    world.live_closely(day, NIGHT, NIGHT + 120).await; // the fleet is known
    world.cli(&["release", "add", &manifest, "--program", &program, "--key", &public]);
    let mut stopped = Vec::new();
    for minute in 2..12 {
        world.live_closely(day, NIGHT + minute * 60, NIGHT + (minute + 1) * 60).await;
        for screen in &who {
            if world.at_screen(screen).restart_is_due() {
                // it crashes, and whatever keeps it alive starts it again
                while let Start::Version(_) = world.at_screen(screen).starts().await {}
                world.at_screen(screen).meets().await;
            }
        }
        stopped.extend(world.house.rooms.fleet.watch_releases().await.unwrap());
    }
    let has = who.iter().filter(|s| month.world.boxes.iter().any(|b| b.screen == **s && b.holds(bad))).count();
    let early = month.world.run(&["release", "stage", "2", "1000"]);
    month.score.line(
        "Bản trình phát hỏng: một hộp thử, quay lại bản cũ, bản mới tự dừng (a bad release stops itself)",
        "release add; release list",
        (1, Some(2), Some(1)),
        (has, stopped.first().map(|(serial, _)| *serial), early.status.code()),
    );
}
