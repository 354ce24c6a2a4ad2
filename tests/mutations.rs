//! Damage to files that have no tests of their own for it: each reader reads a mutant or says in words why not, and takes
//! no more memory than it may.

use crate::support::{Cases, repository, takes_at_most};
use image::{ImageFormat, Rgb, RgbImage};
use monoscope::{
    config::RunFile,
    data::image::{decode, write},
    model::weights::MetricScale,
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
    let [config, manifest, position, log, last] = wholes.each_ref().map(|whole| &whole[..]);
    takes_at_most(4 << 20, || {
        cases.mutants(&[config, manifest, position, log, last, scale], [0.05, 0.1], |index, mutant| {
            let checkpoint = run.join(checkpoint);
            let scale = MetricScale::path(&checkpoint);
            let path = names.get(index).map_or(scale.clone(), |name| run.join(name));
            fs::write(&path, &mutant).unwrap();
            let outcome = match index {
                0 => RunFolder::open(&run).and_then(|run| run.config()).map(|_| ()),
                1 => RunFolder::open(&run).and_then(|run| run.manifest()).map(|_| ()),
                2 => Position::read(&checkpoint).map(|position| assert!(position.batch <= position.batches)),
                3 => Log::read(&run).map(|_| ()),
                4 => RunFolder::open(&run).and_then(|run| run.last_checkpoint()).map(|_| ()),
                _ => MetricScale::read(&checkpoint).map(|_| ()).map_err(Into::into),
            };
            let text = String::from_utf8_lossy(&mutant);
            if let (0, Err(error)) = (index, RunFile::parse(&text)) {
                check_words(&error.to_string());
            }
            match wholes.get(index) {
                Some(whole) => fs::write(&path, whole).unwrap(),
                None => fs::remove_file(&path).unwrap(),
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
