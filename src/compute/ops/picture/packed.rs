//! Images in their uploaded form: bytes packed into 32-bit words.

use crate::compute::upload;
use burn::{
    backend::Cube,
    tensor::{Device, Int, Tensor, TensorData},
};
use burn_cubecl::tensor::CubeTensor;
use image::RgbImage;
use rayon::prelude::*;

/// Images of equal size on the GPU backend: interleaved RGB bytes, one image after the other, four bytes per word.
pub struct PackedImages {
    pub(super) words: CubeTensor,
    pub(super) count: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) device: Device,
}

impl PackedImages {
    /// Uploads images; there must be at least one.
    ///
    /// # Panics
    /// If there is none, they differ in size, or the device is not of the GPU backend.
    pub fn upload(images: &[&RgbImage], device: &Device) -> Self {
        let (width, height) = images[0].dimensions();
        assert!(images.iter().all(|image| image.dimensions() == (width, height)), "images of one size");
        let bytes = images[0].as_raw().len();
        let mut words = vec![0_u32; (images.len() * bytes).div_ceil(4)];
        // In parallel, because filling fresh memory on one thread is slow.
        bytemuck::cast_slice_mut(&mut words)
            .par_chunks_mut(bytes)
            .zip(images)
            .for_each(|(packed, image)| packed.copy_from_slice(&image.as_raw()[..packed.len()]));
        Self {
            words: upload_words(words, device),
            count: images.len(),
            height: height as usize,
            width: width as usize,
            device: device.clone(),
        }
    }

    pub(super) fn pixels(&self) -> usize {
        self.height * self.width
    }
}

/// Uploads 32-bit words for a kernel.
pub(super) fn upload_words(words: Vec<u32>, device: &Device) -> CubeTensor {
    let count = words.len();
    let device = device.clone().without_autodiff();
    let words: Tensor<1, Int> = upload(TensorData::new(words, [count]), &device);
    words.try_into_primitive::<Cube>().expect("the device is of the GPU backend")
}
