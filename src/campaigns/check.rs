//! What is wrong with a directive that its types let through, and how to mend it.

use super::directive::{AmendmentKind, ContentClass, Directive, DirectiveKind, InPlace, Override};
use super::target::Target;
use crate::directory::Directory;
use crate::directory::problem::{Say, say};
use crate::directory::typed::Flaw;
use lichphat_playlists::time::{DAY_S, LocalDay};

/// Codes that are no order's: pages of the console have these names where orders have theirs.
const RESERVED: [&str; 2] = ["new", "drafts"];
/// Most plays a number may ask for.
const MOST_PLAYS: u32 = 100_000;
/// The rule that a smaller number breaks.
const UPWARD: (&str, &str) = (
    "chỉ được tăng tần suất, không được giảm: thủ trưởng đơn vị chỉ có quyền quyết định tăng",
    "a number may only be raised, never lowered: the order lets heads of units decide to raise it",
);

impl Directive {
    /// Everything that is wrong with it by itself: path, value, mend.
    pub fn flaws(&self) -> Vec<(String, String, Say)> {
        let mut flaws = Vec::new();
        self.head_flaws(&mut flaws);
        self.kind_flaws(&mut flaws);
        if let Some(product) = &self.product {
            product.flaws("product", &mut flaws);
            if self.gap_s() < product.length_s && self.quota.is_some() {
                let mend =
                    say("phải ít nhất bằng thời lượng sản phẩm (length_s)", "must be at least the product's length_s");
                flaws.push(("min_gap_s".into(), self.min_gap_s.to_string(), mend));
            }
        }
        self.amendment_flaws(&mut flaws);
        self.override_flaws(&mut flaws);
        self.series_flaws(&mut flaws);
        flaws
    }

    fn head_flaws(&self, flaws: &mut Vec<Flaw>) {
        let mut flaw = |key: &str, value: String, vi: &str, en: &str| flaws.push((key.into(), value, say(vi, en)));
        if RESERVED.contains(&self.code.as_str()) {
            flaw(
                "code",
                self.code.to_string(),
                "mã này dành riêng; hãy đặt mã khác",
                "this code is taken; choose another",
            );
        }
        if self.title.trim().is_empty() {
            flaw("title", String::new(), "ghi trích yếu", "give it a title");
        }
        if self.source.trim().is_empty() {
            flaw("source", String::new(), "ghi nguồn của văn bản", "name where the text comes from");
        }
        if self.to < self.from {
            flaw(
                "to",
                self.to.to_string(),
                "ngày cuối trước ngày đầu (from)",
                "the last day comes before the first (from)",
            );
        }
        if !(1..=3).contains(&self.priority) {
            flaw("priority", self.priority.to_string(), "từ 1 (trước hết) đến 3", "must be 1 (first) to 3");
        }
        if self.min_gap_s > DAY_S {
            let gap = self.min_gap_s.to_string();
            flaw("min_gap_s", gap, "không quá 86400, một ngày", "must be at most 86400, a day");
        }
        if self.quota.is_some_and(|q| q.plays == 0 || q.plays > MOST_PLAYS) {
            let plays = self.quota.map_or(0, |q| q.plays).to_string();
            flaw("quota.plays", plays, "từ 1 đến 100000", "must be 1 to 100000");
        }
        if self.target.is_empty() && self.declared.is_empty() {
            flaw("target", String::new(), "cần ít nhất một [[target]]", "needs at least one [[target]]");
        }
        let (vi, en) = ("ghi nguyên văn hoặc mục trong văn bản", "write the order's own words, or the place in it");
        for (i, target) in self.target.iter().enumerate() {
            if target.reason.trim().is_empty() {
                flaw(&format!("target[{i}].reason"), String::new(), vi, en);
            }
        }
        for (i, part) in self.declared.iter().enumerate() {
            let told = [("channel", &part.channel), ("obliged", &part.obliged), ("reason", &part.reason)];
            for (name, _) in told.into_iter().filter(|(_, text)| text.trim().is_empty()) {
                flaw(&format!("declared[{i}].{name}"), String::new(), "chưa ghi", "is not written yet");
            }
            if part.quota.is_some_and(|q| q.plays == 0 || q.plays > MOST_PLAYS) {
                let plays = part.quota.map_or(0, |q| q.plays).to_string();
                flaw(&format!("declared[{i}].quota.plays"), plays, "từ 1 đến 100000", "must be 1 to 100000");
            }
        }
    }

    fn kind_flaws(&self, flaws: &mut Vec<Flaw>) {
        if let Some(episode) = self.episode.first().filter(|_| self.kind == DirectiveKind::Suspend) {
            let mend = say(
                "lệnh tạm dừng không có tập: bỏ các [[episode]]; nội dung trang nghiêm ghi ở [product]",
                "a suspension has no episodes: take the [[episode]]s out; its solemn loop is its [product]",
            );
            flaws.push(("episode[0].number".into(), episode.number.clone(), mend));
        }
        let mut flaw = |key: &str, vi: &str, en: &str| flaws.push((key.into(), String::new(), say(vi, en)));
        match self.kind {
            DirectiveKind::Play => {
                if self.product.is_none() && !self.target.is_empty() {
                    flaw("product", "lệnh phát cần [product]", "an order to play needs a [product]");
                }
                if self.suspend.is_some() {
                    flaw("suspend", "chỉ dùng với kind = \"suspend\"", "belongs to kind = \"suspend\" only");
                }
                if self.quota.is_some() == self.weight.is_some() && !self.target.is_empty() {
                    let vi = "ghi hoặc quota, hoặc (khi văn bản không nêu số) weight: phần trong vòng phát";
                    flaw(
                        "quota",
                        vi,
                        "write either a quota or, where the order names no number, a weight: its share of the loop",
                    );
                }
            }
            DirectiveKind::Suspend => {
                if self.suspend.as_ref().is_none_or(|s| s.content.is_empty()) {
                    flaw("suspend", "cần [suspend] với content", "needs [suspend] with its content");
                }
                self.suspend_flaws(&mut flaw);
                let solemn = self.suspend.as_ref().is_some_and(|s| s.in_place == InPlace::SolemnLoop);
                if solemn != self.product.is_some() {
                    let vi = "in_place = \"solemn-loop\" cần [product]; các kiểu khác không có";
                    flaw("product", vi, "in_place = \"solemn-loop\" needs a [product], the others have none");
                }
                if self.quota.is_some() || self.weight.is_some() {
                    flaw("quota", "lệnh tạm dừng không có chỉ tiêu", "a suspension has no quota");
                }
            }
        }
    }

    fn suspend_flaws(&self, flaw: &mut impl FnMut(&str, &str, &str)) {
        let Some(terms) = &self.suspend else { return };
        if terms.in_place == InPlace::SolemnLoop && !terms.content.contains(&ContentClass::Local) {
            let vi = "vòng trang nghiêm thay cho vòng phát tại chỗ: content phải có \"local\"";
            flaw("suspend.content", vi, "a solemn loop takes the place of the local loop: content must hold \"local\"");
        }
        if !terms.hours.is_empty() && terms.in_place != InPlace::Blank {
            let vi = "chỉ in_place = \"blank\" mới đặt theo giờ; kiểu khác áp dụng cả ngày";
            flaw("suspend.hours", vi, "only in_place = \"blank\" holds by the hour; the others hold all day");
        }
    }

    fn amendment_flaws(&self, flaws: &mut Vec<Flaw>) {
        for (i, a) in self.amendment.iter().enumerate() {
            let mut flaw =
                |key: &str, value: String, mend: Say| flaws.push((format!("amendment[{i}].{key}"), value, mend));
            let text = |day: Option<LocalDay>| day.map(|d| d.to_string()).unwrap_or_default();
            if a.number.trim().is_empty() {
                flaw("number", String::new(), say("ghi số văn bản sửa đổi", "give the number of the document"));
            }
            if self.amendment[..i].iter().any(|before| before.date > a.date) {
                flaw(
                    "date",
                    a.date.to_string(),
                    say("xếp theo thứ tự ngày ban hành", "put amendments in order of their dates"),
                );
            }
            let before = self.periods_after(&self.amendment[..i]);
            let end = before.last().map_or(self.from, |(_, last)| *last);
            match a.kind {
                AmendmentKind::Extend if a.to.is_none_or(|to| to <= end) => {
                    flaw(
                        "to",
                        text(a.to),
                        say(
                            format!("phải sau ngày cuối hiện tại {end}"),
                            format!("must be later than the present last day {end}"),
                        ),
                    );
                }
                AmendmentKind::Extend if a.from.is_some_and(|from| from <= end || Some(from) > a.to) => {
                    flaw(
                        "from",
                        text(a.from),
                        say(
                            format!("phải sau {end} và không sau to"),
                            format!("must be later than {end} and not later than `to`"),
                        ),
                    );
                }
                AmendmentKind::End if a.to.is_none_or(|to| to >= end || to < self.from) => {
                    let mend = say(
                        format!("phải từ {} đến trước {end}", self.from),
                        format!("must be from {} on and before {end}", self.from),
                    );
                    flaw("to", text(a.to), mend);
                }
                AmendmentKind::Raise => {
                    let earlier = Self { amendment: self.amendment[..i].to_vec(), ..self.clone() };
                    let Some(from) = a.from else {
                        flaw(
                            "from",
                            String::new(),
                            say("ghi ngày bắt đầu tăng", "write the first day of the raised number"),
                        );
                        continue;
                    };
                    if from < a.date {
                        let mend = say(
                            "không sửa quá khứ: phải từ ngày ban hành trở đi",
                            "the past is not rewritten: write the day of issue or later",
                        );
                        flaw("from", from.to_string(), mend);
                    }
                    let in_force = earlier.order_quota(from).map(|(q, _)| q.plays);
                    if a.plays.is_none() || a.plays <= in_force || in_force.is_none() {
                        flaw("plays", a.plays.map(|p| p.to_string()).unwrap_or_default(), upward(in_force));
                    }
                }
                AmendmentKind::Extend | AmendmentKind::End => {}
            }
        }
    }

    fn override_flaws(&self, flaws: &mut Vec<Flaw>) {
        for (i, o) in self.overrides.iter().enumerate() {
            let mut flaw =
                |key: &str, value: String, mend: Say| flaws.push((format!("override[{i}].{key}"), value, mend));
            let in_force = self.order_quota(o.from).map(|(q, _)| q.plays);
            if in_force.is_none_or(|plays| o.plays <= plays) {
                flaw("plays", o.plays.to_string(), upward(in_force));
            } else if o.plays > MOST_PLAYS {
                flaw("plays", o.plays.to_string(), say("không quá 100000", "must be at most 100000"));
            }
            if o.to.is_some_and(|to| to < o.from) {
                flaw(
                    "to",
                    o.to.map(|d| d.to_string()).unwrap_or_default(),
                    say("trước ngày đầu", "comes before the first day"),
                );
            }
            if o.number.trim().is_empty() {
                flaw("number", String::new(), say("ghi số quyết định", "give the number of the decision"));
            }
            let mut last = o.to;
            for (j, end) in o.ended.iter().enumerate() {
                if end.to < o.from.previous() || last.is_some_and(|last| end.to >= last) {
                    let least = o.from.previous();
                    let mend = match last {
                        Some(most) => say(
                            format!("phải từ {least} và trước ngày cuối hiện tại {most}"),
                            format!("must be {least} or later, and before its present last day {most}"),
                        ),
                        None => say(format!("phải từ {least} trở đi"), format!("must be {least} or later")),
                    };
                    flaw(&format!("ended[{j}].to"), end.to.to_string(), mend);
                }
                if end.number.trim().is_empty() {
                    let mend = say("ghi số quyết định", "give the number of the decision");
                    flaw(&format!("ended[{j}].number"), String::new(), mend);
                }
                last = Some(end.to);
            }
        }
    }

    /// Units and kinds of place it names that the directory does not have.
    pub fn unknown_names(&self, directory: &Directory) -> Vec<(String, String, Say)> {
        unknown(directory, self.units_named(), self.venues_named())
    }

    /// A suspension takes nothing that was owed on days before it was brought; one that is there keeps its first day anyway.
    pub fn suspends_the_past(&self, before: Option<&Self>, today: LocalDay) -> Option<Flaw> {
        let is_there = before.is_some_and(|before| before.from <= today);
        (self.kind == DirectiveKind::Suspend && self.from < today && !is_there).then(|| {
            let mend = say(
                format!("không sửa quá khứ: phải từ hôm nay {today} trở đi"),
                format!("the past is not rewritten: write today, {today}, or later"),
            );
            ("from".to_owned(), self.from.to_string(), mend)
        })
    }

    /// What a new text of the same order may not do once the order has begun: edit what was issued. It
    /// may add amendments and overrides and replace the product's files. `today` decides what has begun.
    pub fn refused_edits(&self, before: &Self, today: LocalDay) -> Vec<(String, String, Say)> {
        // amendments stand in the order of their dates, so a wrong year would shut the order to every later one
        let added = self.amendment.iter().enumerate().skip(before.amendment.len());
        let mut flaws: Vec<Flaw> = added
            .filter(|(_, a)| a.date > today)
            .map(|(i, a)| {
                let mend = say(
                    format!("ngày ban hành không thể sau hôm nay {today}"),
                    format!("a document cannot be issued later than today, {today}"),
                );
                (format!("amendment[{i}].date"), a.date.to_string(), mend)
            })
            .collect();
        if today < before.from {
            return flaws;
        }
        let mut flaw = |key: &str, value: String| {
            let mend = say(
                "văn bản đã có hiệu lực, không sửa được; thêm [[amendment]] hoặc [[override]]",
                "the order is in force and cannot be edited; add an [[amendment]] or an [[override]]",
            );
            flaws.push((key.to_owned(), value, mend));
        };
        if self.kind != before.kind {
            flaw("kind", self.kind.to_string());
        }
        if self.from != before.from {
            flaw("from", self.from.to_string());
        }
        if self.to != before.to {
            flaw("to", self.to.to_string());
        }
        if self.quota != before.quota {
            flaw("quota", self.quota.map(|q| q.plays.to_string()).unwrap_or_default());
        }
        let bound = |d: &Self| -> Vec<_> {
            let line =
                |t: &Target| (t.link, t.unit.clone(), t.venue_types.clone(), t.video, t.force, (t.inferred, t.opt_in));
            d.target.iter().map(line).collect()
        };
        if bound(self) != bound(before) {
            flaw("target", self.target.len().to_string());
        }
        if self.suspend != before.suspend {
            flaw("suspend", self.suspend.as_ref().map(|s| s.in_place.to_string()).unwrap_or_default());
        }
        if self.gap_s() != before.gap_s() {
            flaw("min_gap_s", self.gap_s().to_string());
        }
        let terms = |d: &Self| d.product.as_ref().map(|p| (p.length_s, p.min_display));
        if terms(self) != terms(before) {
            flaw("product", self.product.as_ref().map(|p| p.title.clone()).unwrap_or_default());
        }
        if !self.amendment.starts_with(&before.amendment) {
            flaw("amendment", self.amendment.len().to_string());
        }
        // of a raise only the end may come sooner
        let grown = |(now, before): (&Override, &Override)| {
            now.ended.starts_with(&before.ended) && Override { ended: before.ended.clone(), ..now.clone() } == *before
        };
        let kept = self.overrides.iter().zip(&before.overrides).filter(|pair| grown(*pair)).count();
        if kept < before.overrides.len() {
            flaw("override", self.overrides.len().to_string());
        }
        self.past_edits(before, today, &mut flaws);
        self.series_edits(before, today, &mut flaws);
        flaws
    }

    /// What is added to an order in force binds from today on: no finished day owes more afterwards.
    fn past_edits(&self, before: &Self, today: LocalDay, flaws: &mut Vec<Flaw>) {
        let mut flaw = |path: String, value: LocalDay| {
            let mend = say(
                format!("không sửa quá khứ: phải từ hôm nay {today} trở đi"),
                format!("the past is not rewritten: write today, {today}, or later"),
            );
            flaws.push((path, value.to_string(), mend));
        };
        for (i, added) in self.overrides.iter().enumerate().skip(before.overrides.len()) {
            if added.from < today {
                flaw(format!("override[{i}].from"), added.from);
            }
        }
        for (i, (now, was)) in self.overrides.iter().zip(&before.overrides).enumerate() {
            for (j, added) in now.ended.iter().enumerate().skip(was.ended.len()).filter(|(_, e)| e.to < today) {
                flaw(format!("override[{i}].ended[{j}].to"), added.to);
            }
        }
        for (i, added) in self.amendment.iter().enumerate().skip(before.amendment.len()) {
            let end = self.periods_after(&self.amendment[..i]).last().map_or(self.to, |(_, last)| *last);
            match added.kind {
                AmendmentKind::Extend if added.from.unwrap_or(end.next()) < today => {
                    flaw(format!("amendment[{i}].from"), added.from.unwrap_or(end.next()));
                }
                AmendmentKind::Raise if added.from.is_some_and(|from| from < today) => {
                    flaw(format!("amendment[{i}].from"), added.from.unwrap_or(today));
                }
                AmendmentKind::End if added.to.is_some_and(|to| to < today.previous()) => {
                    flaw(format!("amendment[{i}].to"), added.to.unwrap_or(today));
                }
                _ => {}
            }
        }
    }
}

/// Why the last day of what has begun cannot be moved so: no day that is over owes more or less afterwards. None: to the end of all.
pub(super) fn end_moved(was: Option<LocalDay>, now: Option<LocalDay>, today: LocalDay) -> Option<Say> {
    if was == now {
        return None;
    }
    match (was.filter(|was| *was < today), now.filter(|now| *now < today)) {
        (Some(was), _) => Some(say(
            format!("đã hết vào {was} và giữ nguyên như vậy; muốn tiếp tục thì ghi thêm mục mới"),
            format!("it ended on {was} and that stays; to go on, add a new entry"),
        )),
        (None, Some(_)) => Some(say(
            format!("không sửa quá khứ: phải từ hôm nay {today} trở đi"),
            format!("the past is not rewritten: write today, {today}, or later"),
        )),
        (None, None) => None,
    }
}

fn upward(in_force: Option<u32>) -> Say {
    match in_force {
        Some(plays) => {
            say(format!("phải lớn hơn {plays}: {}", UPWARD.0), format!("must be more than {plays}: {}", UPWARD.1))
        }
        None => say("văn bản này không có chỉ tiêu (quota) để tăng", "this order has no quota to raise"),
    }
}

/// Names that the directory does not have.
pub(super) fn unknown<'a>(
    directory: &Directory,
    units: impl IntoIterator<Item = (String, &'a lichphat_playlists::ids::UnitCode)>,
    venues: impl IntoIterator<Item = (String, &'a lichphat_playlists::ids::VenueType)>,
) -> Vec<Flaw> {
    let units = units.into_iter().filter(|(_, code)| directory.unit(code).is_none()).map(|(path, code)| {
        let mend =
            say("không có đơn vị mang mã này; nhập units trước", "no unit has this code; import the units first");
        (path, code.to_string(), mend)
    });
    let venues = venues.into_iter().filter(|(_, venue)| !directory.has_venue(venue)).map(|(path, venue)| {
        let mend = say("không có loại địa điểm này; nhập venues trước", "no such venue type; import the venues first");
        (path, venue.to_string(), mend)
    });
    units.chain(venues).collect()
}
