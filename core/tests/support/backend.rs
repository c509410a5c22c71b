//! A backend in the test's own process: takes envelopes, and answers, stalls or fails as it is told.

use std::sync::{Arc, Condvar, Mutex};

use faultwire::protocol::{Envelope, Value};
use faultwire::transport::{Answer, MakeTransport, NoAnswer, Transport};

#[derive(Clone)]
pub struct Backend {
    shared: Arc<(Mutex<State>, Condvar)>,
}

struct State {
    answer: Result<Answer, NoAnswer>,
    /// Answers to be given first, in order.
    script: Vec<Answer>,
    stalled: bool,
    panics: bool,
    /// Requests that are waiting for an answer.
    waiting: usize,
    accepted: Vec<Envelope>,
}

pub fn status(status: u16) -> Answer {
    Answer { status, ..Answer::default() }
}

impl Default for Backend {
    fn default() -> Self {
        let state = State {
            answer: Ok(status(200)),
            script: Vec::new(),
            stalled: false,
            panics: false,
            waiting: 0,
            accepted: Vec::new(),
        };
        Backend { shared: Arc::new((Mutex::new(state), Condvar::new())) }
    }
}

impl Backend {
    pub fn transport(&self) -> MakeTransport {
        let backend = self.clone();
        Arc::new(move || Box::new(backend.clone()))
    }

    fn state<R>(&self, with: impl FnOnce(&mut State) -> R) -> R {
        let result = with(&mut self.shared.0.lock().unwrap());
        self.shared.1.notify_all();
        result
    }

    /// Answers so from now on.
    pub fn answer(&self, answer: Answer) {
        self.state(|s| s.answer = Ok(answer));
    }

    /// Answers the next request so, then as before.
    pub fn answer_once(&self, answer: Answer) {
        self.state(|s| s.script.push(answer));
    }

    /// Our own server: says so with every answer.
    pub fn is_faultwire(&self) {
        self.answer(Answer { faultwire: Some("0.1.0".to_owned()), ..status(200) });
    }

    pub fn is_unreachable(&self) {
        self.state(|s| s.answer = Err(NoAnswer("connection refused".to_owned())));
    }

    /// Its code panics.
    pub fn panics(&self, yes: bool) {
        self.state(|s| s.panics = yes);
    }

    /// Requests wait until [`goes_on`](Backend::goes_on).
    pub fn stalls(&self) {
        self.state(|s| s.stalled = true);
    }

    pub fn goes_on(&self) {
        self.state(|s| s.stalled = false);
    }

    /// Waits until a request is on its way.
    pub fn is_asked(&self) {
        super::until("a request", || self.state(|s| s.waiting > 0));
    }

    /// Payloads of the accepted items of a type.
    pub fn items(&self, ty: &str) -> Vec<Value> {
        self.state(|s| {
            let items = s.accepted.iter().flat_map(|e| &e.items).filter(|i| i.header.ty == ty);
            items.map(|i| serde_json::from_slice(&i.payload).unwrap()).collect()
        })
    }

    pub fn events(&self) -> Vec<Value> {
        self.items("event")
    }

    /// What client reports said of a reason.
    pub fn reported(&self, reason: &str) -> u64 {
        let reports = self.items("client_report");
        let of_reason = |report: &Value| {
            let list = report["discarded_events"].as_array().unwrap().clone();
            list.iter().filter(|d| d["reason"] == reason).map(|d| d["quantity"].as_u64().unwrap()).sum::<u64>()
        };
        reports.iter().map(of_reason).sum()
    }
}

impl Transport for Backend {
    #[allow(clippy::panic)]
    fn send(&mut self, envelope: &[u8]) -> Result<Answer, NoAnswer> {
        let envelope = Envelope::parse(envelope).unwrap();
        let (lock, changed) = &*self.shared;
        let mut state = lock.lock().unwrap();
        state.waiting += 1;
        while state.stalled {
            state = changed.wait(state).unwrap();
        }
        state.waiting -= 1;
        if state.panics {
            drop(state);
            panic!("a bug in the transport");
        }
        let answer = if state.script.is_empty() { state.answer.clone() } else { Ok(state.script.remove(0)) };
        if matches!(&answer, Ok(answer) if answer.status < 300) {
            state.accepted.push(envelope);
        }
        answer
    }
}
