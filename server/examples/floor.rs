//! What is below the server's own cost: requests are read by the same libraries, brought to disk, and answered. Nothing
//! is unpacked, looked at or counted. `bench/server/run.py` sends it what it sends the server.
//!
//!     cargo run --release -p faultwire-server --example floor

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::mpsc::{Receiver, Sender, channel};

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Bytes of the file, which is written from its beginning again when it is full.
const SIZE: u64 = 16 << 20;

type Waiting = (Bytes, oneshot::Sender<()>);

fn write(file: &File, waiting: &Receiver<Waiting>) -> std::io::Result<()> {
    let mut at = 0;
    while let Ok((body, waiter)) = waiting.recv() {
        at = if at + body.len() as u64 > SIZE { 0 } else { at };
        file.write_all_at(&body, at)?;
        file.sync_data()?;
        at += body.len() as u64;
        // Who went away is not told.
        let _ = waiter.send(());
    }
    Ok(())
}

async fn take(State(log): State<Sender<Waiting>>, body: Bytes) -> (StatusCode, &'static str) {
    let (waiter, written) = oneshot::channel();
    let is_written = log.send((body, waiter)).is_ok() && written.await.is_ok();
    (if is_written { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, "{}")
}

fn main() -> anyhow::Result<()> {
    let file = tempfile::tempfile_in(std::env::args().nth(1).context("expected a folder")?)?;
    file.write_all_at(&vec![0; SIZE as usize], 0)?;
    file.sync_all()?;
    let (log, waiting) = channel();
    std::thread::spawn(move || write(&file, &waiting));
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?.port());
        axum::serve(listener, Router::new().route("/api/{project}/envelope/", post(take)).with_state(log)).await?;
        Ok(())
    })
}
