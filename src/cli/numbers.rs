//! Parser of numbers on the command line, each with a range outside of which a number can only be a mistake.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr};

/// Parser of a number within a range.
pub(super) fn within<T>(
    range: RangeInclusive<T>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    move |text| {
        let number = text.trim().parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| format!("give a number from {} to {}", range.start(), range.end()))
    }
}

/// Parser of a length in metres within a range.
pub(super) fn metres(
    range: RangeInclusive<f64>,
) -> impl Fn(&str) -> Result<f64, String> + Clone + Send + Sync + 'static {
    let number = within(range);
    move |text| {
        number(text).map_err(|reason| format!("{reason}, in metres (not in centimetres or millimetres)"))
    }
}
