//! Metrics against the reference, and what a perfect or known-wrong prediction must score.

use crate::support::{Arrays, largest_difference, shared};
use burn::tensor::Device;
use monoscope::{
    config::ImageSize,
    data::{
        DepthMap, FrameKey, FrameSource, Side, TrueDepth,
        synthetic::{BuiltInDrive, DriveOptions},
    },
    evaluate::{
        DepthEvaluator, DepthJob, DepthMetrics, DepthPairs, Predictions, Protocol, Truth, compare_disparity,
        median,
    },
    model::weights,
    predict::{DisparityMap, Predictor, post_process},
};
use std::sync::Arc;

#[test]
fn metrics_of_four_pixels_by_hand() {
    let metrics = DepthMetrics::of(&[11.0, 16.0, 7.0, 39.0], &[10.0, 20.0, 5.0, 40.0]).unwrap();
    let expected = [0.18125, 0.43125, 2.345_207_9, 0.207_805_0, 0.5, 1.0, 1.0];
    let DepthMetrics { abs_rel, sq_rel, rmse, rmse_log, a1, a2, a3 } = metrics;
    for (value, expected) in [abs_rel, sq_rel, rmse, rmse_log, a1, a2, a3].into_iter().zip(expected) {
        assert!((value - expected).abs() < 1e-6, "{value} is not {expected}");
    }
    assert!(DepthMetrics::of(&[], &[]).is_none());
}

#[test]
fn the_median_of_an_even_count_lies_between() {
    assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
    assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
    assert!(median(&[]).is_nan());
}

#[test]
fn the_crop_is_that_of_the_eigen_split() {
    let sizes = [
        (375, 1242, 153..371, 44..1197),
        (370, 1224, 151..366, 43..1180),
        (374, 1238, 152..370, 44..1193),
        (370, 1226, 151..366, 44..1181),
        (376, 1241, 153..372, 44..1196),
    ];
    for (height, width, rows, columns) in sizes {
        let truth = DepthMap { width, height, metres: vec![10.0; width * height] };
        let pixels = Protocol::EIGEN.pixels(&truth);
        assert_eq!(pixels.len(), rows.len() * columns.len());
        assert_eq!(pixels[0], rows.start * width + columns.start);
        assert_eq!(pixels[pixels.len() - 1], (rows.end - 1) * width + columns.end - 1);
    }
}

#[test]
fn a_prediction_wrong_by_a_factor_scores_as_perfect() {
    let truth = [3.0, 10.0, 50.0];
    let pairs = DepthPairs::new(truth.map(|depth| depth / 30.0).to_vec(), truth.to_vec()).unwrap();
    let ratio = pairs.ratio();
    let metrics = pairs.metrics(&Protocol::EIGEN, ratio);
    assert!(metrics.abs_rel < 1e-6 && metrics.a1 == 1.0);
    assert!((ratio - 30.0).abs() < 1e-4);
}

#[test]
fn metrics_agree_with_the_reference() {
    let Some(path) = shared("golden/misc.safetensors") else { return };
    let golden = Arrays::open(&path);
    let ((shape, truths), (_, disparities)) = (golden.get("metrics.gt"), golden.get("metrics.pred_disp"));
    let (_, expected) = golden.get("metrics.per_image");
    let [images, height, width] = shape[..] else { panic!("{shape:?}") };
    let mut ratios = Vec::new();
    for image in 0..images {
        let part = image * height * width..(image + 1) * height * width;
        let truth = DepthMap { width, height, metres: truths[part.clone()].to_vec() };
        let values = disparities[part].to_vec();
        let disparity = DisparityMap { size: ImageSize { height, width }, values };
        let (metrics, ratio) = compare_disparity(&disparity, &truth, &Protocol::EIGEN).unwrap();
        ratios.push(ratio as f32);
        let DepthMetrics { abs_rel, sq_rel, rmse, rmse_log, a1, a2, a3 } = metrics;
        for (column, value) in [abs_rel, sq_rel, rmse, rmse_log, a1, a2, a3].into_iter().enumerate() {
            let expected = f64::from(expected[image * 7 + column]);
            assert!(
                (value - expected).abs() < 2e-6 * expected.max(1.0),
                "image {image}: {value} is not {expected}"
            );
        }
    }
    let (_, ratio) = golden.get("metrics.ratio_median");
    assert!((median(&ratios) as f32 - ratio[0]).abs() < 1e-5 * ratio[0]);
}

#[test]
fn blending_with_the_mirror_image_agrees_with_the_reference() {
    // At 640 columns the mirror image alone counts up to column 31, and both count alike from 64 on.
    let blended = post_process(&[0.0; 640], &[1.0; 640], 1, 640);
    for (column, expected) in [(0, 1.0), (31, 1.0), (32, 0.999_218), (40, 0.874_022), (64, 0.5), (639, 0.0)] {
        assert!((blended[column] - expected).abs() < 1e-6, "column {column}: {}", blended[column]);
    }
    let Some(path) = shared("golden/misc.safetensors") else { return };
    let golden = Arrays::open(&path);
    let [(shape, left), (_, mirrored), (_, expected)] =
        ["left", "right_mirrored_back", "out"].map(|name| golden.get(&format!("postprocess.{name}")));
    let [_, height, width] = shape[..] else { panic!("{shape:?}") };
    for image in 0..2 {
        let part = image * height * width..(image + 1) * height * width;
        let blended = post_process(&left[part.clone()], &mirrored[part.clone()], height, width);
        assert!(largest_difference(&blended, &expected[part]) < 1e-6);
    }
}

#[test]
fn the_demo_weights_see_depth_in_a_street_they_never_saw() {
    let device = Device::flex();
    let demo = weights::demo(&device).unwrap();
    assert!(demo.report.missing.is_empty() && demo.report.unused.is_empty() && demo.use_stereo == Some(true));
    let size = demo.trained_size();
    let predictor = Predictor::new(demo.networks, size, &device);
    let drive = BuiltInDrive::new(DriveOptions { seed: 2, ..DriveOptions::default() });
    let keys: Vec<FrameKey> = drive.drives()[0].keys(Side::Left).step_by(10).collect();
    let mut evaluator = DepthEvaluator::new(DepthJob {
        source: Arc::new(drive),
        keys,
        truth: Truth::Source(TrueDepth::Exact),
        predictions: Predictions::Network { predictor, post_process: false },
        protocol: Protocol::EIGEN,
        predict_all: false,
    })
    .unwrap();
    assert_eq!(evaluator.by_ref().map(Result::unwrap).count(), 10);
    let scores = evaluator.finish().unwrap();
    assert_eq!(scores.images, 10);
    assert!(scores.metrics.abs_rel < 0.15, "{:?}", scores.metrics);
    // The rig is KITTI's, and a stereo pair tells the unit of depth.
    assert!((scores.ratio_median / 5.4 - 1.0).abs() < 0.1, "{}", scores.ratio_median);
}
