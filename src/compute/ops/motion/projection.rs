//! Projection matrices on the GPU: one thread per matrix.

use super::vector::{Vector3, vector_at};
use cubecl::prelude::*;

/// Focal lengths and principal point of a camera, in pixels.
#[derive(CubeType)]
struct PixelCamera {
    fx: f32,
    fy: f32,
    cx: f32,
    cy: f32,
}

#[cube]
fn camera_of(cameras: &Tensor<f32>, item: usize, width: f32, height: f32) -> PixelCamera {
    PixelCamera {
        fx: cameras[item * 4] * width,
        fy: cameras[item * 4 + 1] * height,
        cx: cameras[item * 4 + 2] * width,
        cy: cameras[item * 4 + 3] * height,
    }
}

/// Column of K·[R | t], from the same column of the motion.
#[cube]
fn times_camera(motion: &Vector3, camera: &PixelCamera) -> Vector3 {
    Vector3 {
        x: camera.fx * motion.x + camera.cx * motion.z,
        y: camera.fy * motion.y + camera.cy * motion.z,
        z: motion.z,
    }
}

#[cube(launch)]
pub(super) fn camera_projections_kernel(
    motions: &Tensor<f32>,
    cameras: &Tensor<f32>,
    projections: &mut Tensor<f32>,
    width: f32,
    height: f32,
) {
    let count = motions.shape(1);
    if ABSOLUTE_POS >= motions.shape(0) * count {
        terminate!();
    }
    let camera = camera_of(cameras, ABSOLUTE_POS / count, width, height);
    let start = ABSOLUTE_POS * 16;
    let x = times_camera(&vector_at(motions, start, 4), &camera);
    let y = times_camera(&vector_at(motions, start + 1, 4), &camera);
    let z = times_camera(&vector_at(motions, start + 2, 4), &camera);
    let last = times_camera(&vector_at(motions, start + 3, 4), &camera);
    let (inverse_x, inverse_y) = (f32::new(1.0) / camera.fx, f32::new(1.0) / camera.fy);
    let (centre_x, centre_y) = (-camera.cx / camera.fx, -camera.cy / camera.fy);
    let out = ABSOLUTE_POS * 12;
    projections[out] = x.x * inverse_x;
    projections[out + 1] = y.x * inverse_y;
    projections[out + 2] = x.x * centre_x + y.x * centre_y + z.x;
    projections[out + 3] = last.x;
    projections[out + 4] = x.y * inverse_x;
    projections[out + 5] = y.y * inverse_y;
    projections[out + 6] = x.y * centre_x + y.y * centre_y + z.y;
    projections[out + 7] = last.y;
    projections[out + 8] = x.z * inverse_x;
    projections[out + 9] = y.z * inverse_y;
    projections[out + 10] = x.z * centre_x + y.z * centre_y + z.z;
    projections[out + 11] = last.z;
}

/// Gradient of a column of the motion, from that of the same column of K·[R | t].
#[cube]
fn times_camera_gradient(column: &Vector3, camera: &PixelCamera) -> Vector3 {
    Vector3 {
        x: camera.fx * column.x,
        y: camera.fy * column.y,
        z: camera.cx * column.x + camera.cy * column.y + column.z,
    }
}

/// value / by + third · factor, coordinate by coordinate.
#[cube]
fn blend(value: &Vector3, by: f32, third: &Vector3, factor: f32) -> Vector3 {
    Vector3 {
        x: value.x / by + third.x * factor,
        y: value.y / by + third.y * factor,
        z: value.z / by + third.z * factor,
    }
}

#[cube(launch)]
pub(super) fn camera_projections_gradient_kernel(
    upstream: &Tensor<f32>,
    cameras: &Tensor<f32>,
    gradient: &mut Tensor<f32>,
    width: f32,
    height: f32,
) {
    let count = gradient.shape(1);
    if ABSOLUTE_POS >= gradient.shape(0) * count {
        terminate!();
    }
    let camera = camera_of(cameras, ABSOLUTE_POS / count, width, height);
    let start = ABSOLUTE_POS * 12;
    let x = vector_at(upstream, start, 4);
    let y = vector_at(upstream, start + 1, 4);
    let z = vector_at(upstream, start + 2, 4);
    let last = vector_at(upstream, start + 3, 4);
    let x = times_camera_gradient(&blend(&x, camera.fx, &z, -camera.cx / camera.fx), &camera);
    let y = times_camera_gradient(&blend(&y, camera.fy, &z, -camera.cy / camera.fy), &camera);
    let z = times_camera_gradient(&z, &camera);
    let last = times_camera_gradient(&last, &camera);
    let out = ABSOLUTE_POS * 16;
    gradient[out] = x.x;
    gradient[out + 1] = y.x;
    gradient[out + 2] = z.x;
    gradient[out + 3] = last.x;
    gradient[out + 4] = x.y;
    gradient[out + 5] = y.y;
    gradient[out + 6] = z.y;
    gradient[out + 7] = last.y;
    gradient[out + 8] = x.z;
    gradient[out + 9] = y.z;
    gradient[out + 10] = z.z;
    gradient[out + 11] = last.z;
    for column in 0..4 {
        gradient[out + 12 + column] = f32::new(0.0);
    }
}
