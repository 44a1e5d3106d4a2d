//! The forms in which plays leave, each written row by row.
//!
//! `prs`: the UK Playout Reporting Standard's digital file, version 1.7 (Outsmart-OOH/PlayoutReportingStandard,
//! `Playout/playout-digital-file-format.md`). `xibo`: the columns of Xibo's own export of proof of play. Neither can say
//! that a play does not count, so they carry those that do. `csv` and `parquet` carry every record.

use super::cell::harmless;
use super::parquet_out::ParquetSink;
use super::play::{COLUMNS, Play, Value};
use lichphat_playlists::proof::count::Standing;
use lichphat_playlists::time::{UtcMillis, UtcOffset, clock_text};
use std::io::{self, Write};

/// A form of plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// Playout Reporting Standard, CSV without a header; plays that count.
    Prs,
    /// The columns of Xibo's proof of play, local times; plays that count.
    Xibo,
    /// Everything a record says and how it stands, CSV.
    Csv,
    /// The same columns as Parquet.
    Parquet,
}

/// Fields of the Playout Reporting Standard's digital record, in order; the file has no header.
pub const PRS: [&str; 19] = [
    "frameid",
    "startdate",
    "startutcoffset",
    "enddate",
    "endutcoffset",
    "spotlength",
    "shareoftime",
    "orderid",
    "lineid",
    "spacebuyerid",
    "spaceagencyid",
    "spacebrandid",
    "buyercampaignref",
    "creativeid",
    "creativename",
    "thirdpartycreativeref",
    "creativetriggerevent",
    "playerref",
    "mediaownerplayoutref",
];

/// Header of Xibo's export of proof of play.
pub const XIBO: [&str; 12] = [
    "Stat Date",
    "Type",
    "FromDT",
    "ToDT",
    "Layout",
    "Campaign",
    "Display",
    "Media",
    "Tag",
    "Duration",
    "Count",
    "Engagements",
];

/// What the forms that cannot say it otherwise call a play of a simulated device.
pub const SIMULATED: &str = "simulated";

/// Where plays go, one by one.
pub struct Sink<W: Write + Send>(Inner<W>);

enum Inner<W: Write + Send> {
    Prs(csv::Writer<W>),
    Xibo(csv::Writer<W>),
    Csv(csv::Writer<W>),
    Parquet(Box<ParquetSink<W>>),
}

impl<W: Write + Send> Sink<W> {
    /// Begins a file: writes its header, where the form has one.
    pub fn new(form: Form, to: W) -> io::Result<Self> {
        let writer = |to| csv::WriterBuilder::new().has_headers(false).from_writer(to);
        Ok(Self(match form {
            Form::Prs => Inner::Prs(writer(to)),
            Form::Xibo => {
                let mut writer = writer(to);
                writer.write_record(XIBO)?;
                Inner::Xibo(writer)
            }
            Form::Csv => {
                let mut writer = writer(to);
                writer.write_record(COLUMNS.iter().map(|c| c.name))?;
                Inner::Csv(writer)
            }
            Form::Parquet => Inner::Parquet(Box::new(ParquetSink::new(to)?)),
        }))
    }

    /// Writes one play; false when the form carries only plays that count and this one does not.
    pub fn add(&mut self, play: &Play<'_>) -> io::Result<bool> {
        let counts = matches!(play.judged.standing, Standing::Counted { .. });
        match &mut self.0 {
            Inner::Prs(_) | Inner::Xibo(_) if !counts => return Ok(false),
            Inner::Prs(writer) => writer.write_record(prs(play))?,
            Inner::Xibo(writer) => writer.write_record(xibo(play))?,
            Inner::Csv(writer) => writer.write_record(COLUMNS.iter().map(|c| plain((c.get)(play), play.offset)))?,
            Inner::Parquet(sink) => sink.add(play)?,
        }
        Ok(true)
    }

    /// Ends the file; what it was written to comes back.
    pub fn finish(self) -> io::Result<W> {
        match self.0 {
            Inner::Prs(writer) | Inner::Xibo(writer) | Inner::Csv(writer) => {
                writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
            }
            Inner::Parquet(sink) => sink.finish(),
        }
    }
}

/// A cell of the full CSV.
fn plain(value: Option<Value>, offset: UtcOffset) -> String {
    match value {
        None => String::new(),
        Some(Value::Text(text)) => harmless(&text).into_owned(),
        Some(Value::Whole(number)) => number.to_string(),
        Some(Value::Flag(flag)) => flag.to_string(),
        Some(Value::Instant(at)) => at.rfc3339(offset),
    }
}

/// `2026-11-22T02:00:00.000`: the standard wants the UTC time beside the offset of the place.
fn utc(at: UtcMillis) -> String {
    let mut text = at.rfc3339(UtcOffset(0));
    text.truncate("2026-11-22T02:00:00.000".len());
    text
}

/// `+07:00`.
fn offset(offset: UtcOffset) -> String {
    let text = UtcMillis(0).rfc3339(offset);
    text[text.len() - "+07:00".len()..].to_owned()
}

/// At most `n` characters, without space at the ends: the standard's rule for a text.
fn cut(text: &str, n: usize) -> String {
    harmless(text.trim()).chars().take(n).collect::<String>().trim_end().to_owned()
}

/// The ids of SPACE, the British register of frames, buyers and brands, are not ours: a frame is named by our code, and
/// buyer and brand, which must be there, are 0.
fn prs(play: &Play<'_>) -> [String; 19] {
    let record = &play.judged.record;
    let none = String::new;
    let media = play.asset.map_or_else(none, |a| a.media.hash.hex());
    let name = play.media_name.or(play.asset.map(|a| a.variant.as_str())).filter(|name| !name.trim().is_empty());
    [
        cut(play.screen.as_str(), 64),
        utc(record.start),
        offset(play.offset),
        utc(record.end),
        offset(play.offset),
        play.length_ms().to_string(),
        none(),
        cut(play.judged.campaign.as_str(), 256),
        none(),
        "0".to_owned(),
        none(),
        "0".to_owned(),
        cut(play.judged.campaign.as_str(), 64),
        media,
        cut(name.unwrap_or(play.judged.campaign.as_str()), 128),
        none(),
        if play.judged.simulated { SIMULATED.to_owned() } else { none() },
        format!("{}/{}", play.judged.device, play.judged.epoch),
        play.id(),
    ]
}

/// `2026-11-22 09:00:00`, local.
fn local(at: UtcMillis, offset: UtcOffset) -> String {
    let (day, ms) = at.local(offset);
    format!("{day} {}", clock_text(ms / 1000))
}

fn xibo(play: &Play<'_>) -> [String; 12] {
    let record = &play.judged.record;
    let media = play.media_name.or(play.asset.map(|a| a.variant.as_str())).unwrap_or_default();
    let id = play.id();
    [
        local(play.judged.received, play.offset),
        "media".to_owned(),
        local(record.start, play.offset),
        local(record.end, play.offset),
        play.asset.map_or_else(String::new, |a| harmless(&a.variant).into_owned()),
        harmless(play.judged.campaign.as_str()).into_owned(),
        harmless(play.screen.as_str()).into_owned(),
        harmless(media).into_owned(),
        if play.judged.simulated { format!("{id},{SIMULATED}") } else { id },
        ((play.length_ms() + 500) / 1000).to_string(),
        "1".to_owned(),
        "[]".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::play::tests::{judged, play};

    #[test]
    fn a_name_is_no_formula_and_a_text_keeps_to_its_length() {
        assert_eq!(cut(" =1+1, \"x\" ", 128), "'=1+1, \"x\"");
        assert_eq!(cut("-5", 64), "-5", "a number is one");
        assert_eq!(cut(&"ệ ".repeat(100), 8), "ệ ệ ệ ệ", "characters, and no space at the end");
    }

    #[test]
    fn every_form_ends_its_lines_as_it_should_and_leaves_out_what_does_not_count() {
        let good = judged(7);
        let mut dark = judged(8);
        dark.standing = Standing::NotCounted(lichphat_playlists::proof::count::Reason::PanelDark);
        for (form, lines) in [(Form::Prs, 1), (Form::Xibo, 2), (Form::Csv, 3)] {
            let mut sink = Sink::new(form, Vec::new()).unwrap();
            assert!(sink.add(&play(&good)).unwrap());
            assert_eq!(sink.add(&play(&dark)).unwrap(), form == Form::Csv);
            let text = String::from_utf8(sink.finish().unwrap()).unwrap();
            assert!(text.ends_with('\n') && !text.contains('\r'), "{text}");
            assert_eq!(text.lines().count(), lines, "{text}");
        }
    }
}
