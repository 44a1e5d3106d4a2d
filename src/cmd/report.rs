//! `lichphat report`: who met the quota, who did not, and why: as figures of one campaign (`compliance`), and as a report (`make`).

mod contracts;

use super::{Context, output, period::Period, rooms::Rooms};
use crate::compliance::Report;
use crate::compliance::rows::{COLUMNS, UNIT_COLUMNS, row, unit_row};
use crate::directory::Link;
use crate::error::AppError;
use crate::report::{Facts, Form, Letterhead, Selection, Span, SpanKind};
use lichphat_playlists::ids::{CampaignCode, VenueType};
use lichphat_playlists::quota::Of;
use lichphat_playlists::time::LocalDay;
use std::path::PathBuf;
use std::process::ExitCode;

/// What there is to do.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Kết quả thực hiện một đợt truyền thông (figures of one campaign)
    Compliance(Compliance),
    /// Hợp đồng: đã bán, đã phát, còn thiếu và vì sao (contracts: what was sold, delivered, missing, and why)
    Contracts(contracts::Args),
    /// Lập báo cáo của một kỳ ra tệp (a period's report as a file)
    Make(Box<Make>),
}

/// What a report is about.
#[derive(Debug, clap::Args)]
struct Chosen {
    /// Đợt truyền thông; bỏ trống: mọi đợt trong kỳ (an order; all of the period when left out)
    #[arg(long)]
    campaign: Option<CampaignCode>,
    /// Đơn vị: mã hoặc tên; bỏ trống: toàn thành phố (a unit, by code or name; the whole city when left out)
    #[arg(long)]
    unit: Option<String>,
    /// Màn hình thuộc đơn vị theo: owner, territory, sector, operator; bỏ trống: bất kỳ (by which link; any when left out)
    #[arg(long)]
    link: Option<String>,
    /// Loại địa điểm (one kind of place)
    #[arg(long)]
    venue: Option<VenueType>,
    /// Kỳ: day, week, month, quarter, 6-months, 9-months, year, days (period)
    #[arg(long, default_value = "month")]
    period: String,
    /// Một ngày trong kỳ, mặc định hôm nay (a day of the period; today when left out)
    #[arg(long, value_name = "DAY", conflicts_with_all = ["from", "to"])]
    of: Option<LocalDay>,
    /// Từ ngày, với --period days (first day)
    #[arg(long, value_name = "DAY", requires = "to")]
    from: Option<LocalDay>,
    /// Đến hết ngày (last day, included)
    #[arg(long, value_name = "DAY", requires = "from")]
    to: Option<LocalDay>,
}

/// What an office writes around it, for DOCX and PDF; what is left out becomes a dotted line.
#[derive(Debug, clap::Args)]
struct Paper {
    /// Cơ quan chủ quản (the body above)
    #[arg(long, default_value = "", hide_default_value = true)]
    parent: String,
    /// Cơ quan ban hành (the body that issues it)
    #[arg(long, default_value = "", hide_default_value = true)]
    issuer: String,
    /// Số văn bản (its number)
    #[arg(long, default_value = "", hide_default_value = true)]
    number: String,
    /// Ký hiệu: BC-UBND (its symbol)
    #[arg(long, default_value = "", hide_default_value = true)]
    symbol: String,
    /// Địa danh (where it is signed)
    #[arg(long, default_value = "", hide_default_value = true)]
    place: String,
    /// Ngày ký (when it is signed)
    #[arg(long, value_name = "DAY")]
    date: Option<LocalDay>,
    /// Kính gửi; ghi nhiều lần nếu nhiều nơi (to whom; may be repeated)
    #[arg(long, value_name = "BODY")]
    addressee: Vec<String>,
    /// Nơi nhận; ghi nhiều lần nếu nhiều nơi (who gets a copy; may be repeated)
    #[arg(long, value_name = "BODY")]
    copy: Vec<String>,
    /// Quyền hạn, chức vụ người ký (authority and position of who signs)
    #[arg(long, default_value = "", hide_default_value = true)]
    position: String,
    /// Họ tên người ký (who signs)
    #[arg(long, default_value = "", hide_default_value = true)]
    signer: String,
}

impl From<Paper> for Letterhead {
    fn from(paper: Paper) -> Self {
        let Paper { parent, issuer, number, symbol, place, date, addressee: to, copy: copies, position, signer } =
            paper;
        Self { parent, issuer, number, symbol, place, date, to, copies, position, signer }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct Make {
    #[command(flatten)]
    chosen: Chosen,
    /// Tệp kết quả; dạng theo đuôi tệp; ghi nhiều lần để có nhiều tệp của cùng số liệu (the file; its form by the end of its name; may be repeated: all of the same figures)
    #[arg(long, value_name = "FILE", required = true)]
    out: Vec<PathBuf>,
    /// Số liệu hiện nay, dù kỳ đã chốt (the figures as they are now, though the period was closed)
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    paper: Box<Paper>,
    /// Dạng tệp, khi đuôi tệp không nói (its form, when the name does not say)
    #[arg(long, value_enum)]
    format: Option<Form>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Compliance {
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    output: output::Args,
}

/// Runs the command.
pub(super) async fn run(command: Command, context: &Context) -> Result<ExitCode, AppError> {
    match command {
        Command::Compliance(args) => compliance(args, context).await,
        Command::Contracts(args) => contracts::run(args, context).await,
        Command::Make(args) => make(*args, context).await,
    }
}

async fn make(args: Make, context: &Context) -> Result<ExitCode, AppError> {
    let Make { chosen, out, format, now, paper } = args;
    let form = |out: &PathBuf| {
        let by_name = out.extension().and_then(|end| end.to_str()).and_then(Form::of_extension);
        format.or(by_name).ok_or_else(|| {
            let all = Form::ALL.iter().map(|form| form.extension()).collect::<Vec<_>>().join(" | ");
            context.refused(
                format!("--out {}: đuôi tệp không phải {all}; hãy đổi đuôi tệp hoặc ghi --format", out.display()),
                format!("--out {}: does not end with {all}; change its end, or give --format", out.display()),
            )
        })
    };
    let outs = out.iter().map(|out| Ok((out, form(out)?))).collect::<Result<Vec<_>, AppError>>()?;
    let rooms = Rooms::open(context)?;
    let city = rooms.city().await?;
    let selection = chosen.selection(&city.directory, context)?;
    let facts = Facts { directory: &city.directory, campaigns: &city.campaigns };
    let newest = rooms.reporting.closings(&selection).await?.pop().filter(|_| !now);
    let closed = match newest {
        Some(closing) => rooms.reporting.closed(closing.id).await?,
        None => None,
    };
    let made = match closed {
        Some(closed) => closed,
        None => rooms.reporting.now(facts, &selection).await?,
    };
    let letterhead = Letterhead::from(*paper);
    let (document, hash) = (made.document(context.lang, &letterhead, rooms.offset), made.hash);
    let (title, state) = (document.title, document.state);
    context.say(&format!("{title}\n{state}"), &format!("{title}\n{state}"));
    for (out, form) in outs {
        output::file(out, &made.file(form, context.lang, &letterhead, rooms.offset)?)?;
        let out = out.display();
        context.say(&format!("{out}: SHA-256 của dữ liệu {hash}"), &format!("{out}: SHA-256 of its data {hash}"));
    }
    Ok(ExitCode::SUCCESS)
}

impl Chosen {
    /// What is asked for, or the option, its value and its mend.
    fn selection(self, directory: &crate::directory::Directory, context: &Context) -> Result<Selection, AppError> {
        let today = context.today();
        let wrong = |option: &str, value: &str, say: crate::directory::problem::Say| {
            context.refused(format!("--{option} {value}: {}", say.vi), format!("--{option} {value}: {}", say.en))
        };
        let unit = self.unit.as_deref().map(|text| {
            let found = directory.find_unit(text, today).map_err(|error| wrong("unit", text, error.say()));
            found.map(|unit| unit.code.clone())
        });
        let link = self.link.as_deref().map(|text| text.parse::<Link>().map_err(|say| wrong("link", text, say)));
        let kind: SpanKind = match self.from {
            Some(_) => SpanKind::Days,
            None => self.period.parse().map_err(|say| wrong("period", &self.period, say))?,
        };
        let span = match (self.from, self.to) {
            (Some(from), Some(to)) => Span::days(from, to).ok_or_else(|| {
                context.refused(
                    format!("--to {to}: phải sau --from {from} và cách không quá 366 ngày"),
                    format!("--to {to}: has to come after --from {from}, by no more than 366 days"),
                )
            })?,
            _ => Span::of(kind, self.of.unwrap_or(today)),
        };
        Ok(Selection {
            campaign: self.campaign,
            unit: unit.transpose()?,
            link: link.transpose()?,
            venue: self.venue,
            span,
        })
    }
}

async fn compliance(args: Compliance, context: &Context) -> Result<ExitCode, AppError> {
    let (from, to) = args.period.days(context)?;
    let report = Rooms::open(context)?.report(&args.period.campaign, from, to).await?;
    match args.output.format {
        output::Format::Json => output::json(&report)?,
        format if report.of == Of::Unit => {
            output::rows(
                context.lang,
                format,
                &UNIT_COLUMNS,
                &report.quota_units.iter().map(unit_row).collect::<Vec<_>>(),
            )?;
            say_totals(&report, context);
        }
        format => {
            output::rows(context.lang, format, &COLUMNS, &report.lines.iter().map(row).collect::<Vec<_>>())?;
            say_totals(&report, context);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The sum in words, for people.
pub(super) fn say_totals(report: &Report, context: &Context) {
    let t = &report.totals;
    let lang = context.lang;
    let causes: Vec<String> = t.short_causes.iter().map(|(code, n)| format!("{}: {n}", lang.cause(code))).collect();
    let causes = if causes.is_empty() { String::new() } else { format!(" ({})", causes.join("; ")) };
    let (mean, min) = (lang.decimal(t.mean_per_day), lang.decimal(t.min_per_day));
    let (from, to) = (report.from, report.to);
    let (vi, en) = if report.of == Of::Unit { ("đơn vị", " units") } else { ("màn hình", "") };
    context.say(
        &format!(
            "{} ({from} – {to}): {} màn hình hiện có; {} {vi} có ngày hoạt động đã qua: {} đạt, {} thiếu{causes}; trung bình {mean} lượt/ngày, thấp nhất {min}.",
            report.campaign, t.existing, t.on_duty, t.met, t.short
        ),
        &format!(
            "{} ({from} – {to}): {} screens, {}{en} on duty, {} met, {} short{causes}; {mean} plays a day on average, lowest {min}.",
            report.campaign, t.existing, t.on_duty, t.met, t.short
        ),
    );
    if t.on_duty == 0 && t.existing > 0 {
        context.say(
            "Chưa có ngày hoạt động nào đã qua: ngày nào đạt hay thiếu thì hết ngày mới kết luận. Lượt tính đến lúc này: xem cột “được tính”.",
            "No day on duty is over yet: whether a day met its number is said when it is over. What counts so far is in the column “counted”.",
        );
    }
    if t.declared_plays > 0 {
        context.say(
            &format!(
                "Bên khác khai thêm {} lượt trên {} màn hình, chưa được chứng minh, không tính vào trên.",
                t.declared_plays, t.declared
            ),
            &format!(
                "Others declare {} plays more on {} screens: not proven, no part of the above.",
                t.declared_plays, t.declared
            ),
        );
    }
}
