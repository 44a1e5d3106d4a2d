//! What a screen shows now, and how sure that is: how it stands, what its plan says of this second, what its player has said of itself
//! last, and the newest picture that it sent. The picture of a planned item is never passed off as one of the screen.

use super::ask::AskedView;
use super::figures::CampaignNow;
use super::names::{self, state as state_of, time, title};
use super::page::shown;
use super::screen::Gathered;
use super::why::playing;
use crate::attention::{self, BoxFacts, Cause, Standing, State};
use crate::fleet::DeviceState;
use crate::lang::{Lang, Values};
use std::sync::Arc;

/// What it shows now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Now {
    /// How it stands: a sentence, its tone, what mends it.
    pub(super) standing: String,
    pub(super) tone: &'static str,
    pub(super) mend: String,
    /// How it is known what it shows, before the title.
    pub(super) lead: String,
    pub(super) title: String,
    /// Rank and times.
    pub(super) what: String,
    /// Its file; empty: there is none to show.
    pub(super) hash: String,
    /// The newest play that its player has handed in.
    pub(super) reported: String,
    /// Address and description of the newest picture of the screen itself.
    pub(super) shot: Option<(String, String)>,
}

impl Now {
    /// A box was let in a moment ago and has not come yet.
    pub(super) fn paired(&mut self, lang: Lang) {
        (self.standing, self.tone, self.mend) = (lang.text("screen-now-paired"), "wait", String::new());
    }
}

/// Of today's page, with what was asked of its player lately; of another day it says nothing.
pub(super) fn of(
    lang: Lang,
    g: &Gathered,
    now: &[Arc<CampaignNow>],
    (state, commands): (Option<&DeviceState>, &[AskedView]),
) -> Option<Now> {
    if g.day != g.today {
        return None;
    }
    // of this very moment: what is kept of the whole city may be older
    let facts = state.map(|s| BoxFacts::of(s, g.device.as_ref().and_then(|d| d.reported_until)));
    let present = attention::present(&g.city.directory, &g.screen, facts.as_ref(), (g.now, g.offset));
    let due = now.iter().filter_map(|c| c.outlook.due.get(&g.screen.code)).copied();
    let standing = attention::with_plays(present, due);
    let shot = commands.iter().find_map(|command| command.picture.clone());
    let (sentence, tone, mend) = stands(lang, g, standing);
    let reported = reported(lang, g, standing.state);
    Some(Now { standing: sentence, tone, mend, reported, shot, ..planned(lang, g, standing.state) })
}

/// How it stands, and what to do about it.
fn stands(lang: Lang, g: &Gathered, standing: Standing) -> (String, &'static str, String) {
    let tone = match standing.state {
        State::Dark | State::Offline | State::Silent => "bad",
        State::Behind => "wait",
        State::Ok => "good",
        State::OffDuty | State::Unmanaged => "soft",
    };
    // one that never had a player has not fallen silent
    let (state, tone) = match standing.cause {
        Some(Cause::NoDevice) => (lang.text("screens-state-no-device"), "wait"),
        _ => (lang.text(&format!("state-{}", standing.state)), tone),
    };
    let since = standing.since.filter(|_| standing.cause != Some(Cause::PanelOff));
    let sentence = match since {
        Some(at) => {
            let values = Values::new().word("state", state).word("at", lang.instant(at, g.offset));
            lang.say("screen-stands-since", &values)
        }
        None => lang.say("screen-stands", &Values::new().word("state", state)),
    };
    // what is missing today stands at each order
    let mend = standing.cause.filter(|cause| *cause != Cause::Short);
    (sentence, tone, mend.map(|cause| lang.text(&format!("today-mend-{cause}"))).unwrap_or_default())
}

/// What the plan in force says of this second, and whether anybody has said that it is so.
fn planned(lang: Lang, g: &Gathered, state: State) -> Now {
    let second = g.now.local(g.offset).1 / 1000;
    let lead = |key: &str| Now { lead: lang.text(key), ..Now::default() };
    let closures = g.city.directory.closures_of(&g.screen, g.day);
    if let Some(closure) = closures.into_iter().find(|c| c.on(g.day).contains(second)) {
        let until = format!("{} {}", time(closure.to.second), lang.day(closure.to.day));
        let values = Values::new().word("until", until).word("reason", shown(&closure.reason));
        return Now { lead: lang.say("screen-now-closed", &values), ..Now::default() };
    }
    // the plan knows better when the screen is to be on: an order may turn it off
    let duty = match &g.plan {
        Some(plan) => plan.playlist.duty.clone(),
        None => g.city.directory.duty(&g.screen, g.day),
    };
    if state == State::Unmanaged && g.plan.is_none() {
        return lead("screen-now-unmanaged");
    }
    let is_bad = matches!(state, State::Dark | State::Offline | State::Silent | State::Unmanaged);
    let Some((asset, start, end)) = playing(g, second) else {
        return lead(match (&g.plan, duty.contains(second)) {
            (_, false) => "screen-now-off",
            (None, true) => "screen-now-none",
            (Some(_), true) if is_bad => "screen-now-empty",
            (Some(_), true) => "screen-now-gap",
        });
    };
    let is_said = g.lines.iter().any(|l| l.planned && l.start_s == start && l.record.is_some());
    let key = match state {
        _ if is_said => "screen-now-said",
        _ if is_bad => "screen-now-should",
        _ => "screen-now-plan",
    };
    let tier = lang.text(&format!("tier-{}", names::tier(asset.tier)));
    Now {
        title: title(lang, &g.city, asset.code.as_str()),
        what: format!("{tier}, {}–{}", time(start), time(end)),
        hash: asset.media.hash.hex(),
        ..lead(key)
    }
}

/// The newest play of the day that the player has handed in; it hands them in by the quarter of an hour.
fn reported(lang: Lang, g: &Gathered, state: State) -> String {
    let newest = g.lines.iter().filter(|l| l.record.is_some()).max_by_key(|l| l.start_s);
    match newest {
        Some(line) => {
            let values = Values::new()
                .word("title", title(lang, &g.city, line.campaign.as_str()))
                .word("time", time(line.start_s))
                .word("state", state_of(lang, line).0);
            lang.say("screen-reported", &values)
        }
        None if g.device.is_none() || state == State::OffDuty => String::new(),
        None => lang.text("screen-reported-none"),
    }
}
