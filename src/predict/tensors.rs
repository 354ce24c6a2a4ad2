//! Samples as tensors on the computing device.

use crate::{
    compute::{
        is_gpu,
        ops::picture::{PackedImages, smaller_levels},
        upload,
    },
    config::FrameId,
    data::{Sample, SampleImages, loader::Preparation},
    geometry::Intrinsics,
};
use burn::tensor::{Device, Tensor, TensorData};
use image::RgbImage;
use std::{cmp::Reverse, collections::BTreeMap};

/// A batch on the device.
#[derive(Clone, Debug)]
pub struct SampleTensors {
    /// Clean images by frame, scale 0 first, each [B, 3, H/2^s, W/2^s] in 0 to 1.
    pub colour: BTreeMap<FrameId, Vec<Tensor<4>>>,
    /// Images for the networks by frame, [B, 3, H, W] in 0 to 1.
    pub network_input: BTreeMap<FrameId, Tensor<4>>,
    /// The samples' cameras.
    pub intrinsics: Vec<Intrinsics>,
    /// The samples' shifts along x to the stereo camera.
    pub stereo_shift_x: Vec<f32>,
}

impl SampleTensors {
    /// Place where pyramids and jittered images are made for this device: in the loader for the CPU backend, after
    /// the upload for the GPU backend.
    pub fn preparation(device: &Device) -> Preparation {
        if is_gpu(device) { Preparation::Upload } else { Preparation::Loader }
    }

    /// Uploads samples that have the same frames, scales and sizes. For the GPU backend only the clean images are
    /// uploaded, as bytes; the others are computed there, with exactly the same levels.
    pub fn upload(samples: &[Sample], device: &Device) -> Self {
        let (colour, network_input) =
            if is_gpu(device) { on_gpu(samples, device) } else { on_cpu(samples, device) };
        Self {
            colour,
            network_input,
            intrinsics: samples.iter().map(|sample| sample.intrinsics).collect(),
            stereo_shift_x: samples.iter().map(|sample| sample.stereo_shift_x).collect(),
        }
    }
}

/// Pyramids and images for the networks, by frame.
type Made = (BTreeMap<FrameId, Vec<Tensor<4>>>, BTreeMap<FrameId, Tensor<4>>);

/// Pyramids and images for the networks on the CPU backend.
fn on_cpu(samples: &[Sample], device: &Device) -> Made {
    let images: Vec<SampleImages<'_>> = samples.iter().map(Sample::with_derived).collect();
    let scales = &samples[0].scales;
    let colour = scales.iter().map(|(id, scales)| {
        let level = |scale| image_tensor(images.iter().map(|images| images.at_scale(*id, scale)), device);
        (*id, (0..*scales).map(level).collect())
    });
    let network_input = scales
        .keys()
        .map(|id| (*id, image_tensor(images.iter().map(|images| images.network_input(*id)), device)));
    (colour.collect(), network_input.collect())
}

/// Pyramids and images for the networks on the GPU backend, computed there from the clean images.
fn on_gpu(samples: &[Sample], device: &Device) -> Made {
    let (batch, scales) = (samples.len(), &samples[0].scales);
    let mut ids: Vec<FrameId> = scales.keys().copied().collect();
    // Frames with more scales first, so that their pyramids are computed together.
    ids.sort_by_key(|id| Reverse(scales[id]));
    let images: Vec<&RgbImage> =
        ids.iter().flat_map(|id| samples.iter().map(|sample| &sample.images[id])).collect();
    let pictures = PackedImages::upload(&images, device);
    let clean = pictures.clean();
    let jitters: Vec<_> = samples.iter().map(Sample::jitter).collect();
    let is_jittered = jitters.iter().any(Option::is_some);
    let input = if is_jittered { pictures.jittered(&jitters) } else { clean.clone() };
    let with_pyramid = ids.iter().filter(|id| scales[id] > 1).count();
    let smaller = if with_pyramid > 0 {
        smaller_levels(clean.clone().narrow(0, 0, with_pyramid * batch), scales[&ids[0]] - 1)
    } else {
        Vec::new()
    };
    // The images of a frame are contiguous, so narrowing copies nothing.
    let frame = |tensor: &Tensor<4>, index: usize| tensor.clone().narrow(0, index * batch, batch);
    let colour = ids.iter().enumerate().map(|(index, id)| {
        let levels = std::iter::once(&clean).chain(&smaller).take(scales[id]);
        (*id, levels.map(|level| frame(level, index)).collect())
    });
    let network_input = ids.iter().enumerate().map(|(index, id)| (*id, frame(&input, index)));
    (colour.collect(), network_input.collect())
}

/// Images of one size as [B, 3, H, W] in 0 to 1.
pub fn image_tensor<'a>(images: impl Iterator<Item = &'a RgbImage>, device: &Device) -> Tensor<4> {
    if is_gpu(device) {
        return PackedImages::upload(&images.collect::<Vec<_>>(), device).clean();
    }
    let (mut values, mut shape) = (Vec::new(), [0, 3, 0, 0]);
    for image in images {
        let (width, height) = (image.width() as usize, image.height() as usize);
        shape = [shape[0] + 1, 3, height, width];
        let pixels = image.as_raw();
        for channel in 0..3 {
            values.extend(pixels[channel..].iter().step_by(3).map(|level| f32::from(*level) / 255.0));
        }
    }
    upload(TensorData::new(values, shape), device)
}
