//! What the server says of itself: structured logs, and metrics for Prometheus.

mod metrics;
pub mod requests;
mod tasks;

use tracing_subscriber::EnvFilter;

pub use metrics::Metrics;
pub use tasks::Task;

/// Starts logging to standard error, a JSON object a line.
///
/// # Errors
/// When the filter is none; the message names its setting.
pub fn start(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).map_err(|e| anyhow::anyhow!("log: {e}"))?;
    let lines = tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter);
    // What cannot be written is not complained of where it cannot be written: that panics, and would end the very
    // thread that says its disk is full.
    let lines = lines.with_writer(std::io::stderr).log_internal_errors(false);
    // Only once a process; tests start several servers in one.
    let _ = lines.try_init();
    Ok(())
}
