//! Words on the screen that are no play: which screen this is, how to pair it, a code for an inspector.
//!
//! A [`Notice`] becomes a [`Sheet`], a grey rectangle that the stage lays over the picture. The letters are drawn here,
//! with a font of our own, so that a screen in trouble depends on nothing that may be missing on its machine.
//!
//! **A notice and a counted play.** A [`Place::Band`] covers at most a third of the picture's height, at its foot, for
//! as long as it says; the play under it goes on and counts. What was shown when is in the receipt of the command that
//! asked for it. A [`Place::Whole`] goes when an item comes on the stage, so no play is ever under it.

use ab_glyph::{Font, FontRef, Glyph, GlyphId, PxScale, ScaleFont as _, point};
use qrcode::{Color, QrCode};
use unicode_normalization::UnicodeNormalization as _;

/// Be Vietnam Pro, SemiBold: every Vietnamese letter with its tone marks. Its licence lies beside it.
const FONT: &[u8] = include_bytes!("../../assets/BeVietnamPro-SemiBold.ttf");
/// Light of paper and ink, limited range.
const PAPER: u8 = 24;
const INK: u8 = 235;
/// A band takes at most this part of the height.
const BAND_PART: u32 = 3;
/// Lines below the title are this large beside it.
const LINE_SIZE: f32 = 0.55;
/// Distance of two lines, in heights of a line.
const LEADING: f32 = 1.1;
/// Smaller letters nobody reads, pixels.
const LEAST_PX: f32 = 9.0;
/// Empty modules around a QR code (ISO/IEC 18004).
const QUIET: u32 = 4;

/// Where a notice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Over the foot of the picture, which goes on.
    Band,
    /// In place of the picture, until an item comes on the stage.
    Whole,
}

/// What is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Large.
    pub title: String,
    /// Smaller, below it.
    pub lines: Vec<String>,
    /// Content of a QR code beside the words.
    pub qr: Option<String>,
    /// Where.
    pub place: Place,
    /// How long it stands, ms; none: until the next one, or none, takes its place.
    pub for_ms: Option<u32>,
}

/// A drawn notice: `luma` holds `width` x `height` pixels, row by row; its place and size are even numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Left edge in the picture, pixels.
    pub x: u32,
    /// Upper edge in the picture, pixels.
    pub y: u32,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Light of each pixel, limited range.
    pub luma: Vec<u8>,
}

/// A rectangle inside a sheet, pixels.
#[derive(Debug, Clone, Copy)]
struct Field {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
}

impl Notice {
    /// Draws it for a picture of `width` x `height` pixels: the letters as large as fit.
    pub fn draw(&self, width: u32, height: u32) -> Sheet {
        let all = match self.place {
            Place::Whole => height,
            Place::Band => height / BAND_PART,
        };
        let (width, tall) = (width & !1, all & !1);
        let mut sheet =
            Sheet { x: 0, y: (height - tall) & !1, width, height: tall, luma: vec![PAPER; (width * tall) as usize] };
        let margin = (width.min(tall) / 16).max(2);
        let inner = Field { x: margin, y: margin, width: width - 2 * margin, height: tall - 2 * margin };
        let words = match self.qr.as_deref().and_then(|content| QrCode::new(content).ok()) {
            Some(code) => sheet.put_code(&code, inner, margin),
            None => inner,
        };
        if let Ok(font) = FontRef::try_from_slice(FONT) {
            sheet.put_words(&font, &self.title, &self.lines, words);
        }
        sheet
    }
}

impl Sheet {
    fn fill(&mut self, field: Field, light: u8) {
        for y in field.y..field.y + field.height {
            let from = (y * self.width + field.x) as usize;
            self.luma[from..from + field.width as usize].fill(light);
        }
    }

    /// Draws a code at the right of a wide field or at the foot of a tall one; returns what is left for words.
    fn put_code(&mut self, code: &QrCode, field: Field, margin: u32) -> Field {
        let across = code.width() as u32 + 2 * QUIET;
        let wide = field.width >= field.height;
        let side = if wide { field.height.min(field.width * 2 / 5) } else { field.width.min(field.height * 2 / 5) };
        let module = (side / across).max(1);
        let side = module * across;
        if side + margin > field.width || side > field.height {
            return field; // no room for a code that a telephone could read
        }
        let (x, y, words) = if wide {
            let x = field.x + field.width - side;
            (x, field.y + (field.height - side) / 2, Field { width: field.width - side - margin, ..field })
        } else {
            let y = field.y + field.height - side;
            let words = Field { height: field.height.saturating_sub(side + margin), ..field };
            (field.x + (field.width - side) / 2, y, words)
        };
        self.fill(Field { x, y, width: side, height: side }, INK);
        for (i, color) in code.to_colors().into_iter().enumerate() {
            if color == Color::Dark {
                let (column, row) = (i as u32 % (across - 2 * QUIET), i as u32 / (across - 2 * QUIET));
                let at = |start: u32, n: u32| start + (QUIET + n) * module;
                self.fill(Field { x: at(x, column), y: at(y, row), width: module, height: module }, 16);
            }
        }
        words
    }

    /// Writes title and lines into `field`, centred, as large as fit.
    fn put_words(&mut self, font: &FontRef<'_>, title: &str, lines: &[String], field: Field) {
        let mut size = field.height as f32 * 0.7;
        let mut set = Setting::of(font, size, title, lines, field.width);
        while !set.fits(field) && size > LEAST_PX {
            size *= 0.95;
            set = Setting::of(font, size, title, lines, field.width);
        }
        let mut top = field.y as f32 + ((field.height as f32 - set.height()) / 2.0).max(0.0);
        for row in &set.rows {
            let scaled = font.as_scaled(row.scale);
            let left = field.x as f32 + ((field.width as f32 - row.width) / 2.0).max(0.0);
            for (glyph, x) in &row.glyphs {
                let at = point(left + x, top + scaled.ascent());
                self.put_glyph(font, Glyph { id: *glyph, scale: row.scale, position: at });
            }
            top += row.height();
        }
    }

    fn put_glyph(&mut self, font: &FontRef<'_>, glyph: Glyph) {
        let Some(outline) = font.outline_glyph(glyph) else { return }; // a space
        let bounds = outline.px_bounds();
        let (left, top) = (bounds.min.x as i64, bounds.min.y as i64);
        outline.draw(|x, y, cover| {
            let (x, y) = (left + i64::from(x), top + i64::from(y));
            if (0..i64::from(self.width)).contains(&x) && (0..i64::from(self.height)).contains(&y) {
                let pixel = &mut self.luma[(y * i64::from(self.width) + x) as usize];
                let ink = f32::from(PAPER) + f32::from(INK - PAPER) * cover.min(1.0);
                *pixel = (*pixel).max(ink as u8);
            }
        });
    }
}

/// One row of letters: each glyph and its place from the row's left edge, pixels.
struct Row {
    scale: PxScale,
    glyphs: Vec<(GlyphId, f32)>,
    width: f32,
}

impl Row {
    fn height(&self) -> f32 {
        self.scale.y * LEADING
    }
}

/// Title and lines, broken into rows at one size.
struct Setting {
    rows: Vec<Row>,
}

impl Setting {
    fn of(font: &FontRef<'_>, size: f32, title: &str, lines: &[String], width: u32) -> Self {
        let mut rows = Vec::new();
        let texts = std::iter::once((title, size)).chain(lines.iter().map(|line| (line.as_str(), size * LINE_SIZE)));
        for (text, size) in texts.filter(|(text, _)| !text.is_empty()) {
            rows.extend(broken(font, PxScale::from(size), text, width as f32));
        }
        Self { rows }
    }
    fn height(&self) -> f32 {
        self.rows.iter().map(Row::height).sum()
    }
    fn fits(&self, field: Field) -> bool {
        self.height() <= field.height as f32 && self.rows.iter().all(|row| row.width <= field.width as f32)
    }
}

/// Breaks a text at its spaces into rows of at most `width` pixels; a longer word gets a row of its own.
fn broken(font: &FontRef<'_>, scale: PxScale, text: &str, width: f32) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut held = String::new();
    for word in text.nfc().collect::<String>().split_whitespace() {
        let longer = if held.is_empty() { word.to_owned() } else { format!("{held} {word}") };
        if !held.is_empty() && row(font, scale, &longer).width > width {
            rows.push(row(font, scale, &held));
            held = word.to_owned();
        } else {
            held = longer;
        }
    }
    rows.push(row(font, scale, &held));
    rows
}

fn row(font: &FontRef<'_>, scale: PxScale, text: &str) -> Row {
    let scaled = font.as_scaled(scale);
    let (mut x, mut glyphs, mut last) = (0.0, Vec::new(), None);
    for id in text.chars().map(|c| font.glyph_id(c)) {
        x += last.map_or(0.0, |last| scaled.kern(last, id));
        glyphs.push((id, x));
        x += scaled.h_advance(id);
        last = Some(id);
    }
    Row { scale, glyphs, width: x }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn notice(title: &str, lines: &[&str], qr: Option<&str>, place: Place) -> Notice {
        let lines = lines.iter().map(|l| (*l).to_owned()).collect();
        Notice { title: title.into(), lines, qr: qr.map(str::to_owned), place, for_ms: None }
    }

    #[test]
    fn the_font_has_every_vietnamese_letter() {
        let font = FontRef::try_from_slice(FONT).unwrap();
        let vowels = "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY";
        let tones = ["", "\u{300}", "\u{309}", "\u{303}", "\u{301}", "\u{323}"];
        let letters = vowels.chars().flat_map(|v| tones.map(|t| format!("{v}{t}").nfc().collect::<String>()));
        for letter in letters.chain(["đ", "Đ", "…", "–", "·"].map(str::to_owned)) {
            let mut chars = letter.chars();
            let (one, more) = (chars.next().unwrap(), chars.next());
            assert!(more.is_none() && font.glyph_id(one).0 != 0, "{letter}");
        }
        // A name that came decomposed is drawn composed: its marks stand where they belong.
        let rows = |text: &str| broken(&font, PxScale::from(40.0), text, 1e6);
        let decomposed = "Phường Hoàn Kiếm".nfd().collect::<String>();
        assert_eq!(rows(&decomposed)[0].glyphs, rows("Phường Hoàn Kiếm")[0].glyphs);
    }

    #[test]
    fn a_code_on_the_screen_reads_back_from_its_pixels() {
        for (width, height) in [(1280, 720), (640, 192), (720, 1280)] {
            let content = "http://lichphat.example/pair?code=ABCD2345";
            let sheet = notice("ABCD-2345", &["Ghép nối màn hình"], Some(content), Place::Whole).draw(width, height);
            let dark = |x: u32, y: u32| sheet.luma[(y * width + x) as usize] == 16;
            let spots: Vec<_> =
                (0..width * height).map(|i| (i % width, i / width)).filter(|(x, y)| dark(*x, *y)).collect();
            let (left, top) = (spots.iter().map(|s| s.0).min().unwrap(), spots.iter().map(|s| s.1).min().unwrap());
            let right = spots.iter().map(|s| s.0).max().unwrap();
            let code = QrCode::new(content).unwrap();
            let module = (right + 1 - left) / code.width() as u32;
            assert!(module >= 2, "a telephone needs {module} px");
            let read = (0..code.width() * code.width()).map(|i| {
                let (column, row) = ((i % code.width()) as u32, (i / code.width()) as u32);
                dark(left + column * module + module / 2, top + row * module + module / 2)
            });
            let meant = code.to_colors().into_iter().map(|c| c == Color::Dark);
            assert!(read.eq(meant), "{width}x{height}");
        }
    }

    #[test]
    fn a_band_covers_a_third_at_most_and_the_whole_all_of_it() {
        let sheet = notice("P00004-03", &["Phường Ba Đình"], None, Place::Band).draw(1280, 720);
        assert_eq!((sheet.x, sheet.y, sheet.width, sheet.height), (0, 480, 1280, 240));
        let sheet = notice("P00004-03", &[], None, Place::Whole).draw(641, 193);
        assert_eq!((sheet.width, sheet.height), (640, 192));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn any_words_fit_any_screen(width in 16u32..2000, height in 16u32..2000, title in ".{0,40}",
            lines in prop::collection::vec(".{0,60}", 0..4), qr in prop::option::of("[a-z]{1,60}"), whole in any::<bool>()) {
            let place = if whole { Place::Whole } else { Place::Band };
            let sheet = Notice { title, lines, qr, place, for_ms: None }.draw(width, height);
            prop_assert_eq!(sheet.luma.len() as u32, sheet.width * sheet.height);
            prop_assert!(sheet.x + sheet.width <= width && sheet.y + sheet.height <= height);
            prop_assert!((sheet.x | sheet.y | sheet.width | sheet.height) & 1 == 0);
            let edge = |i: u32| sheet.luma[i as usize] == PAPER;
            prop_assert!((0..sheet.width).all(edge), "nothing is cut off above");
        }
    }
}
