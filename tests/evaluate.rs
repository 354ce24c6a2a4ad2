//! Metrics against the reference, and the scores of perfect and of known wrong predictions.

use crate::support::{extract, largest_difference, shared};
use burn::tensor::Device;
use monoscope::{
    config::ImageSize,
    data::{
        DepthMap, FrameKey, FrameSource, Side, TrueDepth,
        arrays::npy::{self, NpyRows, write_array},
        kitti::KittiRaw,
        split::{Split, Subset},
        synthetic::{BuiltInDrive, DriveOptions},
    },
    evaluate::{
        BENCHMARK_SIZE, DepthChoices, DepthEvaluation, DepthEvaluator, DepthFile, DepthJob, DepthMetrics,
        DepthPairs, DisparityFile, FrameOutcome, PredictionKind, Predictions, Protocol, ProtocolName,
        Scaling, ScalingName, Truth, TruthChoice, benchmark_depth, compare_disparity, median, published,
        report, write_ground_truth,
    },
    model::weights,
    predict::{DisparityMap, Predictor, post_process},
};
use std::{fs, path::Path, sync::Arc};

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
    let golden = extract("misc");
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
    let golden = extract("misc");
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
        predictions: Predictions::Network { predictor: Box::new(predictor), post_process: false },
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

/// Short built-in drive of small images.
pub fn short_drive() -> (Arc<BuiltInDrive>, Vec<FrameKey>) {
    let size = ImageSize { height: 48, width: 160 };
    let drive = BuiltInDrive::new(DriveOptions { size, frames: 5, ..DriveOptions::default() });
    let keys = drive.drives()[0].keys(Side::Left).collect();
    (Arc::new(drive), keys)
}

/// Writes the disparities of the drive's exact depth, where the depth of frame i is multiplied by `factor(i)`.
fn write_disparities(path: &Path, drive: &BuiltInDrive, keys: &[FrameKey], factor: impl Fn(usize) -> f32) {
    let (mut values, mut size) = (Vec::new(), [0, 0]);
    for (index, key) in keys.iter().enumerate() {
        let depth = drive.depth(key).unwrap().unwrap();
        size = [depth.height, depth.width];
        // The sky is far, and does not count.
        values.extend(
            depth
                .metres
                .iter()
                .map(|metres| 1.0 / (factor(index) * if *metres > 0.0 { *metres } else { 1000.0 })),
        );
    }
    let mut bytes = Vec::new();
    write_array(&mut bytes, &[keys.len(), size[0], size[1]], &values).unwrap();
    fs::write(path, bytes).unwrap();
}

fn scored(drive: &Arc<BuiltInDrive>, keys: &[FrameKey], file: &Path, scaling: Scaling) -> DepthEvaluation {
    let mut evaluator = DepthEvaluator::new(DepthJob {
        source: Arc::clone(drive) as Arc<dyn FrameSource>,
        keys: keys.to_vec(),
        truth: Truth::Source(TrueDepth::Exact),
        predictions: Predictions::File(DisparityFile::open(file, keys).unwrap()),
        protocol: Protocol { scaling, ..Protocol::EIGEN },
        predict_all: false,
    })
    .unwrap();
    for progress in &mut evaluator {
        progress.unwrap();
    }
    evaluator.finish().unwrap()
}

#[test]
fn exact_depth_scores_no_error_and_a_known_one_its_own() {
    let (drive, keys) = short_drive();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("disparities.npy");
    write_disparities(&file, &drive, &keys, |_| 1.0);
    for scaling in [Scaling::Factor(1.0), Scaling::MedianOfEach, Scaling::MedianOfAll] {
        let exact = scored(&drive, &keys, &file, scaling);
        assert!(exact.metrics.abs_rel < 1e-6 && exact.metrics.rmse < 1e-4, "{:?}", exact.metrics);
        assert!(exact.metrics.a1 == 1.0 && exact.images == 5 && exact.per_image[0].pixels > 1000);
    }

    // A tenth too far, but where the cap of 80 m holds it: there are no such depths in the crop's mean.
    write_disparities(&file, &drive, &keys, |_| 1.1);
    let far = scored(&drive, &keys, &file, Scaling::Factor(1.0));
    assert!((far.metrics.abs_rel - 0.1).abs() < 2e-3 && far.metrics.a1 == 1.0, "{:?}", far.metrics);
    assert!(
        (far.metrics.rmse_log - 1.1_f64.ln()).abs() < 2e-3 && (far.ratio_median - 1.0 / 1.1).abs() < 1e-5
    );
    assert!(scored(&drive, &keys, &file, Scaling::Factor(1.0 / 1.1)).metrics.abs_rel < 1e-5);

    // One frame of five is twice too far: a median for each corrects that, one factor for all does not.
    write_disparities(&file, &drive, &keys, |index| if index == 2 { 2.0 } else { 0.5 });
    assert!(scored(&drive, &keys, &file, Scaling::MedianOfEach).metrics.abs_rel < 1e-5);
    let single = scored(&drive, &keys, &file, Scaling::MedianOfAll);
    assert!((single.ratio_median - 2.0).abs() < 1e-5);
    let wrong: Vec<bool> = single.per_image.iter().map(|image| image.metrics.abs_rel > 0.1).collect();
    assert_eq!(wrong, [false, false, true, false, false]);
    assert!(single.protocol.contains("median of their ratios") && single.protocol.contains("2.0000"));
    let table = report::csv(&single);
    assert_eq!(table.lines().count(), 6);
    assert!(table.lines().all(|line| line.split(',').count() == 10), "{table}");
    let row = report::latex_row(&single.metrics, "my_model 640×192");
    assert!(row.starts_with("my\\_model 640$\\times$192 & ") && row.ends_with("\\\\"), "{row}");
}

#[test]
fn an_evaluation_ends_when_it_is_dropped() {
    let (drive, keys) = short_drive();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("disparities.npy");
    write_disparities(&file, &drive, &keys, |_| 1.0);
    let source: Arc<dyn FrameSource> = drive;
    let job = |keys: &[FrameKey], rows: &[FrameKey]| DepthJob {
        source: Arc::clone(&source),
        keys: keys.to_vec(),
        truth: Truth::Source(TrueDepth::Exact),
        predictions: Predictions::File(DisparityFile::open(&file, rows).unwrap()),
        protocol: Protocol::EIGEN,
        predict_all: false,
    };
    let mut evaluator = DepthEvaluator::new(job(&keys, &keys)).unwrap();
    let Some(Ok(FrameOutcome::Scored(first))) = evaluator.next() else {
        panic!("the first frame has a depth")
    };
    assert_eq!((first.key, evaluator.done(), evaluator.total()), (keys[0].to_string(), 1, 5));
    drop(evaluator);

    // Rows are found by frame, also where only some are evaluated; what has no row is an error, once.
    let evaluator = DepthEvaluator::new(job(&keys[3..], &keys)).unwrap();
    assert!(evaluator.map(Result::unwrap).all(|progress| match progress {
        FrameOutcome::Scored(image) => image.metrics.abs_rel < 1e-6,
        _ => false,
    }));
    let mut strange = keys.clone();
    strange[1].folder = "elsewhere".to_owned();
    let results: Vec<_> = DepthEvaluator::new(job(&keys, &strange)).unwrap().collect();
    assert_eq!(results.len(), 2);
    assert!(results[1].as_ref().unwrap_err().to_string().contains("--file-split"));
    let error = DisparityFile::open(&file, &keys[1..]).err().unwrap().to_string();
    assert!(error.contains("5 images") && error.contains("has 4"), "{error}");
    assert!(DepthEvaluator::new(job(&[], &keys)).is_err());
}

#[test]
fn disparities_that_are_not_above_zero_are_refused() {
    let (drive, keys) = short_drive();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("disparities.npy");
    let source: Arc<dyn FrameSource> = drive.clone();
    let write = |change: fn(f32) -> f32| {
        write_disparities(&file, &drive, &keys, |_| 1.0);
        let mut rows = NpyRows::open(&file).unwrap();
        let shape = rows.shape().to_vec();
        let values: Vec<f32> = (0..shape[0]).flat_map(|row| rows.row(row).unwrap()).map(change).collect();
        npy::write(&file, &shape, &values).unwrap();
        DepthEvaluator::new(DepthJob {
            source: Arc::clone(&source),
            keys: keys.clone(),
            truth: Truth::Source(TrueDepth::Exact),
            predictions: Predictions::File(DisparityFile::open(&file, &keys).unwrap()),
            protocol: Protocol::EIGEN,
            predict_all: false,
        })
        .unwrap()
        .find_map(Result::err)
        .map(|error| error.to_string())
    };
    assert_eq!(write(|disparity| disparity), None);
    assert!(write(|disparity| -disparity).unwrap().contains("are 0 or less (the least is -"));
    assert!(write(|_| 0.0).unwrap().contains("are 0 or less (the least is 0)"));
    assert!(write(|_| f32::NAN).unwrap().contains("is not all finite"));
    assert!(write(|_| 1e-44).unwrap().contains("are no numbers"));
}

#[test]
fn saved_predictions_of_another_kind_or_shape_are_doubted_or_refused() {
    let (drive, keys) = short_drive();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("disparities.npy");
    let evaluated = |shape: &[usize], values: &[f32]| {
        npy::write(&file, shape, values).unwrap();
        let mut evaluator = DepthEvaluator::new(DepthJob {
            source: Arc::clone(&drive) as Arc<dyn FrameSource>,
            keys: keys.clone(),
            truth: Truth::Source(TrueDepth::Exact),
            predictions: Predictions::File(DisparityFile::open(&file, &keys).unwrap()),
            protocol: Protocol::EIGEN,
            predict_all: false,
        })
        .unwrap();
        let failure = evaluator.by_ref().find_map(Result::err).map(|error| error.to_string());
        (failure, evaluator.doubts().join("\n"))
    };
    write_disparities(&file, &drive, &keys, |_| 1.0);
    let mut rows = NpyRows::open(&file).unwrap();
    let values: Vec<f32> = (0..keys.len()).flat_map(|row| rows.row(row).unwrap()).collect();
    let shape = [keys.len(), 48, 160];
    assert_eq!(evaluated(&shape, &values), (None, String::new()));
    let depth: Vec<f32> = values.iter().map(|disparity| 1.0 / disparity).collect();
    let (failure, doubts) = evaluated(&shape, &depth);
    assert!(failure.is_none() && doubts.contains("probably depth, not disparity"), "{doubts}");
    let (failure, _) = evaluated(&[keys.len(), 160, 48], &values);
    assert!(failure.unwrap().contains("rows and columns are swapped"));
    let half: Vec<f32> = values.chunks(160).flat_map(|row| row[..80].to_vec()).collect();
    for (shape, values) in [([keys.len(), 48, 80], &half[..]), ([keys.len(), 1, 1], &[1.0; 5])] {
        let (failure, doubts) = evaluated(&shape, values);
        assert!(failure.is_none() && doubts.contains("another aspect ratio"), "{doubts}");
    }
}

#[test]
fn choices_that_exclude_each_other_are_refused_with_the_reason() {
    let (drive, _) = short_drive();
    let network = PredictionKind::Network { use_stereo: Some(true), metres_per_unit: Some(5.4) };
    let default = DepthChoices::default();
    let refused = |choices: &DepthChoices, predictions: PredictionKind, reason: &str| {
        let error = choices.resolve(None, drive.as_ref(), predictions).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    };
    let stereo = DepthChoices { stereo: true, ..default.clone() };
    let scaled = |scaling| DepthChoices { scaling: Some(scaling), ..stereo.clone() };
    refused(&scaled(ScalingName::Median), network, "--scaling by medians would undo it");
    refused(&scaled(ScalingName::Single), network, "leave one of them out");
    refused(&DepthChoices { scale_factor: Some(2.0), ..stereo.clone() }, network, "5.4");
    refused(
        &stereo,
        PredictionKind::Network { use_stereo: Some(false), metres_per_unit: None },
        "trained without",
    );
    // Stereo pairs of other cameras than KITTI's.
    let own = |metres_per_unit| PredictionKind::Network { use_stereo: Some(true), metres_per_unit };
    refused(&stereo, own(Some(1.2)), "--scale-factor 1.2000");
    refused(&stereo, own(None), "unknown distance");
    refused(&DepthChoices { scaling: Some(ScalingName::None), ..default.clone() }, network, "--scale-factor");
    refused(&DepthChoices { scale_factor: Some(0.0), ..default.clone() }, network, "from 0.000001 to");
    refused(&DepthChoices { post_process: true, ..default.clone() }, PredictionKind::File, "--weights");
    refused(&DepthChoices { max_depth: Some(0.0), ..default.clone() }, network, "--max-depth 0");
    let truth = |kind| DepthChoices { ground_truth: Some(TruthChoice::Source(kind)), ..default.clone() };
    refused(&truth(TrueDepth::Scanner), network, "it has exact");
    let benchmark =
        DepthChoices { protocol: Some(ProtocolName::EigenBenchmark), ..truth(TrueDepth::Scanner) };
    refused(&benchmark, network, "improved depth, not of laser scans");
    refused(
        &DepthChoices { ground_truth: Some("nowhere.npz".parse().unwrap()), ..default.clone() },
        network,
        "nor a file",
    );

    let (name, protocol, truth) = stereo.resolve(None, drive.as_ref(), network).unwrap();
    let Scaling::Factor(factor) = protocol.scaling else { panic!("{protocol:?}") };
    assert!((factor - 5.4).abs() < 1e-6 && truth == TruthChoice::Source(TrueDepth::Exact));
    assert_eq!(published(name, &protocol, true)[2].metrics().abs_rel, 0.105);
    let capped = DepthChoices { max_depth: Some(50.0), ..default };
    let (name, protocol, _) = capped.resolve(None, drive.as_ref(), network).unwrap();
    assert_eq!((protocol.truth_below_metres, protocol.max_depth_metres), (50.0, 50.0));
    assert!(published(name, &protocol, false).is_empty(), "nothing was published with this cap");
}

#[test]
fn ground_truth_is_read_back_as_written() {
    let (drive, keys) = short_drive();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("truth.npz");
    let mut heard = 0;
    let without =
        write_ground_truth(&path, drive.as_ref(), &keys[1..], TrueDepth::Exact, &mut |_| heard += 1);
    assert!(without.unwrap().is_empty() && heard == 4);
    let file = Truth::File(Arc::new(DepthFile::open(&path, &[]).unwrap()));
    assert!(file.describe().contains("exact depth"));
    for key in &keys[1..] {
        assert_eq!(file.depth(drive.as_ref(), key).unwrap(), drive.depth(key).unwrap());
    }
    assert_eq!(file.depth(drive.as_ref(), &keys[0]).unwrap(), None);
    let error =
        write_ground_truth(&path, drive.as_ref(), &keys, TrueDepth::Scanner, &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("none of the 5 frames"), "{error}");
    assert!(path.is_file(), "what was there before still is");

    // The reference's maps have no names but follow a list of frames.
    let pickled = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/numpy/objects.npz");
    let file = Truth::File(Arc::new(DepthFile::open(&pickled, &keys[..3]).unwrap()));
    let map = file.depth(drive.as_ref(), &keys[1]).unwrap().unwrap();
    assert_eq!((map.width, map.height, map.metres), (2, 3, vec![0.0, 0.5, 1.0, 1.5, 2.0, 2.5]));
    assert!(DepthFile::open(&pickled, &keys).err().unwrap().to_string().contains("has 3 depth maps"));
}

#[test]
#[ignore = "needs ../shared/kitti: frames of real drives"]
fn ground_truth_of_scans_is_that_of_the_reference_to_the_bit() {
    let root = shared("kitti");
    let source = KittiRaw::open(&root).unwrap();
    for frame in [0, 9] {
        let name = format!("golden/gt_2011_09_26_drive_0002_sync_{frame:010}_x256.png");
        let expected = ::image::open(root.join(name)).unwrap().into_luma16();
        let key =
            FrameKey { folder: "2011_09_26/2011_09_26_drive_0002_sync".to_owned(), frame, side: Side::Left };
        let map = source.depth_as(&key, TrueDepth::Scanner).unwrap().unwrap();
        let levels: Vec<u16> =
            map.metres.iter().map(|metres| (metres * 256.0).round_ties_even() as u16).collect();
        assert_eq!(&levels, expected.as_raw());
        assert!(source.depth_as(&key, TrueDepth::Annotated).unwrap().is_none());
    }
}

#[test]
#[ignore = "needs ../shared/kitti and ../shared/weights/rt_monodepth_s: frames of real drives, published weights"]
fn real_weights_score_what_the_reference_scores() {
    let (root, weights) = (shared("kitti"), shared("weights/rt_monodepth_s"));
    let golden = fs::read(root.join("golden/metrics_2011_09_26_drive_0002_sync.json")).unwrap();
    let golden: serde_json::Value = serde_json::from_slice(&golden).unwrap();
    let source = Arc::new(KittiRaw::open(&root).unwrap());
    let list = root.join("splits/mini");
    let keys = Split::open(list.to_str().unwrap(), source.as_ref(), &[], &[Subset::Test], &[]).unwrap().test;
    let device = Device::flex();
    let mut evaluator = DepthEvaluator::new(DepthJob {
        source,
        keys: keys.clone(),
        truth: Truth::Source(TrueDepth::Scanner),
        predictions: Predictions::Network {
            predictor: Box::new(Predictor::load(&weights, &device).unwrap()),
            post_process: false,
        },
        protocol: Protocol::EIGEN,
        predict_all: false,
    })
    .unwrap();
    for progress in &mut evaluator {
        progress.unwrap();
    }
    let scores = evaluator.finish().unwrap();
    assert!(scores.protocol.starts_with("4 images (JPEG)"), "{}", scores.protocol);
    for (key, image) in keys.iter().zip(&scores.per_image) {
        let expected = &golden["frames"][key.frame.to_string()]["m"];
        let near = |name: &str, value: f64, tolerance: f64| {
            let expected = expected[name].as_f64().unwrap();
            assert!((value - expected).abs() < tolerance, "{key}: {name} is {value}, not {expected}");
        };
        near("abs_rel", image.metrics.abs_rel, 0.002);
        near("a1", image.metrics.a1, 0.002);
        near("ratio", image.ratio, 0.05);
        assert_eq!(image.pixels as u64, expected["n_valid_in_crop"].as_u64().unwrap());
    }
}

#[test]
fn depth_for_the_server_has_its_size_and_is_capped() {
    let size = ImageSize { height: 2, width: 4 };
    let values = [[0.5, 0.5, 0.01, 0.01], [0.5, 0.5, 0.01, 0.01]].concat();
    let depth = benchmark_depth(&DisparityMap { size, values }, 5.4);
    assert_eq!((depth.width, depth.height), (1216, 352));
    assert_eq!(depth.metres.len(), BENCHMARK_SIZE.pixels());
    assert!((depth.metres[0] - 10.8).abs() < 1e-5 && depth.metres[1215] == 80.0);
}
