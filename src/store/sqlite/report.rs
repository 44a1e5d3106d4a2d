//! The report room's port on SQLite.

use super::Store;
use crate::error::StoreError;
use crate::report::{Moment, ReportStore};
use std::sync::Arc;

#[async_trait::async_trait]
impl ReportStore for Store {
    fn moment(&self) -> Result<Arc<dyn Moment>, StoreError> {
        Ok(Arc::new(self.at_this_moment()?))
    }
}
