//! The question that reports, exports, draws and comparisons share: which campaign, and which days.

use super::Context;
use crate::error::AppError;
use lichphat_playlists::ids::CampaignCode;
use lichphat_playlists::time::LocalDay;

/// Flatten it into a command's `Args`: `#[command(flatten)] period: Period`.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub(super) struct Period {
    /// Mã đợt truyền thông hoặc hợp đồng (order or contract)
    #[arg(long)]
    pub(super) campaign: CampaignCode,
    /// Từ ngày (first day, 2026-11-01)
    #[arg(long, value_name = "DAY")]
    from: LocalDay,
    /// Đến hết ngày (last day, included)
    #[arg(long, value_name = "DAY")]
    to: LocalDay,
}

impl Period {
    /// First and last day, both included.
    ///
    /// # Errors
    /// When the last lies before the first.
    pub(super) fn days(&self, context: &Context) -> Result<(LocalDay, LocalDay), AppError> {
        let Self { from, to, .. } = self;
        if to >= from {
            return Ok((*from, *to));
        }
        Err(context.refused(
            format!("--to {to}: trước --from {from}; hãy đổi chỗ hai ngày"),
            format!("--to {to}: lies before --from {from}; swap the two"),
        ))
    }
}
