//! Prediction of single frames with a snapshot of the networks, and pictures of them.

use super::{
    LossSummary, Picture, PictureSource, SandboxResult,
    map_request::{MapRequest, MapSet, PictureSubject},
    model::ModelSnapshot,
};
use crate::{
    config::{FrameId, ImageSize, ObjectiveConfig},
    data::{
        DepthMap, FrameKey,
        augment::Augmentation,
        image,
        loader::{SampleOptions, load_sample},
    },
    evaluate::{Protocol, compare_disparity},
    geometry::DepthRange,
    inspect::DepthScale,
    model::weights::MetricScale,
    objective::{Adjustment, Inputs, MapName, Noise, Objective, prediction_maps},
    predict::{DisparityMap, SampleTensors, inputs},
};
use anyhow::{Result, ensure};
use burn::tensor::{Device, Tensor, TensorData};
use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
};

/// Prediction of frames outside of training steps.
pub(super) struct FrameView<'a> {
    pub snapshot: &'a ModelSnapshot,
    pub request: MapRequest<'a>,
}

/// A frame with the outputs of the networks for it, before the objective is evaluated.
pub(super) struct PredictedFrame {
    key: FrameKey,
    samples: SampleTensors,
    /// Objective with the sources that exist and can be warped.
    objective: ObjectiveConfig,
    /// Inputs of the objective; `None` without networks.
    inputs: Option<Inputs>,
    /// Size of the image file.
    native_size: ImageSize,
    /// Loss without changes by hand, computed when it is first needed.
    unadjusted: OnceCell<LossSummary>,
    /// True depth of the frame if there is one, read when it is first needed.
    truth: OnceCell<Option<DepthMap>>,
}

impl FrameView<'_> {
    /// Loads and predicts a frame, and leases the watched maps.
    pub fn picture(&self, key: &FrameKey) -> Result<Option<Picture>> {
        if self.request.is_empty() { Ok(None) } else { self.draw(&self.predict(key)?, None) }
    }

    /// Loads and predicts a frame, and returns the watched maps as tensors.
    pub fn maps(&self, key: &FrameKey) -> Result<BTreeMap<MapName, Tensor<4>>> {
        let predicted = self.predict(key)?;
        let maps = match &predicted.inputs {
            Some(inputs) => self.evaluate(&predicted, inputs, None)?.maps,
            None => BTreeMap::new(),
        };
        let selected = self.request.select(&predicted.samples, &maps);
        Ok(selected.map(|(name, map)| (name, map.clone())).collect())
    }

    /// Loads a frame with those of its source frames that exist, and runs the networks.
    pub fn predict(&self, key: &FrameKey) -> Result<PredictedFrame> {
        ensure!(
            self.snapshot.source.contains(key),
            "there is no frame {key} in {}",
            self.snapshot.source.name()
        );
        let mut config = self.snapshot.config.objective.clone();
        if self.snapshot.knows_stereo() && !config.uses_stereo() {
            config.frame_ids.push(FrameId::Stereo);
        }
        let size = self.snapshot.config.network.size();
        let options = SampleOptions::of(&config, size).present(self.snapshot.source.as_ref(), key);
        let sample = load_sample(self.snapshot.source.as_ref(), key, &options, &Augmentation::default())?;
        let samples = SampleTensors::upload(&[sample], &self.request.compute.device);
        let native_size =
            self.snapshot.source.file(key).and_then(|file| image::size(file).ok()).unwrap_or(size);
        config.frame_ids.clone_from(&options.frame_ids);
        let inputs = self.snapshot.networks().map(|networks| {
            config.frame_ids = networks.reachable(&config.frame_ids);
            inputs(networks, &config, &samples, Noise::None)
        });
        Ok(PredictedFrame {
            key: key.clone(),
            samples,
            objective: config,
            inputs,
            native_size,
            unadjusted: OnceCell::new(),
            truth: OnceCell::new(),
        })
    }

    /// Evaluates the objective of a predicted frame, with changes by hand if there are any, and leases the watched
    /// maps.
    pub fn draw(
        &self,
        predicted: &PredictedFrame,
        adjustment: Option<&Adjustment>,
    ) -> Result<Option<Picture>> {
        let PredictedFrame { key, samples, objective, inputs, .. } = predicted;
        let (origin, set) = match inputs {
            None => (PictureSource::Images, MapSet::empty(objective.clone())),
            Some(inputs) => (PictureSource::Prediction, self.evaluate(predicted, inputs, adjustment)?),
        };
        let step = self.snapshot.step().unwrap_or(0);
        let weights = self.snapshot.model.as_ref().map(|model| model.provenance.clone());
        PictureSubject { key: key.clone(), step, origin, weights }.picture(samples, set, self.request)
    }

    /// Computes the watched maps of a predicted frame, with everything else that its picture shows.
    fn evaluate(
        &self,
        predicted: &PredictedFrame,
        inputs: &Inputs,
        adjustment: Option<&Adjustment>,
    ) -> Result<MapSet> {
        let PredictedFrame { key, objective: config, native_size, unadjusted, truth, .. } = predicted;
        let objective = Objective::new(config, self.snapshot.config.network.size());
        let changes = adjustment.filter(|adjustment| !adjustment.is_none());
        let adjusted = changes.map(|changes| changes.apply(inputs.clone(), DepthRange::from(config)));
        let shown = adjusted.as_ref().unwrap_or(inputs);
        let (mut maps, sandbox) = if config.sources().next().is_some() {
            let output = objective.evaluate(shown, self.request.watched);
            let sandbox = adjustment.map(|adjustment| {
                let after = LossSummary::of(&output);
                let before = || match changes {
                    Some(_) => LossSummary::of(&objective.evaluate(inputs, &BTreeSet::new())),
                    None => after,
                };
                let before = *unadjusted.get_or_init(before);
                let camera = inputs.intrinsics[0];
                SandboxResult { adjustment: *adjustment, camera, native_size: *native_size, before, after }
            });
            (output.maps, sandbox)
        } else {
            (prediction_maps(shown, config, self.request.watched), None)
        };
        let inspection = self.request.inspection(&objective, shown, &mut maps);
        self.request.add_flip_uncertainty(self.snapshot.networks(), &predicted.samples, &mut maps);
        let known = self.snapshot.known_scale().cloned();
        let set = MapSet { sandbox, ..MapSet::empty(config.clone()) };
        if inspection.is_none() && !self.request.needs_truth() {
            return Ok(MapSet { maps, scale: known, ..set });
        }
        // An error only means that there is no true depth: KITTI has no LiDAR scan for some frames.
        let truth = truth.get_or_init(|| self.snapshot.source.depth(key).ok().flatten());
        let disparity = DisparityMap::of(scaled_disparity(shown, config))?;
        let scale = known.or_else(|| scale_of_medians(&disparity, truth.as_ref()?));
        if let Some(truth) = truth {
            let metres_per_unit = scale.as_ref().map(|scale| scale.metres_per_unit as f32);
            let size = self.snapshot.config.network.size();
            let predicted = metres_per_unit.map(|scale| disparity.resized(size).depths(scale));
            maps.extend(truth_maps(truth, predicted.as_deref(), size, &self.request.compute.device));
        }
        let inspection = inspection.map(|inspection| {
            let scale = scale.as_ref().map(|MetricScale { metres_per_unit, origin, .. }| DepthScale {
                metres_per_unit: *metres_per_unit,
                origin: origin.clone(),
            });
            let truth = truth.as_ref().map(|DepthMap { width, height, metres }| {
                (metres.clone(), ImageSize { height: *height, width: *width })
            });
            inspection.with_truth(scale, truth)
        });
        Ok(MapSet { maps, inspection, scale, ..set })
    }
}

/// Scale from the predicted depths of a frame to metres: the ratio of the medians of true and predicted depths.
fn scale_of_medians(disparity: &DisparityMap, truth: &DepthMap) -> Option<MetricScale> {
    let (_, metres_per_unit) = compare_disparity(disparity, truth, &Protocol::EIGEN)?;
    let origin = "the ratio of the medians of true and predicted depths in this frame";
    Some(MetricScale::stated(metres_per_unit, origin))
}

/// Inverse depth at the finest trained scale, `[batch, 1, height, width]`.
fn scaled_disparity(inputs: &Inputs, config: &ObjectiveConfig) -> Tensor<4> {
    let (offset, slope) = DepthRange::from(config).coefficients();
    inputs.disparities[&config.finest_scale()].clone() * slope + offset
}

/// True depth in metres at the size of the images, and the relative error of the predicted depth (in metres, one
/// value per pixel of `size`). Both are 0 at pixels without true depth, and `[1, 1, height, width]`.
fn truth_maps(
    truth: &DepthMap,
    predicted: Option<&[f32]>,
    size: ImageSize,
    device: &Device,
) -> Vec<(MapName, Tensor<4>)> {
    let metres = truth.at_size(size);
    let map = |values: Vec<f32>| {
        Tensor::from_data(TensorData::new(values, [1, 1, size.height, size.width]), device)
    };
    let error = predicted.map(|predicted| {
        let error = |(predicted, truth): (&f32, &f32)| match truth {
            truth if *truth > 0.0 => (predicted - truth) / truth,
            _ => 0.0,
        };
        (MapName::DepthError, map(predicted.iter().zip(&metres).map(error).collect()))
    });
    error.into_iter().chain([(MapName::TrueDepth, map(metres))]).collect()
}
