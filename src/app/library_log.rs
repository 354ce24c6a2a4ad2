//! The process's logger: keeps warnings of libraries until the window takes them into its log.

use super::state::MessageLevel;
use std::{
    mem::take,
    sync::{Mutex, OnceLock, PoisonError},
};

/// Warnings kept while no window takes them.
const MAX_WAITING: usize = 5000;

/// Takes the warnings since the last call.
pub fn take_warnings() -> Vec<(MessageLevel, String)> {
    take(&mut *buffer().lock().unwrap_or_else(PoisonError::into_inner))
}

/// Warnings that wait for the window.
fn buffer() -> &'static Mutex<Vec<(MessageLevel, String)>> {
    static BUFFER: OnceLock<Mutex<Vec<(MessageLevel, String)>>> = OnceLock::new();
    BUFFER.get_or_init(Mutex::default)
}

/// The newest warning of a library, if the window has not taken it yet.
pub fn last_warning() -> Option<String> {
    buffer().lock().unwrap_or_else(PoisonError::into_inner).last().map(|(_, text)| text.clone())
}

struct LibraryLogger;

impl log::Log for LibraryLogger {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let mut waiting = buffer().lock().unwrap_or_else(PoisonError::into_inner);
            // Without a window nobody takes them.
            if waiting.len() < MAX_WAITING {
                waiting.push((MessageLevel::Warning, format!("{}: {}", record.target(), record.args())));
            }
        }
    }

    fn flush(&self) {}
}

/// Keeps warnings of libraries for the window from now on.
pub fn install() {
    // A logger that the process has already stays.
    if log::set_logger(&LibraryLogger).is_ok() {
        log::set_max_level(log::LevelFilter::Warn);
    }
}
