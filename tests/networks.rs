//! The networks against results of the reference implementation in PyTorch.
//!
//! The large reference lies beside the checkout; `data/networks.safetensors` holds samples of what
//! the same reference modules give for [`image`], so that every checkout can compare.

use crate::support::{
    Arrays, backends, default_architecture, formula_networks, formula_values, golden, gpu,
    largest_difference, relative_difference, repository, safetensors_bytes, shared,
};
use burn::{
    module::Module,
    tensor::{Device, Tensor, TensorData},
};
use monoscope::{
    config::{NetworkConfig, ObjectiveConfig},
    model::{
        Architecture, DepthArchitecture, Networks, PoseNetwork, ResnetArchitecture,
        weights::{self, ParameterName, map_parameters, named_tensors},
    },
};
use std::convert::Infallible;

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec_as().unwrap()
}

/// Every `step`-th value, as the samples were taken.
fn samples<const D: usize>(tensor: &Tensor<D>, step: usize) -> Vec<f32> {
    values(tensor.clone()).into_iter().step_by(step).collect()
}

fn disparity_step(scale: usize) -> usize {
    [397, 99, 24, 7][scale]
}

/// Fails unless the largest difference is within `share` of the largest reference value.
fn assert_close(name: &str, found: &[f32], expected: &[f32], share: f32) {
    let largest = expected.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    assert_near(name, found, expected, share * largest);
}

fn assert_near(name: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    let difference = largest_difference(found, expected);
    println!("{name}: {difference:.1e}, {tolerance:.1e} allowed");
    assert!(difference <= tolerance, "{name} differs by {difference}, {tolerance} allowed");
}

fn own_samples() -> Arrays {
    Arrays::open(&repository("tests/data/networks.safetensors"))
}

/// Two pictures of 96×64, frames `frame` and `frame` + 40 of a passing pattern.
fn image(frame: usize, device: &Device) -> Tensor<4> {
    let mut values = Vec::new();
    for frame in [frame, frame + 40] {
        for channel in 0..3 {
            for y in 0..64 {
                for x in 0..96 {
                    let (c, y, x) = (f64::from(channel), f64::from(y), f64::from(x) + 3.0 * frame as f64);
                    // Two slow waves to look like a scene, and a fast one without which a rounding
                    // error could swing whole regions across the kinks of ReLU and pooling.
                    let waves = 0.2 * (0.07 * x + 0.11 * y + 1.7 * c).sin()
                        + 0.15 * (0.031 * (c + 1.0) * x - 0.05 * y).cos()
                        + 0.1 * (2.3 * (1.0 + 0.37 * c) * x + 0.19 * y * y + c).sin();
                    values.push((0.5 + waves) as f32);
                }
            }
        }
    }
    Tensor::from_data(TensorData::new(values, [2, 3, 64, 96]), device)
}

/// Axis-angle and translation of the first motion that the pose network sees in frames.
fn motion(networks: &Networks, frames: Vec<Tensor<4>>) -> (Tensor<2>, Tensor<2>) {
    let (axis_angle, translation) = networks.pose.as_ref().unwrap().forward(frames);
    let first = |all: Tensor<3>| all.narrow(1, 0, 1).squeeze_dim(1);
    (first(axis_angle), first(translation))
}

/// Compares predictions with the samples; a backend other than the CPU's is given `factor` times
/// the tolerance.
fn compare_with_samples(networks: &Networks, device: &Device, factor: f32) {
    let reference = own_samples();
    let features = networks.depth.encoder.forward(image(0, device));
    assert_close("f4", &samples(&features[4], 61), &reference.get("eval.f4").1, 1e-4 * factor);
    for (scale, disparity) in networks.depth.decoder.forward(&features) {
        let name = format!("eval.disp{scale}");
        let found = samples(&disparity, disparity_step(scale));
        assert_near(&name, &found, &reference.get(&name).1, 2e-5 * factor);
    }
    let (axis_angle, translation) = motion(networks, vec![image(0, device), image(1, device)]);
    for (name, found) in [("eval.axis_angle", axis_angle), ("eval.translation", translation)] {
        assert_near(name, &values(found), &reference.get(name).1, 1e-6 * factor);
    }
}

#[test]
fn predictions_agree_with_the_samples() {
    let device = Device::flex();
    compare_with_samples(&formula_networks(&device), &device, 1.0);
}

#[test]
fn predictions_on_the_gpu_backend_agree_with_the_samples() {
    let device = gpu();
    compare_with_samples(&formula_networks(&device), &device, 5.0);
}

#[test]
fn training_agrees_with_the_samples() {
    compare_training_with_samples(&Device::flex().autodiff(), 1.0);
}

#[test]
fn training_on_the_gpu_backend_agrees_with_the_samples() {
    let device = gpu();
    compare_training_with_samples(&device.autodiff(), 5.0);
}

/// Compares a training step's predictions, running statistics and gradients with the samples.
fn compare_training_with_samples(device: &Device, factor: f32) {
    let reference = own_samples();
    let networks = formula_networks(device);
    let mut loss = Tensor::<1>::zeros([1], device);
    for (scale, disparity) in networks.depth.disparities(image(0, device)) {
        let name = format!("train.disp{scale}");
        let found = samples(&disparity, disparity_step(scale));
        assert_near(&name, &found, &reference.get(&name).1, 1e-4 * factor);
        loss = loss + (disparity.clone() * disparity).mean();
    }
    assert_close("train.loss", &values(loss.clone()), &reference.get("train.loss").1, 1e-5 * factor);

    let statistics = named_tensors(&networks);
    for name in reference.names().iter().filter(|name| name.contains("running_")) {
        let published = name.strip_prefix("train.").unwrap();
        let found = statistics.iter().find(|tensor| tensor.name.to_string() == published).unwrap();
        let found: Vec<f32> = found.values.iter().copied().step_by(7).collect();
        assert_close(name, &found, &reference.get(name).1, 1e-3 * factor);
    }

    let gradients = gradients(networks, &loss);
    for (name, step) in GRADIENT_STEPS {
        let (_, whole) = gradients.iter().find(|(found, _)| found == name).unwrap();
        let found: Vec<f32> = whole.iter().copied().step_by(step).collect();
        let difference = relative_difference(&found, &reference.get(&format!("gradient.{name}")).1);
        println!("gradient of {name}: {difference:.1e}");
        assert!(
            difference < 1e-3 * f64::from(factor),
            "the gradient of {name} differs by {difference} of its size"
        );
    }
}

/// The gradients that are sampled, with the step from sample to sample.
const GRADIENT_STEPS: [(&str, usize); 7] = [
    ("encoder/encoder.conv1.weight", 97),
    ("encoder/encoder.bn1.weight", 1),
    ("encoder/encoder.layer2.0.downsample.0.weight", 97),
    ("encoder/encoder.layer4.1.conv2.weight", 24001),
    ("depth/decoder.3.conv.conv.weight", 2003),
    ("depth/decoder.9.conv.conv.bias", 1),
    ("depth/decoder.10.conv.weight", 1),
];

/// The gradient of every parameter that has one, by published name.
fn gradients(networks: Networks, loss: &Tensor<1>) -> Vec<(String, Vec<f32>)> {
    let gradients = loss.backward();
    // The gradient takes the parameter's place, so that it is read back under its name.
    struct Gradients(burn::tensor::Gradients);
    impl burn::module::ModuleMapper for Gradients {
        fn map_float<const D: usize>(
            &mut self,
            parameter: burn::module::Param<Tensor<D>>,
        ) -> burn::module::Param<Tensor<D>> {
            parameter.map(|value| match value.grad(&self.0) {
                Some(gradient) => gradient,
                None => value,
            })
        }
    }
    let networks = networks.map(&mut Gradients(gradients));
    named_tensors(&networks).into_iter().map(|tensor| (tensor.name.to_string(), tensor.values)).collect()
}

#[test]
fn validation_copies_predict_with_running_statistics() {
    let device = Device::flex();
    let trained = formula_networks(&device.clone().autodiff());
    compare_with_samples(&trained.valid(), &device, 1.0);
}

#[test]
fn a_pair_of_equal_images_gives_the_features_of_one() {
    let device = Device::flex();
    let mut networks = formula_networks(&device);
    let file = tempfile::Builder::new().suffix(".safetensors").tempfile().unwrap();
    // A classifier's file has the names without the published prefix.
    let tensors = named_tensors(&networks).into_iter().filter(|tensor| tensor.name.file == "encoder");
    let tensors = tensors.map(|tensor| {
        (tensor.name.key.strip_prefix("encoder.").unwrap().to_owned(), tensor.shape, tensor.values)
    });
    std::fs::write(file.path(), safetensors_bytes(tensors, None)).unwrap();
    // The depth encoder comes back from its own values; the pose encoder is made equal to it.
    weights::load_imagenet(file.path(), &mut networks).unwrap();
    let Some(PoseNetwork::Separate(pose)) = &networks.pose else { panic!("{:?}", networks.architecture()) };
    let mono = networks.depth.encoder.forward(image(0, &device));
    let pair = pose.encoder.forward(Tensor::cat(vec![image(0, &device), image(0, &device)], 1));
    for (index, (mono, pair)) in mono.into_iter().zip(pair).enumerate() {
        assert_close(&format!("f{index}"), &values(pair), &values(mono), 1e-4);
    }
    // Exactly: halves of f32 lose nothing.
    let (single, double) = (networks.depth.encoder.conv1().weight.val(), pose.encoder.conv1.weight.val());
    assert_eq!(double.dims(), [64, 6, 7, 7]);
    assert_eq!(values(double.clone().narrow(1, 0, 3) * 2.0), values(single.clone()));
    assert_eq!(values(double.narrow(1, 3, 3) * 2.0), values(single));
}

#[test]
fn first_values_follow_from_the_seed() {
    let objective = ObjectiveConfig { scales: vec![2, 0], ..ObjectiveConfig::default() };
    let device = Device::flex();
    let architecture = Architecture::new(&NetworkConfig::default(), &objective).unwrap();
    let first = |seed| named_tensors(&Networks::new(&architecture, seed, &device));
    let (one, again, other) = (first(1), first(1), first(2));
    assert_eq!(one.len(), again.len());
    assert!(one.iter().zip(&again).all(|(a, b)| a.name == b.name && a.values == b.values));
    let find = |tensors: &[weights::NamedTensor], name: &str| {
        tensors.iter().find(|tensor| tensor.name.to_string() == name).unwrap().clone()
    };
    let name = "encoder/encoder.layer1.0.conv1.weight";
    let (a, b) = (find(&one, name), find(&other, name));
    assert_ne!(a.values, b.values);
    // Kaiming's normal distribution over the fan-out, 64 channels of 3×3.
    let squares: f32 = a.values.iter().map(|value| value * value).sum();
    let variance = squares / a.values.len() as f32;
    assert!((variance / (2.0 / 576.0) - 1.0).abs() < 0.05, "variance {variance}");
    // PyTorch's default over the fan-in, 512 channels of 1×1.
    let uniform = find(&one, "pose/net.0.weight").values;
    let bound = 512.0_f32.sqrt().recip();
    assert!(uniform.iter().all(|value| value.abs() <= bound));
    assert!(uniform.iter().any(|value| *value > 0.99 * bound));
    assert!(uniform.iter().any(|value| *value < -0.99 * bound));
    // The disparities stand in the order of the scales, told apart by what they are computed from.
    assert_eq!(find(&one, "depth/decoder.10.conv.weight").shape, [1, 64, 3, 3]);
    assert_eq!(find(&one, "depth/decoder.11.conv.weight").shape, [1, 16, 3, 3]);
}

#[test]
fn networks_have_the_published_number_of_parameters() {
    let count = |networks: &Networks, file: &str| -> usize {
        let learnt = named_tensors(networks)
            .into_iter()
            .filter(|tensor| tensor.name.file == file && !tensor.name.key.contains("running_"));
        learnt.map(|tensor| tensor.values.len()).sum()
    };
    let device = Device::flex();
    let default = Networks::new(&default_architecture(), 0, &device);
    assert_eq!(count(&default, "encoder"), 11_176_512);
    assert_eq!(count(&default, "depth"), 3_152_724);
    assert_eq!(count(&default, "pose"), 1_314_572);
    let fifty = Networks::blank(&depth_only(ResnetArchitecture::RESNET_50), &device);
    assert_eq!(count(&fifty, "depth"), 9_014_100);
    assert_eq!(count(&fifty, "encoder"), 25_557_032 - 2_049_000);
    let light = Architecture {
        depth: DepthArchitecture::RtMonodepthS,
        scales: vec![0, 1, 2],
        ..depth_only(ResnetArchitecture::RESNET_18)
    };
    let light = Networks::blank(&light, &device);
    assert_eq!((count(&light, "encoder"), count(&light, "depth")), (858_048, 376_979));
    let thirty_four = Networks::blank(&depth_only(ResnetArchitecture::RESNET_34), &device);
    assert_eq!(count(&thirty_four, "encoder"), 21_797_672 - 513_000);
}

fn depth_only(encoder: ResnetArchitecture) -> Architecture {
    Architecture { depth: DepthArchitecture::Resnet(encoder), pose: None, ..default_architecture() }
}

fn reference_image(reference: &Arrays, id: &str, device: &Device) -> Tensor<4> {
    let (shape, values) = reference.get(&format!("image_{id}"));
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Compares with the reference, with tolerances multiplied by `slack`.
fn compare_evaluation(networks: &Networks, reference: &Arrays, device: &Device, slack: f32) {
    let [zero, minus, plus] = ["0", "m1", "p1"].map(|id| reference_image(reference, id, device));
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
        assert_close(&name, &values(found), &reference.get(&name).1, 1e-4 * slack);
    }
    for (scale, disparity) in networks.depth.decoder.forward(&features) {
        let name = format!("eval.disp{scale}");
        assert_near(&name, &values(disparity), &reference.get(&name).1, 2e-5 * slack);
    }
    for (name, earlier, later) in [("0_p1", zero.clone(), plus), ("m1_0", minus, zero)] {
        let (axis_angle, translation) = motion(networks, vec![earlier, later]);
        for (part, found) in [("axisangle", axis_angle), ("translation", translation)] {
            let name = format!("eval.pose_{name}.{part}");
            // Stored with both motions of the network, of which the first is meant.
            let first: Vec<f32> =
                reference.get(&name).1.chunks(6).flat_map(|both| both[..3].to_vec()).collect();
            assert_near(&name, &values(found), &first, 1e-6 * slack);
        }
    }
}

#[test]
#[ignore = "needs ../shared/golden: reference arrays"]
fn evaluation_agrees_with_the_reference() {
    let reference = golden("networks");
    for (device, slack) in backends() {
        compare_evaluation(&formula_networks(&device), &reference, &device, slack);
    }
}

#[test]
#[ignore = "needs ../shared/golden and ../shared/weights/formula_resnet18: reference arrays, weights files as PyTorch writes them"]
fn evaluation_from_files_agrees_with_the_reference() {
    let (reference, folder) = (golden("networks"), shared("weights/formula_resnet18"));
    let device = Device::flex();
    let loaded = weights::load(&folder, &device).unwrap();
    compare_evaluation(&loaded.networks, &reference, &device, 1.0);
}

#[test]
#[ignore = "needs ../shared/golden: reference arrays"]
fn training_agrees_with_the_reference() {
    let reference = golden("networks");
    for (device, slack) in backends() {
        compare_training(&reference, &device.autodiff(), slack);
    }
}

fn compare_training(reference: &Arrays, device: &Device, slack: f32) {
    let networks = formula_networks(device);
    let features = networks.depth.encoder.forward(reference_image(reference, "0", device));
    assert_close("train.f4", &values(features[4].clone()), &reference.get("train.f4").1, 2e-4 * slack);
    for (scale, disparity) in networks.depth.decoder.forward(&features) {
        let name = format!("train.disp{scale}");
        assert_near(&name, &values(disparity), &reference.get(&name).1, 1e-4 * slack);
    }
    let statistics = named_tensors(&networks);
    for name in ["bn1", "layer4.1.bn2"] {
        for kind in ["running_mean", "running_var"] {
            let published = format!("encoder/encoder.{name}.{kind}");
            let found = statistics.iter().find(|tensor| tensor.name.to_string() == published).unwrap();
            let name = format!("train.stats.{name}.{kind}");
            assert_close(&name, &found.values, &reference.get(&name).1, 1e-3 * slack);
        }
    }
}

#[test]
#[ignore = "needs ../shared/golden: reference arrays"]
fn a_deeper_encoder_agrees_with_the_reference() {
    let reference = golden("networks");
    for (device, slack) in backends() {
        compare_deeper(&reference, &device, slack);
    }
}

fn compare_deeper(reference: &Arrays, device: &Device, slack: f32) {
    let architecture = depth_only(ResnetArchitecture::RESNET_50);
    let Ok(networks) = map_parameters(Networks::blank(&architecture, device), |name, shape| {
        let file = if name.file == "encoder" { "encoder50" } else { "depth50" };
        let name = ParameterName { file, key: name.key.clone() };
        Ok::<_, Infallible>(Some(formula_values(&name, shape)))
    });
    for (scale, disparity) in networks.depth.disparities(reference_image(reference, "0", device)) {
        let name = format!("eval.r50.disp{scale}");
        assert_near(&name, &values(disparity), &reference.get(&name).1, 2e-5 * slack);
    }
}
