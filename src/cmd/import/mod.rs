//! `lichphat import KIND FILE…`: files into the directory and the campaigns, each whole or not at all.

mod imports;
mod plays;

use super::{Context, output};
use crate::campaigns::{self, CampaignBatch, CampaignStore};
use crate::directory::table::SourceFile;
use crate::directory::{DirectoryStore, Summary};
use crate::error::AppError;
pub use crate::exchange::bring::Kind;
use crate::exchange::bring::{Clips, Desk, DocumentError, examine_clips};
use crate::lang::Lang;
use crate::people::AccountCode;
use crate::store::Store;
use lichphat_playlists::ids::DirectiveCode;
use lichphat_playlists::media::Media;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `lichphat import`.
#[derive(Debug, clap::Args)]
#[group(skip)] // one group of this name comes with `output`
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Args {
    #[command(subcommand)]
    of_others: Option<OfOthers>,
    /// Loại dữ liệu (what the files hold; their columns and keys: docs/imports.md)
    #[arg(value_enum, required = true)]
    kind: Option<Kind>,
    /// Tệp CSV, TOML hoặc ICS (files)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: output::Args,
}

#[derive(Debug, clap::Subcommand)]
enum OfOthers {
    /// Lượt phát do bên khác khai (plays that others declare, from their logs)
    Plays(plays::Args),
    /// Các lần nhập lượt phát của bên khác (the logs of others that were brought)
    List(imports::List),
    /// Rút một lần nhập: vẫn được lưu nhưng không còn được tính (take one back: it is kept and counts no more)
    Withdraw(imports::Withdraw),
}

/// One line of the result.
#[derive(Debug, Serialize)]
struct Row {
    file: String,
    added: u32,
    changed: u32,
    unchanged: u32,
}
const COLUMNS: &[&str] = &["file", "added", "changed", "unchanged"];

/// Runs the command: every file by itself, in the order given; one that fails does not stop the others.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let kind = match (args.of_others, args.kind) {
        (Some(OfOthers::Plays(args)), _) => return plays::run(args, context).await,
        (Some(OfOthers::List(args)), _) => return imports::list(&args, context).await,
        (Some(OfOthers::Withdraw(args)), _) => return imports::withdraw(args, context).await,
        (None, Some(kind)) => kind,
        (None, None) => return Err(context.refused("KIND: hãy ghi loại dữ liệu", "KIND: say what the files hold")),
    };
    let store = context.open_store()?;
    let (mut rows, mut failed) = (Vec::new(), 0u32);
    for path in &args.files {
        match file(context, &store, kind, path).await {
            Ok(Summary { added, changed, unchanged }) => {
                rows.push(Row { file: path.display().to_string(), added, changed, unchanged });
            }
            Err(error) => {
                failed += 1;
                output::words(&error.to_string());
            }
        }
    }
    output::rows(context.lang, args.output.format, COLUMNS, &rows)?;
    if failed == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    context.say(
        &format!("{failed} tệp chưa nhập: sửa các dòng trên rồi nhập lại; tệp có lỗi không được nhập phần nào"),
        &format!("{failed} files not imported: mend the lines above and import again; nothing of them was taken"),
    );
    Ok(ExitCode::FAILURE)
}

/// Imports one file, whole or not at all. Clips that a directive or a local programme names are taken into
/// the library first; the store is changed in one transaction at the end.
pub async fn file(context: &Context, store: &Store, kind: Kind, path: &Path) -> Result<Summary, AppError> {
    let name = path.display().to_string();
    let bytes = tokio::fs::read(path).await.map_err(|error| AppError::io(name.as_str(), error))?;
    let library = context.library(store);
    let desk = Desk {
        directory: store,
        campaigns: store,
        approvals: store,
        library: &library,
        by: AccountCode::SHELL,
        named: None,
        now: context.clock.now(),
    };
    let file = SourceFile { name: &name, bytes: &bytes };
    let taken = desk.take_in(kind, file, Clips::Beside(path)).await;
    let (summary, waiting) = taken.map_err(|error| refused(error, context.lang))?;
    if waiting > 0 {
        context.say(
            &format!("{waiting} nội dung chờ duyệt: lichphat approval list. Chưa duyệt thì chưa phát."),
            &format!("{waiting} wait for approval: lichphat approval list. Nothing is shown before."),
        );
    }
    Ok(summary)
}

/// Reads a directive without putting it in: for a look before it is signed. Its clips are measured, for
/// their lengths decide, and none is kept: the third part of the answer is what they would be in the library.
pub(super) async fn read_directive(
    context: &Context,
    store: &Store,
    path: &Path,
) -> Result<(CampaignBatch, DirectiveCode, Vec<Media>), AppError> {
    let name = path.display().to_string();
    let bytes = tokio::fs::read(path).await.map_err(|error| AppError::io(name.as_str(), error))?;
    let (directory, known) = (store.directory().await?, store.campaigns().await?);
    let beside = campaigns::Context { directory: &directory, campaigns: &known, now: context.clock.now() };
    let mut batch = campaigns::directive(SourceFile { name: &name, bytes: &bytes }, beside)
        .map_err(|problems| refused(DocumentError::File(problems), context.lang))?;
    let library = context.library(store);
    let clips = examine_clips(&library, &mut batch, &name, Clips::Beside(path)).await;
    let clips = clips.map_err(|error| refused(error, context.lang))?;
    let code = batch.changes.first().map(|c| c.code().to_owned()).unwrap_or_default();
    let code = DirectiveCode::new(code).map_err(|e| AppError::Failed(e.to_string()))?;
    Ok((batch, code, clips.iter().map(|clip| clip.media().clone()).collect()))
}

fn refused(error: DocumentError, lang: Lang) -> AppError {
    match error {
        DocumentError::File(problems) => AppError::Failed(problems.text(lang)),
        DocumentError::Clip(said) => AppError::Failed(said.pick(lang).to_owned()),
        DocumentError::Library(error) => error.into(),
        DocumentError::Approval(error) => error.into(),
        DocumentError::Store(error) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::config::Settings;
    use crate::directory::import as directory_import;
    use lichphat_playlists::ids::ScreenCode;
    use lichphat_playlists::time::LocalDay;
    use std::sync::Arc;

    fn preset(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name)
    }

    struct House {
        dir: tempfile::TempDir,
        context: Context,
        store: Store,
    }

    impl House {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let mut settings = Settings { data: dir.path().to_owned(), ..Settings::default() };
            settings.probe.program = "no-such-probe".into();
            let store = Store::open(dir.path(), 1).unwrap();
            let context = Context { settings, lang: Lang::En, clock: Arc::new(SystemClock::new()) };
            Self { dir, context, store }
        }
        async fn import(&self, kind: Kind, path: &Path) -> Result<Summary, String> {
            file(&self.context, &self.store, kind, path).await.map_err(|error| error.to_string())
        }
        fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
            let path = self.dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        }
        /// The presets, some screens, a roster, a closure, and the order with clips of its own.
        fn files(&self) -> Vec<(Kind, PathBuf)> {
            let screens = "code,name,venue_type,kind,owner,territory,links_from\n\
                           s1,Một,public_office,managed,UBND phường Ba Đình,Ba Đình,\n\
                           s1,Một,public_office,managed,UBND phường Ngọc Hà,Ba Đình,2026-01-01\n\
                           b1,Xe,bus,managed,TRANSERCO,,\n";
            for clip in ["ihanoi-vi.mp4", "ihanoi-en.mp4"] {
                self.write(clip, clip);
            }
            let order = std::fs::read_to_string(preset("directives/ihanoi-2024.toml")).unwrap();
            vec![
                (Kind::Units, preset("directory/units.toml")),
                (Kind::Venues, preset("venues.toml")),
                (Kind::Calendar, preset("calendar/holidays-vn.ics")),
                (Kind::Screens, self.write("screens.csv", screens)),
                (Kind::Duty, self.write("duty.csv", "screen,date,hours\nb1,2046-11-20,05:00-09:00\nb1,2046-11-21,-\n")),
                (
                    Kind::Closures,
                    self.write(
                        "c.csv",
                        "unit,from,to,reason,author\nNgọc Hà,2046-11-20 09:00,2046-11-20 10:00,Sửa,VP\n",
                    ),
                ),
                (Kind::Footfall, preset("footfall/airport-sample.csv")),
                (Kind::Directives, self.write("order.toml", order.replace("../sample/media/", ""))),
            ]
        }
    }

    #[tokio::test]
    async fn everything_twice_is_everything_once() {
        let house = House::new();
        let files = house.files();
        for (kind, path) in &files {
            let summary = house.import(*kind, path).await.unwrap_or_else(|e| panic!("{e}"));
            assert!(summary.added > 0 && summary.changed == 0 && summary.unchanged == 0, "{kind:?} {summary:?}");
        }
        let (before, orders) = (house.store.directory().await.unwrap(), house.store.campaigns().await.unwrap());
        for (kind, path) in &files {
            let summary = house.import(*kind, path).await.unwrap_or_else(|e| panic!("{e}"));
            assert!(summary.nothing_changed() && summary.unchanged > 0, "{kind:?} {summary:?}");
        }
        let after = house.store.directory().await.unwrap();
        assert_eq!(format!("{before:?}"), format!("{after:?}"));
        assert_eq!(orders, house.store.campaigns().await.unwrap());

        let day = |text: &str| text.parse::<LocalDay>().unwrap();
        let screen = |code: &str| after.screen(&ScreenCode::new(code).unwrap()).unwrap().clone();
        assert_eq!(after.duty(&screen("s1"), day("2046-11-20")).text(), "08:00-09:00;10:00-12:00;13:00-17:00");
        assert_eq!(after.duty(&screen("s1"), day("2025-11-20")).text(), "08:00-12:00;13:00-17:00", "before it moved");
        assert_eq!(after.duty(&screen("b1"), day("2046-11-20")).text(), "05:00-09:00");
        let order = orders.directive(&DirectiveCode::new("ihanoi-2024").unwrap()).unwrap();
        assert_eq!(order.targets(&after, day("2024-09-20")).len(), 2);
        assert!(
            order.product.as_ref().unwrap().variant.iter().all(|v| v.media.is_some()),
            "its clips are in the library"
        );
    }

    #[tokio::test]
    async fn a_broken_line_or_a_missing_clip_changes_nothing() {
        let house = House::new();
        let files = house.files();
        for (kind, path) in &files[..3] {
            house.import(*kind, path).await.unwrap_or_else(|e| panic!("{e}"));
        }
        let before = format!("{:?}", house.store.directory().await.unwrap());
        let broken = house
            .write("bad.csv", "code,name,venue_type,kind,owner\nok,Tốt,bus,managed,HN\nbad,Hỏng,bus,managed,Hà Lội\n");
        let error = house.import(Kind::Screens, &broken).await.unwrap_err();
        assert!(
            error.contains("bad.csv:3:5: owner = \"Hà Lội\": no such unit; nearest: Thành phố Hà Nội (HN)"),
            "{error}"
        );
        assert_eq!(format!("{:?}", house.store.directory().await.unwrap()), before);

        std::fs::remove_file(house.dir.path().join("ihanoi-en.mp4")).unwrap();
        let error = house.import(Kind::Directives, &files[7].1).await.unwrap_err();
        assert!(error.contains("ihanoi-en.mp4"), "{error}");
        assert_eq!(house.store.campaigns().await.unwrap().directives().count(), 0);
        assert!(house.import(Kind::Units, &house.dir.path().join("none.csv")).await.is_err());
    }

    #[tokio::test]
    async fn two_imports_at_once_do_not_undo_each_other() {
        let house = House::new();
        let units = house.write("u.csv", "code,name,kind\nHN,Thành phố Hà Nội,city\n");
        let stale = house.store.directory().await.unwrap();
        house.import(Kind::Units, &units).await.unwrap();
        let known = directory_import::Context { directory: &stale, now: house.context.clock.now() };
        let source = SourceFile { name: "u.csv", bytes: b"code,name,kind\nHN,Hanoi,city\n" };
        let batch = directory_import::parse(directory_import::Kind::Units, source, known).unwrap();
        let answer = house.store.import_directory(batch, stale.revision).await;
        assert_eq!(answer, Err(crate::error::StoreError::Busy));
    }
}
