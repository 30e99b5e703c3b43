use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use data_encoding::HEXUPPER_PERMISSIVE;
use thiserror::Error;

use crate::breached_file::{HEADER_BYTES, MAGIC, PREFIX_BYTES, checksum, prefix_of_hash};

/// Hexadecimal digits of a SHA-1.
const HASH_DIGITS: usize = 40;
/// Longest line that is read, in bytes: a SHA-1, a colon and a number, with room.
const MAX_LINE_BYTES: u64 = 128;
/// Prefixes that are sorted in memory at a time: 32 MiB.
const SORTED_AT_A_TIME: usize = 4 * 1024 * 1024;
/// Prefixes of a sorted run that are read at a time when runs are merged: 64 KiB. A billion lines in no order are 240
/// runs, and so 15 MiB.
const READ_AT_A_TIME: usize = 8 * 1024;

/// Why a list was not imported. What was there before still is.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The source cannot be read.
    #[error("cannot read {}: {source}", file.display())]
    Read {
        /// Where.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line of the source is not one of such a list.
    #[error("line {line} of {} is not a SHA-1 in 40 hexadecimal digits, with a colon and a count after it", file.display())]
    Line {
        /// Where.
        file: PathBuf,
        /// From 1 on.
        line: u64,
    },
    /// There is nothing in the source.
    #[error("{} has no hashes", .0.display())]
    Empty(PathBuf),
    /// The list cannot be written.
    #[error("cannot write {}: {source}", file.display())]
    Write {
        /// Where.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Makes a list for [`BreachedFile`](crate::BreachedFile) in `to` of the lines of `from`: `SHA1:count`, as Have I Been
/// Pwned hands them out, in any order. Lines with a count of 0 are padding, and are left out. It takes some 50 MiB of
/// memory, and beside `to` for a while twice its size on disk. `to` appears when all of it is written. Returns how many
/// hashes it has.
///
/// # Errors
/// [`ImportError`], every variant.
pub fn import_breached(from: &Path, to: &Path) -> Result<u64, ImportError> {
    import(from, to, SORTED_AT_A_TIME)
}

fn import(from: &Path, to: &Path, sorted_at_a_time: usize) -> Result<u64, ImportError> {
    let (mut new, mut sorting) = (Scratch::beside(to, "importing")?, Scratch::beside(to, "sorting")?);
    let runs = sorted_runs(from, &mut sorting, sorted_at_a_time)?;
    if runs.is_empty() {
        return Err(ImportError::Empty(from.to_owned()));
    }
    let written = merge(&mut sorting.file, runs, &mut new.file)
        .and_then(|count| finish(&mut new.file, count).map(|()| count))
        .and_then(|count| new.rename(to).map(|()| count));
    written.map_err(|source| ImportError::Write { file: to.to_owned(), source })
}

/// A file that is removed when this is dropped, unless it was renamed.
struct Scratch {
    file: File,
    path: PathBuf,
    is_renamed: bool,
}

impl Scratch {
    /// A new file. What an import that was killed left in its place is overwritten; one that goes on is in the way.
    fn beside(to: &Path, suffix: &str) -> Result<Self, ImportError> {
        let mut path = to.as_os_str().to_owned();
        path.push(format!(".{suffix}"));
        let path = PathBuf::from(path);
        let failed = |source| ImportError::Write { file: path.clone(), source };
        let file = File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::Error(error) => failed(error),
            TryLockError::WouldBlock => failed(io::Error::other("another import is at work")),
        })?;
        file.set_len(0).map_err(failed)?;
        Ok(Self { file, path, is_renamed: false })
    }

    fn rename(&mut self, to: &Path) -> io::Result<()> {
        fs::rename(&self.path, to)?;
        // What has the name from now on may be another import's.
        self.is_renamed = true;
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.is_renamed {
            // If it cannot be removed, the next import overwrites it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Part of the file of runs that is sorted, in prefixes.
struct Run {
    start: u64,
    end: u64,
}

/// Reads the source, and writes what it has as sorted runs. Of a sorted source it is one run.
fn sorted_runs(from: &Path, sorting: &mut Scratch, at_a_time: usize) -> Result<Vec<Run>, ImportError> {
    let read = |source| ImportError::Read { file: from.to_owned(), source };
    let write = |source| ImportError::Write { file: sorting.path.clone(), source };
    let mut source = BufReader::with_capacity(1 << 20, File::open(from).map_err(read)?);
    let mut output = BufWriter::new(&sorting.file);
    let (mut runs, mut chunk, mut greatest) = (Vec::<Run>::new(), Vec::new(), 0);
    let (mut line, mut number) = (Vec::new(), 0);
    loop {
        line.clear();
        let length = source.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line).map_err(read)?;
        number += 1;
        chunk.extend(prefix_of(&line).map_err(|()| ImportError::Line { file: from.to_owned(), line: number })?);
        if chunk.len() < at_a_time && length > 0 {
            continue;
        }
        chunk.sort_unstable();
        if let (Some(first), Some(last)) = (chunk.first(), chunk.last()) {
            let start = runs.last().map_or(0, |run| run.end);
            let end = start + chunk.len() as u64;
            match runs.last_mut().filter(|_| greatest <= *first) {
                Some(run) => run.end = end,
                None => runs.push(Run { start, end }),
            }
            greatest = *last;
        }
        for prefix in chunk.drain(..) {
            output.write_all(&u64::to_be_bytes(prefix)).map_err(write)?;
        }
        if length == 0 {
            output.flush().map_err(write)?;
            return Ok(runs);
        }
    }
}

/// The prefix of the hash of a line, if there is one.
fn prefix_of(line: &[u8]) -> Result<Option<u64>, ()> {
    let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line).trim_ascii();
    if line.is_empty() {
        return Ok(None);
    }
    let (hash, rest) = line.split_at_checked(HASH_DIGITS).ok_or(())?;
    let count = match rest {
        [] => None,
        [b':', count @ ..] => {
            Some(std::str::from_utf8(count).ok().and_then(|text| text.parse::<u64>().ok()).ok_or(())?)
        }
        _ => return Err(()),
    };
    let hash = HEXUPPER_PERMISSIVE.decode(hash).map_err(drop)?;
    Ok((count != Some(0)).then(|| prefix_of_hash(&hash)))
}

/// A run that is read from its beginning on.
struct Reading {
    run: Run,
    buffer: Vec<u8>,
    position: usize,
}

impl Reading {
    fn next(&mut self, file: &mut File) -> io::Result<Option<u64>> {
        if self.position == self.buffer.len() {
            let count = (self.run.end - self.run.start).min(READ_AT_A_TIME as u64);
            self.buffer.resize(count as usize * PREFIX_BYTES as usize, 0);
            file.seek(SeekFrom::Start(self.run.start * PREFIX_BYTES))?;
            file.read_exact(&mut self.buffer)?;
            (self.position, self.run.start) = (0, self.run.start + count);
        }
        let bytes = self.buffer.get(self.position..).and_then(|rest| rest.first_chunk());
        self.position += bytes.map_or(0, |bytes: &[u8; 8]| bytes.len());
        Ok(bytes.map(|bytes| u64::from_be_bytes(*bytes)))
    }
}

/// Writes all runs as one, each prefix once, after room for the header. Returns how many there are.
fn merge(sorting: &mut File, runs: Vec<Run>, new: &mut File) -> io::Result<u64> {
    let mut readings: Vec<_> = runs.into_iter().map(|run| Reading { run, buffer: Vec::new(), position: 0 }).collect();
    let mut heads = BinaryHeap::new();
    for (index, reading) in readings.iter_mut().enumerate() {
        heads.extend(reading.next(sorting)?.map(|prefix| Reverse((prefix, index))));
    }
    new.seek(SeekFrom::Start(HEADER_BYTES))?;
    let mut output = BufWriter::with_capacity(1 << 20, new);
    let (mut count, mut last) = (0, None);
    while let Some(Reverse((prefix, index))) = heads.pop() {
        heads.extend(readings[index].next(sorting)?.map(|prefix| Reverse((prefix, index))));
        if last != Some(prefix) {
            output.write_all(&prefix.to_be_bytes())?;
            (count, last) = (count + 1, Some(prefix));
        }
    }
    output.flush()?;
    Ok(count)
}

/// Writes the header, and waits until all is on disk.
fn finish(new: &mut File, count: u64) -> io::Result<()> {
    let checksum = checksum(new, count)?;
    new.seek(SeekFrom::Start(0))?;
    new.write_all(&[&MAGIC[..], &count.to_be_bytes(), &checksum].concat())?;
    new.sync_all()
}

#[cfg(test)]
mod tests {
    use domain::passwords::{BreachedPasswords, Password};
    use tempfile::TempDir;

    use super::*;
    use crate::breached_file::search;
    use crate::{BreachedFile, BreachedFileError};

    /// SHA-1 of `password`, `123456` and `correct horse battery staple`.
    const HASHES: [&str; 3] = [
        "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8",
        "7C4A8D09CA3762AF61E59520943DC26494F8941B",
        "ABF7AAD6438836DBE526AA231ABDE2D0EEF74D42",
    ];

    fn imported(text: &str) -> (TempDir, PathBuf, Result<u64, ImportError>) {
        let folder = TempDir::new().unwrap();
        let (from, to) = (folder.path().join("list.txt"), folder.path().join("breached"));
        fs::write(&from, text).unwrap();
        let result = import_breached(&from, &to);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), if result.is_ok() { 2 } else { 1 }, "nothing is left");
        (folder, to, result)
    }

    /// Lines of a list of so many, sorted.
    fn many(count: u64) -> String {
        let spread = u64::MAX / count;
        (0..count).map(|number| format!("{:016X}{:024X}:7\r\n", number * spread, number)).collect()
    }

    #[tokio::test]
    async fn what_is_on_the_list_is_found_and_nothing_else() {
        let [password, digits, horse] = HASHES;
        for text in [
            format!("{password}:10\n{digits}:3\n{horse}:1"),
            format!("\u{feff}{horse}:1\r\n\r\n{}:3\r\n{password}\r\n{password}:10\r\n", digits.to_lowercase()),
        ] {
            let (_folder, to, count) = imported(&text);
            assert_eq!(count.unwrap(), 3);
            let list = BreachedFile::open(&to).unwrap();
            for (text, is_listed) in
                [("password", true), ("123456", true), ("correct horse battery staple", true), ("passwore", false)]
            {
                assert_eq!(list.contains(&Password::parse(text).unwrap()).await.unwrap(), is_listed, "{text}");
            }
        }
    }

    #[tokio::test]
    async fn padding_is_left_out() {
        let (_folder, to, count) = imported(&format!("{}:0\n{}:2\n", HASHES[0], HASHES[1]));
        assert_eq!(count.unwrap(), 1);
        let list = BreachedFile::open(&to).unwrap();
        assert!(!list.contains(&Password::parse("password").unwrap()).await.unwrap());
    }

    #[test]
    fn a_line_that_is_none_of_a_list_is_named_and_nothing_is_written() {
        let long = "A".repeat(1000);
        for bad in ["hello", &HASHES[0][1..], "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FDX:1", &long] {
            let (_folder, _, result) = imported(&format!("{}:1\n{bad}\n", HASHES[0]));
            assert!(matches!(result, Err(ImportError::Line { line: 2, .. })), "{bad}");
        }
        for bad in [":", ":x", ";1", ":1:2", ":-1"] {
            let (_folder, _, result) = imported(&format!("{}{bad}", HASHES[0]));
            assert!(matches!(result, Err(ImportError::Line { line: 1, .. })), "{bad}");
        }
        for empty in ["", "\n\r\n"] {
            assert!(matches!(imported(empty).2, Err(ImportError::Empty(_))));
        }
    }

    #[test]
    fn a_failed_import_leaves_the_list_that_was_there() {
        let (folder, to, count) = imported(&many(10));
        assert_eq!(count.unwrap(), 10);
        let from = folder.path().join("bad.txt");
        fs::write(&from, "nonsense").unwrap();
        assert!(import_breached(&from, &to).is_err());
        assert!(import_breached(&folder.path().join("missing"), &to).is_err());
        assert!(BreachedFile::open(&to).is_ok());
        // One that was killed left this.
        fs::write(folder.path().join("breached.importing"), "half").unwrap();
        assert_eq!(import_breached(&folder.path().join("list.txt"), &to).unwrap(), 10);
    }

    /// Sorted it is one run, reversed it is hundreds, some of them longer than what is read of them at a time.
    #[test]
    fn a_list_that_does_not_fit_into_memory_is_sorted() {
        let folder = TempDir::new().unwrap();
        let (from, to) = (folder.path().join("list.txt"), folder.path().join("breached"));
        let count = 5 * READ_AT_A_TIME as u64 / 2;
        let line = |number: u64| format!("{:016X}{number:024X}:1\n", number << 32);
        let (sorted, reversed): (String, String) =
            ((1..=count).map(line).collect(), (1..=count).rev().map(line).collect());
        let mut files = Vec::new();
        for (text, sorted_at_a_time) in [(sorted, 100), (reversed.clone(), 100), (reversed, 9000)] {
            fs::write(&from, text).unwrap();
            assert_eq!(import(&from, &to, sorted_at_a_time).unwrap(), count);
            files.push(fs::read(&to).unwrap());
        }
        assert!(files[0] == files[1] && files[0] == files[2]);
        let mut file = File::open(&to).unwrap();
        for (number, is_there) in [(0, false), (1, true), (count / 2, true), (count, true), (count + 1, false)] {
            assert_eq!(search(&mut file, count, number << 32).unwrap(), is_there, "{number}");
        }
    }

    #[test]
    fn a_list_that_is_missing_cut_or_changed_is_refused() {
        let (folder, to, count) = imported(&many(2000));
        assert_eq!(count.unwrap(), 2000);
        let whole = fs::read(&to).unwrap();
        let opened = |bytes: &[u8]| {
            fs::write(&to, bytes).unwrap();
            BreachedFile::open(&to).err()
        };
        for length in [0, 7, 47, 48, whole.len() - 1] {
            assert!(matches!(opened(&whole[..length]), Some(BreachedFileError::Damaged { .. })), "{length}");
        }
        assert!(opened(&[&whole[..], &[0]].concat()).is_some());
        for place in (0..whole.len()).step_by(97) {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            assert!(opened(&changed).is_some(), "{place}");
        }
        assert!(opened(&whole).is_none());
        let missing = BreachedFile::open(&folder.path().join("missing")).err();
        assert!(matches!(missing, Some(BreachedFileError::Read { .. })));
    }
}
