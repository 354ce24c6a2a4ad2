//! Printing to stdout and stderr without panics. `println!` and `eprintln!` panic if the reader has closed the pipe or
//! the disk is full; a run must survive both.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
    sync::{Mutex, PoisonError},
};

/// The first error of printing.
static FAILURE: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints a line of results to stdout.
macro_rules! outln {
    ($($text:tt)*) => { $crate::output::print(format_args!($($text)*)) };
}

/// Prints a message to stderr.
macro_rules! errln {
    ($($text:tt)*) => { $crate::output::report(format_args!($($text)*)) };
}

pub(crate) use {errln, outln};

/// Prints and flushes the line of [`outln`]; keeps the first error for [`failure`].
pub(crate) fn print(line: fmt::Arguments) {
    let mut output = io::stdout().lock();
    if let Err(error) = writeln!(output, "{line}").and_then(|()| output.flush()) {
        FAILURE.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// Prints the line of [`errln`]. An error is ignored: there is nowhere left to report it.
pub(crate) fn report(line: fmt::Arguments) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Takes the first error of printing results, unless the reader had closed the pipe.
pub(crate) fn failure() -> Option<io::Error> {
    let failure = FAILURE.lock().unwrap_or_else(PoisonError::into_inner).take();
    failure.filter(|error| error.kind() != ErrorKind::BrokenPipe)
}
