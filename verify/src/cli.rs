//! The command: arguments, words for people, exit code 0 only when everything holds.

use crate::findings::words;
use crate::screen::stamp;
use crate::verdict::{Finding, Inspections, Outcome, Standing, Unreadable, Verdict, Words, plain};
use crate::vietnamese::{digits, moment, place};
use crate::{Options, page, page_of_unreadable, verify};
use indicatif::{ProgressBar, ProgressDrawTarget};
use lichphat_playlists::proof::checkpoint::{Checkpoint, Policy};
use lichphat_playlists::proof::note::{Note, NoteError};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What to check, and how to tell of it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Gói bằng chứng (bundle, B.zip)
    pub bundle: PathBuf,
    /// Tệp chính sách: tin sổ nào, nhân chứng nào, cần mấy nhân chứng (C2SP tlog-policy)
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Điểm chốt bạn giữ từ lần kiểm tra trước (a checkpoint you kept)
    #[arg(long, value_name = "FILE")]
    pub since: Option<PathBuf>,
    /// Lời xác nhận bạn lấy trực tiếp từ một thiết bị, dùng được nhiều lần (what a player itself told you: `lichphat-player head`)
    #[arg(long, value_name = "FILE")]
    pub head: Vec<PathBuf>,
    /// Cách in kết quả
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Ghi thêm một trang để đọc và in (a page for people, in Vietnamese)
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// How the verdict is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Lines for people.
    #[default]
    Table,
    /// Everything, for programs.
    Json,
}

/// Language of the lines for people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Lang {
    /// Vietnamese.
    #[default]
    Vi,
    /// English.
    En,
}

impl Lang {
    fn of(self, words: &Words) -> &str {
        match self {
            Self::Vi => &words.vi,
            Self::En => &words.en,
        }
    }
    fn pick(self, vi: &'static str, en: &'static str) -> &'static str {
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
    }
}

/// Why the command could not do its work.
#[derive(Debug)]
enum CliError {
    /// A file of the reader's.
    File { path: PathBuf, source: std::io::Error },
    /// The policy.
    Policy { path: PathBuf, problem: String },
    /// The kept checkpoint.
    Since { path: PathBuf, source: NoteError },
}

impl CliError {
    fn words(&self) -> Words {
        match self {
            Self::File { path, source } => {
                let path = path.display();
                words!("{path}: không đọc hoặc ghi được: {source}"; "{path}: {source}")
            }
            Self::Policy { path, problem } => {
                let path = path.display();
                words!("{path}: không phải tệp chính sách dùng được: {problem}; xem docs/audit.md"; "{path}: {problem}")
            }
            Self::Since { path, source } => {
                let path = path.display();
                words!(
                    "{path}: đây không phải điểm chốt; hãy đưa tệp đã giữ từ lần kiểm tra trước (docs/audit.md)";
                    "{path}: this is no checkpoint: {source}; give the file that was kept at the last visit (docs/audit.md)")
            }
        }
    }
}

/// Runs the command. Exit code 0: everything holds; 1: it does not, or the bundle is no bundle; 2: the command
/// could not be carried out; 3: all holds but single screens, and the figures of the others stand.
pub fn run(args: &Args, lang: Lang) -> ExitCode {
    match check(args, lang) {
        Ok(Standing::Whole) => ExitCode::SUCCESS,
        Ok(Standing::Not) => ExitCode::FAILURE,
        Ok(Standing::InPart) => ExitCode::from(3),
        Err(error) => {
            complain(&error.words(), lang);
            ExitCode::from(2)
        }
    }
}

fn complain(what: &Words, lang: Lang) {
    let (mut stderr, mut said) = (std::io::stderr(), lang.of(what).to_owned());
    plain(&mut said);
    let _ = writeln!(stderr, "{}: {said}", lang.pick("lỗi", "error")); // nowhere left to complain
}

fn check(args: &Args, lang: Lang) -> Result<Standing, CliError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| CliError::File { path, source }
    };
    let text = |path: &PathBuf| std::fs::read_to_string(path).map_err(failed(path));
    let policy = args.policy.as_ref().map(|path| {
        let policy = Policy::parse(&text(path)?);
        policy.map_err(|e| CliError::Policy { path: path.clone(), problem: e.to_string() })
    });
    let heads = args.head.iter().map(|path| std::fs::read(path).map_err(failed(path))).collect::<Result<_, _>>()?;
    let since = args.since.as_ref().map(|path| {
        let text = text(path)?;
        let read = Note::parse(&text).and_then(|note| Checkpoint::parse(&note.text));
        read.map(|_| text).map_err(|source| CliError::Since { path: path.clone(), source })
    });
    let (policy, since) = (policy.transpose()?, since.transpose()?);
    let options = Options { policy, since, heads };
    let open = || File::open(&args.bundle).map(BufReader::new);
    open().map_err(failed(&args.bundle))?;
    // drawn only where somebody watches
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let mut progress = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let verdict = verify(open, &options, &mut progress);
    bar.finish_and_clear();
    let (standing, page, json, printed) = match verdict {
        Ok(v) => (v.standing, page(&v), serde_json::to_value(&v), lines(&v, lang)),
        Err(error) => {
            let unreadable = Unreadable { ok: false, unreadable: error.words() };
            let path = args.bundle.display();
            let what = &unreadable.unreadable;
            complain(&words!("{path}: {}", what.vi; "{path}: {}", what.en), lang);
            (Standing::Not, page_of_unreadable(&unreadable), serde_json::to_value(&unreadable), String::new())
        }
    };
    if let Some(path) = &args.html {
        write_page(path, &page).map_err(failed(path))?;
    }
    let printed = match args.format {
        Format::Json => format!("{:#}\n", json.unwrap_or_default()),
        Format::Table => printed,
    };
    std::io::stdout().write_all(printed.as_bytes()).map_err(failed(Path::new("stdout")))?;
    Ok(standing)
}

/// Whole or not at all.
fn write_page(path: &Path, page: &str) -> std::io::Result<()> {
    let dir = path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(page.as_bytes())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?; // a page is made to be passed on
    }
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}

/// The verdict in lines.
fn lines(v: &Verdict, lang: Lang) -> String {
    let mut out = String::new();
    let head = v.headline();
    let _ = writeln!(out, "{}: {} ({}), {} – {}", lang.of(&head), v.title, v.campaign, v.from, v.to);
    for (check, outcome) in &v.checks {
        let sign = match outcome {
            Outcome::Holds => "✓",
            Outcome::Lost => "!",
            Outcome::FailsInPart | Outcome::Fails => "✗",
            Outcome::NotChecked => "–",
        };
        let _ = writeln!(out, "  {sign} {}", lang.of(&check.words(*outcome)));
    }
    sums(&mut out, v, lang);
    let list = |out: &mut String, title: &str, findings: &[&Finding]| {
        if !findings.is_empty() {
            let _ = writeln!(out, "{title}");
        }
        for f in findings {
            let named = match lang {
                Lang::Vi => place(&f.place),
                Lang::En => f.place.clone(),
            };
            let colon = if named.is_empty() { "" } else { ": " };
            let _ = writeln!(out, "  - {named}{colon}{}", lang.of(&f.what));
        }
    };
    let (whole, single): (Vec<_>, Vec<_>) = v.faults.iter().partition(|f| f.screen.is_none());
    list(&mut out, lang.pick("Điểm sai của gói hoặc của máy chủ:", "Faults of the bundle or the scheduler:"), &whole);
    list(&mut out, lang.pick("Điểm sai ở riêng từng màn hình:", "Faults at single screens:"), &single);
    list(&mut out, lang.pick("Cần biết:", "To know:"), &v.remarks.iter().collect::<Vec<_>>());
    looked(&mut out, &v.inspections, lang);
    out
}

/// What it came to; where single screens do not hold, what of it stands.
fn sums(out: &mut String, v: &Verdict, lang: Lang) {
    let counted: u64 = v.screens.iter().map(|s| s.counted).sum();
    let refused: u64 = v.screens.iter().map(|s| s.not_counted + s.unknown).sum();
    let held: u64 = v.held().map(|s| s.counted).sum();
    let _ = match lang {
        Lang::Vi => writeln!(
            out,
            "{} màn hình, {} đoạn nhật ký, {} bản ghi; {} lượt được tính, {} lượt không được tính hoặc chưa rõ; {} con số của báo cáo đã tính lại.",
            digits(v.screens.len() as u64),
            digits(v.segments),
            digits(v.records),
            digits(counted),
            digits(refused),
            digits(v.figures)
        ),
        Lang::En => writeln!(
            out,
            "{} screens, {} segments, {} records; {counted} plays counted, {refused} not counted or unknown; {} figures of the report recomputed.",
            v.screens.len(),
            v.segments,
            v.records,
            v.figures
        ),
    };
    if v.standing == Standing::InPart {
        let held_vi = digits(held);
        let words = words!(
            "Trong số đó {held_vi} lượt được tính ở các màn hình hợp lệ đứng vững; phần của màn hình không hợp lệ thì chưa.";
            "Of them {held} plays counted at the screens that hold stand; what the others add does not.");
        let _ = writeln!(out, "{}", lang.of(&words));
    }
}

/// What people found who went to look.
fn looked(out: &mut String, found: &Inspections, lang: Lang) {
    let (looked, good, bad) = (found.looked(), found.as_expected, found.bad.len());
    let (could_not, with_code) = (found.could_not_look, found.with_code);
    if looked + could_not == 0 {
        return;
    }
    let _ = match lang {
        Lang::Vi => writeln!(
            out,
            "Người đi xem báo (không đổi con số nào ở trên): đã xem {looked} lượt, {good} đúng, {bad} sai, {with_code} có mã kiểm tra; {could_not} không xem được."
        ),
        Lang::En => writeln!(
            out,
            "People who went to look report (it changes no figure above): {looked} plays looked at, {good} as expected, {bad} bad, {with_code} with a code; {could_not} nobody could look at."
        ),
    };
    for one in &found.bad {
        let note = if one.note.is_empty() { String::new() } else { format!(": {}", one.note) };
        let at = match lang {
            Lang::Vi => moment(one.start_s),
            Lang::En => stamp(one.start_s),
        };
        let _ = writeln!(out, "  - {}, {at}: {} ({}){note}", one.screen, lang.of(&one.words()), one.by);
    }
}
