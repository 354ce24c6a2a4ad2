//! Depth evaluation: frames are read ahead on other threads while the networks work on this one.

use super::{
    DepthMetrics, DepthPairs, DistanceRange, Predictions, Protocol, Scaling, Truth,
    distance::ErrorByDistance, median,
};
use crate::{
    config::ImageSize,
    data::{DataError, DepthMap, FrameKey, FrameSource},
    predict::DisparityMap,
};
use anyhow::{Context, Result, bail};
use crossbeam_channel::{Receiver, Sender, bounded};
use image::RgbImage;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::{collections::VecDeque, sync::Arc, thread, time::Instant};

/// Frames that are read at once; twice as many, of two to three megabytes each, wait at most.
const AT_ONCE: usize = 4;

/// What to evaluate, and against what.
pub struct DepthJob {
    /// Where frames come from.
    pub source: Arc<dyn FrameSource>,
    /// The frames.
    pub keys: Vec<FrameKey>,
    /// Their true depth.
    pub truth: Truth,
    /// What is evaluated.
    pub predictions: Predictions,
    /// Which pixels count, and how predictions are brought to metres.
    pub protocol: Protocol,
    /// Whether frames without a true depth are predicted too, for who keeps the disparities.
    pub predict_all: bool,
}

/// One image's result.
#[derive(Clone, Debug, Serialize, PartialEq, Deserialize)]
pub struct ImageResult {
    /// The image.
    pub key: String,
    /// Its metrics.
    #[serde(flatten)]
    pub metrics: DepthMetrics,
    /// Median of true depths / median of predicted ones, before any scaling.
    pub ratio: f64,
    /// How many pixels counted.
    pub pixels: usize,
}

/// What became of a frame, or of an image that waited.
#[derive(Clone, Debug)]
pub enum FrameOutcome {
    /// The image is scored.
    Scored(ImageResult),
    /// The image waits for the ratios of the others: its score comes after the last frame.
    Waiting(FrameKey),
    /// No pixel of the frame has a true depth that counts.
    WithoutDepth(FrameKey),
}

/// The result over all images.
#[derive(Clone, Debug, Serialize, PartialEq, Deserialize)]
pub struct DepthEvaluation {
    /// Mean metrics.
    #[serde(flatten)]
    pub metrics: DepthMetrics,
    /// Median over images of the ratio of medians.
    pub ratio_median: f64,
    /// Spread of the ratios relative to their median.
    pub ratio_std: f64,
    /// How many images counted.
    pub images: usize,
    /// How many had no true depth that counts.
    pub images_without_depth: usize,
    /// How many images were scored in a second.
    pub images_per_second: f64,
    /// How the numbers were made.
    pub protocol: String,
    /// How large errors are at which distance, over all images.
    pub by_distance: Vec<DistanceRange>,
    /// Every image.
    pub per_image: Vec<ImageResult>,
}

/// A frame that was read.
struct ReadFrame {
    key: FrameKey,
    image: Option<RgbImage>,
    truth: Option<DepthMap>,
}

/// An evaluation under way: an iterator over what becomes of the frames, in their order. Dropping it
/// cancels what is left. If it ends with an error, there is no more.
pub struct DepthEvaluator {
    frames: Receiver<Result<ReadFrame, DataError>>,
    predictions: Predictions,
    protocol: Protocol,
    describe: String,
    started: Instant,
    total: usize,
    seen: usize,
    without_depth: usize,
    waiting: VecDeque<(FrameKey, DepthPairs)>,
    common_factor: Option<f64>,
    results: Vec<ImageResult>,
    by_distance: ErrorByDistance,
}

impl DepthEvaluator {
    /// Begins to read frames.
    ///
    /// # Errors
    /// There is none, or the system starts no thread.
    pub fn new(job: DepthJob) -> Result<Self> {
        let DepthJob { source, keys, truth, predictions, protocol, predict_all } = job;
        if keys.is_empty() {
            bail!("there is no frame to evaluate: choose a split that names some");
        }
        let describe = format!(
            "{}; true depth: {}; {}; {}",
            pictures(source.as_ref(), &keys, &predictions),
            truth.describe(),
            predictions.describe(),
            protocol.describe()
        );
        let total = keys.len();
        let (sender, frames) = bounded(AT_ONCE);
        let size = predictions.input_size();
        thread::Builder::new()
            .name("evaluation reader".to_owned())
            .spawn(move || read_ahead(source.as_ref(), &keys, &truth, size, predict_all, &sender))
            .context("the thread that reads frames cannot be started")?;
        Ok(Self {
            frames,
            predictions,
            protocol,
            describe,
            started: Instant::now(),
            total,
            seen: 0,
            without_depth: 0,
            waiting: VecDeque::new(),
            common_factor: None,
            results: Vec::new(),
            by_distance: ErrorByDistance::default(),
        })
    }

    /// How the numbers are made.
    pub fn describe(&self) -> &str {
        &self.describe
    }

    /// How many frames are looked at.
    pub fn total(&self) -> usize {
        self.total
    }

    /// How many were looked at so far.
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// The size of the disparities.
    pub fn disparity_size(&self) -> ImageSize {
        self.predictions.size()
    }

    /// The images that are scored so far.
    pub fn results(&self) -> &[ImageResult] {
        &self.results
    }

    /// As the iterator; `keep` gets each disparity that is predicted.
    pub fn advance(
        &mut self,
        keep: &mut dyn FnMut(&DisparityMap) -> Result<()>,
    ) -> Option<Result<FrameOutcome>> {
        if self.seen < self.total {
            let progress = self.look(keep);
            if progress.is_err() {
                // Nothing follows an error.
                self.seen = self.total;
                self.waiting.clear();
            }
            return Some(progress);
        }
        let (key, pairs) = self.waiting.pop_front()?;
        let factor = *self.common_factor.get_or_insert_with(|| {
            let ratios = std::iter::once(&pairs).chain(self.waiting.iter().map(|(_, pairs)| pairs));
            median(&ratios.map(|pairs| pairs.ratio() as f32).collect::<Vec<_>>())
        });
        Some(Ok(FrameOutcome::Scored(self.score(&key, &pairs, factor))))
    }

    /// The result over all images, after the last.
    ///
    /// # Errors
    /// No image had a true depth.
    pub fn finish(&mut self) -> Result<DepthEvaluation> {
        if self.results.is_empty() {
            bail!(
                "none of the {} frames has a true depth that counts ({}); check that data, split and \
                 --ground-truth belong together",
                self.total,
                self.describe
            );
        }
        let ratios: Vec<f32> = self.results.iter().map(|image| image.ratio as f32).collect();
        let ratio_median = median(&ratios);
        let relative: Vec<f64> = ratios.iter().map(|ratio| f64::from(*ratio) / ratio_median).collect();
        let count = relative.len() as f64;
        let mean = relative.iter().sum::<f64>() / count;
        let variance = relative.iter().map(|ratio| (ratio - mean).powi(2)).sum::<f64>() / count;
        let used = self.common_factor.map(|factor| format!(" (depth × {factor:.4})")).unwrap_or_default();
        Ok(DepthEvaluation {
            metrics: DepthMetrics::mean(self.results.iter().map(|image| &image.metrics)),
            ratio_median,
            ratio_std: variance.sqrt(),
            images: self.results.len(),
            images_without_depth: self.without_depth,
            images_per_second: self.results.len() as f64 / self.started.elapsed().as_secs_f64(),
            protocol: format!("{}{used}", self.describe),
            by_distance: self.by_distance.ranges(),
            per_image: std::mem::take(&mut self.results),
        })
    }

    fn look(&mut self, keep: &mut dyn FnMut(&DisparityMap) -> Result<()>) -> Result<FrameOutcome> {
        let frame = self.frames.recv().context("the thread that reads frames has ended early")?;
        let ReadFrame { key, image, truth } = frame?;
        self.seen += 1;
        let needs_image = self.predictions.input_size().is_some();
        let disparity =
            (!needs_image || image.is_some()).then(|| self.predictions.disparity(&key, image)).transpose()?;
        if let Some(disparity) = &disparity {
            keep(disparity)?;
        }
        let pairs =
            disparity.zip(truth).and_then(|(disparity, truth)| self.protocol.pairs(&disparity, &truth));
        let Some(pairs) = pairs else {
            self.without_depth += 1;
            return Ok(FrameOutcome::WithoutDepth(key));
        };
        let factor = match self.protocol.scaling {
            Scaling::MedianOfEach => pairs.ratio(),
            Scaling::Factor(factor) => factor,
            Scaling::MedianOfAll => {
                self.waiting.push_back((key.clone(), pairs));
                return Ok(FrameOutcome::Waiting(key));
            }
        };
        Ok(FrameOutcome::Scored(self.score(&key, &pairs, factor)))
    }

    fn score(&mut self, key: &FrameKey, pairs: &DepthPairs, factor: f64) -> ImageResult {
        let result = ImageResult {
            key: key.to_string(),
            metrics: pairs.metrics(&self.protocol, factor),
            ratio: pairs.ratio(),
            pixels: pairs.pixels(),
        };
        self.by_distance.add(pairs.scaled(&self.protocol, factor));
        self.results.push(result.clone());
        result
    }
}

impl Iterator for DepthEvaluator {
    type Item = Result<FrameOutcome>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance(&mut |_| Ok(()))
    }
}

/// Sends the frames in their order until nobody listens.
fn read_ahead(
    source: &dyn FrameSource,
    keys: &[FrameKey],
    truth: &Truth,
    size: Option<ImageSize>,
    predict_all: bool,
    sender: &Sender<Result<ReadFrame, DataError>>,
) {
    let read = |key: &FrameKey| -> Result<ReadFrame, DataError> {
        let truth = truth.depth(source, key)?;
        let image = match size.filter(|_| predict_all || truth.is_some()) {
            Some(size) => Some(source.resized(key, size)?.image),
            None => None,
        };
        Ok(ReadFrame { key: key.clone(), image, truth })
    };
    for keys in keys.chunks(AT_ONCE) {
        let frames: Vec<_> = keys.par_iter().map(read).collect();
        for frame in frames {
            if sender.send(frame).is_err() {
                return;
            }
        }
    }
}

/// What files the images are read from: published numbers are of JPEG, and of PNG the third decimal may
/// be another.
fn pictures(source: &dyn FrameSource, keys: &[FrameKey], predictions: &Predictions) -> String {
    if predictions.input_size().is_none() {
        return format!("{} images", keys.len());
    }
    let is_png =
        |key: &FrameKey| source.file(key)?.extension().map(|ending| ending.eq_ignore_ascii_case("png"));
    let kinds: Vec<bool> = keys.iter().filter_map(is_png).collect();
    let pngs = kinds.iter().filter(|is_png| **is_png).count();
    match (kinds.len(), pngs) {
        (0, _) => format!("{} rendered images", keys.len()),
        (_, 0) => format!("{} images (JPEG)", keys.len()),
        (all, pngs) if all == pngs => format!("{} images (PNG)", keys.len()),
        (all, pngs) => format!("{} images ({} JPEG, {pngs} PNG)", keys.len(), all - pngs),
    }
}

/// Compares the disparity of one image with its true depth, scaled by the ratio of medians; `None` if no
/// pixel counts.
pub fn compare_disparity(
    disparity: &DisparityMap,
    truth: &DepthMap,
    protocol: &Protocol,
) -> Option<(DepthMetrics, f64)> {
    let pairs = protocol.pairs(disparity, truth)?;
    Some((pairs.metrics(protocol, pairs.ratio()), pairs.ratio()))
}
