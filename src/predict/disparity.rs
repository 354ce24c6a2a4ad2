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

    /// The values at some pixels of a picture of another size, bilinear; pixels are counted row by row.
    pub fn at(&self, pixels: &[usize], size: ImageSize) -> Vec<f32> {
        let rows: Vec<_> = bilinear_taps(self.size.height, size.height).collect();
        let columns: Vec<_> = bilinear_taps(self.size.width, size.width).collect();
        let blend = |a: f32, b: f32, share: f32| a * (1.0 - share) + b * share;
        let value = |pixel: &usize| {
            let (above, below, y) = rows[pixel / size.width];
            let (left, right, x) = columns[pixel % size.width];
            let on_row = |row: usize| {
                let row = &self.values[row * self.size.width..];
                blend(row[left], row[right], x)
            };
            blend(on_row(above), on_row(below), y)
        };
        pixels.iter().map(value).collect()
    }

    /// Depth times `metres_per_unit`, row by row.
    pub fn depths(&self, per_network_unit: f32) -> Vec<f32> {
        self.values.iter().map(|disparity| per_network_unit / disparity).collect()
    }
}
