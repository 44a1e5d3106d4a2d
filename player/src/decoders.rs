//! Which decoder GStreamer takes: the hardware's where there is one.
//!
//! Distributions rank hardware decoders below software ones while they are young, and then a box with a good chip decodes
//! on its processor. `decodebin` tries the next one by itself when a device does not open.

use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;

/// Above the software decoders of every version.
const FIRST: i32 = 320;

/// Starts GStreamer, with hardware decoders before the others, or without any when `hardware` is false (a chip that shows
/// rubbish is worse than none).
pub fn init(hardware: bool) -> Result<(), glib::Error> {
    gst::init()?;
    let kinds = gst::ElementFactoryType::DECODER | gst::ElementFactoryType::MEDIA_VIDEO;
    for factory in gst::ElementFactory::factories_with_type(kinds, gst::Rank::NONE) {
        if is_hardware(&factory) {
            factory.set_rank(if hardware { gst::Rank::from(FIRST) } else { gst::Rank::NONE });
        }
    }
    Ok(())
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

    #[test]
    fn a_chip_comes_before_software_unless_it_is_not_wanted() {
        gst::init().unwrap();
        gst::Element::register(None, "paperdec", gst::Rank::NONE, PaperDecoder::static_type()).unwrap();
        let rank = |name: &str| gst::ElementFactory::find(name).unwrap().rank();
        init(true).unwrap();
        assert!(rank("paperdec") > rank("avdec_h264"));
        init(false).unwrap();
        assert_eq!(rank("paperdec"), gst::Rank::NONE);
    }
}
