//! Laser scans: those of another layout are refused, and damage gives a depth map or an error.

use crate::support::{Cases, mutate, takes_at_most};
use monoscope::data::{
    Side,
    kitti::{
        calibration::ScannerProjection,
        velodyne::{self, DepthAxis},
    },
};
use std::fs;

/// A depth map of the largest side that a camera's picture may have, twice: measured and projected.
const LARGEST_DEPTH_MAP: u64 = 2 * 4 * 16_384 * 16_384;

/// A scan of points on the ground and on walls, with further numbers for each.
fn scan<const N: usize>(further: [f32; N]) -> Vec<Vec<f32>> {
    let point = |index: usize| {
        let angle = index as f32 * 0.37;
        let range = 5.0 + (index % 40) as f32;
        vec![range * angle.cos(), range * angle.sin(), -1.7 + (index % 7) as f32 * 0.4]
    };
    (0..1200)
        .map(|index| [&point(index)[..], &further.map(|value| value * (index % 5) as f32)].concat())
        .collect()
}

#[test]
fn scans_of_another_layout_are_refused_with_the_likely_one() {
    let bytes =
        |rows: &[Vec<f32>]| rows.concat().iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let four = scan([0.2]);
    assert_eq!(velodyne::parse(&bytes(&four)).unwrap().len(), 1200);
    let doubles: Vec<u8> = four.concat().iter().flat_map(|value| f64::from(*value).to_le_bytes()).collect();
    let swapped: Vec<u8> = four.concat().iter().flat_map(|value| value.to_be_bytes()).collect();
    let far: Vec<Vec<f32>> =
        four.iter().map(|row| row.iter().map(|value| value * 1000.0).collect()).collect();
    for (bytes, words) in [
        (bytes(&scan([])), "probably three (x, y, z)"),
        (bytes(&scan([])[..1199]), "probably three (x, y, z)"),
        (bytes(&scan([40.0, 6.0])), "probably five, as nuScenes has"),
        (doubles, "probably four of f64"),
        (swapped, "probably four in big-endian order"),
        (bytes(&far), "are not between 0.01 and 1000 m away"),
        (bytes(&four)[..1003].to_vec(), "are not whole points of 16: it is cut off"),
        (Vec::new(), "it is empty"),
        (b"version https://git-lfs.github.com/spec/v1\n".to_vec(), "it is a Git LFS pointer"),
    ] {
        let error = velodyne::parse(&bytes).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
    // Points that are not numbers are left out, and those without a reflectance stay.
    let mut some = four.clone();
    some.iter_mut().step_by(50).for_each(|row| row[1] = f32::NAN);
    some.iter_mut().for_each(|row| row[3] = -1.0);
    assert_eq!(velodyne::parse(&bytes(&some)).unwrap().len(), 1200 - 24);
}

/// Damages the calibration of the camera or of the scanner, and a scan that is projected with what is read.
fn check_mutants_of_calibration(cases: Cases) {
    let folder = tempfile::tempdir().unwrap();
    let cameras = "S_rect_02: 40 20\nR_rect_00: 1 0 0 0 1 0 0 0 1\nP_rect_02: 20 0 21 0 0 20 11 0 0 0 1 0\n";
    let scanner = "R: 0 -1 0 0 0 -1 1 0 0\nT: 0 -0.1 -0.3\n";
    let scan: Vec<u8> = (0..50)
        .flat_map(|index| [5.0 + index as f32, 0.1 * index as f32, -0.5, 0.2])
        .flat_map(f32::to_le_bytes)
        .collect();
    let (mut read, mut all) = (0, 0);
    takes_at_most(LARGEST_DEPTH_MAP, || {
        cases.run(|seed, random| {
            all += 1;
            let (mut first, mut second) = (cameras.as_bytes().to_vec(), scanner.as_bytes().to_vec());
            if seed % 2 == 0 {
                first = mutate(&first, random);
            } else {
                second = mutate(&second, random);
            }
            fs::write(folder.path().join("calib_cam_to_cam.txt"), first).unwrap();
            fs::write(folder.path().join("calib_velo_to_cam.txt"), second).unwrap();
            let Ok(projection) = ScannerProjection::read(folder.path(), Side::Left) else { return };
            // A damaged size may be large, but not beyond what a camera has.
            assert!(projection.width <= 16_384 && projection.height <= 16_384);
            let scan = mutate(&scan, random);
            let Ok(points) = velodyne::parse(&scan[..scan.len() / 16 * 16]) else { return };
            let map = velodyne::project(&points, &projection, DepthAxis::Scanner);
            assert!(
                map.metres.len() == map.width * map.height && map.metres.iter().all(|depth| *depth >= 0.0)
            );
            read += 1;
        });
    });
    assert!(all == 1 || read > all / 150, "{read} of {all}");
}

#[test]
fn damaged_calibration_and_scans_give_a_depth_map_or_an_error() {
    check_mutants_of_calibration(Cases(0..3000));
}

#[test]
#[ignore = "takes half a minute: 30000 mutants of calibrations and scans"]
fn damaged_calibration_and_scans_give_a_depth_map_or_an_error_in_full() {
    check_mutants_of_calibration(Cases(0..30_000));
}
