//! Convolutions whose operands are f16, against those of f32: values, gradients of every size, and a short training.

use crate::{
    convolution::{SHAPES_ON_GPU, arguments, kinds, passes_of},
    support::{
        default_architecture, extract, formula_networks, gpu, largest_difference, named_gradients,
        relative_difference, scattered, values, with_adapter,
    },
    training::{golden_batch, six_steps},
};
use burn::{
    module::Module,
    optim::GradientsParams,
    tensor::{Device, Tensor, TensorData},
};
use monoscope::{
    compute::{
        Compute, launched_kernels,
        ops::convolution::{Activation, ConvolutionOptions, Padding, convolution, reference_convolution},
    },
    config::{DeviceChoice, Precision},
    model::Networks,
};
use std::{collections::BTreeMap, sync::OnceLock};

/// Largest difference from f32 by the largest value: operands are rounded by up to 2^-11 each, and the sums are f32.
const TOLERANCE: f32 = 2e-3;

const PLAIN: ConvolutionOptions =
    ConvolutionOptions { stride: 1, padding: Padding::Zero(1), activation: Activation::None };

/// Device with operands in f16, one for all these tests. The software driver that `.ci/setup` installs has them.
fn f16() -> Device {
    static F16: OnceLock<Device> = OnceLock::new();
    let open = || {
        let compute = with_adapter(Compute::open(DeviceChoice::Gpu, None));
        with_adapter(compute.with_precision(Precision::F16)).device
    };
    F16.get_or_init(open).clone()
}

fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |largest, value| largest.max(value.abs()))
}

/// Arguments whose weight is the smaller the more terms its sums have, as networks are initialised, so that outputs
/// are about 1: the slope of an activation takes over the absolute error of what is before it. A power of two is exact.
fn balanced_arguments(shape: [usize; 5], kernel: usize, has_bias: bool) -> Vec<TensorData> {
    let mut arguments = arguments(shape, kernel, has_bias);
    let terms = shape[1] * kernel * kernel;
    let factor = 0.5_f32.powi(terms.ilog2() as i32 / 2);
    let weight: Vec<f32> = arguments[1].try_to_vec().unwrap();
    let weight: Vec<f32> = weight.iter().map(|value| value * factor).collect();
    arguments[1] = TensorData::new(weight, arguments[1].shape().clone());
    arguments
}

/// Output and gradients of a convolution, as by f32 on the CPU backend, when the gradient of its output has this
/// largest value.
fn assert_close(device: &Device, kernel: usize, options: ConvolutionOptions, has_bias: bool, slope: f32) {
    for shape in SHAPES_ON_GPU {
        let arguments = balanced_arguments(shape, kernel, has_bias);
        // Rounding changes the value before a rectifier by less than this, and may move it past the kink.
        let margin = 0.02;
        let found = passes_of(convolution, device, &arguments, options, slope, margin);
        let expected = passes_of(reference_convolution, &Device::flex(), &arguments, options, slope, margin);
        let names = ["output", "gradient of input", "gradient of weight", "gradient of bias"];
        // Sums over pixels cancel; they are held to the size that sums of as many random numbers have.
        let pixels = found[0].len() / shape[4];
        let uncancelled = 0.5 * slope * (pixels as f32).sqrt();
        for ((found, expected), name) in found.iter().zip(&expected).zip(names) {
            let is_sum_over_pixels = name.ends_with("weight") || name.ends_with("bias");
            let size = largest(expected).max(if is_sum_over_pixels { uncancelled } else { 0.0 });
            let relative = largest_difference(found, expected) / size;
            assert!(
                relative <= TOLERANCE,
                "{name} of {kernel}x{kernel} {options:?} on {shape:?}, gradients of {slope}: off by {relative}"
            );
        }
    }
}

#[test]
fn f16_operands_give_what_f32_gives() {
    let device = f16();
    for (kernel, options, has_bias) in kinds() {
        assert_close(&device, kernel, options, has_bias, 1.0);
    }
}

#[test]
fn gradients_of_any_size_survive_f16() {
    let device = f16();
    // f16 itself ends at 6e-8 and 65504.
    for slope in [1e-30, 1e-9, 1e-7, 1e4, 1e9, 1e30] {
        let reflected = ConvolutionOptions { padding: Padding::Reflect(1), ..PLAIN };
        assert_close(&device, 3, reflected, true, slope);
    }
    assert_close(&device, 3, ConvolutionOptions { stride: 2, ..PLAIN }, false, 1e-9);
}

/// A one-channel convolution of ones with a weight of 3, whose output is given this gradient: the gradients of input
/// and weight.
fn gradients_of(slopes: Vec<f32>, device: &Device) -> [Vec<f32>; 2] {
    let (device, width) = (device.clone().autodiff(), slopes.len());
    let input = Tensor::<4>::ones([1, 1, 1, width], &device).require_grad();
    let weight = (Tensor::<4>::ones([1, 1, 1, 1], &device) * 3.0).require_grad();
    let slopes = Tensor::<4>::from_data(TensorData::new(slopes, [1, 1, 1, width]), &device);
    let options = ConvolutionOptions { padding: Padding::Zero(0), ..PLAIN };
    let output = convolution(input.clone(), weight.clone(), None, options);
    let gradients = (output * slopes).sum().backward();
    [values(input.grad(&gradients).unwrap()), values(weight.grad(&gradients).unwrap())]
}

#[test]
fn a_gradient_a_million_times_smaller_than_another_keeps_its_digits() {
    let device = f16();
    // More values than one workgroup searches, with the largest among the last.
    let mut slopes: Vec<f32> = (0..9000).map(|index| 1e-9 * (1.0 + (index as f32).sin().abs())).collect();
    slopes[8999] = -1e-3;
    let [of_input, of_weight] = gradients_of(slopes.clone(), &device);
    for (found, slope) in of_input.iter().zip(&slopes) {
        let expected = 3.0 * slope;
        assert!((found - expected).abs() <= 1e-3 * expected.abs(), "{found} is not {expected}");
    }
    let expected: f64 = slopes.iter().map(|slope| f64::from(*slope)).sum();
    let relative = (f64::from(of_weight[0]) / expected - 1.0).abs();
    assert!(relative < f64::from(TOLERANCE), "{} is not {expected}", of_weight[0]);
}

#[test]
fn what_is_not_finite_reaches_the_guard() {
    let device = f16();
    for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut slopes = vec![0.5; 700];
        slopes[600] = wrong;
        let [of_input, of_weight] = gradients_of(slopes, &device);
        assert!(!of_input[600].is_finite() && !of_weight[0].is_finite(), "{wrong} gave {}", of_weight[0]);
    }
    let [of_input, of_weight] = gradients_of(vec![0.0; 700], &device);
    assert!(of_input.iter().chain(&of_weight).all(|value| *value == 0.0), "no gradient gives none");
    // An activation beyond f16 is not wrapped into something harmless: it becomes infinite, and with it or with NaN
    // the sums that it is in, or it becomes the last number there is.
    let input = Tensor::<4>::full([1, 1, 1, 1], 1e6, &device);
    let options = ConvolutionOptions { padding: Padding::Zero(0), ..PLAIN };
    let output = values(convolution(input, Tensor::ones([1, 1, 1, 1], &device), None, options))[0];
    assert!(!output.is_finite() || output >= 65504.0, "{output}");
}

#[test]
fn precision_belongs_to_a_device_and_costs_one_launch_for_the_gradients() {
    let (device, f32_device) = (f16(), gpu());
    let arguments = arguments([1, 16, 24, 32, 16], 3, true);
    let run =
        |device: &Device| launched_kernels(|| passes_of(convolution, device, &arguments, PLAIN, 1e-7, 0.1));
    let ((first, of_f16), (again, _), (in_f32, of_f32)) = (run(&device), run(&device), run(&f32_device));
    assert_eq!(first, again, "the same bits each time");
    assert_ne!(first[0], in_f32[0], "the other device computes in f32");
    let ours = |kernels: &[&str]| kernels.iter().filter(|kernel| kernel.contains("ops::convolution")).count();
    assert_eq!([ours(&of_f32), ours(&of_f16)], [4, 5], "{of_f16:#?}");
}

#[test]
fn a_device_keeps_its_precision_when_it_is_opened_again() {
    let compute = Compute::open(DeviceChoice::Gpu, None).unwrap();
    let display = compute.display.clone().unwrap();
    let has = |features: wgpu::Features| features.contains(wgpu::Features::SHADER_F16);
    assert!(has(display.adapter.features()) && has(display.device.features()), "it was asked for");
    assert_eq!(compute.precision(), Precision::F32);
    let compute = compute.with_precision(Precision::F16).unwrap();
    assert!(compute.name.contains("f16"), "{}", compute.name);
    let opened = Compute::open(DeviceChoice::Gpu, Some(display.clone())).unwrap();
    assert_eq!((opened.precision(), &opened.name), (Precision::F16, &compute.name));
    // The processor beside it computes in f32, and does not change what the GPU does.
    let beside = Compute::open(DeviceChoice::Cpu, Some(display.clone())).unwrap();
    assert_eq!(beside.precision(), Precision::F32);
    let refused = beside.clone().with_precision(Precision::F16).unwrap_err().to_string();
    assert!(refused.contains("--precision f16") && refused.contains("--device gpu"), "{refused}");
    beside.with_precision(Precision::F32).unwrap();
    assert_eq!(opened.precision(), Precision::F16);
    let opened = opened.with_precision(Precision::F32).unwrap();
    assert_eq!(opened.precision(), Precision::F32);
    assert!(!opened.name.contains("f16"), "{}", opened.name);
}

#[test]
fn six_steps_with_f16_operands_follow_the_reference() {
    let (golden, device) = (extract("training"), f16());
    let networks = formula_networks(&device);
    let (losses, _) = six_steps(networks, &golden_batch(&golden, 0.0, &device.autodiff()));
    let (_, expected) = golden.get("losses");
    for (step, (loss, expected)) in losses.iter().zip(expected).enumerate() {
        println!("step {step}: {loss}, {expected} by the reference, {:e}", loss / expected - 1.0);
        // Twice the tolerance of f32 on the GPU.
        let tolerance = if step < 5 { 1e-2 } else { 2e-2 };
        assert!((loss - expected).abs() < tolerance * expected, "step {step}: {loss} is not {expected}");
    }
}

/// Gradients of the depth network, by name, of a smooth loss that is `factor` times as large, and the kernels that
/// it took. (The photometric loss chooses a source for each pixel, which any rounding changes.)
fn depth_gradients(device: &Device, factor: f32) -> (BTreeMap<String, Vec<f32>>, Vec<&'static str>) {
    let networks = Networks::new(&default_architecture(), 5, device).train();
    let image = scattered([2, 3, 64, 96], 7, &device.clone().autodiff());
    let (gradients, kernels) = launched_kernels(|| {
        let disparities = networks.depth.disparities(image).into_values();
        let losses = disparities.map(|disparity| (disparity.clone() * disparity).mean());
        let loss = losses.reduce(|sum, loss| sum + loss).unwrap() * factor;
        GradientsParams::from_grads(loss.backward(), &networks)
    });
    (named_gradients(&networks, &gradients), kernels)
}

#[test]
fn gradients_through_the_depth_network_survive_f16_and_cost_a_launch_for_each_convolution() {
    let (device, f32_device) = (f16(), gpu());
    let (expected, f32_kernels) = depth_gradients(&f32_device, 1.0);
    let (found, kernels) = depth_gradients(&device, 1.0);
    // Most gradients are then below 6e-8, where f16 ends.
    let (tiny, _) = depth_gradients(&device, 1e-6);
    let all = |gradients: &BTreeMap<String, Vec<f32>>, factor: f32| -> Vec<f32> {
        gradients.values().flatten().map(|value| value * factor).collect()
    };
    let expected = all(&expected, 1.0);
    for (gradients, name) in
        [(all(&found, 1.0), "as they are"), (all(&tiny, 1e6), "of a millionth of the loss")]
    {
        let relative = relative_difference(&gradients, &expected);
        println!("gradients {name} differ by {relative}");
        // 1.6e-2 with a driver that rounds to nearest; one that truncates may have twice as much.
        assert!(relative < 4e-2, "gradients {name} are off by {relative}");
    }
    let forward = |kernel: &&&str| kernel.contains("convolution::cube::forward");
    let convolutions = kernels.iter().filter(forward).count();
    println!("{} launches, {} with f32; {convolutions} convolutions", kernels.len(), f32_kernels.len());
    assert!(convolutions > 25, "{kernels:#?}");
    assert_eq!(kernels.len(), f32_kernels.len() + convolutions);
}
