//! Progress bars on a terminal, nothing when piped.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over `length` pieces of work.
pub(super) fn bar(length: u64, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {bar:40} {pos}/{len}  {msg}  {eta}")
        .expect("the template is constant and valid");
    ProgressBar::new(length).with_style(style).with_prefix(what)
}
