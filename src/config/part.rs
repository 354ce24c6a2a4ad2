//! Traits and macros that the parts of a configuration share: defaults and ranges come from the attributes of
//! their fields alone.

use super::{ConfigError, OptionName, quantity::NumberRange};
use clap::{Args, Command, FromArgMatches};
use serde::Serialize;
use serde_json::Value;

/// Ranges of the options that take a number.
pub(super) type Ranges = Vec<(OptionName, NumberRange)>;

/// Sets every option to the default of its flag.
pub(super) fn default_of<T: Args + FromArgMatches>() -> T {
    let command = T::augment_args(Command::new("options").no_binary_name(true));
    let matches = command.try_get_matches_from(std::iter::empty::<&str>());
    let part = matches.and_then(|matches| T::from_arg_matches(&matches));
    part.expect("every option has a default, which a test holds")
}

/// Derives the range of every number from the name of its value.
pub(super) fn ranges_of<T: Args>() -> Ranges {
    let command = T::augment_args(Command::new("options"));
    let range = |argument: &clap::Arg| {
        let quantity = super::Quantity::named(argument.get_value_names()?.first()?)?;
        // Leaked on purpose: the list is built once per program.
        Some((OptionName::new(String::leak(argument.get_id().to_string())), quantity.range))
    };
    command.get_arguments().filter_map(range).collect()
}

/// Refuses the first number that is outside the range of its option.
pub(super) fn check_ranges(part: &impl Serialize, ranges: &Ranges) -> Result<(), ConfigError> {
    // As JSON, which unlike TOML can hold every whole number that a flag can.
    let values = serde_json::to_value(part)
        .map_err(|error| ConfigError::plain(format!("the configuration cannot be used: {error}")))?;
    ranges.iter().try_for_each(|(option, range)| match values.get(option.as_str()) {
        Some(Value::Number(number)) => range.check(*option, Some(number)),
        // NaN or infinity: options that are left out are not written.
        Some(Value::Null) => range.check(*option, None),
        _ => Ok(()),
    })
}

/// Implements defaults and the check of ranges for a part of the configuration.
macro_rules! config_part {
    ($part:ty) => {
        impl Default for $part {
            fn default() -> Self {
                static DEFAULT: std::sync::OnceLock<$part> = std::sync::OnceLock::new();
                DEFAULT.get_or_init($crate::config::part::default_of).clone()
            }
        }

        impl $part {
            pub(super) fn check_ranges(&self) -> Result<(), ConfigError> {
                use $crate::config::part::{Ranges, check_ranges, ranges_of};
                static RANGES: std::sync::OnceLock<Ranges> = std::sync::OnceLock::new();
                check_ranges(self, RANGES.get_or_init(ranges_of::<Self>))
            }
        }
    };
}
pub(super) use config_part;
