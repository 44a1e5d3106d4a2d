//! Picture and sound: outputs that open, decoders for what the library may hold.

use super::{Finding, Health, Said};
use crate::config::PlayerConfig;
use crate::stage::gst::{try_picture, try_sound};
use crate::stage::{PictureSink, SoundSink};
use gstreamer as gst;
use gstreamer::prelude::*;

/// The outputs that the settings name.
pub(super) fn outputs(config: &PlayerConfig) -> Vec<Finding> {
    vec![picture(config.sink), sound(config.sound)]
}

fn picture(kind: PictureSink) -> Finding {
    match (kind, try_picture(kind)) {
        (PictureSink::None, _) => Finding::ok("picture", "không có hình: đây là loa", "no picture: a loudspeaker"),
        (PictureSink::Fake, _) => Finding::ill(
            "picture",
            Health::Warning,
            Said::new("sink = \"fake\": không hiện gì lên màn hình", "sink = \"fake\": nothing is shown"),
            Said::new("Đặt sink = \"auto\" trong player.toml.", "Set sink = \"auto\" in player.toml."),
        ),
        (_, Ok(name)) => Finding::ok("picture", format!("{name} mở được"), format!("{name} opens")),
        (_, Err((name, why))) => Finding::ill(
            "picture",
            Health::Fault,
            Said::new(format!("{name} không mở được: {why}"), format!("{name} does not open: {why}")),
            Said::new(
                "Chạy lệnh này trong phiên có màn hình (DISPLAY hoặc WAYLAND_DISPLAY), hoặc cho tài khoản của trình phát vào nhóm video.",
                "Run this in the session that has the display (DISPLAY or WAYLAND_DISPLAY), or put the player's user into the group video.",
            ),
        ),
    }
}

fn sound(kind: SoundSink) -> Finding {
    match kind {
        SoundSink::None => return Finding::ok("sound", "không dùng âm thanh", "no sound is wanted"),
        SoundSink::Fake => return Finding::ok("sound", "âm thanh không ra đâu cả", "sound goes nowhere"),
        SoundSink::Auto => {}
    }
    match try_sound() {
        Ok(name) => Finding::ok("sound", format!("{name} mở được"), format!("{name} opens")),
        Err((name, why)) => Finding::ill(
            "sound",
            Health::Warning,
            Said::new(format!("không có loa: {name}: {why}"), format!("no sound card: {name}: {why}")),
            Said::new(
                "Cắm loa hoặc card âm thanh; đang phát thì thiết bị có thể bận. Không cần tiếng: sound = \"none\".",
                "Plug the sound card in; while the player runs it may be busy. Where no sound is wanted: sound = \"none\".",
            ),
        ),
    }
}

/// Formats that the library may hold: name, caps, the package that brings a decoder, and whether a city's clips may
/// well be without it.
const FORMATS: [(&str, &str, &str, bool); 9] = [
    ("H.264", "video/x-h264,stream-format=byte-stream,alignment=au", "gstreamer1.0-libav", false),
    ("VP9", "video/x-vp9,codec-alpha=false", "gstreamer1.0-plugins-good", false),
    ("VP8", "video/x-vp8,codec-alpha=false", "gstreamer1.0-plugins-good", true),
    ("AV1", "video/x-av1", "gstreamer1.0-plugins-bad", true),
    ("JPEG", "image/jpeg", "gstreamer1.0-plugins-good", false),
    ("PNG", "image/png", "gstreamer1.0-plugins-good", false),
    ("WebP", "image/webp", "gstreamer1.0-plugins-bad", true),
    ("AAC", "audio/mpeg,mpegversion=4,stream-format=raw", "gstreamer1.0-libav", false),
    ("Opus", "audio/x-opus,channel-mapping-family=0", "gstreamer1.0-plugins-base", false),
];

/// The decoder that would be taken for each format.
pub(super) fn decoders(hardware: bool) -> Vec<Finding> {
    if let Err(error) = crate::decoders::init(hardware) {
        let mend = Said::new("Cài lại gói GStreamer.", "Install the packages of GStreamer anew.");
        let said = Said::new(format!("GStreamer không chạy: {error}"), format!("GStreamer does not start: {error}"));
        return vec![Finding::ill("decoder", Health::Fault, said, mend)];
    }
    FORMATS.iter().map(|format| decoder(*format)).collect()
}

fn decoder((format, caps, package, rare): (&str, &str, &str, bool)) -> Finding {
    let all = gst::ElementFactory::factories_with_type(gst::ElementFactoryType::DECODER, gst::Rank::MARGINAL);
    let caps = caps.parse::<gst::Caps>().unwrap_or_else(|_| gst::Caps::new_empty());
    let mut able: Vec<gst::ElementFactory> = all.into_iter().filter(|f| f.can_sink_any_caps(&caps)).collect();
    able.sort_by_key(|f| std::cmp::Reverse(f.rank()));
    let Some(best) = able.first() else {
        let health = if rare { Health::Warning } else { Health::Fault };
        let said = Said::new(format!("{format}: không có bộ giải mã"), format!("{format}: no decoder"));
        let mend = Said::new(format!("apt install {package}"), format!("apt install {package}"));
        return Finding::ill("decoder", health, said, mend);
    };
    let hardware = crate::decoders::is_hardware(best);
    let (vi, en) = if hardware { ("phần cứng", "hardware") } else { ("phần mềm", "software") };
    Finding::ok("decoder", format!("{format}: {} ({vi})", best.name()), format!("{format}: {} ({en})", best.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_without_a_decoder_names_the_package_and_the_others_their_element() {
        gst::init().unwrap();
        let missing = decoder(("Sơn mài", "video/x-lacquer", "gstreamer1.0-lacquer", false));
        assert_eq!(
            (missing.health, missing.mend.unwrap().en.as_str()),
            (Health::Fault, "apt install gstreamer1.0-lacquer")
        );
        let needed: Vec<Finding> = decoders(true).into_iter().filter(|f| f.health == Health::Fault).collect();
        assert_eq!(needed, [], "the packages that `make test` installs bring them");
    }
}
