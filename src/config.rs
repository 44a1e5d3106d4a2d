//! The server's settings: typed TOML, every key with a default, no unknown key accepted.
//!
//! `config/server.toml` is the commented preset and equals the defaults (tested).

mod check;

use lichphat_playlists::proof::note::VerifierKey;
use lichphat_playlists::time::UtcOffset;
use lichphat_playlists::wire::sign::Cosigning;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where data live when neither the command line nor the settings say so.
pub const DEFAULT_DATA_DIR: &str = "var/lichphat";

/// All settings of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where people come in, address and port.
    pub listen: SocketAddr,
    /// Where players come in.
    pub players: PlayersSettings,
    /// The certificate that all doors show.
    pub tls: TlsSettings,
    /// Directory of database, media and keys; `--data` on the command line goes first.
    pub data: PathBuf,
    /// Offset of local time from UTC, minutes; 420 = Hanoi.
    pub utc_offset_min: i16,
    /// Days that are planned and published ahead, today included; 1 to 45.
    pub horizon_days: u32,
    /// Form of the lines that it logs on standard error.
    pub log_lines: LogLines,
    /// How media files are measured.
    pub probe: ProbeSettings,
    /// Limits of the web service.
    pub web: WebSettings,
    /// The embedded database.
    pub store: StoreSettings,
    /// The log that auditors read.
    pub log: LogSettings,
    /// Who is told of dark screens, how soon and by which ways.
    pub alerts: AlertSettings,
    /// The server that takes mail.
    pub mail: MailSettings,
    /// Reports that make themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")] // a table for each, and no word for none
    pub report: Vec<ReportSettings>,
}

/// A report that makes itself after each period: made once, put into a folder and mailed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportSettings {
    /// By which it is known, small letters, digits and `-`: with it begin the names of its files. What was made is remembered by it.
    pub name: String,
    /// The screens of that unit, by code or name; empty: all.
    pub unit: String,
    /// By which link they are its: `owner`, `territory`, `sector`, `operator`; empty: any.
    pub link: String,
    /// One order's campaign; empty: all.
    pub campaign: String,
    /// One kind of place; empty: all.
    pub venue: String,
    /// `day`, `week`, `month`, `quarter`, `6-months`, `9-months`, `year`.
    pub period: String,
    /// Made on that day after the period's last, 1 to 28: 5 of a month is the fifth of the next.
    pub day: u32,
    /// At that hour, 0 to 23.
    pub hour: u32,
    /// Some of `pdf`, `docx`, `xlsx`, `csv`, `json`.
    pub formats: Vec<String>,
    /// Directory that its files are put into; empty: none.
    pub folder: PathBuf,
    /// Addresses to which it is mailed.
    pub mail: Vec<String>,
    /// `vi` or `en`.
    pub lang: String,
    /// On paper: the body above the one that issues it; empty: none.
    pub parent: String,
    /// On paper: the body that issues it; empty: the unit's name.
    pub issuer: String,
    /// On paper, behind the number, which is written by hand: `BC-UBND`.
    pub symbol: String,
    /// On paper: where it is signed.
    pub place: String,
    /// On paper: to whom it goes (kính gửi).
    pub to: Vec<String>,
    /// On paper: who gets a copy (nơi nhận).
    pub copies: Vec<String>,
    /// On paper: in whose name it is signed, and as what.
    pub position: String,
    /// On paper: who signs it.
    pub signer: String,
}

/// The way of a report into its folder; every other way is an address.
pub const FOLDER: &str = "folder";

impl ReportSettings {
    /// Where it goes: into its folder, and to each address.
    pub fn ways(&self) -> Vec<String> {
        let folder = (!self.folder.as_os_str().is_empty()).then(|| FOLDER.to_owned());
        folder.into_iter().chain(self.mail.iter().cloned()).collect()
    }
}

/// How soon people are told, and which programs may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertSettings {
    /// A site has to be dark or offline so long before anybody is told, seconds; 0 to 300.
    pub settle_s: u32,
    /// Told again after so long unless somebody has taken it, minutes; 15 to 1,440.
    pub repeat_min: u32,
    /// Addresses below which programs may be told, each ending with `/`; empty: none may.
    pub webhooks: Vec<String>,
    /// File with the secret that signs what programs are told, at least 16 characters.
    pub webhook_key_file: PathBuf,
}

/// The server that takes mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailSettings {
    /// Its name or address; empty: no mail.
    pub host: String,
    /// Its port; 1 to 65,535.
    pub port: u16,
    /// How the way there is kept private.
    pub tls: MailTls,
    /// Who signs in there; empty: nobody has to.
    pub user: String,
    /// File with the password.
    pub password_file: PathBuf,
    /// From whom mails come, `Lịch phát <lich-phat@example.vn>`.
    pub from: String,
}

/// How the way to the mail server is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// Begun in the clear, then TLS or nothing.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// In the clear, for a server on this machine.
    None,
}

/// Form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLines {
    /// For people.
    #[default]
    Text,
    /// One JSON object each, every request among them.
    Json,
}

/// The child process that opens media files, so that a hostile file cannot hurt the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProbeSettings {
    /// The player program: a path, or a name that is looked for beside this program, then on PATH.
    pub program: PathBuf,
    /// Longest time for one file, seconds; 1 to 600.
    pub timeout_s: u32,
}

/// Where players come in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlayersSettings {
    /// Those that are registered: plans, media, records.
    pub listen: SocketAddr,
    /// A box that is not yet: it registers here, and nothing else answers.
    pub pairing: SocketAddr,
}

/// The certificate that all doors show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsSettings {
    /// False: in the clear, for a reverse proxy on this machine; then every door is of the loopback.
    pub enabled: bool,
    /// PEM file of a certificate with its chain; empty: the server makes its own, with an authority of its own.
    pub chain: PathBuf,
    /// PEM file of its key.
    pub key: PathBuf,
    /// Names and addresses under which the server is reached: borne by its own certificate, the first told to players.
    pub names: Vec<String>,
}

/// Limits of the web service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebSettings {
    /// The address that people type, `https://lich-phat.example.vn:8087`: passkeys hang on its name. Empty: it has none, and there are none.
    pub address: String,
    /// Longest time for a TLS handshake, seconds; 1 to 60.
    pub handshake_timeout_s: u32,
    /// Longest time a client may take to send its headers, and to say something more on an open connection, seconds; 1 to 120.
    pub header_read_timeout_s: u32,
    /// Longest wait for open requests at shutdown, seconds; 0 to 120.
    pub shutdown_grace_s: u32,
    /// Longest request body, bytes; 65,536 to 16,777,216.
    pub max_body_bytes: u32,
    /// Longest media file that is taken in over the network, MiB; 1 to 4,096.
    pub max_upload_mib: u32,
    /// Requests to the API that one account may send a second, on average; 1 to 10,000.
    pub api_requests_per_s: u32,
    /// Connections at once; 16 to 1,000,000. A player holds one, and now and then a second.
    pub connections: u32,
    /// Of them from one address; 16 to 1,000,000. A depot of a thousand buses may stand behind one.
    pub connections_per_address: u32,
}

/// The embedded database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// Threads that read; 1 to 64.
    pub readers: u32,
    /// Least room on its disk with which `/readyz` says yes, MiB; 0 to 1,000,000,000.
    pub least_free_mib: u32,
}

/// The log that auditors read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// Its name for the world, `lichphat.example/log`; empty: one made of its key. Devices pin it: it never changes.
    pub origin: String,
    /// Seconds between two checkpoints; 1 to 3600.
    pub every_s: u32,
    /// Days for which segments are kept after the day on which they came; 0 = for ever, or 14 to 36,500.
    pub retention_days: u32,
    /// Segments of one device that are taken in of a received day; the rest is taken the next day. 100 to 1,000,000.
    pub segments_per_device: u32,
    /// Second stories of one device that are kept of a received day; what comes beyond is counted. 1 to 10,000.
    pub forks_per_device: u32,
    /// The same of all devices, besides the first of each; 1 to 1,000,000.
    pub forks: u32,
    /// Who is asked to cosign its checkpoints.
    pub witnesses: Vec<WitnessSettings>,
}

/// A witness of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessSettings {
    /// Where it takes `add-checkpoint`: `https://nhan-chung.thanh-tra.example`, or `http://127.0.0.1:8088`.
    pub url: String,
    /// Its key.
    pub key: VerifierKey<Cosigning>,
    /// PEM file of the authority behind its certificate, when this machine does not know that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8087)),
            players: PlayersSettings::default(),
            tls: TlsSettings::default(),
            data: DEFAULT_DATA_DIR.into(),
            utc_offset_min: 420,
            horizon_days: 7,
            log_lines: LogLines::default(),
            probe: ProbeSettings::default(),
            web: WebSettings::default(),
            store: StoreSettings::default(),
            log: LogSettings::default(),
            alerts: AlertSettings::default(),
            mail: MailSettings::default(),
            report: Vec::new(),
        }
    }
}
impl Default for ProbeSettings {
    fn default() -> Self {
        Self { program: "lichphat-player".into(), timeout_s: 30 }
    }
}
impl Default for PlayersSettings {
    fn default() -> Self {
        let of = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Self { listen: of(8088), pairing: of(8089) }
    }
}
impl Default for TlsSettings {
    fn default() -> Self {
        Self { enabled: true, chain: PathBuf::new(), key: PathBuf::new(), names: Vec::new() }
    }
}
impl Default for WebSettings {
    fn default() -> Self {
        Self {
            address: String::new(),
            handshake_timeout_s: 5,
            header_read_timeout_s: 10,
            shutdown_grace_s: 2,
            max_body_bytes: 1_048_576,
            max_upload_mib: 1_024,
            api_requests_per_s: 20,
            connections: 32_768,
            connections_per_address: 1_024,
        }
    }
}
impl Default for AlertSettings {
    fn default() -> Self {
        Self { settle_s: 120, repeat_min: 120, webhooks: Vec::new(), webhook_key_file: PathBuf::new() }
    }
}
impl Default for ReportSettings {
    fn default() -> Self {
        let (name, unit, link, campaign, venue) = Default::default();
        let (period, lang, formats) = ("month".to_owned(), "vi".to_owned(), vec!["docx".to_owned(), "xlsx".to_owned()]);
        let (folder, mail) = Default::default();
        let (parent, issuer, symbol, place, to, copies, position, signer) = Default::default();
        Self {
            name,
            unit,
            link,
            campaign,
            venue,
            period,
            day: 5,
            hour: 7,
            formats,
            folder,
            mail,
            lang,
            parent,
            issuer,
            symbol,
            place,
            to,
            copies,
            position,
            signer,
        }
    }
}
impl Default for MailSettings {
    fn default() -> Self {
        let (host, user, from, password_file) = Default::default();
        Self { host, port: 587, tls: MailTls::Starttls, user, password_file, from }
    }
}
impl Default for LogSettings {
    fn default() -> Self {
        Self {
            origin: String::new(),
            every_s: 60,
            retention_days: 0,
            segments_per_device: 10_000,
            forks_per_device: 16,
            forks: 1_000,
            witnesses: Vec::new(),
        }
    }
}
impl Default for StoreSettings {
    fn default() -> Self {
        Self { readers: 2, least_free_mib: 512 }
    }
}

/// Why settings were refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("settings {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not TOML, an unknown key, or a value of the wrong type; the text shows line and column.
    #[error("settings {}: {problem}", .path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Line, column and what is wrong there.
        problem: String,
    },
    /// A value outside its range.
    #[error("settings: {field} = {value} is out of range: use {from} to {to}")]
    Range {
        /// Name of the key, with its table.
        field: &'static str,
        /// Value as given.
        value: i64,
        /// Smallest value.
        from: i64,
        /// Largest value.
        to: i64,
    },
    /// A value that cannot be right.
    #[error("settings: {field} = {value}: {mend}")]
    Value {
        /// Name of the key, with its table.
        field: String,
        /// Value as given.
        value: String,
        /// What is wrong, and what to write.
        mend: &'static str,
    },
}

impl Settings {
    /// Reads and checks a file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Parses and checks; `path` is for the error's text only.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let settings: Self = toml::from_str(text)
            .map_err(|error| ConfigError::Parse { path: path.to_owned(), problem: error.to_string() })?;
        settings.check()?;
        Ok(settings)
    }

    /// Offset of local time from UTC.
    pub fn utc_offset(&self) -> UtcOffset {
        UtcOffset(self.utc_offset_min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRESET: &str = include_str!("../config/server.toml");

    fn parse(text: &str) -> Result<Settings, ConfigError> {
        Settings::parse(text, Path::new("server.toml"))
    }

    #[test]
    fn the_preset_is_the_default_and_names_every_key() {
        assert_eq!(parse(PRESET).unwrap(), Settings::default());
        let all = toml::Table::try_from(Settings::default()).unwrap();
        let written: toml::Table = toml::from_str(PRESET).unwrap();
        assert_eq!(written, all, "every key of the settings stands in the preset");
    }

    #[test]
    fn a_wrong_setting_is_named_with_its_mend() {
        let unknown = parse("listn = \"127.0.0.1:1\"").unwrap_err().to_string();
        assert!(unknown.contains("listn") && unknown.contains("line 1"), "{unknown}");
        let range = parse("horizon_days = 0").unwrap_err().to_string();
        assert_eq!(range, "settings: horizon_days = 0 is out of range: use 1 to 45");
        let soon = parse("[log]\nretention_days = 13").unwrap_err().to_string();
        assert!(
            soon.starts_with("settings: log.retention_days = 13: players keep") && soon.ends_with("or 14 to 36500")
        );
        for days in [0, 14, 36_500] {
            assert_eq!(parse(&format!("[log]\nretention_days = {days}")).unwrap().log.retention_days, days);
        }
        assert!(parse("[web]\nmax_body_bytes = \"many\"").unwrap_err().to_string().contains("line 2"));
    }

    #[test]
    fn passkeys_hang_on_a_name_and_on_no_number() {
        let with = |address: &str| parse(&format!("[web]\naddress = \"{address}\""));
        for good in ["", "https://lich-phat.example.vn", "https://lich-phat.example.vn:8087", "https://localhost:8087"]
        {
            assert_eq!(with(good).unwrap().web.address, good);
        }
        for bad in [
            "lich-phat.example.vn",
            "http://lich-phat.example.vn",
            "https://10.1.2.3:8087",
            "https://[::1]:8087",
            "https://lich-phat.example.vn/",
            "https://an@lich-phat.example.vn",
            "https://Lich-Phat.example.vn",
            "https://lịch.example.vn",
            "https://:8087",
        ] {
            let refused = with(bad).unwrap_err().to_string();
            assert!(refused.starts_with(&format!("settings: web.address = {bad}: browsers hold")), "{refused}");
        }
    }

    #[test]
    fn the_rule_of_a_report_that_the_preset_shows_names_every_key_and_can_be_meant() {
        let preset = include_str!("../config/server.toml");
        let shown = &preset[preset.find("# [[report]]").unwrap()..];
        let shown = shown.lines().map(|line| line.trim_start_matches("# ")).collect::<Vec<_>>().join("\n");
        let settings = parse(&format!("[mail]\nhost = \"m.example\"\n{shown}")).unwrap();
        let keys = |rule: &toml::Table| rule.keys().cloned().collect::<Vec<_>>();
        let read: toml::Table = toml::from_str(&shown).unwrap();
        let rule = read["report"][0].as_table().unwrap();
        assert_eq!(keys(rule), keys(&toml::Table::try_from(&settings.report[0]).unwrap()));
        let own = ReportSettings::default();
        let shown = &settings.report[0];
        assert_eq!(
            (&shown.period, shown.day, shown.hour, &shown.formats),
            (&own.period, own.day, own.hour, &own.formats)
        );
    }

    #[test]
    fn a_witness_has_an_address_and_an_authority_only_with_https() {
        use lichphat_playlists::wire::sign::SigningKey;
        let key = VerifierKey::new("w.example", SigningKey::<Cosigning>::from_seed(&[1; 32]).verifying_key()).unwrap();
        let with = |rest: &str| parse(&format!("[log]\nwitnesses = [{{ key = \"{key}\", {rest} }}]"));
        for good in ["url = \"https://w.example/deep\", ca = \"city.pem\"", "url = \"http://127.0.0.1:8088\""] {
            with(good).unwrap();
        }
        for bad in ["w.example", "ftp://w.example", "/tmp/w", ""] {
            let refused = with(&format!("url = \"{bad}\"")).unwrap_err().to_string();
            assert!(
                refused.starts_with(&format!("settings: log.witnesses, 1.: url = {bad}: is no address")),
                "{refused}"
            );
        }
        let refused = with("url = \"http://127.0.0.1:8088\", ca = \"city.pem\"").unwrap_err().to_string();
        assert!(refused.contains("1.: ca = city.pem: belongs to an https:// address"), "{refused}");
    }
}
