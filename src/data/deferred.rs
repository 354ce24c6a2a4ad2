//! A writer whose errors are looked at later.

use std::{
    cell::RefCell,
    io::{self, Seek, SeekFrom, Write},
};

/// A writer that takes everything, and keeps the first error of the file below instead of giving it: from then
/// on nothing is written. The library for zip archives writes once more when it is dropped after an error, and
/// prints on its own what comes of it.
pub struct Deferred<'a, W> {
    output: W,
    failure: &'a RefCell<Option<io::Error>>,
    has_failed: bool,
    position: u64,
    length: u64,
}

impl<'a, W: Write + Seek> Deferred<'a, W> {
    /// Writes to an empty file; `failure` is where its error is found.
    pub fn new(output: W, failure: &'a RefCell<Option<io::Error>>) -> Self {
        Self { output, failure, has_failed: false, position: 0, length: 0 }
    }

    fn attempt(&mut self, work: impl FnOnce(&mut W) -> io::Result<()>) {
        if !self.has_failed
            && let Err(error) = work(&mut self.output)
        {
            self.has_failed = true;
            self.failure.replace(Some(error));
        }
    }
}

impl<W: Write + Seek> Write for Deferred<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(|output| output.write_all(bytes));
        self.position += bytes.len() as u64;
        self.length = self.length.max(self.position);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt(W::flush);
        Ok(())
    }
}

impl<W: Write + Seek> Seek for Deferred<'_, W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => position,
            SeekFrom::Current(distance) => self.position.saturating_add_signed(distance),
            SeekFrom::End(distance) => self.length.saturating_add_signed(distance),
        };
        if position != self.position {
            self.attempt(|output| output.seek(SeekFrom::Start(position)).map(drop));
            self.position = position;
        }
        Ok(position)
    }
}

/// What was deferred, as the error of the work so far.
///
/// # Errors
/// The first error of the file.
pub fn check(failure: &RefCell<Option<io::Error>>) -> io::Result<()> {
    failure.take().map_or(Ok(()), Err)
}
