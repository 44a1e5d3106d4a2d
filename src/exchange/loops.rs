//! A unit's own loop, changed by who may compose: files come in as drafts, are put in order, and are sent to who approves. One way
//! for console and API.
//!
//! Who saves says what he has looked at, so that two people lose nothing; each change and its deed are one transaction.

use crate::approval::{self, ApprovalError, ApprovalStore};
use crate::campaigns::{CampaignStore, Campaigns, Edit, LoopChange, LoopItem, MOST_ITEMS, own_links};
use crate::directory::Directory;
use crate::directory::problem::{Say, say};
use crate::error::StoreError;
use crate::library::{Given, Library, LibraryError, Uploaded, display_name};
use crate::people::{AccountCode, Deed};
use lichphat_playlists::ids::{CampaignCode, MediaHash, Sha256Hash, UnitCode};
use lichphat_playlists::media::{Media, MediaKind};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use std::collections::BTreeMap;
use std::path::Path;

/// For how long a still is shown when nobody says, seconds.
pub const STILL_S: u32 = 10;
/// How often something is tried again when somebody else was quicker elsewhere in the city.
const TRIES: u32 = 8;

/// Why a loop is not changed.
#[derive(Debug, thiserror::Error)]
pub enum LoopError {
    /// There is no such item, or it is not this unit's own.
    #[error("item {0}: is not in this unit's loop")]
    Unknown(String),
    /// Somebody else has changed it since it was looked at.
    #[error("somebody else has changed it meanwhile; look at it again")]
    Changed,
    /// What cannot be so, by field.
    #[error("{}", .0.iter().map(|(field, say)| format!("{field}: {}", say.en)).collect::<Vec<_>>().join("; "))]
    Wrong(Vec<(&'static str, Say)>),
    /// The loop is as long as a loop may be.
    #[error("a loop has at most {MOST_ITEMS} items; take one off first")]
    Full,
    /// The file.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// It could not be put to people.
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One unit's loop on the bench.
#[derive(Clone, Copy)]
pub struct Workshop<'a> {
    /// Orders, contracts, loops.
    pub campaigns: &'a dyn CampaignStore,
    /// What waits for people.
    pub approvals: &'a dyn ApprovalStore,
    /// Media.
    pub library: &'a Library,
    /// Units and screens.
    pub directory: &'a Directory,
    /// Whose loop.
    pub unit: &'a UnitCode,
    /// Who changes it.
    pub by: &'a AccountCode,
    /// The present, and its local day.
    pub now: (UtcMillis, LocalDay),
}

impl Workshop<'_> {
    /// A file that has come in goes to the end of the loop as a draft. Brought again while it is one, it stays one. The second part of
    /// the answer is the length, ms, of a film that was cut to whole seconds.
    ///
    /// # Errors
    /// The file cannot be played, the loop is full, the store failed.
    pub async fn add(
        &self,
        uploaded: &Uploaded,
        name: &str,
        still_s: u32,
    ) -> Result<(LoopItem, Option<u64>), LoopError> {
        let given = Given { still_s: Some(still_s), ..Given::default() };
        let examined = self.library.examine_cut(uploaded, name, given).await?;
        let cut_from_ms = examined.cut_from_ms();
        let kept = self.library.keep_of(examined, Some(self.by.as_str())).await?.item;
        Ok((self.add_known(&kept.media, &display_name(Path::new(name)), still_s).await?, cut_from_ms))
    }

    /// A file of the library goes to the end of the loop as a draft.
    ///
    /// # Errors
    /// The loop is full, the store failed.
    pub async fn add_known(&self, media: &Media, name: &str, still_s: u32) -> Result<LoopItem, LoopError> {
        let (mut media, links) = (media.clone(), own_links(self.directory, self.unit, self.now.1));
        if media.kind == MediaKind::Still {
            media.duration_s = still_s;
        }
        self.change(|campaigns| {
            let own = campaigns.own_loop(self.unit);
            if let Some(known) = own.iter().find(|item| item.draft && item.file() == Some(media.hash)) {
                return Ok(((*known).clone(), None));
            }
            if own.iter().filter(|item| is_current(item, self.now.1)).count() >= MOST_ITEMS {
                return Err(LoopError::Full);
            }
            let code = campaigns.free_code(self.unit, media.hash).ok_or(LoopError::Full)?;
            let turn = own.iter().map(|item| item.turn).max().unwrap_or(0) + 1;
            let item = LoopItem::drafted(self.unit, &media, name, (code, turn), &links);
            let deed = self.deed("loop-add", format!("item {}, media {}", item.code, media.hash));
            let change = LoopChange { put: vec![item.clone()], dropped: Vec::new() };
            Ok((item, Some((change, deed))))
        })
        .await
    }

    /// An item as somebody wants it, who has looked at the one named `seen`. What is beyond what was approved is put to people.
    ///
    /// # Errors
    /// A field that cannot be so; somebody else has changed it; the store failed.
    pub async fn save(&self, code: &str, seen: &str, edit: &Edit) -> Result<(), LoopError> {
        let media = self.media().await?;
        let sent = self
            .change(|campaigns| {
                let item = self.own(campaigns, code)?;
                if item.tag() != seen {
                    return Err(LoopError::Changed);
                }
                let kind = item.file().and_then(|hash| media.get(&hash)).map(|file| file.kind);
                let edited = item.edited(edit, kind.unwrap_or(MediaKind::Video));
                let edited = edited.map_err(LoopError::Wrong)?;
                if edited == *item {
                    return Ok((None, None));
                }
                if played(item, self.now.1) && edited.days.from > item.days.from {
                    return Err(LoopError::Wrong(vec![("from", say(
                        "nội dung này có thể đã phát: ngày đầu không lùi lại được; muốn nghỉ vài ngày thì đặt ngày cuối, rồi thêm lại tệp",
                        "this content may have played: its first day cannot come later; to pause it, set the last day and add the file again",
                    ))]));
                }
                let changed = format!("item {code}, {} -> {}", item.tag(), edited.tag());
                let (sent, deed) = ((!edited.draft).then(|| item.code.clone()), self.deed("loop-save", changed));
                Ok((sent, Some((LoopChange { put: vec![edited], dropped: Vec::new() }, deed))))
            })
            .await?;
        match sent {
            Some(code) => self.propose(&[code]).await.map(drop),
            None => Ok(()),
        }
    }

    /// The items in another order, by who has looked at the order named `seen` ([`order_tag`]). Items that are not named come last, as
    /// they stood.
    ///
    /// # Errors
    /// Somebody else has changed the order; the store failed.
    pub async fn arrange(&self, seen: &str, order: &[String]) -> Result<(), LoopError> {
        self.change(|campaigns| {
            let own = campaigns.own_loop(self.unit);
            if order_tag(&own) != seen {
                return Err(LoopError::Changed);
            }
            let place =
                |item: &LoopItem| order.iter().position(|code| code == item.code.as_str()).unwrap_or(order.len());
            let mut wanted = own.clone();
            wanted.sort_by_key(|item| place(item));
            let turned = wanted.into_iter().zip(1..).filter(|(item, turn)| item.turn != *turn);
            let put: Vec<LoopItem> = turned.map(|(item, turn)| LoopItem { turn, ..item.clone() }).collect();
            if put.is_empty() {
                return Ok(((), None));
            }
            let turns: Vec<String> = put.iter().map(|item| format!("{} {}", item.turn, item.code)).collect();
            let deed = self.deed("loop-order", turns.join(", "));
            Ok(((), Some((LoopChange { put, dropped: Vec::new() }, deed))))
        })
        .await
    }

    /// Sends every draft to who approves; how many proposals are new.
    ///
    /// # Errors
    /// The store failed.
    pub async fn send(&self) -> Result<usize, LoopError> {
        let sent = self
            .change(|campaigns| {
                let drafts = campaigns.own_loop(self.unit).into_iter().filter(|item| item.draft);
                let put: Vec<LoopItem> = drafts.map(|item| LoopItem { draft: false, ..item.clone() }).collect();
                if put.is_empty() {
                    return Ok((Vec::new(), None));
                }
                let codes: Vec<CampaignCode> = put.iter().map(|item| item.code.clone()).collect();
                let names: Vec<&str> = codes.iter().map(CampaignCode::as_str).collect();
                let deed = self.deed("loop-send", format!("items {}", names.join(", ")));
                Ok((codes, Some((LoopChange { put, dropped: Vec::new() }, deed))))
            })
            .await?;
        self.propose(&sent).await
    }

    /// Takes an item off the loop from today on; a draft is thrown away.
    ///
    /// # Errors
    /// Somebody else has changed it; the store failed.
    pub async fn take_off(&self, code: &str, seen: &str) -> Result<(), LoopError> {
        let sent = self
            .change(|campaigns| {
                let item = self.own(campaigns, code)?;
                if item.tag() != seen {
                    return Err(LoopError::Changed);
                }
                let (change, act) = match item.draft {
                    true => (LoopChange { put: Vec::new(), dropped: vec![item.code.clone()] }, "loop-drop"),
                    false => {
                        (LoopChange { put: vec![item.taken_off(self.now.1)], dropped: Vec::new() }, "loop-take-off")
                    }
                };
                Ok((!item.draft, Some((change, self.deed(act, format!("item {code}"))))))
            })
            .await?;
        // what still waits for people is wanted by nobody any more
        if sent { self.propose(&[]).await.map(drop) } else { Ok(()) }
    }

    fn own<'c>(&self, campaigns: &'c Campaigns, code: &str) -> Result<&'c LoopItem, LoopError> {
        let own = campaigns.own_loop(self.unit).into_iter().find(|item| item.code.as_str() == code);
        own.ok_or_else(|| LoopError::Unknown(code.to_owned()))
    }

    fn deed(&self, act: &'static str, detail: String) -> Deed {
        Deed { at: self.now.0, by: self.by.clone(), act, on: format!("unit {}", self.unit), detail }
    }

    /// Decides on what is there, and does it; again when somebody was quicker.
    async fn change<T>(
        &self,
        decide: impl Fn(&Campaigns) -> Result<(T, Option<(LoopChange, Deed)>), LoopError>,
    ) -> Result<T, LoopError> {
        let mut tries = 0;
        loop {
            let campaigns = self.campaigns.campaigns().await?;
            let (answer, todo) = decide(&campaigns)?;
            let Some((change, deed)) = todo else { return Ok(answer) };
            match self.campaigns.keep_loop(change, campaigns.revision, deed).await {
                Err(StoreError::Busy) if tries < TRIES => tries += 1,
                kept => return Ok(kept.map(|()| answer)?),
            }
        }
    }

    async fn media(&self) -> Result<BTreeMap<MediaHash, Media>, LoopError> {
        Ok(self.library.list().await?.into_iter().map(|m| (m.media.hash, m.media)).collect())
    }

    /// Puts to people what nobody has approved yet of these items.
    async fn propose(&self, items: &[CampaignCode]) -> Result<usize, LoopError> {
        let wanted = approval::drafts(&self.campaigns.campaigns().await?, &self.media().await?);
        let his = |draft: &approval::Draft| items.contains(&draft.permit.campaign);
        Ok(approval::propose_some(self.approvals, &wanted, his, (self.by.as_str(), self.now.0)).await?)
    }
}

/// May it have played?
fn played(item: &LoopItem, today: LocalDay) -> bool {
    !item.draft && item.days.from.is_none_or(|from| from < today)
}

/// Has it days to come?
pub fn is_current(item: &LoopItem, today: LocalDay) -> bool {
    item.days.to.is_none_or(|to| to >= today)
}

/// Names the order of a loop as it stands.
pub fn order_tag(own: &[&LoopItem]) -> String {
    let codes: Vec<&CampaignCode> = own.iter().map(|item| &item.code).collect();
    let json = serde_json::to_vec(&codes).expect("plain data always encodes");
    Sha256Hash::of(&json).hex()[..16].to_owned()
}
