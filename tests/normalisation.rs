//! The batch normalisation of the CPU backend against its composed twin and against finite differences.

use crate::support::{gpu, largest_difference, scattered, values};
use burn::tensor::{Device, Tensor, TensorData};
use monoscope::compute::ops::normalisation::{
    NormalisationOptions, Normalised, composed_normalise_batch, normalise_batch,
};

type Operation = fn(Tensor<4>, Tensor<1>, Tensor<1>, Option<Tensor<4>>, NormalisationOptions) -> Normalised;

const EPSILON: f32 = 1e-5;

/// Numbers from -1 to 1.5, always the same.
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

/// Output, mean, variance, then the gradients of input, weight, bias and shortcut when the output's
/// gradient is a pattern.
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
        let options = NormalisationOptions { epsilon: EPSILON, rectify };
        operation(input.clone(), weight.clone(), bias.clone(), shortcut.clone(), options)
    };
    let Normalised { output, mean, variance } = run(operation, rectify);
    let pattern = pattern(output.shape().num_elements());
    let mut pattern = Tensor::<1>::from_floats(pattern.as_slice(), &device).reshape(output.dims());
    if rectify {
        // At the rectifier's kink rounding decides the derivative, so nothing is asked there.
        let before = run(composed_normalise_batch, false).output.detach();
        pattern = pattern * before.abs().greater_elem(1e-3).float();
    }
    let gradients = (output.clone() * pattern).sum().backward();
    let gradient = |tensor: &Tensor<4>| values(tensor.grad(&gradients).unwrap());
    let gradient_of_affine = |tensor: &Tensor<1>| values(tensor.grad(&gradients).unwrap());
    let mut results = vec![values(output.detach()), values(mean), values(variance)];
    results.push(gradient(&input));
    results.extend([&weight, &bias].map(gradient_of_affine));
    results.extend(shortcut.as_ref().map(gradient));
    results
}

fn assert_same(ours: &[Vec<f32>], twins: &[Vec<f32>], tolerance: f32, case: &str) {
    let names = ["output", "mean", "variance", "input", "weight", "bias", "shortcut"];
    assert_eq!(ours.len(), twins.len());
    for ((ours, twins), name) in ours.iter().zip(twins).zip(names) {
        let largest = twins.iter().fold(1f32, |largest, value| largest.max(value.abs()));
        let difference = largest_difference(ours, twins);
        assert!(difference <= tolerance * largest, "{name} of {case}: {difference} of {largest}");
    }
}

const CASES: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];

#[test]
fn normalisation_is_its_composed_twin() {
    let device = Device::flex();
    for (adds, rectify) in CASES {
        for shape in [[1, 3, 5, 7], [2, 4, 12, 20], [3, 5, 1, 2], [2, 2, 40, 61]] {
            let arguments = arguments(shape);
            let ours = passes(normalise_batch, &device, &arguments, adds, rectify);
            let twins = passes(composed_normalise_batch, &device, &arguments, adds, rectify);
            assert_same(&ours, &twins, 3e-5, &format!("{shape:?}, shortcut {adds}, rectified {rectify}"));
        }
    }
}

#[test]
fn normalisation_has_the_derivatives_of_finite_differences() {
    const STEP: f32 = 1e-2;
    let device = Device::flex();
    let arguments = arguments([2, 3, 4, 5]);
    let derivatives = passes(normalise_batch, &device, &arguments, true, false);
    let pattern = pattern(derivatives[0].len());
    let objective = |[input, weight, bias, shortcut]: [TensorData; 4]| -> f64 {
        let output = normalise_batch(
            Tensor::from_data(input, &device),
            Tensor::from_data(weight, &device),
            Tensor::from_data(bias, &device),
            Some(Tensor::from_data(shortcut, &device)),
            NormalisationOptions { epsilon: EPSILON, rectify: false },
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

#[test]
fn other_backends_compute_the_composed_normalisation() {
    let Some(gpu) = gpu() else { return };
    let arguments = arguments([2, 3, 4, 6]);
    let there = passes(normalise_batch, &gpu, &arguments, true, true);
    let here = passes(normalise_batch, &Device::flex(), &arguments, true, true);
    assert_same(&there, &here, 1e-4, "the wgpu backend");
}
