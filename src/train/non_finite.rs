//! Error of a loss or gradient that is NaN or infinite.

/// Loss or gradient norm that is NaN or infinite.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "the {what} is {value}, most often because the learning rate is too high; the networks are kept as they \
     were"
)]
pub struct NonFinite {
    /// Name of the quantity, as in "the loss".
    pub what: &'static str,
    /// NaN or an infinity.
    pub value: f32,
}

impl NonFinite {
    /// Checks that `value` is finite.
    pub(super) fn check(what: &'static str, value: f32) -> Result<(), Self> {
        if value.is_finite() { Ok(()) } else { Err(Self { what, value }) }
    }
}
