//! Damage to files that have no tests of their own for it: each reader reads a mutant or says in words why not, and takes
//! no more memory than it may.

use crate::{
    evaluate::short_drive,
    support::{Cases, repository, takes_at_most},
    weights_of_others::checkpoints_of_names,
};
use burn::tensor::Device;
use glam::DAffine3;
use image::{ImageFormat, Rgb, RgbImage};
use monoscope::{
    app::SettingsFile,
    config::RunFile,
    data::{
        DataError,
        arrays::{npy, npz},
        image::{decode, write},
        kitti::velodyne,
        poses,
    },
    evaluate::{DepthFile, DisparityFile},
    model::weights::{MetricScale, load},
    runs::{Log, Position, RunFolder},
};
use std::{fs, io::Cursor};

fn check_words(error: &str) {
    assert!(!error.is_empty() && error.len() < 2000 && !error.contains("panic"), "{error}");
}

fn check_mutants_of_pictures(cases: Cases) {
    let folder = tempfile::tempdir().unwrap();
    let card = RgbImage::from_fn(96, 64, |x, y| Rgb([(x * 2) as u8, (y * 3) as u8, (x ^ y) as u8]));
    let [jpeg, png] = ["card.jpg", "card.png"].map(|name| {
        write(&folder.path().join(name), &card).unwrap();
        fs::read(folder.path().join(name)).unwrap()
    });
    // Most of a file is what its head describes, which is damaged less often than the head itself.
    let heads = [&jpeg[..700.min(jpeg.len())], &png[..40]];
    // A damaged size may be large: three bytes each of 65535 by a few hundred pixels.
    takes_at_most(64 << 20, || {
        cases.mutants(&[&jpeg, &png, heads[0], heads[1]], [0.05, 0.25], |index, mutant| {
            let whole = [&jpeg, &png][index % 2];
            let bytes = match index {
                0 | 1 => mutant,
                _ => [&mutant[..], &whole[heads[index % 2].len()..]].concat(),
            };
            match decode(&bytes) {
                Ok(picture) => {
                    assert_eq!(picture.as_raw().len() as u32, 3 * picture.width() * picture.height());
                    true
                }
                Err(error) => {
                    check_words(&error.to_string());
                    false
                }
            }
        });
    });
}

#[test]
fn damaged_pictures_are_decoded_or_refused() {
    check_mutants_of_pictures(Cases(0..40_000));
}

#[test]
#[ignore = "takes seconds: 400000 mutants of JPEG and PNG files"]
fn damaged_pictures_are_decoded_or_refused_in_full() {
    check_mutants_of_pictures(Cases(0..400_000));
}

/// Damages a picture of each of the other formats, of which some are compressed in ways that only libraries of others
/// write.
fn check_mutants_of_other_pictures(cases: Cases) {
    let card = RgbImage::from_fn(40, 24, |x, y| Rgb([(x * 6) as u8, (y * 9) as u8, (x ^ y) as u8]));
    let encoded = |format: ImageFormat| {
        let mut bytes = Cursor::new(Vec::new());
        card.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };
    let formats = [ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Tiff, ImageFormat::Pnm];
    let ours = formats.map(encoded);
    let others = ["lossy.webp", "lzw.tif", "deflate.tif"]
        .map(|name| fs::read(repository("tests/data/pictures").join(name)).unwrap());
    let wholes: Vec<&[u8]> = ours.iter().chain(&others).map(Vec::as_slice).collect();
    cases.mutants(&wholes, [0.05, 0.05], |_, mutant| {
        let mut is_read = false;
        // A damaged size may be large: as for JPEG and PNG.
        takes_at_most(64 << 20, || match decode(&mutant) {
            Ok(picture) => {
                assert_eq!(picture.as_raw().len() as u32, 3 * picture.width() * picture.height());
                is_read = true;
            }
            Err(error) => check_words(&error),
        });
        is_read
    });
}

#[test]
fn damaged_pictures_of_other_formats_are_decoded_or_refused() {
    check_mutants_of_other_pictures(Cases(0..14_000));
}

#[test]
#[ignore = "takes seconds: 140000 mutants of WebP, BMP, TIFF and PNM files"]
fn damaged_pictures_of_other_formats_are_decoded_or_refused_in_full() {
    check_mutants_of_other_pictures(Cases(0..140_000));
}

/// Damages one file of a run at a time: its configuration, manifest, position, log or the scale of its weights.
fn check_mutants_of_runs(cases: Cases) {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let checkpoint = "checkpoints/step_000004";
    fs::create_dir_all(run.join(checkpoint)).unwrap();
    let position = format!("{checkpoint}/position.json");
    let names = ["config.toml", "manifest.json", &position, "metrics.jsonl", "last"];
    let wholes = names.map(|name| {
        let whole = fs::read(repository("tests/data/version_0_1/run").join(name)).unwrap();
        fs::write(run.join(name), &whole).unwrap();
        whole
    });
    let scale = b"metres_per_unit = 5.4\norigin = \"the baseline of the stereo camera\"\n";
    let window = fs::read(repository("tests/data/version_0_1/window.json")).unwrap();
    let [config, manifest, position, log, last] = wholes.each_ref().map(|whole| &whole[..]);
    let files = [config, manifest, position, log, last, scale, &window, log];
    let resumed = Position { step: 4, ..Position::default() };
    takes_at_most(4 << 20, || {
        cases.mutants(&files, [0.05, 0.1], |index, mutant| {
            let checkpoint = run.join(checkpoint);
            let path = match index {
                5 => MetricScale::path(&checkpoint),
                6 => folder.path().join("window.json"),
                7 => run.join(Log::FILE_NAME),
                index => run.join(names[index]),
            };
            fs::write(&path, &mutant).unwrap();
            let outcome = match index {
                0 => RunFolder::open(&run).and_then(|run| run.config()).map(|_| ()),
                1 => RunFolder::open(&run).and_then(|run| run.manifest()).map(|_| ()),
                2 => Position::read(&checkpoint).map(|position| assert!(position.batch <= position.batches)),
                3 => Log::read(&run).map(|_| ()),
                4 => RunFolder::open(&run).and_then(|run| run.last_checkpoint()).map(|_| ()),
                5 => MetricScale::read(&checkpoint).map(|_| ()).map_err(Into::into),
                6 => {
                    let (_, settings, complaints) = SettingsFile::open(path.clone());
                    assert!(
                        settings.size.iter().all(|side| (400.0..=20_000.0).contains(side)),
                        "{settings:?}"
                    );
                    complaints.iter().for_each(|complaint| check_words(complaint));
                    Ok(())
                }
                // The log of a run that goes on, which is written again.
                _ => Log::open(&run, &resumed, false).map(|(_, entries)| {
                    let kept = Log::read(&run).unwrap();
                    assert_eq!(kept, entries);
                }),
            };
            let text = String::from_utf8_lossy(&mutant);
            if let (0, Err(error)) = (index, RunFile::parse(&text)) {
                check_words(&error.to_string());
            }
            match index {
                7 => fs::write(&path, log).unwrap(),
                5.. => fs::remove_file(&path).unwrap(),
                _ => fs::write(&path, &wholes[index]).unwrap(),
            }
            if let Err(error) = &outcome {
                check_words(&format!("{error:#}"));
            }
            outcome.is_ok()
        });
    });
}

#[test]
fn damaged_files_of_a_run_are_read_or_refused() {
    check_mutants_of_runs(Cases(0..6000));
}

#[test]
#[ignore = "takes four minutes: 60000 mutants of the files of a run"]
fn damaged_files_of_a_run_are_read_or_refused_in_full() {
    check_mutants_of_runs(Cases(0..60_000));
}

/// Damages what holds rows for frames: disparities, depth maps of either kind of archive, and a scan of the laser.
fn check_mutants_of_rows(cases: Cases) {
    let (_, keys) = short_drive();
    let rows = &keys[..2];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged");
    let values = [1.0, 0.25, 0.5, 4.0];
    npy::write(&path, &[2, 1, 2], &values).unwrap();
    let plain = fs::read(&path).unwrap();
    let archive = |arrays: &[(&str, &[usize], &[f32])]| {
        npz::write::<DataError>(&path, "", |add| {
            arrays.iter().try_for_each(|(name, shape, values)| add(name, shape, values))
        })
        .unwrap();
        fs::read(&path).unwrap()
    };
    let of_one = archive(&[("data", &[2, 1, 2], &values)]);
    let of_many = archive(&[("arr_0", &[1, 2], &values[..2]), ("arr_1", &[1, 2], &values[2..])]);
    let of_objects = fs::read(repository("tests/data/numpy/objects.npz")).unwrap();
    let scan: Vec<u8> = (0..200)
        .flat_map(|index| [5.0 + index as f32, 0.1 * index as f32, -0.5, 0.2])
        .flat_map(f32::to_le_bytes)
        .collect();
    takes_at_most(64 << 20, || {
        let wholes = [&plain, &plain, &of_one, &of_many, &of_objects, &scan].map(|bytes| &bytes[..]);
        cases.mutants(&wholes, [0.05, 0.2], |index, mutant| {
            fs::write(&path, mutant).unwrap();
            let outcome = match index {
                0 => DisparityFile::open(&path, rows).map(|_| ()),
                1..=3 => DepthFile::open(&path, rows).map(|_| ()),
                4 => DepthFile::open(&path, &keys[..3]).map(|_| ()),
                _ => {
                    velodyne::read(&path).map(|points| assert!(points.iter().all(|point| point.is_finite())))
                }
            };
            if let Err(error) = &outcome {
                check_words(&error.to_string());
            }
            outcome.is_ok()
        });
    });
}

#[test]
fn damaged_rows_and_scans_are_read_or_refused() {
    check_mutants_of_rows(Cases(0..6000));
}

#[test]
#[ignore = "takes half a minute: 60000 mutants of arrays, archives and scans"]
fn damaged_rows_and_scans_are_read_or_refused_in_full() {
    check_mutants_of_rows(Cases(0..60_000));
}

/// Damages the names and shapes of weights, in files that hold all networks under the names of wrappers.
fn check_mutants_of_checkpoints(cases: Cases) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last.ckpt");
    let [joined, archived, old] = checkpoints_of_names();
    takes_at_most(64 << 20, || {
        cases.mutants(&[&joined, &archived, &old], [0.0, 1.0], |_, mutant| {
            fs::write(&path, mutant).unwrap();
            let error = load(&path, &Device::flex()).map(|_| "networks").unwrap_err().to_string();
            check_words(&error);
            assert!(error.lines().count() == 1 && error.len() < 600, "{error}");
            false
        });
    });
}

#[test]
fn damaged_checkpoints_are_refused() {
    check_mutants_of_checkpoints(Cases(0..6000));
}

#[test]
#[ignore = "takes half a minute: 60000 mutants of checkpoints"]
fn damaged_checkpoints_are_refused_in_full() {
    check_mutants_of_checkpoints(Cases(0..60_000));
}

/// Damages files of poses in the forms that other tests do not damage, as bytes: marks and wide characters too.
fn check_mutants_of_poses(cases: Cases) {
    let row = |index: usize, rest: &str| {
        format!("{},0.01,0,{}{rest}\n", 1_403_715_524_900_000_000 + index * 50_000_000, index)
    };
    let rows = |rest: &str| (0..6).map(|index| row(index, rest)).collect::<String>();
    let names = "#timestamp, p_x [m], p_y [m], p_z [m], q_w [], q_x [], q_y [], q_z []\n";
    let euroc = format!("{names}{}", rows(",1,0,0,0"));
    let states = rows(",1,0,0,0,1,2,3,0,0,0,0,0,0");
    let matrix = |index: usize| format!("{index} 1 0 0 0.5 0 1 0 0 0 0 1 {index}.25 0 0 0 1\r\n");
    let matrices: String = (0..6).map(matrix).collect();
    let wide: Vec<u8> = format!("\u{feff}{euroc}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let decimal_commas = "0,0;1,5;2;3;0;0;0;1\n0,1;1,5;2;3;0;0;0;1\n0,2;1,5;2;4;0;0;0;1\n";
    let wholes = [euroc.as_bytes(), states.as_bytes(), matrices.as_bytes(), &wide, decimal_commas.as_bytes()];
    takes_at_most(1 << 20, || {
        cases.mutants(&wholes, [0.1, 0.1], |_, mutant| match poses::parse_bytes(&mutant) {
            Ok(read) => {
                assert!(!read.poses.is_empty() && read.poses.iter().all(DAffine3::is_finite));
                assert!(read.poses.len() == read.frames.len() && read.poses.len() == read.lines.len());
                true
            }
            Err(error) => {
                check_words(&error);
                false
            }
        });
    });
}

#[test]
fn damaged_poses_of_all_forms_are_read_or_refused() {
    check_mutants_of_poses(Cases(0..10_000));
}

#[test]
#[ignore = "takes seconds: 100000 mutants of poses"]
fn damaged_poses_of_all_forms_are_read_or_refused_in_full() {
    check_mutants_of_poses(Cases(0..100_000));
}
