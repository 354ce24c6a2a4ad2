//! Printing to stdout and stderr without panics. `println!` and `eprintln!` panic if the reader has closed the pipe or
//! the disk is full; a run must survive both.
//!
//! Messages quote names and texts of files, which may hold anything: [`message_line`] makes of each one line that a
//! terminal shows and does not obey. Every line of stderr, the log and every message of the window goes through it.

use std::{
    borrow::Cow,
    fmt::{self, Write as _},
    io::{self, ErrorKind, Write},
    sync::{Mutex, PoisonError},
};

/// Most characters of a message; the middle of a longer one is left out, because the advice is at its end.
const MAX_MESSAGE: usize = 2000;

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
    let line = line.to_string();
    let line = escaped(&line, |letter| letter == '\n' || letter == '\t');
    if let Err(error) = writeln!(output, "{line}").and_then(|()| output.flush()) {
        FAILURE.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// The last line of stderr, without its time, and how often it came again.
static LAST: Mutex<(String, usize)> = Mutex::new((String::new(), 0));

/// Prints the line of [`errln`]; one that only repeats the last is counted instead. An error is ignored: there is
/// nowhere left to report it.
pub(crate) fn report(line: fmt::Arguments) {
    let line = message_line(&line.to_string());
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if without_time(&line) == last.0 && !last.0.is_empty() {
        last.1 += 1;
        return;
    }
    print_repeats(&mut last);
    without_time(&line).clone_into(&mut last.0);
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Prints how often the last line of stderr was repeated. Call this when no line follows.
pub(crate) fn finish_reports() {
    print_repeats(&mut LAST.lock().unwrap_or_else(PoisonError::into_inner));
}

fn print_repeats((line, repeats): &mut (String, usize)) {
    if *repeats > 0 {
        let times = if *repeats == 1 { "once more".to_owned() } else { format!("{repeats} times") };
        let _ = writeln!(io::stderr().lock(), "... (repeated {times})");
    }
    line.clear();
    *repeats = 0;
}

/// A line of the log without the time that it begins with, `14:03:21.250`.
fn without_time(line: &str) -> &str {
    match line.split_at_checked(13) {
        Some((time, rest)) if time.ends_with(' ') && time.bytes().take(12).all(is_of_time) => rest,
        _ => line,
    }
}

fn is_of_time(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b':' || byte == b'.'
}

/// Makes a message one line: line ends become spaces, control characters and those that change the direction of text
/// are escaped, and the middle of a long message is left out.
pub(crate) fn message_line(text: &str) -> String {
    let line = match text.contains('\n') {
        true => Cow::Owned(text.split_whitespace().collect::<Vec<_>>().join(" ")),
        false => Cow::Borrowed(text),
    };
    shortened(&escaped(&line, |_| false), MAX_MESSAGE)
}

/// Text of at most `most` characters, the first three quarters and the last quarter of a longer one.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let tail = most / 4;
    let head = text.chars().take(most - tail - 1);
    head.chain(['…']).chain(text.chars().skip(count - tail)).collect()
}

/// Tells if a terminal obeys a character instead of showing it.
pub(crate) fn is_obeyed(letter: char) -> bool {
    // What is no control character breaks lines or changes the direction of text.
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Escapes characters as JSON does, in which the text therefore stays the same.
fn escaped(text: &str, is_kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_escaped = |letter: char| is_obeyed(letter) && !is_kept(letter);
    if !text.contains(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 32);
    for letter in text.chars() {
        if is_escaped(letter) {
            // Writing to a string cannot fail.
            let _ = write!(line, "\\u{:04x}", u32::from(letter));
        } else {
            line.push(letter);
        }
    }
    Cow::Owned(line)
}

/// Takes the first error of printing results, unless the reader had closed the pipe.
pub(crate) fn failure() -> Option<io::Error> {
    let failure = FAILURE.lock().unwrap_or_else(PoisonError::into_inner).take();
    failure.filter(|error| error.kind() != ErrorKind::BrokenPipe)
}
