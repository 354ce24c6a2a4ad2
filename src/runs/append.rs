//! An append-only file of whole records: a full disk leaves no torn record in it.

use crate::data::atomic_file::{in_words, write_whole};
use anyhow::{Context, Result};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::PathBuf,
};

/// A file open for appending. Records that cannot be written are kept in memory and written with the next.
#[derive(Debug)]
pub(super) struct AppendFile {
    file: File,
    path: PathBuf,
    /// Bytes of the records written so far.
    length: u64,
    pending: Vec<u8>,
}

impl AppendFile {
    /// Appends to `file` after `length` bytes; `path` is for error texts and for [`AppendFile::restore`].
    pub fn new(file: File, path: PathBuf, length: u64) -> Self {
        Self { file, path, length, pending: Vec::new() }
    }

    /// Adds a record to what [`AppendFile::flush`] writes.
    pub fn push(&mut self, record: &[u8]) {
        self.pending.extend(record);
    }

    /// Writes all pending records.
    ///
    /// # Errors
    /// If they cannot be written; the file is then unchanged and they stay pending.
    pub fn flush(&mut self) -> Result<()> {
        let written =
            self.file.seek(SeekFrom::Start(self.length)).and_then(|_| self.file.write_all(&self.pending));
        if written.is_ok() {
            self.length += self.pending.len() as u64;
            self.pending.clear();
        } else {
            // If this fails too, the next flush overwrites the torn record.
            let _ = self.file.set_len(self.length);
        }
        written.map_err(in_words).with_context(|| format!("{} cannot be written", self.path.display()))
    }

    /// Writes the file again if it was moved or removed, from the old file, which is still open. Returns the new file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn restore(&mut self) -> Result<Option<&File>> {
        if self.path.exists() {
            return Ok(None);
        }
        let mut copy = || -> io::Result<File> {
            let mut records = Vec::new();
            self.file.seek(SeekFrom::Start(0))?;
            Read::by_ref(&mut self.file).take(self.length).read_to_end(&mut records)?;
            self.path.parent().map_or(Ok(()), fs::create_dir_all)?;
            write_whole(&self.path, |file| file.write_all(&records))?;
            OpenOptions::new().read(true).write(true).open(&self.path)
        };
        self.file = copy()
            .map_err(in_words)
            .with_context(|| format!("{} is gone and cannot be written again", self.path.display()))?;
        Ok(Some(&self.file))
    }
}
