//! The file of a backup: a tar, packed with zstd, sealed with age. Everything streams; nothing is held in memory.

use age::secrecy::ExposeSecret;
use age::stream::StreamWriter;
use age::x25519::{Identity, Recipient};
use age::{Decryptor, Encryptor};
use anyhow::{Context, Result, anyhow, ensure};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use uuid::Uuid;

/// Folder of the archive with the database as it was.
pub(super) const DATABASE: &str = "postgres";
/// Folder of the archive with the hub's own files.
pub(super) const FILES: &str = "files";
/// What is in it, the first file of the archive.
const ABOUT: &str = "about.json";
const PACKED: i32 = 3;

/// What a backup is of. What it holds is at least this: it was counted just before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// When it was begun, RFC 3339.
    pub begun: String,
    pub lineage: Uuid,
    pub wards: i64,
    pub records: i64,
    pub changes: i64,
    /// Entries of the audit log.
    pub audit: i64,
    /// The version of the program that made it.
    pub program: String,
}

impl About {
    /// Returns it as lines to print.
    pub fn lines(&self) -> String {
        let Self {
            begun,
            wards,
            records,
            changes,
            audit,
            ..
        } = self;
        format!(
            "as of {begun}: {wards} wards, {records} records, {changes} changes, {audit} audit entries"
        )
    }
}

/// Makes the key of backups and writes it to a file that nobody else may read; returns what backups are sealed for.
pub fn new_key(to: &Path) -> Result<String> {
    let key = Identity::generate();
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .with_context(|| format!("making {}", to.display()))?;
    writeln!(file, "{}", key.to_string().expose_secret())?;
    file.sync_all()?;
    Ok(key.to_public().to_string())
}

/// Writes an archive. It is only there under its name when it is whole and on the disk.
pub(super) fn write(
    to: &Path,
    sealed_for: &[String],
    about: &About,
    folders: &[(&str, &Path)],
) -> Result<()> {
    let mut tar = tar::Builder::new(sealed(to, sealed_for)?);
    tar.follow_symlinks(false);
    let text = serde_json::to_vec_pretty(about)?;
    let mut head = tar::Header::new_gnu();
    head.set_size(text.len() as u64);
    head.set_mode(0o600);
    tar.append_data(&mut head, ABOUT, text.as_slice())?;
    for (name, folder) in folders {
        tar.append_dir_all(name, folder)
            .with_context(|| format!("packing {}", folder.display()))?;
    }
    finish(tar.into_inner()?, to)
}

/// What is packed and sealed while it is written.
type Sealing = zstd::Encoder<'static, StreamWriter<BufWriter<File>>>;

/// Returns whom a file is sealed for.
///
/// # Errors
/// What is not as `backup key` prints it.
pub(super) fn recipients(sealed_for: &[String]) -> Result<Vec<Recipient>> {
    let read = |text: &String| {
        let read = text.parse::<Recipient>();
        read.map_err(|why| anyhow!("{text}: {why}"))
    };
    sealed_for.iter().map(read).collect()
}

/// Begins a sealed file under another name: see [`finish`].
pub(super) fn sealed(to: &Path, sealed_for: &[String]) -> Result<Sealing> {
    let recipients = recipients(sealed_for)?;
    let sealer = Encryptor::with_recipients(recipients.iter().map(|it| it as &dyn age::Recipient))?;
    let half = to.with_added_extension("part");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&half)
        .with_context(|| format!("writing {}", half.display()))?;
    let sealed = sealer.wrap_output(BufWriter::new(file))?;
    Ok(zstd::Encoder::new(sealed, PACKED)?)
}

/// Writes the end of a sealed file, and gives it its name once it is on the disk.
pub(super) fn finish(sealing: Sealing, to: &Path) -> Result<()> {
    let file = sealing.finish()?.finish()?.into_inner()?;
    file.sync_all()?;
    std::fs::rename(to.with_added_extension("part"), to)?;
    if let Some(folder) = to.parent().filter(|folder| *folder != Path::new("")) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Reads the key of backups.
pub(super) fn identity(key: &Path) -> Result<Identity> {
    let text = std::fs::read_to_string(key)
        .with_context(|| format!("reading the key in {}", key.display()))?;
    text.trim()
        .parse()
        .map_err(|_| anyhow!("{} holds no key of backups", key.display()))
}

/// Opens a sealed file.
pub(super) fn open(from: &Path, key: &Identity) -> Result<impl Read + use<>> {
    let file = File::open(from).with_context(|| format!("opening {}", from.display()))?;
    let sealed = Decryptor::new(BufReader::new(file))
        .with_context(|| format!("{} is no backup", from.display()))?
        .decrypt(std::iter::once(key as &dyn age::Identity))
        .with_context(|| format!("this key does not open {}", from.display()))?;
    Ok(zstd::Decoder::new(sealed)?)
}

/// Unpacks an archive into an empty folder; returns what it is of.
pub(super) fn read(backup: &Path, key: &Path, into: &Path) -> Result<About> {
    let mut packed = open(backup, &identity(key)?)?;
    let mut tar = tar::Archive::new(&mut packed);
    tar.set_preserve_permissions(true);
    tar.unpack(into)
        .with_context(|| format!("{} is damaged or cut short", backup.display()))?;
    // the seal of the last piece says that nothing was cut off
    let rest = std::io::copy(&mut packed, &mut std::io::sink());
    rest.with_context(|| format!("{} is damaged or cut short", backup.display()))?;
    let mut about = String::new();
    File::open(into.join(ABOUT))
        .context("this is no backup of a hub")?
        .read_to_string(&mut about)?;
    let about = serde_json::from_str(&about).context("this is no backup of a hub")?;
    ensure!(
        into.join(DATABASE).is_dir(),
        "this backup holds no database"
    );
    Ok(about)
}
