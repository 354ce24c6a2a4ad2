//! Progress bars, drawn only on a terminal.

use crate::output;
use indicatif::{ProgressBar, ProgressStyle, WeakProgressBar};
use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

/// The newest bar, which lines of the log must not overwrite.
static NEWEST: Mutex<Option<WeakProgressBar>> = Mutex::new(None);

/// Creates a bar for `length` pieces of work.
pub(super) fn bar(length: u64, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {bar:40} {pos}/{len}  {msg}  {eta}")
        .expect("the template is constant and valid");
    let bar = ProgressBar::new(length).with_style(style).with_prefix(what);
    *NEWEST.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.downgrade());
    bar
}

/// Prints a line to stderr, above the bar if there is one.
pub(super) fn print_above(line: fmt::Arguments<'_>) {
    let newest = NEWEST.lock().unwrap_or_else(PoisonError::into_inner);
    let bar = newest.as_ref().and_then(WeakProgressBar::upgrade);
    drop(newest);
    match bar {
        Some(bar) => bar.suspend(|| output::report(line)),
        None => output::report(line),
    }
}
