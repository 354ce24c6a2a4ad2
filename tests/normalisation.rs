//! Batch normalisation on every backend: against its composed reference, against sums in double precision
//! and against finite differences, and what it costs on the GPU.

use crate::support::{backends, gpu, largest_difference, scattered, values};
use burn::tensor::{Device, Tensor, TensorData};
use monoscope::compute::{
    count_kernels,
    ops::normalisation::{
        FixedNormalisation, NormalisationOptions, Normalised, RunningStatistics, normalise_batch,
        reference_normalise_batch,
    },
};

type Operation = fn(
    Tensor<4>,
    Tensor<1>,
    Tensor<1>,
    Option<Tensor<4>>,
    RunningStatistics,
    NormalisationOptions,
) -> Normalised;

const EPSILON: f32 = 1e-5;
const MOMENTUM: f64 = 0.1;

fn options(rectify: bool) -> NormalisationOptions {
    NormalisationOptions { epsilon: EPSILON, momentum: MOMENTUM, rectify }
}

/// Pseudo-random numbers from -1 to 1.5, always the same.
fn random<const D: usize>(shape: [usize; D], seed: u32) -> TensorData {
    (scattered(shape, seed, &Device::flex()) * 2.5 - 1.0).into_data()
}

fn pattern(count: usize) -> Vec<f32> {
    (0..count).map(|i| (i as f32 * 0.7).sin()).collect()
}

/// Input, weight, bias and shortcut.
fn arguments(shape: [usize; 4]) -> [TensorData; 4] {
    [random(shape, 1), random([shape[1]], 2), random([shape[1]], 3), random(shape, 4)]
}

fn running(channels: usize, device: &Device) -> RunningStatistics {
    RunningStatistics {
        mean: Tensor::from_data(random([channels], 5), device),
        variance: Tensor::from_data(random([channels], 6), device) + 1.5,
    }
}

/// Output, running mean, running variance, then the gradients of input, weight, bias and shortcut when the
/// output's gradient is a pattern.
fn passes(
    operation: Operation,
    device: &Device,
    arguments: &[TensorData; 4],
    adds: bool,
    rectify: bool,
) -> Vec<Vec<f32>> {
    let device = device.clone().autodiff();
    let [input, weight, bias, shortcut] = arguments.clone();
    let input = Tensor::<4>::from_data(input, &device).require_grad();
    let weight = Tensor::<1>::from_data(weight, &device).require_grad();
    let bias = Tensor::<1>::from_data(bias, &device).require_grad();
    let shortcut = adds.then(|| Tensor::<4>::from_data(shortcut, &device).require_grad());
    let run = |operation: Operation, rectify| {
        let running = running(weight.dims()[0], &device);
        operation(input.clone(), weight.clone(), bias.clone(), shortcut.clone(), running, options(rectify))
    };
    let Normalised { output, running } = run(operation, rectify);
    let pattern = pattern(output.shape().num_elements());
    let mut pattern = Tensor::<1>::from_floats(pattern.as_slice(), &device).reshape(output.dims());
    if rectify {
        // At the rectifier's kink the derivative depends on rounding, so it is not compared there.
        let before = run(reference_normalise_batch, false).output.detach();
        pattern = pattern * before.abs().greater_elem(1e-3).float();
    }
    let gradients = (output.clone() * pattern).sum().backward();
    let gradient = |tensor: &Tensor<4>| values(tensor.grad(&gradients).unwrap());
    let gradient_of_affine = |tensor: &Tensor<1>| values(tensor.grad(&gradients).unwrap());
    let mut results = vec![values(output.detach()), values(running.mean), values(running.variance)];
    results.push(gradient(&input));
    results.extend([&weight, &bias].map(gradient_of_affine));
    results.extend(shortcut.as_ref().map(gradient));
    results
}

fn assert_same(ours: &[Vec<f32>], references: &[Vec<f32>], tolerance: f32, case: &str) {
    let names = ["output", "running mean", "running variance", "input", "weight", "bias", "shortcut"];
    assert_eq!(ours.len(), references.len());
    for ((ours, reference), name) in ours.iter().zip(references).zip(names) {
        let largest = reference.iter().fold(1f32, |largest, value| largest.max(value.abs()));
        let difference = largest_difference(ours, reference);
        assert!(difference <= tolerance * largest, "{name} of {case}: {difference} of {largest}");
    }
}

const CASES: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];

#[test]
fn normalisation_is_its_reference() {
    // Of one pixel, odd and even sizes, one part and many.
    let shapes = [
        [2, 16, 1, 1],
        [1, 3, 5, 7],
        [2, 4, 12, 20],
        [3, 5, 1, 2],
        [2, 2, 40, 61],
        [3, 48, 33, 17],
        [4, 512, 2, 2],
        [5, 1, 48, 80],
        [1, 1, 211, 173],
    ];
    for (device, slack) in backends() {
        for (adds, rectify) in CASES {
            for shape in shapes {
                let arguments = arguments(shape);
                let ours = passes(normalise_batch, &device, &arguments, adds, rectify);
                let references =
                    passes(reference_normalise_batch, &Device::flex(), &arguments, adds, rectify);
                let case = format!("{shape:?}, shortcut {adds}, rectified {rectify}");
                assert_same(&ours, &references, 3e-5 * slack, &case);
            }
        }
    }
}

#[test]
fn normalisation_has_the_derivatives_of_finite_differences() {
    const STEP: f32 = 1e-2;
    for (device, _) in backends() {
        let arguments = arguments([2, 3, 4, 5]);
        let derivatives = passes(normalise_batch, &device, &arguments, true, false);
        let pattern = pattern(derivatives[0].len());
        let objective = |[input, weight, bias, shortcut]: [TensorData; 4]| -> f64 {
            let output = normalise_batch(
                Tensor::from_data(input, &device),
                Tensor::from_data(weight, &device),
                Tensor::from_data(bias, &device),
                Some(Tensor::from_data(shortcut, &device)),
                running(3, &device),
                options(false),
            );
            values(output.output).iter().zip(&pattern).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        for which in 0..4 {
            let original: Vec<f32> = arguments[which].try_to_vec().unwrap();
            for index in 0..original.len() {
                let shifted = |by: f32| {
                    let mut values = original.clone();
                    values[index] += by;
                    let mut arguments = arguments.clone();
                    arguments[which] = TensorData::new(values, arguments[which].shape().clone());
                    objective(arguments)
                };
                let numeric = (shifted(STEP) - shifted(-STEP)) / f64::from(2.0 * STEP);
                let exact = f64::from(derivatives[3 + which][index]);
                assert!(
                    (numeric - exact).abs() < 2e-3 * (1.0 + exact.abs()),
                    "argument {which}[{index}]: {exact}, {numeric} by steps"
                );
            }
        }
    }
}

/// Mean and biased variance in double precision.
fn statistics(values: &[f32]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
    let variance = values.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / count;
    (mean, variance)
}

#[test]
fn a_small_variance_about_a_large_mean_is_not_lost() {
    let shape = [1, 1, 90, 130];
    let count = 90 * 130;
    let noise = values(scattered::<1>([count], 7, &Device::flex()));
    // Standard deviation 0.01.
    let near: Vec<f32> = noise.iter().map(|x| 100.0 + 0.01 * 12f32.sqrt() * (x - 0.5)).collect();
    // The very first value differs, as a corner does after a convolution with zero padding.
    let mut corner = near.clone();
    corner[0] = 0.0;
    for (device, _) in backends() {
        let device = device.autodiff();
        for input in [&near, &corner] {
            let (mean, variance) = statistics(input);
            let deviation = (variance + f64::from(EPSILON)).sqrt();
            let leaf = Tensor::<4>::from_data(TensorData::new(input.clone(), shape), &device).require_grad();
            let ones = || Tensor::<1>::ones([1], &device);
            // Momentum 1, so that the running statistics are those of the batch.
            let options = NormalisationOptions { epsilon: EPSILON, momentum: 1.0, rectify: false };
            let running = running(1, &device);
            let normalised = normalise_batch(leaf.clone(), ones(), ones() * 0.0, None, running, options);
            let pattern: Vec<f32> = pattern(count);
            let weights = Tensor::<4>::from_data(TensorData::new(pattern.clone(), shape), &device);
            let gradients = (normalised.output.clone() * weights).sum().backward();

            let found = f64::from(values(normalised.running.mean)[0]);
            assert!((found - mean).abs() <= 3e-7 * mean, "mean {found}, not {mean}");
            let unbiased = variance * count as f64 / (count - 1) as f64;
            let found = f64::from(values(normalised.running.variance)[0]);
            assert!((found - unbiased).abs() <= 1e-3 * unbiased, "variance {found}, not {unbiased}");

            let standard: Vec<f64> = input.iter().map(|x| (f64::from(*x) - mean) / deviation).collect();
            let expected: Vec<f32> = standard.iter().map(|x| *x as f32).collect();
            let largest = expected.iter().fold(0f32, |largest, x| largest.max(x.abs()));
            let difference = largest_difference(&values(normalised.output), &expected);
            assert!(difference <= 5e-3 * largest, "output differs by {difference} of {largest}");

            let sum = |of: &dyn Fn(usize) -> f64| (0..count).map(of).sum::<f64>() / count as f64;
            let slope = |index: usize| f64::from(pattern[index]);
            let plain = sum(&slope);
            let weighted = sum(&|index| slope(index) * standard[index]);
            let expected: Vec<f32> = (0..count)
                .map(|index| ((slope(index) - plain - standard[index] * weighted) / deviation) as f32)
                .collect();
            let largest = expected.iter().fold(0f32, |largest, x| largest.max(x.abs()));
            let difference = largest_difference(&values(leaf.grad(&gradients).unwrap()), &expected);
            assert!(difference <= 5e-3 * largest, "gradient differs by {difference} of {largest}");
        }
    }
}

#[test]
fn running_statistics_follow_to_the_bit_on_the_cpu() {
    let device = Device::flex();
    let shape = [3, 16, 5, 7];
    let run = |momentum: f64| {
        let [input, weight, bias, _] = arguments(shape);
        let options = NormalisationOptions { epsilon: EPSILON, momentum, rectify: false };
        let (weight, bias) = (Tensor::from_data(weight, &device), Tensor::from_data(bias, &device));
        let input = Tensor::from_data(input, &device);
        normalise_batch(input, weight, bias, None, running(16, &device), options).running
    };
    // With momentum 1, those of the batch.
    let batch = run(1.0);
    let followed = run(MOMENTUM);
    let rule = |running: Tensor<1>, batch: Tensor<1>| values(running * (1.0 - MOMENTUM) + batch * MOMENTUM);
    let before = running(16, &device);
    assert_eq!(values(followed.mean), rule(before.mean, batch.mean));
    assert_eq!(values(followed.variance), rule(before.variance, batch.variance));
}

#[test]
fn the_gpu_says_the_same_twice() {
    let gpu = gpu();
    let arguments = arguments([2, 3, 96, 160]);
    let [first, second] = [(); 2].map(|()| passes(normalise_batch, &gpu, &arguments, true, true));
    assert_eq!(first, second);
}

#[test]
fn normalisation_takes_two_launches_each_way() {
    let gpu = gpu();
    let device = gpu.autodiff();
    // Launches of the gradient of an output with respect to itself.
    let leaf = Tensor::<4>::ones([2, 3, 12, 20], &device).require_grad();
    let (_, ones) = count_kernels(|| leaf.backward());
    for (adds, rectify) in CASES {
        let [input, weight, bias, shortcut] = arguments([2, 3, 12, 20]);
        let input = Tensor::<4>::from_data(input, &device).require_grad();
        let weight = Tensor::<1>::from_data(weight, &device).require_grad();
        let bias = Tensor::<1>::from_data(bias, &device).require_grad();
        let shortcut = adds.then(|| Tensor::<4>::from_data(shortcut, &device).require_grad());
        let running = running(3, &device);
        let (normalised, forward) =
            count_kernels(|| normalise_batch(input, weight, bias, shortcut, running, options(rectify)));
        let (_, backward) = count_kernels(|| normalised.output.backward());
        let case = format!("shortcut {adds}, rectified {rectify}");
        assert_eq!((forward, backward - ones), (2, 2), "{case}");
    }
}

#[test]
fn normalisation_by_given_statistics_is_its_reference() {
    for (device, slack) in backends() {
        for shape in [[1, 3, 5, 7], [2, 16, 12, 20], [3, 512, 1, 2]] {
            let [input, weight, bias, shortcut] = arguments(shape);
            let [input, shortcut] = [input, shortcut].map(|data| Tensor::<4>::from_data(data, &device));
            let [weight, bias] = [weight, bias].map(|data| Tensor::from_data(data, &device));
            let RunningStatistics { mean, variance } = running(shape[1], &device);
            let fixed = FixedNormalisation { weight, bias, mean, variance, epsilon: EPSILON };
            for (adds, rectify) in CASES {
                let shortcut = adds.then(|| shortcut.clone());
                let (ours, launches) =
                    count_kernels(|| fixed.clone().apply(input.clone(), shortcut.clone(), rectify));
                let reference = fixed.clone().reference_apply(input.clone(), shortcut, rectify);
                let difference = largest_difference(&values(ours), &values(reference));
                assert!(difference <= 1e-6 * slack, "{shape:?}: {difference}");
                assert!(launches == 1 || device == Device::flex());
            }
            let filters = Tensor::from_data(random([shape[1], 5, 3, 3], 8), &device);
            let ((folded, shift), launches) = count_kernels(|| fixed.clone().fold(filters.clone()));
            let (reference, reference_shift) = fixed.reference_fold(filters);
            assert!(largest_difference(&values(folded), &values(reference)) <= 1e-6 * slack);
            assert!(largest_difference(&values(shift), &values(reference_shift)) <= 1e-6 * slack);
            assert!(launches == 1 || device == Device::flex());
        }
    }
}
