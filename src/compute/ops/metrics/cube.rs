//! Metrics of a step on the GPU.

#![allow(clippy::too_many_arguments, reason = "a kernel is given every buffer that it touches")]

use super::predictions::PredictionStatisticsInputs;
use crate::compute::ops::{
    cube::{argument, empty_vector, primitive, workgroup_sum},
    group::{CHUNK, THREADS, cubes},
    loss_constants::SMALLEST_DEPTH,
};
use burn::{
    backend::{Cube, TensorMetadata},
    tensor::Tensor as Values,
};
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// Numbers that `chunks_kernel` writes for a chunk: count of values, their mean, the sum of squared deviations.
const MOMENTS: usize = 3;

#[cube(launch)]
fn add_kernel(
    parts: &Sequence<Box<[f32]>>,
    lengths: &Sequence<usize>,
    before: &Tensor<f32>,
    sums: &mut Tensor<f32>,
    share: f32,
    #[comptime] count: usize,
    #[comptime] adds: bool,
) {
    if CUBE_POS > 0 {
        terminate!();
    }
    let mut begin = 0usize;
    #[unroll]
    for i in 0..count {
        let mut index = UNIT_POS as usize;
        while index < lengths[i] {
            let mut value = share * parts[i][index];
            if comptime!(adds) {
                value += before[begin + index];
            }
            sums[begin + index] = value;
            index += THREADS;
        }
        begin += lengths[i];
    }
}

/// Mean and squared deviations of each chunk of an image. (Sums over a whole image would lose digits.)
#[cube(launch)]
fn chunks_kernel(disparity: &Tensor<f32>, moments: &mut Tensor<f32>, pixels: usize, chunks: usize) {
    let image = CUBE_POS / chunks;
    let first = (CUBE_POS % chunks) * CHUNK;
    let is_used = CUBE_POS * MOMENTS < moments.len();
    let mut length = pixels - first;
    if length > CHUNK {
        length = CHUNK.runtime();
    }
    if !is_used {
        length = 0usize.runtime();
    }
    let start = image * pixels + first;
    let mut sum = f32::new(0.0);
    let mut index = UNIT_POS as usize;
    while index < length {
        sum += disparity[start + index];
        index += THREADS;
    }
    let mean = workgroup_sum::<f32>(sum, THREADS) / length as f32;
    let mut squares = f32::new(0.0);
    let mut index = UNIT_POS as usize;
    while index < length {
        let deviation = disparity[start + index] - mean;
        squares += deviation * deviation;
        index += THREADS;
    }
    let squares = workgroup_sum::<f32>(squares, THREADS);
    if UNIT_POS == 0 && is_used {
        moments[CUBE_POS * MOMENTS] = length as f32;
        moments[CUBE_POS * MOMENTS + 1] = mean;
        moments[CUBE_POS * MOMENTS + 2] = squares;
    }
}

/// Number of pixels that are projected outside a source's image, by workgroup.
#[cube(launch)]
fn out_of_view_kernel(
    disparity: &Tensor<f32>,
    motions: &Sequence<Box<[f32]>>,
    counts: &mut Tensor<f32>,
    cameras: &Sequence<f32>,
    offset: f32,
    slope: f32,
    height: usize,
    width: usize,
    #[comptime] sources: usize,
    #[comptime] samples: usize,
) {
    let pixels = height * width;
    let half_width = width as f32 / 2.0;
    let half_height = height as f32 / 2.0;
    let mut outside = f32::new(0.0);
    for round in 0..CHUNK / THREADS {
        let index = CUBE_POS * CHUNK + round * THREADS + UNIT_POS as usize;
        if index < samples * pixels {
            let sample = index / pixels;
            let mut fx = f32::new(1.0);
            let mut fy = f32::new(1.0);
            let mut cx = f32::new(0.0);
            let mut cy = f32::new(0.0);
            #[unroll]
            for i in 0..samples {
                if sample == i {
                    fx = cameras[4 * i];
                    fy = cameras[4 * i + 1];
                    cx = cameras[4 * i + 2];
                    cy = cameras[4 * i + 3];
                }
            }
            let depth = 1.0 / (disparity[index] * slope + offset);
            let x = ((index % width) as f32 - cx) / fx * depth;
            let y = ((index % pixels / width) as f32 - cy) / fy * depth;
            let row = 16 * sample;
            #[unroll]
            for i in 0..sources {
                let seen_x = motions[i][row] * x
                    + motions[i][row + 1] * y
                    + motions[i][row + 2] * depth
                    + motions[i][row + 3];
                let seen_y = motions[i][row + 4] * x
                    + motions[i][row + 5] * y
                    + motions[i][row + 6] * depth
                    + motions[i][row + 7];
                let seen_z = motions[i][row + 8] * x
                    + motions[i][row + 9] * y
                    + motions[i][row + 10] * depth
                    + motions[i][row + 11];
                let distance = seen_z + SMALLEST_DEPTH;
                let u = (fx * seen_x + cx * seen_z) / distance;
                let v = (fy * seen_y + cy * seen_z) / distance;
                // An image reaches half a pixel beyond the centres of its outermost pixels.
                let beyond_x = (u - (half_width - 0.5)).abs() > half_width;
                let beyond_y = (v - (half_height - 0.5)).abs() > half_height;
                if beyond_x || beyond_y {
                    outside += f32::new(1.0);
                }
            }
        }
    }
    let outside = workgroup_sum::<f32>(outside, THREADS);
    if UNIT_POS == 0 && CUBE_POS < counts.len() {
        counts[CUBE_POS] = outside;
    }
}

#[cube(launch)]
fn metrics_kernel(
    moments: &Tensor<f32>,
    counts: &Tensor<f32>,
    motions: &Sequence<Box<[f32]>>,
    output: &mut Tensor<f32>,
    chunks: usize,
    samples: usize,
    out_of_view_share: f32,
    #[comptime] sources: usize,
) {
    let mut means = f32::new(0.0);
    let mut deviations = f32::new(0.0);
    let mut lengths = f32::new(0.0);
    let mut sample = UNIT_POS as usize;
    while sample < samples {
        let start = sample * chunks * MOMENTS;
        let mut count = f32::new(0.0);
        let mut sum = f32::new(0.0);
        for chunk in 0..chunks {
            let index = start + chunk * MOMENTS;
            count += moments[index];
            sum += moments[index] * moments[index + 1];
        }
        let mean = sum / count;
        let mut squares = f32::new(0.0);
        for chunk in 0..chunks {
            let index = start + chunk * MOMENTS;
            let deviation = moments[index + 1] - mean;
            squares += moments[index + 2] + moments[index] * deviation * deviation;
        }
        means += mean;
        deviations += (squares / count).sqrt();
        #[unroll]
        for i in 0..sources {
            let x = motions[i][16 * sample + 3];
            let y = motions[i][16 * sample + 7];
            let z = motions[i][16 * sample + 11];
            lengths += (x * x + y * y + z * z).sqrt();
        }
        sample += THREADS;
    }
    let mut outside = f32::new(0.0);
    let mut index = UNIT_POS as usize;
    while index < counts.len() {
        outside += counts[index];
        index += THREADS;
    }
    let means = workgroup_sum::<f32>(means, THREADS);
    let deviations = workgroup_sum::<f32>(deviations, THREADS);
    let lengths = workgroup_sum::<f32>(lengths, THREADS);
    let outside = workgroup_sum::<f32>(outside, THREADS);
    if UNIT_POS == 0 && CUBE_POS == 0 {
        output[0] = means / samples as f32;
        output[1] = deviations / samples as f32;
        output[2] = f32::new(0.0);
        if comptime!(sources > 0) {
            output[2] = lengths / (samples * sources) as f32;
        }
        output[3] = outside * out_of_view_share;
    }
}

fn arrays(tensors: &[CubeTensor]) -> SequenceArg<Box<[f32]>> {
    let mut arrays = SequenceArg::new();
    tensors.iter().for_each(|tensor| arrays.push(tensor.clone().into_buffer_arg()));
    arrays
}

fn binds(client: &Client, arrays: usize) -> bool {
    // One more binding is for shapes and scalars.
    client.properties().hardware.max_bindings as usize > arrays
}

/// `before + share · parts`; `None` if there are too many parts to bind.
pub(super) fn add(before: Option<&Values<1>>, parts: &[Values<1>], share: f32) -> Option<Values<1>> {
    let parts: Vec<CubeTensor> = parts.iter().cloned().map(primitive).collect();
    let client = parts[0].client.clone();
    if !binds(&client, parts.len() + 2) {
        return None;
    }
    let mut lengths = SequenceArg::<usize>::new();
    let mut total = 0;
    for part in &parts {
        lengths.push(part.shape().num_elements());
        total += part.shape().num_elements();
    }
    let sums = empty_vector(&parts[0], total);
    // A kernel must be given some tensor; it does not read this one.
    let adds = before.is_some();
    let before = before.map_or_else(|| parts[0].clone(), |before| primitive(before.clone()));
    let (count, threads) = cubes(&client, 1);
    add_kernel::launch(
        &client,
        count,
        threads,
        arrays(&parts),
        lengths,
        argument(&before),
        argument(&sums),
        share,
        parts.len(),
        adds,
    );
    Some(Values::from_primitive::<Cube>(sums))
}

/// The four metrics; `None` if there are too many sources to bind.
pub(super) fn measure(metrics: &PredictionStatisticsInputs) -> Option<Values<1>> {
    let [samples, _, height, width] = metrics.disparity.dims();
    let [_, _, coarse_height, coarse_width] = metrics.coarse_disparity.dims();
    let flattened = |tensor: &Values<4>| primitive(tensor.clone().reshape([-1]));
    let matrices = |motions: &[Values<3>]| -> Vec<CubeTensor> {
        motions.iter().map(|motion| primitive(motion.clone().reshape([-1]))).collect()
    };
    let (disparity, coarse) = (flattened(&metrics.disparity), flattened(&metrics.coarse_disparity));
    let (motions, coarse_motions) = (matrices(&metrics.motions), matrices(&metrics.coarse_motions));
    let client = disparity.client.clone();
    if !binds(&client, 3 + motions.len().max(coarse_motions.len())) {
        return None;
    }

    let pixels = height * width;
    let chunks = pixels.div_ceil(CHUNK);
    let moments = empty_vector(&disparity, samples * chunks * MOMENTS);
    let (count, threads) = cubes(&client, samples * chunks);
    chunks_kernel::launch(&client, count, threads, argument(&disparity), argument(&moments), pixels, chunks);

    let seen = samples * coarse_height * coarse_width;
    let counts = empty_vector(&disparity, seen.div_ceil(CHUNK));
    let mut cameras = SequenceArg::<f32>::new();
    metrics.cameras.iter().flatten().for_each(|number| cameras.push(*number));
    let (offset, slope) = metrics.inverse_depth;
    let (count, threads) = cubes(&client, seen.div_ceil(CHUNK));
    out_of_view_kernel::launch(
        &client,
        count,
        threads,
        argument(&coarse),
        arrays(&coarse_motions),
        argument(&counts),
        cameras,
        offset,
        slope,
        coarse_height,
        coarse_width,
        coarse_motions.len(),
        samples,
    );

    let output = empty_vector(&disparity, 4);
    let (count, threads) = cubes(&client, 1);
    metrics_kernel::launch(
        &client,
        count,
        threads,
        argument(&moments),
        argument(&counts),
        arrays(&motions),
        argument(&output),
        chunks,
        samples,
        1.0 / (seen * coarse_motions.len().max(1)) as f32,
        motions.len(),
    );
    Some(Values::from_primitive::<Cube>(output))
}
