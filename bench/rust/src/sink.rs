//! The least that an SDK can take for a server: keeps every body as it came, answers 200.
//!
//! Prints its port, which may be given. `POST` anything stores; `GET /take` gives all bodies and forgets them: for each
//! its length (4 bytes, little-endian), its content encoding (8 bytes) and itself. Reading what is in
//! them is left for after the run, so that a run competes with as little as possible.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

type Store = Arc<Mutex<Vec<u8>>>;

struct Request {
    line: String,
    encoding: [u8; 8],
    body: Vec<u8>,
}

fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(0u16);
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("{}", listener.local_addr()?.port());
    let store = Store::default();
    for stream in listener.incoming() {
        let (stream, store) = (stream?, Arc::clone(&store));
        std::thread::spawn(move || serve(stream, &store));
    }
    Ok(())
}

fn serve(stream: TcpStream, store: &Store) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader, &mut writer)? {
        let mut kept = store.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = if request.line.starts_with("GET /take") {
            std::mem::take(&mut *kept)
        } else {
            kept.extend_from_slice(&(request.body.len() as u32).to_le_bytes());
            kept.extend_from_slice(&request.encoding);
            kept.extend_from_slice(&request.body);
            b"{}".to_vec()
        };
        drop(kept);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", answer.len());
        writer.write_all(&[head.as_bytes(), &answer].concat())?;
    }
    Ok(())
}

fn read(reader: &mut BufReader<TcpStream>, writer: &mut TcpStream) -> std::io::Result<Option<Request>> {
    let mut request = Request { line: String::new(), encoding: [0; 8], body: Vec::new() };
    if reader.read_line(&mut request.line)? == 0 {
        return Ok(None);
    }
    let (mut length, mut chunked) = (0, false);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap_or(0),
            "transfer-encoding" => chunked = value.eq_ignore_ascii_case("chunked"),
            "content-encoding" => {
                request.encoding.iter_mut().zip(value.bytes()).for_each(|(to, from)| *to = from);
            }
            "expect" => writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?,
            _ => {}
        }
    }
    if !chunked {
        request.body.resize(length, 0);
        reader.read_exact(&mut request.body)?;
        return Ok(Some(request));
    }
    loop {
        let mut size = String::new();
        reader.read_line(&mut size)?;
        let size = usize::from_str_radix(size.trim().split(';').next().unwrap_or("0"), 16).unwrap_or(0);
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk)?;
        if size == 0 {
            return Ok(Some(request));
        }
        request.body.extend_from_slice(&chunk[..size]);
    }
}
