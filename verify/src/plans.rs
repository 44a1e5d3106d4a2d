//! The playlists that records name: signed, whole, and of the screen they are shown for.

use crate::approvals::Approvals;
use crate::findings::{Findings, words};
use crate::verdict::Check;
use crate::{ArchiveError, Bundle};
use lichphat_playlists::figures::{Basis, Period, ScreenFacts};
use lichphat_playlists::ids::{CampaignCode, PlanHash, ScreenCode, Sha256Hash};
use lichphat_playlists::proof::book::{PlanBook, PlanDocument};
use lichphat_playlists::proof::bundle;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use lichphat_playlists::wire::sign::{Envelope, PlanSigning, VerifyingKey};
use lichphat_playlists::wire::v1::{AssetTable, LIMIT_BYTES, Playlist, Slot};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};
use std::sync::Arc;

/// Most bytes to which a screen's playlists unpack: some thousand of them. They are kept in memory while it is judged.
const MOST_UNPACKED_BYTES: usize = 256 << 20;

/// Asset tables are shared by playlists of many screens.
#[derive(Default)]
pub(crate) struct Assets(BTreeMap<Sha256Hash, Arc<AssetTable>>);

impl Assets {
    fn get<R: Read + Seek>(&mut self, hash: Sha256Hash, bundle: &mut Bundle<R>) -> Result<Arc<AssetTable>, String> {
        if let Some(table) = self.0.get(&hash) {
            return Ok(Arc::clone(table));
        }
        let bytes = bundle.get(&bundle::assets(hash)).map_err(|e| e.to_string())?;
        let table = Arc::new(AssetTable::decode(&bytes, hash).map_err(|e| e.to_string())?);
        self.0.insert(hash, Arc::clone(&table));
        Ok(table)
    }
}

/// A screen's playlists: what records are judged by, and what the newest of each day gives the campaign.
pub(crate) struct ScreenPlans {
    /// By name.
    pub(crate) book: PlanBook,
    newest: BTreeMap<LocalDay, Newest>,
    /// Where the log states the last of the permits that each rests on.
    since: BTreeMap<PlanHash, u64>,
}

/// Whose playlists and approvals are believed.
pub(crate) struct Believed<'a> {
    /// Keys of playlists, newest first.
    pub(crate) keys: Vec<VerifyingKey<PlanSigning>>,
    /// What may be shown.
    pub(crate) approvals: &'a Approvals,
}

/// The newest playlist of a day.
#[derive(Default)]
struct Newest {
    version: u32,
    /// Its plays of the campaign.
    planned: u32,
    /// It has hours of duty and terms of the campaign, or says that nobody had approved it: a number is owed.
    asked: bool,
    /// Plays of the campaign that it asks for and says that nobody had approved.
    not_approved: Option<u32>,
    /// When its plays begin, of whatever campaign.
    starts: Vec<UtcMillis>,
}

impl ScreenPlans {
    /// Reads a screen's playlists.
    pub(crate) fn read<R: Read + Seek>(
        screen: &ScreenCode,
        basis: &Basis,
        believed: &Believed<'_>,
        (bundle, assets): (&mut Bundle<R>, &mut Assets),
        findings: &mut Findings,
    ) -> Result<Self, ArchiveError> {
        let name = bundle::plans_of(screen);
        let bytes = bundle.get(&name)?;
        let form = |problem: &str| ArchiveError::Form { name: name.clone(), problem: problem.to_owned() };
        let documents = bundle::documents(&bytes).ok_or_else(|| form("it is cut"))?;
        let mut unpacked_bytes = 0;
        let withdrawals = Arc::new(believed.approvals.withdrawals.clone());
        let book = PlanBook::default().with(withdrawals);
        let mut plans = Self { book, newest: BTreeMap::new(), since: BTreeMap::new() };
        for (i, document) in documents.into_iter().enumerate() {
            match open(document, (believed, &basis.campaign), screen, bundle, assets) {
                Ok((plan, size_bytes, since)) => {
                    plans.since.insert(plan.hash, since);
                    unpacked_bytes += size_bytes;
                    if unpacked_bytes > MOST_UNPACKED_BYTES {
                        return Err(form("its playlists unpack to more than 256 MiB, more than any screen has"));
                    }
                    if plan.playlist.offset_min != basis.period.offset {
                        findings.fault(Check::Figures, &format!("{name}, {i}"), words!(
                            "múi giờ của lịch phát khác múi giờ của báo cáo"; "the playlist is of another offset of local time than the report"));
                    }
                    if plan.asks_for(|asset| {
                        asset.code == basis.campaign && believed.approvals.was_taken_back(asset, plan.playlist.made_ms)
                    }) {
                        findings.fault(
                            Check::Approval,
                            &format!("{name}, {i}"),
                            words!(
                            "máy chủ xếp vào lịch phát nội dung mà phê duyệt đã bị thu hồi từ trước";
                            "the scheduler planned what had been withdrawn long before"),
                        );
                    }
                    plans.add(plan, &basis.campaign);
                }
                Err(error) => findings.fault(
                    Check::Plan,
                    &format!("{name}, {i}"),
                    words!(
                    "lịch phát không dùng được: sai dạng, sai chữ ký, hoặc thiếu danh sách nội dung"; "the playlist cannot be used: {error}"),
                ),
            }
        }
        Ok(plans)
    }

    fn add(&mut self, plan: PlanDocument, campaign: &CampaignCode) {
        let (playlist, assets) = (&plan.playlist, &plan.assets);
        let of = |item: u16| assets.assets.get(usize::from(item)).is_some_and(|a| a.code == *campaign);
        let planned = playlist.slots.iter().filter(|slot| of(slot.item)).count() as u32;
        let newest = self.newest.entry(playlist.day).or_default();
        if playlist.version.0 > newest.version {
            let start = |slot: &Slot| playlist.day.at(slot.start_s, playlist.offset_min);
            let not_approved = playlist.not_approved.get(campaign).copied().filter(|asked| *asked > 0);
            *newest = Newest {
                version: playlist.version.0,
                planned,
                asked: !playlist.duty.is_empty() && (playlist.terms_of(campaign).is_some() || not_approved.is_some()),
                not_approved,
                starts: playlist.slots.iter().map(start).collect(),
            };
        }
        self.book.extend(std::iter::once(plan).collect());
    }

    /// Was every permit that a playlist rests on in the log before entry `index`?
    pub(crate) fn was_approved(&self, plan: PlanHash, index: u64) -> bool {
        self.since.get(&plan).is_none_or(|since| *since < index)
    }

    /// When the last play begins that was planned on a day up to `to` and before `until`.
    pub(crate) fn last_before(&self, to: LocalDay, until: UtcMillis) -> Option<UtcMillis> {
        let starts = self.newest.range(..=to).flat_map(|(_, newest)| &newest.starts);
        starts.copied().filter(|start| *start < until).max()
    }

    /// Days on which the newest playlist has hours of duty and a number of the campaign.
    pub(crate) fn days_asked(&self, from: LocalDay, to: LocalDay) -> impl Iterator<Item = LocalDay> + Clone {
        self.newest.range(from..=to).filter(|(_, newest)| newest.asked).map(|(day, _)| *day)
    }

    /// Compares what the scheduler says was planned with the newest playlist of each day.
    pub(crate) fn compare(&self, facts: &ScreenFacts, period: &Period, findings: &mut Findings) {
        let shown = self.newest.range(period.from..=period.to).map(|(day, _)| day);
        for day in facts.days.keys().chain(shown).collect::<BTreeSet<_>>() {
            let stated = facts.days.get(day).map_or(0, |stated| stated.planned);
            let shown = self.newest.get(day).map_or(0, |newest| newest.planned);
            if shown != stated {
                findings.fault(
                    Check::Plan,
                    &format!("{}, {day}", facts.screen),
                    words!(
                    "báo cáo ghi {stated} lượt theo lịch, lịch phát trong gói có {shown}";
                    "the report says {stated} plays were planned, the playlists shown have {shown}"),
                );
            }
            let stated = facts.days.get(day).filter(|stated| stated.not_approved).map(|stated| stated.asked);
            let signed = self.newest.get(day).and_then(|newest| newest.not_approved);
            if signed != stated {
                let said = |n: Option<u32>| n.unwrap_or(0);
                let (stated, signed) = (said(stated), said(signed));
                findings.fault(
                    Check::Plan,
                    &format!("{}, {day}", facts.screen),
                    words!(
                    "báo cáo ghi {stated} lượt không xếp được vì chưa duyệt, lịch phát đã ký ghi {signed}";
                    "the report says that {stated} plays could not be planned for the want of an approval, the signed playlist says {signed}"),
                );
            }
        }
    }
}

/// A playlist and its table, the bytes it unpacked to, and where the log states the last permit it rests on.
fn open<R: Read + Seek>(
    document: &[u8],
    (believed, campaign): (&Believed<'_>, &CampaignCode),
    screen: &ScreenCode,
    bundle: &mut Bundle<R>,
    assets: &mut Assets,
) -> Result<(PlanDocument, usize, u64), String> {
    let envelope = Envelope::from_bytes(document.to_vec()).map_err(|e| e.to_string())?;
    let size_bytes = envelope.content_unverified(LIMIT_BYTES).map_err(|e| e.to_string())?.len();
    let key = believed.keys.iter().find(|key| envelope.verify(*key).is_ok());
    let key = key.ok_or("its key is none that the log states for playlists, or it was altered")?;
    let playlist = Playlist::open(&envelope, key).map_err(|e| e.to_string())?;
    if playlist.screen != *screen {
        return Err(format!("it is of screen {}", playlist.screen));
    }
    let assets = assets.get(playlist.assets, bundle)?;
    playlist.check(&assets).map_err(|e| e.to_string())?;
    let (grounds, since) = believed.approvals.grounds(&playlist, &assets, campaign);
    Ok((PlanDocument { hash: envelope.hash(), playlist, assets, grounds }, size_bytes, since))
}
