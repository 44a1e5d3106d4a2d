//! The report room: figures become a paper that an office can sign and anybody can check.
//!
//! Invariants: a report is data first ([`Data`], no words in it) and a document of them second ([`Document`]), which page, CSV, XLSX and
//! the forms on paper only print; the same data, language and letterhead give the same bytes; every form bears the SHA-256 of the
//! data and how far the log of evidence went; what a named person has closed is given out as it was for ever; binding forces stand apart, and a number that no order names is never called a breach.
//!
//! No figure is made in here: they are those of `compliance`, read at one moment of the store, so that they are sums of exactly the
//! entries that the log had then.

mod beside;
mod close;
mod columns;
mod document;
mod docx;
mod gather;
mod model;
mod pdf;
mod rule;
mod sheet;
mod table;
#[cfg(test)]
mod tests;
mod words;
mod xlsx;

pub use beside::{BesideStore, EntryTime, Sample, Sighting, TimeOff, is_bad};
pub use close::{Closing, NewClosing, Refused, may_close, may_explain};
pub use document::{Block, Cell, Column, Document, Letterhead, Table};
pub use gather::Facts;
pub use model::{
    Change, Checkpoint, Closed, Data, DividedUnit, Explanation, LONGEST_DAYS, LONGEST_EXPLANATION, Line, LogState,
    Name, Order, RaisedNumber, Revisions, Selection, Span, SpanKind, Supplement, SuspendedBy, UnitNumber,
};
pub use rule::{Delivery, LastDue, NewDue, RuleState, Timing, Trouble};
pub use words::describe;

use crate::compliance::{ComplianceError, ComplianceStore, Reports};
use crate::config::ReportSettings;
use crate::error::StoreError;
use crate::lang::Lang;
use crate::people::{Deed, Denied};
use crate::proof::ProofError;
use crate::proof::audit::AuditStore;
use crate::proof::bundle::{BundleStore, tells_two_stories};
use lichphat_playlists::figures::Period;
use lichphat_playlists::ids::{CampaignCode, ScreenCode, Sha256Hash};
use lichphat_playlists::ports::Clock;
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What can go wrong in this room.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// No such order.
    #[error("campaign {0}: is not known; `lichphat import directives` shows those that are")]
    NoSuchOrder(CampaignCode),
    /// He may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Nothing is closed, or explained.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A file that could not be written.
    #[error("the report cannot be written as {form}: {problem}")]
    Form {
        /// As what.
        form: Form,
        /// Why.
        problem: String,
    },
    /// The figures' store.
    #[error(transparent)]
    Compliance(#[from] ComplianceError),
    /// The log's store.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(#[from] StoreError),
}

/// Everything of one moment that figures are made from.
pub trait Moment: ComplianceStore + BundleStore + AuditStore + BesideStore {}
impl<S: ComplianceStore + BundleStore + AuditStore + BesideStore> Moment for S {}

/// What the store must do for this room.
#[async_trait::async_trait]
pub trait ReportStore: Send + Sync {
    /// The store as it is at this moment, whatever comes in meanwhile. Blocks for a moment.
    fn moment(&self) -> Result<Arc<dyn Moment>, StoreError>;
    /// What was closed of just that selection, by number.
    async fn closings(&self, selection: &Selection) -> Result<Vec<Closing>, StoreError>;
    /// Keeps the data of a report that was made, for a while: files of it are asked for one by one.
    async fn keep(&self, hash: Sha256Hash, data: Vec<u8>, at: UtcMillis) -> Result<(), StoreError>;
    /// Data that were kept under that hash, while they are.
    async fn kept(&self, hash: Sha256Hash) -> Result<Option<Vec<u8>>, StoreError>;
    /// The data of a closed report, as they were; an error when they are others.
    async fn closed(&self, id: u32) -> Result<Option<Vec<u8>>, StoreError>;
    /// Keeps a closed report with its statement and answers its id; none when its number is taken, and nothing is kept.
    async fn close(&self, new: NewClosing) -> Result<Option<u32>, StoreError>;
    /// What units said of just these days, in order.
    async fn explanations(&self, days: (LocalDay, LocalDay)) -> Result<Vec<Explanation>, StoreError>;
    /// These are the rules, and no others: when each was first seen (now, when it never was). What another one could not make or send is
    /// forgotten, and what was made long ago.
    async fn rules_are(
        &self,
        rules: Vec<ReportSettings>,
        at: UtcMillis,
    ) -> Result<BTreeMap<String, UtcMillis>, StoreError>;
    /// The rules with what became of them, by name.
    async fn rules(&self) -> Result<Vec<RuleState>, StoreError>;
    /// Is its report of these days made, or to be tried later than `now`?
    async fn due_settled(&self, rule: &str, days: (LocalDay, LocalDay), now: UtcMillis) -> Result<bool, StoreError>;
    /// Keeps what a rule has made, once, with where it goes.
    async fn keep_due(&self, due: NewDue) -> Result<(), StoreError>;
    /// Notes that it could not be made.
    async fn due_failed(
        &self,
        rule: &str,
        days: (LocalDay, LocalDay),
        at: UtcMillis,
        problem: String,
    ) -> Result<(), StoreError>;
    /// The data of what was made.
    async fn due_data(&self, due: u64) -> Result<Option<Vec<u8>>, StoreError>;
    /// What has not gone where it should and may be tried now, the oldest first.
    async fn deliveries(&self, now: UtcMillis) -> Result<Vec<Delivery>, StoreError>;
    /// Notes that it went, or that nobody wants it there any more (no problem), or why not.
    async fn delivered(&self, delivery: &Delivery, at: UtcMillis, problem: Option<String>) -> Result<(), StoreError>;
    /// What is not made, or not gone where it should, after a try.
    async fn troubles(&self) -> Result<Vec<Trouble>, StoreError>;
    /// Keeps an explanation with its statement.
    async fn explain(&self, said: Explanation, deed: Deed) -> Result<(), StoreError>;
}

/// As what a report is given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Form {
    /// Its data: the very bytes whose SHA-256 stands in every other form.
    Json,
    /// One table for programs: every level of the figures, row by row.
    Csv,
    /// A workbook.
    Xlsx,
    /// On A4 in the form of Decree 30/2020, to go on writing.
    Docx,
    /// The same, to sign.
    Pdf,
}

impl Form {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Pdf, Self::Docx, Self::Xlsx, Self::Csv, Self::Json];

    /// The end of a file's name.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Docx => "docx",
            Self::Pdf => "pdf",
        }
    }

    /// Is it set on paper, with what an office writes around it?
    pub const fn is_paper(self) -> bool {
        matches!(self, Self::Docx | Self::Pdf)
    }

    /// Can it be written here? PDF needs the program that sets it.
    pub fn is_there(self) -> bool {
        self != Self::Pdf || pdf::is_there()
    }

    /// The form with that end of a file's name.
    pub fn of_extension(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|form| form.extension().eq_ignore_ascii_case(text))
    }

    /// `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Pdf => "application/pdf",
        }
    }
}

impl std::fmt::Display for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.extension())
    }
}

/// A report: data, and the hash that stands for them.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// What it says.
    pub data: Data,
    /// SHA-256 of [`Data::bytes`].
    pub hash: Sha256Hash,
}

impl Made {
    /// Of these data.
    ///
    /// # Errors
    /// A defect: everything in them can be written.
    pub fn of(data: Data) -> Result<Self, ReportError> {
        let bytes = data.bytes().map_err(|e| ReportError::Form { form: Form::Json, problem: e.to_string() })?;
        Ok(Self { data, hash: Sha256Hash::of(&bytes) })
    }

    /// As it was written.
    ///
    /// # Errors
    /// Bytes that are no report.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, ReportError> {
        let data = serde_json::from_slice(bytes)
            .map_err(|e| ReportError::Form { form: Form::Json, problem: e.to_string() })?;
        Ok(Self { data, hash: Sha256Hash::of(bytes) })
    }

    /// Every word of it.
    pub fn document(&self, lang: Lang, letterhead: &Letterhead, offset: UtcOffset) -> Document {
        words::document(self, lang, letterhead, offset)
    }

    /// The file.
    ///
    /// # Errors
    /// A form that could not be written: a defect, or no memory.
    pub fn file(
        &self,
        form: Form,
        lang: Lang,
        letterhead: &Letterhead,
        offset: UtcOffset,
    ) -> Result<Vec<u8>, ReportError> {
        let failed = |problem: &dyn std::fmt::Display| ReportError::Form { form, problem: problem.to_string() };
        match form {
            Form::Json => self.data.bytes().map_err(|e| failed(&e)),
            Form::Csv => table::csv(self).map_err(|e| failed(&e)),
            Form::Docx | Form::Pdf => {
                let sheet = sheet::Sheet::of(&self.document(lang, letterhead, offset));
                let hash = self.hash.to_string();
                let bytes = if form == Form::Docx { docx::docx(&sheet) } else { pdf::pdf(&sheet, &hash) };
                bytes.map_err(|e| failed(&e))
            }
            Form::Xlsx => xlsx::workbook(&self.document(lang, letterhead, offset)).map_err(|e| failed(&e)),
        }
    }
}

/// The room's door.
pub struct Reporting {
    store: Arc<dyn ReportStore>,
    clock: Arc<dyn Clock>,
    offset: UtcOffset,
    /// The log's name.
    origin: String,
}

impl Reporting {
    /// Ties the room to its store and clock, and to the name of the log.
    pub fn new(store: Arc<dyn ReportStore>, clock: Arc<dyn Clock>, offset: UtcOffset, origin: String) -> Self {
        Self { store, clock, offset, origin }
    }

    /// The report of that selection as the records stand now: provisional.
    ///
    /// # Errors
    /// An order that is not known, or a store that failed.
    pub async fn now(&self, facts: Facts<'_>, selection: &Selection) -> Result<Made, ReportError> {
        Made::of(self.data(facts, selection).await?)
    }

    /// The same, kept for a while under its hash: whoever asks for its files one after the other gets them of these very figures.
    ///
    /// # Errors
    /// As [`Reporting::now`].
    pub async fn now_kept(&self, facts: Facts<'_>, selection: &Selection) -> Result<Made, ReportError> {
        let made = self.now(facts, selection).await?;
        let bytes = made.data.bytes().map_err(|e| ReportError::Form { form: Form::Json, problem: e.to_string() })?;
        self.store.keep(made.hash, bytes, self.clock.now()).await?;
        Ok(made)
    }

    /// What rules have made and could not hand on, or could not make.
    ///
    /// # Errors
    /// A store that failed.
    pub async fn troubles(&self) -> Result<Vec<Trouble>, ReportError> {
        Ok(self.store.troubles().await?)
    }

    /// What makes itself, with what became of it.
    ///
    /// # Errors
    /// A store that failed.
    pub async fn rules(&self) -> Result<Vec<RuleState>, ReportError> {
        Ok(self.store.rules().await?)
    }

    /// A report that was kept as these bytes.
    ///
    /// # Errors
    /// Bytes that are no report.
    pub fn read(bytes: &[u8]) -> Result<Made, ReportError> {
        Made::read(bytes)
    }

    /// The report of that selection with that hash; none when it is another's, or no longer kept.
    ///
    /// # Errors
    /// A store that failed, or bytes that are not those that were kept.
    pub async fn kept(&self, selection: &Selection, hash: Sha256Hash) -> Result<Option<Made>, ReportError> {
        let Some(bytes) = self.store.kept(hash).await? else { return Ok(None) };
        let made = Made::read(&bytes)?;
        Ok(Some(made).filter(|made| made.hash == hash && made.data.selection == *selection))
    }

    async fn data(&self, facts: Facts<'_>, selection: &Selection) -> Result<Data, ReportError> {
        if let Some(code) = selection.campaign.as_ref().filter(|code| facts.campaigns.directive_of(code).is_none()) {
            return Err(ReportError::NoSuchOrder(code.clone()));
        }
        let moment = self.store.moment()?; // explanations are no figures: they may be a moment younger
        let entries = moment.log_size().await?;
        let checkpoint = moment.head(&self.origin).await?.map(|head| Checkpoint {
            origin: self.origin.clone(),
            size: head.size,
            root: head.root,
        });
        let day = self.clock.now().day(self.offset);
        // what is waited for goes by days: reckoned at the day's beginning, so that a day's reports are the same bytes
        let (now, days) = (day.start(self.offset), (selection.span.from, selection.span.to));
        let figures = Reports::new(moment.clone(), Arc::clone(&self.clock), self.offset);
        let (mut orders, mut closures) = (Vec::new(), beside::Closures::new());
        for directive in facts.orders(selection) {
            let wanted = |screen: &crate::directory::Screen| facts.wants(selection, screen);
            let (directory, campaigns, code) = (facts.directory, facts.campaigns, directive.campaign());
            let basis = figures.basis_of(directory, campaigns, &code, days, now, &wanted).await?;
            let order = facts.order(selection, directive, &basis);
            if order.is_some() {
                facts.close_off(selection, &basis, &mut closures);
            }
            orders.extend(order);
        }
        orders.sort_by(|a, b| a.campaign.cmp(&b.campaign));
        let entered_by = match beside::entered_at(&closures) {
            none if none.is_empty() => BTreeMap::new(),
            at => moment.entered_by(at).await?,
        };
        let times_off = beside::times_off(closures, &entered_by);
        let period = Period { from: days.0, to: days.1, now, offset: self.offset };
        for screen in copied(&*moment, &period, &orders).await? {
            let lines = orders.iter_mut().flat_map(|order| &mut order.lines);
            lines.filter(|line| line.figures.screen == screen).for_each(|line| line.copied = true);
        }
        let codes = orders.iter().map(|order| order.campaign.clone()).collect();
        let samples = beside::samples(moment.drawn(codes, days).await?, selection, (&orders, day));
        Ok(Data {
            form: model::FORM,
            selection: selection.clone(),
            day,
            log: LogState { entries, checkpoint },
            revisions: model::Revisions { directory: facts.directory.revision, campaigns: facts.campaigns.revision },
            units: facts.unit_names(selection, &orders, &times_off),
            venues: facts.venue_names(selection, &orders),
            orders,
            times_off: Some(times_off),
            samples: Some(samples),
            explanations: self.explanations(facts.directory, selection).await?,
            closed: None,
            supplement: None,
        })
    }
}

/// Screens of these orders of whose devices a bundle of the period tells two stories.
async fn copied(moment: &dyn Moment, period: &Period, orders: &[Order]) -> Result<Vec<ScreenCode>, ReportError> {
    // few boxes are ever copied, so it is asked for these alone
    let apart: BTreeSet<ScreenCode> = moment.set_apart().await?.into_iter().map(|apart| apart.screen).collect();
    let here: BTreeSet<&ScreenCode> = orders.iter().flat_map(|o| &o.lines).map(|line| &line.figures.screen).collect();
    let mut copied = Vec::new();
    for screen in apart.into_iter().filter(|screen| here.contains(screen)) {
        if tells_two_stories(moment, &screen, period).await? {
            copied.push(screen);
        }
    }
    Ok(copied)
}

/// Names by their codes.
type Names<C> = BTreeMap<C, Name>;
