//! Options of a run by name, as clap derives them from the structs, with their values as text, as on the command
//! line. The form in the window is generated from these, so that no option can be forgotten: a new field of
//! [`TrainingConfig`](super::TrainingConfig), [`ObjectiveConfig`](super::ObjectiveConfig) or
//! [`NetworkConfig`](super::NetworkConfig) with its docstring and `#[arg]` is all that a new option needs here.

use super::{
    ConfigError, OptionName, Quantity, RunConfig,
    precedence::{table, with_option_of},
};
use clap::{
    Arg, ArgAction, Args, Command, FromArgMatches,
    error::{ContextKind, ContextValue},
};
use std::{collections::BTreeMap, error::Error, sync::OnceLock};
use toml::{Table, Value};

/// An option of a run.
#[derive(Clone, Debug)]
pub struct ConfigOption {
    /// Name of the field, which is also its key in TOML files.
    pub name: &'static str,
    /// Heading in `--help` that lists it.
    pub heading: &'static str,
    /// Help text.
    pub help: String,
    /// Name of its value in `--help`: `PIXELS`, `N`, `DIR`.
    pub value_name: String,
    /// Kind of number; `None` if the value is not a number.
    pub quantity: Option<&'static Quantity>,
    /// Allowed values.
    pub kind: OptionKind,
}

/// Type of an option's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionKind {
    /// Switch: `true` or `false`.
    Switch,
    /// Choice of one of these.
    Choice(Vec<NamedValue>),
    /// Choice of any number of these.
    Choices(Vec<NamedValue>),
    /// Integer.
    Whole,
    /// Floating-point number.
    Number,
    /// List of words.
    List,
    /// Optional text or number.
    Optional,
}

/// One of the values that an option can be set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedValue {
    /// Name on the command line.
    pub name: String,
    /// Help text of the value.
    pub help: String,
}

/// Values of all options as texts, by name; empty where an option is left out.
pub type OptionTexts = BTreeMap<&'static str, String>;

impl ConfigOption {
    /// Returns every option, in the order of `--help`.
    pub fn all() -> &'static [Self] {
        static ALL: OnceLock<Vec<ConfigOption>> = OnceLock::new();
        ALL.get_or_init(|| {
            let defaults = values(&RunConfig::default());
            command().get_arguments().map(|argument| Self::new(argument, &defaults)).collect()
        })
    }

    /// Finds the option of this name.
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
        let value_name = argument.get_value_names().and_then(|names| names.first());
        let value_name = value_name.map_or_else(String::new, ToString::to_string);
        Self {
            // Leaked on purpose: the list is built once per program.
            name: String::leak(name.to_owned()),
            heading: String::leak(argument.get_help_heading().unwrap_or("Options").to_owned()),
            help: argument.get_help().map(ToString::to_string).unwrap_or_default(),
            quantity: Quantity::named(&value_name),
            value_name,
            kind,
        }
    }

    /// Name as the type that errors have.
    pub fn id(&self) -> OptionName {
        OptionName::new(self.name)
    }

    /// Flag on the command line: `--batch-size`.
    pub fn flag(&self) -> String {
        self.id().flag()
    }

    /// Label in a form: `Batch size`.
    pub fn label(&self) -> String {
        self.id().label()
    }

    /// Returns a configuration in which this option has the value of a text, as on the command line.
    ///
    /// # Errors
    /// If the text is not a value of the option, with the parser's reason. [`RunConfig::validate`] checks if the
    /// value is in range and fits the other options.
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
        let given = given.map_err(|error| refusal(self.id(), &error))?;
        with_option_of(config, &given, self.name)
    }
}

impl ConfigError {
    /// Option that it is about, if it is one of a run.
    pub fn option(&self) -> Option<&'static ConfigOption> {
        ConfigOption::named(self.field?.as_str())
    }
}

/// Converts the parser's error for a value, without its flag and layout.
fn refusal(option: OptionName, error: &clap::Error) -> ConfigError {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    let (value, choices) = (context(ContextKind::InvalidValue), context(ContextKind::ValidValue));
    if value.is_empty() {
        return ConfigError::new(option, "needs a value");
    }
    let refused = |rule: String| ConfigError::new(option, rule).with_value(&value);
    match error.source() {
        Some(reason) => refused(format!("cannot be read: {reason}")),
        None if choices.is_empty() => refused("is not an allowed value".to_owned()),
        None => {
            refused("is not an allowed value".to_owned()).with_suggestion(format!("use one of {choices}"))
        }
    }
}

impl RunConfig {
    /// Returns every option's value as text, as on the command line.
    pub fn texts(&self) -> OptionTexts {
        let values = values(self);
        let text = |option: &ConfigOption| values.get(option.name).map(text).unwrap_or_default();
        ConfigOption::all().iter().map(|option| (option.name, text(option))).collect()
    }
}

fn command() -> Command {
    RunConfig::augment_args(Command::new("run"))
}

/// Values of the options of all tables by name.
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
        // In Rust's notation: TOML would write 100.0 for 100.
        Value::Float(number) => number.to_string(),
        other => other.to_string(),
    }
}
