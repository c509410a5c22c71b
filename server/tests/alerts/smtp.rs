//! A mail server: as much of RFC 5321 as a client needs, with every command in its order.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::tls::{Identity, Wire};

/// A mail that was accepted, or would have been.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    /// Without the dots that transport adds.
    pub data: String,
    /// It came over TLS.
    pub was_encrypted: bool,
    /// Who said to send it.
    pub user: String,
    pub password: String,
}

impl Mail {
    /// The first header of this name, unfolded.
    pub fn header(&self, name: &str) -> String {
        let head = self.data.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
        let prefix = format!("{}: ", name.to_lowercase());
        let found =
            head.lines().find(|line| line.to_lowercase().starts_with(&prefix)).map(|l| l[prefix.len()..].to_owned());
        found.unwrap_or_default()
    }
}

/// Reverse of quoted-printable (RFC 2045, 6.7).
pub fn unquoted(text: &str) -> String {
    let text = text.replace("=\r\n", "");
    let mut parts = text.split('=');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap()
}

pub struct MailServer {
    pub port: u16,
    answer: Arc<Mutex<&'static str>>,
    mails: Arc<Mutex<Vec<Mail>>>,
    /// What was not in order.
    pub faults: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    pub fn start() -> MailServer {
        MailServer::listen(Tls::None)
    }

    /// One that speaks TLS from the start.
    pub fn start_wrapped(identity: &Identity) -> MailServer {
        MailServer::listen(Tls::Wrapped(identity.clone()))
    }

    /// One that offers STARTTLS.
    pub fn start_upgraded(identity: &Identity) -> MailServer {
        MailServer::listen(Tls::Offered(identity.clone()))
    }

    fn listen(tls: Tls) -> MailServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = MailServer {
            port: listener.local_addr().unwrap().port(),
            answer: Arc::new(Mutex::new("250 queued")),
            mails: Arc::default(),
            faults: Arc::default(),
        };
        let (answer, mails, faults) = (server.answer.clone(), server.mails.clone(), server.faults.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, mails, faults) = (answer.clone(), mails.clone(), faults.clone());
                let tls = tls.clone();
                std::thread::spawn(move || drop(serve(&stream.unwrap(), &tls, &answer, &mails, &faults)));
            }
        });
        server
    }

    /// What a mail is answered when it is in; empty hangs up instead.
    pub fn answers(&self, answer: &'static str) {
        *self.answer.lock().unwrap() = answer;
    }

    /// All mails, once they are as they should be.
    pub fn wait(&self, enough: impl Fn(&[Mail]) -> bool) -> Vec<Mail> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let mails = self.mails.lock().unwrap().clone();
            if enough(&mails) {
                return mails;
            }
            assert!(Instant::now() < deadline, "not what was waited for: {mails:#?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// How a mail server encrypts.
#[derive(Clone)]
enum Tls {
    None,
    Wrapped(Identity),
    Offered(Identity),
}

/// User and password of AUTH PLAIN.
fn plain(encoded: &str) -> Option<(String, String)> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = encoded.trim_end_matches('=').chars().map(|c| DIGITS.find(c));
    let mut bits = 0_u32;
    let mut bytes = Vec::new();
    for (at, digit) in digits.enumerate() {
        bits = bits << 6 | digit? as u32;
        if at % 4 != 0 {
            bytes.push((bits >> (6 - 2 * (at % 4))) as u8);
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    let mut parts = text.split('\0').skip(1).map(str::to_owned);
    Some((parts.next()?, parts.next()?))
}

fn serve(
    stream: &TcpStream,
    tls: &Tls,
    answer: &Mutex<&'static str>,
    mails: &Mutex<Vec<Mail>>,
    faults: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let wire: Box<dyn Wire> = match tls {
        Tls::Wrapped(identity) => identity.wrap(stream.try_clone()?),
        Tls::None | Tls::Offered(_) => Box::new(stream.try_clone()?),
    };
    let mut is_encrypted = matches!(tls, Tls::Wrapped(_));
    let mut reader = BufReader::new(wire);
    let mut login = (String::new(), String::new());
    let mut mail = Mail::default();
    let mut is_greeted = false;
    write!(reader.get_mut(), "220 mail.test ESMTP\r\n")?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if !line.ends_with("\r\n") {
            faults.lock().unwrap().push(format!("no CRLF: {line:?}"));
        }
        let command = line.trim_end();
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let out_of_order = |is_fine: bool| {
            if !is_fine {
                faults.lock().unwrap().push(format!("out of order: {command}"));
            }
        };
        let path = || command.split('<').nth(1).and_then(|rest| rest.split('>').next()).unwrap_or_default().to_owned();
        match verb.as_str() {
            "EHLO" | "HELO" => {
                is_greeted = true;
                let offer = match tls {
                    Tls::Offered(_) if !is_encrypted => "250-STARTTLS\r\n",
                    _ if is_encrypted => "250-AUTH PLAIN\r\n",
                    _ => "",
                };
                write!(reader.get_mut(), "250-mail.test\r\n{offer}250-8BITMIME\r\n250 SMTPUTF8\r\n")?;
            }
            "STARTTLS" => {
                let Tls::Offered(identity) = tls else { return Ok(()) };
                write!(reader.get_mut(), "220 go on\r\n")?;
                reader = BufReader::new(identity.wrap(stream.try_clone()?));
                (is_encrypted, is_greeted) = (true, false);
            }
            "AUTH" => {
                out_of_order(is_greeted && is_encrypted);
                login = plain(command.rsplit(' ').next().unwrap()).unwrap();
                write!(reader.get_mut(), "235 welcome\r\n")?;
            }
            "MAIL" => {
                out_of_order(is_greeted && mail.from.is_empty());
                mail.from = path();
                write!(reader.get_mut(), "250 ok\r\n")?;
            }
            "RCPT" => {
                out_of_order(!mail.from.is_empty());
                mail.to.push(path());
                write!(reader.get_mut(), "250 ok\r\n")?;
            }
            "DATA" => {
                out_of_order(!mail.to.is_empty());
                write!(reader.get_mut(), "354 go on\r\n")?;
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line)?;
                    match line.as_str() {
                        ".\r\n" => break,
                        "" => return Ok(()),
                        stuffed => mail.data.push_str(stuffed.strip_prefix('.').unwrap_or(stuffed)),
                    }
                }
                let answer = *answer.lock().unwrap();
                mail.was_encrypted = is_encrypted;
                (mail.user, mail.password) = login.clone();
                mails.lock().unwrap().push(std::mem::take(&mut mail));
                if answer.is_empty() {
                    return Ok(());
                }
                write!(reader.get_mut(), "{answer}\r\n")?;
            }
            "RSET" | "NOOP" => write!(reader.get_mut(), "250 ok\r\n")?,
            "QUIT" => {
                write!(reader.get_mut(), "221 bye\r\n")?;
                return Ok(());
            }
            _ => write!(reader.get_mut(), "502 not here\r\n")?,
        }
    }
}
