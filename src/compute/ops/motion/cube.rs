//! Motion on the GPU: one thread per item or matrix, each way.

#![allow(
    clippy::needless_pass_by_value,
    clippy::too_many_arguments,
    reason = "what kernels hand to each other are registers, and each is given every buffer that it touches"
)]

use super::{
    MotionChoice, MotionGradients, MotionOps, SMALLEST_ANGLE,
    projection::{camera_projections_gradient_kernel, camera_projections_kernel},
    vector::{Vector3, cross, dot, rotated, unit, vector_at},
};
use crate::{
    compute::ops::cube::{argument, empty, one_thread_each, reshaped, row_sums},
    config::ImageSize,
};
use burn::backend::{TensorMetadata, tensor::FloatTensor};
use burn_cubecl::{CubeBackend, kernel::into_contiguous};
use cubecl::prelude::*;

#[cube(launch)]
fn spread_kernel(sums: &Tensor<f32>, map: &mut Tensor<f32>, factor: f32) {
    if ABSOLUTE_POS >= map.len() {
        terminate!();
    }
    map[ABSOLUTE_POS] = sums[ABSOLUTE_POS / (map.shape(2) * map.shape(3))] * factor;
}

/// Rotation by an angle about an axis of (nearly) length 1.
#[derive(CubeType)]
struct Rotation {
    axis: Vector3,
    angle: f32,
    cosine: f32,
    sine: f32,
    /// Factor that turns the axis-angle vector into the axis.
    to_axis: f32,
}

#[cube]
fn rotation_of(axis_angle: &Vector3) -> Rotation {
    let angle = dot(axis_angle, axis_angle).sqrt();
    let to_axis = f32::new(1.0) / (angle + SMALLEST_ANGLE);
    let axis = Vector3 { x: axis_angle.x * to_axis, y: axis_angle.y * to_axis, z: axis_angle.z * to_axis };
    Rotation { axis, angle, cosine: angle.cos(), sine: angle.sin(), to_axis }
}

/// Matrices `[B, 4, 4]` of motion number `index` in `parameters [B, motions, 6]`, or their inverses.
#[cube(launch)]
fn rigid_motion_kernel(
    parameters: &Tensor<f32>,
    motion: &mut Tensor<f32>,
    index: u32,
    #[comptime] invert: bool,
) {
    if ABSOLUTE_POS >= parameters.shape(0) {
        terminate!();
    }
    let start = (ABSOLUTE_POS * parameters.shape(1) + index as usize) * 6;
    let rotation = rotation_of(&vector_at(parameters, start, 1));
    let translation = vector_at(parameters, start + 3, 1);
    let sine = if invert { -rotation.sine } else { rotation.sine };
    let out = ABSOLUTE_POS * 16;
    for column in 0..3 {
        let turned = rotated(&unit(column), &rotation.axis, rotation.cosine, sine);
        motion[out + column] = turned.x;
        motion[out + 4 + column] = turned.y;
        motion[out + 8 + column] = turned.z;
        motion[out + 12 + column] = f32::new(0.0);
    }
    if invert {
        let back = rotated(&translation, &rotation.axis, rotation.cosine, sine);
        motion[out + 3] = -back.x;
        motion[out + 7] = -back.y;
        motion[out + 11] = -back.z;
    } else {
        motion[out + 3] = translation.x;
        motion[out + 7] = translation.y;
        motion[out + 11] = translation.z;
    }
    motion[out + 15] = f32::new(1.0);
}

/// Gradient of the parameters; 0 for motions other than number `index`.
///
/// Column j of the rotation is R·eⱼ = cos θ·eⱼ + sin θ·a×eⱼ + (1 − cos θ)·a·(a·eⱼ). With gⱼ the gradient of that
/// column, the gradient of a is Σⱼ sin θ·eⱼ×gⱼ + (1 − cos θ)·(gⱼ·(a·eⱼ) + eⱼ·(a·gⱼ)). The axis is a = v / (θ + ε),
/// where v is the axis-angle vector and θ its length, whose gradient is taken as 0 at v = 0.
#[cube(launch)]
fn rigid_motion_gradient_kernel(
    parameters: &Tensor<f32>,
    upstream: &Tensor<f32>,
    gradient: &mut Tensor<f32>,
    index: u32,
    #[comptime] invert: bool,
) {
    if ABSOLUTE_POS >= parameters.shape(0) {
        terminate!();
    }
    let count = parameters.shape(1) * 6;
    for number in 0..count {
        gradient[ABSOLUTE_POS * count + number] = f32::new(0.0);
    }
    let start = ABSOLUTE_POS * count + index as usize * 6;
    let axis_angle = vector_at(parameters, start, 1);
    let translation = vector_at(parameters, start + 3, 1);
    let rotation = rotation_of(&axis_angle);
    let (cosine, sine) = (rotation.cosine, rotation.sine);
    let matrix = ABSOLUTE_POS * 16;
    let last = vector_at(upstream, matrix + 3, 4);
    let mut by_cosine = f32::new(0.0);
    let mut by_sine = f32::new(0.0);
    let mut by_x = f32::new(0.0);
    let mut by_y = f32::new(0.0);
    let mut by_z = f32::new(0.0);
    for column in 0..3 {
        let e = unit(column);
        // The rows of the inverse are the rotation's columns; its last column is −row·t.
        let g = if invert {
            let row = vector_at(upstream, matrix + 4 * column, 1);
            let by_last = dot(&last, &e);
            Vector3 {
                x: row.x - by_last * translation.x,
                y: row.y - by_last * translation.y,
                z: row.z - by_last * translation.z,
            }
        } else {
            vector_at(upstream, matrix + column, 4)
        };
        let (along_e, along_g) = (dot(&rotation.axis, &e), dot(&rotation.axis, &g));
        by_cosine += dot(&g, &e) - along_g * along_e;
        by_sine += dot(&g, &cross(&rotation.axis, &e));
        let turn = cross(&e, &g);
        let rest = 1.0 - cosine;
        by_x += sine * turn.x + rest * (g.x * along_e + e.x * along_g);
        by_y += sine * turn.y + rest * (g.y * along_e + e.y * along_g);
        by_z += sine * turn.z + rest * (g.z * along_e + e.z * along_g);
    }
    let by_axis = Vector3 { x: by_x, y: by_y, z: by_z };
    let by_angle = cosine * by_sine - sine * by_cosine - dot(&by_axis, &rotation.axis) * rotation.to_axis;
    let along = select(rotation.angle > 0.0, by_angle / rotation.angle, 0.0);
    gradient[start] = by_axis.x * rotation.to_axis + along * axis_angle.x;
    gradient[start + 1] = by_axis.y * rotation.to_axis + along * axis_angle.y;
    gradient[start + 2] = by_axis.z * rotation.to_axis + along * axis_angle.z;
    if invert {
        let turned = rotated(&last, &rotation.axis, cosine, sine);
        gradient[start + 3] = -turned.x;
        gradient[start + 4] = -turned.y;
        gradient[start + 5] = -turned.z;
    } else {
        gradient[start + 3] = last.x;
        gradient[start + 4] = last.y;
        gradient[start + 5] = last.z;
    }
}

impl MotionOps for CubeBackend {
    fn plane_sums(map: FloatTensor<Self>, factor: f32) -> FloatTensor<Self> {
        let map = into_contiguous(map);
        let [batch, channels, height, width] = map.shape().dims();
        let sums = row_sums(&map, height * width, factor);
        reshaped(&sums, [batch, channels, 1, 1])
    }

    fn rigid_motion(parameters: FloatTensor<Self>, choice: MotionChoice) -> FloatTensor<Self> {
        let parameters = into_contiguous(parameters);
        let [batch, _, _] = parameters.shape().dims();
        let motion = empty(&parameters, [1, batch, 4, 4]);
        let (cubes, threads) = one_thread_each(&motion, batch);
        rigid_motion_kernel::launch(
            &motion.client,
            cubes,
            threads,
            argument(&parameters),
            argument(&motion),
            choice.index as u32,
            choice.invert,
        );
        reshaped(&motion, [batch, 4, 4])
    }

    fn camera_projections(
        motions: FloatTensor<Self>,
        cameras: FloatTensor<Self>,
        size: ImageSize,
    ) -> FloatTensor<Self> {
        let (motions, cameras) = (into_contiguous(motions), into_contiguous(cameras));
        let [batch, count, _, _] = motions.shape().dims();
        let projections = empty(&motions, [batch, count, 3, 4]);
        let (cubes, threads) = one_thread_each(&projections, batch * count);
        camera_projections_kernel::launch(
            &projections.client,
            cubes,
            threads,
            argument(&motions),
            argument(&cameras),
            argument(&projections),
            size.width as f32,
            size.height as f32,
        );
        projections
    }
}

impl MotionGradients for CubeBackend {
    fn plane_sums_gradient(upstream: FloatTensor<Self>, shape: [usize; 4], factor: f32) -> FloatTensor<Self> {
        let upstream = into_contiguous(upstream);
        let gradient = empty(&upstream, shape);
        let (cubes, threads) = one_thread_each(&gradient, gradient.shape().num_elements());
        spread_kernel::launch(
            &gradient.client,
            cubes,
            threads,
            argument(&upstream),
            argument(&gradient),
            factor,
        );
        gradient
    }

    fn rigid_motion_gradient(
        parameters: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
        choice: MotionChoice,
    ) -> FloatTensor<Self> {
        let (parameters, upstream) = (into_contiguous(parameters), into_contiguous(upstream));
        let [batch, motions, _] = parameters.shape().dims();
        let gradient = empty(&parameters, [1, batch, motions, 6]);
        let (cubes, threads) = one_thread_each(&gradient, batch);
        rigid_motion_gradient_kernel::launch(
            &gradient.client,
            cubes,
            threads,
            argument(&parameters),
            argument(&upstream),
            argument(&gradient),
            choice.index as u32,
            choice.invert,
        );
        reshaped(&gradient, [batch, motions, 6])
    }

    fn camera_projections_gradient(
        upstream: FloatTensor<Self>,
        cameras: FloatTensor<Self>,
        size: ImageSize,
    ) -> FloatTensor<Self> {
        let (upstream, cameras) = (into_contiguous(upstream), into_contiguous(cameras));
        let [batch, count, _, _] = upstream.shape().dims();
        let gradient = empty(&upstream, [batch, count, 4, 4]);
        let (cubes, threads) = one_thread_each(&gradient, batch * count);
        camera_projections_gradient_kernel::launch(
            &gradient.client,
            cubes,
            threads,
            argument(&upstream),
            argument(&cameras),
            argument(&gradient),
            size.width as f32,
            size.height as f32,
        );
        gradient
    }
}
