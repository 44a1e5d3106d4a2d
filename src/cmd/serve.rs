//! `lichphat serve`: the web service.

use super::alerts::{Alerts, Ways};
use super::doors::{self, Doors, Shown};
use super::scheduled::Scheduled;
use super::{Context, rooms::Rooms};
use crate::error::AppError;
use crate::proof::log::LogError;
use crate::web::App;
use futures_util::FutureExt as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Arguments of `lichphat serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Nơi người dùng vào: địa chỉ và cổng (where people come in; goes before the settings)
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// Nơi thiết bị phát vào (where players come in)
    #[arg(long, value_name = "ADDR:PORT")]
    players: Option<SocketAddr>,
    /// Nơi đăng ký thiết bị mới (where boxes are registered)
    #[arg(long, value_name = "ADDR:PORT")]
    pairing: Option<SocketAddr>,
}

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let mut settings = context.settings.clone();
    settings.listen = args.listen.unwrap_or(settings.listen);
    settings.players.listen = args.players.unwrap_or(settings.players.listen);
    settings.players.pairing = args.pairing.unwrap_or(settings.players.pairing);
    let settings = &settings;
    let rooms = Rooms::open(context)?;
    match rooms.library.sweep() {
        Ok(0) => {}
        Ok(files) => tracing::info!(files, "half files of a process that was killed were taken away"),
        Err(error) => tracing::warn!(%error, "cannot look for half files"),
    }
    let shown = Shown::load(settings, rooms.today())?;
    let doors = Doors::bind(settings, shown.as_ref()).await?;
    let stop = stop_signal()?;
    let [people, players, pairing] = doors.urls(shown.is_some());
    if rooms.people.nobody_yet().await.map_err(|error| AppError::Failed(error.words(context.lang)))? {
        context.say(
            "Chưa có tài khoản nào: `lichphat people first` in mã một lần cho quản trị viên đầu tiên.",
            "There is no account yet: `lichphat people first` prints a one-time code for the first administrator.",
        );
    }
    context.say(
        &format!("Thiết bị phát vào {players}, đăng ký tại {pairing}"),
        &format!("Players come in at {players} and are registered at {pairing}"),
    );
    context.say(
        &format!("Máy chủ lichphat: {people}/ (Ctrl-C để dừng)"),
        &format!("lichphat serves {people}/ (Ctrl-C stops it)"),
    );
    let (planning, watching) = (tokio::spawn(keep_planning(rooms.clone())), tokio::spawn(watch_store(rooms.clone())));
    let reckoning = tokio::spawn(keep_figures(rooms.clone()));
    let proposing = tokio::spawn(keep_proposing(rooms.clone()));
    let releasing = tokio::spawn(watch_releases(rooms.clone()));
    let logging = tokio::spawn(keep_log(rooms.clone(), settings.log.every_s, settings.log.retention_days));
    let ways = Arc::new(Ways::new(settings)?);
    let scheduled = Scheduled::new(rooms.clone(), settings, ways.clone())?;
    let reporting = tokio::spawn(keep_reporting(scheduled));
    let alerting = tokio::spawn(keep_alerting(Alerts::new(rooms.clone(), settings, ways)));
    let welcome = Arc::new(doors.welcome(settings, shown.as_ref(), &rooms.public_keys)?);
    let certifying = shown.map(|shown| tokio::spawn(shown.keep(Arc::clone(&rooms.clock), rooms.offset)));
    let (app, limits, stop) = (App { welcome, ..rooms.app() }, doors::limits(&settings.web), stop.shared());
    // who comes in before the city is read would wait for that; what fails here is told by whoever keeps the figures
    let _ = rooms.console.reckon(None).await;
    doors.serve(&app, limits, stop).await;
    certifying.inspect(|task| task.abort());
    planning.abort();
    reckoning.abort();
    watching.abort();
    proposing.abort();
    releasing.abort();
    logging.abort();
    alerting.abort();
    reporting.abort();
    context.say("Đã dừng.", "Stopped.");
    Ok(ExitCode::SUCCESS)
}

/// Seconds between two looks for something new to plan.
const LOOK_S: u64 = 5;
/// Seconds after which facts alone (records that came in, a new day) are reason to plan again.
const FACTS_S: u64 = 600;
/// Seconds between two looks at how releases of the player fare.
const RELEASES_S: u64 = 30;
/// Seconds after which a fleet that could not be planned is tried again, unless something is imported before.
const RETRY_S: u64 = 60;

/// Seconds between two looks at who has to be told of what.
const ALERTS_S: u64 = 20;
/// Seconds between two looks at which reports are due.
const REPORTS_S: u64 = 60;

/// Plans when something was imported, when a day begins, and every ten minutes with what came in.
async fn keep_planning(rooms: Rooms) {
    let mut last = None;
    let (mut since_s, mut pause_s) = (0, FACTS_S);
    let mut told = Told::default();
    loop {
        let look = async {
            let now = (rooms.store.revisions().await?, rooms.today());
            if last == Some(now) && since_s < pause_s {
                return Ok(false);
            }
            let cause = if last.is_some_and(|l| l != now) { "data changed" } else { "new facts" };
            (last, since_s, pause_s) = (Some(now), 0, RETRY_S);
            let city = rooms.city().await?;
            let done = rooms.plan(&city, |_| true, cause).await?;
            if done.published > 0 {
                tracing::info!(published = done.published, computed = done.computed, cause, "plans published");
            }
            pause_s = FACTS_S;
            Ok::<bool, AppError>(true)
        };
        let looked = look.await;
        if !matches!(looked, Ok(false))
            && let Some(error) = told.news(looked.err())
        {
            tracing::warn!(error, "could not plan; devices keep what they have");
        }
        tokio::time::sleep(Duration::from_secs(LOOK_S)).await;
        since_s += LOOK_S;
    }
}

/// Reckons what pages show before anybody asks: at the start, when something has changed, and when a day begins.
async fn keep_figures(rooms: Rooms) {
    let (mut last, mut told) = (None, Told::default());
    loop {
        let failed = match rooms.console.reckon(last).await {
            Ok(reckoned) => {
                last = reckoned;
                None
            }
            Err(error) => Some(error),
        };
        if let Some(error) = told.news(failed) {
            tracing::warn!(error, "could not reckon what pages show; whoever looks has it tried again");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Puts next Monday's peaks of screens that follow their counts to people: when a day begins (the week's counts
/// are complete on a Monday) and when counts came in.
async fn keep_proposing(rooms: Rooms) {
    let mut last = None;
    let mut told = Told::default();
    loop {
        let look = async {
            let now = (rooms.store.revisions().await?.0, rooms.today());
            if last != Some(now) {
                let new = rooms.propose_peaks().await?;
                if new > 0 {
                    tracing::info!(new, "peak windows proposed: `lichphat peaks list` shows them");
                }
                last = Some(now);
            }
            Ok::<(), AppError>(())
        };
        let failed = look.await.err();
        if let Some(error) = told.news(failed) {
            tracing::warn!(error, "could not propose peak windows");
        }
        tokio::time::sleep(Duration::from_secs(LOOK_S)).await;
    }
}

/// Stops releases of the player that do harm.
async fn watch_releases(rooms: Rooms) {
    let mut told = Told::default();
    loop {
        let look = rooms.fleet.watch_releases().await;
        let failed = look.map(|stopped| {
            for (serial, why) in stopped {
                tracing::error!(serial, why, "a release of the player has stopped by itself");
            }
        });
        if let Some(error) = told.news(failed.err()) {
            tracing::warn!(error, "could not look after releases");
        }
        tokio::time::sleep(Duration::from_secs(RELEASES_S)).await;
    }
}

/// Lets the published log follow what came in, and drops the days that need not be kept any longer.
pub(super) async fn keep_log(rooms: Rooms, every_s: u32, keep_days: u32) {
    let mut told = Told::default();
    loop {
        let carried_on = async {
            rooms.log.round().await?;
            for day in rooms.log.retain(rooms.today(), keep_days).await? {
                tracing::info!(%day, "segments received on this day were dropped; hashes, statements and sums stay");
            }
            Ok::<(), LogError>(())
        };
        if let Some(error) = told.news(carried_on.await.err()) {
            tracing::error!(error, "the log could not be carried on; devices keep their records until it is");
        }
        tokio::time::sleep(Duration::from_secs(u64::from(every_s))).await;
    }
}

/// Looks every 20 seconds who has to be told of what, and sends it.
async fn keep_alerting(alerts: Alerts) {
    let mut told = Told::default();
    loop {
        let look = async {
            alerts.look().await?;
            alerts.send().await
        };
        if let Some(error) = told.news(look.await.err()) {
            tracing::warn!(error, "could not look who has to be told of what");
        }
        tokio::time::sleep(Duration::from_secs(ALERTS_S)).await;
    }
}

/// Looks every minute which reports by rule are due, and hands them on.
async fn keep_reporting(scheduled: Scheduled) {
    let mut told = Told::default();
    loop {
        if let Some(error) = told.news(scheduled.look().await.err()) {
            tracing::error!(error, "could not look which reports are due");
        }
        tokio::time::sleep(Duration::from_secs(REPORTS_S)).await;
    }
}

/// What was last complained of: the same words every few seconds hide what else is in the log.
#[derive(Default)]
struct Told(Option<String>);

impl Told {
    /// The words for `failed` when they are not the last ones; a success forgets those.
    fn news(&mut self, failed: Option<impl std::fmt::Display>) -> Option<String> {
        let words = failed.map(|error| error.to_string());
        let new = words.clone().filter(|words| self.0.as_ref() != Some(words));
        self.0 = words;
        new
    }
}

/// Tells devices of plans, commands and withdrawals that another process put into the store.
async fn watch_store(rooms: Rooms) {
    let mut newest = None;
    let mut last_asked = None;
    let mut withdrawn = None;
    let mut told = Told::default();
    loop {
        let look = async {
            let (last, screens) = rooms.fleet.published_after(newest).await?;
            if newest.replace(last).is_some() {
                rooms.fleet.announce(screens);
            }
            let list = rooms.fleet.withdrawals().await?;
            if withdrawn.replace(list).is_some_and(|before| before != list) {
                rooms.fleet.announce_withdrawal();
            }
            let (last, screens) = rooms.fleet.asked_after(last_asked).await?;
            if last_asked.replace(last).is_some() {
                rooms.fleet.call(screens);
            }
            Ok::<_, crate::fleet::FleetError>(())
        };
        let failed = look.await.err();
        if let Some(error) = told.news(failed) {
            tracing::warn!(error, "could not look for new plans and commands");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Done at Ctrl-C or when the system asks the program to end.
pub(super) fn stop_signal() -> Result<impl Future<Output = ()> + use<>, AppError> {
    use tokio::signal::unix::{SignalKind, signal};
    let failed = |error| AppError::io("cannot listen for signals", error);
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt()).map_err(failed)?, signal(SignalKind::terminate()).map_err(failed)?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_once_until_it_changes_or_ends() {
        let mut told = Told::default();
        let looks = [Some("no disk"), Some("no disk"), Some("no loop"), None, None, Some("no loop")];
        let said = looks.map(|failed| told.news(failed));
        assert_eq!(
            said,
            [Some("no disk"), None, Some("no loop"), None, None, Some("no loop")].map(|s| s.map(str::to_owned))
        );
    }
}
