//! Predictions to evaluate: those of a network, or a file of disparities.

use crate::{
    config::ImageSize,
    data::{DataError, FrameKey, arrays::npy::NpyRows},
    predict::{DisparityMap, Predictor},
};
use anyhow::{Context, Result, bail};
use image::RgbImage;
use std::{collections::HashMap, path::Path};

/// Source of disparities.
pub enum Predictions {
    /// Predictions of a depth network.
    Network {
        /// Depth network that predicts.
        predictor: Box<Predictor>,
        /// True to blend each disparity with that of the mirror image.
        post_process: bool,
    },
    /// Saved disparities.
    File(DisparityFile),
}

/// A file of disparities, [n, h, w], with the frames that its rows belong to.
pub struct DisparityFile {
    rows: NpyRows,
    size: ImageSize,
    row_of: HashMap<FrameKey, usize>,
}

impl DisparityFile {
    /// Opens a file whose rows are the disparities of these frames, in this order. Rows are read on demand.
    ///
    /// # Errors
    /// The file cannot be read, or does not have one row for each frame.
    pub fn open(path: &Path, frames: &[FrameKey]) -> Result<Self, DataError> {
        let rows = NpyRows::open(path)?;
        // `predict --npy` writes one image with an extra axis of length 1.
        let (count, height, width) = match *rows.shape() {
            [count, height, width] | [count, 1, height, width] | [count, height, width, 1]
                if height > 0 && width > 0 =>
            {
                (count, height, width)
            }
            _ => {
                let axes: Vec<String> = rows.shape().iter().take(6).map(usize::to_string).collect();
                return Err(DataError::Unusable(format!(
                    "{} holds an array of shape [{}]; disparities have the shape [images, height, width]",
                    path.display(),
                    axes.join(", ")
                )));
            }
        };
        if count != frames.len() {
            return Err(DataError::Unusable(format!(
                "{} holds disparities of {count} images, and the list of frames that they should follow has {}; \
                 give the list that they were predicted for as --file-split",
                path.display(),
                frames.len()
            )));
        }
        let row_of = frames.iter().cloned().zip(0..).collect();
        Ok(Self { rows, size: ImageSize { height, width }, row_of })
    }

    fn disparity(&mut self, key: &FrameKey) -> Result<DisparityMap> {
        let Some(row) = self.row_of.get(key) else {
            bail!(
                "{} has no disparity for '{key}', which is not in the list of frames that it follows; \
                 give the list that it was predicted for as --file-split",
                self.rows.path().display()
            );
        };
        let values = self.rows.row(*row)?;
        if values.iter().any(|value| !value.is_finite()) {
            bail!("row {row} of {} ('{key}') is not all finite", self.rows.path().display());
        }
        let not_positive = values.iter().filter(|value| **value <= 0.0).count();
        if not_positive > 0 {
            let least = values.iter().copied().fold(f32::INFINITY, f32::min);
            bail!(
                "row {row} of {} ('{key}') is no disparity: {not_positive} of its {} values are 0 or less (the least is \
                 {least}), and 1 / depth is above 0; save what the network predicts, without a shift or a mask",
                self.rows.path().display(),
                values.len()
            );
        }
        Ok(DisparityMap { size: self.size, values })
    }
}

impl Predictions {
    /// Size at which images are needed; `None` if they are not.
    pub(super) fn input_size(&self) -> Option<ImageSize> {
        match self {
            Self::Network { predictor, .. } => Some(predictor.size()),
            Self::File(_) => None,
        }
    }

    /// True for saved disparities.
    pub(super) fn is_saved(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// Size of the disparities.
    pub fn size(&self) -> ImageSize {
        match self {
            Self::Network { predictor, .. } => predictor.size(),
            Self::File(file) => file.size,
        }
    }

    /// Description for the report.
    pub fn describe(&self) -> String {
        match self {
            Self::Network { post_process, .. } => {
                let blended = if *post_process { ", blended with those of the mirror images" } else { "" };
                format!("disparities of the network at {}{blended}", self.size())
            }
            Self::File(file) => format!("disparities {} of {}", file.size, file.rows.path().display()),
        }
    }

    /// Disparity of a frame, whose image has the size of `input_size`.
    ///
    /// # Errors
    /// The image is needed but not given, or the file has no row for the frame.
    pub fn disparity(&mut self, key: &FrameKey, image: Option<RgbImage>) -> Result<DisparityMap> {
        match self {
            Self::Network { predictor, post_process } => {
                predictor.disparity_map(&image.context("the image was not read")?, *post_process)
            }
            Self::File(file) => file.disparity(key),
        }
    }
}
