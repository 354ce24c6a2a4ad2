//! Errors of TOML files in plain words, without the parser's text.

use toml::de::Error;

/// Describes an error of a TOML text by its line, or by the field that is missing.
pub fn toml_reason(text: &str, error: &Error) -> String {
    if let Some(name) = error.message().strip_prefix("missing field ") {
        return format!("it does not state {}", name.trim_matches('`'));
    }
    let ends_before = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let place = error
        .span()
        .map_or_else(|| "it".to_owned(), |span| format!("its line {}", 1 + ends_before(span.start)));
    format!("{place} makes no sense: it was cut off, overwritten or badly edited")
}
