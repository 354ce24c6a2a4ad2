//! Archives of arrays: a zip of `npy` files, each named by its array.

use super::{
    Array,
    npy::{self, ElementKind},
    pickle,
};
use crate::data::{
    DataError,
    atomic_file::{in_words, write_whole},
    deferred::{Deferred, check},
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

/// The ending that an array's entry has after its name.
const ENDING: &str = ".npy";
/// Deflate makes no more bytes than this of one.
const MOST_UNFOLDED: u64 = 1032;

/// An archive whose arrays are read one by one.
pub struct Npz {
    path: PathBuf,
    archive: ZipArchive<BufReader<File>>,
}

impl Npz {
    /// Opens an archive.
    ///
    /// # Errors
    /// It cannot be read or is no archive.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|error| unreadable(path, error.to_string()))?;
        let archive =
            ZipArchive::new(BufReader::new(file)).map_err(|error| unreadable(path, error.to_string()))?;
        Ok(Self { path: path.to_owned(), archive })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of the arrays.
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        let names = self.archive.file_names().filter_map(Result::ok);
        names.filter_map(|name| name.strip_suffix(ENDING).map(str::to_owned))
    }

    /// What the archive says of itself.
    pub fn comment(&self) -> String {
        String::from_utf8_lossy(self.archive.comment()).into_owned()
    }

    /// Reads an array of numbers; `None` if there is none of this name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn array(&mut self, name: &str) -> Result<Option<Array>, DataError> {
        self.entry(name, |entry, limit| npy::read_array(entry, limit))
    }

    /// Reads an array of arrays, as NumPy pickles arrays of different shapes: `keep` gets each as it comes,
    /// and what it makes of them is given in their order. An array of numbers of three extents counts as
    /// so many arrays of two. `None` if there is none of this name.
    ///
    /// # Errors
    /// What is wrong with it, or what `keep` says.
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
        let most = match entry.compression() {
            CompressionMethod::Stored => entry.compressed_size(),
            CompressionMethod::Deflated => entry.compressed_size().saturating_mul(MOST_UNFOLDED),
            other => return Err(unreadable(format!("it is compressed as {other}, which is not read"))),
        };
        let limit = entry.size().min(most);
        read(&mut entry, limit).map(Some).map_err(unreadable)
    }
}

/// Writes an archive, whole or not at all, that says `comment` of itself.
///
/// # Errors
/// As `fill` says, or the folder takes no file.
pub fn write<E: From<DataError>>(
    path: &Path,
    comment: &str,
    fill: impl FnOnce(&mut dyn FnMut(&str, &[usize], &[f32]) -> Result<(), DataError>) -> Result<(), E>,
) -> Result<(), E> {
    let unwritable = |error: &dyn std::fmt::Display| DataError::Unwritable {
        what: "array archive".to_owned(),
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let mut refusal = None;
    let written = write_whole(path, |file| {
        let failure = RefCell::default();
        let mut archive = ZipWriter::new(Deferred::new(file, &failure));
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
            add().map_err(|error| unwritable(&in_words(error)))
        });
        if let Err(error) = filled {
            refusal = Some(error);
            return Err(io::Error::other("not filled"));
        }
        archive.finish()?;
        check(&failure)
    });
    match refusal {
        Some(error) => Err(error),
        None => written.map_err(|error| unwritable(&error).into()),
    }
}

fn unreadable(path: &Path, reason: String) -> DataError {
    DataError::Unreadable { what: "array archive".to_owned(), path: path.to_owned(), reason }
}
