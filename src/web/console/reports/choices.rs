//! What the form of reports chooses, read within what its reader may see, and the form as it was filled in.

use super::super::Asked;
use super::super::data::City;
use super::super::page::shown;
use crate::directory::table::Field as _;
use crate::directory::{Link, UnitKind};
use crate::lang::{Lang, Values};
use crate::people::Sight;
use crate::report::{Selection, Span, SpanKind};
use lichphat_playlists::ids::{CampaignCode, UnitCode, VenueType};
use lichphat_playlists::time::LocalDay;

/// Units that a field offers; beyond that one types.
const OFFERED: usize = 300;

/// The form as it was filled in.
pub(super) struct Choose {
    pub(super) campaigns: Vec<Choice>,
    pub(super) unit: String,
    pub(super) units: Vec<String>,
    pub(super) whole: bool,
    pub(super) links: Vec<Choice>,
    pub(super) venues: Vec<Choice>,
    pub(super) periods: Vec<Choice>,
    pub(super) of: String,
    pub(super) from: String,
    pub(super) to: String,
}

/// A value of a list: its code, its name, and whether it is the one.
pub(super) struct Choice {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) chosen: bool,
}

/// What is wrong with a field: its name, what was given, what to do instead.
pub(super) struct Wrong {
    pub(super) field: &'static str,
    pub(super) value: String,
    pub(super) mend: String,
}

impl Wrong {
    fn new(lang: Lang, field: &'static str, value: &str, mend: &str) -> Self {
        Self { field, value: value.to_owned(), mend: lang.text(mend) }
    }
    pub(super) fn values(&self, lang: Lang) -> Values {
        let value: String = shown(&self.value).chars().take(160).collect();
        let field = lang.text(&format!("reports-{}", self.field));
        Values::new().word("field", field).word("value", value).word("mend", self.mend.clone())
    }
}

/// What the form asks for, within what its reader may see: without a unit the whole city or, for who may not see it, his own.
pub(super) fn selection(asked: &Asked, city: &City, sight: &Sight, today: LocalDay) -> Result<Selection, Wrong> {
    let lang = asked.lang;
    let wrong = |field, value: &str, mend| Wrong::new(lang, field, value, mend);
    let campaign = asked.value("campaign").map(|text| {
        let code = CampaignCode::new(text).ok().filter(|code| city.campaigns.directive_of(code).is_some());
        code.ok_or_else(|| wrong("campaign", text, "reports-mend-campaign"))
    });
    let venue = asked.value("venue").map(|text| {
        let venue = VenueType::new(text).ok().filter(|venue| city.directory.has_venue(venue));
        venue.ok_or_else(|| wrong("venue", text, "reports-mend-venue"))
    });
    let link =
        asked.value("link").map(|text| text.parse::<Link>().map_err(|_| wrong("link", text, "reports-mend-link")));
    let unit = match asked.value("unit") {
        Some(text) => Some(unit(asked, city, sight, text, today)?),
        None if sight.is_whole() => None,
        None => {
            let own = asked.caller().ok().and_then(|c| c.units(&city.directory, today).first().map(|u| u.code.clone()));
            Some(own.ok_or_else(|| wrong("unit", "", "reports-mend-unit"))?)
        }
    };
    Ok(Selection {
        campaign: campaign.transpose()?,
        unit,
        link: link.transpose()?,
        venue: venue.transpose()?,
        span: span(asked, today)?,
    })
}

/// What the reader may not see is for him not there.
fn unit(asked: &Asked, city: &City, sight: &Sight, text: &str, today: LocalDay) -> Result<UnitCode, Wrong> {
    let no = |mend: String| Wrong { field: "unit", value: text.to_owned(), mend };
    match city.directory.find_unit_among(text, today, |unit| sight.unit(unit)) {
        Ok(unit) => Ok(unit.code.clone()),
        Err(error) if sight.is_whole() => {
            let say = error.say();
            Err(no(asked.lang.pick(&say.vi, &say.en).to_owned()))
        }
        _ => Err(no(asked.lang.text("reports-mend-unit"))),
    }
}

fn span(asked: &Asked, today: LocalDay) -> Result<Span, Wrong> {
    let lang = asked.lang;
    let kind = asked.value("period").map_or(Ok(SpanKind::Month), |text| {
        text.parse::<SpanKind>().map_err(|_| Wrong::new(lang, "period", text, "reports-mend-period"))
    })?;
    let day = |field: &'static str| {
        let text = asked.value(field);
        text.map(|text| LocalDay::read(text).map_err(|_| Wrong::new(lang, field, text, "reports-mend-day"))).transpose()
    };
    if kind != SpanKind::Days {
        return Ok(Span::of(kind, day("of")?.unwrap_or(today)));
    }
    let (from, to) = (day("from")?.unwrap_or(today), day("to")?.unwrap_or(today));
    Span::days(from, to).ok_or_else(|| Wrong::new(lang, "to", &to.to_string(), "reports-mend-days"))
}

/// The form, filled in as it was.
pub(super) fn form(asked: &Asked, city: &City, sight: &Sight, today: LocalDay) -> Choose {
    let lang = asked.lang;
    let value = |name: &str| asked.value(name).unwrap_or_default().to_owned();
    let choice =
        |field: &str, code: &str, name: String| Choice { chosen: value(field) == code, code: code.to_owned(), name };
    let all = |field: &str| choice(field, "", lang.text(&format!("reports-{field}-all")));
    let orders = city.campaigns.directives().filter(|d| d.quota.is_some());
    let orders = orders.map(|d| choice("campaign", d.code.as_str(), super::super::overview::order_title(lang, d)));
    let mut venues: Vec<Choice> = Vec::new();
    for profile in city.directory.venue_profiles() {
        if venues.last().is_none_or(|last| last.code != profile.venue_type.as_str()) {
            let name = shown(lang.pick(&profile.name, &profile.name_en));
            venues.push(choice("venue", profile.venue_type.as_str(), name));
        }
    }
    let links = Link::ALL.iter().map(|link| choice("link", link.as_str(), lang.term("link", link.as_str())));
    let units = city.directory.units().filter(|u| u.effective.contains(today) && u.kind != UnitKind::City);
    let units = units.filter(|u| sight.unit(&u.code)).map(|u| shown(&u.name)).take(OFFERED);
    let period = asked.value("period").unwrap_or(SpanKind::Month.as_str());
    let periods = SpanKind::ALL.iter().map(|kind| Choice {
        code: kind.to_string(),
        name: lang.text(&format!("reports-period-{kind}")),
        chosen: period == kind.as_str(),
    });
    Choose {
        campaigns: std::iter::once(all("campaign")).chain(orders).collect(),
        unit: value("unit"),
        units: units.collect(),
        whole: sight.is_whole(),
        links: std::iter::once(all("link")).chain(links).collect(),
        venues: std::iter::once(all("venue")).chain(venues).collect(),
        periods: periods.collect(),
        of: asked.value("of").map_or_else(|| today.to_string(), str::to_owned),
        from: value("from"),
        to: value("to"),
    }
}
