//! From a form to the document of an order and back. The document is checked as an import's is, by the same code; what is added here
//! is what a form has to say besides: names in place of codes, and that a new order lies ahead.

use super::sheet::Sheet;
use crate::campaigns::{
    self, Amendment, AmendmentKind, CampaignBatch, CampaignChange, Campaigns, Context, Declared, Directive,
    DirectiveKind, InPlace, LegalBasis, Product, Suspend, SuspendedDays, Target, Variant,
};
use crate::directory::Directory;
use crate::directory::problem::{Say, say};
use crate::directory::table::{Field, SourceFile};
use crate::exchange::bring::clip_flaw;
use crate::library::MediaItem;
use lichphat_playlists::ids::{DirectiveCode, MediaHash, UnitCode, VenueType};
use lichphat_playlists::media::Fades;
use lichphat_playlists::quota::Quota;
use lichphat_playlists::time::{HANOI, IntervalSet, LocalDay, UtcMillis};
use serde::de::{DeserializeOwned, IntoDeserializer, value};
use std::collections::BTreeMap;

/// What is wrong in one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The field, `target[0].unit`.
    pub field: String,
    /// As it was typed.
    pub value: String,
    /// How to mend it.
    pub mend: Say,
}

/// What a form is read against.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    /// Units, kinds of place.
    pub directory: &'a Directory,
    /// What is there already.
    pub campaigns: &'a Campaigns,
    /// What is in the library.
    pub media: &'a BTreeMap<MediaHash, MediaItem>,
    /// The present.
    pub now: UtcMillis,
}

/// The document as a file that `lichphat import directives` takes: its media are those of the library, by their hashes.
///
/// # Errors
/// What cannot be written.
pub fn text(order: &Directive) -> Result<String, String> {
    let mut order = order.clone();
    for variant in order.products_mut().flat_map(|p| &mut p.variant).filter(|v| v.media.is_some()) {
        variant.file = None; // what lay beside the file that was imported once
    }
    toml::to_string(&order).map_err(|error| error.to_string())
}

/// The order that a form describes, as an import of it would put it in.
///
/// # Errors
/// Everything that is wrong, field by field.
pub fn read(sheet: &Sheet, beside: Beside<'_>) -> Result<CampaignBatch, Vec<Wrong>> {
    let mut form = Form { sheet, beside, wrong: Vec::new() };
    let order = if sheet.amends() { form.amended() } else { form.order() };
    let Some(order) = order.filter(|_| form.wrong.is_empty()) else { return Err(form.wrong) };
    let batch = form.document(&order);
    if !sheet.amends() {
        form.is_new(&order);
        form.clips(&order);
    }
    match batch {
        Some(batch) if form.wrong.is_empty() => Ok(batch),
        _ => Err(form.wrong),
    }
}

/// The order of a batch that [`read`] has made.
pub(super) fn order_of(batch: &CampaignBatch) -> Option<&Directive> {
    batch.changes.iter().find_map(|c| if let CampaignChange::Directive(d) = c { Some(&**d) } else { None })
}

struct Form<'a> {
    sheet: &'a Sheet,
    beside: Beside<'a>,
    wrong: Vec<Wrong>,
}

impl Form<'_> {
    fn wrong(&mut self, field: &str, mend: Say) {
        self.wrong.push(Wrong { field: field.to_owned(), value: self.sheet.get(field).to_owned(), mend });
    }

    /// A value that may be left out.
    fn optional<T: Field>(&mut self, field: &str) -> Option<T> {
        let text = self.sheet.get(field);
        if text.is_empty() {
            return None;
        }
        T::read(text).map_err(|mend| self.wrong(field, mend)).ok()
    }

    /// A value that may not.
    fn needed<T: Field>(&mut self, field: &str) -> Option<T> {
        if self.sheet.get(field).is_empty() {
            self.wrong(field, say("chưa ghi", "is not written yet"));
        }
        self.optional(field)
    }

    /// One word of a closed list; the list's own when nothing is chosen.
    fn word<T: DeserializeOwned>(&mut self, field: &str, default: T) -> T {
        let text = self.sheet.get(field);
        if text.is_empty() {
            return default;
        }
        let read: Result<T, value::Error> = T::deserialize(text.into_deserializer());
        read.unwrap_or_else(|_| {
            self.wrong(field, say("chọn một giá trị trong danh sách", "choose one of the list"));
            default
        })
    }

    fn flag(&self, field: &str) -> bool {
        self.sheet.get(field) == "on"
    }

    fn some(&self, field: &str) -> Option<String> {
        Some(self.sheet.get(field).to_owned()).filter(|text| !text.is_empty())
    }

    /// A unit by its code or its name.
    fn unit(&mut self, field: &str) -> Option<UnitCode> {
        let text = self.sheet.get(field);
        if text.is_empty() {
            self.wrong(field, say("chưa ghi đơn vị", "no unit is written yet"));
            return None;
        }
        let today = self.beside.now.day(HANOI);
        let found = self.beside.directory.find_unit(text, today);
        found.map(|unit| unit.code.clone()).map_err(|error| self.wrong(field, error.say())).ok()
    }

    /// Words parted by commas.
    fn words<T: Field>(&mut self, field: &str) -> Vec<T> {
        let mut out = Vec::new();
        for word in self.sheet.get(field).split(',').map(str::trim).filter(|w| !w.is_empty()) {
            match T::read(word) {
                Ok(word) => out.push(word),
                Err(mend) => self.wrong(field, mend),
            }
        }
        out
    }

    /// A file of the library by its hash or its name.
    fn media(&mut self, field: &str) -> Option<MediaHash> {
        let text = self.sheet.get(field);
        if text.is_empty() {
            self.wrong(field, say("chọn một tệp trong kho", "choose a file of the library"));
            return None;
        }
        if let Ok(hash) = text.parse::<MediaHash>() {
            return Some(hash);
        }
        let named: Vec<MediaHash> =
            self.beside.media.values().filter(|m| m.name.eq_ignore_ascii_case(text)).map(|m| m.media.hash).collect();
        match named.as_slice() {
            [one] => return Some(*one),
            [] => self.wrong(
                field,
                say("không có tệp nào mang tên hoặc mã này trong kho", "no file of the library has this name or hash"),
            ),
            _ => self.wrong(
                field,
                say("nhiều tệp cùng tên này; hãy ghi mã SHA-256", "several files have this name; write its SHA-256"),
            ),
        }
        None
    }

    fn order(&mut self) -> Option<Directive> {
        let code = self.needed::<DirectiveCode>("code");
        let kind = self.word("kind", DirectiveKind::Play);
        let issuer = self.unit("issuer");
        let (from, to) = (self.needed::<LocalDay>("from"), self.needed::<LocalDay>("to"));
        let (issued, quota) = (self.optional("issued"), self.quota());
        let (product, suspend, target) = (self.product(), self.suspend(kind), self.targets());
        let length_s = product.as_ref().map_or(0, |p| p.length_s);
        let gap = self.optional("min_gap_s").unwrap_or(if quota.is_some() { length_s } else { 0 });
        let (legal_basis, weight) = (self.legal_basis(), self.optional("weight"));
        let priority = self.optional("priority").unwrap_or(1);
        Some(Directive {
            code: code?,
            title: self.sheet.get("title").to_owned(),
            title_en: self.some("title_en"),
            kind,
            sample: self.flag("sample"),
            issuer: issuer?,
            number: self.some("number"),
            issued,
            legal_basis,
            from: from?,
            to: to?,
            source: self.sheet.get("source").to_owned(),
            note: self.sheet.get("note").to_owned(),
            quota,
            weight,
            min_gap_s: gap,
            priority,
            category: self.some("category"),
            product,
            episode: Vec::new(),
            suspend,
            target,
            opt_in: Vec::new(),
            amendment: Vec::new(),
            overrides: Vec::new(),
            declared: self.declared(),
        })
    }

    /// The order with the change that this form describes at the end of its changes.
    fn amended(&mut self) -> Option<Directive> {
        let campaigns = self.beside.campaigns;
        let order = DirectiveCode::new(self.sheet.get("amends")).ok().and_then(|code| campaigns.directive(&code));
        if order.is_none() {
            self.wrong("amends", say("không có văn bản mang mã này", "there is no order of this code"));
        }
        let kind = self.word("amendment.kind", AmendmentKind::Extend);
        let (number, date) = (self.needed::<String>("amendment.number"), self.needed("amendment.date"));
        let (from, to, plays) =
            (self.optional("amendment.from"), self.optional("amendment.to"), self.optional("amendment.plays"));
        // what belongs to another kind would stand in the document and say nothing
        let raises = kind == AmendmentKind::Raise;
        for (field, other) in [
            ("amendment.plays", plays.is_some() && !raises),
            ("amendment.to", to.is_some() && raises),
            ("amendment.from", from.is_some() && kind == AmendmentKind::End),
        ] {
            if other {
                self.wrong(
                    field,
                    say(
                        "loại thay đổi này không có ô này; hãy để trống",
                        "this kind of change has none; leave it empty",
                    ),
                );
            }
        }
        let order = order?;
        let amendment = Amendment { kind, number: number?, date: date?, from, to, plays, sample: order.sample };
        Some(order.with_amendment(amendment))
    }

    /// What no screen can play.
    fn declared(&mut self) -> Vec<Declared> {
        use lichphat_playlists::quota::{Of, Over, Period, Quota, Rule, Within};
        let rows = 0..self.sheet.rows("declared");
        rows.map(|i| {
            let field = |name: &str| format!("declared[{i}].{name}");
            let text = |name: &str| self.sheet.get(&field(name)).to_owned();
            let (channel, obliged, reason) = (text("channel"), text("obliged"), text("reason"));
            let quota = self.optional(&field("quota.plays")).map(|plays| Quota {
                plays,
                per: self.word(&field("quota.per"), Period::Month),
                rule: self.word(&field("quota.rule"), Rule::AtLeast),
                over: Over::CalendarDays,
                within: Within::Duty,
                of: Of::default(),
            });
            Declared { channel, obliged, quota, reason }
        })
        .collect()
    }

    fn quota(&mut self) -> Option<Quota> {
        use lichphat_playlists::quota::{Of, Over, Period, Rule, Within};
        let plays = self.optional("quota.plays")?;
        Some(Quota {
            plays,
            per: self.word("quota.per", Period::Day),
            rule: self.word("quota.rule", Rule::Average),
            over: self.word("quota.over", Over::default()),
            within: self.word("quota.within", Within::default()),
            of: self.word("quota.of", Of::default()),
        })
    }

    fn legal_basis(&mut self) -> Vec<LegalBasis> {
        let rows = 0..self.sheet.rows("legal_basis");
        rows.map(|i| LegalBasis {
            number: self.sheet.get(&format!("legal_basis[{i}].number")).to_owned(),
            date: self.optional(&format!("legal_basis[{i}].date")),
            title: self.sheet.get(&format!("legal_basis[{i}].title")).to_owned(),
        })
        .collect()
    }

    fn product(&mut self) -> Option<Product> {
        use lichphat_playlists::proof::record::DisplayLevel;
        let rows = self.sheet.rows("product.variant");
        let any = ["product.title", "product.length_s"].iter().any(|f| !self.sheet.get(f).is_empty());
        if rows == 0 && !any {
            return None;
        }
        let length_s = self.needed("product.length_s").unwrap_or(0);
        let variant = |form: &mut Self, i: usize| {
            let field = |name: &str| format!("product.variant[{i}].{name}");
            Variant {
                lang: form.some(&field("lang")).unwrap_or_else(|| "vi".to_owned()),
                shape: form.word(&field("shape"), crate::directory::Shape::Any),
                form: form.word(&field("form"), campaigns::Form::Sound),
                venue_types: form.words(&field("venue_types")),
                media: form.media(&field("media")),
                file: None,
            }
        };
        Some(Product {
            title: self.sheet.get("product.title").to_owned(),
            length_s,
            min_display: self.word("product.min_display", DisplayLevel::D1),
            volume_percent: self.optional("product.volume_percent").unwrap_or(100),
            fades: Fades {
                in_ms: self.optional("product.fades.in_ms").unwrap_or(0),
                out_ms: self.optional("product.fades.out_ms").unwrap_or(0),
            },
            variant: (0..rows).map(|i| variant(self, i)).collect(),
        })
    }

    fn suspend(&mut self, kind: DirectiveKind) -> Option<Suspend> {
        if kind != DirectiveKind::Suspend {
            return None;
        }
        Some(Suspend {
            content: self.words("suspend.content"),
            in_place: self.word("suspend.in_place", InPlace::Blank),
            days: self.word("suspend.days", SuspendedDays::MakeGood),
            hours: self.optional::<IntervalSet>("suspend.hours").map(crate::directory::Hours).unwrap_or_default(),
        })
    }

    fn targets(&mut self) -> Vec<Target> {
        let mut out = Vec::new();
        for i in 0..self.sheet.rows("target") {
            let field = |name: &str| format!("target[{i}].{name}");
            let unit = self.unit(&field("unit"));
            let target = Target {
                link: self.word(&field("link"), crate::directory::Link::Owner),
                unit: match unit {
                    Some(unit) => unit,
                    None => continue, // it is told
                },
                venue_types: self.words::<VenueType>(&field("venue_types")),
                video: self.word(&field("video"), crate::directory::Output::Video),
                force: self.word(&field("force"), campaigns::Force::Required),
                inferred: self.flag(&field("inferred")),
                opt_in: false, // a series is brought as a file
                reason: self.sheet.get(&field("reason")).to_owned(),
            };
            out.push(target);
        }
        out
    }

    /// As an import would read it.
    fn document(&mut self, order: &Directive) -> Option<CampaignBatch> {
        let text = match text(order) {
            Ok(text) => text,
            Err(error) => {
                self.wrong("code", say(format!("không ghi được: {error}"), error));
                return None;
            }
        };
        let Beside { directory, campaigns, now, .. } = self.beside;
        let file = SourceFile { name: "", bytes: text.as_bytes() };
        let read = campaigns::directive(file, Context { directory, campaigns, now });
        let problems = match read {
            Ok(batch) => return Some(batch),
            Err(problems) => problems,
        };
        // a form of one change has that one change alone
        let added = format!("amendment[{}].", order.amendment.len().saturating_sub(1));
        for problem in problems.iter() {
            let field = match problem.field.strip_prefix(&added) {
                Some(rest) if self.sheet.amends() => format!("amendment.{rest}"),
                _ => problem.field.clone(),
            };
            let value = self.sheet.get(&field).to_owned();
            self.wrong.push(Wrong { field, value, mend: problem.mend.clone() });
        }
        None
    }

    /// What is written here is new, and lies ahead: a play order from tomorrow on (a suspension from today on, as in a file).
    fn is_new(&mut self, order: &Directive) {
        if self.beside.campaigns.directive(&order.code).is_some() {
            let mend = "đã có văn bản mang mã này; hãy đặt mã khác";
            self.wrong("code", say(mend, "an order has this code already; choose another"));
        }
        let today = self.beside.now.day(HANOI);
        if order.kind == DirectiveKind::Play && order.from <= today {
            let mend = say(
                "phải từ ngày mai trở đi: văn bản được ký trước ngày đầu tiên thực hiện",
                "must be tomorrow or later: an order is signed before its first day",
            );
            self.wrong("from", mend);
        }
    }

    fn clips(&mut self, order: &Directive) {
        let Some(product) = &order.product else { return };
        for (i, variant) in product.variant.iter().enumerate() {
            let Some(hash) = variant.media else { continue };
            if let Some(mend) = clip_flaw(hash, self.beside.media.get(&hash), product.length_s) {
                self.wrong(&format!("product.variant[{i}].media"), mend);
            }
        }
    }
}

impl Sheet {
    /// The form in which this order would have been written. What this form has not (amendments, raises) is not in it.
    pub fn of(order: &Directive) -> Self {
        let mut sheet = Self::default();
        let text = |day: Option<LocalDay>| day.map(|day| day.to_string()).unwrap_or_default();
        let on = |flag| if flag { "on" } else { "" };
        sheet.set("code", order.code.as_str());
        sheet.set("title", order.title.as_str());
        sheet.set("title_en", order.title_en.as_deref().unwrap_or_default());
        sheet.set("kind", order.kind.as_str());
        sheet.set("sample", on(order.sample));
        sheet.set("issuer", order.issuer.as_str());
        sheet.set("number", order.number.as_deref().unwrap_or_default());
        sheet.set("issued", text(order.issued));
        sheet.set("from", order.from.to_string());
        sheet.set("to", order.to.to_string());
        sheet.set("source", order.source.as_str());
        sheet.set("note", order.note.as_str());
        sheet.set("weight", order.weight.map(|w| w.to_string()).unwrap_or_default());
        sheet.set("min_gap_s", order.min_gap_s.to_string());
        sheet.set("priority", order.priority.to_string());
        sheet.set("category", order.category.as_deref().unwrap_or_default());
        if let Some(quota) = &order.quota {
            sheet.set("quota.plays", quota.plays.to_string());
            sheet.set("quota.per", word(&quota.per));
            sheet.set("quota.rule", word(&quota.rule));
            sheet.set("quota.over", word(&quota.over));
            sheet.set("quota.within", word(&quota.within));
            sheet.set("quota.of", word(&quota.of));
        }
        for (i, basis) in order.legal_basis.iter().enumerate() {
            sheet.set(format!("legal_basis[{i}].number"), basis.number.as_str());
            sheet.set(format!("legal_basis[{i}].date"), text(basis.date));
            sheet.set(format!("legal_basis[{i}].title"), basis.title.as_str());
        }
        if let Some(product) = &order.product {
            sheet.set_product(product);
        }
        if let Some(suspend) = &order.suspend {
            let content: Vec<&str> = suspend.content.iter().map(|c| c.as_str()).collect();
            sheet.set("suspend.content", content.join(","));
            sheet.set("suspend.in_place", suspend.in_place.as_str());
            sheet.set("suspend.days", suspend.days.as_str());
            sheet.set("suspend.hours", if suspend.hours.is_empty() { String::new() } else { suspend.hours.0.text() });
        }
        for (i, part) in order.declared.iter().enumerate() {
            let mut set = |name: &str, value: String| sheet.set(format!("declared[{i}].{name}"), value);
            set("channel", part.channel.clone());
            set("obliged", part.obliged.clone());
            set("reason", part.reason.clone());
            if let Some(quota) = &part.quota {
                set("quota.plays", quota.plays.to_string());
                set("quota.per", word(&quota.per));
                set("quota.rule", word(&quota.rule));
            }
        }
        for (i, target) in order.target.iter().enumerate() {
            let mut set = |name: &str, value: String| sheet.set(format!("target[{i}].{name}"), value);
            set("link", target.link.to_string());
            set("unit", target.unit.to_string());
            set("venue_types", join(&target.venue_types));
            set("video", target.video.to_string());
            set("force", target.force.to_string());
            set("inferred", on(target.inferred).to_owned());
            set("reason", target.reason.clone());
        }
        sheet
    }

    fn set_product(&mut self, product: &Product) {
        self.set("product.title", product.title.as_str());
        self.set("product.length_s", product.length_s.to_string());
        self.set("product.min_display", word(&product.min_display));
        self.set("product.volume_percent", product.volume_percent.to_string());
        self.set("product.fades.in_ms", product.fades.in_ms.to_string());
        self.set("product.fades.out_ms", product.fades.out_ms.to_string());
        for (i, variant) in product.variant.iter().enumerate() {
            let mut set = |name: &str, value: String| self.set(format!("product.variant[{i}].{name}"), value);
            set("lang", variant.lang.clone());
            set("shape", variant.shape.to_string());
            set("form", variant.form.to_string());
            set("venue_types", join(&variant.venue_types));
            set("media", variant.media.map(|hash| hash.hex()).unwrap_or_default());
        }
    }
}

fn join(venues: &[VenueType]) -> String {
    venues.iter().map(VenueType::as_str).collect::<Vec<_>>().join(",")
}

/// The word of a list as files write it.
fn word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}
