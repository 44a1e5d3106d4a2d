//! The paper as an inspector gets it: read back with the tools that people have, where they are there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

use std::io::Write as _;
use std::process::{Command, Stdio};

const SHEET: &[u8] = include_bytes!("sheet.json");

#[test]
fn the_same_sheet_is_the_same_bytes_in_any_process() {
    let one = lichphat_paper::pdf(SHEET.to_vec(), "x").unwrap();
    assert_eq!(one, lichphat_paper::pdf(SHEET.to_vec(), "x").unwrap());
    let mut child = Command::new(env!("CARGO_BIN_EXE_lichphat-paper"))
        .arg("x")
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(SHEET).unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, one);
}

#[test]
fn a_sheet_of_another_form_is_refused_in_words() {
    for sheet in [b"".as_slice(), b"{}", b"[1"] {
        assert!(!lichphat_paper::pdf(sheet.to_vec(), "x").unwrap_err().to_string().is_empty());
    }
    let hostile = String::from_utf8(SHEET.to_vec()).unwrap().replace("Mất điện", "#panic() *x* $y$ @z \\\\ <a>");
    lichphat_paper::pdf(hostile.into_bytes(), "x").unwrap(); // words are words, never markup
}

/// Every letter is of the fonts that are built in, and can be read back: what an inspector searches for he finds.
#[test]
fn what_is_printed_can_be_read_back_and_stands_where_the_decree_wants_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sheet.pdf");
    std::fs::write(&file, lichphat_paper::pdf(SHEET.to_vec(), "x").unwrap()).unwrap();
    let Ok(text) = Command::new("pdftotext").args(["-layout", file.to_str().unwrap(), "-"]).output() else {
        eprintln!("pdftotext is not there: nothing was read back");
        return;
    };
    let text = String::from_utf8(text.stdout).unwrap();
    for said in [
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "Số: 05/BC-UBND",
        "Ba Đình, ngày 05 tháng 12 năm 2026",
        "BÁO CÁO",
        "Kính gửi:",
        "Nơi nhận:",
        "- Lưu: VT, VHXH.",
        "CHỦ TỊCH",
        "Nguyễn Văn An",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    let pages: Vec<&str> = text.split('\u{c}').collect();
    assert!(pages[0].trim_start().starts_with("THÀNH PHỐ HÀ NỘI"), "the first page bears no number\n{}", pages[0]);
    assert!(pages[1].trim_start().starts_with("2\n"), "the second bears it on top\n{}", pages[1]);
    let fonts = Command::new("pdffonts").arg(&file).output().unwrap();
    let fonts = String::from_utf8(fonts.stdout).unwrap();
    assert!(fonts.lines().skip(2).all(|line| line.contains("LiberationSerif") && line.contains("yes")), "{fonts}");
}

/// Rows of one order stand under its name, also where they go on on another page.
#[test]
fn the_name_above_rows_comes_again_where_they_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sheet.pdf");
    let sheet = String::from_utf8(SHEET.to_vec()).unwrap();
    let tables = sheet.matches("\"rows\": [").count();
    let sheet = sheet.replace("\"rows\": [", "\"groups\": [[0, \"Đợt mẫu\"]], \"rows\": [");
    std::fs::write(&file, lichphat_paper::pdf(sheet.into_bytes(), "x").unwrap()).unwrap();
    let Ok(text) = Command::new("pdftotext").args(["-layout", file.to_str().unwrap(), "-"]).output() else {
        eprintln!("pdftotext is not there: nothing was read back");
        return;
    };
    let text = String::from_utf8(text.stdout).unwrap();
    let said = text.matches("Đợt mẫu").count();
    assert!(tables > 0 && said > tables, "{said} times over {tables} tables\n{text}");
}
