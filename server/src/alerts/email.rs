//! E-mail: text and HTML in one message, by the server's own SMTP settings.

use std::convert::Infallible;
use std::fmt::{self, Write};
use std::time::Duration;

use anyhow::Context;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport};
use ureq::http::Uri;

use super::sender::Outcome;
use super::texts::{Letter, html, line, place};

/// Time for each step of the conversation.
const TIMEOUT: Duration = Duration::from_secs(10);

/// `smtp://` plain, `smtp://...?tls=required` by STARTTLS, `smtps://` TLS from the start; with user and password, if
/// the server wants them. It has a password in it: it is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Smtp(String);

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Smtp(...)")
    }
}

impl Smtp {
    /// Takes the setting as it is: the command line repeats what it refuses, so this is for [`Smtp::validate`] to do.
    ///
    /// # Errors
    /// None.
    pub fn take(text: &str) -> Result<Smtp, Infallible> {
        Ok(Smtp(text.to_owned()))
    }

    /// Whether it is an address.
    ///
    /// # Errors
    /// When it is none; the message does not repeat it.
    pub fn validate(&self) -> anyhow::Result<()> {
        let expected =
            "smtp_url: expected smtp://[USER:PASSWORD@]HOST[:PORT], with ?tls=required for STARTTLS, or smtps://";
        self.transport().map(drop).context(expected)
    }

    fn transport(&self) -> Option<SmtpTransport> {
        let uri: Uri = self.0.parse().ok()?;
        let host = uri.host()?.to_owned();
        let builder = SmtpTransport::from_url(&self.0).ok()?.timeout(Some(TIMEOUT));
        let query = uri.query().unwrap_or_default();
        let with = |tls: fn(TlsParameters) -> Tls| Some(tls(parameters(&host)?));
        let tls = match uri.scheme_str() {
            Some("smtps") => with(Tls::Wrapper)?,
            _ if query.split('&').any(|part| part == "tls=required") => with(Tls::Required)?,
            _ if query.split('&').any(|part| part == "tls=opportunistic") => with(Tls::Opportunistic)?,
            _ => Tls::None,
        };
        Some(builder.tls(tls).build())
    }
}

/// The system's certificates and, where it has none, the bundled ones.
fn parameters(host: &str) -> Option<TlsParameters> {
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
    let roots = roots.filter_map(|der| Certificate::from_der(der.as_ref().to_vec()).ok());
    let builder = TlsParameters::builder(host.to_owned());
    roots.fold(builder, |builder, root| builder.add_root_certificate(root)).build_rustls().ok()
}

/// Sends mail. It waits for it: not for a thread of the runtime.
pub struct Mailer {
    transport: SmtpTransport,
    from: Mailbox,
}

impl Mailer {
    /// One that sends as `from`; `None` if the setting is not one after all.
    pub fn new(smtp: &Smtp, from: &Mailbox) -> Option<Mailer> {
        Some(Mailer { transport: smtp.transport()?, from: from.clone() })
    }

    /// Sends a letter, and waits for what comes of it.
    pub fn send(&self, letter: &Letter, to: &[String]) -> Outcome {
        match compose(letter, &self.from, to) {
            Err(error) => Outcome::Refused(format!("it cannot be written: {error}")),
            Ok(message) => match self.transport.send(&message) {
                Ok(response) => Outcome::Accepted(line(&response.message().collect::<Vec<_>>().join(" "))),
                Err(error) => {
                    let note = line(&error.to_string()).chars().take(200).collect();
                    // 55x is about this mail; the rest of 5xx is about how the server is set up, which changes.
                    let is_final = error.status().is_some_and(|code| (550..560).contains(&u16::from(code)));
                    if is_final { Outcome::Refused(note) } else { Outcome::Later(note, None) }
                }
            },
        }
    }
}

fn compose(letter: &Letter, from: &Mailbox, to: &[String]) -> anyhow::Result<Message> {
    let mut builder = Message::builder()
        .from(from.clone())
        .subject(format!("[Faultwire] {}", letter.subject()))
        // Nobody who is away tells us so (RFC 3834).
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        // Mail servers and readers know a repeat by it.
        .message_id(Some(format!("<{}@{}>", letter.id, from.email.domain())));
    for address in to {
        builder = builder.to(Mailbox::new(None, address.parse()?));
    }
    Ok(builder.multipart(MultiPart::alternative_plain_html(text(letter), page(letter)))?)
}

fn text(letter: &Letter) -> String {
    let mut out = String::new();
    for alert in &letter.content.alerts {
        // Writing into a text cannot fail.
        let _ = writeln!(out, "{}: {}", alert.headline(), line(&alert.title));
        for more in [line(&alert.culprit), place(alert), letter.link(alert)].iter().filter(|more| !more.is_empty()) {
            let _ = writeln!(out, "    {more}");
        }
        out.push('\n');
    }
    if letter.more() > 0 {
        let _ = writeln!(out, "and {} more\n", letter.more());
    }
    let _ = writeln!(out, "-- \nFaultwire, {}, message {}", letter.public_url, letter.id);
    out
}

fn page(letter: &Letter) -> String {
    let mut out = String::from("<!doctype html><html><body style=\"font-family:sans-serif\">");
    for alert in &letter.content.alerts {
        let (headline, link) = (html(&alert.headline()), html(&letter.link(alert)));
        let _ = match link.as_str() {
            "" => write!(out, "<p><b>{headline}</b>"),
            link => write!(out, "<p><a href=\"{link}\"><b>{headline}</b></a>"),
        };
        let _ = write!(
            out,
            "<br>{}<br><code>{}</code><br>{}</p>",
            html(&alert.title),
            html(&alert.culprit),
            html(&place(alert))
        );
    }
    if letter.more() > 0 {
        let _ = write!(out, "<p>and {} more</p>", letter.more());
    }
    let _ = write!(out, "<p><small>Faultwire, {}, message {}</small></p>", html(&letter.public_url), letter.id);
    out.push_str("</body></html>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings() {
        let good = [
            "smtp://localhost:2525",
            "smtp://u%40x:p%3Aw@mail.example.com:587?tls=required",
            "smtps://u:p@mail.example.com",
            "smtp://mail.example.com?tls=opportunistic",
        ];
        let smtp = |url: &str| Smtp::take(url).unwrap();
        for url in good {
            assert!(smtp(url).validate().is_ok(), "{url}");
        }
        for url in ["", "mail.example.com", "http://u:hunter2@mail.example.com", "smtp://u:hunter2@h?tls=maybe"] {
            let error = format!("{:?}", smtp(url).validate().unwrap_err());
            assert!(error.starts_with("smtp_url: expected") && !error.contains("hunter2"), "{url}: {error}");
        }
        assert!(!format!("{:?}", smtp("smtp://u:hunter2@h")).contains("hunter2"));
    }
}
