//! What the three say of one screen, day by day: plan, our log, theirs.

use crate::directory::{Screen, ScreenKind};
use crate::error::AppError;
use crate::exchange::reconcile::{Planned, Shown, Sides};
use crate::exchange::{DeclaredStore, Rule};
use crate::planning::PlanStore;
use crate::proof::evidence::{Judged, ScreenRecords, Walk};
use crate::store::Store;
use lichphat_playlists::ids::CampaignCode;
use lichphat_playlists::proof::count::Standing;
use lichphat_playlists::proof::record::Origin;
use lichphat_playlists::quota::{Ratio, floor};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use std::collections::BTreeMap;

/// What is asked, and of whom.
pub(super) struct Asked<'a> {
    pub(super) campaign: &'a CampaignCode,
    /// First and last, both included.
    pub(super) days: (LocalDay, LocalDay),
    /// Nothing later is compared: it has not been played yet.
    pub(super) now: UtcMillis,
    pub(super) rule: &'a Rule,
}

/// A day with the words beside its plays.
#[derive(Default)]
pub(super) struct Day {
    pub(super) sides: Sides,
    /// Of each play of our log: its own name, and how it stands.
    pub(super) ours: Vec<(String, String)>,
    /// Of each of theirs: file and line, and how it would stand.
    pub(super) theirs: Vec<(String, String)>,
}

/// Every day of the period on which one of the three says something. Unless the screen was `named`, one with a device of
/// ours of which nobody else keeps a log is left out: there is nothing to compare that a report does not say.
pub(super) async fn days(
    store: &Store,
    asked: &Asked<'_>,
    screen: &Screen,
    named: bool,
) -> Result<BTreeMap<LocalDay, Day>, AppError> {
    let mut days: BTreeMap<LocalDay, Day> = BTreeMap::new();
    let theirs = their_log(store, asked, screen, &mut days).await?;
    if !theirs && !named {
        return Ok(BTreeMap::new());
    }
    let mut starts: BTreeMap<LocalDay, Vec<u32>> = BTreeMap::new();
    let owed = owed(asked, screen);
    for day in asked.days.0.through(asked.days.1) {
        let (planned, at) = match store.newest(&screen.code, day).await? {
            Some(plan) => planned(&plan, asked, day),
            None => (owed.get(&day).cloned().unwrap_or_default(), Vec::new()),
        };
        starts.insert(day, at);
        days.entry(day).or_default().sides.planned = planned;
    }
    let ours = our_log(store, asked, screen, &starts, &mut days).await?;
    for Day { sides, .. } in days.values_mut() {
        // a log that says nothing of a day says that nothing was played on it
        if ours {
            sides.ours.get_or_insert_default();
        }
        if theirs {
            sides.theirs.get_or_insert_default();
        }
    }
    days.retain(|_, day| day.sides.planned.len() + day.ours.len() + day.theirs.len() > 0);
    Ok(days)
}

/// The plan's slots of the campaign that are over, and the seconds at which they start.
fn planned(plan: &crate::planning::StoredPlan, asked: &Asked<'_>, day: LocalDay) -> (Vec<Planned>, Vec<u32>) {
    let slot = |slot: &lichphat_playlists::wire::v1::Slot| {
        let asset = plan.assets.assets.get(usize::from(slot.item)).filter(|a| a.code == *asked.campaign)?;
        let at = day.at(slot.start_s, asked.rule.offset);
        let length_ms = i64::from(asset.media.duration_s) * 1000;
        (at.plus_ms(length_ms) <= asked.now).then_some((Planned { at: Some(at), length_ms }, slot.start_s))
    };
    plan.playlist.slots.iter().filter_map(slot).unzip()
}

/// Where nobody plans: what each day that is over is asked for, a number without times. Days share what is no whole play.
fn owed(asked: &Asked<'_>, screen: &Screen) -> BTreeMap<LocalDay, Vec<Planned>> {
    let Rule { directory, campaigns, offset } = asked.rule;
    let today = asked.now.day(*offset);
    let mut out = BTreeMap::new();
    let mut plays = |day: LocalDay, n: u32, length_s: u32| {
        let one = Planned { at: None, length_ms: i64::from(length_s) * 1000 };
        out.insert(day, vec![one; n as usize]);
    };
    let over = || asked.days.0.through(asked.days.1).filter(|day| *day < today);
    let Some(order) = campaigns.directive_of(asked.campaign).filter(|o| !o.is_of_units()) else {
        for day in over() {
            let mine = campaigns.contracts().find(|c| c.code == *asked.campaign);
            if let Some(contract) = mine {
                let owed = campaigns.contract_days_owed(directory, contract, screen, (day, day));
                let n = owed.iter().map(|d| floor(d.owed)).sum();
                plays(day, n, contract.product.length_s);
            }
        }
        return out;
    };
    let length_s = |day| order.product_for(screen, day).map_or(0, |(product, _)| product.length_s);
    let mut sum = Ratio::from_integer(0);
    for (first, last) in order.periods() {
        let from = first.max(asked.days.0);
        if from > last.min(asked.days.1) {
            continue;
        }
        let owed = campaigns.days_owed(directory, order, screen, from);
        for day in
            owed.iter().filter(|d| d.operating && d.day >= asked.days.0 && d.day <= asked.days.1 && d.day < today)
        {
            let before = floor(sum);
            sum += day.owed;
            plays(day.day, floor(sum) - before, length_s(day.day));
        }
    }
    out
}

/// Our log's plays, day by day; is there one?
async fn our_log(
    store: &Store,
    asked: &Asked<'_>,
    screen: &Screen,
    starts: &BTreeMap<LocalDay, Vec<u32>>,
    days: &mut BTreeMap<LocalDay, Day>,
) -> Result<bool, AppError> {
    let mut any = screen.kind == ScreenKind::Managed;
    let mut walk = Walk::new(store, screen.code.clone(), asked.days, asked.rule.offset);
    while let Some(piece) = walk.next().await? {
        for judged in piece.records.iter().filter(|j| j.campaign == *asked.campaign && j.record.result.was_shown()) {
            any = true;
            let day = days.entry(judged.day).or_default();
            let slot = slot_of(&piece, judged);
            let at = slot.and_then(|s| starts.get(&judged.day)?.iter().position(|start| *start == s));
            day.sides.ours.get_or_insert_default().push(Shown {
                start: judged.record.start,
                length_ms: judged.record.end.since_ms(judged.record.start).max(0),
                of: at,
                counts: matches!(judged.standing, Standing::Counted { within: true, .. }),
            });
            day.ours.push((format!("{}/{}/{}", judged.device, judged.epoch, judged.seq), word(judged.standing)));
        }
    }
    Ok(any)
}

/// Second of its day at which the slot starts that a record was shown for; none when that is another day's.
fn slot_of(piece: &ScreenRecords, judged: &Judged) -> Option<u32> {
    let (plan, slot) = match judged.record.origin {
        Origin::Planned { slot } => (judged.record.plan, slot),
        Origin::MakeGood { missed_plan, missed_slot } => (missed_plan, missed_slot),
        Origin::Fallback => return None,
    };
    let (day, start_s, _) = piece.slot(&plan, slot)?;
    (day == judged.day).then_some(start_s)
}

/// Theirs; is there one?
async fn their_log(
    store: &Store,
    asked: &Asked<'_>,
    screen: &Screen,
    days: &mut BTreeMap<LocalDay, Day>,
) -> Result<bool, AppError> {
    let offset = asked.rule.offset;
    let span = (asked.days.0.previous().start(offset), asked.days.1.next().start(offset));
    let held = store.declared(&screen.code, span.0, span.1).await?;
    let places: BTreeMap<_, _> = held.into_iter().map(|h| (h.play, h.place)).collect();
    let plays: Vec<_> = places.keys().cloned().collect();
    let mut any = screen.kind == ScreenKind::ThirdParty;
    for on in asked.days.0.through(asked.days.1) {
        let judged = asked.rule.judge(screen, on, &plays);
        for (play, standing) in judged.into_iter().filter(|(play, _)| play.campaign == *asked.campaign) {
            any = true;
            let day = days.entry(on).or_default();
            day.sides.theirs.get_or_insert_default().push(Shown {
                start: play.start,
                length_ms: play.end.since_ms(play.start),
                of: None,
                counts: matches!(standing, Standing::Counted { within: true, .. }),
            });
            day.theirs.push((places.get(&play).cloned().unwrap_or_default(), word(standing)));
        }
    }
    Ok(any)
}

fn word(standing: Standing) -> String {
    match standing {
        Standing::Counted { within: true, .. } => String::new(),
        Standing::Counted { within: false, .. } => "outside".to_owned(),
        Standing::NotCounted(reason) => reason.code(),
        Standing::Unknown(doubt) => doubt.code().to_owned(),
    }
}
