//! Depth prediction for images that belong to no data set.

use super::image_tensor;
use crate::{
    config::{ImageSize, ObjectiveConfig},
    data::{self, image::ENDINGS},
    geometry::DepthRange,
    model::{Networks, weights},
};
use anyhow::{Context, Result, bail};
use burn::tensor::{Device, Tensor};
use image::RgbImage;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A depth network ready to be used.
pub struct Predictor {
    networks: Networks,
    size: ImageSize,
    is_size_stated: bool,
    is_monocular: bool,
    range: DepthRange,
    device: Device,
}

impl Predictor {
    /// Loads networks from a weights folder.
    pub fn load(path: &Path, device: &Device) -> Result<Self> {
        let loaded = weights::load(path, device)?;
        let (size, is_size_stated) = (loaded.trained_size(), loaded.size.is_some());
        let is_monocular = loaded.is_monocular;
        Ok(Self { is_size_stated, is_monocular, ..Self::new(loaded.networks, size, device) })
    }

    /// Uses networks that are already there, with the default depth range.
    pub fn new(networks: Networks, size: ImageSize, device: &Device) -> Self {
        let range = DepthRange::from(&ObjectiveConfig::default());
        Self { networks, size, is_size_stated: true, is_monocular: false, range, device: device.clone() }
    }

    /// The network's input size.
    pub fn size(&self) -> ImageSize {
        self.size
    }

    /// Whether the size is that of the training; weights that do not state it get the usual one.
    pub fn is_size_stated(&self) -> bool {
        self.is_size_stated
    }

    /// Whether the weights state that they were trained without stereo pairs, so that their depth has
    /// no unit.
    pub fn is_monocular(&self) -> bool {
        self.is_monocular
    }

    /// Scaled disparity, 1 / depth, [1, 1, h, w] at the network's size.
    ///
    /// # Errors
    /// If the network has no output at scale 0.
    pub fn scaled_disparity(&self, image: &RgbImage) -> Result<Tensor<4>> {
        self.scaled_disparities(&[&data::image::resize(image, self.size)])
    }

    /// The same for images that have the network's size already, [n, 1, h, w].
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
}

/// The images that an input names: itself, or those of a folder in the order of their names.
///
/// # Errors
/// If there is no such file or folder, or it holds no image.
pub fn find_images(input: &Path) -> Result<Vec<PathBuf>> {
    if input.is_file() {
        return Ok(vec![input.to_owned()]);
    }
    let entries = fs::read_dir(input).with_context(|| {
        format!("the input {} cannot be read; give an image or a folder", input.display())
    })?;
    let is_image = |path: &PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("").to_lowercase();
        ENDINGS.contains(&ending.as_str())
    };
    let mut images: Vec<PathBuf> =
        entries.filter_map(Result::ok).map(|entry| entry.path()).filter(is_image).collect();
    images.sort();
    if images.is_empty() {
        bail!("the folder {} holds no image; {} are read", input.display(), ENDINGS.join(", "));
    }
    Ok(images)
}
