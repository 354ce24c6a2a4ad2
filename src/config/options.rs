//! The options of a run by name: what each is, as clap reads it off the structs, and its value as text, as
//! on the command line. The form in the window is made of these, so that none can be forgotten.

use super::{
    ConfigError, RunConfig,
    precedence::{table, with_option_of},
};
use clap::{Arg, ArgAction, Args, Command, FromArgMatches};
use std::{collections::BTreeMap, sync::OnceLock};
use toml::{Table, Value};

/// An option of a run.
#[derive(Clone, Debug)]
pub struct ConfigOption {
    /// The field's name, which is also its key in TOML files.
    pub name: &'static str,
    /// What it concerns: the heading of `--help` under which it stands.
    pub heading: &'static str,
    /// What it does: the words of `--help`.
    pub help: String,
    /// What its value is, as `--help` says it: `PIXELS`, `N`, `DIR`.
    pub value_name: String,
    /// Which values it takes.
    pub kind: OptionKind,
}

/// Which values an option takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionKind {
    /// On (`true`) or off (`false`).
    Switch,
    /// One of these.
    Choice(Vec<NamedValue>),
    /// Any number of these.
    Choices(Vec<NamedValue>),
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// Any number of words.
    List,
    /// A text or number that may be left out.
    Optional,
}

/// A value with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedValue {
    /// The name.
    pub name: String,
    /// What it means.
    pub help: String,
}

/// The values of all options as texts, by name; what is left out is empty.
pub type OptionTexts = BTreeMap<&'static str, String>;

impl ConfigOption {
    /// Every option, in the order of `--help`.
    pub fn all() -> &'static [Self] {
        static ALL: OnceLock<Vec<ConfigOption>> = OnceLock::new();
        ALL.get_or_init(|| {
            let defaults = values(&RunConfig::default());
            command().get_arguments().map(|argument| Self::new(argument, &defaults)).collect()
        })
    }

    /// The option of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|option| option.name == name)
    }

    fn new(argument: &Arg, defaults: &BTreeMap<String, Value>) -> Self {
        let name = argument.get_id().as_str();
        let choices: Vec<NamedValue> = argument
            .get_possible_values()
            .iter()
            .map(|value| NamedValue {
                name: value.get_name().to_owned(),
                help: value.get_help().map(ToString::to_string).unwrap_or_default(),
            })
            .collect();
        let is_list = argument.get_num_args().is_some_and(|range| range.max_values() > 1);
        let kind = match (argument.get_action(), defaults.get(name)) {
            (ArgAction::SetTrue, _) => OptionKind::Switch,
            _ if is_list && choices.is_empty() => OptionKind::List,
            _ if is_list => OptionKind::Choices(choices),
            _ if !choices.is_empty() => OptionKind::Choice(choices),
            (_, Some(Value::Integer(_))) => OptionKind::Whole,
            (_, Some(Value::Float(_))) => OptionKind::Number,
            _ => OptionKind::Optional,
        };
        Self {
            // Once for the program: the list is made only once.
            name: String::leak(name.to_owned()),
            heading: String::leak(argument.get_help_heading().unwrap_or("Options").to_owned()),
            help: argument.get_help().map(ToString::to_string).unwrap_or_default(),
            value_name: argument
                .get_value_names()
                .and_then(|names| names.first())
                .map_or_else(String::new, ToString::to_string),
            kind,
        }
    }

    /// The flag.
    pub fn flag(&self) -> String {
        format!("--{}", self.name.replace('_', "-"))
    }

    /// The name as a person reads it: "Batch size".
    pub fn label(&self) -> String {
        let words = self.name.replace('_', " ").replace("ssim", "SSIM").replace("v1", "V1");
        let mut letters = words.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    }

    /// A configuration in which this option has the value that a text says, as on the command line.
    ///
    /// # Errors
    /// If the text is no value of the option, with the parser's reason. Whether the option fits the others
    /// is for [`RunConfig::validate`] to say.
    pub fn set(&self, config: &RunConfig, text: &str) -> Result<RunConfig, ConfigError> {
        let flag = self.flag();
        let arguments: Vec<String> = match self.kind {
            OptionKind::Switch if text == "true" => vec![flag.clone()],
            // Without its flag, a switch is off and an optional value is left out.
            OptionKind::Switch => Vec::new(),
            OptionKind::Optional if text.trim().is_empty() => Vec::new(),
            OptionKind::List | OptionKind::Choices(_) => {
                let words = text.split(|letter: char| letter.is_whitespace() || letter == ',');
                let words = words.filter(|word| !word.is_empty()).map(str::to_owned);
                [flag.clone()].into_iter().chain(words).collect()
            }
            _ => vec![format!("{flag}={}", text.trim())],
        };
        let matches = command().no_binary_name(true).try_get_matches_from(arguments);
        let given = matches.and_then(|matches| RunConfig::from_arg_matches(&matches));
        let given = given.map_err(|error| {
            let text = error.to_string();
            let reason = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
            // The parser quotes the flag with the name of its value.
            let around = reason.split_once(&format!("'{flag}"));
            let around = around.and_then(|(before, rest)| Some((before, rest.split_once('\'')?.1)));
            let reason =
                around.map_or_else(|| reason.to_owned(), |(before, after)| format!("{before}{flag}{after}"));
            ConfigError(reason)
        })?;
        with_option_of(config, &given, self.name)
    }
}

impl ConfigError {
    /// The option that it is about: the first whose flag it names.
    pub fn option(&self) -> Option<&'static ConfigOption> {
        let words = self.0.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-'));
        words
            .filter_map(|word| word.strip_prefix("--"))
            .find_map(|flag| ConfigOption::named(&flag.replace('-', "_")))
    }
}

/// A text in which every flag of an option is that option's label in quotes, as a form shows it.
pub fn with_labels(text: &str) -> String {
    let mut parts = text.split("--");
    let mut labelled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-'));
        let (flag, rest) = part.split_at(end.unwrap_or(part.len()));
        labelled += &match ConfigOption::named(&flag.replace('-', "_")) {
            Some(option) => format!("\"{}\"", option.label()),
            None => format!("--{flag}"),
        };
        labelled += rest;
    }
    labelled
}

impl RunConfig {
    /// Every option's value as text, as it would stand on the command line.
    pub fn texts(&self) -> OptionTexts {
        let values = values(self);
        let text = |option: &ConfigOption| values.get(option.name).map(text).unwrap_or_default();
        ConfigOption::all().iter().map(|option| (option.name, text(option))).collect()
    }
}

fn command() -> Command {
    RunConfig::augment_args(Command::new("run"))
}

/// The options of all tables by name.
fn values(config: &RunConfig) -> BTreeMap<String, Value> {
    let tables = table(config).unwrap_or_default().into_iter();
    let options = tables.filter_map(|(_, part)| match part {
        Value::Table(options) => Some(options),
        _ => None,
    });
    options.flat_map(Table::into_iter).collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(" "),
        // As Rust writes numbers: TOML would write 100.0 for 100.
        Value::Float(number) => number.to_string(),
        other => other.to_string(),
    }
}
