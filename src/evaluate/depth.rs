//! Depth evaluation: other threads read frames ahead while the networks work on this one.

use super::{
    DepthMetrics, DepthPairs, DistanceRange, Predictions, Protocol, Scaling, Truth,
    distance::ErrorByDistance,
    metrics::{mean_and_deviation, median},
    plausible::{Plausibility, check_truth, is_swapped, size_of},
};
use crate::{
    config::ImageSize,
    data::{DataError, DepthMap, FrameKey, FrameSource, image::size},
    predict::DisparityMap,
};
use anyhow::{Context, Result, bail};
use crossbeam_channel::{Receiver, Sender, bounded};
use image::RgbImage;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::{collections::VecDeque, sync::Arc, thread, time::Instant};

/// Frames that are read in parallel. At most twice as many, of two to three megabytes each, wait in memory.
const READ_AHEAD: usize = 4;

/// Everything that a depth evaluation needs.
pub struct DepthJob {
    /// Source of the frames.
    pub source: Arc<dyn FrameSource>,
    /// Frames to evaluate.
    pub keys: Vec<FrameKey>,
    /// Source of their true depth.
    pub truth: Truth,
    /// Source of their disparities.
    pub predictions: Predictions,
    /// Pixels that count, and conversion of predictions to metres.
    pub protocol: Protocol,
    /// True to predict also frames without a true depth, for a caller that saves the disparities.
    pub predict_all: bool,
}

/// Result of one image.
#[derive(Clone, Debug, Serialize, PartialEq, Deserialize)]
pub struct ImageResult {
    /// Key of the image, as in split files.
    pub key: String,
    /// Metrics after scaling and clamping.
    #[serde(flatten)]
    pub metrics: DepthMetrics,
    /// Ratio of medians, true / predicted depth, before any scaling.
    pub ratio: f64,
    /// Number of pixels that counted.
    pub pixels: usize,
}

/// Outcome for a frame, or for an image that waited.
#[derive(Clone, Debug)]
pub enum FrameOutcome {
    /// The image is scored.
    Scored(ImageResult),
    /// The image waits for the ratios of the others: its score comes after the last frame.
    Waiting(FrameKey),
    /// No pixel of the frame has a true depth that counts.
    WithoutDepth(FrameKey),
}

/// Result over all images.
#[derive(Clone, Debug, Serialize, PartialEq, Deserialize)]
pub struct DepthEvaluation {
    /// Metrics, mean over images.
    #[serde(flatten)]
    pub metrics: DepthMetrics,
    /// Median of the images' ratios of medians.
    pub ratio_median: f64,
    /// Standard deviation of these ratios / their median.
    pub ratio_std: f64,
    /// Number of images that counted.
    pub images: usize,
    /// Number of images without a true depth that counts.
    pub images_without_depth: usize,
    /// Images scored per second.
    pub images_per_second: f64,
    /// Protocol in words, for the report.
    pub protocol: String,
    /// Errors by range of true depth, over all images.
    pub by_distance: Vec<DistanceRange>,
    /// Results of the single images.
    pub per_image: Vec<ImageResult>,
}

/// A frame after reading: its image, if the predictions need it, and its true depth.
struct ReadFrame {
    key: FrameKey,
    image: Option<RgbImage>,
    truth: Option<DepthMap>,
}

/// Depth evaluation in progress: an iterator over the outcomes of the frames, in their order. It ends after
/// the first error. Dropping it cancels the rest.
pub struct DepthEvaluator {
    frames: Receiver<Result<ReadFrame, DataError>>,
    predictions: Predictions,
    protocol: Protocol,
    description: String,
    started: Instant,
    total: usize,
    done: usize,
    without_depth: usize,
    waiting: VecDeque<(FrameKey, DepthPairs)>,
    common_factor: Option<f64>,
    results: Vec<ImageResult>,
    by_distance: ErrorByDistance,
    plausibility: Plausibility,
}

impl DepthEvaluator {
    /// Starts reading frames.
    ///
    /// # Errors
    /// There are no frames, or the thread that reads them cannot be started.
    pub fn new(job: DepthJob) -> Result<Self> {
        let DepthJob { source, keys, truth, predictions, protocol, predict_all } = job;
        if keys.is_empty() {
            bail!("there is no frame to evaluate: choose a split that names some");
        }
        let description = format!(
            "{}; true depth: {}; {}; {}",
            describe_images(source.as_ref(), &keys, &predictions),
            truth.describe(),
            predictions.describe(),
            protocol.describe()
        );
        let total = keys.len();
        let (sender, frames) = bounded(READ_AHEAD);
        let size = predictions.input_size();
        thread::Builder::new()
            .name("evaluation reader".to_owned())
            .spawn(move || read_ahead(source.as_ref(), &keys, &truth, size, predict_all, &sender))
            .context("the thread that reads frames cannot be started")?;
        Ok(Self {
            frames,
            predictions,
            protocol,
            description,
            started: Instant::now(),
            total,
            done: 0,
            without_depth: 0,
            waiting: VecDeque::new(),
            common_factor: None,
            results: Vec::new(),
            by_distance: ErrorByDistance::default(),
            plausibility: Plausibility::default(),
        })
    }

    /// Protocol in words, for the report.
    pub fn describe(&self) -> &str {
        &self.description
    }

    /// Number of frames to evaluate.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Number of frames evaluated so far.
    pub fn done(&self) -> usize {
        self.done
    }

    /// Size of the disparities.
    pub fn disparity_size(&self) -> ImageSize {
        self.predictions.size()
    }

    /// Results of the images scored so far.
    pub fn results(&self) -> &[ImageResult] {
        &self.results
    }

    /// Doubts that true depths or predictions are what they are taken for, each a sentence; complete after the last
    /// image.
    pub fn doubts(&self) -> Vec<String> {
        self.plausibility.doubts(self.predictions.is_saved())
    }

    /// Advances like the iterator; `keep` receives each predicted disparity.
    pub fn advance(
        &mut self,
        keep: &mut dyn FnMut(&DisparityMap) -> Result<()>,
    ) -> Option<Result<FrameOutcome>> {
        if self.done < self.total {
            let outcome = self.next_frame(keep);
            if outcome.is_err() {
                // The iterator ends after an error.
                self.done = self.total;
                self.waiting.clear();
            }
            return Some(outcome);
        }
        let (key, pairs) = self.waiting.pop_front()?;
        let factor = *self.common_factor.get_or_insert_with(|| {
            let ratios = std::iter::once(&pairs).chain(self.waiting.iter().map(|(_, pairs)| pairs));
            median(&ratios.map(|pairs| pairs.ratio() as f32).collect::<Vec<_>>())
        });
        Some(self.score(&key, &pairs, factor).map(FrameOutcome::Scored))
    }

    /// Summarises all images; call it after the last one.
    ///
    /// # Errors
    /// No image has a true depth that counts.
    pub fn finish(&mut self) -> Result<DepthEvaluation> {
        if self.results.is_empty() {
            let reason = self
                .plausibility
                .too_far(self.protocol.truth_below_metres)
                .unwrap_or_else(|| "check that data, split and --ground-truth belong together".to_owned());
            bail!(
                "none of the {} frames has a true depth that counts ({}); {reason}",
                self.total,
                self.description
            );
        }
        let ratios: Vec<f32> = self.results.iter().map(|image| image.ratio as f32).collect();
        let ratio_median = median(&ratios);
        let relative: Vec<f64> = ratios.iter().map(|ratio| f64::from(*ratio) / ratio_median).collect();
        let (_, ratio_std) = mean_and_deviation(&relative);
        let factor_used =
            self.common_factor.map(|factor| format!(" (depth × {factor:.4})")).unwrap_or_default();
        Ok(DepthEvaluation {
            metrics: DepthMetrics::mean(self.results.iter().map(|image| &image.metrics)),
            ratio_median,
            ratio_std,
            images: self.results.len(),
            images_without_depth: self.without_depth,
            images_per_second: self.results.len() as f64 / self.started.elapsed().as_secs_f64(),
            protocol: format!("{}{factor_used}", self.description),
            by_distance: self.by_distance.ranges(),
            per_image: std::mem::take(&mut self.results),
        })
    }

    fn next_frame(&mut self, keep: &mut dyn FnMut(&DisparityMap) -> Result<()>) -> Result<FrameOutcome> {
        let frame = self.frames.recv().context("the thread that reads frames has ended early")?;
        let ReadFrame { key, image, truth } = frame?;
        self.done += 1;
        let needs_image = self.predictions.input_size().is_some();
        let disparity =
            (!needs_image || image.is_some()).then(|| self.predictions.disparity(&key, image)).transpose()?;
        if let Some(disparity) = &disparity {
            keep(disparity)?;
        }
        if let Some(truth) = &truth {
            self.plausibility.add_truth(truth);
        }
        if let (Some(disparity), Some(truth), true) = (&disparity, &truth, self.predictions.is_saved()) {
            let (predicted, truth) = (disparity.size, size_of(truth));
            if is_swapped(predicted, truth) {
                bail!(
                    "the disparities have {predicted} pixels and the true depth of '{key}' {truth}: rows and columns are \
                     swapped; save both as [height, width]"
                );
            }
            self.plausibility.add_sizes(predicted, truth);
        }
        let pairs =
            disparity.zip(truth).and_then(|(disparity, truth)| self.protocol.pairs(&disparity, &truth));
        let Some(pairs) = pairs else {
            self.without_depth += 1;
            return Ok(FrameOutcome::WithoutDepth(key));
        };
        self.plausibility.add_pairs(&pairs);
        let factor = match self.protocol.scaling {
            Scaling::MedianOfEach => pairs.ratio(),
            Scaling::Factor(factor) => factor,
            Scaling::MedianOfAll => {
                self.waiting.push_back((key.clone(), pairs));
                return Ok(FrameOutcome::Waiting(key));
            }
        };
        self.score(&key, &pairs, factor).map(FrameOutcome::Scored)
    }

    fn score(&mut self, key: &FrameKey, pairs: &DepthPairs, factor: f64) -> Result<ImageResult> {
        let result = ImageResult {
            key: key.to_string(),
            metrics: pairs.metrics(&self.protocol, factor),
            ratio: pairs.ratio(),
            pixels: pairs.pixels(),
        };
        if !(result.metrics.rmse.is_finite() && result.metrics.rmse_log.is_finite()) {
            bail!(
                "the metrics of '{key}' are no numbers: its predicted depth times {factor:e} is not finite; check what \
                 predicted it"
            );
        }
        self.by_distance.add(pairs.scaled(&self.protocol, factor));
        self.results.push(result.clone());
        Ok(result)
    }
}

impl Iterator for DepthEvaluator {
    type Item = Result<FrameOutcome>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance(&mut |_| Ok(()))
    }
}

/// Reads the frames and sends them in their order until the receiver is gone.
fn read_ahead(
    source: &dyn FrameSource,
    keys: &[FrameKey],
    truth: &Truth,
    network_size: Option<ImageSize>,
    predict_all: bool,
    sender: &Sender<Result<ReadFrame, DataError>>,
) {
    let read = |key: &FrameKey| -> Result<ReadFrame, DataError> {
        let truth = truth.depth(source, key)?;
        let frame = match network_size.filter(|_| predict_all || truth.is_some()) {
            Some(size) => Some(source.resized(key, size)?),
            None => None,
        };
        if let Some(truth) = &truth {
            let in_file = || source.file(key).and_then(|file| size(file).ok());
            check_truth(key, truth, frame.as_ref().map(|frame| frame.native_size).or_else(in_file))?;
        }
        Ok(ReadFrame { key: key.clone(), image: frame.map(|frame| frame.image), truth })
    };
    for keys in keys.chunks(READ_AHEAD) {
        let frames: Vec<_> = keys.par_iter().map(read).collect();
        for frame in frames {
            if sender.send(frame).is_err() {
                return;
            }
        }
    }
}

/// Number and file formats of the images. The format matters: published numbers are of JPEG, and PNG may
/// change the third decimal.
fn describe_images(source: &dyn FrameSource, keys: &[FrameKey], predictions: &Predictions) -> String {
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

/// Metrics of one image's disparity after scaling by the ratio of medians, and that ratio (true / predicted);
/// `None` if no pixel counts.
pub fn compare_disparity(
    disparity: &DisparityMap,
    truth: &DepthMap,
    protocol: &Protocol,
) -> Option<(DepthMetrics, f64)> {
    let pairs = protocol.pairs(disparity, truth)?;
    Some((pairs.metrics(protocol, pairs.ratio()), pairs.ratio()))
}
