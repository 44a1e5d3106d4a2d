//! What people call campaigns, ranks and moments of a day.

use super::ConsoleError;
use super::data::City;
use super::overview::order_title;
use super::page::shown;
use crate::compliance::screen_day::{DayLine, SlotState};
use crate::lang::{Lang, Values};
use crate::planning::World;
use lichphat_playlists::ids::CampaignCode;
use lichphat_playlists::plan::Lang as Tongue;
use lichphat_playlists::time::{DAY_S, IntervalSet, LocalDay, clock_text, parse_clock};
use lichphat_playlists::wire::v1::Tier;
use std::collections::BTreeMap;

/// The title of a campaign or item, without marks that turn text around; its code when it has none.
pub(super) fn title(lang: Lang, city: &City, code: &str) -> String {
    let order = city.campaigns.directives().find(|d| d.code.as_str() == code);
    order.map_or_else(|| shown(&crate::planning::why::title(world(city), code)), |d| order_title(lang, d))
}

/// The city as planning reads it; explaining needs no file.
pub(in crate::web) fn world(city: &City) -> World<'_> {
    static NO_MEDIA: BTreeMap<lichphat_playlists::ids::MediaHash, lichphat_playlists::media::Media> = BTreeMap::new();
    let City { directory, campaigns, permissions } = city;
    World { directory, campaigns, media: &NO_MEDIA, permissions }
}

/// The planner's name for the language.
pub(in crate::web) fn tongue(lang: Lang) -> Tongue {
    match lang {
        Lang::Vi => Tongue::Vi,
        Lang::En => Tongue::En,
    }
}

/// `08:00–12:00 và 13:30–17:00`; a word when there is none.
pub(super) fn hours(lang: Lang, set: &IntervalSet, none: &str) -> String {
    if set.is_empty() { lang.text(none) } else { tongue(lang).windows(set) }
}

/// Stable word of a rank, for messages and styles.
pub(in crate::web) fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Fixed => "fixed",
        Tier::Order => "order",
        Tier::Contract => "contract",
        Tier::Local => "local",
        Tier::Fallback => "fallback",
    }
}

/// A day as given, or `today`.
pub(super) fn day(text: Option<&str>, today: LocalDay) -> Result<LocalDay, ConsoleError> {
    let Some(text) = text else { return Ok(today) };
    let bad = || ConsoleError::Bad { kind: "day", value: text.to_owned() };
    let day: LocalDay = text.parse().map_err(|_| bad())?;
    // Beyond these nothing can be known, and arithmetic on days could run out of its calendar.
    if day.days_since(today).abs() > 36_525 { Err(bad()) } else { Ok(day) }
}

/// A second of the day as given.
pub(super) fn second(text: &str) -> Result<u32, ConsoleError> {
    let bad = || ConsoleError::Bad { kind: "time", value: text.to_owned() };
    parse_clock(text).ok().filter(|s| *s < DAY_S).ok_or_else(bad)
}

/// `08:10` on the minute, else `08:10:05`.
pub(super) fn time(second: u32) -> String {
    let text = clock_text(second);
    if second.is_multiple_of(60) { text[..5].to_owned() } else { text }
}

/// A line's state in plain words, and the tone to say it in.
pub(super) fn state(lang: Lang, line: &DayLine) -> (String, &'static str) {
    let (text, tone) = match &line.state {
        SlotState::Upcoming => (lang.text("state-upcoming"), "soft"),
        SlotState::Counted { within: false, .. } => (lang.text("state-counted-outside"), "wait"),
        SlotState::Counted { late: true, .. } => (lang.text("state-counted-late"), "good"),
        SlotState::Counted { .. } => (lang.text("state-counted"), "good"),
        SlotState::NotCounted(code) if code.contains(':') => (lang.cause(code), "bad"),
        SlotState::NotCounted(code) => {
            (lang.say("state-not-counted", &Values::new().word("cause", lang.cause(code))), "bad")
        }
        SlotState::Unknown(code) => (lang.cause(code), "wait"),
        SlotState::Pending => (lang.cause("pending"), "wait"),
        SlotState::Missed(code) => (lang.say("state-missed", &Values::new().word("cause", lang.cause(code))), "bad"),
    };
    match line.made_good_s {
        Some(at) => (format!("{text} → {}", lang.say("state-made-good", &Values::new().word("time", time(at)))), tone),
        None => (text, tone),
    }
}

/// What a make-good stands in for.
pub(super) fn in_place_of(lang: Lang, line: &DayLine, day: LocalDay) -> Option<String> {
    let (of, start_s) = line.in_place_of?;
    let values = Values::new().word("time", time(start_s)).word("day", lang.day(of));
    Some(lang.say(if of == day { "make-good-of" } else { "make-good-of-day" }, &values))
}

/// The code as part of an address.
pub(super) fn why_href(screen: &str, day: LocalDay, second: u32, campaign: Option<&CampaignCode>) -> String {
    let (day, at) = (day.to_string(), time(second));
    let mut query = vec![("day", day.as_str()), ("at", at.as_str())];
    query.extend(campaign.map(|c| ("campaign", c.as_str())));
    super::href(&format!("/screens/{screen}/why"), query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_that_do_not_exist_are_refused_with_what_was_given() {
        let today: LocalDay = "2026-11-22".parse().unwrap();
        assert_eq!(day(None, today).unwrap(), today);
        assert_eq!(day(Some("2026-11-20"), today).unwrap().to_string(), "2026-11-20");
        for bad in ["2026-02-30", "hôm qua", "99999-01-01", "0001-01-01", "<script>"] {
            assert!(
                matches!(day(Some(bad), today), Err(ConsoleError::Bad { kind: "day", value }) if value == bad),
                "{bad}"
            );
        }
        assert_eq!(second("08:10").unwrap(), 29_400);
        for bad in ["24:00", "25:00", "8", ""] {
            assert!(matches!(second(bad), Err(ConsoleError::Bad { kind: "time", .. })), "{bad}");
        }
    }

    #[test]
    fn every_state_is_said_in_plain_words() {
        let line = |state| DayLine {
            start_s: 29_400,
            length_s: 15,
            campaign: CampaignCode::new("ihanoi").unwrap(),
            tier: Tier::Order,
            planned: true,
            state,
            record: None,
            in_place_of: None,
            made_good_s: None,
        };
        let said = |state| super::state(Lang::Vi, &line(state)).0;
        assert_eq!(said(SlotState::Counted { within: true, late: false }), "Đã tính");
        assert_eq!(
            said(SlotState::NotCounted("min-gap".into())),
            "Không được tính: Quá gần lượt phát trước của cùng đợt truyền thông"
        );
        assert_eq!(
            said(SlotState::NotCounted("skipped:device-off".into())),
            "Không phát: thiết bị tắt nguồn hoặc chương trình phát không chạy"
        );
        assert_eq!(said(SlotState::Missed("silent")), "Bỏ lỡ: Đã quá 7 ngày không nhận được nhật ký phát");
        let made_good = DayLine { made_good_s: Some(54_000), ..line(SlotState::NotCounted("panel-dark".into())) };
        assert_eq!(
            super::state(Lang::En, &made_good).0,
            "Not counted: The panel was dark while it played → made good at 15:00"
        );
    }
}
