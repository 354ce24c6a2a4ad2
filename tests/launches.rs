//! Kernels that the GPU backend is asked to run for the objective and for what leads to it: on a card each
//! costs some microseconds, however little it does.

use crate::support::{gpu, launches, scattered};
use burn::tensor::{Device, Tensor};
use monoscope::{
    compute::ops::{MotionChoice, plane_means, rigid_motion},
    config::{FrameId, ImageSize, ObjectiveConfig},
    geometry::Intrinsics,
    model::Motions,
    objective::{Inputs, Noise, Objective},
};
use std::collections::{BTreeMap, BTreeSet};

const SIZE: ImageSize = ImageSize { height: 64, width: 96 };
const BATCH: usize = 2;

/// Holds the work to so many kernels on this thread.
fn takes_at_most<T>(most: usize, what: &str, work: impl FnOnce() -> T) -> T {
    let (result, kernels) = launches(work);
    let count = kernels.values().sum::<usize>();
    assert!(count > 0 && count <= most, "{what} takes {count} kernels, not {most} or fewer: {kernels:#?}");
    println!("{what}: {count} kernels");
    result
}

/// A batch of noise with leaves to differentiate with respect to.
fn inputs(plain: &Device) -> Inputs {
    let device = plain.clone().autodiff();
    let map = |channels: usize, scale: usize, seed: u32, device: &Device| {
        let size = SIZE.at_scale(scale);
        scattered([BATCH, channels, size.height, size.width], seed + scale as u32, device)
    };
    let pyramid = |seed: u32| (0..4).map(|scale| map(3, scale, seed, plain)).collect();
    let disparity = |scale: usize| (scale, (map(1, scale, 31, &device) * 0.5 + 0.1).require_grad());
    let motion = |seed: u32| {
        let still = Tensor::<2>::eye(4, &device).unsqueeze::<3>();
        (scattered([BATCH, 4, 4], seed, &device) * 0.01 + still).require_grad()
    };
    let ids = [FrameId::TARGET, FrameId::PREVIOUS, FrameId::NEXT];
    Inputs {
        colour: ids.into_iter().zip([1, 11, 21]).map(|(id, seed)| (id, pyramid(seed))).collect(),
        disparities: (0..4).map(disparity).collect(),
        source_from_target: Motions::Shared(ids[1..].iter().map(|id| (*id, motion(41))).collect()),
        intrinsics: vec![Intrinsics::KITTI; BATCH],
        predictive_masks: BTreeMap::new(),
        noise: Noise::Drawn { seed: 1, step: 2 },
    }
}

#[test]
fn the_objective_takes_few_kernels() {
    let Some(plain) = gpu() else { return };
    let inputs = inputs(&plain);
    let objective = Objective::new(&ObjectiveConfig::default(), SIZE);
    let evaluate = || objective.evaluate(&inputs, &BTreeSet::new());
    let outcome = takes_at_most(80, "the objective", evaluate);
    let gradients = takes_at_most(30, "its gradient", || outcome.loss.backward());
    for disparity in inputs.disparities.values() {
        assert!(disparity.grad(&gradients).is_some());
    }
}

#[test]
fn a_motion_takes_two_kernels_each_way() {
    let Some(plain) = gpu() else { return };
    let map = scattered([BATCH, 12, 2, 3], 51, &plain.clone().autodiff()).require_grad();
    let motion = takes_at_most(2, "a motion", || {
        let motions = plane_means(map.clone(), 0.01).reshape([0, -1, 6]);
        rigid_motion(motions, MotionChoice { index: 0, invert: true })
    });
    // Besides the two there is the 1 that the sum's gradient begins with, spread over the matrix.
    let sum = motion.sum();
    let gradients = takes_at_most(2 + 3, "its gradient", || sum.backward());
    assert!(map.grad(&gradients).is_some());
}
