//! The whole forward pass of a batch: networks, then objective.

use super::SampleTensors;
use crate::{
    compute::ops::resize_bilinear,
    config::{FrameId, ImageSize, ObjectiveConfig},
    geometry::DepthRange,
    model::Networks,
    objective::{Inputs, MapName, Noise, Objective, Outcome, depth, pose::transform},
};
use burn::tensor::{Tensor, TensorData};
use std::collections::{BTreeMap, BTreeSet};

/// `source_from_target` by source, [B, 4, 4].
pub type Motions = BTreeMap<FrameId, Tensor<3>>;

/// Predicts disparity and motion and evaluates the objective with them.
///
/// The networks' mode (batch statistics or running ones) follows the device that their parameters
/// and the samples are on.
pub fn forward(
    networks: &Networks,
    objective: &Objective,
    samples: &SampleTensors,
    noise: Noise,
    wanted: &BTreeSet<MapName>,
) -> Outcome {
    evaluate(networks, objective, samples, motions(networks, samples), noise, wanted)
}

/// As [`forward`], with motions that are already known.
pub(super) fn evaluate(
    networks: &Networks,
    objective: &Objective,
    samples: &SampleTensors,
    source_from_target: Motions,
    noise: Noise,
    wanted: &BTreeSet<MapName>,
) -> Outcome {
    let inputs = Inputs {
        colour: samples.colour.clone(),
        disparities: networks.depth.disparities(samples.network_input[&FrameId::TARGET].clone()),
        source_from_target,
        intrinsics: samples.intrinsics.clone(),
        predictive_masks: BTreeMap::new(),
        noise,
    };
    objective.evaluate(&inputs, wanted)
}

/// The camera's motion to every source that the samples hold. Temporal pairs go through the pose
/// network in the order of time, so that the motion to an earlier frame is the inverse of its
/// prediction (paper section 4; ALGORITHM 2.6); the stereo camera's place is known.
pub fn motions(networks: &Networks, samples: &SampleTensors) -> Motions {
    let target = &samples.network_input[&FrameId::TARGET];
    let mut motions = Motions::new();
    for (id, source) in &samples.network_input {
        let (FrameId::Temporal(offset), Some(pose)) = (*id, &networks.pose) else { continue };
        if *id == FrameId::TARGET {
            continue;
        }
        let is_earlier = offset < 0;
        let (earlier, later) = if is_earlier { (source, target) } else { (target, source) };
        let (axis_angle, translation) = pose.motion(earlier.clone(), later.clone());
        motions.insert(*id, transform(axis_angle, translation, is_earlier));
    }
    if samples.colour.contains_key(&FrameId::Stereo) {
        let shifts = samples
            .stereo_shift_x
            .iter()
            .flat_map(|x| [1.0, 0.0, 0.0, *x, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        let data = TensorData::new(shifts.collect::<Vec<f32>>(), [samples.stereo_shift_x.len(), 4, 4]);
        motions.insert(FrameId::Stereo, Tensor::from_data(data, &target.device()));
    }
    motions
}

/// Disparities and depth without any source to warp: what a depth network alone can show.
pub fn depth_maps(
    networks: &Networks,
    config: &ObjectiveConfig,
    samples: &SampleTensors,
    wanted: &BTreeSet<MapName>,
) -> BTreeMap<MapName, Tensor<4>> {
    let target = &samples.network_input[&FrameId::TARGET];
    let [_, _, height, width] = target.dims();
    let range = DepthRange { min: config.min_depth, max: config.max_depth };
    let disparities = networks.depth.disparities(target.clone());
    let mut maps: BTreeMap<MapName, Tensor<4>> = disparities
        .iter()
        .map(|(scale, disparity)| (MapName::Disparity(*scale), disparity.clone()))
        .collect();
    if let Some((_, finest)) = disparities.first_key_value() {
        let disparity = resize_bilinear(finest.clone(), ImageSize { height, width });
        maps.insert(MapName::Depth, depth(disparity, range));
    }
    maps.retain(|name, _| wanted.contains(name));
    maps
}
