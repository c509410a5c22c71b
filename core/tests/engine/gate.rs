//! The cheap "no": which reason wins, and that each is counted under its name.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use faultwire::gate::Inside;
use faultwire::options::Rate;
use faultwire::transport::Answer;
use faultwire::{Hooks, Options};

use crate::support::backend::{Backend, status};
use crate::support::{Raised, SOON, client, dropped_for, lawful, raise};

/// Every "no" applies at once; as they are taken away, the next one answers.
#[test]
fn the_cheapest_no_answers_first() {
    let backend = Backend::default();
    let options = Options { sample_rate: Rate(0.0), ..Options::default() };
    let client = client(options, Hooks::default(), &backend);
    let raised = Raised { ignored: true, ..Raised::default() };
    {
        let _inside = Inside::enter();
        assert_eq!(raised.capture(&client), None);
    }
    assert_eq!(raised.capture(&client), None);
    assert_eq!(raise(&client, "sampled out"), None);
    let stats = lawful(client.stats());
    assert_eq!(stats.captured, 3);
    for reason in ["reentrant", "ignored", "sample_rate"] {
        assert_eq!(dropped_for(&stats, reason), 1, "{reason}: {stats:?}");
    }
    // What was never an event is no loss to tell of.
    assert!(client.flush(SOON));
    assert_eq!(
        (backend.reported("reentrant"), backend.reported("ignored"), backend.reported("sample_rate")),
        (0, 1, 1)
    );
}

/// The sampler sees the type, may say nothing, and is not asked about what is ignored anyway.
#[test]
fn the_sampler_decides_after_the_ignore_list() {
    let backend = Backend::default();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let error_sampler: faultwire::settings::ErrorSampler = Arc::new(move |context| {
        count.fetch_add(1, Ordering::Relaxed);
        (context.exception_type == Some("Noise")).then_some(0.0)
    });
    let hooks = Hooks { error_sampler: Some(error_sampler), ..Hooks::default() };
    let client = client(Options::default(), hooks, &backend);
    assert_eq!(Raised { ty: Some("Noise"), ..Raised::default() }.capture(&client), None);
    assert!(Raised { ty: Some("Signal"), ..Raised::default() }.capture(&client).is_some());
    assert_eq!(Raised { ignored: true, ..Raised::default() }.capture(&client), None);
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

/// A kept event says how many it stands for.
#[test]
fn a_sampled_event_carries_its_rate() {
    let backend = Backend::default();
    let client = client(Options { sample_rate: Rate(0.5), ..Options::default() }, Hooks::default(), &backend);
    while raise(&client, "heads or tails").is_none() {}
    assert!(client.flush(SOON));
    assert_eq!(backend.events()[0]["contexts"]["error_sampling"]["client_sample_rate"], 0.5);
}

/// A quota of an hour: what follows is refused at the gate, cheaply, and under its name.
#[test]
fn a_long_limit_refuses_at_the_gate() {
    let backend = Backend::default();
    let client = client(Options::default(), Hooks::default(), &backend);
    let limit = Answer { rate_limits: Some("3600:error:organization".to_owned()), ..status(200) };
    backend.answer_once(limit);
    raise(&client, "the last one");
    assert!(client.flush(SOON));
    assert_eq!(raise(&client, "one too many"), None);
    let stats = lawful(client.stats());
    assert_eq!((stats.delivered, dropped_for(&stats, "ratelimit_backoff")), (1, 1));
}
