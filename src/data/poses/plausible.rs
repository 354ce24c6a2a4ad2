//! Doubts about poses that can be read, with the likely cause.

use super::{
    columns::{Columns, Orientation},
    path::Poses,
};
use crate::data::RemarkKind;
use glam::{DAffine3, DMat3, DQuat, DVec3};

/// Speed that no camera has, metres per second: 540 km/h.
const MAX_SPEED: f64 = 150.0;
/// Step that no camera makes from a frame to the next, metres.
const MAX_STEP_METRES: f64 = 50.0;
/// Least share of the rows with a real part near 0 and another part near 1 that is doubted.
const SHARE: f64 = 0.95;
/// Least gain in the agreement of directions of travel, as a camera sees them, by another order of the quaternion.
const GAIN: f64 = 0.2;
/// Agreement of directions that a camera fixed to a vehicle reaches.
const AGREEMENT: f64 = 0.9;

/// Remarks on poses whose quaternions seem to be in another order than they were read, and on steps that no camera
/// makes.
pub fn examine(read: &mut Poses) {
    let fast = implausible_steps(read);
    for index in fast {
        let what = if read.times.is_some() {
            "poses farther from the one before than 150 m a second"
        } else {
            "poses farther than 50 m from the frame before"
        };
        read.remarks.add(RemarkKind::Doubtful, None, what, &format!("line {}", read.lines[index]));
    }
    if let Some(what) = quaternion_doubt(&read.columns, &read.poses) {
        read.remarks.add_all(RemarkKind::Doubtful, None, what, read.poses.len());
    }
}

fn implausible_steps(read: &Poses) -> Vec<usize> {
    let is_fast = |index: &usize| {
        let step = read.poses[*index].translation.distance(read.poses[index - 1].translation);
        let allowed = match &read.times {
            Some(times) => MAX_SPEED * (times[*index] - times[index - 1]),
            None => MAX_STEP_METRES * f64::from(read.frames[*index] - read.frames[index - 1]),
        };
        // Times are rounded: no step of a metre is doubted.
        step > allowed.max(1.0)
    };
    (1..read.poses.len()).filter(is_fast).collect()
}

/// Doubt about the order of the quaternions.
///
/// Another order turns quaternions in their space of four dimensions, so that it keeps the angles from pose to pose:
/// smoothness tells nothing. But a camera that turns travels in one direction of its own only if the order is right,
/// and paths often begin near the identity.
fn quaternion_doubt(columns: &Columns, poses: &[DAffine3]) -> Option<&'static str> {
    let Orientation::Quaternion { is_real_first } = columns.orientation else { return None };
    let reordered = |pose: &DAffine3| {
        let [x, y, z, w] = DQuat::from_mat3(&pose.matrix3).to_array();
        let [x, y, z, w] = if is_real_first { [w, x, y, z] } else { [y, z, w, x] };
        DMat3::from_quat(DQuat::from_xyzw(x, y, z, w))
    };
    let looks_swapped = |pose: &&DAffine3| {
        let [x, _, z, w] = DQuat::from_mat3(&pose.matrix3).to_array();
        let other = if is_real_first { z } else { x };
        w.abs() < 0.3 && other.abs() > 0.9
    };
    let swapped = poses.iter().filter(looks_swapped).count();
    let read = agreement(poses, |pose| pose.matrix3);
    let other = agreement(poses, reordered);
    let doubts = swapped as f64 >= SHARE * poses.len() as f64 || other > AGREEMENT && other - read > GAIN;
    let first = "rows whose quaternion w seems to stand first, though it was read last: name the columns in the \
                 first line (time x y z qw qx qy qz) or write w last";
    let last = "rows whose quaternion w seems to stand last, though it was read first: name the columns in the first \
                line (time x y z qx qy qz qw) or write w first";
    doubts.then_some(if is_real_first { last } else { first })
}

/// Length of the mean direction of travel in the camera's own axes: 1 if it never changes.
fn agreement(poses: &[DAffine3], rotation: impl Fn(&DAffine3) -> DMat3) -> f64 {
    let step = |pair: &[DAffine3]| pair[1].translation - pair[0].translation;
    let total: f64 = poses.windows(2).map(|pair| step(pair).length()).sum();
    let direction = |pair: &[DAffine3]| rotation(&pair[0]).transpose() * step(pair);
    let sum: DVec3 = poses.windows(2).map(direction).sum();
    if total > 0.0 { sum.length() / total } else { 0.0 }
}
