//! Units: the bodies of the city's tree.

use super::timeline::DaySpan;
use super::words::words;
use lichphat_playlists::ids::UnitCode;
use serde::{Deserialize, Serialize};

words! {
    /// What a unit is.
    UnitKind {
        /// The city itself: thành phố.
        City = "city",
        /// A department: sở.
        Department = "department",
        /// Another body of the city or the state: văn phòng, trung tâm, ban, công an.
        Agency = "agency",
        /// A district of the three-tier time, until 2025-06-30: quận, huyện, thị xã.
        District = "district",
        /// A ward: phường.
        Ward = "ward",
        /// A commune: xã.
        Commune = "commune",
        /// A corporation or company, public or private: tổng công ty, công ty.
        Enterprise = "enterprise",
        /// A hospital or clinic, public or private.
        Hospital = "hospital",
        /// A school, public or private.
        School = "school",
        /// A mass or socio-political organisation.
        Organisation = "organisation",
        /// A newspaper or broadcaster.
        Press = "press",
    }
}

/// A body in the city's tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Its code, for life.
    pub code: UnitCode,
    /// Official Vietnamese name.
    pub name: String,
    /// English name, when it has one.
    pub name_en: Option<String>,
    /// What it is.
    pub kind: UnitKind,
    /// The unit above; the city has none.
    pub parent: Option<UnitCode>,
    /// The days on which it exists.
    pub effective: DaySpan,
    /// Where the entry comes from, when the file says so.
    pub source: Option<String>,
}
