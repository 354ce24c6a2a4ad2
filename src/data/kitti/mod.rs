//! The KITTI raw layout.

use super::{DataError, DepthMap, Drive, FrameKey, FrameSource};
use crate::geometry::Intrinsics;
use image::RgbImage;
use std::path::Path;

/// A folder in KITTI raw layout.
pub struct KittiRaw;

impl KittiRaw {
    /// Opens it.
    pub fn open(_root: &Path) -> Result<Self, DataError> {
        Ok(Self)
    }
}

impl FrameSource for KittiRaw {
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
