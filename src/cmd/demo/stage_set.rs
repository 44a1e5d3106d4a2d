//! The city of the demonstration: presets, a sample fleet, and orders dated relative to the day.

use super::{Args, shown};
use crate::cmd::import::{self, Kind};
use crate::cmd::{Context, init};
use crate::directory::table::SourceFile;
use crate::directory::{Directory, DirectoryStore};
use crate::error::AppError;
use crate::lang::Lang;
use crate::sim::city;
use lichphat_playlists::time::{DAY_S, LocalDay, UtcMillis};
use std::path::{Path, PathBuf};

/// Seconds from the end of the set-up to the first second of the real player's duty.
const HAND_OVER_S: u32 = 10;

/// The last completed day on which offices worked, by the shipped calendar.
pub(super) fn last_working_day(today: LocalDay, presets: &Path) -> Result<LocalDay, AppError> {
    let path = presets.join("calendar/holidays-vn.csv");
    let name = shown(&path);
    let bytes = std::fs::read(&path).map_err(|e| AppError::io(name.as_str(), e))?;
    let empty = Directory::default();
    let context = crate::directory::import::Context { directory: &empty, now: UtcMillis(0) };
    let file = SourceFile { name: &name, bytes: &bytes };
    let batch = crate::directory::import::parse(crate::directory::import::Kind::Calendar, file, context)
        .map_err(|problems| AppError::Failed(problems.text(Lang::En)))?;
    let mut calendar = Directory::default();
    calendar.apply(batch);
    let mut day = today.previous();
    while !calendar.offices_work(day) {
        day = day.previous();
    }
    Ok(day)
}

/// Makes the directory anew and imports everything through the public door.
pub(super) async fn build(context: &Context, args: &Args, day: LocalDay, real_now: UtcMillis) -> Result<(), AppError> {
    let dir = &args.dir;
    clear(dir)?;
    let files = dir.join("import");
    copy_media(&args.presets.join("sample/media"), &files.join("sample/media"))?;
    init::make(context)?;
    let store = context.open_store()?;
    let presets = &args.presets;
    let take = async |kind: Kind, path: PathBuf| -> Result<(), AppError> {
        import::file(context, &store, kind, &path).await.map(|_| ())
    };
    take(Kind::Units, presets.join("directory/units.toml")).await?;
    take(Kind::Units, write(&files, "units.csv", &city::units_csv())?).await?;
    take(Kind::Venues, presets.join("venues.toml")).await?;
    take(Kind::Calendar, presets.join("calendar/holidays-vn.csv")).await?;
    let today = real_now.day(context.settings.utc_offset());
    let screens = city::screens_csv(&store.directory().await?, today);
    take(Kind::Screens, write(&files, "screens.csv", &screens)?).await?;
    let closures = city::closures_csv(&store.directory().await?, day);
    take(Kind::Closures, write(&files, "closures.csv", &closures)?).await?;
    take(Kind::Duty, write(&files, "roster.csv", &city::roster_csv(day))?).await?;
    take(Kind::Duty, write(&files, "real-parked.csv", &city::real_parked_csv(today))?).await?;
    take(
        Kind::Campaigns,
        write(&files.join("sample"), "local-loop.toml", &read(&presets.join("sample/local-loop.toml"))?)?,
    )
    .await?;
    let order = extended(&read(&presets.join("directives/ihanoi-2024.toml"))?, day);
    take(Kind::Directives, write(&files.join("directives"), "ihanoi-2024.toml", &order)?).await?;
    let order = prolonged(&read(&presets.join("directives/loudspeaker-2025.toml"))?, day);
    take(Kind::Directives, write(&files.join("directives"), "loudspeaker-2025.toml", &order)?).await?;
    Ok(())
}

/// Duty and order of the real player's screen, from a few seconds ahead.
pub(super) async fn build_real(context: &Context, dir: &Path) -> Result<(), AppError> {
    let store = context.open_store()?;
    let (today, of_day_ms) = context.clock.now().local(context.settings.utc_offset());
    let from_s = (of_day_ms / 1000 + HAND_OVER_S).min(DAY_S - 1);
    let files = dir.join("import");
    let duty = write(&files, "real-duty.csv", &city::real_duty_csv(today, from_s))?;
    import::file(context, &store, Kind::Duty, &duty).await?;
    let order = write(&files.join("directives"), "sample-live.toml", &live_order(today))?;
    import::file(context, &store, Kind::Directives, &order).await?;
    Ok(())
}

/// Name of the file that says that a directory is a demonstration's and may be made anew.
const MARK: &str = ".lichphat-demo";

/// Empties the directory, but only when an earlier demonstration made it.
fn clear(dir: &Path) -> Result<(), AppError> {
    let failed = |e| AppError::io(format!("cannot clear {}", shown(dir)), e);
    if dir.exists() {
        let empty = std::fs::read_dir(dir).map_err(failed)?.next().is_none();
        if !empty && !dir.join(MARK).is_file() {
            let dir = shown(dir);
            return Err(AppError::mistake(
                format!("--dir {dir}: không trống và không phải do bản trình diễn tạo ra; hãy chọn thư mục khác"),
                format!("--dir {dir}: is not empty and was not made by a demonstration; name another directory"),
            ));
        }
        std::fs::remove_dir_all(dir).map_err(failed)?;
    }
    std::fs::create_dir_all(dir).and_then(|()| std::fs::write(dir.join(MARK), "")).map_err(failed)
}

fn read(path: &Path) -> Result<String, AppError> {
    std::fs::read_to_string(path).map_err(|e| AppError::io(shown(path), e))
}

fn write(dir: &Path, name: &str, text: &str) -> Result<PathBuf, AppError> {
    let path = dir.join(name);
    let failed = |e| AppError::io(shown(&path), e);
    std::fs::create_dir_all(dir).map_err(failed)?;
    std::fs::write(&path, text).map_err(failed)?;
    Ok(path)
}

fn copy_media(from: &Path, to: &Path) -> Result<(), AppError> {
    std::fs::create_dir_all(to).map_err(|e| AppError::io(shown(to), e))?;
    for entry in std::fs::read_dir(from).map_err(|e| AppError::io(shown(from), e))? {
        let path = entry.map_err(|e| AppError::io(shown(from), e))?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            std::fs::copy(&path, to.join(name)).map_err(|e| AppError::io(shown(&path), e))?;
        }
    }
    Ok(())
}

/// The order with a sample period of its own that begins on `day` and owes nothing from before.
fn extended(order: &str, day: LocalDay) -> String {
    format!(
        "{order}\n[[amendment]]\nkind = \"extend\"\nnumber = \"gia hạn mẫu\"\ndate = {}\nfrom = {day}\nto = {}\nsample = true\n",
        day.previous(),
        day.plus(30)
    )
}

/// The loudspeakers' order, prolonged the same way.
fn prolonged(order: &str, day: LocalDay) -> String {
    extended(order, day)
}

/// An order for the real player's screen alone, dense enough that one of its spots comes in the first minute.
fn live_order(today: LocalDay) -> String {
    format!(
        r#"code = "mau-truc-tiep"
title = "Đợt phát mẫu trên máy này"
title_en = "Sample order for this machine"
kind = "play"
sample = true
issuer = "HN"
from = {today}
to = {}
source = "made up for the demonstration"
note = "Dense on purpose: a spot in the first minute."
quota = {{ plays = 60, per = "day", rule = "average", over = "operating-days", within = "peak" }}
min_gap_s = 30
priority = 1

[product]
title = "Ứng dụng iHanoi"
length_s = 15
min_display = "D1"

[[product.variant]]
lang = "vi"
shape = "any"
form = "subtitled"
file = "../sample/media/ihanoi-vi.mp4"

[[target]]
link = "owner"
unit = "{}"
force = "requested"
inferred = true
reason = "trình diễn"
"#,
        today.plus(1),
        city::SAMPLE_UNIT
    )
}
