//! From what a pose network says to the motion between two cameras.

use burn::tensor::{Tensor, TensorData};

/// Motions are predicted a hundredth of what the last convolution says, so that training begins near
/// standing still.
const SCALE: f64 = 0.01;

/// Axis-angle and translation of every motion, both `[B, motions, 3]`, of a pose network's last
/// map `[B, 6·motions, h, w]`.
pub(super) fn motions_of_map(map: Tensor<4>) -> (Tensor<3>, Tensor<3>) {
    let motions: Tensor<3> = (map.mean_dims(&[2, 3]) * SCALE).reshape([0, -1, 6]);
    (motions.clone().narrow(2, 0, 3), motions.narrow(2, 3, 3))
}

/// The motion from the target to a source, as a pose network says it.
#[derive(Clone, Debug)]
pub struct Motion {
    /// `[B, 3]`.
    pub axis_angle: Tensor<2>,
    /// `[B, 3]`.
    pub translation: Tensor<2>,
    /// Whether the two describe the way back, from the source to the target.
    pub is_inverse: bool,
}

impl Motion {
    /// `[B, 4, 4]`, with each translation taken times a factor of its own, `[B, 1]`.
    pub fn source_from_target(&self, factor: Option<Tensor<2>>) -> Tensor<3> {
        let translation = self.translation.clone();
        let translation = match factor {
            Some(factor) => translation * factor,
            None => translation,
        };
        transform(self.axis_angle.clone(), translation, self.is_inverse)
    }
}

/// Added to an angle before the axis is divided by it; it makes the axis slightly shorter than 1 and
/// belongs to the published method.
const SMALLEST_ANGLE: f32 = 1e-7;

/// The rigid motion of an axis-angle rotation `[B, 3]` followed by a translation `[B, 3]`, or its
/// inverse, as `[B, 4, 4]` for homogeneous points in columns (ALGORITHM 3).
///
/// The network predicts the motion from the earlier to the later frame: for a later source that is
/// `source_from_target`, for an earlier one its inverse is.
pub fn transform(axis_angle: Tensor<2>, translation: Tensor<2>, invert: bool) -> Tensor<3> {
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
