//! The objective against the reference: losses, gradients and every map, in all its variants.

use crate::support::{Arrays, extract, golden, gpu, largest_difference, relative_difference, values};
use burn::tensor::{Device, Int, Tensor, TensorData};
use monoscope::{
    config::{FrameId, ImageSize, ObjectiveConfig},
    geometry::{DepthRange, Intrinsics},
    model::{Motions, transform},
    objective::{
        Inputs, MapName, Noise, Objective, ObjectiveOutput, Projection, depth, smoothness_loss, ssim_loss,
    },
};
use std::collections::{BTreeMap, BTreeSet};

const SIZE: ImageSize = ImageSize { height: 64, width: 96 };
/// The modes, and what the reference's cases change of them.
const CASES: [&str; 11] = [
    "M",
    "M.noise",
    "S",
    "MS",
    "M.v1_multiscale",
    "M.avg_reprojection",
    "M.disable_automasking",
    "M.no_ssim",
    "M.predictive_mask",
    "M.align_corners_false",
    "M.baseline",
];
const TEMPORAL: [FrameId; 2] = [FrameId::PREVIOUS, FrameId::NEXT];

/// The reference's inputs on a device, with leaves to differentiate with respect to.
struct Case {
    leaves: BTreeMap<String, Leaf>,
    inputs: Inputs,
    objective: Objective,
}

enum Leaf {
    Disparity(Tensor<4>),
    Pose(Tensor<2>),
}

fn tensor<const D: usize>(golden: &Arrays, name: &str, device: &Device) -> Tensor<D> {
    let (shape, values) = golden.get(name);
    let shape: [usize; D] = match D {
        2 => [shape[0], 3].as_slice().try_into().unwrap(),
        _ => shape.as_slice().try_into().unwrap(),
    };
    Tensor::from_data(TensorData::new(values, shape), device)
}

impl Case {
    /// `name` is that of the reference's case: a mode, then what differs from the default.
    fn new(golden: &Arrays, name: &str, device: &Device) -> Self {
        let plain = device.clone();
        let device = device.clone().autodiff();
        let (mode, variant) = name.split_once('.').unwrap_or((name, ""));
        let mut config = ObjectiveConfig::default();
        let baseline = variant == "baseline";
        config.v1_multiscale = baseline || variant == "v1_multiscale";
        config.avg_reprojection = baseline || variant == "avg_reprojection";
        config.disable_automasking =
            baseline || variant == "predictive_mask" || variant == "disable_automasking";
        config.no_ssim = variant == "no_ssim";
        config.sample_align_corners_false = variant == "align_corners_false";
        config.frame_ids = match mode {
            "M" => vec![FrameId::TARGET, FrameId::PREVIOUS, FrameId::NEXT],
            "S" => vec![FrameId::TARGET, FrameId::Stereo],
            "MS" => vec![FrameId::TARGET, FrameId::PREVIOUS, FrameId::NEXT, FrameId::Stereo],
            _ => panic!("mode {mode}"),
        };

        let mut leaves = BTreeMap::new();
        let mut disparities = BTreeMap::new();
        for scale in 0..4 {
            let disparity = tensor::<4>(golden, &format!("in.disp{scale}"), &device).require_grad();
            leaves.insert(format!("disp{scale}"), Leaf::Disparity(disparity.clone()));
            disparities.insert(scale, disparity);
        }
        let mut source_from_target = BTreeMap::new();
        for source in TEMPORAL {
            let tag = source.tag();
            let axis_angle = tensor::<2>(golden, &format!("in.axisangle_{tag}"), &device).require_grad();
            let translation = tensor::<2>(golden, &format!("in.translation_{tag}"), &device).require_grad();
            let invert = source == FrameId::PREVIOUS;
            source_from_target.insert(source, transform(axis_angle.clone(), translation.clone(), invert));
            if mode != "S" {
                leaves.insert(format!("axisangle_{tag}"), Leaf::Pose(axis_angle));
                leaves.insert(format!("translation_{tag}"), Leaf::Pose(translation));
            }
        }
        source_from_target.insert(FrameId::Stereo, tensor(golden, "in.stereo_T", &device));
        let pyramid = |id: FrameId| {
            (0..4).map(|scale| tensor(golden, &format!("in.color_{}_s{scale}", id.tag()), &plain)).collect()
        };
        let ids = [FrameId::TARGET, FrameId::PREVIOUS, FrameId::NEXT, FrameId::Stereo];
        let by_scale = |name: &str| {
            (0..4).map(|scale| (scale, tensor(golden, &format!("in.{name}{scale}"), &plain))).collect()
        };
        let inputs = Inputs {
            colour: ids.into_iter().map(|id| (id, pyramid(id))).collect(),
            disparities,
            source_from_target: Motions::Shared(source_from_target),
            intrinsics: vec![Intrinsics::KITTI; 2],
            predictive_masks: if variant == "predictive_mask" {
                by_scale("predictive_mask")
            } else {
                BTreeMap::new()
            },
            noise: if variant == "noise" { Noise::Given(by_scale("noise")) } else { Noise::None },
        };
        Self { leaves, inputs, objective: Objective::new(&config, SIZE) }
    }

    fn gradients(&self, outcome: &ObjectiveOutput) -> BTreeMap<String, Vec<f32>> {
        let gradients = outcome.loss.backward();
        let gradient = |leaf: &Leaf| match leaf {
            Leaf::Disparity(leaf) => values(leaf.grad(&gradients).unwrap()),
            Leaf::Pose(leaf) => values(leaf.grad(&gradients).unwrap()),
        };
        self.leaves.iter().map(|(name, leaf)| (name.clone(), gradient(leaf))).collect()
    }
}

fn number(tensor: &Tensor<1>) -> f32 {
    tensor.clone().into_scalar::<f32>()
}

fn close(name: &str, found: f32, expected: f32, relative: f32) {
    assert!((found - expected).abs() <= relative * expected.abs(), "{name}: {found} instead of {expected}");
}

/// Losses and gradients of a case, with tolerances multiplied by `slack`.
fn check_case(golden: &Arrays, name: &str, device: &Device, reference: bool, slack: f32) {
    let case = Case::new(golden, name, device);
    let objective = if reference { case.objective.clone().reference() } else { case.objective.clone() };
    let outcome = objective.evaluate(&case.inputs, &BTreeSet::new());
    close(name, number(&outcome.loss), golden.get(&format!("{name}.loss")).1[0], 1e-4 * slack);
    for scale in 0..4 {
        let loss = golden.get(&format!("{name}.s{scale}.loss")).1[0];
        close(&format!("{name} loss {scale}"), number(&outcome.scale_losses[&scale]), loss, 1e-4 * slack);
        let smoothness = golden.get(&format!("{name}.s{scale}.smooth")).1[0];
        let found = number(&outcome.smoothness[&scale]);
        close(&format!("{name} smoothness {scale}"), found, smoothness, 1e-5 * slack);
    }
    for (leaf, gradient) in case.gradients(&outcome) {
        let (gradient, expected) = golden.beside(&format!("{name}.grad.{leaf}"), &gradient);
        let difference = relative_difference(&gradient, &expected);
        assert!(difference <= 0.05, "{name} gradient of {leaf} differs by {difference}");
        if leaf.starts_with("disp") {
            let difference = difference_but_for_flips(&gradient, &expected);
            assert!(
                difference <= f64::from(1e-3 * slack),
                "{name} gradient of {leaf} differs by {difference}"
            );
        }
    }
}

/// The relative difference of two gradients, leaving out a few pixels.
///
/// A point that falls on the border of two cells of the bilinear grid, or that two sources explain
/// equally well, has two one-sided gradients; which one a program takes is decided by its last bit of
/// rounding. About one point in ten thousand lies so close, and each moves up to four entries of a
/// coarse disparity's gradient.
fn difference_but_for_flips(found: &[f32], expected: &[f32]) -> f64 {
    const FLIPPED: usize = 12;
    let mut pairs: Vec<(f32, f32)> = found.iter().copied().zip(expected.iter().copied()).collect();
    pairs.sort_by(|(a, b), (c, d)| (a - b).abs().total_cmp(&(c - d).abs()));
    pairs.truncate(found.len() - FLIPPED);
    let (found, expected): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
    relative_difference(&found, &expected)
}

fn check_cases(golden: &Arrays, device: &Device, slack: f32) {
    for name in CASES {
        for reference in [true, false] {
            check_case(golden, name, device, reference, slack);
        }
    }
}

#[test]
fn losses_and_gradients_agree_with_the_extract_of_the_reference() {
    check_cases(&extract("losses"), &Device::flex(), 1.0);
}

#[test]
fn losses_and_gradients_on_the_gpu_backend_agree_with_the_extract_of_the_reference() {
    check_cases(&extract("losses"), &gpu(), 5.0);
}

#[test]
#[ignore = "needs ../shared/golden: reference arrays"]
fn losses_and_gradients_agree_with_the_reference() {
    check_cases(&golden("losses"), &Device::flex(), 1.0);
}

#[test]
#[ignore = "needs ../shared/golden: reference arrays"]
fn losses_and_gradients_agree_on_the_gpu_backend() {
    check_cases(&golden("losses"), &gpu(), 5.0);
}

#[test]
#[ignore = "needs ../shared/golden: reference arrays"]
fn maps_agree_with_the_reference() {
    let golden = golden("losses");
    for (name, reference) in [("M", true), ("MS", true), ("M", false), ("MS", false)] {
        let mut case = Case::new(&golden, name, &Device::flex());
        if reference {
            case.objective = case.objective.reference();
        }
        let sources: Vec<FrameId> =
            if name == "M" { TEMPORAL.to_vec() } else { vec![TEMPORAL[0], TEMPORAL[1], FrameId::Stereo] };
        let mut wanted = BTreeSet::from([MapName::Depth, MapName::MinimumLoss, MapName::ChosenSource]);
        wanted.insert(MapName::AutoMask);
        for source in &sources {
            wanted.extend([
                MapName::Warped(*source),
                MapName::Reprojection(*source),
                MapName::Identity(*source),
            ]);
        }
        let outcome = case.objective.evaluate(&case.inputs, &wanted);
        assert_eq!(outcome.maps.keys().copied().collect::<BTreeSet<_>>(), wanted);
        let map = |map: MapName| values(outcome.maps[&map].clone());
        let reference = |map: &str| golden.get(&format!("{name}.s0.{map}")).1;

        let depth = map(MapName::Depth);
        let relative: Vec<f32> = depth.iter().zip(reference("depth")).map(|(a, b)| a / b).collect();
        assert!(largest_difference(&relative, &vec![1.0; relative.len()]) < 1e-5);
        assert!(largest_difference(&map(MapName::MinimumLoss), &reference("to_optimise")) < 5e-5);
        let chosen = map(MapName::ChosenSource);
        let same = chosen.iter().zip(reference("combined_argmin")).filter(|(a, b)| **a == *b).count();
        assert!(same as f64 >= 0.999 * chosen.len() as f64, "{name}: {same} choices of {}", chosen.len());
        let trains: Vec<f32> = chosen.iter().map(|index| f32::from(*index >= sources.len() as f32)).collect();
        assert_eq!(map(MapName::AutoMask), trains);
        let masked = 1.0 - trains.iter().sum::<f32>() / trains.len() as f32;
        close("masked share", number(&outcome.masked_share), masked, 1e-4);

        for (channel, source) in sources.iter().enumerate() {
            let warped = map(MapName::Warped(*source));
            assert!(largest_difference(&warped, &reference(&format!("warped_{}", source.tag()))) < 1e-4);
            // The reference keeps the sources of an item side by side.
            let of_source = |values: Vec<f32>| -> Vec<f32> {
                values
                    .chunks_exact(SIZE.pixels())
                    .enumerate()
                    .filter(|(plane, _)| plane % sources.len() == channel)
                    .flat_map(|(_, plane)| plane.to_vec())
                    .collect()
            };
            let reprojection = of_source(reference("reprojection"));
            assert!(largest_difference(&map(MapName::Reprojection(*source)), &reprojection) < 5e-5);
            let identity = of_source(reference("identity"));
            assert!(largest_difference(&map(MapName::Identity(*source)), &identity) < 5e-5);
        }
    }
}

#[test]
fn disparity_becomes_depth_as_printed() {
    let disparity = Tensor::<4>::from_data([[[[0.0_f32, 0.5, 1.0]]]], &Device::flex());
    let depth = values(depth(disparity, DepthRange { min: 0.1, max: 100.0 }));
    for (found, expected) in depth.into_iter().zip([100.0, 0.1998002, 0.1]) {
        close("depth", found, expected, 1e-6);
    }
}

/// The motion for which the method (`src/objective/method.md`) prints results, under Motion and View synthesis.
fn printed_motion(invert: bool, device: &Device) -> Tensor<3> {
    let axis_angle = Tensor::<2>::from_data([[0.1_f32, -0.2, 0.3]], device);
    let translation = Tensor::<2>::from_data([[0.5_f32, -0.1, -1.0]], device);
    transform(axis_angle, translation, invert)
}

#[test]
fn axis_angle_becomes_the_printed_matrix() {
    let device = Device::flex();
    #[rustfmt::skip]
    let expected = [
        0.9357548, -0.3029326, -0.18054, 0.5,
        0.2831649, 0.9505806, -0.1273345, -0.1,
        0.2101916, 0.0680313, 0.9752903, -1.0,
        0.0, 0.0, 0.0, 1.0,
    ];
    let motion = printed_motion(false, &device);
    assert!(largest_difference(&values(motion.clone()), &expected) <= 1e-6);
    let inverse = printed_motion(true, &device);
    let translation = values(inverse.clone().narrow(1, 0, 3).narrow(2, 3, 1));
    assert!(largest_difference(&translation, &[-0.2293693, 0.3145557, 1.0528268]) <= 1e-6);
    let identity = values(Tensor::<2>::eye(4, &device));
    assert!(largest_difference(&values(inverse.matmul(motion)), &identity) <= 1e-6);
}

#[test]
fn no_rotation_has_a_finite_gradient() {
    let device = Device::flex().autodiff();
    for size in [0.0_f32, 1e-30, 1e-20, 1e-8, 1e-4] {
        let axis_angle = Tensor::<2>::from_data([[size, -size, size]], &device).require_grad();
        let translation = Tensor::<2>::from_data([[1.0_f32, 2.0, 3.0]], &device).require_grad();
        let motion = transform(axis_angle.clone(), translation.clone(), true);
        let weights = Tensor::<1, Int>::arange(0..16, &Device::flex()).float().reshape([1, 4, 4]);
        let gradients = (motion.clone() * weights).sum().backward();
        let found = values(motion);
        assert!(largest_difference(&found[..3], &[1.0, 0.0, 0.0]) <= 2e-4, "{found:?}");
        for leaf in [axis_angle, translation] {
            let gradient = values(leaf.grad(&gradients).unwrap());
            assert!(gradient.iter().all(|value| value.is_finite()), "{size}: {gradient:?}");
        }
    }
}

#[test]
fn points_are_projected_as_printed() {
    let (device, size) = (Device::flex(), ImageSize { height: 192, width: 640 });
    let project = |motion: Tensor<3>, depth: f32| {
        let depth = Tensor::<4>::full([1, 1, 192, 640], depth, &device);
        let seen = Projection::new(motion, &[Intrinsics::KITTI], size).coordinates(depth);
        values(seen.slice([0..1, 0..2, 50..51, 100..101]))
    };
    let seen = project(printed_motion(false, &device), 8.0);
    close("u", seen[0], -8.558546, 1e-5);
    close("v", seen[1], -123.09674, 1e-5);
    let stereo = Tensor::<2>::eye(4, &device).reshape([1, 4, 4]).slice_fill([0..1, 0..1, 3..4], -0.1);
    let seen = project(stereo, 8.0);
    close("stereo u", seen[0], 95.36, 1e-6);
    close("stereo v", seen[1], 50.0, 1e-6);
}

#[test]
fn ssim_knows_equal_and_opposite_images() {
    let device = Device::flex();
    let row =
        |values: [f32; 4]| Tensor::<1>::from_data(values, &device).reshape([1, 1, 1, 4]).expand([1, 3, 5, 4]);
    let stripes = row([0.2, 0.8, 0.2, 0.8]);
    let same = values(ssim_loss(stripes.clone(), stripes.clone()));
    assert!(largest_difference(&same, &[0.0; 60]) <= 1e-6);
    let opposite = values(ssim_loss(stripes.clone(), -stripes + 1.0));
    assert!(opposite.iter().all(|loss| *loss > 0.9), "{opposite:?}");
    // Where nothing varies only brightness is compared.
    let (dark, bright) = (row([0.25; 4]), row([0.75; 4]));
    let expected = (1.0 - (2.0 * 0.25 * 0.75 + 1e-4) / (0.25 * 0.25 + 0.75 * 0.75 + 1e-4)) / 2.0;
    assert!(largest_difference(&values(ssim_loss(dark, bright)), &[expected; 60]) <= 2e-5);
}

#[test]
fn smoothness_is_the_mean_slope_of_normalised_disparity() {
    let device = Device::flex();
    let ramp = Tensor::<1>::from_data([1.0_f32, 2.0, 3.0, 4.0], &device).reshape([1, 1, 1, 4]);
    let ramp = ramp.expand([1, 1, 3, 4]);
    let grey = Tensor::<4>::full([1, 3, 3, 4], 0.5, &device);
    close("ramp", number(&smoothness_loss(ramp.clone(), &grey)), 1.0 / 2.5, 1e-6);
    // A step of 1 in every colour between the second and third columns lets the ramp's middle go.
    let step = Tensor::<1>::from_data([0.0_f32, 0.0, 1.0, 1.0], &device).reshape([1, 1, 1, 4]);
    let expected = (2.0 + (-1.0_f32).exp()) / 3.0 / 2.5;
    close("step", number(&smoothness_loss(ramp, &step.expand([1, 3, 3, 4]))), expected, 1e-6);
}

#[test]
fn drawn_noise_is_small_and_repeats() {
    // With the source equal to the target and no motion, identity and reprojection losses are all 0:
    // noise alone decides, for half the pixels each way.
    let (device, size) = (Device::flex(), ImageSize { height: 32, width: 64 });
    let image = Tensor::<4>::full([1, 3, 32, 64], 0.5, &device);
    let config = ObjectiveConfig {
        frame_ids: vec![FrameId::TARGET, FrameId::NEXT],
        scales: vec![0],
        ..Default::default()
    };
    let chosen = |seed: u64, step: u64| {
        let inputs = Inputs {
            colour: [FrameId::TARGET, FrameId::NEXT].map(|id| (id, vec![image.clone()])).into(),
            disparities: [(0, Tensor::<4>::full([1, 1, 32, 64], 0.1, &device))].into(),
            source_from_target: Motions::Shared(
                [(FrameId::NEXT, Tensor::<2>::eye(4, &device).unsqueeze())].into(),
            ),
            intrinsics: vec![Intrinsics::KITTI],
            predictive_masks: BTreeMap::new(),
            noise: Noise::Drawn { seed, step },
        };
        let wanted = BTreeSet::from([MapName::ChosenSource, MapName::MinimumLoss]);
        let outcome = Objective::new(&config, size).evaluate(&inputs, &wanted);
        let least = values(outcome.maps[&MapName::MinimumLoss].clone());
        assert!(least.iter().all(|loss| loss.abs() < 1e-4));
        close("masked share", number(&outcome.masked_share), 0.5, 0.1);
        values(outcome.maps[&MapName::ChosenSource].clone())
    };
    assert_eq!(chosen(1, 7), chosen(1, 7));
    assert_ne!(chosen(1, 7), chosen(1, 8));
    assert_ne!(chosen(1, 7), chosen(2, 7));
}
