//! What a PDF says: its letters in the order in which they are set, read by another's reader and not by what wrote them.

use hayro_interpret::font::Glyph;
use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::hayro_syntax::Pdf;
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, GlyphDrawMode, Image, InterpreterCache, InterpreterSettings, Paint,
    PathDrawMode, SoftMask, interpret_page,
};
use kurbo::{Affine, BezPath, Rect};

/// Its letters without blanks, for on paper a word may break anywhere; [`packed`] makes the same of what should stand there.
pub(crate) fn letters(pdf: Vec<u8>) -> String {
    let pdf = Pdf::new(pdf).unwrap_or_else(|error| panic!("no PDF: {error:?}"));
    let (cache, mut read) = (InterpreterCache::new(), Read::default());
    for page in pdf.pages().iter() {
        let anywhere = (Affine::IDENTITY, Rect::new(0.0, 0.0, 1.0, 1.0));
        let mut context = Context::new(anywhere.0, anywhere.1, &cache, pdf.xref(), InterpreterSettings::default());
        interpret_page(page, &mut context, &mut read);
    }
    packed(&read.0)
}

/// Words without blanks and without places at which they may break.
pub(crate) fn packed(words: &str) -> String {
    words.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\u{200b}' | '\u{ad}')).collect()
}

/// Whoever looks at a page and sees its letters alone.
#[derive(Default)]
struct Read(String);

impl Device<'_> for Read {
    fn draw_glyph(&mut self, glyph: &Glyph<'_>, _: Affine, _: Affine, _: &Paint<'_>, _: &GlyphDrawMode) {
        match glyph.as_unicode() {
            Some(BfString::Char(c)) => self.0.push(c),
            Some(BfString::String(s)) => self.0.push_str(&s),
            None => self.0.push('\u{fffd}'),
        }
    }
    fn set_soft_mask(&mut self, _: Option<SoftMask<'_>>) {}
    fn set_blend_mode(&mut self, _: BlendMode) {}
    fn draw_path(&mut self, _: &BezPath, _: Affine, _: &Paint<'_>, _: &PathDrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'_>>, _: BlendMode) {}
    fn draw_image(&mut self, _: Image<'_, '_>, _: Affine) {}
    fn pop_clip_path(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}
