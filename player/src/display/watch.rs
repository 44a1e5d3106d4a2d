//! Watches the panel beside the playing thread: what its line says is kept with its age, and where the settings want it the
//! panel is switched with the hours of duty.
//!
//! An answer that is too old claims nothing. The panel is switched on again while it says that it is off on duty; it is put
//! into standby once, so that whoever switches it on by hand off duty keeps it.

use super::Display;
use super::drm::DrmDisplay;
use super::line::{Answer, Line};
use lichphat_playlists::ports::Clock;
use lichphat_playlists::proof::record::DisplayLevel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often the panel is asked, ms: a question may take seconds and keeps its line busy.
pub const ASK_EVERY_MS: u64 = 10_000;
/// Older answers claim nothing, ms.
const FRESH_MS: u64 = 3 * ASK_EVERY_MS;
/// How often the panel is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How soon a switch that failed or did not last is tried again, ms.
const AGAIN_MS: u64 = 60_000;

/// What the hours of duty ask of the panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wanted {
    /// Nothing: it stays as it is.
    #[default]
    AsItIs,
    /// It is to be on.
    On,
    /// It is to be in standby.
    Standby,
}

/// Connector and panel, as the display names them.
type Plug = Option<(String, Option<String>)>;

#[derive(Debug, Default)]
struct State {
    /// What the panel said last, and when (monotonic ms).
    newest: Option<(Answer, u64)>,
    /// Which panel at which connector that was.
    at: Plug,
    wanted: Wanted,
}

/// The panel as it is known to the playing thread: its connector now, and its own last word.
pub struct Panel {
    connector: DrmDisplay,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

impl std::fmt::Debug for Panel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Panel").field("connector", &self.connector).finish_non_exhaustive()
    }
}

impl Panel {
    /// At this connector.
    pub fn new(connector: DrmDisplay, clock: Arc<dyn Clock>) -> Self {
        Self { connector, clock, state: Mutex::default() }
    }
    /// Says what the hours of duty ask of it from now on.
    pub fn want(&self, wanted: Wanted) {
        self.state().wanted = wanted;
    }
    /// A panel in deep standby stops answering: what was dark stays dark until it, or another one in its place, says
    /// otherwise.
    fn heard(&self, answer: Answer, at_ms: u64) {
        let plug = self.connector.plug();
        let mut state = self.state();
        let was_dark = state.newest.as_ref().is_some_and(|(last, _)| last.is_dark()) && state.at == plug;
        if !(was_dark && matches!(answer, Answer::NoPeer | Answer::Error(_))) {
            state.newest = Some((answer, at_ms));
        }
        state.at = plug;
    }
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Display for Panel {
    fn level(&self) -> DisplayLevel {
        let now_ms = self.clock.mono_ms();
        let state = self.state();
        // What is known to be dark stays dark, however long ago that was said.
        let fresh = |answer: &Answer, at_ms| answer.is_dark() || now_ms.saturating_sub(at_ms) <= FRESH_MS;
        let fresh = state.newest.as_ref().filter(|(answer, at_ms)| fresh(answer, *at_ms));
        level(self.connector.level(), fresh.map(|(answer, _)| answer))
    }
    fn plug(&self) -> Option<(String, Option<String>)> {
        self.connector.plug()
    }
}

/// The ladder: a rung is claimed only from the one below it, and what is known to be dark is dark.
fn level(connector: DisplayLevel, answer: Option<&Answer>) -> DisplayLevel {
    match (connector, answer) {
        (DisplayLevel::Dark, _) | (_, Some(Answer::Off | Answer::Elsewhere)) => DisplayLevel::Dark,
        (DisplayLevel::D2, Some(Answer::Ours)) => DisplayLevel::D3,
        (connector, _) => connector,
    }
}

/// What the playing thread should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PanelNews {
    /// The level is another one now.
    Level(DisplayLevel),
    /// Something people should know.
    Fault(String),
}

/// Asks and switches; the one that may wait for the panel.
pub struct Watch {
    panel: Arc<Panel>,
    line: Box<dyn Line>,
    asked_ms: Option<u64>,
    /// What the panel was last told to be and when, and whether it took the order.
    told: Option<(Wanted, u64, bool)>,
    level: Option<DisplayLevel>,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("panel", &self.panel).finish_non_exhaustive()
    }
}

impl Watch {
    /// Over this line.
    pub fn new(panel: Arc<Panel>, line: Box<dyn Line>) -> Self {
        Self { panel, line, asked_ms: None, told: None, level: None }
    }

    /// One look, to be taken about every second; may take as long as the panel does.
    pub fn look(&mut self) -> Vec<PanelNews> {
        let mut news = Vec::new();
        self.line.listen();
        self.switch(&mut news);
        let now_ms = self.panel.clock.mono_ms();
        if self.asked_ms.is_none_or(|at_ms| now_ms.saturating_sub(at_ms) >= ASK_EVERY_MS) {
            let answer = self.line.ask();
            self.panel.heard(answer, now_ms); // dated from before the question: an answer is never younger than it looks
            self.asked_ms = Some(now_ms);
        }
        let level = self.panel.level();
        if self.level.replace(level) != Some(level) {
            news.push(PanelNews::Level(level));
        }
        news
    }

    /// Looks every second for as long as somebody listens.
    pub fn run(mut self, tell: impl Fn(PanelNews) -> bool, listens: impl Fn() -> bool) {
        while listens() && self.look().into_iter().all(&tell) {
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn switch(&mut self, news: &mut Vec<PanelNews>) {
        let now_ms = self.panel.clock.mono_ms();
        let (wanted, off) = {
            let state = self.panel.state();
            (state.wanted, state.newest.as_ref().is_some_and(|(answer, _)| answer.is_dark()))
        };
        let due = match (wanted, self.told) {
            (Wanted::AsItIs, _) => false,
            (wanted, Some((told, at_ms, done))) if told == wanted => {
                let lasts = done && !(wanted == Wanted::On && off);
                !lasts && now_ms.saturating_sub(at_ms) >= AGAIN_MS
            }
            _ => true,
        };
        if !due {
            return;
        }
        let result = self.line.switch(wanted == Wanted::On);
        self.told = Some((wanted, now_ms, result.is_ok()));
        self.asked_ms = None; // it is asked at once how it is now
        if let Err(why) = result {
            let to = if wanted == Wanted::On { "on" } else { "into standby" };
            news.push(PanelNews::Fault(format!("the panel cannot be switched {to}: {why}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::display::drm::Link;
    use crate::sim_support::SimClock;
    use lichphat_playlists::time::UtcMillis;

    #[test]
    fn the_ladder_claims_no_more_than_is_known() {
        use DisplayLevel::{D1, D2, D3, Dark};
        for (connector, answer, expected) in [
            (D2, Some(Answer::Ours), D3),
            (D2, Some(Answer::On), D2),
            (D2, Some(Answer::NoPeer), D2),
            (D2, Some(Answer::Error("bus".into())), D2),
            (D2, None, D2),
            (D2, Some(Answer::Off), Dark),
            (D1, Some(Answer::Elsewhere), Dark),
            (D1, Some(Answer::Ours), D1),
            (Dark, Some(Answer::Ours), Dark),
        ] {
            assert_eq!(level(connector, answer.as_ref()), expected, "{connector:?} {answer:?}");
        }
    }

    /// A line whose panel answers as told, and notes how it is switched.
    #[derive(Clone, Default)]
    struct Fake(Arc<Mutex<(Option<Answer>, Vec<bool>)>>);
    impl Line for Fake {
        fn ask(&mut self) -> Answer {
            self.0.lock().unwrap().0.clone().unwrap_or(Answer::NoPeer)
        }
        fn switch(&mut self, on: bool) -> Result<(), String> {
            let mut fake = self.0.lock().unwrap();
            fake.1.push(on);
            fake.0.as_ref().map(|_| ()).ok_or("nobody takes the order".to_owned())
        }
    }

    struct Wall {
        _dir: tempfile::TempDir,
        clock: Arc<SimClock>,
        panel: Arc<Panel>,
        fake: Fake,
        watch: Watch,
    }

    impl Wall {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let port = dir.path().join("card0-HDMI-A-1");
            std::fs::create_dir(&port).unwrap();
            for (name, value) in [("status", "connected"), ("enabled", "enabled"), ("dpms", "On")] {
                std::fs::write(port.join(name), value).unwrap();
            }
            std::fs::write(port.join("edid"), [0; 128]).unwrap();
            let clock = Arc::new(SimClock::new(UtcMillis(0)));
            let connector = DrmDisplay::new(dir.path(), Link::Direct, dir.path().join("seen"));
            let panel = Arc::new(Panel::new(connector, clock.clone()));
            let fake = Fake::default();
            let watch = Watch::new(panel.clone(), Box::new(fake.clone()));
            Self { _dir: dir, clock, panel, fake, watch }
        }
        fn says(&self, answer: Answer) {
            self.fake.0.lock().unwrap().0 = Some(answer);
        }
        fn seconds(&mut self, seconds: u32) -> Vec<PanelNews> {
            let second = |_| {
                self.clock.advance_to(UtcMillis(self.clock.now().0 + 1_000));
                self.watch.look()
            };
            (0..seconds).flat_map(second).collect()
        }
        fn switched(&self) -> Vec<bool> {
            std::mem::take(&mut self.fake.0.lock().unwrap().1)
        }
    }

    #[test]
    fn the_newest_answer_counts_and_an_old_one_claims_nothing() {
        let mut wall = Wall::new();
        assert_eq!(wall.panel.level(), DisplayLevel::D2, "not asked yet");
        wall.says(Answer::Ours);
        assert_eq!(wall.seconds(1), [PanelNews::Level(DisplayLevel::D3)]);
        wall.says(Answer::Off);
        assert_eq!(wall.seconds(9), [], "asked every ten seconds");
        assert_eq!(wall.seconds(1), [PanelNews::Level(DisplayLevel::Dark)]);
        wall.says(Answer::Ours);
        assert_eq!(wall.seconds(10), [PanelNews::Level(DisplayLevel::D3)]);
        // The watch hangs in a question that never ends.
        wall.clock.advance_to(UtcMillis(wall.clock.now().0 + FRESH_MS as i64 + 1));
        assert_eq!(wall.panel.level(), DisplayLevel::D2);
        wall.says(Answer::Error("bus".into()));
        assert_eq!(wall.seconds(1), [PanelNews::Level(DisplayLevel::D2)], "an error is neither on nor off");
    }

    #[test]
    fn a_panel_that_falls_silent_in_standby_stays_dark_until_it_says_otherwise() {
        let mut wall = Wall::new();
        wall.says(Answer::Off);
        assert_eq!(wall.seconds(1), [PanelNews::Level(DisplayLevel::Dark)]);
        for silence in [Answer::NoPeer, Answer::Error("bus".into())] {
            wall.says(silence);
            assert_eq!(wall.seconds(120), [], "in deep standby nobody answers");
        }
        wall.says(Answer::On);
        assert_eq!(wall.seconds(10), [PanelNews::Level(DisplayLevel::D2)]);
    }

    #[test]
    fn a_panel_that_goes_off_on_duty_is_switched_on_again_and_one_switched_on_by_hand_off_duty_is_left() {
        let mut wall = Wall::new();
        wall.says(Answer::Ours);
        wall.seconds(30);
        assert_eq!(wall.switched(), [] as [bool; 0], "not asked for");
        wall.panel.want(Wanted::On);
        wall.seconds(30);
        assert_eq!(wall.switched(), [true]);
        wall.says(Answer::Off);
        wall.seconds(130);
        assert_eq!(wall.switched(), [true, true], "at most once a minute");
        wall.panel.want(Wanted::Standby);
        wall.seconds(5);
        wall.says(Answer::Ours);
        wall.seconds(300);
        assert_eq!(wall.switched(), [false]);
    }

    #[test]
    fn a_panel_that_cannot_be_switched_is_a_fault_once_a_minute() {
        let mut wall = Wall::new();
        wall.panel.want(Wanted::Standby);
        let told = wall.seconds(61);
        let fault = PanelNews::Fault("the panel cannot be switched into standby: nobody takes the order".to_owned());
        assert_eq!(told.iter().filter(|n| **n == fault).count(), 2, "{told:?}");
        assert_eq!(wall.switched(), [false, false]);
    }
}
