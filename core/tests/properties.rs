//! Properties of inputs with a structure: limits against a model of them, envelopes there and back.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::time::{Duration, Instant};

use faultwire::protocol::{Envelope, EnvelopeHeader, Item, Map, Value};
use faultwire::transport::{Answer, RateLimits};
use faultwire::{EventId, protocol::Timestamp};
use proptest::prelude::*;

const CATEGORIES: [&str; 4] = ["error", "session", "attachment", ""];

/// What a server says: seconds and the categories they are for, some time after the answer before.
#[derive(Debug, Clone)]
struct Says {
    after: u64,
    limits: Vec<(u64, Vec<usize>)>,
}

fn says() -> impl Strategy<Value = Says> {
    let seconds = prop_oneof![0u64..10, 200u64..400, 86_000u64..90_000];
    let limit = (seconds, prop::collection::vec(0..CATEGORIES.len(), 1..4));
    (0u64..400, prop::collection::vec(limit, 1..4)).prop_map(|(after, limits)| Says { after, limits })
}

fn header(limits: &[(u64, Vec<usize>)]) -> String {
    let part = |(seconds, of): &(u64, Vec<usize>)| {
        let names: Vec<&str> = of.iter().map(|at| CATEGORIES[*at]).collect();
        format!("{seconds}:{}:organization", names.join(";"))
    };
    limits.iter().map(part).collect::<Vec<_>>().join(", ")
}

fn header_map() -> impl Strategy<Value = Map> {
    let value = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), any::<i64>().prop_map(Value::from)];
    let key = prop::sample::select(vec!["x_a", "x_b", "", "\u{fc}\"", "a\nb"]).prop_map(str::to_owned);
    prop::collection::btree_map(key, value, 0..4).prop_map(|map| map.into_iter().collect())
}

proptest! {
    // Failures are shrunk and printed, not kept in a file: what they show becomes a test.
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// A category is limited until the latest end that was said of it or of all, a day being the most.
    #[test]
    fn limits_are_as_a_list_of_ends(answers in prop::collection::vec(says(), 1..12), asked in 0u64..100_000) {
        let limits = RateLimits::default();
        let start = Instant::now();
        let mut ends = [0u64; CATEGORIES.len()];
        let mut now = 0;
        for Says { after, limits: said } in &answers {
            now += after;
            let answer = Answer { status: 429, rate_limits: Some(header(said)), ..Answer::default() };
            limits.update(&answer, start + Duration::from_secs(now));
            for (seconds, of) in said {
                of.iter().for_each(|at| ends[*at] = ends[*at].max(now + seconds.min(&86_400)));
            }
        }
        let asked = now + asked;
        for (at, category) in CATEGORIES.iter().enumerate() {
            let left = ends[at].max(ends[CATEGORIES.len() - 1]).saturating_sub(asked);
            let expected = (left > 0).then(|| Duration::from_secs(left));
            prop_assert_eq!(limits.limited(category, start + Duration::from_secs(asked)), expected);
        }
    }

    /// Payloads are bytes: line feeds, quotes and what looks like a header stay where they are.
    #[test]
    fn an_envelope_arrives_as_it_was_sent(
        items in prop::collection::vec(
            (prop::sample::select(vec!["event", "client_report", "attachment", "nobody_knows"]), prop_oneof![
                prop::collection::vec(any::<u8>(), 0..64),
                prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'{'), Just(b'}'), Just(b'"')], 0..16),
                Just(b"\n{\"type\":\"event\",\"length\":2}\n{}\n".to_vec()),
            ], header_map()),
            0..6,
        ),
        id in any::<Option<u128>>(),
        micros in prop::option::of(0i64..4_000_000_000_000_000),
        other in header_map(),
    ) {
        let items = items.into_iter().map(|(ty, payload, other)| {
            let mut item = Item::new(ty, payload);
            item.header.other = other;
            item
        });
        let header = EnvelopeHeader {
            event_id: id.map(EventId),
            sent_at: micros.map(Timestamp),
            other,
            ..EnvelopeHeader::default()
        };
        let sent = Envelope { header, items: items.collect() };
        prop_assert_eq!(Envelope::parse(&sent.to_bytes()).unwrap(), sent);
    }
}
