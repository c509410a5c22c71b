-- How many issues did a project open this hour? Without it, all that ever happened to its issues is read.
CREATE INDEX events_new ON events (project, time) WHERE event = '"new"';

-- By what similar issues are found: hashes of the frames that the fingerprint counts, and one of the message; written
-- once, when a pattern is new. And how many patterns have each.
CREATE TABLE traits (
    project INTEGER NOT NULL,
    hash    INTEGER NOT NULL,
    pattern INTEGER NOT NULL,
    frame   INTEGER NOT NULL,                 -- 0: of the message
    PRIMARY KEY (project, hash, pattern)
) STRICT, WITHOUT ROWID;
CREATE INDEX traits_by_pattern ON traits (pattern);

CREATE TABLE trait_counts (
    project  INTEGER NOT NULL,
    hash     INTEGER NOT NULL,
    patterns INTEGER NOT NULL,
    PRIMARY KEY (project, hash)
) STRICT, WITHOUT ROWID;

-- What projects have set for themselves.
CREATE TABLE project_settings (
    project  INTEGER PRIMARY KEY,
    settings TEXT NOT NULL,                   -- JSON; what is not set is null
    version  INTEGER NOT NULL
) STRICT;

-- Sessions by the hour in which they started.
CREATE TABLE session_hours (
    project     INTEGER NOT NULL,
    release     TEXT NOT NULL,
    environment TEXT NOT NULL,
    hour        INTEGER NOT NULL,             -- hours since 1970
    started     INTEGER NOT NULL,
    exited      INTEGER NOT NULL,
    errored     INTEGER NOT NULL,
    crashed     INTEGER NOT NULL,
    abnormal    INTEGER NOT NULL,
    PRIMARY KEY (project, release, environment, hour)
) STRICT, WITHOUT ROWID;
CREATE INDEX issues_by_release ON issues (project, introduced_in) WHERE introduced_in IS NOT NULL;

-- One-time links have numbers, by which they are listed and revoked.
ALTER TABLE links RENAME TO links_before;
CREATE TABLE links (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    hash    BLOB NOT NULL UNIQUE,
    purpose TEXT NOT NULL,
    user    INTEGER REFERENCES users (id) ON DELETE CASCADE,
    email   TEXT,
    admin   INTEGER NOT NULL DEFAULT 0,
    project INTEGER REFERENCES projects (id) ON DELETE CASCADE,
    role    TEXT,
    expires INTEGER NOT NULL
) STRICT;
INSERT INTO links (hash, purpose, user, email, admin, project, role, expires)
    SELECT hash, purpose, user, email, admin, project, role, expires FROM links_before ORDER BY expires;
DROP TABLE links_before;

-- By what stored occurrences are found: hashes of users and traces, the newest last. Rows are filled up to a page, the
-- oldest go: an index over them would touch a page each.
CREATE TABLE clues (
    number INTEGER PRIMARY KEY,
    clues  BLOB NOT NULL                      -- 12 bytes each: hash, pattern
) STRICT;

-- Issues in the order in which they were opened, which is that of their numbers.
CREATE INDEX issues_by_project ON issues (project) WHERE merged_into IS NULL;

-- Issues are searched by these.
CREATE INDEX tags_by_value ON tags (name, value);
CREATE INDEX sightings_by_release ON sightings (release);
CREATE INDEX sightings_by_environment ON sightings (environment);

-- Payloads that were the newest and are no more, until they are overwritten. In files that are older than this table
-- others may need them: those go with their file.
CREATE TABLE superseded (
    number  INTEGER PRIMARY KEY,
    pattern INTEGER NOT NULL,
    file    INTEGER NOT NULL,
    start   INTEGER NOT NULL,
    length  INTEGER NOT NULL
) STRICT;
INSERT INTO meta (name, value) SELECT 'superseded_after', COALESCE(MAX(file), 0) FROM occurrences;
CREATE INDEX occurrences_newest ON occurrences (pattern) WHERE newest = 1;
