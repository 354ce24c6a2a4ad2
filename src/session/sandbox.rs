//! Effect of changing depth, camera or motion of the viewed frame by hand.

use crate::{
    compute::value,
    config::ImageSize,
    geometry::Intrinsics,
    objective::{Adjustment, ObjectiveOutput},
};

/// Loss of one frame and the effect of the auto-mask.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossSummary {
    /// Total loss, which training minimises.
    pub loss: f32,
    /// Share of the pixels that the auto-mask leaves out, 0 to 1.
    pub masked_share: f32,
}

impl LossSummary {
    pub(super) fn of(output: &ObjectiveOutput) -> Self {
        Self {
            loss: value(output.loss.clone()).expect("the loss can be read"),
            masked_share: value(output.masked_share.clone()).expect("a share can be read"),
        }
    }
}

/// Loss of a frame with and without changes by hand.
#[derive(Clone, Debug)]
pub struct SandboxResult {
    /// The changes.
    pub adjustment: Adjustment,
    /// Camera without the changes.
    pub camera: Intrinsics,
    /// Size of the frame's image file.
    pub native_size: ImageSize,
    /// Loss without the changes.
    pub before: LossSummary,
    /// Loss with the changes.
    pub after: LossSummary,
}
