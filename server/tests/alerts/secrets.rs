//! What channels are sent with is seen by nobody.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use crate::http::{Mood, Receiver};
use crate::world::{PROJECT, World};

/// All files below a folder that contain a text.
fn holding(folder: &Path, text: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if std::fs::read(&path).unwrap().windows(text.len()).any(|part| part == text.as_bytes()) {
            found.push(path);
        }
    }
    found
}

/// Not in any answer, not in any file: neither as it was set, nor after a change, nor when the receiver repeats it.
#[test]
fn they_are_neither_returned_nor_stored_in_clear() {
    let (mut world, receiver) = (World::start(&[]), Receiver::start());
    let old = "xyzzy-the-first-secret";
    let url = receiver.url("/plugh-in-the-path");
    let channel = world.channel(json!({ "kind": "webhook", "name": "hook", "url": url, "secret": old }));
    let one = format!("{PROJECT}/channels/{channel}");
    let key = "plover1KEY";
    world.channel(json!({ "kind": "pagerduty", "routing_key": key, "base_url": receiver.url("") }));
    receiver.feels(Mood::Answers(400, "X: plugh-in-the-path\r\n"));
    world.fails("First", json!({}));
    world.settled(2);
    let (status, changed) = world.ask("PATCH", &one, Some(json!({ "secret": "xyzzy-the-second-secret" })));
    assert_eq!(status, 200);
    assert_eq!(changed["secrets"], json!({ "url": "set", "secret": "set" }));
    assert_eq!(changed["config"]["host"], "127.0.0.1");
    world.post(&format!("{one}/test"), json!({}));
    let shown = [
        changed,
        world.get(&format!("{PROJECT}/channels")),
        world.get(&format!("{PROJECT}/deliveries")),
        world.get(&format!("{PROJECT}/feed")),
        json!(world.ask("PATCH", &one, Some(json!({ "secret": "short" }))).1),
    ];
    for secret in ["xyzzy", "plugh", key] {
        assert!(shown.iter().all(|value| !value.to_string().contains(secret)), "{secret}: {shown:#?}");
        assert_eq!(holding(world.folder.path(), secret), Vec::<std::path::PathBuf>::new());
    }
    world.stop();
    let file = world.folder.path().join("channel.key");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    for secret in ["xyzzy", "plugh", key] {
        assert_eq!(holding(world.folder.path(), secret), Vec::<std::path::PathBuf>::new());
    }
    world.again();
    receiver.feels(Mood::Answers(200, ""));
    assert_eq!(world.post(&format!("{one}/test"), json!({}))["state"], "sent");
    // Restored elsewhere, without the key: the channels say so, and are set again.
    world.stop();
    std::fs::remove_file(&file).unwrap();
    world.again();
    let shown = &world.get(&format!("{PROJECT}/channels"))["items"][0];
    assert_eq!((&shown["usable"], &shown["secrets"]["url"]), (&json!(false), &json!("unreadable")));
    let tried = world.post(&format!("{one}/test"), json!({}));
    assert!(tried["note"].as_str().unwrap().contains("set them again"), "{tried}");
    let both = json!({ "url": receiver.url("/"), "secret": "a third secret of it" });
    assert_eq!(world.ask("PATCH", &one, Some(both)).0, 200);
    assert_eq!(world.post(&format!("{one}/test"), json!({}))["state"], "sent");
}
