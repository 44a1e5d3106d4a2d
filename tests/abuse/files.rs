//! Files that want to read or to write where they have no business.

use crate::common::TestData;
use crate::common::town::town;
use std::io::Write as _;
use std::net::TcpListener;
use zip::write::SimpleFileOptions;

#[test]
fn cve_2025_54445_xxe_in_imports() {
    let (data, door) = (town(), TcpListener::bind("127.0.0.1:0").unwrap());
    door.set_nonblocking(true).unwrap();
    let secret = data.path().join("secret.txt");
    std::fs::write(&secret, "so-it-goes").unwrap();
    let (file, address) = (secret.display(), door.local_addr().unwrap());
    let xml = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a SYSTEM \"file://{file}\"><!ENTITY b SYSTEM \"http://{address}/\">\
         <!ENTITY c \"&c2;&c2;\"><!ENTITY c2 \"&c;&c;\">]><x>&a;&b;&c;</x>"
    );
    for (kind, name) in [
        ("units", "u.csv"),
        ("units", "u.toml"),
        ("screens", "s.csv"),
        ("venues", "v.toml"),
        ("duty", "d.csv"),
        ("calendar", "c.ics"),
        ("directives", "o.toml"),
        ("footfall", "f.csv"),
        ("closures", "c.csv"),
        ("campaigns", "c.toml"),
    ] {
        let path = data.path().join(name);
        std::fs::write(&path, &xml).unwrap();
        let said = data.fails(1, &["import", kind, path.to_str().unwrap()]);
        assert!(said.contains(name) && !said.contains("so-it-goes"), "{kind}: {said}");
    }
    assert!(door.accept().is_err(), "a file made us call somebody");
}

#[test]
fn cve_2023_33177_zip_slip_of_bundles_and_backups() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("a/b/c");
    std::fs::create_dir_all(&deep).unwrap();
    let absolute = dir.path().join("evil").display().to_string();
    for name in ["../../evil", &absolute, "..\\..\\evil", "a/../../../evil", "manifest.json/../../evil"] {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, text) in [("manifest.json", "{}"), (name, "evil")] {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        std::fs::write(deep.join("bundle.zip"), zip.finish().unwrap().into_inner()).unwrap();
        let verify = TestData::at(deep.join("none")).command(&["verify", "bundle.zip"]).current_dir(&deep).output();
        assert!(!verify.unwrap().status.success(), "{name}");
    }

    // a backup says itself where its files belong
    let (data, backups, restored) = (town(), deep.join("backups"), deep.join("d/e/restored"));
    data.ok(&["backup", "--out", backups.to_str().unwrap()]);
    let mut kept = std::fs::read_dir(&backups).unwrap().map(|entry| entry.unwrap().path());
    let backup = kept.find(|path| path.join("manifest.json").exists()).unwrap();
    let manifest = std::fs::read_to_string(backup.join("manifest.json")).unwrap();
    let evil = "#!/bin/sh\n";
    let hash = lichphat_playlists::ids::Sha256Hash::of(evil.as_bytes());
    let restore = ["restore", backup.to_str().unwrap()];
    for name in ["../../evil", &absolute] {
        let source = backup.join(name);
        std::fs::write(&source, evil).unwrap();
        let mut json: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        json["files"][name] = serde_json::json!({ "hash": hash, "bytes": evil.len() });
        std::fs::write(backup.join("manifest.json"), json.to_string()).unwrap();
        let said = TestData::at(restored.clone()).fails(1, &restore);
        assert!(said.contains(name), "{said}");
        std::fs::remove_file(source).unwrap();
    }
    std::fs::write(backup.join("manifest.json"), manifest).unwrap();
    assert!(!restored.exists() || std::fs::read_dir(&restored).unwrap().next().is_none(), "nothing was put in place");
    let found = std::process::Command::new("find").arg(dir.path()).args(["-name", "evil*"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&found.stdout), "");
}
