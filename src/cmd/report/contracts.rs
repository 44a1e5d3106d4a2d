//! `lichphat report contracts`: what was sold, what was delivered, what is missing and why; of each advertiser on request.
//! Screens and days of one contract: `report compliance --campaign CODE`; its evidence: `export bundle`.

use crate::campaigns::Contract;
use crate::cmd::{Context, output, rooms::Rooms};
use crate::compliance::Totals;
use crate::error::AppError;
use lichphat_playlists::time::LocalDay;
use serde::Serialize;
use std::process::ExitCode;

/// Arguments of `lichphat report contracts`.
#[derive(Debug, clap::Args)]
pub(in crate::cmd) struct Args {
    /// Từ ngày (first day, 2026-11-01)
    #[arg(long, value_name = "DAY")]
    from: LocalDay,
    /// Đến hết ngày (last day, included)
    #[arg(long, value_name = "DAY")]
    to: LocalDay,
    /// Chỉ của bên thuê phát này, đúng như đã ghi (of this advertiser, written as in the contract)
    #[arg(long, value_name = "NAME")]
    advertiser: Option<String>,
    /// Chỉ hợp đồng có nhãn này (with this tag)
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    #[command(flatten)]
    output: output::Args,
}

/// One contract.
#[derive(Debug, Serialize)]
struct Row<'a> {
    contract: &'a str,
    title: &'a str,
    advertiser: &'a str,
    tags: String,
    /// First and last of the days asked for on which it runs.
    from: LocalDay,
    to: LocalDay,
    screens: u32,
    /// Screens that had every play they were sold with.
    met: u32,
    /// Plays it was sold with: those of closed and suspended days are none.
    owed: u64,
    /// Proven, within its hours.
    counted: u64,
    /// Proven, outside them.
    outside: u64,
    /// Said by other systems, proven by nothing.
    declared: u64,
    /// Whole per cent delivered, rounded down; empty when nothing was owed.
    percent: Option<u64>,
    /// Why screens are short, a code and how many of them each.
    causes: String,
}
const COLUMNS: &[&str] = &[
    "contract",
    "title",
    "advertiser",
    "tags",
    "from",
    "to",
    "screens",
    "met",
    "owed",
    "counted",
    "outside",
    "declared",
    "percent",
    "causes",
];

impl<'a> Row<'a> {
    fn new(contract: &'a Contract, (from, to): (LocalDay, LocalDay), report: &crate::compliance::Report) -> Self {
        let Totals { existing, met, short_causes, .. } = &report.totals;
        let sum =
            |n: fn(&crate::compliance::ScreenLine) -> u32| report.lines.iter().map(|l| u64::from(n(l))).sum::<u64>();
        let (owed, counted) = (sum(|l| l.owed), sum(|l| l.counted));
        // no day's surplus stands for another's missing plays, nor a screen's: `short` is added up day by day
        let delivered = owed - sum(|l| l.short);
        Self {
            contract: contract.code.as_str(),
            title: &contract.title,
            advertiser: &contract.advertiser,
            tags: contract.tags.join(";"),
            from: from.max(contract.from),
            to: to.min(contract.to),
            screens: *existing,
            met: *met,
            owed,
            counted,
            outside: sum(|l| l.counted_outside),
            declared: sum(|l| l.declared_plays),
            percent: (delivered * 100).checked_div(owed),
            causes: short_causes.iter().map(|(code, n)| format!("{code}={n}")).collect::<Vec<_>>().join(";"),
        }
    }
}

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let Args { from, to, advertiser, tag, output } = args;
    if to < from {
        return Err(context.refused(
            format!("--to {to}: trước --from {from}; hãy đổi chỗ hai ngày"),
            format!("--to {to}: lies before --from {from}; swap the two"),
        ));
    }
    let rooms = Rooms::open(context)?;
    let city = rooms.city().await?;
    let runs = |c: &&Contract| c.from <= to && from <= c.to;
    let his = |c: &&Contract| advertiser.as_ref().is_none_or(|name| c.advertiser == *name);
    let tagged = |c: &&Contract| tag.as_ref().is_none_or(|tag| c.tags.contains(tag));
    let mut rows = Vec::new();
    for contract in city.campaigns.contracts().filter(runs).filter(his).filter(tagged) {
        let report = rooms.reports.compliance(&city.directory, &city.campaigns, &contract.code, from, to).await?;
        rows.push(Row::new(contract, (from, to), &report));
    }
    output::rows(context.lang, output.format, COLUMNS, &rows)?;
    if rows.is_empty() {
        context.say(
            &format!("Không có hợp đồng nào chạy từ {from} đến {to} như đã hỏi."),
            &format!("No contract that was asked for runs from {from} to {to}."),
        );
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lichphat_playlists::figures::{Basis, DayFacts, Period, ScreenFacts};
    use lichphat_playlists::proof::rollup::Counts;
    use lichphat_playlists::quota::{DayOwed, Ratio};
    use lichphat_playlists::time::HANOI;

    #[test]
    fn a_days_surplus_stands_for_no_other_days_missing_plays() {
        let contract = "code = 'tea'\ntitle = 'Trà'\nadvertiser = 'A'\nfrom = '2026-11-01'\nto = '2026-11-30'\nplays_per_day = 24\n\
             min_gap_s = 15\nplace = [{ unit = 'HN' }]\n[product]\ntitle = 'Trà'\nlength_s = 15\n\
             variant = [{ lang = 'vi', form = 'silent', file = 'a.png' }]\n";
        let contract: Contract = toml::from_str(contract).unwrap();
        let from: LocalDay = "2026-11-16".parse().unwrap();
        let to = from.plus(2);
        let screen = |code: &str, counted: [u32; 3]| {
            let fact = |counted| DayFacts { counts: Counts { counted, ..Counts::default() }, ..DayFacts::default() };
            let owed = |day| DayOwed { day, owed: Ratio::from_integer(24), operating: true };
            ScreenFacts {
                screen: code.parse().unwrap(),
                name: String::new(),
                kind: "managed".into(),
                force: "contract".into(),
                inferred: false,
                owed: from.through(to).map(owed).collect(),
                kept_off: std::collections::BTreeMap::new(),
                days: from.through(to).zip(counted.map(fact)).collect(),
                has_device: true,
                simulated: false,
                reported_until: None,
            }
        };
        let basis = Basis {
            campaign: contract.code.clone(),
            title: String::new(),
            sample: false,
            quota: Some(contract.quota()),
            // the third day still runs: nothing of it is owed yet, and nothing of it makes up for the others
            period: Period { from, to, now: to.at(9 * 3_600, HANOI), offset: HANOI },
            screens: vec![screen("A-1", [48, 12, 30]), screen("A-2", [24, 24, 0])],
            links: Vec::new(),
            quota_units: Vec::new(),
        };
        let report = basis.report();
        let row = Row::new(&contract, (from, to), &report);
        assert_eq!((row.owed, row.percent), (96, Some(87)), "84 of 96, however many were counted: {}", row.counted);
    }
}
