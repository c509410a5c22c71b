//! A receiver of webhooks: records every request that came in whole, and answers as it is told to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::tls::{Identity, Wire};

/// What the receiver does with a request that it has read.
#[derive(Debug, Clone, PartialEq)]
pub enum Mood {
    /// Answers this status, with these header lines, to the last of them.
    Answers(u16, &'static str),
    /// Takes the request, and closes the connection without a word.
    HangsUp,
    /// Takes the request, and says nothing.
    Stalls,
}

/// A request that came in.
#[derive(Clone)]
pub struct Request {
    /// `POST /path HTTP/1.1`.
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// How the receiver felt about it.
    pub mood: Mood,
    pub at: Instant,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {:?} {}", self.line, self.id(), self.mood, String::from_utf8_lossy(&self.body))
    }
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(one, _)| one.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The id of the message.
    pub fn id(&self) -> String {
        self.header("X-Faultwire-Message").to_owned()
    }

    pub fn was_accepted(&self) -> bool {
        matches!(self.mood, Mood::Answers(200..=299, _))
    }
}

pub struct Receiver {
    base: String,
    mood: Arc<Mutex<Mood>>,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Receiver {
    /// One that answers 200.
    pub fn start() -> Receiver {
        Receiver::listen(None)
    }

    /// The same over TLS.
    pub fn start_tls(identity: &Identity) -> Receiver {
        Receiver::listen(Some(identity.clone()))
    }

    fn listen(identity: Option<Identity>) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scheme = if identity.is_some() { "https" } else { "http" };
        let receiver = Receiver {
            base: format!("{scheme}://127.0.0.1:{}", listener.local_addr().unwrap().port()),
            mood: Arc::new(Mutex::new(Mood::Answers(200, ""))),
            requests: Arc::default(),
        };
        let (mood, requests) = (receiver.mood.clone(), receiver.requests.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mood, requests) = (mood.clone(), requests.clone());
                let stream = stream.unwrap();
                let wire: Box<dyn Wire> = match &identity {
                    Some(identity) => identity.wrap(stream),
                    None => Box::new(stream),
                };
                std::thread::spawn(move || drop(serve(wire, &mood, &requests)));
            }
        });
        receiver
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub fn feels(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Requests that it accepted, once there are so many.
    pub fn accepted(&self, count: usize) -> Vec<Request> {
        self.wait(|requests| requests.iter().filter(|request| request.was_accepted()).count() >= count)
            .into_iter()
            .filter(Request::was_accepted)
            .collect()
    }

    /// All requests, once they are as they should be.
    pub fn wait(&self, enough: impl Fn(&[Request]) -> bool) -> Vec<Request> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let requests = self.requests();
            if enough(&requests) {
                return requests;
            }
            assert!(Instant::now() < deadline, "not what was waited for: {requests:#?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn serve(wire: Box<dyn Wire>, mood: &Mutex<Mood>, requests: &Mutex<Vec<Request>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(wire);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut headers = Vec::new();
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let Some((name, value)) = header.trim_end().split_once(':') else { break };
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
        reader.read_exact(&mut body)?;
        let mood = mood.lock().unwrap().clone();
        let line = line.trim_end().to_owned();
        requests.lock().unwrap().push(Request { line, headers, body, mood: mood.clone(), at: Instant::now() });
        match mood {
            Mood::Answers(status, lines) => {
                write!(reader.get_mut(), "HTTP/1.1 {status} .\r\n{lines}Content-Length: 2\r\n\r\nok")?;
            }
            Mood::HangsUp => return Ok(()),
            Mood::Stalls => {
                // Until the other side gives up.
                let _ = reader.read(&mut [0]);
                return Ok(());
            }
        }
    }
}
