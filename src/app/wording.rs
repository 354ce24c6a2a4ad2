//! What is said in words of the command line, said in words of the window.

use crate::config::with_labels;

/// Flags that are no options of a run, each with its place in the window.
const PLACES: [(&str, &str); 3] = [
    ("--out", "\"Written to\""),
    ("--resume", "\"Continue a run…\" of the Run menu"),
    ("--weights", "the Weights menu"),
];

/// A text in which flags are what the window calls them.
pub fn for_window(text: &str) -> String {
    PLACES.into_iter().fold(with_labels(text), |text, (flag, place)| text.replace(flag, place))
}
