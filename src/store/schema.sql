-- lichphat's database, as a fresh one is made. One file for all rooms; each room's section says
-- what its rows mean. A change of a released version also needs a numbered step in upgrade/.
--
-- Units stand in the names: _ms = milliseconds, _s = seconds, _bytes = bytes. Instants are UTC
-- milliseconds since 1970. A `day` is a local calendar day as days since 1970-01-01. Hashes are
-- SHA-256, 32 bytes. Codes are texts of 1 to 64 characters, a-z A-Z 0-9 . _ -

------------------------------------------------------------------ directory: units, screens, duty
-- How often a room changed; an import that was read against an older revision is refused.
CREATE TABLE revision (
    room TEXT    PRIMARY KEY CHECK (room IN ('directory', 'campaigns', 'approval', 'permitted')),
    n    INTEGER NOT NULL CHECK (n >= 1)
) STRICT, WITHOUT ROWID;

-- A body of the city's tree.
CREATE TABLE unit (
    code     TEXT    PRIMARY KEY,
    name     TEXT    NOT NULL,
    name_en  TEXT,
    kind     TEXT    NOT NULL,
    parent   TEXT,                                  -- code of the unit above; NULL = a root
    from_day INTEGER,                               -- first day it exists; NULL = since ever
    to_day   INTEGER,                               -- last day, included; NULL = open
    source   TEXT
) STRICT, WITHOUT ROWID;

-- A place where people look.
CREATE TABLE screen (
    code       TEXT    PRIMARY KEY,
    name       TEXT    NOT NULL,
    venue_type TEXT    NOT NULL,
    kind       TEXT    NOT NULL CHECK (kind IN ('managed', 'third-party', 'none')),
    connection TEXT    NOT NULL CHECK (connection IN ('direct', 'splitter', 'led-processor')),
    panels     INTEGER NOT NULL CHECK (panels >= 1),
    width_px   INTEGER NOT NULL CHECK (width_px >= 0),  -- 0 = a loudspeaker
    height_px  INTEGER NOT NULL CHECK (height_px >= 0),
    output     TEXT    NOT NULL CHECK (output IN ('video', 'none')),
    from_day   INTEGER,                                 -- first day it stands there; NULL = since ever
    to_day     INTEGER,                                 -- last day, included; NULL = open
    address    TEXT    NOT NULL DEFAULT ''              -- where an inspector goes; empty = nobody has said
) STRICT, WITHOUT ROWID;

-- To which unit a screen is tied, from a day until the next row of its link: history is only added to.
CREATE TABLE screen_link (
    screen   TEXT    NOT NULL REFERENCES screen (code),
    link     TEXT    NOT NULL CHECK (link IN ('owner', 'territory', 'sector', 'operator')),
    from_day INTEGER NOT NULL,                      -- -1000000 = since ever
    unit     TEXT,                                  -- NULL = none from that day on
    PRIMARY KEY (screen, link, from_day)
) STRICT, WITHOUT ROWID;

-- How a kind of place lives, from a day until the next row of its type.
CREATE TABLE venue_profile (
    venue_type TEXT    NOT NULL,
    from_day   INTEGER NOT NULL,                          -- -1000000 = since ever
    body       TEXT    NOT NULL CHECK (json_valid(body)), -- hours, peaks, sources, as the room writes it
    PRIMARY KEY (venue_type, from_day)
) STRICT, WITHOUT ROWID;

-- Days off, and days of rest that are worked.
CREATE TABLE calendar_day (
    day        INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL,
    name_en    TEXT,
    kind       TEXT    NOT NULL CHECK (kind IN ('day-off', 'workday')),
    applies_to TEXT    NOT NULL CHECK (applies_to IN ('all', 'offices')),
    status     TEXT    NOT NULL CHECK (status IN ('official', 'estimated', 'needs-confirmation')),
    source     TEXT
) STRICT;

-- Times in which screens are off, with a reason somebody answers for.
CREATE TABLE closure (
    link       TEXT    NOT NULL CHECK (link IN ('screen', 'owner', 'territory', 'sector', 'operator')),
    subject    TEXT    NOT NULL,                          -- a screen, or the unit whose screens by `link` are closed
    from_day   INTEGER NOT NULL,
    from_s     INTEGER NOT NULL CHECK (from_s BETWEEN 0 AND 86400),
    to_day     INTEGER NOT NULL,
    to_s       INTEGER NOT NULL CHECK (to_s BETWEEN 0 AND 86400), -- excluded
    reason     TEXT    NOT NULL,
    author     TEXT    NOT NULL,
    entered_ms INTEGER NOT NULL,                          -- after its beginning = entered after the fact
    PRIMARY KEY (link, subject, from_day, from_s)
) STRICT, WITHOUT ROWID;

-- When a vehicle's screen runs on a day, in place of its venue's hours.
CREATE TABLE duty_roster (
    screen TEXT    NOT NULL REFERENCES screen (code),
    day    INTEGER NOT NULL,
    hours  TEXT    NOT NULL,                        -- 05:12-09:40;15:00-20:10; empty = it stays in the depot
    PRIMARY KEY (screen, day)
) STRICT, WITHOUT ROWID;

-- Mean people per quarter of an hour, Monday to Sunday.
CREATE TABLE footfall (
    kind    TEXT NOT NULL CHECK (kind IN ('screen', 'venue')),
    subject TEXT NOT NULL,
    body    TEXT NOT NULL CHECK (json_valid(body)),
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

-- The counts of one day, as they were imported: what weekly proposals are derived from.
CREATE TABLE footfall_day (
    kind    TEXT    NOT NULL CHECK (kind IN ('screen', 'venue')),
    subject TEXT    NOT NULL,
    day     INTEGER NOT NULL,
    counts  TEXT    NOT NULL CHECK (json_valid(counts)), -- [[from_s, length_s, people], …], in order of the day
    PRIMARY KEY (kind, subject, day)
) STRICT, WITHOUT ROWID;

-- Whose peak windows follow their counts, from a day on, and by whose word.
CREATE TABLE peak_following (
    kind           TEXT    NOT NULL CHECK (kind IN ('screen', 'venue')),
    subject        TEXT    NOT NULL,
    from_day       INTEGER NOT NULL,
    to_day         INTEGER,                                             -- last day, included; NULL = open
    weeks          INTEGER NOT NULL CHECK (weeks >= 1),                 -- complete weeks that a proposal rests on
    share_permille INTEGER NOT NULL CHECK (share_permille BETWEEN 1 AND 1000),
    author         TEXT    NOT NULL,                                    -- who said so last
    PRIMARY KEY (kind, subject, from_day)
) STRICT, WITHOUT ROWID;

-- A profile derived from counts, put to people, and what became of it. Only an accepted one applies.
CREATE TABLE peak_proposal (
    id         INTEGER PRIMARY KEY,
    kind       TEXT    NOT NULL CHECK (kind IN ('screen', 'venue')),
    subject    TEXT    NOT NULL,
    monday     INTEGER NOT NULL,                          -- the week it is for
    body       TEXT    NOT NULL CHECK (json_valid(body)), -- its counts' days, windows and weights, as the room writes it
    made_ms    INTEGER NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('proposed', 'accepted', 'refused', 'lapsed')),
    author     TEXT,                                      -- who decided; NULL = nobody
    decided_ms INTEGER,
    from_day   INTEGER,                                   -- first day it applies; NULL = never
    UNIQUE (kind, subject, monday),
    CHECK ((author IS NOT NULL) = (state IN ('accepted', 'refused'))),
    CHECK ((from_day IS NOT NULL) = (state = 'accepted'))
) STRICT;
CREATE INDEX peak_proposal_by_state ON peak_proposal (state);

------------------------------------------------------ campaigns: directives, contracts, local loops
-- One order, contract, item, fixed event, safe loop or category gap, as the room writes it.
CREATE TABLE campaign (
    kind TEXT NOT NULL CHECK (kind IN ('directive', 'contract', 'item', 'fixed', 'fallback', 'category-gap')),
    code TEXT NOT NULL,
    body TEXT NOT NULL CHECK (json_valid(body)),
    PRIMARY KEY (kind, code)
) STRICT, WITHOUT ROWID;

-------------------------------------------------------------------------------------------- orders
-- An order that is written by form, until two people have said yes to it. `campaign` holds it from then on.
CREATE TABLE order_draft (
    number   INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision >= 1),            -- the newest of its revisions
    state    TEXT    NOT NULL CHECK (state IN ('writing', 'put', 'published', 'dropped')),
    code     TEXT,                                              -- the order that it became
    CHECK ((code IS NOT NULL) = (state = 'published'))
) STRICT;
CREATE TRIGGER what_is_published_stands BEFORE UPDATE ON order_draft WHEN OLD.state IN ('published', 'dropped')
BEGIN SELECT RAISE(ABORT, 'an order that was published is amended, never edited'); END;

-- What it said, each time that somebody wrote: rows are only ever added.
CREATE TABLE order_revision (
    draft    INTEGER NOT NULL REFERENCES order_draft (number),
    revision INTEGER NOT NULL CHECK (revision >= 1),
    account  TEXT    NOT NULL,                                  -- who wrote it
    at_ms    INTEGER NOT NULL,
    sheet    TEXT    NOT NULL CHECK (json_valid(sheet)),        -- field by field, as it was typed
    PRIMARY KEY (draft, revision)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER order_revision_is_immutable BEFORE UPDATE ON order_revision
BEGIN SELECT RAISE(ABORT, 'what somebody wrote is kept: write the next revision'); END;

-- What people said of a revision; the last word of each counts.
CREATE TABLE order_word (
    draft    INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    account  TEXT    NOT NULL,
    yes      INTEGER NOT NULL CHECK (yes IN (0, 1)),
    words    TEXT    NOT NULL,                                  -- number of the written decision, or why not
    document BLOB CHECK (length(document) = 32),                -- SHA-256 of what a yes was said to
    at_ms    INTEGER NOT NULL,
    PRIMARY KEY (draft, revision, account),
    FOREIGN KEY (draft, revision) REFERENCES order_revision (draft, revision)
) STRICT, WITHOUT ROWID;

------------------------------------------------------------------------------------------- library
-- One media file; its bytes are on disk under media/<2 hex>/<64 hex>.
CREATE TABLE media (
    hash        BLOB    PRIMARY KEY CHECK (length(hash) = 32), -- SHA-256 of the bytes that are played
    size_bytes  INTEGER NOT NULL CHECK (size_bytes > 0),
    kind        TEXT    NOT NULL CHECK (kind IN ('video', 'still', 'audio')),
    duration_s  INTEGER NOT NULL CHECK (duration_s > 0),       -- booked length, whole seconds
    duration_ms INTEGER NOT NULL CHECK (duration_ms > 0),      -- measured; of a still: the booked length
    name        TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 200), -- for people; never a path
    added_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

------------------------------------------------------------------------------------------ approval
-- Who has brought which file over the network: he sees it, and does not approve it.
CREATE TABLE media_brought (
    account TEXT    NOT NULL,
    hash    BLOB    NOT NULL REFERENCES media (hash),
    at_ms   INTEGER NOT NULL,
    PRIMARY KEY (account, hash)
) STRICT, WITHOUT ROWID;

-- What people decide on: files of one campaign, in places, on days.
CREATE TABLE proposal (
    number     INTEGER PRIMARY KEY,
    campaign   TEXT    NOT NULL,
    draft      TEXT    NOT NULL CHECK (json_valid(draft)), -- what exactly is to be shown, as the room writes it
    brought_by TEXT    NOT NULL,                           -- an account, or 'shell'
    kept_by    TEXT,                                       -- who looks after it since that account has ended; NULL = who brought it
    brought_ms INTEGER NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('open', 'approved', 'refused', 'lapsed', 'withdrawn')),
    permit     BLOB    CHECK (length(permit) = 32),        -- what came of it
    CHECK ((permit IS NOT NULL) = (state IN ('approved', 'withdrawn')))
) STRICT;

-- What each of them said of it; the last word counts.
CREATE TABLE proposal_said (
    proposal INTEGER NOT NULL REFERENCES proposal (number),
    account  TEXT    NOT NULL,                     -- 'shell': the server's own
    yes      INTEGER NOT NULL CHECK (yes IN (0, 1)),
    words    TEXT    NOT NULL,                     -- number of the written decision, or why not
    at_ms    INTEGER NOT NULL,
    PRIMARY KEY (proposal, account)
) STRICT, WITHOUT ROWID;

-- Signed documents as devices fetch them: permits, where screens stand, what was taken back. Rows are only ever added.
CREATE TABLE approval_document (
    hash     BLOB    PRIMARY KEY CHECK (length(hash) = 32), -- of the envelope: the document's name
    kind     TEXT    NOT NULL CHECK (kind IN ('permit', 'place', 'withdrawals')),
    screen   TEXT,                                          -- of a place
    version  INTEGER NOT NULL CHECK (version >= 1),         -- of a permit: the proposal's number
    document BLOB    NOT NULL,
    CHECK ((screen IS NOT NULL) = (kind = 'place'))
) STRICT;
CREATE UNIQUE INDEX approval_document_by_version ON approval_document (kind, coalesce(screen, ''), version);
CREATE TRIGGER approval_document_is_immutable BEFORE UPDATE ON approval_document
BEGIN SELECT RAISE(ABORT, 'what was signed is immutable: sign another document'); END;

------------------------------------------------------------------------------------------- planning
-- The asset table of a playlist document: a separate object with its own ETag, shared by plans.
CREATE TABLE asset_table (
    hash   BLOB PRIMARY KEY CHECK (length(hash) = 32), -- of the JSON that devices fetch
    packed BLOB NOT NULL                               -- the JSON as a zstd frame
) STRICT;

-- The stated problem of one screen and day, as the planner got it: for export and for "why".
CREATE TABLE day_problem (
    hash   BLOB PRIMARY KEY CHECK (length(hash) = 32), -- of the JSON
    packed BLOB NOT NULL                               -- the JSON as a zstd frame
) STRICT;

-- One immutable plan of one screen and day. Rows are only ever added (invariant 2).
CREATE TABLE plan (
    id           INTEGER PRIMARY KEY,
    screen       TEXT    NOT NULL,
    day          INTEGER NOT NULL,                              -- local day, days since 1970
    version      INTEGER NOT NULL CHECK (version >= 1),         -- only ever goes up
    hash         BLOB    NOT NULL CHECK (length(hash) = 32),    -- of the signed document: the plan's name
    cause        TEXT    NOT NULL,                              -- why this version was made
    made_ms      INTEGER NOT NULL,
    input_hash   BLOB    NOT NULL CHECK (length(input_hash) = 32), -- of what decided it: same input, no new version
    problem_hash BLOB    NOT NULL REFERENCES day_problem (hash),
    document     BLOB    NOT NULL,                              -- signed envelope, the bytes that devices fetch
    assets_hash  BLOB    NOT NULL REFERENCES asset_table (hash),
    slots        INTEGER NOT NULL CHECK (slots >= 0),           -- all of them: orders, contracts, loop
    UNIQUE (screen, day, version)
) STRICT;
CREATE INDEX plan_by_day ON plan (day, screen);
CREATE INDEX plan_by_hash ON plan (hash);
CREATE TRIGGER plan_is_immutable BEFORE UPDATE ON plan
BEGIN SELECT RAISE(ABORT, 'a plan is immutable: make a new version'); END;

-- Each restore from a backup. Plans published after the backup are lost here and held by players, who take no lower version:
-- plans go on from `plan_floor`, the second of the restore.
CREATE TABLE restored (
    id         INTEGER PRIMARY KEY,
    backup_ms  INTEGER NOT NULL,                    -- of when the backup is
    plan_floor INTEGER NOT NULL CHECK (plan_floor >= 1)
) STRICT;

-- What a plan gives each campaign.
CREATE TABLE plan_campaign (
    plan_id  INTEGER NOT NULL REFERENCES plan (id) ON DELETE CASCADE,
    campaign TEXT    NOT NULL,
    screen   TEXT    NOT NULL,                      -- with day and version the plan's own: a report finds the days of a
    day      INTEGER NOT NULL,                      -- campaign without a look at the plans of all others
    version  INTEGER NOT NULL,
    tier     TEXT    NOT NULL CHECK (tier IN ('fixed', 'order', 'contract', 'local', 'fallback')),
    planned  INTEGER NOT NULL CHECK (planned >= 0), -- slots in the plan
    asked    INTEGER NOT NULL CHECK (asked >= 0),   -- plays its quota asked of this day
    not_approved INTEGER NOT NULL CHECK (not_approved IN (0, 1)), -- 1: nobody had approved it, as the signed document says
    short_vi TEXT    NOT NULL DEFAULT '',           -- why fewer were planned than asked, for people; empty when not
    short_en TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (plan_id, campaign)
) STRICT, WITHOUT ROWID;
CREATE INDEX plan_campaign_by_campaign ON plan_campaign (campaign, day, screen, version, asked, planned, not_approved);

---------------------------------------------------------------------------------------------- fleet
-- One installed player. A replaced box is a new row of the same screen; a re-image a new epoch.
CREATE TABLE device (
    id            INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 4294967295),
    screen        TEXT    NOT NULL,
    epoch         INTEGER NOT NULL CHECK (epoch BETWEEN 1 AND 4294967295), -- current; only ever goes up
    public_key    BLOB    NOT NULL CHECK (length(public_key) = 32),   -- Ed25519 evidence key, made on the device
    fingerprint   BLOB    NOT NULL CHECK (length(fingerprint) = 32),  -- SHA-256 of the public key of its certificates
    registered_ms INTEGER NOT NULL,
    simulated     INTEGER NOT NULL DEFAULT 0 CHECK (simulated IN (0, 1)), -- shown as such everywhere
    retired_ms    INTEGER,                                            -- another box took its screen: no more plans; what it played before still counts
    revoked_ms    INTEGER                                             -- from then on nothing of it is accepted; NULL = trusted
) STRICT;
CREATE INDEX device_by_screen ON device (screen);
CREATE UNIQUE INDEX device_by_key ON device (public_key);

-- Which box a screen was of, from when on: what the log states, by screen.
CREATE TABLE tenure (
    screen    TEXT    NOT NULL,
    log_index INTEGER NOT NULL,
    device    INTEGER NOT NULL,
    from_ms   INTEGER NOT NULL,
    PRIMARY KEY (screen, log_index)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER tenure_is_immutable BEFORE UPDATE ON tenure
BEGIN SELECT RAISE(ABORT, 'whose a screen was decides what counts as evidence: it is never changed'); END;
CREATE TRIGGER tenure_is_kept BEFORE DELETE ON tenure
BEGIN SELECT RAISE(ABORT, 'whose a screen was decides what counts as evidence: it is kept for ever'); END;

-- One-time tokens that let a device register.
CREATE TABLE provisioning (
    token_hash BLOB    PRIMARY KEY CHECK (length(token_hash) = 32), -- SHA-256 of the token, never the token
    screen     TEXT    NOT NULL,
    fingerprint BLOB   CHECK (length(fingerprint) = 32),            -- SHA-256 of the only public key it is good for; NULL = of whoever brings it first
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL CHECK (expires_ms > created_ms),
    used_ms    INTEGER,                                             -- NULL = not used yet
    approved_by  TEXT  NOT NULL CHECK (approved_by <> ''),          -- account
    introduction TEXT  NOT NULL CHECK (json_valid(introduction))    -- how the box was known, as the log says it
) STRICT;

-- Codes that boxes show, until they are entered or over.
CREATE TABLE pairing (
    first_half  TEXT    PRIMARY KEY CHECK (length(first_half) = 4), -- of the code: finds the box
    code_hash   BLOB    NOT NULL CHECK (length(code_hash) = 32),    -- SHA-256 of the code, never the code
    claim_hash  BLOB    NOT NULL UNIQUE CHECK (length(claim_hash) = 32), -- SHA-256 of what the box asks with
    fingerprint BLOB    NOT NULL UNIQUE CHECK (length(fingerprint) = 32), -- SHA-256 of the box's public key
    network     TEXT,                                               -- where it asks from; NULL = within this process
    expires_ms  INTEGER NOT NULL,
    tries_left  INTEGER NOT NULL,                                   -- wrong second halves until it is over
    screen      TEXT                                                -- NULL = nobody has entered it yet
) STRICT;

-- Wrong codes of late.
CREATE TABLE pairing_miss (
    account TEXT    NOT NULL,
    at_ms   INTEGER NOT NULL
) STRICT;

-- Boxes that need no code.
CREATE TABLE listed_box (
    fingerprint BLOB    PRIMARY KEY CHECK (length(fingerprint) = 32), -- SHA-256 of its public key
    serial      TEXT    NOT NULL,
    screen      TEXT    NOT NULL,
    list        BLOB    NOT NULL CHECK (length(list) = 32),         -- SHA-256 of the list it came with
    approved_by TEXT    NOT NULL,
    approved_ms INTEGER NOT NULL,
    came_ms     INTEGER                                             -- NULL = not yet
) STRICT;

-- The latest heartbeat of each device.
CREATE TABLE heartbeat (
    device INTEGER PRIMARY KEY REFERENCES device (id),
    at_ms  INTEGER NOT NULL,                            -- received, server clock
    body   TEXT    NOT NULL CHECK (json_valid(body)),   -- as sent
    runs   TEXT    NOT NULL CHECK (json_valid(runs)),   -- the runs it came from of late, newest last
    doubled_ms INTEGER                                  -- when an earlier run was heard again: two boxes, one identity
) STRICT;

-- What operators asked of devices, and the devices' signed answers.
CREATE TABLE command (
    id          INTEGER PRIMARY KEY,                    -- its number; only ever goes up, at least the clock's ms when it was asked
    device      INTEGER NOT NULL REFERENCES device (id),
    epoch       INTEGER NOT NULL,
    word        TEXT    NOT NULL,                       -- screenshot, restart, identify, volume, log, challenge
    ask         TEXT    NOT NULL CHECK (json_valid(ask)),
    asked_by    TEXT    NOT NULL CHECK (asked_by <> ''),
    asked_ms    INTEGER NOT NULL,
    expires_ms  INTEGER NOT NULL CHECK (expires_ms > asked_ms),
    answered_ms INTEGER,                                -- received, server clock; NULL = not answered
    answer      BLOB,                                   -- the signed envelope as sent; the first one stands
    CHECK ((answered_ms IS NULL) = (answer IS NULL))
) STRICT;
CREATE INDEX command_by_device ON command (device, id);
CREATE TRIGGER an_answer_stands BEFORE UPDATE ON command WHEN OLD.answer IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'an answer is signed: it is never changed'); END;

-- Versions of the player as their makers signed them, and how far each may go.
CREATE TABLE release (
    serial   INTEGER PRIMARY KEY CHECK (serial BETWEEN 1 AND 4294967295),
    manifest BLOB    NOT NULL,                             -- signed envelope, the bytes that devices get
    below    INTEGER NOT NULL CHECK (below BETWEEN 0 AND 1000), -- devices whose bucket is below this get it
    stopped  TEXT,                                         -- why nobody gets it any more; NULL = it goes on
    added_ms INTEGER NOT NULL
) STRICT;

-- To whom a release was offered.
CREATE TABLE release_offer (
    serial INTEGER NOT NULL REFERENCES release (serial),
    device INTEGER NOT NULL REFERENCES device (id),
    at_ms  INTEGER NOT NULL,                               -- first, server clock
    PRIMARY KEY (serial, device)
) STRICT, WITHOUT ROWID;

--------------------------------------------------------------------------------------------- people
-- Who may come in. Of every secret only its SHA-256 stands here, of passwords argon2id; what an authenticator shows follows
-- from a key outside (keys/people.key) and `seed`.
CREATE TABLE account (
    code       TEXT    PRIMARY KEY,
    name       TEXT    NOT NULL CHECK (name <> ''),
    password   TEXT,                                          -- PHC form; NULL = none was chosen yet
    seed       BLOB    CHECK (length(seed) = 32),             -- of the authenticator of six digits; NULL = there is none
    step       INTEGER NOT NULL DEFAULT 0,                    -- newest code of it that was used: none is good twice
    made_ms    INTEGER NOT NULL,
    entered_ms INTEGER,                                       -- last signed in
    ended_ms   INTEGER                                        -- deactivated; an account is never taken away
) STRICT, WITHOUT ROWID;

-- Roles over units: added and revoked, never changed.
CREATE TABLE account_grant (
    id         INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 4294967295),
    account    TEXT    NOT NULL REFERENCES account (code),
    role       TEXT    NOT NULL,
    unit       TEXT,                                          -- it and what lies below; NULL = everywhere
    from_day   INTEGER,                                       -- NULL = since ever
    to_day     INTEGER,                                       -- last day, included; NULL = open
    decision   TEXT    NOT NULL,                              -- number of the paper behind it
    through    INTEGER REFERENCES account_grant (id),         -- passed on by its holder, and good as long as this one
    given_by   TEXT    NOT NULL,                              -- an account, or 'shell'
    given_ms   INTEGER NOT NULL,
    revoked_ms INTEGER
) STRICT;
CREATE INDEX account_grant_by_account ON account_grant (account) WHERE revoked_ms IS NULL;

-- Passkeys: public keys of authenticators, whose secrets never leave them.
CREATE TABLE passkey (
    id         INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 4294967295),
    account    TEXT    NOT NULL REFERENCES account (code),
    credential BLOB    NOT NULL UNIQUE,                       -- what its authenticator calls it
    name       TEXT    NOT NULL CHECK (name <> ''),           -- what its owner calls it
    key        TEXT    NOT NULL CHECK (json_valid(key)),      -- public key and flags, as webauthn-rs writes them
    counter    INTEGER NOT NULL DEFAULT 0,                    -- of uses; it goes up, or is always 0
    made_ms    INTEGER NOT NULL,
    used_ms    INTEGER                                        -- last signed in with it
) STRICT;
CREATE INDEX passkey_by_account ON passkey (account);

-- Browsers that are signed in.
CREATE TABLE session (
    hash    BLOB    PRIMARY KEY CHECK (length(hash) = 32),
    account TEXT    NOT NULL REFERENCES account (code),
    strong  INTEGER NOT NULL CHECK (strong IN (0, 1)),        -- a second factor was shown
    made_ms INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_account ON session (account);

-- Browsers from which somebody has signed in before: their failures are counted apart from those of strangers.
CREATE TABLE known_browser (
    hash    BLOB    NOT NULL CHECK (length(hash) = 32),
    account TEXT    NOT NULL REFERENCES account (code),
    seen_ms INTEGER NOT NULL,
    PRIMARY KEY (account, hash)
) STRICT, WITHOUT ROWID;

-- Codes with which a password and an authenticator are chosen, once.
CREATE TABLE one_time_code (
    hash       BLOB    PRIMARY KEY CHECK (length(hash) = 32),
    account    TEXT    REFERENCES account (code),             -- NULL = makes an administrator of the whole city
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What programs come in with.
CREATE TABLE api_token (
    id         INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 4294967295),
    hash       BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    account    TEXT    NOT NULL REFERENCES account (code),    -- it may never more than this one
    label      TEXT    NOT NULL,
    acts       TEXT    NOT NULL CHECK (json_valid(acts)),     -- what for
    unit       TEXT,                                          -- only there and below; NULL = wherever the account may
    made_ms    INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL CHECK (expires_ms > made_ms),
    revoked_ms INTEGER
) STRICT;
CREATE INDEX api_token_by_account ON api_token (account);

----------------------------------------------------------------------------------------------- care
-- Written to see that writing works.
CREATE TABLE pulse (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    at_ms INTEGER NOT NULL
) STRICT;

---------------------------------------------------------------------------------------------- proof
-- Evidence never cascades from anything: no foreign key from here to media, plans or campaigns.

-- The log is numbered without holes from 0, in order of receipt; the number is the leaf's. Segments lie in one table
-- per received day (day.sql): the day of the server's clock, or that of the entry before when the clock was set back,
-- so that days are runs of the log.
CREATE TABLE segment_day (
    day         INTEGER PRIMARY KEY,                         -- the tables segment_<day> and mark_<day> stand
    first_index INTEGER NOT NULL CHECK (first_index >= 0)    -- entries before this one are of earlier days
) STRICT;

-- Leaves that stand by themselves: the scheduler's statements, devices' heads and quarantined forks (for ever), and
-- segments of a dropped day that share an entry bundle with kept ones.
CREATE TABLE log_entry (
    log_index INTEGER PRIMARY KEY CHECK (log_index >= 0),
    leaf      BLOB    NOT NULL                               -- as it is hashed
) STRICT;
-- The scheduler's statements alone (a leaf's first byte says what it is): devices' heads are many.
CREATE INDEX log_statement ON log_entry (log_index) WHERE substr(leaf, 1, 1) = x'02';
-- Which entries are about which screen, for who asks what was done about it; written with the entry.
CREATE TABLE log_about (
    screen    TEXT    NOT NULL,
    log_index INTEGER NOT NULL CHECK (log_index >= 0),
    PRIMARY KEY (screen, log_index)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER log_entry_is_immutable BEFORE UPDATE ON log_entry
BEGIN SELECT RAISE(ABORT, 'a log entry is evidence: it is never changed'); END;
CREATE TRIGGER log_entry_is_kept BEFORE DELETE ON log_entry
BEGIN SELECT RAISE(ABORT, 'a log entry is evidence: it is kept for ever'); END;

-- Every checkpoint of the tree over the log, as it was published; the largest is the newest.
CREATE TABLE log_checkpoint (
    origin TEXT    NOT NULL,                                 -- the log's name: another key is another log
    size   INTEGER NOT NULL CHECK (size >= 0),               -- entries
    root   BLOB    NOT NULL CHECK (length(root) = 32),
    note   TEXT    NOT NULL,                                 -- signed; cosignatures are added below the same text
    at_ms  INTEGER NOT NULL,                                 -- signed, server clock
    PRIMARY KEY (origin, size)                               -- of one size there is one
) STRICT, WITHOUT ROWID;
CREATE TRIGGER a_checkpoint_stands BEFORE UPDATE OF origin, size, root, at_ms ON log_checkpoint
BEGIN SELECT RAISE(ABORT, 'a checkpoint is published: it is never changed'); END;

-- Logs that have ended: nothing is published under their names any more.
CREATE TABLE log_over (
    origin TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- How it went with each witness last: for people, and so that the next process asks from the right size. No evidence: that is in
-- the notes of the checkpoints.
CREATE TABLE log_witness (
    origin      TEXT    NOT NULL,                               -- the log's name
    witness     TEXT    NOT NULL,                               -- its key with its name
    size        INTEGER NOT NULL CHECK (size >= 0),             -- entries it has cosigned, as far as is known
    cosigned_ms INTEGER,                                        -- its newest cosignature, server clock; null: none yet
    trouble     TEXT CHECK (trouble IS NULL OR json_valid(trouble)), -- why it did not cosign the newest checkpoint; null: it did
    PRIMARY KEY (origin, witness)
) STRICT, WITHOUT ROWID;

-- How far the server holds each device's records.
CREATE TABLE mark (
    device    INTEGER NOT NULL,
    epoch     INTEGER NOT NULL,
    acked_seq INTEGER NOT NULL CHECK (acked_seq >= 0),  -- everything up to here is held; 0 = nothing yet
    head_hash BLOB    NOT NULL CHECK (length(head_hash) = 32), -- of the newest segment
    day       INTEGER NOT NULL,                         -- the table segment_<day> that holds it
    day_segments INTEGER NOT NULL CHECK (day_segments >= 0), -- segments of the device in that table: there is a limit to a day
    tally     TEXT    NOT NULL CHECK (json_valid(tally)), -- what the counting rule remembers of earlier records, as the pure core writes it
    PRIMARY KEY (device, epoch)
) STRICT, WITHOUT ROWID;

-- How far each device signed that its records go: the newest word of each.
CREATE TABLE device_head (
    device      INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    sealed_seq  INTEGER NOT NULL CHECK (sealed_seq >= 0), -- last record it has sealed
    envelope    BLOB    NOT NULL,                       -- as it was signed
    received_ms INTEGER NOT NULL,                       -- server clock
    behind_ms   INTEGER,                                -- since when it has promised more than is held; NULL = it did not when it spoke
    stated_seq  INTEGER,                                -- what the newest word in the log promises; NULL = there is none
    stated_ms   INTEGER,
    PRIMARY KEY (device, epoch)
) STRICT, WITHOUT ROWID;
CREATE INDEX device_head_behind ON device_head (behind_ms) WHERE behind_ms IS NOT NULL;

-- Second stories: segments for a place that another segment of the same device holds. Their bytes are leaves of the log.
CREATE TABLE quarantine (
    log_index   INTEGER PRIMARY KEY CHECK (log_index >= 0), -- its leaf in log_entry
    day         INTEGER NOT NULL,                         -- local day on which it came: there is a limit to each
    device      INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    first_seq   INTEGER NOT NULL,
    last_seq    INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,                         -- server clock
    hash        BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32) -- of the envelope: the same bytes are kept once
) STRICT;
CREATE INDEX quarantine_by_day ON quarantine (day, device);

-- Second stories beyond the limit: counted, and not kept.
CREATE TABLE quarantine_beyond (
    device   INTEGER PRIMARY KEY,
    segments INTEGER NOT NULL CHECK (segments > 0),       -- as often as they came
    last_ms  INTEGER NOT NULL                             -- server clock
) STRICT;

-- Figures per day, device and campaign; equal, always, to recomputation from the segments.
-- A planned play belongs to its plan's day, any other to the local day it was played on.
CREATE TABLE rollup (
    day             INTEGER NOT NULL,
    device          INTEGER NOT NULL,
    campaign        TEXT    NOT NULL,
    screen          TEXT    NOT NULL,                              -- of the device then
    slots_seen      INTEGER NOT NULL CHECK (slots_seen >= 0),      -- planned slots with a record, whatever became of it
    counted         INTEGER NOT NULL CHECK (counted >= 0),         -- inside the campaign's windows: toward the quota
    counted_outside INTEGER NOT NULL CHECK (counted_outside >= 0), -- good plays outside them
    made_good       INTEGER NOT NULL CHECK (made_good BETWEEN 0 AND counted), -- of counted: in place of a missed slot
    late            INTEGER NOT NULL CHECK (late BETWEEN 0 AND counted + counted_outside), -- of both counted: arrived more than a day late
    not_counted     INTEGER NOT NULL CHECK (not_counted >= 0),     -- why: rollup_reason
    unknown         INTEGER NOT NULL CHECK (unknown >= 0),         -- why: rollup_reason
    at_d0           INTEGER NOT NULL CHECK (at_d0 >= 0),           -- counted by display level, lowest first (a dark
    at_d1           INTEGER NOT NULL CHECK (at_d1 >= 0),           -- panel never counts); together they are `counted`
    at_d2           INTEGER NOT NULL CHECK (at_d2 >= 0),
    at_d3           INTEGER NOT NULL CHECK (at_d3 >= 0),
    at_d5           INTEGER NOT NULL CHECK (at_d5 >= 0),
    PRIMARY KEY (day, device, campaign),
    CHECK (at_d0 + at_d1 + at_d2 + at_d3 + at_d5 = counted)
) STRICT, WITHOUT ROWID;
CREATE INDEX rollup_by_screen ON rollup (screen, day);
CREATE INDEX rollup_by_campaign ON rollup (campaign, day);

-- Why plays of a rollup row were not counted, or are unknown: stable codes of the counting rule.
CREATE TABLE rollup_reason (
    day      INTEGER NOT NULL,
    device   INTEGER NOT NULL,
    campaign TEXT    NOT NULL,
    reason   TEXT    NOT NULL,
    n        INTEGER NOT NULL CHECK (n > 0),
    PRIMARY KEY (day, device, campaign, reason)
) STRICT, WITHOUT ROWID;

------------------------------------------------------------------------------------------- exchange
-- What others declare: never evidence, never in a figure that is proven. Rows are only ever added.
CREATE TABLE declared_import (
    id            INTEGER PRIMARY KEY,
    hash          BLOB    NOT NULL CHECK (length(hash) = 32), -- SHA-256 of the file
    name          TEXT    NOT NULL,                         -- as the person gave it
    author        TEXT    NOT NULL CHECK (author <> ''),    -- who brought it
    imported_ms   INTEGER NOT NULL,
    withdrawn_ms  INTEGER,                                  -- its plays count no more; NULL = it stands
    withdrawn_by  TEXT    CHECK (withdrawn_by <> ''),
    withdrawn_why TEXT    CHECK (withdrawn_why <> ''),
    settled       INTEGER NOT NULL CHECK (settled IN (0, 1)), -- 0 = broken off: some days do not hold it yet or, withdrawn, still do
    CHECK ((withdrawn_ms IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_ms IS NULL) = (withdrawn_why IS NULL))
) STRICT;
CREATE UNIQUE INDEX declared_import_that_stands ON declared_import (hash) WHERE withdrawn_ms IS NULL;
CREATE TRIGGER an_import_stands BEFORE UPDATE OF id, hash, name, author, imported_ms ON declared_import
BEGIN SELECT RAISE(ABORT, 'an import is never changed'); END;
CREATE TRIGGER a_withdrawal_stands BEFORE UPDATE OF withdrawn_ms, withdrawn_by, withdrawn_why ON declared_import
WHEN OLD.withdrawn_ms IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a withdrawal is never changed'); END;

-- A play as an import declares it. The same screen, instant and campaign is the same play, whichever file says so: what
-- the first import says that was not withdrawn stands.
CREATE TABLE declared_play (
    screen   TEXT    NOT NULL,
    start_ms INTEGER NOT NULL,
    campaign TEXT    NOT NULL,
    import   INTEGER NOT NULL REFERENCES declared_import (id),
    end_ms   INTEGER NOT NULL CHECK (end_ms >= start_ms),
    media    TEXT    NOT NULL,                             -- as the log calls it
    line     INTEGER NOT NULL,                             -- in the file
    PRIMARY KEY (screen, start_ms, campaign, import)
) STRICT, WITHOUT ROWID;
CREATE INDEX declared_play_by_import ON declared_play (import);
CREATE TRIGGER a_declaration_stands BEFORE UPDATE ON declared_play
BEGIN SELECT RAISE(ABORT, 'a declaration is never changed'); END;

-- Their figures per day, for screens on which somebody else plays; worked out anew whenever an import, or its
-- withdrawal, touches the day.
CREATE TABLE declared_day (
    day      INTEGER NOT NULL,
    screen   TEXT    NOT NULL,
    campaign TEXT    NOT NULL,
    figures  TEXT    NOT NULL CHECK (json_valid(figures)), -- plays, outside, not_counted, reasons
    PRIMARY KEY (day, screen, campaign)
) STRICT, WITHOUT ROWID;
CREATE INDEX declared_day_by_campaign ON declared_day (campaign, day);

-- What a segment added to the sum of a day after the one whose table holds it: a part that cannot be summed again once
-- that table is dropped.
CREATE TABLE rollup_early (
    log_index INTEGER NOT NULL,
    day       INTEGER NOT NULL,
    campaign  TEXT    NOT NULL,
    device    INTEGER NOT NULL,
    counts    TEXT    NOT NULL CHECK (json_valid(counts)), -- as the pure core writes them
    PRIMARY KEY (log_index, day, campaign)
) STRICT, WITHOUT ROWID;

------------------------------------------------------------------------------------------ sampling
-- Draws as they were made. Each is stated in the log, too: one that nobody liked cannot be made away with.
CREATE TABLE draw (
    hash      BLOB    PRIMARY KEY CHECK (length(hash) = 32), -- of the JSON: the draw's name
    log_index INTEGER NOT NULL UNIQUE REFERENCES log_entry (log_index),
    packed    BLOB    NOT NULL                               -- the JSON as a zstd frame
) STRICT;
CREATE TRIGGER draw_is_immutable BEFORE UPDATE ON draw
BEGIN SELECT RAISE(ABORT, 'a draw is evidence: it is never changed'); END;

-- Which entries of the log are findings of a draw.
CREATE TABLE finding (
    draw      BLOB    NOT NULL REFERENCES draw (hash),
    n         INTEGER NOT NULL CHECK (n >= 1),            -- the play's turn in the draw
    log_index INTEGER NOT NULL REFERENCES log_entry (log_index),
    PRIMARY KEY (draw, n, log_index)
) STRICT, WITHOUT ROWID;

-------------------------------------------------------------------------------------------- report
-- Reports that a named person has closed, and their supplements: the very data that were printed, so that they are printed the
-- same for ever. Each has its statement in the log.
CREATE TABLE report_closed (
    id        INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 4294967295),
    selection TEXT    NOT NULL CHECK (json_valid(selection)), -- what was asked for, as the report room writes it
    number    INTEGER NOT NULL CHECK (number >= 0),         -- 0 = the report; from 1 on its supplements
    hash      BLOB    NOT NULL CHECK (length(hash) = 32),   -- SHA-256 of the data
    packed    BLOB    NOT NULL,                             -- the data as a zstd frame
    closed_by TEXT    NOT NULL,                             -- an account
    closed_ms INTEGER NOT NULL,                             -- server clock
    log_index INTEGER NOT NULL UNIQUE REFERENCES log_entry (log_index),
    UNIQUE (selection, number)
) STRICT;
CREATE TRIGGER report_closed_is_immutable BEFORE UPDATE ON report_closed
BEGIN SELECT RAISE(ABORT, 'a closed report is never changed'); END;
CREATE TRIGGER report_closed_is_kept BEFORE DELETE ON report_closed
BEGIN SELECT RAISE(ABORT, 'a closed report is kept for ever'); END;

-- Reports as somebody has just looked at them, so that each of their files is of the very figures on the page: for a while, the
-- newest so many bytes of them (the store's care), and no evidence of anything.
CREATE TABLE report_made (
    id       INTEGER PRIMARY KEY,
    hash     BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32), -- SHA-256 of the data
    packed   BLOB    NOT NULL,                              -- the data as a zstd frame
    made_ms  INTEGER NOT NULL                               -- server clock
) STRICT;

-- Rules by which reports make themselves (the server's settings), by when each was first seen.
CREATE TABLE report_rule (
    name     TEXT    PRIMARY KEY,
    since_ms INTEGER NOT NULL,                              -- server clock
    settings TEXT    NOT NULL                               -- as it stands in the settings: JSON
) STRICT, WITHOUT ROWID;

-- What rules have made: once for each period, and kept.
CREATE TABLE report_due (
    id       INTEGER PRIMARY KEY,
    rule     TEXT    NOT NULL,                              -- its name; a rule that is gone leaves what it made
    from_day INTEGER NOT NULL,
    to_day   INTEGER NOT NULL CHECK (to_day >= from_day),   -- last day, included
    hash     BLOB    CHECK (length(hash) = 32),             -- SHA-256 of the data; NULL = could not be made yet
    packed   BLOB,                                          -- the data as a zstd frame
    at_ms    INTEGER NOT NULL,                              -- server clock: made, or tried last
    tries    INTEGER NOT NULL CHECK (tries >= 0),           -- in vain
    problem  TEXT    NOT NULL,                              -- why it could not be made; empty = it was
    UNIQUE (rule, from_day, to_day),
    CHECK ((hash IS NULL) = (packed IS NULL) AND (hash IS NULL) = (problem <> ''))
) STRICT;

-- Where each of them goes.
CREATE TABLE report_delivery (
    due      INTEGER NOT NULL REFERENCES report_due (id),
    way      TEXT    NOT NULL,                              -- folder, or an e-mail address
    done_ms  INTEGER,                                       -- server clock; NULL = not yet
    tried_ms INTEGER NOT NULL,                              -- server clock: tried last; 0 = not yet
    tries    INTEGER NOT NULL CHECK (tries >= 0),           -- in vain
    problem  TEXT    NOT NULL,                              -- of the last try; empty = none
    PRIMARY KEY (due, way)
) STRICT, WITHOUT ROWID;
CREATE INDEX report_delivery_open ON report_delivery (due) WHERE done_ms IS NULL;

-- What units say of their figures (giải trình): added, never changed.
CREATE TABLE report_explanation (
    id        INTEGER PRIMARY KEY,
    unit      TEXT    NOT NULL,
    campaign  TEXT,                                         -- NULL = of every order
    from_day  INTEGER NOT NULL,
    to_day    INTEGER NOT NULL CHECK (to_day >= from_day),  -- last day, included
    words     TEXT    NOT NULL CHECK (length(words) BETWEEN 1 AND 4000),
    said_by   TEXT    NOT NULL,                             -- an account
    said_ms   INTEGER NOT NULL,                             -- server clock
    log_index INTEGER NOT NULL UNIQUE REFERENCES log_entry (log_index)
) STRICT;
CREATE INDEX report_explanation_by_days ON report_explanation (from_day, to_day);
CREATE TRIGGER report_explanation_is_immutable BEFORE UPDATE ON report_explanation
BEGIN SELECT RAISE(ABORT, 'an explanation is never changed'); END;

---------------------------------------------------------------------------------------------- many
-- What was done to many screens at once, as it was confirmed; the log has one entry of each, with the list's hash.
CREATE TABLE many_work (
    id     INTEGER PRIMARY KEY,
    list   BLOB    NOT NULL CHECK (length(list) = 32),   -- SHA-256 of what was confirmed
    work   TEXT    NOT NULL CHECK (json_valid(work)),
    lines  BLOB    NOT NULL,                             -- screens, and why some were left out: JSON as a zstd frame
    before BLOB    NOT NULL,                             -- how each was before, where taking back needs it: likewise
    by     TEXT    NOT NULL CHECK (by <> ''),            -- account
    at_ms  INTEGER NOT NULL,
    undoes INTEGER UNIQUE REFERENCES many_work (id)      -- what it takes back
) STRICT;
CREATE TRIGGER many_work_is_immutable BEFORE UPDATE ON many_work
BEGIN SELECT RAISE(ABORT, 'what was done is never changed'); END;

-- Groups of screens that people have given a name.
CREATE TABLE screen_group (
    id         INTEGER PRIMARY KEY,
    revision   INTEGER NOT NULL CHECK (revision >= 1),   -- goes up with each change
    name       TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    owner      TEXT    NOT NULL CHECK (owner <> ''),     -- account
    unit       TEXT,                                     -- whoever sees this unit finds it, too; NULL = the owner alone
    holds      BLOB    NOT NULL                          -- a filter, or screens: JSON as a zstd frame
) STRICT;

----------------------------------------------------------------------------------------------- web
-- What was answered under which key of which account, for a day: a request that is sent again is carried out once.
CREATE TABLE answered (
    account  TEXT    NOT NULL,
    word     TEXT    NOT NULL CHECK (length(word) BETWEEN 1 AND 64),
    begun_ms INTEGER NOT NULL,
    request  BLOB    NOT NULL CHECK (length(request) = 32), -- SHA-256 of method, path, query, type and body
    status   INTEGER,                                       -- HTTP status; NULL while it is carried out
    kind     TEXT,                                          -- content type of the body
    body     BLOB,
    PRIMARY KEY (account, word)
) STRICT, WITHOUT ROWID;
CREATE INDEX answered_by_time ON answered (begun_ms);

------------------------------------------------------------------ alerts: who is told what
-- What an account wants to be told, and where. Addresses are a private matter: they stand in no log.
CREATE TABLE alert_subscription (
    account    TEXT    PRIMARY KEY REFERENCES account (code),
    lang       TEXT    NOT NULL CHECK (lang IN ('vi', 'en')),
    email      TEXT    NOT NULL,                                   -- '' = none
    webhook    TEXT    NOT NULL,                                   -- '' = none
    digest_s   INTEGER CHECK (digest_s BETWEEN 0 AND 86399),       -- of the local day; NULL = no digest
    dark       INTEGER NOT NULL CHECK (dark IN (0, 1)),
    digest_day INTEGER                                             -- the last one that was put together
) STRICT, WITHOUT ROWID;

-- A site that is dark or offline, from when it is known until it is over: one row, however many screens.
CREATE TABLE alert_case (
    id        INTEGER PRIMARY KEY,
    unit      TEXT,                                                -- who answers for it; NULL = nobody that is known
    address   TEXT    NOT NULL,
    state     TEXT    NOT NULL,
    cause     TEXT    NOT NULL,
    opened_ms INTEGER NOT NULL,
    screens   TEXT    NOT NULL CHECK (json_valid(screens)),        -- codes, at their most
    told_ms   INTEGER,                                             -- last; NULL = not yet
    taken_by  TEXT,                                                -- an account
    taken_ms  INTEGER,
    closed_ms INTEGER
) STRICT;
CREATE INDEX alert_case_open ON alert_case (opened_ms) WHERE closed_ms IS NULL;

-- What is to be sent, written with the decision to say it.
CREATE TABLE alert_outbox (
    id      INTEGER PRIMARY KEY,
    account TEXT    NOT NULL,
    way     TEXT    NOT NULL CHECK (way IN ('email', 'webhook')),
    target  TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    body    TEXT    NOT NULL,
    made_ms INTEGER NOT NULL,
    tries   INTEGER NOT NULL DEFAULT 0,
    next_ms INTEGER,                                               -- NULL = sent, or given up
    sent_ms INTEGER,
    problem TEXT    NOT NULL DEFAULT ''                            -- of the last try
) STRICT;
CREATE INDEX alert_outbox_due ON alert_outbox (next_ms) WHERE next_ms IS NOT NULL;
