//! Text for whoever started the program. `println!` and `eprintln!` panic where nobody reads any more or the disk
//! under the output is full; neither ends what is under way here.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
    sync::{Mutex, PoisonError},
};

/// The first reason why a line could not be printed.
static FAILURE: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints a line of results on the standard output.
macro_rules! outln {
    ($($text:tt)*) => { $crate::output::print(format_args!($($text)*)) };
}

/// Prints a message on the standard error.
macro_rules! errln {
    ($($text:tt)*) => { $crate::output::report(format_args!($($text)*)) };
}

pub(crate) use {errln, outln};

/// What [`outln`] does. A failure is kept for [`failure`].
pub(crate) fn print(line: fmt::Arguments) {
    let mut output = io::stdout().lock();
    if let Err(error) = writeln!(output, "{line}").and_then(|()| output.flush()) {
        FAILURE.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// What [`errln`] does. There is nobody left to tell of a failure.
pub(crate) fn report(line: fmt::Arguments) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Why results could not be printed, apart from a reader who wanted no more of them.
pub(crate) fn failure() -> Option<io::Error> {
    let failure = FAILURE.lock().unwrap_or_else(PoisonError::into_inner).take();
    failure.filter(|error| error.kind() != ErrorKind::BrokenPipe)
}
