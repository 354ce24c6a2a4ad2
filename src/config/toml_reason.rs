//! Faults of TOML files that a program wrote, without the words of the parser.

use toml::de::Error;

/// Says in which line a text is not the TOML that it should be, or which field it lacks.
pub fn toml_reason(text: &str, error: &Error) -> String {
    if let Some(name) = error.message().strip_prefix("missing field ") {
        return format!("it does not say {}", name.trim_matches('`'));
    }
    let ends_before = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let place = error
        .span()
        .map_or_else(|| "it".to_owned(), |span| format!("its line {}", 1 + ends_before(span.start)));
    format!("{place} makes no sense: it was cut off, overwritten or badly edited")
}
