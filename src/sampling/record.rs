//! What inspectors wrote into the list of a draw: read, held against the draw, and put into the log.

use super::{Sampling, SamplingError};
use crate::directory::problem::{Problem, Problems, Say, say};
use crate::directory::table::{Bad, Field, Row, SourceFile, Table, needed, optional, read};
use crate::directory::{LocalTime, plain_key};
use lichphat_playlists::ids::{ScreenCode, Sha256Hash};
use lichphat_playlists::proof::sample::{Draw, Finding, Item, Kind, Seen, SeenCode, in_time};
use lichphat_playlists::time::UtcMillis;
use std::collections::BTreeMap;

/// The list of a draw: the first columns say where to go, the last are for what was found.
pub static TABLE: Table = Table {
    name: "play",
    columns: &[
        needed("draw", "the draw: the first digits of its hash"),
        needed("n", "the play's turn in the drawing"),
        optional("screen", "the screen"),
        optional("name", "its name"),
        optional("place", "where it stands"),
        optional("day", "the day"),
        optional("time", "when the play starts, local time"),
        optional("length_s", "how long it is"),
        optional("variant", "which version of the product"),
        optional("media_name", "the file that has to be seen"),
        optional("media_file", "where it lies below the data directory"),
        optional("media", "its SHA-256"),
        optional("record", "of a counted play: device, epoch and number of its record"),
        optional("result", "`as-expected`, `other-picture`, `dark` or `could-not-look`; empty = nobody was there yet"),
        optional("by", "who looked"),
        optional("at", "when he looked, `2026-11-30 08:15`"),
        optional("note", "what he has to say"),
        optional("photo", "SHA-256 of the photograph"),
        optional("code", "the challenge's code that stood on the screen, `K7QM-4XHD`"),
    ],
};

/// Past commands of a screen among which a code is looked for.
const CHALLENGES: u32 = 500;
/// Most characters of a name and of a note.
const CHARS: usize = 500;

/// What became of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// Findings that were not there before.
    pub new: u32,
    /// Findings that were.
    pub unchanged: u32,
    /// Lines without a result.
    pub open: u32,
    /// The draws they belong to.
    pub draws: Vec<Draw>,
}

impl Field for Seen {
    fn read(text: &str) -> Result<Self, Say> {
        let key = plain_key(&text.replace(['-', '_'], " "));
        let seen = match key.as_str() {
            "as expected" | "dung" => Self::AsExpected,
            "other picture" | "khac" => Self::OtherPicture,
            "dark" | "toi" | "tat" => Self::Dark,
            "could not look" | "khong xem duoc" => Self::CouldNotLook,
            _ => {
                let words = Self::ALL.map(Self::word).join(", ");
                return Err(say("viết: đúng, khác, tối hoặc không xem được", format!("write one of {words}")));
            }
        };
        Ok(seen)
    }
}
impl Field for Sha256Hash {
    fn read(text: &str) -> Result<Self, Say> {
        text.parse().map_err(|_| {
            say(
                "viết SHA-256 của ảnh: 64 chữ số thập lục phân",
                "write the photograph's SHA-256: 64 hexadecimal digits",
            )
        })
    }
}
impl Field for LocalTime {
    fn read(text: &str) -> Result<Self, Say> {
        let clock = text.contains([' ', 'T']);
        Self::parse(text, 0)
            .ok()
            .filter(|_| clock)
            .ok_or_else(|| say("viết ngày giờ theo dạng 2026-11-30 08:15", "write day and time as 2026-11-30 08:15"))
    }
}

/// A line that was read, before its code is looked for.
struct Line<'r> {
    row: &'r Row,
    finding: Finding,
    code: Option<String>,
}

impl Sampling {
    /// Takes a filled list, whole or not at all; lines without a result are left open.
    pub async fn report(&self, file: SourceFile<'_>) -> Result<Reported, SamplingError> {
        let mut found = Vec::new();
        let rows = read(file, &TABLE, &mut found).map_err(SamplingError::File)?;
        let draws: BTreeMap<Sha256Hash, Draw> =
            self.store.draws().await?.into_iter().map(|draw| (draw.hash(), draw)).collect();
        let (mut lines, mut open) = (Vec::new(), 0);
        for row in &rows {
            match self.line(row, &draws, &mut found) {
                Ok(Some(line)) => lines.push(line),
                Ok(None) => open += 1,
                Err(Bad) => {}
            }
        }
        let mut findings: BTreeMap<(Sha256Hash, u32), Finding> = BTreeMap::new();
        for line in lines {
            let row = line.row;
            let finding = self.with_code(line, &mut found).await?;
            let key = (finding.draw, finding.n);
            if findings.get(&key).is_some_and(|other| *other != finding) {
                found.push(row.problem(
                    "n",
                    say("số này đã có ở dòng khác, khác nội dung", "another line says otherwise of this number"),
                ));
            }
            findings.insert(key, finding);
        }
        Problems::none_or(found, ()).map_err(SamplingError::File)?;
        let all = findings.len() as u32;
        let named: Vec<Draw> =
            draws.into_iter().filter(|(hash, _)| findings.keys().any(|(d, _)| d == hash)).map(|(_, d)| d).collect();
        let new = self.store.record(findings.into_values().collect()).await?;
        Ok(Reported { new, unchanged: all - new, open, draws: named })
    }

    /// None when nobody has been there yet.
    fn line<'r>(
        &self,
        row: &'r Row,
        draws: &BTreeMap<Sha256Hash, Draw>,
        found: &mut Vec<Problem>,
    ) -> Result<Option<Line<'r>>, Bad> {
        let Some(seen) = row.optional::<Seen>("result", found)? else { return Ok(None) };
        let (hash, draw, item) = drawn(row, draws, found)?;
        let (by, note) = (row.required::<String>("by", found), row.or("note", String::new(), found));
        let at = row.required::<LocalTime>("at", found);
        let photo = row.optional::<Sha256Hash>("photo", found);
        let code = row.text("code").map(|code| code.to_uppercase());
        let (by, note, at, photo) = (by?, note?, at?, photo?);
        let at_ms = at.day.at(at.second, self.offset);
        for (field, text) in [("by", &by), ("note", &note)] {
            if text.chars().count() > CHARS || text.chars().any(char::is_control) {
                found.push(row.problem(
                    field,
                    say(format!("một dòng, tối đa {CHARS} ký tự"), format!("one line of at most {CHARS} characters")),
                ));
            }
        }
        check_time(row, draw, item, (seen, at_ms, self.clock.now()), found);
        let finding = Finding {
            draw: hash,
            n: item.n,
            campaign: draw.campaign.clone(),
            screen: item.screen.clone(),
            start_ms: item.start_ms,
            media: item.media,
            seen,
            by,
            at_ms,
            note,
            photo,
            code: None,
        };
        Ok(Some(Line { row, finding, code }))
    }

    /// Looks for the device's signed word that it showed the code.
    async fn with_code(&self, line: Line<'_>, found: &mut Vec<Problem>) -> Result<Finding, SamplingError> {
        let Line { row, mut finding, code } = line;
        let Some(code) = code else { return Ok(finding) };
        let asked = self.store.asked(&finding.screen, CHALLENGES).await?;
        finding.code = asked.iter().find_map(|asked| {
            let (_, answer) = asked.answer.as_ref()?;
            SeenCode::of((asked.id, asked.device, &asked.screen), answer, &code, finding.at_ms)
        });
        if finding.code.is_none() {
            let mend = say(
                "màn hình này không hiện mã đó quanh lúc ấy; xem `lichphat device answers`, hoặc để trống",
                "the screen did not show this code around that time; see `lichphat device answers`, or leave it empty",
            );
            found.push(row.problem("code", mend));
        }
        Ok(finding)
    }
}

/// The draw and the play that a line means.
fn drawn<'d>(
    row: &Row,
    draws: &'d BTreeMap<Sha256Hash, Draw>,
    found: &mut Vec<Problem>,
) -> Result<(Sha256Hash, &'d Draw, &'d Item), Bad> {
    let (named, n) = (row.required::<String>("draw", found)?, row.required::<u32>("n", found)?);
    let mut meant = draws.iter().filter(|(hash, _)| named.len() >= 8 && hash.hex().starts_with(&named));
    let (Some((hash, draw)), None) = (meant.next(), meant.next()) else {
        found.push(row.problem(
            "draw",
            say(
                "không có lần rút mẫu này; xem `lichphat audit result`",
                "there is no such draw; see `lichphat audit result`",
            ),
        ));
        return Err(Bad);
    };
    let Some(item) = draw.item(n) else {
        let most = draw.items.len();
        found.push(row.problem(
            "n",
            say(format!("lần rút này có số 1 đến {most}"), format!("this draw has numbers 1 to {most}")),
        ));
        return Err(Bad);
    };
    // a line that slipped: what it says of its place has to be what was drawn
    if row.optional::<ScreenCode>("screen", found)?.is_some_and(|screen| screen != item.screen) {
        let screen = &item.screen;
        found.push(row.problem("screen", say(format!("số {n} là của {screen}"), format!("number {n} is {screen}'s"))));
        return Err(Bad);
    }
    Ok((*hash, draw, item))
}

fn check_time(
    row: &Row,
    draw: &Draw,
    item: &Item,
    (seen, at, now): (Seen, UtcMillis, UtcMillis),
    found: &mut Vec<Problem>,
) {
    let start = item.start_ms.rfc3339(draw.offset_min);
    if at > now.plus_ms(60_000) {
        found.push(row.problem("at", say("chưa đến lúc đó", "that is yet to come")));
    } else if seen != Seen::CouldNotLook && !in_time(draw, item.start_ms, item.length_s, at) {
        let mend = match draw.kind {
            Kind::Planned => say(
                format!(
                    "lượt phát lúc {start}; phải xem trong khoảng 5 phút quanh lúc đó, nếu không thì ghi: không xem được"
                ),
                format!("the play is at {start}: look within five minutes of it, or write could-not-look"),
            ),
            Kind::Counted => say(
                format!("lượt phát lúc {start}: không thể xem trước lúc đó"),
                format!("the play was at {start}: nobody can have looked before"),
            ),
        };
        found.push(row.problem("at", mend));
    }
}
