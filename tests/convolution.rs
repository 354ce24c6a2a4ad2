//! The convolution on both backends against its reference implementation and against finite differences.

use crate::support::{gpu, largest_difference, scattered, values};
use burn::tensor::{Device, Tensor, TensorData};
use monoscope::compute::{
    count_kernels, launched_kernels,
    ops::convolution::{
        Activation, ConvolutionOptions, Padding, PixelSums, SlidingTile, Tile, convolution,
        reference_convolution,
    },
};

/// Kernel size, options, and whether there is a bias, for every kind of convolution in the networks.
pub fn kinds() -> Vec<(usize, ConvolutionOptions, bool)> {
    let kind = |kernel, stride, padding, activation, bias| {
        (kernel, ConvolutionOptions { stride, padding, activation }, bias)
    };
    vec![
        kind(3, 1, Padding::Zero(1), Activation::None, false),
        kind(3, 2, Padding::Zero(1), Activation::None, false),
        kind(7, 2, Padding::Zero(3), Activation::None, false),
        kind(1, 2, Padding::Zero(0), Activation::None, false),
        kind(1, 1, Padding::Zero(0), Activation::Relu, true),
        kind(3, 1, Padding::Zero(1), Activation::Relu, true),
        kind(3, 1, Padding::Reflect(1), Activation::Elu, true),
        kind(3, 1, Padding::Reflect(1), Activation::None, true),
        kind(5, 2, Padding::Zero(2), Activation::Relu, true),
        kind(3, 1, Padding::Zero(1), Activation::LeakyRelu, true),
        kind(3, 2, Padding::Zero(1), Activation::LeakyRelu, true),
        kind(7, 2, Padding::Zero(3), Activation::Relu, true),
        kind(3, 2, Padding::Reflect(1), Activation::None, true),
        kind(2, 3, Padding::Zero(1), Activation::None, true),
        kind(3, 1, Padding::Zero(0), Activation::Elu, false),
    ]
}

/// Batch, channels, height, width, filters: odd sizes, rests of every tile, several tasks of rows, channels and
/// filters.
const SHAPES: [[usize; 5]; 7] = [
    [1, 1, 7, 7, 1],
    [3, 3, 9, 13, 5],
    [2, 4, 6, 20, 16],
    [1, 6, 13, 41, 33],
    [2, 17, 5, 8, 12],
    [1, 2, 40, 61, 24],
    [2, 70, 6, 9, 67],
];

/// The same for the GPU: batches of 1 to 5, channels and filters for every tile, rests of every tile, and maps
/// that blocks of four rows, of two rows and of neither fill.
pub const SHAPES_ON_GPU: [[usize; 5]; 10] = [
    [1, 1, 7, 7, 1],
    [3, 3, 9, 13, 5],
    [5, 16, 7, 11, 48],
    [4, 17, 5, 8, 12],
    [2, 70, 6, 9, 67],
    [1, 512, 5, 7, 3],
    [1, 2, 40, 61, 128],
    [2, 8, 12, 20, 20],
    [3, 20, 8, 24, 2],
    [1, 36, 10, 16, 70],
];

/// The devices of all backends.
fn devices() -> [Device; 2] {
    [Device::flex(), gpu()]
}

pub type Operation = fn(Tensor<4>, Tensor<4>, Option<Tensor<1>>, ConvolutionOptions) -> Tensor<4>;

/// Output, and gradients of input, weight and bias when the output's gradient is a pattern.
fn passes(
    operation: Operation,
    device: &Device,
    arguments: &[TensorData],
    options: ConvolutionOptions,
) -> Vec<Vec<f32>> {
    passes_of(operation, device, arguments, options, 1.0, 1e-3)
}

/// The same for a pattern of this largest value, which is zero where a rectifier is nearer than `margin` to its kink.
pub fn passes_of(
    operation: Operation,
    device: &Device,
    arguments: &[TensorData],
    options: ConvolutionOptions,
    largest: f32,
    margin: f32,
) -> Vec<Vec<f32>> {
    let device = device.clone().autodiff();
    let input = Tensor::<4>::from_data(arguments[0].clone(), &device).require_grad();
    let weight = Tensor::<4>::from_data(arguments[1].clone(), &device).require_grad();
    let bias = arguments.get(2).map(|bias| Tensor::<1>::from_data(bias.clone(), &device).require_grad());
    let output = operation(input.clone(), weight.clone(), bias.clone(), options);
    let pattern: Vec<f32> =
        pattern(output.shape().num_elements()).iter().map(|value| value * largest).collect();
    let mut pattern = Tensor::<1>::from_floats(pattern.as_slice(), &Device::flex()).reshape(output.dims());
    if matches!(options.activation, Activation::Relu | Activation::LeakyRelu) {
        // At the rectifier's kink the derivative depends on rounding, so it is not compared there.
        let linear = ConvolutionOptions { activation: Activation::None, ..options };
        let [input, weight] =
            [0, 1].map(|index| Tensor::from_data(arguments[index].clone(), &Device::flex()));
        let bias = arguments.get(2).map(|bias| Tensor::from_data(bias.clone(), &Device::flex()));
        let before = reference_convolution(input, weight, bias, linear);
        pattern = pattern * before.abs().greater_elem(margin).float();
    }
    let pattern = Tensor::<4>::from_data(pattern.into_data(), &device);
    let gradients = (output.clone() * pattern).sum().backward();
    let mut results = vec![
        values(output.detach()),
        values(input.grad(&gradients).unwrap()),
        values(weight.grad(&gradients).unwrap()),
    ];
    results.extend(bias.map(|bias| values(bias.grad(&gradients).unwrap())));
    results
}

fn pattern(count: usize) -> Vec<f32> {
    (0..count).map(|i| (i as f32 * 0.7).sin()).collect()
}

/// Pseudo-random numbers from -1 to 1, always the same for a shape.
fn random(shape: &[usize]) -> TensorData {
    let count: usize = shape.iter().product();
    let seed = shape.iter().fold(1, |seed, side| 31 * seed + *side as u32);
    let numbers = scattered([count], seed, &Device::flex()) * 2.0 - 1.0;
    TensorData::new(values(numbers), shape.to_vec())
}

pub fn arguments(shape: [usize; 5], kernel: usize, has_bias: bool) -> Vec<TensorData> {
    let [batch, channels, height, width, filters] = shape;
    let mut arguments =
        vec![random(&[batch, channels, height, width]), random(&[filters, channels, kernel, kernel])];
    if has_bias {
        arguments.push(random(&[filters]));
    }
    arguments
}

fn assert_same(ours: &[Vec<f32>], twins: &[Vec<f32>], tolerance: f32, case: &str) {
    assert_eq!(ours.len(), twins.len());
    let names = ["output", "gradient of input", "gradient of weight", "gradient of bias"];
    for ((ours, twins), name) in ours.iter().zip(twins).zip(names) {
        let largest = twins.iter().fold(1f32, |largest, value| largest.max(value.abs()));
        let difference = largest_difference(ours, twins);
        assert!(difference <= tolerance * largest, "{name} of {case}: {difference} of {largest}");
    }
}

#[test]
fn convolution_is_its_reference_implementation() {
    let device = Device::flex();
    for (kernel, options, has_bias) in kinds() {
        for shape in SHAPES {
            let arguments = arguments(shape, kernel, has_bias);
            let ours = passes(convolution, &device, &arguments, options);
            let twins = passes(reference_convolution, &device, &arguments, options);
            assert_same(&ours, &twins, 1e-5, &format!("{kernel}x{kernel} {options:?} on {shape:?}"));
        }
    }
}

#[test]
fn convolution_on_the_gpu_is_its_reference_implementation() {
    let gpu = gpu();
    for (kernel, options, has_bias) in kinds() {
        for shape in SHAPES_ON_GPU {
            let arguments = arguments(shape, kernel, has_bias);
            let ours = passes(convolution, &gpu, &arguments, options);
            let references = passes(reference_convolution, &Device::flex(), &arguments, options);
            assert_same(&ours, &references, 5e-5, &format!("{kernel}x{kernel} {options:?} on {shape:?}"));
        }
    }
}

#[test]
fn convolution_has_the_derivatives_of_finite_differences() {
    devices().iter().for_each(assert_finite_differences);
}

fn assert_finite_differences(device: &Device) {
    const STEP: f32 = 1e-2;
    for (kernel, mut options, has_bias) in kinds() {
        // A rectifier has no derivative at its kink; the test against the reference implementation covers it.
        if matches!(options.activation, Activation::Relu | Activation::LeakyRelu) {
            options.activation = Activation::Elu;
        }
        let arguments = arguments([2, 2, 6, 7, 3], kernel, has_bias);
        let derivatives = passes(convolution, device, &arguments, options);
        let pattern = pattern(derivatives[0].len());
        let objective = |arguments: &[TensorData]| -> f64 {
            let output = values(convolution(
                Tensor::from_data(arguments[0].clone(), device),
                Tensor::from_data(arguments[1].clone(), device),
                arguments.get(2).map(|bias| Tensor::from_data(bias.clone(), device)),
                options,
            ));
            output.iter().zip(&pattern).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        for (which, argument) in arguments.iter().enumerate() {
            let original: Vec<f32> = argument.try_to_vec().unwrap();
            for index in (0..original.len()).step_by(3) {
                let shifted = |by: f32| {
                    let mut values = original.clone();
                    values[index] += by;
                    let mut arguments = arguments.clone();
                    arguments[which] = TensorData::new(values, argument.shape().clone());
                    objective(&arguments)
                };
                let numeric = (shifted(STEP) - shifted(-STEP)) / f64::from(2.0 * STEP);
                let exact = f64::from(derivatives[1 + which][index]);
                assert!(
                    (numeric - exact).abs() < 2e-3 * (1.0 + exact.abs()),
                    "argument {which}[{index}] of {kernel}x{kernel} {options:?}: {exact}, {numeric} by steps"
                );
            }
        }
    }
}

#[test]
fn an_untracked_input_gets_no_gradient_and_weights_get_theirs() {
    for device in devices().into_iter().map(Device::autodiff) {
        let arguments = arguments([1, 3, 8, 10, 4], 3, false);
        let input = Tensor::<4>::from_data(arguments[0].clone(), &device);
        let weight = Tensor::<4>::from_data(arguments[1].clone(), &device).require_grad();
        let options =
            ConvolutionOptions { stride: 2, padding: Padding::Zero(1), activation: Activation::None };
        let gradients = convolution(input.clone(), weight.clone(), None, options).sum().backward();
        assert!(input.grad(&gradients).is_none());
        assert!(weight.grad(&gradients).is_some());
    }
}

#[test]
fn a_view_of_a_tensor_is_convolved_like_a_copy() {
    for device in devices() {
        let input = Tensor::<4>::from_data(random(&[1, 4, 9, 11]), &device).swap_dims(2, 3);
        let weight = Tensor::<4>::from_data(random(&[5, 4, 3, 3]), &device);
        let options =
            ConvolutionOptions { stride: 1, padding: Padding::Reflect(1), activation: Activation::Elu };
        let ours = values(convolution(input.clone(), weight.clone(), None, options));
        let references = values(reference_convolution(input, weight, None, options));
        assert_same(&[ours], &[references], 1e-5, "a transposed view");
    }
}

#[test]
fn convolution_on_the_gpu_takes_one_launch_and_its_gradients_three() {
    let gpu = gpu();
    let device = gpu.autodiff();
    let arguments = arguments([1, 16, 24, 32, 16], 3, true);
    let [input, weight] =
        [0, 1].map(|which| Tensor::<4>::from_data(arguments[which].clone(), &device).require_grad());
    let bias = Tensor::<1>::from_data(arguments[2].clone(), &device).require_grad();
    let options = ConvolutionOptions { stride: 1, padding: Padding::Reflect(1), activation: Activation::Elu };
    let (output, launches) = count_kernels(|| convolution(input, weight, Some(bias), options));
    assert_eq!(launches, 1);
    let loss = (output.clone() * output.detach()).sum();
    let (_, kernels) = launched_kernels(|| loss.backward());
    let ours = kernels.iter().filter(|kernel| kernel.contains("ops::convolution")).count();
    assert_eq!(ours, 3, "{kernels:#?}");
    assert!(
        !kernels.iter().any(|kernel| kernel.contains("CopyKernel")),
        "something was copied: {kernels:#?}"
    );
}

#[test]
fn tiles_of_many_filters_read_little_for_each_multiply_add() {
    for rows in [64, 96, 128, 192, 256, 512, 1000, 2048] {
        for columns in [30, 120, 480, 1920, 7680, 30_720, 12 * 30_720] {
            let bytes = Tile::of(rows, columns).bytes_per_multiply_add();
            assert!(bytes <= 0.25, "{bytes} bytes a multiply-add for {rows} filters, {columns} pixels");
        }
        for height in [6, 12, 13, 192] {
            let bytes = SlidingTile::of(rows, height).bytes_per_multiply_add();
            assert!(bytes <= 0.125, "{bytes} bytes a multiply-add for {rows} filters, maps {height} high");
        }
    }
}

/// Counts of filters for which vectors of 4, 8 and 16 lanes, two at a time, leave every possible rest.
#[test]
fn sums_over_pixels_stay_within_their_filters() {
    const TAPS: usize = 16;
    /// Values beyond the slices, which must be neither read nor written.
    const BEYOND: usize = 64;
    let (line_width, width, height) = (7, 5, 3);
    for filters in [16, 32, 48, 64, 80, 112] {
        let line = pattern(line_width * height + TAPS);
        let taps: Vec<usize> = (0..TAPS).collect();
        let mut gradient = pattern(width * height * filters);
        let (count, len) = (gradient.len(), TAPS * filters);
        gradient.resize(count + BEYOND, f32::NAN);
        let mut sums = vec![1.0; len + BEYOND];
        let pixel_sums = PixelSums {
            line: &line,
            line_width,
            gradient: &gradient[..count],
            width,
            filters,
            taps: &taps,
            sums: &mut sums[..len],
        };
        pixel_sums.run();
        let (sums, beyond) = sums.split_at(len);
        assert!(beyond.iter().all(|value| *value == 1.0), "{filters} filters: written out of bounds");
        for (index, sum) in sums.iter().enumerate() {
            let (tap, filter) = (taps[index / filters], index % filters);
            let term = |pixel: usize| {
                let (y, x) = (pixel / width, pixel % width);
                line[tap + y * line_width + x] * gradient[pixel * filters + filter]
            };
            let expected = 1.0 + (0..width * height).map(term).sum::<f32>();
            assert!(
                (sum - expected).abs() < 1e-4,
                "{filters} filters, tap {tap}, filter {filter}: {sum}, not {expected}"
            );
        }
    }
}

#[test]
#[should_panic(expected = "whole vectors")]
fn sums_over_pixels_refuse_a_part_of_a_vector() {
    let (line, gradient, mut sums) = ([0.0; 8], [0.0; 24], [0.0; 8 * 24]);
    let taps = [0; 8];
    PixelSums {
        line: &line,
        line_width: 1,
        gradient: &gradient,
        width: 1,
        filters: 24,
        taps: &taps,
        sums: &mut sums,
    }
    .run();
}
