//! Contracts as a table, one row a place or a version of the clip: how booking programs give them out.

use super::contract::{Contract, last};
use super::import::{Context, beside};
use super::local::LocalProgramme;
use super::product::{Form, Product, Variant};
use super::snapshot::{CampaignBatch, CampaignChange};
use super::target::Place;
use crate::directory::problem::{Problem, Problems, Say, say};
use crate::directory::table::{Bad, Field, Row, SourceFile, Table, needed, optional, read};
use crate::directory::{Hours, Link, Output, Shape};
use lichphat_playlists::ids::{CampaignCode, MediaHash, UnitCode, VenueType};
use lichphat_playlists::media::Fades;
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::time::{IntervalSet, LocalDay};
use std::collections::BTreeMap;

/// The table of contracts.
pub(super) static TABLE: Table = Table {
    name: "contract",
    columns: &[
        needed("code", "our code of the contract; rows of one code are its places and versions"),
        optional("title", "what it is called; needed in the first row of a code, as all down to `priority`"),
        optional("advertiser", "who pays"),
        optional("from", "first day, `2026-11-01`"),
        optional("to", "last day, included"),
        optional("plays_per_day", "plays a day on each screen; either this or `plays_per_hour`"),
        optional(
            "plays_per_hour",
            "plays in each hour of `windows` on each screen; what a day's hours come to is rounded down",
        ),
        optional("windows", "hours in which they lie, `06:30-09:00;16:30-19:30`; all duty when empty"),
        optional("length_s", "booked length, whole seconds"),
        optional(
            "min_gap_s",
            "least seconds between starts; when empty `length_s`, or the category's gap when that is longer",
        ),
        optional("category", "contracts of one category keep apart (`[category_gap_s]`, see campaigns)"),
        optional(
            "exclusive",
            "`yes`: no other contract of the category on these screens, in these days and hours; `no` (default)",
        ),
        optional("tags", "words to find it by, `brand;spring`"),
        optional("sample", "`yes`: made up to show something; `no` (default)"),
        optional("priority", "2 or 3 (default): orders come first"),
        optional("unit", "code or name of a unit whose screens play it, those below it included"),
        optional("link", "which screens are the unit's: `owner` (default), `territory`, `sector` or `operator`"),
        optional("venue_types", "only these kinds of place, `bus;bus_station`"),
        optional("video", "`video` (default), or `none` for loudspeakers"),
        optional("file", "a clip beside this file; either this or `media`"),
        optional("media", "SHA-256 of a clip in the library"),
        optional("lang", "language of the clip, `vi` (default) or `en`"),
        optional("shape", "`any` (default), `landscape` or `portrait`"),
        optional("form", "`silent` (default), `sound`, `subtitled` or `audio`"),
    ],
};

/// Columns that only the first row of a code has to fill; in a later one they say the same or nothing.
const HEAD: [&str; 14] = [
    "title",
    "advertiser",
    "from",
    "to",
    "plays_per_day",
    "plays_per_hour",
    "windows",
    "length_s",
    "min_gap_s",
    "category",
    "exclusive",
    "tags",
    "sample",
    "priority",
];

struct Yes(bool);
impl Field for Yes {
    fn read(text: &str) -> Result<Self, Say> {
        match text.to_lowercase().as_str() {
            "yes" | "true" | "1" | "có" | "x" => Ok(Self(true)),
            "no" | "false" | "0" | "không" => Ok(Self(false)),
            _ => Err(say("viết yes (có) hoặc no (không)", "write yes or no")),
        }
    }
}

struct Words<T>(Vec<T>);
impl<T: Field> Field for Words<T> {
    fn read(text: &str) -> Result<Self, Say> {
        text.split(';').map(str::trim).filter(|word| !word.is_empty()).map(T::read).collect::<Result<_, _>>().map(Self)
    }
}

struct Hash(MediaHash);
impl Field for Hash {
    fn read(text: &str) -> Result<Self, Say> {
        let wrong = || say("SHA-256 là 64 ký tự 0-9 a-f", "a SHA-256 has 64 of 0-9 a-f");
        text.parse().map(Self).map_err(|_| wrong())
    }
}

/// A contract with the rows that said what: of its head, of each place, of each version.
struct Booked<'a> {
    contract: Contract,
    head: &'a Row,
    places: Vec<&'a Row>,
    variants: Vec<&'a Row>,
}

/// Reads a table of contracts. Clips are still named, not taken in, as in a programme.
pub fn contracts(file: SourceFile<'_>, context: Context<'_>) -> Result<CampaignBatch, Problems> {
    let mut found = Vec::new();
    let rows = read(file, &TABLE, &mut found)?;
    let mut order: Vec<CampaignCode> = Vec::new();
    let mut by_code: BTreeMap<CampaignCode, Option<Booked<'_>>> = BTreeMap::new();
    let gaps = context.campaigns.category_gap_s();
    for row in &rows {
        let Ok(code) = row.required::<CampaignCode>("code", &mut found) else { continue };
        let booked = by_code.entry(code.clone()).or_insert_with(|| {
            order.push(code.clone());
            let contract = head(row, code, &gaps, &mut found).ok()?;
            Some(Booked { contract, head: row, places: Vec::new(), variants: Vec::new() })
        });
        let Some(booked) = booked else { continue };
        found.extend(HEAD.iter().filter_map(|field| differs(row, booked.head, field)));
        if let Ok(Some(place)) = place(row, context, booked.contract.from, &mut found)
            && !booked.contract.place.contains(&place)
        {
            booked.contract.place.push(place);
            booked.places.push(row);
        }
        if let Ok(Some(variant)) = variant(row, &mut found)
            && !booked.contract.product.variant.contains(&variant)
        {
            booked.contract.product.variant.push(variant);
            booked.variants.push(row);
        }
    }
    let booked: Vec<Booked<'_>> = order.iter().filter_map(|code| by_code.remove(code)?).collect();
    let contract: Vec<Contract> = booked.iter().map(|b| b.contract.clone()).collect();
    let programme = LocalProgramme { contract, ..LocalProgramme::default() };
    // rows that could not be read would be told of twice
    if found.is_empty() {
        let flaws = [programme.flaws(), programme.unknown_names(context.directory), beside(&programme, context)];
        found.extend(flaws.concat().into_iter().filter_map(|(path, _, mend)| at(&booked, &path, mend)));
    }
    let changes = programme.contract.into_iter().map(CampaignChange::Contract).collect();
    Problems::none_or(found, CampaignBatch { changes })
}

/// What stands in the first row of a code.
fn head(
    row: &Row,
    code: CampaignCode,
    gaps: &BTreeMap<String, u32>,
    found: &mut Vec<Problem>,
) -> Result<Contract, Bad> {
    let title = row.required::<String>("title", found);
    let advertiser = row.required("advertiser", found);
    let (from, to) = (row.required::<LocalDay>("from", found), row.required("to", found));
    let (per_day, per_hour) = (row.or("plays_per_day", 0, found), row.or("plays_per_hour", 0, found));
    let windows = row.or("windows", IntervalSet::empty(), found);
    let length_s = row.required::<u32>("length_s", found);
    let category = row.text("category").map(str::to_owned);
    let gap = row.optional::<u32>("min_gap_s", found);
    let exclusive = row.or("exclusive", Yes(false), found);
    let tags = row.or("tags", Words::<String>(Vec::new()), found);
    let sample = row.or("sample", Yes(false), found);
    let priority = row.or("priority", last(), found);
    let (title, length_s) = (title?, length_s?);
    let apart = category.as_ref().and_then(|c| gaps.get(c)).copied().unwrap_or(0);
    Ok(Contract {
        code,
        advertiser: advertiser?,
        sample: sample?.0,
        from: from?,
        to: to?,
        plays_per_day: per_day?,
        plays_per_hour: per_hour?,
        windows: Hours(windows?),
        min_gap_s: gap?.unwrap_or_else(|| length_s.max(apart)),
        priority: priority?,
        category,
        exclusive: exclusive?.0,
        tags: tags?.0,
        place: Vec::new(),
        product: Product {
            title: title.clone(),
            length_s,
            min_display: DisplayLevel::D1,
            volume_percent: 100,
            fades: Fades::default(),
            variant: Vec::new(),
        },
        title,
    })
}

/// A later row that says something else of the contract than its first.
fn differs(row: &Row, head: &Row, field: &'static str) -> Option<Problem> {
    let said = row.text(field).filter(|text| head.text(field) != Some(*text))?;
    let line = head.line();
    let mend = say(
        format!("khác dòng {line} của cùng hợp đồng ({said}); ghi giống hoặc để trống"),
        format!("is another than in line {line} of the same contract ({said}); write the same, or nothing"),
    );
    Some(row.problem(field, mend))
}

/// What a row says of a place or a clip that it does not name.
fn dangling(row: &Row, fields: [&'static str; 3], mend: &Say) -> Vec<Problem> {
    let said = fields.into_iter().filter(|field| row.text(field).is_some());
    said.map(|field| row.problem(field, mend.clone())).collect()
}

/// The place that a row names; none: it names none.
fn place(row: &Row, context: Context<'_>, day: LocalDay, found: &mut Vec<Problem>) -> Result<Option<Place>, Bad> {
    let link = row.or("link", Link::Owner, found);
    let venue_types = row.or("venue_types", Words::<VenueType>(Vec::new()), found);
    let video = row.or("video", Output::Video, found);
    let Some(text) = row.text("unit") else {
        let mend = say(
            "ghi đơn vị ở cột unit của dòng này, hoặc để trống",
            "name the unit in this row's column unit, or leave it empty",
        );
        found.extend(dangling(row, ["link", "venue_types", "video"], &mend));
        return Ok(None);
    };
    let unit: Result<UnitCode, Bad> = match context.directory.find_unit(text, day) {
        Ok(unit) => Ok(unit.code.clone()),
        Err(error) => {
            found.push(row.problem("unit", error.say()));
            Err(Bad)
        }
    };
    Ok(Some(Place { link: link?, unit: unit?, venue_types: venue_types?.0, video: video? }))
}

/// The version of the clip that a row names; none: it names none.
fn variant(row: &Row, found: &mut Vec<Problem>) -> Result<Option<Variant>, Bad> {
    let media = row.optional::<Hash>("media", found);
    let lang = row.or("lang", "vi".to_owned(), found);
    let (shape, form) = (row.or("shape", Shape::Any, found), row.or("form", Form::Silent, found));
    let file = row.text("file").map(str::to_owned);
    let media = media?.map(|hash| hash.0);
    if file.is_none() && media.is_none() {
        let mend = say(
            "ghi clip ở cột file hoặc media của dòng này, hoặc để trống",
            "name the clip in this row's column file or media, or leave it empty",
        );
        found.extend(dangling(row, ["lang", "shape", "form"], &mend));
        return Ok(None);
    }
    Ok(Some(Variant { lang: lang?, shape: shape?, form: form?, venue_types: Vec::new(), media, file }))
}

/// What is wrong with a contract, at the cell that says it.
fn at(booked: &[Booked<'_>], path: &str, mend: Say) -> Option<Problem> {
    let (index, key) = path.strip_prefix("contract[")?.split_once("].").or_else(|| {
        let index = path.strip_prefix("contract[")?.strip_suffix(']')?;
        Some((index, "code"))
    })?;
    let booked = booked.get(index.parse::<usize>().ok()?)?;
    let nth = |key: &str, list: &str| -> Option<(usize, String)> {
        let (n, field) = key.strip_prefix(list)?.strip_prefix('[')?.split_once("].")?;
        Some((n.parse().ok()?, field.to_owned()))
    };
    let key = key.strip_prefix("product.").unwrap_or(key);
    let (row, field) = if let Some((n, field)) = nth(key, "place") {
        (*booked.places.get(n)?, field)
    } else if let Some((n, field)) = nth(key, "variant") {
        (*booked.variants.get(n)?, field)
    } else {
        let field = match key {
            "place" => "unit",
            "variant" => "file",
            other => other,
        };
        (booked.head, field.to_owned())
    };
    Some(row.problem(&field, mend))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaigns::Campaigns;
    use crate::directory::{Directory, import};
    use crate::lang::Lang;
    use lichphat_playlists::time::UtcMillis;

    fn town() -> Directory {
        let mut directory = Directory::default();
        for (kind, name, text) in [
            (
                import::Kind::Units,
                "u.csv",
                "code,name,kind,parent\nHN,Thành phố Hà Nội,city,\nBUS,Tổng công ty Vận tải,organisation,HN\n",
            ),
            (
                import::Kind::Venues,
                "v.toml",
                "[[venue]]\ntype = 'bus'\nname = 'Xe'\nname_en = 'Bus'\ncalendar = 'none'\nconfidence = 'assumption'\nsource = 'test'\n\
                 [[venue.hours]]\ndays = 'mon-sun'\nopen = '06:00-22:00'\nopen_assumption = true\n",
            ),
            (
                import::Kind::Screens,
                "s.csv",
                "code,name,venue_type,kind,width,height,output,owner,territory\nB1,Xe 1,bus,managed,1920,1080,video,BUS,-\n",
            ),
        ] {
            let context = import::Context { directory: &directory, now: UtcMillis(0) };
            let batch = import::parse(kind, SourceFile { name, bytes: text.as_bytes() }, context);
            directory.apply(batch.unwrap_or_else(|p| panic!("{}", p.text(Lang::En))));
        }
        directory
    }

    const HEADER: &str = "code,title,advertiser,from,to,plays_per_day,plays_per_hour,windows,length_s,min_gap_s,category,exclusive,tags,unit,venue_types,file\n";

    fn read_with(campaigns: &Campaigns, rows: &str) -> Result<CampaignBatch, String> {
        read_in(&town(), campaigns, UtcMillis(0), rows)
    }

    fn read_in(
        directory: &Directory,
        campaigns: &Campaigns,
        now: UtcMillis,
        rows: &str,
    ) -> Result<CampaignBatch, String> {
        let (header, text) = match rows.starts_with("code,") {
            true => ("", rows),
            false => (HEADER, rows),
        };
        let text = format!("{header}{text}");
        let context = Context { directory, campaigns, now };
        contracts(SourceFile { name: "c.csv", bytes: text.as_bytes() }, context).map_err(|p| p.text(Lang::En))
    }

    #[test]
    fn rows_of_one_code_are_one_contract_with_its_places_and_versions() {
        let batch = read_with(
            &Campaigns::default(),
            "tra,Trà sen,Công ty A,2026-11-01,2026-11-30,,6,06:00-09:00;16:30-19:30,15,300,,,sen;tết,BUS,bus,a.png\n\
             tra,,,,,,,,,,,,,Tổng công ty Vận tải,,\n\
             ca-phe,Cà phê,Công ty B,2026-11-01,2026-11-30,40,,,15,,,,,BUS,,c.png\n",
        );
        let batch = batch.unwrap();
        let contracts: Vec<&Contract> = batch
            .changes
            .iter()
            .map(|c| match c {
                CampaignChange::Contract(c) => c,
                other => panic!("{other:?}"),
            })
            .collect();
        let [tea, coffee] = contracts[..] else { panic!("{contracts:?}") };
        assert_eq!((tea.plays_per_hour, tea.plays_per_day, tea.min_gap_s), (6, 0, 300));
        assert_eq!(tea.tags, ["sen", "tết"]);
        assert_eq!((tea.place.len(), tea.product.variant.len()), (2, 1), "a place more, for all kinds");
        // six hours of windows at six an hour, and half of them
        assert_eq!(tea.plays_in(&tea.windows.0), 36);
        assert_eq!(tea.plays_in(&IntervalSet::parse("06:00-09:05").unwrap()), 18, "five minutes carry no whole play");
        assert_eq!((coffee.plays_per_day, coffee.min_gap_s), (40, 15), "nothing keeps it from itself but its length");
    }

    #[test]
    fn each_mistake_is_named_at_its_cell() {
        let none = Campaigns::default();
        let said = |rows: &str| read_with(&none, rows).unwrap_err();
        let both = said("a,A,X,2026-11-01,2026-11-30,4,6,,15,,,,,BUS,,a.png\n");
        assert_eq!(both, "c.csv:2:7: plays_per_hour = \"6\": write one of the two, plays_per_day or plays_per_hour");
        let crowded = said("a,A,X,2026-11-01,2026-11-30,,60,,15,120,,,,BUS,,a.png\n");
        assert!(crowded.starts_with("c.csv:2:10: min_gap_s = \"120\": an hour has no room"), "{crowded}");
        let other = said("a,A,X,2026-11-01,2026-11-30,4,,,15,,,,,BUS,,a.png\na,,,,2026-12-30,,,,,,,,,,,b.png\n");
        assert!(other.starts_with("c.csv:3:5: to = \"2026-12-30\": is another than in line 2"), "{other}");
        let nowhere = said("a,A,X,2026-11-01,2026-11-30,4,,,15,,,,,,,a.png\n");
        assert!(nowhere.starts_with("c.csv:2:14: unit = \"\": needs at least one"), "{nowhere}");
        let unknown = said("a,A,X,2026-11-01,2026-11-30,4,,,15,,,,,BUS,tram,a.png\n");
        assert!(unknown.starts_with("c.csv:2:15: venue_types = \"tram\""), "{unknown}");
        let headless = said("a,,X,2026-11-01,2026-11-30,4,,,15,,,,,BUS,,a.png\n");
        assert_eq!(headless, "c.csv:2:2: title = \"\": must not be empty");
        let yes = said("a,A,X,2026-11-01,2026-11-30,4,,,15,,,maybe,,BUS,,a.png\n");
        assert_eq!(yes, "c.csv:2:12: exclusive = \"maybe\": write yes or no");
    }

    #[test]
    fn what_is_said_of_a_place_or_a_clip_that_no_cell_names_is_not_dropped() {
        let header =
            "code,title,advertiser,from,to,plays_per_day,length_s,unit,link,venue_types,video,file,lang,shape,form\n";
        let head = "a,A,X,2026-11-01,2026-11-30,4,15,BUS,,,,a.png,,,\n";
        for (row, column, field) in [
            ("a,,,,,,,,operator,,,,,,\n", 9, "link = \"operator\""),
            ("a,,,,,,,,,bus,,,,,\n", 10, "venue_types = \"bus\""),
            ("a,,,,,,,,,,none,,,,\n", 11, "video = \"none\""),
            ("a,,,,,,,BUS,,bus,,,en,,\n", 13, "lang = \"en\""),
            ("a,,,,,,,,,,,,,portrait,\n", 14, "shape = \"portrait\""),
            ("a,,,,,,,,,,,,,,sound\n", 15, "form = \"sound\""),
        ] {
            let said = read_with(&Campaigns::default(), &format!("{header}{head}{row}")).unwrap_err();
            assert!(said.starts_with(&format!("c.csv:3:{column}: {field}: name the ")), "{said}");
        }
    }

    #[test]
    fn of_a_contract_that_has_begun_its_end_may_move_and_nothing_that_was_sold() {
        use lichphat_playlists::time::HANOI;
        let mut there = Campaigns::default();
        let sold = "a,A,X,2026-11-01,2026-11-30,4,,06:00-09:00,15,60,,,sen,BUS,bus,a.png\n";
        there.apply(read_with(&there, sold).unwrap());
        let on = |day: &str, rows: &str| {
            let now = day.parse::<LocalDay>().unwrap().start(HANOI);
            read_in(&town(), &there, now, rows).map(drop)
        };
        assert!(on("2026-11-20", sold).is_ok(), "brought again");
        let words = "a,Another name,Another payer,2026-11-01,2026-12-31,4,,06:00-09:00,15,60,,,sen;tết,BUS,bus,b.png\n";
        assert!(on("2026-11-20", words).is_ok(), "{:?}", on("2026-11-20", words));
        for (was, now, field) in [
            ("2026-11-01,", "2026-11-02,", "c.csv:2:4: from = \"2026-11-02\""),
            (",4,,", ",5,,", "c.csv:2:6: plays_per_day = \"5\""),
            (",4,,", ",,6,", "plays_per_hour = \"6\""),
            ("-09:00", "-10:00", "windows = \"06:00-10:00\""),
            (",15,60,", ",20,60,", "length_s = \"20\""),
            (",15,60,", ",15,90,", "min_gap_s = \"90\""),
            (",BUS,bus,", ",BUS,,", "c.csv:2:14: unit = \"BUS\""),
            (",bus,a.png\n", ",bus,a.png\na,,,,,,,,,,,,,,,b.png\n", "file = \"a.png\""),
        ] {
            let rows = match field.starts_with("file") {
                // another version fits other screens: a loudspeaker's here
                true => format!("{},form\n{},\na,,,,,,,,,,,,,,,b.ogg,audio\n", HEADER.trim_end(), sold.trim_end()),
                false => sold.replace(was, now),
            };
            let said = on("2026-11-20", &rows).unwrap_err();
            assert!(
                said.contains(field) && said.contains("the contract has begun: only its last day"),
                "{field}: {said}"
            );
            assert!(on("2026-10-31", &rows).is_ok(), "before its first day it may still be anything: {field}");
        }
        let until = |to: &str| sold.replace("2026-11-30", to);
        assert!(on("2026-11-20", &until("2026-11-20")).is_ok(), "it ends today");
        let said = on("2026-11-20", &until("2026-11-19")).unwrap_err();
        assert_eq!(
            said,
            "c.csv:2:5: to = \"2026-11-19\": the past is not rewritten: write today, 2026-11-20, or later"
        );
        // over is over: with a later end the days between would have been sold
        let said = on("2026-12-10", &until("2026-12-31")).unwrap_err();
        assert_eq!(
            said,
            "c.csv:2:5: to = \"2026-12-31\": it ended on 2026-11-30 and that stays; to go on, add a new entry"
        );
        let said = on("2026-10-31", &sold.replace("2026-11-01", "2026-10-01")).unwrap_err();
        assert!(said.starts_with("c.csv:2:4: from = \"2026-10-01\": the past is not rewritten"), "{said}");
    }

    #[test]
    fn exclusivity_is_looked_at_on_every_day_on_which_screens_change_hands() {
        let mut directory = town();
        let moved = |territory: &str, from: &str| {
            format!(
                "code,name,venue_type,kind,width,height,output,owner,territory,links_from\n\
                 B1,Xe 1,bus,managed,1920,1080,video,BUS,{territory},{from}\n"
            )
        };
        // in the ward from the 5th to the 19th, so neither on the first nor on the last day of both contracts
        for (kind, text) in [
            (import::Kind::Units, "code,name,kind,parent\nP1,Phường Một,ward,HN\n".to_owned()),
            (import::Kind::Screens, moved("P1", "2026-11-05")),
            (import::Kind::Screens, moved("-", "2026-11-20")),
        ] {
            let context = import::Context { directory: &directory, now: UtcMillis(0) };
            let batch = import::parse(kind, SourceFile { name: "s.csv", bytes: text.as_bytes() }, context);
            directory.apply(batch.unwrap_or_else(|p| panic!("{}", p.text(Lang::En))));
        }
        let mut there = Campaigns::default();
        let gap = CampaignChange::CategoryGap { category: "tea".into(), gap_s: 60 };
        there.apply(CampaignBatch { changes: vec![gap] });
        let header = "code,title,advertiser,from,to,plays_per_day,length_s,category,exclusive,unit,link,file\n";
        let read =
            |campaigns: &Campaigns, row: &str| read_in(&directory, campaigns, UtcMillis(0), &format!("{header}{row}"));
        let first = read(&there, "a,A,X,2026-11-01,2026-11-30,4,15,tea,yes,BUS,owner,a.png\n").unwrap();
        there.apply(first);
        let refused = read(&there, "b,B,Y,2026-11-01,2026-11-30,4,15,tea,,P1,territory,b.png\n").unwrap_err();
        assert!(refused.contains("shares its category with contract a on B1"), "{refused}");
        assert!(
            read(&there, "b,B,Y,2026-11-20,2026-11-30,4,15,tea,,P1,territory,b.png\n").is_ok(),
            "after it has left"
        );
    }

    #[test]
    fn who_bought_a_category_alone_shares_no_screen_hour_with_it() {
        let mut there = Campaigns::default();
        let gap = CampaignChange::CategoryGap { category: "tea".into(), gap_s: 60 };
        there.apply(CampaignBatch { changes: vec![gap] });
        let first = "a,A,X,2026-11-01,2026-11-30,4,,06:00-09:00,15,,tea,yes,,BUS,,a.png\n";
        there.apply(read_with(&there, first).unwrap());
        let beside = |rows: &str| read_with(&there, rows);
        let refused = beside("b,B,Y,2026-11-30,2026-12-31,4,,08:00-10:00,15,,tea,,,BUS,,b.png\n").unwrap_err();
        assert!(
            refused.starts_with("c.csv:2:11: category = \"tea\": shares its category with contract a on B1"),
            "{refused}"
        );
        assert!(beside("b,B,Y,2026-12-01,2026-12-31,4,,08:00-10:00,15,,tea,,,BUS,,b.png\n").is_ok(), "other days");
        assert!(beside("b,B,Y,2026-11-30,2026-12-31,4,,09:00-10:00,15,,tea,,,BUS,,b.png\n").is_ok(), "other hours");
        assert!(beside("b,B,Y,2026-11-30,2026-12-31,4,,08:00-10:00,15,,,,,BUS,,b.png\n").is_ok(), "no category");
        assert!(beside(first).is_ok(), "brought again");
        let alone = beside("b,B,Y,2026-12-01,2026-12-31,4,,,15,,,yes,,BUS,,b.png\n").unwrap_err();
        assert!(alone.starts_with("c.csv:2:12: exclusive = \"yes\": what is exclusive is a category"), "{alone}");
    }
}
