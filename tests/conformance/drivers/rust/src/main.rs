//! Runs one scenario in Rust: `faultwire-conformance SCENARIO.json LIFE`. The form: `tests/conformance/scenarios/README.md`.

mod errors;
mod steps;

use std::io::BufRead;
use std::sync::Arc;
use std::time::{Duration, Instant};

use faultwire::protocol::Map;
use faultwire::{Breadcrumb, Event, EventId, Hooks, InitGuard, Options, ScopeGuard, ScopeHandle, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use steps::{Hook, On, Scenario, Setting, Step};

/// Waited for counters at most.
const LIMIT: Duration = Duration::from_secs(20);

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), Some(life)) = (arguments.next(), arguments.next()) else {
        return Err("usage: faultwire-conformance SCENARIO.json LIFE".into());
    };
    let scenario: Scenario = serde_json::from_slice(&std::fs::read(path)?)?;
    let life = scenario.lives.get(life.parse::<usize>()?).ok_or("no such life")?;
    let mut player = Player::default();
    player.play(&life.steps)
}

#[derive(Default)]
struct Player {
    guard: Option<InitGuard>,
    scopes: Vec<ScopeHandle>,
    turn: u64,
}

impl Player {
    fn play(&mut self, steps: &[Step]) -> Outcome {
        for step in steps {
            self.step(step)?;
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Outcome {
        match step {
            Step::WithScope { steps } => {
                let scope: ScopeGuard = faultwire::new_scope();
                self.scopes.push(ScopeHandle::clone(&scope));
                self.play(steps)?;
                self.scopes.pop();
                Ok(())
            }
            Step::Isolation { steps } => faultwire::isolation_scope(|| self.play(steps)),
            Step::Repeat { times, steps } => {
                // A plain loop: `try_for_each` of a range does its last turn at a place of its own.
                self.turn = 0;
                while self.turn < *times {
                    self.turn += 1;
                    self.play(steps)?;
                }
                Ok(())
            }
            // Another mode of the server: the other side sets it, then goes on with this one.
            Step::Sink {} => {
                print("sink", ())?;
                std::io::stdin().lock().read_line(&mut String::new())?;
                Ok(())
            }
            Step::Init { options, before_send, before_breadcrumb, sampler_drops } => {
                let hooks = hooks(before_send.as_ref(), before_breadcrumb.as_ref(), sampler_drops.as_ref());
                print("init", self.init(options, hooks))
            }
            Step::CaptureException { chain } => print("capture_exception", self.capture(chain)?),
            // An error has no identity in Rust: who is handed the same one again cannot know.
            Step::CaptureSame {} => Err("not in Rust".into()),
            Step::CaptureMessage { message, level } => {
                print("capture_message", id(faultwire::capture_message(message, *level)))
            }
            Step::CaptureEvent { event } => {
                print("capture_event", id(faultwire::capture_event(Event::from_value(event.clone())?)))
            }
            Step::LastEventId => print("last_event_id", id(faultwire::last_event_id())),
            Step::IsEnabled => print("is_enabled", faultwire::is_enabled()),
            Step::Flush { timeout } => print("flush", faultwire::flush(Duration::from_secs_f64(*timeout))),
            Step::Close { timeout } => print("close", faultwire::close(Some(Duration::from_secs_f64(*timeout)))),
            Step::ContinueTrace { header } => print("continue_trace", faultwire::continue_trace(header)),
            Step::Stats { until } => print("stats", stats(until)?),
            Step::Throw { chain } => {
                let message = chain.first().map_or("", |(_, message)| message);
                // What ends a program in Rust.
                #[allow(clippy::panic)]
                {
                    panic!("{message}")
                }
            }
            Step::Set(setting) => self.say(setting),
        }
    }

    fn init(&mut self, options: &Map, hooks: Hooks) -> Option<Value> {
        let options = Options::from_map(options, |name| std::env::var(name).ok());
        match options.and_then(|options| faultwire::init_with(options, hooks)) {
            Ok(guard) => {
                self.guard = Some(guard);
                None
            }
            Err(error) => Some(serde_json::json!({"kind": error.kind.as_str(), "field": error.field})),
        }
    }

    fn capture(&self, chain: &[(String, String)]) -> Result<Option<String>, String> {
        let numbered =
            |(kind, message): &(String, String)| (kind.clone(), message.replace("{n}", &self.turn.to_string()));
        let error = errors::made(&chain.iter().map(numbered).collect::<Vec<_>>())?;
        Ok(id(faultwire::capture_error(&*error)))
    }

    fn say(&self, Setting { on, what }: &Setting) -> Outcome {
        let layer = match on {
            On::Here => None,
            On::Global => Some(faultwire::global_scope()),
            On::Scope => Some(self.scopes.last().cloned().ok_or("no scope is open")?),
        };
        steps::say(layer.as_ref(), what);
        Ok(())
    }
}

/// What is done to events and breadcrumbs, and which captures are dropped, by level and transaction.
fn hooks(send: Option<&Hook>, crumb: Option<&Hook>, drops: Option<&Vec<String>>) -> Hooks {
    let mut hooks = Hooks::default();
    if let Some(hook) = send.cloned() {
        hooks.before_send = Some(Arc::new(move |event: Event| hook.run(&event)));
    }
    if let Some(hook) = crumb.cloned() {
        hooks.before_breadcrumb = Some(Arc::new(move |crumb: Breadcrumb| hook.run(&crumb)));
    }
    if let Some(drops) = drops.cloned() {
        hooks.error_sampler = Some(Arc::new(move |asked| {
            let is = format!("{} {}", asked.level.as_str(), asked.transaction.unwrap_or_default());
            Some(if drops.contains(&is) { 0.0 } else { 1.0 })
        }));
    }
    hooks
}

impl Hook {
    fn run<T: Serialize + DeserializeOwned>(&self, told: &T) -> Option<T> {
        match self {
            Hook::Drop(_) => None,
            #[allow(clippy::panic)]
            Hook::Throw(_) => panic!("within a hook"),
            Hook::Merge(more) => {
                let mut told = serde_json::to_value(told).ok()?;
                merge(told.as_object_mut()?, more);
                serde_json::from_value(told).ok()
            }
        }
    }
}

/// Members of objects side by side; anything else replaced.
fn merge(told: &mut Map, more: &Map) {
    for (key, value) in more {
        match (told.get_mut(key), value) {
            (Some(Value::Object(members)), Value::Object(new)) => members.extend(new.clone()),
            _ => drop(told.insert(key.clone(), value.clone())),
        }
    }
}

/// The counters, once they are what is waited for, or the time is over.
fn stats(until: &Map) -> Result<Value, serde_json::Error> {
    let end = Instant::now() + LIMIT;
    loop {
        let stats = serde_json::to_value(faultwire::stats())?;
        if Instant::now() > end || until.iter().all(|(name, value)| stats.get(name) == Some(value)) {
            return Ok(stats);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn id(id: Option<EventId>) -> Option<String> {
    id.map(|id| id.to_string())
}

fn print(op: &str, result: impl Serialize) -> Outcome {
    println!("{}", serde_json::json!({"op": op, "result": result}));
    Ok(())
}
