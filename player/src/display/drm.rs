//! The connector as the Linux kernel sees it: `/sys/class/drm/card0-HDMI-A-1/{status,enabled,dpms,edid}`.
//!
//! Behind a splitter or an LED processor the connector says nothing about the panel, so only a
//! direct link may claim D2; `dpms` off is dark on any link. Where no connector was ever connected the
//! picture goes somewhere else (a virtual display), and nothing is known of it; once a panel was
//! seen, all connectors disconnected is dark.

use super::Display;
use lichphat_playlists::proof::record::DisplayLevel;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// What is between player and panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// A cable.
    #[default]
    Direct,
    /// One signal, several panels.
    Splitter,
    /// A processor that drives LED cabinets.
    LedProcessor,
}

/// Reads the connectors in a sysfs directory.
#[derive(Debug)]
pub struct DrmDisplay {
    root: PathBuf,
    link: Link,
    /// Remembers across restarts that there is a panel.
    marker: PathBuf,
    seen: AtomicBool,
}

impl DrmDisplay {
    /// `root` is `/sys/class/drm` on a real machine; `marker` is a file that is made once a panel was seen.
    pub fn new(root: impl Into<PathBuf>, link: Link, marker: impl Into<PathBuf>) -> Self {
        let marker: PathBuf = marker.into();
        let seen = AtomicBool::new(marker.exists());
        Self { root: root.into(), link, marker, seen }
    }

    fn note_panel(&self) {
        if !self.seen.swap(true, Relaxed)
            && let Err(error) = std::fs::write(&self.marker, "a panel was seen\n")
        {
            tracing::warn!(%error, "the panel cannot be remembered");
        }
    }

    fn connector_level(&self, connector: &Path) -> Option<DisplayLevel> {
        let text = |name: &str| std::fs::read_to_string(connector.join(name)).ok().map(|t| t.trim().to_owned());
        match text("status")?.as_str() {
            "connected" => self.note_panel(),
            "disconnected" if self.seen.load(Relaxed) => return Some(DisplayLevel::Dark),
            "disconnected" => return None,
            _ => return Some(DisplayLevel::D1), // `unknown`: some virtual outputs cannot tell
        }
        if text("dpms").is_some_and(|d| d != "On") || text("enabled").is_some_and(|e| e != "enabled") {
            return Some(DisplayLevel::Dark);
        }
        let edid_known = std::fs::read(connector.join("edid")).is_ok_and(|bytes| bytes.len() >= 128);
        Some(if self.link == Link::Direct && edid_known { DisplayLevel::D2 } else { DisplayLevel::D1 })
    }
}

impl Display for DrmDisplay {
    /// The best of the connectors; D1 on a machine that has none (nothing is known then).
    fn level(&self) -> DisplayLevel {
        let Ok(entries) = std::fs::read_dir(&self.root) else {
            return DisplayLevel::D1;
        };
        entries.flatten().filter_map(|entry| self.connector_level(&entry.path())).max().unwrap_or(DisplayLevel::D1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connector(root: &Path, name: &str, status: &str, dpms: &str, edid_bytes: usize) {
        let dir = root.join(name);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("status"), format!("{status}\n")).unwrap();
        std::fs::write(dir.join("enabled"), if status == "connected" { "enabled\n" } else { "disabled\n" }).unwrap();
        std::fs::write(dir.join("dpms"), format!("{dpms}\n")).unwrap();
        std::fs::write(dir.join("edid"), vec![0; edid_bytes]).unwrap();
    }

    #[test]
    fn a_connector_claims_no_more_than_it_knows() {
        let dir = tempfile::tempdir().unwrap();
        let level = |link| DrmDisplay::new(dir.path(), link, dir.path().join("panel-seen")).level();
        assert_eq!(level(Link::Direct), DisplayLevel::D1, "no connector: nothing is known");
        connector(dir.path(), "card0-DP-1", "disconnected", "Off", 0);
        assert_eq!(level(Link::Direct), DisplayLevel::D1, "the picture goes somewhere else");
        connector(dir.path(), "card0-HDMI-A-1", "connected", "On", 128);
        assert_eq!(level(Link::Direct), DisplayLevel::D2);
        assert_eq!(level(Link::Splitter), DisplayLevel::D1);
        connector(dir.path(), "card0-HDMI-A-1", "connected", "Off", 128);
        assert_eq!(level(Link::Splitter), DisplayLevel::Dark);
        connector(dir.path(), "card0-HDMI-A-1", "disconnected", "Off", 0);
        assert_eq!(level(Link::Direct), DisplayLevel::Dark, "the cable was pulled");
    }
}
