//! Approvals for worlds in which nobody decides: everything a table names is permitted, everywhere and for ever.

use lichphat_playlists::ids::{ScreenCode, VenueType};
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::permit::{Above, Approved, Grounds, Permit, Place, Tied};
use lichphat_playlists::wire::v1::{Asset, AssetTable};
use std::sync::Arc;

/// A permit for one asset alone, in the name of a simulation.
pub fn permit(asset: &Asset) -> Permit {
    let approved = Approved { by: "simulation".into(), decision: String::new(), at_ms: UtcMillis(0) };
    Permit {
        number: 1,
        campaign: asset.code.clone(),
        media: vec![(&asset.media).into()],
        places: Vec::new(),
        from: None,
        until: None,
        approved: vec![approved],
    }
}

/// A place without units, of one screen.
pub fn place(screen: &ScreenCode, version: u64, units: Vec<Tied>) -> Place {
    let venue_type = VenueType::new("simulated").expect("it is a code");
    Place { screen: screen.clone(), version, venue_type, above: vec![Above { from: None, units }] }
}

/// What a plan rests on when everything its table names a permit for is permitted; the names of permits are those in the table.
pub fn grounds(screen: &ScreenCode, table: &AssetTable) -> Grounds {
    let mut grounds = Grounds::at(Arc::new(place(screen, 1, Vec::new())));
    for asset in &table.assets {
        if let Some(name) = asset.permit {
            grounds.permit(name, Arc::new(permit(asset)));
        }
    }
    grounds
}
