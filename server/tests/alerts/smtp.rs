//! A mail server: as much of RFC 5321 as a client needs, with every command in its order.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A mail that was accepted, or would have been.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    /// Without the dots that transport adds.
    pub data: String,
    /// What it was answered, if anything.
    pub answer: String,
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

pub struct MailServer {
    pub port: u16,
    answer: Arc<Mutex<&'static str>>,
    mails: Arc<Mutex<Vec<Mail>>>,
    /// What was not in order.
    pub faults: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    pub fn start() -> MailServer {
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
                std::thread::spawn(move || drop(serve(stream.unwrap(), &answer, &mails, &faults)));
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

fn serve(
    mut stream: TcpStream,
    answer: &Mutex<&'static str>,
    mails: &Mutex<Vec<Mail>>,
    faults: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut mail = Mail::default();
    let mut is_greeted = false;
    write!(stream, "220 mail.test ESMTP\r\n")?;
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
                write!(stream, "250-mail.test\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")?;
            }
            "MAIL" => {
                out_of_order(is_greeted && mail.from.is_empty());
                mail.from = path();
                write!(stream, "250 ok\r\n")?;
            }
            "RCPT" => {
                out_of_order(!mail.from.is_empty());
                mail.to.push(path());
                write!(stream, "250 ok\r\n")?;
            }
            "DATA" => {
                out_of_order(!mail.to.is_empty());
                write!(stream, "354 go on\r\n")?;
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
                mail.answer = answer.to_owned();
                mails.lock().unwrap().push(std::mem::take(&mut mail));
                if answer.is_empty() {
                    return Ok(());
                }
                write!(stream, "{answer}\r\n")?;
            }
            "RSET" | "NOOP" => write!(stream, "250 ok\r\n")?,
            "QUIT" => {
                write!(stream, "221 bye\r\n")?;
                return Ok(());
            }
            _ => write!(stream, "502 not here\r\n")?,
        }
    }
}
