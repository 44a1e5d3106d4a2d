//! Declared plays: imports of them, what keeps them asks, and the rule they are held to.

use super::log::LogPlay;
use crate::campaigns::Campaigns;
use crate::directory::{Directory, Screen, ScreenKind};
use crate::error::StoreError;
use async_trait::async_trait;
use lichphat_playlists::ids::{CampaignCode, ScreenCode, Sha256Hash};
use lichphat_playlists::proof::count::Standing;
use lichphat_playlists::proof::declared::{Declared, DeclaredPlay, DeclaredTerms, judge_day};
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A file that somebody brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// SHA-256 of the file.
    pub hash: Sha256Hash,
    /// The file's name as the person gave it.
    pub name: String,
    /// Who brings it.
    pub by: String,
    /// When.
    pub at: UtcMillis,
}

/// Why an import counts no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Who says so.
    pub by: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: UtcMillis,
}

/// A file as it is kept: for ever, also when it is withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Its number.
    pub id: i64,
    /// What was brought.
    pub brought: Brought,
    /// Plays it declares, as far as it was taken in.
    pub plays: u32,
    /// False when it was broken off: some days do not hold it yet or, once it is withdrawn, still do.
    pub settled: bool,
    /// That it counts no more.
    pub withdrawn: Option<Withdrawal>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    /// Plays that were new.
    pub added: u32,
    /// Plays that were held already.
    pub known: u32,
    /// Of them, those held with another end: what was declared first stands.
    pub differing: u32,
}

/// A declared play as it is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPlay {
    /// The play.
    pub play: DeclaredPlay,
    /// The medium as the log calls it.
    pub media: String,
    /// File and line it stands in: `log.csv:12`.
    pub place: String,
}

/// A screen's figures by day and campaign.
pub type Figures = BTreeMap<(LocalDay, CampaignCode), Declared>;

/// What the store must do for this room; each call is one transaction. A play may be declared by several imports: it
/// stands once, as the first of them says that was not withdrawn.
#[async_trait]
pub trait DeclaredStore: Send + Sync {
    /// What keeping these plays would do; nothing is written.
    async fn would_take(&self, plays: Vec<LogPlay>) -> Result<Taken, StoreError>;
    /// The import of the same bytes that stands, or a new one; not settled until [`settle`](Self::settle) says so.
    async fn begin(&self, brought: Brought) -> Result<i64, StoreError>;
    /// Keeps those of the plays that the import does not hold yet, and works out anew the figures of every day they touch.
    async fn declare(&self, import: i64, plays: Vec<LogPlay>, rule: Arc<Rule>) -> Result<Taken, StoreError>;
    /// Every day holds the import; or, once it is withdrawn, none.
    async fn settle(&self, import: i64) -> Result<(), StoreError>;
    /// Every import, in order.
    async fn imports(&self) -> Result<Vec<Import>, StoreError>;
    /// Its plays stand no more; not settled until every day was judged anew. A second withdrawal changes nothing.
    async fn withdraw(&self, import: i64, withdrawal: Withdrawal) -> Result<(), StoreError>;
    /// Screens and starts of an import's plays.
    async fn plays_of(&self, import: i64) -> Result<Vec<(ScreenCode, UtcMillis)>, StoreError>;
    /// Works out anew the figures of these screens' day.
    async fn judge_anew(&self, day: LocalDay, screens: BTreeSet<ScreenCode>, rule: Arc<Rule>)
    -> Result<(), StoreError>;
    /// What is declared of a screen from an instant to before another, in order of time.
    async fn declared(&self, screen: &ScreenCode, from: UtcMillis, to: UtcMillis) -> Result<Vec<HeldPlay>, StoreError>;
    /// Screens of which anything is declared, or has figures.
    async fn declared_screens(&self) -> Result<Vec<ScreenCode>, StoreError>;
    /// The stored figures of a screen.
    async fn declared_figures(&self, screen: &ScreenCode) -> Result<Figures, StoreError>;
}

/// Keeps a log, one day of it at a time, so that nobody waits for long; what was broken off goes on when the same file is
/// brought again. Answers the import's number, too.
pub async fn declare(
    store: &dyn DeclaredStore,
    brought: Brought,
    plays: Vec<LogPlay>,
    rule: &Arc<Rule>,
) -> Result<(i64, Taken), StoreError> {
    let mut days: BTreeMap<LocalDay, Vec<LogPlay>> = BTreeMap::new();
    for play in plays {
        days.entry(play.start.day(rule.offset)).or_default().push(play);
    }
    let (import, mut taken) = (store.begin(brought).await?, Taken::default());
    for plays in days.into_values() {
        let Taken { added, known, differing } = store.declare(import, plays, Arc::clone(rule)).await?;
        taken.added += added;
        taken.known += known;
        taken.differing += differing;
    }
    store.settle(import).await?;
    Ok((import, taken))
}

/// Withdraws an import, one day of it at a time; broken off, it goes on when it is asked again.
pub async fn withdraw(
    store: &dyn DeclaredStore,
    import: i64,
    withdrawal: Withdrawal,
    rule: &Arc<Rule>,
) -> Result<(), StoreError> {
    store.withdraw(import, withdrawal).await?;
    let mut days: BTreeMap<LocalDay, BTreeSet<ScreenCode>> = BTreeMap::new();
    for (screen, start) in store.plays_of(import).await? {
        let day = start.day(rule.offset);
        days.entry(day.next()).or_default().insert(screen.clone());
        days.entry(day).or_default().insert(screen);
    }
    judge_anew(store, days, rule).await?;
    store.settle(import).await
}

/// Works out anew the figures of these days, each in a transaction of its own.
pub async fn judge_anew(
    store: &dyn DeclaredStore,
    days: BTreeMap<LocalDay, BTreeSet<ScreenCode>>,
    rule: &Arc<Rule>,
) -> Result<(), StoreError> {
    for (day, screens) in days {
        store.judge_anew(day, screens, Arc::clone(rule)).await?;
    }
    Ok(())
}

/// The terms declared plays are held to: the city as it is when they come in.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Screens, duty, peaks.
    pub directory: Directory,
    /// Orders and contracts.
    pub campaigns: Campaigns,
    /// Offset of local time.
    pub offset: UtcOffset,
}

impl Rule {
    /// How the plays of a screen's day stand; `plays` are those of the day and of the day before.
    pub fn judge(&self, screen: &Screen, day: LocalDay, plays: &[DeclaredPlay]) -> Vec<(DeclaredPlay, Standing)> {
        let terms = [day.previous(), day].map(|day| (day, self.terms_on(screen, day)));
        let of = |campaign: &CampaignCode, on: LocalDay| {
            terms.iter().find(|(day, _)| *day == on).and_then(|(_, terms)| terms.get(campaign)).cloned()
        };
        judge_day(plays, day, self.offset, of)
    }

    /// Figures of a screen's day by campaign. Only of a screen on which somebody else plays: what is declared of one with
    /// a device of ours is there to be compared, and counts for nothing.
    pub fn figures(
        &self,
        screen: &ScreenCode,
        day: LocalDay,
        plays: &[DeclaredPlay],
    ) -> BTreeMap<CampaignCode, Declared> {
        let mut figures: BTreeMap<CampaignCode, Declared> = BTreeMap::new();
        let screen = self.directory.screen(screen).filter(|s| s.kind == ScreenKind::ThirdParty);
        for (play, standing) in screen.map(|s| self.judge(s, day, plays)).unwrap_or_default() {
            figures.entry(play.campaign).or_default().add(standing);
        }
        figures
    }

    /// What each order and contract asks of a screen on a day.
    fn terms_on(&self, screen: &Screen, day: LocalDay) -> BTreeMap<CampaignCode, DeclaredTerms> {
        let (directory, campaigns) = (&self.directory, &self.campaigns);
        let terms = |length_s: u32, min_gap_s: u32, windows| DeclaredTerms {
            booked_ms: length_s * 1000,
            min_gap_s: min_gap_s.max(length_s),
            windows,
        };
        let orders = campaigns.orders_on(directory, screen, day).filter_map(|(order, _, _)| {
            let length_s = order.product_for(screen, day)?.0.length_s;
            let windows = campaigns.windows_on(directory, order, screen, day);
            Some((order.campaign(), terms(length_s, order.min_gap_s, windows)))
        });
        let contracts = campaigns.contracts_on(directory, screen, day).map(|(contract, _)| {
            let suspended = campaigns.suspended_on(directory, screen, day);
            let windows = contract.windows_on(&directory.duty(screen, day), &suspended);
            (contract.code.clone(), terms(contract.product.length_s, contract.min_gap_s, windows))
        });
        orders.chain(contracts).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaigns::{Context, directive};
    use crate::directory::import;
    use crate::directory::table::SourceFile;
    use lichphat_playlists::time::HANOI;

    const VENUE: &str = "[[venue]]\ntype = 'hall'\nname = 'Sảnh'\nname_en = 'Hall'\ncalendar = 'none'\nconfidence = 'assumption'\n\
        source = 'x'\n[[venue.hours]]\ndays = 'mon-sun'\nopen = '06:00-22:00'\nopen_assumption = true\n";
    /// Its second episode is heard and not seen.
    const SERIES: &str = "code = 'talk'\ntitle = 'Tọa đàm'\nkind = 'play'\nissuer = 'HN'\nfrom = 2026-11-16\nto = 2026-11-27\n\
        source = 'x'\nweight = 1\n[product]\ntitle = 'Tập 1'\nlength_s = 15\n[[product.variant]]\nlang = 'vi'\nform = 'silent'\n\
        file = 'a.png'\n[[target]]\nlink = 'territory'\nunit = 'HN'\nforce = 'required'\nreason = 'x'\n\
        [[episode]]\nnumber = '2'\nfrom = 2026-11-17\n[episode.product]\ntitle = 'Tập 2'\nlength_s = 40\n\
        [[episode.product.variant]]\nlang = 'vi'\nform = 'audio'\nfile = 'b.opus'\n";

    #[test]
    fn a_declared_play_is_held_to_the_episode_that_the_screen_can_play() {
        let (mut directory, mut campaigns, now) = (Directory::default(), Campaigns::default(), UtcMillis(0));
        let header = "code,name,venue_type,kind,width,height,output,owner,territory\n";
        let screen = format!("{header}A-1,Ga,hall,third-party,1920,1080,video,HN,HN\n");
        for (kind, name, text) in [
            (import::Kind::Units, "u.csv", "code,name,kind,parent\nHN,Hà Nội,city,\n"),
            (import::Kind::Venues, "v.toml", VENUE),
            (import::Kind::Screens, "s.csv", &screen),
        ] {
            let context = import::Context { directory: &directory, now };
            let file = SourceFile { name, bytes: text.as_bytes() };
            directory.apply(import::parse(kind, file, context).unwrap_or_else(|p| panic!("{p}")));
        }
        let context = Context { directory: &directory, campaigns: &campaigns, now };
        let file = SourceFile { name: "o.toml", bytes: SERIES.as_bytes() };
        campaigns.apply(directive(file, context).unwrap_or_else(|p| panic!("{p}")));
        let rule = Rule { directory, campaigns, offset: HANOI };
        let day: LocalDay = "2026-11-18".parse().unwrap();
        let (start, campaign) = (day.at(9 * 3_600, HANOI), CampaignCode::new("talk").unwrap());
        let play = DeclaredPlay { start, campaign, end: start.plus_ms(15_000), received: start.plus_ms(60_000) };
        let figures = rule.figures(&ScreenCode::new("A-1").unwrap(), day, &[play]);
        assert_eq!(figures.values().map(|f| (f.plays, f.not_counted)).collect::<Vec<_>>(), [(1, 0)], "{figures:?}");
    }
}
