//! Who may do what on what: one table, and the way from a thing up the tree to a grant.

use super::model::{Caller, Grant, Role, Scope, Via};
use crate::directory::words::words;
use crate::directory::{Directory, Link, Screen, Unit, UnitKind};
use lichphat_playlists::ids::{ScreenCode, UnitCode};
use lichphat_playlists::time::LocalDay;
use std::collections::BTreeSet;

words! {
    /// What can be done.
    Act {
        /// See it, on pages and in figures.
        View = "view",
        /// Ask something of a screen's player: a picture, a restart.
        Operate = "operate",
        /// Bring content of one's own.
        Compose = "compose",
        /// Say that content may be shown.
        Approve = "approve",
        /// Make the city's orders.
        Direct = "direct",
        /// Decide that an order is played more often on a unit's screens.
        Raise = "raise",
        /// Close a unit's report: from then on its figures stand as they were.
        Close = "close",
        /// Let a box in, replace or revoke it.
        Enrol = "enrol",
        /// Look behind figures: draws, evidence, bundles, what accounts have done.
        Audit = "audit",
        /// Read how the server is: `/metrics`, `/readyz`.
        Watch = "watch",
        /// Give accounts, roles and tokens.
        Administer = "administer",
    }
}

/// On what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On<'a> {
    /// The city as a whole.
    City,
    /// A unit.
    Unit(&'a UnitCode),
    /// A screen.
    Screen(&'a ScreenCode),
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// He may not even see it: for him it is not there.
    #[error("is not there")]
    Unseen,
    /// He sees it, and has no role for this.
    #[error("needs a role that you do not have here")]
    Role,
    /// He has the role, and has to show a second factor.
    #[error("needs a second factor in this session")]
    Weak,
}

/// One act: whose roles allow it, along which of a screen's links, and what else it needs.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// What.
    pub act: Act,
    /// The roles that allow it.
    pub roles: &'static [Role],
    /// A screen is theirs when one of these links leads to their unit or below it.
    pub links: &'static [Link],
    /// Only a role over the city as a whole.
    pub at_root: bool,
    /// Only with a second factor, so by no token.
    pub strong: bool,
}

/// Whose screen it is, or who runs it.
const OWN: &[Link] = &[Link::Owner, Link::Operator];

const fn rule(act: Act, roles: &'static [Role], links: &'static [Link]) -> Rule {
    Rule { act, roles, links, at_root: false, strong: false }
}
const fn strong(act: Act, roles: &'static [Role], links: &'static [Link]) -> Rule {
    Rule { strong: true, ..rule(act, roles, links) }
}

/// Which role may do what; what is not in here nobody may.
pub const RULES: &[Rule] = &{
    use Role::{Administrator, Approver, Auditor, CityEditor, Operator, UnitHead};
    [
        rule(Act::View, Role::ALL, Link::ALL),
        rule(Act::Operate, &[Operator, UnitHead], OWN),
        rule(Act::Compose, &[Operator, UnitHead, CityEditor], OWN),
        strong(Act::Approve, &[Approver, UnitHead], OWN),
        Rule { at_root: true, ..strong(Act::Direct, &[CityEditor], OWN) },
        strong(Act::Raise, &[UnitHead], OWN),
        strong(Act::Close, &[UnitHead], OWN),
        strong(Act::Enrol, &[Operator, UnitHead], OWN),
        rule(Act::Audit, &[Auditor], Link::ALL),
        rule(Act::Watch, &[Auditor, Administrator], OWN),
        strong(Act::Administer, &[Administrator], OWN),
    ]
};

impl Rule {
    /// That of an act.
    pub fn of(act: Act) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.act == act)
    }
}

/// Is it the city itself?
fn is_city(unit: &Unit) -> bool {
    unit.kind == UnitKind::City && unit.parent.is_none()
}

/// Does a role, or a token, over `top` hold for the city as a whole?
fn is_root(top: Option<&UnitCode>, directory: &Directory) -> bool {
    top.is_none_or(|top| directory.unit(top).is_some_and(is_city))
}

/// Does a role, or a token, over `top` reach `on`?
fn reaches(top: Option<&UnitCode>, on: On<'_>, links: &[Link], directory: &Directory, today: LocalDay) -> bool {
    let Some(top) = top else { return true };
    match on {
        On::City => is_root(Some(top), directory),
        On::Unit(code) => directory.lies_under(code, top),
        On::Screen(code) => directory.screen(code).is_some_and(|screen| {
            let day = day_of(screen, today);
            links.iter().any(|link| directory.is_in(screen, top, *link, day))
        }),
    }
}

/// A screen is whose it is today; one that is still to come, whose it will be on its first day.
fn day_of(screen: &Screen, today: LocalDay) -> LocalDay {
    screen.in_service.from.map_or(today, |from| from.max(today))
}

impl Caller {
    /// May he do this, today? Nothing is allowed but by a role of [`RULES`] that he holds over the thing; a token never goes
    /// beyond its account nor beyond its scope.
    ///
    /// # Errors
    /// Why not, and whether he may know that there is such a thing.
    pub fn may(&self, act: Act, on: On<'_>, directory: &Directory, today: LocalDay) -> Result<(), Denied> {
        if self.via == Via::Shell {
            return Ok(());
        }
        let Some(rule) = Rule::of(act) else { return Err(Denied::Role) };
        if self.holds(rule, on, directory, today) {
            return if rule.strong && !self.is_strong() { Err(Denied::Weak) } else { Ok(()) };
        }
        let sees = match on {
            On::City => true, // that there is a city is no secret
            on => Rule::of(Act::View).is_some_and(|view| self.holds(view, on, directory, today)),
        };
        Err(if sees { Denied::Role } else { Denied::Unseen })
    }

    /// Has he a role anywhere that allows the act? For what concerns no one thing, such as a list of his own.
    ///
    /// # Errors
    /// Why not.
    pub fn may_somewhere(&self, act: Act, today: LocalDay) -> Result<(), Denied> {
        if self.via == Via::Shell {
            return Ok(());
        }
        let rule = Rule::of(act).ok_or(Denied::Role)?;
        let scope = self.scope().is_none_or(|scope| scope.acts.contains(&act));
        match scope && self.grants_for(rule, today).next().is_some() {
            false => Err(Denied::Role),
            true if rule.strong && !self.is_strong() => Err(Denied::Weak),
            true => Ok(()),
        }
    }

    /// The units over which he sees something, without those below another of them; for a page to begin with.
    pub fn units<'d>(&self, directory: &'d Directory, today: LocalDay) -> Vec<&'d Unit> {
        let Some(view) = Rule::of(Act::View) else { return Vec::new() };
        let own = self.grants_for(view, today).filter_map(|grant| grant.unit.as_ref());
        let own: BTreeSet<&UnitCode> = own.collect();
        let below = |code: &UnitCode| own.iter().any(|top| *top != code && directory.lies_under(code, top));
        let seen = self.sight(directory, today);
        own.iter().filter(|code| !below(code) && seen.unit(code)).filter_map(|code| directory.unit(code)).collect()
    }

    /// What he may see, worked out once for lists.
    pub fn sight(&self, directory: &Directory, today: LocalDay) -> Sight {
        let view = Rule::of(Act::View).filter(|_| self.may_somewhere(Act::View, today).is_ok());
        let Some(view) = view else { return Sight { today, within: vec![BTreeSet::new()] } };
        let mut within = Vec::new();
        let tops: Option<Vec<&UnitCode>> = self.grants_for(view, today).map(|grant| grant.unit.as_ref()).collect();
        if let (Some(tops), false) = (tops, self.via == Via::Shell) {
            within.push(tops.into_iter().flat_map(|top| directory.subtree(top)).collect());
        }
        within.extend(self.scope().and_then(|scope| scope.unit.as_ref()).map(|top| directory.subtree(top)));
        Sight { today, within }
    }

    fn scope(&self) -> Option<&Scope> {
        match &self.via {
            Via::Token(scope) => Some(scope),
            Via::Session | Via::Shell => None,
        }
    }

    /// No token has shown a second factor.
    fn is_strong(&self) -> bool {
        self.strong && self.scope().is_none()
    }

    fn grants_for(&self, rule: &'static Rule, today: LocalDay) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(move |g| rule.roles.contains(&g.role) && g.days.contains(today))
    }

    fn holds(&self, rule: &'static Rule, on: On<'_>, directory: &Directory, today: LocalDay) -> bool {
        let within = self.scope().is_none_or(|scope| {
            scope.acts.contains(&rule.act) && reaches(scope.unit.as_ref(), on, rule.links, directory, today)
        });
        let granted = |grant: &Grant| {
            (!rule.at_root || is_root(grant.unit.as_ref(), directory))
                && reaches(grant.unit.as_ref(), on, rule.links, directory, today)
        };
        within && self.grants_for(rule, today).any(granted)
    }
}

/// What somebody may see on a day.
#[derive(Debug, Clone)]
pub struct Sight {
    today: LocalDay,
    /// Units of which each set has to hold one: those of his roles, those of his token.
    within: Vec<BTreeSet<UnitCode>>,
}

impl Sight {
    /// Everything?
    pub fn is_whole(&self) -> bool {
        self.within.is_empty()
    }
    /// Is the unit in it?
    pub fn unit(&self, code: &UnitCode) -> bool {
        self.within.iter().all(|units| units.contains(code))
    }
    /// Is the screen in it, by any of its links?
    pub fn screen(&self, screen: &Screen) -> bool {
        let day = day_of(screen, self.today);
        let tied = |units: &BTreeSet<UnitCode>| {
            Link::ALL.iter().any(|link| screen.unit(*link, day).is_some_and(|unit| units.contains(unit)))
        };
        self.within.iter().all(tied)
    }
}
