//! Data of the training pane: options as text, estimates of memory, times of a step, and logs of older versions.

use crate::session::{next, open_demo, session, small};
use burn::{module::Module, tensor::Device};
use monoscope::{
    config::{ConfigOption, Preset, RunConfig},
    model::{Architecture, Networks},
    runs::{Entry, Log},
    session::{Command, Event},
    train::memory_estimate,
};
use std::{
    fs,
    process::{self, Stdio},
};

#[test]
fn an_option_set_by_text_is_what_the_flag_would_make_it() {
    let config = RunConfig::default();
    for option in ConfigOption::all() {
        let text = &config.texts()[option.name];
        assert_eq!(option.set(&config, text).unwrap(), config, "{} is read back from '{text}'", option.name);
    }
    let set = |name: &str, text: &str| ConfigOption::named(name).unwrap().set(&config, text);
    assert_eq!(set("steps", "12").unwrap().training.steps, Some(12));
    assert_eq!(set("models_to_load", "").unwrap().network.models_to_load, []);
    assert_eq!(set("scales", "0, 2").unwrap().objective.scales, [0, 2]);
    let mut limited = config.clone();
    limited.training.steps = Some(12);
    let steps = ConfigOption::named("steps").unwrap();
    assert_eq!(steps.set(&limited, " ").unwrap(), config, "what is left out is none");
    let error = set("batch_size", "many").unwrap_err();
    assert!(error.to_string().contains("many") && !error.to_string().contains('\n'), "{error}");
    assert_eq!(error.option().unwrap().name, "batch_size");
}

#[test]
fn the_size_of_networks_is_reckoned_without_building_them() {
    for preset in [Preset::Published, Preset::Light, Preset::PredictiveMask, Preset::Stereo] {
        let mut config = preset.config();
        for layers in [18, 50] {
            if preset != Preset::Light {
                config.network.num_layers = layers;
            }
            let architecture = Architecture::new(&config.network, &config.objective).unwrap();
            let built = Networks::new(&architecture, 1, &Device::flex()).num_params() as f64;
            let motions = config.objective.temporal_sources().count();
            let reckoned = architecture.depth_cost().parameters + architecture.pose_cost(motions).parameters;
            assert!((reckoned / built - 1.0).abs() < 0.01, "{preset:?} {layers}: {reckoned} for {built}");
        }
    }
}

/// Peaks of the resident memory of runs of four steps on the CPU backend.
#[test]
fn the_estimate_of_memory_is_near_what_runs_needed() {
    type Change = fn(&mut RunConfig);
    let measured: [(Preset, Change, f64); 8] = [
        (Preset::Small, |_| (), 0.894e9),
        (Preset::Small, |config| config.training.batch_size = 12, 1.054e9),
        (Preset::Light, |_| (), 0.273e9),
        (Preset::Light, |config| config.training.batch_size = 12, 0.517e9),
        (Preset::Published, |config| config.training.batch_size = 4, 1.767e9),
        (Preset::Published, |config| config.training.batch_size = 2, 1.222e9),
        (Preset::Stereo, |config| config.training.batch_size = 4, 0.991e9),
        (
            Preset::Published,
            |config| (config.network.num_layers, config.training.batch_size) = (50, 2),
            1.990e9,
        ),
    ];
    for (preset, change, peak) in measured {
        let mut config = preset.config();
        change(&mut config);
        let ratio = memory_estimate(&config, false).unwrap() as f64 / peak;
        assert!((0.85..1.15).contains(&ratio), "{preset:?} needed {peak:e}: {ratio}");
    }
}

/// Memory that wgpu had allocated after steps of mode M with ResNet18 at 320×96 (`bench step`), software Vulkan.
#[test]
fn the_estimate_of_gpu_memory_is_near_what_steps_needed() {
    let estimate = |batch: usize, [height, width]: [usize; 2]| {
        let mut config = Preset::Published.config();
        config.training.batch_size = batch;
        (config.network.height, config.network.width) = (height, width);
        memory_estimate(&config, true).unwrap() as f64
    };
    for (batch, allocated) in [(1, 0.73e9), (2, 0.90e9), (4, 1.04e9)] {
        let ratio = estimate(batch, [96, 320]) / allocated;
        assert!((0.9..1.1).contains(&ratio), "batch {batch} allocated {allocated:e}: {ratio}");
    }
    let published = estimate(12, [192, 640]);
    println!("batch 12 at 640×192: {published:e} bytes");
    assert!((3e9..8e9).contains(&published), "{published:e}");
}

#[test]
fn a_step_says_where_its_time_went_and_the_log_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let session = session();
    open_demo(&session);
    session.send(Command::Start { config: small(2), out: out.clone() });
    let mut reports = Vec::new();
    next(&session, |event| {
        if let Event::Step(report) = event {
            reports.push(report.clone());
        }
        matches!(event, Event::RunEnded { .. })
    });
    let last = reports.last().unwrap();
    let split = last.split.unwrap();
    let parts =
        [split.seconds_upload, split.seconds_forward, split.seconds_backward, split.seconds_optimiser];
    assert!(parts.iter().all(|seconds| *seconds > 0.0), "{split:?}");
    let sum = parts.iter().sum::<f64>() + last.seconds_loading;
    assert!(sum <= last.seconds && sum > 0.5 * last.seconds, "{sum} of {}", last.seconds);
    assert!(last.memory.is_none_or(|bytes| bytes > 10_000_000), "{:?}", last.memory);
    let entries = Log::read(&out).unwrap();
    let logged = entries.iter().rev().find_map(|entry| match entry {
        Entry::Step(report) => Some(report),
        _ => None,
    });
    let logged = logged.unwrap();
    assert_eq!(logged.memory, last.memory);
    // The last digit of a number may be lost on the way through text.
    let (found, expected) = (logged.split.unwrap(), last.split.unwrap());
    let found =
        [found.seconds_upload, found.seconds_forward, found.seconds_backward, found.seconds_optimiser];
    let expected = [
        expected.seconds_upload,
        expected.seconds_forward,
        expected.seconds_backward,
        expected.seconds_optimiser,
    ];
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }
}

#[test]
fn a_log_of_an_older_version_reads_as_far_as_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let line = r#"{"step":7,"epoch":0,"loss":0.2,"lr":1e-4,"masked_share":0.1,"images_per_s":2.0,"seconds":1.0,"seconds_loading":0.1}"#;
    fs::write(folder.path().join("metrics.jsonl"), format!("{line}\n{{\"step\":8,")).unwrap();
    let entries = Log::read(folder.path()).unwrap();
    let [Entry::Step(report)] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((report.step, report.split, report.memory, report.statistics), (7, None, None, None));
    let missing = Log::read(&folder.path().join("nothing")).unwrap_err();
    assert!(format!("{missing:#}").contains("metrics.jsonl"));
}

#[test]
#[cfg(unix)]
fn whoever_reads_no_further_ends_the_program_quietly() {
    let mut program = process::Command::new(env!("CARGO_BIN_EXE_monoscope"));
    let program = program.args(["archives", "--split", "eigen_zhou"]);
    let mut program = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(program.stdout.take());
    let output = program.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
