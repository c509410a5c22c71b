//! Posts sample envelopes to a sink, to look at its reports: `post_samples http://127.0.0.1:PORT`.

#[path = "../tests/support/samples.rs"]
mod samples;

use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = std::env::args().nth(1).ok_or("expected the address the sink prints after `listening`")?;
    let url = format!("{}/api/1/envelope/", base.trim_end_matches('/'));
    let hostile = std::env::args().any(|arg| arg == "--hostile");
    let mut bodies = vec![
        samples::event(&samples::warning()),
        samples::event(&samples::smallest("worker 3 started late")),
        samples::event(&samples::panic()),
        b"{}\n{\"type\":\"event\",\"length\":90}\n{}".to_vec(),
        samples::after_a_storm(),
        samples::event(&samples::checkout()),
    ];
    if hostile {
        bodies.push(samples::event(&samples::hostile()));
    }
    for body in bodies {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(&body)?;
        let request = ureq::post(&url).config().http_status_as_error(false).build();
        let answer = request
            .header("content-encoding", "gzip")
            .header("content-type", "application/x-sentry-envelope")
            .header("x-sentry-auth", "Sentry sentry_version=7, sentry_client=samples/1, sentry_key=k")
            .send(&packed.finish()?)?;
        writeln!(std::io::stdout(), "{}", answer.status())?;
    }
    Ok(())
}
