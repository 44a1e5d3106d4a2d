-- The device's memory. One writer. WAL, synchronous = FULL: a committed record survives a power cut.
-- Instants are UTC milliseconds.

-- Whose journal this is and how far it is.
CREATE TABLE journal (
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  device   INTEGER NOT NULL CHECK (device > 0),
  epoch    INTEGER NOT NULL CHECK (epoch > 0),
  last_seq INTEGER NOT NULL CHECK (last_seq >= 0), -- last record in a segment
  acked    INTEGER NOT NULL CHECK (acked >= 0),    -- last record the scheduler holds, by its last receipt
  head     BLOB CHECK (length(head) = 32),         -- hash of the newest segment; NULL before the first
  anchor     TEXT NOT NULL, -- newest checkpoint of the log that held, a note; '' before the first
  run_anchor TEXT NOT NULL, -- the one that was known when the open run began
  log_fault  TEXT           -- what was found wrong with the log since; NULL when nothing
) STRICT;

-- Records not yet in a segment, by number, as JSON.
CREATE TABLE open_record (
  seq    INTEGER PRIMARY KEY CHECK (seq > 0),
  record TEXT NOT NULL
) STRICT;

-- Sealed segments: the exact signed bytes that are sent.
CREATE TABLE segment (
  last_seq     INTEGER PRIMARY KEY,
  first_seq    INTEGER NOT NULL CHECK (first_seq > 0 AND first_seq <= last_seq),
  sealed_at_ms INTEGER NOT NULL,
  last_end_ms  INTEGER NOT NULL, -- latest end among its records
  bytes        BLOB NOT NULL,
  proven       INTEGER NOT NULL DEFAULT 0 CHECK (proven IN (0, 1)) -- it is in the log: verified here
) STRICT;
CREATE INDEX segment_unproven ON segment (last_seq) WHERE proven = 0;
