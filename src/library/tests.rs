//! Stories of the library: taken in whole or not at all, once, and measured.

use super::*;
use crate::clock::SimClock;
use crate::store::Store;
use futures_util::TryStreamExt;
use lichphat_playlists::media::MediaKind;
use lichphat_playlists::time::UtcMillis;
use std::fs;

struct Says(Option<Measured>);
#[async_trait::async_trait]
impl Probe for Says {
    async fn probe(&self, _: &Path) -> Result<Option<Measured>, ProbeError> {
        Ok(self.0.clone())
    }
}

fn measured(kind: MediaKind, duration_ms: Option<u64>) -> Measured {
    Measured { kind, duration_ms, width: None, height: None, has_audio: false }
}

fn library(dir: &Path, probe: impl Probe + 'static) -> Library {
    let store = Store::open(dir, 1).unwrap();
    let clock = SimClock::new(UtcMillis(1_728_500_000_000));
    Library::new(Arc::new(store), MediaFiles::new(dir), Arc::new(probe), Arc::new(clock))
}

fn left_over(dir: &Path) -> usize {
    fs::read_dir(dir.join("media")).map_or(0, |d| d.filter(|e| e.as_ref().unwrap().path().is_file()).count())
}

#[tokio::test]
async fn a_clip_is_taken_in_once_and_read_back_in_parts() {
    let dir = tempfile::tempdir().unwrap();
    let clip = dir.path().join("Chào mừng\u{202e}.mp4");
    fs::write(&clip, (0..200_000u32).map(|i| i as u8).collect::<Vec<_>>()).unwrap();
    let library = library(dir.path(), Says(Some(measured(MediaKind::Video, Some(15_027)))));
    let first = library.add(&clip, Given::default()).await.unwrap();
    assert!(first.new && first.item.media.duration_s == 15 && first.item.duration_ms == 15_027);
    assert_eq!(first.item.name, "Chào mừng.mp4");
    let again = library.add(&clip, Given::default()).await.unwrap();
    assert!(!again.new && again.item == first.item);
    assert_eq!((library.list().await.unwrap(), left_over(dir.path())), (vec![first.item.clone()], 0));

    let part = library.open(first.item.media.hash, Range::From(65_500, Some(131_100))).await.unwrap();
    assert_eq!((part.size_bytes, part.length()), (200_000, 65_600));
    let bytes = part
        .into_stream()
        .try_fold(Vec::new(), |mut all, b| async move {
            all.extend(b);
            Ok(all)
        })
        .await
        .unwrap();
    assert_eq!(bytes, fs::read(&clip).unwrap()[65_500..131_100]);
    let behind = library.open(first.item.media.hash, Range::From(200_000, None)).await;
    assert!(matches!(behind, Err(LibraryError::Range { size_bytes: 200_000, .. })));
    let unknown = library.open(MediaHash::of(b"no"), Range::Whole).await;
    assert!(matches!(unknown, Err(LibraryError::Unknown(_))));
}

#[tokio::test]
async fn a_file_lost_from_the_disk_comes_back_by_adding_it_again() {
    let dir = tempfile::tempdir().unwrap();
    let clip = dir.path().join("a.mp4");
    fs::write(&clip, b"frames").unwrap();
    let library = library(dir.path(), Says(Some(measured(MediaKind::Video, Some(4_000)))));
    let hash = library.add(&clip, Given::default()).await.unwrap().item.media.hash;
    fs::remove_file(MediaFiles::new(dir.path()).path(hash)).unwrap();
    assert!(!library.add(&clip, Given::default()).await.unwrap().new);
    assert_eq!(library.open(hash, Range::Last(3)).await.unwrap().length(), 3);
}

#[tokio::test]
async fn what_is_refused_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let (odd, empty) = (dir.path().join("odd.mp4"), dir.path().join("empty.mp4"));
    fs::write(&odd, b"frames").unwrap();
    fs::write(&empty, b"").unwrap();
    let library = library(dir.path(), Says(Some(measured(MediaKind::Video, Some(14_600)))));
    let error = library.add(&odd, Given::default()).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "odd.mp4: measured length is 14600 ms, a booked length is whole seconds (within 40 ms): cut or pad the clip to 15 s"
    );
    assert!(matches!(library.add(&empty, Given::default()).await, Err(LibraryError::Empty { .. })));
    assert!(matches!(library.add(&dir.path().join("none"), Given::default()).await, Err(LibraryError::Io { .. })));
    assert!(library.list().await.unwrap().is_empty() && left_over(dir.path()) == 0);
}

#[test]
fn the_length_that_is_booked() {
    let (video, still) = (MediaKind::Video, MediaKind::Still);
    let given = |kind, duration_s| Given { kind, duration_s, still_s: None };
    let text = |m: Option<Measured>, g| match book("x", m.as_ref(), g) {
        Ok((kind, s, ms)) => format!("{kind:?} {s} s ({ms} ms)"),
        Err(error) => error.to_string(),
    };
    let film = |ms| Some(measured(video, Some(ms)));
    assert_eq!(text(film(15_040), given(None, None)), "Video 15 s (15040 ms)");
    assert!(text(film(15_041), given(None, None)).contains("15041 ms"));
    assert!(text(film(30_000), given(None, Some(15))).contains("--duration-s 15, but it measures 30000 ms"));
    assert!(text(film(300), given(None, None)).contains("to 1 s"));
    assert!(text(film(20), given(None, None)).contains("out of range"));
    assert_eq!(text(Some(measured(still, None)), given(None, Some(10))), "Still 10 s (10000 ms)");
    assert!(text(Some(measured(still, Some(40))), given(None, None)).contains("--duration-s"));
    assert_eq!(text(None, given(Some(video), Some(10))), "Video 10 s (10000 ms)");
    assert!(text(None, given(None, Some(10))).contains("--kind"));
    assert!(text(None, given(Some(still), Some(0))).contains("out of range"));
    assert!(text(film(10_000), given(Some(still), None)).contains("leave --kind out"));
}

#[tokio::test]
async fn a_still_is_anybodys_and_for_as_long_as_he_says_but_a_clip_is_as_long_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let png = dir.path().join("poster.png");
    fs::write(&png, b"pixels").unwrap();
    let library = library(dir.path(), Says(None));
    let given = |kind, s| Given { kind: Some(kind), duration_s: Some(s), still_s: None };
    library.add(&png, given(MediaKind::Still, 1)).await.unwrap();
    assert!(!library.add(&png, given(MediaKind::Still, 15)).await.unwrap().new);
    let error = library.add(&png, given(MediaKind::Video, 15)).await.unwrap_err();
    assert_eq!(error.vi(), "poster.png: ghi là phim nhưng thật ra là ảnh; hãy bỏ kind");
    let clip = dir.path().join("clip.mp4");
    fs::write(&clip, b"frames").unwrap();
    library.add(&clip, given(MediaKind::Video, 10)).await.unwrap();
    let error = library.add(&clip, given(MediaKind::Video, 15)).await.unwrap_err().to_string();
    assert!(error.contains("10 s already, not 15 s"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_probe_is_a_child_with_a_time_limit() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let program = |name: &str, body: &str| {
        let path = dir.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        PlayerProbe::new(&path, 1)
    };
    let good = program(
        "good",
        r#"echo '{"kind":"video","duration_ms":4000,"width":64,"height":36,"fps":30.0,"video_codec":"h264","audio_codec":null,"has_audio":false}'"#,
    );
    let said = good.probe(Path::new("clip")).await.unwrap().unwrap();
    assert_eq!((said.kind, said.duration_ms, said.width), (MediaKind::Video, Some(4_000), Some(64)));
    let broken = program("broken", "echo 'no decoder for it' >&2; exit 1").probe(Path::new("clip")).await;
    assert!(broken.unwrap_err().to_string().contains("no decoder for it"));
    assert!(matches!(
        program("slow", "exec sleep 30").probe(Path::new("clip")).await,
        Err(ProbeError::Slow { limit_s: 1 })
    ));
    let absent = PlayerProbe::new(&dir.path().join("absent"), 1).probe(Path::new("clip")).await;
    assert_eq!(absent.unwrap(), None);
}
