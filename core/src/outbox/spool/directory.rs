//! Where spooled records lie: a directory that is this user's alone, one for each DSN, so that a record can only
//! go to the server that it was captured for.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use sha2::{Digest, Sha256};

use super::entries::entries;
use crate::options::Options;
use crate::protocol::Dsn;

/// How the files of records end.
pub(super) const SEGMENT: &str = "spool";

/// Why there is no spool: for `stats()` and the debug log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unusable(pub String);

impl Unusable {
    fn because(reason: &str) -> Unusable {
        Unusable(reason.to_owned())
    }
}

impl From<io::Error> for Unusable {
    fn from(error: io::Error) -> Self {
        // Without the path, which names the user.
        Unusable(error.kind().to_string())
    }
}

/// Where the spool of a DSN would be; nothing is created or looked at.
pub(crate) fn place(dsn: &Dsn, options: &Options) -> Result<PathBuf, Unusable> {
    let base = match &options.spool_dir {
        Some(given) => std::path::absolute(given)?,
        None => state_directory().ok_or_else(|| Unusable::because("no home directory"))?.join("faultwire"),
    };
    Ok(base.join(name(dsn)))
}

/// The platform's place for what a program keeps between runs.
fn state_directory() -> Option<PathBuf> {
    let variable = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        variable("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        variable("XDG_STATE_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/state")))
    }
}

/// A name that tells nothing of the keys.
fn name(dsn: &Dsn) -> String {
    let digest = Sha256::digest(format!("{}\n{}", dsn.envelope_url(), dsn.public_key()));
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Creates `path` if it is missing, and makes sure that nobody else can write there.
///
/// # Errors
/// When it cannot be created, is a link, is another user's, can be written by others, or lies where locks mean
/// nothing (network file systems).
pub(crate) fn open(path: &Path) -> Result<(), Unusable> {
    let base = path.parent().ok_or_else(|| Unusable::because("no directory above it"))?;
    create(base, true)?;
    check(base, &fs::metadata(base)?)?;
    create(path, false)?;
    let here = fs::symlink_metadata(path)?;
    if !here.is_dir() {
        return Err(Unusable::because("not a directory"));
    }
    check(path, &here)?;
    match remote(path)? {
        Some(name) => Err(Unusable(format!("on a network file system ({name})"))),
        None => Ok(()),
    }
}

fn create(path: &Path, recursive: bool) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.recursive(recursive).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(unix)]
fn check(path: &Path, about: &fs::Metadata) -> Result<(), Unusable> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    if about.uid() != own_user() {
        return Err(Unusable::because("it belongs to another user"));
    }
    if about.mode() & 0o022 != 0 {
        return Err(Unusable::because("other users can write to it"));
    }
    if about.mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// The folder of local application data is the user's own.
#[cfg(not(unix))]
fn check(_: &Path, _: &fs::Metadata) -> Result<(), Unusable> {
    Ok(())
}

#[cfg(unix)]
pub(super) fn own_user() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::geteuid() }
}

/// File systems on which locks may not hold, or a read may block for minutes, by the number that `statfs` says
/// (linux/magic.h). FUSE can be anything, `sshfs` among it.
#[cfg(target_os = "linux")]
const REMOTE: [(u32, &str); 10] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x6573_5546, "FUSE"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x0102_1997, "9P"),
];

#[cfg(target_os = "linux")]
fn remote_kind(kind: u32) -> Option<&'static str> {
    REMOTE.iter().find(|(remote, _)| *remote == kind).map(|(_, name)| *name)
}

/// The name of the network file system that `path` lies on.
#[cfg(target_os = "linux")]
fn remote(path: &Path) -> io::Result<Option<&'static str>> {
    // The field has a type of its own on each platform; all numbers have 32 bits.
    Ok(remote_kind(about_file_system(path)?.f_type as u32))
}

#[cfg(all(unix, not(target_os = "linux")))]
fn remote(path: &Path) -> io::Result<Option<&'static str>> {
    let is_local = about_file_system(path)?.f_flags & libc::MNT_LOCAL as u32 != 0;
    Ok((!is_local).then_some("not mounted as local"))
}

#[cfg(not(unix))]
fn remote(_: &Path) -> io::Result<Option<&'static str>> {
    Ok(None)
}

#[cfg(unix)]
fn about_file_system(path: &Path) -> io::Result<libc::statfs> {
    use std::os::unix::ffi::OsStrExt;

    let path = std::ffi::CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: statfs is plain data for which zeroes are valid; the call fills it from a path that ends in zero.
    unsafe {
        let mut about: libc::statfs = std::mem::zeroed();
        if libc::statfs(path.as_ptr(), &raw mut about) != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(about)
    }
}

/// A file of records that somebody left or still writes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Listed {
    /// Names begin with the time of creation: in order, the oldest comes first.
    pub path: PathBuf,
    pub bytes: u64,
}

/// All files of records, oldest first. None where there is no directory.
pub(super) fn list(path: &Path) -> Vec<Listed> {
    let is_segment = |path: &PathBuf| path.extension().is_some_and(|e| e == SEGMENT);
    let listed = |path: PathBuf| Some(Listed { bytes: fs::symlink_metadata(&path).ok()?.len(), path });
    let mut all: Vec<Listed> = entries(path).into_iter().filter(is_segment).filter_map(listed).collect();
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_servers_two_projects_and_two_keys_have_directories_of_their_own() {
        let dsns = ["http://a@h/1", "http://a@h/2", "http://b@h/1", "http://a@i/1", "https://a@h/1", "http://a@h/p/1"];
        let options = Options { spool_dir: Some("/state".to_owned()), ..Options::default() };
        let places: std::collections::BTreeSet<PathBuf> =
            dsns.iter().map(|dsn| place(&dsn.parse().unwrap(), &options).unwrap()).collect();
        assert_eq!(places.len(), dsns.len());
        let secret = place(&"http://a:secret@h/1".parse().unwrap(), &options).unwrap();
        assert!(places.contains(&secret), "the deprecated secret goes nowhere, not even into a hash");
    }

    #[cfg(unix)]
    #[test]
    fn only_a_directory_of_ones_own_is_used() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name).join("0123");
        open(&at("fresh")).unwrap();
        assert_eq!(fs::metadata(at("fresh")).unwrap().mode() & 0o777, 0o700);
        open(&at("fresh")).unwrap();

        let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        set(&at("fresh"), 0o755);
        open(&at("fresh")).unwrap();
        assert_eq!(fs::metadata(at("fresh")).unwrap().mode() & 0o777, 0o700, "readable by others: mended");

        set(&at("fresh"), 0o770);
        assert_eq!(open(&at("fresh")), Err(Unusable::because("other users can write to it")));
        set(&at("fresh"), 0o700);
        set(&home.path().join("fresh"), 0o777);
        assert_eq!(open(&at("fresh")), Err(Unusable::because("other users can write to it")));

        fs::create_dir(home.path().join("linked")).unwrap();
        set(&home.path().join("linked"), 0o700);
        symlink(home.path(), at("linked")).unwrap();
        assert_eq!(open(&at("linked")), Err(Unusable::because("not a directory")));

        fs::write(home.path().join("file"), "").unwrap();
        assert!(open(&at("file")).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn file_systems_of_other_machines_are_told_from_local_ones() {
        let remote = [
            (libc::NFS_SUPER_MAGIC as u32, "NFS"),
            (libc::SMB_SUPER_MAGIC as u32, "SMB"),
            (0xff53_4d42, "CIFS"),
            (0xfe53_4d42, "SMB2"),
            (libc::FUSE_SUPER_MAGIC as u32, "FUSE"),
            (0x00c3_6400, "Ceph"),
            (libc::AFS_SUPER_MAGIC as u32, "AFS"),
            (0x6b41_4653, "AFS"),
            (libc::CODA_SUPER_MAGIC as u32, "Coda"),
            (0x0102_1997, "9P"),
        ];
        assert_eq!(remote, REMOTE, "each row, from another source where there is one");
        for (kind, name) in remote {
            assert_eq!(remote_kind(kind), Some(name));
        }
        let local = [
            libc::EXT4_SUPER_MAGIC as u32,
            libc::XFS_SUPER_MAGIC as u32,
            libc::BTRFS_SUPER_MAGIC as u32,
            libc::F2FS_SUPER_MAGIC as u32,
            libc::TMPFS_MAGIC as u32,
            libc::OVERLAYFS_SUPER_MAGIC as u32,
            0x2fc1_2fc1, // ZFS
        ];
        assert!(local.iter().all(|kind| remote_kind(*kind).is_none()));
        assert_eq!(super::remote(Path::new("/proc")).unwrap(), None);
        assert!(super::remote(Path::new("/no such place")).is_err());
    }
}
