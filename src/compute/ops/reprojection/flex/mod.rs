//! The fused loss on the CPU: strips of rows in parallel, each taken from disparity to loss and back while it is in
//! the cache.

mod ssim;
mod strip;
mod warp;

use super::{FusedReprojection, FusedReprojectionGradient, Outputs, ReprojectionInputs, ReprojectionOptions};
use crate::compute::ops::{
    flex::{Planes, tensor},
    tie_break_noise,
};
use burn::{
    backend::{Flex, TensorMetadata, ops::FloatTensorOps, tensor::FloatTensor},
    tensor::Device,
};
use rayon::prelude::*;
use ssim::{Rows, SsimScratch, around};
use strip::{BatchItem, StripResult, StripScratch, process};
use warp::{InterleavedImage, Upsampling};

/// Rows of a strip: many against the rows that it shares with its neighbours, which are computed twice, but few
/// enough that its intermediate results stay in a core's cache.
const STRIP: usize = 16;

impl FusedReprojection for Flex {
    fn photometric(
        images: FloatTensor<Self>,
        target: FloatTensor<Self>,
        use_ssim: bool,
    ) -> FloatTensor<Self> {
        let (images, target) = (Planes::new(images), Planes::new(target));
        let [batch, channels, height, width] = images.shape;
        let count = channels / 3;
        let mut losses = vec![0.0; batch * count * height * width];
        losses.par_chunks_mut(width).enumerate().for_each_init(
            || SsimScratch::new(width),
            |ssim, (index, losses)| {
                let (plane, row) = (index / height, index % height);
                let (item, image) = (plane / count, plane % count);
                let image = [0, 1, 2]
                    .map(|colour| around(images.plane(item, 3 * image + colour), 0, row, height, width));
                let target =
                    [0, 1, 2].map(|colour| around(target.plane(item, colour), 0, row, height, width));
                compare_row(ssim, image, target, use_ssim);
                losses.copy_from_slice(&ssim.loss);
            },
        );
        tensor(losses, [batch, count, height, width])
    }

    fn reprojection(
        inputs: ReprojectionInputs<Self>,
        options: ReprojectionOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        Self::reprojection_with_gradients(inputs, options).0
    }
}

/// Adds tie-break noise to the identity losses.
fn with_noise(identity: FloatTensor<Flex>, stream: u64) -> FloatTensor<Flex> {
    let noise = tie_break_noise(stream, identity.shape().dims(), &Device::flex());
    let noise = noise.try_into_primitive::<Flex>().expect("the noise was made on the CPU backend");
    Flex::float_add(identity, noise)
}

#[macerator::with_simd]
#[allow(clippy::extra_unused_type_parameters, reason = "it selects the instruction set of what is inlined")]
fn compare_row<'a, S: macerator::Simd>(
    ssim: &mut SsimScratch,
    image: [Rows<'a>; 3],
    target: [Rows<'a>; 3],
    use_ssim: bool,
) {
    if use_ssim {
        ssim.set_target(target);
    }
    ssim.compare(image, target, use_ssim);
}

impl FusedReprojectionGradient for Flex {
    fn reprojection_with_gradients(
        inputs: ReprojectionInputs<Self>,
        options: ReprojectionOptions,
    ) -> (Outputs<Self>, [FloatTensor<Self>; 2]) {
        let ReprojectionInputs { disparity, projections, sources, target, identity } = inputs;
        let (disparity, projections) = (Planes::new(disparity), Planes::new(projections));
        let (sources, target) = (Planes::new(sources), Planes::new(target));
        let identity = Planes::new(match options.noise {
            Some(stream) => with_noise(identity, stream),
            None => identity,
        });
        let [batch, _, height, width] = target.shape;
        let [_, _, disparity_height, disparity_width] = disparity.shape;
        let [_, source_count, _, _] = projections.shape;
        let upsample_x = Upsampling::new(disparity_width, width);
        let upsample_y = Upsampling::new(disparity_height, height);
        let colours: Vec<InterleavedImage> = (0..batch * source_count)
            .into_par_iter()
            .map(|index| {
                let pixels = 3 * height * width;
                InterleavedImage::new(&sources.values()[index * pixels..][..pixels], height, width)
            })
            .collect();
        let stretch = |pixels: usize| {
            if options.align_corners { (1.0, 0.0) } else { (pixels as f32 / (pixels - 1) as f32, -0.5) }
        };
        let items: Vec<BatchItem<'_>> = (0..batch)
            .map(|item| BatchItem {
                height,
                width,
                disparity: disparity.plane(item, 0),
                disparity_width,
                upsample_x: &upsample_x,
                upsample_y: &upsample_y,
                depth_coefficients: options.depth_range.coefficients(),
                projections: (0..source_count)
                    .map(|source| std::array::from_fn(|index| projections.plane(item, source)[index]))
                    .collect(),
                sampling: [stretch(width), stretch(height)],
                sources: &colours[item * source_count..][..source_count],
                target: target.item(item),
                identity: identity.item(item),
                use_ssim: options.use_ssim,
                maps: options.maps,
            })
            .collect();
        let strips = height.div_ceil(STRIP);
        let results: Vec<StripResult> = (0..batch * strips)
            .into_par_iter()
            .map_init(
                || StripScratch::new(&items[0], STRIP),
                |scratch, index| {
                    let first = index % strips * STRIP;
                    process(&items[index / strips], first..(first + STRIP).min(height), scratch)
                },
            )
            .collect();

        let share = 1.0 / (batch * height * width) as f64;
        let loss = results.iter().map(|strip| strip.loss).sum::<f64>() * share;
        let trained = results.iter().map(|strip| strip.trained).sum::<usize>() as f64 * share;
        let mut disparity_gradient = vec![0.0; disparity.values().len()];
        let mut projection_gradient = vec![0.0; projections.values().len()];
        for (item, strips) in results.chunks_exact(strips).enumerate() {
            let rows = strips.iter().flat_map(|strip| strip.disparity_gradient.chunks_exact(disparity_width));
            let gradient = &mut disparity_gradient[item * disparity_height * disparity_width..];
            for (row, values) in rows.enumerate() {
                let (first, second, weight) = upsample_y.row(row);
                for (target, weight) in [(first, 1.0 - weight), (second, weight)] {
                    let target = &mut gradient[target * disparity_width..][..disparity_width];
                    for (sum, value) in target.iter_mut().zip(values) {
                        *sum += weight * value * share as f32;
                    }
                }
            }
            for source in 0..source_count {
                for index in 0..12 {
                    let sum: f64 = strips.iter().map(|strip| strip.projection_gradients[source][index]).sum();
                    projection_gradient[(item * source_count + source) * 12 + index] = (sum * share) as f32;
                }
            }
        }
        let maps = results.into_iter().flat_map(|strip| strip.maps).collect::<Vec<f32>>();
        let maps = match options.maps {
            true => {
                let by_row = tensor(maps, [batch, height, 4 * source_count + 2, width]);
                Self::float_permute(by_row, &[0, 2, 1, 3])
            }
            false => tensor(maps, [0]),
        };
        let outputs = (tensor(vec![loss as f32], [1]), tensor(vec![trained as f32], [1]), maps);
        (
            outputs,
            [tensor(disparity_gradient, disparity.shape), tensor(projection_gradient, projections.shape)],
        )
    }
}
