//! Why plays are missing, why records do not count, and how sure one is of what counts.

use super::super::columns::{Figures, bonds};
use super::super::document::{Block, Cell};
use super::{Words, capital};
use std::collections::BTreeMap;

/// What is counted of several orders, by a code: plays and screens.
type Tally = BTreeMap<String, (u64, u64)>;

impl<'a> Words<'a> {
    /// Why plays are missing where they are required and where they are not, why records do not count, and how sure one is of what counts.
    pub(super) fn why(&self) -> Vec<Block> {
        let lang = self.lang;
        let (mut missing, mut beside, mut refused, mut levels, mut late) =
            (Tally::new(), Tally::new(), Tally::new(), [0u64; 5], 0);
        for order in self.orders() {
            for (bond, figures) in bonds(order) {
                let tally = if bond.is_binding() { &mut missing } else { &mut beside };
                let s = figures.sums;
                s.causes.iter().for_each(|(cause, n)| tally.entry(cause.clone()).or_default().0 += n);
                s.short_causes.iter().for_each(|(cause, n)| tally.entry(cause.clone()).or_default().1 += u64::from(*n));
            }
            let all = Figures::of(order, &order.lines.iter().collect::<Vec<_>>()).sums;
            all.reasons.iter().for_each(|(reason, n)| refused.entry(reason.clone()).or_default().0 += n);
            levels.iter_mut().zip(all.by_level).for_each(|(sum, n)| *sum += n);
            late += all.late;
        }
        let word = |code: &str| Cell::Text(self.cause(code));
        let columns = |keys: &[(&str, bool)]| {
            self.columns(&keys.iter().map(|(key, number)| (*key, true, *number)).collect::<Vec<_>>())
        };
        let causes = |key: &'static str, tally: Tally| {
            let row = |(code, (plays, of)): (String, (u64, u64))| {
                let mend = Cell::Text(lang.mend(&code).unwrap_or_default());
                vec![word(&code), Cell::Number(plays), Cell::Number(of), mend]
            };
            let keys = [("cause", false), ("plays", true), ("screens-short", true), ("mend", false)];
            self.table(key, false, columns(&keys), ordered(tally).into_iter().map(row).collect())
        };
        let refused = ordered(refused).into_iter().map(|(code, (plays, _))| vec![word(&code), Cell::Number(plays)]);
        let levels = ["D0", "D1", "D2", "D3"]
            .into_iter()
            .zip(&levels[1..])
            .map(|(level, n)| vec![Cell::Text(capital(&lang.term("level", level))), Cell::Number(*n)]);
        let apart = (!beside.is_empty()).then(|| causes("causes-beside", beside));
        let tables = std::iter::once(causes("causes", missing)).chain(apart).chain([
            self.table("reasons", false, columns(&[("reason", false), ("plays", true)]), refused.collect()),
            self.table("levels", false, columns(&[("level", false), ("plays", true)]), levels.collect()),
        ]);
        tables.map(Block::Table).chain([self.said(lang.say("report-late", &self.count(late)))]).collect()
    }
}

/// The largest first.
fn ordered(tally: Tally) -> Vec<(String, (u64, u64))> {
    let mut all: Vec<_> = tally.into_iter().collect();
    all.sort_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.cmp(b)));
    all
}
