//! Disparity of a picture in host memory.

use crate::{
    compute::{
        ops::{bilinear_taps, resize_plane},
        values,
    },
    config::ImageSize,
};
use anyhow::Result;
use burn::tensor::Tensor;

/// Scaled disparity of a picture: 1 / depth in the network's unit.
#[derive(Clone, Debug, PartialEq)]
pub struct DisparityMap {
    /// Rows and columns.
    pub size: ImageSize,
    /// Row by row.
    pub values: Vec<f32>,
}

impl DisparityMap {
    /// Reads a scaled disparity, `[1, 1, h, w]`, from its device.
    ///
    /// # Errors
    /// The device fails or is lost.
    pub fn of(disparity: Tensor<4>) -> Result<Self> {
        let [_, _, height, width] = disparity.dims();
        Ok(Self { size: ImageSize { height, width }, values: values(disparity)? })
    }

    /// Disparity resized to another size, bilinear.
    pub fn resized(&self, size: ImageSize) -> Self {
        Self { size, values: resize_plane(&self.values, self.size, size) }
    }

    /// Samples the values of [`Self::resized`], each when it is needed.
    pub fn sampled(&self, size: ImageSize) -> SampledDisparity<'_> {
        SampledDisparity {
            map: self,
            rows: bilinear_taps(self.size.height, size.height).collect(),
            columns: bilinear_taps(self.size.width, size.width).collect(),
        }
    }

    /// The values at some pixels of a picture of another size, bilinear; pixels are counted row by row.
    pub fn at(&self, pixels: &[usize], size: ImageSize) -> Vec<f32> {
        let sampled = self.sampled(size);
        pixels.iter().map(|pixel| sampled.value(*pixel)).collect()
    }

    /// Depth times `metres_per_unit`, row by row.
    pub fn depths(&self, per_network_unit: f32) -> Vec<f32> {
        self.values.iter().map(|disparity| per_network_unit / disparity).collect()
    }
}

/// Disparity at the size of a picture, bilinear: a large picture takes no memory for it.
pub struct SampledDisparity<'a> {
    map: &'a DisparityMap,
    rows: Vec<Tap>,
    columns: Vec<Tap>,
}

/// Position along an axis: the value before it, the one after it, and the weight of the latter.
type Tap = (usize, usize, f32);

impl SampledDisparity<'_> {
    /// Value at a pixel; pixels are counted row by row.
    pub fn value(&self, pixel: usize) -> f32 {
        let width = self.columns.len();
        self.blend(self.rows[pixel / width], self.columns[pixel % width])
    }

    /// All values, row by row.
    pub fn values(&self) -> impl Iterator<Item = f32> + Clone {
        self.rows.iter().flat_map(move |row| self.columns.iter().map(move |column| self.blend(*row, *column)))
    }

    fn blend(&self, (above, below, y): Tap, (left, right, x): Tap) -> f32 {
        let width = self.map.size.width;
        let blend = |a: f32, b: f32, share: f32| a * (1.0 - share) + b * share;
        let of_column = |column| {
            blend(self.map.values[above * width + column], self.map.values[below * width + column], y)
        };
        blend(of_column(left), of_column(right), x)
    }
}
