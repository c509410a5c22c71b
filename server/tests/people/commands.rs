//! The command line, as a process.

use std::process::{Command, Output};

use clap::Args;
use faultwire_server::settings::Settings;
use serde_json::json;

use super::support::{PASSWORD, Running};

fn run(data: &std::path::Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_faultwire-server"));
    command.args(words).arg("--data-dir").arg(data).env_clear().current_dir("/");
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap().trim().to_owned()
}

/// A stopped server gets a project and a person by the command line; they are there at its next start.
#[test]
fn a_project_and_a_person_by_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let project = said(&run(&data, &["project", "create", "My shop"]));
    assert!(project.starts_with("project 1 (my-shop): http://") && project.ends_with("/1"), "{project}");
    let words = ["user", "add", "ada@example.com", "--admin", "--public-url", "https://faults.example/fw"];
    let link = said(&run(&data, &words));
    let token = link.strip_prefix("https://faults.example/fw/join#").unwrap().to_owned();
    let words = ["user", "add", "bob@example.com", "--project", "my-shop", "--role", "viewer"];
    said(&run(&data, &words));
    let wrong = run(&data, &["user", "add", "eve@example.com", "--project", "nowhere", "--role", "viewer"]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("there is no \"nowhere\"; there are: my-shop"));

    let server = Running::start_in(folder, &[]);
    assert_eq!((&server.dsn, &server.setup_link), (&None, &None));
    let answer = server.nobody().post("/api/v1/redeem", &json!({ "token": token, "password": PASSWORD }));
    let ada = server.nobody().into_session(&answer);
    let users = ada.get("/api/v1/users").json();
    let emails: Vec<_> =
        users["items"].as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap()).collect();
    // Nothing of what failed was kept.
    assert_eq!(emails, ["ada@example.com", "bob@example.com"]);
    assert_eq!(ada.get("/api/v1/projects/1/members").json()["items"][0]["role"], json!("viewer"));
}

/// While a server runs, the command line changes nothing and says why.
#[test]
fn a_running_server_is_left_alone() {
    let server = Running::start(&[]);
    for words in [&["user", "add", "ada@example.com"][..], &["project", "create", "x"]] {
        let refused = run(&server.data_dir(), words);
        let sentence = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && refused.stdout.is_empty(), "{refused:?}");
        assert!(sentence.contains("if a server runs, stop it first") && sentence.contains("another faultwire-server"));
    }
    let host = server.host();
    assert_eq!(host.get("/api/v1/users").json()["items"].as_array().unwrap().len(), 1);
}

/// The settings: each one's key, flag and variable.
fn settings() -> Vec<(String, String, String)> {
    let command = Settings::augment_args(clap::Command::new("settings"));
    let names = command.get_arguments().map(|arg| {
        let variable = arg.get_env().unwrap_or_else(|| panic!("{arg}: no variable")).to_str().unwrap().to_owned();
        (arg.get_id().to_string(), format!("--{}", arg.get_long().unwrap()), variable)
    });
    names.collect()
}

/// Help names every command and every setting.
#[test]
fn help_documents_all() {
    let help = said(&run(std::path::Path::new("/nowhere"), &["--help"]));
    let commands = ["serve", "project", "user", "backup", "restore", "doctor", "ready"].map(str::to_owned);
    let named = settings().into_iter().flat_map(|(_, flag, variable)| [flag, variable]);
    for word in commands.into_iter().chain(named) {
        assert!(
            help.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').any(|part| part == word),
            "{word}"
        );
    }
    assert!(said(&run(std::path::Path::new("/nowhere"), &["user", "add", "--help"])).contains("--role"));
    let command = Settings::augment_args(clap::Command::new("settings"));
    assert!(command.get_arguments().all(|arg| arg.get_help().is_some_and(|help| help.to_string().len() > 20)));
}

/// Settings that take any text.
const ANY: [&str; 4] = ["data_dir", "tls_certificate", "tls_key", "customer_tag"];

/// Values beyond what a setting may be. What has no bounds takes any number from 0 on.
const BEYOND: [(&str, &[&str]); 15] = [
    ("max_event_bytes", &["1023", "2097153"]),
    ("max_request_bytes", &["1023", "209715201"]),
    ("max_concurrent_requests", &["0", "100001"]),
    ("hourly_quota", &["-1", "1.5", "18446744073709551616"]),
    ("browser_address_quota", &["-1"]),
    ("hourly_new_issues", &["0"]),
    ("store_one_in", &["0"]),
    ("retention_days", &["0", "3651"]),
    ("retention_bytes", &["67108863"]),
    ("seen_ids_bytes", &["8388607"]),
    ("metrics_token", &["fifteen-letters", "sixteen letters and a space"]),
    ("alert_digest_seconds", &["3601"]),
    ("alert_lag_seconds", &["86401"]),
    ("alert_patience_seconds", &["86401"]),
    ("public_url", &["https://", "ftp://faults.example", "https://faults.example/a?b"]),
];

/// A value that is none of a setting's is an error that names the setting, wherever it stands; what takes any
/// text is checked when it is used.
#[test]
fn a_wrong_value_is_named_wherever_it_stands() {
    const WRONG: &str = "no[!]=value";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("faultwire.toml");
    let start = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_faultwire-server"));
        command.env_clear().current_dir(folder.path()).args(["--listen", "127.0.0.1:0"]);
        command
    };
    let refused = |mut command: Command, flag: &str, whence: &str| {
        let output = command.output().unwrap();
        let sentence = String::from_utf8(output.stderr).unwrap();
        let key = flag[2..].replace('-', "_");
        let is_named = sentence.contains(&format!("for '{flag} <")) || sentence.contains(&format!("server: {key}"));
        assert!(!output.status.success() && is_named, "{flag} by {whence}: {sentence}");
        assert!(output.stdout.is_empty(), "{flag} by {whence}");
    };
    let settings = settings();
    assert!(settings.len() > 20);
    let named = settings.iter().filter(|(key, ..)| !ANY.contains(&key.as_str())).map(|setting| (setting, WRONG));
    let of = |key: &str| settings.iter().find(|(known, ..)| known == key).unwrap();
    let beyond = BEYOND.iter().flat_map(|(key, values)| values.iter().map(move |value| (key, *value)));
    for ((key, flag, variable), wrong) in named.chain(beyond.map(|(key, value)| (of(key), value))) {
        // What comes later on the command line is not taken twice.
        let bare = || if key == "listen" { Command::new(start().get_program()) } else { start() };
        let mut by_flag = bare();
        by_flag.env_clear().current_dir(folder.path()).args([flag, wrong]);
        refused(by_flag, flag, "flag");
        let mut by_variable = bare();
        by_variable.env_clear().current_dir(folder.path()).env(variable, wrong);
        refused(by_variable, flag, "variable");
        std::fs::write(&file, format!("{key} = {wrong:?}\n")).unwrap();
        let mut by_file = bare();
        by_file.env_clear().current_dir(folder.path());
        refused(by_file, flag, "file");
        std::fs::remove_file(&file).unwrap();
    }
    for text in ["no_such_setting = 1\n", "listen = { port = 1 }\n", "listen = \n"] {
        std::fs::write(&file, text).unwrap();
        let output = start().output().unwrap();
        let sentence = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && sentence.contains("faultwire.toml"), "{text}: {sentence}");
        assert!(sentence.contains(text.split(' ').next().unwrap()), "{text}: {sentence}");
    }
}
