//! Depth prediction for images that belong to no data set.

use super::{DisparityMap, InputImage, image_tensor, memory_budget::MemoryBudget, post_process};
use crate::{
    compute::{self, is_gpu},
    config::{ImageSize, ObjectiveConfig},
    data::{self, augment::mirror},
    geometry::DepthRange,
    model::{
        Networks,
        weights::{self, MetricScale, WeightsError},
    },
};
use anyhow::{Context, Result, bail};
use burn::tensor::{Device, Tensor};
use crossbeam_channel::bounded;
use image::RgbImage;
use std::{path::Path, thread};

/// Capacity of the queues between decoding, prediction and `finish`.
const WAITING: usize = 2;

/// Refuses to predict at a size that needs more memory than there is, before it takes any.
///
/// # Errors
/// If it needs more.
pub fn check_memory(size: ImageSize, device: &Device) -> Result<()> {
    // Measured on the CPU backend with ResNet18: the largest feature maps, of which few are in use at a time.
    const BASE: f64 = 120e6;
    const BYTES_PER_PIXEL: f64 = 240.0;
    let needed = BASE + BYTES_PER_PIXEL * size.height as f64 * size.width as f64;
    let what = format!("a prediction at {size}, the size that the weights state,");
    compute::check_memory(&what, needed as u64, is_gpu(device), "get the weights once more, or take others")
}

/// A depth network with everything needed to predict.
pub struct Predictor {
    networks: Networks,
    size: ImageSize,
    is_size_stated: bool,
    use_stereo: Option<bool>,
    range: DepthRange,
    scale: Option<MetricScale>,
    scale_failure: Option<WeightsError>,
    note: Option<String>,
    device: Device,
}

/// A picture and its predicted disparity.
pub struct PredictedImage {
    /// The picture at its native size.
    pub image: RgbImage,
    /// Scaled disparity, 1 / depth, at the network's size.
    pub disparity: DisparityMap,
}

impl Predictor {
    /// Loads networks from a weights folder or file, and their scale if it is known.
    ///
    /// # Errors
    /// As [`weights::load`].
    pub fn load(path: &Path, device: &Device) -> Result<Self> {
        let loaded = weights::load(path, device)?;
        let (size, is_size_stated) = (loaded.trained_size(), loaded.size.is_some());
        check_memory(size, device)?;
        let (scale, scale_failure) = match MetricScale::of(path, loaded.use_stereo) {
            Ok(scale) => (scale, None),
            Err(error) => (None, Some(error)),
        };
        let (use_stereo, note) = (loaded.use_stereo, loaded.report.note());
        Ok(Self {
            note,
            is_size_stated,
            use_stereo,
            scale,
            scale_failure,
            ..Self::new(loaded.networks, size, device)
        })
    }

    /// Sets the depth range that the networks were trained with, if it is not the default.
    pub fn with_range(self, range: DepthRange) -> Self {
        Self { range, ..self }
    }

    /// Takes networks in memory, with the default depth range and an unknown scale.
    pub fn new(networks: Networks, size: ImageSize, device: &Device) -> Self {
        let range = DepthRange::from(&ObjectiveConfig::default());
        let device = device.clone();
        Self {
            networks,
            size,
            is_size_stated: true,
            use_stereo: None,
            range,
            scale: None,
            scale_failure: None,
            note: None,
            device,
        }
    }

    /// The network's input size.
    pub fn size(&self) -> ImageSize {
        self.size
    }

    /// True if the input size is that of the training; false if the weights do not state it and the usual size is
    /// used.
    pub fn is_size_stated(&self) -> bool {
        self.is_size_stated
    }

    /// True if the networks were trained with stereo pairs, if the weights state it; without, their depth
    /// has no unit.
    pub fn use_stereo(&self) -> Option<bool> {
        self.use_stereo
    }

    /// Metres in a unit of the predicted depth, if known.
    pub fn scale(&self) -> Option<&MetricScale> {
        self.scale.as_ref()
    }

    /// Error of reading the scale file next to the weights, if there was one; their depth then has no unit.
    pub fn scale_failure(&self) -> Option<&WeightsError> {
        self.scale_failure.as_ref()
    }

    /// Note about how the weights were read, if there is something to tell.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Scaled disparity, 1 / depth, `[1, 1, h, w]` at the network's size.
    ///
    /// # Errors
    /// If the network has no output at scale 0.
    pub fn scaled_disparity(&self, image: &RgbImage) -> Result<Tensor<4>> {
        self.scaled_disparities(&[&data::image::resize(image, self.size)])
    }

    /// Scaled disparities `[n, 1, h, w]` of images that have the network's size already.
    ///
    /// # Errors
    /// If the network has no output at scale 0.
    pub fn scaled_disparities(&self, images: &[&RgbImage]) -> Result<Tensor<4>> {
        let input = image_tensor(images.iter().copied(), &self.device);
        let mut disparities = self.networks.depth.disparities(input);
        let disparity = disparities.remove(&0).context("the depth network has no output at scale 0")?;
        let (offset, slope) = self.range.coefficients();
        Ok(disparity.mul_scalar(slope).add_scalar(offset))
    }

    /// Scaled disparity of one image of any size, in host memory; with `flips` blended with the prediction for the
    /// mirror image, which takes twice the time.
    ///
    /// # Errors
    /// As [`Self::scaled_disparities`], or if a disparity is not a finite number above 0.
    pub fn disparity_map(&self, image: &RgbImage, flips: bool) -> Result<DisparityMap> {
        let map = self.unchecked_map(image, flips)?;
        // Every disparity is scaled to the depth range, so that only numbers which are too large give others.
        if map.values.iter().any(|disparity| !(disparity.is_finite() && *disparity > 0.0)) {
            bail!(
                "the networks predict NaN: their weights are too large to compute with, as when training diverges; \
                 take an earlier checkpoint"
            );
        }
        Ok(map)
    }

    fn unchecked_map(&self, image: &RgbImage, flips: bool) -> Result<DisparityMap> {
        let resized;
        let is_of_size = data::image::size_of(image) == self.size;
        let image = if is_of_size {
            image
        } else {
            resized = data::image::resize(image, self.size);
            &resized
        };
        if !flips {
            return DisparityMap::of(self.scaled_disparities(&[image])?);
        }
        let mut mirrored = image.clone();
        mirror(&mut mirrored);
        // The networks are small: two images of one batch cost less than two passes.
        let both = self.scaled_disparities(&[image, &mirrored])?;
        let back = DisparityMap::of(both.clone().narrow(0, 1, 1).flip([3]))?;
        let DisparityMap { size, values } = DisparityMap::of(both.narrow(0, 0, 1))?;
        let values = post_process(&values, &back.values, size.height, size.width);
        Ok(DisparityMap { size, values })
    }

    /// Predicts pictures in their order and passes each result to `finish`. Decoding and `finish` run on threads
    /// of their own, ahead of and behind the prediction unless pictures are large.
    ///
    /// # Errors
    /// The first error of `finish`, which ends the work. A picture that cannot be read is not an error here: it is
    /// passed to `finish` as a result.
    pub fn predict_each(
        &self,
        pictures: &[InputImage],
        flips: bool,
        mut finish: impl FnMut(&InputImage, Result<PredictedImage>) -> Result<()> + Send,
    ) -> Result<()> {
        let budget = &MemoryBudget::default();
        thread::scope(|scope| {
            let (decoded, to_predict) = bounded(WAITING);
            let (predicted, to_finish) = bounded(WAITING);
            // A closed channel means that the consumer stopped.
            scope.spawn(move || {
                pictures.iter().try_for_each(|picture| {
                    budget.wait_for_room();
                    let image = picture.read();
                    let bytes = image.as_ref().map_or(0, |image| image.as_raw().len());
                    decoded.send((picture, image, budget.reserve(bytes)))
                })
            });
            let finisher = scope.spawn(move || {
                to_finish.into_iter().try_for_each(|(picture, outcome, _reserved)| finish(picture, outcome))
            });
            for (picture, image, reserved) in to_predict {
                let outcome = image.map_err(anyhow::Error::from).and_then(|image| {
                    let disparity = self.disparity_map(&image, flips);
                    let disparity = disparity.with_context(|| format!("{picture} cannot be predicted"))?;
                    Ok(PredictedImage { image, disparity })
                });
                if predicted.send((picture, outcome, reserved)).is_err() {
                    break;
                }
            }
            drop(predicted);
            finisher.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}
