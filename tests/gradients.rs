//! The objective against a second implementation, written here pixel by pixel in double precision from
//! the formulas of the paper, with gradients by finite differences.

use crate::support::values;
use burn::tensor::{Device, Tensor, TensorData};
use monoscope::{
    config::{FrameId, ImageSize, ObjectiveConfig},
    geometry::Intrinsics,
    model::{self, Motions},
    objective::{Inputs, Noise, Objective},
};
use std::collections::{BTreeMap, BTreeSet};

const HEIGHT: usize = 8;
const WIDTH: usize = 12;
const SCALES: [usize; 2] = [0, 1];
const CAMERA: Intrinsics = Intrinsics { focal_x: 0.6, focal_y: 0.9, centre_x: 0.48, centre_y: 0.53 };

/// A plane of f64 values.
#[derive(Clone)]
struct Map {
    height: usize,
    width: usize,
    values: Vec<f64>,
}

impl Map {
    fn new(height: usize, width: usize, value: impl Fn(usize, usize) -> f64) -> Self {
        let values = (0..height * width).map(|index| value(index / width, index % width)).collect();
        Self { height, width, values }
    }

    fn at(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.width + column]
    }

    /// Interpolates bilinearly between pixels; constant beyond the border.
    fn sample(&self, y: f64, x: f64) -> f64 {
        let (y, x) = (y.clamp(0.0, (self.height - 1) as f64), x.clamp(0.0, (self.width - 1) as f64));
        let (row, column) = (y as usize, x as usize);
        let (next_row, next_column) = ((row + 1).min(self.height - 1), (column + 1).min(self.width - 1));
        let (down, across) = (y - row as f64, x - column as f64);
        (1.0 - down) * ((1.0 - across) * self.at(row, column) + across * self.at(row, next_column))
            + down * ((1.0 - across) * self.at(next_row, column) + across * self.at(next_row, next_column))
    }

    fn mean(&self) -> f64 {
        self.values.iter().sum::<f64>() / self.values.len() as f64
    }
}

type Image = [Map; 3];

/// Unknowns that the loss is differentiated with respect to: disparities by scale, then axis-angle and translation of
/// the previous and of the next frame.
#[derive(Clone)]
struct Unknowns {
    disparities: Vec<Map>,
    motions: [[f64; 6]; 2],
}

impl Unknowns {
    fn new() -> Self {
        let disparities = SCALES.map(|scale| {
            Map::new(HEIGHT >> scale, WIDTH >> scale, |row, column| {
                let (row, column) = ((row << scale) as f64, (column << scale) as f64);
                0.012 + 0.004 * (0.9 * column + 0.3 * row).sin() + 0.0007 * row
            })
        });
        let motions = [[0.01, -0.02, 0.015, 0.11, -0.04, 0.9], [-0.012, 0.017, 0.02, 0.15, 0.06, -1.1]];
        Self { disparities: disparities.to_vec(), motions }
    }

    fn numbers(&mut self) -> impl Iterator<Item = &mut f64> {
        let disparities = self.disparities.iter_mut().flat_map(|map| map.values.iter_mut());
        disparities.chain(self.motions.iter_mut().flatten())
    }
}

/// The picture of a frame at a scale: waves that move with the frame.
fn image(frame: f64, scale: usize) -> Image {
    [0.0, 1.0, 2.0].map(|colour| {
        Map::new(HEIGHT >> scale, WIDTH >> scale, |row, column| {
            let (row, column) = ((row << scale) as f64, (column << scale) as f64 + 1.3 * frame);
            0.5 + 0.2 * (0.9 * column + 0.7 * row + 1.7 * colour).sin()
                + 0.15 * (0.5 * (colour + 1.0) * column - 0.8 * row + 0.3 * frame).cos()
        })
    })
}

/// Rotation and translation from target to source: Rodrigues' formula written out, inverted for the
/// previous frame.
fn motion(parameters: [f64; 6], invert: bool) -> ([[f64; 3]; 3], [f64; 3]) {
    let [vx, vy, vz, t @ ..] = parameters;
    let angle = (vx * vx + vy * vy + vz * vz).sqrt();
    let [x, y, z] = [vx, vy, vz].map(|component| component / (angle + 1e-7));
    let (sine, cosine) = angle.sin_cos();
    let rest = 1.0 - cosine;
    let rotation = [
        [x * x * rest + cosine, x * y * rest - z * sine, x * z * rest + y * sine],
        [x * y * rest + z * sine, y * y * rest + cosine, y * z * rest - x * sine],
        [x * z * rest - y * sine, y * z * rest + x * sine, z * z * rest + cosine],
    ];
    if !invert {
        return (rotation, t);
    }
    let back: [[f64; 3]; 3] = std::array::from_fn(|i| std::array::from_fn(|j| rotation[j][i]));
    (back, std::array::from_fn(|i| -(0..3).map(|j| back[i][j] * t[j]).sum::<f64>()))
}

/// Source warped into the target.
fn warp(source: &Image, disparity: &Map, motion: ([[f64; 3]; 3], [f64; 3]), align_corners: bool) -> Image {
    let (height, width) = (source[0].height, source[0].width);
    let [fx, fy, cx, cy] = CAMERA.in_pixels(width, height).map(f64::from);
    let (rotation, translation) = motion;
    let stretch = |position: f64, size: usize| match align_corners {
        true => position,
        false => position * size as f64 / (size - 1) as f64 - 0.5,
    };
    source.each_ref().map(|plane| {
        Map::new(height, width, |v, u| {
            let along = |index: usize, size: usize, from: usize| {
                ((index as f64 + 0.5) * from as f64 / size as f64 - 0.5).max(0.0)
            };
            let disparity =
                disparity.sample(along(v, height, disparity.height), along(u, width, disparity.width));
            let depth = 1.0 / (0.01 + 9.99 * disparity);
            let point = [depth * (u as f64 - cx) / fx, depth * (v as f64 - cy) / fy, depth];
            let [x, y, z]: [f64; 3] = std::array::from_fn(|i| {
                (0..3).map(|j| rotation[i][j] * point[j]).sum::<f64>() + translation[i]
            });
            let z = z + 1e-7;
            plane.sample(stretch((fy * y + cy * z) / z, height), stretch((fx * x + cx * z) / z, width))
        })
    })
}

/// The photometric loss of each pixel.
fn photometric(a: &Image, b: &Image, use_ssim: bool) -> Map {
    let (height, width) = (a[0].height as isize, a[0].width as isize);
    let mirror = |index: isize, size: isize| (size - 1 - (size - 1 - index.abs()).abs()) as usize;
    Map::new(a[0].height, a[0].width, |row, column| {
        let colours = a.iter().zip(b).map(|(a, b)| {
            let difference = (a.at(row, column) - b.at(row, column)).abs();
            if !use_ssim {
                return difference;
            }
            let offsets = (0..9).map(|index| (index / 3 - 1, index % 3 - 1));
            let window: Vec<(f64, f64)> = offsets
                .map(|(down, right)| {
                    let row = mirror(row as isize + down, height);
                    let column = mirror(column as isize + right, width);
                    (a.at(row, column), b.at(row, column))
                })
                .collect();
            let mean =
                |of: &dyn Fn(f64, f64) -> f64| window.iter().map(|(a, b)| of(*a, *b)).sum::<f64>() / 9.0;
            let (ma, mb) = (mean(&|a, _| a), mean(&|_, b| b));
            let (va, vb) = (mean(&|a, _| (a - ma).powi(2)), mean(&|_, b| (b - mb).powi(2)));
            let covariance = mean(&|a, b| (a - ma) * (b - mb));
            let ssim = (2.0 * ma * mb + 1e-4) * (2.0 * covariance + 9e-4)
                / ((ma * ma + mb * mb + 1e-4) * (va + vb + 9e-4));
            0.85 * ((1.0 - ssim) / 2.0).clamp(0.0, 1.0) + 0.15 * difference
        });
        colours.sum::<f64>() / 3.0
    })
}

fn smoothness(disparity: &Map, image: &Image) -> f64 {
    let mean = disparity.mean() + 1e-7;
    let along = |down: usize, right: usize| {
        let term = |row: usize, column: usize| {
            let step = |map: &Map| (map.at(row, column) - map.at(row + down, column + right)).abs();
            step(disparity) / mean * (-image.iter().map(step).sum::<f64>() / 3.0).exp()
        };
        Map::new(disparity.height - down, disparity.width - right, term).mean()
    };
    along(0, 1) + along(1, 0)
}

fn loss(unknowns: &Unknowns, config: &ObjectiveConfig) -> f64 {
    let scales = SCALES.into_iter().zip(&unknowns.disparities).map(|(scale, disparity)| {
        let image_scale = if config.v1_multiscale { scale } else { 0 };
        let target = image(0.0, image_scale);
        let sources = [image(-1.0, image_scale), image(1.0, image_scale)];
        let compare = |source: &Image| photometric(source, &target, !config.no_ssim);
        let identity = sources.each_ref().map(compare);
        let warped = [0, 1].map(|index| {
            let motion = motion(unknowns.motions[index], index == 0);
            compare(&warp(&sources[index], disparity, motion, !config.sample_align_corners_false))
        });
        let combine = |maps: &[Map; 2], index: usize| {
            let [a, b] = [maps[0].values[index], maps[1].values[index]];
            if config.avg_reprojection { (a + b) / 2.0 } else { a.min(b) }
        };
        let pixels = target[0].values.len();
        let least = (0..pixels).map(|index| match config.disable_automasking {
            true => combine(&warped, index),
            false => combine(&warped, index).min(combine(&identity, index)),
        });
        let weight = f64::from(config.disparity_smoothness) / f64::from(1 << scale);
        least.sum::<f64>() / pixels as f64 + weight * smoothness(disparity, &image(0.0, scale))
    });
    scales.sum::<f64>() / SCALES.len() as f64
}

/// Our loss and its gradient with respect to the unknowns, in their order.
fn ours(unknowns: &Unknowns, config: &ObjectiveConfig, reference: bool) -> (f64, Vec<f32>) {
    let (plain, device) = (Device::flex(), Device::flex().autodiff());
    let tensor = |map: &[Map], device: &Device| {
        let values =
            map.iter().flat_map(|map| map.values.iter().map(|value| *value as f32)).collect::<Vec<_>>();
        Tensor::<4>::from_data(TensorData::new(values, [1, map.len(), map[0].height, map[0].width]), device)
    };
    let disparities: Vec<Tensor<4>> = unknowns
        .disparities
        .iter()
        .map(|map| tensor(std::slice::from_ref(map), &device).require_grad())
        .collect();
    let motions = unknowns.motions.map(|motion| {
        let half = |part: &[f64]| {
            let part: Vec<f32> = part.iter().map(|value| *value as f32).collect();
            Tensor::<2>::from_data(TensorData::new(part, [1, 3]), &device).require_grad()
        };
        (half(&motion[..3]), half(&motion[3..]))
    });
    let frames = [(FrameId::TARGET, 0.0), (FrameId::PREVIOUS, -1.0), (FrameId::NEXT, 1.0)];
    let pyramid = |frame: f64| SCALES.map(|scale| tensor(&image(frame, scale), &plain)).to_vec();
    let transform = |index: usize| {
        let (axis_angle, translation) = motions[index].clone();
        model::transform(axis_angle, translation, index == 0)
    };
    let inputs = Inputs {
        colour: frames.into_iter().map(|(id, frame)| (id, pyramid(frame))).collect(),
        disparities: SCALES.into_iter().zip(disparities.iter().cloned()).collect(),
        source_from_target: Motions::Shared(
            [(FrameId::PREVIOUS, transform(0)), (FrameId::NEXT, transform(1))].into(),
        ),
        intrinsics: vec![CAMERA],
        predictive_masks: BTreeMap::new(),
        noise: Noise::None,
    };
    let objective = Objective::new(config, ImageSize { height: HEIGHT, width: WIDTH });
    let objective = if reference { objective.reference() } else { objective };
    let outcome = objective.evaluate(&inputs, &BTreeSet::new());
    let gradients = outcome.loss.backward();
    let mut gradient: Vec<f32> =
        disparities.iter().flat_map(|leaf| values(leaf.grad(&gradients).unwrap())).collect();
    for (axis_angle, translation) in &motions {
        gradient.extend(
            [axis_angle, translation].into_iter().flat_map(|leaf| values(leaf.grad(&gradients).unwrap())),
        );
    }
    (f64::from(values(outcome.loss)[0]), gradient)
}

#[test]
fn the_objective_agrees_with_a_plain_implementation_in_double_precision() {
    type Change = fn(&mut ObjectiveConfig);
    let variants: [(&str, Change); 7] = [
        ("default", |_| ()),
        ("no SSIM", |config| config.no_ssim = true),
        ("average", |config| config.avg_reprojection = true),
        ("every pixel", |config| config.disable_automasking = true),
        ("own size", |config| config.v1_multiscale = true),
        ("align_corners false", |config| config.sample_align_corners_false = true),
        ("smooth", |config| config.disparity_smoothness = 1.0),
    ];
    for (name, change) in variants {
        let mut config = ObjectiveConfig { scales: SCALES.to_vec(), ..Default::default() };
        change(&mut config);
        let mut unknowns = Unknowns::new();
        let expected = loss(&unknowns, &config);
        let count = unknowns.numbers().count();
        let slopes: Vec<f32> = (0..count)
            .map(|index| {
                const STEP: f64 = 1e-7;
                let mut moved = |by: f64| {
                    *unknowns.numbers().nth(index).unwrap() += by;
                    loss(&unknowns, &config)
                };
                let ahead = moved(STEP);
                let behind = moved(-2.0 * STEP);
                moved(STEP);
                ((ahead - behind) / (2.0 * STEP)) as f32
            })
            .collect();
        let moving = slopes.iter().filter(|slope| slope.abs() > 1e-6).count();
        assert!(moving > count / 3, "{name}: only {moving} of {count} unknowns matter");
        for reference in [true, false] {
            let (found, gradient) = ours(&unknowns, &config, reference);
            let what = format!("{name}, reference {reference}");
            assert!(
                (found - expected).abs() <= 2e-5 * expected,
                "{what}: loss {found} instead of {expected}"
            );
            for (part, range) in [("disparities", 0..count - 12), ("motions", count - 12..count)] {
                let difference =
                    crate::support::relative_difference(&gradient[range.clone()], &slopes[range]);
                assert!(difference <= 5e-5, "{what}: gradient of {part} differs by {difference}");
            }
        }
    }
}
