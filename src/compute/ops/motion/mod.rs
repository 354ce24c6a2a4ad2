//! Operations from a pose network's last map to the projections of pixels: mean over the image, axis-angle to matrix,
//! and multiplication by the camera matrices. Each takes one kernel each way on the GPU backend, where burn's
//! operations would take dozens for a few numbers. The CPU backend uses the reference implementations.

mod autodiff;
mod cube;
mod projection;
mod vector;

use crate::{
    compute::{self, is_gpu},
    config::ImageSize,
    geometry::Intrinsics,
};
use burn::{
    backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor},
    tensor::{Device, Tensor, TensorData},
};

/// Added to an angle before the axis-angle vector is divided by it. It makes the axis slightly shorter than 1, as in
/// the published method.
const SMALLEST_ANGLE: f32 = 1e-7;

/// Choice of one motion among several, and of its direction.
#[derive(Clone, Copy, Debug)]
pub struct MotionChoice {
    /// Index among the motions of an item.
    pub index: usize,
    /// True for the inverse of the motion.
    pub invert: bool,
}

/// Motion and projection, as operations of the backend.
#[backend_extension(Cube, Autodiff)]
pub trait MotionOps: Backend {
    /// Sums of planes times `factor`; see [`plane_means`].
    fn plane_sums(map: FloatTensor<Self>, factor: f32) -> FloatTensor<Self>;

    /// See [`rigid_motion`].
    fn rigid_motion(parameters: FloatTensor<Self>, choice: MotionChoice) -> FloatTensor<Self>;

    /// See [`camera_projections`]; takes `motions [B, N, 4, 4]` and cameras `[B, 4]` in units of width and height.
    fn camera_projections(
        motions: FloatTensor<Self>,
        cameras: FloatTensor<Self>,
        size: ImageSize,
    ) -> FloatTensor<Self>;
}

/// Gradients that a backend computes for [`MotionOps`]: of the first argument, from the `upstream` gradient of the
/// result.
pub trait MotionGradients: MotionOps {
    /// Gradient of the map of [`MotionOps::plane_sums`], in its shape.
    fn plane_sums_gradient(upstream: FloatTensor<Self>, shape: [usize; 4], factor: f32) -> FloatTensor<Self>;

    /// Gradient of the parameters of [`MotionOps::rigid_motion`].
    fn rigid_motion_gradient(
        parameters: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
        choice: MotionChoice,
    ) -> FloatTensor<Self>;

    /// Gradient of the motions of [`MotionOps::camera_projections`].
    fn camera_projections_gradient(
        upstream: FloatTensor<Self>,
        cameras: FloatTensor<Self>,
        size: ImageSize,
    ) -> FloatTensor<Self>;
}

/// Mean of each plane of `[B, C, H, W]` times `factor`: `[B, C, 1, 1]`. Differentiable.
pub fn plane_means(map: Tensor<4>, factor: f32) -> Tensor<4> {
    if !is_gpu(&map.device()) {
        return reference_plane_means(map, factor);
    }
    let [_, _, height, width] = map.dims();
    let factor = factor / (height * width) as f32;
    Tensor::from_dispatch(<Dispatch as MotionOps>::plane_sums(map.into_dispatch(), factor))
}

/// Reference implementation of [`plane_means`], composed of burn's operations.
pub fn reference_plane_means(map: Tensor<4>, factor: f32) -> Tensor<4> {
    map.mean_dims(&[2, 3]).mul_scalar(factor)
}

/// Rigid motion `[B, 4, 4]` that rotates by axis-angle `[B, 3]` (radians) and then translates `[B, 3]`, or its inverse.
/// It acts on homogeneous column vectors. Differentiable.
///
/// The network predicts the motion from the earlier to the later frame. For a later source this is
/// `source_from_target`; for an earlier source it is the inverse of that.
pub fn transform(axis_angle: Tensor<2>, translation: Tensor<2>, invert: bool) -> Tensor<3> {
    if !is_gpu(&axis_angle.device()) {
        return reference_transform(axis_angle, translation, invert);
    }
    let parameters = Tensor::cat(vec![axis_angle, translation], 1);
    rigid_motion(parameters.unsqueeze_dim(1), MotionChoice { index: 0, invert })
}

/// [`transform`] of one of the motions in `parameters [B, motions, 6]`: axis-angle, then translation.
pub fn rigid_motion(parameters: Tensor<3>, choice: MotionChoice) -> Tensor<3> {
    let MotionChoice { index, invert } = choice;
    if !is_gpu(&parameters.device()) {
        let half = |first| parameters.clone().narrow(2, first, 3).narrow(1, index, 1).squeeze_dim(1);
        return reference_transform(half(0), half(3), invert);
    }
    Tensor::from_dispatch(<Dispatch as MotionOps>::rigid_motion(parameters.into_dispatch(), choice))
}

/// Reference implementation of [`transform`], composed of burn's operations.
pub fn reference_transform(axis_angle: Tensor<2>, translation: Tensor<2>, invert: bool) -> Tensor<3> {
    let [batch, _] = axis_angle.dims();
    let device = axis_angle.device();
    let rotation = rotation(axis_angle);
    let translation = translation.reshape([batch, 3, 1]);
    let (rotation, translation) = if invert {
        let back = rotation.transpose();
        (back.clone(), -back.matmul(translation))
    } else {
        (rotation, translation)
    };
    let last_row = Tensor::<1>::from_data([0.0_f32, 0.0, 0.0, 1.0], &device);
    let last_row = last_row.reshape([1, 1, 4]).expand([batch, 1, 4]);
    Tensor::cat(vec![Tensor::cat(vec![rotation, translation], 2), last_row], 1)
}

/// Rodrigues' formula, `[B, 3]` to `[B, 3, 3]`: `cos θ·I + (1 − cos θ)·a·aᵀ + sin θ·[a]ₓ` with the axis
/// a = v / (θ + 1e-7). At angle 0 the gradient is 0, not NaN.
fn rotation(axis_angle: Tensor<2>) -> Tensor<3> {
    let [batch, _] = axis_angle.dims();
    let device = axis_angle.device();
    let squared = axis_angle.clone().powi_scalar(2).sum_dim(1);
    let is_zero = squared.clone().equal_elem(0.0);
    let angle = squared.mask_fill(is_zero.clone(), 1.0).sqrt().mask_fill(is_zero, 0.0);
    let axis = axis_angle / (angle.clone() + SMALLEST_ANGLE);

    // The flattened cross-product matrix [a]ₓ is linear in a.
    #[rustfmt::skip]
    let cross_product: [f32; 27] = [
        0.0, 0.0, 0.0,   0.0, 0.0, -1.0,   0.0, 1.0, 0.0,
        0.0, 0.0, 1.0,   0.0, 0.0, 0.0,   -1.0, 0.0, 0.0,
        0.0, -1.0, 0.0,  1.0, 0.0, 0.0,    0.0, 0.0, 0.0,
    ];
    let cross_product = Tensor::<2>::from_data(TensorData::new(cross_product.to_vec(), [3, 9]), &device);
    let cross = axis.clone().matmul(cross_product).reshape([batch, 3, 3]);
    let outer = axis.clone().reshape([batch, 3, 1]) * axis.reshape([batch, 1, 3]);
    let identity = Tensor::<2>::eye(3, &device).unsqueeze::<3>();
    let (cosine, sine) = (angle.clone().cos(), angle.sin());
    let (cosine, sine) = (cosine.reshape([batch, 1, 1]), sine.reshape([batch, 1, 1]));
    identity * cosine.clone() + outer * (-cosine + 1.0) + cross * sine
}

/// Projections `[K·R·K⁻¹ | K·t]` of motions `[B, 4, 4]`, for images of this size and one camera K per item of the
/// batch: `[B, motions, 3, 4]`. They take pixels (u, v, 1)·depth to homogeneous pixels after the motion.
/// Differentiable with respect to the motions.
pub fn camera_projections(motions: Vec<Tensor<3>>, cameras: &[Intrinsics], size: ImageSize) -> Tensor<4> {
    let device = motions[0].device();
    if !is_gpu(&device) {
        let projections =
            motions.into_iter().map(|motion| reference_camera_projection(motion, cameras, size));
        return Tensor::stack(projections.collect(), 1);
    }
    Tensor::from_dispatch(<Dispatch as MotionOps>::camera_projections(
        Tensor::<3>::stack::<4>(motions, 1).into_dispatch(),
        upload(cameras, &device).into_dispatch(),
        size,
    ))
}

/// Uploads fx, fy, cx, cy of each camera, in units of width and height: `[B, 4]`.
fn upload(cameras: &[Intrinsics], device: &Device) -> Tensor<2> {
    let numbers = cameras.iter().flat_map(|camera| camera.in_pixels(1, 1)).collect::<Vec<f32>>();
    compute::upload(TensorData::new(numbers, [cameras.len(), 4]), device)
}

/// Reference implementation of [`camera_projections`] for one motion, composed of burn's operations: `[B, 3, 4]`.
pub fn reference_camera_projection(motion: Tensor<3>, cameras: &[Intrinsics], size: ImageSize) -> Tensor<3> {
    let device = motion.device();
    let batch = cameras.len();
    let (mut matrix, mut inverse) = (Vec::with_capacity(9 * batch), Vec::with_capacity(16 * batch));
    for camera in cameras {
        let [fx, fy, cx, cy] = camera.in_pixels(size.width, size.height);
        matrix.extend([fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0]);
        #[rustfmt::skip]
        inverse.extend([
            1.0 / fx, 0.0, -cx / fx, 0.0,
            0.0, 1.0 / fy, -cy / fy, 0.0,
            0.0, 0.0, 1.0, 0.0,
            0.0, 0.0, 0.0, 1.0,
        ]);
    }
    let matrix = Tensor::<3>::from_data(TensorData::new(matrix, [batch, 3, 3]), &device);
    let inverse = Tensor::<3>::from_data(TensorData::new(inverse, [batch, 4, 4]), &device);
    matrix.matmul(motion.narrow(1, 0, 3)).matmul(inverse)
}
