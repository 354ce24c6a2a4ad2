//! Images of a batch on the GPU backend. They are uploaded once, as bytes. The inputs of loss and networks are computed
//! from them there, with exactly the levels that [`crate::data`] computes on the CPU.

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

/// burn's tensor; cubecl's kernels have one of the same name.
type Images = Tensor<4>;

impl PackedImages {
    /// Images without jitter, `[N, 3, H, W]` in 0 to 1.
    pub fn clean(&self) -> Tensor<4> {
        from_cube(bytes::planes(self), &self.device)
    }

    /// Images after [`Jitter::apply`], `[N, 3, H, W]` in 0 to 1. Image n is changed by `jitters[n % jitters.len()]`, or
    /// not at all if that is `None`.
    ///
    /// # Panics
    /// If a factor is not within 0.5 to 2, or the images have more than 2²⁴ pixels each.
    pub fn jittered(&self, jitters: &[Option<&Jitter>]) -> Tensor<4> {
        from_cube(jitter::planes(self, jitters), &self.device)
    }
}

/// Pyramid `[N, 3, H/2ˢ, W/2ˢ]` for s = 1 to `levels` of images `[N, 3, H, W]` whose values are multiples of 1/255.
/// Each level is computed from the one before, as [`crate::data::image::pyramid`] does.
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
