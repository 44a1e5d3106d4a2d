//! Who is in the story, as the files an office would bring: three screens of a ward, buses with a roster, an airport hall.

use super::Size;
use lichphat_playlists::time::LocalDay;
use std::fmt::Write as _;

/// The ward and its three screens: hall, one-stop centre, street LED behind a processor.
pub(crate) const WARD: &str = "P00004";
pub(crate) const WARD_SCREENS: [&str; 3] = ["PD-SANH", "PD-MOTCUA", "PD-LED"];
pub(crate) const DEPOT: &str = "TRANSERCO";
pub(crate) const HALL: &str = "NIA";

pub(crate) fn bus(n: usize) -> String {
    format!("XE-{:03}", n + 1)
}
pub(crate) fn gate(n: usize) -> String {
    format!("NB-{:02}", n + 1)
}
pub(crate) fn other(n: usize) -> String {
    format!("NBK-{:02}", n + 1)
}

/// All screens, as `lichphat import screens` takes them.
pub(crate) fn screens(size: &Size) -> String {
    let mut out = "code,name,venue_type,kind,link,width,height,output,owner,territory,operator\n".to_owned();
    let mut row = |code: &str, name: String, venue: &str, kind: &str, link: &str, owner: &str, territory: &str| {
        writeln!(out, "{code},{name} (mẫu),{venue},{kind},{link},1920,1080,video,{owner},{territory},{owner}").unwrap();
    };
    let [hall, one_stop, led] = WARD_SCREENS;
    row(hall, "Sảnh trụ sở phường".into(), "public_office", "managed", "direct", WARD, WARD);
    row(one_stop, "Bộ phận Một cửa".into(), "one_stop_centre", "managed", "splitter", WARD, WARD);
    row(led, "Màn hình LED ngã tư".into(), "intersection", "managed", "led-processor", WARD, WARD);
    for n in 0..size.buses {
        row(&bus(n), format!("Xe buýt 29B-{:05}", 10_000 + n * 7), "bus", "managed", "direct", DEPOT, "-");
    }
    for n in 0..size.managed {
        row(&gate(n), format!("Sảnh chờ số {}", n + 1), "airport", "managed", "direct", HALL, "-");
    }
    for n in 0..size.others {
        row(&other(n), format!("Băng chuyền số {}", n + 1), "airport", "third-party", "direct", HALL, "-");
    }
    out
}

/// Hours of the buses: two shifts that differ from bus to bus, and some that run all day.
pub(crate) fn shift(n: usize) -> &'static [(u32, u32)] {
    const H: u32 = 3_600;
    match n % 3 {
        0 => &[(5 * H, 21 * H)],
        1 => &[(5 * H, 10 * H + 1_800), (15 * H, 20 * H)],
        _ => &[(6 * H, 11 * H), (14 * H, 21 * H + 1_800)],
    }
}

/// The roster of all buses over days, as `lichphat import duty` takes it.
pub(crate) fn roster(buses: usize, days: impl Iterator<Item = LocalDay> + Clone) -> String {
    let clock = lichphat_playlists::time::clock_text;
    let mut out = "screen,date,hours\n".to_owned();
    for day in days {
        for n in 0..buses {
            let hours: Vec<String> = shift(n).iter().map(|(a, b)| format!("{}-{}", clock(*a), clock(*b))).collect();
            writeln!(out, "{},{day},{}", bus(n), hours.join(";")).unwrap();
        }
    }
    out
}

/// The order of the city, as it is signed: ten a day on average, at the busiest hours.
pub(crate) fn order(from: LocalDay, to: LocalDay, more: &str) -> String {
    format!(
        "code = 'ihanoi-pilot'\ntitle = 'Phát sản phẩm truyền thông iHanoi (thí điểm)'\nkind = 'play'\nsample = true\nissuer = 'HN'\n\
         number = '101/UBND-TTĐT'\nissued = {}\nfrom = {from}\nto = {to}\nsource = 'made up for the pilot'\nmin_gap_s = 600\n\
         quota = {{ plays = 10, per = 'day', rule = 'average', over = 'operating-days', within = 'peak' }}\n\
         [product]\ntitle = 'Ứng dụng iHanoi'\nlength_s = 15\nmin_display = 'D1'\n\
         [[product.variant]]\nlang = 'vi'\nshape = 'landscape'\nform = 'subtitled'\nfile = 'sample/media/ihanoi-vi.mp4'\n\
         [[product.variant]]\nlang = 'en'\nshape = 'landscape'\nform = 'subtitled'\nvenue_types = ['airport']\nfile = 'sample/media/ihanoi-en.mp4'\n\
         [[target]]\nunit = '{WARD}'\nforce = 'required'\nreason = 'mục 2: UBND các phường'\n\
         [[target]]\nunit = '{DEPOT}'\nforce = 'assigned'\nreason = 'mục 3: giao Tổng công ty Vận tải'\n\
         [[target]]\nunit = '{HALL}'\nforce = 'requested'\ninferred = true\nreason = 'mục 5: đề nghị cảng hàng không'\n{more}",
        from.previous()
    )
}

/// The weekly series, for who asks for it; the ward has.
pub(crate) fn series(from: LocalDay, to: LocalDay, episodes: &[LocalDay]) -> String {
    let clip = |n: usize| if n.is_multiple_of(2) { ("mau-ca-phe.png", 25) } else { ("mau-tra-sen.png", 20) };
    let mut text = format!(
        "code = 'toa-dam'\ntitle = 'Tọa đàm hằng tuần (mẫu)'\nkind = 'play'\nsample = true\nissuer = 'HN'\nnumber = '12/KH-UBND'\n\
         from = {from}\nto = {to}\nsource = 'made up for the pilot'\nweight = 2\n\
         [product]\ntitle = 'Tập 1'\nlength_s = 20\n[[product.variant]]\nlang = 'vi'\nform = 'silent'\nfile = 'sample/media/mau-tra-sen.png'\n\
         [[target]]\nunit = 'HN'\nlink = 'territory'\nforce = 'encouraged'\nopt_in = true\nreason = 'đơn vị có nhu cầu thì phát lại'\n\
         [[opt_in]]\nunit = '{WARD}'\nlink = 'territory'\nfrom = {from}\nnumber = '7/UBND-VHXH'\n"
    );
    for (n, day) in episodes.iter().enumerate() {
        let (file, length_s) = clip(n);
        write!(
            text,
            "[[episode]]\nnumber = '{0}'\nfrom = {day}\n[episode.product]\ntitle = 'Tập {0}'\nlength_s = {length_s}\n\
             [[episode.product.variant]]\nlang = 'vi'\nform = 'silent'\nfile = 'sample/media/{file}'\n",
            n + 2
        )
        .unwrap();
    }
    text
}

/// What the media company has sold on its buses.
pub(crate) const CONTRACTS: &str = "code,title,advertiser,from,to,plays_per_day,plays_per_hour,windows,length_s,min_gap_s,category,exclusive,tags,sample,unit,venue_types,file\n\
    nuoc-ep,Nước ép (mẫu),Công ty mẫu C,2026-08-01,2026-12-31,,6,06:30-09:00;16:30-19:30,15,300,do-uong,yes,he,yes,TRANSERCO,bus,sample/media/mau-tra-sen.png\n\
    ngan-hang,Ngân hàng (mẫu),Công ty mẫu D,2026-08-01,2026-12-31,60,,,30,,,,ngan-hang,yes,TRANSERCO,bus,sample/media/mau-ca-phe.png\n";

/// Two days of mourning: what is sold and what is local is off, a solemn loop and the city's order is off, a solemn loop in its place.
pub(crate) fn mourning(from: LocalDay, to: LocalDay) -> String {
    format!(
        "code = 'quoc-tang'\ntitle = 'Tạm dừng trong hai ngày quốc tang (mẫu)'\nkind = 'suspend'\nsample = true\nissuer = 'HN'\nnumber = '9/CĐ-UBND'\n\
         from = {from}\nto = {to}\nsource = 'made up for the pilot'\n\
         [suspend]\ncontent = ['contract', 'local', 'order']\nin_place = 'solemn-loop'\ndays = 'make-good'\n\
         [product]\ntitle = 'Màn hình trang nghiêm'\nlength_s = 10\n[[product.variant]]\nlang = 'vi'\nform = 'silent'\nfile = 'sample/media/safe-loop.png'\n\
         [[target]]\nunit = 'HN'\nforce = 'required'\nreason = 'toàn thành phố'\n"
    )
}

/// The ward's own content and the safe loop.
pub(crate) const LOOP: &str = "[category_gap_s]\n'do-uong' = 300\n[[item]]\ncode = 'mot-cua'\ntitle = 'Giờ làm việc của bộ phận Một cửa (mẫu)'\nsample = true\nweight = 1\n\
    [[item.place]]\nunit = 'HN'\n[item.product]\ntitle = 'Giờ làm việc'\nlength_s = 60\n\
    [[item.product.variant]]\nlang = 'vi'\nform = 'silent'\nfile = 'sample/media/mot-cua.png'\n\
    [[fallback]]\ncode = 'man-hinh-cho'\ntitle = 'Màn hình chờ'\nsample = true\n[fallback.product]\ntitle = 'Màn hình chờ'\nlength_s = 60\n\
    [[fallback.product.variant]]\nlang = 'vi'\nform = 'silent'\nfile = 'sample/media/safe-loop.png'\n";
