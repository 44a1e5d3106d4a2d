//! `lichphat export`: what leaves as a file.

mod bundle;
mod plays;

use super::Context;
use crate::campaigns::Campaigns;
use crate::error::AppError;
use crate::proof::evidence::EvidenceStore;
use crate::store::Store;
use lichphat_playlists::ids::CampaignCode;
use lichphat_playlists::time::{UtcMillis, UtcOffset};
use std::process::ExitCode;

/// What there is to do.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Lượt phát, theo mẫu mà phần mềm khác đọc được (plays, in forms that other programs read)
    Plays(plays::Args),
    /// Gói bằng chứng cho kiểm tra viên, kiểm tra được không cần mạng (evidence of one campaign's report, to be checked offline)
    Bundle(bundle::Args),
}

/// A campaign that exists, or of which records are left when it does not.
async fn known_campaign(
    campaign: &CampaignCode,
    campaigns: &Campaigns,
    store: &Store,
    context: &Context,
) -> Result<(), AppError> {
    let [first, last] = [i64::MIN, i64::MAX].map(|ms| UtcMillis(ms).day(UtcOffset(0)));
    if campaigns.kind_of(campaign.as_str()).is_some() || !store.screens_with(campaign, first, last).await?.is_empty() {
        return Ok(());
    }
    Err(context.refused(
        format!("--campaign {campaign}: không có văn bản, hợp đồng hay mục nào mang mã này; xem lại mã, hoặc nhập bằng `lichphat import`"),
        format!("--campaign {campaign}: is no order, contract or item; look at the code again, or let `lichphat import` take it in"),
    ))
}

/// Runs the command.
pub(super) async fn run(command: Command, context: &Context) -> Result<ExitCode, AppError> {
    match command {
        Command::Plays(args) => plays::run(args, context).await,
        Command::Bundle(args) => bundle::run(args, context).await,
    }
}
