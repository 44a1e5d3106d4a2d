//! What a reader has to know and do first: three things with their buttons, how each order will end, how many screens are in
//! which state, and the map of the last days. A part of the page at which he comes in, and of each unit's page.

use super::chart::Chart;
use super::data::{City, Console};
use super::figures::CampaignNow;
use super::outlook::Look;
use super::overview::order_title;
use super::page::shown;
use super::{Asked, ConsoleError, heat};
use crate::attention::{self, Cause, Fates, Here, Mend, Prospect, State, Thing};
use crate::directory::Screen;
use crate::lang::{Lang, Values};
use crate::people::{Act, On, Sight};
use lichphat_playlists::ids::UnitCode;
use lichphat_playlists::quota::Of;
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// So many things come first.
const FIRST: usize = 3;
/// So many more are listed; who has more works through these.
const MORE: usize = 12;

/// The part of the page.
#[derive(Debug, Default)]
pub(super) struct Today {
    pub(super) things: Vec<ThingView>,
    /// What comes after the first three.
    pub(super) more: Vec<ThingView>,
    /// `4 việc khác`
    pub(super) more_title: String,
    /// Nothing is wrong; a sentence.
    pub(super) calm: Option<String>,
    pub(super) counts: Vec<CountView>,
    pub(super) orders: Vec<OrderView>,
    /// The last days of the order whose map is shown.
    pub(super) chart: Option<Chart>,
    pub(super) heat: Option<heat::Heat>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ThingView {
    pub(super) sentence: String,
    /// What mends it; empty when the button says all.
    pub(super) mend: String,
    pub(super) button: String,
    pub(super) href: String,
    /// `bad` or `wait`.
    pub(super) tone: &'static str,
}

/// Screens in one state.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CountView {
    pub(super) label: String,
    pub(super) n: String,
    /// The list; none when there is nothing in it.
    pub(super) href: Option<String>,
    pub(super) tone: &'static str,
}

/// How one order will end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OrderView {
    pub(super) title: String,
    /// When, a sign, how it will be, in which tone.
    pub(super) lines: Vec<(String, &'static str, String, &'static str)>,
}

/// Whose screens it is about.
pub(super) struct Scope<'a> {
    pub(super) screens: Vec<&'a Screen>,
    /// The unit whose lists the counts lead to; none: there is no one list.
    pub(super) top: Option<&'a UnitCode>,
    /// May he see the city as a whole, and so what is looked ahead for an order?
    pub(super) whole: bool,
    /// What the reader sees: who runs his screens may be a body whose page is not his.
    pub(super) sight: &'a Sight,
}

/// The facts.
pub(super) struct Facts<'a> {
    pub(super) city: &'a City,
    pub(super) now: &'a [Arc<CampaignNow>],
    pub(super) look: &'a Look<'a>,
    pub(super) at: (UtcMillis, LocalDay),
    pub(super) offset: UtcOffset,
}

/// What waits for the reader's own word, each a thing of its own.
pub(super) async fn own(console: &Console, asked: &Asked) -> Result<Vec<ThingView>, ConsoleError> {
    let (lang, caller, city) = (asked.lang, asked.caller()?, console.city().await?);
    let thing = |key: &str, n: u64, button: &str, href: &str| ThingView {
        sentence: lang.say(key, &Values::new().count(lang, "n", n)),
        mend: String::new(),
        button: lang.text(button),
        href: href.to_owned(),
        tone: "wait",
    };
    let mut own = Vec::new();
    let waiting = console.approvals.waiting_for(caller, &city.directory).await?;
    if waiting > 0 {
        own.push(thing("approvals-waiting", waiting, "today-decide", "/approvals"));
    }
    let sees_all = caller.may(Act::View, On::City, &city.directory, console.today().1).is_ok();
    let peaks = if sees_all { console.proposals_waiting().await? } else { 0 };
    if peaks > 0 {
        own.push(thing("peaks-waiting", peaks, "today-look", "/peaks"));
    }
    Ok(own)
}

/// The part over a scope; `own` is what waits for the reader himself.
pub(super) fn view(asked: &Asked, facts: &Facts<'_>, scope: &Scope<'_>, own: Vec<ThingView>) -> Today {
    let lang = asked.lang;
    let here: Vec<Here<'_>> =
        scope.screens.iter().map(|screen| Here { screen, standing: facts.look.standing(screen) }).collect();
    let mut ranked: Vec<(Reverse<(u32, u32)>, ThingView)> = attention::things(here.iter().copied(), facts.at.1)
        .iter()
        .filter(|t| t.cause != Cause::NotApproved) // said once for each order, below
        .map(|t| (Reverse((t.screens, t.plays)), thing(lang, facts, t, scope)))
        .collect();
    let kinds = || [Unplanned::NoRoom, Unplanned::NotApproved].into_iter();
    ranked.extend(facts.now.iter().flat_map(|now| kinds().filter_map(|kind| unplanned(lang, facts, now, scope, kind))));
    ranked.sort_by_key(|(stake, _)| *stake);
    let (things, mut more) = split(ranked.into_iter().map(|(_, thing)| thing).collect(), own);
    let more_title = lang.say("today-more", &Values::new().count(lang, "n", more.len() as u64));
    more.truncate(MORE);
    let managed = here.iter().any(|h| h.standing.state != State::Unmanaged);
    Today {
        calm: (things.is_empty() && managed).then(|| lang.text("today-calm")),
        more_title,
        things,
        more,
        counts: counts(lang, &here, scope),
        orders: facts.now.iter().filter_map(|now| order(lang, facts, now, scope)).collect(),
        chart: super::overview::current(asked, facts.now)
            .and_then(|i| heat::days(lang, facts.city, &facts.now[i], &scope.screens)),
        heat: None,
    }
}

/// The first three, and the others. What waits for the reader's own word has a place among the three: nobody else can say it.
fn split(ranked: Vec<ThingView>, own: Vec<ThingView>) -> (Vec<ThingView>, Vec<ThingView>) {
    let mut all = ranked;
    let at = all.len().min(FIRST - usize::from(!own.is_empty()));
    all.splice(at..at, own);
    let more = all.split_off(all.len().min(FIRST));
    (all, more)
}

/// `8:15`, or with its day when that is not today.
fn since(lang: Lang, facts: &Facts<'_>, at: Option<UtcMillis>) -> String {
    let Some(at) = at else { return String::new() };
    match at.local(facts.offset) {
        (day, ms) if day == facts.at.1 => lang.say("today-since", &Values::new().word("at", lang.clock(ms / 1000))),
        (day, _) => lang.say("today-since-day", &Values::new().word("at", lang.day(day))),
    }
}

fn thing(lang: Lang, facts: &Facts<'_>, thing: &Thing, scope: &Scope<'_>) -> ThingView {
    let unit = thing.unit.as_ref().and_then(|code| facts.city.directory.unit(code));
    let place = match unit {
        Some(unit) => shown(&unit.name),
        None if thing.units > 1 => lang.say("n-units", &Values::new().count(lang, "n", thing.units.into())),
        None => lang.text("today-nobody"),
    };
    let when = match thing.cause {
        // when the panel went off nobody has said
        Cause::PanelOff | Cause::NoDevice | Cause::Short | Cause::NotApproved => String::new(),
        _ => since(lang, facts, thing.since),
    };
    let values = Values::new()
        .count(lang, "n", thing.screens.into())
        .count(lang, "plays", thing.plays.into())
        .word("place", place)
        .word("since", when);
    let (button, href) = match &thing.mend {
        Mend::Screen(code) => (lang.text("today-see-one"), format!("/screens/{code}")),
        Mend::Unit(unit, state) if scope.sight.unit(unit) => {
            (lang.say("today-see", &values), format!("/units/{unit}?state={state}#screens"))
        }
        Mend::Unit(_, state) | Mend::All(state) => {
            let list =
                scope.top.map_or_else(|| "#units".to_owned(), |top| format!("/units/{top}?state={state}#screens"));
            (lang.say("today-see", &values), list)
        }
    };
    let taken = facts.look.boxes.taken.iter().find(|c| c.cause == thing.cause && c.site.unit == thing.unit);
    let taken = taken.and_then(|case| case.taken.as_ref()).map(|(by, at)| {
        let at = lang.instant(*at, facts.offset);
        lang.say("alerts-taken", &Values::new().word("by", by.to_string()).word("at", at))
    });
    ThingView {
        sentence: lang.say(&format!("today-thing-{}", thing.cause), &values),
        mend: taken.unwrap_or_else(|| lang.text(&format!("today-mend-{}", thing.cause))),
        button,
        href,
        tone: if matches!(thing.state, State::Behind) { "wait" } else { "bad" },
    }
}

/// Why today's plans do not hold all that they are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unplanned {
    /// There was no room.
    NoRoom,
    /// Nobody had approved it, as the plan says.
    NotApproved,
}

/// Plays that today's plans do not hold, of one order and for one reason.
fn unplanned(
    lang: Lang,
    facts: &Facts<'_>,
    now: &CampaignNow,
    scope: &Scope<'_>,
    why: Unplanned,
) -> Option<(Reverse<(u32, u32)>, ThingView)> {
    let directive = facts.city.campaigns.directive_of(&now.report.campaign)?;
    let missing = |s: &&&Screen| match why {
        Unplanned::NoRoom => {
            let day = now.today.get(&s.code).filter(|f| !f.not_approved);
            day.map_or(0, |f| f.asked.saturating_sub(f.planned))
        }
        // what the day owes by itself, as above: to be ahead of it nobody needs
        Unplanned::NotApproved => {
            now.outlook.due.get(&s.code).filter(|due| due.not_approved).map_or(0, |due| due.missing(due.open))
        }
    };
    let short: Vec<u32> = scope.screens.iter().map(|s| missing(&s)).filter(|n| *n > 0).collect();
    let (screens, plays) = (short.len() as u32, short.iter().sum::<u32>());
    let values = Values::new()
        .count(lang, "n", screens.into())
        .count(lang, "plays", plays.into())
        .word("order", order_title(lang, directive));
    let top = scope.top.map(|unit| format!("/units/{unit}?show=short#screens"));
    let order = &now.report.campaign;
    let (button, href) = match top.filter(|_| !scope.whole) {
        _ if why == Unplanned::NotApproved => (lang.text("today-see-approvals"), "/approvals".to_owned()),
        Some(list) => (lang.say("today-see", &values), list),
        None if scope.whole => (lang.text("today-look-ahead"), format!("/preflight/{order}")),
        None => (lang.text("today-see-order"), format!("/orders/{order}")),
    };
    let (sentence, mend) = match why {
        Unplanned::NoRoom => (lang.say("today-thing-no-room", &values), "today-mend-no-room"),
        Unplanned::NotApproved => (lang.say("today-thing-unapproved", &values), "today-mend-not-approved"),
    };
    let thing = ThingView { sentence, mend: lang.text(mend), button, href, tone: "wait" };
    (screens > 0).then_some((Reverse((screens, plays)), thing))
}

fn counts(lang: Lang, here: &[Here<'_>], scope: &Scope<'_>) -> Vec<CountView> {
    let mut by: BTreeMap<State, u64> = BTreeMap::new();
    for here in here {
        *by.entry(here.standing.state).or_default() += 1;
    }
    let always = [State::Dark, State::Offline, State::Behind, State::Silent, State::Ok];
    let view = |state: State| {
        let n = by.get(&state).copied().unwrap_or(0);
        let list = scope.top.map(|unit| format!("/units/{unit}?state={state}#screens"));
        CountView {
            label: match state {
                State::Silent => lang.text("today-count-silent"), // never heard, too
                _ => lang.text(&format!("state-{state}")),
            },
            n: lang.number(n),
            href: list.filter(|_| n > 0),
            tone: match state {
                State::Dark | State::Offline | State::Silent if n > 0 => "bad",
                State::Behind if n > 0 => "wait",
                State::Ok if n > 0 => "good",
                _ => "soft",
            },
        }
    };
    let shown =
        [State::Dark, State::Offline, State::Behind, State::Silent, State::Ok, State::OffDuty, State::Unmanaged];
    shown.into_iter().filter(|s| !here.is_empty() && (always.contains(s) || by.contains_key(s))).map(view).collect()
}

fn order(lang: Lang, facts: &Facts<'_>, now: &CampaignNow, scope: &Scope<'_>) -> Option<OrderView> {
    let directive = facts.city.campaigns.directive_of(&now.report.campaign)?;
    let mut sums = [Prospect::default(); 3];
    let mut add = |fates: &Fates| sums.iter_mut().zip(fates).for_each(|(sum, fate)| sum.add(*fate));
    let of_units = now.report.of == Of::Unit;
    if of_units {
        let units = scope.screens.iter().filter(|s| now.line(&s.code).is_some());
        let units: BTreeSet<&UnitCode> =
            units.filter_map(|s| directive.quota_unit(&facts.city.directory, s, facts.at.1)).collect();
        units.into_iter().filter_map(|unit| now.outlook.units.get(unit)).for_each(&mut add);
    } else {
        scope.screens.iter().filter_map(|s| now.outlook.screens.get(&s.code)).for_each(&mut add);
    }
    let until = Values::new().word("day", lang.day(now.period.1));
    let when = [lang.text("today-when-day"), lang.text("today-when-week"), lang.say("today-when-end", &until)];
    let aimed = scope.screens.iter().any(|s| now.line(&s.code).is_some());
    let lines = when.into_iter().zip(sums).map(|(when, sum)| {
        let (sign, sentence, tone) = verdict(lang, of_units, &sum);
        (when, sign, sentence, tone)
    });
    aimed.then(|| OrderView { title: order_title(lang, directive), lines: lines.collect() })
}

/// A sign, how it will be, and in which tone.
fn verdict(lang: Lang, of_units: bool, sum: &Prospect) -> (&'static str, String, &'static str) {
    let values = Values::new()
        .count(lang, "due", sum.due.into())
        .count(lang, "met", sum.met.into())
        .count(lang, "open", sum.open.into())
        .count(lang, "short", sum.short.into())
        .count(lang, "plays", sum.plays);
    let of = if of_units { "-units" } else { "" };
    let (sign, key, tone) = match sum {
        Prospect { due: 0, .. } => return ("–", lang.text("fate-none"), "soft"),
        Prospect { short: 0, open: 0, .. } => ("✓", "fate-met", "good"),
        Prospect { short: 0, .. } => ("?", "fate-open", "wait"),
        Prospect { open: 0, .. } => ("✗", "fate-short", "bad"),
        _ => ("✗", "fate-short-open", "bad"),
    };
    (sign, lang.say(&format!("{key}{of}"), &values), tone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thing(sentence: &str, tone: &'static str, mend: &str) -> ThingView {
        let (button, href) = (String::new(), String::new());
        ThingView { sentence: sentence.into(), mend: mend.into(), button, href, tone }
    }

    #[test]
    fn what_waits_for_the_readers_own_word_is_among_the_three() {
        let ranked = || (0..4).map(|i| thing(&i.to_string(), "bad", "x")).collect::<Vec<_>>();
        let own = || ["own", "too"].map(|word| thing(word, "wait", "")).to_vec();
        let words = |things: &[ThingView]| things.iter().map(|t| t.sentence.clone()).collect::<Vec<_>>();
        let (first, more) = split(ranked(), own());
        assert_eq!(
            (words(&first), words(&more)),
            (vec!["0".into(), "1".into(), "own".into()], ["too", "2", "3"].map(str::to_owned).to_vec())
        );
        assert_eq!(words(&split(vec![], own()).0), ["own", "too"]);
        assert_eq!(words(&split(ranked(), vec![]).0), ["0", "1", "2"]);
    }

    #[test]
    fn a_verdict_is_said_with_its_numbers() {
        let sum = Prospect { due: 20, met: 17, open: 2, short: 1, plays: 12 };
        let (sign, said, tone) = verdict(Lang::Vi, false, &sum);
        assert_eq!((sign, tone), ("✗", "bad"));
        assert_eq!(said, "1 trong 20 màn hình sẽ thiếu, tổng cộng 12 lượt. 2 màn hình mất mạng nên chưa rõ.");
        assert_eq!(
            verdict(Lang::En, false, &Prospect { due: 1, met: 1, ..Prospect::default() }).1,
            "The one screen will meet it."
        );
        assert_eq!(verdict(Lang::Vi, true, &Prospect::default()).0, "–");
    }
}
