//! What asks for the reader himself, on the page that he comes in at, beside what waits for his word ([`super::today`]): boxes that
//! somebody has to look for, and a list of withdrawals that fills up, told to who watches over the server.

use super::data::Console;
use super::page::shown;
use super::{Asked, ConsoleError};
use crate::approval::NEARLY_FULL_PERCENT;
use crate::lang::Values;
use crate::people::{Act, On};

/// Boxes that are named; a list of hundreds is another matter.
const NAMED: usize = 10;

/// Sentences, each with the page where it goes on.
pub(super) async fn gather(console: &Console, asked: &Asked) -> Result<Vec<(String, String)>, ConsoleError> {
    let (lang, caller, city) = (asked.lang, asked.caller()?, console.city().await?);
    let mut notices = Vec::new();
    let drafts = console.orders.waiting_for(caller, &city.directory).await.map_err(super::orders::trouble)?;
    if drafts > 0 {
        notices.push((lang.say("orders-waiting", &Values::new().count(lang, "n", drafts)), "/orders".to_owned()));
    }
    let full = console.approvals.permissions().await?.withdrawals().full_percent();
    let watches = caller.may(Act::Watch, On::City, &city.directory, console.today().1).is_ok();
    if full >= NEARLY_FULL_PERCENT && watches {
        let sentence = lang.say("withdrawals-full", &Values::new().count(lang, "n", full as u64));
        notices.push((sentence, "/approvals".to_owned()));
    }
    if watches {
        let troubles = console.reporting.troubles().await.map_err(|e| ConsoleError::Internal(e.to_string()))?;
        notices.extend(troubles.iter().take(NAMED).map(|trouble| {
            let days = Values::new().word("from", lang.day(trouble.days.0)).word("to", lang.day(trouble.days.1));
            let words = days
                .word("rule", shown(&trouble.rule))
                .word("way", shown(&trouble.way))
                .word("problem", shown(&trouble.problem));
            let key = match trouble.way.as_str() {
                "" => "reports-rule-not-made",
                "folder" => "reports-rule-not-put",
                _ => "reports-rule-not-mailed",
            };
            (lang.say(key, &words), "/reports".to_owned())
        }));
    }
    let sight = asked.sight(&city, console)?;
    let boxes = console.boxes(&city).await?;
    let doubled = boxes.doubled.iter();
    let seen = doubled.filter_map(|screen| city.directory.screen(screen).filter(|screen| sight.screen(screen)));
    notices.extend(seen.take(NAMED).map(|screen| {
        let sentence = lang.say("device-doubled-at", &Values::new().word("screen", shown(&screen.name)));
        (sentence, format!("/screens/{}", screen.code))
    }));
    Ok(notices)
}
