//! The operations that the networks' layers are made of, on both backends, forward and backward.

use crate::support::{backends, gpu, largest_difference, scattered};
use burn::tensor::{Device, Tensor, TensorData};
use monoscope::compute::{
    count_kernels,
    ops::{
        elu,
        max_pool::{max_pool, reference_max_pool},
        reflection_pad,
        standardise::{reference_standardise, standardise},
        upsample::{
            reference_upsample_and_join, reference_upsample_nearest, upsample_and_join, upsample_nearest,
        },
    },
};

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec_as().unwrap()
}

fn on_both_backends(check: impl Fn(&Device)) {
    check(&Device::flex().autodiff());
    check(&gpu().autodiff());
}

/// 1, 2, 3, ... in this shape.
fn counted<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    let count: usize = shape.iter().product();
    let values: Vec<f32> = (1..=count).map(|value| value as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// The output, and the gradient of the sum of the output times 1, 2, 3, ... .
fn with_gradient(operation: impl Fn(Tensor<4>) -> Tensor<4>, input: Tensor<4>) -> (Vec<f32>, Vec<f32>) {
    let input = input.require_grad();
    let output = operation(input.clone());
    let weights = counted(output.dims(), &output.device());
    let gradients = (output.clone() * weights).sum().backward();
    (values(output), values(input.grad(&gradients).unwrap()))
}

#[test]
fn elu_is_exact_on_both_sides_and_far_out() {
    on_both_backends(|device| {
        let inputs = [-200.0, -2.0, -0.001, 0.5, 3.0, 200.0];
        let input = Tensor::from_data(TensorData::new(inputs.to_vec(), [1, 1, 1, 6]), device);
        let (output, gradient) = with_gradient(elu, input);
        let expected = inputs.map(|x: f32| if x > 0.0 { x } else { x.exp_m1() });
        assert!(largest_difference(&output, &expected) < 1e-6, "{output:?}");
        let slope = inputs.map(|x: f32| if x > 0.0 { 1.0 } else { x.exp() });
        let expected: Vec<f32> = slope.iter().zip(1..).map(|(slope, at)| slope * at as f32).collect();
        assert!(largest_difference(&gradient, &expected) < 1e-5, "{gradient:?}");
    });
}

#[test]
fn reflection_mirrors_about_the_border_pixel() {
    on_both_backends(|device| {
        let (output, gradient) = with_gradient(|x| reflection_pad(x, 1), counted([1, 1, 2, 3], device));
        #[rustfmt::skip]
        let expected = [
            5.0, 4.0, 5.0, 6.0, 5.0,
            2.0, 1.0, 2.0, 3.0, 2.0,
            5.0, 4.0, 5.0, 6.0, 5.0,
            2.0, 1.0, 2.0, 3.0, 2.0,
        ];
        assert_eq!(output, expected);
        // Each pixel is owed the weights of all the places where it appears.
        let mut owed = [0.0; 6];
        for (place, value) in expected.iter().enumerate() {
            owed[*value as usize - 1] += (place + 1) as f32;
        }
        assert_eq!(gradient, owed);
        let wider = values(reflection_pad(counted([1, 1, 1, 4], device).expand([1, 1, 3, 4]), 2));
        assert_eq!(wider[..8], [3., 2., 1., 2., 3., 4., 3., 2.]);
    });
}

#[test]
fn upsampling_repeats_each_pixel() {
    on_both_backends(|device| {
        let (output, gradient) = with_gradient(upsample_nearest, counted([1, 2, 1, 2], device));
        assert_eq!(output, [1., 1., 2., 2., 1., 1., 2., 2., 3., 3., 4., 4., 3., 3., 4., 4.]);
        assert_eq!(
            gradient,
            [1. + 2. + 5. + 6., 3. + 4. + 7. + 8., 9. + 10. + 13. + 14., 11. + 12. + 15. + 16.]
        );
    });
}

#[test]
fn upsampling_and_joining_is_its_reference() {
    type Join = fn(Tensor<4>, Tensor<4>) -> Tensor<4>;
    let alone: [Join; 2] =
        [|coarse, _| upsample_nearest(coarse), |coarse, _| reference_upsample_nearest(coarse)];
    for (device, slack) in backends() {
        for twins in [alone, [upsample_and_join, reference_upsample_and_join]] {
            for [batch, coarse, fine, height, width] in
                [[1, 1, 1, 1, 1], [2, 3, 5, 6, 7], [3, 16, 4, 5, 20], [5, 48, 1, 3, 2], [4, 2, 512, 1, 3]]
            {
                let device = device.clone().autodiff();
                let [first, second] = twins.map(|join| {
                    let coarse = scattered([batch, coarse, height, width], 1, &device).require_grad();
                    let fine = scattered([batch, fine, 2 * height, 2 * width], 2, &device).require_grad();
                    let output = join(coarse.clone(), fine.clone());
                    let weights = scattered(output.dims(), 3, &device);
                    let gradients = (output.clone() * weights).sum().backward();
                    let of_fine = fine.grad(&gradients).map(values).unwrap_or_default();
                    (values(output), values(coarse.grad(&gradients).unwrap()), of_fine)
                });
                assert_eq!(first.0, second.0);
                assert_eq!(first.2, second.2);
                assert!(largest_difference(&first.1, &second.1) <= 1e-6 * slack);
            }
        }
    }
}

#[test]
fn upsampling_and_joining_has_the_derivatives_of_finite_differences() {
    // The operation is linear, so that a difference of any length is the derivative, up to rounding.
    const STEP: f32 = 0.5;
    for (device, slack) in backends() {
        let device = device.autodiff();
        let weights = scattered([1, 3, 4, 6], 3, &device);
        let loss = |coarse: Tensor<4>, fine| (upsample_and_join(coarse, fine) * weights.clone()).sum();
        let coarse = scattered([1, 1, 2, 3], 1, &device).require_grad();
        let fine = scattered([1, 2, 4, 6], 2, &device).require_grad();
        let gradients = loss(coarse.clone(), fine.clone()).backward();
        let [coarse_gradient, fine_gradient] =
            [&coarse, &fine].map(|leaf| values(leaf.grad(&gradients).unwrap()));
        let one_hot = |shape: [usize; 4], index: usize| {
            let mut data = vec![0.0; shape.iter().product()];
            data[index] = STEP;
            Tensor::<4>::from_data(TensorData::new(data, shape), &device)
        };
        let before = values(loss(coarse.clone(), fine.clone()))[0];
        for (index, gradient) in coarse_gradient.iter().enumerate() {
            let after = values(loss(coarse.clone() + one_hot([1, 1, 2, 3], index), fine.clone()))[0];
            assert!(((after - before) / STEP - gradient).abs() <= 2e-5 * slack, "coarse {index}");
        }
        for (index, gradient) in fine_gradient.iter().enumerate() {
            let after = values(loss(coarse.clone(), fine.clone() + one_hot([1, 2, 4, 6], index)))[0];
            assert!(((after - before) / STEP - gradient).abs() <= 2e-5 * slack, "fine {index}");
        }
    }
}

/// Launches of the work forward, and of the way back from its output, on the GPU.
fn launches(work: impl Fn(&Device) -> Tensor<4>) -> (u64, u64) {
    let device = gpu().autodiff();
    // The gradient of an output with respect to itself.
    let (_, ones) = count_kernels(|| Tensor::<4>::empty([1, 1, 4, 4], &device).require_grad().backward());
    let (output, forward) = count_kernels(|| work(&device));
    let (_, backward) = count_kernels(|| output.backward());
    (forward, backward - ones)
}

#[test]
fn each_operation_takes_one_launch_each_way() {
    let leaf = |device: &Device, channels, size| {
        Tensor::<4>::empty([2, channels, size, size], device).require_grad()
    };
    let once = (1, 1);
    assert_eq!(launches(|device| max_pool(leaf(device, 3, 9))), once);
    assert_eq!(launches(|device| standardise(leaf(device, 3, 9), 0.45, 0.225)), once);
    assert_eq!(launches(|device| upsample_nearest(leaf(device, 3, 9))), once);
    // A gradient for each of two maps.
    assert_eq!(launches(|device| upsample_and_join(leaf(device, 3, 9), leaf(device, 2, 18))), (1, 2));
}

#[test]
fn max_pooling_is_burns_with_equal_values_too() {
    for (device, _) in backends() {
        for shape in [[2, 3, 1, 1], [1, 1, 5, 7], [3, 16, 2, 3], [5, 2, 33, 17], [4, 48, 12, 20]] {
            for levels in [3.0, 1e6] {
                let run = |pool: fn(Tensor<4>) -> Tensor<4>, device: &Device| {
                    let device = device.clone().autodiff();
                    let input = (scattered(shape, 1, &device) * levels).floor() - 1.0;
                    let input = input.detach().require_grad();
                    let output = pool(input.clone());
                    let weights = scattered(output.dims(), 2, &device);
                    let gradients = (output.clone() * weights).sum().backward();
                    (values(output), values(input.grad(&gradients).unwrap()))
                };
                let ours = run(max_pool, &device);
                let reference = run(reference_max_pool, &Device::flex());
                assert_eq!(ours, reference, "{shape:?} with {levels} levels");
                let plain = (scattered(shape, 1, &device) * levels).floor() - 1.0;
                assert_eq!(values(max_pool(plain)), reference.0, "without gradient");
            }
        }
    }
}

#[test]
fn max_pooling_keeps_what_is_not_a_number() {
    for (device, _) in backends() {
        for index in 0..25 {
            let mut data = vec![1.0; 25];
            data[index] = f32::NAN;
            let pooled = max_pool(Tensor::from_data(TensorData::new(data, [1, 1, 5, 5]), &device));
            let (row, column) = (index / 5, index % 5);
            for (place, value) in values(pooled).into_iter().enumerate() {
                let sees = (place / 3 * 2).abs_diff(row) <= 1 && (place % 3 * 2).abs_diff(column) <= 1;
                assert_eq!(value.is_nan(), sees, "pixel {index}, window {place}");
            }
        }
    }
}

#[test]
fn max_pooling_has_the_derivatives_of_finite_differences() {
    const STEP: f32 = 1e-3;
    for (device, slack) in backends() {
        // A permutation of whole numbers, no two of them equal.
        let data: Vec<f32> = (0..35).map(|index| (index * 12 % 35) as f32).collect();
        let weights = scattered([1, 1, 3, 4], 3, &device);
        let loss = |data: &[f32], device: &Device| {
            let input = Tensor::<4>::from_data(TensorData::new(data.to_vec(), [1, 1, 5, 7]), device);
            let input = if device.is_autodiff() { input.require_grad() } else { input };
            ((max_pool(input.clone()) * Tensor::from_data(weights.to_data(), device)).sum(), input)
        };
        let (value, input) = loss(&data, &device.clone().autodiff());
        let gradient = values(input.grad(&value.backward()).unwrap());
        for index in 0..35 {
            let mut moved = data.clone();
            moved[index] += STEP;
            let ahead = values(loss(&moved, &device).0)[0];
            moved[index] -= 2.0 * STEP;
            let behind = values(loss(&moved, &device).0)[0];
            let slope = (ahead - behind) / (2.0 * STEP);
            assert!((slope - gradient[index]).abs() <= 2e-2 * slack, "{index}: {slope}, {}", gradient[index]);
        }
    }
}

#[test]
fn standardising_is_its_reference() {
    for (device, slack) in backends() {
        for shape in [[1, 3, 1, 1], [2, 3, 5, 7], [5, 6, 12, 20]] {
            let [ours, reference] = [standardise, reference_standardise].map(|standardise| {
                let images = scattered(shape, 1, &device.clone().autodiff());
                with_gradient(|images| standardise(images, 0.45, 0.225), images)
            });
            assert!(largest_difference(&ours.0, &reference.0) <= 1e-6 * slack);
            let largest = reference.1.iter().fold(0f32, |largest, slope| largest.max(slope.abs()));
            assert!(largest_difference(&ours.1, &reference.1) <= 1e-6 * slack * largest);
        }
    }
}
