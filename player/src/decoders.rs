//! What GStreamer may open a file with, and which decoder it takes: the hardware's where there is one.
//!
//! Distributions rank hardware decoders below software ones while they are young, and then a box with a good chip decodes
//! on its processor. `decodebin` tries the next one by itself when a device does not open.
//!
//! A file's name says nothing, so `decodebin` would open whatever its first bytes look like: a playlist that fetches from
//! addresses of its maker's choice (HLS, DASH), an SVG, a hundred old games' films. [`OPENED`] is all that a screen opens, in
//! the probe and on the stage alike.

use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;

/// Above the software decoders of every version.
const FIRST: i32 = 320;

/// The forms that are opened, by GStreamer's names for them: containers, then pictures, then sound. No playlists, no SVG, no
/// subtitles, nothing that names other files.
const OPENED: [&str; 31] = [
    "video/quicktime",
    "video/mj2",
    "audio/x-m4a",
    "application/x-3gp",
    "video/x-matroska",
    "video/x-matroska-3d",
    "audio/x-matroska",
    "video/webm",
    "audio/webm",
    "application/ogg",
    "application/kate", // `oggdemux` names it beside the others
    "video/ogg",
    "audio/ogg",
    "audio/x-wav",
    "audio/x-rf64",
    "application/x-id3",
    "application/x-apetag",
    "video/x-h264",
    "video/x-h265",
    "video/x-vp8",
    "video/x-vp9",
    "video/x-av1",
    "video/mpeg",
    "image/jpeg",
    "image/png",
    "image/webp",
    "audio/mpeg",
    "audio/x-opus",
    "audio/x-vorbis",
    "audio/x-flac",
    "audio/x-raw",
];

/// Starts GStreamer for what is [`OPENED`], with hardware decoders before the others, or without any when `hardware` is false (a
/// chip that shows rubbish is worse than none).
pub fn init(hardware: bool) -> Result<(), glib::Error> {
    gst::init()?;
    let kinds = gst::ElementFactoryType::DECODER | gst::ElementFactoryType::MEDIA_VIDEO;
    for factory in gst::ElementFactory::factories_with_type(kinds, gst::Rank::NONE) {
        if is_hardware(&factory) {
            factory.set_rank(if hardware { gst::Rank::from(FIRST) } else { gst::Rank::NONE });
        }
    }
    for factory in gst::ElementFactory::factories_with_type(gst::ElementFactoryType::DECODABLE, gst::Rank::MARGINAL) {
        if !opens_only_media(&factory) {
            factory.set_rank(gst::Rank::NONE);
        }
    }
    Ok(())
}

/// Does it take nothing but what is [`OPENED`]?
fn opens_only_media(factory: &gst::ElementFactory) -> bool {
    let mut takes = factory.static_pad_templates().into_iter().filter(|pad| pad.direction() == gst::PadDirection::Sink);
    takes.all(|pad| {
        let caps = pad.caps();
        !caps.is_any() && caps.iter().all(|form| OPENED.contains(&form.name().as_str()))
    })
}

/// Does it decode on a chip made for that?
pub fn is_hardware(factory: &gst::ElementFactory) -> bool {
    factory.metadata("klass").is_some_and(|klass| klass.split('/').any(|word| word == "Hardware"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gst::subclass::prelude::*;

    /// A chip of paper.
    #[derive(Default)]
    struct Paper;
    #[glib::object_subclass]
    impl ObjectSubclass for Paper {
        const NAME: &'static str = "PaperDecoder";
        type Type = PaperDecoder;
        type ParentType = gst::Element;
    }
    impl ObjectImpl for Paper {}
    impl GstObjectImpl for Paper {}
    impl ElementImpl for Paper {
        fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
            static SAID: std::sync::LazyLock<gst::subclass::ElementMetadata> = std::sync::LazyLock::new(|| {
                gst::subclass::ElementMetadata::new("Paper", "Codec/Decoder/Video/Hardware", "A chip of paper", "tests")
            });
            Some(&SAID)
        }
    }
    glib::wrapper! {
        struct PaperDecoder(ObjectSubclass<Paper>) @extends gst::Element, gst::Object;
    }

    /// What [`init`] sets is the whole process's, so tests of it take turns.
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());

    #[test]
    fn what_names_other_files_is_not_opened_and_what_films_are_made_of_is() {
        let _turn = TURN.lock();
        init(true).unwrap();
        let opens = |form: &str| {
            let caps: gst::Caps = form.parse().unwrap();
            let all = gst::ElementFactory::factories_with_type(gst::ElementFactoryType::DECODABLE, gst::Rank::MARGINAL);
            all.into_iter().any(|factory| factory.can_sink_any_caps(&caps))
        };
        let foreign = ["image/svg+xml", "application/x-hls", "application/dash+xml", "application/vnd.ms-sstr+xml"];
        for form in foreign.into_iter().chain(["application/sdp", "application/x-subtitle", "video/x-msvideo"]) {
            assert!(!opens(form), "{form}");
        }
        for form in ["video/quicktime", "video/webm", "application/ogg", "audio/x-wav", "video/x-h264", "image/png"] {
            assert!(opens(form), "{form}");
        }
    }

    #[test]
    fn a_chip_comes_before_software_unless_it_is_not_wanted() {
        let _turn = TURN.lock();
        gst::init().unwrap();
        gst::Element::register(None, "paperdec", gst::Rank::NONE, PaperDecoder::static_type()).unwrap();
        let rank = |name: &str| gst::ElementFactory::find(name).unwrap().rank();
        init(true).unwrap();
        assert!(rank("paperdec") > rank("avdec_h264"));
        init(false).unwrap();
        assert_eq!(rank("paperdec"), gst::Rank::NONE);
    }
}
