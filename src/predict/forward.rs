//! The forward pass of a batch: networks, then objective.

use super::SampleTensors;
use crate::{
    compute::upload,
    config::{FrameId, ObjectiveConfig},
    geometry::DepthRange,
    model::{Networks, Prediction},
    objective::{Inputs, MapName, Noise, Objective, ObjectiveOutput},
};
use burn::tensor::{Device, Tensor, TensorData};
use std::collections::{BTreeMap, BTreeSet};

/// Predicts disparity and motion and evaluates the objective with them.
///
/// The device of parameters and samples decides the networks' mode: batch statistics with autodiff, running ones
/// without.
///
/// # Panics
/// If the samples lack a frame of the objective, or the networks the motion to it
/// ([`Networks::reachable`]).
pub fn forward(
    networks: &Networks,
    objective: &Objective,
    samples: &SampleTensors,
    noise: Noise,
    wanted: &BTreeSet<MapName>,
) -> ObjectiveOutput {
    objective.evaluate(&inputs(networks, objective.config(), samples, noise), wanted)
}

/// Input of an objective with these options: the predictions of the networks for the samples, and the known
/// position of the stereo camera.
///
/// # Panics
/// As [`forward`], except that there need not be a source.
pub fn inputs(
    networks: &Networks,
    config: &ObjectiveConfig,
    samples: &SampleTensors,
    noise: Noise,
) -> Inputs {
    let Prediction { disparities, predictive_masks, motions: mut source_from_target } =
        networks.predict(&config.frame_ids, &samples.network_input, DepthRange::from(config));
    if config.uses_stereo() {
        let device = samples.network_input[&FrameId::TARGET].device();
        let stereo = stereo_from_target(&samples.stereo_shift_x, &device);
        for motions in source_from_target.values_mut() {
            motions.insert(FrameId::Stereo, stereo.clone());
        }
    }
    Inputs {
        colour: samples.colour.clone(),
        disparities,
        source_from_target,
        intrinsics: samples.intrinsics.clone(),
        predictive_masks: if config.predictive_mask { predictive_masks } else { BTreeMap::new() },
        noise,
    }
}

/// A shift along x for each sample, `[B, 4, 4]`.
fn stereo_from_target(shifts_x: &[f32], device: &Device) -> Tensor<3> {
    let shifts = shifts_x
        .iter()
        .flat_map(|x| [1.0, 0.0, 0.0, *x, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    let data = TensorData::new(shifts.collect::<Vec<f32>>(), [shifts_x.len(), 4, 4]);
    upload(data, device)
}

/// Distance between the finest disparity of the first sample and that of its mirror image, mirrored back,
/// `[1, 1, H/2^s, W/2^s]` ([`MapName::FlipUncertainty`]).
pub fn flip_uncertainty(networks: &Networks, samples: &SampleTensors) -> Option<Tensor<4>> {
    let image = samples.network_input[&FrameId::TARGET].clone().without_autodiff().narrow(0, 0, 1);
    let both = Tensor::cat(vec![image.clone(), image.flip([3])], 0);
    let (_, disparity) = networks.depth.disparities(both).pop_first()?;
    Some((disparity.clone().narrow(0, 0, 1) - disparity.narrow(0, 1, 1).flip([3])).abs())
}
