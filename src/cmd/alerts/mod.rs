//! Tells people: looks at the sites, keeps what is to be said, sends what is kept. What is said is decided in `notify`, which is
//! pure; here are the facts, the store, and the ways out.

mod ways;

pub use ways::{Attached, Courier, Post, Ways};

use super::rooms::{City, Rooms};
use crate::attention::{BoxFacts, Here, State, present, things};
use crate::campaigns::Directive;
use crate::compliance::{ComplianceError, ComplianceStore, Report};
use crate::config::Settings;
use crate::error::AppError;
use crate::lang::Values;
use crate::notify::{
    Case, Message, NewMessage, NotifyStore, Pace, Reader, Round, Subscription, digest_due, next_try, round, sites,
};
use crate::people::{Caller, PeopleStore, Sight, Via};
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::time::LocalDay;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Of directory, campaigns and what is permitted.
type Revisions = (u64, u64, u64);
/// The city as it was read last.
type Held = Option<(Revisions, Arc<City>)>;

/// Messages that are sent in one go.
const AT_ONCE: u32 = 50;

/// The room of alerts with all it stands on.
#[derive(Clone)]
pub struct Alerts {
    rooms: Rooms,
    pace: Pace,
    address: String,
    post: Arc<dyn Post>,
    held: Arc<tokio::sync::Mutex<Held>>,
}

impl Alerts {
    /// Over these rooms, sending by `post`.
    pub fn new(rooms: Rooms, settings: &Settings, post: Arc<dyn Post>) -> Self {
        let pace = Pace {
            settle_ms: i64::from(settings.alerts.settle_s) * 1000,
            repeat_ms: i64::from(settings.alerts.repeat_min) * 60_000,
        };
        Self { rooms, pace, address: settings.web.address.clone(), post, held: Arc::default() }
    }

    /// Looks once: what is new, what is to be told again, what is over; then whose digest is due.
    pub async fn look(&self) -> Result<(), AppError> {
        let all = self.rooms.store.subscriptions().await?;
        let city = self.city().await?;
        let at = self.rooms.clock.now();
        let day = at.day(self.rooms.offset);
        let states = self.rooms.fleet.states(None).await.map_err(|e| AppError::Failed(e.to_string()))?;
        let devices = self.rooms.store.devices().await.map_err(|e| AppError::Failed(e.to_string()))?;
        let boxes: BTreeMap<&ScreenCode, BoxFacts> = states
            .iter()
            .map(|s| (&s.screen, BoxFacts::of(s, devices.get(&s.screen).and_then(|d| d.reported_until))))
            .collect();
        let moment = (at, self.rooms.offset);
        let standing = city.directory.screens().filter(|s| s.in_service.contains(day));
        let here: Vec<Here<'_>> = standing
            .map(|screen| Here { screen, standing: present(&city.directory, screen, boxes.get(&screen.code), moment) })
            .collect();
        self.dark(&city, &here, &all).await?;
        let due: Vec<&Subscription> =
            all.iter().filter(|s| digest_due(s, at, self.rooms.offset) == Some(day)).collect();
        if due.is_empty() {
            return Ok(());
        }
        let reports = self.reports(&city, day).await?;
        for subscription in due {
            self.digest(&city, &here, subscription, &reports, day).await?;
        }
        Ok(())
    }

    /// The city, read again only after an import.
    async fn city(&self) -> Result<Arc<City>, AppError> {
        let revisions = self.rooms.store.revisions().await?;
        let mut held = self.held.lock().await;
        if let Some((_, city)) = held.as_ref().filter(|(of, _)| *of == revisions) {
            return Ok(Arc::clone(city));
        }
        let city = Arc::new(self.rooms.city().await?);
        *held = Some((revisions, Arc::clone(&city)));
        Ok(city)
    }

    /// How the running orders stand by the end of yesterday, made once for all who are told: seconds of work for a large fleet, so
    /// on no thread that answers.
    async fn reports(&self, city: &Arc<City>, day: LocalDay) -> Result<Vec<(String, Report)>, AppError> {
        let (city, rooms, runtime) = (Arc::clone(city), self.rooms.clone(), tokio::runtime::Handle::current());
        let made = tokio::task::spawn_blocking(move || {
            let running = city.campaigns.directives().filter(|d| d.quota.is_some());
            let spans = running.filter_map(|d| Some((d, d.period(day)?.0)));
            let report = |(order, from): (&Directive, LocalDay)| {
                let (directory, campaigns) = (&city.directory, &city.campaigns);
                let campaign = order.campaign();
                let made = rooms.reports.compliance(directory, campaigns, &campaign, from, day);
                Ok((order.title.clone(), runtime.block_on(made)?))
            };
            spans.map(report).collect::<Result<Vec<_>, ComplianceError>>()
        });
        let made = made.await.map_err(|e| AppError::Failed(e.to_string()))?;
        made.map_err(|e| AppError::Failed(e.to_string()))
    }

    async fn dark(&self, city: &City, here: &[Here<'_>], all: &[Subscription]) -> Result<(), AppError> {
        let at = self.rooms.clock.now();
        let day = at.day(self.rooms.offset);
        let well: BTreeSet<&ScreenCode> =
            here.iter().filter(|h| h.standing.state == State::Ok).map(|h| &h.screen.code).collect();
        let open = self.rooms.store.cases(at).await?;
        let now = sites(here.iter().copied(), (at, day));
        let found = round(&open, &now, |screen| well.contains(screen), at, self.pace);
        if found == Round::default() {
            return Ok(());
        }
        let mut messages = Vec::new();
        for subscription in all.iter().filter(|s| s.dark) {
            let Some(caller) = self.caller(subscription).await? else { continue };
            let sight = caller.sight(&city.directory, day);
            let seen = |cases: &[Case]| -> Vec<Case> { cases.iter().filter_map(|c| seen(city, &sight, c)).collect() };
            let his = Round {
                changes: Vec::new(),
                new: seen(&found.new),
                again: seen(&found.again),
                over: seen(&found.over),
            };
            messages.extend(self.reader(city, subscription).dark(&his).map(|m| addressed(subscription, &m)));
        }
        Ok(self.rooms.store.keep_round(found.changes, messages.concat(), at).await?)
    }

    async fn digest(
        &self,
        city: &City,
        here: &[Here<'_>],
        subscription: &Subscription,
        reports: &[(String, Report)],
        day: LocalDay,
    ) -> Result<(), AppError> {
        let Some(caller) = self.caller(subscription).await? else { return Ok(()) };
        let sight = caller.sight(&city.directory, day);
        let his = here.iter().copied().filter(|h| sight.screen(h.screen));
        let things = things(his, day);
        // who is about to say yes shows his second factor then
        let strong = Caller { strong: true, ..caller };
        let waiting = self.rooms.approvals.waiting_for(&strong, &city.directory).await;
        let waiting = waiting.map_err(|e| AppError::Failed(e.to_string()))?;
        let orders = orders(city, subscription, &sight, reports);
        let message = self.reader(city, subscription).digest(day, &things, &orders, waiting);
        let messages = addressed(subscription, &message);
        let account = subscription.account.clone();
        self.rooms.store.keep_digest(account, day, messages, self.rooms.clock.now()).await?;
        Ok(())
    }

    fn reader<'a>(&'a self, city: &'a City, subscription: &Subscription) -> Reader<'a> {
        let Self { rooms, address, .. } = self;
        Reader { lang: subscription.lang, directory: &city.directory, address, offset: rooms.offset }
    }

    /// Whoever has subscribed, with the roles that he holds now.
    async fn caller(&self, subscription: &Subscription) -> Result<Option<Caller>, AppError> {
        let account = self.rooms.store.account(&subscription.account).await?;
        let account = account.filter(|account| account.ended.is_none());
        Ok(account.map(|a| Caller { account: a.code, grants: a.grants, strong: false, via: Via::Session }))
    }

    /// Sends what is due; how many went out. What fails waits for its next time, and says why to who watches over the server.
    pub async fn send(&self) -> Result<u32, AppError> {
        let mut sent = 0;
        for out in self.rooms.store.outgoing(self.rooms.clock.now(), AT_ONCE).await? {
            let done = self.post.send(&out.message, out.id).await;
            let at = self.rooms.clock.now();
            let failed = done.err().map(|problem| {
                // the address is his own matter, and so is what a mail server says of it
                tracing::warn!(account = %out.message.account, way = out.message.way.as_str(), tries = out.tries + 1, "an alert could not be sent");
                (problem, Some(next_try(out.tries, at)))
            });
            sent += u32::from(failed.is_none());
            self.rooms.store.note_sent(out.id, at, failed).await?;
        }
        Ok(sent)
    }
}

/// The case as far as he sees its screens; none: nothing of it.
fn seen(city: &City, sight: &Sight, case: &Case) -> Option<Case> {
    let sees = |code: &&ScreenCode| city.directory.screen(code).is_some_and(|screen| sight.screen(screen));
    let screens: Vec<ScreenCode> = case.screens.iter().filter(sees).cloned().collect();
    (!screens.is_empty()).then(|| Case { screens, ..case.clone() })
}

fn addressed(subscription: &Subscription, message: &Message) -> Vec<NewMessage> {
    let to = |(way, to): (_, &str)| NewMessage {
        account: subscription.account.clone(),
        way,
        to: to.to_owned(),
        message: message.clone(),
    };
    subscription.ways().map(to).collect()
}

/// How each running order stands, over the screens that he sees.
fn orders(city: &City, subscription: &Subscription, sight: &Sight, reports: &[(String, Report)]) -> Vec<String> {
    let lang = subscription.lang;
    let sees = |code: &ScreenCode| city.directory.screen(code).is_some_and(|screen| sight.screen(screen));
    let said = |(title, report): &(String, Report)| {
        let his = report.lines.iter().filter(|line| line.operating_days > 0 && sees(&line.screen));
        let (mut on_duty, mut short) = (0, 0);
        his.for_each(|line| (on_duty, short) = (on_duty + 1, short + u64::from(!line.met)));
        let values = Values::new().word("order", title.clone()).count(lang, "due", on_duty).count(lang, "short", short);
        let word = if short == 0 { "alert-order-met" } else { "alert-order-short" };
        (on_duty > 0).then(|| lang.say(word, &values))
    };
    reports.iter().filter_map(said).collect()
}
