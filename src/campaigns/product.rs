//! Products: what is played, in the variants that fit different screens.

use crate::directory::problem::say;
use crate::directory::typed::Flaw;
use crate::directory::words::words;
use crate::directory::{Output, Screen, Shape};
use lichphat_playlists::ids::{MediaHash, VenueType};
use lichphat_playlists::media::{Fades, Media, MediaKind};
use lichphat_playlists::proof::record::DisplayLevel;
use serde::{Deserialize, Serialize};

words! {
    /// How a variant speaks.
    Form {
        /// Picture with sound.
        Sound = "sound",
        /// Picture with sound and written words.
        Subtitled = "subtitled",
        /// Picture alone.
        Silent = "silent",
        /// Sound alone, for loudspeakers.
        Audio = "audio",
    }
}

/// One version of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Language, `vi` or `en`.
    pub lang: String,
    /// Shape of the picture; `any` fits every screen.
    #[serde(default = "any_shape")]
    pub shape: Shape,
    /// How it speaks.
    #[serde(default = "with_sound")]
    pub form: Form,
    /// Only for these kinds of place, and preferred there; everywhere when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub venue_types: Vec<VenueType>,
    /// The file in the library; or `file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<MediaHash>,
    /// A file beside the document, taken into the library when the document is imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

fn any_shape() -> Shape {
    Shape::Any
}
fn with_sound() -> Form {
    Form::Sound
}

/// What is played: one message, one booked length, several variants of which a screen plays one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Title for people.
    pub title: String,
    /// Booked length, whole seconds.
    pub length_s: u32,
    /// Least display level that counts.
    #[serde(default = "rendered")]
    pub min_display: DisplayLevel,
    /// Loudness, 0 to 100.
    #[serde(default = "loud")]
    pub volume_percent: u8,
    /// How its sound comes and goes.
    #[serde(default, skip_serializing_if = "Fades::is_none")]
    pub fades: Fades,
    /// Its versions, the preferred ones first.
    pub variant: Vec<Variant>,
}

fn rendered() -> DisplayLevel {
    DisplayLevel::D1
}
fn loud() -> u8 {
    100
}

impl Variant {
    /// `vi-landscape-sound`: the name of the variant inside its product.
    pub fn name(&self) -> String {
        format!("{}-{}-{}", self.lang, self.shape, self.form)
    }
    /// How ill it fits a screen: 0 = made for it; `None` = not playable there.
    fn misfit(&self, screen: &Screen) -> Option<u8> {
        let here = self.venue_types.contains(&screen.venue_type);
        if !(here || self.venue_types.is_empty()) || (screen.output == Output::None) != (self.form == Form::Audio) {
            return None;
        }
        let shape = screen.shape();
        // a picture of the other shape is shown with bars: last choice, better than nothing
        let bars = match (self.shape, shape) {
            (a, b) if a == b => 0,
            (Shape::Any, _) | (_, Shape::Any) => 1,
            _ => 2,
        };
        Some(bars * 2 + u8::from(!here))
    }
}

impl Product {
    /// The variant a screen plays: of those it can play the one made for its kind of place and shape;
    /// between equals the first listed.
    pub fn variant_for(&self, screen: &Screen) -> Option<&Variant> {
        self.variants_for(screen).first().copied()
    }

    /// All that it can play, the one it plays first; the next ones stand in where that may not be shown.
    pub fn variants_for(&self, screen: &Screen) -> Vec<&Variant> {
        let mut fitting: Vec<(u8, &Variant)> =
            self.variant.iter().filter_map(|v| Some((v.misfit(screen)?, v))).collect();
        fitting.sort_by_key(|(misfit, _)| *misfit);
        fitting.into_iter().map(|(_, v)| v).collect()
    }

    /// A file as it shows it; none: the file has another length. A still has none of its own: it is shown for as long as each product
    /// says, whoever brought it first and whatever he wrote beside it.
    pub fn shows(&self, file: &Media) -> Option<Media> {
        let fits = file.kind == MediaKind::Still || file.duration_s == self.length_s;
        fits.then(|| Media { duration_s: self.length_s, ..file.clone() })
    }

    /// What is wrong with it, under `path`.
    pub(super) fn flaws(&self, path: &str, flaws: &mut Vec<Flaw>) {
        let mut flaw =
            |key: String, value: String, vi: &str, en: &str| flaws.push((format!("{path}.{key}"), value, say(vi, en)));
        if self.title.trim().is_empty() {
            flaw("title".into(), String::new(), "ghi tên sản phẩm", "give the product a title");
        }
        if !(1..=3600).contains(&self.length_s) {
            flaw(
                "length_s".into(),
                self.length_s.to_string(),
                "từ 1 đến 3600 giây tròn",
                "must be 1 to 3600 whole seconds",
            );
        }
        if self.min_display == DisplayLevel::Dark {
            flaw(
                "min_display".into(),
                "dark".into(),
                "màn hình tắt không bao giờ được tính; ghi D0 đến D3",
                "a dark panel never counts; write D0 to D3",
            );
        }
        if self.volume_percent > 100 {
            flaw("volume_percent".into(), self.volume_percent.to_string(), "từ 0 đến 100", "must be 0 to 100");
        }
        let Fades { in_ms, out_ms } = self.fades;
        if u64::from(in_ms) + u64::from(out_ms) > u64::from(self.length_s) * 1000 {
            flaw(
                "fades".into(),
                format!("{in_ms} + {out_ms} ms"),
                "hai đoạn tăng, giảm tiếng cộng lại không được dài hơn length_s",
                "both together must be no longer than length_s",
            );
        }
        if self.variant.is_empty() {
            flaw(
                "variant".into(),
                String::new(),
                "cần ít nhất một phiên bản [[…variant]]",
                "needs at least one [[…variant]]",
            );
        }
        for (i, v) in self.variant.iter().enumerate() {
            if v.media.is_some() == v.file.is_some() {
                let en = "write either media (SHA-256) or file (path beside this document)";
                flaw(
                    format!("variant[{i}].media"),
                    v.file.clone().unwrap_or_default(),
                    "ghi hoặc media (SHA-256) hoặc file (đường dẫn cạnh tệp này)",
                    en,
                );
            }
            if v.file.as_deref().is_some_and(|f| f.is_empty() || f.starts_with('/') || f.contains(['\\', ':', '\0'])) {
                let value = v.file.clone().unwrap_or_default();
                let vi = "phải là đường dẫn tính từ thư mục của tệp này, dùng dấu /";
                flaw(format!("variant[{i}].file"), value, vi, "must be a path from this document's directory, with /");
            }
            if v.lang.len() != 2 || !v.lang.bytes().all(|b| b.is_ascii_lowercase()) {
                flaw(
                    format!("variant[{i}].lang"),
                    v.lang.clone(),
                    "hai chữ thường, vi hoặc en",
                    "two small letters, vi or en",
                );
            }
            let same = |o: &Variant| o.name() == v.name() && o.venue_types == v.venue_types;
            if self.variant[..i].iter().any(same) {
                flaw(
                    format!("variant[{i}].lang"),
                    v.name(),
                    "phiên bản này đã có ở trên",
                    "this variant is listed above",
                );
            }
        }
    }
}
