//! The photometric loss of one scale: warped sources against the target. A fused operation computes it; the
//! reference implementation, and options that the fused one lacks, take burn's own operations.

use super::{
    Inputs, MinimumLoss, PhotometricTerm, Projection, depth, inputs::detached, photometric_loss,
    synthesis::rigid_flow, warp,
};
use crate::{
    compute::{
        is_gpu,
        ops::{
            camera_projections,
            reprojection::{
                ReprojectionLoss, ReprojectionMaps, ReprojectionOptions, photometric_loss_of_constants,
                reprojection_loss,
            },
            resize_bilinear,
        },
    },
    config::{FrameId, ImageSize, ObjectiveConfig},
    geometry::DepthRange,
    model::Motions,
};
use burn::tensor::Tensor;

/// The images that are compared for a scale, as constants.
#[derive(Clone, Debug)]
pub(super) struct ImagePair {
    target: Tensor<4>,
    /// Concatenated along the channels, `[B, 3·sources, H, W]`.
    sources: Tensor<4>,
    /// The photometric loss of each unwarped source, `[B, sources, H, W]`; `None` without auto-masking.
    pub identity: Option<Tensor<4>>,
    /// The projections into the sources, `[B, sources, 3, 4]`, computed once for all scales if the motions are
    /// shared by them. `None` on the CPU backend, which recomputes them at each scale: gradients are then summed
    /// in the order of the recorded reference runs, so that losses stay bit-identical.
    projections: Option<Tensor<4>>,
    /// True to use the fused operations.
    fused: bool,
}

impl ImagePair {
    /// The images at a scale; with `is_reference` the fused operations are not used.
    pub fn new(config: &ObjectiveConfig, inputs: &Inputs, scale: usize, is_reference: bool) -> Self {
        let image = |id: FrameId| inputs.colour[&id][scale].clone().without_autodiff();
        let target = image(FrameId::TARGET);
        let sources = Tensor::cat(config.sources().map(image).collect(), 1);
        let mut pair = Self { target, sources, identity: None, projections: None, fused: !is_reference };
        let is_shared = matches!(inputs.source_from_target, Motions::Shared(_));
        if is_shared && pair.fused && is_gpu(&pair.target.device()) {
            pair.projections = Some(pair.projections_at(config, inputs, scale));
        }
        if !config.disable_automasking {
            pair.identity = Some(pair.photometric_losses(&pair.sources, !config.no_ssim));
        }
        pair
    }

    fn photometric_losses(&self, images: &Tensor<4>, use_ssim: bool) -> Tensor<4> {
        if self.fused {
            return photometric_loss_of_constants(images.clone(), self.target.clone(), use_ssim);
        }
        let losses = images.clone().split(3, 1).into_iter();
        Tensor::cat(losses.map(|image| photometric_loss(image, self.target.clone(), use_ssim)).collect(), 1)
    }

    /// A term of the photometric loss of an image `[B, 3, H, W]` against the target, `[B, 1, H, W]`.
    pub fn term(&self, image: Tensor<4>, term: PhotometricTerm) -> Tensor<4> {
        term.between(image, self.target.clone())
    }

    /// A source without any warp, by its index.
    pub fn source(&self, index: usize) -> Tensor<4> {
        self.sources.clone().narrow(1, 3 * index, 3)
    }

    /// Length in pixels of the rigid scene's optical flow to a source, `[B, 1, H, W]`, by depth and motion of the
    /// finest scale.
    pub fn flow(&self, config: &ObjectiveConfig, inputs: &Inputs, id: FrameId) -> Option<Tensor<4>> {
        let finest = config.finest_scale();
        let disparity = resize_bilinear(detached(inputs.disparities.get(&finest)?), self.size());
        let motion = detached(inputs.source_from_target[&finest].get(&id)?);
        let projection = Projection::new(motion, &inputs.intrinsics, self.size());
        let depth = depth(disparity, DepthRange::from(config));
        Some(rigid_flow(&projection, depth, !config.sample_align_corners_false))
    }

    fn size(&self) -> ImageSize {
        let [_, _, height, width] = self.target.dims();
        ImageSize { height, width }
    }

    /// The projections into the sources at a scale, `[B, sources, 3, 4]`.
    fn projections_at(&self, config: &ObjectiveConfig, inputs: &Inputs, scale: usize) -> Tensor<4> {
        let motions = motions_at(config, inputs, scale).collect();
        camera_projections(motions, &inputs.intrinsics, self.size())
    }

    /// The loss of the disparity of a scale.
    pub fn compare(
        &self,
        config: &ObjectiveConfig,
        inputs: &Inputs,
        scale: usize,
        maps: bool,
    ) -> ReprojectionLoss {
        let disparity = inputs.disparities[&scale].clone();
        let mask = inputs.predictive_masks.get(&scale);
        let fused = self.fused && !config.avg_reprojection && mask.is_none();
        let options = ReprojectionOptions {
            depth_range: DepthRange::from(config),
            use_ssim: !config.no_ssim,
            align_corners: !config.sample_align_corners_false,
            noise: inputs.noise.stream(scale).filter(|_| fused && self.identity.is_some()),
            maps,
        };
        let identity = self.identity.clone().map(|identity| {
            let identity = if config.avg_reprojection { identity.mean_dim(1) } else { identity };
            let noise = || inputs.noise.at_scale(scale, identity.dims(), &identity.device());
            match options.noise.is_none().then(noise).flatten() {
                Some(noise) => identity + noise,
                None => identity,
            }
        });
        if fused {
            let shared = self.projections.clone();
            let projections = shared.unwrap_or_else(|| self.projections_at(config, inputs, scale));
            let (sources, target) = (self.sources.clone(), self.target.clone());
            return reprojection_loss(disparity, projections, sources, target, identity, options);
        }
        let project = if self.fused { Projection::new } else { Projection::reference };
        let projections = motions_at(config, inputs, scale);
        let projections =
            projections.map(|motion| project(motion, &inputs.intrinsics, self.size())).collect();
        let weigh = |reprojection: Tensor<4>| {
            let weighted = match mask {
                Some(mask) => reprojection * resize_bilinear(mask.clone(), self.size()),
                None => reprojection,
            };
            if config.avg_reprojection { weighted.mean_dim(1) } else { weighted }
        };
        self.compare_reference(disparity, projections, identity, weigh, options)
    }

    /// Reference implementation of [`reprojection_loss`], which can also average or weigh the sources' losses.
    fn compare_reference(
        &self,
        disparity: Tensor<4>,
        projections: Vec<Projection>,
        identity: Option<Tensor<4>>,
        weigh: impl Fn(Tensor<4>) -> Tensor<4>,
        options: ReprojectionOptions,
    ) -> ReprojectionLoss {
        let depth = depth(resize_bilinear(disparity, self.size()), options.depth_range);
        let warped =
            self.sources.clone().split(3, 1).into_iter().zip(projections).map(|(source, projection)| {
                warp(source, projection.coordinates(depth.clone()), options.align_corners)
            });
        let warped: Vec<Tensor<4>> = warped.collect();
        let losses = warped
            .iter()
            .map(|warped| photometric_loss(warped.clone(), self.target.clone(), options.use_ssim));
        let reprojection = Tensor::cat(losses.collect(), 1);
        let choice = MinimumLoss::new(identity, weigh(reprojection.clone()));
        let maps = options.maps.then(|| ReprojectionMaps {
            warped: Tensor::cat(warped, 1).without_autodiff(),
            reprojection: reprojection.without_autodiff(),
            minimum: choice.loss.clone().without_autodiff(),
            chosen: choice.index.clone().float().without_autodiff(),
        });
        let trained_share = choice.trains().without_autodiff().mean();
        ReprojectionLoss { loss: choice.loss.mean(), trained_share, maps }
    }
}

/// The motion to each source at a scale.
fn motions_at(config: &ObjectiveConfig, inputs: &Inputs, scale: usize) -> impl Iterator<Item = Tensor<3>> {
    config.sources().map(move |source| inputs.source_from_target[&scale][&source].clone())
}
