//! What approvals cost a fleet beside its planning: every screen's place signed and kept, what may be shown read back, and
//! the permit of each file looked for at each screen.

use crate::cpu_s;
use lichphat::approval::{ApprovalStore as _, Approvals, Draft, Needs};
use lichphat::clock::SimClock;
use lichphat::directory::table::SourceFile;
use lichphat::directory::{Directory, import};
use lichphat::people::Caller;
use lichphat::store::Store;
use lichphat_playlists::ids::{CampaignCode, ScreenCode, Sha256Hash};
use lichphat_playlists::media::{Media, MediaKind};
use lichphat_playlists::time::{HANOI, LocalDay};
use lichphat_playlists::wire::permit::{Permit, Permitted, Tie, Tied, Where};
use lichphat_playlists::wire::sign::SigningKey;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Campaigns that are permitted, each with a file.
const CAMPAIGNS: u32 = 60;
/// Files of a screen's day.
const FILES: u32 = 20;

/// Prints what it takes for so many screens, beside the `planned_s` that planning one day of each took.
pub(crate) async fn measure(dir: &Path, screens: u32, planned_s: f64) {
    std::fs::create_dir_all(dir).unwrap();
    let store = Arc::new(Store::open(dir, 2).unwrap());
    let day: LocalDay = "2026-11-20".parse().unwrap();
    let directory = directory(screens, day);
    let clock = Arc::new(SimClock::new(day.start(HANOI)));
    let approvals = Approvals::new(store.clone(), clock, HANOI, SigningKey::from_seed(&[6; 32]));
    let drafts: Vec<Draft> = (0..CAMPAIGNS).map(draft).collect();
    store.propose(drafts, Vec::new(), ("shell".into(), day.start(HANOI)), 0).await.unwrap();
    for number in 1..=CAMPAIGNS {
        approvals.give(number, (&Caller::shell(), "12/QĐ"), &[], &directory).await.unwrap();
    }

    let (began, cpu) = (Instant::now(), cpu_s());
    assert_eq!(approvals.stand(&directory).await.unwrap(), screens as usize);
    let stood_s = began.elapsed().as_secs_f64();
    let began = Instant::now();
    let permissions = store.permissions().await.unwrap();
    let read_s = began.elapsed().as_secs_f64();
    let began = Instant::now();
    let mut found = 0;
    for n in 0..screens {
        let screen = code(n);
        for i in 0..FILES {
            let permit = &draft((n + i) % CAMPAIGNS).permit;
            let m = permit.media[0];
            let media =
                Media { hash: m.hash, size_bytes: m.size_bytes, kind: MediaKind::Video, duration_s: m.duration_s };
            found += u32::from(permissions.find((&permit.campaign, &media), &screen, day).is_ok());
        }
    }
    assert_eq!(found, screens * FILES);
    let found_s = began.elapsed().as_secs_f64();
    println!(
        "approvals of {screens} screens: places signed and kept {stood_s:.1} s (once), read {read_s:.2} s, \
         {found} permits found {found_s:.2} s, {:.1} CPU s in all",
        cpu_s() - cpu
    );
    println!(
        "with them a day of the whole fleet takes {:.2} times as long as its planning alone",
        1.0 + (read_s + found_s) / planned_s
    );
}

fn code(n: u32) -> ScreenCode {
    ScreenCode::new(format!("S{n:06}")).unwrap()
}

fn draft(n: u32) -> Draft {
    let unit = Some(Tied { by: Tie::Territory, unit: "HN".parse().unwrap() });
    let places = vec![Where { unit, venue_types: Vec::new(), screens: Vec::new() }];
    let media = vec![Permitted { hash: Sha256Hash::of(&n.to_be_bytes()), size_bytes: 1, duration_s: 15 }];
    let campaign = CampaignCode::new(format!("order-{n}")).unwrap();
    let permit = Permit { number: 0, campaign, media, places, from: None, until: None, approved: Vec::new() };
    Draft { needs: Needs::City, title: format!("Đợt {n}"), permit }
}

fn directory(screens: u32, day: LocalDay) -> Directory {
    let mut directory = Directory::default();
    let units: String = (0..400).map(|n| format!("P{n},Phường {n},ward,HN\n")).collect();
    let lines =
        (0..screens).map(|n| format!("S{n:06},Màn hình {n},square,managed,1920,1080,video,P{0},P{0}\n", n % 400));
    let screens: String = lines.collect();
    let venue = "[[venue]]\ntype = 'square'\nname = 'Quảng trường'\nname_en = 'Square'\ncalendar = 'none'\n\
                 confidence = 'assumption'\nsource = 'made up'\n[[venue.hours]]\ndays = 'mon-sun'\n\
                 open = '06:00-12:00'\nopen_assumption = true\n";
    for (kind, name, text) in [
        (import::Kind::Units, "units.csv", format!("code,name,kind,parent\nHN,Hà Nội,city,\n{units}")),
        (import::Kind::Venues, "venues.toml", venue.to_owned()),
        (
            import::Kind::Screens,
            "screens.csv",
            format!("code,name,venue_type,kind,width,height,output,owner,territory\n{screens}"),
        ),
    ] {
        let context = import::Context { directory: &directory, now: day.start(HANOI) };
        let file = SourceFile { name, bytes: text.as_bytes() };
        let batch = import::parse(kind, file, context).map_err(|problems| problems.to_string()).unwrap();
        directory.apply(batch);
    }
    directory
}
