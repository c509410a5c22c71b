-- How many issues did a project open this hour? Without it, all that ever happened to its issues is read.
CREATE INDEX events_new ON events (project, time) WHERE event = '"new"';
