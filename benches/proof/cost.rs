//! What work costs: processor time of a thread, of this process, of another one, and the pages of a database.

use rusqlite::Connection;
use std::path::Path;

/// Seconds on a processor, of every thread of a process; they are the kernel's own and exact.
pub(crate) fn process_s(pid: u32) -> f64 {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    threads.filter_map(|thread| on_cpu_s(&thread.ok()?.path().join("schedstat"))).sum()
}

/// The least processor seconds of this thread that `work` takes, of three.
pub(crate) fn least_s(mut work: impl FnMut()) -> f64 {
    let here = Path::new("/proc/thread-self/schedstat");
    let mut once = || {
        let began = on_cpu_s(here).unwrap();
        work();
        on_cpu_s(here).unwrap() - began
    };
    (0..3).map(|_| once()).fold(f64::INFINITY, f64::min)
}

fn on_cpu_s(file: &Path) -> Option<f64> {
    let text = std::fs::read_to_string(file).ok()?; // a thread may have ended meanwhile
    Some(text.split(' ').next()?.parse::<u64>().ok()? as f64 / 1e9)
}

/// Bytes of the database's tables with their indexes, whose names begin with one of `names`.
pub(crate) fn table_bytes(db: &Path, names: &[&str]) -> u64 {
    let conn = Connection::open(db).unwrap();
    conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let sum = |name: &&str| {
        let pages = "SELECT coalesce(sum(d.pgsize), 0) FROM dbstat d JOIN sqlite_schema s ON s.name = d.name
                     WHERE d.aggregate = TRUE AND s.tbl_name LIKE ?1 || '%'";
        conn.query_row(pages, [name], |r| r.get::<_, u64>(0)).unwrap()
    };
    names.iter().map(sum).sum()
}

/// Bytes of all files below a directory.
pub(crate) fn files_bytes(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => files_bytes(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.filter_map(Result::ok).map(size).sum()
}
