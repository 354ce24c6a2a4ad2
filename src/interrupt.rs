//! Handling signals that ask the program to end: SIGINT (Ctrl+C), SIGTERM and SIGHUP; on Windows Ctrl+C and the closing
//! of the console.

use crate::output::{errln, finish_reports};
use anyhow::{Context, Result};
use std::{process, sync::atomic::AtomicBool, sync::atomic::Ordering};

/// Installs a handler that calls `end` at the first signal, on a thread of its own. The second signal ends the process
/// at once, with exit code 1.
///
/// # Errors
/// If a handler is already installed, or cannot be.
pub(crate) fn on_signal(end: impl Fn() + Send + 'static) -> Result<()> {
    let was_called = AtomicBool::new(false);
    let handle = move || {
        if was_called.swap(true, Ordering::Relaxed) {
            errln!("error: ended at once by a second signal, without a checkpoint");
            finish_reports();
            process::exit(1);
        }
        end();
    };
    ctrlc::set_handler(handle).context("the signals that end the program cannot be watched")
}
