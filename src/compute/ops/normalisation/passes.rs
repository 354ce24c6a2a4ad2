//! Forward and backward pass over a batch on the CPU, channel by channel.
//!
//! With n values of a channel, x̂ = (x − mean) / √(variance + ε) and y = weight·x̂ + bias, the output's
//! gradient g gives Σ g for the bias, Σ g·x̂ for the weight, and for the input
//! weight / √(variance + ε) · (g − Σ g / n − x̂ · Σ g·x̂ / n).

use super::NormalisationOptions;
use macerator::AutoArch;
use rayon::prelude::*;
use std::array;

/// Values of a batch in row-major order, with its shape `[batch, channels, height, width]`.
#[derive(Clone, Copy)]
pub(super) struct BatchView<'a> {
    pub(super) shape: [usize; 4],
    pub(super) values: &'a [f32],
}

impl<'a> BatchView<'a> {
    fn plane_len(self) -> usize {
        self.shape[2] * self.shape[3]
    }

    /// Planes of a channel, one for each image.
    fn planes(self, channel: usize) -> impl Iterator<Item = &'a [f32]> {
        self.values.chunks_exact(self.plane_len()).skip(channel).step_by(self.shape[1])
    }

    /// Number of values of a channel in all images.
    fn count(self) -> f32 {
        (self.shape[0] * self.plane_len()) as f32
    }
}

/// Planes of one channel in every image, to be written.
type ChannelPlanes<'a> = Vec<&'a mut [f32]>;

/// Planes of each channel, to be written by one task per channel.
fn channels(values: &mut [f32], [_, channels, height, width]: [usize; 4]) -> Vec<ChannelPlanes<'_>> {
    let mut by_channel: Vec<ChannelPlanes> = (0..channels).map(|_| Vec::new()).collect();
    for (index, plane) in values.chunks_exact_mut(height * width).enumerate() {
        by_channel[index % channels].push(plane);
    }
    by_channel
}

/// Mean and biased variance of a channel.
#[derive(Clone, Copy)]
pub(super) struct ChannelStatistics {
    pub(super) mean: f32,
    pub(super) variance: f32,
}

impl ChannelStatistics {
    fn of(input: BatchView, channel: usize) -> Self {
        let sum = |of: fn(f32, f32) -> f32, mean: f32| -> f32 {
            input.planes(channel).map(|plane| sums(plane, plane, |x, _| [of(x, mean)])[0]).sum()
        };
        let mean = sum(|x, _| x, 0.0) / input.count();
        let variance = sum(|x, mean| (x - mean) * (x - mean), mean) / input.count();
        Self { mean, variance }
    }

    fn inverse_standard_deviation(self, options: NormalisationOptions) -> f32 {
        (self.variance + options.epsilon).sqrt().recip()
    }
}

/// Output in row-major order, and the statistics of each channel.
pub(super) fn normalise(
    input: BatchView,
    weight: &[f32],
    bias: &[f32],
    shortcut: Option<BatchView>,
    options: NormalisationOptions,
) -> (Vec<f32>, Vec<ChannelStatistics>) {
    let lowest = if options.rectify { 0.0 } else { f32::NEG_INFINITY };
    let mut output = vec![0.0; input.values.len()];
    let normalise = |(channel, mut output): (usize, Vec<&mut [f32]>)| {
        let statistics = ChannelStatistics::of(input, channel);
        let scale = weight[channel] * statistics.inverse_standard_deviation(options);
        let offset = bias[channel] - statistics.mean * scale;
        let planes = output.iter_mut().zip(input.planes(channel));
        match shortcut {
            Some(shortcut) => planes.zip(shortcut.planes(channel)).for_each(|((output, input), shortcut)| {
                AutoArch::new().dispatch(|| {
                    for ((output, input), shortcut) in output.iter_mut().zip(input).zip(shortcut) {
                        *output = (input * scale + offset + shortcut).max(lowest);
                    }
                });
            }),
            None => planes.for_each(|(output, input)| {
                AutoArch::new().dispatch(|| {
                    for (output, input) in output.iter_mut().zip(input) {
                        *output = (input * scale + offset).max(lowest);
                    }
                });
            }),
        }
        statistics
    };
    let statistics = channels(&mut output, input.shape).into_par_iter().enumerate().map(normalise).collect();
    (output, statistics)
}

/// Gradients of a normalisation, each in row-major order.
pub(super) struct NormalisationGradients {
    pub(super) input: Vec<f32>,
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    /// Gradient of the output, 0 where that was rectified to 0; `None` if it is the output's gradient itself.
    pub(super) shortcut: Option<Vec<f32>>,
}

/// Gradients of input, weight, bias and shortcut from that of the output.
pub(super) fn gradients(
    input: BatchView,
    weight: &[f32],
    statistics: &[ChannelStatistics],
    output: BatchView,
    gradient: BatchView,
    options: NormalisationOptions,
) -> NormalisationGradients {
    let mut input_gradient = vec![0.0; input.values.len()];
    // The rectified gradient is written once, then read twice: for the channel's sums and for the input's gradient.
    let mut rectified = options.rectify.then(|| vec![0.0; input.values.len()]);
    let rectified_channels = match &mut rectified {
        Some(values) => channels(values, input.shape),
        None => (0..input.shape[1]).map(|_| Vec::new()).collect(),
    };
    let differentiate =
        |(channel, (mut input_gradient, mut rectified)): (usize, (ChannelPlanes, ChannelPlanes))| {
            let ChannelStatistics { mean, .. } = statistics[channel];
            let inverse_standard_deviation = statistics[channel].inverse_standard_deviation(options);
            for ((rectified, output), gradient) in
                rectified.iter_mut().zip(output.planes(channel)).zip(gradient.planes(channel))
            {
                AutoArch::new().dispatch(|| {
                    for ((rectified, output), gradient) in rectified.iter_mut().zip(output).zip(gradient) {
                        *rectified = if *output > 0.0 { *gradient } else { 0.0 };
                    }
                });
            }
            let gradients: Vec<&[f32]> = if options.rectify {
                rectified.iter().map(|plane| &**plane).collect()
            } else {
                gradient.planes(channel).collect()
            };
            let [mut weight_gradient, mut bias_gradient] = [0.0; 2];
            for (input, gradient) in input.planes(channel).zip(&gradients) {
                let [weighted_sum, sum] = sums(input, gradient, |x, g| [(x - mean) * g, g]);
                weight_gradient += weighted_sum * inverse_standard_deviation;
                bias_gradient += sum;
            }
            // g − Σ g / n − x̂ · Σ g·x̂ / n as a linear function of g and x.
            let scale = weight[channel] * inverse_standard_deviation;
            let slope = weight_gradient / input.count() * inverse_standard_deviation;
            let offset = bias_gradient / input.count() - mean * slope;
            for ((input_gradient, input), gradient) in
                input_gradient.iter_mut().zip(input.planes(channel)).zip(gradients)
            {
                AutoArch::new().dispatch(|| {
                    for ((input_gradient, input), gradient) in
                        input_gradient.iter_mut().zip(input).zip(gradient)
                    {
                        *input_gradient = scale * (gradient - offset - input * slope);
                    }
                });
            }
            (weight_gradient, bias_gradient)
        };
    let (weight, bias) = channels(&mut input_gradient, input.shape)
        .into_par_iter()
        .zip(rectified_channels)
        .enumerate()
        .map(differentiate)
        .unzip();
    NormalisationGradients { input: input_gradient, weight, bias, shortcut: rectified }
}

/// Sums `N` functions of pairs of values. Each sum is kept in 32 lanes, which is faster and more accurate than a single
/// running sum.
fn sums<const N: usize>(a: &[f32], b: &[f32], of: impl Fn(f32, f32) -> [f32; N]) -> [f32; N] {
    const LANES: usize = 32;
    AutoArch::new().dispatch(|| {
        let mut lanes = [[0.0f32; LANES]; N];
        let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
        for (a, b) in a.iter().zip(b) {
            for lane in 0..LANES {
                let terms = of(a[lane], b[lane]);
                for n in 0..N {
                    lanes[n][lane] += terms[n];
                }
            }
        }
        let mut sums: [f32; N] = array::from_fn(|n| lanes[n].iter().sum());
        for (a, b) in rest_a.iter().zip(rest_b) {
            let terms = of(*a, *b);
            for n in 0..N {
                sums[n] += terms[n];
            }
        }
        sums
    })
}
