//! The log, as people need to know it: does it go on, and do others vouch for it?

use super::{Console, ConsoleError};
use crate::lang::{Lang, Values};
use crate::proof::log::{Head, LogError};
use crate::proof::witnesses::{Standing, Vouched, Witness, vouched};
use lichphat_playlists::time::{UtcMillis, UtcOffset};

/// How the log stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LogView {
    /// Empty when all is well.
    pub(super) tone: &'static str,
    /// In one or two sentences, with the mend.
    pub(super) verdict: String,
    /// Each witness, and what troubles it.
    pub(super) witnesses: Vec<String>,
}

/// Gathers it.
pub(super) async fn gather(console: &Console, lang: Lang) -> Result<LogView, ConsoleError> {
    let (head, standings) = (console.log.head().await?, console.log.standings().await?);
    let stopped = match console.log.published_is_held().await {
        Err(LogError::RolledBack { published, held }) => {
            let values = Values::new().count(lang, "published", published).count(lang, "held", held);
            Some(lang.say("log-rolled-back", &values))
        }
        Err(LogError::Renamed(name)) => Some(lang.say("log-renamed", &Values::new().word("name", name))),
        other => {
            other?;
            console.log.waits().await?.then(|| lang.text("log-waits"))
        }
    };
    Ok(view(lang, head.as_ref(), stopped, &standings, (console.clock.now(), console.offset)))
}

fn view(
    lang: Lang,
    head: Option<&Head>,
    stopped: Option<String>,
    standings: &[(Witness, Standing)],
    (now, offset): (UtcMillis, UtcOffset),
) -> LogView {
    let witnesses = standings.iter().map(|(witness, standing)| standing.sentence(witness, lang, offset)).collect();
    if let Some(verdict) = stopped {
        return LogView { tone: "bad", verdict, witnesses };
    }
    let (tone, key) = match vouched(standings, head, now) {
        Vouched::Unasked => ("", "log-unasked"),
        Vouched::Yes => ("", "log-vouched"),
        Vouched::Alone => ("wait", "log-alone"),
        Vouched::Contradicted => ("bad", "log-contradicted"),
    };
    let published = match head {
        None => lang.text("log-unpublished"),
        Some(head) => {
            let values = Values::new().count(lang, "n", head.size).word("time", lang.instant(head.at, offset));
            lang.say("log-published", &values)
        }
    };
    LogView { tone, verdict: format!("{published} {}", lang.text(key)), witnesses }
}
