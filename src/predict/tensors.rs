//! Samples as tensors on the computing device.

use crate::{config::FrameId, data::Sample, geometry::Intrinsics};
use burn::tensor::{Device, Tensor, TensorData};
use image::RgbImage;
use std::collections::BTreeMap;

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
    /// Uploads samples that have the same frames, scales and sizes.
    pub fn upload(samples: &[Sample], device: &Device) -> Self {
        let first = &samples[0];
        let colour = first.pyramid.iter().map(|(id, scales)| {
            let pyramid = (0..scales.len())
                .map(|scale| image_tensor(samples.iter().map(|sample| &sample.pyramid[id][scale]), device))
                .collect();
            (*id, pyramid)
        });
        let network_input = first
            .network_input
            .keys()
            .map(|id| (*id, image_tensor(samples.iter().map(|sample| &sample.network_input[id]), device)));
        Self {
            colour: colour.collect(),
            network_input: network_input.collect(),
            intrinsics: samples.iter().map(|sample| sample.intrinsics).collect(),
            stereo_shift_x: samples.iter().map(|sample| sample.stereo_shift_x).collect(),
        }
    }
}

/// Images of one size as [B, 3, H, W] in 0 to 1.
pub fn image_tensor<'a>(images: impl Iterator<Item = &'a RgbImage>, device: &Device) -> Tensor<4> {
    let (mut values, mut shape) = (Vec::new(), [0, 3, 0, 0]);
    for image in images {
        let (width, height) = (image.width() as usize, image.height() as usize);
        shape = [shape[0] + 1, 3, height, width];
        let pixels = image.as_raw();
        for channel in 0..3 {
            values.extend(pixels[channel..].iter().step_by(3).map(|level| f32::from(*level) / 255.0));
        }
    }
    Tensor::from_data(TensorData::new(values, shape), device)
}
