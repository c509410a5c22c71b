//! Every content encoding a client may choose arrives as the same event; bombs and strangers do not.

#![allow(clippy::unwrap_used, reason = "a test helper fails by panicking")]

mod support;

use std::io::{Read, Write};

use flate2::Compression;
use support::{Sink, gzip, samples};

fn deflate(body: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), Compression::default());
    packed.write_all(body).unwrap();
    packed.finish().unwrap()
}

fn bare_deflate(body: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), Compression::default());
    packed.write_all(body).unwrap();
    packed.finish().unwrap()
}

fn brotli(body: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    brotli::CompressorWriter::new(&mut packed, 4096, 5, 20).write_all(body).unwrap();
    packed
}

#[test]
fn each_encoding_is_decoded_and_both_forms_are_kept() {
    let sink = Sink::quiet();
    let event = samples::checkout();
    let body = samples::event(&event);
    let forms = [
        (None, "identity", body.clone()),
        (Some("identity"), "identity", body.clone()),
        (Some("gzip"), "gzip", gzip(&body)),
        (Some("GZIP"), "gzip", gzip(&body)),
        (Some("deflate"), "deflate", deflate(&body)),
        (Some("deflate"), "deflate", bare_deflate(&body)),
        (Some("br"), "br", brotli(&body)),
        (Some("zstd"), "zstd", zstd::encode_all(&body[..], 3).unwrap()),
    ];
    for (header, encoding, wire) in &forms {
        let headers: Vec<_> = header.iter().map(|name| ("content-encoding", *name)).collect();
        let answer = sink.post_with(&headers, wire).unwrap();
        assert_eq!((answer.status, &answer.json()["id"]), (200, &event["event_id"]), "{encoding}");
        let mut got = sink.events().pop().unwrap();
        let about = got.as_object_mut().unwrap().remove("_envelope").unwrap();
        assert_eq!(got, event, "the payload is as sent");
        assert_eq!(about["encoding"], *encoding);
        assert_eq!(about["wire_bytes"], wire.len());
        assert_eq!(about["raw_bytes"], body.len());
        assert_eq!(about["problems"].as_array().map(Vec::len), Some(0), "{}", about["problems"]);
    }
    assert_eq!(sink.events().len(), forms.len());
    let raw = sink.get("/_sink/raw").body;
    let holds = |needle: &[u8]| raw.windows(needle.len()).any(|window| window == needle);
    assert!(forms.iter().all(|(_, _, wire)| holds(wire)), "wire bytes are there to be searched");
    assert!(holds(b"shop/payments/gateway.py"), "and what they mean");
}

#[test]
fn a_bomb_ends_at_the_bound() {
    let sink = Sink::quiet();
    let bomb = zstd::encode_all(std::io::repeat(b' ').take(400 << 20), 1).unwrap();
    assert!(bomb.len() < 100_000);
    let answer = sink.post_with(&[("content-encoding", "zstd")], &bomb).unwrap();
    assert_eq!((answer.status, &answer.json()["field"]), (413, &"body".into()));
    assert_eq!(sink.stats()["raw_bytes"], 64 << 20);
    // Where the system says it: the most memory the process ever had.
    if let Ok(status) = std::fs::read_to_string(format!("/proc/{}/status", sink.child.id())) {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let peak_kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(peak_kib < 300 << 10, "{peak_kib} KiB");
    }
}

#[test]
fn torn_and_unknown_encodings_are_named() {
    let sink = Sink::quiet();
    let body = gzip(&samples::event(&samples::checkout()));
    let torn = sink.post_with(&[("content-encoding", "gzip")], &body[..body.len() / 2]).unwrap();
    assert_eq!((torn.status, &torn.json()["field"]), (400, &"body".into()));
    let unknown = sink.post_with(&[("content-encoding", "lzma")], &body).unwrap();
    assert_eq!((unknown.status, &unknown.json()["field"]), (415, &"Content-Encoding".into()));
    assert_eq!(sink.stats()["malformed"], 2);
    assert!(sink.events().is_empty());
}
