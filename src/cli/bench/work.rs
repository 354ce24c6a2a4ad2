//! What is timed: a step, the objective alone, a prediction, loading.

use super::{
    BenchSetup, Timing,
    floor::{Floor, LowerBound},
    time,
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

/// Multiply-adds for a pixel of the input in the convolutions of the ResNet18 depth network: 36 144 in
/// the encoder, 29 070 in the decoder.
const DEPTH_MULTIPLY_ADDS: f64 = 65_214.0;
/// The same for a pair of images in the pose network.
const POSE_MULTIPLY_ADDS: f64 = 39_779.0;
/// A backward pass does the forward pass's products twice: for the input and for the weights.
const PASSES: f64 = 3.0;
/// Of these, the input's of the first layers (7×7, stride 2, 64 channels from 3 and from 6): nobody asks for
/// the gradient of a picture.
const DEPTH_PICTURE_MULTIPLY_ADDS: f64 = 2_352.0;
const POSE_PICTURES_MULTIPLY_ADDS: f64 = 4_704.0;
/// Bytes of a weight's update: weight, gradient and both running means are read, all but the gradient
/// written.
const UPDATE_BYTES: f64 = 28.0;
/// Files that loading is timed on.
const MOST_FILES: usize = 20;
/// The size of KITTI's frames.
const KITTI_SIZE: ImageSize = ImageSize { height: 375, width: 1242 };

/// Threads that files are loaded by.
#[derive(Clone, Copy)]
pub(super) enum Threads {
    One,
    All,
}

pub(super) fn step(setting: &BenchSetup) -> Result<Timing> {
    let mut steps = Steps::new(setting)?;
    let timing = time(setting, setting.batch, || {
        steps.take()?;
        wait_for(&setting.compute.device)
    })?;
    let pairs = ObjectiveConfig::default().temporal_sources().count() as f64;
    let products = PASSES * (DEPTH_MULTIPLY_ADDS + pairs * POSE_MULTIPLY_ADDS);
    let unneeded = DEPTH_PICTURE_MULTIPLY_ADDS + pairs * POSE_PICTURES_MULTIPLY_ADDS;
    let demand = LowerBound {
        multiply_adds: pixels(setting) * (products - unneeded),
        update_bytes: steps.weights as f64 * UPDATE_BYTES,
    };
    Ok(Timing { floor: Some(Floor::of(demand, setting)), ..timing })
}

/// Training steps of mode M with ResNet18 networks, always on the same batch.
pub(super) struct Steps {
    learner: TrainState,
    samples: SampleTensors,
    seed: u64,
    step: u64,
    /// Weights of all networks.
    weights: usize,
}

impl Steps {
    pub(super) fn new(setting: &BenchSetup) -> Result<Self> {
        let objective = ObjectiveConfig::default();
        let device = setting.compute.device.clone();
        let architecture = Architecture::new(&network(setting.size), &objective)?;
        let networks = Networks::new(&architecture, setting.seed, &device);
        let weights = networks.num_params();
        let learner = TrainState::new(networks, Objective::new(&objective, setting.size));
        let samples = SampleTensors::upload(&samples(setting, &objective)?, &device.autodiff());
        Ok(Self { learner, samples, seed: setting.seed, step: 0, weights })
    }

    /// Hands a step to the device.
    pub(super) fn take(&mut self) -> Result<()> {
        self.step += 1;
        let noise = Noise::Drawn { seed: self.seed, step: self.step };
        self.learner.step_on_batch(&self.samples, noise, 1e-4, &BTreeSet::new())?;
        Ok(())
    }
}

pub(super) fn objective(setting: &BenchSetup) -> Result<Timing> {
    let config = ObjectiveConfig::default();
    let device = setting.compute.device.clone().autodiff();
    let samples = SampleTensors::upload(&samples(setting, &config)?, &device);
    let objective = Objective::new(&config, setting.size);
    let random = |shape: [usize; 4]| {
        Tensor::<4>::random(shape, Distribution::Uniform(0.0, 1.0), &device).require_grad()
    };
    let disparities: BTreeMap<usize, Tensor<4>> = config
        .scales
        .iter()
        .map(|scale| {
            let size = setting.size.at_scale(*scale);
            (*scale, random([setting.batch, 1, size.height, size.width]))
        })
        .collect();
    let motion =
        || Tensor::<2>::random([setting.batch, 3], Distribution::Normal(0.0, 0.01), &device).require_grad();
    let motions: Vec<(FrameId, Tensor<2>, Tensor<2>)> =
        config.temporal_sources().map(|id| (id, motion(), motion())).collect();
    let mut step = 0;
    time(setting, setting.batch, || {
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
            noise: Noise::Drawn { seed: setting.seed, step },
        };
        let gradients = objective.evaluate(&inputs, &BTreeSet::new()).loss.backward();
        let first = disparities.values().next().and_then(|leaf| leaf.grad(&gradients));
        first.context("the loss has no gradient")?.sum().into_scalar::<f32>();
        wait_for(&setting.compute.device)
    })
}

pub(super) fn predict(setting: &BenchSetup) -> Result<Timing> {
    let config = ObjectiveConfig { frame_ids: vec![FrameId::TARGET], ..ObjectiveConfig::default() };
    let device = &setting.compute.device;
    let architecture = Architecture::new(&network(setting.size), &config)?;
    let networks = Networks::new(&architecture, setting.seed, device);
    let samples = SampleTensors::upload(&samples(setting, &config)?, device);
    let image = &samples.network_input[&FrameId::TARGET];
    let timing = time(setting, setting.batch, || {
        for disparity in networks.depth.disparities(image.clone()).into_values() {
            disparity.sum().into_scalar::<f32>();
        }
        Ok(())
    })?;
    let multiply_adds = pixels(setting) * DEPTH_MULTIPLY_ADDS;
    let floor = Floor::of(LowerBound { multiply_adds, update_bytes: 0.0 }, setting);
    Ok(Timing { floor: Some(floor), ..timing })
}

pub(super) fn load(setting: &BenchSetup, threads: Threads) -> Result<Timing> {
    let made = tempfile::tempdir()?;
    let files = match &setting.frames {
        Some(folder) => find_images(folder)?,
        None => made_frames(made.path(), setting.seed)?,
    };
    let files = &files[..files.len().min(MOST_FILES)];
    let load = |file: &PathBuf| -> Result<()> {
        data::image::pyramid(&data::image::read(file)?, setting.size, 4);
        Ok(())
    };
    time(setting, files.len(), || match threads {
        Threads::One => files.iter().try_for_each(load),
        Threads::All => files.par_iter().try_for_each(load),
    })
}

/// An update of all weights of the networks of a step.
pub(super) fn optimiser(setting: &BenchSetup) -> Result<Timing> {
    let architecture = Architecture::new(&network(setting.size), &ObjectiveConfig::default())?;
    let networks = Networks::new(&architecture, setting.seed, &setting.compute.device).train();
    let weights = networks.num_params() as f64;
    let mut gradients = RandomGradients::default();
    networks.visit(&mut gradients);
    let mut networks = Some(networks);
    let mut adam = AdamState::default();
    let timing = time(setting, 1, || {
        let mut given = GradientsParams::new();
        gradients.0.iter().for_each(|give| give(&mut given));
        networks = networks.take().map(|networks| adam.step(networks, given, 1.0, 1e-4, 0.0));
        wait_for(&setting.compute.device)
    })?;
    let demand = LowerBound { multiply_adds: 0.0, update_bytes: weights * UPDATE_BYTES };
    Ok(Timing { floor: Some(Floor::of(demand, setting)), ..timing })
}

/// Hands out a gradient for each weight, again and again.
#[derive(Default)]
struct RandomGradients(Vec<GradientSource>);

type GradientSource = Box<dyn Fn(&mut GradientsParams)>;

impl ModuleVisitor for RandomGradients {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let (id, gradient) = (parameter.id, parameter.val().inner() * 0.01);
        self.0.push(Box::new(move |gradients| gradients.register::<D>(id, gradient.clone())));
    }
}

fn network(size: ImageSize) -> NetworkConfig {
    NetworkConfig { height: size.height, width: size.width, ..NetworkConfig::default() }
}

/// A batch of frames of the built-in drive.
fn samples(setting: &BenchSetup, objective: &ObjectiveConfig) -> Result<Vec<Sample>> {
    let frames = setting.batch as u32 + 2;
    let options = DriveOptions { seed: setting.seed, frames, size: setting.size };
    let drive = BuiltInDrive::new(options);
    let sample = SampleOptions::of(objective, setting.size);
    (1..=setting.batch as u32)
        .map(|frame| Ok(load_sample(&drive, &target(&drive, frame), &sample, &Augmentation::default())?))
        .collect()
}

fn target(drive: &BuiltInDrive, frame: u32) -> FrameKey {
    FrameKey { folder: drive.drives()[0].folder.clone(), frame, side: Side::Left }
}

/// Frames of the built-in drive as JPEGs of KITTI's size.
fn made_frames(folder: &Path, seed: u64) -> Result<Vec<PathBuf>> {
    let drive = BuiltInDrive::new(DriveOptions { seed, frames: 5, size: KITTI_SIZE });
    let save = |frame: u32| {
        let path = folder.join(format!("{frame:010}.jpg"));
        data::image::write(&path, &drive.image(&target(&drive, frame))?)?;
        Ok(path)
    };
    (0..5).map(save).collect()
}

fn pixels(setting: &BenchSetup) -> f64 {
    (setting.batch * setting.size.pixels()) as f64
}

/// Lets the device finish what it was given.
pub(super) fn wait_for(device: &Device) -> Result<()> {
    device.sync().context("the device gave up")
}
