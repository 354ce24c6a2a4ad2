//! Bilinear sampling of images at given pixel coordinates, with the border's colour outside the image. Differentiable
//! with respect to the coordinates; images are constants.

mod autodiff;
pub(in crate::compute::ops) mod cube;
mod flex;

use burn::{
    backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor},
    tensor::{
        Tensor,
        ops::{GridSampleOptions, GridSamplePaddingMode, InterpolateMode},
    },
};

/// Border sampling, as an operation of the backend.
#[backend_extension(Flex, Cube, Autodiff)]
pub trait BorderSampling: Backend {
    /// See [`sample_border`].
    fn sample_border(images: FloatTensor<Self>, coordinates: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// Backward pass that a backend computes for [`BorderSampling`] to have a gradient on it.
pub trait BorderSamplingGradient: Backend + BorderSampling {
    /// Gradient with respect to the coordinates, `[B, 2, H, W]`, from that of the output, `[B, C, H, W]`.
    fn sample_border_gradient(
        images: FloatTensor<Self>,
        coordinates: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// Samples `images [B, C, h, w]` at `coordinates [B, 2, H, W]`, giving `[B, C, H, W]`.
///
/// Coordinates are in pixels, first x then y; (0, 0) is the centre of the first pixel. They are clamped to the image,
/// and one that is not finite becomes a border pixel; a coordinate that is moved in this way has gradient 0. Images
/// get no gradient.
///
/// # Panics
/// If the shapes do not fit each other.
pub fn sample_border(images: Tensor<4>, coordinates: Tensor<4>) -> Tensor<4> {
    let [batch, _, _, _] = images.dims();
    let [coordinate_batch, axes, _, _] = coordinates.dims();
    assert_eq!((batch, 2), (coordinate_batch, axes), "coordinates are [B, 2, H, W] with the images' B");
    Tensor::from_dispatch(<Dispatch as BorderSampling>::sample_border(
        images.into_dispatch(),
        coordinates.into_dispatch(),
    ))
}

/// Reference implementation of [`sample_border`], composed of burn's operations.
pub fn reference_sample_border(images: Tensor<4>, coordinates: Tensor<4>) -> Tensor<4> {
    let [_, _, height, width] = images.dims();
    // From pixels to −1 at the first pixel and 1 at the last.
    let scale = [width, height].map(|pixels| 2.0 / (pixels - 1) as f32);
    let scale = Tensor::<1>::from_data(scale, &coordinates.device()).reshape([1, 2, 1, 1]);
    let grid = (coordinates * scale - 1.0).permute([0, 2, 3, 1]);
    let options = GridSampleOptions::new(InterpolateMode::Bilinear)
        .with_padding_mode(GridSamplePaddingMode::Border)
        .with_align_corners(true);
    images.grid_sample_2d(grid, options)
}
