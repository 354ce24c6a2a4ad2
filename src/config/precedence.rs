//! Precedence of preset, file and flags: a flag wins over the file, the file over the preset.

use super::{ConfigError, Preset, RunConfig, toml_reason};
use toml::{Table, Value};

/// Returns the configuration of a preset with the options of a TOML file, and over these the flags that were
/// given.
///
/// `is_given` tells if the option of this name was given on the command line. If neither the file nor a flag sets
/// `scales`, the preset's scales apply, without those that the depth network does not predict.
///
/// # Errors
/// If the file is not TOML or names an option that does not exist.
pub fn layered(
    preset: Preset,
    file: Option<&str>,
    flags: &RunConfig,
    is_given: impl Fn(&str) -> bool,
) -> Result<RunConfig, ConfigError> {
    let mut options = table(&preset.config())?;
    let text = file.unwrap_or_default();
    let file: Table = text.parse().map_err(|error| refuse(&toml_reason(text, &error)))?;
    merge(&mut options, &file, &|_| true);
    merge(&mut options, &table(flags)?, &is_given);
    let mut config: RunConfig = Value::Table(options).try_into().map_err(|error| refuse(&error))?;
    let names_scales =
        |table: &Table| table.get("objective").is_some_and(|part| part.get("scales").is_some());
    if !is_given("scales") && !names_scales(&file) {
        config.keep_scales_of_network();
    }
    Ok(config)
}

/// Returns a configuration in which the flags that were given replace its own options.
///
/// # Errors
/// None that flags of the right types could cause.
pub fn overridden(
    config: &RunConfig,
    flags: &RunConfig,
    is_given: impl Fn(&str) -> bool,
) -> Result<RunConfig, ConfigError> {
    let mut options = table(config)?;
    merge(&mut options, &table(flags)?, &is_given);
    Value::Table(options).try_into().map_err(|error| refuse(&error))
}

/// Returns a configuration with one option copied from another configuration, also if it is left out there.
pub(super) fn with_option_of(
    config: &RunConfig,
    other: &RunConfig,
    name: &str,
) -> Result<RunConfig, ConfigError> {
    let mut options = table(config)?;
    for part in options.iter_mut().filter_map(|(_, part)| part.as_table_mut()) {
        part.remove(name);
    }
    merge(&mut options, &table(other)?, &|given| given == name);
    Value::Table(options).try_into().map_err(|error| refuse(&error))
}

/// Names of the options in which two configurations differ.
pub(super) fn differing_options(a: &RunConfig, b: &RunConfig) -> Result<Vec<String>, ConfigError> {
    fn find(a: &Table, b: &Table) -> Vec<String> {
        let only_there = b.keys().filter(|name| !a.contains_key(*name));
        let differing = a.keys().chain(only_there).filter(|name| a.get(*name) != b.get(*name));
        let names = differing.map(|name| match (a.get(name), b.get(name)) {
            (Some(Value::Table(a)), Some(Value::Table(b))) => find(a, b),
            _ => vec![name.clone()],
        });
        names.flatten().collect()
    }
    Ok(find(&table(a)?, &table(b)?))
}

pub(super) fn table(config: &RunConfig) -> Result<Table, ConfigError> {
    // A whole number that TOML cannot hold is out of range for its option too.
    Table::try_from(config).map_err(|error| config.check_ranges().err().unwrap_or_else(|| refuse(&error)))
}

pub(super) fn refuse(error: &dyn std::fmt::Display) -> ConfigError {
    ConfigError::plain(format!("the configuration cannot be used: {error}"))
}

pub(super) fn merge(below: &mut Table, above: &Table, is_given: &dyn Fn(&str) -> bool) {
    for (name, value) in above {
        match (below.get_mut(name), value) {
            (Some(Value::Table(below)), Value::Table(above)) => merge(below, above, is_given),
            _ if is_given(name) => {
                below.insert(name.clone(), value.clone());
            }
            _ => {}
        }
    }
}
