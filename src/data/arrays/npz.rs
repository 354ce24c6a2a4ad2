//! `npz` archives of arrays: a zip of `npy` files, each named by its array.

use super::{Array, Room, npy, rows};
use crate::data::{
    DataError,
    atomic_file::{in_words, write_whole},
    deferred_error::{DeferredErrorWriter, check},
    foreign_content::foreign_content,
    regular_file::{memory_limit, open_regular, start_of},
    unreadable::io_reason,
};
use std::{
    cell::RefCell,
    fs::File,
    io::{self, BufReader, BufWriter, ErrorKind, Read, Write},
    path::{Path, PathBuf},
};
use zip::{
    CompressionMethod, ZipArchive, ZipWriter, read::ZipFile, result::ZipError, write::SimpleFileOptions,
};

/// Ending of an entry after the name of its array.
const ENDING: &str = ".npy";
/// Letters of an array's name in a message.
const LONGEST_NAME: usize = 80;
/// Largest expansion by Deflate, bytes per compressed byte.
const MAX_EXPANSION: u64 = 1032;

/// Archive whose arrays are read on demand.
pub struct Npz {
    path: PathBuf,
    archive: ZipArchive<BufReader<File>>,
    /// Memory that reading an array may take, bytes.
    memory: u64,
}

impl Npz {
    /// Opens an archive.
    ///
    /// # Errors
    /// The file cannot be read or is not an archive.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let failed = |error: io::Error| unreadable(path, io_reason(&error));
        let (mut file, length) = open_regular(path).map_err(failed)?;
        let start = start_of(&mut file).map_err(failed)?;
        if let Some(foreign) = foreign_content(&start) {
            return Err(unreadable(path, foreign.reason()));
        }
        if !start.starts_with(b"PK") {
            return Err(unreadable(path, "it is no archive of arrays as numpy.savez writes it"));
        }
        let archive =
            ZipArchive::new(BufReader::new(file)).map_err(|error| unreadable(path, zip_reason(&error)))?;
        Ok(Self { path: path.to_owned(), archive, memory: memory_limit(length) })
    }

    /// Memory that what is kept of the archive may take, bytes.
    pub fn memory_to_keep(&self) -> u64 {
        self.memory / 2
    }

    /// Path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Names of the arrays.
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        let names = self.archive.file_names().filter_map(Result::ok);
        names.filter_map(|name| name.strip_suffix(ENDING).map(str::to_owned))
    }

    /// Comment of the archive.
    pub fn comment(&self) -> String {
        String::from_utf8_lossy(self.archive.comment()).into_owned()
    }

    /// Reads an array of numbers; `None` if there is none of this name.
    ///
    /// # Errors
    /// The array is damaged, too large, or not of numbers.
    pub fn array(&mut self, name: &str) -> Result<Option<Array>, DataError> {
        self.entry(name, |entry, room| {
            let header = npy::read_header(entry)?;
            npy::read_numbers(entry, header, room)
        })
    }

    /// Reads an array of arrays, which NumPy pickles because their shapes differ, and maps each by `keep` as
    /// it is read; `None` for one that is Python's None. A numeric array with three axes counts as an array of
    /// arrays with two axes. `None` if there is none of this name.
    ///
    /// # Errors
    /// The array is damaged, too large, or not an array of arrays, or `keep` fails.
    pub fn arrays<T>(
        &mut self,
        name: &str,
        keep: &mut dyn FnMut(Array) -> Result<T, String>,
    ) -> Result<Option<Vec<Option<T>>>, DataError> {
        self.entry(name, |entry, room| rows::read(entry, room, keep))
    }

    /// Calls `read` with an entry and what it may take, and then holds what was read against the entry's checksum;
    /// `None` if there is no entry of this name.
    fn entry<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut ZipFile<'_, BufReader<File>>, Room) -> Result<T, String>,
    ) -> Result<Option<T>, DataError> {
        let unreadable = |reason: String| {
            let name: String = name.chars().take(LONGEST_NAME).collect();
            unreadable(&self.path, format!("array '{name}': {reason}"))
        };
        let mut entry = match self.archive.by_name(&format!("{name}{ENDING}")) {
            Ok(entry) => entry,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(unreadable(zip_reason(&error))),
        };
        let max = match entry.compression() {
            CompressionMethod::Stored => entry.compressed_size(),
            CompressionMethod::Deflated => entry.compressed_size().saturating_mul(MAX_EXPANSION),
            other => return Err(unreadable(format!("it is compressed as {other}, which is not read"))),
        };
        let room = Room { bytes: entry.size().min(max), memory: self.memory };
        let value = read(&mut entry, room).map_err(unreadable)?;
        check_end(&mut entry).map_err(unreadable)?;
        Ok(Some(value))
    }
}

/// Checks that nothing follows. The end is where the library compares the checksum.
fn check_end(entry: &mut impl Read) -> Result<(), String> {
    match entry.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err("something follows its numbers".to_owned()),
        Err(error) if error.kind() == ErrorKind::Interrupted => check_end(entry),
        Err(_) => {
            Err("its checksum is wrong: it was changed or damaged after it was written; get it again"
                .to_owned())
        }
    }
}

/// Reason why an archive cannot be read.
fn zip_reason(error: &ZipError) -> String {
    match error {
        ZipError::Io(error) => io_reason(error),
        ZipError::InvalidArchive(_) => "it is cut off, or its list of arrays was overwritten".to_owned(),
        _ => "it is an archive of a kind that NumPy does not write".to_owned(),
    }
}

/// Writes an archive with a comment, atomically. `fill` is called with a function that adds an array by name,
/// shape and values.
///
/// # Errors
/// `fill` fails, or the file cannot be written.
pub fn write<E: From<DataError>>(
    path: &Path,
    comment: &str,
    fill: impl FnOnce(&mut dyn FnMut(&str, &[usize], &[f32]) -> Result<(), DataError>) -> Result<(), E>,
) -> Result<(), E> {
    let unwritable = |error: io::Error| DataError::unwritable("array archive", path, error.to_string());
    let mut fill_error = None;
    let written = write_whole(path, |file| {
        let failure = RefCell::default();
        let mut archive = ZipWriter::new(DeferredErrorWriter::new(file, &failure));
        archive.set_comment(comment)?;
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        let filled = fill(&mut |name, shape, values| {
            let mut add = || -> io::Result<()> {
                archive.start_file(format!("{name}{ENDING}"), options)?;
                let mut output = BufWriter::new(&mut archive);
                npy::write_array(&mut output, shape, values)?;
                output.flush()?;
                check(&failure)
            };
            add().map_err(|error| unwritable(in_words(error)))
        });
        if let Err(error) = filled {
            fill_error = Some(error);
            return Err(io::Error::other("not filled"));
        }
        archive.finish()?;
        check(&failure)
    });
    match fill_error {
        Some(error) => Err(error),
        None => written.map_err(|error| unwritable(error).into()),
    }
}

fn unreadable(path: &Path, reason: impl Into<String>) -> DataError {
    DataError::unreadable("array archive", path, reason)
}
