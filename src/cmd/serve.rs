//! `lichphat serve`: the web service, on this machine only until TLS and accounts exist.

use super::Context;
use crate::error::AppError;
use crate::web::{self, Listener};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

/// Arguments of `lichphat serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Địa chỉ và cổng (address and port; goes before the settings)
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
}

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let settings = &context.settings;
    let refused = |error: web::ListenError| match error {
        web::ListenError::NotLoopback(_) => AppError::Usage(error.to_string()),
        web::ListenError::Bind { .. } => AppError::Failed(error.to_string()),
    };
    let listener = Listener::bind(args.listen.unwrap_or(settings.listen)).await.map_err(refused)?;
    let store = context.open_store()?;
    let app = context.app(&store)?;
    let address = listener.address();
    context.say(
        &format!("Máy chủ lichphat: http://{address}/ (Ctrl-C để dừng)"),
        &format!("lichphat serves http://{address}/ (Ctrl-C stops it)"),
    );
    let seconds = |s: u32| Duration::from_secs(u64::from(s));
    let (header_read, grace) = (seconds(settings.web.header_read_timeout_s), seconds(settings.web.shutdown_grace_s));
    let stop = stop_signal()?;
    listener.serve(web::service(&app), header_read, grace, stop).await;
    context.say("Đã dừng.", "Stopped.");
    Ok(ExitCode::SUCCESS)
}

/// Done at Ctrl-C or when the system asks the program to end.
pub(super) fn stop_signal() -> Result<impl Future<Output = ()>, AppError> {
    use tokio::signal::unix::{SignalKind, signal};
    let failed = |error| AppError::io("cannot listen for signals", error);
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt()).map_err(failed)?, signal(SignalKind::terminate()).map_err(failed)?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
