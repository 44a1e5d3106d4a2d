//! Whether settings can be meant: each value by itself, and those that hang together.

use super::{ConfigError, Settings};

/// Fewest days for which segments are kept: as long as players keep their records, so that what a restored scheduler has
/// lost can still be held against what it has.
const LEAST_RETENTION_DAYS: u32 = 14;

/// Longest line of what an office writes around a report, characters.
const LONGEST_LINE: usize = 200;

impl Settings {
    /// Each value within what it can mean.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let rules: [(&'static str, i64, i64, i64); 16] = [
            ("utc_offset_min", self.utc_offset_min.into(), -720, 840),
            ("horizon_days", self.horizon_days.into(), 1, 45),
            ("probe.timeout_s", self.probe.timeout_s.into(), 1, 600),
            ("web.handshake_timeout_s", self.web.handshake_timeout_s.into(), 1, 60),
            ("web.api_requests_per_s", self.web.api_requests_per_s.into(), 1, 10_000),
            ("web.connections", self.web.connections.into(), 16, 1_000_000),
            ("web.connections_per_address", self.web.connections_per_address.into(), 16, 1_000_000),
            ("web.header_read_timeout_s", self.web.header_read_timeout_s.into(), 1, 120),
            ("web.shutdown_grace_s", self.web.shutdown_grace_s.into(), 0, 120),
            ("web.max_body_bytes", self.web.max_body_bytes.into(), 65_536, 16_777_216),
            ("web.max_upload_mib", self.web.max_upload_mib.into(), 1, 4_096),
            ("log.every_s", self.log.every_s.into(), 1, 3_600),
            ("log.retention_days", self.log.retention_days.into(), 0, 36_500),
            ("log.segments_per_device", self.log.segments_per_device.into(), 100, 1_000_000),
            ("log.forks_per_device", self.log.forks_per_device.into(), 1, 10_000),
            ("log.forks", self.log.forks.into(), 1, 1_000_000),
        ];
        let store = [
            ("store.readers", i64::from(self.store.readers), 1, 64),
            ("store.least_free_mib", i64::from(self.store.least_free_mib), 0, 1_000_000_000),
            ("alerts.settle_s", i64::from(self.alerts.settle_s), 0, 300),
            ("alerts.repeat_min", i64::from(self.alerts.repeat_min), 15, 1_440),
            ("mail.port", i64::from(self.mail.port), 1, 65_535),
        ];
        for (field, value, from, to) in rules.into_iter().chain(store) {
            if !(from..=to).contains(&value) {
                return Err(ConfigError::Range { field, value, from, to });
            }
        }
        let refused = |field: String, value: &dyn std::fmt::Display, mend| {
            Err(ConfigError::Value { field, value: value.to_string(), mend })
        };
        if (1..LEAST_RETENTION_DAYS).contains(&self.log.retention_days) {
            let mend = "players keep their records for 14 days, and the log must keep them as long; write 0 (for ever) or 14 to 36500";
            return refused("log.retention_days".to_owned(), &self.log.retention_days, mend);
        }
        if !self.web.address.is_empty() && !is_named(&self.web.address) {
            let mend = "browsers hold passkeys by a name; write https://lich-phat.example.vn, with :port unless it is 443, or leave it empty";
            return refused("web.address".to_owned(), &self.web.address, mend);
        }
        for base in &self.alerts.webhooks {
            let uri = base.parse::<http::Uri>().ok().filter(|uri| uri.authority().is_some() && uri.query().is_none());
            let scheme = uri.as_ref().and_then(http::Uri::scheme_str);
            if !matches!(scheme, Some("http" | "https")) || !base.ends_with('/') {
                let mend = "programs are told below such an address only; write https://ban-truc.example.vn/, with / at its end";
                return refused("alerts.webhooks".to_owned(), base, mend);
            }
        }
        for (n, witness) in (1..).zip(&self.log.witnesses) {
            let uri = witness.url.parse::<http::Uri>().ok().filter(|uri| uri.authority().is_some());
            let scheme = uri.as_ref().and_then(http::Uri::scheme_str);
            if !matches!(scheme, Some("http" | "https")) {
                let mend = "is no address of a witness; write https://nhan-chung.example, or http:// on this machine";
                return refused(format!("log.witnesses, {n}.: url"), &witness.url, mend);
            }
            if let (Some(ca), Some("http")) = (&witness.ca, scheme) {
                let mend = "belongs to an https:// address; leave it out, or write https://";
                return refused(format!("log.witnesses, {n}.: ca"), &ca.display(), mend);
            }
        }
        self.check_reports()
    }

    /// What can be said of the reports' rules without knowing the city; the rest is looked at when the server begins.
    fn check_reports(&self) -> Result<(), ConfigError> {
        for (n, rule) in (1..).zip(&self.report) {
            let refused = |field: &str, value: &dyn std::fmt::Display, mend| {
                Err(ConfigError::Value { field: format!("report, {n}.: {field}"), value: value.to_string(), mend })
            };
            let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if rule.name.is_empty() || rule.name.len() > 60 || !rule.name.chars().all(letter) {
                return refused(
                    "name",
                    &rule.name,
                    "write up to 60 small letters without tone marks, digits and -, such as thang-ba-dinh",
                );
            }
            if self.report.iter().take(n - 1).any(|other| other.name == rule.name) {
                return refused("name", &rule.name, "another rule above has this name; give each its own");
            }
            if !(1..=28).contains(&rule.day) {
                return refused("day", &rule.day, "write 1 to 28: so many days after the period's last one");
            }
            if rule.hour > 23 {
                return refused("hour", &rule.hour, "write 0 to 23");
            }
            if rule.formats.is_empty() {
                return refused("formats", &"[]", "write some of [\"pdf\", \"docx\", \"xlsx\", \"csv\", \"json\"]");
            }
            if let Some(twice) = (1..).zip(&rule.mail).find_map(|(n, to)| rule.mail.iter().skip(n).find(|o| *o == to)) {
                return refused("mail", twice, "this address stands there twice; write it once");
            }
            let head = [&rule.parent, &rule.issuer, &rule.symbol, &rule.place, &rule.position, &rule.signer];
            let lines = head.into_iter().chain(&rule.to).chain(&rule.copies);
            if let Some(long) = lines.into_iter().find(|words| words.chars().count() > LONGEST_LINE) {
                return refused("parent … signer", long, "no line on paper is so long; write up to 200 characters");
            }
            if rule.folder.as_os_str().is_empty() && rule.mail.is_empty() {
                return refused(
                    "folder",
                    &"\"\"",
                    "write a directory, or addresses as mail = [\"van-phong@example.vn\"]",
                );
            }
            if let Some(wrong) = rule.mail.iter().find(|to| to.parse::<lettre::Address>().is_err()) {
                return refused("mail", wrong, "is no e-mail address; write van-phong@example.vn");
            }
            if !rule.mail.is_empty() && self.mail.host.is_empty() {
                return refused(
                    "mail",
                    &rule.mail.join(", "),
                    "no mail goes out while mail.host is empty; set it, or take the addresses out",
                );
            }
        }
        Ok(())
    }
}

/// Is it `https://name` or `https://name:port`, and the name no number?
fn is_named(address: &str) -> bool {
    let Ok(uri) = address.parse::<http::Uri>() else { return false };
    let name = uri.host().unwrap_or_default();
    let letters = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let number = name.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    let port = uri.port_u16().map_or_else(String::new, |port| format!(":{port}"));
    !number && name.split('.').all(letters) && address == format!("https://{name}{port}")
}
