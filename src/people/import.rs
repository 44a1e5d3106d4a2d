//! Accounts and roles by file: one row for each role of each account.

use super::NewAccount;
use super::enter::{People, new_account, person};
use super::error::PeopleError;
use super::manage::same;
use super::model::{Account, AccountCode, Caller, Grant, Role};
use crate::directory::problem::{Problem, Problems, Say, say};
use crate::directory::table::{Field, Row, SourceFile, Table, needed, optional, read};
use crate::directory::{DaySpan, Directory};
use crate::lang::Lang;
use lichphat_playlists::time::LocalDay;
use serde::Serialize;
use std::collections::BTreeMap;

/// The table of accounts.
pub static TABLE: Table = Table {
    name: "account",
    columns: &[
        needed("account", "name under which one signs in, `nguyen.van.an`: a-z 0-9 . _ -; it stands in the log"),
        needed("name", "whose it is, `Nguyễn Văn An`"),
        needed("role", "`viewer`, `operator`, `approver`, `unit-head`, `city-editor`, `auditor` or `administrator`"),
        optional("unit", "code or name: the role holds over it and what lies below; `*`: everywhere"),
        optional("from", "first day of the role, `2026-01-01`; since ever when empty"),
        optional("to", "last day, included; open when empty"),
        optional("decision", "number of the decision, `12/QĐ-UBND`"),
    ],
};

/// Everywhere, in a cell and in a field.
pub const EVERYWHERE: &str = "*";

fn said(error: &PeopleError) -> Say {
    say(error.words(Lang::Vi), error.words(Lang::En))
}

impl Field for AccountCode {
    fn read(text: &str) -> Result<Self, Say> {
        new_account(text).map_err(|error| said(&error))
    }
}

/// A person's name.
struct Name(String);
impl Field for Name {
    fn read(text: &str) -> Result<Self, Say> {
        person(text).map(Self).map_err(|error| said(&error))
    }
}

/// A new account and the code with which its owner comes in.
#[derive(Debug, Serialize)]
pub struct Invited {
    /// Its name.
    pub account: AccountCode,
    /// Whose it is.
    pub name: String,
    /// With which he comes in.
    pub one_time_code: String,
}

/// What a file changed.
#[derive(Debug)]
pub struct Imported {
    /// Accounts that it made.
    pub new: Vec<Invited>,
    /// Roles that it gave to accounts that were there.
    pub granted: u32,
    /// Rows that said what was there already.
    pub unchanged: u32,
}

/// One row: a role of an account.
#[derive(Debug)]
pub struct Entry {
    /// Whose.
    pub account: AccountCode,
    /// Who that is.
    pub name: String,
    /// The role.
    pub grant: Grant,
    row: Row,
}

/// What a file says, each row by itself and all of them beside each other; what is wrong in it goes to `found`.
fn entries(
    file: SourceFile<'_>,
    directory: &Directory,
    today: LocalDay,
    found: &mut Vec<Problem>,
) -> Result<Vec<Entry>, Problems> {
    let rows = read(file, &TABLE, found)?;
    let entries: Vec<Entry> = rows.into_iter().filter_map(|row| entry(row, directory, today, found)).collect();
    names_agree(&entries, found);
    Ok(entries)
}

/// What a file says, whoever may give it.
///
/// # Errors
/// Everything that is wrong in it.
pub fn parse(file: SourceFile<'_>, directory: &Directory, today: LocalDay) -> Result<Vec<Entry>, Problems> {
    let mut found = Vec::new();
    let entries = entries(file, directory, today, &mut found)?;
    Problems::none_or(found, entries)
}

fn entry(row: Row, directory: &Directory, today: LocalDay, found: &mut Vec<Problem>) -> Option<Entry> {
    let account = row.required::<AccountCode>("account", found);
    let name = row.required::<Name>("name", found);
    let role = row.required::<Role>("role", found);
    let (from, to) = (row.optional("from", found), row.optional("to", found));
    let unit = match row.text("unit") {
        Some(EVERYWHERE) => Some(None),
        None => {
            let mend = say(
                "ghi mã hoặc tên đơn vị; * là toàn thành phố",
                "write a unit's code or name; * stands for everywhere",
            );
            found.push(row.problem("unit", mend));
            None
        }
        Some(text) => match directory.find_unit(text, today) {
            Ok(unit) => Some(Some(unit.code.clone())),
            Err(error) => {
                found.push(row.problem("unit", error.say()));
                None
            }
        },
    };
    let (Ok(account), Ok(Name(name)), Ok(role), Ok(from), Ok(to), Some(unit)) = (account, name, role, from, to, unit)
    else {
        return None;
    };
    let decision = row.text("decision").unwrap_or_default().to_owned();
    let grant = Grant { id: 0, role, unit, days: DaySpan::new(from, to), decision, given_by: None };
    Some(Entry { account, name, grant, row })
}

impl People {
    /// Takes a file as a whole, or says what is wrong in it, line by line.
    pub async fn import(
        &self,
        who: &Caller,
        file: SourceFile<'_>,
        directory: &Directory,
    ) -> Result<Result<Imported, Problems>, PeopleError> {
        let known: BTreeMap<AccountCode, Account> =
            self.store.accounts().await?.into_iter().map(|a| (a.code.clone(), a)).collect();
        let mut found = Vec::new();
        let entries = match entries(file, directory, self.today(), &mut found) {
            Ok(entries) => entries,
            Err(problems) => return Ok(Err(problems)),
        };
        for entry in &entries {
            self.look(who, entry, &known, directory, &mut found);
        }
        if let Err(problems) = Problems::none_or(found, ()) {
            return Ok(Err(problems));
        }
        // of one account the first row makes it, and every other is one more of its roles
        let (mut new, mut more, mut unchanged) = (BTreeMap::<AccountCode, (String, Vec<Grant>)>::new(), Vec::new(), 0);
        for Entry { account, name, grant, .. } in entries {
            let held = match known.get(&account) {
                Some(known) => &known.grants,
                None => &new.entry(account.clone()).or_insert((name, Vec::new())).1,
            };
            let before = more.iter().any(|(of, given, _)| *of == account && same(given, &grant));
            if before || held.iter().any(|held| same(held, &grant)) {
                unchanged += 1;
            } else if let Some((_, grants)) = new.get_mut(&account) {
                grants.push(grant);
            } else {
                more.push(self.given(who, &account, grant));
            }
        }
        let granted = u32::try_from(more.len()).unwrap_or(u32::MAX);
        let (accounts, invited): (Vec<NewAccount>, Vec<Invited>) = new
            .into_iter()
            .map(|(account, (name, grants))| {
                let (new, one_time_code) = self.invite(who, account.clone(), name.clone(), grants);
                (new, Invited { account, name, one_time_code })
            })
            .unzip();
        if !self.store.add_accounts(accounts, more).await? {
            return Err(PeopleError::Busy); // somebody else made one of them meanwhile
        }
        Ok(Ok(Imported { new: invited, granted, unchanged }))
    }

    /// May he give it, and does it fit to what is there?
    fn look(
        &self,
        who: &Caller,
        entry: &Entry,
        known: &BTreeMap<AccountCode, Account>,
        directory: &Directory,
        found: &mut Vec<Problem>,
    ) {
        let Entry { account, name, grant, row } = entry;
        if let Err(error) = self.may_give(who, grant, directory) {
            found.push(row.problem("role", said(&error)));
        }
        match known.get(account) {
            Some(held) if held.ended.is_some() => {
                let mend = say("tài khoản này đã ngừng dùng", "this account was deactivated");
                found.push(row.problem("account", mend));
            }
            Some(held) if held.name != *name => {
                let mend =
                    say(format!("tài khoản này là của {}", held.name), format!("this account is of {}", held.name));
                found.push(row.problem("name", mend));
            }
            _ => {}
        }
    }
}

/// One account is one person's, on every line of the file.
fn names_agree(entries: &[Entry], found: &mut Vec<Problem>) {
    let mut names = BTreeMap::<&AccountCode, (&str, u32)>::new();
    for entry in entries {
        let (name, first) = *names.entry(&entry.account).or_insert((&entry.name, entry.row.line()));
        if name != entry.name {
            let mend = say(
                format!("dòng {first} ghi tài khoản này là của {name}"),
                format!("line {first} says that this account is of {name}"),
            );
            found.push(entry.row.problem("name", mend));
        }
    }
}
