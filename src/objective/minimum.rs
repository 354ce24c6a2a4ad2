//! The minimum over sources at each pixel, which decides what trains.

use burn::tensor::{Int, Tensor};

/// Contribution of each pixel to the loss, and the candidate that it comes from.
#[derive(Clone, Debug)]
pub struct MinimumLoss {
    /// The loss of each pixel, `[B, 1, H, W]`: the minimum of its candidates. The gradient goes to that
    /// candidate alone.
    pub loss: Tensor<4>,
    /// Index of that candidate, `[B, 1, H, W]`: identities come first, then reprojections.
    pub index: Tensor<4, Int>,
    /// Number of candidates that are identities.
    pub identities: usize,
}

impl MinimumLoss {
    /// Takes the minimum of `identity [B, I, H, W]`, if auto-masking is on, and
    /// `reprojection [B, F, H, W]` at each pixel (paper equations 4 and 5).
    pub fn new(identity: Option<Tensor<4>>, reprojection: Tensor<4>) -> Self {
        let identities = identity.as_ref().map_or(0, |identity| identity.dims()[1]);
        let candidates = match identity {
            Some(identity) => Tensor::cat(vec![identity, reprojection], 1),
            None => reprojection,
        };
        let (loss, index) = candidates.min_dim_with_indices(1);
        Self { loss, index, identities }
    }

    /// 1 where a reprojection is the minimum, so that the pixel trains, else 0; `[B, 1, H, W]`.
    pub fn trains(&self) -> Tensor<4> {
        self.index.clone().greater_equal_elem(self.identities as i64).float()
    }
}
