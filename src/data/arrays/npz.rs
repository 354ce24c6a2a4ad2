//! `npz` archives of arrays: a zip of `npy` files, each named by its array.

use super::{
    Array,
    npy::{self, ElementKind},
    pickle,
};
use crate::data::{
    DataError,
    atomic_file::{in_words, write_whole},
    deferred_error::{DeferredErrorWriter, check},
};
use std::{
    cell::RefCell,
    fs::File,
    io::{self, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};
use zip::{
    CompressionMethod, ZipArchive, ZipWriter, read::ZipFile, result::ZipError, write::SimpleFileOptions,
};

/// Ending of an entry after the name of its array.
const ENDING: &str = ".npy";
/// Largest expansion by Deflate, bytes per compressed byte.
const MAX_EXPANSION: u64 = 1032;

/// Archive whose arrays are read on demand.
pub struct Npz {
    path: PathBuf,
    archive: ZipArchive<BufReader<File>>,
}

impl Npz {
    /// Opens an archive.
    ///
    /// # Errors
    /// The file cannot be read or is not an archive.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|error| unreadable(path, error.to_string()))?;
        let archive =
            ZipArchive::new(BufReader::new(file)).map_err(|error| unreadable(path, error.to_string()))?;
        Ok(Self { path: path.to_owned(), archive })
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
        self.entry(name, |entry, limit| npy::read_array(entry, limit))
    }

    /// Reads an array of arrays, which NumPy pickles because their shapes differ, and maps each by `keep` as
    /// it is read. A numeric array with three axes counts as an array of arrays with two axes. `None` if
    /// there is none of this name.
    ///
    /// # Errors
    /// The array is damaged, too large, or not an array of arrays, or `keep` fails.
    pub fn arrays<T>(
        &mut self,
        name: &str,
        keep: &mut dyn FnMut(Array) -> Result<T, String>,
    ) -> Result<Option<Vec<T>>, DataError> {
        self.entry(name, |entry, limit| {
            let header = npy::read_header(entry)?;
            if let ElementKind::Numbers(_) = header.content {
                let array = npy::read_numbers(entry, header, limit)?;
                let [_, height, width] = array.shape[..] else {
                    return Err(format!("it is an array of shape {:?}, not of arrays", array.shape));
                };
                let planes = array.values.chunks_exact((height * width).max(1));
                return planes
                    .map(|values| keep(Array { shape: vec![height, width], values: values.to_vec() }))
                    .collect();
            }
            let arrays = pickle::read_arrays(entry, keep)?;
            if header.shape[..] != [arrays.len()] {
                return Err(format!(
                    "it has {} arrays where its header says {:?}",
                    arrays.len(),
                    header.shape
                ));
            }
            Ok(arrays)
        })
    }

    /// Calls `read` with an entry and an upper bound of its size, bytes; `None` if there is no entry of this
    /// name.
    fn entry<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut ZipFile<'_, BufReader<File>>, u64) -> Result<T, String>,
    ) -> Result<Option<T>, DataError> {
        let unreadable = |reason: String| unreadable(&self.path, format!("array '{name}': {reason}"));
        let mut entry = match self.archive.by_name(&format!("{name}{ENDING}")) {
            Ok(entry) => entry,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(unreadable(error.to_string())),
        };
        let max = match entry.compression() {
            CompressionMethod::Stored => entry.compressed_size(),
            CompressionMethod::Deflated => entry.compressed_size().saturating_mul(MAX_EXPANSION),
            other => return Err(unreadable(format!("it is compressed as {other}, which is not read"))),
        };
        let limit = entry.size().min(max);
        read(&mut entry, limit).map(Some).map_err(unreadable)
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
