//! Bundles for who asks for one on a page: made at one moment of the store like `lichphat export bundle`, one at a time, because each
//! reads a whole period again.

use super::Context;
use super::rooms::Rooms;
use crate::error::AppError;
use crate::proof::bundle::{Bundler, Exporter};
use crate::store::Store;
use async_trait::async_trait;
use lichphat_playlists::ids::CampaignCode;
use lichphat_playlists::time::LocalDay;
use std::fs::File;
use std::io::{Seek as _, SeekFrom};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Over one data directory.
pub(super) struct Bundles {
    store: Store,
    context: Context,
    one: Arc<Semaphore>,
}

impl Bundles {
    pub(super) fn new(store: Store, context: Context) -> Self {
        Self { store, context, one: Arc::new(Semaphore::new(1)) }
    }
}

#[async_trait]
impl Bundler for Bundles {
    async fn bundle(&self, campaign: &CampaignCode, days: (LocalDay, LocalDay)) -> Result<Option<File>, String> {
        let Ok(permit) = Arc::clone(&self.one).try_acquire_owned() else { return Ok(None) };
        let (store, context, campaign) = (self.store.clone(), self.context.clone(), campaign.clone());
        let runtime = tokio::runtime::Handle::current();
        // seconds of packing, never on a thread that answers
        let made = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            runtime.block_on(make(store, &context, &campaign, days))
        });
        made.await.map_err(|e| e.to_string())?.map(Some).map_err(|e| e.to_string())
    }
}

/// A file without a name beside the data, which is gone when it was read.
async fn make(
    store: Store,
    context: &Context,
    campaign: &CampaignCode,
    days: (LocalDay, LocalDay),
) -> Result<File, AppError> {
    let data = &context.settings.data;
    let rooms = Rooms::over(store.at_this_moment()?, context)?;
    let exporter = Exporter::new(&rooms.store, &rooms.log, &rooms.packing).await?;
    let city = rooms.city().await?;
    let at = exporter.head().at;
    let basis = rooms.reports.basis(&city.directory, &city.campaigns, campaign, days, at).await?;
    let file = tempfile::tempfile_in(data).map_err(|e| AppError::io(data.display().to_string(), e))?;
    let (mut file, _) = exporter.export(basis, None, file).await?;
    file.seek(SeekFrom::Start(0)).map_err(|e| AppError::io(data.display().to_string(), e))?;
    Ok(file)
}
