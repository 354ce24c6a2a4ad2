//! Our operations against their reference implementations, finite differences and known results, on every backend that
//! they exist for.

use crate::support::{backends, extract, largest_difference, relative_difference, scattered, values};
use burn::tensor::{Device, Tensor, TensorData};
use monoscope::{
    compute::ops::{
        reprojection::{ReprojectionOptions, reprojection_loss},
        resize_bilinear,
        sample::reference_sample_border,
        sample_border, smoothness, splitmix64, tie_break_noise,
    },
    config::{FrameId, ImageSize, ObjectiveConfig},
    geometry::{DepthRange, Intrinsics},
    model::{Motions, transform},
    objective::{Inputs, MapName, Noise, Objective, Projection, smoothness_loss},
};
use std::collections::BTreeMap;

#[test]
fn bilinear_resizing_agrees_with_the_reference() {
    let golden = extract("misc");
    let (shape, input) = golden.get("bilinear.in");
    for (device, slack) in backends() {
        for (name, height, width) in [("x2", 24, 40), ("x4", 48, 80), ("x8", 96, 160), ("37x61", 37, 61)] {
            let input = Tensor::<4>::from_data(TensorData::new(input.clone(), shape.clone()), &device);
            let output = resize_bilinear(input, ImageSize { height, width });
            let (output, expected) = golden.beside(&format!("bilinear.{name}"), &values(output));
            assert!(largest_difference(&output, &expected) <= 1e-6 * slack, "{name}");
        }
    }
}

#[test]
fn bilinear_resizing_weighs_pixel_areas() {
    for (device, slack) in backends() {
        let row = Tensor::<4>::from_data([[[[0.0_f32, 1.0, 3.0]]]], &device);
        let twice = resize_bilinear(row.clone(), ImageSize { height: 1, width: 6 });
        assert!(largest_difference(&values(twice), &[0.0, 0.25, 0.75, 1.5, 2.5, 3.0]) <= 1e-6 * slack);
        let same = resize_bilinear(row.clone(), ImageSize { height: 1, width: 3 });
        assert_eq!(values(same), values(row));
    }
}

#[test]
fn the_gradient_of_resizing_is_its_transpose() {
    for (device, slack) in backends() {
        let device = device.autodiff();
        let small = scattered([2, 3, 5, 7], 1, &device).require_grad();
        let weights = scattered([2, 3, 11, 28], 2, &device);
        let output = resize_bilinear(small.clone(), ImageSize { height: 11, width: 28 });
        let product = (output * weights).sum();
        let gradient = small.grad(&product.backward()).unwrap();
        let transposed = (gradient * small.detach().without_autodiff()).sum();
        let (expected, found) = (values(product)[0], values(transposed)[0]);
        assert!((found - expected).abs() <= 1e-5 * slack * expected.abs(), "{found} instead of {expected}");
    }
}

/// Coordinates in and around an image of 7×9 pixels, none on the border between two cells.
fn coordinates(device: &Device) -> Tensor<4> {
    let spread = scattered([2, 2, 5, 11], 3, device) * 14.0 - 3.0;
    // Away from integers, where the gradient jumps.
    let whole = spread.clone().floor();
    (spread - whole.clone()) * 0.9 + 0.05 + whole
}

#[test]
fn border_sampling_agrees_with_its_twin() {
    for (device, slack) in backends() {
        let images = scattered([2, 3, 7, 9], 4, &device);
        let weights = scattered([2, 3, 5, 11], 5, &device);
        let run = |sample: fn(Tensor<4>, Tensor<4>) -> Tensor<4>| {
            let coordinates = coordinates(&device).autodiff().require_grad();
            let output = sample(images.clone(), coordinates.clone());
            let gradients = (output.clone() * weights.clone()).sum().backward();
            (values(output), values(coordinates.grad(&gradients).unwrap()))
        };
        let (found, expected) = (run(sample_border), run(reference_sample_border));
        assert!(largest_difference(&found.0, &expected.0) <= 1e-5 * slack);
        assert!(relative_difference(&found.1, &expected.1) <= f64::from(1e-4 * slack));
    }
}

#[test]
fn the_gradient_of_border_sampling_is_its_slope() {
    const STEP: f32 = 1e-2;
    for (device, slack) in backends() {
        let images = scattered([2, 3, 7, 9], 6, &device);
        let weights = scattered([2, 3, 5, 11], 7, &device);
        let moved = |by: [f32; 2]| {
            let by = Tensor::<4>::from_data([[[[by[0]]], [[by[1]]]]], &device);
            let output = sample_border(images.clone(), coordinates(&device) + by);
            values((output * weights.clone()).sum_dim(1))
        };
        let coordinates = coordinates(&device).autodiff().require_grad();
        let output = sample_border(images.clone(), coordinates.clone());
        let gradient = coordinates.grad(&(output * weights.clone()).sum().backward()).unwrap();
        for (axis, by) in [[STEP, 0.0], [0.0, STEP]].into_iter().enumerate() {
            let (ahead, behind) = (moved(by), moved(by.map(|step| -step)));
            let slope: Vec<f32> = ahead.iter().zip(behind).map(|(a, b)| (a - b) / (2.0 * STEP)).collect();
            let gradient = values(gradient.clone().narrow(1, axis, 1));
            assert!(largest_difference(&gradient, &slope) <= 2e-4 * slack, "axis {axis}");
        }
    }
}

#[test]
fn border_sampling_holds_coordinates_within_the_image() {
    for (device, _) in backends() {
        let image = Tensor::<4>::from_data([[[[1.0_f32, 2.0, 3.0], [4.0, 5.0, 6.0]]]], &device);
        let xs = [0.0, 2.0, -7.0, 9.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1.5, 1e30];
        let ys = [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.5, f32::NAN];
        let coordinates: Vec<f32> = xs.into_iter().chain(ys).collect();
        let coordinates = Tensor::<4>::from_data(TensorData::new(coordinates, [1, 2, 1, 9]), &device)
            .autodiff()
            .require_grad();
        let output = sample_border(image, coordinates.clone());
        assert_eq!(values(output.clone()), [1.0, 6.0, 1.0, 6.0, 3.0, 4.0, 4.0, 4.0, 3.0]);
        let gradient = values(coordinates.grad(&output.sum().backward()).unwrap());
        // Only the one point inside the image can move: x by one column, y by one row.
        let mut expected = [0.0; 18];
        (expected[7], expected[9 + 7]) = (1.0, 3.0);
        assert_eq!(gradient, expected);
    }
}

/// Two samples with two sources, several strips of rows high and of odd width.
fn scene(plain: &Device) -> (Inputs, Vec<Tensor<4>>, Vec<Tensor<2>>) {
    const SIZE: ImageSize = ImageSize { height: 37, width: 45 };
    let device = plain.clone().autodiff();
    let image = |seed: u32| -> Vec<Tensor<4>> {
        let shape = |scale: usize| [2, 3, SIZE.height >> scale, SIZE.width >> scale];
        let noise = |scale: usize| scattered(shape(scale), seed + scale as u32, plain);
        // Smoothed noise, so that shifting it by some pixels changes it only gradually.
        let smooth = |map: Tensor<4>| {
            let [_, _, height, width] = map.dims();
            let small = resize_bilinear(map, ImageSize { height: height / 3, width: width / 3 });
            resize_bilinear(small, ImageSize { height, width })
        };
        (0..2).map(|scale| smooth(noise(scale))).collect()
    };
    let disparities: Vec<Tensor<4>> = (0..2)
        .map(|scale| {
            let shape = [2, 1, SIZE.height >> scale, SIZE.width >> scale];
            (scattered(shape, 20, &device) * 0.01 + 0.02).require_grad()
        })
        .collect();
    let pose = |seed: u32, size: f32| ((scattered([2, 3], seed, &device) - 0.5) * size).require_grad();
    let poses = vec![pose(21, 0.05), pose(22, 0.5), pose(23, 0.05), pose(24, 0.5)];
    let motion = |index: usize| transform(poses[2 * index].clone(), poses[2 * index + 1].clone(), index == 0);
    let inputs = Inputs {
        colour: [(FrameId::TARGET, image(30)), (FrameId::PREVIOUS, image(40)), (FrameId::NEXT, image(50))]
            .into(),
        disparities: disparities.iter().cloned().enumerate().collect(),
        source_from_target: Motions::Shared(
            [(FrameId::PREVIOUS, motion(0)), (FrameId::NEXT, motion(1))].into(),
        ),
        intrinsics: vec![Intrinsics::KITTI, Intrinsics { centre_x: 0.4, ..Intrinsics::KITTI }],
        predictive_masks: BTreeMap::new(),
        noise: Noise::Drawn { seed: 5, step: 6 },
    };
    (inputs, disparities, poses)
}

#[test]
fn the_fused_loss_agrees_with_its_twin() {
    type Change = fn(&mut ObjectiveConfig);
    let variants: [(&str, Change); 5] = [
        ("default", |_| ()),
        ("no SSIM", |config| config.no_ssim = true),
        ("every pixel", |config| config.disable_automasking = true),
        ("own size", |config| config.v1_multiscale = true),
        ("align_corners false", |config| config.sample_align_corners_false = true),
    ];
    for ((name, change), (device, slack)) in
        variants.into_iter().flat_map(|v| backends().map(move |b| (v, b)))
    {
        let mut config = ObjectiveConfig { scales: vec![0, 1], ..Default::default() };
        change(&mut config);
        let wanted = MapName::of_objective(&config).into_iter().collect();
        let run = |objective: Objective| {
            let (inputs, disparities, poses) = scene(&device);
            let outcome = objective.evaluate(&inputs, &wanted);
            let gradients = outcome.loss.backward();
            let disparities = disparities.into_iter().map(|leaf| values(leaf.grad(&gradients).unwrap()));
            let poses = poses.into_iter().map(|leaf| values(leaf.grad(&gradients).unwrap()));
            (disparities.chain(poses).collect::<Vec<_>>(), outcome)
        };
        let objective = Objective::new(&config, ImageSize { height: 37, width: 45 });
        let (expected_gradients, expected) = run(objective.clone().reference());
        let (gradients, outcome) = run(objective);
        let (loss, expected_loss) = (values(outcome.loss)[0], values(expected.loss)[0]);
        let difference = (loss - expected_loss).abs();
        assert!(difference <= 1e-5 * slack * expected_loss, "{name}: {loss}, not {expected_loss}");
        assert_eq!(outcome.maps.len(), wanted.len());
        for (map, found) in outcome.maps {
            let (found, expected) = (values(found), values(expected.maps[&map].clone()));
            let far =
                found.iter().zip(&expected).filter(|(a, b)| (**a - **b).abs() > 1e-4 * b.abs().max(1.0));
            let far = far.count();
            assert!(far * 1000 <= found.len(), "{name}: {map} differs at {far} of {} places", found.len());
        }
        for (index, (found, expected)) in gradients.iter().zip(&expected_gradients).enumerate() {
            let difference = relative_difference(found, expected);
            assert!(difference <= 2e-3, "{name}: gradient {index} differs by {difference}");
        }
    }
}

/// A loss of [`scene`]'s second scale, where the disparity is upsampled, with every pixel training.
fn loss_of(device: &Device, disparity: Tensor<4>, projections: Tensor<4>) -> Tensor<1> {
    let (inputs, _, _) = scene(device);
    let image = |id: FrameId| inputs.colour[&id][0].clone();
    let sources = Tensor::cat(vec![image(FrameId::PREVIOUS), image(FrameId::NEXT)], 1);
    let options = ReprojectionOptions {
        depth_range: DepthRange { min: 0.1, max: 100.0 },
        use_ssim: true,
        align_corners: true,
        noise: None,
        maps: false,
    };
    reprojection_loss(disparity, projections, sources, image(FrameId::TARGET), None, options).loss
}

#[test]
fn the_gradient_of_the_fused_loss_is_its_slope() {
    const STEP: f32 = 1e-4;
    for (device, _) in backends() {
        let (inputs, disparities, _) = scene(&device);
        let size = ImageSize { height: 37, width: 45 };
        let projections = [FrameId::PREVIOUS, FrameId::NEXT].map(|source| {
            let motion = inputs.source_from_target[&1][&source].clone().without_autodiff();
            Projection::new(motion, &inputs.intrinsics, size).into_matrix()
        });
        let projections: Tensor<4> = Tensor::stack(projections.into(), 1);
        let leaf = disparities[1].clone();
        let gradients = loss_of(&device, leaf.clone(), projections.clone().autodiff()).backward();
        let gradient = leaf.grad(&gradients).unwrap();
        // Along the signs of the gradient all differences add up, far above rounding errors.
        let moved = |by: f32| {
            let disparity = leaf.clone().without_autodiff() + gradient.clone().sign() * by;
            values(loss_of(&device, disparity, projections.clone()))[0]
        };
        let slope = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
        let expected = values(gradient.clone().abs().sum())[0];
        assert!((slope - expected).abs() <= 0.03 * expected, "{slope} instead of {expected}");
    }
}

#[test]
fn points_far_outside_or_in_the_cameras_plane_do_not_pull() {
    for (device, _) in backends() {
        // Every point is in the plane of the first source's camera, where its projection overflows, and is projected to
        // the same position in the second source.
        #[rustfmt::skip]
        let projections = [
            1e30_f32, 0.0, 1e30, 0.0, 0.0, -1e30, -1e30, 0.0, 0.0, 0.0, 0.0, 0.0,
            0.0, 0.0, 0.0, 7.0, 0.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 1.0,
        ];
        let projections =
            Tensor::<4>::from_data(TensorData::new(projections.repeat(2), [2, 2, 3, 4]), &device);
        let projections = projections.autodiff().require_grad();
        let disparity = scene(&device).1.remove(1);
        let loss = loss_of(&device, disparity.clone(), projections.clone());
        let gradients = loss.backward();
        assert!((0.0..1.0).contains(&values(loss)[0]));
        assert!(values(disparity.grad(&gradients).unwrap()).iter().all(|value| *value == 0.0));
        assert!(values(projections.grad(&gradients).unwrap()).iter().all(|value| value.is_finite()));
    }
}

#[test]
fn the_fused_smoothness_agrees_with_its_twin() {
    for (device, slack) in backends() {
        let image = scattered([2, 3, 9, 13], 60, &device);
        let run = |smoothness: fn(Tensor<4>, Tensor<4>) -> Tensor<1>| {
            let disparity = scattered([2, 1, 9, 13], 61, &device).autodiff().require_grad();
            let loss = smoothness(disparity.clone(), image.clone());
            // Times 3, so that the upstream gradient matters.
            let gradients = (loss.clone() * 3.0).backward();
            (values(loss)[0], values(disparity.grad(&gradients).unwrap()))
        };
        let (found, expected) = (run(smoothness), run(|disparity, image| smoothness_loss(disparity, &image)));
        assert!((found.0 - expected.0).abs() <= 1e-5 * slack * expected.0);
        assert!(relative_difference(&found.1, &expected.1) <= f64::from(1e-5 * slack));
    }
}

#[test]
fn tie_break_noise_is_the_same_on_every_backend() {
    let shape = [2, 3, 37, 45];
    // Streams whose low half overflows when an index is added, and whose halves are all ones.
    for stream in [0, 1, 0x0123_4567_89AB_CDEF, 0xFFFF_FFFF_FFFF_FC00, 0x5555_5555_FFFF_FFF0, u64::MAX] {
        let expected = values(tie_break_noise(stream, shape, &Device::flex()));
        let mean = expected.iter().sum::<f32>() / expected.len() as f32;
        let variance =
            expected.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / expected.len() as f32;
        assert!(mean.abs() < 5e-7 && (variance.sqrt() - 1e-5).abs() < 5e-7, "{mean}, {variance}");
        for (device, _) in backends() {
            let found = values(tie_break_noise(stream, shape, &device));
            // A driver may multiply the two factors first; there are two roundings either way.
            let far =
                found.iter().zip(&expected).filter(|(a, b)| (**a - **b).abs() > 2.0 * f32::EPSILON * b.abs());
            assert_eq!(far.count(), 0, "stream {stream:x}");
        }
    }
}

#[test]
fn the_fused_loss_draws_its_noise() {
    for (device, slack) in backends() {
        let (inputs, _, _) = scene(&device);
        let config = ObjectiveConfig { scales: vec![0, 1], ..Default::default() };
        let objective = Objective::new(&config, ImageSize { height: 37, width: 45 });
        let loss = |noise: Noise| {
            let inputs = Inputs { noise, ..inputs.clone() };
            values(
                objective.evaluate(&inputs, &[MapName::ChosenSource, MapName::MinimumLoss].into()).maps
                    [&MapName::MinimumLoss]
                    .clone(),
            )
        };
        let stream = |scale: u64| splitmix64(splitmix64(splitmix64(5) ^ 6) ^ scale);
        let given =
            (0..2).map(|scale| (scale, tie_break_noise(stream(scale as u64), [2, 2, 37, 45], &device)));
        let drawn = loss(Noise::Drawn { seed: 5, step: 6 });
        assert!(largest_difference(&drawn, &loss(Noise::Given(given.collect()))) <= 1e-8 * slack);
        assert!(largest_difference(&drawn, &loss(Noise::None)) > 1e-6);
    }
}
