//! View synthesis: from disparity to depth, to a point in space, to the pixel of the source that sees that point.

use crate::{
    compute::ops::{
        camera_projections, loss_constants::SMALLEST_DEPTH, reference_camera_projection, sample_border,
    },
    config::ImageSize,
    geometry::{DepthRange, Intrinsics},
};
use burn::tensor::{Device, Tensor, TensorData};

/// Depth of disparity, any shape: 1 / (1/max + (1/min − 1/max)·disparity).
pub fn depth(disparity: Tensor<4>, range: DepthRange) -> Tensor<4> {
    let (offset, slope) = range.coefficients();
    (disparity * slope + offset).recip()
}

/// Projection of target pixels, at a known depth, into a source, in pixels.
///
/// With pinhole cameras K, the point of pixel (u, v) at depth d is seen at
/// d·K·R·K⁻¹·(u, v, 1) + K·t, divided by its third coordinate.
#[derive(Clone, Debug)]
pub struct Projection {
    /// `[K·R·K⁻¹ | K·t]` of each sample, `[B, 3, 4]`.
    matrix: Tensor<3>,
}

impl Projection {
    /// The projection into a source with motion `source_from_target [B, 4, 4]`, for images of this
    /// size and cameras given for each sample.
    ///
    /// Pixel coordinates are whole numbers at pixel centres, against a principal point in units of
    /// the image's extent: half a pixel off, as in the published method
    /// ([Coordinates](super::method#coordinates)).
    pub fn new(source_from_target: Tensor<3>, intrinsics: &[Intrinsics], size: ImageSize) -> Self {
        Self { matrix: camera_projections(vec![source_from_target], intrinsics, size).squeeze_dim(1) }
    }

    /// Reference implementation of [`Self::new`], of burn's own operations.
    pub(super) fn reference(
        source_from_target: Tensor<3>,
        intrinsics: &[Intrinsics],
        size: ImageSize,
    ) -> Self {
        Self { matrix: reference_camera_projection(source_from_target, intrinsics, size) }
    }

    /// `[K·R·K⁻¹ | K·t]` of each sample, `[B, 3, 4]`.
    pub fn into_matrix(self) -> Tensor<3> {
        self.matrix
    }

    /// Source pixels `[B, 2, H, W]`, x then y, of the target pixels with this depth, `[B, 1, H, W]`.
    pub fn coordinates(&self, depth: Tensor<4>) -> Tensor<4> {
        let [batch, _, height, width] = depth.dims();
        let pixels = pixels(ImageSize { height, width }, &depth.device());
        let directions = self.matrix.clone().narrow(2, 0, 3).matmul(pixels);
        let points =
            directions * depth.reshape([batch, 1, height * width]) + self.matrix.clone().narrow(2, 3, 1);
        let plane = points.clone().narrow(1, 0, 2);
        (plane / (points.narrow(1, 2, 1) + SMALLEST_DEPTH)).reshape([batch, 2, height, width])
    }
}

/// Homogeneous coordinates (u, v, 1) of all pixels, row by row, `[1, 3, H·W]`.
fn pixels(size: ImageSize, device: &Device) -> Tensor<3> {
    let count = size.pixels();
    let mut values = vec![1.0; 3 * count];
    for index in 0..count {
        values[index] = (index % size.width) as f32;
        values[count + index] = (index / size.width) as f32;
    }
    Tensor::from_data(TensorData::new(values, [1, 3, count]), device)
}

/// The source image `[B, 3, H, W]` as seen from the target, from the projected `coordinates [B, 2, H, W]`;
/// `align_corners` as in `sampling_positions`.
pub fn warp(source: Tensor<4>, coordinates: Tensor<4>, align_corners: bool) -> Tensor<4> {
    let [_, _, height, width] = source.dims();
    sample_border(source, sampling_positions(coordinates, ImageSize { height, width }, align_corners))
}

/// Distance in pixels, `[B, 1, H, W]`, from each target pixel with this depth, `[B, 1, H, W]`, to the position
/// where a source of the same size is sampled for it: the length of the optical flow if only the camera moves.
pub(super) fn rigid_flow(projection: &Projection, depth: Tensor<4>, align_corners: bool) -> Tensor<4> {
    let [_, _, height, width] = depth.dims();
    let size = ImageSize { height, width };
    let pixels = pixels(size, &depth.device()).narrow(1, 0, 2).reshape([1, 2, height, width]);
    let flow = sampling_positions(projection.coordinates(depth), size, align_corners) - pixels;
    flow.powi_scalar(2).sum_dim(1).sqrt()
}

/// Positions at which a source of this size is sampled, from projected coordinates; both `[B, 2, H, W]`, x then y.
///
/// `align_corners`: take pixel coordinates unchanged. False repeats what present-day PyTorch does with a grid
/// normalised by W − 1: p becomes p·W/(W − 1) − ½, up to half a pixel off ([View
/// synthesis](super::method#view-synthesis)).
fn sampling_positions(coordinates: Tensor<4>, size: ImageSize, align_corners: bool) -> Tensor<4> {
    if align_corners {
        return coordinates;
    }
    let stretched = |axis: usize, pixels: usize| {
        let ratio = pixels as f32 / (pixels - 1) as f32;
        coordinates.clone().narrow(1, axis, 1).mul_scalar(ratio).sub_scalar(0.5)
    };
    Tensor::cat(vec![stretched(0, size.width), stretched(1, size.height)], 1)
}
