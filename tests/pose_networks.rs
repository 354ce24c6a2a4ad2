//! Motion by every pose network, and the training of every combination of networks.

use crate::support::{Arrays, formula_values, golden, gpu, named_gradients, relative_difference, values};
use burn::tensor::{Device, Tensor, TensorData};
use monoscope::{
    config::{
        DepthNetworkType, FrameId, ImageSize, NetworkConfig, ObjectiveConfig, PoseModelInput, PoseModelType,
        RunConfig,
    },
    geometry::{DepthRange, Intrinsics},
    model::{
        Architecture, Networks,
        weights::{self, ParameterName, map_parameters},
    },
    objective::{Noise, Objective},
    predict::SampleTensors,
    train::TrainState,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
};

const SIZE: ImageSize = ImageSize { height: 64, width: 96 };
const RANGE: DepthRange = DepthRange { min: 0.1, max: 100.0 };

/// A run at the small size.
fn config(pose_model_type: PoseModelType, input: PoseModelInput, frame_ids: &[FrameId]) -> RunConfig {
    let network = NetworkConfig {
        height: SIZE.height,
        width: SIZE.width,
        pose_model_type,
        pose_model_input: input,
        ..Default::default()
    };
    let objective = ObjectiveConfig { frame_ids: frame_ids.to_vec(), ..Default::default() };
    RunConfig { network, objective, ..Default::default() }
}

fn networks(config: &RunConfig, device: &Device) -> Networks {
    config.validate().unwrap();
    Networks::new(&Architecture::new(&config.network, &config.objective).unwrap(), 3, device)
}

/// Two pictures of waves that move with the frame.
fn picture(id: FrameId, scale: usize, device: &Device) -> Tensor<4> {
    let shift = match id {
        FrameId::Temporal(offset) => f64::from(offset),
        FrameId::Stereo => 0.5,
    };
    let (height, width) = (SIZE.height >> scale, SIZE.width >> scale);
    let values = (0..6 * height * width)
        .map(|index| {
            let (plane, row, column) = (index / (height * width), index / width % height, index % width);
            let (row, column) = ((row << scale) as f64, (column << scale) as f64 + 2.0 * shift);
            let phase = plane as f64;
            (0.5 + 0.2 * (0.31 * column + 0.17 * row + phase).sin()
                + 0.2 * (0.11 * column - 0.23 * row - phase).cos()) as f32
        })
        .collect::<Vec<_>>();
    Tensor::from_data(TensorData::new(values, [2, 3, height, width]), device)
}

fn pictures(frame_ids: &[FrameId], device: &Device) -> BTreeMap<FrameId, Tensor<4>> {
    frame_ids.iter().map(|id| (*id, picture(*id, 0, device))).collect()
}

fn frames(offsets: &[i32]) -> Vec<FrameId> {
    offsets.iter().map(|offset| FrameId::Temporal(*offset)).collect()
}

#[test]
#[ignore = "needs ../shared/golden: reference arrays"]
fn shared_and_plain_pose_networks_agree_with_the_reference() {
    let golden = golden("networks");
    compare_with_reference(&golden, &Device::flex(), 1e-6);
    compare_with_reference(&golden, &gpu(), 5e-6);
}

fn compare_with_reference(golden: &Arrays, device: &Device, tolerance: f32) {
    let image = |id: &str| -> Tensor<4> {
        let (shape, values) = golden.get(&format!("image_{id}"));
        Tensor::from_data(TensorData::new(values, shape), device)
    };
    let ids = [FrameId::TARGET, FrameId::NEXT];
    let images: BTreeMap<FrameId, Tensor<4>> =
        [(FrameId::TARGET, image("0")), (FrameId::NEXT, image("p1"))].into();
    for (kind, stem) in [(PoseModelType::Shared, "pose_shared"), (PoseModelType::Posecnn, "posecnn")] {
        let blank = networks(&config(kind, PoseModelInput::Pairs, &ids), device);
        let Ok(networks) = map_parameters(blank, |name, shape| {
            let file = if name.file == "pose" { stem } else { name.file };
            let name = ParameterName { file, key: name.key.clone() };
            Ok::<_, Infallible>(Some(formula_values(&name, shape)))
        });
        let pose = networks.pose.as_ref().unwrap();
        let frame = |id: &FrameId| match kind {
            PoseModelType::Shared => networks.depth.encoder.forward(images[id].clone()).pop().unwrap(),
            _ => images[id].clone(),
        };
        let (axis_angle, translation) = pose.forward(ids.iter().map(frame).collect());
        for (part, found) in [("axisangle", axis_angle), ("translation", translation)] {
            let (_, expected) = golden.get(&format!("eval.{stem}.{part}"));
            let difference = crate::support::largest_difference(&values(found), &expected);
            assert!(difference < tolerance, "{part} of {stem} differs by {difference}");
        }
    }
}

#[test]
fn plain_pose_networks_have_the_published_number_of_parameters() {
    let config = config(PoseModelType::Posecnn, PoseModelInput::Pairs, &frames(&[0, 1]));
    let networks = networks(&config, &Device::flex());
    let pose = weights::named_tensors(&networks).into_iter().filter(|tensor| tensor.name.file == "pose");
    assert_eq!(pose.map(|tensor| tensor.values.len()).sum::<usize>(), 1_586_774);
}

/// The motions `[B, 4, 4]` at scale 0 to sources, by a network that sees these frames in this order.
fn motions(networks: &Networks, ids: &[FrameId], device: &Device) -> BTreeMap<FrameId, Vec<f32>> {
    let motions = networks.predict(ids, &pictures(ids, device), RANGE).motions;
    motions[&0].iter().map(|(id, motion)| (*id, values(motion.clone()))).collect()
}

#[test]
fn a_pair_is_seen_in_the_order_of_time() {
    let device = Device::flex();
    for kind in [PoseModelType::SeparateResnet, PoseModelType::Shared] {
        let ids = frames(&[0, -1, 1]);
        let networks = networks(&config(kind, PoseModelInput::Pairs, &ids), &device);
        let found = motions(&networks, &ids, &device);
        // The motion to the earlier frame, seen from there, is the motion to the later one.
        let swapped: BTreeMap<FrameId, Tensor<4>> = [
            (FrameId::TARGET, picture(FrameId::PREVIOUS, 0, &device)),
            (FrameId::NEXT, picture(FrameId::TARGET, 0, &device)),
        ]
        .into();
        let pair = networks.predict(&frames(&[0, 1]), &swapped, RANGE);
        let there = pair.motions[&0][&FrameId::NEXT].clone();
        let back =
            Tensor::<3>::from_data(TensorData::new(found[&FrameId::PREVIOUS].clone(), [2, 4, 4]), &device);
        let product = values(there.matmul(back));
        let identity = values(Tensor::<2>::eye(4, &device).unsqueeze::<3>().repeat(&[2, 1, 1]));
        let difference = crate::support::largest_difference(&product, &identity);
        assert!(difference < 1e-5, "{kind:?}: there and back differs from nothing by {difference}");
    }
}

#[test]
fn all_frames_together_give_every_source_a_motion_of_its_own() {
    let device = Device::flex();
    for kind in PoseModelType::ALL {
        let ids = frames(&[0, -1, 1, 2]);
        let networks = networks(&config(kind, PoseModelInput::All, &ids), &device);
        assert_eq!(networks.architecture().pose.unwrap().frames, 4);
        let found = motions(&networks, &ids, &device);
        assert_eq!(found.len(), 3);
        assert_ne!(found[&FrameId::PREVIOUS], found[&FrameId::NEXT], "{kind:?}");
        assert_ne!(found[&FrameId::Temporal(2)], found[&FrameId::NEXT], "{kind:?}");
        // The order is that of the objective: the first source's motion stays the first output.
        let other = motions(&networks, &frames(&[0, 1, -1, 2]), &device);
        assert_ne!(found[&FrameId::PREVIOUS], other[&FrameId::PREVIOUS], "{kind:?}");
        // A frame that is missing leaves nothing to say.
        assert!(motions(&networks, &frames(&[0, 1]), &device).is_empty());
        assert_eq!(networks.reachable(&frames(&[0, 1])), [FrameId::TARGET]);
        assert_eq!(networks.reachable(&ids), ids);
        let with_stereo = [FrameId::TARGET, FrameId::NEXT, FrameId::Stereo];
        assert_eq!(networks.reachable(&with_stereo), [FrameId::TARGET, FrameId::Stereo]);
    }
}

#[test]
fn translations_of_plain_pose_networks_are_taken_times_the_mean_inverse_depth() {
    let device = Device::flex();
    let ids = frames(&[0, -1, 1]);
    let networks = networks(&config(PoseModelType::Posecnn, PoseModelInput::Pairs, &ids), &device);
    let images = pictures(&ids, &device);
    let prediction = networks.predict(&ids, &images, RANGE);
    let (offset, slope) = RANGE.coefficients();
    let pose = networks.pose.as_ref().unwrap();
    let (axis_angle, translation) =
        pose.forward(vec![images[&FrameId::TARGET].clone(), images[&FrameId::NEXT].clone()]);
    let (axis_angle, translation): (Tensor<2>, Tensor<2>) =
        (axis_angle.squeeze_dim(1), translation.squeeze_dim(1));
    for (scale, disparity) in &prediction.disparities {
        let disparity = values(disparity.clone());
        let unit: Vec<f32> = disparity
            .chunks(disparity.len() / 2)
            .map(|item| offset + slope * item.iter().sum::<f32>() / item.len() as f32)
            .collect();
        let unit = Tensor::<2>::from_data(TensorData::new(unit, [2, 1]), &device);
        let expected = monoscope::model::transform(axis_angle.clone(), translation.clone() * unit, false);
        let difference = relative_difference(
            &values(prediction.motions[scale][&FrameId::NEXT].clone()),
            &values(expected),
        );
        assert!(difference < 1e-5, "the motion at scale {scale} differs by {difference}");
    }
}

fn samples(config: &RunConfig, device: &Device) -> SampleTensors {
    let ids = &config.objective.frame_ids;
    SampleTensors {
        colour: ids
            .iter()
            .map(|id| (*id, (0..4).map(|scale| picture(*id, scale, device)).collect()))
            .collect(),
        network_input: pictures(ids, device),
        intrinsics: vec![Intrinsics::KITTI; 2],
        stereo_shift_x: vec![-0.1; 2],
    }
}

#[test]
fn every_combination_trains_every_parameter() {
    use FrameId as F;
    use PoseModelInput::{All, Pairs};
    use PoseModelType::{Posecnn, SeparateResnet, Shared};
    let device = Device::flex().autodiff();
    let three = [F::TARGET, F::PREVIOUS, F::NEXT];
    let four = [F::TARGET, F::PREVIOUS, F::NEXT, F::Temporal(2)];
    let stereo = [F::TARGET, F::NEXT, F::Stereo];
    let mut combinations = vec![
        config(SeparateResnet, Pairs, &three),
        config(SeparateResnet, All, &three),
        config(SeparateResnet, All, &four),
        config(SeparateResnet, Pairs, &stereo),
        config(Shared, Pairs, &three),
        config(Shared, All, &four),
        config(Shared, Pairs, &stereo),
        config(Posecnn, Pairs, &three),
        config(Posecnn, All, &four),
        config(Posecnn, Pairs, &stereo),
        config(SeparateResnet, Pairs, &[F::TARGET, F::Stereo]),
    ];
    for kind in [SeparateResnet, Shared] {
        let mut masked = config(kind, Pairs, &three);
        (masked.objective.predictive_mask, masked.objective.disable_automasking) = (true, true);
        combinations.push(masked);
    }
    for kind in PoseModelType::ALL {
        let mut light = config(kind, Pairs, &three);
        light.network.depth_network = DepthNetworkType::RtMonodepthS;
        light.objective.scales = vec![0, 1, 2];
        let light_objective = &mut light.objective;
        (light_objective.predictive_mask, light_objective.disable_automasking) = (true, true);
        combinations.push(light);
    }
    for config in combinations {
        let networks = networks(&config, &device);
        let architecture = networks.architecture();
        let name = format!("{architecture}, frames {:?}", config.objective.frame_ids);
        // Without a choice every source trains, so every parameter has to.
        let every_source =
            ObjectiveConfig { avg_reprojection: true, disable_automasking: true, ..config.objective.clone() };
        let train_state = TrainState::new(networks.clone(), Objective::new(&every_source, SIZE));
        let samples = samples(&config, &device);
        let (_, loss, gradients) = train_state.gradients(&samples, Noise::None, &BTreeSet::new()).unwrap();
        assert!(loss.is_finite() && loss > 0.0, "{name}: {loss}");
        let found = named_gradients(train_state.networks(), &gradients);
        for (parameter, _) in weights::parameter_ids(train_state.networks()) {
            if parameter.key.contains("running_") {
                continue;
            }
            let gradient = found.get(&format!("{}.{}", parameter.file, parameter.key));
            let Some(gradient) = gradient else { panic!("{name}: {parameter} has no gradient") };
            assert!(gradient.iter().all(|value| value.is_finite()), "{name}: {parameter}");
            assert!(gradient.iter().any(|value| *value != 0.0), "{name}: {parameter} has gradient 0");
        }
        let mut train_state = TrainState::new(networks, Objective::new(&config.objective, SIZE));
        let losses = [1e-4, 1e-4]
            .map(|rate| train_state.step_on_batch(&samples, Noise::None, rate, &BTreeSet::new()).unwrap().1);
        assert!(losses.iter().all(|loss| loss.is_finite()) && losses[0] != losses[1], "{name}: {losses:?}");
    }
}
