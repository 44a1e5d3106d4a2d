//! The same question put to DuckDB over the plays as a Parquet file. `make bench` sets it up from PyPI below target/.

use crate::town::CAMPAIGN;
use std::path::Path;
use std::process::Command;

const QUESTION: &str = r#"
import sys, time, duckdb
file, campaign = sys.argv[1:]
ask = f"SELECT screen, day, count(*) FROM '{file}' WHERE campaign = '{campaign}' GROUP BY screen, day"
least = float("inf")
for _ in range(5):
    began = time.perf_counter()
    rows = duckdb.sql(ask).fetchall()
    least = min(least, time.perf_counter() - began)
print(least * 1e3, sum(n for _, _, n in rows), duckdb.__version__)
"#;

/// Milliseconds, plays and DuckDB's version; or why there are none.
pub(crate) fn ask(parquet: &Path) -> Result<(f64, u64, String), String> {
    let python = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../duckdb/bin/python");
    if !python.is_file() {
        return Err(
            "skipped, it is not in target/duckdb; `make bench` puts it there when PyPI can be reached".to_owned()
        );
    }
    let output = Command::new(python).args(["-c", QUESTION]).arg(parquet).arg(CAMPAIGN).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = said.split_whitespace();
    let (Some(ms), Some(plays), Some(version)) = (words.next(), words.next(), words.next()) else {
        return Err(format!("skipped, it failed: {}", String::from_utf8_lossy(&output.stderr)));
    };
    Ok((ms.parse().unwrap(), plays.parse().unwrap(), version.to_owned()))
}
