use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use domain::passwords::{BreachedListUnavailable, BreachedPasswords, Password};
use thiserror::Error;
use tokio::task::spawn_blocking;

/// What every file begins with: its kind, and the version of its form.
pub(crate) const MAGIC: [u8; 8] = *b"HXBREAC1";
/// The kind, the number of prefixes, and the checksum.
pub(crate) const HEADER_BYTES: u64 = 8 + 8 + CHECKSUM_BYTES as u64;
/// The first bytes of a SHA-1, as a number in big-endian. Of a billion, one in 18 billion passwords hits by chance.
pub(crate) const PREFIX_BYTES: u64 = 8;

const CHECKSUM_BYTES: usize = 32;
/// Most parts of a file that its checksum is of, and the length of each: 4 MiB, so that a file of a billion is opened
/// in a moment, and one of up to half a million is known to be whole, byte by byte.
const SAMPLES: u64 = 1024;
const SAMPLE_BYTES: u64 = 4096;

/// A list of breached passwords in a file, which [`import_breached`](crate::import_breached) makes: the first 8 bytes
/// of each SHA-1, sorted, after a header. It is searched in place, with some 30 short reads, and held open.
pub struct BreachedFile {
    file: Arc<Mutex<File>>,
    count: u64,
}

/// Why a list cannot be used.
#[derive(Debug, Error)]
pub enum BreachedFileError {
    /// It cannot be read.
    #[error("cannot read the list of breached passwords in {}: {source}", file.display())]
    Read {
        /// Where.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not a list, or not the one that was written.
    #[error("the list of breached passwords in {} {fault}: make it anew with 'hexauth passwords import-breached'", file.display())]
    Damaged {
        /// Where.
        file: PathBuf,
        /// What is wrong.
        fault: &'static str,
    },
}

impl BreachedFile {
    /// Opens a list, and finds out whether it is whole.
    ///
    /// # Errors
    /// [`BreachedFileError`], both variants.
    pub fn open(path: &Path) -> Result<Self, BreachedFileError> {
        let read = |source| BreachedFileError::Read { file: path.to_owned(), source };
        let damaged = |fault| BreachedFileError::Damaged { file: path.to_owned(), fault };
        let mut file = File::open(path).map_err(read)?;
        let length = file.metadata().map_err(read)?.len();
        let (mut magic, mut count, mut expected) = ([0; 8], [0; 8], [0; CHECKSUM_BYTES]);
        for part in [&mut magic[..], &mut count[..], &mut expected[..]] {
            file.read_exact(part).map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof => damaged("is too short"),
                _ => read(error),
            })?;
        }
        if magic != MAGIC {
            return Err(damaged("is not one, or of another version"));
        }
        let count = u64::from_be_bytes(count);
        if count.checked_mul(PREFIX_BYTES).and_then(|bytes| bytes.checked_add(HEADER_BYTES)) != Some(length) {
            return Err(damaged("has another length than it should have"));
        }
        if checksum(&mut file, count).map_err(read)? != expected {
            return Err(damaged("was changed"));
        }
        Ok(Self { file: Arc::new(Mutex::new(file)), count })
    }
}

#[async_trait]
impl BreachedPasswords for BreachedFile {
    async fn contains(&self, password: &Password) -> Result<bool, BreachedListUnavailable> {
        let (file, count, wanted) = (Arc::clone(&self.file), self.count, prefix(password));
        let searching = spawn_blocking(move || {
            // Each search moves to where it reads, so it does not matter where one that panicked stopped.
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            search(&mut file, count, wanted)
        });
        let found = searching.await.map_err(|error| BreachedListUnavailable(error.into()))?;
        found.map_err(|error| BreachedListUnavailable(error.into()))
    }
}

fn prefix(password: &Password) -> u64 {
    prefix_of_hash(digest(&SHA1_FOR_LEGACY_USE_ONLY, password.expose()).as_ref())
}

/// The prefix of a SHA-1.
pub(crate) fn prefix_of_hash(hash: &[u8]) -> u64 {
    hash.iter().take(PREFIX_BYTES as usize).fold(0, |prefix, byte| prefix << 8 | u64::from(*byte))
}

pub(crate) fn search(file: &mut File, count: u64, wanted: u64) -> io::Result<bool> {
    let (mut from, mut to) = (0, count);
    while from < to {
        let middle = from + (to - from) / 2;
        let mut bytes = [0; PREFIX_BYTES as usize];
        file.seek(SeekFrom::Start(HEADER_BYTES + middle * PREFIX_BYTES))?;
        file.read_exact(&mut bytes)?;
        match u64::from_be_bytes(bytes) {
            found if found < wanted => from = middle + 1,
            found if found > wanted => to = middle,
            _ => return Ok(true),
        }
    }
    Ok(false)
}

/// SHA-256 of the number of prefixes and of parts that are spread over all of them: the first is at the beginning, and
/// the last at the end. Those of a short file are all of it.
pub(crate) fn checksum(file: &mut File, count: u64) -> io::Result<[u8; CHECKSUM_BYTES]> {
    let bytes = count * PREFIX_BYTES;
    let samples = bytes.div_ceil(SAMPLE_BYTES).min(SAMPLES);
    let last = bytes.saturating_sub(SAMPLE_BYTES);
    let mut context = Context::new(&SHA256);
    context.update(&count.to_be_bytes());
    for sample in 0..samples {
        // Of two, the first begins at 0 and the second at `last`. The product has less than 64 bits: a file has 63.
        let start =
            if samples > 1 { (u128::from(last) * u128::from(sample) / u128::from(samples - 1)) as u64 } else { 0 };
        let mut part = vec![0; SAMPLE_BYTES.min(bytes - start) as usize];
        file.seek(SeekFrom::Start(HEADER_BYTES + start))?;
        file.read_exact(&mut part)?;
        context.update(&part);
    }
    let mut sum = [0; CHECKSUM_BYTES];
    sum.copy_from_slice(context.finish().as_ref());
    Ok(sum)
}
