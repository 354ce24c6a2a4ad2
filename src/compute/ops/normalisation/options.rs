//! Options of batch normalisation.

/// Options of a batch normalisation and the rectifier after it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormalisationOptions {
    /// Added to the variance before the root is taken.
    pub epsilon: f32,
    /// Share of a new batch in the running statistics, 0 to 1.
    pub momentum: f64,
    /// True to apply a rectifier after the shortcut is added.
    pub rectify: bool,
}

impl NormalisationOptions {
    /// Shares of the old running statistics and of the batch in the new running statistics.
    pub(super) fn shares(self) -> [f32; 2] {
        [(1.0 - self.momentum) as f32, self.momentum as f32]
    }

    /// Factor n / (n − 1) from the biased variance of a batch `[batch, channels, height, width]` to the unbiased one.
    pub(super) fn unbiased(self, [batch, _, height, width]: [usize; 4]) -> f32 {
        let count = (batch * height * width) as f64;
        (count / (count - 1.0)) as f32
    }
}
