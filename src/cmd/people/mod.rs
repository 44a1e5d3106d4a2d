//! `lichphat people`: accounts, roles and tokens from the server's own shell. Who has it may everything; what he does stands in the log.

mod import;
mod list;
mod token;

use super::{Context, output, rooms::Rooms};
use crate::directory::problem::Say;
use crate::directory::{DaySpan, Directory};
use crate::error::AppError;
use crate::people::{AccountCode, Caller, Grant, PeopleError, Role};
use lichphat_playlists::ids::UnitCode;
use lichphat_playlists::time::LocalDay;
use std::process::ExitCode;
use std::str::FromStr;

/// What there is to do.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Mã một lần để tạo quản trị viên đầu tiên, có hạn 1 giờ (a one-time code that makes an administrator of the whole city; 1 hour)
    First,
    /// Thêm tài khoản với vai trò đầu tiên; in ra mã một lần (an account with its first role; prints its one-time code)
    Add(Add),
    /// Các tài khoản và vai trò (accounts and what they hold)
    List(output::Args),
    /// Giao vai trò (give a role)
    Grant(Give),
    /// Thu hồi vai trò (take a role back, and what was passed on of it)
    Revoke(Revoke),
    /// Uỷ quyền: chuyển một vai trò cho người khác trong một thời gian (pass a role on, from one day to another)
    Delegate(Delegate),
    /// Mã một lần mới cho người quên mật khẩu hoặc mất điện thoại (a new one-time code; what was chosen before is good until it is used)
    Code {
        /// Tên tài khoản (account)
        account: AccountCode,
    },
    /// Ngừng tài khoản: mọi phiên và khoá hết hiệu lực ngay (end an account, its sessions and tokens at once)
    Deactivate(Deactivate),
    /// Nhập tài khoản từ tệp CSV (accounts by CSV; each new one gets a one-time code)
    Import(import::Args),
    /// Khoá cho chương trình (tokens for programs)
    #[command(subcommand)]
    Token(token::Command),
}

/// A role over a unit.
#[derive(Debug, clap::Args)]
pub(super) struct RoleArgs {
    /// viewer | operator | approver | unit-head | city-editor | auditor | administrator
    #[arg(long, value_parser = word::<Role>)]
    role: Role,
    /// Đơn vị, mã hoặc tên (unit, code or name)
    #[arg(long, required_unless_present = "everywhere")]
    unit: Option<String>,
    /// Toàn thành phố (everywhere)
    #[arg(long, conflicts_with = "unit")]
    everywhere: bool,
    #[command(flatten)]
    days: Days,
}

/// Days, and the paper behind them.
#[derive(Debug, clap::Args)]
struct Days {
    /// Ngày đầu (first day)
    #[arg(long)]
    from: Option<LocalDay>,
    /// Ngày cuối (last day, included)
    #[arg(long)]
    to: Option<LocalDay>,
    /// Số quyết định (number of the decision)
    #[arg(long, default_value = "")]
    decision: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// Tên tài khoản (account, a-z 0-9 . _ -)
    account: String,
    /// Họ và tên (whose it is)
    #[arg(long)]
    name: String,
    #[command(flatten)]
    role: RoleArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct Give {
    /// Tên tài khoản (account)
    account: AccountCode,
    #[command(flatten)]
    role: RoleArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct Revoke {
    /// Tên tài khoản (account)
    account: AccountCode,
    /// Số của vai trò, như `people list` ghi (number of the role, as the list has it)
    #[arg(long)]
    grant: u32,
}

#[derive(Debug, clap::Args)]
pub(super) struct Delegate {
    /// Người uỷ quyền (who passes it on)
    account: AccountCode,
    /// Số của vai trò, như `people list` ghi (number of the role)
    #[arg(long)]
    grant: u32,
    /// Người được uỷ quyền (to whom)
    #[arg(long, value_name = "ACCOUNT")]
    to_account: AccountCode,
    #[command(flatten)]
    days: Days,
}

#[derive(Debug, clap::Args)]
pub(super) struct Deactivate {
    /// Tên tài khoản (account)
    account: AccountCode,
    /// Ai nhận việc còn dở (who takes over what it left open)
    #[arg(long, value_name = "ACCOUNT")]
    heir: Option<AccountCode>,
}

impl Days {
    fn grant(&self, id: u32, role: Role, unit: Option<UnitCode>) -> Grant {
        let (days, decision) = (DaySpan::new(self.from, self.to), self.decision.clone());
        Grant { id, role, unit, days, decision, given_by: None }
    }
}

impl RoleArgs {
    fn grant(&self, directory: &Directory, context: &Context) -> Result<Grant, AppError> {
        let unit = unit(self.unit.as_deref(), directory, context)?;
        Ok(self.days.grant(0, self.role, unit))
    }
}

/// A word of a closed list.
fn word<T: FromStr<Err = Say>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|say: Say| format!("{} ({})", say.vi, say.en))
}

/// The unit that somebody means.
fn unit(text: Option<&str>, directory: &Directory, context: &Context) -> Result<Option<UnitCode>, AppError> {
    let Some(text) = text else { return Ok(None) };
    let found = directory.find_unit(text, context.today());
    let unit = found.map_err(|error| {
        let say = error.say();
        context.refused(format!("--unit {text}: {}", say.vi), format!("--unit {text}: {}", say.en))
    })?;
    Ok(Some(unit.code.clone()))
}

/// What the room says no to, in the person's language; a rule that was broken is a mistake of the call.
fn refused(context: &Context) -> impl Fn(PeopleError) -> AppError {
    let lang = context.lang;
    move |error| match error {
        PeopleError::Refused(why) => AppError::Usage(why.say().pick(lang).to_owned()),
        PeopleError::Store(error) => error.into(),
        error => AppError::Failed(error.words(lang)),
    }
}

/// Runs the command.
pub(super) async fn run(command: Command, context: &Context) -> Result<ExitCode, AppError> {
    let rooms = Rooms::open(context)?;
    let (people, shell, failed) = (&rooms.people, Caller::shell(), refused(context));
    let city = rooms.city().await?;
    let directory = &city.directory;
    match command {
        Command::First => {
            let code = people.first_administrator().await.map_err(failed)?;
            hand_out(&code, context, "1 giờ", "1 hour")?;
        }
        Command::Add(Add { account, name, role }) => {
            let grant = role.grant(directory, context)?;
            let code = people.add(&shell, (&account, &name), grant, directory).await.map_err(failed)?;
            hand_out(&code, context, "3 ngày", "3 days")?;
        }
        Command::List(args) => list::run(&args, people, directory, context).await?,
        Command::Grant(Give { account, role }) => {
            let grant = role.grant(directory, context)?;
            match people.grant(&shell, &account, grant, directory).await.map_err(failed)? {
                Some(id) => context.say(&format!("Đã giao vai trò số {id}."), &format!("Role {id} is given.")),
                None => context.say("Tài khoản đã có vai trò này.", "The account holds this role already."),
            }
        }
        Command::Revoke(Revoke { account, grant }) => {
            people.revoke(&shell, &account, grant, directory).await.map_err(failed)?;
            context.say(&format!("Đã thu hồi vai trò số {grant}."), &format!("Role {grant} is taken back."));
        }
        Command::Delegate(Delegate { account, grant, to_account, days }) => {
            let grant = days.grant(grant, Role::Viewer, None); // role and unit are those of the grant
            let id = people.delegate(&shell, &account, &to_account, grant).await.map_err(failed)?;
            context.say(&format!("Đã uỷ quyền, vai trò số {id}."), &format!("Passed on as role {id}."));
        }
        Command::Code { account } => {
            let code = people.reset(&shell, &account, directory).await.map_err(failed)?;
            hand_out(&code, context, "3 ngày", "3 days")?;
        }
        Command::Deactivate(Deactivate { account, heir }) => {
            people.deactivate(&shell, &account, heir.as_ref(), directory).await.map_err(failed)?;
            context.say(&format!("Đã ngừng tài khoản {account}."), &format!("The account {account} is deactivated."));
        }
        Command::Import(args) => return import::run(&args, people, directory, context).await,
        Command::Token(command) => token::run(command, people, directory, context).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn hand_out(code: &str, context: &Context, vi: &str, en: &str) -> Result<(), AppError> {
    context.say(
        &format!(
            "Mã một lần, có hạn {vi}; nhập ở trang /first của bảng điều khiển (`lichphat serve` in địa chỉ khi chạy):"
        ),
        &format!(
            "One-time code, good for {en}; type it on the console's page /first (`lichphat serve` prints the address):"
        ),
    );
    output::text(&format!("{code}\n"))
}
