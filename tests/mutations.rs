//! Damage to files that have no tests of their own for it: each reader reads a mutant or says in words why not, and takes
//! no more memory than it may.

use crate::support::{Cases, repository, takes_at_most};
use image::{Rgb, RgbImage};
use monoscope::{
    app::SettingsFile,
    config::RunFile,
    data::image::{decode, write},
    model::weights::MetricScale,
    runs::{Log, Position, RunFolder},
};
use std::fs;

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
