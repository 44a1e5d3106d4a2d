//! `lichphat-paper IDENT < sheet.json > sheet.pdf`: what the scheduler calls to set a report on paper.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

fn set() -> Result<(), Box<dyn std::error::Error>> {
    let ident = std::env::args().nth(1).ok_or("usage: lichphat-paper IDENT < sheet.json > sheet.pdf")?;
    let mut sheet = Vec::new();
    std::io::stdin().lock().read_to_end(&mut sheet)?;
    let pdf = lichphat_paper::pdf(sheet, &ident)?;
    let mut out = std::io::stdout().lock();
    out.write_all(&pdf)?;
    Ok(out.flush()?)
}

fn main() -> ExitCode {
    match set() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}"); // nobody is left to be told when that is gone, too
            ExitCode::FAILURE
        }
    }
}
