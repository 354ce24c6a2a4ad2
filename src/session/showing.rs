//! From tensors to a picture: leases of the maps that open panes watch.

use super::{Cloud, LossSummary, Picture, PictureSource, Provenance, SandboxResult, model::ModelSnapshot};
use crate::{
    compute::{Compute, Lease},
    config::{FrameId, ImageSize, ObjectiveConfig},
    data::{
        DepthMap, FrameKey,
        augment::Augmentation,
        image,
        loader::{SampleOptions, load_sample},
    },
    evaluate::{Protocol, compare_disparity},
    geometry::{DepthRange, Intrinsics},
    inspect::{DepthScale, PixelInspection, disparity_gradient},
    model::{Networks, weights::MetricScale},
    objective::{Adjustment, Inputs, MapName, MapOrigin, Noise, Objective, prediction_maps},
    predict::{DisparityMap, SampleTensors, flip_uncertainty, inputs},
};
use anyhow::{Result, ensure};
use burn::tensor::{Device, Tensor, TensorData};
use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What open panes want, and where it is to go.
#[derive(Clone, Copy)]
pub(super) struct MapRequest<'a> {
    pub watched: &'a BTreeSet<MapName>,
    /// Whether pixels are asked about.
    pub inspects: bool,
    pub compute: &'a Compute,
}

impl MapRequest<'_> {
    fn is_nothing(self) -> bool {
        self.compute.display.is_none() || (self.watched.is_empty() && !self.inspects)
    }

    /// The watched maps that there are: pictures of the samples, and what was computed.
    fn found<'b>(
        self,
        samples: &'b SampleTensors,
        maps: &'b BTreeMap<MapName, Tensor<4>>,
    ) -> impl Iterator<Item = (MapName, &'b Tensor<4>)>
    where
        Self: 'b,
    {
        let find = move |name: &MapName| match name {
            MapName::Colour(id) => samples.colour.get(id).map(|pyramid| &pyramid[0]),
            MapName::Augmented(id) => samples.network_input.get(id),
            _ => maps.get(name),
        };
        self.watched.iter().filter_map(move |name| Some((*name, find(name)?)))
    }

    /// Whether maps of the true depth are watched.
    fn truth(self) -> bool {
        self.watched.iter().any(|name| name.origin() == MapOrigin::TrueDepth)
    }

    /// Adds how unsure the networks are of the first sample, if that is watched.
    pub fn doubt(
        self,
        networks: Option<&Networks>,
        samples: &SampleTensors,
        maps: &mut BTreeMap<MapName, Tensor<4>>,
    ) {
        let name = MapName::FlipUncertainty;
        let networks = networks.filter(|_| !self.is_nothing() && self.watched.contains(&name));
        maps.extend(networks.and_then(|networks| Some((name, flip_uncertainty(networks, samples)?))));
    }

    /// Gathers evidence if pixels are asked about, and adds the gradient of the disparity to the maps if it
    /// is watched: both come from one backward pass of the loss of the first sample.
    pub fn explain(
        self,
        objective: &Objective,
        inputs: &Inputs,
        maps: &mut BTreeMap<MapName, Tensor<4>>,
    ) -> Option<PixelInspection> {
        if self.is_nothing() {
            return None;
        }
        let evidence = self.inspects.then(|| PixelInspection::gather(objective, inputs));
        let has_loss = objective.config().sources().next().is_some();
        if has_loss && self.watched.contains(&MapName::DisparityGradient) {
            let known = evidence.as_ref().and_then(PixelInspection::gradient);
            let map = match known {
                Some((values, [height, width])) => {
                    let data = TensorData::new(values.to_vec(), [1, 1, height, width]);
                    Tensor::from_data(data, &self.compute.device)
                }
                None => disparity_gradient(objective, inputs),
            };
            maps.insert(MapName::DisparityGradient, map);
        }
        evidence
    }
}

/// What a picture is of.
pub(super) struct PictureSubject {
    pub key: FrameKey,
    pub step: u64,
    pub origin: PictureSource,
    pub weights: Option<Provenance>,
}

/// What was computed of it.
pub(super) struct MapSet {
    pub objective: ObjectiveConfig,
    pub maps: BTreeMap<MapName, Tensor<4>>,
    pub evidence: Option<PixelInspection>,
    pub scale: Option<MetricScale>,
    pub what_if: Option<SandboxResult>,
}

impl PictureSubject {
    /// Leases the watched maps of the first sample; `None` if nothing can or need be drawn.
    pub fn picture(
        self,
        samples: &SampleTensors,
        seen: MapSet,
        request: MapRequest<'_>,
    ) -> Result<Option<Picture>> {
        if request.is_nothing() {
            return Ok(None);
        }
        let mut maps = BTreeMap::new();
        for (name, tensor) in request.found(samples, &seen.maps) {
            maps.insert(name, Arc::new(Lease::new(first_item(tensor), request.compute)?));
        }
        let Self { key, step, origin, weights } = self;
        let MapSet { objective, evidence, scale, what_if, .. } = seen;
        let cloud = cloud(&maps, samples.intrinsics[0], scale);
        let evidence = evidence.map(Arc::new);
        Ok(Some(Picture { key, step, origin, weights, maps, cloud, objective, evidence, what_if }))
    }
}

fn first_item(batch: &Tensor<4>) -> Tensor<3> {
    let [_, channels, height, width] = batch.dims();
    batch.clone().narrow(0, 0, 1).reshape([channels, height, width])
}

fn cloud(
    maps: &BTreeMap<MapName, Arc<Lease>>,
    intrinsics: Intrinsics,
    scale: Option<MetricScale>,
) -> Option<Cloud> {
    let depth = Arc::clone(maps.get(&MapName::Depth)?);
    let colour = Arc::clone(maps.get(&MapName::Colour(FrameId::TARGET))?);
    Some(Cloud { depth, colour, intrinsics, scale })
}

/// Shows frames outside of training steps.
pub(super) struct FrameView<'a> {
    pub snapshot: &'a ModelSnapshot,
    pub request: MapRequest<'a>,
}

/// A frame with what the networks predict for it, before anything is judged.
pub(super) struct PredictedFrame {
    key: FrameKey,
    samples: SampleTensors,
    /// Of the sources that are there and can be warped.
    objective: ObjectiveConfig,
    /// `None` without networks.
    inputs: Option<Inputs>,
    /// The size that it was filmed at.
    filmed: ImageSize,
    /// What the objective says of it without changes, once someone asked.
    judgement: OnceCell<LossSummary>,
    /// Its true depth if there is some, once someone asked.
    truth: OnceCell<Option<DepthMap>>,
}

impl FrameView<'_> {
    /// Loads the frame with those of its sources that exist, predicts, and leases what is watched.
    pub fn picture(&self, key: &FrameKey) -> Result<Option<Picture>> {
        if self.request.is_nothing() { Ok(None) } else { self.draw(&self.predict(key)?, None) }
    }

    /// Loads and predicts the frame, and gives the watched maps themselves.
    pub fn maps(&self, key: &FrameKey) -> Result<BTreeMap<MapName, Tensor<4>>> {
        let predicted = self.predict(key)?;
        let judged = match &predicted.inputs {
            Some(inputs) => self.judge(&predicted, inputs, None)?.maps,
            None => BTreeMap::new(),
        };
        let found = self.request.found(&predicted.samples, &judged);
        Ok(found.map(|(name, map)| (name, map.clone())).collect())
    }

    /// Loads the frame with those of its sources that exist, and predicts.
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
        let filmed = self.snapshot.source.file(key).and_then(|file| image::size(file).ok()).unwrap_or(size);
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
            filmed,
            judgement: OnceCell::new(),
            truth: OnceCell::new(),
        })
    }

    /// Judges what was predicted, with changes if there are any, and leases what is watched.
    pub fn draw(
        &self,
        predicted: &PredictedFrame,
        adjustment: Option<&Adjustment>,
    ) -> Result<Option<Picture>> {
        let PredictedFrame { key, samples, objective, inputs, .. } = predicted;
        let (origin, seen) = match inputs {
            None => {
                let objective = objective.clone();
                let seen =
                    MapSet { objective, maps: BTreeMap::new(), evidence: None, scale: None, what_if: None };
                (PictureSource::Images, seen)
            }
            Some(inputs) => (PictureSource::Prediction, self.judge(predicted, inputs, adjustment)?),
        };
        let step = self.snapshot.step().unwrap_or(0);
        let weights = self.snapshot.model.as_ref().map(|model| model.provenance.clone());
        PictureSubject { key: key.clone(), step, origin, weights }.picture(samples, seen, self.request)
    }

    fn judge(
        &self,
        predicted: &PredictedFrame,
        inputs: &Inputs,
        adjustment: Option<&Adjustment>,
    ) -> Result<MapSet> {
        let PredictedFrame { key, objective: config, filmed, judgement, truth, .. } = predicted;
        let objective = Objective::new(config, self.snapshot.config.network.size());
        let changes = adjustment.filter(|adjustment| !adjustment.is_none());
        let changed = changes.map(|changes| changes.apply(inputs.clone(), DepthRange::from(config)));
        let judged = changed.as_ref().unwrap_or(inputs);
        let (mut maps, what_if) = if config.sources().next().is_some() {
            let outcome = objective.evaluate(judged, self.request.watched);
            let what_if = adjustment.map(|adjustment| {
                let after = LossSummary::of(&outcome);
                let before = || match changes {
                    Some(_) => LossSummary::of(&objective.evaluate(inputs, &BTreeSet::new())),
                    None => after,
                };
                let before = *judgement.get_or_init(before);
                let camera = inputs.intrinsics[0];
                SandboxResult { adjustment: *adjustment, camera, filmed: *filmed, before, after }
            });
            (outcome.maps, what_if)
        } else {
            (prediction_maps(judged, config, self.request.watched), None)
        };
        let evidence = self.request.explain(&objective, judged, &mut maps);
        self.request.doubt(self.snapshot.networks(), &predicted.samples, &mut maps);
        let known = self.known_scale(key);
        let seen =
            MapSet { objective: config.clone(), maps: BTreeMap::new(), evidence: None, scale: None, what_if };
        if evidence.is_none() && !self.request.truth() {
            return Ok(MapSet { maps, scale: known, ..seen });
        }
        // A frame can be looked at without its LiDAR, which KITTI lacks for some.
        let truth = truth.get_or_init(|| self.snapshot.source.depth(key).ok().flatten());
        let disparity = DisparityMap::of(scaled_disparity(judged, config))?;
        let scale = known.or_else(|| scale_of_medians(&disparity, truth.as_ref()?));
        if let Some(truth) = truth {
            let metres_per_unit = scale.as_ref().map(|scale| scale.metres_per_unit as f32);
            let size = self.snapshot.config.network.size();
            let predicted = metres_per_unit.map(|scale| disparity.resized(size).depths(scale));
            maps.extend(truth_maps(truth, predicted.as_deref(), size, &self.request.compute.device));
        }
        let evidence = evidence.map(|evidence| {
            let scale = scale.as_ref().map(|MetricScale { metres_per_unit, origin, .. }| DepthScale {
                metres_per_unit: *metres_per_unit,
                origin: origin.clone(),
            });
            let truth = truth.as_ref().map(|DepthMap { width, height, metres }| {
                (metres.clone(), ImageSize { height: *height, width: *width })
            });
            evidence.with_truth(scale, truth)
        });
        Ok(MapSet { maps, evidence, scale, ..seen })
    }

    /// How predicted depths become metres, as far as no true depth is needed: as a file beside the weights
    /// says, else by the baseline that the networks know.
    fn known_scale(&self, key: &FrameKey) -> Option<MetricScale> {
        let uses_stereo = self.snapshot.knows_stereo() || self.snapshot.config.objective.uses_stereo();
        let of_stereo = |metres: f32| {
            let origin = "the known distance of the stereo cameras it was trained with";
            MetricScale::stated(f64::from(metres), origin)
        };
        self.snapshot
            .stated_scale()
            .cloned()
            .or_else(|| self.snapshot.source.metres_per_unit(key).filter(|_| uses_stereo).map(of_stereo))
    }
}

/// How the predicted depths of a frame become metres by its true depths.
fn scale_of_medians(disparity: &DisparityMap, truth: &DepthMap) -> Option<MetricScale> {
    let (_, metres_per_unit) = compare_disparity(disparity, truth, &Protocol::EIGEN)?;
    let origin = "the ratio of the medians of true and predicted depths in this frame";
    Some(MetricScale::stated(metres_per_unit, origin))
}

/// 1 / depth of the finest trained scale.
fn scaled_disparity(inputs: &Inputs, config: &ObjectiveConfig) -> Tensor<4> {
    let (offset, slope) = DepthRange::from(config).coefficients();
    inputs.disparities[&config.finest_scale()].clone() * slope + offset
}

/// The true depth at the size of the images, and how far predicted depth in metres is off.
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
