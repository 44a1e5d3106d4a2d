//! `lichphat people token`: what programs come in with.

use super::super::{Context, output};
use crate::directory::Directory;
use crate::error::AppError;
use crate::people::{AccountCode, Act, Caller, People, Scope};
use serde::Serialize;

/// What there is to do.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cmd) enum Command {
    /// Tạo khoá; chỉ hiện một lần (make a token; it is shown once)
    Add(Add),
    /// Các khoá còn hiệu lực (tokens that were not taken back)
    List(output::Args),
    /// Thu hồi khoá (take a token back)
    Revoke {
        /// Số của khoá (its number)
        id: u32,
    },
}

#[derive(Debug, clap::Args)]
pub(in crate::cmd) struct Add {
    /// Tài khoản; khoá không làm được gì hơn tài khoản này (account; the token may never more than it)
    account: AccountCode,
    /// Để làm gì (what people call it)
    #[arg(long)]
    label: String,
    /// view | operate | compose | audit | watch, ngăn bằng dấu phẩy (what for, with commas between)
    #[arg(long, value_delimiter = ',', required = true, value_parser = super::word::<Act>)]
    acts: Vec<Act>,
    /// Chỉ trong đơn vị này (only in this unit and below)
    #[arg(long)]
    unit: Option<String>,
    /// Số ngày hiệu lực, 1-366 (days for which it is good)
    #[arg(long, default_value_t = 90)]
    days: u32,
}

const COLUMNS: [&str; 6] = ["id", "account", "label", "acts", "unit", "expires"];

#[derive(Serialize)]
struct Row {
    id: u32,
    account: String,
    label: String,
    acts: String,
    unit: Option<String>,
    expires: String,
}

/// Runs the command.
pub(super) async fn run(
    command: Command,
    people: &People,
    directory: &Directory,
    context: &Context,
) -> Result<(), AppError> {
    let (shell, failed) = (Caller::shell(), super::refused(context));
    match command {
        Command::Add(Add { account, label, acts, unit, days }) => {
            let unit = super::unit(unit.as_deref(), directory, context)?;
            let scope = Scope { acts: acts.into_iter().collect(), unit };
            let token = people.token(&shell, &account, (&label, scope, days), directory).await.map_err(failed)?;
            context.say(
                "Khoá, chỉ hiện lần này; chương trình gửi nó trong Authorization: Bearer",
                "The token, shown this once; a program sends it as Authorization: Bearer",
            );
            output::text(&format!("{token}\n"))
        }
        Command::List(args) => {
            let offset = context.settings.utc_offset();
            let tokens = people.tokens(None).await.map_err(failed)?;
            let row = |token: crate::people::Token| Row {
                id: token.id,
                account: token.account.to_string(),
                label: token.label,
                acts: token.scope.acts.iter().map(|act| act.as_str()).collect::<Vec<_>>().join(","),
                unit: token.scope.unit.map(String::from),
                expires: token.expires.rfc3339(offset),
            };
            let rows: Vec<Row> = tokens.into_iter().map(row).collect();
            output::rows(context.lang, args.format, &COLUMNS, &rows)
        }
        Command::Revoke { id } => {
            people.revoke_token(&shell, id, directory).await.map_err(failed)?;
            context.say(&format!("Đã thu hồi khoá số {id}."), &format!("Token {id} is taken back."));
            Ok(())
        }
    }
}
