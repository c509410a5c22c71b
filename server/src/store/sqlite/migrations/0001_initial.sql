-- Times are milliseconds since 1970, UTC; ids of events are 16 bytes, fingerprints 32.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value ANY
) STRICT, WITHOUT ROWID;

-- Numbers of projects are never given again: they stand in DSNs.
CREATE TABLE projects (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    slug    TEXT NOT NULL UNIQUE,
    name    TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE keys (
    public  TEXT PRIMARY KEY,
    project INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    browser INTEGER NOT NULL DEFAULT 0,
    origins TEXT NOT NULL DEFAULT '[]',
    created INTEGER NOT NULL,
    revoked INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE issues (
    id            INTEGER PRIMARY KEY,
    project       INTEGER NOT NULL,
    status        TEXT NOT NULL,
    standing      TEXT NOT NULL,              -- the status with its details, JSON
    title         TEXT NOT NULL,
    culprit       TEXT NOT NULL,
    kind          TEXT NOT NULL,
    platform      TEXT NOT NULL,
    level         TEXT NOT NULL,
    handled       INTEGER NOT NULL,
    severity      TEXT NOT NULL,
    first_seen    INTEGER NOT NULL,
    last_seen     INTEGER NOT NULL,
    raw           INTEGER NOT NULL,
    estimated     REAL NOT NULL,
    stored        INTEGER NOT NULL,
    users         INTEGER NOT NULL,
    sessions      INTEGER NOT NULL,
    customers     INTEGER NOT NULL,
    introduced_in TEXT,
    last_release  TEXT,
    milestone     INTEGER NOT NULL,
    changed       INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    merged_into   INTEGER
) STRICT;
CREATE INDEX issues_by_time ON issues (project, last_seen DESC) WHERE merged_into IS NULL;
CREATE INDEX issues_by_status ON issues (project, status, last_seen DESC) WHERE merged_into IS NULL;

-- What issues are found by: every three letters in a row of title and culprit. Rows have the issues' numbers.
CREATE VIRTUAL TABLE issue_texts USING fts5 (text, content = '', contentless_delete = 1, tokenize = 'trigram');

CREATE TABLE patterns (
    id          INTEGER PRIMARY KEY,
    project     INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,
    issue       INTEGER NOT NULL,
    home        INTEGER NOT NULL,
    raw         INTEGER NOT NULL,
    estimated   REAL NOT NULL,
    stored      INTEGER NOT NULL,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    UNIQUE (project, fingerprint)
) STRICT;
CREATE INDEX patterns_by_issue ON patterns (issue);

-- Whom a pattern hit. Large, and changed seldom once there are many.
CREATE TABLE hit (
    pattern INTEGER NOT NULL,
    what    INTEGER NOT NULL,                 -- 0 users, 1 sessions, 2 customers
    members BLOB NOT NULL,
    PRIMARY KEY (pattern, what)
) STRICT, WITHOUT ROWID;

CREATE TABLE hours (
    pattern   INTEGER NOT NULL,
    hour      INTEGER NOT NULL,               -- hours since 1970
    raw       INTEGER NOT NULL,
    estimated REAL NOT NULL,
    PRIMARY KEY (pattern, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE tags (
    pattern INTEGER NOT NULL,
    name    TEXT NOT NULL,
    value   TEXT NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (pattern, name, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE sightings (
    pattern     INTEGER NOT NULL,
    release     TEXT NOT NULL,
    environment TEXT NOT NULL,
    first       INTEGER NOT NULL,
    last        INTEGER NOT NULL,
    count       INTEGER NOT NULL,
    PRIMARY KEY (pattern, release, environment)
) STRICT, WITHOUT ROWID;

CREATE TABLE releases (
    project    INTEGER NOT NULL,
    name       TEXT NOT NULL,
    first_seen INTEGER,
    deployed   INTEGER,
    PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE occurrences (
    pattern INTEGER NOT NULL,
    time    INTEGER NOT NULL,
    id      BLOB NOT NULL,
    file    INTEGER NOT NULL,
    start   INTEGER NOT NULL,
    length  INTEGER NOT NULL,
    base    INTEGER NOT NULL,
    newest  INTEGER NOT NULL,                 -- 1: kept only until a newer one is
    PRIMARY KEY (pattern, time, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX occurrences_by_file ON occurrences (file);

-- Ids that were counted, by when they came: a part a transaction, sorted runs of many of them.
CREATE TABLE id_parts (
    number INTEGER PRIMARY KEY,
    ids    BLOB NOT NULL                      -- 20 bytes each: id, pattern
) STRICT;
CREATE TABLE id_runs (
    number  INTEGER PRIMARY KEY,
    sealed  INTEGER NOT NULL,
    ids     BLOB NOT NULL,
    filter  BLOB NOT NULL
) STRICT;

CREATE TABLE parked (
    project     INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,
    raw         INTEGER NOT NULL,
    estimated   REAL NOT NULL,
    first       INTEGER NOT NULL,
    last        INTEGER NOT NULL,
    PRIMARY KEY (project, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    project INTEGER NOT NULL,
    issue   INTEGER NOT NULL,
    time    INTEGER NOT NULL,
    event   TEXT NOT NULL,
    who     TEXT NOT NULL,
    detail  TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_issue ON events (issue, number);

CREATE TABLE outcomes (
    project INTEGER NOT NULL,
    hour    INTEGER NOT NULL,
    reason  TEXT NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (project, hour, reason)
) STRICT, WITHOUT ROWID;

-- The last of them in full: why is my event not here?
CREATE TABLE refusals (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    project  INTEGER NOT NULL,
    time     INTEGER NOT NULL,
    reason   TEXT NOT NULL,
    event_id TEXT,
    quantity INTEGER NOT NULL,
    detail   TEXT NOT NULL
) STRICT;
CREATE INDEX refusals_by_project ON refusals (project, number);
CREATE INDEX refusals_by_event ON refusals (project, event_id) WHERE event_id IS NOT NULL;

-- What clients say they left out.
CREATE TABLE reports (
    project  INTEGER NOT NULL,
    hour     INTEGER NOT NULL,
    reason   TEXT NOT NULL,
    category TEXT NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (project, hour, reason, category)
) STRICT, WITHOUT ROWID;

-- People. Of every secret only a hash is here.
CREATE TABLE users (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    email    TEXT NOT NULL UNIQUE,              -- in lower case
    name     TEXT NOT NULL,
    password TEXT,                              -- argon2id, PHC string; none until a link set it
    admin    INTEGER NOT NULL,
    created  INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
    project INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    user    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role    TEXT NOT NULL,
    PRIMARY KEY (project, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_user ON members (user);

CREATE TABLE sessions (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    hash    BLOB NOT NULL UNIQUE,
    user    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    agent   TEXT NOT NULL,
    created INTEGER NOT NULL,
    used    INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user, used);

CREATE TABLE tokens (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    hash    BLOB NOT NULL UNIQUE,
    user    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    project INTEGER REFERENCES projects (id) ON DELETE CASCADE,     -- none: all of the owner's
    writes  INTEGER NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER,
    used    INTEGER
) STRICT;
CREATE INDEX tokens_by_user ON tokens (user, number);

-- One-time links. What they are for decides which columns are set.
CREATE TABLE links (
    hash    BLOB PRIMARY KEY,
    purpose TEXT NOT NULL,
    user    INTEGER REFERENCES users (id) ON DELETE CASCADE,
    email   TEXT,
    admin   INTEGER NOT NULL DEFAULT 0,
    project INTEGER REFERENCES projects (id) ON DELETE CASCADE,
    role    TEXT,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- Alerts: what is told of issues, where, and what became of it.
CREATE INDEX events_by_project ON events (project, number);

CREATE TABLE rules (
    project INTEGER PRIMARY KEY,
    rules   TEXT NOT NULL                     -- all of them, JSON
) STRICT;

CREATE TABLE channels (
    id      INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    name    TEXT NOT NULL,
    kind    TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    config  TEXT NOT NULL,                    -- what may be shown, JSON
    sealed  BLOB NOT NULL,                    -- what may not
    created INTEGER NOT NULL,
    deleted INTEGER NOT NULL
) STRICT;
CREATE INDEX channels_by_project ON channels (project);

CREATE TABLE alerts (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    channel INTEGER NOT NULL,
    issue   INTEGER NOT NULL,
    time    INTEGER NOT NULL,
    body    TEXT NOT NULL,
    message TEXT                              -- the one it is in; none yet while it waits
) STRICT;
CREATE INDEX alerts_waiting ON alerts (channel, number) WHERE message IS NULL;
CREATE INDEX alerts_by_message ON alerts (message, number) WHERE message IS NOT NULL;

CREATE TABLE messages (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT NOT NULL UNIQUE,
    channel  INTEGER NOT NULL,
    project  INTEGER NOT NULL,
    created  INTEGER NOT NULL,
    since    INTEGER NOT NULL,                -- when the oldest of its alerts happened
    alerts   INTEGER NOT NULL,                -- how many; 0 is a test
    state    TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due      INTEGER NOT NULL,
    answered INTEGER,
    note     TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX messages_by_project ON messages (project, number);
CREATE INDEX messages_by_channel ON messages (channel, number);
CREATE INDEX messages_pending ON messages (channel, number) WHERE state = 'pending';

-- Channels that keep something open for an issue until it is resolved.
CREATE TABLE incidents (
    issue   INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    PRIMARY KEY (issue, channel)
) STRICT, WITHOUT ROWID;

-- When a rule with a cooldown last told of an issue.
CREATE TABLE told (
    issue INTEGER NOT NULL,
    rule  TEXT NOT NULL,
    time  INTEGER NOT NULL,
    PRIMARY KEY (issue, rule)
) STRICT, WITHOUT ROWID;

-- Issues in an episode of too many a minute, and the threshold that was told.
CREATE TABLE episodes (
    issue     INTEGER PRIMARY KEY,
    threshold REAL NOT NULL
) STRICT;
