//! Files of true depth as other people have them.

use crate::{evaluate::short_drive, support::takes_at_most};
use burn::tensor::Device;
use monoscope::{
    data::{
        DataError, FrameSource,
        arrays::{npy, npz},
    },
    evaluate::{DepthEvaluator, DepthFile, DepthJob, Predictions, Protocol, Truth},
    model::weights,
    predict::Predictor,
};
use std::{path::Path, sync::Arc};

/// An archive of arrays by name, of f32.
fn npz_of(path: &Path, arrays: &[(&str, &[usize], &[f32])]) {
    npz::write::<DataError>(path, "", |add| {
        arrays.iter().try_for_each(|(name, shape, values)| add(name, shape, values))
    })
    .unwrap();
}

#[test]
fn depth_maps_without_names_are_read_from_every_usual_file() {
    let (drive, keys) = short_drive();
    let rows = &keys[..2];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("depth.npz");
    let read = || {
        let truth = Truth::File(Arc::new(DepthFile::open(&path, rows).unwrap()));
        (
            rows.iter()
                .map(|key| truth.depth(drive.as_ref(), key).unwrap().map(|map| map.metres))
                .collect::<Vec<_>>(),
            truth.describe(),
        )
    };
    let expected = vec![Some(vec![1.0, 0.0]), Some(vec![0.0, 4.0])];
    let values = [1.0, 0.0, 0.0, 4.0];
    for name in ["data", "arr_0", "gt_depths"] {
        npz_of(&path, &[(name, &[2, 1, 2], &values)]);
        let (maps, described) = read();
        assert_eq!(maps, expected);
        assert_eq!(described.ends_with(&format!("array '{name}'")), name != "data", "{described}");
    }
    npz_of(&path, &[("arr_1", &[1, 2], &values[2..]), ("arr_0", &[1, 2], &values[..2])]);
    assert_eq!(read().0, expected);
    npz_of(&path, &[("data", &[2, 1, 1, 2], &values)]);
    assert_eq!(read().0, expected);
    npy::write(&path, &[2, 1, 2], &values).unwrap();
    assert_eq!(read().0, expected);

    let refused = |words: &str| {
        let error = DepthFile::open(&path, rows).err().unwrap().to_string();
        assert!(error.contains(words), "{error}");
    };
    npz_of(&path, &[("left", &[1, 2], &values[2..]), ("right", &[1, 2], &values[..2])]);
    refused("of its 2 arrays ('left', 'right') none is named 'data' or as a frame");
    npz_of(&path, &[("data", &[1, 1, 2], &values[..2])]);
    refused("has 1 depth maps without names");
    // 40 million known pixels in a file of a few kilobytes.
    npz_of(&path, &[("data", &[40, 1000, 1000], &vec![1.0; 40_000_000])]);
    takes_at_most(64 << 20, || refused("take more than the 32 MiB of memory that a file of this size may"));
}

#[test]
fn true_depth_of_another_kind_or_unit_is_refused_or_doubted() {
    let (drive, keys) = short_drive();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("depth.npz");
    // The error, or else the doubts.
    let judged = |shape: [usize; 2], change: &dyn Fn(f32) -> f32| {
        let maps: Vec<(String, Vec<f32>)> = keys
            .iter()
            .map(|key| {
                let depth = drive.depth(key).unwrap().unwrap();
                (key.to_string(), depth.metres.iter().map(|metres| change(*metres)).collect())
            })
            .collect();
        let arrays: Vec<(&str, &[usize], &[f32])> =
            maps.iter().map(|(name, values)| (name.as_str(), &shape[..], &values[..])).collect();
        npz_of(&path, &arrays);
        let device = Device::flex();
        let demo = weights::demo(&device).unwrap();
        let predictor = Box::new(Predictor::new(demo.networks, demo.size.unwrap(), &device));
        let mut evaluator = DepthEvaluator::new(DepthJob {
            source: Arc::clone(&drive) as Arc<dyn FrameSource>,
            keys: keys.clone(),
            truth: Truth::File(Arc::new(DepthFile::open(&path, &keys).unwrap())),
            predictions: Predictions::Network { predictor, post_process: false },
            protocol: Protocol::EIGEN,
            predict_all: false,
        })
        .unwrap();
        match evaluator.by_ref().find_map(Result::err).or_else(|| evaluator.finish().err()) {
            Some(error) => error.to_string(),
            None => evaluator.doubts().join("\n"),
        }
    };
    let of_drive = [48, 160];
    assert_eq!(judged(of_drive, &|metres| metres), "");
    let cases: [(&dyn Fn(f32) -> f32, &str); 6] = [
        (&|metres| if metres > 0.0 { 1.0 / metres } else { 0.0 }, "probably inverse depth"),
        (&|metres| (metres / 80.0).min(1.0), "normalised"),
        (&|metres| if metres > 0.0 { 1.0 } else { 0.0 }, "is a mask"),
        (&|metres| metres * 100.0, "centimetres"),
        (&|metres| metres * 1000.0, "all of them lie above 80 m"),
        (&|metres| (metres * 256.0).min(65535.0), "256ths of a metre"),
    ];
    for (change, words) in cases {
        let judged = judged(of_drive, change);
        assert!(judged.contains(words), "'{judged}' does not say '{words}'");
    }
    assert!(judged([160, 48], &|metres| metres).contains("rows and columns are swapped"));
}

#[test]
fn an_empty_axis_is_told_with_the_shape() {
    let (_, keys) = short_drive();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("depth.npy");
    npy::write(&path, &[keys.len(), 0, 4], &[]).unwrap();
    let error = DepthFile::open(&path, &keys).err().unwrap().to_string();
    assert!(error.contains("an array of shape [0, 4] is no depth map"), "{error}");
}
