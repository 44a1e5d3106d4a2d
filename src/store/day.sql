-- The segments received on one local day, and where each device stood before them. {day} is its number. The store
-- makes these two tables with the day's first segment and drops both when retention reaches the day.

CREATE TABLE segment_{day} (
    log_index   INTEGER PRIMARY KEY CHECK (log_index >= 0), -- the leaf number
    device      INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    first_seq   INTEGER NOT NULL CHECK (first_seq >= 1),
    last_seq    INTEGER NOT NULL CHECK (last_seq >= first_seq),
    bytes       BLOB    NOT NULL,                           -- signature || compressed records: exactly what was signed and sent
    received_ms INTEGER NOT NULL,                           -- server clock
    UNIQUE (device, epoch, first_seq)
) STRICT;
CREATE TRIGGER segment_{day}_is_immutable BEFORE UPDATE ON segment_{day}
BEGIN SELECT RAISE(ABORT, 'a segment is evidence: it is never changed'); END;
CREATE TRIGGER segment_{day}_is_kept BEFORE DELETE ON segment_{day}
BEGIN SELECT RAISE(ABORT, 'a segment is evidence: its day is dropped as a whole, or nothing of it'); END;

-- The mark of each device before its first segment of the day, as in `mark`: from here a day is judged by itself.
CREATE TABLE mark_{day} (
    device    INTEGER NOT NULL,
    epoch     INTEGER NOT NULL,
    acked_seq INTEGER NOT NULL CHECK (acked_seq >= 0),
    head_hash BLOB    NOT NULL CHECK (length(head_hash) = 32),
    tally     TEXT    NOT NULL CHECK (json_valid(tally)),
    PRIMARY KEY (device, epoch)
) STRICT, WITHOUT ROWID;
