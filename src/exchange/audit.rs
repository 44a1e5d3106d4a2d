//! `lichphat check`, the part of what others declare: are the figures what the plays that stand say, and was every import
//! brought to its end?

use super::{DeclaredStore, Figures, Rule};
use crate::directory::problem::{Say, say};
use crate::error::StoreError;
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::proof::declared::{Declared, DeclaredPlay};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use std::collections::{BTreeMap, BTreeSet};

/// What was looked at and found: where, what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeclaredAudit {
    /// Plays that stand.
    pub plays: u64,
    /// Figures that differ.
    pub figures: Vec<(Say, Say)>,
    /// Imports that were broken off.
    pub imports: Vec<(Say, Say)>,
    /// Days whose figures differ, to be worked out anew.
    pub mends: BTreeMap<LocalDay, BTreeSet<ScreenCode>>,
}

/// Looks at every screen of which anything is declared.
pub async fn audit(store: &dyn DeclaredStore, rule: &Rule) -> Result<DeclaredAudit, StoreError> {
    let mut audit = DeclaredAudit::default();
    for import in store.imports().await?.into_iter().filter(|import| !import.settled) {
        let (id, name) = (import.id, &import.brought.name);
        let place = say(format!("lần nhập {id} ({name})"), format!("import {id} ({name})"));
        let problem = match import.withdrawn {
            None => say("bị đứt giữa chừng: chưa nhập hết", "was broken off: not all of it was taken"),
            Some(_) => say("rút bị đứt giữa chừng", "its withdrawal was broken off"),
        };
        audit.imports.push((place, problem));
    }
    for screen in store.declared_screens().await? {
        let held = store.declared(&screen, UtcMillis(i64::MIN), UtcMillis(i64::MAX)).await?;
        audit.plays += held.len() as u64;
        let plays: Vec<DeclaredPlay> = held.into_iter().map(|held| held.play).collect();
        compare(&screen, &store.declared_figures(&screen).await?, &worked_out(&screen, &plays, rule), &mut audit);
    }
    Ok(audit)
}

/// A screen's figures out of its plays, which are in order of time.
fn worked_out(screen: &ScreenCode, plays: &[DeclaredPlay], rule: &Rule) -> Figures {
    let days: BTreeSet<LocalDay> = plays.iter().map(|play| play.start.day(rule.offset)).collect();
    let mut figures = Figures::new();
    for day in days {
        let (from, to) = (day.previous().start(rule.offset), day.next().start(rule.offset));
        let begin = plays.partition_point(|play| play.start < from);
        let end = plays.partition_point(|play| play.start < to);
        let of_day = rule.figures(screen, day, &plays[begin..end]);
        figures.extend(of_day.into_iter().map(|(campaign, of)| ((day, campaign), of)));
    }
    figures
}

fn compare(screen: &ScreenCode, stored: &Figures, said: &Figures, audit: &mut DeclaredAudit) {
    for key in stored.keys().chain(said.keys()).collect::<BTreeSet<_>>() {
        let (held, plays) = (stored.get(key), said.get(key));
        if held == plays {
            continue;
        }
        let (day, campaign) = key;
        let place = say(
            format!("số liệu khai của {screen}, ngày {day}, {campaign}"),
            format!("declared figures of {screen}, {day}, {campaign}"),
        );
        let (held, plays) = (in_words(held), in_words(plays));
        let problem = say(
            format!("đang lưu {}; các lượt đã khai: {}", held.vi, plays.vi),
            format!("stored {}; the plays say {}", held.en, plays.en),
        );
        audit.figures.push((place, problem));
        audit.mends.entry(*day).or_default().insert(screen.clone());
    }
}

fn in_words(figures: Option<&Declared>) -> Say {
    let Some(Declared { plays, outside, not_counted, reasons }) = figures else {
        return say("không có gì", "nothing");
    };
    let reasons = reasons.iter().map(|(reason, n)| format!("{reason} {n}")).collect::<Vec<_>>().join(", ");
    say(
        format!("{plays} trong khung giờ, {outside} ngoài, {not_counted} không tính ({reasons})"),
        format!("{plays} in its hours, {outside} outside, {not_counted} not counted ({reasons})"),
    )
}
