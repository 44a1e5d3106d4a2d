//! Sums of a day that whoever reads them can add up.
//!
//! Each play of the plan is in one sum only: counted, not counted, unclear, outside its windows, or without a record so far. What
//! was made good stands beside them, for it is no play of the plan. Both together are the rollup's figures.

use super::overview::Bar;
use crate::lang::{Lang, Values};
use crate::proof::Counts;

/// Sums of one day: of a screen, a unit or the city.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// Plays in the plans; the sum of the next five.
    pub(super) planned: u64,
    /// Of the plans: toward the quota.
    pub(super) counted: u64,
    /// Of the plans: judged not to count.
    pub(super) refused: u64,
    /// Of the plans: no telling.
    pub(super) unknown: u64,
    /// Of the plans: outside the campaign's windows.
    pub(super) outside: u64,
    /// Of the plans: without a record so far.
    pub(super) open: u64,
    /// Beside the plans: made good, toward the quota.
    pub(super) made_good: u64,
    /// Beside the plans, and not toward the quota.
    pub(super) made_good_refused: u64,
    /// Of all that counted: heard of more than a day later.
    pub(super) late: u64,
}

impl Sums {
    /// Of one screen and campaign: `planned` plays in the newest plan, and what the records say. A slot that only an
    /// earlier version of the plan had was planned too, once it was played.
    pub(super) fn of(planned: u32, counts: &Counts) -> Self {
        let seen = counts.slots_seen;
        let counted = counts.counted.saturating_sub(counts.made_good).min(seen);
        // A failed make-good is rare: unclear and outside are first looked for in the plan.
        let unknown = counts.unknown.min(seen - counted);
        let outside = counts.counted_outside.min(seen - counted - unknown);
        let refused = seen - counted - unknown - outside;
        let planned = planned.max(seen);
        let (made_good, elsewhere) =
            (counts.counted - counted, counts.counted_outside + counts.unknown - outside - unknown);
        Self {
            planned: planned.into(),
            counted: counted.into(),
            refused: refused.into(),
            unknown: unknown.into(),
            outside: outside.into(),
            open: (planned - seen).into(),
            made_good: made_good.into(),
            made_good_refused: (elsewhere + counts.not_counted.saturating_sub(refused)).into(),
            late: counts.late.into(),
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.planned += other.planned;
        self.counted += other.counted;
        self.refused += other.refused;
        self.unknown += other.unknown;
        self.outside += other.outside;
        self.open += other.open;
        self.made_good += other.made_good;
        self.made_good_refused += other.made_good_refused;
        self.late += other.late;
    }

    fn is_empty(&self) -> bool {
        self.planned == 0 && self.made_good == 0 && self.made_good_refused == 0
    }

    /// The plans' plays as a bar.
    pub(super) fn bar(&self) -> Option<Bar> {
        Bar::of(self.counted, self.planned - self.counted - self.open, self.planned)
    }

    /// `45/60`, what counts of the plan; `—` where nothing was to play.
    pub(super) fn short(&self, lang: Lang) -> String {
        match self.is_empty() {
            true => "—".to_owned(),
            false => format!("{}/{}", lang.number(self.counted), lang.number(self.planned)),
        }
    }

    /// `Hôm nay theo lịch 8.085 lượt: 7.599 được tính, 486 không được tính. …`; `alone` when the day is named elsewhere.
    pub(super) fn text(&self, lang: Lang, alone: bool) -> String {
        let day = if alone { "day" } else { "today" };
        let said = |key: &str, n: u64| lang.say(key, &Values::new().count(lang, "n", n));
        let told = |key: &str, n: u64| (n > 0).then(|| said(key, n));
        let mut sentences = Vec::new();
        if self.planned == 0 {
            sentences.push(lang.text(&format!("{day}-nothing")));
        } else {
            let parts = [
                Some(said("sum-counted", self.counted)),
                told("sum-refused", self.refused),
                told("sum-unknown", self.unknown),
                told("sum-outside", self.outside),
                told("sum-open", self.open),
            ];
            let parts = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
            let values = Values::new().count(lang, "planned", self.planned).word("parts", parts);
            sentences.push(lang.say(&format!("{day}-sum"), &values));
        }
        if self.made_good > 0 {
            let all = self.counted + self.made_good;
            let values = Values::new().count(lang, "n", self.made_good).count(lang, "all", all);
            sentences.push(lang.say("sum-made-good", &values));
        }
        sentences.extend(told("sum-made-good-refused", self.made_good_refused));
        sentences.extend(told("sum-late", self.late));
        sentences.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lichphat_playlists::proof::rollup::Counts;
    use proptest::prelude::*;

    /// One record, as it is added to a rollup: of the plan or made good, and how it stands.
    fn add(counts: &mut Counts, of_plan: bool, standing: u8) {
        counts.slots_seen += u32::from(of_plan);
        match standing {
            0 => {
                counts.counted += 1;
                counts.made_good += u32::from(!of_plan);
            }
            1 => counts.counted_outside += 1,
            2 => counts.not_counted += 1,
            _ => counts.unknown += 1,
        }
    }

    proptest! {
        #[test]
        fn every_play_of_the_plan_is_in_one_sum_and_every_record_in_one(
            planned in 0u32..40,
            days in prop::collection::vec(prop::collection::vec((any::<bool>(), 0u8..4), 0..40), 1..4),
        ) {
            let (mut sums, mut rolled, mut records) = (Sums::default(), Counts::default(), 0);
            for day in &days {
                let mut counts = Counts::default();
                day.iter().for_each(|(of_plan, standing)| add(&mut counts, *of_plan, *standing));
                sums.add(Sums::of(planned, &counts));
                rolled.merge(&counts);
                records += day.len() as u64;
            }
            let s = sums;
            prop_assert_eq!(s.planned, s.counted + s.refused + s.unknown + s.outside + s.open);
            prop_assert_eq!(s.counted + s.made_good, u64::from(rolled.counted), "both together are what counts");
            prop_assert_eq!(s.planned - s.open + s.made_good + s.made_good_refused, records, "no record is lost");
            prop_assert!(s.planned >= u64::from(planned) * days.len() as u64);
        }
    }

    #[test]
    fn a_day_is_told_so_that_it_adds_up() {
        let day = Counts { slots_seen: 8_085, counted: 7_767, made_good: 168, not_counted: 486, ..Counts::default() };
        let sums = Sums::of(8_085, &day);
        assert_eq!(
            sums.text(Lang::Vi, true),
            "Theo lịch 8.085 lượt: 7.599 được tính, 486 không được tính. Ngoài lịch, phát bù được 168 lượt: cộng lại 7.767 lượt được tính."
        );
        assert_eq!(sums.short(Lang::En), "7,599/8,085");
        let open = Sums::of(10, &Counts { slots_seen: 4, counted: 3, unknown: 1, late: 1, ..Counts::default() });
        assert_eq!(
            open.text(Lang::En, false),
            "10 plays are scheduled today: 3 count, 1 is unclear, 6 are not played or not heard of yet. Of those that count, 1 was heard of more than a day late."
        );
        assert_eq!(Sums::default().text(Lang::Vi, false), "Hôm nay không có lượt phát nào theo lịch.");
        assert_eq!((Sums::default().bar(), Sums::default().short(Lang::Vi).as_str()), (None, "—"));
    }
}
