//! 3D vectors in a kernel.

use cubecl::prelude::*;

#[derive(CubeType)]
pub(super) struct Vector3 {
    pub x: f32,
    pub y: f32,
    pub z: f32,
}

/// Vector of the values at `start`, `start + step` and `start + 2 * step`.
#[cube]
pub(super) fn vector_at(numbers: &Tensor<f32>, start: usize, step: usize) -> Vector3 {
    Vector3 { x: numbers[start], y: numbers[start + step], z: numbers[start + 2 * step] }
}

/// Unit vector along an axis.
#[cube]
pub(super) fn unit(axis: usize) -> Vector3 {
    let x: f32 = select(axis == 0, 1.0, 0.0);
    let y: f32 = select(axis == 1, 1.0, 0.0);
    let z: f32 = select(axis == 2, 1.0, 0.0);
    Vector3 { x, y, z }
}

#[cube]
pub(super) fn dot(a: &Vector3, b: &Vector3) -> f32 {
    a.x * b.x + a.y * b.y + a.z * b.z
}

#[cube]
pub(super) fn cross(a: &Vector3, b: &Vector3) -> Vector3 {
    Vector3 { x: a.y * b.z - a.z * b.y, y: a.z * b.x - a.x * b.z, z: a.x * b.y - a.y * b.x }
}

/// Vector rotated about an axis by Rodrigues' formula: cos θ·v + sin θ·a×v + (1 − cos θ)·a·(a·v).
#[cube]
pub(super) fn rotated(vector: &Vector3, axis: &Vector3, cosine: f32, sine: f32) -> Vector3 {
    let turn = cross(axis, vector);
    let along = (1.0 - cosine) * dot(axis, vector);
    Vector3 {
        x: cosine * vector.x + sine * turn.x + along * axis.x,
        y: cosine * vector.y + sine * turn.y + along * axis.y,
        z: cosine * vector.z + sine * turn.z + along * axis.z,
    }
}
