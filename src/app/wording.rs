//! Texts of the configuration and of the session, in the words of the window.

use crate::config::{ConfigError, ConfigOption, OptionName};

/// Flags that are not options of a run, each with its place in the window.
const PLACES: [(&str, &str); 3] = [
    ("--out", "\"Written to\""),
    ("--resume", "\"Continue a run…\" of the Run menu"),
    ("--weights", "the Weights menu"),
];

/// Phrases a refused configuration with the labels of its options.
pub fn refusal(error: &ConfigError) -> String {
    error.text(quoted)
}

/// Replaces command-line flags in a message of the session by the labels of the window.
pub fn for_window(text: &str) -> String {
    PLACES.into_iter().fold(with_labels(text), |text, (flag, place)| text.replace(flag, place))
}

fn with_labels(text: &str) -> String {
    let mut parts = text.split("--");
    let mut labelled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-'));
        let (flag, rest) = part.split_at(end.unwrap_or(part.len()));
        labelled += &match ConfigOption::named(&flag.replace('-', "_")) {
            Some(option) => quoted(option.id()),
            None => format!("--{flag}"),
        };
        labelled += rest;
    }
    labelled
}

fn quoted(option: OptionName) -> String {
    format!("\"{}\"", option.label())
}
