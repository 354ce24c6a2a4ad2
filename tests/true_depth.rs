//! Files of true depth as other people have them.

use crate::{evaluate::short_drive, support::takes_at_most};
use monoscope::{
    data::{
        DataError,
        arrays::{npy, npz},
    },
    evaluate::{DepthFile, Truth},
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
