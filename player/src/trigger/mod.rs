//! Announcements of the place (a stop, a gate) go before what is played: while one is made, the sound is lowered or the
//! play is broken off.
//!
//! Whoever makes the announcement says so by a datagram or by closing a contact ([`listen`]); how long that holds is
//! decided apart from it ([`lease`]), so that nobody can silence a screen for long: not a stranger in the network, not a
//! contact that is stuck.

pub mod lease;
#[cfg(feature = "stage-gstreamer")]
pub mod listen;

use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Fewest characters of a key.
const KEY_CHARS: usize = 16;

/// What the announcing side says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// An announcement begins or goes on.
    Hold,
    /// It is over.
    Release,
}

/// What an announcement does to what is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Its sound is lowered.
    #[default]
    Duck,
    /// It is broken off, and the last picture stands still until the announcement is over.
    Pause,
}

/// What an announcement does, and for how long at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announcements {
    /// What it does.
    pub mode: Mode,
    /// What is left of the sound under [`Mode::Duck`], per cent.
    pub duck_percent: u8,
    /// How long one word holds, ms.
    pub hold_ms: u64,
    /// How long all words together hold in any ten minutes, ms.
    pub most_ms: u64,
}

impl Default for Announcements {
    fn default() -> Self {
        TriggerSettings::default().announcements()
    }
}

/// A line of a GPIO chip.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GpioLine {
    /// The chip's device, `/dev/gpiochip0`.
    pub chip: PathBuf,
    /// Number of the line on it.
    pub line: u32,
    /// The contact pulls the line to ground.
    #[serde(default)]
    pub active_low: bool,
}

impl std::fmt::Display for GpioLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} line {}", self.chip.display(), self.line)
    }
}

/// `[trigger]` of `player.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TriggerSettings {
    /// What an announcement does.
    pub mode: Mode,
    /// What is left of the sound under `duck`, per cent.
    pub duck_percent: u8,
    /// How long one datagram holds, seconds.
    pub hold_s: u32,
    /// How long all of them together hold in any ten minutes, seconds.
    pub most_s: u32,
    /// Where datagrams `hold KEY` and `release KEY` are awaited.
    pub udp: Option<SocketAddr>,
    /// The word that makes a datagram one of ours.
    pub key: String,
    /// A contact instead of datagrams.
    pub gpio: Option<GpioLine>,
}

impl Default for TriggerSettings {
    fn default() -> Self {
        Self { mode: Mode::Duck, duck_percent: 20, hold_s: 5, most_s: 120, udp: None, key: String::new(), gpio: None }
    }
}

impl TriggerSettings {
    /// What an announcement does, and for how long.
    pub fn announcements(&self) -> Announcements {
        Announcements {
            mode: self.mode,
            duck_percent: self.duck_percent,
            hold_ms: u64::from(self.hold_s) * 1000,
            most_ms: u64::from(self.most_s) * 1000,
        }
    }

    /// Field, value and mend of what makes no sense beyond the range of a number.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.most_s < self.hold_s {
            return Err(format!("trigger.most_s = {}: use hold_s = {} or more", self.most_s, self.hold_s));
        }
        if self.udp.is_some() && self.gpio.is_some() {
            return Err("trigger.gpio: take udp or gpio, not both".to_owned());
        }
        let Some(udp) = self.udp else { return Ok(()) };
        if !is_near(udp.ip()) || udp.port() == 0 {
            return Err(format!(
                "trigger.udp = \"{udp}\": use 127.0.0.1 or this box's own address in the local network (10.…, 172.16.…, \
                 192.168.…), and a port, such as \"127.0.0.1:9797\""
            ));
        }
        if self.key.len() < KEY_CHARS || !self.key.chars().all(|c| c.is_ascii_graphic()) {
            return Err(format!(
                "trigger.key: {} characters; use {KEY_CHARS} to 128 letters and digits that nobody guesses",
                self.key.chars().count()
            ));
        }
        Ok(())
    }

    /// What a datagram says; none when it is not one of ours.
    pub fn read(&self, datagram: &[u8]) -> Option<Asked> {
        let (word, key) = std::str::from_utf8(datagram).ok()?.trim_ascii_end().split_once(' ')?;
        match word {
            "hold" if key == self.key => Some(Asked::Hold),
            "release" if key == self.key => Some(Asked::Release),
            _ => None,
        }
    }
}

/// Is it an address of this machine alone or of a local network? A box with a SIM card must not be reachable from everywhere.
fn is_near(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<TriggerSettings, String> {
        let settings: TriggerSettings = toml::from_str(text).map_err(|e| e.to_string())?;
        settings.check().map(|()| settings)
    }

    #[test]
    fn only_near_addresses_and_keys_that_are_long_enough_are_taken() {
        let key = "key = \"ben-xe-giap-bat-2026\"";
        for near in ["127.0.0.1:9797", "192.168.1.7:9797", "10.0.0.2:9", "[::1]:9797", "[fd00::7]:9797"] {
            assert!(parse(&format!("udp = \"{near}\"\n{key}")).is_ok(), "{near}");
        }
        for far in ["0.0.0.0:9797", "[::]:9797", "203.0.113.7:9797", "127.0.0.1:0"] {
            let error = parse(&format!("udp = \"{far}\"\n{key}")).unwrap_err();
            assert!(error.contains(far) && error.contains("127.0.0.1"), "{error}");
        }
        assert!(
            parse("udp = \"127.0.0.1:9797\"\nkey = \"short\"").unwrap_err().starts_with("trigger.key: 5 characters")
        );
        assert!(parse("hold_s = 9\nmost_s = 8").unwrap_err().contains("hold_s = 9 or more"));
        let both = format!("udp = \"127.0.0.1:9797\"\n{key}\ngpio = {{ chip = \"/dev/gpiochip0\", line = 4 }}");
        assert!(parse(&both).unwrap_err().contains("not both"));
    }

    #[test]
    fn a_datagram_is_a_word_and_the_key_and_nothing_else() {
        let settings = TriggerSettings { key: "ben-xe-giap-bat-2026".into(), ..TriggerSettings::default() };
        assert_eq!(settings.read(b"hold ben-xe-giap-bat-2026"), Some(Asked::Hold));
        assert_eq!(settings.read(b"release ben-xe-giap-bat-2026\r\n"), Some(Asked::Release));
        for garbage in
            [&b""[..], b"hold", b"hold ", b"hold ben-xe-giap-bat-202", b"HOLD ben-xe-giap-bat-2026", b"\xff\xfe hold"]
        {
            assert_eq!(settings.read(garbage), None, "{garbage:?}");
        }
    }
}
