//! Kinds of numbers that options take, identified by the name of the value in `--help`: `N`, `PIXELS`, `RATE`.

use super::{ConfigError, OptionName};

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

/// A range of finite numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberRange {
    /// Numbers above 0.
    Positive,
    /// Numbers from 0 up.
    FromZero,
    /// Numbers from 1 up.
    FromOne,
}

const ALL: [Quantity; 10] = [
    Quantity { value_name: "N", unit: "", range: NumberRange::FromOne },
    Quantity { value_name: "COUNT", unit: "", range: NumberRange::FromZero },
    Quantity { value_name: "SEED", unit: "", range: NumberRange::FromZero },
    Quantity { value_name: "PIXELS", unit: " px", range: NumberRange::FromOne },
    Quantity { value_name: "GIGABYTES", unit: " GB", range: NumberRange::FromOne },
    Quantity { value_name: "RATE", unit: "", range: NumberRange::Positive },
    Quantity { value_name: "NORM", unit: "", range: NumberRange::Positive },
    Quantity { value_name: "DEPTH", unit: "", range: NumberRange::Positive },
    Quantity { value_name: "WEIGHT", unit: "", range: NumberRange::FromZero },
    Quantity { value_name: "DECAY", unit: "", range: NumberRange::FromZero },
];

impl Quantity {
    /// Finds the quantity of an option by the name of its value; `None` if the value is not a number.
    pub fn named(value_name: &str) -> Option<&'static Self> {
        ALL.iter().find(|quantity| quantity.value_name == value_name)
    }
}

impl NumberRange {
    /// Smallest number that a field for it offers.
    pub fn min(self) -> f64 {
        match self {
            Self::Positive | Self::FromZero => 0.0,
            Self::FromOne => 1.0,
        }
    }

    /// Refuses a number outside the range.
    pub(super) fn check(self, option: OptionName, number: f64) -> Result<(), ConfigError> {
        let (is_inside, suggestion) = match self {
            Self::Positive => (number > 0.0, "use a finite number above 0"),
            Self::FromZero => (number >= 0.0, "use a finite number, 0 or more"),
            Self::FromOne => (number >= 1.0, "use 1 or more"),
        };
        if is_inside && number.is_finite() {
            return Ok(());
        }
        Err(ConfigError::new(option, "is out of range").with_value(&number).with_suggestion(suggestion))
    }
}
