//! The loop of a real screen: playing, fetching and reporting side by side; playing waits for neither of the others.

use super::guard::Guard;
use super::opening::DRM;
use super::run::{End, Ended};
use super::sticks::{Tend, Visit, Visits};
use super::{Agent, AgentError, Fetching, Playing, Reporting};
use crate::clock::SystemRng;
use crate::display::line::Lines;
use crate::display::watch::{Panel, PanelNews, Watch};
use crate::meter::Pace;
use crate::ports::{Request, Transport};
use crate::stage::{Front, StageEvent};
use crate::sync::sse::EventReader;
use crate::sync::{Backoff, News};
use crate::trigger::listen::Heard;
use crate::trigger::{self, TriggerSettings};
use crate::usb::watch::Sticks;
use lichphat_playlists::ports::Clock;
use lichphat_playlists::time::UtcMillis;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{Sender, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// Words of announcements that wait to be heard; whoever says more waits.
const WORDS: usize = 16;
/// How long the stage may take to report its last play at a stop.
const LAST_WORD: Duration = Duration::from_secs(5);
/// How long the last segment may take to be sent at a stop.
const LAST_UPLOAD: Duration = Duration::from_secs(10);

/// What the parts call to each other.
#[derive(Clone, Default)]
struct Calls {
    /// Playlists may have changed: look at the index.
    look: Arc<Notify>,
    /// A segment waits to be sent.
    sealed: Arc<Notify>,
    /// Something is asked: say a heartbeat, whose answer brings it.
    command: Arc<Notify>,
    /// Somebody asked for a restart.
    restart: Arc<Notify>,
}

/// What the loop works with beside the agent.
pub(super) struct Show {
    pub(super) transport: Arc<dyn Transport>,
    pub(super) clock: Arc<dyn Clock>,
    /// A panel that can be asked and switched.
    pub(super) panel: Option<Arc<Panel>>,
    pub(super) pace: Pace,
    pub(super) trigger: TriggerSettings,
    pub(super) front: Arc<dyn Front>,
}

impl Show {
    /// Until `end`, a restart that somebody asked for, or the end of the stage.
    pub(super) async fn run(
        self,
        agent: Agent,
        mut events: UnboundedReceiver<StageEvent>,
        sticks: Sticks,
        mut end: End,
    ) -> Ended {
        let (mut playing, fetching, reporting) = agent.split();
        let (news, mut heard) = unbounded_channel();
        let (tell, mut announced) = channel(WORDS);
        let (tend, mut to_cut, visits) = Tend::new(sticks, self.front.clone());
        let calls = Calls::default();
        let beside = self.begin((fetching, news), reporting, (tend, visits), tell, calls.clone());
        playing.tick();
        let mut panel_news = self.watch();
        let mut guard = Guard::ready();
        let mut ended = Ended::Stopped;
        loop {
            let wake = playing.next_wake();
            tokio::select! {
                biased;
                event = events.recv() => match event {
                    Some(event) => playing.on_stage_event(event),
                    None => break, // the stage is gone: the service manager starts the player again
                },
                Some(news) = heard.recv() => playing.take(news),
                Some(word) = announced.recv() => match word {
                    Heard::Asked(asked) => playing.hear(asked),
                    Heard::Fault(text) => playing.fault(text),
                },
                Some(news) = panel_news.recv() => match news {
                    PanelNews::Level(_) => playing.tick(), // the running play is judged by the worst level it met
                    PanelNews::Fault(text) => playing.fault(text),
                },
                () = self.sleep_until(wake) => playing.tick(),
                () = guard.due() => playing.tick(),
                () = calls.restart.notified() => {
                    ended = Ended::ToRestart;
                    break;
                }
                Some(done) = to_cut.recv() => {
                    playing.cut_for_stick();
                    let _ = done.send(()); // whoever asked may have been stopped
                }
                () = end.wait() => break,
            }
            guard.feed(playing.core().stage_answers());
            if playing.restart_due() {
                break; // the service manager starts the player again, and its first step picks the version
            }
            if let Some(panel) = &self.panel {
                panel.want(playing.panel_wanted());
            }
            if playing.take_refetch() {
                calls.look.notify_one();
            }
            if playing.take_sealed() {
                calls.sealed.notify_one();
            }
        }
        guard.stopping();
        beside.stop(&mut playing, &mut events).await;
        ended
    }

    /// Begins what runs beside the loop.
    fn begin(
        &self,
        (fetching, news): (Fetching, UnboundedSender<News>),
        reporting: Reporting,
        (tend, [to_fetch, to_report]): (Tend, [Visits; 2]),
        tell: Sender<Heard>,
        calls: Calls,
    ) -> Beside {
        let (stop, stopped) = watch::channel(false);
        let heartbeat = Duration::from_secs(self.pace.heartbeat_s.into());
        let call = Request::get("/device/v1/events");
        let listens = self.pace.listens.then(|| listen(self.transport.clone(), call, calls.clone()));
        Beside {
            fetch: tokio::spawn(fetch(fetching, news, calls.look.clone(), self.pace.poll_s, to_fetch, stopped.clone())),
            report: tokio::spawn(report(reporting, heartbeat, calls, to_report, stopped)),
            listen: listens.map(tokio::spawn),
            tend: tokio::spawn(tend.run()),
            trigger: tokio::spawn(trigger::listen::listen(self.trigger.clone(), tell)),
            stop,
        }
    }

    /// Watches the panel on a thread of its own, which ends when nobody takes its news any more.
    fn watch(&self) -> UnboundedReceiver<PanelNews> {
        let (tell, news) = unbounded_channel();
        if let Some(panel) = self.panel.clone() {
            let watch = Watch::new(panel, Box::new(Lines::new("/dev", DRM, true)));
            std::thread::spawn(move || watch.run(|news| tell.send(news).is_ok(), || !tell.is_closed()));
        }
        news
    }

    /// Until the wall clock shows `wake`, or a minute: the clock may be set meanwhile.
    async fn sleep_until(&self, wake: Option<UtcMillis>) {
        let ms = wake.map_or(60_000, |at| at.since_ms(self.clock.now()).clamp(5, 60_000));
        tokio::time::sleep(Duration::from_millis(ms as u64)).await;
    }
}

/// What runs beside the loop.
struct Beside {
    fetch: JoinHandle<()>,
    report: JoinHandle<Reporting>,
    listen: Option<JoinHandle<()>>,
    tend: JoinHandle<()>,
    trigger: JoinHandle<()>,
    /// Says that the run is over.
    stop: watch::Sender<bool>,
}

impl Beside {
    /// Ends it all, and sends what the last play leaves to be sent.
    async fn stop(self, playing: &mut Playing, events: &mut UnboundedReceiver<StageEvent>) {
        self.stop.send_replace(true);
        if let Some(listen) = self.listen {
            listen.abort();
        }
        self.tend.abort();
        self.trigger.abort();
        self.fetch.abort();
        last_words(playing, events).await;
        let upload = async {
            let mut reporting = self.report.await.ok()?;
            Some(reporting.upload_once().await)
        };
        match tokio::time::timeout(LAST_UPLOAD, upload).await {
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(error))) => tracing::warn!("the last records are sent at the next start: {error}"),
            _ => tracing::warn!("the last records are sent at the next start"),
        }
    }
}

/// Orderly stop: the running play is reported, the last segment is cut.
async fn last_words(playing: &mut Playing, events: &mut UnboundedReceiver<StageEvent>) {
    playing.begin_stop();
    let drain = async {
        while let Some(event) = events.recv().await {
            playing.on_stage_event(event);
        }
    };
    if tokio::time::timeout(LAST_WORD, drain).await.is_err() {
        tracing::warn!("the stage did not report its last play in time");
    }
    if let Err(error) = playing.cut() {
        tracing::error!("{error}");
    }
}

async fn stopping(stopped: &mut watch::Receiver<bool>) {
    // An error means that the run is over as well.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn fetch(
    mut fetching: Fetching,
    news: UnboundedSender<News>,
    look: Arc<Notify>,
    poll_s: u32,
    mut visits: Visits,
    mut stopped: watch::Receiver<bool>,
) {
    let mut tell = |item: News| {
        let _ = news.send(item); // nobody listens any more: the run is over
    };
    fetching.check_media(&mut tell);
    let mut backoff = Backoff::new(u64::from(poll_s) * 1000);
    let mut visit: Option<Visit> = None;
    loop {
        if let Some(visit) = visit.take() {
            let result = fetching.visit(&visit.stick, &mut tell).await;
            visit.done(result.map(|()| 0));
        }
        // A call of the scheduler breaks off a long download; it goes on where it stopped.
        let result = tokio::select! {
            result = fetching.sync_once(&mut tell) => Some(result),
            () = look.notified() => None,
            Some(came) = visits.recv() => {
                visit = Some(came);
                None
            }
            () = stopping(&mut stopped) => return,
        };
        let Some(result) = result else { continue };
        if let Err(error) = &result {
            tell(News::Fault(error.to_string()));
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(backoff.next_ms(result.is_ok(), &SystemRng))) => {}
            () = look.notified() => {}
            Some(came) = visits.recv() => visit = Some(came),
            () = stopping(&mut stopped) => return,
        }
    }
}

/// Sends what is sealed and says how the device is; gives the part back at the stop.
async fn report(
    mut reporting: Reporting,
    heartbeat: Duration,
    calls: Calls,
    mut visits: Visits,
    mut stopped: watch::Receiver<bool>,
) -> Reporting {
    let mut backoff = Backoff::new(heartbeat.as_millis() as u64);
    let mut said: Option<Instant> = None;
    let mut visit: Option<Visit> = None;
    loop {
        if let Some(visit) = visit.take() {
            let result = reporting.visit(&visit.stick).await;
            visit.done(result);
        }
        let round = async {
            let uploaded = reporting.upload_once().await;
            // Records that cannot be handed over are a reason to be heard, not to be silent.
            if said.is_none_or(|at| at.elapsed() >= heartbeat / 2) {
                reporting.heartbeat().await?;
                said = Some(Instant::now());
                if reporting.restart_is_due() {
                    calls.restart.notify_one();
                }
            }
            uploaded?;
            Ok::<_, AgentError>(())
        };
        let result = tokio::select! {
            result = round => result,
            Some(came) = visits.recv() => {
                visit = Some(came);
                continue;
            }
            () = stopping(&mut stopped) => return reporting,
        };
        if let Err(error) = &result {
            reporting.fault(error.to_string());
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(backoff.next_ms(result.is_ok(), &SystemRng))) => {}
            () = calls.sealed.notified() => {}
            () = calls.command.notified() => said = None,
            Some(came) = visits.recv() => visit = Some(came),
            () = stopping(&mut stopped) => return reporting,
        }
    }
}

/// Listens for the scheduler's call that playlists have changed. After every interruption the index
/// is looked at: a call may have been missed.
async fn listen(transport: Arc<dyn Transport>, request: Request, calls: Calls) {
    let mut backoff = Backoff::new(1_000);
    loop {
        let opened = transport.events(request.clone()).await.ok().filter(|r| r.status == 200);
        let ok = opened.is_some();
        if let Some(response) = opened {
            calls.look.notify_one();
            let mut reader = EventReader::new(response.body);
            while let Some(event) = reader.next().await {
                match event.name.as_str() {
                    "playlist" => calls.look.notify_one(),
                    "command" => calls.command.notify_one(),
                    _ => {}
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(backoff.next_ms(ok, &SystemRng))).await;
    }
}
