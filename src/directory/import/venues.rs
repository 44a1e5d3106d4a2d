//! Venue profiles, TOML (`[[venue]]`).

use crate::directory::problem::{Problems, say};
use crate::directory::snapshot::{Batch, Change};
use crate::directory::table::SourceFile;
use crate::directory::typed;
use crate::directory::venue::VenueProfile;
use std::cell::RefCell;
use std::collections::BTreeSet;

pub(crate) fn parse(file: SourceFile<'_>) -> Result<Batch, Problems> {
    let seen = RefCell::new(BTreeSet::new());
    let profiles = typed::entries(file, "venue", |profile: &VenueProfile| {
        let mut flaws = profile.flaws();
        if !seen.borrow_mut().insert((profile.venue_type.clone(), profile.valid_from)) {
            let mend = say(
                "loại này đã có hồ sơ từ cùng ngày; đổi valid_from",
                "this type has a profile from the same day already; change valid_from",
            );
            flaws.push(("type".into(), profile.venue_type.to_string(), mend));
        }
        flaws
    })?;
    Ok(Batch { changes: profiles.into_iter().map(Change::Venue).collect() })
}
