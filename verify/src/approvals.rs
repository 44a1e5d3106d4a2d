//! What may be shown: permits, and where screens stand, signed with the key of approvals that the log states. A permit counts
//! from its own statement in the log on, so nobody permits afterwards what was shown before.

use crate::findings::{Findings, words};
use crate::verdict::Check;
use crate::{ArchiveError, Bundle};
use lichphat_playlists::figures::{DayFacts, ScreenFacts};
use lichphat_playlists::ids::{CampaignCode, PermitHash, Sha256Hash};
use lichphat_playlists::proof::bundle;
use lichphat_playlists::wire::permit::{Document, Grounds, PermitError, Withdrawals, named};
use lichphat_playlists::wire::sign::{Approving, Envelope, VerifyingKey};
use lichphat_playlists::wire::v1::{AssetTable, Playlist};
use std::collections::BTreeMap;
use std::io::{Read, Seek};

/// Where the log says that people approved something.
#[derive(Debug, Clone)]
pub(crate) struct Stated {
    /// Its place.
    pub(crate) index: u64,
    /// Who.
    pub(crate) by: Vec<String>,
}

/// Everything of it that concerns the bundle.
#[derive(Default)]
pub(crate) struct Approvals {
    /// Keys that the log states, newest last.
    pub(crate) keys: Vec<VerifyingKey<Approving>>,
    /// Permits that it states.
    pub(crate) stated: BTreeMap<PermitHash, Stated>,
    /// All that was taken back by its word.
    pub(crate) withdrawals: Withdrawals,
    documents: BTreeMap<Sha256Hash, Document>,
}

impl Approvals {
    /// Reads the signed documents of the bundle.
    pub(crate) fn read<R: Read + Seek>(
        &mut self,
        bundle: &mut Bundle<R>,
        findings: &mut Findings,
    ) -> Result<(), ArchiveError> {
        let bytes = bundle.get(bundle::APPROVALS)?;
        let form = || ArchiveError::Form { name: bundle::APPROVALS.to_owned(), problem: "it is cut".to_owned() };
        for (i, document) in bundle::documents(&bytes).ok_or_else(form)?.into_iter().enumerate() {
            match self.open(document) {
                Ok((name, document)) => drop(self.documents.insert(name, document)),
                Err(error) => findings.fault(
                    Check::Approval,
                    &format!("{}, {i}", bundle::APPROVALS),
                    words!(
                    "phê duyệt không dùng được: {error}"; "the approval cannot be used: {error}"),
                ),
            }
        }
        for (name, Stated { by, .. }) in &self.stated {
            if self.documents.contains_key(name) && by.iter().any(|by| by == "shell") {
                findings.remark(
                    Check::Approval,
                    &name.hex()[..12],
                    words!(
                    "Duyệt ngay trên máy chủ, không bằng tài khoản nào: ai vào được máy chủ thì duyệt được.";
                    "Approved at the server's own shell, by no account: whoever could get there could approve it."),
                );
            }
        }
        Ok(())
    }

    fn open(&self, bytes: &[u8]) -> Result<(Sha256Hash, Document), PermitError> {
        let envelope = Envelope::from_bytes(bytes.to_vec())?;
        let mut error = PermitError::Form("the log states no key of approvals".to_owned());
        for key in &self.keys {
            match Document::open(&envelope, key) {
                Ok(document) => return Ok((envelope.hash(), document)),
                Err(no) => error = no,
            }
        }
        Err(error)
    }

    /// What a playlist rests on for the campaign, and from which place of the log on.
    pub(crate) fn grounds(&self, playlist: &Playlist, table: &AssetTable, campaign: &CampaignCode) -> (Grounds, u64) {
        let (mut grounds, mut since) = (Grounds::default(), 0);
        for name in named(playlist.place, table.assets.iter().filter(|a| a.code == *campaign)) {
            let document = self.documents.get(&name);
            let stated = self.stated.get(&name);
            match (document, stated) {
                (Some(Document::Place(place)), _) if place.screen == playlist.screen => {
                    grounds.take(name, Document::Place(place.clone()));
                }
                (Some(Document::Permit(permit)), Some(stated)) => {
                    grounds.take(name, Document::Permit(permit.clone()));
                    since = since.max(stated.index);
                }
                _ => {}
            }
        }
        (grounds, since)
    }
}

/// What was shown whole without an approval: it counts for nothing, and should not have been seen.
pub(crate) fn told(facts: &[ScreenFacts], findings: &mut Findings) {
    for facts in facts {
        let of = |day: &DayFacts| day.counts.reasons.get("not-approved").copied();
        let plays: u32 = facts.days.values().filter_map(of).sum();
        if plays > 0 {
            findings.fault(
                Check::Approval,
                facts.screen.as_str(),
                words!(
                "{plays} lượt đã phát nội dung không được duyệt cho màn hình và ngày đó; các lượt này không được tính";
                "{plays} plays of what was not approved for this screen and day were shown; they do not count"),
            );
        }
    }
}
