//! What a file is, from its first bytes: a list does not say whether a clip moves.

use lichphat_playlists::media::MediaKind;
use std::io::Read;
use std::path::Path;

/// The kind of the file at `path`; a file that cannot be read, or that is not known, counts as video,
/// and the stage says what is wrong with it.
pub(super) fn kind_of(path: &Path) -> MediaKind {
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|f| f.take(4096).read_to_end(&mut head));
    let by_bytes = read.ok().and_then(|_| sniff(&head));
    by_bytes.unwrap_or_else(|| by_name(path))
}

fn sniff(head: &[u8]) -> Option<MediaKind> {
    let starts = |magic: &[u8]| head.starts_with(magic);
    let riff = |form: &[u8]| starts(b"RIFF") && head.get(8..12) == Some(form);
    let brand = head.get(4..8).filter(|t| *t == b"ftyp").and(head.get(8..12));
    let has = |word: &[u8]| head.windows(word.len()).any(|w| w == word);
    if starts(b"\x89PNG\r\n\x1a\n") || starts(b"\xff\xd8\xff") || starts(b"GIF8") || starts(b"BM") || riff(b"WEBP") {
        return Some(MediaKind::Still);
    }
    if riff(b"WAVE") || starts(b"fLaC") || starts(b"ID3") || brand == Some(b"M4A ") {
        return Some(MediaKind::Audio);
    }
    if starts(b"OggS") {
        return Some(if has(b"\x80theora") { MediaKind::Video } else { MediaKind::Audio });
    }
    let frame_sync = head.len() > 2 && head[0] == 0xff && head[1] & 0xe0 == 0xe0;
    frame_sync.then_some(MediaKind::Audio) // bare MP3 or ADTS
}

fn by_name(path: &Path) -> MediaKind {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match extension.as_str() {
        "png" | "jpg" | "jpeg" | "webp" | "gif" | "bmp" | "svg" | "tif" | "tiff" => MediaKind::Still,
        "mp3" | "opus" | "ogg" | "oga" | "wav" | "flac" | "m4a" | "aac" | "mka" | "weba" => MediaKind::Audio,
        _ => MediaKind::Video,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_win_over_the_name_and_the_name_over_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            kind_of(&path)
        };
        assert_eq!(file("photo.mp4", b"\xff\xd8\xff\xe0"), MediaKind::Still);
        assert_eq!(
            file("clip.png", b"\x00\x00\x00\x18ftypisom"),
            MediaKind::Still,
            "an MP4 may hold anything: its name decides"
        );
        assert_eq!(file("tone.bin", b"RIFF\x00\x00\x00\x00WAVEfmt "), MediaKind::Audio);
        assert_eq!(file("noise.mp4", b"nonsense"), MediaKind::Video);
        assert_eq!(kind_of(&dir.path().join("missing.opus")), MediaKind::Audio);
    }
}
