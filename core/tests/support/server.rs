//! A real HTTP server on loopback, as small as can be: takes envelopes, and answers or stalls.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use faultwire::protocol::{Dsn, Envelope, Value};

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub envelope: Envelope,
    /// Number of the connection it came on.
    pub connection: usize,
    /// What it is answered with.
    pub status: usize,
}

#[derive(Default)]
struct Shared {
    requests: Mutex<Vec<Request>>,
    stalled: AtomicBool,
    /// Milliseconds.
    delay: AtomicUsize,
    status: AtomicUsize,
    connections: AtomicUsize,
    ended: AtomicUsize,
}

/// Ends with the test's process.
pub struct Server {
    port: u16,
    shared: Arc<Shared>,
}

impl Server {
    pub fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        shared.status.store(200, Ordering::SeqCst);
        let server = Server { port, shared: Arc::clone(&shared) };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, shared) = (stream.unwrap(), Arc::clone(&shared));
                let number = shared.connections.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    serve(stream, number, &shared);
                    shared.ended.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        server
    }

    pub fn dsn_text(&self) -> String {
        format!("http://abc123@127.0.0.1:{}/7", self.port)
    }

    pub fn dsn(&self) -> Option<Dsn> {
        Some(self.dsn_text().parse().unwrap())
    }

    /// Connections are closed as soon as they are made: nobody could tell it from a server that is down.
    pub fn refuses(&self) {
        self.answers(0);
    }

    /// Requests are read and never answered.
    pub fn stalls(&self) {
        self.shared.stalled.store(true, Ordering::SeqCst);
    }

    /// How long it takes to answer.
    pub fn takes(&self, delay: Duration) {
        self.shared.delay.store(delay.as_millis() as usize, Ordering::SeqCst);
    }

    pub fn answers(&self, status: usize) {
        self.shared.status.store(status, Ordering::SeqCst);
    }

    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many of them are no more.
    pub fn ended(&self) -> usize {
        self.shared.ended.load(Ordering::SeqCst)
    }

    /// Those that were taken.
    pub fn events(&self) -> Vec<Value> {
        let requests = self.requests();
        let taken = requests.iter().filter(|r| r.status == 200);
        let items = taken.flat_map(|r| &r.envelope.items).filter(|i| i.header.ty == "event");
        items.map(|i| serde_json::from_slice(&i.payload).unwrap()).collect()
    }
}

fn serve(stream: TcpStream, connection: usize, shared: &Shared) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some((path, headers, body)) = read(&mut reader) {
        let mut plain = Vec::new();
        match headers.get("content-encoding").map(String::as_str) {
            Some("gzip") => flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut plain).map(drop).unwrap(),
            _ => plain = body,
        }
        let envelope = Envelope::parse(&plain).unwrap();
        let status = shared.status.load(Ordering::SeqCst);
        if status == 0 {
            return;
        }
        shared.requests.lock().unwrap().push(Request { path, headers, envelope, connection, status });
        while shared.stalled.load(Ordering::SeqCst) {
            std::thread::park();
        }
        std::thread::sleep(Duration::from_millis(shared.delay.load(Ordering::SeqCst) as u64));
        // One write: pieces would wait for each other's acknowledgement.
        let answer = format!("HTTP/1.1 {status} Said\r\nContent-Length: 2\r\n\r\n{{}}");
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

type Read3 = (String, BTreeMap<String, String>, Vec<u8>);

fn read(reader: &mut BufReader<TcpStream>) -> Option<Read3> {
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        Some(line.trim_end().to_owned())
    };
    let path = line()?.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let header = line()?;
        let Some((name, value)) = header.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some((path, headers, body))
}
