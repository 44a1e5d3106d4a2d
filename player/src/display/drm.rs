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

    fn connector_level(&self, connector: &Connector) -> Option<DisplayLevel> {
        match connector.status.as_str() {
            "connected" => self.note_panel(),
            "disconnected" if self.seen.load(Relaxed) => return Some(DisplayLevel::Dark),
            "disconnected" => return None,
            _ => return Some(DisplayLevel::D1), // `unknown`: some virtual outputs cannot tell
        }
        if connector.is_off() {
            return Some(DisplayLevel::Dark);
        }
        Some(if self.link == Link::Direct && connector.edid_known() { DisplayLevel::D2 } else { DisplayLevel::D1 })
    }
}

impl Display for DrmDisplay {
    /// The best of the connectors; D1 on a machine that has none (nothing is known then).
    fn level(&self) -> DisplayLevel {
        connectors(&self.root).iter().filter_map(|c| self.connector_level(c)).max().unwrap_or(DisplayLevel::D1)
    }
    fn plug(&self) -> Option<(String, Option<String>)> {
        let connected = connectors(&self.root).into_iter().find(|c| c.status == "connected")?;
        let panel = connected.panel();
        Some((connected.name, panel))
    }
}

/// A connector as the kernel sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connector {
    /// `card0-HDMI-A-1`
    pub name: String,
    /// `connected`, `disconnected` or `unknown`.
    pub status: String,
    enabled: Option<String>,
    dpms: Option<String>,
    edid: Vec<u8>,
}

impl Connector {
    /// Switched off by power management or by nobody using it.
    pub fn is_off(&self) -> bool {
        self.dpms.as_deref().is_some_and(|d| d != "On") || self.enabled.as_deref().is_some_and(|e| e != "enabled")
    }
    /// The panel has said who it is: one whole block of EDID.
    pub fn edid_known(&self) -> bool {
        self.edid.len() >= EDID_BLOCK
    }
    /// The panel's own name, from the display descriptors of its EDID (VESA E-EDID 1.4, 3.10.3.4).
    pub fn panel(&self) -> Option<String> {
        let mut descriptors = self.edid.get(54..EDID_BLOCK - 2)?.chunks_exact(18);
        let name = descriptors.find(|d| d[..5] == [0, 0, 0, 0xfc, 0])?;
        let text = String::from_utf8_lossy(&name[5..]);
        Some(text.split('\n').next().unwrap_or_default().trim().to_owned()).filter(|n| !n.is_empty())
    }
}

/// Bytes of an EDID block.
const EDID_BLOCK: usize = 128;

/// The connectors below `root`, by name; none where there is no such directory.
pub fn connectors(root: &Path) -> Vec<Connector> {
    let Ok(entries) = std::fs::read_dir(root) else { return Vec::new() };
    let one = |entry: std::fs::DirEntry| {
        let text = |name: &str| std::fs::read_to_string(entry.path().join(name)).ok().map(|t| t.trim().to_owned());
        Some(Connector {
            name: entry.file_name().to_string_lossy().into_owned(),
            status: text("status")?,
            enabled: text("enabled"),
            dpms: text("dpms"),
            edid: std::fs::read(entry.path().join("edid")).unwrap_or_default(),
        })
    };
    let mut all: Vec<Connector> = entries.flatten().filter_map(one).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
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

    #[test]
    fn a_panel_is_called_by_its_name() {
        let dir = tempfile::tempdir().unwrap();
        connector(dir.path(), "card0-HDMI-A-1", "connected", "On", 128);
        assert_eq!(connectors(dir.path())[0].panel(), None, "an empty EDID names nobody");
        let mut edid = vec![0u8; 128];
        edid[72..90].copy_from_slice(b"\0\0\0\xfc\0LED P4 640\n  ");
        std::fs::write(dir.path().join("card0-HDMI-A-1/edid"), edid).unwrap();
        assert_eq!(connectors(dir.path())[0].panel().unwrap(), "LED P4 640");
        let display = DrmDisplay::new(dir.path(), Link::Direct, dir.path().join("panel-seen"));
        assert_eq!(display.plug(), Some(("card0-HDMI-A-1".into(), Some("LED P4 640".into()))));
        assert_eq!(connectors(&dir.path().join("nowhere")), []);
    }
}
