//! Causes of plays that are missing, screen by screen and day by day. The story knows in which seconds a play can have been lost, and to what;
//! the plans say what was to play then. A cause that carries more plays than were planned within its true seconds is not true.

use super::Row;
use crate::cast::{WARD_SCREENS, gate};
use crate::month::{H, Month, ORDER};
use lichphat::planning::PlanStore as _;
use lichphat::proof::ProofStore as _;
use lichphat_playlists::figures::ScreenLine;
use lichphat_playlists::ids::{PlanHash, ScreenCode};
use lichphat_playlists::time::{DAY_S, IntervalSet, LocalDay};
use lichphat_playlists::wire::v1::{AssetTable, Playlist};
use std::collections::{BTreeMap, BTreeSet};

/// How close to one another plays of the order may be, s.
const GAP_S: u32 = 600;
/// After it was switched on a box does not know the time yet, or has not placed what it missed, s.
const AWAKE_S: u32 = 60;
/// A word over the speakers holds on so long after it was heard, s.
const WORD_S: u32 = 60;
/// What is shared by two that begin at one second is touched by both, s.
const EDGE_S: u32 = 1;

/// Every shortfall has a cause, it is the true one, and it carries no more plays than were truly lost to it.
pub(super) async fn hold(month: &mut Month, plays: &[Row]) {
    let report = month.world.report(ORDER, month.first, month.last).await;
    let named = named(plays);
    let (mut untrue, mut unknown, mut all) = (Vec::new(), Vec::new(), BTreeMap::<String, u32>::new());
    let city = month.world.house.rooms.city().await.unwrap();
    for (n, day) in (0..).zip(month.first.through(month.last)) {
        let of_day = month.world.report(ORDER, day, day).await;
        for line in of_day.lines.iter().filter(|l| l.kind == "managed") {
            let explained: u32 = line.causes.values().sum();
            if explained < line.short {
                unknown.push(format!("{} {day}: {explained} of {} explained", line.screen, line.short));
            }
            if line.causes.is_empty() {
                continue;
            }
            let at = city.directory.screen(&line.screen).unwrap();
            let planned = Planned::of(month, &line.screen, day, &named).await;
            let (most, lost) = at_most(month, n, (line.screen.as_str(), &city.directory.duty(at, day)), &planned);
            if explained > lost {
                untrue.push(format!("{} {day}: {explained} of all causes, at most {lost}", line.screen));
            }
            for (cause, plays) in &line.causes {
                *all.entry(cause.clone()).or_default() += plays;
                let most = most.get(cause.as_str()).copied().unwrap_or(0);
                if *plays > most {
                    untrue.push(format!("{} {day}: {plays} {cause}, at most {most}", line.screen));
                }
            }
        }
    }
    println!("     causes: {all:?}");
    month.score.line(
        "Nguyên nhân thiếu khác với sự thật, hoặc nhiều lượt hơn số đã mất thật, theo từng màn hình và ngày (causes that are not true, or of more plays than were lost)",
        "report compliance; plan show",
        Vec::<String>::new(),
        untrue,
    );
    month.score.line(
        "Màn hình-ngày thiếu nhiều hơn số lượt có nguyên nhân (missing without a known cause)",
        "report compliance",
        Vec::<String>::new(),
        unknown,
    );
    // the dark screen alone cannot have caught up, and where the month is short the days of mourning
    let could = |l: &&ScreenLine| {
        l.kind == "managed" && !l.met && l.screen.as_str() != gate(2) && l.main_cause != "suspended:quoc-tang"
    };
    let short: Vec<String> =
        report.lines.iter().filter(could).map(|l| format!("{} −{} ({})", l.screen, l.short, l.main_cause)).collect();
    month.score.line(
        "Lượt lỡ đều được phát bù, trừ màn hình tối cả tuần (missed plays are made good wherever they can be)",
        "report compliance",
        Vec::<String>::new(),
        short,
    );
    let declared = report.lines.iter().filter(|l| l.kind == "third-party");
    let (n, proven) = declared.fold((0, 0), |(n, c), l| (n + u32::from(l.declared_plays > 0), c + l.counted));
    month.score.line(
        "Màn hình của hãng khác: chỉ tự khai, không lượt nào là đã chứng minh (declared is never proven)",
        "report compliance",
        (u32::try_from(month.size.others).unwrap(), 0),
        (n, proven),
    );
}

/// By screen and day, the plans that its box has gone by.
type Named = BTreeMap<(String, LocalDay), BTreeSet<PlanHash>>;

fn named(plays: &[Row]) -> Named {
    let mut named = Named::new();
    for row in plays {
        let of = named.entry((row["screen"].clone(), row["day"].parse().unwrap())).or_default();
        of.insert(row["plan"].parse().unwrap());
    }
    named
}

/// First second of a play, and the one after its last.
type Plays = BTreeSet<(u32, u32)>;

/// What was to play of the order on a screen and day.
struct Planned {
    /// By each plan that its box has gone by.
    gone_by: Vec<Plays>,
    /// By the newest plan.
    newest: Plays,
}

impl Planned {
    async fn of(month: &Month, screen: &ScreenCode, day: LocalDay, named: &Named) -> Self {
        let store = &month.world.house.rooms.store;
        let hashes = named.get(&(screen.to_string(), day)).into_iter().flatten().copied().collect();
        let plans = store.plan_documents(hashes).await.unwrap();
        let of_day = plans.iter().filter(|plan| plan.playlist.day == day);
        let gone_by = of_day.map(|plan| ordered(&plan.playlist, &plan.assets).collect()).collect();
        let newest = store.newest(screen, day).await.unwrap();
        Self { gone_by, newest: newest.iter().flat_map(|plan| ordered(&plan.playlist, &plan.assets)).collect() }
    }

    /// How many plays were to have one of these seconds, by any plan.
    fn ever(&self, seconds: &IntervalSet) -> u32 {
        let all: Plays = self.gone_by.iter().flatten().chain(&self.newest).copied().collect();
        touching(&all, seconds)
    }

    /// How many at most of stretches in each of which a box has gone by one plan: it had no power, or went over them in a moment.
    fn at_once(&self, seconds: &IntervalSet) -> u32 {
        let by = |stretch| self.gone_by.iter().chain([&self.newest]).map(|plays| touching(plays, &stretch)).max();
        seconds.iter().filter_map(|(a, b)| by(IntervalSet::one(a, b))).sum()
    }

    /// How many plays more the newest plan has than one that its box has gone by.
    fn unheard_of(&self) -> u32 {
        let known = self.gone_by.iter().map(Plays::len).min().unwrap_or(0);
        self.newest.len().saturating_sub(known) as u32
    }
}

fn touching(plays: &Plays, seconds: &IntervalSet) -> u32 {
    plays.iter().filter(|(a, b)| !seconds.intersect(&IntervalSet::one(*a, *b)).is_empty()).count() as u32
}

/// Seconds of the plays of the order.
fn ordered(playlist: &Playlist, assets: &AssetTable) -> impl Iterator<Item = (u32, u32)> {
    playlist.slots.iter().filter_map(|slot| {
        let asset = &assets.assets[usize::from(slot.item)];
        (asset.code.as_str() == ORDER).then(|| (slot.start_s, slot.start_s + asset.media.duration_s))
    })
}

/// How many plays of the order can have begun in these seconds: one after another, as near to each other as they may be.
fn fitting(seconds: &IntervalSet) -> u32 {
    seconds.iter().map(|(a, b)| (b - a).div_ceil(GAP_S)).sum()
}

/// These seconds, and some before and after each stretch of them.
fn widened(seconds: &IntervalSet, before_s: u32, after_s: u32) -> IntervalSet {
    let wider = seconds.iter().map(|(a, b)| (a.saturating_sub(before_s), (b + after_s).min(DAY_S)));
    IntervalSet::from(wider.collect::<Vec<_>>())
}

/// Plays that a screen can truly have lost on a day, by what it can have lost them to; and in all, for what is lost is lost to one thing.
fn at_most(
    month: &Month,
    n: u32,
    (screen, duty): (&str, &IntervalSet),
    planned: &Planned,
) -> (BTreeMap<&'static str, u32>, u32) {
    let (size, truth) = (&month.size, month.world.truth.day(screen, month.on(n)));
    let within = |(from, to): (u32, u32)| (from..=to).contains(&n);
    let mut most: BTreeMap<&'static str, u32> = BTreeMap::new();
    let mut all = 0;
    let mut add = |causes: &[&'static str], plays: u32| {
        all += plays;
        for cause in causes {
            *most.entry(cause).or_default() += plays;
        }
    };
    let off = widened(&truth.off.intersect(duty), EDGE_S, AWAKE_S);
    let dark = widened(&truth.dark.intersect(duty), EDGE_S, 0);
    add(&["skipped:device-off", "skipped:clock-unset", "skipped:already-shown"], planned.at_once(&off));
    add(&["panel-dark"], planned.ever(&dark));
    add(&["partial:interrupted"], fitting(&widened(&truth.spoken, 0, WORD_S)));
    let leapt = planned.at_once(&truth.leapt);
    add(&["future", "skipped:device-off", "skipped:already-shown", "skipped:clock-unset", "skipped:too-slow"], leapt);
    // what became of a play of the newest plan nobody knows, when its seconds were cut off, or the plan came to the box too late
    add(&["no-record"], touching(&planned.newest, &off.union(&dark).union(&truth.leapt)));
    if !truth.apart.is_empty() {
        add(&["no-record"], planned.unheard_of());
    }
    if n == size.disaster {
        // from the moment at which the disk broke until each box had a plan of the server that came back
        let without = IntervalSet::one(12 * H - EDGE_S, 16 * H + AWAKE_S);
        add(&["skipped:replanned", "skipped:device-off", "no-record"], planned.ever(&without));
    }
    let owed = if WARD_SCREENS.contains(&screen) && within(size.raised) { 20 } else { 10 };
    // a Saturday's morning has no room for twenty; the days beside it bring them in, which the raised days' own line holds
    if screen == WARD_SCREENS[1] && within(size.raised) && n % 7 == 5 {
        add(&["not-planned"], owed - owed.min(planned.newest.len() as u32));
    }
    if within(size.suspended) && !screen.starts_with("NB-") {
        add(&["suspended:quoc-tang"], owed);
    }
    (most, all)
}
