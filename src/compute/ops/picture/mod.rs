//! Pictures of a batch on the GPU backend: uploaded once as bytes; what the loss and the networks look at is
//! made from them there, equal to the last bit of every level to what [`crate::data`] makes on the CPU.

mod bytes;
mod jitter;
mod packed;
mod pyramid;

pub use packed::PackedImages;

use crate::data::augment::Jitter;
use burn::{
    backend::Cube,
    tensor::{Device, Tensor},
};
use burn_cubecl::{kernel::into_contiguous, tensor::CubeTensor};

/// burn's tensor, beside the one of cubecl's kernels.
type Images = Tensor<4>;

impl PackedImages {
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

fn from_cube(tensor: CubeTensor, device: &Device) -> Images {
    let images = Images::from_primitive::<Cube>(tensor);
    if device.is_autodiff() { images.autodiff() } else { images }
}
