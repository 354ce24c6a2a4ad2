//! Options of a normalisation.

/// Options of a normalisation, and of what follows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormalisationOptions {
    /// Added to the variance.
    pub epsilon: f32,
    /// The share of a new batch in the running statistics.
    pub momentum: f64,
    /// Whether negative results become zero, after the shortcut is added.
    pub rectify: bool,
}

impl NormalisationOptions {
    /// The shares of the old running statistics and of the batch in the new.
    pub(super) fn shares(self) -> [f32; 2] {
        [(1.0 - self.momentum) as f32, self.momentum as f32]
    }

    /// What makes the variance of a batch `[batch, channels, height, width]` unbiased.
    pub(super) fn unbiased(self, [batch, _, height, width]: [usize; 4]) -> f32 {
        let count = (batch * height * width) as f64;
        (count / (count - 1.0)) as f32
    }
}
