//! A sheet as DOCX, for whoever has to paste or to go on writing; in the form of Decree 30/2020, like the PDF.

use super::sheet::{Grid, Part, Sheet};
use docx_rs::{
    AlignmentType, Docx, Header, LineSpacing, LineSpacingType, PageMargin, PageNum, Paragraph, Run, RunFonts,
    SpecialIndentType, Table, TableCell, TableLayoutType, TableRow, WidthType,
};
use std::io::Cursor;

/// Twentieths of a point in a millimetre.
const MM: f32 = 56.692_91;
/// Width of the text: 210 - 30 - 15 mm.
const WIDTH: usize = 9_354;
/// Half points.
const BODY: usize = 26;
const BLACK: &str = "000000";
/// Height that marks a row of headings until [`heads`].
const HEAD_MARK: f32 = 1.0;

const fn mm(n: u16) -> i32 {
    (n as f32 * MM) as i32
}

fn run(text: &str, half_points: usize) -> Run {
    let mut lines = text.split('\n');
    let first = Run::new().size(half_points).color(BLACK).add_text(lines.next().unwrap_or_default());
    lines.fold(first, |run, line| run.add_break(docx_rs::BreakType::TextWrapping).add_text(line))
}

fn spaced(before_pt: u32, after_pt: u32) -> LineSpacing {
    LineSpacing::new().before(before_pt * 20).after(after_pt * 20)
}

fn centred(run: Run) -> Paragraph {
    Paragraph::new().add_run(run).align(AlignmentType::Center).line_spacing(spaced(0, 0))
}

/// A rule: so many strokes, in a line of their own.
fn rule(strokes: usize) -> Paragraph {
    let low = LineSpacing::new().line_rule(LineSpacingType::Exact).line(120).after(60);
    Paragraph::new().add_run(run(&"_".repeat(strokes), 12)).align(AlignmentType::Center).line_spacing(low)
}

fn body(run: Run) -> Paragraph {
    let first_line = Some(SpecialIndentType::FirstLine(mm(10)));
    Paragraph::new()
        .add_run(run)
        .align(AlignmentType::Both)
        .indent(None, first_line, None, None)
        .line_spacing(spaced(0, 6))
}

fn or_dots(text: &str) -> String {
    if text.is_empty() { ".".repeat(40) } else { text.to_owned() }
}

/// `- one;`, `- the last.`
fn items(all: &[String]) -> Vec<String> {
    let last = all.len();
    all.iter().zip(1..).map(|(text, n)| format!("- {text}{}", if n == last { "." } else { ";" })).collect()
}

/// Rows of two cells beside one another, without lines around them.
fn beside(rows: Vec<[Vec<Paragraph>; 2]>, left_width: usize) -> Table {
    let cell = |paragraphs: Vec<Paragraph>, width| {
        let cell = TableCell::new().width(width, WidthType::Dxa);
        paragraphs.into_iter().fold(cell, TableCell::add_paragraph)
    };
    let row = |[left, right]: [Vec<Paragraph>; 2]| {
        TableRow::new(vec![cell(left, left_width), cell(right, WIDTH - left_width)]).cant_split()
    };
    Table::without_borders(rows.into_iter().map(row).collect())
        .set_grid(vec![left_width, WIDTH - left_width])
        .width(WIDTH, WidthType::Dxa)
        .layout(TableLayoutType::Fixed)
}

fn head(sheet: &Sheet) -> Table {
    let mut left = Vec::new();
    if !sheet.parent.is_empty() {
        left.push(centred(run(&sheet.parent.to_uppercase(), 24)));
    }
    left.push(centred(run(&or_dots(&sheet.issuer.to_uppercase()), 24).bold()));
    left.push(rule(20));
    let right = vec![
        centred(run("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 24).bold()),
        centred(run("Độc lập - Tự do - Hạnh phúc", BODY).bold()),
        rule(54),
    ];
    // number and place are on one line, however long the names above them are
    let number = vec![centred(run(&sheet.number, BODY))];
    let place = vec![centred(run(&sheet.place, BODY).italic())];
    beside(vec![[left, right], [number, place]], 3_700)
}

fn foot(sheet: &Sheet) -> Table {
    let plain = |run: Run| Paragraph::new().add_run(run).line_spacing(spaced(0, 0));
    let mut left = vec![plain(run("Nơi nhận:", 24).bold().italic())];
    left.extend(items(&sheet.copies).iter().map(|text| plain(run(text, 22))));
    let mut right = vec![centred(run(&or_dots(&sheet.position.to_uppercase()), BODY).bold())];
    right.extend((0..4).map(|_| centred(run("", BODY))));
    right.push(centred(run(&or_dots(&sheet.signer), BODY).bold()));
    beside(vec![[left, right]], WIDTH / 2)
}

fn table(grid: &Grid) -> Table {
    let shares: u32 = grid.widths.iter().sum::<u32>().max(1);
    let widths: Vec<usize> = grid.widths.iter().map(|share| WIDTH * *share as usize / shares as usize).collect();
    let cell = |text: &str, column: usize, head: bool| {
        let words = run(text, 21);
        let align = match (head, grid.numbers.get(column)) {
            (true, _) => AlignmentType::Center,
            (false, Some(true)) => AlignmentType::Right,
            (false, _) => AlignmentType::Left,
        };
        let words = if head { words.bold() } else { words };
        let paragraph = Paragraph::new().add_run(words).align(align).line_spacing(spaced(0, 0));
        TableCell::new().width(widths.get(column).copied().unwrap_or(0), WidthType::Dxa).add_paragraph(paragraph)
    };
    let row = |cells: &[String], head| {
        let row = TableRow::new(cells.iter().enumerate().map(|(i, text)| cell(text, i, head)).collect());
        if head { row.row_height(HEAD_MARK) } else { row.cant_split() }
    };
    let group = |words: &String| {
        let paragraph = Paragraph::new().add_run(run(words, 21).bold()).keep_next(true).line_spacing(spaced(1, 1));
        let all = TableCell::new().width(WIDTH, WidthType::Dxa).grid_span(widths.len()).add_paragraph(paragraph);
        TableRow::new(vec![all]).cant_split()
    };
    let mut rows = vec![row(&grid.columns, true)];
    for (at, cells) in grid.rows.iter().enumerate() {
        rows.extend(grid.groups.iter().filter(|(before, _)| *before == at).map(|(_, words)| group(words)));
        rows.push(row(cells, false));
    }
    Table::new(rows).set_grid(widths.clone()).width(WIDTH, WidthType::Dxa).layout(TableLayoutType::Fixed)
}

/// Rows of headings, which the writer knows no word for, are marked by a height; in its place they are said to come again on every page.
fn heads(document: &[u8]) -> Result<Vec<u8>, String> {
    const MARK: &str = "<w:trHeight";
    let text = std::str::from_utf8(document).map_err(|error| error.to_string())?;
    let mut parts = text.split(MARK);
    let mut marked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // what people write is escaped, so the first end is that of the mark
        let (_, rest) = part.split_once("/>").ok_or("a row's height has no end")?;
        marked += "<w:cantSplit/><w:tblHeader/>";
        marked += rest;
    }
    Ok(marked.into_bytes())
}

fn part(docx: Docx, sheet: &Sheet, part: &Part) -> Docx {
    let lines = |docx: Docx, lines: &[String], mark: &str| {
        lines.iter().fold(docx, |docx, text| docx.add_paragraph(body(run(&format!("{mark}{text}"), BODY))))
    };
    match part {
        Part::Heading { words } => {
            let heading = Paragraph::new().add_run(run(words, BODY).bold()).keep_next(true);
            docx.add_paragraph(heading.outline_lvl(0).line_spacing(spaced(10, 6)))
        }
        Part::Sentence { words } => docx.add_paragraph(body(run(words, BODY))),
        Part::List { words, lines: all } => {
            lines(docx.add_paragraph(body(run(words, BODY).bold()).keep_next(true)), all, "- ")
        }
        Part::Quote { words, lines: all } => lines(docx.add_paragraph(body(run(words, BODY).italic())), all, ""),
        Part::Table { table: grid } => {
            let caption = Paragraph::new().add_run(run(&grid.caption, 24).italic()).keep_next(true);
            let docx = docx.add_paragraph(caption.line_spacing(spaced(8, 4)));
            let docx = match grid.rows.is_empty() {
                true => docx.add_paragraph(Paragraph::new().add_run(run(&sheet.none, 22))),
                false => docx.add_table(table(grid)),
            };
            docx.add_paragraph(Paragraph::new().add_run(run(&grid.more, 22).italic()).line_spacing(spaced(2, 4)))
        }
    }
}

/// The document; its day is that of its figures, so that the same sheet is the same bytes.
///
/// # Errors
/// What its writer says.
pub(super) fn docx(sheet: &Sheet) -> Result<Vec<u8>, String> {
    let (year, month, day) = sheet.date;
    let at = format!("{year:04}-{month:02}-{day:02}T00:00:00Z");
    let font = "Times New Roman";
    let fonts = RunFonts::new().ascii(font).hi_ansi(font).cs(font).east_asia(font);
    let margin = PageMargin::new().top(mm(20)).bottom(mm(20)).left(mm(30)).right(mm(15)).header(mm(10)).footer(mm(10));
    let number = Paragraph::new().align(AlignmentType::Center).add_page_num(PageNum::new());
    let docx = Docx::new()
        .created_at(&at)
        .updated_at(&at)
        .page_size(11_906, 16_838)
        .page_margin(margin)
        .default_fonts(fonts)
        .default_size(BODY)
        .header(Header::new().add_paragraph(number))
        .first_header(Header::new().add_paragraph(Paragraph::new()))
        .add_table(head(sheet))
        .add_paragraph(centred(run("BÁO CÁO", 28).bold()).line_spacing(spaced(12, 0)))
        .add_paragraph(centred(run(&sheet.title, 28).bold()))
        .add_paragraph(rule(40))
        .add_paragraph(centred(run(&sheet.state, BODY).italic()).line_spacing(spaced(0, 6)));
    let docx = match sheet.to.as_slice() {
        [] => docx,
        [one] => docx.add_paragraph(centred(run(&format!("Kính gửi: {one}."), BODY))),
        many => {
            let docx = docx.add_paragraph(centred(run("Kính gửi:", BODY)));
            // under one another, each from the same place
            let line = |to: &String| {
                let indent = Paragraph::new().add_run(run(to, BODY)).indent(Some(mm(50)), None, None, None);
                indent.line_spacing(spaced(0, 0))
            };
            items(many).iter().fold(docx, |docx, to| docx.add_paragraph(line(to)))
        }
    };
    let docx = sheet.parts.iter().fold(docx, |docx, one| part(docx, sheet, one));
    let mut bytes = Cursor::new(Vec::new());
    let mut built = docx.add_paragraph(Paragraph::new()).add_table(foot(sheet)).build();
    built.document = heads(&built.document)?;
    built.pack(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes.into_inner())
}
