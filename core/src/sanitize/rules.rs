//! Key rules: names under which a value is a secret, whatever it looks like. A table and the
//! function that reads it.
//!
//! A key is split into words (at anything that is no letter, at digits, and at camelCase humps) and
//! lower-cased. A phrase matches a run of whole words whose letters spell it, so that `api key`
//! covers `api_key`, `apiKey`, `X-Api-Key` and `apikey`, and `token` covers neither `tokenizer` nor
//! `broken`. Words that make a secret's name harmless at the end of a key (`token_count`,
//! `password_policy`) are in [`HARMLESS_LAST`].

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Where in a key a phrase counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Anywhere, unless the key ends in a harmless word after it.
    Anywhere,
    /// Only as the key's last words: the word has other uses in front of others.
    Last,
    /// Only as the whole key.
    Whole,
}

/// Why a value is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    /// Always.
    Secret,
    /// Unless `send_default_pii` is on.
    Pii,
}

/// How far an unquoted value reaches in running text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// One word.
    Word,
    /// Digits and the separators people put between them.
    Digits,
    /// The rest of the line: header values hold spaces.
    Line,
}

/// One row.
#[derive(Debug)]
pub struct KeyRule {
    /// The row's name: `[Filtered:name]` in running text, `@name` in `_meta`.
    pub name: &'static str,
    /// Secret or personal.
    pub secrecy: Secrecy,
    /// Where the phrases count.
    pub place: Place,
    /// What matches, separated by `, `; the words of each by spaces. One text, as a list of texts is three times as large.
    pub phrases: &'static str,
    /// Words straight before the phrase that turn it into something else (`max` tokens).
    pub not_after: &'static str,
    /// The phrase is also an ordinary word of error messages ("unexpected token: foo").
    pub prose: bool,
    /// How far it reaches in running text.
    pub span: Span,
    /// Where the row comes from.
    pub why: &'static str,
}

const fn secret(name: &'static str, place: Place, phrases: &'static str, why: &'static str) -> KeyRule {
    KeyRule { name, secrecy: Secrecy::Secret, place, phrases, not_after: "", prose: false, span: Span::Word, why }
}

const fn pii(name: &'static str, place: Place, phrases: &'static str, why: &'static str) -> KeyRule {
    KeyRule { name, secrecy: Secrecy::Pii, place, phrases, not_after: "", prose: false, span: Span::Word, why }
}

impl KeyRule {
    const fn not_after(mut self, words: &'static str) -> Self {
        self.not_after = words;
        self
    }
    /// What matches, one by one.
    pub fn phrases(&self) -> impl Iterator<Item = &'static str> {
        self.phrases.split(", ")
    }
    const fn prose(mut self) -> Self {
        self.prose = true;
        self
    }
    const fn span(mut self, span: Span) -> Self {
        self.span = span;
        self
    }
}

use Place::{Anywhere, Last, Whole};

/// The table.
#[rustfmt::skip]
pub static KEY_RULES: &[KeyRule] = &[
    secret("password", Anywhere, "password, passwords, passwd, passwort, kennwort, passphrase, pass phrase, pwd, psw, pswd, contraseña, \
        contrasena, mot de passe, wachtwoord, senha, parola, пароль, パスワード, 密码", "login secrets in the languages people name variables in"),
    secret("password", Last, "pass, pw, passcode", "short forms; elsewhere `pass` is a stage or an act")
        .not_after("first second third last next previous single multi low high band by render compiler boarding season \
            test tests num n each per will did does"),
    secret("secret", Anywhere, "secret, secrets, geheimnis, segredo", "client secrets, app secrets, shared secrets"),
    secret("credential", Anywhere, "credential, credentials, creds, cred", "user and password, or a cloud login, as one object"),
    secret("authorization", Anywhere, "authorization, proxy authorization, http authorization",
        "RFC 9110 section 11.6.2 and proxies").span(Span::Line),
    secret("auth", Last, "auth, basic auth, auth header, auth data, auth info, auth string, php auth pw, authenticator",
        "(user, password) pairs of HTTP libraries; PHP's server variables").prose(),
    secret("bearer", Last, "bearer", "RFC 6750").prose(),
    secret("token", Anywhere, "token", "session, access, refresh, reset and device tokens").prose()
        .not_after("next page continuation pad padding eos bos unk sep cls mask stop special lexer parser lookahead peek \
            per"),
    secret("token", Anywhere, "tokens", "lists of them; counts of words are not").prose()
        .not_after("max min num n total prompt completion input output used unused remaining cached reasoning thinking \
            generated special stop per avg mean new audio text image billed"),
    secret("jwt", Anywhere, "jwt, jwts, jws, jwe, id token, saml response, saml assertion, client assertion",
        "RFC 7519 and SAML: whoever holds one is the user"),
    secret("csrf", Anywhere, "csrf, xsrf, csrf token, xsrf token, csrf middleware token, authenticity token, anti forgery, \
        request verification token",
        "OWASP: anti-forgery tokens"),
    secret("cookie", Last, "cookie, cookies, set cookie, cookie jar", "RFC 6265").span(Span::Line),
    secret("session", Last, "session id, session ids, sess id, session key, session token, session data, session cookie, php sess id, \
        j session id", "a session's id is as good as its password"),
    secret("session", Whole, "session, sid, sess, connect sid, express sid", "session stores and their cookies").prose(),
    secret("api-key", Anywhere, "api key, api keys, apikey, app key, application key, x functions key, subscription key, consumer key, \
        developer key, dev key, service key, rapid api key, license key, licence key, server key, integration key, \
        routing key pagerduty, ingest key, write key",
        "keys that vendors hand out; the headers they travel in"),
    secret("access-key", Anywhere, "access key, access keys, secret key, secret access key, account key, shared key, shared access key, \
        shared access signature, sas token, storage key, aws secret, amz security token, amz credential, \
        amz signature, goog signature, goog credential",
        "cloud storage and pre-signed URLs: AWS SigV4, Google V4, Azure SAS"),
    secret("signature", Whole, "sig, signature, hmac, x hub signature, x signature, stripe signature, x slack signature, x twilio signature, \
        x shopify hmac sha", "what signs a request or a SAS URL can be replayed"),
    secret("private-key", Anywhere, "private key, private keys, priv key, privkey, ssh key, rsa key, signing key, encryption key, decryption key, \
        master key, deploy key, auth key, hmac key, secret key base, pgp key, gpg key, client key, wallet key, \
        aes key, crypto key, cipher key, key material, pem, pkcs, pfx, p key",
        "keys that sign or decrypt"),
    secret("seed", Anywhere, "seed phrase, mnemonic phrase, recovery phrase, wallet seed", "BIP 39: the words are the wallet"),
    secret("salt", Last, "salt, pepper, password salt, hash salt", "what protects stored hashes").prose(),
    secret("otp", Last, "otp, totp, hotp, otp code, mfa code, fa code, two factor code, verification code, verify code, security code, \
        reset code, auth code, authorization code, access code, confirmation code, one time code, one time password, \
        sms code, login code, backup code, backup codes, recovery code, recovery codes, magic link, otp secret, \
        device code, code verifier, activation code",
        "one-time codes live long enough to be used from a log"),
    secret("pin", Last, "pin, pin code, pin number, user pin, card pin, pin block", "ISO 9564").prose()
        .not_after("gpio led map drop rx tx cs reset data clock input output push"),
    secret("card", Anywhere, "card number, card no, card num, card pan, credit card, credit card number, debit card, cc number, cc num, \
        ccnum, cardnumber, primary account number", "PCI DSS 3.4").span(Span::Digits)
        .not_after("last"),
    secret("card", Whole, "pan, card, creditcard", "PCI DSS 3.4, as form fields").span(Span::Digits).prose(),
    secret("security-code", Last, "cvv, cvc, cvn, csc, cvv code, cvc code, card verification value, card code, card security code",
        "PCI DSS 3.3: never stored").span(Span::Digits),
    secret("ssn", Anywhere, "ssn, social security, social security number, social insurance number, national insurance number, \
        sozialversicherungsnummer",
        "NIST SP 800-122").span(Span::Digits),
    secret("national-id", Last, "national id, national identifier, national id number, tax id, taxpayer id, tax number, steuer id, \
        passport number, passport no, driver license, drivers license, driver license number, driving licence, \
        id card number, cpf, curp, aadhaar, personnummer, nino",
        "NIST SP 800-122: identifiers issued by a state").span(Span::Digits),
    secret("bank-account", Last, "iban, bic account, account number, bank account, bank account number, routing number, sort code, acct number, \
        acct no, kontonummer",
        "what debits an account").span(Span::Digits),
    secret("dsn", Last, "dsn", "data source names and ours: both carry keys"),
    secret("connection-string", Anywhere, "connection string, connection strings, conn string, conn str, connect string, connectionstring",
        "ODBC, ADO.NET, Azure: a password inside"),
    secret("webhook", Last, "slack webhook, discord webhook, teams webhook", "posting rights by URL"),
    pii("email", Last, "email, emails, mail, email address, mail address, user email, from email, to email, recipient email",
        "GDPR art. 4"),
    pii("phone", Last, "phone, phones, phone number, telephone, telephone number, mobile, mobile number, cell phone, tel, msisdn, \
        fax, whatsapp",
        "GDPR art. 4").span(Span::Digits).prose().not_after("i windows is"),
    pii("ip", Last, "ip, ip address, ip addr, ipaddr, ips, ipv, client ip, remote addr, remote address, remote ip, remote host, \
        client addr, client address, peer addr, x forwarded for, forwarded for, x real ip, real ip, cf connecting ip, \
        true client ip, fastly client ip, x cluster client ip, x client ip, source ip, user ip, visitor ip", "GDPR recital 30; the headers proxies add"),
    pii("ip", Whole, "forwarded, via client", "RFC 7239").span(Span::Line),
    pii("username", Last, "username, user name, login name, screen name, nick name, nickname", "GDPR art. 4"),
    pii("name", Last, "first name, last name, full name, middle name, given name, family name, surname, maiden name, firstname, \
        lastname, real name, nachname, vorname",
        "GDPR art. 4"),
    pii("address", Last, "street address, postal address, home address, billing address, shipping address, mailing address, street, \
        postal code, post code, postcode, zip code, zipcode",
        "GDPR art. 4"),
    pii("birth", Last, "date of birth, birth date, birthdate, birthday, dob, birth day, geburtsdatum", "GDPR art. 4"),
    pii("location", Last, "latitude, longitude, geo location, geolocation, gps, lat lng, lat lon", "GDPR art. 4"),
];

/// Words at the end of a key that say: this is about the secret, not the secret.
const HARMLESS_LAST: &str = "\
    age alg algorithm at attempts budget class column confirmed consent cost count counter counts dir directory \
    disabled enabled encoder endpoint error errors exists expiration expired expires expiry factory field fields \
    file filename form format found func generator handler hasher hashers helper in index is issuer kind len \
    length limit limits lineno manager max method min missing model name names offset ok only optional param \
    parser path paths policies policy position prefix present provider ratio regex required rotation samesite \
    schema serializer size source status store strength timeout ttl type types uri url urls usage validator \
    validators verified version view warning window";

/// Joined names that are written without any hump or separator: a word that ends so is a secret.
const GLUED_ENDINGS: &[(&str, &str)] = &[
    ("apikey", "api-key"),
    ("secretkey", "access-key"),
    ("accesskey", "access-key"),
    ("privatekey", "private-key"),
    ("clientsecret", "secret"),
    ("appsecret", "secret"),
    ("authtoken", "token"),
    ("accesstoken", "token"),
    ("refreshtoken", "token"),
    ("usertoken", "token"),
    ("bearertoken", "token"),
    ("apitoken", "token"),
    ("sessiontoken", "token"),
    ("resettoken", "token"),
    ("csrftoken", "csrf"),
    ("middlewaretoken", "csrf"),
    ("sessionid", "session"),
    ("sessid", "session"),
    ("emailaddress", "email"),
    ("useremail", "email"),
];

/// Stems that make a word a secret wherever they stand in it, `passwordless` excepted.
const GLUED_STEMS: &[&str] = &["password", "passwd", "passphrase"];

/// Longest run of words that one phrase can span.
const PHRASE_WORDS: usize = 6;

struct Index {
    phrases: HashMap<String, usize>,
    /// By first byte, which lengths occur: most keys are answered without hashing anything.
    lengths: [u64; 256],
    /// [`HARMLESS_LAST`]
    harmless: HashSet<&'static str>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut phrases = HashMap::with_capacity(512);
    let mut lengths = [0u64; 256];
    for (row, rule) in KEY_RULES.iter().enumerate() {
        for phrase in rule.phrases() {
            let joined: String = phrase.chars().filter(|c| *c != ' ').collect();
            if let Some(first) = joined.bytes().next() {
                lengths[usize::from(first)] |= length_bit(joined.len());
            }
            phrases.entry(joined).or_insert(row);
        }
    }
    Index { phrases, lengths, harmless: HARMLESS_LAST.split(' ').collect() }
});

fn length_bit(len: usize) -> u64 {
    1u64 << len.min(63)
}

/// A key that hides its value.
#[derive(Debug, Clone, Copy)]
pub struct KeyMatch<'s> {
    /// The kind shown in the replacement.
    pub name: &'s str,
    /// Secret or personal.
    pub secrecy: Secrecy,
    /// See [`KeyRule::prose`].
    pub prose: bool,
    /// See [`KeyRule::span`].
    pub span: Span,
}

impl<'s> From<&'static KeyRule> for KeyMatch<'s> {
    fn from(rule: &'static KeyRule) -> Self {
        KeyMatch { name: rule.name, secrecy: rule.secrecy, prose: rule.prose, span: rule.span }
    }
}

/// The key rules in force: the table and what the app added.
#[derive(Debug, Default)]
pub struct Keys {
    send_default_pii: bool,
    /// Joined phrase.
    extra: Vec<String>,
}

/// Kind shown for keys of the option `sanitize_keys`.
const CUSTOM: &str = "custom";

impl Keys {
    /// The table plus the keys of the option `sanitize_keys`.
    pub fn new(send_default_pii: bool, extra: &[String]) -> Keys {
        let extra = extra.iter().map(|key| Words::of(key).letters).filter(|k| !k.is_empty()).collect();
        Keys { send_default_pii, extra }
    }

    /// The rule that hides what stands under `key`.
    pub fn find(&self, key: &str) -> Option<KeyMatch<'static>> {
        if key.len() < 2 && self.extra.is_empty() {
            return None;
        }
        let words = match placeholder_in(key) {
            // A key that was itself filtered: the kind in the placeholder says nothing of the value.
            Some((start, end)) => Words::of(&format!("{} {}", key.get(..start)?, key.get(end..)?)),
            None => Words::of(key),
        };
        self.find_words(&words, false)
    }

    /// As [`Keys::find`], for the end of running text: only what the last words spell counts.
    pub fn find_last(&self, text: &str) -> Option<KeyMatch<'static>> {
        self.find_words(&Words::of(text), true)
    }

    fn find_words(&self, words: &Words, only_last: bool) -> Option<KeyMatch<'static>> {
        let index = &*INDEX;
        let count = words.count();
        // The longest phrase names the rule: `secret key` before `secret`.
        let mut found: Option<&'static KeyRule> = None;
        let mut longest = 0;
        for from in 0..count {
            let start = words.start(from);
            let Some(first) = words.letters.as_bytes().get(start) else { break };
            let lengths = index.lengths[usize::from(*first)];
            for to in from + 1..=(from + PHRASE_WORDS).min(count) {
                let end = words.start(to);
                if only_last && to != count {
                    continue;
                }
                let Some(run) = words.letters.get(start..end) else { continue };
                if !self.extra.is_empty() && self.extra.iter().any(|e| e == run) {
                    return Some(KeyMatch { name: CUSTOM, secrecy: Secrecy::Secret, prose: false, span: Span::Word });
                }
                if lengths & length_bit(run.len()) == 0 {
                    continue;
                }
                let Some(rule) = index.phrases.get(run).and_then(|row| KEY_RULES.get(*row)) else { continue };
                let better = match found {
                    Some(f) if f.secrecy != rule.secrecy => rule.secrecy == Secrecy::Secret,
                    _ => run.len() > longest,
                };
                if better && self.counts(rule, words, from, to) {
                    found = Some(rule);
                    longest = run.len();
                }
            }
            if found.is_none() && !(only_last && from + 1 != count) {
                found = self.glued(words, from);
            }
        }
        found.map(KeyMatch::from)
    }

    fn counts(&self, rule: &KeyRule, words: &Words, from: usize, to: usize) -> bool {
        if rule.secrecy == Secrecy::Pii && self.send_default_pii {
            return false;
        }
        let count = words.count();
        let placed = match rule.place {
            Place::Anywhere => to == count || !words.harmless_last(),
            Place::Last => to == count,
            Place::Whole => from == 0 && to == count,
        };
        placed && (from == 0 || !rule.not_after.split(' ').any(|word| word == words.word(from - 1)))
    }

    fn glued(&self, words: &Words, at: usize) -> Option<&'static KeyRule> {
        let word = words.word(at);
        if word.len() < 7 || (at + 1 < words.count() && words.harmless_last()) {
            return None;
        }
        let name = if !word.contains("passwordless") && GLUED_STEMS.iter().any(|stem| word.contains(stem)) {
            "password"
        } else if word.starts_with("csrf") || word.starts_with("xsrf") {
            "csrf"
        } else {
            GLUED_ENDINGS.iter().find(|(ending, _)| word.ends_with(ending)).map(|(_, name)| *name)?
        };
        let rule = KEY_RULES.iter().find(|rule| rule.name == name)?;
        (rule.secrecy == Secrecy::Secret || !self.send_default_pii).then_some(rule)
    }
}

/// A key's letters, lower-cased and joined, and where its words begin.
struct Words {
    letters: String,
    /// Starts of words in `letters`; the last entry is its length.
    starts: Starts,
}

/// Keys have few words; what does not fit is ignored at the front, where it decides nothing.
const MAX_WORDS: usize = 24;

struct Starts {
    at: [u32; MAX_WORDS],
    len: usize,
}

impl Words {
    fn of(key: &str) -> Words {
        // A key longer than this is a payload; its end names it best.
        const LONGEST: usize = 256;
        let key = tail(key, LONGEST);
        let mut letters = String::with_capacity(key.len());
        let mut starts = Starts { at: [0; MAX_WORDS], len: 0 };
        let bytes = key.as_bytes();
        let mut inside = false;
        let mut previous_lower = false;
        for (i, c) in key.char_indices() {
            if c.is_ascii() {
                if !c.is_ascii_alphabetic() {
                    inside = false;
                    continue;
                }
                let upper = c.is_ascii_uppercase();
                let hump = upper
                    && inside
                    && (previous_lower || bytes.get(i + 1).is_some_and(|next| next.is_ascii_lowercase()));
                if !inside || hump {
                    starts.push(letters.len());
                }
                letters.push(c.to_ascii_lowercase());
                previous_lower = !upper;
            } else {
                if !c.is_alphabetic() {
                    inside = false;
                    continue;
                }
                if !inside {
                    starts.push(letters.len());
                }
                letters.extend(c.to_lowercase());
                previous_lower = true;
            }
            inside = true;
        }
        Words { letters, starts }
    }

    fn count(&self) -> usize {
        self.starts.len
    }

    fn start(&self, word: usize) -> usize {
        if word < self.starts.len { self.starts.at.get(word).map_or(0, |at| *at as usize) } else { self.letters.len() }
    }

    fn word(&self, word: usize) -> &str {
        self.letters.get(self.start(word)..self.start(word + 1)).unwrap_or("")
    }

    fn harmless_last(&self) -> bool {
        let count = self.count();
        count > 1 && INDEX.harmless.contains(self.word(count - 1))
    }
}

impl Starts {
    fn push(&mut self, at: usize) {
        if self.len == MAX_WORDS {
            self.at.rotate_left(1);
            self.len -= 1;
        }
        if let Some(slot) = self.at.get_mut(self.len) {
            *slot = u32::try_from(at).unwrap_or(u32::MAX);
            self.len += 1;
        }
    }
}

/// The last `bytes` bytes of a text, at a character boundary.
fn tail(text: &str, bytes: usize) -> &str {
    let mut from = text.len().saturating_sub(bytes);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text.get(from..).unwrap_or("")
}

/// The first placeholder in a key.
fn placeholder_in(key: &str) -> Option<(usize, usize)> {
    let start = key.find("[Filtered")?;
    Some((start, super::scan::placeholder(key.as_bytes(), start)?))
}

/// Decodes `%41` and `+`; borrows when there is nothing to decode.
pub(super) fn percent_decode(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|b| b == b'%' || b == b'+') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while let Some(&b) = bytes.get(i) {
        let hex = |at: usize| bytes.get(at).and_then(|d| char::from(*d).to_digit(16));
        match (b, hex(i + 1), hex(i + 2)) {
            (b'%', Some(hi), Some(lo)) => {
                out.push(u8::try_from(hi * 16 + lo).unwrap_or(b'?'));
                i += 3;
            }
            _ => {
                out.push(if b == b'+' { b' ' } else { b });
                i += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_at_humps_digits_and_signs() {
        let split = |key: &str| {
            let words = Words::of(key);
            (0..words.count()).map(|i| words.word(i).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(split("X-Api-Key"), ["x", "api", "key"]);
        assert_eq!(split("DBPasswordHash2"), ["db", "password", "hash"]);
        assert_eq!(split("user[password]"), ["user", "password"]);
        assert_eq!(split("oauth2_token"), ["oauth", "token"]);
        assert_eq!(split("_Config__password"), ["config", "password"]);
    }

    #[test]
    fn every_phrase_of_the_table_is_found_by_itself() {
        let keys = Keys::new(false, &[]);
        for rule in KEY_RULES {
            for phrase in rule.phrases() {
                assert!(keys.find(&phrase.replace(' ', "_")).is_some(), "{phrase}");
            }
        }
    }
}
