//! `lichphat-player doctor`: what a technician in front of a box needs to know, each fault with its mend. It looks and
//! changes nothing, so it may be asked while the player runs.

mod data;
mod machine;
mod media;
mod server;
mod trigger;
mod update;

use crate::config::{ConfigError, PlayerConfig};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// `doctor` and its arguments.
#[derive(Debug, Clone, clap::Args)]
pub struct DoctorArgs {
    /// Settings file; what is not in it, and everything without it, is built in
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// Directory of keys, playlists, media and records
    #[arg(long)]
    pub state: Option<PathBuf>,
    /// Ngôn ngữ của lời (language of the words)
    #[arg(long, value_enum, default_value = "vi")]
    pub lang: Lang,
    /// text for people, json for programs
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// Language of the words for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Lang {
    /// Tiếng Việt.
    Vi,
    /// English.
    En,
}

/// How the findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A line each, and the mend below it.
    Text,
    /// One object.
    Json,
}

/// How one thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Ok,
    /// The screen plays, but not as well or as safely as it could.
    Warning,
    /// The screen does not play, or not for long.
    Fault,
}

/// The same in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

impl Said {
    fn new(vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self { vi: vi.into(), en: en.into() }
    }
    fn pick(&self, lang: Lang) -> &str {
        match lang {
            Lang::Vi => &self.vi,
            Lang::En => &self.en,
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `state`, `disk`, `clock`, `rtc`, `display`, `panel`, `picture`, `sound`, `trigger`, `decoder`, `identity`, `server`, `plans`, `log`, `data`, `usb`, `update`.
    pub subject: &'static str,
    /// How it is.
    pub health: Health,
    /// In words.
    pub said: Said,
    /// What to do, where something is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<Said>,
}

impl Finding {
    fn ok(subject: &'static str, vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self { subject, health: Health::Ok, said: Said::new(vi, en), mend: None }
    }
    /// Less than well, with what to do.
    fn ill(subject: &'static str, health: Health, said: Said, mend: Said) -> Self {
        Self { subject, health, said, mend: Some(mend) }
    }
}

/// All that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The worst of the findings.
    pub health: Health,
    /// In the order of a technician's walk: box, clock, panel, sound, files, network.
    pub findings: Vec<Finding>,
}

/// Looks at everything. Settings that cannot be read are an error: nothing else would be true then.
pub fn examine(args: &DoctorArgs) -> Result<Report, ConfigError> {
    let mut config = args.config.as_deref().map_or_else(|| Ok(PlayerConfig::default()), PlayerConfig::read)?;
    config.state_dir = args.state.clone().unwrap_or(config.state_dir);
    let mut findings = machine::state(&config.state_dir);
    findings.extend(machine::clock(Path::new(crate::clock::RTC)));
    findings.extend(machine::display(&config, Path::new("/sys/class/drm")));
    findings.extend(machine::panel(&config, Path::new("/dev"), Path::new("/sys/class/drm")));
    findings.extend(media::outputs(&config));
    findings.push(trigger::look(&config.trigger));
    findings.extend(media::decoders(config.hardware_decoders));
    findings.extend(server::look(&config.state_dir));
    findings.extend(data::look(&config, Path::new("/sys/class/net")));
    findings.extend(update::look(&config));
    let health = findings.iter().map(|f| f.health).max().unwrap_or(Health::Ok);
    Ok(Report { health, findings })
}

impl Report {
    /// The findings as lines for people.
    pub fn text(&self, lang: Lang) -> String {
        let mut out = String::new();
        for finding in &self.findings {
            let mark = match (finding.health, lang) {
                (Health::Ok, _) => "ok  ",
                (Health::Warning, Lang::Vi) => "lưu ý",
                (Health::Warning, Lang::En) => "note ",
                (Health::Fault, Lang::Vi) => "LỖI  ",
                (Health::Fault, Lang::En) => "FAULT",
            };
            out.push_str(&format!("{mark:<6} {:<9} {}\n", finding.subject, finding.said.pick(lang)));
            if let Some(mend) = &finding.mend {
                out.push_str(&format!("{:<17}→ {}\n", "", mend.pick(lang)));
            }
        }
        out
    }
}
