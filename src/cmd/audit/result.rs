//! `lichphat audit result`: what the findings of each draw prove; of one draw, play by play.

use super::super::rooms::Rooms;
use super::super::{Context, output};
use super::draw::{Row, columns, name_of, row};
use crate::error::AppError;
use lichphat_playlists::proof::sample::{Draw, Drawn, Finding, Verdict};
use lichphat_playlists::time::{LocalDay, clock_text};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

/// Arguments of `lichphat audit result`.
#[derive(Debug, clap::Args)]
pub(in crate::cmd) struct Args {
    /// Lần rút mẫu: các chữ số đầu; không ghi thì liệt kê tất cả (the draw; all of them when absent)
    draw: Option<String>,
    #[command(flatten)]
    output: output::Args,
}

/// One draw.
#[derive(Serialize)]
struct Line<'a> {
    draw: String,
    campaign: &'a str,
    kind: &'static str,
    from: LocalDay,
    to: LocalDay,
    seed: &'a str,
    plays: u64,
    drawn: u64,
    looked: u64,
    bad: u64,
    could_not_look: u64,
    open: u64,
    with_code: u64,
    /// Draws of this campaign and days that the log states, this one among them.
    draws: usize,
    at_most: Option<String>,
    worst: Option<String>,
    result: &'static str,
}
const COLUMNS: &[&str] = &[
    "draw",
    "campaign",
    "kind",
    "from",
    "to",
    "seed",
    "plays",
    "drawn",
    "looked",
    "bad",
    "could_not_look",
    "open",
    "with_code",
    "draws",
    "at_most",
    "worst",
    "result",
];

fn line<'a>(draw: &'a Draw, drawn: &[Drawn], findings: &[Finding]) -> Line<'a> {
    let verdict = Verdict::of(draw, findings);
    let t = verdict.tally;
    Line {
        draw: name_of(draw),
        campaign: draw.campaign.as_str(),
        kind: draw.kind.word(),
        from: draw.from,
        to: draw.to,
        seed: &draw.seed,
        plays: draw.population.size,
        drawn: t.drawn,
        looked: t.looked,
        bad: t.bad,
        could_not_look: t.could_not_look,
        open: t.open,
        with_code: t.with_code,
        draws: drawn.iter().filter(|other| other.rivals(draw)).count(),
        at_most: verdict.looked.map(|p| p.at_most.to_string()),
        worst: verdict.worst.map(|p| p.at_most.to_string()),
        result: verdict_word(&verdict),
    }
}

/// `met` holds whyever nobody could look somewhere.
fn verdict_word(verdict: &Verdict) -> &'static str {
    match (verdict.worst, verdict.looked) {
        (Some(worst), _) if worst.met => "met",
        (_, Some(looked)) if looked.met => "met-of-looked",
        _ => "not-shown",
    }
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<ExitCode, AppError> {
    let rooms = Rooms::open(context)?;
    let draws = rooms.sampling.draws().await?;
    let drawn = rooms.sampling.drawn().await?;
    let Some(named) = &args.draw else {
        let mut lines = Vec::new();
        for draw in &draws {
            lines.push(line(draw, &drawn, &rooms.sampling.findings(draw).await?));
        }
        output::rows(context.lang, args.output.format, COLUMNS, &lines)?;
        say_lost(&draws, &drawn, context);
        return Ok(ExitCode::SUCCESS);
    };
    let mut meant = draws.iter().filter(|d| d.hash().hex().starts_with(named.as_str()));
    let (Some(draw), None) = (meant.next(), meant.next()) else {
        return Err(context.refused(
            format!("{named:?}: không phải lần rút nào, hoặc là nhiều lần; xem `lichphat audit result`"),
            format!("draw {named:?}: names no draw, or several; `lichphat audit result` lists them"),
        ));
    };
    let findings = rooms.sampling.findings(draw).await?;
    let newest: BTreeMap<u32, &Finding> = findings.iter().map(|f| (f.n, f)).collect();
    let name = name_of(draw);
    let rows: Vec<Row<'_>> = draw
        .items
        .iter()
        .map(|item| {
            let mut row = row(draw, &name, item);
            if let Some(found) = newest.get(&item.n) {
                let (day, ms) = found.at_ms.local(draw.offset_min);
                (row.result, row.by, row.note) = (found.seen.word(), &found.by, &found.note);
                row.at = format!("{day} {}", clock_text(ms / 1000));
                row.photo = found.photo.map_or_else(String::new, |p| p.hex());
                row.code = found.code.as_ref().map_or("", |c| &c.code);
            }
            row
        })
        .collect();
    output::rows(context.lang, args.output.format, &columns(), &rows)?;
    say(draw, &findings, context);
    say_turn(draw, &drawn, context);
    Ok(ExitCode::SUCCESS)
}

/// How many draws were made beside this one: whoever draws until a sample suits him is seen.
pub(super) fn say_turn(draw: &Draw, drawn: &[Drawn], context: &Context) {
    let rivals: Vec<&Drawn> = drawn.iter().filter(|other| other.rivals(draw)).collect();
    let (all, name) = (rivals.len(), draw.hash());
    let Some(turn) = rivals.iter().position(|other| other.draw == name).filter(|_| all > 1) else { return };
    let (turn, name) = (turn + 1, name_of(draw));
    context.say(
        &format!("Chú ý: sổ ghi {all} lần rút cho đợt này vào những ngày trùng nhau; {name} là lần thứ {turn}. Ai chọn lần vừa ý thì thấy ở đây."),
        &format!("Mind: the log states {all} draws of this campaign on common days; {name} is number {turn}. Drawing until one is liked shows here."),
    );
}

/// Draws that the log states and the store holds no more.
fn say_lost(draws: &[Draw], drawn: &[Drawn], context: &Context) {
    let held: BTreeSet<_> = draws.iter().map(Draw::hash).collect();
    for lost in drawn.iter().filter(|drawn| !held.contains(&drawn.draw)) {
        let (name, campaign, from, to) = (&lost.draw.hex()[..12], &lost.campaign, lost.from, lost.to);
        context.say(
            &format!(
                "Lần rút {name} ({campaign}, {from} – {to}) có trong sổ nhưng không còn trong kho; xem lichphat check."
            ),
            &format!(
                "Draw {name} ({campaign}, {from} – {to}) is in the log and no longer in the store; see lichphat check."
            ),
        );
    }
}

/// What a draw's findings prove, for people.
pub(super) fn say(draw: &Draw, findings: &[Finding], context: &Context) {
    let verdict = Verdict::of(draw, findings);
    let (name, t) = (name_of(draw), verdict.tally);
    let (confidence, max_bad) = (draw.aim.confidence.percent(), draw.aim.max_bad.percent());
    let (Some(looked), Some(worst)) = (verdict.looked, verdict.worst.or(verdict.looked)) else {
        context
            .say(&format!("Lần rút {name}: chưa xem lượt nào."), &format!("Draw {name}: nothing was looked at yet."));
        return;
    };
    let (vi, en) = match verdict_word(&verdict) {
        "met" => ("ĐẠT", "SHOWN"),
        "met-of-looked" => (
            "ĐẠT nếu những lượt không xem được cũng đúng như vậy",
            "SHOWN if what nobody could look at is like the rest",
        ),
        _ => ("CHƯA CHỨNG MINH ĐƯỢC", "NOT SHOWN"),
    };
    let (at_most, worst) = (looked.at_most.percent(), worst.at_most.percent());
    context.say(
        &format!(
            "Lần rút {name}: đã xem {} trong {} lượt, {} sai, {} không xem được, {} chưa báo; {} lượt có mã màn hình. Tin cậy {confidence} %: sai không quá {at_most} % (nếu mọi lượt không xem được đều sai: {worst} %), mức cho phép dưới {max_bad} %: {vi}.",
            t.looked, t.drawn, t.bad, t.could_not_look, t.open, t.with_code
        ),
        &format!(
            "Draw {name}: {} of {} looked at, {} bad, {} could not be looked at, {} open; {} with the screen's code. With a confidence of {confidence} %, at most {at_most} % are bad ({worst} % if all that nobody could look at are); less than {max_bad} % is asked for: {en}.",
            t.looked, t.drawn, t.bad, t.could_not_look, t.open, t.with_code
        ),
    );
}
