//! The command line, as a process.

use std::process::{Command, Output};

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

/// Help names every command and every setting.
#[test]
fn help_documents_all() {
    let help = said(&run(std::path::Path::new("/nowhere"), &["--help"]));
    for word in [
        "serve",
        "project",
        "user",
        "backup",
        "restore",
        "doctor",
        "--public-url",
        "--metrics-token",
        "FAULTWIRE_METRICS_TOKEN",
    ] {
        assert!(help.contains(word), "{word}");
    }
    assert!(said(&run(std::path::Path::new("/nowhere"), &["user", "add", "--help"])).contains("--role"));
}
