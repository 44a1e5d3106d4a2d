//! "Hôm nay": will every order be met, where not, and why.

use super::data::{City, Console, running};
use super::figures::CampaignNow;
use super::log::{self, LogView};
use super::outlook::{Boxes, Look};
use super::page::{Page, Pages, pages, shown};
use super::today::{self, Today};
use super::{Asked, ConsoleError, heat, href};
use crate::campaigns::{Directive, DirectiveKind, Phase};
use crate::compliance::{Totals, UnitLine};
use crate::directory::{Link, UnitKind, plain_key, without_kind};
use crate::lang::{Lang, Values};
use crate::people::Sight;
use askama::Template;
use lichphat_playlists::ids::UnitCode;
use lichphat_playlists::quota::{Of, Quota};
use lichphat_playlists::time::LocalDay;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    page: Page,
    day: String,
    /// Addresses of the day before, of the days so far, of the day after.
    days: (String, Option<String>, Option<String>),
    alone: bool,
    /// What to bring in first, when the city is empty; commands with a sentence each.
    steps: Vec<(String, &'static str)>,
    screens: String,
    /// Something waits for a decision: a sentence and its page.
    waits: Vec<(String, String)>,
    /// What to know and do first; none for a day by itself.
    today: Option<Today>,
    cards: Vec<Card>,
    no_orders: bool,
    table: Option<UnitTable>,
    others: Vec<OtherOrder>,
    log: Option<LogView>,
}

/// A share as a bar: parts of a hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bar {
    /// Good part, per cent.
    pub(super) good: u64,
    /// Bad part, per cent; what is left is open.
    pub(super) bad: u64,
}

impl Bar {
    /// Of `whole`; none when there is nothing to share.
    pub(super) fn of(good: u64, bad: u64, whole: u64) -> Option<Self> {
        // A single bad one among thousands must be seen.
        let part = |n: u64| if n == 0 || whole == 0 { 0 } else { (n * 100 / whole).clamp(2, 100) };
        let bad_part = part(bad);
        let good_part = if good > 0 && good + bad >= whole { 100 - bad_part } else { part(good).min(100 - bad_part) };
        (whole > 0).then_some(Self { good: good_part, bad: bad_part })
    }
}

/// A reason for missing plays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CauseLine {
    /// In plain words.
    pub(super) sentence: String,
    /// How many screens.
    pub(super) count: String,
    /// What to do.
    pub(super) mend: String,
}

/// One running order.
#[derive(Debug)]
struct Card {
    title: String,
    sample: bool,
    code: String,
    period: String,
    rule: String,
    verdict: String,
    tone: &'static str,
    bar: Option<Bar>,
    today: String,
    today_bar: Option<Bar>,
    figures: Vec<(String, String)>,
    causes: Vec<CauseLine>,
    href: String,
    preflight: String,
    current: bool,
}

/// Units of one link, those with problems first.
#[derive(Debug)]
struct UnitTable {
    title: String,
    summary: String,
    tabs: Vec<(String, String, bool)>,
    rows: Vec<UnitRow>,
    pages: Option<Pages>,
    without: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct UnitRow {
    name: String,
    href: String,
    screens: String,
    met: String,
    short: String,
    is_short: bool,
    waits: bool,
    today: String,
    bar: Option<Bar>,
    cause: String,
}

/// An order without figures here: ended, to come, or without a number.
#[derive(Debug)]
struct OtherOrder {
    title: String,
    state: String,
    /// The dry run, for one that has days to come and a number.
    preflight: Option<String>,
}

/// `GET /`.
pub(super) async fn show(console: &Console, asked: &Asked) -> Result<String, ConsoleError> {
    let city = console.city().await?;
    let (_, today) = console.today();
    let alone = asked.value("day").is_some();
    let day = super::names::day(asked.value("day"), today)?;
    let now = match alone {
        true => console.campaigns_of(&city, day, &asked.caller()?.account).await?,
        false => console.campaigns_now(&city).await?,
    };
    let lang = asked.lang;
    let title = if alone { lang.day(day) } else { lang.text("overview-title") };
    let page = Page::new(console, asked, title).of_figures(console, now.made(), now.newer);
    let sight = asked.sight(&city, console)?;
    let mut view = view(page, asked, &city, &now, (day, today), &sight);
    if !alone {
        let boxes = console.boxes(&city).await?;
        view.page = view.page.of_figures(console, Some(boxes.made), boxes.newer);
        let own = today::own(console, asked).await?;
        let facts = (&*city, &*now, &*boxes);
        view.today = Some(of_today(asked, facts, console, (&sight, own)));
        view.waits = super::notices::gather(console, asked).await?;
        view.log = Some(log::gather(console, lang).await?);
    }
    Ok(view.render()?)
}

/// What to know and do first, over all that the reader sees.
fn of_today(
    asked: &Asked,
    (city, now, boxes): (&City, &[Arc<CampaignNow>], &Boxes),
    console: &Console,
    (sight, own): (&Sight, Vec<today::ThingView>),
) -> Today {
    let at = console.today();
    let look = Look { boxes, now };
    let facts = today::Facts { city, now, look: &look, at, offset: console.offset };
    let standing = city.directory.screens().filter(|s| s.in_service.contains(at.1) && sight.screen(s));
    let top = city.directory.units().find(|u| u.kind == UnitKind::City && u.parent.is_none());
    let scope = today::Scope { screens: standing.collect(), top: top.map(|u| &u.code), whole: true, sight };
    let mut view = today::view(asked, &facts, &scope, own);
    let link = asked.value("link").and_then(|l| l.parse().ok()).unwrap_or(Link::Territory);
    let units: Vec<_> = city.directory.units().filter(|u| sight.unit(&u.code) && listed(link, u.kind)).collect();
    view.heat = current(asked, now).and_then(|i| heat::of_units(asked, city, &now[i], link, &units));
    view
}

/// The order whose units are shown: as asked, else the one with most that is missing.
pub(super) fn current(asked: &Asked, now: &[Arc<CampaignNow>]) -> Option<usize> {
    asked
        .value("campaign")
        .and_then(|code| now.iter().position(|c| c.report.campaign.as_str() == code))
        .or_else(|| (0..now.len()).max_by_key(|&i| (now[i].report.totals.short, std::cmp::Reverse(i))))
}

fn view(
    page: Page,
    asked: &Asked,
    city: &City,
    now: &[Arc<CampaignNow>],
    (day, today): (LocalDay, LocalDay),
    sight: &Sight,
) -> Overview {
    let lang = asked.lang;
    let alone = asked.value("day").is_some();
    let to_day = |d: LocalDay| asked.with("day", Some(&d.to_string()));
    let standing = city.directory.screens().filter(|s| s.in_service.contains(day)).count();
    let current = current(asked, now);
    let cards = now
        .iter()
        .enumerate()
        .filter_map(|(i, c)| Some(card(asked, city.campaigns.directive_of(&c.report.campaign)?, c, Some(i) == current)))
        .collect::<Vec<_>>();
    Overview {
        page,
        day: lang.long_day(day),
        days: (
            to_day(day.previous()),
            alone.then(|| asked.with("day", None)),
            (alone && day < today).then(|| to_day(day.next())),
        ),
        alone,
        steps: if standing == 0 { steps(lang, city) } else { Vec::new() },
        screens: lang.say("overview-screens", &Values::new().count(lang, "n", standing as u64)),
        waits: Vec::new(),
        today: None,
        no_orders: cards.is_empty() && standing > 0,
        cards,
        table: current.map(|i| table(asked, city, &now[i], day, sight)),
        others: others(lang, city, day),
        log: None,
    }
}

/// What to do first in an empty city; what is there already is left out.
fn steps(lang: Lang, city: &City) -> Vec<(String, &'static str)> {
    let directory = &city.directory;
    let all = [
        ("units", "lichphat import units config/directory/units.toml", directory.units().next().is_some()),
        ("venues", "lichphat import venues config/venues.toml", directory.venue_profiles().next().is_some()),
        ("calendar", "lichphat import calendar config/calendar/holidays-vn.ics", false),
        ("screens", "lichphat import screens man-hinh.csv", false),
        ("directives", "lichphat import directives van-ban.toml", city.campaigns.directives().next().is_some()),
    ];
    all.into_iter()
        .filter(|(_, _, done)| !done)
        .map(|(key, command, _)| (lang.text(&format!("step-{key}")), command))
        .collect()
}

/// What an order asks, in a sentence.
pub(super) fn rule_text(lang: Lang, quota: &Quota) -> String {
    lang.rule(quota)
}

/// Title of an order in the reader's language.
pub(super) fn order_title(lang: Lang, directive: &Directive) -> String {
    let english = directive.title_en.as_deref().filter(|_| lang == Lang::En);
    shown(english.unwrap_or(&directive.title))
}

/// The causes of short screens in plain words, the largest first: all of them, so that they add up.
pub(super) fn causes(lang: Lang, of: Of, totals: &Totals) -> Vec<CauseLine> {
    let mut causes: Vec<(&String, &u32)> = totals.short_causes.iter().collect();
    causes.sort_by_key(|(code, n)| (std::cmp::Reverse(**n), (*code).clone()));
    causes
        .into_iter()
        .map(|(code, n)| CauseLine {
            sentence: lang.cause(code),
            count: lang.say(
                if of == Of::Unit { "n-units" } else { "n-screens" },
                &Values::new().count(lang, "n", (*n).into()),
            ),
            mend: lang.mend(code).unwrap_or_default(),
        })
        .collect()
}

/// Screens that are short by more than a log that may still come.
pub(super) fn really_short(totals: &Totals) -> u32 {
    totals.short.saturating_sub(totals.short_causes.get("pending").copied().unwrap_or(0))
}

/// How the order stands, and in which tone to say it.
pub(super) fn verdict(lang: Lang, quota_of: Of, totals: &Totals) -> (String, &'static str) {
    let of = |key: &str| {
        let key = if quota_of == Of::Unit { format!("{key}-units") } else { key.to_owned() };
        let values = Values::new()
            .count(lang, "met", totals.met.into())
            .count(lang, "short", totals.short.into())
            .count(lang, "on_duty", totals.on_duty.into());
        lang.say(&key, &values)
    };
    let waiting = totals.short_causes.get("pending").copied().unwrap_or(0);
    match (totals.on_duty, totals.short) {
        (0, _) if totals.existing == 0 => (lang.text("verdict-nobody"), "wait"),
        (0, _) => (lang.text("verdict-first-day"), "wait"),
        (_, 0) => (of("verdict-all-met"), "good"),
        // A log that may still come is no shortfall that anybody has seen.
        (_, short) if waiting == short => (of("verdict-waiting"), "wait"),
        _ if waiting > 0 => {
            let key = if quota_of == Of::Unit { "verdict-some-waiting-units" } else { "verdict-some-waiting" };
            let rest = lang.say(key, &Values::new().count(lang, "n", waiting.into()));
            (format!("{} {rest}", of("verdict-short")), "bad")
        }
        _ => (of("verdict-short"), "bad"),
    }
}

fn card(asked: &Asked, directive: &Directive, now: &CampaignNow, current: bool) -> Card {
    let lang = asked.lang;
    let t = &now.report.totals;
    let (verdict, tone) = verdict(lang, now.report.of, t);
    let number = |key: &str, n: u32| (lang.text(key), lang.number(n.into()));
    let mut figures = vec![
        number("figure-existing", t.existing),
        number("figure-reporting", t.reporting),
        number("figure-declared", t.declared),
        number("figure-silent", t.silent),
        (lang.text("figure-mean"), if t.on_duty == 0 { "—".into() } else { lang.decimal(t.mean_per_day) }),
        (lang.text("figure-made-good"), lang.number(t.made_good)),
    ];
    if t.declared_plays > 0 {
        figures.push((lang.text("figure-declared-plays"), lang.number(t.declared_plays)));
    }
    let period = Values::new().word("from", lang.day(now.period.0)).word("to", lang.day(now.period.1));
    Card {
        title: order_title(lang, directive),
        sample: directive.sample || now.report.sample,
        code: now.report.campaign.to_string(),
        period: lang.say("period", &period),
        rule: directive.quota.as_ref().map(|q| rule_text(lang, q)).unwrap_or_default(),
        verdict,
        tone,
        bar: Bar::of(t.met.into(), really_short(t).into(), t.on_duty.into()),
        today: now.today_all.text(lang, asked.value("day").is_some()),
        today_bar: now.today_all.bar(),
        figures,
        causes: causes(lang, now.report.of, t),
        href: asked.with("campaign", Some(now.report.campaign.as_str())) + "#units",
        preflight: format!("/preflight/{}", now.report.campaign),
        current,
    }
}

/// Which units a link's table lists: of the territory the wards and communes, of the others every
/// body but the city, whose sum is the card above.
fn listed(link: Link, kind: UnitKind) -> bool {
    match link {
        Link::Territory => matches!(kind, UnitKind::Ward | UnitKind::Commune),
        _ => kind != UnitKind::City,
    }
}

fn table(asked: &Asked, city: &City, now: &CampaignNow, today: LocalDay, sight: &Sight) -> UnitTable {
    let lang = asked.lang;
    let link = asked.value("link").and_then(|l| l.parse().ok()).unwrap_or(Link::Territory);
    let kind = |code: &UnitCode| city.directory.unit(code).map(|u| u.kind);
    let mut lines: Vec<&UnitLine> = now
        .report
        .units
        .iter()
        .filter(|u| sight.unit(&u.unit) && u.link == link.as_str() && kind(&u.unit).is_some_and(|k| listed(link, k)))
        .collect();
    lines.sort_by_cached_key(|u| {
        let waits = u.totals.on_duty == 0;
        (
            std::cmp::Reverse((really_short(&u.totals), u.totals.short)),
            waits,
            without_kind(&plain_key(&u.name)).to_owned(),
            u.unit.clone(),
        )
    });
    let short = lines.iter().filter(|u| u.totals.short > 0).count() as u64;
    let waits = lines.iter().filter(|u| u.totals.on_duty == 0).count() as u64;
    let values = Values::new()
        .count(lang, "n", lines.len() as u64)
        .count(lang, "met", lines.len() as u64 - short - waits)
        .count(lang, "short", short)
        .count(lang, "waits", waits);
    let key = if link == Link::Territory { "wards" } else { "units" };
    let with_waits = if waits > 0 { "-waiting" } else { "" };
    let (range, pages) = pages(asked, lines.len());
    let all = city.directory.units().filter(|u| listed(link, u.kind) && u.effective.contains(today)).count();
    let without = all.saturating_sub(lines.len()) as u64;
    UnitTable {
        title: lang.text("units-title"),
        summary: lang.say(&format!("{key}-summary{with_waits}"), &values),
        tabs: [Link::Territory, Link::Owner, Link::Sector, Link::Operator].map(|l| tab(asked, l, link)).into(),
        rows: lines[range].iter().map(|u| row(lang, link, u, now)).collect(),
        pages,
        without: (link == Link::Territory && without > 0)
            .then(|| lang.say("wards-without", &Values::new().count(lang, "n", without))),
    }
}

fn tab(asked: &Asked, link: Link, current: Link) -> (String, String, bool) {
    let mut query: BTreeMap<&str, &str> = BTreeMap::from([("link", link.as_str())]);
    query.extend(["campaign", "day"].into_iter().filter_map(|name| Some((name, asked.value(name)?))));
    (asked.lang.text(&format!("by-link-{link}")), href("/", query) + "#units", link == current)
}

fn row(lang: Lang, link: Link, line: &UnitLine, now: &CampaignNow) -> UnitRow {
    let t = &line.totals;
    let today = now.today_of.get(&(link, line.unit.clone())).copied().unwrap_or_default();
    let cause = causes(lang, now.report.of, t).into_iter().next().map(|c| c.sentence).unwrap_or_default();
    UnitRow {
        name: shown(&line.name),
        href: format!("/units/{}", line.unit),
        screens: lang.number(t.existing.into()),
        met: lang.number(t.met.into()),
        short: lang.number(t.short.into()),
        is_short: t.short > 0,
        waits: t.on_duty == 0,
        today: match today.made_good {
            0 => today.short(lang),
            n => lang.say("row-made-good", &Values::new().word("today", today.short(lang)).count(lang, "n", n)),
        },
        bar: Bar::of(t.met.into(), really_short(t).into(), t.on_duty.into()),
        cause,
    }
}

fn others(lang: Lang, city: &City, today: LocalDay) -> Vec<OtherOrder> {
    let shown_above: Vec<_> = running(&city.campaigns, today).filter(|d| d.quota.is_some()).map(|d| &d.code).collect();
    let state = |d: &Directive| {
        let (first, last) = (d.periods().first().map_or(d.from, |p| p.0), d.periods().last().map_or(d.to, |p| p.1));
        match d.phase(today) {
            Phase::Ended => lang.say("order-ended", &Values::new().word("day", lang.day(last))),
            Phase::Upcoming => lang.say("order-upcoming", &Values::new().word("day", lang.day(first))),
            Phase::Paused => lang.text("order-paused"),
            Phase::Running if d.kind == DirectiveKind::Suspend => lang.text("order-suspending"),
            Phase::Running => lang.text("order-without-number"),
        }
    };
    city.campaigns
        .directives()
        .filter(|d| !shown_above.contains(&&d.code))
        .map(|d| OtherOrder {
            title: order_title(lang, d),
            state: state(d),
            preflight: (d.quota.is_some() && d.phase(today) != Phase::Ended).then(|| format!("/preflight/{}", d.code)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_even_a_single_bad_one_and_never_more_than_everything() {
        assert_eq!(Bar::of(0, 0, 0), None);
        assert_eq!(Bar::of(10, 0, 10), Some(Bar { good: 100, bad: 0 }));
        assert_eq!(Bar::of(19_999, 1, 20_000), Some(Bar { good: 98, bad: 2 }));
        assert_eq!(Bar::of(32, 544, 576), Some(Bar { good: 6, bad: 94 }), "no gap when all are told");
        assert_eq!(Bar::of(5, 0, 10), Some(Bar { good: 50, bad: 0 }));
    }

    #[test]
    fn the_verdict_is_said_in_words() {
        let totals = Totals { existing: 9, on_duty: 8, met: 6, short: 2, ..Totals::default() };
        assert_eq!(verdict(Lang::Vi, Of::Screen, &totals), ("2 trong 8 màn hình đang thiếu lượt phát.".into(), "bad"));
        assert_eq!(verdict(Lang::En, Of::Screen, &totals).0, "2 of 8 screens are short of plays.");
        let waits = Totals {
            short_causes: [("pending".to_owned(), 2)].into(),
            ..Totals { existing: 9, on_duty: 8, met: 6, short: 2, ..Totals::default() }
        };
        assert_eq!(
            verdict(Lang::En, Of::Screen, &waits),
            ("6 of 8 screens have met the target; the play logs of 2 are awaited.".into(), "wait")
        );
        let some = Totals { short_causes: [("pending".to_owned(), 1), ("silent".to_owned(), 1)].into(), ..totals };
        assert_eq!(
            verdict(Lang::Vi, Of::Screen, &some).0,
            "2 trong 8 màn hình đang thiếu lượt phát. Trong đó 1 màn hình chỉ đang chờ nhật ký phát."
        );
        let good = Totals { existing: 1, on_duty: 1, met: 1, ..Totals::default() };
        assert_eq!(verdict(Lang::En, Of::Screen, &good).0, "The one screen on duty has met the target.");
        assert_eq!(verdict(Lang::Vi, Of::Screen, &Totals { existing: 4, ..Totals::default() }).1, "wait");
    }

    #[test]
    fn the_causes_add_up_to_the_screens_that_are_short() {
        let short_causes: BTreeMap<String, u32> = [
            ("no-player", 14),
            ("not-declared", 20),
            ("panel-dark", 11),
            ("skipped:device-off", 10),
            ("declared-only", 1),
        ]
        .map(|(code, n)| (code.to_owned(), n))
        .into();
        let told = causes(Lang::Vi, Of::Screen, &Totals { short: 56, short_causes, ..Totals::default() });
        let counts: Vec<&str> = told.iter().map(|c| c.count.as_str()).collect();
        assert_eq!(counts, ["20 màn hình", "14 màn hình", "11 màn hình", "10 màn hình", "1 màn hình"]);
    }
}
