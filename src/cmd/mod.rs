//! The command line: one file per command, each with its own `Args` and `run`.
//!
//! Data go to standard output, words to standard error. Exit code 0 = done, 1 = failed (or, for
//! checks, something was found), 2 = called wrongly, 3 = a bundle was written that does not hold.

pub mod alerts;
mod approval;
mod audit;
mod backup;
mod bundles;
mod check;
mod demo;
mod device;
mod doors;
mod export;
pub mod import;
mod init;
mod log;
mod media;
pub mod output;
mod peaks;
mod people;
mod period;
mod plan;
mod preflight;
mod reconcile;
mod release;
mod report;
mod restore;
pub mod rooms;
pub mod scheduled;
mod serve;
mod share;
mod simulate;
pub mod usb;
mod verify;
mod why;
mod witness;

use crate::campaigns::CampaignStore;
use crate::clock::SystemClock;
use crate::config::{LogLines, Settings};
use crate::directory::{Directory, DirectoryStore, Screen};
use crate::error::AppError;
use crate::exchange::Rule;
use crate::lang::Lang;
use crate::library::{Library, MediaFiles, PlayerProbe};
use crate::store::Store;
use clap::{Parser, Subcommand};
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::ports::Clock;
use lichphat_playlists::time::LocalDay;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// lichphat: lập lịch, phát và chứng thực nội dung trên màn hình công cộng (plans, delivers and proves playout).
#[derive(Debug, Parser)]
#[command(name = "lichphat", version, propagate_version = true)]
pub struct Cli {
    /// Thư mục dữ liệu (directory of database, media and keys) [default: var/lichphat]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Tệp cấu hình (settings, TOML); see config/server.toml
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Ngôn ngữ (language of words)
    #[arg(long, global = true, value_enum, default_value_t = Lang::Vi)]
    lang: Lang,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tạo thư mục dữ liệu, cơ sở dữ liệu và khoá (make data directory, database and keys)
    Init(init::Args),
    /// Nhập danh mục, lịch, văn bản chỉ đạo từ tệp (import the directory, calendars, directives)
    Import(import::Args),
    /// Kho nội dung (media library)
    #[command(subcommand)]
    Media(media::Command),
    /// Chạy máy chủ (run the server)
    Serve(serve::Args),
    /// Thiết bị phát (players)
    #[command(subcommand)]
    Device(device::Command),
    /// Tài khoản, vai trò, uỷ quyền (accounts, roles, delegation)
    #[command(subcommand)]
    People(people::Command),
    /// Duyệt nội dung: chờ duyệt, duyệt, từ chối, thu hồi (what may be shown: approve, refuse, withdraw)
    #[command(subcommand)]
    Approval(approval::Command),
    /// Phiên bản của trình phát: ký, đưa ra dần, dừng (signed versions of the player, brought out in stages)
    #[command(subcommand)]
    Release(release::Command),
    /// USB cho màn hình không có mạng (a stick for screens without network)
    #[command(subcommand)]
    Usb(usb::Command),
    /// Lập lịch phát (plans)
    Plan(plan::Args),
    /// Giờ cao điểm tính từ số đếm lượt người (peak windows from counts of people)
    Peaks(peaks::Args),
    /// Xem trước: màn hình nào thực hiện được văn bản (who can carry an order, before it is signed)
    Preflight(preflight::Args),
    /// Mô phỏng nhiều ngày trên nhiều màn hình (what an order comes to on many screens over many days)
    Simulate(simulate::Args),
    /// Vì sao phát, vì sao không phát (why this plays and that does not)
    Why(why::Args),
    /// Báo cáo kết quả thực hiện (compliance figures)
    #[command(subcommand)]
    Report(report::Command),
    /// Xuất lượt phát ra tệp (plays as a file for other programs)
    #[command(subcommand)]
    Export(export::Command),
    /// Đối chiếu từng lượt: lịch, nhật ký của mình, nhật ký bên khác (plan, our log and theirs, play by play)
    Reconcile(reconcile::Args),
    /// Kiểm tra ngẫu nhiên: rút mẫu, ghi kết quả, kết luận (plays to be looked at: drawn at random, reported, judged)
    #[command(subcommand)]
    Audit(audit::Command),
    /// Đối chiếu kho dữ liệu với nhật ký đã ký (audit the store against the signed records)
    Check(check::Args),
    /// Sao lưu trong lúc máy chủ chạy (back the data up, beside a running server)
    Backup(backup::Args),
    /// Khôi phục từ bản sao lưu vào thư mục trống rồi đối chiếu (a backup becomes data again, and is audited)
    Restore(restore::Args),
    /// Kiểm tra một gói bằng chứng, không cần mạng (check a bundle of evidence, offline)
    Verify(verify::Args),
    /// Nhật ký bằng chứng (the log of evidence)
    #[command(subcommand)]
    Log(log::Command),
    /// Nhân chứng độc lập cho nhật ký (an independent witness of logs)
    Witness(witness::Args),
    /// Trình diễn toàn bộ hệ thống trên máy này (see the whole idea work)
    Demo(demo::Args),
}

async fn dispatch(command: Command, context: Context) -> Result<ExitCode, AppError> {
    match command {
        Command::Init(args) => init::run(args, &context).await,
        Command::Import(args) => import::run(args, &context).await,
        Command::Media(command) => media::run(command, &context).await,
        Command::Serve(args) => serve::run(args, &context).await,
        Command::Device(command) => device::run(command, &context).await,
        Command::People(command) => people::run(command, &context).await,
        Command::Approval(command) => approval::run(command, &context).await,
        Command::Release(command) => release::run(command, &context).await,
        Command::Usb(command) => usb::run(command, &context).await,
        Command::Plan(args) => plan::run(args, &context).await,
        Command::Peaks(args) => peaks::run(args, &context).await,
        Command::Preflight(args) => preflight::run(args, &context).await,
        Command::Simulate(args) => simulate::run(args, &context).await,
        Command::Why(args) => why::run(args, &context).await,
        Command::Report(command) => report::run(command, &context).await,
        Command::Export(command) => export::run(command, &context).await,
        Command::Reconcile(args) => reconcile::run(args, &context).await,
        Command::Audit(command) => audit::run(command, &context).await,
        Command::Check(args) => check::run(args, &context).await,
        Command::Backup(args) => backup::run(args, &context).await,
        Command::Restore(args) => restore::run(args, &context).await,
        Command::Verify(args) => verify::run(&args, &context),
        Command::Log(command) => log::run(command, &context).await,
        Command::Witness(args) => witness::run(args, &context).await,
        Command::Demo(args) => demo::run(args, &context).await,
    }
}

/// What every command gets: settings with the command line applied, language, clock.
#[derive(Clone)]
pub struct Context {
    /// Settings; `settings.data` is where this run's data live.
    pub settings: Settings,
    /// Language of words.
    pub lang: Lang,
    /// The machine's clock.
    pub clock: Arc<dyn Clock>,
}

impl Context {
    /// The local day it is.
    pub fn today(&self) -> LocalDay {
        self.clock.now().day(self.settings.utc_offset())
    }

    /// Opens the database of a data directory that `lichphat init` has made.
    pub fn open_store(&self) -> Result<Store, AppError> {
        let data = &self.settings.data;
        if !data.join(crate::store::sqlite::FILE_NAME).is_file() {
            let data = data.display();
            return Err(self.refused(
                format!("--data {data}: chưa có dữ liệu lichphat; hãy chạy trước: lichphat --data {data} init"),
                format!("--data {data}: holds no lichphat data; run first: lichphat --data {data} init"),
            ));
        }
        Ok(Store::open(data, self.settings.store.readers)?)
    }

    /// The library over `store`, with the probe from the settings.
    pub fn library(&self, store: &Store) -> Library {
        let probe = PlayerProbe::new(&self.settings.probe.program, self.settings.probe.timeout_s);
        let files = MediaFiles::new(&self.settings.data);
        Library::new(Arc::new(store.clone()), files, Arc::new(probe), Arc::clone(&self.clock))
    }

    /// What declared plays are held to: the city as it is.
    async fn rule(&self, store: &Store) -> Result<Arc<Rule>, AppError> {
        let (directory, campaigns) = (store.directory().await?, store.campaigns().await?);
        Ok(Arc::new(Rule { directory, campaigns, offset: self.settings.utc_offset() }))
    }

    /// The command was called wrongly: field, value and mend, in the person's language.
    fn refused(&self, vi: impl Into<String>, en: impl Into<String>) -> AppError {
        AppError::Usage(match self.lang {
            Lang::Vi => vi.into(),
            Lang::En => en.into(),
        })
    }

    /// The screen of that code, or an error that says what to do.
    fn screen<'d>(&self, directory: &'d Directory, code: &ScreenCode) -> Result<&'d Screen, AppError> {
        directory.screen(code).ok_or_else(|| {
            self.refused(
                format!("--screen {code}: không có trong danh mục; nhập bằng `lichphat import screens`"),
                format!("--screen {code}: is not in the directory; `lichphat import screens` puts it there"),
            )
        })
    }

    /// Says something to the person, in his language, on standard error.
    pub fn say(&self, vi: &str, en: &str) {
        output::words(self.lang.pick(vi, en));
    }
}

/// Parses the command line, runs the command, says what went wrong.
pub fn main() -> ExitCode {
    let cli: Cli = lichphat_verify::usage::parse(); // ends with code 2 when called wrongly
    let lang = cli.lang;
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            output::words(&format!("lichphat: {}", error.words(lang)));
            ExitCode::from(error.exit_code())
        }
    }
}

/// `RUST_LOG` says of what; a request's own line is of level debug.
fn log_to_stderr(lines: LogLines) {
    // simulated players speak for themselves through their records, not through the server's log
    let usual = match lines {
        LogLines::Text => "info,lichphat_player=error",
        LogLines::Json => "info,lichphat::web::traced=debug,lichphat_player=error",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| usual.into());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match lines {
        LogLines::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init(),
        LogLines::Json => log.json().flatten_event(true).with_span_list(false).init(),
    }
}

fn run(cli: Cli) -> Result<ExitCode, AppError> {
    let mut settings = cli.config.map_or_else(|| Ok(Settings::default()), |path| Settings::load(&path))?;
    if let Some(data) = cli.data {
        settings.data = data;
    }
    log_to_stderr(settings.log_lines);
    let context = Context { settings, lang: cli.lang, clock: Arc::new(SystemClock::new()) };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| AppError::io("cannot start", error))?;
    runtime.block_on(dispatch(cli.command, context))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
