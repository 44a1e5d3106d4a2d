//! Whom to believe: the log's checkpoint, its witnesses, the auditor's own memory, and what all that says about time.

use crate::findings::{Findings, words};
use crate::lost::EndedLogs;
use crate::screen::{CLOCKS_APART_MS, stamp};
use crate::verdict::{Check, Words};
use crate::vietnamese::moment as local;
use crate::{ArchiveError, Bundle, Options};
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::proof::bundle::{CHECKPOINT, CHECKPOINTS, EarlierCheckpoint, Keys};
use lichphat_playlists::proof::checkpoint::{Checkpoint, Policy, Witnessed};
use lichphat_playlists::proof::head::Seen;
use lichphat_playlists::proof::note::Note;
use lichphat_playlists::proof::tree::verify_consistency;
use lichphat_playlists::time::UtcMillis;
use std::collections::BTreeMap;
use std::io::{Read, Seek};

/// Longest time in which a round of the log takes entries into a tree and has it witnessed, ms.
const ROUND_MS: i64 = 600_000;

/// A log that was believed up to its newest checkpoint.
pub(crate) struct Trust {
    policy: Policy,
    /// The newest checkpoint.
    pub(crate) checkpoint: Checkpoint,
    /// Who had seen it.
    pub(crate) witnessed: Witnessed,
    /// Roots of the checkpoints shown, by size.
    roots: BTreeMap<u64, Sha256Hash>,
    /// From this size on witnesses had seen everything by this second, earliest first; by size, descending times removed.
    seen: Vec<(u64, u64)>,
    /// Logs that have ended, as this one states where it was begun anew over their entries.
    pub(crate) ended: EndedLogs,
    /// What anchors say, by their hashes.
    anchors: BTreeMap<Sha256Hash, Result<Anchor, NotOurs>>,
}

/// A checkpoint that a player knew when it began a segment.
#[derive(Debug, Clone)]
pub(crate) struct Anchor {
    /// Which log's.
    pub(crate) origin: String,
    /// Its entries.
    pub(crate) size: u64,
    /// From then on at the latest witnesses had seen it, seconds since 1970.
    pub(crate) since_s: Option<u64>,
    /// It is of the lost part of a log that has ended.
    pub(crate) lost: bool,
}

impl Trust {
    /// Reads the checkpoints. None when the newest one cannot be believed: then nothing else can. `ended`: logs before this one,
    /// whose checkpoints are looked at whether or not the reader's policy names them.
    pub(crate) fn establish<R: Read + Seek>(
        bundle: &mut Bundle<R>,
        options: &Options,
        keys: &Keys,
        mut ended: EndedLogs,
        findings: &mut Findings,
    ) -> Result<Option<Self>, ArchiveError> {
        let logs = || keys.ended.iter().chain([&keys.log]).cloned().collect();
        let mut policy = options.policy.clone().unwrap_or_else(|| Policy::of_logs(logs()));
        let text = String::from_utf8_lossy(&bundle.get(CHECKPOINT)?).into_owned();
        let opened = Note::parse(&text).and_then(|note| policy.open(&note));
        let (checkpoint, witnessed) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                findings.fault(Check::Log, CHECKPOINT, words!("điểm chốt của sổ không dùng được: sai dạng, hoặc không mang chữ ký của sổ bạn tin"; "the log's checkpoint cannot be believed: {error}"));
                return Ok(None);
            }
        };
        for key in ended.keys(&checkpoint.origin) {
            if !policy.logs.contains(&key) {
                policy.logs.push(key);
            }
        }
        let mut trust = Self {
            roots: BTreeMap::from([(checkpoint.size, checkpoint.root)]),
            seen: witnessed.since_s.map(|s| (checkpoint.size, s)).into_iter().collect(),
            policy,
            checkpoint,
            witnessed,
            ended,
            anchors: BTreeMap::new(),
        };
        trust.judge_witnesses(options, findings);
        for earlier in bundle.json::<Vec<EarlierCheckpoint>>(CHECKPOINTS)? {
            trust.add(&earlier, findings);
        }
        for last in trust.ended.last() {
            match trust.held(&last) {
                Held::Lost => trust.ended.missed(&last.origin, last.size, None),
                Held::Otherwise => findings.fault(
                    Check::Log,
                    &format!("{CHECKPOINTS}, {}", last.size),
                    words!(
                    "điểm chốt cuối của sổ trước, mà sổ này nói là nối tiếp, không nằm trong sổ này";
                    "the last checkpoint of the log before, from which this one says that it goes on, is not in it"),
                ),
                Held::Ours | Held::Unshown => {}
            }
        }
        trust.compare_with_memory(options, findings);
        trust.seen.sort_unstable();
        for i in (1..trust.seen.len()).rev() {
            trust.seen[i - 1].1 = trust.seen[i - 1].1.min(trust.seen[i].1); // what is in a later tree was in it by then
        }
        if trust.seen.is_empty() {
            unbounded(findings);
        }
        Ok(Some(trust))
    }

    fn judge_witnesses(&self, options: &Options, findings: &mut Findings) {
        if options.policy.is_none() {
            findings.not_checked(Check::Witness);
            findings.remark(Check::Witness, "", words!(
                "Không có tệp chính sách (--policy): khóa của sổ lấy từ chính gói này, chưa bên thứ ba nào xác nhận. Hãy xin tệp chính sách từ đơn vị giám sát.";
                "No policy was given (--policy): the log's key was taken from the bundle itself and no third party confirms it. Ask the supervising body for its policy file."));
        } else if !self.witnessed.enough {
            findings.fault(
                Check::Witness,
                CHECKPOINT,
                words!(
                "chưa đủ nhân chứng ký xác nhận điểm chốt (có {})", self.witnessed.by.len();
                "too few witnesses have cosigned the checkpoint ({} have)", self.witnessed.by.len()),
            );
        } else if self.witnessed.since_s.is_none() {
            findings.not_checked(Check::Witness);
            findings.remark(
                Check::Witness,
                "",
                words!(
                "Chính sách không đòi hỏi nhân chứng (quorum none), nên không có mốc thời gian độc lập.";
                "The policy asks for no witness (quorum none), so there is no independent time."),
            );
        }
    }

    fn add(&mut self, earlier: &EarlierCheckpoint, findings: &mut Findings) {
        let opened = Note::parse(&earlier.note).and_then(|note| self.policy.open(&note));
        let (old, witnessed) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                findings.fault(Check::Log, CHECKPOINTS, words!("một điểm chốt cũ không dùng được: sai dạng, hoặc không mang chữ ký của sổ"; "an earlier checkpoint cannot be believed: {error}"));
                return;
            }
        };
        let (new, place) = (&self.checkpoint, format!("{CHECKPOINTS}, {}", old.size));
        match verify_consistency(old.size, new.size, old.root, new.root, &earlier.consistency) {
            Ok(()) => {
                self.roots.insert(old.size, old.root);
                self.seen.extend(witnessed.since_s.map(|s| (old.size, s)));
            }
            Err(_) if self.ended.beyond(&old.origin, old.size).is_some() => {
                self.ended.missed(&old.origin, old.size, None);
            }
            Err(error) => findings.fault(
                Check::Log,
                &place,
                words!(
                "sổ đã bị viết lại: điểm chốt cũ không nằm trong sổ hiện nay";
                "the log was rewritten: an earlier checkpoint is not in today's log ({error})"),
            ),
        }
    }

    fn compare_with_memory(&mut self, options: &Options, findings: &mut Findings) {
        let Some(text) = &options.since else {
            findings.not_checked(Check::Since);
            return;
        };
        let opened = Note::parse(text).and_then(|note| self.policy.open(&note));
        let (kept, witnessed) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                findings.fault(Check::Since, "--since", words!("điểm chốt bạn giữ không phải của sổ này: sai dạng, hoặc mang chữ ký của sổ khác"; "the checkpoint you kept is not this log's: {error}"));
                return;
            }
        };
        match self.held(&kept) {
            // the auditor's copy may bear cosignatures that the bundle does not show
            Held::Ours => self.seen.extend(witnessed.since_s.map(|s| (kept.size, s))),
            Held::Lost => {
                self.ended.missed(&kept.origin, kept.size, None);
                if let Some(ended) = self.ended.beyond(&kept.origin, kept.size) {
                    ended.forgotten(kept.size, findings);
                }
            }
            Held::Otherwise => findings.fault(Check::Since, "--since", words!(
                "sổ đã tách đôi hoặc bị viết lại: ở kích thước {} bạn từng thấy một nội dung khác", kept.size;
                "the log was split or rewritten: at size {} you had seen another one", kept.size)),
            Held::Unshown if kept.size > self.checkpoint.size => findings.fault(Check::Since, "--since", words!(
                "sổ đã ngắn lại: bạn từng thấy {} mục, nay chỉ còn {}", kept.size, self.checkpoint.size;
                "the log has shrunk: you had seen {} entries, now there are {}", kept.size, self.checkpoint.size)),
            Held::Unshown => findings.fault(Check::Since, "--since", words!(
                "gói không có chứng minh nối từ điểm chốt {} mục của bạn; hãy xuất lại với --since", kept.size;
                "the bundle has no proof from your checkpoint of {} entries on; export it again with --since", kept.size)),
        }
    }

    /// By when witnesses had seen the entry, seconds since 1970.
    pub(crate) fn not_after_s(&self, index: u64) -> Option<u64> {
        let at = self.seen.partition_point(|(size, _)| *size <= index);
        self.seen.get(at).map(|(_, s)| *s)
    }

    /// Can the entry have come at the moment that the scheduler states? Witnesses saw the log before it and with it.
    pub(crate) fn arrived(&self, index: u64, stated: UtcMillis) -> Result<(), Words> {
        let at = self.seen.partition_point(|(size, _)| *size <= index);
        let moment = |s: u64| UtcMillis(i64::try_from(s).unwrap_or(i64::MAX / 1000) * 1000);
        if let Some(&(_, s)) = self.seen.get(at)
            && stated > moment(s).plus_ms(CLOCKS_APART_MS)
        {
            return Err(words!(
                "ghi trước ngày: đã nằm trong sổ từ {} nhưng ghi là đến sau đó", local(s);
                "is pre-dated: it was in the log by {} and is said to have come after", stamp(s)));
        }
        if let Some(&(_, s)) = at.checked_sub(1).and_then(|before| self.seen.get(before))
            && stated < moment(s).plus_ms(-ROUND_MS)
        {
            return Err(words!(
                "ghi lùi ngày: vào sổ sau {} nhưng ghi là đến trước đó", local(s);
                "is back-dated: it came into the log after {} and is said to have come before", stamp(s)));
        }
        Ok(())
    }

    /// The checkpoint that a player knew when it began a segment; none before its first.
    pub(crate) fn anchor(&mut self, anchor: &str) -> Result<Option<Anchor>, NotOurs> {
        if anchor.is_empty() {
            return Ok(None);
        }
        let hash = Sha256Hash::of(anchor.as_bytes());
        if let Some(known) = self.anchors.get(&hash) {
            return known.clone().map(Some);
        }
        let read = self.read_anchor(anchor);
        self.anchors.insert(hash, read.clone());
        read.map(Some)
    }

    /// Does the bundle show a checkpoint of that size?
    pub(crate) fn shows(&self, size: u64) -> bool {
        self.roots.contains_key(&size)
    }

    /// Is a checkpoint that a player says it has seen one of this log? It does not say of which log it was.
    pub(crate) fn saw(&self, seen: Seen) -> Result<(), String> {
        match self.roots.get(&seen.size) {
            Some(root) if *root == seen.root => Ok(()),
            Some(_) => Err(format!("size {}: another root", seen.size)),
            None => Err(format!("size {}: not in the bundle", seen.size)),
        }
    }

    /// Is a checkpoint that a log has signed one of this history? Whatever this log publishes at the same size, one of an ended
    /// log that is beyond what was kept of it is of the part that is lost; at or below that it has to be here.
    fn held(&self, checkpoint: &Checkpoint) -> Held {
        match self.roots.get(&checkpoint.size) {
            Some(root) if *root == checkpoint.root => Held::Ours,
            _ if self.ended.beyond(&checkpoint.origin, checkpoint.size).is_some() => Held::Lost,
            Some(_) => Held::Otherwise,
            None => Held::Unshown,
        }
    }

    fn read_anchor(&self, anchor: &str) -> Result<Anchor, NotOurs> {
        let opened = Note::parse(anchor).and_then(|note| self.policy.open(&note));
        let (checkpoint, witnessed) = opened.map_err(|_| NotOurs::Unsigned)?;
        let held = self.held(&checkpoint);
        let Checkpoint { origin, size, root, .. } = checkpoint;
        match held {
            Held::Ours | Held::Lost => {
                Ok(Anchor { origin, size, since_s: witnessed.since_s, lost: held == Held::Lost })
            }
            Held::Otherwise | Held::Unshown => {
                Err(NotOurs::Another(self.saw(Seen { size, root }).err().unwrap_or_default()))
            }
        }
    }
}

/// How a checkpoint stands to this history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    /// It is one of it.
    Ours,
    /// It is of a log that has ended, and beyond what was kept of that.
    Lost,
    /// The bundle shows another one of the same size.
    Otherwise,
    /// The bundle shows none of that size.
    Unshown,
}

/// Why a checkpoint that a player says it has seen is none of this log.
#[derive(Debug, Clone)]
pub(crate) enum NotOurs {
    /// The log never signed it: the player's word alone, which says nothing against the log.
    Unsigned,
    /// The log signed it, and it is not among those of this history.
    Another(String),
}

/// Says once that no witness bounds the time of everything that is shown.
pub(crate) fn unbounded(findings: &mut Findings) {
    if findings.not_checked(Check::Time) {
        findings.remark(Check::Time, "", words!(
            "Chưa nhân chứng nào xác nhận mọi mục đã nằm trong sổ vào lúc nào, nên ngày giờ phát chỉ là lời của thiết bị và máy chủ.";
            "No witness says of every entry by when it was in the log, so the times of plays are the word of players and scheduler alone."));
    }
}
