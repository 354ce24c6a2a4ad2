//! The operations that the networks' layers are made of, on both backends, forward and backward.

use crate::support::{gpu, largest_difference};
use burn::tensor::{Device, Tensor, TensorData};
use monoscope::compute::ops::{elu, reflection_pad, upsample_nearest};

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec_as().unwrap()
}

fn on_both_backends(check: impl Fn(&Device)) {
    check(&Device::flex().autodiff());
    if let Some(device) = gpu() {
        check(&device.autodiff());
    }
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
