//! Timing the work of training and prediction: a step, the objective, a prediction, the optimiser, loading.

use super::{
    floor::{LowerBound, OperationCount, PeakRates},
    setup::{BenchSetup, time},
    timing::Timing,
};
use crate::{
    compute::ops::AdamState,
    config::{FrameId, ImageSize, NetworkConfig, ObjectiveConfig},
    data::{
        self, FrameKey, FrameSource, Sample, Side,
        augment::Augmentation,
        loader::{SampleOptions, load_sample},
        synthetic::{BuiltInDrive, DriveOptions},
    },
    model::{Architecture, Motions, Networks, transform},
    objective::{Inputs, Noise, Objective},
    predict::{SampleTensors, find_images},
    train::TrainState,
};
use anyhow::{Context, Result};
use burn::{
    module::{Module, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::{Device, Distribution, Tensor},
};
use rayon::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// Multiply-adds per pixel of the input in the convolutions of the ResNet18 depth network: 36 144 in
/// the encoder, 29 070 in the decoder.
const DEPTH_MULTIPLY_ADDS: f64 = 65_214.0;
/// Multiply-adds per pixel of the input in the convolutions of the pose network, for a pair of images.
const POSE_MULTIPLY_ADDS: f64 = 39_779.0;
/// A forward pass, and a backward pass of twice its products: for the gradients of inputs and of weights.
const PASSES: f64 = 3.0;
/// Multiply-adds of the first layers (7×7, stride 2, 64 channels from 3 and from 6) for the gradient of their input,
/// which is an image and needs none.
const DEPTH_PICTURE_MULTIPLY_ADDS: f64 = 2_352.0;
const POSE_PICTURES_MULTIPLY_ADDS: f64 = 4_704.0;
/// Bytes per weight of an update: reads weight, gradient and both running means, writes all but the gradient.
const UPDATE_BYTES: f64 = 28.0;
/// Maximum number of files that loading is timed on.
const MAX_FILES: usize = 20;
/// Size of KITTI's frames.
const KITTI_SIZE: ImageSize = ImageSize { height: 375, width: 1242 };

/// Threads to load files with.
#[derive(Clone, Copy)]
pub(super) enum Threads {
    One,
    All,
}

pub(super) fn step(setup: &BenchSetup) -> Result<Timing> {
    let mut steps = Steps::new(setup)?;
    let timing = time(setup, setup.batch, || {
        steps.make()?;
        wait_for(&setup.compute.device)
    })?;
    let pairs = ObjectiveConfig::default().temporal_sources().count() as f64;
    let products = PASSES * (DEPTH_MULTIPLY_ADDS + pairs * POSE_MULTIPLY_ADDS);
    let unneeded = DEPTH_PICTURE_MULTIPLY_ADDS + pairs * POSE_PICTURES_MULTIPLY_ADDS;
    let count = OperationCount {
        multiply_adds: pixels(setup) * (products - unneeded),
        update_bytes: steps.weights as f64 * UPDATE_BYTES,
    };
    Ok(Timing { floor: Some(lower_bound(count, setup)), ..timing })
}

/// Training steps of mode M with ResNet18 networks, always on the same batch.
pub(super) struct Steps {
    train_state: TrainState,
    samples: SampleTensors,
    seed: u64,
    step: u64,
    /// Number of weights of all networks.
    weights: usize,
}

impl Steps {
    pub(super) fn new(setup: &BenchSetup) -> Result<Self> {
        let objective = ObjectiveConfig::default();
        let device = setup.compute.device.clone();
        let architecture = Architecture::new(&network(setup.size), &objective)?;
        let networks = Networks::new(&architecture, setup.seed, &device);
        let weights = networks.num_params();
        let train_state = TrainState::new(networks, Objective::new(&objective, setup.size));
        let samples = SampleTensors::upload(&samples(setup, &objective)?, &device.autodiff());
        Ok(Self { train_state, samples, seed: setup.seed, step: 0, weights })
    }

    /// Makes a step; on the GPU waits only for its metrics.
    pub(super) fn make(&mut self) -> Result<()> {
        self.step += 1;
        let noise = Noise::Drawn { seed: self.seed, step: self.step };
        self.train_state.step_on_batch(&self.samples, noise, 1e-4, &BTreeSet::new())?;
        Ok(())
    }
}

pub(super) fn objective(setup: &BenchSetup) -> Result<Timing> {
    let config = ObjectiveConfig::default();
    let device = setup.compute.device.clone().autodiff();
    let samples = SampleTensors::upload(&samples(setup, &config)?, &device);
    let objective = Objective::new(&config, setup.size);
    let random = |shape: [usize; 4]| {
        Tensor::<4>::random(shape, Distribution::Uniform(0.0, 1.0), &device).require_grad()
    };
    let disparities: BTreeMap<usize, Tensor<4>> = config
        .scales
        .iter()
        .map(|scale| {
            let size = setup.size.at_scale(*scale);
            (*scale, random([setup.batch, 1, size.height, size.width]))
        })
        .collect();
    let motion =
        || Tensor::<2>::random([setup.batch, 3], Distribution::Normal(0.0, 0.01), &device).require_grad();
    let motions: Vec<(FrameId, Tensor<2>, Tensor<2>)> =
        config.temporal_sources().map(|id| (id, motion(), motion())).collect();
    let mut step = 0;
    time(setup, setup.batch, || {
        step += 1;
        let motion = |(id, axis_angle, translation): &(FrameId, Tensor<2>, Tensor<2>)| {
            let is_earlier = *id < FrameId::TARGET;
            (*id, transform(axis_angle.clone(), translation.clone(), is_earlier))
        };
        let inputs = Inputs {
            colour: samples.colour.clone(),
            disparities: disparities.clone(),
            source_from_target: Motions::Shared(motions.iter().map(motion).collect()),
            intrinsics: samples.intrinsics.clone(),
            predictive_masks: BTreeMap::new(),
            noise: Noise::Drawn { seed: setup.seed, step },
        };
        let gradients = objective.evaluate(&inputs, &BTreeSet::new()).loss.backward();
        let first = disparities.values().next().and_then(|leaf| leaf.grad(&gradients));
        first.context("the loss has no gradient")?.sum().into_scalar::<f32>();
        wait_for(&setup.compute.device)
    })
}

pub(super) fn predict(setup: &BenchSetup) -> Result<Timing> {
    let config = ObjectiveConfig { frame_ids: vec![FrameId::TARGET], ..ObjectiveConfig::default() };
    let device = &setup.compute.device;
    let architecture = Architecture::new(&network(setup.size), &config)?;
    let networks = Networks::new(&architecture, setup.seed, device);
    let samples = SampleTensors::upload(&samples(setup, &config)?, device);
    let image = &samples.network_input[&FrameId::TARGET];
    let timing = time(setup, setup.batch, || {
        for disparity in networks.depth.disparities(image.clone()).into_values() {
            disparity.sum().into_scalar::<f32>();
        }
        Ok(())
    })?;
    let multiply_adds = pixels(setup) * DEPTH_MULTIPLY_ADDS;
    let floor = lower_bound(OperationCount { multiply_adds, update_bytes: 0.0 }, setup);
    Ok(Timing { floor: Some(floor), ..timing })
}

pub(super) fn load(setup: &BenchSetup, threads: Threads) -> Result<Timing> {
    let made = tempfile::tempdir()?;
    let files = match &setup.frames {
        Some(folder) => find_images(folder)?,
        None => made_frames(made.path(), setup.seed)?,
    };
    let files = &files[..files.len().min(MAX_FILES)];
    let load = |file: &PathBuf| -> Result<()> {
        data::image::pyramid(&data::image::read(file)?, setup.size, 4);
        Ok(())
    };
    time(setup, files.len(), || match threads {
        Threads::One => files.iter().try_for_each(load),
        Threads::All => files.par_iter().try_for_each(load),
    })
}

/// Times an update of all weights of the networks of a step.
pub(super) fn optimiser(setup: &BenchSetup) -> Result<Timing> {
    let architecture = Architecture::new(&network(setup.size), &ObjectiveConfig::default())?;
    let networks = Networks::new(&architecture, setup.seed, &setup.compute.device).train();
    let weights = networks.num_params() as f64;
    let mut gradients = RandomGradients::default();
    networks.visit(&mut gradients);
    let mut networks = Some(networks);
    let mut adam = AdamState::default();
    let timing = time(setup, 1, || {
        let mut step_gradients = GradientsParams::new();
        gradients.0.iter().for_each(|register| register(&mut step_gradients));
        networks = networks.take().map(|networks| adam.step(networks, step_gradients, 1.0, 1e-4, 0.0));
        wait_for(&setup.compute.device)
    })?;
    let count = OperationCount { multiply_adds: 0.0, update_bytes: weights * UPDATE_BYTES };
    Ok(Timing { floor: Some(lower_bound(count, setup)), ..timing })
}

/// Sources of constant gradients, one for each parameter.
#[derive(Default)]
struct RandomGradients(Vec<GradientSource>);

type GradientSource = Box<dyn Fn(&mut GradientsParams)>;

impl ModuleVisitor for RandomGradients {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let (id, gradient) = (parameter.id, parameter.val().inner() * 0.01);
        self.0.push(Box::new(move |gradients| gradients.register::<D>(id, gradient.clone())));
    }
}

/// Least time for this work at the peak rates of the device.
fn lower_bound(count: OperationCount, setup: &BenchSetup) -> LowerBound {
    let rates = setup.rates.get_or_init(|| PeakRates::measure(&setup.compute.device));
    LowerBound::of(count, rates)
}

fn network(size: ImageSize) -> NetworkConfig {
    NetworkConfig { height: size.height, width: size.width, ..NetworkConfig::default() }
}

/// Loads a batch of frames of the built-in drive.
fn samples(setup: &BenchSetup, objective: &ObjectiveConfig) -> Result<Vec<Sample>> {
    let frames = setup.batch as u32 + 2;
    let options = DriveOptions { seed: setup.seed, frames, size: setup.size };
    let drive = BuiltInDrive::new(options);
    let sample = SampleOptions::of(objective, setup.size);
    (1..=setup.batch as u32)
        .map(|frame| Ok(load_sample(&drive, &target(&drive, frame), &sample, &Augmentation::default())?))
        .collect()
}

fn target(drive: &BuiltInDrive, frame: u32) -> FrameKey {
    FrameKey { folder: drive.drives()[0].folder.clone(), frame, side: Side::Left }
}

/// Writes frames of the built-in drive as JPEG files of KITTI's size; returns their paths.
fn made_frames(folder: &Path, seed: u64) -> Result<Vec<PathBuf>> {
    let drive = BuiltInDrive::new(DriveOptions { seed, frames: 5, size: KITTI_SIZE });
    let save = |frame: u32| {
        let path = folder.join(format!("{frame:010}.jpg"));
        data::image::write(&path, &drive.image(&target(&drive, frame))?)?;
        Ok(path)
    };
    (0..5).map(save).collect()
}

fn pixels(setup: &BenchSetup) -> f64 {
    (setup.batch * setup.size.pixels()) as f64
}

/// Waits until the device has done all queued work.
pub(super) fn wait_for(device: &Device) -> Result<()> {
    device.sync().context("the device failed")
}
