//! Kernels that the GPU backend is asked to run for a step, and bytes that it is sent: on a card each launch
//! costs some microseconds, however little it does.

use crate::support::{default_architecture, gpu, launches, scattered};
use burn::tensor::{Device, Tensor};
use monoscope::{
    compute::{
        count_uploads, launched_kernels,
        ops::{MotionChoice, plane_means, rigid_motion},
    },
    config::{FrameId, ImageSize, ObjectiveConfig},
    data::{
        FrameKey, FrameSource, Sample, Side,
        augment::Augmentation,
        loader::{SampleOptions, load_sample},
        synthetic::{BuiltInDrive, DriveOptions},
    },
    geometry::Intrinsics,
    model::{Motions, Networks},
    objective::{Inputs, Noise, Objective},
    predict::SampleTensors,
    train::{MicroBatch, StepOptions, TrainState},
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};

const SIZE: ImageSize = ImageSize { height: 64, width: 96 };
const BATCH: usize = 2;

/// Checks that `work` launches at most `most` kernels on this thread.
fn takes_at_most<T>(most: usize, what: &str, work: impl FnOnce() -> T) -> T {
    let (result, kernels) = launches(work);
    let count = kernels.values().sum::<usize>();
    assert!(count > 0 && count <= most, "{what} takes {count} kernels, not {most} or fewer: {kernels:#?}");
    println!("{what}: {count} kernels");
    result
}

/// Inputs of noise, with leaves to differentiate with respect to.
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
    let plain = gpu();
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
    let plain = gpu();
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

/// One sample from the loader.
fn sample() -> Sample {
    let drive = BuiltInDrive::new(DriveOptions { seed: 1, frames: 3, size: SIZE });
    let key = FrameKey { folder: drive.drives()[0].folder.clone(), frame: 1, side: Side::Left };
    let options = SampleOptions::of(&ObjectiveConfig::default(), SIZE);
    let augmentation = Augmentation::draw(&mut ChaCha8Rng::seed_from_u64(3));
    load_sample(&drive, &key, &options, &augmentation).unwrap()
}

/// Part of a step that a kernel belongs to, by the module that defines it.
fn part_of_step(kernel: &str) -> &'static str {
    const PARTS: [(&str, &str); 8] = [
        ("ops::convolution", "convolution"),
        ("ops::normalisation", "normalisation"),
        ("ops::reprojection", "objective"),
        ("ops::smoothness", "objective"),
        ("ops::reduction", "objective"),
        ("ops::noise", "objective"),
        ("ops::adam", "optimiser"),
        ("ops::guard", "optimiser"),
    ];
    PARTS.iter().find(|(module, _)| kernel.contains(module)).map_or("rest", |(_, part)| part)
}

#[test]
fn a_step_of_the_published_networks_keeps_its_budget_of_launches_and_uploads() {
    let plain = gpu();
    let networks = Networks::new(&default_architecture(), 5, &plain);
    let mut train_state = TrainState::new(networks, Objective::new(&ObjectiveConfig::default(), SIZE));
    let device = plain.autodiff();
    let sample = sample();
    let mut submit = |step: u64| {
        let samples = SampleTensors::upload(std::slice::from_ref(&sample), &device);
        let micro_batch = MicroBatch { samples, noise: Noise::Drawn { seed: 1, step }, share: 1.0 };
        let options =
            StepOptions { learning_rate: 1e-4, clip_gradient_norm: Some(1.0), ..StepOptions::default() };
        train_state.begin_step([micro_batch], options, &BTreeSet::new()).unwrap()
    };
    // The first step also makes the optimiser's moments.
    let first = submit(0);
    let ((second, uploaded), kernels) = launched_kernels(|| count_uploads(|| submit(1)));
    let mut parts = BTreeMap::new();
    for kernel in &kernels {
        *parts.entry(part_of_step(kernel)).or_insert(0) += 1;
    }
    println!("{} launches: {parts:?}; {uploaded} bytes uploaded", kernels.len());
    let budgets =
        [("convolution", 360), ("normalisation", 240), ("objective", 250), ("optimiser", 40), ("rest", 310)];
    for (part, budget) in budgets {
        assert!(
            parts[part] > 0 && parts[part] <= budget,
            "{part} takes {} launches: {kernels:#?}",
            parts[part]
        );
    }
    assert!(kernels.len() <= 1200, "a step takes {} launches", kernels.len());
    let pictures = 3 * 3 * SIZE.pixels();
    // The filter table of the image pyramid takes 2 kB at any size, which is much for images as small as these.
    let bound = 1.2 * pictures as f64;
    assert!((uploaded as f64) <= bound, "{uploaded} bytes for pictures of {pictures}");
    let copies = kernels.iter().filter(|kernel| kernel.contains("OwnKernel")).count();
    assert_eq!(copies, 0, "weights are updated where they lie");
    train_state.finish_step(first.metrics).unwrap();
    train_state.finish_step(second.metrics).unwrap();
}
