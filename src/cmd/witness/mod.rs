//! `lichphat witness`: somebody else's machine (an inspectorate's, a department's) that vouches that a log only ever grew.
//! It implements `add-checkpoint` of C2SP tlog-witness for any log that speaks it, and needs no data directory.
//!
//! The same door as the scheduler's, so it listens on this machine only: whoever lets others in puts a reverse proxy
//! with TLS in front of `/add-checkpoint`. Nothing in a request or an answer is secret, and nobody but the owner of a
//! known log's key can make the witness keep anything.

mod desk;
pub(in crate::cmd) mod door;
#[cfg(test)]
mod tests;

use super::{Context, doors, output, serve};
use crate::error::AppError;
use crate::web::{Limits, Listener, Response, Router, Service};
use bytes::Bytes;
use desk::{Desk, NotCosigned};
use http::{StatusCode, header};
use lichphat_playlists::proof::note::VerifierKey;
use lichphat_playlists::proof::witness::{MAX_REQUEST_BYTES, SIZE_TYPE};
use lichphat_playlists::wire::sign::LogSigning;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use warp::{Filter, Reply};

/// Arguments of `lichphat witness`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Tạo khoá và thư mục của nhân chứng (make a witness's key and directory)
    Init {
        /// Tên của nhân chứng, nên là một địa chỉ (its name, best an address): thanh-tra.example/nhan-chung
        #[arg(long)]
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Chạy nhân chứng (run the witness)
    Run {
        #[command(flatten)]
        place: Place,
        /// Địa chỉ và cổng (address and port; goes before the settings)
        #[arg(long, value_name = "ADDR:PORT")]
        listen: Option<SocketAddr>,
        /// Khoá công khai của một nhật ký được ký nhận, có thể lặp lại (key of a log to cosign, beside those of the settings)
        #[arg(long, value_name = "VKEY")]
        log: Vec<VerifierKey<LogSigning>>,
    },
}

#[derive(Debug, clap::Args)]
struct Place {
    /// Tệp cấu hình của nhân chứng (its settings, TOML); see config/witness.toml
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Thư mục của nhân chứng (its directory; goes before the settings)
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Settings of a witness: typed TOML, every key with a default, no unknown key accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    /// Address and port. Loopback only.
    listen: SocketAddr,
    /// Its key, and what it has cosigned.
    dir: PathBuf,
    /// Keys of the logs it cosigns; a log's name is its origin.
    logs: Vec<VerifierKey<LogSigning>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8088)), dir: "var/witness".into(), logs: Vec::new() }
    }
}

impl Settings {
    /// Parses; `path` is for the error's text only.
    fn parse(text: &str, path: &Path) -> Result<Self, AppError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        toml::from_str(text).map_err(|error| unreadable(path, &error))
    }
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> AppError {
    let path = path.display();
    AppError::mistake(format!("--settings {path}: không đọc được: {error}"), format!("--settings {path}: {error}"))
}

impl Place {
    fn settings(&self) -> Result<Settings, AppError> {
        let mut settings = match &self.settings {
            None => Settings::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
                Settings::parse(&text, path)?
            }
        };
        if let Some(dir) = &self.dir {
            settings.dir.clone_from(dir);
        }
        Ok(settings)
    }
}

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    match args.command {
        Command::Init { name, place } => init(&name, &place.settings()?, context),
        Command::Run { place, listen, log } => {
            let mut settings = place.settings()?;
            settings.listen = listen.unwrap_or(settings.listen);
            settings.logs.extend(log);
            attend(settings, context).await
        }
    }
}

fn init(name: &str, settings: &Settings, context: &Context) -> Result<ExitCode, AppError> {
    let (vkey, dir) = (desk::make(&settings.dir, name)?, settings.dir.display());
    context.say(
        &format!("Nhân chứng đã sẵn sàng ở {dir}. Hãy sao lưu thư mục này: mất nó thì phải làm nhân chứng mới."),
        &format!("The witness is ready in {dir}. Back this directory up: without it you begin as another witness."),
    );
    context.say(
        "Dòng đầu ghi vào [log] witnesses của máy chủ, dòng sau ghi vào chính sách của người kiểm tra (sửa địa chỉ cho đúng):",
        "The first line is for [log] witnesses of a scheduler, the second for an auditor's policy (put the right address):",
    );
    let url = format!("http://{}", settings.listen);
    output::text(&format!("{{ url = \"{url}\", key = \"{vkey}\" }}\nwitness {name} {vkey} {url}\n"))?;
    Ok(ExitCode::SUCCESS)
}

async fn attend(settings: Settings, context: &Context) -> Result<ExitCode, AppError> {
    if settings.logs.is_empty() {
        return Err(context.refused(
            "logs = []: nhân chứng không có sổ nào thì không ký gì; hãy ghi khoá của sổ vào cấu hình hoặc thêm --log VKEY",
            "logs = []: a witness without logs cosigns nothing; write a log's key into the settings or say --log VKEY",
        ));
    }
    let refused = |error| doors::cannot_listen("listen", error);
    let listener = Listener::bind(settings.listen, None).await.map_err(refused)?;
    let desk = Desk::open(&settings.dir, settings.logs, Arc::clone(&context.clock))?;
    let (address, name) = (listener.address(), desk.name().name().to_owned());
    context.say(
        &format!("Nhân chứng {name}: http://{address}/ (Ctrl-C để dừng)"),
        &format!("The witness {name} serves http://{address}/ (Ctrl-C stops it)"),
    );
    let stop = serve::stop_signal()?;
    listener.serve(service(Arc::new(desk)), Limits::default(), stop).await;
    context.say("Đã dừng.", "Stopped.");
    Ok(ExitCode::SUCCESS)
}

/// `POST /add-checkpoint`.
fn service(desk: Arc<Desk>) -> Service {
    let add = warp::path!("add-checkpoint").and(warp::post()).and(warp::body::bytes()).then(move |body: Bytes| {
        let desk = Arc::clone(&desk);
        async move {
            // judging waits for the disk
            match tokio::task::spawn_blocking(move || desk.add(&body)).await {
                Ok(result) => answer(result),
                Err(error) => {
                    tracing::error!(%error, "the witness failed");
                    StatusCode::INTERNAL_SERVER_ERROR.into_response()
                }
            }
        }
    });
    Router::new().route("add-checkpoint", add).into_service(MAX_REQUEST_BYTES as u32)
}

fn answer(result: Result<String, NotCosigned>) -> Response {
    match result {
        Ok(line) => line.into_response(),
        Err(NotCosigned::Refused(refusal)) => {
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            match refusal.size() {
                Some(size) => {
                    let sized = warp::reply::with_header(format!("{size}\n"), header::CONTENT_TYPE, SIZE_TYPE);
                    warp::reply::with_status(sized, status).into_response()
                }
                None => warp::reply::with_status(format!("{refusal}\n"), status).into_response(),
            }
        }
        Err(error @ NotCosigned::State { .. }) => {
            tracing::error!(%error, "the witness cannot keep what it would cosign, so it does not cosign");
            warp::reply::with_status("the witness cannot keep its state\n", StatusCode::INTERNAL_SERVER_ERROR)
                .into_response()
        }
    }
}
