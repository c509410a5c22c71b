//! Secrets of channels, sealed (ChaCha20-Poly1305) under a key in a file of its own: who has the database, or a backup
//! of it, cannot send in anyone's name.
//!
//! The key's file belongs to the machine and into no backup. A server restored without it keeps its channels and says
//! of each that its secret has to be set again.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, bail};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// Bytes of the key.
const KEY: usize = 32;

/// Seals and opens.
pub struct Vault(LessSafeKey);

impl Vault {
    /// The vault whose key is in the file at `path`; it is made if it is not there.
    ///
    /// # Errors
    /// When the file cannot be read or made, others may read it, or it is no key.
    pub fn open(path: &Path) -> anyhow::Result<Vault> {
        let named = || format!("key of the channels {}", path.display());
        let key = match File::open(path) {
            Ok(file) => read(file).with_context(named)?,
            Err(error) if error.kind() == ErrorKind::NotFound => make(path).with_context(named)?,
            Err(error) => return Err(error).with_context(named),
        };
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key).map_err(|_| anyhow::anyhow!("{}: no key", named()))?;
        Ok(Vault(LessSafeKey::new(key)))
    }

    /// Seals `secret` for `owner`: only for that one it is opened.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn seal(&self, owner: &str, secret: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut sealed = vec![0; NONCE_LEN];
        // Random: 2^32 secrets are far more than one server seals.
        getrandom::fill(&mut sealed).map_err(|e| anyhow::anyhow!("random numbers: {e}"))?;
        let nonce = Nonce::try_assume_unique_for_key(&sealed).map_err(|_| anyhow::anyhow!("nonce"))?;
        let mut text = secret.to_vec();
        self.0
            .seal_in_place_append_tag(nonce, Aad::from(owner.as_bytes()), &mut text)
            .map_err(|_| anyhow::anyhow!("too long to be sealed"))?;
        sealed.extend(text);
        Ok(sealed)
    }

    /// What was sealed; `None` if it was under another key, for another owner, or changed since.
    pub fn unseal(&self, owner: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let mut text = text.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plain = self.0.open_in_place(nonce, Aad::from(owner.as_bytes()), &mut text).ok()?;
        Some(plain.to_vec())
    }
}

fn read(mut file: File) -> anyhow::Result<[u8; KEY]> {
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("others can read it (mode {:o}); `chmod 600` it", mode & 0o777);
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    bytes.try_into().map_err(|bytes: Vec<u8>| anyhow::anyhow!("expected {KEY} bytes, found {}", bytes.len()))
}

/// Beside it first: a key that is half written would lose what is sealed under it.
fn make(path: &Path) -> anyhow::Result<[u8; KEY]> {
    let mut key = [0; KEY];
    getrandom::fill(&mut key).map_err(|e| anyhow::anyhow!("random numbers: {e}"))?;
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(&key)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_owner_and_its_key_open_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("channel.key");
        let vault = Vault::open(&path).unwrap();
        let sealed = vault.seal("channel 1", b"xyzzy").unwrap();
        assert!(!sealed.windows(5).any(|part| part == b"xyzzy"));
        assert_ne!(sealed, vault.seal("channel 1", b"xyzzy").unwrap());
        let again = Vault::open(&path).unwrap();
        assert_eq!(again.unseal("channel 1", &sealed).unwrap(), b"xyzzy");
        assert_eq!(again.unseal("channel 2", &sealed), None);
        assert_eq!(again.unseal("channel 1", &sealed[1..]), None);
        assert_eq!(again.unseal("channel 1", b""), None);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(Vault::open(&path).unwrap().unseal("channel 1", &sealed), None);
    }

    #[test]
    fn a_key_that_others_can_read_or_that_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("channel.key");
        assert!(Vault::open(&path).is_ok());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(format!("{:#}", Vault::open(&path).err().unwrap()).contains("chmod"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, b"short").unwrap();
        assert!(format!("{:#}", Vault::open(&path).err().unwrap()).contains("32 bytes"));
    }
}
