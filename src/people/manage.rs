//! Giving accounts, roles and tokens, and taking them back; each checked against who does it, each a statement of the log.

use super::NewAccount;
use super::enter::{People, TOKEN_PREFIX, new_account, person};
use super::error::{PeopleError, Refused};
use super::may::{Act, Denied, On, Rule};
use super::model::{Account, AccountCode, Caller, Deed, Given, Grant, Role, Scope, Token, Via, words_beside};
use super::secret::{one_time_code, secret};
use crate::directory::{DaySpan, Directory, UnitKind};
use lichphat_playlists::ids::UnitCode;
use lichphat_playlists::time::LocalDay;

/// How long the first administrator has, ms.
const FIRST_MS: i64 = 3_600_000;
/// How long anybody else has to use a one-time code, ms: over a weekend.
const CODE_MS: i64 = 3 * 86_400_000;
const DAY_MS: i64 = 86_400_000;
/// Longest life of a token, days.
const TOKEN_DAYS: std::ops::RangeInclusive<u32> = 1..=366;

/// What a role is over, in words of the log.
fn over(unit: Option<&UnitCode>) -> &str {
    unit.map_or("everything", UnitCode::as_str)
}

/// Do they say the same, whatever their numbers?
pub(super) fn same(a: &Grant, b: &Grant) -> bool {
    Grant { id: 0, ..a.clone() } == Grant { id: 0, ..b.clone() }
}

fn said(grant: &Grant) -> String {
    let mut text = format!("{} over {}, {}", grant.role, over(grant.unit.as_ref()), grant.days);
    if !grant.decision.is_empty() {
        text = format!("{text}, decision {}", grant.decision);
    }
    text
}

/// Has he shown a second factor, here and now? No token has.
pub(super) fn is_himself(who: &Caller) -> Result<(), Denied> {
    let shown = who.via == Via::Shell || who.via == Via::Session && who.strong;
    if shown { Ok(()) } else { Err(Denied::Weak) }
}

/// Do its days and its decision make sense?
fn written(grant: &Grant) -> Result<(), PeopleError> {
    if !grant.days.in_order() {
        return Err(Refused::Days.into());
    }
    words_beside(&grant.decision).map(drop).ok_or_else(|| Refused::Decision.into())
}

impl People {
    /// The local day it is.
    pub fn today(&self) -> LocalDay {
        self.clock.now().day(self.offset)
    }

    fn deed(&self, who: &Caller, act: &'static str, on: String, detail: String) -> Deed {
        Deed { at: self.clock.now(), by: who.account.clone(), act, on, detail }
    }

    /// May he give and take roles over that? What is everywhere is given by who holds it everywhere.
    fn may_over(&self, who: &Caller, unit: Option<&UnitCode>, directory: &Directory) -> Result<(), PeopleError> {
        let today = self.today();
        match unit {
            Some(unit) => Ok(who.may(Act::Administer, On::Unit(unit), directory, today)?),
            None => {
                who.may(Act::Administer, On::City, directory, today)?;
                let everywhere =
                    |g: &Grant| g.role == Role::Administrator && g.unit.is_none() && g.days.contains(today);
                let may = who.via == Via::Shell || who.grants.iter().any(everywhere);
                if may { Ok(()) } else { Err(Denied::Role.into()) }
            }
        }
    }

    /// May he change this account? All that it holds must lie under him, or he could make himself who stands above him.
    fn may_change(&self, who: &Caller, account: &Account, directory: &Directory) -> Result<(), PeopleError> {
        if account.code == who.account {
            return Err(Refused::Self_.into());
        }
        let today = self.today();
        let holds = |g: &&Grant| g.days.to.is_none_or(|to| to >= today);
        for grant in account.grants.iter().filter(holds) {
            self.may_over(who, grant.unit.as_ref(), directory)?;
        }
        if account.grants.iter().any(|g| holds(&g)) { Ok(()) } else { self.may_over(who, None, directory) }
    }

    /// The same for what would outlast a delegation, or end what its giver has: by a role of his own, as [`may_give`](Self::may_give).
    fn may_rule(&self, who: &Caller, account: &Account, directory: &Directory) -> Result<(), PeopleError> {
        self.may_change(who, account, directory)?;
        let grants = who.grants.iter().filter(|g| g.given_by.is_none()).cloned().collect();
        let own = Caller { grants, ..who.clone() };
        Ok(self.may_change(&own, account, directory).map_err(|_| Refused::ByDelegation)?)
    }

    async fn found(&self, code: &AccountCode) -> Result<Account, PeopleError> {
        let account = self.store.account(code).await?.filter(|account| account.ended.is_none());
        account.ok_or_else(|| Refused::Unknown(code.clone()).into())
    }

    fn fits(&self, grant: &Grant, directory: &Directory) -> Result<(), PeopleError> {
        let unit = match &grant.unit {
            Some(code) => Some(directory.unit(code).ok_or_else(|| Refused::Unit(code.clone()))?),
            None => None,
        };
        let city = unit.is_none_or(|unit| unit.kind == UnitKind::City && unit.parent.is_none());
        if !city && Rule::of(Act::Direct).is_some_and(|rule| rule.roles.contains(&grant.role)) {
            return Err(Refused::NotTheCity.into());
        }
        written(grant)
    }

    /// It fits, and he may give it: by a role of his own, since what was passed on goes no further; and no longer than he holds that.
    pub(super) fn may_give(&self, who: &Caller, grant: &Grant, directory: &Directory) -> Result<(), PeopleError> {
        self.fits(grant, directory)?;
        self.may_over(who, grant.unit.as_ref(), directory)?;
        let may_by = |held: &dyn Fn(&Grant) -> bool| {
            let grants = who.grants.iter().filter(|g| held(g)).cloned().collect();
            self.may_over(&Caller { grants, ..who.clone() }, grant.unit.as_ref(), directory)
        };
        let own = |g: &Grant| g.given_by.is_none();
        let lasts = |g: &Grant| g.days.to.is_none_or(|end| grant.days.to.is_some_and(|last| last <= end));
        may_by(&own).map_err(|_| Refused::NotHis)?;
        Ok(may_by(&|g| own(g) && lasts(g)).map_err(|_| Refused::Longer)?)
    }

    /// A code with which whoever has it becomes an administrator of the whole city: for who has the server's shell.
    pub async fn first_administrator(&self) -> Result<String, PeopleError> {
        let (code, hash) = one_time_code(&*self.rng);
        let deed = self.deed(&Caller::shell(), "first-code", "city".to_owned(), String::new());
        self.store.issue_code(None, (hash, self.clock.now().plus_ms(FIRST_MS)), deed).await?;
        Ok(code)
    }

    /// An account of the demonstration: every role everywhere, and a password by chance, which is the answer. It has no authenticator, so
    /// nothing that needs one can be done with it.
    pub async fn demonstration(&self, code: &str, name: &str) -> Result<String, PeopleError> {
        let (code, name) = (new_account(code)?, person(name)?);
        let everywhere = |role: &Role| {
            let (role, days, decision) = (*role, DaySpan::default(), String::new());
            Grant { id: 0, role, unit: None, days, decision, given_by: None }
        };
        let grants = Role::ALL.iter().map(everywhere).collect();
        let ((password, _), (_, unused)) = (one_time_code(&*self.rng), secret(&*self.rng));
        let (new, _) = self.invite(&Caller::shell(), code.clone(), name, grants);
        if !self.store.add_accounts(vec![new], Vec::new()).await? {
            return Err(Refused::Taken(code).into());
        }
        let hashed = self.passwords.hash(&password, &*self.rng).await?;
        let deed = self.own_deed(&code, "password", "of the demonstration");
        self.store.set_password(&code, hashed, (unused, None), deed).await?;
        Ok(password)
    }

    /// Is there no account?
    pub async fn nobody_yet(&self) -> Result<bool, PeopleError> {
        Ok(self.store.accounts().await?.is_empty())
    }

    /// The accounts that he may change, and his own; deactivated ones for who may change any.
    pub async fn list(&self, who: &Caller, directory: &Directory) -> Result<Vec<Account>, PeopleError> {
        let all = self.store.accounts().await?;
        let listed = |a: &Account| a.code == who.account || self.may_change(who, a, directory).is_ok();
        Ok(all.into_iter().filter(listed).collect())
    }

    /// One of those that he may change; none when there is no such account for him.
    pub async fn one(
        &self,
        who: &Caller,
        code: &AccountCode,
        directory: &Directory,
    ) -> Result<Option<Account>, PeopleError> {
        let found = self.store.account(code).await?;
        Ok(found.filter(|account| account.code == who.account || self.may_change(who, account, directory).is_ok()))
    }

    /// Who has given whom a role that allows an act, the oldest first.
    pub async fn given_for(&self, act: Act) -> Result<Vec<Given>, PeopleError> {
        Ok(self.store.given(Rule::of(act).map_or(&[], |rule| rule.roles)).await?)
    }

    /// What he has passed on: to whom, and which.
    pub async fn passed_on(&self, who: &Caller) -> Result<Vec<(Account, Grant)>, PeopleError> {
        Ok(self.store.passed_on(&who.account).await?)
    }

    /// Makes an account with its first role; the answer is the one-time code with which its owner comes in.
    pub async fn add(
        &self,
        who: &Caller,
        (code, name): (&str, &str),
        grant: Grant,
        directory: &Directory,
    ) -> Result<String, PeopleError> {
        let (code, name) = (new_account(code)?, person(name)?);
        self.may_give(who, &grant, directory)?;
        let (new, text) = self.invite(who, code.clone(), name, vec![grant]);
        if self.store.add_accounts(vec![new], Vec::new()).await? { Ok(text) } else { Err(Refused::Taken(code).into()) }
    }

    /// An account that is about to be made, and the one-time code for its owner.
    pub(super) fn invite(
        &self,
        who: &Caller,
        code: AccountCode,
        name: String,
        grants: Vec<Grant>,
    ) -> (NewAccount, String) {
        let (text, hash) = one_time_code(&*self.rng);
        let made = self.clock.now();
        let detail = grants.iter().map(said).collect::<Vec<_>>().join("; ");
        let deed = self.deed(who, "account", format!("account {code}"), detail);
        let account = Account { code, name, made, entered: None, ended: None, ready: false, grants };
        (NewAccount { account, code: (hash, made.plus_ms(CODE_MS)), deed }, text)
    }

    /// A role that is about to be given.
    pub(super) fn given(&self, who: &Caller, account: &AccountCode, grant: Grant) -> (AccountCode, Grant, Deed) {
        let deed = self.deed(who, "grant", format!("account {account}"), said(&grant));
        (account.clone(), grant, deed)
    }

    /// Gives a role; none when the account holds it already.
    pub async fn grant(
        &self,
        who: &Caller,
        account: &AccountCode,
        grant: Grant,
        directory: &Directory,
    ) -> Result<Option<u32>, PeopleError> {
        self.may_give(who, &grant, directory)?;
        if *account == who.account {
            return Err(Refused::Self_.into());
        }
        let account = self.found(account).await?;
        if account.grants.iter().any(|held| same(held, &grant)) {
            return Ok(None);
        }
        let (account, grant, deed) = self.given(who, &account.code, grant);
        Ok(Some(self.store.grant(&account, grant, None, deed).await?))
    }

    /// Takes a role back, with what was passed on of it: an administrator, or who has passed it on.
    pub async fn revoke(
        &self,
        who: &Caller,
        account: &AccountCode,
        grant: u32,
        directory: &Directory,
    ) -> Result<(), PeopleError> {
        let account = self.found(account).await?;
        let held = account.grants.iter().find(|g| g.id == grant).ok_or(Refused::Gone)?;
        if held.given_by.as_ref() == Some(&who.account) {
            is_himself(who)?;
        } else {
            if account.code == who.account {
                return Err(Refused::Self_.into());
            }
            self.may_over(who, held.unit.as_ref(), directory)?;
        }
        let deed = self.deed(who, "revoke", format!("account {}", account.code), said(held));
        if self.store.revoke(grant, deed).await? { Ok(()) } else { Err(Refused::Gone.into()) }
    }

    /// Passes a role of the account on (uỷ quyền): over the same unit, no longer than it is held, and no further. Its holder does
    /// it himself, or the shell in his name; number, days and decision are those of `grant`.
    pub async fn delegate(
        &self,
        who: &Caller,
        from: &AccountCode,
        to: &AccountCode,
        grant: Grant,
    ) -> Result<u32, PeopleError> {
        is_himself(who)?;
        if who.via != Via::Shell && *from != who.account {
            return Err(Refused::NotHis.into());
        }
        let giver = self.found(from).await?;
        let own = giver.grants.iter().find(|g| g.id == grant.id && g.given_by.is_none()).ok_or(Refused::NotHis)?;
        let days = grant.days;
        if own.days.to.is_some_and(|to| to < self.today()) {
            return Err(Refused::NotHis.into());
        }
        written(&grant)?;
        let last = days.to.ok_or(Refused::Longer)?;
        let early = own.days.from.is_some_and(|from| days.from.is_none_or(|first| first < from));
        if early || own.days.to.is_some_and(|to| to < last) {
            return Err(Refused::Longer.into());
        }
        if *to == giver.code {
            return Err(Refused::Self_.into());
        }
        let to = self.found(to).await?;
        let passed =
            Grant { id: 0, role: own.role, unit: own.unit.clone(), given_by: Some(giver.code.clone()), ..grant };
        let deed = self.deed(who, "delegate", format!("account {}", to.code), said(&passed));
        Ok(self.store.grant(&to.code, passed, Some(own.id), deed).await?)
    }

    /// A new one-time code for who has lost password or telephone. Until it is used what was chosen before is good.
    pub async fn reset(
        &self,
        who: &Caller,
        account: &AccountCode,
        directory: &Directory,
    ) -> Result<String, PeopleError> {
        let account = self.found(account).await?;
        self.may_rule(who, &account, directory)?;
        let (text, hash) = one_time_code(&*self.rng);
        let deed = self.deed(who, "code", format!("account {}", account.code), String::new());
        self.store.issue_code(Some(account.code), (hash, self.clock.now().plus_ms(CODE_MS)), deed).await?;
        Ok(text)
    }

    /// Ends an account: nobody is signed in with it any more, no token of it is good, what it passed on is over, and what it left
    /// open is `heir`'s.
    pub async fn deactivate(
        &self,
        who: &Caller,
        account: &AccountCode,
        heir: Option<&AccountCode>,
        directory: &Directory,
    ) -> Result<(), PeopleError> {
        let account = self.found(account).await?;
        self.may_rule(who, &account, directory)?;
        let heir = match heir {
            Some(heir) if *heir == account.code => return Err(Refused::Unknown(heir.clone()).into()),
            Some(heir) => Some(self.found(heir).await?.code),
            None => None,
        };
        let open = self.store.open_tasks(&account.code).await?;
        if open > 0 && heir.is_none() {
            return Err(Refused::Heir(open).into());
        }
        let detail = heir.as_ref().map_or_else(String::new, |heir| format!("what it left open goes to {heir}"));
        let deed = self.deed(who, "deactivate", format!("account {}", account.code), detail);
        let done = self.store.deactivate(&account.code, heir, deed).await?;
        if done { Ok(()) } else { Err(Refused::Unknown(account.code).into()) }
    }

    /// A token for a program: never for what needs a second factor, never without an end. The answer is its secret, shown once.
    pub async fn token(
        &self,
        who: &Caller,
        account: &AccountCode,
        (label, scope, days): (&str, Scope, u32),
        directory: &Directory,
    ) -> Result<String, PeopleError> {
        let own = *account == who.account && who.via == Via::Session;
        let account = self.found(account).await?;
        if !own {
            self.may_rule(who, &account, directory)?;
        } else if !who.strong {
            return Err(Denied::Weak.into());
        }
        if !TOKEN_DAYS.contains(&days) {
            return Err(Refused::Life.into());
        }
        let strong = |act: &Act| Rule::of(*act).is_none_or(|rule| rule.strong);
        if scope.acts.is_empty() || scope.acts.iter().any(strong) {
            return Err(Refused::Acts.into());
        }
        if let Some(unit) = &scope.unit {
            directory.unit(unit).ok_or_else(|| Refused::Unit(unit.clone()))?;
        }
        let (text, hash) = secret(&*self.rng);
        let acts: Vec<&str> = scope.acts.iter().map(|act| act.as_str()).collect();
        let detail = format!("{} over {}, {days} days", acts.join(" "), over(scope.unit.as_ref()));
        let deed = self.deed(who, "token", format!("account {}", account.code), detail);
        let expires = self.clock.now().plus_ms(i64::from(days) * DAY_MS);
        let token = Token { id: 0, account: account.code, label: person(label)?, scope, expires };
        self.store.add_token(hash, token, deed).await?;
        Ok(format!("{TOKEN_PREFIX}{text}"))
    }

    /// Tokens of an account.
    pub async fn tokens(&self, account: Option<AccountCode>) -> Result<Vec<Token>, PeopleError> {
        Ok(self.store.tokens(account).await?)
    }

    /// Takes a token back.
    pub async fn revoke_token(&self, who: &Caller, id: u32, directory: &Directory) -> Result<(), PeopleError> {
        let tokens = self.store.tokens(None).await?;
        let token = tokens.into_iter().find(|token| token.id == id).ok_or(Refused::Gone)?;
        if token.account != who.account {
            self.may_change(who, &self.found(&token.account).await?, directory)?;
        }
        let deed = self.deed(who, "token-end", format!("account {}", token.account), token.label);
        if self.store.revoke_token(id, deed).await? { Ok(()) } else { Err(Refused::Gone.into()) }
    }
}
