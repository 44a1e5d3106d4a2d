//! Many boxes at once: a list of their keys' fingerprints, as they come from the workshop, brought once and approved by one
//! person. A box that is in it needs no code: it asks at the pairing door, proves its key, and is let in, within 90 days and
//! unless it was taken off the list before.

use super::{Approved, Fleet, FleetError, pairing};
use crate::directory::Directory;
use crate::directory::problem::{Problem, Problems, Say, say};
use crate::directory::table::{Field, Row, SourceFile, Table, needed, read};
use crate::people::AccountCode;
use lichphat_playlists::ids::{ScreenCode, Sha256Hash};
use lichphat_playlists::proof::entry::Introduction;
use std::collections::BTreeMap;

/// How long a list holds for a box that has not come, ms; the same list brought again begins anew.
pub const LIST_LIFE_MS: i64 = 90 * 24 * 3_600_000;

/// The table of boxes.
static TABLE: Table = Table {
    name: "box",
    columns: &[
        needed("serial", "what stands on the box, for people"),
        needed("sha256", "what `lichphat-player key` prints on it: SHA-256 of its public key, 64 hexadecimal digits"),
        needed("screen", "a managed screen where it will stand"),
    ],
};

/// A box of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What stands on it.
    pub serial: String,
    /// SHA-256 of its public key.
    pub fingerprint: Sha256Hash,
    /// Where it will stand.
    pub screen: ScreenCode,
    /// Line of the list.
    pub line: u32,
}

/// A list that is about to be kept.
#[derive(Debug, Clone)]
pub struct NewList {
    /// SHA-256 of the file.
    pub sha256: Sha256Hash,
    /// Its boxes.
    pub boxes: Vec<Listed>,
    /// Who says that they may come.
    pub approved: Approved,
}

/// A box that another list has for another screen, or that came in already elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// Line of the list.
    pub line: u32,
    /// The screen that holds.
    pub screen: ScreenCode,
}

struct Fingerprint(Sha256Hash);

impl Field for Fingerprint {
    fn read(text: &str) -> Result<Self, Say> {
        text.to_ascii_lowercase().parse().map(Self).map_err(|_| {
            say(
                "ghi 64 chữ số thập lục phân mà `lichphat-player key` in ra",
                "write the 64 hexadecimal digits that `lichphat-player key` prints",
            )
        })
    }
}

/// Reads a list; every mistake with its line. Without a directory its screens are not looked up.
pub fn parse(file: SourceFile<'_>, directory: Option<&Directory>) -> Result<Vec<Listed>, Problems> {
    let mut found = Vec::new();
    let rows = read(file, &TABLE, &mut found)?;
    let (mut boxes, mut keys, mut screens) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    for row in &rows {
        let serial = row.required::<String>("serial", &mut found);
        let fingerprint = row.required::<Fingerprint>("sha256", &mut found).map(|fingerprint| fingerprint.0);
        let screen = row.required::<ScreenCode>("screen", &mut found);
        let (Ok(serial), Ok(fingerprint), Ok(screen)) = (serial, fingerprint, screen) else { continue };
        once(row, "sha256", keys.insert(fingerprint, row.line()), &mut found);
        once(row, "screen", screens.insert(screen.clone(), row.line()), &mut found);
        if directory.is_some_and(|directory| pairing::managed(directory, &screen).is_err()) {
            found.push(row.problem(
                "screen",
                say(
                    "không có màn hình do ta quản lý mang mã này; nhập danh mục màn hình trước",
                    "is not a managed screen of the directory; import it first",
                ),
            ));
        }
        boxes.push(Listed { serial, fingerprint, screen, line: row.line() });
    }
    Problems::none_or(found, boxes)
}

fn once(row: &Row, field: &str, before: Option<u32>, found: &mut Vec<Problem>) {
    if let Some(line) = before {
        let mend = say(
            format!("đã có ở dòng {line}; mỗi thiết bị một màn hình"),
            format!("is on line {line} already; one box, one screen"),
        );
        found.push(row.problem(field, mend));
    }
}

impl Fleet {
    /// Lets all boxes of a list in, when they come; how many were not listed before. The same list again changes nothing.
    pub async fn add_list(
        &self,
        file: SourceFile<'_>,
        directory: &Directory,
        by: &AccountCode,
    ) -> Result<Result<u32, Problems>, FleetError> {
        let boxes = match parse(file, Some(directory)) {
            Ok(boxes) => boxes,
            Err(problems) => return Ok(Err(problems)),
        };
        let kept = self.store.add_list(self.list(file, boxes, by)).await?;
        Ok(match kept {
            Ok(new) => Ok(new),
            Err(clashes) => Problems::none_or(clashes.iter().map(|clash| problem(file.name, clash)).collect(), 0),
        })
    }

    /// Lets the boxes that a list names come no more; how many. Those that have come are devices, which are revoked.
    pub async fn remove_list(
        &self,
        file: SourceFile<'_>,
        by: &AccountCode,
    ) -> Result<Result<u32, Problems>, FleetError> {
        match parse(file, None) {
            Ok(boxes) => self.store.remove_list(self.list(file, boxes, by)).await.map(Ok),
            Err(problems) => Ok(Err(problems)),
        }
    }

    fn list(&self, file: SourceFile<'_>, boxes: Vec<Listed>, by: &AccountCode) -> NewList {
        let sha256 = Sha256Hash::of(file.bytes);
        let introduction = Introduction::List { sha256 };
        NewList { sha256, boxes, approved: Approved { by: by.clone(), at: self.clock.now(), introduction } }
    }
}

fn problem(file: &str, clash: &Clash) -> Problem {
    let screen = &clash.screen;
    let mend = say(
        format!(
            "thiết bị này đã được ghi cho màn hình {screen}; để nguyên ở đó, hoặc bỏ khỏi danh sách bằng `lichphat device batch --remove`; nếu đã vào rồi thì thu hồi và ghép lại bằng mã"
        ),
        format!(
            "this box is listed for screen {screen} already; leave it there, or take it off by `lichphat device batch --remove`; if it has come, revoke it and pair it by code"
        ),
    );
    Problem { file: file.to_owned(), line: clash.line, column: 1, field: "screen".into(), value: String::new(), mend }
}
