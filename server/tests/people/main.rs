//! Who may do what: stories told to a real server over HTTP.

mod commands;
mod doors;
mod keys;
mod matrix;
mod projects;
mod support;
mod tokens;
