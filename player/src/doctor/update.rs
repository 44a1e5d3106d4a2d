//! New versions of the player: does it take any, and how did the last one fare?

use super::{Finding, Health, Said};
use crate::cache::StdMediaFs;
use crate::config::PlayerConfig;
use crate::update::PACKAGE;
use crate::update::state::State;

/// None when there is no state directory to look into.
pub(super) fn look(config: &PlayerConfig) -> Option<Finding> {
    if config.update.release_key.is_none() {
        let vi = format!("phiên bản {PACKAGE} của gói cài đặt; không tự cập nhật");
        return Some(Finding::ok("update", vi, format!("version {PACKAGE} of the package; does not update itself")));
    }
    if !config.state_dir.is_dir() {
        return None;
    }
    let standing = State::read(&StdMediaFs::new(&config.state_dir).ok()?, PACKAGE).standing();
    let (vi, en) = match (standing.trial, standing.serial) {
        (Some(trial), _) => (format!("đang chạy thử phiên bản số {trial}"), format!("release {trial} is on trial")),
        (None, 0) => (format!("phiên bản {PACKAGE} của gói cài đặt"), format!("version {PACKAGE} of the package")),
        (None, serial) => (format!("phiên bản số {serial}"), format!("release {serial}")),
    };
    let Some(failed) = standing.failed else { return Some(Finding::ok("update", vi, en)) };
    let (serial, cause) = (failed.serial, failed.cause);
    Some(Finding::ill(
        "update",
        Health::Warning,
        Said::new(
            format!("{vi}; đã tự quay lại từ phiên bản số {serial} ({cause})"),
            format!("{en}; went back from release {serial} by itself ({cause})"),
        ),
        Said::new(
            "Không cần làm gì trên máy này; người làm trình phát cần ký một phiên bản tốt hơn.",
            "Nothing to do at this box; the player's makers sign a better release.",
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::update::UpdateSettings;
    use crate::update::state::Version;
    use lichphat_playlists::ids::Sha256Hash;

    #[test]
    fn a_release_that_was_taken_back_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = PlayerConfig { state_dir: dir.path().to_owned(), ..PlayerConfig::default() };
        assert_eq!(look(&config).map(|f| f.health), Some(Health::Ok), "it takes none");
        config.update = UpdateSettings { release_key: Some("a key".into()) };
        let fs = StdMediaFs::new(dir.path()).unwrap();
        let mut state = State::read(&fs, PACKAGE);
        state.try_out(Version { serial: 4, file: Sha256Hash::of(b"4") }, false);
        state.write(&fs).unwrap();
        assert_eq!(look(&config).unwrap().said.en, "release 4 is on trial");
        state.fail("crashed");
        state.write(&fs).unwrap();
        let found = look(&config).unwrap();
        assert_eq!(found.health, Health::Warning);
        assert!(found.said.en.contains("went back from release 4 by itself (crashed)"), "{found:?}");
    }
}
