//! Errors of a configuration, as data that the command line and the window phrase each in its own way.

use super::OptionName;
use std::fmt;

/// Error of a configuration.
///
/// Displayed as on the command line, with the flags of options:
/// `--height 100 does not fit: [...]; use a multiple of 32 from 64 up`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// Option at fault, next to which a form shows the error; `None` if the error is not about a single option of
    /// a run.
    pub field: Option<OptionName>,
    /// Refused value of the option, if the rule is about a value.
    pub value: Option<String>,
    /// Broken rule; it completes the sentence that begins with option and value.
    pub rule: Phrase,
    /// Advice on what to choose instead; may be empty.
    pub suggestion: Phrase,
}

/// Text with references to options, whose names depend on where it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phrase(Vec<PhrasePart>);

/// A part of a [`Phrase`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhrasePart {
    /// Plain text.
    Text(String),
    /// An option, written as a flag or as a label.
    Option(OptionName),
}

impl ConfigError {
    /// Error about an option, with the rule that it breaks.
    pub fn new(field: OptionName, rule: impl Into<Phrase>) -> Self {
        Self { field: Some(field), value: None, rule: rule.into(), suggestion: Phrase::default() }
    }

    /// Error that is not about an option of a run, but about a whole file or arguments of another command.
    pub fn plain(text: impl Into<String>) -> Self {
        let rule = Phrase::from(text.into());
        Self { field: None, value: None, rule, suggestion: Phrase::default() }
    }

    /// Adds the value that is refused.
    pub fn with_value(self, value: &impl ToString) -> Self {
        Self { value: Some(value.to_string()), ..self }
    }

    /// Adds advice on what to choose instead.
    pub fn with_suggestion(self, suggestion: impl Into<Phrase>) -> Self {
        Self { suggestion: suggestion.into(), ..self }
    }

    /// Phrases the error, with options written as `name` says.
    pub fn text(&self, name: impl Fn(OptionName) -> String) -> String {
        let mut words: Vec<String> = self.field.map(&name).into_iter().chain(self.value.clone()).collect();
        words.push(self.rule.text(&name));
        let sentence = words.join(" ");
        match self.suggestion.text(&name) {
            suggestion if suggestion.is_empty() => sentence,
            suggestion => format!("{sentence}; {suggestion}"),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text(OptionName::flag))
    }
}

impl Phrase {
    fn text(&self, name: &impl Fn(OptionName) -> String) -> String {
        let term = |term: &PhrasePart| match term {
            PhrasePart::Text(text) => text.clone(),
            PhrasePart::Option(option) => name(*option),
        };
        self.0.iter().map(term).collect()
    }
}

impl<T: Into<PhrasePart>> From<T> for Phrase {
    fn from(term: T) -> Self {
        Self(vec![term.into()])
    }
}

impl FromIterator<PhrasePart> for Phrase {
    fn from_iter<T: IntoIterator<Item = PhrasePart>>(terms: T) -> Self {
        Self(terms.into_iter().collect())
    }
}

impl From<&str> for PhrasePart {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for PhrasePart {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<OptionName> for PhrasePart {
    fn from(option: OptionName) -> Self {
        Self::Option(option)
    }
}

/// Joins texts and [`OptionName`]s to a [`Phrase`].
macro_rules! phrase {
    ($($term:expr),+ $(,)?) => {
        [$($crate::config::PhrasePart::from($term)),+].into_iter().collect::<$crate::config::Phrase>()
    };
}
pub(crate) use phrase;
