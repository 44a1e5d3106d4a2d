//! `lichphat export plays`: a campaign's plays as a file for other programs, whole or not at all.

use super::super::{Context, output, period::Period};
use super::known_campaign;
use crate::campaigns::CampaignStore;
use crate::directory::{Directory, DirectoryStore, Link, Screen};
use crate::error::AppError;
use crate::exchange::out::{Form, Sink};
use crate::exchange::play::Play;
use crate::library::MediaItem;
use crate::proof::evidence::{EvidenceStore, Walk};
use crate::store::Store;
use lichphat_playlists::ids::{MediaHash, ScreenCode, UnitCode};
use lichphat_playlists::time::LocalDay;
use std::collections::BTreeMap;
use std::io::BufWriter;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `lichphat export plays`.
#[derive(Debug, clap::Args)]
pub(in crate::cmd) struct Args {
    #[command(flatten)]
    period: Period,
    /// Chỉ một màn hình (one screen only)
    #[arg(long, conflicts_with = "unit")]
    screen: Option<ScreenCode>,
    /// Chỉ màn hình của một đơn vị và các đơn vị bên dưới (screens of one unit and those below it, by any link)
    #[arg(long)]
    unit: Option<UnitCode>,
    /// Mẫu tệp: prs và xibo chỉ có lượt được tính (form; prs and xibo carry plays that count)
    #[arg(long = "as", value_enum)]
    form: Form,
    /// Tệp kết quả (file to write)
    #[arg(long)]
    out: PathBuf,
}

/// What came of it.
#[derive(Default)]
struct Done {
    rows: u64,
    left_out: u64,
    simulated: u64,
}

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let days = args.period.days(context)?;
    let store = context.open_store()?;
    let directory = store.directory().await?;
    if let Some(unit) = args.unit.as_ref().filter(|unit| directory.unit(unit).is_none()) {
        return Err(context.refused(
            format!("--unit {unit}: không có trong danh mục; nhập bằng `lichphat import units`"),
            format!("--unit {unit}: is not in the directory; `lichphat import units` puts it there"),
        ));
    }
    known_campaign(&args.period.campaign, &store.campaigns().await?, &store, context).await?;
    let mut screens = store.screens_with(&args.period.campaign, days.0, days.1).await?;
    if let Some(wanted) = &args.screen {
        screens.retain(|code| code == wanted);
        if screens.is_empty() {
            context.screen(&directory, wanted)?; // it is known, and has none
        }
    }
    let done = write(&args, screens, days, &store, &directory, context).await?;
    say(&args, &done, context);
    Ok(ExitCode::SUCCESS)
}

async fn write(
    args: &Args,
    screens: Vec<ScreenCode>,
    days: (LocalDay, LocalDay),
    store: &Store,
    directory: &Directory,
    context: &Context,
) -> Result<Done, AppError> {
    let failed = |error| AppError::io(format!("cannot write {}", args.out.display()), error);
    let media = context.library(store).list().await?.into_iter().map(|item| (item.media.hash, item)).collect();
    let mut sink = Sink::new(args.form, BufWriter::new(output::NewFile::begin(&args.out)?)).map_err(failed)?;
    let mut done = Done::default();
    for screen in screens {
        let walk = Walk::new(store, screen, days, context.settings.utc_offset());
        one_screen(args, walk, (directory, &media), &mut sink, &mut done).await?;
    }
    let buffer = sink.finish().map_err(failed)?;
    buffer.into_inner().map_err(|error| failed(error.into_error()))?.finish()?;
    Ok(done)
}

async fn one_screen(
    args: &Args,
    mut walk: Walk<'_>,
    (directory, media): (&Directory, &BTreeMap<MediaHash, MediaItem>),
    sink: &mut Sink<BufWriter<output::NewFile>>,
    done: &mut Done,
) -> Result<(), AppError> {
    let (code, offset) = (walk.screen().clone(), walk.offset());
    let known = directory.screen(&code);
    let name = known.map_or(code.as_str(), |s| s.name.as_str());
    while let Some(piece) = walk.next().await? {
        for judged in piece.records.iter().filter(|judged| judged.campaign == args.period.campaign) {
            if args.unit.as_ref().is_some_and(|unit| !known.is_some_and(|s| of_unit(directory, s, unit, judged.day))) {
                continue;
            }
            let play = Play::new(judged, (&code, name), &piece, media, offset);
            let written =
                sink.add(&play).map_err(|error| AppError::io(format!("cannot write {}", args.out.display()), error))?;
            done.rows += u64::from(written);
            done.left_out += u64::from(!written);
            done.simulated += u64::from(written && judged.simulated);
        }
    }
    Ok(())
}

/// Was the screen tied to the unit, or to one below it, on the day of the play?
fn of_unit(directory: &Directory, screen: &Screen, unit: &UnitCode, day: LocalDay) -> bool {
    Link::ALL.iter().any(|link| directory.is_in(screen, unit, *link, day))
}

fn say(args: &Args, done: &Done, context: &Context) {
    let Done { rows, left_out, simulated } = done;
    let file = args.out.display();
    context.say(&format!("{file}: {rows} lượt phát"), &format!("{file}: {rows} plays"));
    if *left_out > 0 {
        context.say(
            &format!("{left_out} lượt không được tính, mẫu này không ghi được; dùng --as csv hoặc parquet để có đủ"),
            &format!("{left_out} records do not count, which this form cannot say; --as csv or parquet has them all"),
        );
    }
    if *simulated > 0 {
        context.say(
            &format!("{simulated} lượt là của thiết bị mô phỏng, có ghi \"simulated\""),
            &format!("{simulated} of them are of simulated devices and marked \"simulated\""),
        );
    }
    if rows + left_out == 0 {
        context.say(
            &format!("không có lượt nào của {}; hãy xem lại mã, ngày và màn hình", args.period.campaign),
            &format!("there is no play of {}; check the code, the days and the screen", args.period.campaign),
        );
    }
}
