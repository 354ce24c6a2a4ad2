//! Kinds of numbers that options take, identified by the name of the value in `--help`: `N`, `PIXELS`, `RATE`.

use super::{ConfigError, OptionName};
use serde_json::Number;

/// A kind of number, with its range and unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantity {
    /// Name of the value in `--help`.
    pub value_name: &'static str,
    /// Unit, shown after the number.
    pub unit: &'static str,
    /// Numbers that are allowed.
    pub range: NumberRange,
}

/// A range of finite numbers. It ends where a larger number can only be a mistake.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NumberRange {
    /// Smallest number.
    pub min: f64,
    /// True if the smallest number is itself allowed.
    pub includes_min: bool,
    /// Largest number; `f64::MAX` if any finite number is allowed.
    pub max: f64,
}

const ALL: [Quantity; 13] = [
    Quantity { value_name: "N", unit: "", range: NumberRange::between(1.0, 1e9) },
    Quantity { value_name: "SAMPLES", unit: "", range: NumberRange::between(1.0, 4096.0) },
    Quantity { value_name: "BATCHES", unit: "", range: NumberRange::between(1.0, 4096.0) },
    Quantity { value_name: "THREADS", unit: "", range: NumberRange::between(1.0, 256.0) },
    Quantity { value_name: "COUNT", unit: "", range: NumberRange::between(0.0, 1e9) },
    // TOML has no larger whole numbers.
    Quantity { value_name: "SEED", unit: "", range: NumberRange::between(0.0, i64::MAX as f64) },
    Quantity { value_name: "PIXELS", unit: " px", range: NumberRange::between(32.0, 8192.0) },
    Quantity { value_name: "GIGABYTES", unit: " GB", range: NumberRange::between(1.0, 1e6) },
    // A rate at which weights overflow is there to be tried.
    Quantity { value_name: "RATE", unit: "", range: NumberRange::above_zero(f64::MAX) },
    Quantity { value_name: "NORM", unit: "", range: NumberRange::above_zero(f64::MAX) },
    Quantity { value_name: "DEPTH", unit: "", range: NumberRange::between(1e-6, 1e6) },
    Quantity { value_name: "WEIGHT", unit: "", range: NumberRange::between(0.0, 1e6) },
    Quantity { value_name: "DECAY", unit: "", range: NumberRange::between(0.0, 1e6) },
];

impl Quantity {
    /// Finds the quantity of an option by the name of its value; `None` if the value is not a number.
    pub fn named(value_name: &str) -> Option<&'static Self> {
        ALL.iter().find(|quantity| quantity.value_name == value_name)
    }
}

impl NumberRange {
    const fn between(min: f64, max: f64) -> Self {
        Self { min, includes_min: true, max }
    }

    const fn above_zero(max: f64) -> Self {
        Self { min: 0.0, includes_min: false, max }
    }

    /// Refuses a number outside the range; `None` stands for one that is not finite.
    pub(super) fn check(self, option: OptionName, number: Option<&Number>) -> Result<(), ConfigError> {
        let value = number.and_then(Number::as_f64).filter(|value| {
            *value <= self.max && (*value > self.min || self.includes_min && *value == self.min)
        });
        if value.is_some() {
            return Ok(());
        }
        let text = match number {
            None => "(no finite number)".to_owned(),
            // As it is typed: -1, not -1.0.
            Some(number) if number.is_f64() => number.as_f64().unwrap_or(f64::NAN).to_string(),
            Some(number) => number.to_string(),
        };
        let error = ConfigError::new(option, "is out of range").with_value(&text);
        Err(error.with_suggestion(format!("use {self}")))
    }
}

impl std::fmt::Display for NumberRange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { min, includes_min, max } = *self;
        match (includes_min, max == f64::MAX) {
            (true, true) => write!(formatter, "a finite number, {min} or more"),
            (false, true) => write!(formatter, "a finite number above {min}"),
            (false, false) => write!(formatter, "a number above {min}, up to {max}"),
            // As a whole number, because the nearest f64 is another one.
            (true, false) if max > 1e18 => write!(formatter, "{min} to {}", max as i64),
            (true, false) => write!(formatter, "{min} to {max}"),
        }
    }
}
