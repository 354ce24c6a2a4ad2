//! Reports of caught panics: message, location and backtrace. The caught payload has only the message.
//!
//! Only the panic hook, which runs before unwinding begins, knows the location. The hook notes it, and the code that
//! catches the panic takes the report.
//!
//! A release build keeps the names of functions, but no debug information: the backtrace then names functions
//! and no lines. The line of the panic itself is always known.

use crate::output::errln;
use serde::{Deserialize, Serialize};
use std::{
    any::Any,
    backtrace::Backtrace,
    cell::Cell,
    collections::VecDeque,
    fmt,
    panic::{self, AssertUnwindSafe, PanicHookInfo, UnwindSafe},
    sync::{Mutex, MutexGuard, Once, PoisonError},
    thread::{self, ThreadId},
};
use sysinfo::System;

/// A panic that was caught.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanicReport {
    /// Text of the panic.
    pub message: String,
    /// `file:line:column` of the code that panicked; `None` if no hook was installed.
    pub location: Option<String>,
    /// Name of the thread that panicked.
    pub thread: String,
    /// Call stack, innermost call first; `None` if no hook was installed.
    pub backtrace: Option<String>,
}

impl PanicReport {
    /// Takes the report of a caught panic by the payload of `catch_unwind`. A panic that began in a thread pool and was
    /// resumed on this thread is found by its message.
    pub fn take(payload: &(dyn Any + Send)) -> Self {
        let message = message(payload);
        let noted = {
            let mut notes = notes();
            let own = thread::current().id();
            let is_it = |note: &Note| note.message == message;
            let position = notes.iter().rposition(|note| note.thread.0 == own && is_it(note));
            position.or_else(|| notes.iter().rposition(is_it)).and_then(|position| notes.remove(position))
        };
        match noted {
            Some(Note { thread: (_, thread), location, backtrace, .. }) => {
                Self { message, location: Some(location), thread, backtrace: Some(backtrace.to_string()) }
            }
            None => Self { message, location: None, thread: this_thread(), backtrace: None },
        }
    }

    /// Full text for a bug report: program, system, adapter (if it is known), message, location and backtrace.
    pub fn full(&self, adapter: Option<&str>) -> String {
        let system = System::long_os_version().unwrap_or_else(|| std::env::consts::OS.to_owned());
        let kernel = System::kernel_version().map_or_else(String::new, |kernel| format!(", kernel {kernel}"));
        let lines = [
            format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")),
            format!("system: {system}, {}{kernel}", std::env::consts::ARCH),
            format!("adapter: {}", adapter.unwrap_or("not known")),
            format!("thread: {}", self.thread),
            format!("panic: {self}"),
            format!("backtrace:\n{}", self.backtrace.as_deref().unwrap_or("none")),
        ];
        lines.join("\n")
    }
}

impl fmt::Display for PanicReport {
    /// Message and location in one line.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&one_line(&self.message))?;
        self.location.as_ref().map_or(Ok(()), |location| write!(formatter, " (at {location})"))
    }
}

/// Calls `work` and converts a panic in it to a report. The hook then prints only one line, because the report has
/// the rest.
///
/// # Errors
/// If the work panics.
pub fn catch<T>(work: impl FnOnce() -> T + UnwindSafe) -> Result<T, PanicReport> {
    CATCHING.set(CATCHING.get() + 1);
    let result = panic::catch_unwind(work);
    CATCHING.set(CATCHING.get() - 1);
    result.map_err(|payload| PanicReport::take(payload.as_ref()))
}

/// Calls a decoder of a library and turns a panic in it into a reason, without a word on stderr: such decoders panic on
/// damaged files, which are no faults of this program.
///
/// # Errors
/// If the decoder panics.
pub fn guard<T>(decode: impl FnOnce() -> T) -> Result<T, String> {
    install_hook();
    GUARDING.set(GUARDING.get() + 1);
    // After a panic the decoder's input is not used again, or is made anew.
    let result = panic::catch_unwind(AssertUnwindSafe(decode));
    GUARDING.set(GUARDING.get() - 1);
    result.map_err(|_| "it is damaged in a way that the decoder cannot handle".to_owned())
}

/// Installs the hook that notes panics, once in a process. A panic that neither [`catch`] nor [`guard`] catches also goes
/// to the hook that was installed before.
pub fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let earlier = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if GUARDING.get() > 0 {
                return;
            }
            let note = Note::new(info);
            if CATCHING.get() > 0 {
                errln!(
                    "panic on the thread {}: {} (at {})",
                    note.thread.1,
                    one_line(&note.message),
                    note.location
                );
            } else {
                earlier(info);
            }
            note.keep();
        }));
    });
}

/// Prints a panic that nobody catches, in one line, and its backtrace if `RUST_BACKTRACE` asks for it.
pub fn print_uncaught(info: &PanicHookInfo<'_>) {
    let Note { thread, message, location, backtrace } = Note::new(info);
    errln!("panic on the thread {}: {} (at {location})", thread.1, one_line(&message));
    if std::env::var_os("RUST_BACKTRACE").is_some_and(|wanted| wanted != "0") {
        backtrace.to_string().lines().for_each(|line| errln!("{line}"));
    }
}

/// Maximum number of notes; older ones are dropped, because notes of panics that nobody catches are never taken.
const MAX_NOTES: usize = 8;

thread_local! {
    /// Number of calls of [`catch`] that this thread is in.
    static CATCHING: Cell<usize> = const { Cell::new(0) };
    /// Number of calls of [`guard`] that this thread is in.
    static GUARDING: Cell<usize> = const { Cell::new(0) };
}

/// Notes of all threads, because a thread pool resumes a panic on another thread.
static NOTES: Mutex<VecDeque<Note>> = Mutex::new(VecDeque::new());

fn notes() -> MutexGuard<'static, VecDeque<Note>> {
    // Notes are only pushed and removed, so the queue is valid even after a panic.
    NOTES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A panic, noted by the hook. The backtrace looks up names only when it is printed, because that takes a while.
struct Note {
    thread: (ThreadId, String),
    message: String,
    location: String,
    backtrace: Backtrace,
}

impl Note {
    fn new(info: &PanicHookInfo<'_>) -> Self {
        Self {
            thread: (thread::current().id(), this_thread()),
            message: message(info.payload()),
            location: info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string),
            backtrace: Backtrace::force_capture(),
        }
    }

    fn keep(self) {
        let mut notes = notes();
        if notes.len() == MAX_NOTES {
            notes.pop_front();
        }
        notes.push_back(self);
    }
}

fn message(payload: &dyn Any) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("a panic without a text").to_owned()
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn this_thread() -> String {
    thread::current().name().unwrap_or("without a name").to_owned()
}
