//! What cannot be guessed: 32 random bytes each. They need no slow hash: there is nothing to try.

use sha2::{Digest, Sha256};

/// What every API token begins with, so that it is known where it leaked.
pub const TOKEN_PREFIX: &str = "fwt_";

/// What is stored of a secret.
pub type Hash = [u8; 32];

/// A fresh secret: 64 hexadecimal digits.
///
/// # Errors
/// When the system has no random numbers.
pub fn fresh() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|e| anyhow::anyhow!("random numbers: {e}"))?;
    Ok(hex(&bytes))
}

/// A fresh API token.
///
/// # Errors
/// When the system has no random numbers.
pub fn token() -> anyhow::Result<String> {
    Ok(format!("{TOKEN_PREFIX}{}", fresh()?))
}

/// What is stored of it, and looked up: no comparison whose time tells anything.
pub fn hash(secret: &str) -> Hash {
    Sha256::digest(secret.as_bytes()).into()
}

/// What a page has to send along with a session's cookie: made of it, and by the cookie alone not sent.
pub fn csrf(session: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(b"faultwire: not forged\0");
    digest.update(session.as_bytes());
    hex(&digest.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_do_not_tell_each_other() {
        let (one, two) = (fresh().unwrap(), fresh().unwrap());
        assert!(one != two && one.len() == 64);
        assert_ne!(csrf(&one), hex(&hash(&one)));
        assert_ne!(csrf(&one), csrf(&two));
        assert!(token().unwrap().starts_with("fwt_"));
    }
}
