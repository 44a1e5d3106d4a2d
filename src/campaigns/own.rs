//! A unit's own loop: which items are its, what may be said of one, in which order they play, and how the round stands beside
//! what others have on the same screen. Pure.

use super::local::LoopItem;
use super::product::{Form, Product, Variant};
use super::snapshot::{CampaignChange, Campaigns, LoopEntry};
use super::target::Place;
use crate::directory::problem::{Say, say};
use crate::directory::{DaySpan, Days, Directory, Hours, Link, Output, Shape};
use lichphat_playlists::ids::{CampaignCode, MediaHash, Sha256Hash, UnitCode, VenueType};
use lichphat_playlists::media::{Fades, Media, MediaKind};
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::time::LocalDay;

/// Most items of one unit: a page that a person can look through.
pub const MOST_ITEMS: usize = 100;
/// Longest time for which a still is shown, seconds.
pub const LONGEST_STILL_S: u32 = 600;
/// Most plays of an item in one round.
pub const MOST_PLAYS: u32 = 10;
/// Longest title, letters.
const LONGEST_TITLE: usize = 200;

/// What may be said of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What it is called.
    pub title: String,
    /// For how long a still is shown, seconds; of anything else nothing is said.
    pub length_s: Option<u32>,
    /// Plays in each round.
    pub plays: u32,
    /// First and last day.
    pub days: DaySpan,
    /// Days of the week; none: all.
    pub on: Option<Days>,
    /// Hours; empty: all duty.
    pub hours: Hours,
    /// Kinds of place; empty: all of the unit's.
    pub venue_types: Vec<VenueType>,
}

/// A change of a unit's loop, ready to be kept as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoopChange {
    /// Items as they are from now on.
    pub put: Vec<LoopItem>,
    /// Drafts that are thrown away.
    pub dropped: Vec<CampaignCode>,
}

impl LoopItem {
    /// Is it this unit's own? Then all its places are, on screens that it owns or runs.
    pub fn is_own(&self, unit: &UnitCode) -> bool {
        let own = |p: &Place| p.unit == *unit && matches!(p.link, Link::Owner | Link::Operator);
        !self.place.is_empty() && self.place.iter().all(own)
    }

    /// Names how it stands now: who saves says what he has looked at.
    pub fn tag(&self) -> String {
        let json = serde_json::to_vec(self).expect("plain data always encodes");
        Sha256Hash::of(&json).hex()[..16].to_owned()
    }

    /// The file that it shows.
    pub fn file(&self) -> Option<MediaHash> {
        self.product.variant.first().and_then(|variant| variant.media)
    }

    /// A draft for a file that has come in.
    pub fn drafted(
        unit: &UnitCode,
        media: &Media,
        name: &str,
        (code, turn): (CampaignCode, u32),
        links: &[Link],
    ) -> Self {
        let title = title_of(name);
        let (form, video) = match media.kind {
            MediaKind::Video => (Form::Sound, Output::Video),
            MediaKind::Still => (Form::Silent, Output::Video),
            MediaKind::Audio => (Form::Audio, Output::None),
        };
        let place = |&link: &Link| Place { link, unit: unit.clone(), venue_types: Vec::new(), video };
        let variant = Variant {
            lang: "vi".to_owned(),
            shape: Shape::Any,
            form,
            venue_types: Vec::new(),
            media: Some(media.hash),
            file: None,
        };
        let product = Product {
            title: title.clone(),
            length_s: media.duration_s,
            min_display: DisplayLevel::D1,
            volume_percent: 100,
            fades: Fades::default(),
            variant: vec![variant],
        };
        Self {
            code,
            title,
            sample: false,
            days: DaySpan::default(),
            weight: 1,
            turn,
            on: None,
            hours: Hours::default(),
            draft: true,
            place: links.iter().map(place).collect(),
            product,
        }
    }

    /// The same as somebody wants it; else what is wrong, by field.
    ///
    /// # Errors
    /// Every field that cannot be so, with its mend.
    pub fn edited(&self, edit: &Edit, kind: MediaKind) -> Result<Self, Vec<(&'static str, Say)>> {
        let mut wrong = Vec::new();
        let title = edit.title.split_whitespace().collect::<Vec<_>>().join(" ");
        if title.is_empty() || title.chars().count() > LONGEST_TITLE {
            wrong.push(("title", say("ghi tên, 1 đến 200 chữ", "give it a name of 1 to 200 letters")));
        }
        if !(1..=MOST_PLAYS).contains(&edit.plays) {
            wrong.push(("plays", say("mỗi vòng từ 1 đến 10 lần", "1 to 10 times in each round")));
        }
        if !edit.days.in_order() {
            let mend = say("ngày cuối phải từ ngày đầu trở đi", "the last day must not come before the first");
            wrong.push(("to", mend));
        }
        let mut product = self.product.clone();
        if kind == MediaKind::Still {
            match edit.length_s.filter(|s| (1..=LONGEST_STILL_S).contains(s)) {
                Some(length_s) => product.length_s = length_s,
                None => wrong
                    .push(("length_s", say("ảnh hiện từ 1 đến 600 giây", "a picture is shown for 1 to 600 seconds"))),
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        product.title.clone_from(&title);
        let place = |p: &Place| Place { venue_types: edit.venue_types.clone(), ..p.clone() };
        Ok(Self {
            title,
            product,
            days: edit.days,
            weight: edit.plays,
            on: edit.on,
            hours: edit.hours.clone(),
            place: self.place.iter().map(place).collect(),
            ..self.clone()
        })
    }

    /// Off the loop from `today` on. What may have played keeps its past; what never did is a draft again.
    #[must_use]
    pub fn taken_off(&self, today: LocalDay) -> Self {
        let yesterday = today.previous();
        match self.days.from.is_none_or(|from| from <= yesterday) {
            true => Self { days: DaySpan::new(self.days.from, Some(yesterday)), ..self.clone() },
            false => Self { draft: true, ..self.clone() },
        }
    }
}

/// What a file is called without its ending, as a title.
fn title_of(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let words = stem.replace('_', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let title: String = words.chars().take(LONGEST_TITLE).collect();
    if title.is_empty() { "?".to_owned() } else { title }
}

impl Campaigns {
    /// A unit's own items in the order of their turns.
    pub fn own_loop(&self, unit: &UnitCode) -> Vec<&LoopItem> {
        let mut own: Vec<&LoopItem> = self.items().filter(|item| item.is_own(unit)).collect();
        own.sort_by_key(|item| (item.turn, &item.code));
        own
    }

    /// A code for a file of a unit that nothing has yet: unit and hash, and a number where that is taken.
    pub fn free_code(&self, unit: &UnitCode, file: MediaHash) -> Option<CampaignCode> {
        let unit: String = unit.as_str().to_ascii_lowercase().chars().take(40).collect();
        let first = format!("{unit}-{}", &file.hex()[..8]);
        let more = (2..1_000).map(|n| format!("{first}-{n}"));
        let free = std::iter::once(first.clone()).chain(more).find(|code| self.kind_of(code).is_none());
        free.and_then(|code| CampaignCode::new(code).ok())
    }

    /// As if the unit's drafts were sent: for looking ahead.
    #[must_use]
    pub fn as_if_sent(mut self, unit: &UnitCode) -> Self {
        let sent = self.own_loop(unit).into_iter().filter(|item| item.draft);
        let sent = sent.map(|item| CampaignChange::Item(LoopItem { draft: false, ..item.clone() })).collect();
        self.apply(super::snapshot::CampaignBatch { changes: sent });
        self
    }
}

/// By which links screens are a unit's own on a day: as owner, and as who runs them where somebody else owns one.
pub fn own_links(directory: &Directory, unit: &UnitCode, day: LocalDay) -> Vec<Link> {
    let run = directory.screens_in(unit, Some(Link::Operator), day);
    let foreign = run.into_iter().any(|screen| !directory.is_in(screen, unit, Link::Owner, day));
    let operator = foreign.then_some(Link::Operator);
    std::iter::once(Link::Owner).chain(operator).collect()
}

/// A round and what else is on the loop, the round first. Inside the round each item has its plays in its turn, whatever its length:
/// shares that are lengths do that. Toward the others each play of a round weighs one, so that a long round of one unit does not
/// squeeze out what the city has on the loop.
pub(super) fn joined<'a>(
    round: Vec<(CampaignCode, LoopEntry<'a>)>,
    others: Vec<(CampaignCode, LoopEntry<'a>)>,
) -> Vec<(CampaignCode, LoopEntry<'a>)> {
    let length = |e: &LoopEntry<'_>| u64::from(e.product.length_s) * u64::from(e.weight);
    let (round_s, plays) = (
        round.iter().map(|(_, e)| length(e)).sum::<u64>(),
        round.iter().map(|(_, e)| u64::from(e.weight)).sum::<u64>(),
    );
    if round.is_empty() {
        return others;
    }
    let own: Vec<u64> = round.iter().map(|(_, e)| length(e) * plays).collect();
    let other: Vec<u64> = others.iter().map(|(_, e)| u64::from(e.weight) * round_s).collect();
    let weights: Vec<u64> = own.into_iter().chain(other).collect();
    let common = weights.iter().fold(0, |a, &b| common(a, b)).max(1);
    let most = weights.iter().max().map_or(1, |most| most / common);
    let squeeze = most.div_ceil(u64::from(u32::MAX)).max(1);
    let weight = |w: u64| u32::try_from(w / common / squeeze).unwrap_or(u32::MAX).max(1);
    let all = round.into_iter().chain(others);
    all.zip(weights).map(|((code, entry), w)| (code, LoopEntry { weight: weight(w), ..entry })).collect()
}

/// Greatest common divisor.
fn common(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common(b, a % b) }
}
