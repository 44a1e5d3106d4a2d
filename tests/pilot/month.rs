//! The month itself, day by day: what comes in, what breaks, and what people do about it.

use super::Size;
use super::cast::{self, DEPOT, HALL, WARD, WARD_SCREENS, bus, gate};
use super::office::Person;
use super::score::{Score, dir};
use super::truth::Darkness;
use super::world::{APPROVERS, FIRST, World};
use super::{checks, ending, events, figures, release};
use lichphat::cmd::import::Kind;
use lichphat_player::sim_support::SeededRng;
use lichphat_playlists::ports::Rng as _;
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis};
use std::collections::BTreeSet;
use std::path::PathBuf;

pub(crate) const ORDER: &str = "ihanoi-pilot";
pub(crate) const H: u32 = 3_600;
/// How long it is looked at minute by minute after a screen went dark, s.
const CLOSELY_S: u32 = 20 * 60;

/// Who has an account.
pub(crate) struct People {
    pub(crate) approvers: [Person; 2],
    pub(crate) editor: Person,
    pub(crate) officer: Person,
    pub(crate) head: Person,
    pub(crate) hall: Person,
    pub(crate) depot: Person,
    pub(crate) auditor: Person,
}

/// The story as it goes.
pub(crate) struct Month {
    pub(crate) size: Size,
    pub(crate) world: World,
    pub(crate) score: Score,
    pub(crate) people: People,
    pub(crate) first: LocalDay,
    pub(crate) last: LocalDay,
    /// Plays of the order over which somebody spoke in the hall: the screen, and when it began.
    pub(crate) spoken_over: Vec<(String, UtcMillis)>,
    /// What counted when the disk of the server was lost: screen and start.
    pub(crate) before_disaster: BTreeSet<(String, String)>,
    /// Seconds that a wired box was lived at the pace of a real one, minute by minute, and the bytes it took.
    pub(crate) at_pace: (u32, u64),
    /// What people who look each day and each week have seen.
    pub(crate) seen: checks::Seen,
    /// The stick of the bus without network.
    pub(crate) stick: tempfile::TempDir,
}

/// Lives it; what happened beside what should have.
pub(crate) async fn live(size: Size) -> Month {
    let world = World::new(&size).await;
    let first: LocalDay = FIRST.parse().unwrap();
    let last = first.plus(size.days - 1);
    let everywhere = |role: &'static str| ["--role", role, "--everywhere"];
    let [binh, chau] = APPROVERS;
    let people = People {
        approvers: [
            Person::new(&world, binh, "Nguyễn Thanh Bình", &everywhere("approver")).await,
            Person::new(&world, chau, "Lý Minh Châu", &everywhere("approver")).await,
        ],
        editor: Person::new(&world, "hanh", "Đỗ Thị Hạnh", &everywhere("city-editor")).await,
        officer: Person::new(&world, "lan", "Trần Thị Lan", &["--role", "operator", "--unit", WARD]).await,
        head: Person::new(&world, "dung", "Lê Văn Dũng", &["--role", "unit-head", "--unit", WARD]).await,
        hall: Person::new(&world, "thu", "Phạm Minh Thư", &["--role", "operator", "--unit", HALL]).await,
        depot: Person::new(&world, "son", "Hoàng Sơn", &["--role", "operator", "--unit", DEPOT]).await,
        auditor: Person::new(&world, "kiem", "Vũ Văn Kiểm", &everywhere("auditor")).await,
    };

    let stick = tempfile::tempdir().unwrap();
    let (score, spoken_over, before_disaster, at_pace) = (Score::default(), Vec::new(), BTreeSet::new(), (0, 0));
    let seen = checks::Seen::default();
    let mut month =
        Month { size, world, score, people, first, last, spoken_over, before_disaster, at_pace, seen, stick };

    // the city signs, the ward asks for the series, boxes come in
    month.signed("Văn bản của thành phố (the city's order)", &cast::order(first, first.plus(60), "")).await;
    month.world.bring(Kind::Directives, "toml", &cast::series(first, first.plus(60), &[])).await;
    let screens: Vec<String> = WARD_SCREENS.iter().map(|s| (*s).to_owned()).collect();
    let screens = screens.into_iter().chain((0..month.size.buses).map(bus)).chain((0..month.size.managed).map(gate));
    for (screen, seed) in screens.zip(1..) {
        month.world.enrol(&screen, seed).await;
    }
    fates(&mut month.world, &month.size, first, last);
    month.world.plan().await;
    events::subscribe(&mut month).await;
    events::exclusive(&mut month);
    for n in 0..month.size.days {
        month.day(n).await;
    }
    ending::close(&mut month).await;
    figures::hold(&mut month).await;
    month
}

impl Month {
    /// A file that is kept beside the list.
    pub(crate) fn artefact(&self, name: &str) -> PathBuf {
        dir(self.size.days).join(name)
    }

    pub(crate) fn on(&self, n: u32) -> LocalDay {
        self.first.plus(n)
    }

    /// One day: what comes in before the offices open, what happens in the day, and what is done in the evening.
    async fn day(&mut self, n: u32) {
        let day = self.on(n);
        let begun = std::time::Instant::now();
        self.world.clock.jump_to(day.start(HANOI));
        if n == self.size.release {
            self.world.live(day, release::NIGHT).await;
            release::stops_by_itself(self, day).await;
        }
        if self.size.sticks.contains(&n) {
            events::stick(self, n).await;
        }
        self.live(day, 7 * H + H / 2).await;
        events::morning(self, n).await;
        self.live(day, 9 * H).await;
        events::nine_o_clock(self, n).await;
        self.live(day, 12 * H).await;
        events::noon(self, n).await;
        self.live(day, 20 * H).await;
        events::evening(self, n).await;
        self.live(day, 24 * H).await;
        println!("     {day} lived in {:.1} s", begun.elapsed().as_secs_f32());
    }

    /// Lives on until a second of the day; from when on somebody should hear of a dark screen, minute by minute for a while.
    async fn live(&mut self, day: LocalDay, to_s: u32) {
        let (now, to) = (self.world.now(), day.at(to_s, HANOI));
        let looked_at = |d: &Darkness| d.from.plus_ms(d.patience_min * 60_000);
        let mut dark: Vec<UtcMillis> =
            self.world.truth.darknesses.iter().map(looked_at).filter(|at| (now..to).contains(at)).collect();
        dark.sort_unstable();
        for from in dark {
            let from_s = from.local(HANOI).1 / 1000;
            self.world.live(day, from_s).await;
            let used = |world: &World| world.boxes.iter().find(|b| b.screen == WARD_SCREENS[0]).unwrap().line.bytes();
            let before = used(&self.world);
            self.world.live_closely(day, from_s, from_s + CLOSELY_S).await;
            self.at_pace = (self.at_pace.0 + CLOSELY_S, self.at_pace.1 + used(&self.world) - before);
        }
        self.world.live(day, to_s).await;
    }
}

/// Buses stand without power and network outside their shifts; now and then somebody pulls a plug.
fn fates(world: &mut World, size: &Size, first: LocalDay, last: LocalDay) {
    let rng = SeededRng::new(20_260_810);
    let chance = |of: u64| {
        let mut bytes = [0; 8];
        rng.fill(&mut bytes);
        u64::from_le_bytes(bytes) % of
    };
    let within = |(from, to): (u32, u32), day: LocalDay| (first.plus(from)..=first.plus(to)).contains(&day);
    let repaired = size.buses - 1 - size.repaired.0..size.buses - 1;
    for day in first.through(last.plus(1)) {
        for n in 0..size.buses {
            // two boxes were put into one another's bus: each has the power of the bus in which it is
            let drives = if n < 2 && within(size.swapped, day) { 1 - n } else { n };
            let mut at = 0;
            for (from, to) in cast::shift(drives) {
                world.truth.cut(&bus(n), day, at, *from);
                at = *to;
            }
            world.truth.cut(&bus(n), day, at, 24 * H);
            if repaired.contains(&n) && within(size.repaired.1, day) {
                world.truth.cut(&bus(n), day, 0, 24 * H);
            }
            if chance(12) == 0 {
                let from = 6 * H + chance(u64::from(3 * H)) as u32;
                world.truth.cut(&bus(n), day, from, from + H);
            }
        }
        world.truth.part(&bus(size.buses - 1), day, 0, 24 * H);
        if chance(9) == 0 {
            let from = 10 * H + chance(u64::from(2 * H)) as u32;
            world.truth.cut(WARD_SCREENS[2], day, from, from + 2 * H);
            noticed(world, WARD_SCREENS[2], day.at(from, HANOI));
        }
        if within(size.dark, day) {
            let from = if day == first.plus(size.dark.0) { 9 * H } else { 0 };
            world.truth.darken(&gate(2), day, from, 24 * H);
        }
    }
    // from nine to noon the clock of a gate is three days ahead
    for (n, from, to) in [(0, 9, 24), (1, 0, 24), (2, 0, 24), (3, 0, 12)] {
        world.truth.leap(&gate(1), first.plus(size.wrong_clock + n), from * H, to * H);
    }
    world.truth.darken_unseen(WARD_SCREENS[2], first.plus(size.inspected), 0, 24 * H);
    // a plug is pulled while somebody looks, on the second day
    let second = first.plus(1);
    world.truth.cut(WARD_SCREENS[2], second, 9 * H, 10 * H);
    noticed(world, WARD_SCREENS[2], second.at(9 * H, HANOI));
    noticed(world, &gate(2), first.plus(size.dark.0).at(9 * H, HANOI));
    // a bus leaves for its second shift and has no power for five hours of it
    world.truth.cut(&bus(2), second, 14 * H, 19 * H);
    noticed(world, &bus(2), second.at(14 * H, HANOI));
}

/// A screen goes dark in its hours: whoever looks after it should hear of it.
fn noticed(world: &mut World, screen: &str, from: UtcMillis) {
    let (patience_min, who): (i64, &[&str]) = match screen.split_once('-') {
        Some(("NB", _)) => (0, &["thu@example.vn"]),
        Some(("XE", _)) => (4 * 60, &["son@example.vn"]),
        _ => (0, &["lan@example.vn", "minh@example.vn"]),
    };
    world.truth.darknesses.push(Darkness { screen: screen.to_owned(), from, patience_min, who });
}
