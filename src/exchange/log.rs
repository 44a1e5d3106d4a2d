//! Another vendor's log, read: the plays it declares, or everything that is wrong with it.

use super::mapping::Mapping;
use super::out::Form;
use super::rows::{Cells, LONGEST_MS, Layout, Wrong};
use crate::campaigns::Campaigns;
use crate::directory::problem::{Problem, Problems, Say, say, short};
use crate::directory::table::{Lines, SourceFile, delimiter, line_of};
use crate::directory::{Directory, Screen, ScreenKind};
use csv::StringRecord;
use lichphat_playlists::ids::{CampaignCode, ScreenCode};
use lichphat_playlists::proof::count::FUTURE_TOLERANCE_MS;
use lichphat_playlists::time::{UtcMillis, UtcOffset};
use std::collections::BTreeMap;
use unicode_normalization::UnicodeNormalization;

/// What a reader may know besides the file.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Screens.
    pub directory: &'a Directory,
    /// Orders and contracts.
    pub campaigns: &'a Campaigns,
    /// The present: nobody has played what is still to come.
    pub now: UtcMillis,
    /// Offset of local time.
    pub offset: UtcOffset,
}

/// One declared play: what makes it itself is (screen, campaign, start).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPlay {
    /// The screen.
    pub screen: ScreenCode,
    /// What was played.
    pub campaign: CampaignCode,
    /// Beginning.
    pub start: UtcMillis,
    /// End.
    pub end: UtcMillis,
    /// The medium as the log calls it.
    pub media: String,
    /// Its line in the file.
    pub line: u32,
}

/// What a log holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Log {
    /// The plays in order of screen, start and campaign; none twice.
    pub plays: Vec<LogPlay>,
    /// Rows that are no plays of ours, left out as the mapping says.
    pub skipped: u32,
    /// Rows that say what another row says.
    pub repeated: u32,
}

/// A file that is wrong in every line says so this often.
const ENOUGH: usize = 20;
/// 2000-01-01: no log of a screen is older.
const EARLIEST: UtcMillis = UtcMillis(946_684_800_000);

/// Reads a file of the form; Parquet is not read.
pub fn read(form: Form, file: SourceFile<'_>, mapping: &Mapping, known: Known<'_>) -> Result<Log, Problems> {
    let text = file.text()?;
    let lines = Lines::new(text);
    let by = if form == Form::Csv { delimiter(text) } else { b',' };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(by)
        .flexible(true)
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let at = |line: u32, column: usize, field: &str, value: &str, mend| Problem {
        file: file.name.to_owned(),
        line: line.max(1),
        column: column as u32 + 1,
        field: field.to_owned(),
        value: short(value),
        mend,
    };
    let mut record = StringRecord::new();
    let broken = |error: &csv::Error| {
        let line = error.position().map_or(1, |p| p.line() as u32);
        at(line, 0, "-", "", say(format!("không đọc được CSV: {error}"), format!("not readable as CSV: {error}")))
    };
    let layout = match Layout::new(form, mapping, (&mut reader, by), &mut record).map_err(|e| broken(&e))? {
        Ok(layout) => layout,
        Err((name, mend)) => return Err(at(line_of(&lines, &record), 0, "header", &name, mend).into()),
    };
    let zone = mapping.offset(known.offset);
    let (mut found, mut told) = (Vec::new(), BTreeMap::<(usize, String, Say), (usize, u32)>::new());
    let (mut plays, mut skipped, mut repeated) = (BTreeMap::new(), 0, 0);
    while found.len() < ENOUGH {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => return Err(broken(&error).into()),
        }
        if record.iter().all(str::is_empty) {
            continue;
        }
        let line = line_of(&lines, &record);
        let play = layout.cells(&record, mapping, zone).and_then(|cells| match cells {
            Some(cells) => play(&cells, mapping, known, line),
            None => Ok(None),
        });
        match play.and_then(|play| play.map_or(Ok(None), |play| twice(&mut plays, play, layout.end()))) {
            Ok(Some(true)) => repeated += 1,
            Ok(Some(false)) => {}
            Ok(None) => skipped += 1,
            Err((column, mend)) => {
                let value = record.get(column).unwrap_or_default();
                let (first, rows) = told.entry((column, value.to_owned(), mend.clone())).or_insert((found.len(), 0));
                *rows += 1;
                if *first == found.len() {
                    found.push(at(line, column, &layout.name(column), value, mend));
                }
            }
        }
    }
    // one name that is not known is one mistake, however many rows have it
    for (first, rows) in told.into_values().filter(|(_, rows)| *rows > 1) {
        let mend = &mut found[first].mend;
        *mend = say(format!("{}; {rows} dòng như vậy", mend.vi), format!("{}; {rows} rows are like this", mend.en));
    }
    Problems::none_or(found, Log { plays: plays.into_values().collect(), skipped, repeated })
}

type Plays = BTreeMap<(ScreenCode, UtcMillis, CampaignCode), LogPlay>;

/// Puts a play in; true when it was there already. Two rows of one play must say the same.
fn twice(plays: &mut Plays, play: LogPlay, end: usize) -> Result<Option<bool>, Wrong> {
    let key = (play.screen.clone(), play.start, play.campaign.clone());
    match plays.get(&key) {
        Some(earlier) if earlier.end != play.end => {
            let line = earlier.line;
            let vi = format!("dòng {line} ghi cùng lượt này với độ dài khác; bỏ dòng sai");
            Err((end, say(vi, format!("line {line} says the same play with another length; take the wrong one out"))))
        }
        Some(_) => Ok(Some(true)),
        None => {
            plays.insert(key, play);
            Ok(Some(false))
        }
    }
}

/// Names to codes; none when the mapping lets unknown names be left out.
fn play(cells: &Cells<'_>, mapping: &Mapping, known: Known<'_>, line: u32) -> Result<Option<LogPlay>, Wrong> {
    let (column, name) = cells.screen;
    let Some(screen) = screen(name, mapping, known) else {
        if mapping.skip_unknown {
            return Ok(None);
        }
        let vi = "không phải mã màn hình, cũng không có trong [screens] của tệp ánh xạ; thêm vào, hoặc đặt skip_unknown = true";
        let en = "is no screen's code, nor in the mapping's [screens]; add it there, or set skip_unknown = true";
        return Err((column, say(vi, en)));
    };
    let Some((media, campaign)) = cells.media.iter().find_map(|(_, m)| Some((*m, campaign(m, mapping, known)?))) else {
        if mapping.skip_unknown {
            return Ok(None);
        }
        let vi = "không phải mã đợt truyền thông hay hợp đồng, cũng không có trong [media] của tệp ánh xạ; thêm vào, hoặc đặt skip_unknown = true";
        let en =
            "is no order's or contract's code, nor in the mapping's [media]; add it there, or set skip_unknown = true";
        return Err((cells.media.first().map_or(0, |(column, _)| *column), say(vi, en)));
    };
    if screen.kind == ScreenKind::None {
        let vi = "không ai phát trên màn hình này theo danh mục; sửa kind thành third-party nếu có đơn vị khác phát";
        return Err((
            column,
            say(vi, "nobody plays on this screen, says the directory; make its kind third-party if somebody does"),
        ));
    }
    let ((from, start), (to, end)) = (cells.start, cells.end);
    if start < EARLIEST {
        let vi = "trước năm 2000: xem lại mẫu thời gian (%Y là năm bốn chữ số, %y hai chữ số)";
        return Err((
            from,
            say(vi, "is before 2000: check the form of times (%Y is a year of four digits, %y of two)"),
        ));
    }
    if end < start {
        return Err((to, say("kết thúc trước khi bắt đầu", "ends before it begins")));
    }
    if end.since_ms(start) > LONGEST_MS {
        let vi = "lượt phát dài hơn một ngày: xem lại mẫu thời gian và độ dài";
        return Err((to, say(vi, "lasts longer than a day: check the form of times and the length")));
    }
    if end.since_ms(known.now) > FUTURE_TOLERANCE_MS {
        let vi = "ở tương lai: xem lại múi giờ (zone) của tệp ánh xạ";
        return Err((from, say(vi, "lies in the future: check the mapping's zone")));
    }
    if !screen.in_service.contains(start.day(known.offset)) {
        return Err((from, say("hôm ấy màn hình chưa có hoặc đã gỡ", "the screen did not stand there on that day")));
    }
    let (screen, media) = (screen.code.clone(), short(media));
    Ok(Some(LogPlay { screen, campaign, start, end, media, line }))
}

/// As the mapping has its names.
fn composed(name: &str) -> String {
    name.nfc().collect()
}

fn screen<'a>(name: &str, mapping: &Mapping, known: Known<'a>) -> Option<&'a Screen> {
    let mapped = mapping.screens.get(&composed(name)).cloned().or_else(|| ScreenCode::new(name).ok());
    known.directory.screen(&mapped?)
}

fn campaign(name: &str, mapping: &Mapping, known: Known<'_>) -> Option<CampaignCode> {
    let mapped = mapping.media.get(&composed(name)).cloned().or_else(|| CampaignCode::new(name).ok())?;
    let kind = known.campaigns.kind_of(mapped.as_str());
    kind.is_some_and(|kind| ["directive", "contract"].contains(&kind)).then_some(mapped)
}
