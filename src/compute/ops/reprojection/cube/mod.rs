//! The fused loss on the GPU: a few kernels forward and a few for the gradient, all without atomics.

mod compare;
mod compare_gradient;
mod warp;
mod warp_gradient;

use super::{FusedReprojection, FusedReprojectionGradient, Outputs, ReprojectionInputs, ReprojectionOptions};
use crate::compute::ops::{
    cube::{argument, empty, empty_vector, one_thread_each, row_sums},
    noise::cube::halves,
    reduction::{CHUNKS, workgroups},
};
use burn::backend::{TensorMetadata, ops::FloatTensorOps, tensor::FloatTensor};
use burn_cubecl::{CubeBackend, kernel::into_contiguous, tensor::CubeTensor};

/// Forward pass: the tensors that the loss is computed from, contiguous, and its intermediate results.
struct ForwardPass {
    disparity: CubeTensor,
    projections: CubeTensor,
    sources: CubeTensor,
    target: CubeTensor,
    options: ReprojectionOptions,
    identities: usize,
    /// `[B, 3·sources, H, W]`.
    warped: CubeTensor,
    /// `[B, sources, H, W]`.
    reprojection: CubeTensor,
    /// Smallest candidate loss, `[B, 1, H, W]`.
    minimum: CubeTensor,
    /// Index of that candidate, `[B, 1, H, W]`.
    chosen: CubeTensor,
}

impl ForwardPass {
    fn new(inputs: ReprojectionInputs<CubeBackend>, options: ReprojectionOptions) -> Self {
        let ReprojectionInputs { disparity, projections, sources, target, identity } = inputs;
        let [disparity, projections, sources, target] =
            [disparity, projections, sources, target].map(into_contiguous);
        let [batch, _, height, width] = target.shape().dims();
        let [_, source_count, _, _] = projections.shape().dims();
        let [_, identities, _, _] = identity.shape().dims();
        // A kernel must be given some tensor; without identities it does not read this one.
        let identity = if identities == 0 { target.clone() } else { into_contiguous(identity) };
        let (depth_offset, depth_slope) = options.depth_range.coefficients();

        let warped = empty(&sources, [batch, 3 * source_count, height, width]);
        let (cubes, threads) = one_thread_each(&warped, batch * height * width);
        warp::warp_kernel::launch(
            &warped.client,
            cubes,
            threads,
            argument(&disparity),
            argument(&projections),
            argument(&sources),
            argument(&warped),
            depth_offset,
            depth_slope,
            options.align_corners,
        );

        let reprojection = empty(&target, [batch, source_count, height, width]);
        let map = || empty(&target, [batch, 1, height, width]);
        let (minimum, chosen) = (map(), map());
        let [stream_low, stream_high] = halves(options.noise.unwrap_or_default());
        let (cubes, threads) = one_thread_each(&minimum, batch * height * width);
        compare::compare_kernel::launch(
            &minimum.client,
            cubes,
            threads,
            argument(&warped),
            argument(&target),
            argument(&identity),
            argument(&reprojection),
            argument(&minimum),
            argument(&chosen),
            stream_low,
            stream_high,
            options.noise.is_some(),
            identities,
            options.use_ssim,
        );
        Self {
            disparity,
            projections,
            sources,
            target,
            options,
            identities,
            warped,
            reprojection,
            minimum,
            chosen,
        }
    }

    /// 1 / the number of pixels.
    fn share(&self) -> f32 {
        1.0 / self.minimum.shape().num_elements() as f32
    }

    fn outputs(&self) -> Outputs<CubeBackend> {
        let [batch, _, _, _] = self.minimum.shape().dims();
        let sums = || empty(&self.minimum, [batch, 1, 1, CHUNKS]);
        let (losses, trained) = (sums(), sums());
        let (cubes, threads) = workgroups(&losses, batch * CHUNKS);
        compare::chunk_totals_kernel::launch(
            &losses.client,
            cubes,
            threads,
            argument(&self.minimum),
            argument(&self.chosen),
            argument(&losses),
            argument(&trained),
            self.identities,
        );
        let (loss, trained_share) = (empty_vector(&losses, 1), empty_vector(&losses, 1));
        let (cubes, threads) = workgroups(&loss, 1);
        compare::totals_kernel::launch(
            &loss.client,
            cubes,
            threads,
            argument(&losses),
            argument(&trained),
            argument(&loss),
            argument(&trained_share),
            self.share(),
        );
        let maps = match self.options.maps {
            true => CubeBackend::float_cat(
                [&self.warped, &self.reprojection, &self.minimum, &self.chosen].map(CubeTensor::clone).into(),
                1,
            ),
            false => loss.clone(),
        };
        (loss, trained_share, maps)
    }

    /// Derivatives of each pixel's loss with respect to the window means of SSIM; any tensor without SSIM.
    fn slopes(&self) -> CubeTensor {
        if !self.options.use_ssim {
            return self.chosen.clone();
        }
        let [batch, _, height, width] = self.target.shape().dims();
        let slopes = empty(&self.target, [batch, 9, height, width]);
        let (cubes, threads) = one_thread_each(&slopes, batch * height * width);
        compare_gradient::slopes_kernel::launch(
            &slopes.client,
            cubes,
            threads,
            argument(&self.warped),
            argument(&self.target),
            argument(&self.chosen),
            argument(&slopes),
            self.identities,
        );
        slopes
    }

    /// Gradients of the loss with respect to disparity and projections, in their shapes.
    fn gradients(&self) -> [CubeTensor; 2] {
        let [batch, planes, height, width] = self.warped.shape().dims();
        let (depth_offset, depth_slope) = self.options.depth_range.coefficients();
        let slopes = self.slopes();
        let points = empty(&self.warped, [batch, planes, height, width]);
        let upsampled = empty(&self.disparity, [batch, 1, height, width]);
        let (cubes, threads) = one_thread_each(&points, batch * height * width);
        warp_gradient::pull_back_kernel::launch(
            &points.client,
            cubes,
            threads,
            argument(&self.disparity),
            argument(&self.projections),
            argument(&self.sources),
            argument(&self.warped),
            argument(&self.target),
            argument(&self.chosen),
            argument(&slopes),
            argument(&points),
            argument(&upsampled),
            depth_offset,
            depth_slope,
            self.share(),
            self.identities,
            self.options.use_ssim,
            self.options.align_corners,
        );

        let moments = empty(&points, [batch, planes, 4, CHUNKS]);
        let (cubes, threads) = workgroups(&moments, batch * planes * CHUNKS);
        warp_gradient::moments_kernel::launch(
            &moments.client,
            cubes,
            threads,
            argument(&self.disparity),
            argument(&points),
            argument(&moments),
            depth_offset,
            depth_slope,
        );
        let projection_gradient =
            CubeBackend::float_reshape(row_sums(&moments, CHUNKS, 1.0), self.projections.shape());
        [self.downsampled(upsampled), projection_gradient]
    }

    /// Gradient of the disparity from that of the upsampled disparity.
    fn downsampled(&self, upsampled: CubeTensor) -> CubeTensor {
        if upsampled.shape() == self.disparity.shape() {
            return upsampled;
        }
        let gradient = empty(&self.disparity, self.disparity.shape().dims());
        let (cubes, threads) = one_thread_each(&gradient, gradient.shape().num_elements());
        warp_gradient::downsample_kernel::launch(
            &gradient.client,
            cubes,
            threads,
            argument(&upsampled),
            argument(&gradient),
        );
        gradient
    }
}

impl FusedReprojection for CubeBackend {
    fn photometric(
        images: FloatTensor<Self>,
        target: FloatTensor<Self>,
        use_ssim: bool,
    ) -> FloatTensor<Self> {
        let (images, target) = (into_contiguous(images), into_contiguous(target));
        let [batch, channels, height, width] = images.shape().dims();
        let losses = empty(&images, [batch, channels / 3, height, width]);
        let (cubes, threads) = one_thread_each(&losses, losses.shape().num_elements());
        compare::photometric_kernel::launch(
            &losses.client,
            cubes,
            threads,
            argument(&images),
            argument(&target),
            argument(&losses),
            use_ssim,
        );
        losses
    }

    fn reprojection(
        inputs: ReprojectionInputs<Self>,
        options: ReprojectionOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        ForwardPass::new(inputs, options).outputs()
    }
}

impl FusedReprojectionGradient for CubeBackend {
    fn reprojection_with_gradients(
        inputs: ReprojectionInputs<Self>,
        options: ReprojectionOptions,
    ) -> (Outputs<Self>, [FloatTensor<Self>; 2]) {
        let pass = ForwardPass::new(inputs, options);
        (pass.outputs(), pass.gradients())
    }
}
