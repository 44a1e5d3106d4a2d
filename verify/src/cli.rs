//! The command: arguments, words for people, exit code 0 only when everything holds.

use crate::findings::words;
use crate::screen::stamp;
use crate::verdict::{Finding, Inspections, Outcome, Unreadable, Verdict, Words, plain};
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
                    "{path}: đây không phải điểm chốt: {source}; hãy đưa tệp đã giữ từ lần kiểm tra trước (docs/audit.md)";
                    "{path}: this is no checkpoint: {source}; give the file that was kept at the last visit (docs/audit.md)")
            }
        }
    }
}

/// Runs the command. Exit code 0: everything holds; 1: something does not, or the bundle is no bundle; 2: the command
/// could not be carried out.
pub fn run(args: &Args, lang: Lang) -> ExitCode {
    match check(args, lang) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
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

fn check(args: &Args, lang: Lang) -> Result<bool, CliError> {
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
    let (ok, page, json, printed) = match verdict {
        Ok(v) => (v.ok, page(&v), serde_json::to_value(&v), lines(&v, lang)),
        Err(error) => {
            let unreadable = Unreadable { ok: false, unreadable: error.words() };
            let path = args.bundle.display();
            let what = &unreadable.unreadable;
            complain(&words!("{path}: {}", what.vi; "{path}: {}", what.en), lang);
            (false, page_of_unreadable(&unreadable), serde_json::to_value(&unreadable), String::new())
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
    Ok(ok)
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
            Outcome::Fails => "✗",
            Outcome::NotChecked => "–",
        };
        let _ = writeln!(out, "  {sign} {}", lang.of(&check.words(*outcome)));
    }
    let (counted, refused): (u64, u64) =
        v.screens.iter().fold((0, 0), |(c, r), s| (c + s.counted, r + s.not_counted + s.unknown));
    let _ = match lang {
        Lang::Vi => writeln!(
            out,
            "{} màn hình, {} đoạn nhật ký, {} bản ghi; {counted} lượt được tính, {refused} lượt không được tính hoặc chưa rõ; {} con số của báo cáo đã tính lại.",
            v.screens.len(),
            v.segments,
            v.records,
            v.figures
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
    let list = |out: &mut String, title: &str, findings: &[Finding]| {
        if !findings.is_empty() {
            let _ = writeln!(out, "{title}");
        }
        for f in findings {
            let place = if f.place.is_empty() { String::new() } else { format!("{}: ", f.place) };
            let _ = writeln!(out, "  - {place}{}", lang.of(&f.what));
        }
    };
    list(&mut out, lang.pick("Điểm sai:", "Faults:"), &v.faults);
    list(&mut out, lang.pick("Cần biết:", "To know:"), &v.remarks);
    looked(&mut out, &v.inspections, lang);
    out
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
        let _ =
            writeln!(out, "  - {}, {}: {} ({}){note}", one.screen, stamp(one.start_s), lang.of(&one.words()), one.by);
    }
}
