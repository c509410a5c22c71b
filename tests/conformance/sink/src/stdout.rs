//! Standard output from a thread of its own: a reader that stops reading never stops the server.

use std::io::Write;
use std::sync::mpsc::{SyncSender, sync_channel};

/// Blocks waiting to be written; when a reader falls this far behind, further ones are left out.
const MAX_WAITING: usize = 256;

/// Where the reports go.
#[derive(Debug, Clone)]
pub struct Stdout(SyncSender<String>);

impl Stdout {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start() -> std::io::Result<Stdout> {
        let (sender, receiver) = sync_channel::<String>(MAX_WAITING);
        std::thread::Builder::new().name("sink-stdout".to_owned()).spawn(move || {
            let mut out = std::io::stdout();
            for block in receiver {
                // A closed pipe is the reader's choice.
                if out.write_all(block.as_bytes()).and_then(|()| out.flush()).is_err() {
                    return;
                }
            }
        })?;
        Ok(Stdout(sender))
    }

    /// Hands over a block, or leaves it out.
    pub fn say(&self, block: String) {
        let _ = self.0.try_send(block);
    }
}
