//! `lichphat init`: data directory, database and keys; what is there already is never overwritten.

use super::Context;
use super::doors::Shown;
use crate::clock::SystemRng;
use crate::error::AppError;
use crate::keys::Keys;
use crate::store::Store;
use std::process::ExitCode;

/// Arguments of `lichphat init`: none of its own.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Runs the command.
pub(super) async fn run(_: Args, context: &Context) -> Result<ExitCode, AppError> {
    let keys = make(context)?;
    let data = &context.settings.data;
    let (data, key) = (data.display(), keys.plan.verifying_key().to_base64());
    context.say(&format!("Dữ liệu đã sẵn sàng: {data}"), &format!("Data are ready: {data}"));
    context.say(
        &format!("Hãy sao lưu {data}/keys/ ở nơi an toàn. Khoá công khai ký lịch phát: {key}"),
        &format!("Back up {data}/keys/ to a safe place. Public key that signs plans: {key}"),
    );
    if let Some(authority) = Shown::load(&context.settings, context.today())?.and_then(|shown| shown.authority_file()) {
        context.say(
            &format!("Chứng thư của máy chủ do chính máy này cấp ({authority}): thiết bị nhận nó qua tệp cấp phép, trình duyệt thì nhập bằng tay."),
            &format!("The server's certificate is issued by itself ({authority}): boxes are given it with their provisioning file, a browser by hand."),
        );
    }
    let log = super::rooms::log_name(&keys, &context.settings)?;
    context.say(
        &format!("Khoá công khai của sổ, để đưa cho nhân chứng và kiểm tra viên: {log}"),
        &format!("Public key of the log, for witnesses and auditors: {log}"),
    );
    Ok(ExitCode::SUCCESS)
}

/// Makes what is missing.
pub(super) fn make(context: &Context) -> Result<Keys, AppError> {
    let data = &context.settings.data;
    if crate::backup::is_unfinished(data)? {
        let data = data.display();
        return Err(context.refused(
            format!("--data {data}: đang khôi phục dở; chờ xong, hoặc xoá các thư mục .unfinished-* rồi khôi phục lại"),
            format!("--data {data}: a restore is under way or was broken off; wait, or remove .unfinished-* and restore again"),
        ));
    }
    std::fs::create_dir_all(data).map_err(|error| AppError::io(format!("--data {}", data.display()), error))?;
    Store::open(data, 1)?;
    Ok(Keys::load_or_make(data, &SystemRng)?)
}
