//! What is told is decided with the batch: with it it is written, and with it it is forgotten.

use faultwire_server::alerts::{Kind, Rule, Trigger, default_rules};
use faultwire_server::clock::DAY;

use crate::book::{Book, NOW};

fn spikes(per_minute: u32) -> Vec<Rule> {
    let triggers = [Trigger::New, Trigger::Spike].into();
    vec![Rule { triggers, spike_per_minute: per_minute, ..default_rules().remove(0) }]
}

#[test]
fn a_batch_that_failed_tells_nothing_and_once_when_it_is_read_again() {
    let mut book = Book::new();
    book.channel(Kind::Webhook);
    let event = book.event("KeyError", "a.py");
    book.take(&event);
    book.abandon();
    book.commit();
    assert_eq!(book.told(), [""; 0]);
    book.take(&event);
    book.commit();
    assert_eq!(book.told(), ["new"]);
    let mut book = book.reopen();
    book.take(&event);
    book.commit();
    assert_eq!(book.told(), ["new"]);
}

/// Occurrences that are read twice are no more of them, and the episode they begin is told once.
#[test]
fn a_spike_in_a_batch_that_failed_is_told_once() {
    let mut book = Book::new();
    book.channel(Kind::Webhook);
    book.rules(spikes(20));
    let events: Vec<_> = (0..40).map(|_| book.event("KeyError", "a.py")).collect();
    let (calm, busy) = events.split_at(15);
    calm.iter().for_each(|event| book.take(event));
    book.abandon();
    calm.iter().for_each(|event| book.take(event));
    book.commit();
    assert_eq!(book.told(), ["new"]);
    busy.iter().for_each(|event| book.take(event));
    book.abandon();
    busy.iter().for_each(|event| book.take(event));
    book.commit();
    // The minute that was counted before the failure is forgotten with it, so it takes up to a threshold more.
    assert_eq!(book.told(), ["new", "spike"]);
    (0..40).map(|_| book.event("KeyError", "a.py")).collect::<Vec<_>>().iter().for_each(|event| book.take(event));
    book.commit();
    assert_eq!(book.told(), ["new", "spike"]);
}

#[test]
fn an_incident_ends_when_its_issue_is_resolved_by_the_clock() {
    let mut book = Book::with(|limits| limits.auto_resolve_days = 7);
    book.channel(Kind::Pagerduty);
    book.channel(Kind::Webhook);
    let event = book.event("KeyError", "a.py");
    book.take(&event);
    book.commit();
    book.tick(NOW + 8 * DAY);
    let mut told = book.told();
    told.sort();
    assert_eq!(told, ["new", "new", "resolved"]);
}

/// One event, two rules: a channel that both choose is told once.
#[test]
fn a_channel_is_told_once() {
    let mut book = Book::new();
    book.channel(Kind::Webhook);
    let named = |name: &str| Rule { name: name.into(), ..default_rules().remove(0) };
    book.rules(vec![named("one"), named("two")]);
    let event = book.event("KeyError", "a.py");
    book.take(&event);
    book.commit();
    assert_eq!(book.told(), ["new"]);
}
