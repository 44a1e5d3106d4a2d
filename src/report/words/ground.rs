//! What the figures rest on, and how anybody checks that.

use super::super::document::Block;
use super::Words;
use crate::lang::{Values, shown};
use lichphat_playlists::figures::PENDING_DAYS;

impl<'a> Words<'a> {
    /// What the figures rest on, and how anybody checks that.
    pub(super) fn ground(&self) -> Vec<Block> {
        let (lang, data) = (self.lang, &self.made.data);
        let mut said = Vec::new();
        let simulated: u64 =
            self.orders().flat_map(|o| &o.lines).map(|l| u64::from(l.figures.simulated)).max().unwrap_or(0);
        if simulated > 0 {
            let screens: std::collections::BTreeSet<_> = self
                .orders()
                .flat_map(|o| &o.lines)
                .collect::<Vec<_>>()
                .into_iter()
                .filter(|l| l.figures.simulated)
                .map(|l| &l.figures.screen)
                .collect();
            said.push(lang.say("report-simulated", &self.count(screens.len() as u64)));
        }
        let entries = self.count(data.log.entries);
        said.push(lang.say("report-entries", &entries));
        let revisions = Values::new()
            .word("directory", lang.number(data.revisions.directory))
            .word("campaigns", lang.number(data.revisions.campaigns));
        said.push(lang.say("report-revisions", &revisions));
        said.push(match &data.log.checkpoint {
            None => lang.text("report-no-checkpoint"),
            Some(c) => {
                let values = Values::new()
                    .word("origin", shown(&c.origin))
                    .word("size", lang.number(c.size))
                    .word("root", c.root.to_string())
                    .count(lang, "beyond", data.log.entries.saturating_sub(c.size));
                let key = if c.size < data.log.entries { "report-checkpoint-behind" } else { "report-checkpoint" };
                lang.say(key, &values)
            }
        });
        said.push(lang.say("report-hash", &Values::new().word("hash", self.made.hash.to_string())));
        said.push(lang.text("report-rule-counted"));
        said.push(lang.say("report-rule-waits", &self.count(PENDING_DAYS.into())));
        said.push(lang.text("report-rule-overlap"));
        said.into_iter().map(Block::Sentence).collect()
    }
}
