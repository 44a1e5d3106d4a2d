//! Reading directives and local programmes: bytes in, a checked document or the list of its defects out.

use super::directive::Directive;
use super::local::LocalProgramme;
use super::product::{Product, Variant};
use super::snapshot::{CampaignBatch, CampaignChange, Campaigns};
use crate::directory::Directory;
use crate::directory::problem::Problems;
use crate::directory::table::SourceFile;
use crate::directory::typed;
use lichphat_playlists::time::{HANOI, UtcMillis};

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
    let read = typed::document(file, |directive: &Directive| {
        let mut flaws = directive.flaws();
        flaws.extend(directive.unknown_names(context.directory));
        if let Some(before) = context.campaigns.directive(&directive.code) {
            flaws.extend(directive.refused_edits(before, context.now.day(HANOI)));
        }
        flaws
    })?;
    Ok(CampaignBatch { changes: vec![CampaignChange::Directive(Box::new(read))] })
}

/// Reads one local programme: contracts, loop, fixed events, safe loops.
pub fn programme(file: SourceFile<'_>, context: Context<'_>) -> Result<CampaignBatch, Problems> {
    let read = typed::document(file, |programme: &LocalProgramme| {
        let mut flaws = programme.flaws();
        flaws.extend(programme.unknown_names(context.directory));
        flaws
    })?;
    let gaps = read.category_gap_s.into_iter().map(|(category, gap_s)| CampaignChange::CategoryGap { category, gap_s });
    let changes = gaps
        .chain(read.contract.into_iter().map(CampaignChange::Contract))
        .chain(read.item.into_iter().map(CampaignChange::Item))
        .chain(read.fixed.into_iter().map(CampaignChange::Fixed))
        .chain(read.fallback.into_iter().map(CampaignChange::Fallback))
        .collect();
    Ok(CampaignBatch { changes })
}

impl CampaignBatch {
    /// Every variant with the length its product books: whoever stores the batch takes its `file` into
    /// the library first and sets `media`.
    pub fn variants_mut(&mut self) -> impl Iterator<Item = (u32, &mut Variant)> {
        let products = self.changes.iter_mut().filter_map(|change| match change {
            CampaignChange::Directive(d) => d.product.as_mut(),
            CampaignChange::Contract(c) => Some(&mut c.product),
            CampaignChange::Item(c) => Some(&mut c.product),
            CampaignChange::Fixed(c) => Some(&mut c.product),
            CampaignChange::Fallback(c) => Some(&mut c.product),
            CampaignChange::CategoryGap { .. } => None,
        });
        products.flat_map(|Product { length_s, variant, .. }| {
            let length_s = *length_s;
            variant.iter_mut().map(move |v| (length_s, v))
        })
    }
}
