//! Accounts and roles by file: one row for each role of each account.

use super::NewAccount;
use super::enter::{People, new_account, person};
use super::error::PeopleError;
use super::manage::same;
use super::model::{Account, AccountCode, Caller, Grant, Role};
use crate::directory::problem::{Problem, Problems, Say, say};
use crate::directory::table::{Field, Row, SourceFile, Table, needed, optional, read};
use crate::directory::{DaySpan, Directory};
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

impl Field for AccountCode {
    fn read(text: &str) -> Result<Self, Say> {
        new_account(text).map_err(|error| match error {
            PeopleError::Refused(why) => why.say(),
            other => say(other.to_string(), other.to_string()),
        })
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

struct Line<'r> {
    row: &'r Row,
    account: AccountCode,
    name: String,
    grant: Grant,
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
        let rows = match read(file, &TABLE, &mut found) {
            Ok(rows) => rows,
            Err(problems) => return Ok(Err(problems)),
        };
        let lines: Vec<Line<'_>> =
            rows.iter().filter_map(|row| self.line(who, row, &known, directory, &mut found)).collect();
        names_agree(&lines, &mut found);
        if let Err(problems) = Problems::none_or(found, ()) {
            return Ok(Err(problems));
        }
        // of one account the first row makes it, and every other is one more of its roles
        let (mut new, mut more, mut unchanged) = (BTreeMap::<AccountCode, (String, Vec<Grant>)>::new(), Vec::new(), 0);
        for Line { account, name, grant, .. } in lines {
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

    fn line<'r>(
        &self,
        who: &Caller,
        row: &'r Row,
        known: &BTreeMap<AccountCode, Account>,
        directory: &Directory,
        found: &mut Vec<Problem>,
    ) -> Option<Line<'r>> {
        let account = row.required::<AccountCode>("account", found);
        let name = row.required::<String>("name", found);
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
            Some(text) => match directory.find_unit(text, self.today()) {
                Ok(unit) => Some(Some(unit.code.clone())),
                Err(error) => {
                    found.push(row.problem("unit", error.say()));
                    None
                }
            },
        };
        let (Ok(account), Ok(name), Ok(role), Ok(from), Ok(to), Some(unit)) = (account, name, role, from, to, unit)
        else {
            return None;
        };
        let decision = row.text("decision").unwrap_or_default().to_owned();
        let grant = Grant { id: 0, role, unit, days: DaySpan::new(from, to), decision, given_by: None };
        let mut wrong = |field, error: PeopleError| {
            let words = |lang| error.words(lang);
            found.push(row.problem(field, say(words(crate::lang::Lang::Vi), words(crate::lang::Lang::En))));
        };
        if let Err(error) = person(&name) {
            wrong("name", error);
        }
        if let Err(error) = self.may_give(who, &grant, directory) {
            wrong("role", error);
        }
        match known.get(&account) {
            Some(held) if held.ended.is_some() => {
                let mend = say("tài khoản này đã ngừng dùng", "this account was deactivated");
                found.push(row.problem("account", mend));
            }
            Some(held) if held.name != name.trim() => {
                let mend =
                    say(format!("tài khoản này là của {}", held.name), format!("this account is of {}", held.name));
                found.push(row.problem("name", mend));
            }
            _ => {}
        }
        Some(Line { row, account, name, grant })
    }
}

/// One account is one person's, on every line of the file.
fn names_agree(lines: &[Line<'_>], found: &mut Vec<Problem>) {
    let mut names = BTreeMap::<&AccountCode, (&str, u32)>::new();
    for line in lines {
        let (name, first) = *names.entry(&line.account).or_insert((&line.name, line.row.line()));
        if name != line.name {
            let mend = say(
                format!("dòng {first} ghi tài khoản này là của {name}"),
                format!("line {first} says that this account is of {name}"),
            );
            found.push(line.row.problem("name", mend));
        }
    }
}
