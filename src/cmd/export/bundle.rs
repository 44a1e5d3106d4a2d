//! `lichphat export bundle`: everything that one campaign's report rests on, for an auditor to take home. All of it is read
//! at one moment, and what was written is verified before it is handed over.

use super::super::{Context, output, period::Period, rooms::Rooms};
use super::known_campaign;
use crate::directory::problem::{Say, say};
use crate::error::AppError;
use crate::proof::audit::apart;
use crate::proof::bundle::{Differing, Exported, Exporter};
use crate::proof::log::LogStore;
use indicatif::ProgressBar;
use lichphat_playlists::proof::checkpoint::Checkpoint;
use lichphat_playlists::proof::note::{Note, NoteError};
use lichphat_verify::{Options, verify};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Exit code when a bundle was written that does not hold, or does not say what the stored sums say.
const DOUBTFUL: u8 = 3;
/// Reasons that are told one by one.
const TOLD: usize = 10;

/// Arguments of `lichphat export bundle`.
#[derive(Debug, clap::Args)]
pub(in crate::cmd) struct Args {
    #[command(flatten)]
    period: Period,
    /// Điểm chốt mà kiểm tra viên giữ từ trước (a checkpoint that the auditor kept: the bundle shows that the log continues it)
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    /// Tệp kết quả (file to write)
    #[arg(long, value_name = "B.zip")]
    out: PathBuf,
    /// Thay tệp kết quả đã có (replace a file that is there)
    #[arg(long)]
    force: bool,
}

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let days = args.period.days(context)?;
    let out = args.out.display();
    if !args.force && args.out.exists() {
        return Err(context.refused(
            format!("--out {out}: đã có tệp này; chọn tên khác, hoặc thêm --force để thay nó"),
            format!("--out {out}: is there already; choose another name, or add --force to replace it"),
        ));
    }
    // plans, sums and segments of one moment: what is planned or comes in meanwhile is in none of them
    let rooms = Rooms::open(context)?.at_this_moment(context)?;
    let exporter = Exporter::new(&rooms.store, &rooms.log, &rooms.packing).await?;
    let since = match &args.since {
        Some(path) => Some(kept(path, &exporter, context).await?),
        None => None,
    };
    let city = rooms.city().await?;
    known_campaign(&args.period.campaign, &city.campaigns, &rooms.store, context).await?;
    let (campaign, at) = (&args.period.campaign, exporter.head().at);
    let basis = rooms.reports.basis(&city.directory, &city.campaigns, campaign, days, at).await?;
    let file = output::NewFile::begin(&args.out)?;
    let (file, done) = exporter.export(basis, since.as_ref().map(|since| since.size), file).await?;
    file.finish()?;
    let Exported { screens, segments, size, differing } = &done;
    context.say(
        &format!("{out}: {screens} màn hình, {segments} đoạn nhật ký, dựa trên điểm chốt {size} mục. Kiểm tra bằng: lichphat verify {out}"),
        &format!("{out}: {screens} screens, {segments} segments, on the checkpoint of {size} entries. Check it with: lichphat verify {out}"),
    );
    let mut doubts = verified(&args.out, since)?;
    doubts.extend(differing.iter().map(against_sums));
    if doubts.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    warn(&args.out, &doubts, context);
    let first = rooms.store.held_days().await?.first().filter(|day| day.first_index > 0).map(|day| day.day);
    if let Some(first) = first.filter(|_| !differing.is_empty()) {
        context.say(
            &format!("Các đoạn nhận trước ngày {first} đã hết hạn lưu: của thời gian trước đó, gói có ít hơn số tổng hợp."),
            &format!("Segments received before {first} were dropped by retention: of the time before it a bundle shows less than the sums."),
        );
    }
    Ok(ExitCode::from(DOUBTFUL))
}

/// A checkpoint that an auditor kept.
struct Kept {
    text: String,
    /// Its entries.
    size: u64,
}

/// Reads it: one of this log's, or of a log that it goes on from. Whether history continues it is the verifier's question.
async fn kept(path: &Path, exporter: &Exporter<'_>, context: &Context) -> Result<Kept, AppError> {
    let names = exporter.names().await?;
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        context.refused(
            format!("--since {name}: không đọc được ({error}); hãy đưa tệp mà kiểm tra viên giữ"),
            format!("--since {name}: cannot be read ({error}); give the file that the auditor kept"),
        )
    })?;
    let read = Note::parse(&text).and_then(|note| {
        let opened = names.iter().map(|name| Checkpoint::open(&note, name)).reduce(Result::or);
        opened.unwrap_or(Err(NoteError::NotSigned))
    });
    match read {
        Ok(checkpoint) => Ok(Kept { size: checkpoint.size, text }),
        Err(error) => Err(context.refused(
            format!("--since {name}: không phải điểm chốt mà sổ này đã ký ({error}); hãy đưa tệp mà /log/checkpoint đã trả lời, nguyên vẹn"),
            format!("--since {name}: is no checkpoint that this log signed ({error}); give the file that /log/checkpoint answered, unchanged"),
        )),
    }
}

/// What the auditor's own program would find wrong with it.
fn verified(out: &Path, since: Option<Kept>) -> Result<Vec<Say>, AppError> {
    if !out.is_file() {
        return Ok(Vec::new()); // written to where nothing can be read back
    }
    let options = Options { since: since.map(|since| since.text), ..Options::default() };
    let bar = ProgressBar::new(0);
    let mut progress = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let verdict = verify(|| File::open(out).map(BufReader::new), &options, &mut progress);
    bar.finish_and_clear();
    let faults = match verdict {
        Ok(verdict) => verdict.faults,
        Err(error) => {
            return Ok(vec![say(format!("không đọc lại được: {error}"), format!("cannot be read back: {error}"))]);
        }
    };
    let fault = |place: &str, what: String| if place.is_empty() { what } else { format!("{place}: {what}") };
    Ok(faults.into_iter().map(|f| say(fault(&f.place, f.what.vi), fault(&f.place, f.what.en))).collect())
}

fn against_sums(differing: &Differing) -> Say {
    let Differing { screen, day, shown, stored } = differing;
    let (shown, stored) = apart(Some(shown), Some(stored));
    say(
        format!("{screen}, ngày {day}: bản ghi cho {}; số tổng hợp đang lưu: {}", shown.vi, stored.vi),
        format!("{screen}, {day}: the records say {}; the stored sums say {}", shown.en, stored.en),
    )
}

fn warn(out: &Path, doubts: &[Say], context: &Context) {
    let out = out.display();
    context.say(
        &format!(
            "CẢNH BÁO: gói {out} đã được ghi nhưng KHÔNG đứng vững; đừng giao cho kiểm tra viên trước khi rõ vì sao:"
        ),
        &format!("WARNING: {out} was written and does NOT hold; do not hand it over before it is clear why:"),
    );
    for doubt in doubts.iter().take(TOLD) {
        context.say(&format!("  - {}", doubt.vi), &format!("  - {}", doubt.en));
    }
    let more = doubts.len().saturating_sub(TOLD);
    if more > 0 {
        context.say(&format!("  … và {more} chỗ nữa"), &format!("  … and {more} more"));
    }
    context.say(
        &format!(
            "`lichphat verify {out}` kể hết mọi chỗ. Nếu kho sai, `lichphat check` cho biết cách sửa; nếu chính một thiết bị đã ký điều sai thì sổ giữ mãi: hãy nói rõ màn hình ấy khi giao gói."
        ),
        &format!(
            "`lichphat verify {out}` tells all of it. Where the store is wrong `lichphat check` says the mend; what a device itself signed the log keeps for ever: name that screen when you hand the bundle over."
        ),
    );
}
