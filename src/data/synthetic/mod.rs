//! The built-in drive.

use super::{DataError, DepthMap, Drive, FrameKey, FrameSource};
use crate::geometry::Intrinsics;
use image::RgbImage;

/// A ray-cast street.
#[derive(Default)]
pub struct BuiltInDrive;

impl FrameSource for BuiltInDrive {
    fn name(&self) -> String {
        String::new()
    }
    fn drives(&self) -> &[Drive] {
        &[]
    }
    fn contains(&self, _: &FrameKey) -> bool {
        false
    }
    fn image(&self, _: &FrameKey) -> Result<RgbImage, DataError> {
        Ok(RgbImage::new(1, 1))
    }
    fn intrinsics(&self, _: &FrameKey) -> Intrinsics {
        Intrinsics::KITTI
    }
    fn depth(&self, _: &FrameKey) -> Result<Option<DepthMap>, DataError> {
        Ok(None)
    }
}
