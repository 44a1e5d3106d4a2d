//! Screens, CSV or TOML (`[[screen]]`). A row states how a screen is and to whom it belongs from a day
//! on; a second row of the same code with another `links_from` states a move.

use super::Context;
use crate::directory::problem::{Problem, Problems, Say, say};
use crate::directory::screen::{Connection, Link, Links, Output, Screen, ScreenKind};
use crate::directory::snapshot::{Batch, Change};
use crate::directory::table::{Bad, Row, SourceFile, Table, needed, optional, read};
use crate::directory::timeline::DaySpan;
use lichphat_playlists::ids::{ScreenCode, UnitCode, VenueType};
use lichphat_playlists::time::LocalDay;
use std::collections::BTreeMap;

/// The table of screens.
pub(crate) static TABLE: Table = Table {
    name: "screen",
    columns: &[
        needed("code", "code for life, `P00004-01`"),
        needed("name", "what people call it, `Bảng LED ngã tư Kim Mã – Nguyễn Thái Học`"),
        optional(
            "address",
            "where an inspector goes, `12-14 Phan Đình Phùng`; its units' names stand in for it when empty",
        ),
        needed("venue_type", "a type of the imported venue profiles, `public_office`"),
        needed("kind", "`managed` (our device), `third-party` (someone else's player) or `none` (nobody plays there)"),
        optional("link", "`direct` (default), `splitter` or `led-processor`"),
        optional("panels", "panels behind the output, 1 when empty"),
        optional("width", "pixels, 1920 when empty; 0 for a loudspeaker"),
        optional("height", "pixels, 1080 when empty; 0 for a loudspeaker"),
        optional("output", "`video` (default) or `none` (a loudspeaker)"),
        needed("owner", "unit it belongs to: code or name"),
        optional(
            "territory",
            "ward or commune it stands in: code or name; `-` = none from that day on; empty = nothing said",
        ),
        optional("sector", "department that answers for the field; `-` and empty as above"),
        optional("operator", "unit that runs it; `-` and empty as above"),
        optional(
            "links_from",
            "day from which the four links hold; when empty, the day it was put up: say a day for a move",
        ),
        optional("from", "first day it stands there; since ever when empty"),
        optional("to", "last day, included; open when empty"),
    ],
};

pub(crate) fn parse(file: SourceFile<'_>, context: Context<'_>) -> Result<Batch, Problems> {
    let mut found = Vec::new();
    let rows = read(file, &TABLE, &mut found)?;
    let mut screens: BTreeMap<ScreenCode, (Screen, u32)> = BTreeMap::new();
    let mut order = Vec::new();
    for row in &rows {
        let Ok((mut screen, stated)) = screen_of(row, context, &mut found) else { continue };
        let earlier = screens.get(&screen.code).map(|(s, line)| (s, Some(*line)));
        let held = context.directory.screen(&screen.code).filter(|_| earlier.is_none());
        found.extend(
            held.and_then(|held| takes_away(held.in_service, screen.in_service, context.today()))
                .map(|(field, mend)| row.problem(field, mend)),
        );
        let known = earlier.or_else(|| context.directory.screen(&screen.code).map(|s| (s, None)));
        if let Some((before, line)) = known {
            screen.links = before.links.clone();
            if let Some(line) = line.filter(|_| Screen { links: before.links.clone(), ..screen.clone() } != *before) {
                let mend = say(
                    format!("khác dòng {line}; các dòng cùng mã chỉ được khác về liên kết và links_from"),
                    format!("differs from line {line}; rows of one code may differ in links and links_from only"),
                );
                found.push(row.problem("code", mend));
            }
        }
        stated.write(row, &mut screen, &mut found);
        if !screens.contains_key(&screen.code) {
            order.push(screen.code.clone());
        }
        let line = screens.get(&screen.code).map_or(row.line(), |(_, line)| *line);
        screens.insert(screen.code.clone(), (screen, line));
    }
    let changes = order.iter().filter_map(|code| screens.remove(code)).map(|(s, _)| Change::Screen(s)).collect();
    Problems::none_or(found, Batch { changes })
}

/// Why the days on which a screen stands may not become those: of the days that have begun they leave some out, and what these owe is owed.
/// Earlier and later ones may be added.
fn takes_away(was: DaySpan, now: DaySpan, today: LocalDay) -> Option<(&'static str, Say)> {
    let begun = was.from.is_none_or(|from| from <= today);
    if begun && now.from > was.from {
        let (vi, en) = match was.from {
            Some(from) => (format!("ghi {from}"), format!("write {from}")),
            None => ("để trống".to_owned(), "leave it empty".to_owned()),
        };
        let mend = say(
            format!("không sửa quá khứ: những ngày màn hình đã ở đó vẫn tính; {vi}, tạm nghỉ thì nhập closures"),
            format!(
                "the past is not rewritten: it has stood there, and what it owes it owes; {en}, and import what is closed as closures"
            ),
        );
        return Some(("from", mend));
    }
    let least = was.to.map_or(today, |to| to.min(today));
    (begun && now.to.is_some_and(|to| to < least)).then(|| {
        let mend = say(
            format!("không sửa quá khứ: ghi {least} hoặc muộn hơn"),
            format!("the past is not rewritten: write {least} or later"),
        );
        ("to", mend)
    })
}

/// What a row says about the links; `Some(None)` = no unit from that day on.
struct Stated {
    explicit: bool,
    from: Option<LocalDay>,
    links: Vec<(Link, Option<UnitCode>)>,
}

impl Stated {
    fn write(self, row: &Row, screen: &mut Screen, found: &mut Vec<Problem>) {
        for (link, unit) in self.links {
            let history = screen.links.history_mut(link);
            let held = match self.from {
                Some(day) => history.at(day),
                None => history.iter().next().map(|(_, unit)| unit),
            };
            if !self.explicit && held.is_some_and(|held| *held != unit) {
                let held = held.and_then(Option::as_ref).map_or("-", UnitCode::as_str);
                let mend = say(
                    format!(
                        "đang thuộc {held}; nếu chuyển, ghi ngày ở links_from; nếu sửa sai, ghi ngày lắp đặt ở links_from"
                    ),
                    format!(
                        "belongs to {held}; for a move write its day in links_from, for a mistake the first day there"
                    ),
                );
                found.push(row.problem(link.as_str(), mend));
                continue;
            }
            history.set(self.from, unit);
        }
    }
}

fn screen_of(row: &Row, context: Context<'_>, found: &mut Vec<Problem>) -> Result<(Screen, Stated), Bad> {
    let code = row.required::<ScreenCode>("code", found);
    let name = row.required::<String>("name", found);
    let address = row.or("address", String::new(), found);
    let venue_type = row.required::<VenueType>("venue_type", found);
    let kind = row.required::<ScreenKind>("kind", found);
    let connection = row.or("link", Connection::Direct, found);
    let panels = row.or::<u16>("panels", 1, found);
    let output = row.or("output", Output::Video, found);
    let dark = output == Ok(Output::None);
    let width = row.or::<u16>("width", if dark { 0 } else { 1920 }, found);
    let height = row.or::<u16>("height", if dark { 0 } else { 1080 }, found);
    let links_from = row.optional::<LocalDay>("links_from", found);
    let (from, to) = (row.optional("from", found), row.optional("to", found));
    let in_service = DaySpan::new(from.ok().flatten(), to.ok().flatten());
    if !in_service.in_order() {
        found.push(row.problem("to", say("ngày cuối trước ngày đầu", "the last day comes before the first")));
    }
    let stated_from = links_from.ok().flatten().or(in_service.from);
    let mut links = Vec::new();
    let mut bad = Ok(());
    for link in Link::ALL {
        match row.text(link.as_str()) {
            None if *link == Link::Owner => {
                found.push(row.problem("owner", say("không được để trống", "must not be empty")));
                bad = Err(Bad);
            }
            None => {}
            Some("-") => links.push((*link, None)),
            Some(text) => match context.unit(row, link.as_str(), text, stated_from.unwrap_or(context.today()), found) {
                Ok(unit) => links.push((*link, Some(unit))),
                Err(error) => bad = Err(error),
            },
        }
    }
    if venue_type.as_ref().is_ok_and(|venue| !context.directory.has_venue(venue)) {
        let mend = say(
            "chưa có hồ sơ cho loại địa điểm này; nhập venues trước",
            "no profile of this venue type; import the venues first",
        );
        found.push(row.problem("venue_type", mend));
    }
    from.and(to)?;
    let links_from = links_from?;
    let (code, name, address, venue_type, kind) = (code?, name?, address?, venue_type?, kind?);
    let (connection, panels, output, width_px, height_px) = (connection?, panels?, output?, width?, height?);
    bad?;
    if panels == 0 {
        found.push(row.problem("panels", say("ít nhất là 1", "must be at least 1")));
    }
    if dark != (width_px == 0 || height_px == 0) {
        let mend = say(
            "loa (output = none) có kích thước 0; màn hình có kích thước lớn hơn 0",
            "a loudspeaker (output = none) has size 0, a screen has more",
        );
        found.push(row.problem("output", mend));
    }
    let screen = Screen {
        code,
        name,
        address,
        venue_type,
        kind,
        connection,
        panels,
        width_px,
        height_px,
        output,
        links: Links::default(),
        in_service,
    };
    Ok((screen, Stated { explicit: links_from.is_some(), from: stated_from, links }))
}
