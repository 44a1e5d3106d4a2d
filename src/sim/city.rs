//! A made-up fleet over the real wards: screens and a bus roster as the files an operator would
//! import. Every name says that it is a sample.

use crate::directory::{Directory, Unit, UnitKind};
use lichphat_playlists::time::LocalDay;
use std::fmt::Write as _;

/// Screens of the demonstration: code of the real player's screen.
pub const REAL_SCREEN: &str = "MAU-01";
/// Unit of the demonstration.
pub const SAMPLE_UNIT: &str = "MAU";
/// How many buses the sample roster has.
const BUSES: u32 = 80;

/// The unit that owns the real player's screen, as `lichphat import units` takes it.
pub fn units_csv() -> String {
    format!("code,name,name_en,kind,parent\n{SAMPLE_UNIT},Đơn vị mẫu (trình diễn),Sample unit,organisation,HN\n")
}

/// One place that every ward has.
struct EveryWard {
    suffix: &'static str,
    name: &'static str,
    venue: &'static str,
    link: &'static str,
    every: usize,
    extra: &'static str,
}

const EVERY_WARD: [EveryWard; 8] = [
    EveryWard { suffix: "01", name: "Sảnh trụ sở", venue: "public_office", link: "direct", every: 1, extra: "" },
    EveryWard {
        suffix: "02",
        name: "Bộ phận Một cửa",
        venue: "one_stop_centre",
        link: "splitter",
        every: 1,
        extra: "",
    },
    EveryWard {
        suffix: "03",
        name: "Màn hình LED ngã tư",
        venue: "intersection",
        link: "led-processor",
        every: 1,
        extra: "HN-SVHTT",
    },
    EveryWard { suffix: "04", name: "Bệnh viện", venue: "hospital", link: "direct", every: 12, extra: "HN-SYT" },
    EveryWard { suffix: "05", name: "Trường học", venue: "school", link: "direct", every: 10, extra: "HN-SGDDT" },
    EveryWard {
        suffix: "06",
        name: "Trung tâm thương mại",
        venue: "mall",
        link: "led-processor",
        every: 14,
        extra: "",
    },
    EveryWard { suffix: "07", name: "Nhà chung cư", venue: "residential", link: "direct", every: 16, extra: "" },
    EveryWard {
        suffix: "08", name: "Cụm loa truyền thanh", venue: "loudspeaker", link: "direct", every: 6, extra: ""
    },
];

/// The fleet's screens as `lichphat import screens` takes them; the real player's stands from `today` on.
pub fn screens_csv(directory: &Directory, today: LocalDay) -> String {
    let mut out =
        String::from("code,name,venue_type,kind,link,width,height,output,owner,territory,sector,operator,from\n");
    let wards: Vec<&Unit> =
        directory.units().filter(|u| matches!(u.kind, UnitKind::Ward | UnitKind::Commune)).collect();
    for (i, ward) in wards.iter().enumerate() {
        for place in EVERY_WARD.iter().filter(|p| i % p.every == 0) {
            let (width, height, output) = match place.venue {
                "loudspeaker" => (0, 0, "none"),
                "residential" => (1080, 1920, "video"),
                _ => (1920, 1080, "video"),
            };
            let code = &ward.code;
            let EveryWard { suffix, name, venue, link, extra, .. } = place;
            let _ = writeln!(
                out,
                "{code}-{suffix},{name} {} (mẫu),{venue},managed,{link},{width},{height},{output},{code},{code},{extra},,",
                ward.name
            );
        }
        // Screens that others play on, or nobody: they exist all the same.
        if i % 6 == 3 {
            let code = &ward.code;
            let _ = writeln!(
                out,
                "{code}-T1,Màn hình LED thương mại {} (mẫu),mall,third-party,led-processor,640,192,video,{SAMPLE_UNIT},{code},HN-SVHTT,,",
                ward.name
            );
        }
        if i % 9 == 5 {
            let code = &ward.code;
            let _ = writeln!(
                out,
                "{code}-N1,Bảng điện tử cũ {} (mẫu),public_office,none,direct,640,192,video,{code},{code},,,",
                ward.name
            );
        }
    }
    let mut row = |code: String, name: String, venue: &str, owner: &str, territory: &str| {
        let _ =
            writeln!(out, "{code},{name} (mẫu),{venue},managed,direct,1920,1080,video,{owner},{territory},,{owner},");
    };
    let territory = |i: u32| wards.get(i as usize % wards.len().max(1)).map_or("HN", |w| w.code.as_str());
    for i in 1..=BUSES {
        row(bus(i), format!("Xe buýt 29B-{:05}", 10_000 + i * 7), "bus", "TRANSERCO", "-");
    }
    for i in 1..=12 {
        row(format!("BX-{i:02}"), format!("Bến xe số {i}"), "bus_station", "TRANSERCO", territory(i * 10));
    }
    for i in 1..=24 {
        row(format!("NB-{i:02}"), format!("Nội Bài – sảnh số {i}"), "airport", "NIA", "-");
    }
    for i in 1..=6 {
        row(format!("GA-{i:02}"), format!("Ga Hà Nội – phòng chờ số {i}"), "railway_station", "HRT", "-");
    }
    let _ = writeln!(
        out,
        "{REAL_SCREEN},Màn hình thật trên máy này (mẫu),intersection,managed,direct,1280,720,video,{SAMPLE_UNIT},-,,,{today}"
    );
    out
}

fn bus(i: u32) -> String {
    format!("XB-{i:03}")
}

/// The buses' roster of `day` as `lichphat import duty` takes it: two shifts that differ from bus to
/// bus, some buses all day, one in forty in the depot.
pub fn roster_csv(day: LocalDay) -> String {
    let mut out = String::from("screen,date,hours\n");
    for i in 1..=BUSES {
        let late = i * 11 % 50;
        let hours = match i % 40 {
            0 => "-".to_owned(),
            n if n % 3 == 0 => format!("05:{late:02}-21:{late:02}"),
            _ => format!("05:{late:02}-10:{late:02};15:{late:02}-20:{late:02}"),
        };
        let _ = writeln!(out, "{},{day},{hours}", bus(i));
    }
    out
}

/// Closures of every screen but the real player's from the day after `day` on, as `lichphat import
/// closures` takes them: the simulated fleet lives one day, and nobody should wait for its records after it.
pub fn closures_csv(directory: &Directory, day: LocalDay) -> String {
    let mut out = String::from("screen,from,to,reason,author\n");
    let (from, to) = (day.next(), day.plus(60));
    for screen in directory.screens().filter(|s| s.code.as_str() != REAL_SCREEN) {
        let _ = writeln!(out, "{},{from},{to},Hết ngày mô phỏng,Trình diễn", screen.code);
    }
    out
}

/// The real player's screen is off on `day` until it is known when the player starts, as `lichphat import duty` takes it: ahead of the
/// day, for hours that are over can only be added to.
pub fn real_parked_csv(day: LocalDay) -> String {
    format!("screen,date,hours\n{REAL_SCREEN},{day},-\n")
}

/// Duty of the real player's screen: from `from_s` on, two hours or to midnight.
pub fn real_duty_csv(day: LocalDay, from_s: u32) -> String {
    let to_s = (from_s + 2 * 3_600).min(lichphat_playlists::time::DAY_S);
    let clock = lichphat_playlists::time::clock_text;
    format!("screen,date,hours\n{REAL_SCREEN},{day},{}-{}\n", clock(from_s), clock(to_s))
}
