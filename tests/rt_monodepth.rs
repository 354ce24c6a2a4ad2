//! RT-MonoDepth-S with its published weights, which lie beside the checkout, against reference results.

use crate::support::{Arrays, golden, gpu, largest_difference, shared, values};
use burn::tensor::{Device, Tensor, TensorData};
use image::RgbImage;
use monoscope::{
    config::ImageSize,
    data::{self, arrays::npy::read_array},
    model::{Networks, weights},
    predict::Predictor,
};
use std::path::Path;

const SIZE: ImageSize = ImageSize { height: 192, width: 640 };

fn published(device: &Device) -> Networks {
    let loaded = weights::load(&shared("weights/rt_monodepth_s"), device).unwrap();
    assert_eq!(loaded.size, Some(SIZE));
    assert!(loaded.use_stereo != Some(true) && loaded.networks.pose.is_none());
    assert_eq!(loaded.networks.architecture().to_string(), "RT-MonoDepth-S, no pose network");
    assert_eq!((loaded.report.loaded.len(), loaded.report.unused.len()), (35, 0));
    loaded.networks
}

fn image(value: impl Fn(usize, usize, usize) -> f32, device: &Device) -> Tensor<4> {
    let ImageSize { height, width } = SIZE;
    let numbers = (0..3 * height * width)
        .map(|index| value(index / (height * width), index / width % height, index % width))
        .collect::<Vec<_>>();
    Tensor::from_data(TensorData::new(numbers, [1, 3, height, width]), device)
}

/// A picture that needs no file.
fn stripes(device: &Device) -> Tensor<4> {
    image(|channel, row, column| ((37 * channel + 3 * row + 5 * column) % 256) as f32 / 255.0, device)
}

fn mean(values: &[f32]) -> f32 {
    (values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len() as f64) as f32
}

#[test]
#[ignore = "needs ../shared/weights/rt_monodepth_s: published weights"]
fn a_computed_picture_gives_the_known_disparities() {
    let device = Device::flex();
    let networks = published(&device);
    let features = networks.depth.encoder.forward(stripes(&device));
    let known = |name: &str, found: f32, expected: f32| {
        assert!((found - expected).abs() < 1e-5, "{name} is {found}, not {expected}");
    };
    let magnitudes: Vec<f32> = values(features[0].clone()).into_iter().map(f32::abs).collect();
    known("the mean activation of the encoder", mean(&magnitudes), 0.894_81);
    let disparities = networks.depth.decoder.forward(&features);
    let expected = [
        (0, [0.624_867, 0.491_733, 0.624_599]),
        (1, [0.638_639, 0.585_182, 0.641_460]),
        (2, [0.631_313, 0.479_433, 0.625_658]),
    ];
    assert_eq!(disparities.len(), expected.len());
    for (scale, [average, corner, centre]) in expected {
        let ImageSize { height, width } = SIZE.at_scale(scale);
        assert_eq!(disparities[&scale].dims(), [1, 1, height, width]);
        let found = values(disparities[&scale].clone());
        known(&format!("the mean at scale {scale}"), mean(&found), average);
        known(&format!("the corner at scale {scale}"), found[0], corner);
        known(&format!("the centre at scale {scale}"), found[height / 2 * width + width / 2], centre);
    }
}

/// Compares the disparities of all scales with the reference's, in the network's own units.
fn compare(networks: &Networks, golden: &Arrays, device: &Device, tolerance: f32) {
    let (_, pixels) = golden.get("img_u8_hwc");
    let photograph =
        image(|channel, row, column| pixels[(row * SIZE.width + column) * 3 + channel] / 255.0, device);
    for (name, image) in [("img", photograph), ("synth", stripes(device))] {
        for (scale, disparity) in networks.depth.disparities(image) {
            let (_, expected) = golden.get(&format!("{name}_disp{scale}"));
            let difference = largest_difference(&values(disparity), &expected);
            println!("{name}, scale {scale}: {difference:.1e}");
            assert!(difference < tolerance, "{name} differs by {difference} at scale {scale}");
        }
    }
}

#[test]
#[ignore = "needs ../shared/golden and ../shared/weights/rt_monodepth_s: reference arrays, published weights"]
fn disparities_agree_with_the_reference() {
    let golden = golden("rt_monodepth_s_golden_io");
    let device = Device::flex();
    let networks = published(&device);
    // A tenth of what is allowed on scaled disparity, which is ten times as large.
    compare(&networks, &golden, &device, 1e-5);
    compare(&published(&gpu()), &golden, &gpu(), 5e-5);
}

/// Scaled disparities of frames 0 and 9, as the reference predicts them from the JPEG files.
fn golden_predictions() -> Vec<f32> {
    let path = shared("kitti/golden/pred_disps_2011_09_26_drive_0002_sync_m.npy");
    let file = std::fs::read(path).unwrap();
    read_array(&mut &file[..], file.len() as u64).unwrap().values
}

#[test]
#[ignore = "needs ../shared/golden and ../shared/kitti and ../shared/weights/rt_monodepth_s: reference arrays, frames of real drives, published weights"]
fn a_resized_photograph_gives_the_scaled_disparity_of_the_reference() {
    let expected = golden_predictions();
    let (_, pixels) = golden("rt_monodepth_s_golden_io").get("img_u8_hwc");
    let pixels = pixels.into_iter().map(|level| level as u8).collect();
    let photograph = RgbImage::from_raw(SIZE.width as u32, SIZE.height as u32, pixels).unwrap();
    let device = Device::flex();
    let networks = published(&device);
    let predictor = Predictor::new(networks, SIZE, &device);
    let found = values(predictor.scaled_disparity(&photograph).unwrap());
    let difference = largest_difference(&found, &expected[..SIZE.pixels()]);
    assert!(difference < 1e-4, "the scaled disparity differs by {difference}");
}

#[test]
#[ignore = "needs ../shared/weights/rt_monodepth_s: published weights"]
fn one_file_without_a_size_gives_the_same_networks() {
    let folder = shared("weights/rt_monodepth_s");
    let device = Device::flex();
    let from_folder = weights::load(&folder, &device).unwrap();
    let file: &Path = &folder.join("model.safetensors");
    let from_file = weights::load(file, &device).unwrap();
    assert_eq!((from_file.size, from_file.trained_size()), (None, SIZE));
    let tensors = [&from_folder, &from_file].map(|loaded| weights::named_tensors(&loaded.networks));
    assert_eq!(tensors[0].len(), tensors[1].len());
    for (a, b) in tensors[0].iter().zip(&tensors[1]) {
        assert!(a.name == b.name && a.values == b.values, "{} differs", a.name);
    }
    assert!(!Predictor::load(file, &device).unwrap().is_size_stated());
    assert!(Predictor::load(&folder, &device).unwrap().is_size_stated());
}

#[test]
#[ignore = "needs ../shared/kitti and ../shared/weights/rt_monodepth_s: frames of real drives, published weights"]
fn a_photograph_gives_the_scaled_disparity_of_the_reference() {
    let (expected, kitti) = (golden_predictions(), shared("kitti"));
    let device = Device::flex();
    let predictor = Predictor::load(&shared("weights/rt_monodepth_s"), &device).unwrap();
    let frames = kitti.join("2011_09_26/2011_09_26_drive_0002_sync/image_02/data");
    for (name, expected) in
        ["0000000000.jpg", "0000000009.jpg"].into_iter().zip(expected.chunks(SIZE.pixels()))
    {
        let image = data::image::read(&frames.join(name)).unwrap();
        let found = values(predictor.scaled_disparity(&image).unwrap());
        let mut differences: Vec<f32> = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).collect();
        differences.sort_by(f32::total_cmp);
        let nearly_worst = differences[differences.len() * 999 / 1000];
        println!("{name}: {nearly_worst}, worst {}", differences[differences.len() - 1]);
        assert!(nearly_worst <= 2e-3, "{name}: {nearly_worst} at the 99.9th percentile");
    }
}
