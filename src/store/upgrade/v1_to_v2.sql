CREATE TABLE restored (
    id         INTEGER PRIMARY KEY,
    backup_ms  INTEGER NOT NULL,
    plan_floor INTEGER NOT NULL CHECK (plan_floor >= 1)
) STRICT;
