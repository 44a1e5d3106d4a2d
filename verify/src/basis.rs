//! What the scheduler states and no record can prove: its form, what of it the signed playlists contradict, and the words
//! that tell a reader what he has to compare with papers of his own.

use crate::findings::{Findings, words};
use crate::plans::ScreenPlans;
use crate::verdict::Check;
use lichphat_playlists::figures::{Basis, ScreenFacts};
use lichphat_playlists::proof::bundle::BASIS;
use lichphat_playlists::quota::{Of, Ratio};
use std::collections::BTreeSet;

/// Every list names a thing once: what stands twice would be counted twice.
pub(crate) fn form(basis: &Basis, findings: &mut Findings) {
    let mut told = |what: String, holds: bool| {
        if !holds {
            findings.fault(
                Check::Figures,
                &format!("{BASIS}, {what}"),
                words!(
                "có dòng lặp lại, sai thứ tự hoặc chỉ đến chỗ không có: con số bị tính hai lần hoặc bị bỏ";
                "something stands twice, out of order, or points at nothing: figures are counted twice or left out"),
            );
        }
    };
    let within = |places: &[u32], len: usize| {
        places.is_sorted_by(|a, b| a < b) && places.last().is_none_or(|&last| (last as usize) < len)
    };
    let (screens, units) = (basis.screens.len(), basis.quota_units.len());
    told("screens".to_owned(), once(basis.screens.iter().map(|f| &f.screen)));
    told("links".to_owned(), once(basis.links.iter().map(|l| (&l.link, &l.unit))));
    told("quota_units".to_owned(), once(basis.quota_units.iter().map(|u| &u.unit)));
    for link in &basis.links {
        let fits = within(&link.screens, screens) && within(&link.below, units);
        told(format!("links {} {}", link.link, link.unit), fits);
    }
    for unit in &basis.quota_units {
        let fits = within(&unit.screens, screens) && once(unit.owed.iter().map(|owed| owed.day));
        told(format!("quota_units {}", unit.unit), fits);
    }
    for facts in &basis.screens {
        told(format!("screens {}", facts.screen), once(facts.owed.iter().map(|owed| owed.day)));
    }
}

/// Does nothing stand twice?
fn once<T: Ord>(mut all: impl Iterator<Item = T>) -> bool {
    let mut seen = BTreeSet::new();
    all.all(|one| seen.insert(one))
}

/// What the days owe beside what order and signed playlists let expect.
#[derive(Default)]
pub(crate) struct Owed {
    screens: u64,
    days: u64,
}

impl Owed {
    /// A screen's days on which its newest playlist has duty and a number of the campaign.
    pub(crate) fn screen(&mut self, basis: &Basis, facts: &ScreenFacts, plans: &ScreenPlans, findings: &mut Findings) {
        let asked = plans.days_asked(basis.period.from, basis.period.to);
        let Some(quota) = basis.quota else {
            if asked.clone().next().is_some() {
                findings.fault(
                    Check::Plan,
                    facts.screen.as_str(),
                    words!(
                    "máy chủ khai đợt này không có số lượt phải đạt, lịch phát đã ký thì có";
                    "the scheduler states that the order names no number, the signed playlists say that it does"),
                );
            }
            return;
        };
        if quota.of == Of::Unit {
            return; // a screen's part follows from what its plans asked
        }
        let less = asked.filter(|day| {
            let (first, last) = quota.per.span(*day);
            let least = Ratio::new(quota.plays.into(), i128::from(last.days_since(first)) + 1);
            facts.owed.iter().find(|owed| owed.day == *day).is_none_or(|owed| !owed.operating || owed.owed < least)
        });
        let days = less.count() as u64;
        (self.screens, self.days) = (self.screens + u64::from(days > 0), self.days + days);
    }

    /// Says what is the scheduler's word, and how far the playlists bear it out. `size`: entries of the checkpoint.
    pub(crate) fn told(&self, basis: &Basis, size: u64, findings: &mut Findings) {
        let of = |kind: &str| basis.screens.iter().filter(|f| f.kind == kind).count();
        let (n, managed, third) = (basis.screens.len(), of("managed"), of("third-party"));
        let other = n - managed - third;
        findings.remark(Check::Figures, BASIS, words!(
            "Danh sách {n} màn hình ({managed} của hệ thống, {third} của bên thứ ba, {other} chưa có thiết bị phát), loại màn hình và số lượt phải đạt là lời của máy chủ tại điểm chốt {size} mục; sổ không chứng minh được. Hãy đối chiếu với danh sách và văn bản của bạn.";
            "The list of {n} screens ({managed} managed, {third} of third parties, {other} with no player), their kind and what they owe are the scheduler's word at the checkpoint of {size} entries; the log does not prove them. Compare them with your own list and the order."));
        if self.days > 0 {
            let (screens, days) = (self.screens, self.days);
            findings.remark(Check::Figures, BASIS, words!(
                "Ở {screens} màn hình có {days} ngày phải đạt ít hơn số của văn bản, hoặc không phải đạt, dù lịch phát đã ký có giờ hoạt động. Có thể do miễn, giảm hay tạm dừng: hãy hỏi căn cứ.";
                "At {screens} screens {days} days owe less than the order's number, or nothing, though the signed playlists have hours of duty. An exemption, a lower number or a suspension may be the reason: ask for it."));
        }
    }
}
