//! The frame that is looked at with depth, camera or motion changed by hand.

use crate::{
    compute::value,
    config::ImageSize,
    geometry::Intrinsics,
    objective::{Adjustment, ObjectiveOutput},
};

/// What the objective says of a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossSummary {
    /// The number to minimise.
    pub loss: f32,
    /// Share of pixels that the auto-mask leaves out.
    pub masked_share: f32,
}

impl LossSummary {
    pub(super) fn of(outcome: &ObjectiveOutput) -> Self {
        Self {
            loss: value(outcome.loss.clone()).expect("the loss can be read"),
            masked_share: value(outcome.masked_share.clone()).expect("a share can be read"),
        }
    }
}

/// What changes by hand did to a frame.
#[derive(Clone, Debug)]
pub struct SandboxResult {
    /// The changes.
    pub adjustment: Adjustment,
    /// The camera without them.
    pub camera: Intrinsics,
    /// The size that the frame was filmed at.
    pub filmed: ImageSize,
    /// Without the changes.
    pub before: LossSummary,
    /// With them.
    pub after: LossSummary,
}
