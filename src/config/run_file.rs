//! Configuration in a run's `config.toml`. Options that a newer version wrote there are kept without effect.

use super::{
    Change, ConfigError, NetworkConfig, ObjectiveConfig, RunConfig, TrainingConfig,
    precedence::{merge, refuse, table},
    toml_reason,
};
use clap::{Args, Command};
use std::collections::BTreeSet;
use toml::{Table, Value};

const CHANGES: &str = "changes";

/// Options that a complete file must have: those that version 0.1 wrote. Do not extend this list: a later option
/// that a file lacks takes its default.
const ALWAYS_WRITTEN: [(&str, &[&str]); 3] = [
    (
        "network",
        &[
            "height",
            "width",
            "depth_network",
            "num_layers",
            "pose_model_type",
            "pose_model_input",
            "pose_num_layers",
            "models_to_load",
        ],
    ),
    (
        "objective",
        &[
            "frame_ids",
            "scales",
            "disparity_smoothness",
            "min_depth",
            "max_depth",
            "v1_multiscale",
            "avg_reprojection",
            "disable_automasking",
            "predictive_mask",
            "no_ssim",
            "sample_align_corners_false",
        ],
    ),
    (
        "training",
        &[
            "batch_size",
            "accumulate",
            "learning_rate",
            "num_epochs",
            "scheduler_step_size",
            "no_augmentation",
            "log_frequency",
            "tensorboard",
            "checkpoint_frequency",
            "cache_limit",
            "save_frequency",
            "keep_checkpoints",
            "num_workers",
            "seed",
        ],
    ),
];

/// A run's configuration file.
#[derive(Clone, Debug)]
pub struct RunFile {
    /// Configuration in the file.
    pub config: RunConfig,
    /// Text on disk.
    text: String,
    /// Options that this version does not know, in their tables.
    unknown: Table,
    /// Changes, in their form on disk.
    changes: Vec<Value>,
}

impl RunFile {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// If it is not TOML, lacks an option, or a known option has an unknown value.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let mut options: Table =
            text.parse().map_err(|error| ConfigError::plain(toml_reason(text, &error)))?;
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
        let complete = table(&RunConfig::default())?;
        let missing = missing(&options);
        if !missing.is_empty() {
            let missing = missing.join(", ");
            return Err(ConfigError::plain(format!(
                "it lacks {missing}: it was cut off, overwritten or badly edited"
            )));
        }
        let config = Value::Table(options.clone()).try_into();
        let config = config.map_err(|error| unfit(&options, &complete).unwrap_or_else(|| refuse(&error)))?;
        Ok(Self { config, text: text.to_owned(), unknown, changes: all })
    }

    /// Lists the entries that have no effect, by name.
    pub fn unknown_names(&self) -> Vec<String> {
        let options = self.unknown.iter().flat_map(|(part, value)| match (known_options(part), value) {
            (Some(_), Value::Table(options)) => options.keys().cloned().collect(),
            _ => vec![part.clone()],
        });
        let changes = self.changes.iter().filter(|change| change_in(change).is_none());
        options.chain(changes.map(|change| format!("the change {change}"))).collect()
    }

    /// Returns the text of the file with another configuration. Unknown entries are copied; with the same
    /// configuration the text is unchanged, also if it lacks options of later versions.
    ///
    /// # Errors
    /// If the configuration cannot be written as TOML.
    pub fn text_with(&self, config: &RunConfig) -> Result<String, ConfigError> {
        if *config == self.config {
            return Ok(self.text.clone());
        }
        if self.unknown.is_empty() && self.changes.iter().all(is_plain) {
            return toml::to_string(config).map_err(|error| refuse(&error));
        }
        let mut options = table(config)?;
        merge(&mut options, &self.unknown, &|_| true);
        let known: Vec<(Option<Change>, &Value)> =
            self.changes.iter().map(|value| (change_in(value), value)).collect();
        let as_written = |change: &Change| {
            known.iter().find(|(known, _)| *known == Some(*change)).map(|(_, value)| (*value).clone())
        };
        let mut changes = Vec::new();
        for change in &config.changes {
            let fresh = || Value::try_from(change).map_err(|error| refuse(&error));
            changes.push(as_written(change).map_or_else(fresh, Ok)?);
        }
        changes.extend(self.changes.iter().filter(|change| change_in(change).is_none()).cloned());
        changes.sort_by_key(|change| change.get("step").and_then(Value::as_integer));
        if !changes.is_empty() {
            options.insert(CHANGES.to_owned(), Value::Array(changes));
        }
        toml::to_string(&options).map_err(|error| refuse(&error))
    }
}

/// Names of the options in a table of the file; `None` if there is no such table.
fn known_options(part: &str) -> Option<BTreeSet<String>> {
    let options = match part {
        "network" => NetworkConfig::augment_args(Command::new("options")),
        "objective" => ObjectiveConfig::augment_args(Command::new("options")),
        "training" => TrainingConfig::augment_args(Command::new("options")),
        _ => return None,
    };
    Some(options.get_arguments().map(|option| option.get_id().to_string()).collect())
}

/// Lists the options that a file lacks, by name; of a table that it lacks only the table's.
fn missing(options: &Table) -> Vec<String> {
    let mut missing = Vec::new();
    for (part, names) in ALWAYS_WRITTEN {
        let Some(options) = options.get(part).and_then(Value::as_table).filter(|options| !options.is_empty())
        else {
            missing.push(format!("[{part}]"));
            continue;
        };
        let names = names.iter().filter(|name| !options.contains_key(**name));
        missing.extend(names.map(|name| format!("{part}.{name}")));
    }
    missing
}

/// Names the first option whose value is not allowed.
fn unfit(options: &Table, complete: &Table) -> Option<ConfigError> {
    let parts = options.iter().filter_map(|(part, options)| Some((part, options.as_table()?)));
    let mut options = parts.flat_map(|(part, options)| options.iter().map(move |option| (part, option)));
    let is_unfit = |part: &str, name: &str, value: &Value| {
        let mut changed = complete.clone();
        if let Some(part) = changed.get_mut(part).and_then(Value::as_table_mut) {
            part.insert(name.to_owned(), value.clone());
        }
        Value::Table(changed).try_into::<RunConfig>().is_err()
    };
    let (part, (name, value)) = options.find(|(part, (name, value))| is_unfit(part, name, value))?;
    let text = format!("its {part}.{name} is {value}, which this version cannot take");
    Some(ConfigError::plain(text))
}

fn take_unknown(options: &mut Table, is_known: impl Fn(&str) -> bool) -> Table {
    let (known, unknown) = std::mem::take(options).into_iter().partition(|(name, _)| is_known(name));
    *options = known;
    unknown
}

fn change_in(value: &Value) -> Option<Change> {
    value.clone().try_into().ok()
}

/// True if a change has no entries besides those that this version writes.
fn is_plain(value: &Value) -> bool {
    change_in(value).is_some() && value.as_table().is_some_and(|change| change.len() == 2)
}
