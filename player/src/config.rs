//! The player's settings file, `player.toml`; command-line switches stand above it.

use crate::display::drm::Link;
use crate::display::hours::PanelRule;
use crate::meter::DataRule;
use crate::stage::layout::{Area, Colour};
use crate::stage::{Fit, PictureSink, SoundRule, SoundSink};
use crate::trigger::TriggerSettings;
use crate::update::UpdateSettings;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// Field, value and mend.
    pub problem: String,
}

/// `player.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlayerConfig {
    /// Where the player keeps keys, playlists, media and records.
    pub state_dir: PathBuf,
    /// The scheduler that a box without an identity asks to be paired with, `https://ADDRESS:PORT`.
    pub server: Option<String>,
    /// PEM file of who has to have signed that scheduler's certificate; none: whomever this machine trusts.
    pub authority: Option<PathBuf>,
    /// Where the picture goes.
    pub sink: PictureSink,
    /// Where the sound goes.
    pub sound: SoundSink,
    /// When and how loud this place may be heard.
    pub sound_rule: SoundRule,
    /// What makes announcements of the place go first, and how.
    pub trigger: TriggerSettings,
    /// Width of the output, pixels.
    pub width_px: u32,
    /// Height of the output, pixels.
    pub height_px: u32,
    /// Does the picture cover the display, whatever its size? Else it has a window of the output's size.
    pub full_screen: bool,
    /// A part of it that is left to another program.
    pub reserved: Option<Area>,
    /// Beside pictures of another shape.
    pub background: Colour,
    /// Output frames per second.
    pub fps: u32,
    /// Decode on the chip made for it, where there is one.
    pub hardware_decoders: bool,
    /// Sources of another shape.
    pub fit: Fit,
    /// What is between player and panel.
    pub link: Link,
    /// When the panel is to be on.
    pub panel: PanelRule,
    /// New versions of the player.
    pub update: UpdateSettings,
    /// USB sticks are looked for where they are mounted: here and up to two levels below; empty: nowhere.
    pub usb_root: PathBuf,
    /// A line that costs money.
    pub data: DataRule,
    /// Seconds between two looks at the scheduler when it does not call by itself.
    pub poll_s: u32,
    /// Plays after which records are cut into a signed segment and sent.
    pub segment_plays: u32,
    /// Age of the oldest record, seconds, at which a segment is cut all the same.
    pub segment_age_s: u32,
    /// Seconds between two questions to the scheduler's log.
    pub proofs_every_s: u32,
}

impl Default for PlayerConfig {
    fn default() -> Self {
        Self {
            state_dir: "/var/lib/lichphat-player".into(),
            server: None,
            authority: None,
            sink: PictureSink::Auto,
            sound: SoundSink::Auto,
            sound_rule: SoundRule::default(),
            trigger: TriggerSettings::default(),
            width_px: 1280,
            height_px: 720,
            full_screen: true,
            reserved: None,
            background: Colour::default(),
            fps: 30,
            hardware_decoders: true,
            fit: Fit::Letterbox,
            link: Link::Direct,
            panel: PanelRule::default(),
            update: UpdateSettings::default(),
            usb_root: "/media".into(),
            data: DataRule::default(),
            poll_s: 60,
            segment_plays: 64,
            segment_age_s: 900,
            proofs_every_s: 21_600,
        }
    }
}

impl PlayerConfig {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let error = |problem: String| ConfigError { path: path.to_owned(), problem };
        Self::parse(&std::fs::read_to_string(path).map_err(|e| error(e.to_string()))?).map_err(error)
    }

    /// The authority's certificate; empty: none is named.
    pub fn authority_pem(&self) -> Result<String, ConfigError> {
        let Some(path) = &self.authority else { return Ok(String::new()) };
        std::fs::read_to_string(path)
            .map_err(|e| ConfigError { path: path.clone(), problem: format!("authority: {e}") })
    }

    /// Reads settings from the text of a file; else field, value and mend.
    pub fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        let limits = [
            ("width_px", config.width_px, 16, 8192),
            ("height_px", config.height_px, 16, 8192),
            ("fps", config.fps, 1, 120),
            ("sound_rule.most_percent", u32::from(config.sound_rule.most_percent), 0, 100),
            ("trigger.duck_percent", u32::from(config.trigger.duck_percent), 0, 99),
            ("trigger.hold_s", config.trigger.hold_s, 1, 60),
            ("trigger.most_s", config.trigger.most_s, 1, 300),
            ("panel.on_before_s", config.panel.on_before_s, 0, 3600),
            ("panel.off_after_s", config.panel.off_after_s, 0, 3600),
            ("poll_s", config.poll_s, 5, 3600),
            ("segment_plays", config.segment_plays, 1, 4096),
            ("segment_age_s", config.segment_age_s, 10, 86_400),
            ("proofs_every_s", config.proofs_every_s, 60, 604_800),
        ];
        for (field, value, least, most) in limits {
            if !(least..=most).contains(&value) {
                return Err(format!("{field} = {value}: use {least} to {most}"));
            }
        }
        if let Some(server) = config.server.as_ref().filter(|s| !s.starts_with("https://") && !s.starts_with("http://"))
        {
            return Err(format!("server = {server:?}: write https://ADDRESS:PORT"));
        }
        config.area()?;
        config.trigger.check()?;
        config.update.key()?;
        if config.panel.follow_duty && config.link != Link::Direct {
            return Err(
                "panel.follow_duty = true: needs link = \"direct\"; another device answers for the panel".to_owned()
            );
        }
        Ok(config)
    }

    /// The part of the output that is the picture's; else field, value and mend.
    pub fn area(&self) -> Result<Area, String> {
        Area::beside(self.width_px, self.height_px, self.reserved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preset_says_what_is_built_in() {
        let preset = PlayerConfig::parse(include_str!("../../config/player.toml")).unwrap();
        assert_eq!(preset, PlayerConfig::default());
    }

    #[test]
    fn a_wrong_setting_is_named_with_its_mend() {
        let server = PlayerConfig::parse("server = \"lichphat.example\"").unwrap_err();
        assert_eq!(server, "server = \"lichphat.example\": write https://ADDRESS:PORT");
        assert_eq!(PlayerConfig::parse("fps = 0").unwrap_err(), "fps = 0: use 1 to 120");
        let hours = PlayerConfig::parse("[sound_rule]\nhours = \"6-21\"").unwrap_err();
        assert!(hours.contains("hours = \"6-21\"") && hours.contains("write it as 06:00-11:30"), "{hours}");
        let loud = PlayerConfig::parse("[sound_rule]\nmost_percent = 101").unwrap_err();
        assert_eq!(loud, "sound_rule.most_percent = 101: use 0 to 100");
        let late = PlayerConfig::parse("[panel]\noff_after_s = 9999").unwrap_err();
        assert_eq!(late, "panel.off_after_s = 9999: use 0 to 3600");
        let far = PlayerConfig::parse("link = \"splitter\"\n[panel]\nfollow_duty = true").unwrap_err();
        assert!(far.contains("panel.follow_duty = true: needs link = \"direct\""), "{far}");
        let key = PlayerConfig::parse("[update]\nrelease_key = \"abc\"").unwrap_err();
        assert!(key.contains("update.release_key = \"abc\"") && key.contains("lichphat release key"), "{key}");
        let quiet = PlayerConfig::parse("[sound_rule]\nhours = \"\"\nmost_percent = 40").unwrap().sound_rule;
        assert!(!quiet.allows(43_200), "empty hours: never");
        let unknown = PlayerConfig::parse("frames = 3").unwrap_err();
        assert!(unknown.contains("frames") && unknown.contains("fps"), "{unknown}");
    }
}
