//! The photometric loss of one scale as a single operation: upsampling, depth, projection, border
//! sampling, SSIM + L1, the minimum over sources and auto-mask, and the gradient of all that with
//! respect to disparity and motion.
//!
//! The composed form, in `objective`, makes some forty passes over the image for each source and as
//! many for the gradient. The CPU backend makes one, the GPU backend a handful of kernels. Both take
//! the gradient on the way forward, for the loss is one number: what comes in later only scales it.
//!
//! SSIM of a warped image x and the target y is S = N₁N₂ / D₁D₂ with
//! N₁ = 2μₓμᵧ + C₁, N₂ = 2σₓᵧ + C₂, D₁ = μₓ² + μᵧ² + C₁, D₂ = σₓ² + σᵧ² + C₂.
//!
//! Variances are taken as E[x̃²] − E[x̃]² of x̃ = x − ½, in which far less cancels than in x itself:
//! what is left after cancellation stands against C₂ = 0.0009. So S depends on x through three window
//! means, m = E[x̃] = μₓ − ½, E[x̃²] and E[x̃ỹ]:
//!
//! * ∂S/∂m = 2(μᵧN₂ − E[ỹ]N₁)/D₁D₂ − 2S(μₓ/D₁ − m/D₂)
//! * ∂S/∂E[x̃²] = −S/D₂
//! * ∂S/∂E[x̃ỹ] = 2N₁/D₁D₂
//!
//! and the gradient at a pixel q is the sum over the windows p around it of
//! (∂S/∂m + 2x̃(q)·∂S/∂E[x̃²] + ỹ(q)·∂S/∂E[x̃ỹ])(p) / 9.

mod autodiff;
mod cube;
mod flex;

use crate::geometry::DepthRange;
use burn::{
    backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor},
    tensor::Tensor,
};

/// Subtracted from colours, which lie between 0 and 1.
const GREY: f32 = 0.5;

/// What is compared, and how.
#[derive(Clone, Copy, Debug)]
pub struct ReprojectionOptions {
    /// The depths that disparities 0 and 1 stand for.
    pub depth_range: DepthRange,
    /// SSIM and L1 together, or L1 alone.
    pub use_ssim: bool,
    /// Sample at pixel coordinates as they are; false stretches them as present-day PyTorch does.
    pub align_corners: bool,
    /// The stream of the noise that is added to the identity losses, if there is any
    /// ([`tie_break_noise`](crate::compute::ops::tie_break_noise) in the shape of the identity losses).
    pub noise: Option<u64>,
    /// Whether maps are asked for besides the loss.
    pub maps: bool,
}

/// The operations as they are dispatched to a backend.
#[backend_extension(Flex, Cube, Autodiff)]
pub trait FusedReprojection: Backend {
    /// See [`photometric_loss_of_constants`].
    fn photometric(images: FloatTensor<Self>, target: FloatTensor<Self>, use_ssim: bool)
    -> FloatTensor<Self>;

    /// See [`reprojection_loss`]. Gives loss `[1]`, trained share `[1]`, and maps
    /// `[B, 4·sources + 2, H, W]` in the order of [`ReprojectionMaps`], or any if they are not asked for.
    fn reprojection(
        disparity: FloatTensor<Self>,
        projections: FloatTensor<Self>,
        sources: FloatTensor<Self>,
        target: FloatTensor<Self>,
        identity: FloatTensor<Self>,
        options: ReprojectionOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// Loss, trained share and maps.
type Outputs<B> = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>);

/// [`FusedReprojection`] with the gradients of the loss.
pub trait FusedReprojectionGradient: Backend + FusedReprojection {
    /// The results of `reprojection`, then the gradients of the loss with respect to disparity and
    /// projections, in their shapes.
    fn reprojection_with_gradients(
        disparity: FloatTensor<Self>,
        projections: FloatTensor<Self>,
        sources: FloatTensor<Self>,
        target: FloatTensor<Self>,
        identity: FloatTensor<Self>,
        options: ReprojectionOptions,
    ) -> (Outputs<Self>, [FloatTensor<Self>; 2]);
}

/// What [`reprojection_loss`] gives.
#[derive(Clone, Debug)]
pub struct ReprojectionLoss {
    /// The mean over pixels of the least candidate.
    pub loss: Tensor<1>,
    /// Share of pixels where a reprojection is least, so that they train.
    pub trained_share: Tensor<1>,
    /// The maps, if they were asked for.
    pub maps: Option<ReprojectionMaps>,
}

/// What was computed on the way to the loss, as constants.
#[derive(Clone, Debug)]
pub struct ReprojectionMaps {
    /// The sources as seen from the target, `[B, 3·sources, H, W]`.
    pub warped: Tensor<4>,
    /// Their photometric losses, `[B, sources, H, W]`.
    pub reprojection: Tensor<4>,
    /// The least candidate, `[B, 1, H, W]`.
    pub minimum: Tensor<4>,
    /// Which candidate that is, identities first, `[B, 1, H, W]`.
    pub chosen: Tensor<4>,
}

/// The photometric loss of each image in `images [B, 3·N, H, W]` against `target [B, 3, H, W]`,
/// `[B, N, H, W]`, without gradients.
pub fn photometric_loss_of_constants(images: Tensor<4>, target: Tensor<4>, use_ssim: bool) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as FusedReprojection>::photometric(
        images.without_autodiff().into_dispatch(),
        target.without_autodiff().into_dispatch(),
        use_ssim,
    ))
}

/// The mean over pixels of the least of the identity losses and of the photometric losses of the
/// sources warped into the target.
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
    let (loss, trained_share, maps) = <Dispatch as FusedReprojection>::reprojection(
        disparity.into_dispatch(),
        projections.into_dispatch(),
        sources.into_dispatch(),
        target.into_dispatch(),
        identity.into_dispatch(),
        options,
    );
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
