//! Pictures of a batch on the GPU backend: uploaded once as bytes; what the loss and the networks look at is
//! made from them there, equal to the last bit of every level to what [`crate::data`] makes on the CPU.

mod bytes;
mod jitter;
mod pyramid;

use crate::{compute::upload, data::augment::Jitter};
use burn::{
    backend::Cube,
    tensor::{DType, Device, Int, Tensor, TensorData},
};
use burn_cubecl::{kernel::into_contiguous, ops::numeric::empty_device_contiguous_dtype, tensor::CubeTensor};
use image::RgbImage;
use rayon::prelude::*;

/// burn's tensor, beside the one of cubecl's kernels.
type Images = Tensor<4>;

/// Pictures of one size on the GPU backend: interleaved RGB bytes, one picture after the other, four bytes a word.
pub struct Pictures {
    words: CubeTensor,
    count: usize,
    height: usize,
    width: usize,
    device: Device,
}

impl Pictures {
    /// Uploads pictures; there is at least one.
    ///
    /// # Panics
    /// If they differ in size, or the device is not of the GPU backend.
    pub fn upload(images: &[&RgbImage], device: &Device) -> Self {
        let (width, height) = images[0].dimensions();
        assert!(images.iter().all(|image| image.dimensions() == (width, height)), "pictures of one size");
        let bytes = images[0].as_raw().len();
        let mut words = vec![0_u32; (images.len() * bytes).div_ceil(4)];
        // Fresh memory is slow to fill on one thread.
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

    /// The pictures as they are, `[N, 3, H, W]` in 0 to 1.
    pub fn clean(&self) -> Tensor<4> {
        from_cube(bytes::planes(self), &self.device)
    }

    /// The pictures as [`Jitter::apply`] changes them, `[N, 3, H, W]` in 0 to 1. Picture n is changed by
    /// `jitters[n % jitters.len()]`, or not at all where that is `None`.
    ///
    /// # Panics
    /// If a factor is not within 0.5 to 2, or the pictures have more than 2²⁴ pixels.
    pub fn jittered(&self, jitters: &[Option<&Jitter>]) -> Tensor<4> {
        from_cube(jitter::planes(self, jitters), &self.device)
    }

    fn pixels(&self) -> usize {
        self.height * self.width
    }
}

/// Images `[N, 3, H/2ˢ, W/2ˢ]` for s = 1 to `levels` from images `[N, 3, H, W]` of whole 255ths, each made from the
/// one before as [`crate::data::image::pyramid`] does.
///
/// # Panics
/// If a size does not halve exactly, or the images are not on the GPU backend.
pub fn smaller_levels(images: Images, levels: usize) -> Vec<Images> {
    let device = images.device();
    let images = images.without_autodiff().try_into_primitive::<Cube>();
    let images = into_contiguous(images.expect("the images are on the GPU backend"));
    let inner = device.clone().without_autodiff();
    pyramid::levels(&images, levels, &inner).into_iter().map(|level| from_cube(level, &device)).collect()
}

/// Whole numbers as a kernel takes them.
fn upload_words(words: Vec<u32>, device: &Device) -> CubeTensor {
    let count = words.len();
    let device = device.clone().without_autodiff();
    let words: Tensor<1, Int> = upload(TensorData::new(words, [count]), &device);
    words.try_into_primitive::<Cube>().expect("the device is of the GPU backend")
}

fn from_cube(tensor: CubeTensor, device: &Device) -> Images {
    let images = Images::from_primitive::<Cube>(tensor);
    if device.is_autodiff() { images.autodiff() } else { images }
}

/// A tensor of this shape and type, not yet filled, where the other is.
fn empty<const D: usize>(like: &CubeTensor, shape: [usize; D], data_type: DType) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape.into(), data_type)
}
