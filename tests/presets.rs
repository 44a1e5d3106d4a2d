//! Every preset under `config/` is read by the parser that people's files go through, and says what
//! its source says; `docs/imports.md` is what the code takes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

use lichphat::campaigns::{self, CampaignBatch, Campaigns, Phase};
use lichphat::directory::import::{Context, Kind, documentation, parse};
use lichphat::directory::table::SourceFile;
use lichphat::directory::{Directory, Link, Output, Summary, UnitKind};
use lichphat_playlists::ids::{UnitCode, VenueType};
use lichphat_playlists::time::{HANOI, LocalDay};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn day(text: &str) -> LocalDay {
    text.parse().unwrap()
}

fn import(directory: &mut Directory, kind: Kind, path: &str) -> Summary {
    let bytes = std::fs::read(root().join(path)).unwrap();
    let now = day("2026-11-22").start(HANOI);
    let batch = parse(kind, SourceFile { name: path, bytes: &bytes }, Context { directory, now })
        .unwrap_or_else(|problems| panic!("{path}:\n{problems}"));
    directory.apply(batch).1
}

fn presets() -> Directory {
    let mut directory = Directory::default();
    import(&mut directory, Kind::Units, "config/directory/units.toml");
    import(&mut directory, Kind::Venues, "config/venues.toml");
    import(&mut directory, Kind::Calendar, "config/calendar/holidays-vn.csv");
    directory
}

#[test]
fn the_city_has_its_126_wards_and_communes_since_july_2025() {
    let directory = presets();
    let of = |kind, on: &str| directory.units().filter(|u| u.kind == kind && u.effective.contains(day(on))).count();
    assert_eq!((of(UnitKind::Ward, "2025-07-01"), of(UnitKind::Commune, "2025-07-01")), (51, 75));
    assert_eq!((of(UnitKind::District, "2025-07-01"), of(UnitKind::District, "2025-06-30")), (0, 30));
    assert_eq!((of(UnitKind::Ward, "2025-06-30"), of(UnitKind::Commune, "2025-06-30")), (0, 0));
    let city = UnitCode::new("HN").unwrap();
    assert!(directory.lies_under(&UnitCode::new("TRANSERCO").unwrap(), &city));
    assert!(!directory.lies_under(&UnitCode::new("NIA").unwrap(), &city), "an airport is asked, not ordered");
}

#[test]
fn names_are_found_on_their_day() {
    let directory = presets();
    let find = |text: &str, on: &str| directory.find_unit(text, day(on)).map(|u| u.code.to_string());
    assert_eq!(find("UBND phường Ba Đình", "2026-11-22").unwrap(), "P00004");
    assert_eq!(find("Ba Đình", "2026-11-22").unwrap(), "P00004", "the ward lives, the district does not");
    assert_eq!(find("Ba Đình", "2024-09-01").unwrap(), "Q001");
    assert_eq!(find("phuong ba dinh", "2026-11-22").unwrap(), "P00004", "typed without marks");
    let near = find("Phường Ba Đìn", "2026-11-22").unwrap_err().say().vi;
    assert!(near.contains("Phường Ba Đình (P00004)"), "{near}");
}

#[test]
fn venue_profiles_change_on_their_day_and_mark_what_is_assumed() {
    let directory = presets();
    let metro = VenueType::new("metro_station").unwrap();
    let peaks = |on: &str| {
        let profile = directory.venue(&metro, day(on)).unwrap();
        profile.hours_on(day(on), None).unwrap().peaks.0.text()
    };
    assert_eq!(peaks("2026-02-06"), "06:30-08:30;16:30-18:30");
    assert_eq!(peaks("2026-02-09"), "06:30-09:00;16:30-19:30");
    let types: std::collections::BTreeSet<_> = directory.venue_profiles().map(|p| p.venue_type.clone()).collect();
    assert_eq!(types.len(), 13);
}

#[test]
fn the_calendar_says_the_same_in_csv_and_in_ics() {
    let mut directory = presets();
    let again = import(&mut directory, Kind::Calendar, "config/calendar/holidays-vn.ics");
    assert_eq!(again, Summary { added: 0, changed: 0, unchanged: 60 });
}

#[test]
fn importing_a_preset_twice_changes_nothing() {
    let mut directory = presets();
    for (kind, path) in [
        (Kind::Units, "config/directory/units.toml"),
        (Kind::Venues, "config/venues.toml"),
        (Kind::Calendar, "config/calendar/holidays-vn.csv"),
    ] {
        assert!(import(&mut directory, kind, path).nothing_changed(), "{path}");
    }
    assert_eq!(import(&mut directory, Kind::Footfall, "config/footfall/airport-sample.csv").added, 1);
    assert!(import(&mut directory, Kind::Footfall, "config/footfall/airport-sample.csv").nothing_changed());
}

fn source(path: &str) -> Vec<u8> {
    std::fs::read(root().join(path)).unwrap()
}

fn names_files_that_exist(document: &str, mut batch: CampaignBatch) {
    for file in batch.variants_mut().filter_map(|(_, variant)| variant.file.as_ref()) {
        let path = root().join(document).parent().unwrap().join(file);
        assert!(path.is_file(), "{document} names {file}, which is not there");
    }
}

#[test]
fn orders_and_local_programmes_are_read() {
    let directory = presets();
    let mut campaigns = Campaigns::default();
    for path in ["config/directives/ihanoi-2024.toml", "config/directives/loudspeaker-2025.toml"] {
        let context =
            campaigns::Context { directory: &directory, campaigns: &campaigns, now: day("2026-11-22").start(HANOI) };
        let batch = campaigns::directive(SourceFile { name: path, bytes: &source(path) }, context)
            .unwrap_or_else(|problems| panic!("{problems}"));
        names_files_that_exist(path, batch.clone());
        campaigns.apply(batch);
    }
    let path = "config/sample/local-loop.toml";
    let context =
        campaigns::Context { directory: &directory, campaigns: &campaigns, now: day("2026-11-22").start(HANOI) };
    let batch = campaigns::programme(SourceFile { name: path, bytes: &source(path) }, context)
        .unwrap_or_else(|problems| panic!("{problems}"));
    names_files_that_exist(path, batch.clone());
    campaigns.apply(batch);
    let path = "config/sample/contracts.csv";
    let context =
        campaigns::Context { directory: &directory, campaigns: &campaigns, now: day("2026-11-22").start(HANOI) };
    let batch = campaigns::contracts(SourceFile { name: path, bytes: &source(path) }, context)
        .unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(batch.changes.len(), 2);
    names_files_that_exist(path, batch.clone());
    campaigns.apply(batch);
    assert!(campaigns.directives().all(|d| d.phase(day("2026-11-22")) == Phase::Ended), "both orders have ended");
    assert!(campaigns.contracts().all(|c| c.sample) && campaigns.items().all(|i| i.sample), "samples are marked");
}

#[test]
fn the_order_that_stops_everything_leaves_no_body_of_the_city_out() {
    let (directory, mut campaigns) = (presets(), Campaigns::default());
    let path = "config/sample/stop.toml";
    let context =
        campaigns::Context { directory: &directory, campaigns: &campaigns, now: day("2026-11-22").start(HANOI) };
    let batch = campaigns::directive(SourceFile { name: path, bytes: &source(path) }, context)
        .unwrap_or_else(|problems| panic!("{problems}"));
    campaigns.apply(batch);
    let stop = campaigns.directives().next().unwrap();
    let tops = directory.units().filter(|unit| unit.parent.is_none() && unit.effective.contains(stop.from));
    for (unit, output) in tops.flat_map(|unit| [(unit, Output::Video), (unit, Output::None)]) {
        let whole = |t: &&campaigns::Target| t.link == Link::Owner && t.venue_types.is_empty() && t.video == output;
        let named = stop.target.iter().filter(whole).any(|t| t.unit == unit.code);
        assert!(named, "{path} leaves {} out ({output:?})", unit.code);
    }
}

#[test]
fn every_preset_says_where_it_comes_from_and_under_which_licence() {
    fn walk(at: &Path, files: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, files) } else { files.push(path) }
        }
    }
    let mut files = Vec::new();
    walk(&root().join("config"), &mut files);
    let parsed = [
        "directory/units.toml",
        "venues.toml",
        "calendar/holidays-vn.csv",
        "calendar/holidays-vn.ics",
        "footfall/airport-sample.csv",
        "directives/ihanoi-2024.toml",
        "directives/loudspeaker-2025.toml",
        "sample/contracts.csv",
        "sample/local-loop.toml",
        "sample/stop.toml",
        "server.toml",  // src/config.rs
        "witness.toml", // src/cmd/witness
        "player.toml",  // the player's settings
    ];
    for file in &files {
        let name = file.strip_prefix(root().join("config")).unwrap().to_str().unwrap().to_owned();
        if name.starts_with("sample/media") || name.ends_with(".md") {
            continue;
        }
        let text = std::fs::read_to_string(file).unwrap();
        let head: String = text.lines().take(8).collect();
        assert!(
            head.to_lowercase().contains("license") || head.contains("CC0"),
            "{name}: no licence in its first lines"
        );
        if name.starts_with("debian/") {
            continue; // units and scripts, for systemd and dpkg
        }
        assert!(parsed.contains(&name.as_str()), "{name} is parsed by no test: add it to tests/presets.rs");
    }
}

#[test]
fn the_documentation_of_imports_is_what_the_code_takes() {
    let path = root().join("docs/imports.md");
    let rest = lichphat::campaigns::documentation() + lichphat::exchange::documentation();
    let text = documentation(&rest);
    if std::env::var_os("LICHPHAT_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "run: LICHPHAT_BLESS=1 cargo test --test presets");
}

/// Unit, and the most that `systemd-analyze security` may say against it, in tenths. What is left: all of them talk to a network and live in
/// the machine's root; GStreamer compiles code at run time, in the player and in the server's probe; a player has its devices. 0.3 more than
/// systemd 252 says, because each version weighs anew.
const UNITS: [(&str, u32); 3] =
    [("server/lichphat.service", 15), ("server/lichphat-witness.service", 14), ("player/lichphat-player.service", 20)];

#[test]
fn no_service_runs_as_root_and_each_is_shut_in_as_far_as_its_work_allows() {
    let dir = root().join("config/debian");
    let services = ["server", "player"].into_iter().flat_map(|d| std::fs::read_dir(dir.join(d)).unwrap());
    assert_eq!(services.filter(|f| f.as_ref().unwrap().path().extension() == Some("service".as_ref())).count(), 3);
    let analyze = std::process::Command::new("systemd-analyze").arg("--version").output();
    let analyze = analyze.is_ok_and(|o| o.status.success());
    if !analyze {
        eprintln!("systemd-analyze is not here: only the settings are looked at");
    }
    for (unit, most) in UNITS {
        let text = std::fs::read_to_string(dir.join(unit)).unwrap();
        let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        assert!(value("User").is_some_and(|user| user.starts_with("lichphat")), "{unit} runs as somebody else"); // CVE-2025-3925
        for (key, needed) in [("NoNewPrivileges", "yes"), ("CapabilityBoundingSet", ""), ("ProtectSystem", "strict")] {
            assert_eq!(value(key), Some(needed), "{unit}: {key}");
        }
        if analyze {
            let threshold = format!("--threshold={most}");
            let mut command = std::process::Command::new("systemd-analyze");
            let judged = command.args(["security", "--no-pager", "--offline=true", &threshold]).arg(dir.join(unit));
            let judged = judged.output().unwrap();
            assert!(judged.status.success(), "{unit}: {}", String::from_utf8_lossy(&judged.stdout));
        }
    }
    // the probe gives itself up by calls that older lists of systemd do not have, and would be killed for them
    let server = std::fs::read_to_string(dir.join(UNITS[0].0)).unwrap();
    for call in ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "seccomp"] {
        assert!(server.lines().any(|line| line.starts_with("SystemCallFilter=@") && line.contains(call)), "{call}");
    }
}
