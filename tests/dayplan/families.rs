//! More day plans of the six families of `instances/`: the same kinds of place, other days. Tests and benchmarks take
//! this file in with `#[path]`; it knows only `lichphat_playlists` and gives the same bytes on every machine: whole
//! numbers, a generator of its own, no hash order.
//!
//! What the 30 files have in common, and so what is made here:
//! - `load` is the seconds asked for by campaigns that are bound to peaks, over the peaks' seconds less fixed events;
//!   campaigns that may play all day come on top. The files have 200, 600, 850, 950 and 1020 thousandths.
//! - A campaign has the peaks (two in three), the whole day, one peak or half of one as its windows, and asks for at
//!   most 60 plays and 85 % of what its gap leaves room for. About one in forty asks for two plays more than there is
//!   room for, so that a proof is due.
//! - Campaigns come until the load is reached, at most a number that belongs to the place. From then on targets grow to
//!   what their gaps allow, then clips get longer.

#![allow(dead_code, unreachable_pub, reason = "each of its users takes what it needs")]

use lichphat_playlists::plan::{Campaign, Filler, Fixed, Problem};
use lichphat_playlists::time::IntervalSet;

/// A kind of place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Family {
    AirportHall,
    BusInterior,
    BusStation,
    Hospital,
    MallLed,
    WardOffice,
}

impl Family {
    /// All six, in the order of the files.
    pub const ALL: [Self; 6] =
        [Self::AirportHall, Self::BusInterior, Self::BusStation, Self::Hospital, Self::MallLed, Self::WardOffice];

    /// As the files write it.
    pub const fn name(self) -> &'static str {
        self.place().name
    }

    const fn place(self) -> &'static Place {
        match self {
            Self::AirportHall => &AIRPORT_HALL,
            Self::BusInterior => &BUS_INTERIOR,
            Self::BusStation => &BUS_STATION,
            Self::Hospital => &HOSPITAL,
            Self::MallLed => &MALL_LED,
            Self::WardOffice => &WARD_OFFICE,
        }
    }
}

/// The day of `seed` at a place of `family` that is `load_permille` thousandths full.
pub fn instance(family: Family, seed: u64, load_permille: u32) -> Problem {
    let place = family.place();
    let mut dice = Dice::new(seed, family as u64, load_permille);
    let operating = IntervalSet::from(place.hours.iter().map(|(a, b)| (a * 60, b * 60)).collect::<Vec<_>>());
    let weights = people(place, &operating, &mut dice);
    let mut day = Problem::new(format!("{}-s{seed}-{load_permille}", place.name), operating, weights);
    day.family = place.name.into();
    day.seed = seed;
    let peaks = place.peaks.iter().map(|&(start, end)| (dice.quarter(start), dice.quarter(end)));
    day.peak = IntervalSet::from(peaks.collect::<Vec<_>>()).intersect(&day.operating);
    day.fixed = fixed(family, &mut dice);
    day.category_gap_s = place.categories.iter().map(|&c| (c.to_owned(), dice.of(&[60, 90, 120]))).collect();
    day.campaigns = campaigns(place, &day, load_permille, &mut dice);
    day.fillers = fillers(&mut dice);
    day
}

/// Minutes of the day, from and to.
type Span = (u32, u32);

/// What the days of one kind of place share.
struct Place {
    name: &'static str,
    /// Opening hours.
    hours: &'static [Span],
    /// Between when and when each peak begins, and ends.
    peaks: &'static [(Span, Span)],
    /// People per quarter of an hour at the middle of each hour.
    people: [u32; 24],
    categories: &'static [&'static str],
    gaps_s: &'static [u32],
    clips_s: &'static [u32],
    /// Of 100 clips, how many have a length between the usual ones.
    odd_clips: u32,
    /// Clips grow by so much, and up to so much, seconds.
    grow_s: (u32, u32),
    /// Campaigns at most: a number between these.
    most: (u32, u32),
    /// Of 100 campaigns: all day, one peak, half of one peak; the rest has the peaks.
    windows: (u32, u32, u32),
    /// Of 100 campaigns, how many compete in a category.
    competing: u32,
}

const AIRPORT_HALL: Place = Place {
    name: "airport_hall",
    hours: &[(0, 1440)],
    peaks: &[((285, 300), (480, 495)), ((600, 615), (735, 765)), ((1005, 1035), (1245, 1275))],
    people: [
        190, 110, 170, 360, 750, 1260, 1420, 1100, 1010, 1120, 1340, 1170, 930, 750, 730, 860, 1020, 1380, 1580, 1240,
        1020, 760, 580, 330,
    ],
    categories: &["bank", "telecom", "beverage", "realestate", "ecommerce"],
    gaps_s: &[600, 900, 1200, 1800],
    clips_s: &[10, 15, 20, 20, 20, 30, 30, 30, 60],
    odd_clips: 0,
    grow_s: (5, 120),
    most: (36, 40),
    windows: (20, 11, 10),
    competing: 47,
};

const BUS_INTERIOR: Place = Place {
    name: "bus_interior",
    hours: &[(300, 1320)],
    peaks: &[((390, 405), (540, 555)), ((990, 1005), (1125, 1140))],
    people: [0, 0, 0, 0, 2, 12, 28, 42, 37, 21, 18, 22, 20, 17, 19, 26, 30, 39, 35, 23, 15, 8, 4, 0],
    categories: &["bank", "telecom"],
    gaps_s: &[300, 480, 600, 900, 1200, 1200],
    clips_s: &[5, 8, 10, 15, 15, 20, 20, 30],
    odd_clips: 25,
    grow_s: (1, 120),
    most: (18, 18),
    windows: (13, 19, 7),
    competing: 33,
};

const BUS_STATION: Place = Place {
    name: "bus_station",
    hours: &[(270, 1380)],
    peaks: &[((360, 375), (495, 525)), ((645, 660), (765, 780)), ((990, 1005), (1125, 1155))],
    people: [
        0, 0, 0, 20, 85, 185, 319, 372, 306, 211, 187, 235, 237, 191, 183, 228, 302, 360, 306, 202, 178, 116, 64, 30,
    ],
    categories: &["bank", "telecom", "beverage"],
    gaps_s: &[300, 600, 900],
    clips_s: &[10, 15, 15, 20, 30, 30, 45],
    odd_clips: 0,
    grow_s: (5, 120),
    most: (21, 28),
    windows: (9, 14, 9),
    competing: 46,
};

const HOSPITAL: Place = Place {
    name: "hospital",
    hours: &[(360, 1200)],
    peaks: &[((420, 420), (600, 615)), ((780, 810), (915, 930))],
    people: [0, 0, 0, 0, 0, 60, 118, 223, 252, 185, 133, 92, 112, 167, 206, 135, 91, 70, 51, 36, 20, 0, 0, 0],
    categories: &["bank", "telecom"],
    gaps_s: &[600, 900, 900, 1200, 1200],
    clips_s: &[15, 20, 30, 30, 45, 45, 120],
    odd_clips: 0,
    grow_s: (5, 120),
    most: (15, 15),
    windows: (13, 15, 7),
    competing: 38,
};

const MALL_LED: Place = Place {
    name: "mall_led",
    hours: &[(540, 1320)],
    peaks: &[((675, 705), (795, 810)), ((1035, 1050), (1245, 1260))],
    people: [0, 0, 0, 0, 0, 0, 0, 0, 60, 157, 297, 524, 710, 564, 463, 425, 522, 627, 758, 850, 675, 341, 150, 0],
    categories: &["bank", "telecom", "beverage", "realestate"],
    gaps_s: &[180, 300, 420, 600],
    clips_s: &[5, 5, 7, 10, 15, 15, 20, 25, 30],
    odd_clips: 20,
    grow_s: (1, 30),
    most: (29, 38),
    windows: (16, 17, 9),
    competing: 37,
};

const WARD_OFFICE: Place = Place {
    name: "ward_office",
    hours: &[(450, 690), (810, 1020)],
    peaks: &[((480, 495), (615, 645)), ((810, 840), (930, 960))],
    people: [0, 0, 0, 0, 0, 0, 0, 20, 58, 57, 35, 22, 20, 31, 47, 34, 17, 5, 0, 0, 0, 0, 0, 0],
    categories: &["bank"],
    gaps_s: &[300, 600, 900],
    clips_s: &[25, 30, 30, 45, 45, 45, 60],
    odd_clips: 0,
    grow_s: (5, 120),
    most: (9, 9),
    windows: (3, 15, 15),
    competing: 37,
};

/// A curve through the middles of the hours, with about a sixth of noise.
fn people(place: &Place, operating: &IntervalSet, dice: &mut Dice) -> Vec<u32> {
    (0..96)
        .map(|bin: usize| {
            // eighths of an hour since the middle of the hour before: 1, 3, 5 or 7
            let (hour, part) = ((bin + 94) / 4 % 24, (2 * ((bin + 94) % 4) + 1) as u32);
            let mean = place.people[hour] * (8 - part) + place.people[(hour + 1) % 24] * part;
            let noise = 460 + dice.below(361) + dice.below(361) + dice.below(361);
            let open = operating.contains(bin as u32 * 900);
            if open { (mean * noise / 8000).max(1) } else { 0 }
        })
        .collect()
}

fn fixed(family: Family, dice: &mut Dice) -> Vec<Fixed> {
    let one = |id: &str, minute: u32, dur| Fixed { id: id.to_owned(), start: minute * 60, dur };
    let row = |id: &str, from: u32, to: u32, step: u32, dur| -> Vec<Fixed> {
        let minutes = (from..=to).step_by(step as usize).enumerate();
        minutes.map(|(i, minute)| one(&format!("{id}-{:02}", i + 1), minute, dur)).collect()
    };
    let mut events = match family {
        Family::AirportHall => {
            let mut events = row("safety", 120, 1320, 120, 60);
            events.push(one("city-film", 1110, 180));
            events
        }
        Family::BusInterior => Vec::new(),
        Family::BusStation => {
            let dur = dice.of(&[15, 20, 30]);
            if dice.below(2) == 0 { row("departure", 300, 1350, 30, dur) } else { row("departure", 290, 1370, 20, dur) }
        }
        Family::Hospital => {
            vec![one("health-talk-am", 480, 300), one("hygiene", 555, 45), one("health-talk-pm", 840, 420)]
        }
        Family::MallLed => {
            let mut events = row("clock", 600, 1260, 60, 20);
            events.push(one("brand-show", 1210, 300));
            events
        }
        Family::WardOffice => {
            let news = dice.of(&[120, 180, 180]);
            vec![one("anthem", 450, 60), one("ward-news", 570, news), one("queue-notice", 870, 120)]
        }
    };
    events.sort_by_key(|e| e.start);
    events
}

fn fillers(dice: &mut Dice) -> Vec<Filler> {
    let count = 4 + dice.below(6);
    (1..=count)
        .map(|i| Filler {
            id: format!("loop-{i:02}"),
            dur: dice.of(&[5, 5, 5, 8, 8, 10, 10, 15, 15, 15, 15, 15, 20, 20, 30, 30, 45, 45, 60, 60]),
            weight: dice.of(&[1, 1, 1, 2, 3, 5]),
            windows: None,
        })
        .collect()
}

/// A campaign before it has its name.
struct Sketch {
    campaign: Campaign,
    /// Bound to peaks: it counts toward the load.
    peak: bool,
    /// Asks for more than its gap leaves room for.
    over: bool,
}

impl Sketch {
    fn seconds(&self) -> u32 {
        if self.peak { self.campaign.dur * self.campaign.target } else { 0 }
    }
}

fn campaigns(place: &Place, day: &Problem, load_permille: u32, dice: &mut Dice) -> Vec<Campaign> {
    let free = day.peak.minus(&day.fixed_set()).length();
    let wanted = free * load_permille / 1000;
    let most = dice.between(place.most.0, place.most.1) as usize;
    let mut all: Vec<Sketch> = Vec::new();
    // now and then the lot gives campaigns that cannot reach a high load, however they grow
    for _ in 0..50 {
        all.clear();
        while all.len() < most && demand(&all) < wanted {
            all.push(sketch(place, day, dice));
        }
        grow_targets(&mut all, day, wanted);
        grow_clips(place, &mut all, day, wanted, dice);
        if demand(&all) >= wanted {
            break;
        }
    }
    trim(&mut all, wanted);
    let mut campaigns: Vec<Campaign> = all.into_iter().map(|s| s.campaign).collect();
    campaigns.sort_by_key(|c| (c.priority, std::cmp::Reverse(c.dur)));
    for (i, campaign) in campaigns.iter_mut().enumerate() {
        campaign.id = format!("c{:02}", i + 1);
    }
    campaigns
}

fn demand(all: &[Sketch]) -> u32 {
    all.iter().map(Sketch::seconds).sum()
}

fn sketch(place: &Place, day: &Problem, dice: &mut Dice) -> Sketch {
    let (windows, peak) = windows(place, day, dice);
    let odd = dice.below(100) < place.odd_clips;
    let dur = if odd { dice.between(7, 28) } else { dice.of(place.clips_s) };
    let priority = dice.of(&[1, 1, 2, 2, 2, 2, 3, 3, 3, 3]) as u8;
    let category = (dice.below(100) < place.competing).then(|| {
        let which = dice.below(place.categories.len() as u32 + 1) as usize;
        (*place.categories.get(which).unwrap_or(place.categories.get(1).unwrap_or(&"bank"))).to_owned()
    });
    let mut campaign = Campaign {
        id: String::new(),
        dur,
        target: 0,
        windows,
        min_gap_s: dice.of(place.gaps_s),
        priority,
        shortfall_weight: [100, 10, 1][usize::from(priority) - 1],
        category,
    };
    let over = peak && dice.below(40) == 0;
    let room = room(&campaign, day);
    let asked = if !peak && dice.below(4) == 0 { dice.between(1, 12) } else { dice.between(12, 60) };
    campaign.target = if over { (room + 2).min(60) } else { asked.min(limit(room)) };
    Sketch { campaign, peak, over }
}

fn windows(place: &Place, day: &Problem, dice: &mut Dice) -> (IntervalSet, bool) {
    let roll = dice.below(100);
    let (all_day, one, half) = place.windows;
    let (a, b) = dice.of(day.peak.as_slice());
    if roll < all_day {
        (day.operating.clone(), false)
    } else if roll < all_day + one {
        (IntervalSet::one(a, b), true)
    } else if roll < all_day + one + half {
        // five minutes' grain, an hour at least
        let length = ((b - a) / 2 / 300 * 300).max(3600).min(b - a);
        let start = a + 300 * dice.below((b - a - length) / 300 + 1);
        (IntervalSet::one(start, start + length), true)
    } else {
        (day.peak.clone(), true)
    }
}

/// Plays that fit by the campaign's own gap beside the fixed events, packed to the left.
pub fn room(campaign: &Campaign, day: &Problem) -> u32 {
    let (mut plays, mut next) = (0, 0);
    for (a, b) in campaign.windows.minus(&day.fixed_set()).iter() {
        let mut start = next.max(a);
        while start + campaign.dur <= b {
            plays += 1;
            start += campaign.min_gap_s;
            next = start;
        }
    }
    plays
}

fn limit(room: u32) -> u32 {
    (room * 85 / 100).clamp(1, 60)
}

/// One play more for each in turn, up to its limit, until the load is reached.
fn grow_targets(all: &mut [Sketch], day: &Problem, wanted: u32) {
    let limits: Vec<u32> = all.iter().map(|s| limit(room(&s.campaign, day))).collect();
    loop {
        let before = demand(all);
        for (sketch, &limit) in all.iter_mut().zip(&limits) {
            if sketch.peak && !sketch.over && sketch.campaign.target < limit {
                sketch.campaign.target += 1;
            }
        }
        if demand(all) >= wanted || demand(all) == before {
            return;
        }
    }
}

/// Longer clips, by lot, until the load is reached.
fn grow_clips(place: &Place, all: &mut [Sketch], day: &Problem, wanted: u32, dice: &mut Dice) {
    let (step, longest) = place.grow_s;
    for _ in 0..10_000 {
        if all.is_empty() || demand(all) >= wanted {
            return;
        }
        let sketch = &mut all[dice.below(all.len() as u32) as usize];
        if sketch.peak && !sketch.over && sketch.campaign.dur + step <= longest {
            sketch.campaign.dur += step;
            sketch.campaign.target = sketch.campaign.target.min(limit(room(&sketch.campaign, day)));
        }
    }
}

/// Takes away what is more than asked for, from the last campaign on.
fn trim(all: &mut Vec<Sketch>, wanted: u32) {
    let mut at = all.len();
    while at > 0 && demand(all) > wanted {
        at -= 1;
        let spare = demand(all) - wanted;
        let sketch = &mut all[at];
        if sketch.peak {
            // a last play may reach a little over the load, as in the files
            sketch.campaign.target -= (spare / sketch.campaign.dur).min(sketch.campaign.target);
            if sketch.campaign.target == 0 {
                all.remove(at);
            } else {
                return;
            }
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014, public domain): small, good enough, the same everywhere.
struct Dice(u64);

impl Dice {
    fn new(seed: u64, family: u64, load: u32) -> Self {
        let mut dice = Self(seed);
        let mixed = dice.next() ^ (family << 32) ^ u64::from(load);
        Self(mixed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0 … n - 1.
    fn below(&mut self, n: u32) -> u32 {
        (((self.next() >> 32) * u64::from(n)) >> 32) as u32
    }

    /// Both ends included.
    fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u32) as usize]
    }

    /// A quarter of an hour from `low` to `high` minutes, as a second of the day.
    fn quarter(&mut self, (low, high): Span) -> u32 {
        self.between(low / 15, high / 15) * 900
    }
}
