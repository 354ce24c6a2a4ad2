//! From the output of a pose network to projections: each operation against its reference implementation and
//! finite differences, on every backend.

use crate::support::{backends, largest_difference, relative_difference, scattered, values};
use burn::tensor::{Device, Tensor};
use monoscope::{
    compute::ops::{
        MotionChoice, camera_projections, plane_means, reference_camera_projection, reference_plane_means,
        reference_transform, rigid_motion, transform,
    },
    config::ImageSize,
    geometry::Intrinsics,
};

/// Axis-angles or translations of `batch` items, up to half a unit each way.
fn vectors(batch: usize, seed: u32, device: &Device) -> Tensor<2> {
    scattered([batch, 3], seed, device) - 0.5
}

/// A result of two leaves with the gradients of its weighted sum.
fn results<const D: usize>(
    leaves: [Tensor<2>; 2],
    weights: &Tensor<D>,
    operation: impl Fn(Tensor<2>, Tensor<2>) -> Tensor<D>,
) -> [Vec<f32>; 3] {
    let [a, b] = leaves.map(Tensor::require_grad);
    let result = operation(a.clone(), b.clone());
    let gradients = (result.clone() * weights.clone()).sum().backward();
    [values(result), values(a.grad(&gradients).unwrap()), values(b.grad(&gradients).unwrap())]
}

#[test]
fn rigid_motions_agree_with_the_reference() {
    for (plain, slack) in backends() {
        let device = plain.clone().autodiff();
        for (batch, invert) in (1..=5).flat_map(|batch| [(batch, false), (batch, true)]) {
            let leaves = || [vectors(batch, 70, &device), vectors(batch, 71, &device)];
            let weights = scattered([batch, 4, 4], 72, &plain) - 0.5;
            let found = results(leaves(), &weights, |a, t| transform(a, t, invert));
            let expected = results(leaves(), &weights, |a, t| reference_transform(a, t, invert));
            for (found, expected) in found.iter().zip(&expected) {
                let difference = relative_difference(found, expected);
                assert!(difference <= f64::from(2e-6 * slack), "{batch}, {invert}: {difference}");
            }
        }
    }
}

#[test]
fn one_of_several_motions_is_that_motion_alone() {
    for (plain, slack) in backends() {
        let device = plain.clone().autodiff();
        let weights = scattered([3, 4, 4], 72, &plain) - 0.5;
        let parameters = scattered([3, 2, 6], 73, &device) - 0.5;
        for index in [0, 1] {
            let leaf = parameters.clone().require_grad();
            let motion = rigid_motion(leaf.clone(), MotionChoice { index, invert: true });
            let gradients = (motion.clone() * weights.clone()).sum().backward();
            let gradient = leaf.grad(&gradients).unwrap();
            let half = |first| -> Tensor<2> {
                parameters.clone().narrow(2, first, 3).narrow(1, index, 1).squeeze_dim::<2>(1).detach()
            };
            let expected = results([half(0), half(3)], &weights, |a, t| reference_transform(a, t, true));
            let part = |first| values(gradient.clone().narrow(1, index, 1).narrow(2, first, 3));
            for (found, expected) in [values(motion), part(0), part(3)].iter().zip(&expected) {
                assert!(relative_difference(found, expected) <= f64::from(2e-6 * slack));
            }
            assert!(values(gradient.narrow(1, 1 - index, 1)).iter().all(|value| *value == 0.0));
        }
    }
}

#[test]
fn the_gradient_of_a_rigid_motion_is_its_slope() {
    const STEP: f32 = 1e-2;
    for (plain, slack) in backends() {
        let device = plain.clone().autodiff();
        let weights = scattered([2, 4, 4], 74, &plain) - 0.5;
        for invert in [false, true] {
            let leaves = [vectors(2, 75, &device), vectors(2, 76, &device)];
            let [_, by_axis_angle, by_translation] =
                results(leaves.clone(), &weights, |a, t| transform(a, t, invert));
            for (leaf, gradient) in [by_axis_angle, by_translation].into_iter().enumerate() {
                for component in 0..3 {
                    let moved = |by: f32| {
                        let mut moved = leaves.clone().map(Tensor::without_autodiff);
                        let change = [0, 1, 2].map(|c| if c == component { by } else { 0.0 });
                        moved[leaf] = moved[leaf].clone() + Tensor::<2>::from_data([change], &plain);
                        let [axis_angle, translation] = moved;
                        let motion = transform(axis_angle, translation, invert) * weights.clone();
                        values(motion.reshape([2, 16]).sum_dim(1))
                    };
                    let slopes: Vec<f32> = moved(STEP)
                        .iter()
                        .zip(moved(-STEP))
                        .map(|(ahead, behind)| (ahead - behind) / (2.0 * STEP))
                        .collect();
                    let gradient = [gradient[component], gradient[3 + component]];
                    assert!(largest_difference(&gradient, &slopes) <= 1e-4 * slack, "{invert}, {leaf}");
                }
            }
        }
    }
}

#[test]
fn no_rotation_and_tiny_ones_have_finite_gradients() {
    for (plain, slack) in backends() {
        let device = plain.clone().autodiff();
        let weights = scattered([1, 4, 4], 77, &plain) - 0.5;
        for (size, invert) in
            [0.0_f32, 1e-30, 1e-20, 1e-8, 1e-4].into_iter().flat_map(|size| [(size, false), (size, true)])
        {
            let leaves = || {
                let axis_angle = Tensor::<2>::from_data([[size, -size, size]], &device);
                [axis_angle, vectors(1, 78, &device)]
            };
            let found = results(leaves(), &weights, |a, t| transform(a, t, invert));
            let [motion, by_axis_angle, by_translation] =
                results(leaves(), &weights, |a, t| reference_transform(a, t, invert));
            assert!(found.iter().flatten().all(|value| value.is_finite()), "{size}: {found:?}");
            assert!(largest_difference(&found[0], &motion) <= 1e-6 * slack);
            assert!(largest_difference(&found[2], &by_translation) <= 1e-6 * slack);
            if size == 0.0 {
                assert_eq!(found[1], [0.0; 3]);
            } else if size >= 1e-8 {
                // Below, drivers may take the squares for 0.
                let difference = largest_difference(&found[1], &by_axis_angle);
                assert!(difference <= 1e-3 * slack, "{size}: {:?}, {by_axis_angle:?}", found[1]);
            }
        }
    }
}

fn cameras(batch: usize) -> Vec<Intrinsics> {
    let camera = |index| Intrinsics { centre_x: 0.4 + 0.05 * index as f32, ..Intrinsics::KITTI };
    (0..batch).map(camera).collect()
}

#[test]
fn camera_projections_agree_with_the_reference() {
    let size = ImageSize { height: 37, width: 45 };
    for (plain, slack) in backends() {
        let device = plain.clone().autodiff();
        for (batch, count) in (1..=5).flat_map(|batch| [(batch, 1), (batch, 3)]) {
            let cameras = cameras(batch);
            let weights = scattered([batch, count, 3, 4], 80, &plain) - 0.5;
            let run = |project: &dyn Fn(Vec<Tensor<3>>) -> Tensor<4>| {
                let motion =
                    |index: usize| scattered([batch, 4, 4], 81 + index as u32, &device).require_grad();
                let motions: Vec<Tensor<3>> = (0..count).map(motion).collect();
                let projections = project(motions.clone());
                let gradients = (projections.clone() * weights.clone()).sum().backward();
                let gradients = motions.iter().map(|motion| values(motion.grad(&gradients).unwrap()));
                [values(projections)].into_iter().chain(gradients).collect::<Vec<_>>()
            };
            let found = run(&|motions| camera_projections(motions, &cameras, size));
            let expected = run(&|motions| {
                let projections = motions.into_iter().map(|m| reference_camera_projection(m, &cameras, size));
                Tensor::stack(projections.collect(), 1)
            });
            for (found, expected) in found.iter().zip(&expected) {
                let difference = relative_difference(found, expected);
                assert!(difference <= f64::from(2e-6 * slack), "{batch}, {count}: {difference}");
            }
        }
    }
}

#[test]
fn the_gradient_of_camera_projections_is_their_slope() {
    // What is linear has the same slope everywhere.
    let size = ImageSize { height: 37, width: 45 };
    for (plain, slack) in backends() {
        let cameras = cameras(2);
        let weights = scattered([2, 1, 3, 4], 90, &plain) - 0.5;
        let change = scattered([2, 4, 4], 91, &plain) - 0.5;
        let sum =
            |motion: Tensor<3>| (camera_projections(vec![motion], &cameras, size) * weights.clone()).sum();
        let leaf = scattered([2, 4, 4], 92, &plain.clone().autodiff()).require_grad();
        let gradient = leaf.grad(&sum(leaf.clone()).backward()).unwrap();
        let expected = values((gradient * change.clone()).sum())[0];
        let found = values(sum(change))[0];
        assert!((found - expected).abs() <= 1e-5 * slack * expected.abs(), "{found}, not {expected}");
    }
}

#[test]
fn means_of_planes_agree_with_the_reference() {
    for (plain, slack) in backends() {
        let device = plain.clone().autodiff();
        for shape in [[1, 12, 1, 1], [2, 6, 2, 3], [3, 12, 6, 20], [5, 1, 13, 17]] {
            let weights = scattered([shape[0], shape[1], 1, 1], 100, &plain) - 0.5;
            let run = |means: fn(Tensor<4>, f32) -> Tensor<4>| {
                let map = scattered(shape, 101, &device).require_grad();
                let means = means(map.clone(), 0.01);
                let gradients = (means.clone() * weights.clone()).sum().backward();
                [values(means), values(map.grad(&gradients).unwrap())]
            };
            for (found, expected) in run(plane_means).iter().zip(&run(reference_plane_means)) {
                assert!(relative_difference(found, expected) <= f64::from(1e-6 * slack), "{shape:?}");
            }
        }
    }
}
