//! Helpers for the CPU backend: tensors read and made as plain slices.

use burn::{
    backend::{Flex, TensorMetadata, tensor::FloatTensor},
    tensor::TensorData,
};

/// An f32 tensor `[B, C, H, W]`, read plane by plane.
pub(super) struct Planes {
    tensor: FloatTensor<Flex>,
    /// `[B, C, H, W]`.
    pub shape: [usize; 4],
}

impl Planes {
    /// Takes a tensor of any layout; one that is not contiguous is copied.
    pub fn new(tensor: FloatTensor<Flex>) -> Self {
        let shape = tensor.shape().dims();
        let tensor = if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() };
        Self { tensor, shape }
    }

    /// All values in row-major order.
    pub fn values(&self) -> &[f32] {
        let start = self.tensor.layout().start_offset();
        &self.tensor.storage::<f32>()[start..start + self.shape.iter().product::<usize>()]
    }

    /// Height × width values of one channel of one item of the batch.
    pub fn plane(&self, item: usize, channel: usize) -> &[f32] {
        let [_, channels, height, width] = self.shape;
        let start = (item * channels + channel) * height * width;
        &self.values()[start..start + height * width]
    }

    /// Values of all channels of one item of the batch.
    pub fn item(&self, item: usize) -> &[f32] {
        let [_, channels, height, width] = self.shape;
        let count = channels * height * width;
        &self.values()[item * count..(item + 1) * count]
    }

    /// Values of one row of a plane.
    pub fn row(&self, item: usize, channel: usize, row: usize) -> &[f32] {
        let width = self.shape[3];
        &self.plane(item, channel)[row * width..(row + 1) * width]
    }
}

/// Values of a contiguous f32 tensor.
///
/// # Panics
/// If it is not contiguous.
pub(super) fn values(tensor: &FloatTensor<Flex>) -> &[f32] {
    tensor.as_slice().expect("networks compute with contiguous f32 tensors")
}

/// Tensor of these values, in row-major order.
pub(super) fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FloatTensor<Flex> {
    FloatTensor::<Flex>::from_data(TensorData::new(values, shape))
}
