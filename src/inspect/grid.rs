//! Values of a map on the CPU.

use crate::{compute::values, config::ImageSize};
use burn::tensor::Tensor;

/// Planes of numbers, row by row.
#[derive(Clone, Debug)]
pub(super) struct SamplingGrid {
    pub height: usize,
    pub width: usize,
    values: Vec<f32>,
}

impl SamplingGrid {
    /// Values of a map of this size.
    pub fn new(values: Vec<f32>, ImageSize { height, width }: ImageSize) -> Self {
        Self { height, width, values }
    }

    /// Reads the first item of a batch back from its device.
    pub fn first_of(batch: &Tensor<4>) -> Self {
        let [_, _, height, width] = batch.dims();
        let item = batch.clone().narrow(0, 0, 1).without_autodiff();
        let values = values(item).expect("a map can be read");
        Self { height, width, values }
    }

    /// All values, plane by plane and row by row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The `C` channels of a pixel.
    pub fn at<const C: usize>(&self, [column, row]: [usize; 2]) -> [f64; C] {
        let index = row * self.width + column;
        std::array::from_fn(|channel| f64::from(self.values[channel * self.height * self.width + index]))
    }

    /// Copy of one channel.
    pub fn channel(&self, channel: usize) -> Self {
        let count = self.height * self.width;
        Self { values: self.values[channel * count..(channel + 1) * count].to_vec(), ..*self }
    }

    /// Bilinear interpolation of the channels; positions beyond the border are clamped to it. Whole numbers are
    /// pixel centres. NaN counts as 0.
    pub fn sample<const C: usize>(&self, [x, y]: [f64; 2]) -> [f64; C] {
        let clamped = |position: f64, count: usize| position.max(0.0).min((count - 1) as f64);
        let (x, y) = (clamped(x, self.width), clamped(y, self.height));
        let (left, top) = (x as usize, y as usize);
        let (right, bottom) = ((left + 1).min(self.width - 1), (top + 1).min(self.height - 1));
        let (x_share, y_share) = (x - left as f64, y - top as f64);
        let corners = [[left, top], [right, top], [left, bottom], [right, bottom]].map(|at| self.at::<C>(at));
        std::array::from_fn(|channel| {
            let [top_left, top_right, bottom_left, bottom_right] = corners.map(|corner| corner[channel]);
            let upper = top_left + x_share * (top_right - top_left);
            let lower = bottom_left + x_share * (bottom_right - bottom_left);
            upper + y_share * (lower - upper)
        })
    }

    /// The value at a pixel of an image of `width`×`height`, to which this map is resized as in the objective
    /// (pixel areas aligned).
    pub fn stretched(&self, [column, row]: [usize; 2], [width, height]: [usize; 2]) -> f64 {
        let position =
            |index: usize, own: usize, other: usize| (index as f64 + 0.5) * own as f64 / other as f64 - 0.5;
        let [value] = self.sample([position(column, self.width, width), position(row, self.height, height)]);
        value
    }

    /// The pixel of this map in which the centre of a pixel of an image of `width`×`height` lies.
    pub fn cell(&self, [column, row]: [usize; 2], [width, height]: [usize; 2]) -> [usize; 2] {
        let cell =
            |index: usize, own: usize, other: usize| ((2 * index + 1) * own / (2 * other)).min(own - 1);
        [cell(column, self.width, width), cell(row, self.height, height)]
    }

    /// The mean of all values.
    pub fn mean(&self) -> f64 {
        self.values.iter().map(|value| f64::from(*value)).sum::<f64>() / self.values.len() as f64
    }
}
