//! The store's promises: all or nothing per job, answered after the commit, clear refusals.

use super::*;

fn insert(tx: &Connection, name: &str, bytes: usize) -> Result<(), StoreError> {
    let hash = lichphat_playlists::ids::Sha256Hash::of(name.as_bytes()).0;
    Ok(tx.execute("INSERT INTO asset_table VALUES (?1, zeroblob(?2))", (hash, bytes)).map(drop)?)
}

async fn put(store: &Store, name: &'static str) -> Result<(), StoreError> {
    store.write(move |tx| insert(tx, name, 10)).await
}

async fn count(store: &Store) -> u32 {
    store.read(|conn| Ok(conn.query_row("SELECT count(*) FROM asset_table", [], |row| row.get(0))?)).await.unwrap()
}

#[tokio::test]
async fn a_failing_job_is_undone_alone_and_its_neighbours_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), 2).unwrap();
    let half = store.write(|tx| {
        insert(tx, "half", 10)?;
        Ok(tx.execute("INSERT INTO asset_table VALUES (x'00', x'00')", []).map(drop)?)
    });
    let panics = store.write(|tx| -> Result<(), StoreError> {
        insert(tx, "gone", 10)?;
        panic!("a defect in a job")
    });
    let (a, half, panics, b) = tokio::join!(put(&store, "a"), half, panics, put(&store, "b"));
    assert!(a.is_ok() && b.is_ok());
    assert!(matches!(half, Err(StoreError::Constraint(_))), "{half:?}");
    assert!(matches!(panics, Err(StoreError::Engine(_))), "{panics:?}");
    assert_eq!(count(&store).await, 2);
}

#[tokio::test]
async fn many_jobs_at_once_are_each_answered_and_all_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), 2).unwrap();
    let jobs = (0..2_000).map(|i| store.write(move |tx| insert(tx, &i.to_string(), 10)));
    let answers = futures_util::future::join_all(jobs).await;
    assert!(answers.iter().all(Result::is_ok));
    drop(store);
    assert_eq!(count(&Store::open(dir.path(), 1).unwrap()).await, 2_000);
}

#[tokio::test]
async fn a_full_disk_refuses_every_job_of_the_group_and_the_store_lives_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), 1).unwrap();
    let pages: u32 = store
        .write(|tx| {
            let now: u32 = tx.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            Ok(tx.query_row(&format!("PRAGMA max_page_count = {}", now + 4), [], |row| row.get(0))?)
        })
        .await
        .unwrap();
    assert!(pages > 0);
    let big = store.write(|tx| insert(tx, "big", 1_000_000));
    let (small, big) = tokio::join!(put(&store, "small"), big);
    assert_eq!(big, Err(StoreError::Full));
    let kept = u32::from(small.is_ok());
    assert!(small.is_ok() || small == Err(StoreError::Full), "{small:?}");
    assert_eq!(count(&store).await, kept, "what was answered well is there, what was refused is not");
    put(&store, "after").await.unwrap();
    assert_eq!(count(&store).await, kept + 1);
}

#[tokio::test]
async fn while_another_process_writes_a_job_is_told_so_and_can_come_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), 1).unwrap();
    store.write(|tx| Ok(tx.busy_timeout(Duration::from_millis(20))?)).await.unwrap();
    let other = Connection::open(store.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(put(&store, "a").await, Err(StoreError::Busy));
    assert_eq!(crate::care::CareStore::waiting(&store), 0, "what was refused waits no longer");
    other.execute_batch("ROLLBACK").unwrap();
    put(&store, "a").await.unwrap();
}

#[tokio::test]
async fn readers_cannot_write_and_see_what_was_answered() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), 3).unwrap();
    for i in 0..20 {
        store.write(move |tx| insert(tx, &i.to_string(), 10)).await.unwrap();
        assert_eq!(count(&store).await, i + 1);
    }
    let refused = store.read(|conn| Ok(conn.execute("DELETE FROM asset_table", [])?)).await;
    assert_eq!(refused, Err(StoreError::ReadOnly));
}

#[tokio::test]
async fn plans_and_segments_cannot_be_changed_even_by_a_defect() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), 1).unwrap();
    let put = |tx: &Connection| {
        tx.execute_batch(&crate::store::upgrade::day_tables(7))?;
        tx.execute_batch("INSERT INTO segment_day VALUES (7, 0); INSERT INTO log_entry VALUES (0, x'00')")?;
        tx.execute("INSERT INTO tenure VALUES ('C-01', 1, 1, 5)", [])?;
        Ok(tx.execute("INSERT INTO segment_7 VALUES (1, 1, 1, 1, 9, x'00', 5)", []).map(drop)?)
    };
    store.write(put).await.unwrap();
    for change in [
        "UPDATE segment_7 SET last_seq = 8",
        "DELETE FROM segment_7",
        "UPDATE log_entry SET leaf = x'01'",
        "DELETE FROM log_entry",
        "UPDATE tenure SET from_ms = 6",
        "DELETE FROM tenure",
    ] {
        let refused = store.write(|tx| Ok(tx.execute(change, [])?)).await;
        assert!(refused.unwrap_err().to_string().contains("evidence"), "{change}");
    }
    drop(store);
    Store::open(dir.path(), 1).unwrap(); // with the tables of its days it is the structure of a fresh one
}

#[test]
fn what_is_not_a_database_and_what_cannot_be_opened_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(FILE_NAME), "not a database at all, only some text ".repeat(50)).unwrap();
    assert!(matches!(Store::open(dir.path(), 1), Err(StoreError::Corrupt(_))));
    let missing = Store::open(&dir.path().join("nowhere"), 1).unwrap_err();
    assert!(matches!(missing, StoreError::Open { .. }), "{missing:?}");
}

#[tokio::test]
async fn a_leaf_that_no_bundle_of_entries_holds_is_refused_with_all_that_goes_with_it() {
    use lichphat_playlists::proof::tile::MAX_ENTRY_BYTES;
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), 1).unwrap();
    let with = |bytes: usize| {
        store.write(move |tx| {
            insert(tx, "deed", 10)?;
            log::append_leaf(tx, &vec![3; bytes]).map(drop)
        })
    };
    assert!(matches!(with(MAX_ENTRY_BYTES + 1).await, Err(StoreError::Constraint(_))));
    assert_eq!(count(&store).await, 0, "the deed is undone, too");
    with(MAX_ENTRY_BYTES).await.unwrap();
}
