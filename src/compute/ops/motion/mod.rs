//! The way from a pose network's last map to the projections of pixels: mean over the image, axis-angle to
//! matrix, camera before and after. Each is one kernel each way on the GPU backend, where burn's own
//! operations would take dozens on a few numbers; the CPU backend composes them.

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

/// Added to an angle before the axis is divided by it; it makes the axis slightly shorter than 1 and
/// belongs to the published method.
const SMALLEST_ANGLE: f32 = 1e-7;

/// Which motion of several, and which way.
#[derive(Clone, Copy, Debug)]
pub struct MotionChoice {
    /// Its place among the motions of an item.
    pub index: usize,
    /// Whether the inverse is meant.
    pub invert: bool,
}

/// The operations as they are dispatched to a backend.
#[backend_extension(Cube, Autodiff)]
pub trait MotionOps: Backend {
    /// See [`plane_means`]; `factor` includes the division by the number of pixels.
    fn plane_sums(map: FloatTensor<Self>, factor: f32) -> FloatTensor<Self>;

    /// See [`rigid_motion`].
    fn rigid_motion(parameters: FloatTensor<Self>, choice: MotionChoice) -> FloatTensor<Self>;

    /// See [`camera_projections`]: of `motions [B, N, 4, 4]` and cameras `[B, 4]` in units of the image.
    fn camera_projections(
        motions: FloatTensor<Self>,
        cameras: FloatTensor<Self>,
        size: ImageSize,
    ) -> FloatTensor<Self>;
}

/// The derivatives of [`MotionOps`]: from the gradient of the result to that of the first argument.
pub trait MotionGradients: MotionOps {
    /// Of [`MotionOps::plane_sums`], in the shape of the map.
    fn plane_sums_gradient(upstream: FloatTensor<Self>, shape: [usize; 4], factor: f32) -> FloatTensor<Self>;

    /// Of [`MotionOps::rigid_motion`].
    fn rigid_motion_gradient(
        parameters: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
        choice: MotionChoice,
    ) -> FloatTensor<Self>;

    /// Of [`MotionOps::camera_projections`].
    fn camera_projections_gradient(
        upstream: FloatTensor<Self>,
        cameras: FloatTensor<Self>,
        size: ImageSize,
    ) -> FloatTensor<Self>;
}

/// The mean of each plane of `[B, C, H, W]` times a factor, `[B, C, 1, 1]`.
pub fn plane_means(map: Tensor<4>, factor: f32) -> Tensor<4> {
    if !is_gpu(&map.device()) {
        return composed_plane_means(map, factor);
    }
    let [_, _, height, width] = map.dims();
    let factor = factor / (height * width) as f32;
    Tensor::from_dispatch(<Dispatch as MotionOps>::plane_sums(map.into_dispatch(), factor))
}

/// [`plane_means`] composed of burn's operations.
pub fn composed_plane_means(map: Tensor<4>, factor: f32) -> Tensor<4> {
    map.mean_dims(&[2, 3]).mul_scalar(factor)
}

/// The rigid motion of an axis-angle rotation `[B, 3]` followed by a translation `[B, 3]`, or its
/// inverse, as `[B, 4, 4]` for homogeneous points in columns.
///
/// The network predicts the motion from the earlier to the later frame: for a later source that is
/// `source_from_target`, for an earlier one its inverse is.
pub fn transform(axis_angle: Tensor<2>, translation: Tensor<2>, invert: bool) -> Tensor<3> {
    if !is_gpu(&axis_angle.device()) {
        return composed_transform(axis_angle, translation, invert);
    }
    let parameters = Tensor::cat(vec![axis_angle, translation], 1);
    rigid_motion(parameters.unsqueeze_dim(1), MotionChoice { index: 0, invert })
}

/// [`transform`] of one of the motions whose axis-angle and translation stand side by side in
/// `parameters [B, motions, 6]`.
pub fn rigid_motion(parameters: Tensor<3>, choice: MotionChoice) -> Tensor<3> {
    let MotionChoice { index, invert } = choice;
    if !is_gpu(&parameters.device()) {
        let half = |first| parameters.clone().narrow(2, first, 3).narrow(1, index, 1).squeeze_dim(1);
        return composed_transform(half(0), half(3), invert);
    }
    Tensor::from_dispatch(<Dispatch as MotionOps>::rigid_motion(parameters.into_dispatch(), choice))
}

/// [`transform`] composed of burn's operations.
pub fn composed_transform(axis_angle: Tensor<2>, translation: Tensor<2>, invert: bool) -> Tensor<3> {
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

/// Rodrigues' formula, `[B, 3]` to `[B, 3, 3]`: cos θ·I + (1 − cos θ)·a·aᵀ + sin θ·[a]ₓ with the axis
/// a = v / (θ + 1e-7). A rotation by nothing has gradient 0, not NaN.
fn rotation(axis_angle: Tensor<2>) -> Tensor<3> {
    let [batch, _] = axis_angle.dims();
    let device = axis_angle.device();
    let squared = axis_angle.clone().powi_scalar(2).sum_dim(1);
    let is_nothing = squared.clone().equal_elem(0.0);
    let angle = squared.mask_fill(is_nothing.clone(), 1.0).sqrt().mask_fill(is_nothing, 0.0);
    let axis = axis_angle / (angle.clone() + SMALLEST_ANGLE);

    // The cross-product matrix [a]ₓ, flattened, is linear in a.
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

/// `[K·R·K⁻¹ | K·t]` of motions `[B, 4, 4]`, for images of this size and a camera K for each item of the
/// batch; `[B, motions, 3, 4]`. They take pixels (u, v, 1)·depth to homogeneous pixels after the motion.
pub fn camera_projections(motions: Vec<Tensor<3>>, cameras: &[Intrinsics], size: ImageSize) -> Tensor<4> {
    let device = motions[0].device();
    if !is_gpu(&device) {
        let projections = motions.into_iter().map(|motion| composed_camera_projection(motion, cameras, size));
        return Tensor::stack(projections.collect(), 1);
    }
    Tensor::from_dispatch(<Dispatch as MotionOps>::camera_projections(
        Tensor::<3>::stack::<4>(motions, 1).into_dispatch(),
        upload(cameras, &device).into_dispatch(),
        size,
    ))
}

/// Focal lengths and principal point (fx, fy, cx, cy) of each camera, in units of width and height, `[B, 4]`.
fn upload(cameras: &[Intrinsics], device: &Device) -> Tensor<2> {
    let numbers = cameras.iter().flat_map(|camera| camera.in_pixels(1, 1)).collect::<Vec<f32>>();
    compute::upload(TensorData::new(numbers, [cameras.len(), 4]), device)
}

/// [`camera_projections`] of one motion, composed of burn's operations, `[B, 3, 4]`.
pub fn composed_camera_projection(motion: Tensor<3>, cameras: &[Intrinsics], size: ImageSize) -> Tensor<3> {
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
