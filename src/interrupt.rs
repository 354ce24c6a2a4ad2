//! Signals that ask the program to end: SIGINT (the interrupt key), SIGTERM and SIGHUP; on Windows the interrupt key
//! and a console that closes.

use crate::output::errln;
use anyhow::{Context, Result};
use std::{process, sync::atomic::AtomicBool, sync::atomic::Ordering};

/// Calls `end` at the first signal, on a thread of its own. The second ends the process at once, with exit code 1.
///
/// # Errors
/// If signals are watched already, or cannot be.
pub(crate) fn on_signal(end: impl Fn() + Send + 'static) -> Result<()> {
    let has_come = AtomicBool::new(false);
    let take = move || {
        if has_come.swap(true, Ordering::Relaxed) {
            errln!("error: ended at once by a second signal, without a checkpoint");
            process::exit(1);
        }
        end();
    };
    ctrlc::set_handler(take).context("the signals that end the program cannot be watched")
}
