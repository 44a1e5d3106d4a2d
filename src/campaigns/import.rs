//! Reading directives and local programmes: bytes in, a checked document or the list of its defects out.

use super::contract::Contract;
use super::directive::Directive;
use super::local::LocalProgramme;
use super::product::{Product, Variant};
use super::snapshot::{CampaignBatch, CampaignChange, Campaigns};
use crate::directory::Directory;
use crate::directory::problem::{Problems, say};
use crate::directory::table::SourceFile;
use crate::directory::typed::{self, Flaw};
use lichphat_playlists::ids::CampaignCode;
use lichphat_playlists::time::{HANOI, UtcMillis};
use std::collections::BTreeMap;

/// What the readers may know besides the file.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Units, kinds of place.
    pub directory: &'a Directory,
    /// What is there already.
    pub campaigns: &'a Campaigns,
    /// The present: an order that has begun is amended, not edited.
    pub now: UtcMillis,
}

/// Reads one directive. Files of its product are still named, not taken in: see
/// [`CampaignBatch::variants_mut`].
pub fn directive(file: SourceFile<'_>, context: Context<'_>) -> Result<CampaignBatch, Problems> {
    let mut read = typed::document(file, |directive: &Directive| {
        let mut flaws = directive.flaws();
        flaws.extend(directive.unknown_names(context.directory));
        let (before, today) = (context.campaigns.directive(&directive.code), context.now.day(HANOI));
        flaws.extend(before.into_iter().flat_map(|before| directive.refused_edits(before, today)));
        flaws.extend(directive.suspends_the_past(before, today));
        let gaps = context.campaigns.category_gap_s();
        flaws.extend(clash(context, "directive", directive.code.as_str(), ""));
        flaws.extend(apart(&gaps, directive.category.as_deref(), directive.gap_s(), ""));
        flaws
    })?;
    read.min_gap_s = read.gap_s();
    Ok(CampaignBatch { changes: vec![CampaignChange::Directive(Box::new(read))] })
}

/// Reads one local programme: contracts, loop, fixed events, safe loops.
pub fn programme(file: SourceFile<'_>, context: Context<'_>) -> Result<CampaignBatch, Problems> {
    let read = typed::document(file, |programme: &LocalProgramme| {
        let programme = spaced(programme.clone(), context);
        let mut flaws = programme.flaws();
        flaws.extend(programme.unknown_names(context.directory));
        flaws.extend(beside(&programme, context));
        flaws
    })?;
    let read = spaced(read, context);
    let gaps = read.category_gap_s.into_iter().map(|(category, gap_s)| CampaignChange::CategoryGap { category, gap_s });
    let changes = gaps
        .chain(read.contract.into_iter().map(CampaignChange::Contract))
        .chain(read.item.into_iter().map(CampaignChange::Item))
        .chain(read.fixed.into_iter().map(CampaignChange::Fixed))
        .chain(read.fallback.into_iter().map(CampaignChange::Fallback))
        .collect();
    Ok(CampaignBatch { changes })
}

/// Its contracts with the gap that holds where none is written.
fn spaced(mut programme: LocalProgramme, context: Context<'_>) -> LocalProgramme {
    let mut gaps = context.campaigns.category_gap_s();
    gaps.extend(programme.category_gap_s.clone());
    for contract in &mut programme.contract {
        let apart = contract.category.as_ref().and_then(|category| gaps.get(category));
        contract.min_gap_s = contract.gap_s(apart.copied().unwrap_or(0));
    }
    programme
}

/// What a programme may not do beside what is there already.
pub(super) fn beside(programme: &LocalProgramme, context: Context<'_>) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let contracts = programme.contract.iter().map(|c| ("contract", &c.code)).enumerate();
    let items = programme.item.iter().map(|c| ("item", &c.code)).enumerate();
    let fixed = programme.fixed.iter().map(|c| ("fixed", &c.code)).enumerate();
    let fallbacks = programme.fallback.iter().map(|c| ("fallback", &c.code)).enumerate();
    for (i, (kind, code)) in contracts.chain(items).chain(fixed).chain(fallbacks) {
        flaws.extend(clash(context, kind, code.as_str(), &format!("{kind}[{i}].")));
    }
    let mut gaps = context.campaigns.category_gap_s();
    gaps.extend(programme.category_gap_s.clone());
    for (i, c) in programme.contract.iter().enumerate() {
        let before = context.campaigns.contracts().find(|before| before.code == c.code);
        flaws.extend(before.into_iter().flat_map(|before| {
            let edits = c.refused_edits(before, context.now.day(HANOI));
            edits.into_iter().map(|(key, value, mend)| (format!("contract[{i}].{key}"), value, mend))
        }));
        // its own document's gaps were looked at with the contract itself
        let own = c.category.as_ref().is_some_and(|k| programme.category_gap_s.contains_key(k));
        flaws.extend(apart(&gaps, c.category.as_deref().filter(|_| !own), c.min_gap_s, &format!("contract[{i}].")));
    }
    flaws.extend(exclusive(programme, context));
    let replaced = |code: &str| programme.contract.iter().any(|c| c.code.as_str() == code);
    let orders = context.campaigns.directives().map(|d| (d.code.as_str(), d.category.as_ref(), d.min_gap_s));
    let sold = context.campaigns.contracts().map(|c| (c.code.as_str(), c.category.as_ref(), c.min_gap_s));
    for (code, category, min_gap_s) in orders.chain(sold.filter(|(code, ..)| !replaced(code))) {
        let wider =
            category.and_then(|k| programme.category_gap_s.get_key_value(k)).filter(|(_, gap)| **gap > min_gap_s);
        if let Some((category, gap_s)) = wider {
            let mend = say(
                format!("không được lớn hơn min_gap_s = {min_gap_s} của {code}"),
                format!("must not be more than the min_gap_s = {min_gap_s} of {code}"),
            );
            flaws.push((format!("category_gap_s.{category}"), gap_s.to_string(), mend));
        }
    }
    flaws
}

/// One code means one campaign: figures are kept by it.
fn clash(context: Context<'_>, kind: &str, code: &str, path: &str) -> Option<Flaw> {
    let other = context.campaigns.kind_of(code).filter(|other| *other != kind)?;
    let mend = say(
        format!("mã này đã dùng cho [{other}] khác; hãy đặt mã khác"),
        format!("this code is another [{other}]'s already; choose another"),
    );
    Some((format!("{path}code"), code.to_owned(), mend))
}

/// Contracts that cannot both be kept: one of them was sold its category on a screen for itself.
fn exclusive(programme: &LocalProgramme, context: Context<'_>) -> Vec<Flaw> {
    let own = |code: &CampaignCode| programme.contract.iter().any(|c| c.code == *code);
    let there: Vec<&Contract> = context.campaigns.contracts().filter(|c| !own(&c.code)).collect();
    let mut flaws = Vec::new();
    for (i, contract) in programme.contract.iter().enumerate() {
        let others = programme.contract[..i].iter().chain(there.iter().copied());
        for (other, screen) in others.filter_map(|o| Some((o, contract.excludes(o, context.directory)?))) {
            let (name, screen) = (&other.code, &screen.code);
            let mend = say(
                format!(
                    "trùng nhóm với hợp đồng {name} trên {screen} và một trong hai là độc quyền; hãy đổi ngày, giờ hoặc nơi phát"
                ),
                format!(
                    "shares its category with contract {name} on {screen}, and one of them is exclusive; change days, hours or places"
                ),
            );
            let category = contract.category.clone().unwrap_or_default();
            flaws.push((format!("contract[{i}].category"), category, mend));
        }
    }
    flaws
}

/// A category has a gap, and each campaign of it keeps at least that from itself.
fn apart(gaps: &BTreeMap<String, u32>, category: Option<&str>, min_gap_s: u32, path: &str) -> Option<Flaw> {
    let category = category?;
    match gaps.get(category) {
        None => {
            let mend = say(
                "nhóm này chưa có khoảng cách; ghi vào [category_gap_s] và nhập trước",
                "this category has no gap yet; write it under [category_gap_s] and import that first",
            );
            Some((format!("{path}category"), category.to_owned(), mend))
        }
        Some(gap_s) if min_gap_s < *gap_s => {
            let mend = say(
                format!("ít nhất bằng khoảng cách của nhóm {category}: {gap_s}"),
                format!("must be at least the gap of its category {category}: {gap_s}"),
            );
            Some((format!("{path}min_gap_s"), min_gap_s.to_string(), mend))
        }
        Some(_) => None,
    }
}

impl CampaignBatch {
    /// Every variant with the length its product books: whoever stores the batch takes its `file` into
    /// the library first and sets `media`.
    pub fn variants_mut(&mut self) -> impl Iterator<Item = (u32, &mut Variant)> {
        let products = self.changes.iter_mut().flat_map(|change| match change {
            CampaignChange::Directive(d) => d.products_mut().collect(),
            CampaignChange::Contract(c) => vec![&mut c.product],
            CampaignChange::Item(c) => vec![&mut c.product],
            CampaignChange::Fixed(c) => vec![&mut c.product],
            CampaignChange::Fallback(c) => vec![&mut c.product],
            CampaignChange::CategoryGap { .. } => Vec::new(),
        });
        products.flat_map(|Product { length_s, variant, .. }| {
            let length_s = *length_s;
            variant.iter_mut().map(move |v| (length_s, v))
        })
    }
}
