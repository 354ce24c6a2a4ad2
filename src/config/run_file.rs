//! The configuration in a run's `config.toml`: options that a newer version wrote there have no effect and stay.

use super::{
    Change, ConfigError, NetworkConfig, ObjectiveConfig, RunConfig, TrainingConfig,
    layers::{merge, refuse, table},
};
use clap::{Args, Command};
use std::collections::BTreeSet;
use toml::{Table, Value};

const CHANGES: &str = "changes";

/// A run's configuration file.
#[derive(Clone, Debug)]
pub struct RunFile {
    /// The configuration that it holds.
    pub config: RunConfig,
    /// Options that this version does not know, in their tables.
    unknown: Table,
    /// The changes as they are written.
    changes: Vec<Value>,
}

impl RunFile {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// If it is no TOML, or an option that is known has a value that is not.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let mut options: Table = text.parse().map_err(|error| refuse(&error))?;
        let mut unknown = take_unknown(&mut options, |name| known_options(name).is_some() || name == CHANGES);
        for (part, options) in
            options.iter_mut().filter_map(|(part, value)| Some((part, value.as_table_mut()?)))
        {
            let known = known_options(part).unwrap_or_default();
            let others = take_unknown(options, |name| known.contains(name));
            if !others.is_empty() {
                unknown.insert(part.clone(), Value::Table(others));
            }
        }
        let changes = options.get_mut(CHANGES).and_then(Value::as_array_mut);
        let all = changes.as_deref().cloned().unwrap_or_default();
        if let Some(changes) = changes {
            changes.retain(|change| change_in(change).is_some());
        }
        let config = Value::Table(options).try_into().map_err(|error| refuse(&error))?;
        Ok(Self { config, unknown, changes: all })
    }

    /// The entries that have no effect, by name.
    pub fn unknown_names(&self) -> Vec<String> {
        let options = self.unknown.iter().flat_map(|(part, value)| match (known_options(part), value) {
            (Some(_), Value::Table(options)) => options.keys().cloned().collect(),
            _ => vec![part.clone()],
        });
        let changes = self.changes.iter().filter(|change| change_in(change).is_none());
        options.chain(changes.map(|change| format!("the change {change}"))).collect()
    }

    /// The text of the file with another configuration: what is unknown is written as it was.
    ///
    /// # Errors
    /// If the configuration cannot be written as TOML.
    pub fn text_with(&self, config: &RunConfig) -> Result<String, ConfigError> {
        if self.unknown.is_empty() && self.changes.iter().all(|change| is_plain(change)) {
            return toml::to_string(config).map_err(|error| refuse(&error));
        }
        let mut options = table(config)?;
        merge(&mut options, &self.unknown, &|_| true);
        let as_written =
            |change: &Change| self.changes.iter().find(|value| change_in(value) == Some(*change));
        let mut changes = Vec::new();
        for change in &config.changes {
            let fresh = || Value::try_from(change).map_err(|error| refuse(&error));
            changes.push(as_written(change).cloned().map_or_else(fresh, Ok)?);
        }
        changes.extend(self.changes.iter().filter(|change| change_in(change).is_none()).cloned());
        changes.sort_by_key(|change| change.get("step").and_then(Value::as_integer));
        if !changes.is_empty() {
            options.insert(CHANGES.to_owned(), Value::Array(changes));
        }
        toml::to_string(&options).map_err(|error| refuse(&error))
    }
}

/// The options in a table of the file; `None` if there is no such table.
fn known_options(part: &str) -> Option<BTreeSet<String>> {
    let options = match part {
        "network" => NetworkConfig::augment_args(Command::new("options")),
        "objective" => ObjectiveConfig::augment_args(Command::new("options")),
        "training" => TrainingConfig::augment_args(Command::new("options")),
        _ => return None,
    };
    Some(options.get_arguments().map(|option| option.get_id().to_string()).collect())
}

fn take_unknown(options: &mut Table, is_known: impl Fn(&str) -> bool) -> Table {
    let (known, unknown) = std::mem::take(options).into_iter().partition(|(name, _)| is_known(name));
    *options = known;
    unknown
}

fn change_in(value: &Value) -> Option<Change> {
    value.clone().try_into().ok()
}

/// Whether a change says nothing but what this version writes of it.
fn is_plain(value: &Value) -> bool {
    change_in(value).is_some() && value.as_table().is_some_and(|change| change.len() == 2)
}
