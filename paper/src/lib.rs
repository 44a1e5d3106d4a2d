//! Sets a report on A4 in the form of Vietnam's Decree 30/2020 (Nghị định 30/2020/NĐ-CP, Phụ lục I), as PDF.
//!
//! What is set comes as JSON (`sheet.json`), how it is set stands in `sheet.typ`: this package knows nothing of reports. It reads no
//! file, no clock, no network and no font but its own four of Liberation Serif 2, whose letters are as wide as those of Times New
//! Roman: the same sheet is the same bytes, wherever and whenever it is set.

use std::sync::LazyLock;
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};
use typst_layout::PagedDocument;
use typst_pdf::PdfOptions;

/// How it is set.
const SHEET: &str = include_str!("sheet.typ");
/// Liberation Serif 2, under the SIL Open Font License (`fonts/LICENSE`), as its makers gave it out.
const FONTS: [&[u8]; 4] = [
    include_bytes!("../fonts/LiberationSerif-Regular.ttf"),
    include_bytes!("../fonts/LiberationSerif-Bold.ttf"),
    include_bytes!("../fonts/LiberationSerif-Italic.ttf"),
    include_bytes!("../fonts/LiberationSerif-BoldItalic.ttf"),
];

/// Why there is no PDF: a sheet that is not of the form that `sheet.typ` reads, in the typesetter's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaperError(String);

impl std::fmt::Display for PaperError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for PaperError {}

/// What is the same for every sheet.
struct Press {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    main: FileId,
    data: FileId,
}

static PRESS: LazyLock<Press> = LazyLock::new(|| {
    let fonts: Vec<Font> = FONTS.into_iter().flat_map(|file| Font::iter(Bytes::new(file))).collect();
    let file =
        |name: &str| FileId::new(RootedPath::new(VirtualRoot::Project, VirtualPath::new(name).expect("a plain name")));
    Press {
        library: LazyHash::new(Library::default()),
        book: LazyHash::new(FontBook::from_fonts(&fonts)),
        fonts,
        main: file("sheet.typ"),
        data: file("sheet.json"),
    }
});

/// One sheet on the press.
struct Sheet {
    source: Source,
    data: Bytes,
}

impl World for Sheet {
    fn library(&self) -> &LazyHash<Library> {
        &PRESS.library
    }
    fn book(&self) -> &LazyHash<FontBook> {
        &PRESS.book
    }
    fn main(&self) -> FileId {
        PRESS.main
    }
    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == PRESS.main { Ok(self.source.clone()) } else { Err(FileError::AccessDenied) }
    }
    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == PRESS.data { Ok(self.data.clone()) } else { Err(FileError::AccessDenied) }
    }
    fn font(&self, index: usize) -> Option<Font> {
        PRESS.fonts.get(index).cloned()
    }
    /// Nothing on a sheet is of the moment at which it is set.
    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

/// The PDF of a sheet. `ident` stands for what is on it: the same for the same sheet.
///
/// # Errors
/// A sheet that is not of the form that `sheet.typ` reads.
pub fn pdf(sheet_json: Vec<u8>, ident: &str) -> Result<Vec<u8>, PaperError> {
    let world = Sheet { source: Source::new(PRESS.main, SHEET.to_owned()), data: Bytes::new(sheet_json) };
    let said = |all: typst::ecow::EcoVec<typst::diag::SourceDiagnostic>| {
        PaperError(all.iter().map(|one| one.message.as_str()).collect::<Vec<_>>().join("; "))
    };
    let document = typst::compile::<PagedDocument>(&world).output.map_err(said)?;
    let options = PdfOptions {
        ident: Smart::Custom(ident.to_owned()),
        creator: Smart::Custom(Some("lichphat".to_owned())),
        ..PdfOptions::default()
    };
    let bytes = typst_pdf::pdf(&document, &options).map_err(said)?;
    typst::comemo::evict(1); // what one sheet has left in memory is of no use to the next
    Ok(bytes)
}
