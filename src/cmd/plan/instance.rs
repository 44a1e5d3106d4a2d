//! `lichphat plan --instance FILE`: one screen's day from a file to a plan in a file, without a data
//! directory: for whoever wants to see what the planner makes of a day, and for its checkers.

use crate::cmd::{Context, output, share};
use crate::directory::table::plain;
use crate::error::AppError;
use crate::lang::Lang;
use lichphat_playlists::plan::{self, Effort, Options, Past, Plan, PlanReport, Problem, Solution};
use serde::Deserialize;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Largest file taken, bytes: a day of the largest screens has some tens of kilobytes.
const LARGEST_BYTES: u64 = 64 << 20;

/// Arguments of `lichphat plan` without a subcommand.
#[derive(Debug, clap::Args)]
#[group(id = "one-day")]
pub(super) struct Args {
    /// Tệp bài toán, dayplan-instance/1; `-` là đầu vào chuẩn (the day's problem; `-` is standard input)
    #[arg(long, value_name = "FILE")]
    instance: PathBuf,
    /// Mức công sức: một lượng việc cố định (how much work; a fixed amount, never wall time)
    #[arg(long, value_enum, default_value_t = Work::Normal)]
    effort: Work,
    /// Phần lượt người được phép nhường cho việc phát đều, 0 đến 1 (share of the audience that may be given up
    /// for even spacing; 0 is benchmark mode)
    #[arg(long, value_name = "SHARE", value_parser = share::permille, default_value = "0.03")]
    evenness_tolerance: u32,
    /// Tệp lời giải, dayplan-solution/1; không ghi thì in ra (the plan) [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The planner's efforts, as words of the command line.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Work {
    /// About a millisecond
    Quick,
    /// About a fifth of a second
    Normal,
    /// Some seconds
    Thorough,
}

impl From<Work> for Effort {
    fn from(work: Work) -> Self {
        match work {
            Work::Quick => Self::Quick,
            Work::Normal => Self::Normal,
            Work::Thorough => Self::Thorough,
        }
    }
}

/// Runs the command.
pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, AppError> {
    if let Some(out) = args.out.as_deref().filter(|out| same_file(out, &args.instance)) {
        let out = out.display();
        return Err(context.refused(
            format!("--out {out}: chính là tệp bài toán; hãy đặt tên khác"),
            format!("--out {out}: is the instance itself; name another file"),
        ));
    }
    let problem = read(&args.instance, context.lang)?;
    let effort = Effort::from(args.effort);
    let options = Options { effort, evenness_tolerance_permille: args.evenness_tolerance, ..Options::default() };
    let (plan, report) = plan::plan_with(&problem, &Past::none(), &options)
        .map_err(|error| AppError::Failed(format!("{}: {error}", args.instance.display())))?;
    let solution = solution(&plan, &report, &options);
    let verdict = plan::check(&problem, &solution);
    if !verdict.valid {
        let errors = verdict.errors.join("; ");
        let id = &problem.id;
        return Err(AppError::failure(
            format!("{id}: lịch lập ra không qua được kiểm tra: {errors}"),
            format!("{id}: the plan does not stand its check: {errors}"),
        ));
    }
    let text = serde_json::to_string(&solution).map_err(|e| AppError::Failed(format!("json: {e}")))? + "\n";
    match &args.out {
        Some(path) => output::file(path, text.as_bytes())?,
        None => output::text(&text)?,
    }
    say(context, &problem, &report);
    Ok(ExitCode::SUCCESS)
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b && a.is_file())
}

/// The plan as a file, with what made it: who has both can make it again, byte for byte.
fn solution(plan: &Plan, report: &PlanReport, options: &Options<'_>) -> Solution {
    let mut solution = plan.solution(report);
    solution.meta = Some(serde_json::json!({
        "made_by": concat!("lichphat ", env!("CARGO_PKG_VERSION")),
        "effort": options.effort,
        "evenness_tolerance_permille": options.evenness_tolerance_permille,
        "audience_bound": report.audience_bound,
    }));
    solution
}

/// The problem, read whole; what is wrong is named with file, field, value and mend.
fn read(path: &Path, lang: Lang) -> Result<Problem, AppError> {
    let name = if path == Path::new("-") { "<stdin>".into() } else { path.display().to_string() };
    let reading = |error| AppError::io(name.as_str(), error);
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(std::fs::File::open(path).map_err(reading)?)
    };
    let mut bytes = Vec::new();
    source.take(LARGEST_BYTES + 1).read_to_end(&mut bytes).map_err(reading)?;
    if bytes.len() as u64 > LARGEST_BYTES {
        let mend = lang.pick(
            "lớn hơn 64 MiB; bài toán của một ngày chỉ vài chục kilobyte, hãy kiểm tra lại tệp",
            "is larger than 64 MiB; a day's problem has some tens of kilobytes: check the file",
        );
        return Err(AppError::Failed(format!("{name}: {mend}")));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    if bytes.trim_ascii_start().first().is_some_and(|first| *first != b'{') {
        let mend = lang.pick("phải là một đối tượng JSON", "must be one JSON object");
        return Err(AppError::Failed(format!("{name}:1:1: {mend}: {{\"schema\": \"dayplan-instance/1\", …}}")));
    }
    let problem = parse(bytes).map_err(|flaw| AppError::Failed(flaw.text(&name, lang)))?;
    whole(&problem).map_err(|(field, value, mend)| AppError::Failed(format!("{name}: {field} = {value}: {mend}")))?;
    Ok(problem)
}

/// What the file form asks for beyond what the planner needs: field, value and mend of what is not so.
fn whole(problem: &Problem) -> Result<(), (&'static str, String, &'static str)> {
    let (bin_s, bins) = (problem.footfall.bin_s, problem.footfall.weights.len());
    match () {
        () if problem.operating.is_empty() => {
            Err(("operating", "[]".into(), "give the hours in which the screen is on"))
        }
        () if bin_s != 900 => Err(("footfall.bin_s", bin_s.to_string(), "use 900 (15 minutes)")),
        () if bins != 96 => Err(("footfall.weights", format!("{bins} counts"), "give 96, one for each 15 minutes")),
        () => Ok(()),
    }
}

/// Where and why a file is no problem of a day.
struct Flaw {
    /// `campaigns[0].dur`; `.` for the document itself.
    path: String,
    error: serde_json::Error,
}

fn parse(bytes: &[u8]) -> Result<Problem, Flaw> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let mut track = serde_path_to_error::Track::new();
    let read = Problem::deserialize(serde_path_to_error::Deserializer::new(&mut json, &mut track));
    let problem = read.map_err(|error| Flaw { path: track.path().to_string(), error })?;
    json.end().map_err(|error| Flaw { path: ".".into(), error })?;
    Ok(problem)
}

impl Flaw {
    fn text(&self, name: &str, lang: Lang) -> String {
        let (line, column) = (self.error.line(), self.error.column());
        let said = self.error.to_string();
        let place = format!(" at line {line} column {column}");
        let said = said.strip_suffix(&place).unwrap_or(&said);
        // a value that is no problem although it is JSON has no place: its words name the field themselves
        if line == 0 {
            return format!("{name}: {said}");
        }
        let mend = plain(said).map(|mend| format!(" – {}", lang.pick(&mend.vi, &mend.en))).unwrap_or_default();
        let what = if self.error.is_data() { self.path.as_str() } else { lang.pick("không phải JSON", "not JSON") };
        let mend = if mend.is_empty() && !self.error.is_data() {
            lang.pick(
                " – hãy đưa trọn một tệp dayplan-instance/1 (xem tests/dayplan/README.md)",
                " – give one whole dayplan-instance/1 file (see tests/dayplan/README.md)",
            )
            .to_owned()
        } else {
            mend
        };
        format!("{name}:{line}:{column}: {what}: {said}{mend}")
    }
}

/// What is short and why, then the sum; words for people.
fn say(context: &Context, problem: &Problem, report: &PlanReport) {
    let tongue = if context.lang == Lang::En { plan::Lang::En } else { plan::Lang::Vi };
    for line in report.lines(problem, tongue, &str::to_owned) {
        output::words(&line);
    }
    let m = &report.metrics;
    let [plays, short, people, fillers] =
        [m.campaign_plays, m.shortfall_plays, m.audience, m.filler_plays].map(|n| context.lang.number(n));
    context.say(
        &format!(
            "{}: {plays} lượt có chỗ, thiếu {short}; {people} lượt người; {fillers} lượt nội dung tại chỗ.",
            problem.id
        ),
        &format!("{}: {plays} plays have a place, {short} lack one; audience {people}; {fillers} fillers.", problem.id),
    );
    if let Some(bound) = report.audience_bound.filter(|b| *b > 0) {
        let (within, most) = (tongue.per_cent(bound - m.audience.min(bound), bound), context.lang.number(bound));
        context.say(
            &format!("Không lịch nào đạt quá {most} lượt người: lịch này kém mức đó {within} hoặc ít hơn."),
            &format!("No plan can reach an audience above {most}: this one is within {within} of the best possible."),
        );
    }
}
