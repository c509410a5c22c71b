//! Passwords: argon2id with 19 MiB and two passes, the least that OWASP's cheat sheet asks for.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Fewer characters can be tried.
const MIN_CHARS: usize = 10;
/// More are no password, and cost time.
const MAX_BYTES: usize = 256;
/// Passwords hashed at once, each of which takes 19 MiB and a core.
const AT_ONCE: usize = 2;
/// How long one waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// Nobody's: verified where there is no such person, so that the time it takes does not tell.
static NOBODYS: LazyLock<String> = LazyLock::new(|| hash("nobody has this one").unwrap_or_default());

/// Too many at once: one may come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

/// Whether a password may be one of the person with this address.
///
/// # Errors
/// When it is too short, too long, or the address; the text says what was expected.
pub fn check(password: &str, email: &str) -> Result<(), String> {
    if password.chars().count() < MIN_CHARS || password.len() > MAX_BYTES {
        return Err(format!("password: expected {MIN_CHARS} characters or more, and at most {MAX_BYTES} bytes"));
    }
    let local = email.split('@').next().unwrap_or_default();
    let lower = password.to_lowercase();
    if lower == email || lower == local || password.chars().all(|c| password.starts_with(c)) {
        return Err("password: expected another than the address, or one character again and again".to_owned());
    }
    Ok(())
}

fn hash(password: &str) -> anyhow::Result<String> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|e| anyhow::anyhow!("random numbers: {e}"))?;
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(|e| anyhow::anyhow!("password: {e}"))?;
    Ok(hash.to_string())
}

fn is_right(password: &str, stored: &str) -> bool {
    password.len() <= MAX_BYTES && Argon2::default().verify_password(password.as_bytes(), stored).is_ok()
}

/// Hashes and verifies on threads of their own, a few at once.
#[derive(Debug, Clone)]
pub struct Hasher(Arc<Semaphore>);

impl Default for Hasher {
    fn default() -> Self {
        Hasher(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Hasher {
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let room = timeout(PATIENCE, self.0.clone().acquire_owned()).await.map_err(|_| Busy)?.map_err(|_| Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let _room = room;
            work()
        });
        done.await.map_err(|_| Busy)
    }

    /// The hash of a password, as a PHC string.
    ///
    /// # Errors
    /// When too many are at it, or (within) the system has no random numbers or no memory.
    pub async fn hash(&self, password: String) -> Result<anyhow::Result<String>, Busy> {
        self.run(move || hash(&password)).await
    }

    /// Whether `password` is what `stored` is the hash of. Takes the same time if there is none.
    ///
    /// # Errors
    /// When too many are at it.
    pub async fn is_right(&self, password: String, stored: Option<String>) -> Result<bool, Busy> {
        self.run(move || {
            let is_known = stored.is_some();
            let against = stored.as_deref().unwrap_or(NOBODYS.as_str());
            is_right(&password, against) && is_known
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_is_right() {
        let stored = hash("correct horse battery").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(is_right("correct horse battery", &stored));
        assert!(!is_right("correct horse batterz", &stored) && !is_right("", &stored) && !is_right("x", "no hash"));
        assert_ne!(stored, hash("correct horse battery").unwrap());
    }

    #[test]
    fn what_may_be_one() {
        assert!(check("correct horse", "ada@example.com").is_ok());
        for wrong in ["short", "ada@example.com", "ADA@example.com", "aaaaaaaaaaaa", &"long".repeat(100)] {
            assert!(check(wrong, "ada@example.com").is_err(), "{wrong}");
        }
    }
}
