//! From directory, campaigns and library to each screen's horizon: pure.

use super::compose::{FixedEvent, Hush, LoopItem, muted};
use super::horizon::{DayFrame, ScreenContract, ScreenHorizon, ScreenOrder, horizon, left_packing};
use super::ledger::CampaignLedger;
use super::unit::{Member, Share, shares};
use super::{DayFact, DayInput, Known, PlanStore, PlanningError};
use crate::approval::Permissions;
use crate::campaigns::{Campaigns, ContentClass, Directive, DirectiveKind, Period, Product, Suspended, Variant};
use crate::directory::{Directory, Output, Screen, ScreenKind};
use lichphat_playlists::ids::{CampaignCode, MediaHash, ScreenCode, UnitCode};
use lichphat_playlists::media::Media;
use lichphat_playlists::stand_in;
use lichphat_playlists::time::{DAY_S, IntervalSet, LocalDay, UtcMillis, UtcOffset};
use lichphat_playlists::wire::permit::Unapproved;
use lichphat_playlists::wire::v1::{Asset, Tier};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that plans are made from, at one moment.
#[derive(Debug, Clone, Copy)]
pub struct World<'a> {
    /// Units, screens, duty.
    pub directory: &'a Directory,
    /// Orders, contracts, loops.
    pub campaigns: &'a Campaigns,
    /// Files of the library.
    pub media: &'a BTreeMap<MediaHash, Media>,
    /// What may be shown where.
    pub permissions: &'a Permissions,
}

/// Parts of unit numbers: campaign and screen, then day.
type Parts = BTreeMap<(CampaignCode, ScreenCode), BTreeMap<LocalDay, Share>>;

/// Something that should play and cannot: its file is not in the library or has another length, or nobody has approved it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unplayable {
    /// Campaign or item.
    pub code: CampaignCode,
    /// Its variant.
    pub variant: String,
    /// What is wrong, for people.
    pub problem: &'static str,
}

/// Why nothing of a product can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lost {
    /// No file.
    Missing,
    /// No approval.
    Unapproved,
}

/// What a screen shows when nothing may be shown.
fn stand_in(screen: &Screen) -> Asset {
    let built_in = if screen.output == Output::None { &stand_in::SILENCE } else { &stand_in::PICTURE };
    built_in.asset.clone()
}

/// Inputs of a fleet's days, and what could not be used for them.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// One per screen and day of duty.
    pub days: Vec<DayInput>,
    /// Orders and items without a file.
    pub unplayable: BTreeSet<Unplayable>,
    /// Screens that are left out: without a safe loop they might go black.
    pub without_fallback: BTreeSet<ScreenCode>,
}

/// What is known, and what of the units' numbers falls to each screen.
#[derive(Debug, Clone)]
pub struct Basis {
    known: Known,
    parts: Parts,
}

impl Basis {
    /// The moment at which it was known.
    pub const fn now(&self) -> UtcMillis {
        self.known.now
    }
}

impl World<'_> {
    /// The managed screens that may be planned.
    pub fn managed(&self) -> impl Iterator<Item = &Screen> {
        self.directory.screens().filter(|s| s.kind == ScreenKind::Managed)
    }

    /// First day whose facts the ledgers of running orders need, for planning from `today` on.
    pub fn facts_from(&self, today: LocalDay) -> LocalDay {
        let starts = self.campaigns.directives().filter_map(|d| d.period(today)).map(|(first, _)| first);
        starts.min().unwrap_or(today)
    }

    /// What stands behind the ledgers of `days`, for any number of calls of [`World::inputs`].
    pub fn basis(&self, days: &[LocalDay], known: Known) -> Basis {
        Basis { parts: self.parts(days, &known), known }
    }

    /// [`World::basis`], out of the store, at a moment. Of screens that `wanted` lets through and whose today went astray the
    /// plan in force is looked at.
    pub async fn basis_of(
        &self,
        store: &dyn PlanStore,
        days: &[LocalDay],
        (now, offset): (UtcMillis, UtcOffset),
        wanted: impl Fn(&ScreenCode) -> bool,
    ) -> Result<Basis, PlanningError> {
        let Some(&first) = days.first() else { return Ok(self.basis(days, Known::nothing(now, offset))) };
        let (facts, marks) = store.known(self.facts_from(first)).await?;
        let mut known = Known { facts, marks, now, offset };
        let today = known.today().0;
        for screen in known.astray().into_iter().filter(wanted) {
            if let Some(plan) = store.newest(&screen, today).await? {
                known.look_up(&plan.playlist, &plan.assets);
            }
        }
        Ok(self.basis(days, known))
    }

    /// What `screens` ask for on `days`, for which `basis` was made.
    pub fn inputs<'s>(&self, screens: impl Iterator<Item = &'s Screen>, days: &[LocalDay], basis: &Basis) -> Inputs {
        let mut inputs = Inputs::default();
        let Basis { known, parts } = basis;
        let category_gap_s = self.campaigns.category_gap_s();
        for screen in screens {
            let Some(place) = self.permissions.place_of(&screen.code).filter(|_| self.has_fallback(screen)) else {
                inputs.without_fallback.insert(screen.code.clone());
                continue;
            };
            let frame = |&day: &LocalDay| self.frame(screen, day, &mut inputs.unplayable);
            let frames = days.iter().map(frame).collect();
            let orders = self.orders(screen, days, parts, &mut inputs.unplayable);
            let planned = ScreenHorizon {
                screen: screen.code.clone(),
                venue: screen.venue_type.to_string(),
                place,
                days: frames,
                category_gap_s: category_gap_s.clone(),
                ledger_through: known.marks.get(&screen.code).map(|m| m.through),
                today: known.today().0,
                so_far: known.so_far(&screen.code, orders.iter().map(|o| &o.asset.code)),
                orders,
            };
            let days = horizon(&planned, |asset| known.facts_of(&screen.code, &asset.code));
            inputs.days.extend(days.into_iter().map(|day| self.approved(screen, day, &mut inputs.unplayable)));
        }
        inputs
    }

    /// Each screen's part of the numbers that bind whole units.
    fn parts(&self, days: &[LocalDay], known: &Known) -> Parts {
        let mut parts = Parts::new();
        let of_units = self.campaigns.directives().filter(|d| d.kind == DirectiveKind::Play && d.is_of_units());
        for order in of_units {
            let periods: BTreeSet<Period> = days.iter().filter_map(|d| order.period(*d)).collect();
            for period in periods {
                for unit in order.quota_units(self.directory, period) {
                    self.unit_parts(order, period, (unit.0, &unit.1), days, known, &mut parts);
                }
            }
        }
        parts
    }

    fn unit_parts(
        &self,
        order: &Directive,
        period: Period,
        (unit, screens): (&UnitCode, &[&Screen]),
        days: &[LocalDay],
        known: &Known,
        parts: &mut Parts,
    ) {
        let Some(quota) = order.quota else { return };
        let days: Vec<LocalDay> = days.iter().copied().filter(|d| order.period(*d) == Some(period)).collect();
        let Some(&first) = days.first() else { return };
        let manned = screens.iter().any(|s| known.is_manned(&s.code));
        let facts = |s: &Screen| {
            let mut facts = known.facts_of(&s.code, &order.campaign());
            // before and after, a screen's plays are another unit's
            facts.retain(|day, _| order.quota_unit(self.directory, s, *day) == Some(unit));
            if manned && !known.is_manned(&s.code) {
                facts.values_mut().for_each(|f| f.open = Some(0)); // the others bring its part in
            }
            facts
        };
        let mut members = self.members(order, (unit, screens), &days, facts);
        members.retain(|code, _| !manned || known.is_manned(code));
        let (today, from_s) = known.today();
        for screen in screens.iter().filter(|_| days.contains(&today)) {
            if let Some(member) = members.get_mut(&screen.code).filter(|m| m.capacity.contains_key(&today)) {
                member.left = Some((today, self.room(order, screen, today, &IntervalSet::one(from_s, DAY_S))));
            }
        }
        let owed = self.campaigns.unit_days_owed(self.directory, order, (unit, screens), first);
        let counted = CampaignLedger::sum(screens.iter().map(|s| facts(s)));
        let mut ledger = CampaignLedger::new(&quota, owed, counted);
        for (screen, days) in shares(&mut ledger, &days, &members) {
            parts.entry((order.campaign(), screen)).or_default().extend(days);
        }
    }

    /// The screens of a unit that can play the order, with what each can carry on the days on which it is the unit's
    /// and what is `known` of it.
    pub(super) fn members(
        &self,
        order: &Directive,
        (unit, screens): (&UnitCode, &[&Screen]),
        days: &[LocalDay],
        known: impl Fn(&Screen) -> BTreeMap<LocalDay, DayFact>,
    ) -> BTreeMap<ScreenCode, Member> {
        let mut members: BTreeMap<ScreenCode, Member> = BTreeMap::new();
        let plays = |s: &Screen| days.iter().any(|day| order.product_for(s, *day).is_some());
        for screen in screens.iter().filter(|s| s.kind == ScreenKind::Managed && plays(s)) {
            let member = members.entry(screen.code.clone()).or_default();
            member.had = known(screen).into_iter().map(|(day, fact)| (day, fact.expected())).collect();
            for &day in days.iter().filter(|d| order.quota_unit(self.directory, screen, **d) == Some(unit)) {
                member.capacity.insert(day, self.room(order, screen, day, &IntervalSet::full_day()));
            }
        }
        members
    }

    /// Most plays of an order that a screen could carry on a day in `seconds` of it.
    fn room(&self, order: &Directive, screen: &Screen, day: LocalDay, seconds: &IntervalSet) -> u32 {
        let (Some(_), Some((product, _))) = (order.quota, order.product_for(screen, day)) else { return 0 };
        let windows = self.campaigns.windows_on(self.directory, order, screen, day).intersect(seconds);
        left_packing(&windows, product.length_s, order.min_gap_s.max(product.length_s))
    }

    fn orders(
        &self,
        screen: &Screen,
        days: &[LocalDay],
        parts: &Parts,
        lost: &mut BTreeSet<Unplayable>,
    ) -> Vec<ScreenOrder> {
        let mut orders = Vec::new();
        let mut seen = BTreeSet::new();
        for &day in days {
            for (directive, ..) in self.campaigns.orders_on(self.directory, screen, day) {
                // A period owes nothing from the one before: each has its own ledger.
                let ledger = (directive.campaign(), directive.period(day));
                if seen.contains(&ledger) {
                    continue;
                }
                let Some(order) = self.order(directive, screen, day, lost) else { continue };
                seen.insert(ledger);
                let part = directive.is_of_units().then(|| {
                    let of = parts.get(&(directive.campaign(), screen.code.clone()));
                    of.cloned().unwrap_or_default()
                });
                orders.push(ScreenOrder { part, ..order });
            }
        }
        orders
    }

    fn order(
        &self,
        directive: &Directive,
        screen: &Screen,
        day: LocalDay,
        lost: &mut BTreeSet<Unplayable>,
    ) -> Option<ScreenOrder> {
        let quota = directive.quota?;
        let versions = directive.products_on(day).flat_map(|p| p.variants_for(screen).into_iter().map(move |v| (p, v)));
        let there = |(product, variant): (_, &Variant)| {
            Some((product, self.asset(directive.campaign(), Tier::Order, product, variant, lost)?))
        };
        let (product, asset): (&Product, Asset) = { versions }.find_map(there)?;
        Some(ScreenOrder {
            quota,
            asset,
            owed: self.campaigns.days_owed(self.directory, directive, screen, day),
            min_gap_s: directive.min_gap_s,
            min_display: product.min_display,
            priority: directive.priority,
            category: directive.category.clone(),
            part: None,
        })
    }

    fn frame(&self, screen: &Screen, day: LocalDay, lost: &mut BTreeSet<Unplayable>) -> DayFrame {
        let (directory, campaigns) = (self.directory, self.campaigns);
        let (duty, suspended) = (directory.duty(screen, day), campaigns.suspended_on(directory, screen, day));
        let mut not_approved = BTreeMap::new();
        let mut frame = DayFrame {
            day,
            peak: directory.peak_windows(screen, day),
            weights: directory.weights(screen, day).to_vec(),
            contracts: self.contracts(screen, day, (&duty, &suspended), (&mut not_approved, lost)),
            not_approved,
            fixed: self.fixed(screen, day, &suspended, lost),
            local: Vec::new(),
            fallback: muted(self.fallback(screen, day, lost), suspended.mutes(ContentClass::Local)),
            hush: Hush { blank: suspended.blank(), ..Hush::default() },
            orders_off: suspended.off(ContentClass::Order),
            orders_muted: suspended.mutes(ContentClass::Order),
            duty,
        };
        self.fill(&mut frame, screen, &suspended, lost);
        frame
    }

    fn contracts(
        &self,
        screen: &Screen,
        day: LocalDay,
        (duty, suspended): (&IntervalSet, &Suspended<'_>),
        (not_approved, lost): (&mut BTreeMap<CampaignCode, (Tier, u32)>, &mut BTreeSet<Unplayable>),
    ) -> Vec<ScreenContract> {
        let mute = suspended.mutes(ContentClass::Contract);
        let contracts = self.campaigns.contracts_on(self.directory, screen, day).filter_map(|(c, _)| {
            let windows = c.windows_on(duty, suspended);
            let plays = c.plays_in(&windows);
            let asset = match self.permitted((screen, day), &c.code, (Tier::Contract, &c.product), lost) {
                Ok(asset) => muted(asset, mute),
                Err(why) => {
                    if why == Lost::Unapproved && !windows.is_empty() {
                        not_approved.insert(c.code.clone(), (Tier::Contract, plays));
                    }
                    return None;
                }
            };
            (!windows.is_empty()).then(|| ScreenContract {
                asset,
                plays,
                windows,
                min_gap_s: c.min_gap_s,
                priority: c.priority,
                category: c.category.clone(),
            })
        });
        contracts.collect()
    }

    /// Fixed events are the screen's own content, as the loop is.
    fn fixed(
        &self,
        screen: &Screen,
        day: LocalDay,
        suspended: &Suspended<'_>,
        lost: &mut BTreeSet<Unplayable>,
    ) -> Vec<FixedEvent> {
        let (off, mute) = (suspended.off(ContentClass::Local), suspended.mutes(ContentClass::Local));
        let fixed = self.campaigns.fixed_on(self.directory, screen, day).filter_map(|(f, _)| {
            let asset = self.permitted((screen, day), &f.code, (Tier::Fixed, &f.product), lost).ok()?;
            let start_s = f.start_s();
            let seconds = IntervalSet::one(start_s, start_s + asset.media.duration_s);
            off.intersect(&seconds).is_empty().then(|| FixedEvent { asset: muted(asset, mute), start_s })
        });
        fixed.collect()
    }

    /// The loop of the day: its own items and orders without a number, or the solemn loop in their place, then in
    /// the safe loop's place too.
    fn fill(&self, frame: &mut DayFrame, screen: &Screen, suspended: &Suspended<'_>, lost: &mut BTreeSet<Unplayable>) {
        for (code, entry) in self.campaigns.loop_on(self.directory, screen, frame.day) {
            let class =
                if self.campaigns.directive_of(&code).is_some() { ContentClass::Order } else { ContentClass::Local };
            let off = suspended.off(class);
            if !frame.duty.is_empty() && frame.duty.minus(&off).is_empty() {
                continue;
            }
            let at = (screen, frame.day);
            let asset = match self.campaigns.directive_of(&code) {
                Some(order) => self.permitted_of(at, order, Tier::Local, lost),
                None => self.permitted(at, &code, (Tier::Local, entry.product), lost),
            };
            let Ok(asset) = asset else { continue };
            let asset = muted(asset, suspended.mutes(class));
            frame.local.push(LoopItem { asset, weight: entry.weight, hours: entry.hours.cloned() });
            if !off.is_empty() {
                frame.hush.loop_off.insert(code, off);
            }
        }
        let solemn = suspended.solemn().and_then(|(order, _)| {
            let product = order.product.as_ref()?;
            Some(self.permitted((screen, frame.day), &order.campaign(), (Tier::Local, product), lost))
        });
        match solemn {
            Some(Ok(asset)) => {
                frame.fallback = asset.clone();
                frame.local.push(LoopItem { asset, weight: 1, hours: None });
            }
            Some(Err(Lost::Unapproved)) => frame.fallback = stand_in(screen),
            // its clip is not there: better black than cheerful
            Some(Err(Lost::Missing)) => frame.hush.blank = IntervalSet::full_day(),
            None if suspended.solemn().is_some() => frame.hush.blank = IntervalSet::full_day(),
            None => {}
        }
    }

    /// Is there a safe loop for it, whoever has approved it? Without one somebody has to be told.
    fn has_fallback(&self, screen: &Screen) -> bool {
        let there = |v: &Variant| v.media.is_some_and(|hash| self.media.contains_key(&hash));
        self.campaigns.fallbacks_of(screen).any(|(_, variant)| there(variant))
    }

    /// The first safe loop that may be shown; what is built in where none may.
    fn fallback(&self, screen: &Screen, day: LocalDay, lost: &mut BTreeSet<Unplayable>) -> Asset {
        let mut all = self.campaigns.fallbacks_of(screen).map(|(fallback, _)| fallback);
        let permitted =
            all.find_map(|f| self.permitted((screen, day), &f.code, (Tier::Fallback, &f.product), lost).ok());
        permitted.unwrap_or_else(|| stand_in(screen))
    }

    /// The day with the orders that may be shown on it, each in a variant that may. What is not approved is still owed, and the
    /// plan says that it was not.
    fn approved(&self, screen: &Screen, mut input: DayInput, lost: &mut BTreeSet<Unplayable>) -> DayInput {
        let day = input.day;
        let mut not_approved = std::mem::take(&mut input.not_approved);
        input.wanted.retain_mut(|wanted| {
            let order = self.campaigns.directive_of(&wanted.asset.code).filter(|_| wanted.quota.is_some());
            let Some(order) = order else { return true };
            let asset = match self.permitted_of((screen, day), order, Tier::Order, lost) {
                Ok(asset) => asset,
                Err(why) => {
                    if why == Lost::Unapproved {
                        not_approved.insert(wanted.asset.code.clone(), (Tier::Order, wanted.target));
                    }
                    return false;
                }
            };
            wanted.asset = Asset { volume_percent: wanted.asset.volume_percent, ..asset };
            true
        });
        input.not_approved = not_approved;
        input
    }

    /// What a screen shows of an order on a day: of a series the newest episode that may be shown.
    fn permitted_of(
        &self,
        at: (&Screen, LocalDay),
        order: &Directive,
        tier: Tier,
        lost: &mut BTreeSet<Unplayable>,
    ) -> Result<Asset, Lost> {
        let mut why = Lost::Missing;
        for product in order.products_on(at.1) {
            match self.permitted(at, &order.campaign(), (tier, product), lost) {
                Err(Lost::Unapproved) => why = Lost::Unapproved,
                Err(Lost::Missing) => {}
                shown => return shown,
            }
        }
        Err(why)
    }

    /// What is in effect of an order at a screen on a day: the newest episode that may be shown, where none may the newest that the
    /// screen can play. It asks for approvals alone, as [`Self::unapproved`] does: what is approved was there.
    pub fn in_effect<'o>(&self, screen: &Screen, day: LocalDay, order: &'o Directive) -> Option<&'o Product> {
        let code = order.campaign();
        let mut fitting = order.products_on(day).filter(|product| product.variant_for(screen).is_some()).peekable();
        let newest = fitting.peek().copied()?;
        Some(fitting.find(|product| self.unapproved(screen, day, &code, product).is_none()).unwrap_or(newest))
    }

    /// What a screen shows of a product on a day: the variant that fits best of those whose file is there and approved.
    fn permitted(
        &self,
        (screen, day): (&Screen, LocalDay),
        code: &CampaignCode,
        (tier, product): (Tier, &Product),
        lost: &mut BTreeSet<Unplayable>,
    ) -> Result<Asset, Lost> {
        let mut why = Lost::Missing;
        for variant in product.variants_for(screen) {
            let Some(asset) = self.asset(code.clone(), tier, product, variant, lost) else { continue };
            match self.permissions.find((code, &asset.media), &screen.code, day) {
                Ok(permit) => return Ok(Asset { permit: Some(permit), ..asset }),
                Err(_) => why = Lost::Unapproved,
            }
        }
        if why == Lost::Unapproved {
            let problem = "it is not approved for every screen and day that it is wanted on: lichphat approval list";
            lost.insert(Unplayable { code: code.clone(), variant: String::new(), problem });
        }
        Err(why)
    }

    /// Why nothing of a product may be shown at a screen on a day, when that is for the want of an approval.
    pub fn unapproved(
        &self,
        screen: &Screen,
        day: LocalDay,
        code: &CampaignCode,
        product: &Product,
    ) -> Option<Unapproved> {
        let files = product.variants_for(screen).into_iter().filter_map(|variant| variant.media);
        let mut why = None;
        for file in files {
            let found = match self.media.get(&file).and_then(|file| product.shows(file)) {
                Some(media) => self.permissions.find((code, &media), &screen.code, day),
                None => self.permissions.find_file((code, file), &screen.code, day),
            };
            match found {
                Ok(_) => return None,
                Err(reason) => why = why.or(Some(reason)),
            }
        }
        why
    }

    fn asset(
        &self,
        code: CampaignCode,
        tier: Tier,
        product: &Product,
        variant: &Variant,
        lost: &mut BTreeSet<Unplayable>,
    ) -> Option<Asset> {
        let media = variant.media.and_then(|hash| self.media.get(&hash));
        let problem = match media.map(|m| product.shows(m)) {
            None => "its file is not in the library: import the document again beside its files",
            Some(None) => "its file has another length than length_s",
            Some(Some(media)) => {
                let (volume_percent, fades) = (product.volume_percent, product.fades);
                let variant = variant.name();
                return Some(Asset { code, variant, tier, media, volume_percent, fades, permit: None });
            }
        };
        lost.insert(Unplayable { code, variant: variant.name(), problem });
        None
    }
}
