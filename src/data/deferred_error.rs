//! Writer that defers its errors.

use std::{
    cell::RefCell,
    io::{self, Seek, SeekFrom, Write},
};

/// Writer that always succeeds: it stores the first error of the output instead of returning it, and writes
/// nothing from then on. The library for zip archives needs this because, dropped after an error, it writes
/// once more and prints the error of that.
pub struct DeferredErrorWriter<'a, W> {
    output: W,
    failure: &'a RefCell<Option<io::Error>>,
    has_failed: bool,
    position: u64,
    length: u64,
}

impl<'a, W: Write + Seek> DeferredErrorWriter<'a, W> {
    /// Writer to an empty output, which stores its error in `failure`.
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

impl<W: Write + Seek> Write for DeferredErrorWriter<'_, W> {
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

impl<W: Write + Seek> Seek for DeferredErrorWriter<'_, W> {
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

/// Takes the deferred error, if there is one.
///
/// # Errors
/// The first error of the output.
pub fn check(failure: &RefCell<Option<io::Error>>) -> io::Result<()> {
    failure.take().map_or(Ok(()), Err)
}
