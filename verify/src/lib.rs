//! The auditor's program: reads a bundle and says what of it holds. No network, no database, no media, no clock; it
//! believes signatures of keys it was given, hashes, and arithmetic.
//!
//! [`verify`] walks the bundle once, screen by screen, in memory of one screen. [`Writer`] makes bundles, the same bytes
//! every time. What the words of a verdict mean is said in [`verdict`].

mod approvals;
mod archive;
mod basis;
pub mod cli;
mod figures;
mod findings;
mod heads;
mod json;
mod lost;
mod page;
mod plans;
mod players;
mod screen;
mod statements;
mod tail;
mod trust;
pub mod usage;
pub mod verdict;
mod vietnamese;

pub use archive::{ArchiveError, Bundle, Writer};
pub use page::{page, page_of_unreadable};
pub use screen::BACK_DATED_MS;
pub use verdict::{Unreadable, Verdict};

use findings::{Findings, words};
use lichphat_playlists::figures::{Basis, Period, Report, ScreenFacts, ScreenLine};
use lichphat_playlists::ids::{ScreenCode, Sha256Hash};
use lichphat_playlists::proof::bundle::{self, Keys, Start};
use lichphat_playlists::proof::checkpoint::Policy;
use lichphat_playlists::proof::tree::{leaf_hash, root_of};
use lost::EndedLogs;
use statements::Statements;
use std::collections::BTreeMap;
use std::io::{Read, Seek};
use verdict::{Check, Difference, Inspections, Standing};

/// What the auditor brings.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whom to believe; without one, the bundle's own word on the log's key is taken, and said so.
    pub policy: Option<Policy>,
    /// A checkpoint he kept from an earlier visit, a signed note.
    pub since: Option<String>,
    /// What players told him themselves of how far their records go, signed: no server had its hands on it.
    pub heads: Vec<Vec<u8>>,
}

/// Checks a bundle, which `open` opens as often as it is asked. `progress` hears how many screens of how many are done. An
/// error means that it could not be read as a bundle at all.
pub fn verify<R: Read + Seek>(
    open: impl Fn() -> std::io::Result<R>,
    options: &Options,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verdict, ArchiveError> {
    let mut bundle = Bundle::open(open()?)?;
    let keys: Keys = bundle.json(bundle::KEYS)?;
    let basis: Basis = bundle.json(bundle::BASIS)?;
    let (from, to) = (basis.period.from, basis.period.to);
    if from > to {
        let problem = format!("period: it begins on {from}, after its end on {to}");
        return Err(ArchiveError::Form { name: bundle::BASIS.to_owned(), problem });
    }
    let mut walk = Walk { findings: Findings::default(), leaves: Vec::new() };
    walk.manifest(&bundle, &basis);
    if !bundle.is_plain(open()?).unwrap_or(false) {
        walk.findings.fault(Check::Bundle, "zip", words!(
            "vỏ tệp zip không như lúc xuất ra: tệp bị nén lại, hỏng khi chép hoặc bị sửa; nội dung vẫn được kiểm tra ở các mục khác. Hãy xin đúng tệp lúc xuất ra";
            "the zip is not as it was exported: packed anew, damaged or altered; its contents were checked all the same. Ask for the file as it was exported"));
    }
    let bytes = bundle.get(bundle::STATEMENTS)?;
    let stated = walk.entries(bundle::STATEMENTS, &bytes)?;
    let ended = EndedLogs::stated(&stated);
    let trust = Trust::establish(&mut bundle, options, &keys, ended, &mut walk.findings)?;
    let Some(mut trust) = trust else { return Ok(unbelieved(basis, options, walk.findings)) };
    if let Err(what) = trust.arrived(trust.checkpoint.size.saturating_sub(1), basis.period.now) {
        walk.findings.fault(Check::Figures, bundle::BASIS, what);
    }
    let mut statements = Statements::read(&stated, &options.heads, &trust, &mut walk.findings);
    statements.approvals.read(&mut bundle, &mut walk.findings)?;
    if !bundle.is_signed(statements.packing_keys()) {
        walk.findings.fault(Check::Bundle, bundle::SIGNATURE, words!(
            "danh sách tệp không mang chữ ký của máy chủ: có người đã sửa gói sau khi xuất; danh sách màn hình, chỉ tiêu và số liệu không còn là lời của máy chủ";
            "the list of files is not signed by the scheduler: somebody altered the bundle after it was made; screens, what they owe and figures are not the scheduler's word any more"));
    }
    let Judged { mut screens, facts } = walk.screens(&mut bundle, &basis, &statements, &mut trust, progress)?;
    walk.inclusion(&mut bundle, &trust)?;
    let reported: Report = bundle.json(bundle::REPORT)?;
    let simulated = facts.iter().any(|f| f.simulated);
    let inspections = statements.inspections(&basis);
    let recomputed = Basis { screens: facts, ..basis }.report();
    let (figures, differences) = figures::compare(&reported, &recomputed);
    let mut findings = walk.findings;
    differences.iter().for_each(|difference| differs(difference, &mut findings));
    declared(&recomputed, &mut findings);
    trust.ended.told(&mut findings);
    let checks = findings.outcomes(true);
    screens.iter_mut().for_each(|screen| screen.holds = findings.holds(&screen.screen));
    let standing = match findings.faults() {
        0 => Standing::Whole,
        _ if findings.whole_stands() && screens.iter().any(|screen| screen.holds) => Standing::InPart,
        _ => Standing::Not,
    };
    Ok(Verdict {
        ok: standing == Standing::Whole,
        standing,
        campaign: recomputed.campaign,
        title: recomputed.title,
        from: recomputed.from,
        to: recomputed.to,
        origin: trust.checkpoint.origin.clone(),
        size: trust.checkpoint.size,
        lost: trust.ended.lost(),
        root: trust.checkpoint.root.to_string(),
        own_policy: options.policy.is_some(),
        witnesses: trust.witnessed.by.clone(),
        checks,
        records: screens.iter().map(|s| s.records).sum(),
        segments: screens.iter().map(|s| s.segments).sum(),
        screens,
        inspections,
        figures,
        differences,
        faults: findings.faults,
        remarks: findings.remarks,
        simulated,
    }
    .plain())
}

/// A figure of the report that the evidence does not give.
fn differs(d: &Difference, findings: &mut Findings) {
    let vi = |value: &str| match value {
        "null" => "không có".to_owned(),
        "true" => "có".to_owned(),
        "false" => "không".to_owned(),
        other => other.to_owned(),
    };
    findings.fault(
        Check::Figures,
        &d.figure,
        words!(
        "báo cáo ghi {}, bằng chứng cho {}", vi(&d.reported), vi(&d.recomputed);
        "the report says {}, the evidence {}", d.reported, d.recomputed),
    );
}

use trust::Trust;
use vietnamese::digits;

/// What all screens came to, in the order of the basis.
#[derive(Default)]
struct Judged {
    screens: Vec<verdict::ScreenVerdict>,
    /// Their facts as the evidence has them.
    facts: Vec<ScreenFacts>,
}

struct Walk {
    findings: Findings,
    leaves: Vec<(u64, Sha256Hash)>,
}

impl Walk {
    /// Manifest and basis speak of the same.
    fn manifest<R: Read + Seek>(&mut self, bundle: &Bundle<R>, basis: &Basis) {
        let m = bundle.manifest();
        if (&m.campaign, m.from, m.to) != (&basis.campaign, basis.period.from, basis.period.to) {
            self.findings.fault(Check::Bundle, bundle::MANIFEST, words!(
                "không nói về cùng đợt và kỳ với {}", bundle::BASIS; "speaks of another campaign or period than {}", bundle::BASIS));
        }
    }

    /// Reads a file of entries and remembers them as leaves.
    fn entries<'a>(&mut self, name: &str, bytes: &'a [u8]) -> Result<Vec<(u64, &'a [u8])>, ArchiveError> {
        let form = || ArchiveError::Form { name: name.to_owned(), problem: "it is cut".to_owned() };
        let entries = bundle::entries(bytes).ok_or_else(form)?;
        if !entries.is_sorted_by(|a, b| a.0 < b.0) {
            self.findings.fault(
                Check::Chain,
                name,
                words!(
                "các mục không xếp theo thứ tự của sổ"; "the entries are not in the order of the log"),
            );
        }
        self.leaves.extend(entries.iter().map(|(index, entry)| (*index, leaf_hash(entry))));
        Ok(entries)
    }

    fn screens<R: Read + Seek>(
        &mut self,
        bundle: &mut Bundle<R>,
        basis: &Basis,
        statements: &Statements,
        trust: &mut Trust,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Judged, ArchiveError> {
        let players = &statements.players;
        let keys = plans::Believed { keys: statements.plan_keys(), approvals: &statements.approvals };
        let starts: BTreeMap<ScreenCode, Vec<Start>> = bundle.json(bundle::STARTS)?;
        if !starts.is_empty() {
            self.findings.remark(Check::Chain, bundle::STARTS, words!(
                "Với thiết bị đã chạy từ trước kỳ này, trạng thái đầu kỳ là lời của máy chủ; nó có thể làm lệch nhiều nhất một lượt của mỗi đợt ở mỗi màn hình.";
                "For players older than the period the state at its beginning is the scheduler's word; it can shift at most one play of each campaign at each screen."));
        }
        let terms = screen::Terms { campaign: &basis.campaign, period: &basis.period, players };
        basis::form(basis, &mut self.findings);
        let (mut assets, mut judged, mut owed) = (plans::Assets::default(), Judged::default(), basis::Owed::default());
        let total = basis.screens.len() as u64;
        for (done, facts) in (0..).zip(&basis.screens) {
            progress(done, total);
            let name = bundle::segments_of(&facts.screen);
            let bytes = bundle.get(&name)?;
            let entries = self.entries(&name, &bytes)?;
            let plans =
                plans::ScreenPlans::read(&facts.screen, basis, &keys, (bundle, &mut assets), &mut self.findings)?;
            plans.compare(facts, &basis.period, &mut self.findings);
            owed.screen(basis, facts, &plans, &mut self.findings);
            let own = starts.get(&facts.screen).map_or(&[][..], Vec::as_slice);
            let mut judge = screen::Judge::new(&terms, facts, own, trust, &mut self.findings);
            for (index, entry) in entries {
                judge.entry(index, entry, &plans);
            }
            let (verdict, facts) = judge.finish(facts, &plans);
            judged.screens.push(verdict);
            judged.facts.push(facts);
        }
        progress(total, total);
        players.exchanged(&basis.period, &mut self.findings);
        tail::told(&judged.screens, &mut self.findings);
        owed.told(basis, trust.checkpoint.size, &mut self.findings);
        approvals::told(&judged.facts, &mut self.findings);
        simulated(&judged.facts, &mut self.findings);
        little_to_check(&judged.screens, &basis.period, &mut self.findings);
        Ok(judged)
    }

    /// All entries that were read are in the log, each at its place.
    fn inclusion<R: Read + Seek>(&mut self, bundle: &mut Bundle<R>, trust: &Trust) -> Result<(), ArchiveError> {
        let bytes = bundle.get(bundle::INCLUSION)?;
        let (hashes, rest) = bytes.as_chunks::<32>();
        let proof: Vec<Sha256Hash> = hashes.iter().map(|h| Sha256Hash(*h)).collect();
        self.leaves.sort_unstable();
        let root = root_of(&self.leaves, trust.checkpoint.size, &proof);
        if !rest.is_empty() || root != Ok(trust.checkpoint.root) {
            self.findings.fault(
                Check::Log,
                bundle::INCLUSION,
                words!(
                "có mục không nằm trong sổ đã ký, hoặc đã bị sửa, bỏ, thêm hay đảo chỗ";
                "an entry is not in the signed log: something was altered, left out, added or moved"),
            );
        }
        Ok(())
    }
}

/// What others declare is no evidence, whatever the scheduler's own word on it is.
fn declared(report: &Report, findings: &mut Findings) {
    let of = |l: &ScreenLine| u64::from(l.declared_plays + l.declared_outside + l.declared_not_counted);
    let declared: Vec<u64> = report.lines.iter().map(of).filter(|n| *n > 0).collect();
    if declared.is_empty() {
        return;
    }
    let (n, screens) = (declared.iter().sum::<u64>(), declared.len());
    findings.remark(Check::Figures, "", words!(
        "{} lượt ở {} màn hình là lời khai của đơn vị khác: không có chữ ký của thiết bị, không được chứng minh, và không nằm trong số lượt được tính ở đây. Gói chỉ có lời của máy chủ về chúng.", digits(n), digits(screens);
        "{n} plays at {screens} screens are declared by others: no player signed them, nothing proves them, and they are not among the plays counted here. The bundle has only the scheduler's word on them."));
}

/// A tick beside nothing is no proof, and a day that is not over says little.
fn little_to_check(screens: &[verdict::ScreenVerdict], period: &Period, findings: &mut Findings) {
    if screens.iter().all(|screen| screen.segments == 0) {
        for check in
            [Check::Device, Check::Enrolment, Check::Signature, Check::Chain, Check::Tail, Check::Time, Check::Plan]
        {
            findings.not_checked(check);
        }
        findings.remark(
            Check::Signature,
            "",
            words!(
            "Trong kỳ này không có đoạn nhật ký nào: không có lượt phát nào để kiểm tra. Hãy xem lại đợt và ngày.";
            "There is no segment of this period: there are no plays to check. Look at campaign and days again."),
        );
    }
    if period.now < period.to.next().start(period.offset) {
        let s = period.now.0.unsigned_abs() / 1000;
        findings.remark(
            Check::Figures,
            "",
            words!(
            "Kỳ này chưa kết thúc khi gói được làm: số liệu tính đến {}.", vietnamese::moment(s);
            "The period was not over when the bundle was made: figures are up to {}.", screen::stamp(s)),
        );
    }
}

/// Plays of a simulation are nobody's.
fn simulated(facts: &[ScreenFacts], findings: &mut Findings) {
    let (n, all) = (facts.iter().filter(|f| f.simulated).count(), facts.len());
    if n > 0 {
        findings.remark(
            Check::Device,
            "",
            words!(
            "Ở {n} trong {all} màn hình, thiết bị là mô phỏng: lượt phát ở đó không phải của màn hình thật.";
            "At {n} of {all} screens the player is a simulated one: its plays are not those of a real screen."),
        );
    }
}

/// A bundle whose checkpoint cannot be believed proves nothing further.
fn unbelieved(basis: Basis, options: &Options, findings: Findings) -> Verdict {
    Verdict {
        ok: false,
        standing: Standing::Not,
        campaign: basis.campaign,
        title: basis.title,
        from: basis.period.from,
        to: basis.period.to,
        origin: String::new(),
        size: 0,
        lost: Vec::new(),
        root: String::new(),
        own_policy: options.policy.is_some(),
        witnesses: BTreeMap::new(),
        checks: findings.outcomes(false),
        screens: Vec::new(),
        records: 0,
        segments: 0,
        inspections: Inspections::default(),
        figures: 0,
        differences: Vec::new(),
        faults: findings.faults,
        remarks: findings.remarks,
        simulated: false,
    }
    .plain()
}
