//! Progress bars, drawn only on a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// Creates a bar for `length` pieces of work.
pub(super) fn bar(length: u64, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {bar:40} {pos}/{len}  {msg}  {eta}")
        .expect("the template is constant and valid");
    ProgressBar::new(length).with_style(style).with_prefix(what)
}
