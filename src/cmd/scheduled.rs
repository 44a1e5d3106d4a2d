//! Reports by rule: looks which are due, makes each once, hands it on to a folder or by mail. When one is due is decided in
//! `report::Timing`, which is pure; here are the settings, the store and the ways out.

use super::alerts::{Attached, Courier};
use super::output;
use super::rooms::{City, Rooms};
use crate::config::{FOLDER, ReportSettings, Settings};
use crate::directory::Link;
use crate::error::AppError;
use crate::lang::{Lang, Values};
use crate::report::{
    Delivery, Facts, Form, Letterhead, Made, NewDue, ReportError, ReportStore, Reporting, Selection, Span, SpanKind,
    Timing,
};
use lichphat_playlists::ids::{CampaignCode, VenueType};
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use std::path::PathBuf;
use std::sync::Arc;

/// A rule of the settings, read.
#[derive(Debug, Clone)]
struct Rule {
    name: String,
    timing: Timing,
    /// As people write it: found anew each time, for units merge and are renamed.
    unit: String,
    link: Option<Link>,
    campaign: Option<CampaignCode>,
    venue: Option<VenueType>,
    forms: Vec<Form>,
    folder: PathBuf,
    /// Where it goes.
    ways: Vec<String>,
    lang: Lang,
    /// What an office writes around it.
    head: Letterhead,
}

fn refused(n: usize, field: &str, value: &str, vi: &str, en: &str) -> AppError {
    AppError::mistake(
        format!("cấu hình: report, {n}.: {field} = {value:?}: {vi}"),
        format!("settings: report, {n}.: {field} = {value:?}: {en}"),
    )
}

impl Rule {
    fn read(n: usize, of: &ReportSettings) -> Result<Self, AppError> {
        let words = "day, week, month, quarter, 6-months, 9-months, year";
        let no_period = || {
            refused(n, "period", &of.period, &format!("hãy ghi một trong: {words}"), &format!("write one of: {words}"))
        };
        let kind = of.period.parse().ok().filter(|kind| *kind != SpanKind::Days).ok_or_else(no_period)?;
        let link = match of.link.as_str() {
            "" => None,
            text => Some(text.parse::<Link>().map_err(|say| refused(n, "link", text, &say.vi, &say.en))?),
        };
        let bad = |field, value: &str| {
            refused(
                n,
                field,
                value,
                "không phải là mã; hãy ghi như trên màn hình",
                "is no code; write it as the console shows it",
            )
        };
        let campaign = Some(&of.campaign).filter(|text| !text.is_empty());
        let campaign = campaign.map(|text| CampaignCode::new(text).map_err(|_| bad("campaign", text))).transpose()?;
        let venue = Some(&of.venue).filter(|text| !text.is_empty());
        let venue = venue.map(|text| VenueType::new(text).map_err(|_| bad("venue", text))).transpose()?;
        let form = |text: &String| {
            let form = Form::of_extension(text).ok_or_else(|| {
                let all = Form::ALL.iter().map(|form| form.extension()).collect::<Vec<_>>().join(", ");
                refused(n, "formats", text, &format!("hãy ghi trong: {all}"), &format!("write some of: {all}"))
            })?;
            if !form.is_there() {
                let (vi, en) = (
                    "máy này chưa có lichphat-paper; hãy cài, hoặc ghi docx",
                    "lichphat-paper is not installed here; install it, or write docx",
                );
                return Err(refused(n, "formats", text, vi, en));
            }
            Ok(form)
        };
        let forms = of.formats.iter().map(form).collect::<Result<Vec<_>, _>>()?;
        let lang = Lang::from_code(&of.lang)
            .ok_or_else(|| refused(n, "lang", &of.lang, "hãy ghi vi hoặc en", "write vi or en"))?;
        Ok(Self {
            name: of.name.clone(),
            timing: Timing { kind, day: of.day, hour: of.hour },
            unit: of.unit.clone(),
            link,
            campaign,
            venue,
            forms,
            folder: of.folder.clone(),
            ways: of.ways(),
            lang,
            head: Letterhead {
                parent: of.parent.clone(),
                issuer: of.issuer.clone(),
                symbol: of.symbol.clone(),
                place: of.place.clone(),
                to: of.to.clone(),
                copies: of.copies.clone(),
                position: of.position.clone(),
                signer: of.signer.clone(),
                ..Letterhead::default()
            },
        })
    }
}

/// The rules with all they stand on.
#[derive(Clone)]
pub struct Scheduled {
    rooms: Rooms,
    rules: Arc<[Rule]>,
    settings: Vec<ReportSettings>,
    courier: Arc<dyn Courier>,
}

impl Scheduled {
    /// Over these rooms, mailing by `courier`.
    ///
    /// # Errors
    /// A rule that cannot be meant: its number, field, value, and what to write.
    pub fn new(rooms: Rooms, settings: &Settings, courier: Arc<dyn Courier>) -> Result<Self, AppError> {
        let rules = (1..).zip(&settings.report).map(|(n, of)| Rule::read(n, of)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { rooms, rules: rules.into(), settings: settings.report.clone(), courier })
    }

    /// Looks once: makes what is due, then hands on what waits. What fails is noted, told once, and tried again later; the others go on.
    ///
    /// # Errors
    /// The store failed.
    pub async fn look(&self) -> Result<(), AppError> {
        self.make().await?;
        self.hand_on().await
    }

    async fn make(&self) -> Result<(), AppError> {
        let (store, now) = (&self.rooms.store, self.rooms.clock.now());
        let mut city: Option<Arc<City>> = None;
        let since = store.rules_are(self.settings.clone(), now).await?;
        for rule in &*self.rules {
            let since = since.get(&rule.name).copied().unwrap_or(now);
            for span in rule.timing.due(since, now, self.rooms.offset) {
                let days = (span.from, span.to);
                if store.due_settled(&rule.name, days, now).await? {
                    continue;
                }
                let city = match &city {
                    Some(city) => Arc::clone(city),
                    None => Arc::clone(city.insert(Arc::new(self.rooms.city().await?))),
                };
                let made = match self.report(rule, span, city).await {
                    Ok(made) => self.keep(rule, days, made, now).await,
                    Err(problem) => Err(problem),
                };
                if let Err(problem) = made {
                    tracing::error!(rule = rule.name, from = %span.from, to = %span.to, problem, "a report by rule could not be made");
                    store.due_failed(&rule.name, days, now, problem).await?;
                }
            }
        }
        Ok(())
    }

    async fn keep(&self, rule: &Rule, days: (LocalDay, LocalDay), made: Made, at: UtcMillis) -> Result<(), String> {
        let data = made.data.bytes().map_err(|error| error.to_string())?;
        let due = NewDue { rule: rule.name.clone(), days, hash: made.hash, data, ways: rule.ways.clone(), at };
        self.rooms.store.keep_due(due).await.map_err(|error| error.to_string())
    }

    /// The report of a rule: as it was closed or, when nobody has, as the figures are now.
    async fn report(&self, rule: &Rule, span: Span, city: Arc<City>) -> Result<Made, String> {
        let today = self.rooms.today();
        let unit = match rule.unit.as_str() {
            "" => None,
            text => {
                let found = city.directory.find_unit(text, today).map_err(|error| {
                    let say = error.say();
                    format!("unit = {text:?}: {}", rule.lang.pick(&say.vi, &say.en))
                })?;
                Some(found.code.clone())
            }
        };
        if let Some(venue) = rule.venue.as_ref().filter(|venue| !city.directory.has_venue(venue)) {
            let mend = rule.lang.pick("không có loại địa điểm này", "there is no such kind of place");
            return Err(format!("venue = {:?}: {mend}", venue.as_str()));
        }
        let selection =
            Selection { campaign: rule.campaign.clone(), unit, link: rule.link, venue: rule.venue.clone(), span };
        let (reporting, runtime) = (Arc::clone(&self.rooms.reporting), tokio::runtime::Handle::current());
        // seconds of work for a large fleet, and never on a thread that answers
        let made: Result<Result<Made, ReportError>, _> = tokio::task::spawn_blocking(move || {
            let facts = Facts { directory: &city.directory, campaigns: &city.campaigns };
            runtime.block_on(async {
                if let Some(closing) = reporting.closings(&selection).await?.pop()
                    && let Some(closed) = reporting.closed(closing.id).await?
                {
                    return Ok(closed);
                }
                reporting.now(facts, &selection).await
            })
        })
        .await;
        made.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }

    async fn hand_on(&self) -> Result<(), AppError> {
        let store = &self.rooms.store;
        for delivery in store.deliveries(self.rooms.clock.now()).await? {
            let rule = self.rules.iter().find(|rule| rule.name == delivery.rule);
            let Some(rule) = rule.filter(|rule| rule.ways.contains(&delivery.way)) else {
                // neither a rule nor an address that was taken out of the settings hears anything more
                store.delivered(&delivery, self.rooms.clock.now(), None).await?;
                continue;
            };
            let problem = self.deliver(rule, &delivery).await.err();
            if let Some(problem) = &problem {
                // an address is its owner's own matter
                let way = if delivery.way == FOLDER { FOLDER } else { "mail" };
                tracing::error!(rule = rule.name, from = %delivery.days.0, to = %delivery.days.1, way, tries = delivery.tries + 1, problem, "a report by rule could not be handed on");
            }
            store.delivered(&delivery, self.rooms.clock.now(), problem).await?;
        }
        Ok(())
    }

    async fn deliver(&self, rule: &Rule, delivery: &Delivery) -> Result<(), String> {
        let data = self.rooms.store.due_data(delivery.due).await.map_err(|error| error.to_string())?;
        let data = data.ok_or("its data are not there")?;
        let made = Reporting::read(&data).map_err(|error| error.to_string())?;
        let (rule, offset) = (rule.clone(), self.rooms.offset);
        let days = delivery.days;
        let written =
            tokio::task::spawn_blocking(move || files(&rule, days, &made, offset).map(|files| (files, made, rule)));
        let (files, made, rule) = written.await.map_err(|error| error.to_string())??;
        if delivery.way == FOLDER {
            // each file is whole under its name or not there
            let put = move || {
                files.iter().try_for_each(|file| {
                    output::file(&rule.folder.join(&file.name), &file.bytes).map_err(|error| error.to_string())
                })
            };
            return tokio::task::spawn_blocking(put).await.map_err(|error| error.to_string())?;
        }
        let document = made.document(rule.lang, &Letterhead::default(), offset);
        let words = Values::new().word("title", document.title.clone()).word("state", document.state.clone());
        let words = words.word("hash", made.hash.to_string()).word("rule", rule.name.clone());
        let (subject, body) = (rule.lang.say("report-mail-subject", &words), rule.lang.say("report-mail-body", &words));
        let id = format!("report-{}", delivery.due);
        self.courier.mail(&delivery.way, (&subject, &body), files, &id).await
    }
}

fn files(
    rule: &Rule,
    (from, to): (LocalDay, LocalDay),
    made: &Made,
    offset: UtcOffset,
) -> Result<Vec<Attached>, String> {
    let unit = made.data.selection.unit.as_ref().and_then(|unit| made.data.units.get(unit));
    let mut letterhead = rule.head.clone();
    if letterhead.issuer.is_empty() {
        letterhead.issuer = unit.map_or_else(String::new, |name| name.vi.clone());
    }
    let file = |form: &Form| {
        let bytes = made.file(*form, rule.lang, &letterhead, offset).map_err(|error| error.to_string())?;
        Ok(Attached { name: format!("{}-{from}-{to}.{form}", rule.name), kind: form.content_type(), bytes })
    };
    rule.forms.iter().map(file).collect()
}
