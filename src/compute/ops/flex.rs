//! Reading and making tensors of the CPU backend as plain slices.

use burn::{
    backend::{Flex, TensorMetadata, tensor::FloatTensor},
    tensor::TensorData,
};

/// A `[B, C, H, W]` tensor of f32, read plane by plane.
pub(super) struct Planes {
    tensor: FloatTensor<Flex>,
    /// B, C, H, W.
    pub shape: [usize; 4],
}

impl Planes {
    /// Takes any layout; only an odd one is copied.
    pub fn new(tensor: FloatTensor<Flex>) -> Self {
        let shape = tensor.shape().dims();
        let tensor = if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() };
        Self { tensor, shape }
    }

    /// All values.
    pub fn values(&self) -> &[f32] {
        let start = self.tensor.layout().start_offset();
        &self.tensor.storage::<f32>()[start..start + self.shape.iter().product::<usize>()]
    }

    /// Height × width values of one channel of one item.
    pub fn plane(&self, item: usize, channel: usize) -> &[f32] {
        let [_, channels, height, width] = self.shape;
        let start = (item * channels + channel) * height * width;
        &self.values()[start..start + height * width]
    }

    /// All channels of one item.
    pub fn item(&self, item: usize) -> &[f32] {
        let [_, channels, height, width] = self.shape;
        let count = channels * height * width;
        &self.values()[item * count..(item + 1) * count]
    }

    /// One row of a plane.
    pub fn row(&self, item: usize, channel: usize, row: usize) -> &[f32] {
        let width = self.shape[3];
        &self.plane(item, channel)[row * width..(row + 1) * width]
    }
}

/// A tensor of these values.
pub(super) fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FloatTensor<Flex> {
    FloatTensor::<Flex>::from_data(TensorData::new(values, shape))
}
