//! The pixel inspector against the maps of the objective, against formulas written anew in double
//! precision, and against the reference's gradients.

use crate::support::{Arrays, extract, formula_networks, scattered, shared, values};
use burn::tensor::{Device, Tensor, TensorData};
use monoscope::{
    config::{FrameId, ImageSize, ObjectiveConfig},
    data::{
        FrameKey, FrameSource, Side,
        augment::Augmentation,
        kitti::KittiRaw,
        loader::{SampleOptions, load_sample},
        synthetic::BuiltInDrive,
    },
    geometry::{DepthRange, Intrinsics},
    inspect::{Candidate, DepthScale, Difference, PixelInspection, disparity_gradient, dump, inspect},
    model::{Motions, transform},
    objective::{
        Inputs, MapName, Noise, Objective,
        PhotometricTerm::{L1, Ssim},
    },
    predict::{SampleTensors, inputs},
};
use std::collections::BTreeMap;

pub const SIZE: ImageSize = ImageSize { height: 64, width: 192 };
pub const AXIS_ANGLE: [f32; 3] = [0.01, -0.02, 0.015];
pub const TRANSLATION: [f32; 3] = [0.02, -0.01, 0.12];

fn key() -> FrameKey {
    FrameKey { folder: BuiltInDrive::default().drives()[0].folder.clone(), frame: 5, side: Side::Left }
}

/// A moment of the built-in drive with made-up disparities and motions.
pub fn scene(config: &ObjectiveConfig, device: &Device) -> Inputs {
    let drive = BuiltInDrive::default();
    let options = SampleOptions::of(config, SIZE);
    let sample = load_sample(&drive, &key(), &options, &Augmentation::default()).unwrap();
    let samples = SampleTensors::upload(&[sample], device);
    let disparity = |scale: usize| {
        let rough = scattered([1, 1, SIZE.height >> scale, SIZE.width >> scale], scale as u32, device);
        (scale, rough * 0.01 + 0.02)
    };
    let motion = |invert| {
        let row = |values: [f32; 3]| Tensor::<2>::from_data(TensorData::new(values.to_vec(), [1, 3]), device);
        transform(row(AXIS_ANGLE), row(TRANSLATION), invert)
    };
    let motions = BTreeMap::from([(FrameId::PREVIOUS, motion(true)), (FrameId::NEXT, motion(false))]);
    let masks = (0..4).map(|scale| {
        (scale, scattered([1, 2, SIZE.height >> scale, SIZE.width >> scale], 9, device) * 0.5 + 0.4)
    });
    Inputs {
        colour: samples.colour,
        disparities: (0..4).map(disparity).collect(),
        source_from_target: Motions::Shared(motions),
        intrinsics: samples.intrinsics,
        predictive_masks: if config.predictive_mask { masks.collect() } else { BTreeMap::new() },
        noise: Noise::None,
    }
}

/// Pixels in the corners, along the edges and everywhere.
fn pixels(size: ImageSize) -> Vec<[usize; 2]> {
    let (right, bottom) = (size.width - 1, size.height - 1);
    let mut pixels = vec![[0, 0], [right, 0], [0, bottom], [right, bottom], [7, 0], [right, 11]];
    pixels.extend((1..21).map(|n| [n * 7919 % size.width, n * 104_729 % size.height]));
    pixels
}

fn variants() -> Vec<(&'static str, ObjectiveConfig)> {
    let base = ObjectiveConfig::default;
    vec![
        ("default", base()),
        ("no SSIM", ObjectiveConfig { no_ssim: true, ..base() }),
        ("average", ObjectiveConfig { avg_reprojection: true, ..base() }),
        ("no auto-mask", ObjectiveConfig { disable_automasking: true, ..base() }),
        ("corners", ObjectiveConfig { sample_align_corners_false: true, ..base() }),
        ("own sizes", ObjectiveConfig { v1_multiscale: true, ..base() }),
        ("coarse own sizes", ObjectiveConfig { v1_multiscale: true, scales: vec![1, 2], ..base() }),
        ("predictive mask", ObjectiveConfig { predictive_mask: true, disable_automasking: true, ..base() }),
    ]
}

#[test]
fn the_figures_of_a_pixel_are_those_of_the_maps() {
    let device = Device::flex();
    for (name, config) in variants() {
        let inputs = scene(&config, &device);
        let objective = Objective::new(&config, SIZE);
        let outcome = objective.evaluate(&inputs, &MapName::of_objective(&config).into_iter().collect());
        let mut maps: BTreeMap<MapName, Vec<f32>> =
            outcome.maps.into_iter().map(|(name, map)| (name, values(map))).collect();
        maps.insert(MapName::DisparityGradient, values(disparity_gradient(&objective, &inputs)));
        let evidence = PixelInspection::gather(&objective, &inputs);
        assert_eq!(evidence.gradient().unwrap().0, maps[&MapName::DisparityGradient], "{name}");
        let size = evidence.size();
        for pixel in pixels(size) {
            let report = evidence.report(pixel);
            let index = pixel[1] * size.width + pixel[0];
            let same = |what: &str, found: f64, map: MapName, tolerance: f64| {
                let expected = f64::from(maps[&map][index]);
                let difference = (found - expected).abs();
                assert!(
                    difference <= tolerance,
                    "{name}, {what} at {pixel:?}: {found}, in the map {expected}"
                );
            };
            if config.scales[0] == 0 {
                same("disparity", report.scales[0].disparity, MapName::Disparity(0), 1e-7);
                same("depth", report.depth, MapName::Depth, 1e-5 * report.depth);
                same("gradient", report.gradient.unwrap(), MapName::DisparityGradient, 0.0);
            }
            for source in &report.sources {
                let id = source.id;
                let [x, y] = [0, 1].map(|axis| source.sampled[axis] - pixel[axis] as f64);
                same("rigid flow", x.hypot(y), MapName::RigidFlow(id), 1e-3);
                same("reprojection", source.reprojection.loss, MapName::Reprojection(id), 3e-5);
                let terms =
                    |difference: Difference| [(Ssim, difference.ssim, 1e-4), (L1, Some(difference.l1), 3e-5)];
                for (term, found, tolerance) in terms(source.reprojection) {
                    let Some(found) = found.filter(|_| !config.no_ssim) else { continue };
                    same("warped term", found, MapName::ReprojectionTerm(term, id), tolerance);
                }
                for (term, found, tolerance) in source.identity.into_iter().flat_map(terms) {
                    let Some(found) = found.filter(|_| !config.no_ssim) else { continue };
                    same("identity term", found, MapName::IdentityTerm(term, id), tolerance);
                }
                if let Some(identity) = source.identity {
                    same("identity", identity.loss, MapName::Identity(id), 3e-5);
                }
                if let Some(weight) = source.weight {
                    same("weight", weight, MapName::PredictiveMask(id), 1e-6);
                }
            }
            for scale in &report.scales {
                let (width, height) = (SIZE.width >> scale.scale, SIZE.height >> scale.scale);
                let (column, row) = (pixel[0] * width / size.width, pixel[1] * height / size.height);
                let found = scale.smoothness.iter().flatten().sum::<f64>();
                let expected = maps[&MapName::Smoothness(scale.scale)][row * width + column];
                assert!(
                    (found - f64::from(expected)).abs() <= 1e-5,
                    "{name}, {scale:?}: in the map {expected}"
                );
            }
            let minimum = report.minimum.unwrap();
            same("minimum", minimum.loss, MapName::MinimumLoss, 3e-5);
            if minimum.runner_up.is_some_and(|(_, margin)| margin > 1e-4) {
                let chosen = match minimum.winner {
                    _ if config.avg_reprojection => f64::from(u8::from(minimum.trains())),
                    Candidate::Identity(id) => {
                        if id == Some(FrameId::PREVIOUS) {
                            0.0
                        } else {
                            1.0
                        }
                    }
                    Candidate::Warped(id) => {
                        let first = if config.disable_automasking { 0.0 } else { 2.0 };
                        first + if id == Some(FrameId::PREVIOUS) { 0.0 } else { 1.0 }
                    }
                };
                same("chosen source", chosen, MapName::ChosenSource, 0.0);
                if !config.disable_automasking {
                    same("auto-mask", f64::from(u8::from(minimum.trains())), MapName::AutoMask, 0.0);
                }
            }
        }
    }
}

/// A second implementation of the photometric loss at a pixel: through the point in space, with each
/// camera and motion written out, and SSIM by mean squares.
struct Recomputed<'a> {
    target: &'a [f32],
    source: &'a [f32],
    disparity: &'a [f32],
    camera: [f64; 4],
}

impl Recomputed<'_> {
    fn depth(&self, [column, row]: [usize; 2]) -> f64 {
        1.0 / (0.01 + 9.99 * f64::from(self.disparity[row * SIZE.width + column]))
    }

    /// The next frame's colour where it sees the target's pixel at a depth.
    fn warped(&self, [column, row]: [usize; 2], depth: f64, colour: usize) -> f64 {
        let [fx, fy, cx, cy] = self.camera;
        let point = [(column as f64 - cx) / fx * depth, (row as f64 - cy) / fy * depth, depth];
        let [x, y, z] = rotate(AXIS_ANGLE.map(f64::from), point);
        let [tx, ty, tz] = TRANSLATION.map(f64::from);
        let [x, y, z] = [x + tx, y + ty, z + tz];
        let u = (fx * x / z + cx).clamp(0.0, (SIZE.width - 1) as f64);
        let v = (fy * y / z + cy).clamp(0.0, (SIZE.height - 1) as f64);
        let plane = &self.source[colour * SIZE.pixels()..];
        let at =
            |x: f64, y: f64| f64::from(plane[y as usize * SIZE.width + (x as usize).min(SIZE.width - 1)]);
        let (left, top) = (u.floor(), v.floor());
        let bottom = (top + 1.0).min((SIZE.height - 1) as f64);
        let (across, down) = (u - left, v - top);
        (1.0 - down) * ((1.0 - across) * at(left, top) + across * at(left + 1.0, top))
            + down * ((1.0 - across) * at(left, bottom) + across * at(left + 1.0, bottom))
    }

    fn loss(&self, pixel: [usize; 2], supposed: f64) -> f64 {
        let mirror = |index: i64, count: usize| match index {
            -1 => 1,
            index if index == count as i64 => count - 2,
            index => index as usize,
        };
        let factor = supposed / self.depth(pixel);
        let mut loss = 0.0;
        for colour in 0..3 {
            let (mut pairs, mut l1) = (Vec::new(), 0.0);
            for (down, across) in
                [-1, 0, 1].into_iter().flat_map(|down| [-1, 0, 1].map(|across| (down, across)))
            {
                let column = mirror(pixel[0] as i64 + across, SIZE.width);
                let row = mirror(pixel[1] as i64 + down, SIZE.height);
                let warped = self.warped([column, row], self.depth([column, row]) * factor, colour);
                let target = f64::from(self.target[colour * SIZE.pixels() + row * SIZE.width + column]);
                pairs.push((warped, target));
                if (down, across) == (0, 0) {
                    l1 = (warped - target).abs();
                }
            }
            let mean = |value: fn(&(f64, f64)) -> f64| pairs.iter().map(value).sum::<f64>() / 9.0;
            let (a, b) = (mean(|pair| pair.0), mean(|pair| pair.1));
            let (aa, bb) = (mean(|pair| pair.0 * pair.0) - a * a, mean(|pair| pair.1 * pair.1) - b * b);
            let ab = mean(|pair| pair.0 * pair.1) - a * b;
            let similarity =
                (2.0 * a * b + 1e-4) * (2.0 * ab + 9e-4) / ((a * a + b * b + 1e-4) * (aa + bb + 9e-4));
            loss += (0.85 * ((1.0 - similarity) / 2.0).clamp(0.0, 1.0) + 0.15 * l1) / 3.0;
        }
        loss
    }
}

/// Rodrigues' rotation of a point.
fn rotate(axis_angle: [f64; 3], point: [f64; 3]) -> [f64; 3] {
    let angle = axis_angle.iter().map(|value| value * value).sum::<f64>().sqrt();
    let axis = axis_angle.map(|value| value / angle);
    let along: f64 = axis.iter().zip(point).map(|(axis, value)| axis * value).sum();
    std::array::from_fn(|index| {
        let (next, last) = ((index + 1) % 3, (index + 2) % 3);
        let cross = axis[next] * point[last] - axis[last] * point[next];
        point[index] * angle.cos() + cross * angle.sin() + axis[index] * along * (1.0 - angle.cos())
    })
}

#[test]
fn losses_and_curves_agree_with_formulas_written_anew() {
    let config = ObjectiveConfig::default();
    let inputs = scene(&config, &Device::flex());
    let evidence = PixelInspection::gather(&Objective::new(&config, SIZE), &inputs);
    let colour = |id: FrameId| values(inputs.colour[&id][0].clone());
    let (target, source) = (colour(FrameId::TARGET), colour(FrameId::NEXT));
    let disparity = values(inputs.disparities[&0].clone());
    let camera = inputs.intrinsics[0].in_pixels(SIZE.width, SIZE.height).map(f64::from);
    let anew = Recomputed { target: &target, source: &source, disparity: &disparity, camera };
    for pixel in pixels(SIZE) {
        let report = evidence.report(pixel);
        let next = &report.sources[1];
        let loss = anew.loss(pixel, anew.depth(pixel));
        assert!((next.reprojection.loss - loss).abs() < 1e-5, "{pixel:?}: {} {loss}", next.reprojection.loss);
        let depths = vec![0.5, 1.7, report.depth, 3.0, 20.0];
        let curve = evidence.cost_at(pixel, depths.clone());
        for (depth, found) in depths.into_iter().zip(&curve.sources[1].losses) {
            let expected = anew.loss(pixel, depth);
            assert!((found - expected).abs() < 1e-5, "{pixel:?} at depth {depth}: {found}, not {expected}");
        }
        // Smoothness, away from the last column and row.
        let [column, row] = pixel;
        if column + 1 < SIZE.width && row + 1 < SIZE.height {
            let here = row * SIZE.width + column;
            let mean = disparity.iter().map(|value| f64::from(*value)).sum::<f64>() / disparity.len() as f64;
            for (found, there) in report.scales[0].smoothness.iter().zip([here + 1, here + SIZE.width]) {
                let step = f64::from((disparity[here] - disparity[there]).abs()) / mean;
                let channel = |n: usize| target[n * SIZE.pixels() + here] - target[n * SIZE.pixels() + there];
                let edge = (0..3).map(|n| f64::from(channel(n).abs())).sum::<f64>() / 3.0;
                assert!((found.unwrap() - step * (-edge).exp()).abs() < 1e-5, "{pixel:?}");
            }
        }
    }
}

#[test]
fn the_curve_passes_through_the_reprojection_loss() {
    let device = Device::flex();
    for (name, config) in variants() {
        let evidence = PixelInspection::gather(&Objective::new(&config, SIZE), &scene(&config, &device));
        for pixel in pixels(evidence.size()) {
            let report = evidence.report(pixel);
            let curve = evidence.cost_curve(pixel, 128);
            assert_eq!(curve.depths.len(), 129);
            assert!(curve.depths.is_sorted() && (curve.depths[0] - 0.1).abs() < 1e-6);
            let at = curve.depths.iter().position(|depth| *depth == report.depth).unwrap();
            for (source, line) in report.sources.iter().zip(&curve.sources) {
                let expected = source.reprojection.loss * source.weight.unwrap_or(1.0);
                assert!((line.losses[at] - expected).abs() < 1e-9, "{name} at {pixel:?}");
                let [x, y] = line.points[at].expect("a point before the camera");
                assert!((x - source.sampled[0]).hypot(y - source.sampled[1]) < 1e-9);
                assert_eq!(line.is_seen[at], !source.is_outside && !source.is_behind);
            }
            let minimum = report.minimum.unwrap();
            let level = curve.automask_level.unwrap_or(f64::INFINITY);
            assert_eq!(minimum.trains(), curve.combined[at] < level, "{name} at {pixel:?}");
            assert!((minimum.loss - curve.combined[at].min(level)).abs() < 1e-9);
        }
    }
}

#[test]
fn the_gradient_is_that_of_the_reference() {
    let golden = extract("losses");
    let device = Device::flex();
    let tensor = |name: &str| {
        let (shape, values) = golden.get(name);
        let shape: [usize; 4] = shape.try_into().unwrap();
        Tensor::<4>::from_data(TensorData::new(values, shape), &device)
    };
    let pose = |name: String| Tensor::<2>::from_data(TensorData::new(golden.get(&name).1, [2, 3]), &device);
    let config = ObjectiveConfig::default();
    let motion = |id: FrameId| {
        let [axis, translation] =
            ["axisangle", "translation"].map(|what| pose(format!("in.{what}_{}", id.tag())));
        (id, transform(axis, translation, id == FrameId::PREVIOUS))
    };
    let pyramid = |id: &FrameId| {
        (*id, (0..4).map(|scale| tensor(&format!("in.color_{}_s{scale}", id.tag()))).collect())
    };
    let inputs = Inputs {
        colour: config.frame_ids.iter().map(pyramid).collect(),
        disparities: (0..4).map(|scale| (scale, tensor(&format!("in.disp{scale}")))).collect(),
        source_from_target: Motions::Shared(config.sources().map(motion).collect()),
        intrinsics: vec![Intrinsics::KITTI; 2],
        predictive_masks: BTreeMap::new(),
        noise: Noise::None,
    };
    let size = ImageSize { height: 64, width: 96 };
    let evidence = PixelInspection::gather(&Objective::new(&config, size), &inputs);
    let (_, expected) = golden.get("M.grad.disp0");
    let largest = expected.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    for pixel in pixels(size) {
        // The reference's loss is the mean over two samples, of which the first is asked about.
        let found = evidence.report(pixel).gradient.unwrap() / 2.0;
        let expected = expected[pixel[1] * size.width + pixel[0]];
        let difference = (found - f64::from(expected)).abs();
        assert!(difference < 1e-3 * f64::from(largest), "{pixel:?}: {found}, not {expected}");
    }
}

#[test]
#[ignore = "needs ../shared/kitti: frames of real drives"]
fn a_real_pixel_agrees_with_the_dump() {
    let (kitti, sample) = (shared("kitti"), "2011_09_26/2011_09_26_drive_9011_sync 40 l");
    let device = Device::flex();
    let networks = formula_networks(&device);
    let source = KittiRaw::open(&kitti).unwrap();
    let key: FrameKey = sample.parse().unwrap();
    let config = ObjectiveConfig::default();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dump.safetensors");
    dump(&inspect(&networks, &source, &key, &config, SIZE, &device).unwrap(), &path).unwrap();
    let dump = Arrays::open(&path);

    let options = SampleOptions::of(&config, SIZE);
    let sample = load_sample(&source, &key, &options, &Augmentation::default()).unwrap();
    let samples = SampleTensors::upload(&[sample], &device);
    let inputs = inputs(&networks, &config, &samples, Noise::None);
    let evidence = PixelInspection::gather(&Objective::new(&config, SIZE), &inputs);
    for pixel in pixels(SIZE) {
        let report = evidence.report(pixel);
        let index = pixel[1] * SIZE.width + pixel[0];
        let same = |name: &str, found: f64, tolerance: f64| {
            let expected = f64::from(dump.get(name).1[index]);
            assert!((found - expected).abs() <= tolerance, "{name} at {pixel:?}: {found}, dumped {expected}");
        };
        same("disparity_0", report.scales[0].disparity, 1e-7);
        same("depth", report.depth, 1e-5 * report.depth);
        same("loss", report.minimum.unwrap().loss, 1e-4);
        for source in report.sources {
            same(&format!("reprojection_{}", source.id.tag()), source.reprojection.loss, 1e-4);
            same(&format!("identity_{}", source.id.tag()), source.identity.unwrap().loss, 1e-4);
        }
    }
}

#[test]
fn true_depth_is_the_nearest_measurement_and_without_sources_depth_remains() {
    let config = ObjectiveConfig { frame_ids: vec![FrameId::TARGET], ..ObjectiveConfig::default() };
    let inputs = scene(&config, &Device::flex());
    let mut metres = vec![0.0; 384 * 128];
    // The pixel (10, 20) covers columns 20 and 21 and rows 40 and 41.
    metres[40 * 384 + 20] = 12.5;
    metres[40 * 384 + 23] = 99.0;
    let scale = DepthScale { metres_per_unit: 5.4, origin: "stereo training".to_owned() };
    let truth = (metres, ImageSize { height: 128, width: 384 });
    let evidence =
        PixelInspection::gather(&Objective::new(&config, SIZE), &inputs).with_truth(Some(scale), Some(truth));
    let report = evidence.report([10, 20]);
    assert_eq!(report.truth.unwrap().metres, 12.5);
    assert!((report.truth.unwrap().distance - 0.125_f64.sqrt()).abs() < 1e-9);
    assert!(report.sources.is_empty() && report.minimum.is_none() && report.gradient.is_none());
    let disparity = f64::from(values(inputs.disparities[&0].clone())[20 * SIZE.width + 10]);
    let (offset, slope) = DepthRange::from(&config).coefficients();
    assert!((report.depth - 1.0 / (f64::from(offset) + f64::from(slope) * disparity)).abs() < 1e-6);
    assert!(evidence.report([40, 20]).truth.is_none());
    let curve = evidence.cost_curve([10, 20], 8);
    assert!(curve.combined.is_empty() && curve.automask_level.is_none());
}
