//! Two screens at a square for two mornings, with a log that a witness cosigns: what the stories of auditors stand on.

use crate::common::town::{Place, SQUARE, TownDevice, TownServer, at, unapproved};
use crate::common::{Kept, TestData};
use lichphat::cmd::rooms::Rooms;
use lichphat::compliance::Basis;
use lichphat::keys::Keys;
use lichphat::people::Caller;
use lichphat::proof::bundle::Exporter;
use lichphat::proof::log::{Head, LogStore};
use lichphat_player::identity::Identity;
use lichphat_playlists::ids::CampaignCode;
use lichphat_playlists::proof::checkpoint::Policy;
use lichphat_playlists::proof::note::{Note, VerifierKey, cosign};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use lichphat_playlists::wire::sign::{Cosigning, LogSigning, SigningKey};
use lichphat_verify::{Options, Verdict};
use std::io::Cursor;
use std::sync::Arc;
use tokio::sync::OnceCell;

pub(crate) const CAMPAIGN: &str = SQUARE.order;
pub(crate) const DAYS: [&str; 2] = ["2024-09-20", "2024-09-21"];

/// A play every quarter of an hour, and one ahead.
const PLACE: Place<'_> = Place {
    open: "08:00-09:30",
    peaks: Some("08:15-09:15"),
    screens: &[("Q-01", "Quảng trường phía Đông", ""), ("Q-02", "Quảng trường phía Tây", "")],
    ..SQUARE
};

/// The square, its players, and whoever watches its log.
pub(crate) struct Square {
    pub(crate) data: TestData,
    pub(crate) server: TownServer,
    /// None where both mornings were lived before the test began.
    pub(crate) players: Vec<TownDevice>,
    /// Who they are.
    pub(crate) identities: Vec<Arc<Identity>>,
    witness: SigningKey<Cosigning>,
}

impl Square {
    /// Before anybody has come.
    pub(crate) async fn build() -> Self {
        Self::approved(|_| true).await
    }

    /// The same, where what `yes` does not name waits for somebody's word.
    pub(crate) async fn approved(yes: impl Fn(&str) -> bool) -> Self {
        let data = unapproved();
        PLACE.import(&data);
        let server = TownServer::start(&data, at(DAYS[0], "06:00")).await;
        let (approvals, city) = (&server.rooms.approvals, server.rooms.city().await.unwrap());
        // by the told clock, as the log has it
        for proposal in approvals.proposals().await.unwrap() {
            if yes(proposal.draft.permit.campaign.as_str()) {
                approvals.give(proposal.number, (&Caller::shell(), "01/QĐ"), &[], &city.directory).await.unwrap();
            }
        }
        server.plan().await;
        let players = vec![server.device(&data, "Q-01").await, server.device(&data, "Q-02").await];
        let identities = players.iter().map(|player| player.identity.clone()).collect();
        Self { data, server, players, identities, witness: SigningKey::from_seed(&[77; 32]) }
    }

    /// After both mornings, everything handed in and witnessed, and the players are gone: the same mornings for every test that
    /// asks for them.
    pub(crate) async fn lived() -> Self {
        static LIVED: OnceCell<(Kept, Vec<Arc<Identity>>)> = OnceCell::const_new();
        let live = async || {
            let square = Self::living().await;
            (square.data.keep(), square.identities)
        };
        let (kept, identities) = LIVED.get_or_init(live).await;
        let data = kept.begin();
        let server = TownServer::start(&data, morning(1)).await;
        let identities = identities.clone();
        Self { data, server, players: Vec::new(), identities, witness: SigningKey::from_seed(&[77; 32]) }
    }

    /// After both mornings, with players that live on.
    pub(crate) async fn living() -> Self {
        let mut square = Self::build().await;
        for day in DAYS {
            square.live(at(day, "11:00")).await;
        }
        square
    }

    /// Lets server, players and witness live until `until`: players meet the server every quarter of an hour and say how
    /// they are, the log goes on every half.
    pub(crate) async fn live(&mut self, until: UtcMillis) {
        self.live_without(usize::MAX, until).await;
        for player in &mut self.players {
            player.sim.meet().await;
        }
        self.round().await;
    }

    /// The same, while one player can say how it is and no more: its records do not come.
    pub(crate) async fn live_without(&mut self, cut_off: usize, until: UtcMillis) {
        assert!(!self.players.is_empty(), "nobody lives here any more");
        let mut quarter = 0;
        while self.server.rooms.clock.now() < until {
            for (i, player) in self.players.iter_mut().enumerate() {
                if i != cut_off {
                    player.sim.meet().await;
                }
                player.sim.agent.heartbeat().await.unwrap();
            }
            if quarter % 2 == 0 {
                self.round().await;
            }
            quarter += 1;
            let next = self.server.rooms.clock.now().plus_ms(900_000).min(until);
            self.server.clock.jump_to(next);
            for player in &mut self.players {
                player.sim.step_until(next);
            }
        }
        self.round().await;
    }

    /// A round of the log, witnessed at once.
    pub(crate) async fn round(&self) {
        let rooms = &self.server.rooms;
        rooms.log.round().await.unwrap();
        let head = rooms.log.head().await.unwrap().unwrap();
        let note = Note::parse(&head.note).unwrap();
        if note.signatures.len() == 1 {
            let note = self.cosigned(note, rooms.clock.now()).to_string();
            rooms.store.cosigned(rooms.log.name().name(), Head { note, ..head }).await.unwrap();
        }
    }

    pub(crate) fn cosigned(&self, mut note: Note, at: UtcMillis) -> Note {
        let line = cosign(&note.text, &self.witness_name(), &self.witness, at.0.unsigned_abs() / 1000);
        note.signatures.push(line);
        note
    }

    fn witness_name(&self) -> VerifierKey<Cosigning> {
        VerifierKey::new("thanh-tra.example", self.witness.verifying_key()).unwrap()
    }

    /// What an auditor was given by the inspectorate: this log, and this witness.
    pub(crate) fn policy_text(&self) -> String {
        let (log, witness) = (self.server.rooms.log.name(), self.witness_name());
        format!("log {log}\nwitness thanh-tra {witness}\nquorum thanh-tra\n")
    }

    pub(crate) fn options(&self) -> Options {
        Options { policy: Some(Policy::parse(&self.policy_text()).unwrap()), since: None, heads: Vec::new() }
    }

    pub(crate) fn log_key(&self) -> SigningKey<LogSigning> {
        Keys::load(self.data.path()).unwrap().log
    }

    /// The bundle of both days.
    pub(crate) async fn bundle(&self, since: Option<u64>) -> Vec<u8> {
        self.bundle_of(DAYS, since).await
    }

    /// The bundle of the days from the first to the second.
    pub(crate) async fn bundle_of(&self, days: [&str; 2], since: Option<u64>) -> Vec<u8> {
        let then = self.server.at_this_moment(&self.data);
        let basis = self.basis(&then, days).await;
        let exporter = Exporter::new(&then.store, &then.log, &then.packing).await.unwrap();
        let (out, done) = exporter.export(basis, since, Cursor::new(Vec::new())).await.unwrap();
        assert_eq!(done.differing, []);
        out.into_inner()
    }

    /// What the report of these days is made from, as of the newest checkpoint.
    pub(crate) async fn basis(&self, rooms: &Rooms, days: [&str; 2]) -> Basis {
        let at = rooms.log.head().await.unwrap().unwrap().at;
        let (city, campaign) = (rooms.city().await.unwrap(), CampaignCode::new(CAMPAIGN).unwrap());
        let [from, to] = days.map(|day| day.parse::<LocalDay>().unwrap());
        rooms.reports.basis(&city.directory, &city.campaigns, &campaign, (from, to), at).await.unwrap()
    }
}

/// After the players of that day have handed in everything.
pub(crate) fn morning(day: usize) -> UtcMillis {
    at(DAYS[day], "11:00")
}

/// What the verifier says of it.
pub(crate) fn judged(bundle: &[u8], options: &Options) -> Verdict {
    lichphat_verify::verify(|| Ok(Cursor::new(bundle)), options, &mut |_, _| {}).unwrap()
}
