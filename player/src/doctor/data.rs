//! Ways by which things come and go that cost money or hands: a line with a cap, and sticks.

use super::{Finding, Health, Said};
use crate::cache::StdMediaFs;
use crate::config::PlayerConfig;
use crate::meter::{DataRule, kept};
use std::path::Path;

/// The line's rule and what is left of it, and where sticks are looked for; `net` is `/sys/class/net` on a real machine.
pub(super) fn look(config: &PlayerConfig, net: &Path) -> Vec<Finding> {
    vec![line(config, net), sticks(&config.usb_root)]
}

fn line(config: &PlayerConfig, net: &Path) -> Finding {
    let rule = &config.data;
    if *rule == DataRule::default() {
        return Finding::ok("data", "dữ liệu không bị giới hạn", "data are not limited");
    }
    let unknown: Vec<&str> =
        rule.media_interfaces.iter().map(String::as_str).filter(|name| !net.join(name).exists()).collect();
    if !unknown.is_empty() && unknown.len() == rule.media_interfaces.len() {
        let names = unknown.join(", ");
        return Finding::ill(
            "data",
            Health::Warning,
            Said::new(
                format!("media_interfaces: máy này không có {names}; nội dung mới sẽ không về"),
                format!("media_interfaces: this box has no {names}; new media will not come"),
            ),
            Said::new(
                "Xem tên bằng ip link rồi sửa [data] trong player.toml.",
                "See the names with ip link, then mend [data] in player.toml.",
            ),
        );
    }
    // a directory that is not there is told of elsewhere, and is not made by looking
    let files = config.state_dir.is_dir().then(|| StdMediaFs::new(&config.state_dir).ok()).flatten();
    let used = files.map_or(0, |fs| kept(&fs).media_bytes);
    let (used_mb, cap_mb) = (used / 1_000_000, u64::from(rule.media_mb_per_month));
    if cap_mb == 0 {
        return Finding::ok(
            "data",
            format!("tháng này đã tải {used_mb} MB nội dung; không có hạn mức"),
            format!("{used_mb} MB of media this month; no cap"),
        );
    }
    let said = Said::new(
        format!("tháng này đã tải {used_mb} trên {cap_mb} MB nội dung"),
        format!("{used_mb} of {cap_mb} MB of media this month"),
    );
    match used_mb >= cap_mb {
        false => Finding { said, ..Finding::ok("data", "", "") },
        true => Finding::ill(
            "data",
            Health::Warning,
            said,
            Said::new(
                "Nội dung mới chờ sang tháng; cần ngay thì chạy lichphat-player run --media-now hoặc mang bằng USB.",
                "New media wait for the next month; at once: lichphat-player run --media-now, or a stick.",
            ),
        ),
    }
}

fn sticks(root: &Path) -> Finding {
    match root.is_dir() {
        true => Finding::ok(
            "usb",
            format!("tìm USB ở {}", root.display()),
            format!("sticks are looked for below {}", root.display()),
        ),
        false => Finding::ill(
            "usb",
            Health::Warning,
            Said::new(
                format!("usb_root: không có thư mục {}; USB cắm vào sẽ không được thấy", root.display()),
                format!("usb_root: there is no directory {}; a stick will not be seen", root.display()),
            ),
            Said::new(
                "Sửa usb_root trong player.toml (thường là /media).",
                "Mend usb_root in player.toml (/media as a rule).",
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cap_that_is_used_up_and_names_that_are_not_there_are_told() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("wwan0")).unwrap();
        std::fs::write(
            dir.path().join("data-used.toml"),
            "month = \"2026-11\"\nmedia_bytes = 500000000\ncontrol_bytes = 9\n",
        )
        .unwrap();
        let seen = |data: &str| {
            let text = format!("usb_root = \"{0}/nowhere\"\nstate_dir = \"{0}\"\n[data]\n{data}", dir.path().display());
            let findings = look(&PlayerConfig::parse(&text).unwrap(), dir.path());
            findings.into_iter().map(|f| (f.health, f.said.en)).collect::<Vec<_>>()
        };
        let free = seen("");
        assert_eq!(free[0], (Health::Ok, "data are not limited".to_owned()));
        assert!(free[1].0 == Health::Warning && free[1].1.starts_with("usb_root: there is no directory"), "{free:?}");
        assert_eq!(
            seen("media_mb_per_month = 500")[0],
            (Health::Warning, "500 of 500 MB of media this month".to_owned())
        );
        assert_eq!(
            seen("media_mb_per_month = 900\nmedia_interfaces = [\"wwan0\"]")[0],
            (Health::Ok, "500 of 900 MB of media this month".to_owned())
        );
        assert_eq!(seen("media_interfaces = [\"nope0\"]")[0].0, Health::Warning);
    }
}
