//! The photometric loss of one scale as a single operation: upsampling, depth, projection, border sampling,
//! SSIM + L1, the minimum over sources and auto-mask, and the gradient of all that with respect to disparity and
//! motion.
//!
//! The reference implementation, in `objective`, makes some forty passes over the image for each source, and as many
//! for the gradient. Here the CPU backend makes one pass, and the GPU backend takes a handful of kernels. Both compute
//! the gradient in the forward pass: the loss is a single number, so the upstream gradient only scales it.
//!
//! SSIM of a warped image x and the target y is S = N₁N₂ / D₁D₂ with
//! N₁ = 2μₓμᵧ + C₁, N₂ = 2σₓᵧ + C₂, D₁ = μₓ² + μᵧ² + C₁, D₂ = σₓ² + σᵧ² + C₂.
//!
//! Variances are computed as E[x̃²] − E[x̃]² of x̃ = x − ½. Far fewer digits cancel than with x itself, and the
//! rounding error that remains must be small against C₂ = 0.0009. So S depends on x through three window means,
//! m = E[x̃] = μₓ − ½, E[x̃²] and E[x̃ỹ]:
//!
//! * `∂S/∂m = 2(μᵧN₂ − E[ỹ]N₁)/D₁D₂ − 2S(μₓ/D₁ − m/D₂)`
//! * `∂S/∂E[x̃²] = −S/D₂`
//! * `∂S/∂E[x̃ỹ] = 2N₁/D₁D₂`
//!
//! and the gradient at a pixel q is the sum over the windows p around it of
//! `(∂S/∂m + 2x̃(q)·∂S/∂E[x̃²] + ỹ(q)·∂S/∂E[x̃ỹ])(p) / 9`.

mod autodiff;
mod cube;
mod flex;

use crate::geometry::DepthRange;
use burn::{
    backend::{Backend, Dispatch, ExtensionType, backend_extension, tensor::FloatTensor},
    tensor::Tensor,
};

/// Middle of the range of colours, 0 to 1; subtracted from them before variances are computed.
const GREY: f32 = 0.5;

/// Options of the loss.
#[derive(Clone, Copy, Debug)]
pub struct ReprojectionOptions {
    /// Depths at disparities 0 and 1.
    pub depth_range: DepthRange,
    /// True for SSIM and L1 together, false for L1 alone.
    pub use_ssim: bool,
    /// True to sample at the projected pixel coordinates; false to stretch them first, as PyTorch's `grid_sample`
    /// does by default since version 1.3.
    pub align_corners: bool,
    /// Stream of the noise that is added to the identity losses, if any
    /// ([`tie_break_noise`](crate::compute::ops::tie_break_noise) in the shape of the identity losses).
    pub noise: Option<u64>,
    /// True to compute the maps in addition to the loss.
    pub maps: bool,
}

/// Tensors that the loss is computed from; their shapes are those of [`reprojection_loss`].
#[derive(ExtensionType)]
pub struct ReprojectionInputs<B: Backend> {
    disparity: FloatTensor<B>,
    projections: FloatTensor<B>,
    sources: FloatTensor<B>,
    target: FloatTensor<B>,
    /// Without identity losses its second dimension is 0.
    identity: FloatTensor<B>,
}

/// Photometric losses, as operations of the backend.
#[backend_extension(Flex, Cube, Autodiff)]
pub trait FusedReprojection: Backend {
    /// See [`photometric_loss_of_constants`].
    fn photometric(images: FloatTensor<Self>, target: FloatTensor<Self>, use_ssim: bool)
    -> FloatTensor<Self>;

    /// See [`reprojection_loss`]. Gives loss `[1]`, trained share `[1]`, and maps `[B, 4·sources + 2, H, W]` in the
    /// order of [`ReprojectionMaps`] (an unspecified tensor if `options.maps` is false).
    fn reprojection(
        #[extension_type] inputs: ReprojectionInputs<Self>,
        options: ReprojectionOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// Loss, trained share and maps.
type Outputs<B> = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>);

/// [`FusedReprojection`] with the gradients of the loss.
pub trait FusedReprojectionGradient: Backend + FusedReprojection {
    /// Results of `reprojection`, then the gradients of the loss with respect to disparity and projections, in their
    /// shapes.
    fn reprojection_with_gradients(
        inputs: ReprojectionInputs<Self>,
        options: ReprojectionOptions,
    ) -> (Outputs<Self>, [FloatTensor<Self>; 2]);
}

/// Results of [`reprojection_loss`].
#[derive(Clone, Debug)]
pub struct ReprojectionLoss {
    /// Mean over pixels of the smallest candidate loss, `[1]`.
    pub loss: Tensor<1>,
    /// Share of pixels that train, because a reprojection is the smallest candidate there, `[1]`.
    pub trained_share: Tensor<1>,
    /// Maps, if the options ask for them.
    pub maps: Option<ReprojectionMaps>,
}

/// Intermediate results of the loss, as constants.
#[derive(Clone, Debug)]
pub struct ReprojectionMaps {
    /// Sources warped into the target, `[B, 3·sources, H, W]`.
    pub warped: Tensor<4>,
    /// Photometric loss of each warped source, `[B, sources, H, W]`.
    pub reprojection: Tensor<4>,
    /// Smallest candidate loss, `[B, 1, H, W]`.
    pub minimum: Tensor<4>,
    /// Index of that candidate, identities first, `[B, 1, H, W]`.
    pub chosen: Tensor<4>,
}

/// Photometric loss `[B, N, H, W]` of each image in `images [B, 3·N, H, W]` against `target [B, 3, H, W]`, without
/// gradients.
pub fn photometric_loss_of_constants(images: Tensor<4>, target: Tensor<4>, use_ssim: bool) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as FusedReprojection>::photometric(
        images.without_autodiff().into_dispatch(),
        target.without_autodiff().into_dispatch(),
        use_ssim,
    ))
}

/// Mean over pixels of the smallest among the identity losses and the photometric losses of the sources warped into
/// the target. Differentiable with respect to disparity and projections.
///
/// `disparity [B, 1, h, w]` is upsampled to the images' size; `projections [B, sources, 3, 4]` take
/// pixels (u, v, 1)·depth to homogeneous pixels of the source (K·R·K⁻¹ | K·t); `sources
/// [B, 3·sources, H, W]`, `target [B, 3, H, W]` and `identity [B, identities, H, W]` are constants.
pub fn reprojection_loss(
    disparity: Tensor<4>,
    projections: Tensor<4>,
    sources: Tensor<4>,
    target: Tensor<4>,
    identity: Option<Tensor<4>>,
    options: ReprojectionOptions,
) -> ReprojectionLoss {
    let [_, source_count, _, _] = projections.dims();
    let [batch, _, height, width] = target.dims();
    let identity = identity.unwrap_or_else(|| Tensor::zeros([batch, 0, height, width], &target.device()));
    let inputs = ReprojectionInputs::<Dispatch> {
        disparity: disparity.into_dispatch(),
        projections: projections.into_dispatch(),
        sources: sources.into_dispatch(),
        target: target.into_dispatch(),
        identity: identity.into_dispatch(),
    };
    let (loss, trained_share, maps) = <Dispatch as FusedReprojection>::reprojection(inputs, options);
    let maps = options.maps.then(|| {
        let maps = Tensor::<4>::from_dispatch(maps).without_autodiff();
        let part = |first: usize, count: usize| maps.clone().narrow(1, first, count);
        ReprojectionMaps {
            warped: part(0, 3 * source_count),
            reprojection: part(3 * source_count, source_count),
            minimum: part(4 * source_count, 1),
            chosen: part(4 * source_count + 1, 1),
        }
    });
    let trained_share = Tensor::<1>::from_dispatch(trained_share).without_autodiff();
    ReprojectionLoss { loss: Tensor::from_dispatch(loss), trained_share, maps }
}
