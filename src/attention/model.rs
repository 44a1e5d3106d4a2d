//! States, causes, and what is known of a box.

use crate::directory::words::words;
use crate::fleet::DeviceState;
use lichphat_playlists::ids::{ScreenCode, UnitCode};
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::health::Trouble;

words! {
    /// How a screen is, the worst first.
    State {
        /// It should be on, its box is heard, and nothing is to be seen.
        Dark = "dark",
        /// It should be on, and its box is not heard.
        Offline = "offline",
        /// No record of it for days.
        Silent = "silent",
        /// It plays, and will not reach today's number as things stand.
        Behind = "behind",
        /// Nothing is known to be wrong.
        Ok = "ok",
        /// It need not be on.
        OffDuty = "off-duty",
        /// Nobody's player of ours: nothing can be told of it.
        Unmanaged = "unmanaged",
    }
}

words! {
    /// Why it is not well; each has its sentence and its mend.
    Cause {
        /// The box says that its panel is off or gone.
        PanelOff = "panel-off",
        /// Box and panel are on, and nothing is played.
        NothingShown = "nothing-shown",
        /// The box is not heard.
        Unheard = "unheard",
        /// Records have not come for days.
        NoRecords = "no-records",
        /// No box has ever come in for it.
        NoDevice = "no-device",
        /// Plays are missing today.
        Short = "short",
        /// Plays are missing today, for nobody has approved what is owed.
        NotApproved = "not-approved",
    }
}

/// What is known of the box at a screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BoxFacts {
    /// When it came in.
    pub came: Option<UtcMillis>,
    /// Newest heartbeat.
    pub heard: Option<UtcMillis>,
    /// End of its newest record that the store holds.
    pub reported_until: Option<UtcMillis>,
    /// It says that its panel is off.
    pub panel_off: bool,
    /// Its line costs money: it says every ten minutes how it is, not every minute.
    pub metered: bool,
    /// Every record that it has written is held here.
    pub all_in: bool,
}

impl BoxFacts {
    /// Of what a device last said of itself, and of the newest record that is held of it.
    pub fn of(state: &DeviceState, reported_until: Option<UtcMillis>) -> Self {
        let Some((heard, beat)) = &state.heard else {
            return Self { came: Some(state.came), reported_until, ..Self::default() };
        };
        Self {
            came: Some(state.came),
            heard: Some(*heard),
            reported_until,
            panel_off: beat.health.troubles().contains(&Trouble::PanelDark),
            metered: beat.health.data_used_bytes.is_some(),
            all_in: beat.acked_seq >= beat.last_seq,
        }
    }
}

/// How one screen stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its state.
    pub state: State,
    /// Why, unless it is well.
    pub cause: Option<Cause>,
    /// Since when it is known to be so.
    pub since: Option<UtcMillis>,
    /// Plays of orders that today will lack as things stand.
    pub plays: u32,
}

impl Standing {
    /// Well, or nothing to be said of it.
    pub const fn plain(state: State) -> Self {
        Self { state, cause: None, since: None, plays: 0 }
    }
}

/// Where something is mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mend {
    /// On the page of one screen.
    Screen(ScreenCode),
    /// In a unit's list of the screens in a state.
    Unit(UnitCode, State),
    /// In the reader's own list of them: they are spread over many units.
    All(State),
}

/// One thing to do: what one cause did to one unit's screens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thing {
    /// Why.
    pub cause: Cause,
    /// The state they are in.
    pub state: State,
    /// Whose they are to mend; none: nobody's that is known.
    pub unit: Option<UnitCode>,
    /// Over how many units it is spread.
    pub units: u32,
    /// How many screens.
    pub screens: u32,
    /// Plays that today will lack.
    pub plays: u32,
    /// Since when, of the first of them.
    pub since: Option<UtcMillis>,
    /// Where it is mended.
    pub mend: Mend,
}
