//! The networks against reference results (ALGORITHM section 12, tests 6 to 10).

use crate::support::{Arrays, formula_networks, largest_difference, shared};
use burn::tensor::{Device, Tensor, TensorData};
use monoscope::model::Networks;

fn tensor(arrays: &Arrays, name: &str, device: &Device) -> Tensor<4> {
    let (shape, values) = arrays.get(name);
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec_as().unwrap()
}

/// Fails unless the largest difference is within `share` of the largest reference value.
fn assert_close(name: &str, found: &[f32], expected: &[f32], share: f32) {
    let largest = expected.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let difference = largest_difference(found, expected);
    println!("{name}: {:.1e} of the largest value", difference / largest);
    assert!(difference <= share * largest, "{name} differs by {difference}, largest value {largest}");
}

fn reference() -> Option<Arrays> {
    shared("golden/networks.safetensors").map(|path| Arrays::open(&path))
}

/// Compares everything that the reference has in evaluation mode, with tolerances `factor` times
/// those of the CPU backend.
fn compare_evaluation(networks: &Networks, reference: &Arrays, device: &Device, factor: f32) {
    let [zero, minus, plus] = ["0", "m1", "p1"].map(|id| tensor(reference, &format!("image_{id}"), device));
    let features = networks.depth.encoder.forward(zero.clone());
    for (index, found) in features.iter().enumerate() {
        let name = format!("eval.f{index}");
        // The two finest maps are stored for the first image and every fourth channel only.
        let found = if index < 2 {
            let channels = found.dims()[1];
            let found = found.clone().narrow(0, 0, 1);
            Tensor::cat((0..channels).step_by(4).map(|c| found.clone().narrow(1, c, 1)).collect(), 1)
        } else {
            found.clone()
        };
        assert_close(&name, &values(found), &reference.get(&name).1, 1e-4 * factor);
    }
    for (scale, disparity) in networks.depth.decoder.forward(&features) {
        let expected = reference.get(&format!("eval.disp{scale}")).1;
        let difference = largest_difference(&values(disparity), &expected);
        println!("disparity {scale}: {difference:.1e}");
        assert!(difference <= 2e-5 * factor, "disparity {scale} differs by {difference}");
    }
    let pose = networks.pose.as_ref().unwrap();
    for (name, earlier, later) in [("0_p1", zero.clone(), plus), ("m1_0", minus, zero)] {
        let (axis_angle, translation) = pose.motion(earlier, later);
        for (part, found) in [("axisangle", axis_angle), ("translation", translation)] {
            let (shape, expected) = reference.get(&format!("eval.pose_{name}.{part}"));
            let [batch, motions, _, 3] = shape[..] else { panic!("shape {shape:?}") };
            let first: Vec<f32> =
                (0..batch).flat_map(|item| expected[item * motions * 3..][..3].to_vec()).collect();
            let difference = largest_difference(&values(found), &first);
            println!("pose {name} {part}: {difference:.1e}");
            assert!(difference <= 1e-6 * factor, "{name} {part} differs by {difference}");
        }
    }
}

#[test]
fn evaluation_agrees_with_the_reference() {
    let Some(reference) = reference() else { return };
    let device = Device::flex();
    compare_evaluation(&formula_networks(&device), &reference, &device, 1.0);
}
