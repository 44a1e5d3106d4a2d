//! What people did about a screen, newest first, as the log says it.

use super::data::Console;
use super::page::{Page, shown};
use super::screen_week::read_again;
use super::{Asked, ConsoleError, href};
use crate::lang::Lang;
use crate::people::AccountCode;
use askama::Template;
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::proof::entry::Statement;
use lichphat_playlists::time::UtcMillis;

/// Lines of a page.
const LINES: u32 = 50;

#[derive(Template)]
#[template(path = "screen-history.html")]
struct HistoryPage {
    page: Page,
    name: String,
    back: String,
    rows: Vec<Row>,
    older: Option<String>,
}

/// One deed.
struct Row {
    at: String,
    by: String,
    what: String,
    detail: String,
    /// Its place in the log.
    entry: String,
}

/// `GET /screens/{code}/history`.
pub(super) async fn show(console: &Console, asked: &Asked, code: &str) -> Result<String, ConsoleError> {
    let unknown = || ConsoleError::Unknown { kind: "screen", code: code.to_owned() };
    let code = ScreenCode::new(code).map_err(|_| unknown())?;
    let city = console.city().await?;
    let screen = city.directory.screen(&code).ok_or_else(unknown)?;
    let before = asked.value("before").and_then(|n| n.parse().ok());
    let said = console.log.about(&code, before, LINES).await?;
    let path = format!("/screens/{code}/history");
    let older = said.last().filter(|_| said.len() == LINES as usize);
    let older = older.map(|(index, _)| href(&path, [("before", index.to_string().as_str())]));
    let rows = said.iter().filter_map(|(index, statement)| row(console, asked.lang, *index, statement));
    let view = HistoryPage {
        page: Page::new(console, asked, asked.lang.text("history-title")),
        name: shown(&screen.name),
        back: format!("/screens/{code}"),
        rows: rows.collect(),
        older,
    };
    Ok(view.render()?)
}

fn row(console: &Console, lang: Lang, index: u64, statement: &Statement) -> Option<Row> {
    let (at, by, what, detail): (UtcMillis, &str, String, String) = match statement {
        Statement::Act { at_ms, account, act, detail, .. } => {
            let (what, detail) = deed(lang, act, detail);
            (*at_ms, account, what, detail)
        }
        Statement::Device { at_ms, approval, device, .. } => {
            (*at_ms, &approval.by, lang.text("act-device"), device.to_string())
        }
        Statement::DeviceEnd { at_ms, by, device, .. } => (*at_ms, by, lang.text("act-device-end"), device.to_string()),
        _ => return None,
    };
    Some(Row {
        at: lang.instant(at, console.offset),
        by: if by == AccountCode::SHELL { lang.text("by-shell") } else { shown(by) },
        what,
        detail: if detail.is_empty() { String::new() } else { shown(&detail) },
        entry: lang.number(index),
    })
}

/// A deed in words: of a command and of what was done to many the log's own word for it comes first, and is translated.
fn deed(lang: Lang, act: &str, detail: &str) -> (String, String) {
    let (word, rest) = detail.split_once(", ").unwrap_or((detail, ""));
    let word_of = match act {
        "command" => format!("ask-{word}"),
        "many" | "many-undo" => format!("many-do-{word}"),
        _ => String::new(),
    };
    let key = format!("act-{act}");
    let what = if lang.knows(&key) { lang.text(&key) } else { shown(act) };
    match lang.knows(&word_of) {
        _ if ["close", "reopen"].contains(&act) => (what, read_again(lang, detail)),
        true => (format!("{what}: {}", lang.text(&word_of)), rest.to_owned()),
        false => (what, detail.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deed_is_said_in_the_readers_words() {
        assert_eq!(
            deed(Lang::En, "command", "screenshot, by Lan"),
            ("Asked the player: Take a screenshot".into(), "by Lan".into())
        );
        assert_eq!(
            deed(Lang::Vi, "close", "2026-11-20 08:00 – 2026-11-20 24:00: Sửa: nguồn"),
            ("Ghi tạm nghỉ, sửa chữa".into(), "08:00–24:00, 20/11/2026: Sửa: nguồn".into())
        );
        assert_eq!(deed(Lang::Vi, "reopen", "otherwise").1, "otherwise");
        assert_eq!(deed(Lang::En, "<x>", "y"), ("<x>".into(), "y".into()), "a newer word is shown as it is");
    }
}
