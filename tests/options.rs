//! Every option of a run has a flag, words that say what it does, and a test that it does so.

use crate::{
    session::{next, open_demo, request, session, small},
    support::values,
};
use burn::tensor::Device;
use clap::{Args, Command};
use monoscope::{
    config::{
        DataChoice, DepthNetworkType, FrameId, PoseModelInput, PoseModelType, RunConfig, TrainingConfig,
    },
    data::{
        FrameKey, FrameSource, Sample, Side,
        augment::Augmentation,
        loader::{Loader, LoaderEvent, LoaderOptions, Preparation, SampleOptions, load_sample},
        synthetic::BuiltInDrive,
    },
    model::{Architecture, Networks},
    objective::{MapName, Noise, Objective, ObjectiveOutput},
    predict::{SampleTensors, forward},
    session::{self, Event, OnRun},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::Arc,
};

/// Each option, and a test that fails if it did nothing.
const TESTED: [(&str, &str); 40] = [
    ("height", "the_input_size_is_that_of_every_map"),
    ("width", "the_input_size_is_that_of_every_map"),
    ("depth_network", "networks_are_built_as_asked"),
    ("num_layers", "networks_are_built_as_asked"),
    ("pose_model_type", "networks_are_built_as_asked"),
    ("pose_model_input", "networks_are_built_as_asked"),
    ("pose_num_layers", "networks_are_built_as_asked"),
    ("pretrained_encoder", "a_classifier_starts_the_encoders_that_are_like_it"),
    ("models_to_load", "only_the_listed_networks_are_taken_over"),
    ("frame_ids", "frames_and_scales_are_those_asked_for"),
    ("scales", "frames_and_scales_are_those_asked_for"),
    ("disparity_smoothness", "the_objective_agrees_with_a_plain_implementation_in_double_precision"),
    ("min_depth", "depths_lie_in_the_range_asked_for"),
    ("max_depth", "depths_lie_in_the_range_asked_for"),
    ("v1_multiscale", "the_objective_agrees_with_a_plain_implementation_in_double_precision"),
    ("avg_reprojection", "the_objective_agrees_with_a_plain_implementation_in_double_precision"),
    ("disable_automasking", "the_objective_agrees_with_a_plain_implementation_in_double_precision"),
    ("predictive_mask", "a_predictive_mask_can_be_looked_at"),
    ("no_ssim", "the_objective_agrees_with_a_plain_implementation_in_double_precision"),
    ("sample_align_corners_false", "the_objective_agrees_with_a_plain_implementation_in_double_precision"),
    ("batch_size", "batches_are_as_large_and_as_much_augmented_as_asked_for"),
    ("accumulate", "accumulated_gradients_are_those_of_the_mean_loss"),
    ("learning_rate", "the_learning_rate_drops_after_epoch_fifteen"),
    ("weight_decay", "weight_decay_acts_on_the_weights_of_a_run"),
    ("clip_gradient_norm", "a_clipped_gradient_has_the_wanted_norm"),
    ("num_epochs", "a_run_is_as_long_and_keeps_as_much_as_asked_for"),
    ("scheduler_step_size", "the_learning_rate_drops_after_epoch_fifteen"),
    ("steps", "a_run_is_as_long_and_keeps_as_much_as_asked_for"),
    ("no_augmentation", "batches_are_as_large_and_as_much_augmented_as_asked_for"),
    ("log_frequency", "a_run_is_as_long_and_keeps_as_much_as_asked_for"),
    ("tensorboard", "a_run_trains_predicts_inspects_and_scores"),
    ("checkpoint_frequency", "a_run_is_as_long_and_keeps_as_much_as_asked_for"),
    ("cache_frames", "cached_frames_are_the_same_and_need_no_image_file"),
    ("cache_limit", "a_cache_holds_no_more_than_it_may"),
    ("save_frequency", "a_run_is_as_long_and_keeps_as_much_as_asked_for"),
    ("keep_checkpoints", "a_run_is_as_long_and_keeps_as_much_as_asked_for"),
    ("validation_samples", "a_run_is_as_long_and_keeps_as_much_as_asked_for"),
    ("num_workers", "the_workers_stay_two_batches_ahead_and_stop_when_dropped"),
    ("seed", "the_same_seed_gives_the_same_losses"),
    ("changes", "changes_hold_from_their_step_on_and_survive_the_file"),
];

#[test]
fn every_option_has_words_and_a_test() {
    let command = RunConfig::augment_args(Command::new("run"));
    let mut sources = String::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for folder in [folder.clone(), folder.join("cli"), folder.join("data")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "rs") {
                sources.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut tested: BTreeMap<&str, &str> = TESTED.into();
    for option in command.get_arguments() {
        let name = option.get_id().as_str();
        assert!(option.get_long().is_some(), "{name} has no flag");
        let help = option.get_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.len() > 10, "{name} does not say what it does");
        let test = tested.remove(name).unwrap_or_else(|| panic!("{name} has no test"));
        assert!(sources.contains(&format!("fn {test}(")), "{test}, which tests {name}, does not exist");
    }
    tested.remove("changes");
    assert!(tested.is_empty(), "no options: {tested:?}");
}

/// What a configuration makes of a sample of the built-in drive: losses and all maps.
fn outcome(config: &RunConfig) -> ObjectiveOutput {
    config.validate().unwrap();
    let device = Device::flex();
    let architecture = Architecture::new(&config.network, &config.objective).unwrap();
    let networks = Networks::new(&architecture, 1, &device);
    let drive = BuiltInDrive::default();
    let key = drive.drives()[0].keys(Side::Left).nth(5).unwrap();
    let size = config.network.size();
    let options = SampleOptions::of(&config.objective, size);
    let sample = load_sample(&drive, &key, &options, &Augmentation::default()).unwrap();
    let samples = SampleTensors::upload(&[sample], &device);
    let wanted: BTreeSet<MapName> = MapName::of_objective(&config.objective).into_iter().collect();
    forward(&networks, &Objective::new(&config.objective, size), &samples, Noise::None, &wanted)
}

fn tiny() -> RunConfig {
    *small(1)
}

#[test]
fn the_input_size_is_that_of_every_map() {
    let mut config = tiny();
    (config.network.height, config.network.width) = (64, 96);
    let maps = outcome(&config).maps;
    for (name, map) in &maps {
        let scale = match name {
            MapName::Disparity(scale) | MapName::Smoothness(scale) => *scale,
            _ => 0,
        };
        assert_eq!(map.dims()[2..], [64 >> scale, 96 >> scale], "{name}");
    }
    assert!(maps.len() > 10);
}

#[test]
fn networks_are_built_as_asked() {
    type Change = fn(&mut RunConfig);
    let described = |change: Change| {
        let mut config = tiny();
        change(&mut config);
        config.validate().unwrap();
        Architecture::new(&config.network, &config.objective).unwrap().to_string()
    };
    let default = described(|_| ());
    let changes: [(&str, Change); 6] = [
        ("ResNet34", |config| config.network.num_layers = 34),
        ("pose ResNet50", |config| config.network.pose_num_layers = 50),
        ("shared", |config| config.network.pose_model_type = PoseModelType::Shared),
        ("PoseCNN", |config| config.network.pose_model_type = PoseModelType::Posecnn),
        ("3", |config| config.network.pose_model_input = PoseModelInput::All),
        ("RT-MonoDepth-S", |config| {
            config.network.depth_network = DepthNetworkType::RtMonodepthS;
            config.objective.scales = vec![0, 1, 2];
        }),
    ];
    for (word, change) in changes {
        let networks = described(change);
        assert!(networks.contains(word) && !default.contains(word), "{networks}, by default {default}");
    }
}

#[test]
fn frames_and_scales_are_those_asked_for() {
    let mut config = tiny();
    config.objective.frame_ids = vec![FrameId::TARGET, FrameId::Temporal(-2), FrameId::Stereo];
    config.objective.scales = vec![0, 2];
    let outcome = outcome(&config);
    assert_eq!(outcome.scale_losses.keys().copied().collect::<Vec<_>>(), [0, 2]);
    let warped: Vec<FrameId> = outcome
        .maps
        .keys()
        .filter_map(|name| if let MapName::Warped(id) = name { Some(*id) } else { None })
        .collect();
    assert_eq!(warped, [FrameId::Temporal(-2), FrameId::Stereo]);
    assert!(!outcome.maps.contains_key(&MapName::Disparity(1)));
}

#[test]
fn depths_lie_in_the_range_asked_for() {
    let depths = |min, max| {
        let mut config = tiny();
        (config.objective.min_depth, config.objective.max_depth) = (min, max);
        values(outcome(&config).maps[&MapName::Depth].clone())
    };
    let in_range = |depths: &[f32], min: f32, max: f32| depths.iter().all(|d| (min..=max).contains(d));
    let near = depths(2.0, 3.0);
    assert!(in_range(&near, 2.0, 3.0), "{near:?}");
    let far = depths(5.0, 80.0);
    assert!(in_range(&far, 5.0, 80.0), "{far:?}");
}

#[test]
fn a_predictive_mask_can_be_looked_at() {
    let mut config = tiny();
    (config.objective.predictive_mask, config.objective.disable_automasking) = (true, true);
    let maps = outcome(&config).maps;
    for id in [FrameId::PREVIOUS, FrameId::NEXT] {
        let mask = &maps[&MapName::PredictiveMask(id)];
        assert_eq!(mask.dims(), [1, 1, 64, 64]);
        assert!(values(mask.clone()).iter().all(|weight| *weight > 0.0 && *weight < 1.0));
    }
}

#[test]
fn batches_are_as_large_and_as_much_augmented_as_asked_for() {
    let source = Arc::new(BuiltInDrive::default());
    let keys: Vec<FrameKey> = source.drives()[0].keys(Side::Left).skip(1).take(12).collect();
    let samples = |batch_size: usize, no_augmentation: bool| {
        let mut config = tiny();
        (config.training.batch_size, config.training.no_augmentation) = (batch_size, no_augmentation);
        let options = LoaderOptions::of(&config, keys.len(), Preparation::Loader);
        let loader = Loader::new(source.clone(), keys.clone(), options).unwrap();
        assert_eq!(loader.batch_count(), 12 / batch_size);
        let Some(Ok(LoaderEvent::Batch(batch))) = loader.batches(0, 0).next() else { panic!("no batch") };
        assert_eq!(batch.samples.len(), batch_size);
        batch.samples
    };
    let is_changed = |sample: &Sample| {
        let images = sample.with_derived();
        let id = FrameId::TARGET;
        sample.augmentation.mirror || images.network_input(id) != images.at_scale(id, 0)
    };
    assert!(samples(12, false).iter().any(is_changed));
    assert!(!samples(6, true).iter().any(is_changed));
}

#[test]
fn weight_decay_acts_on_the_weights_of_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let losses = |name: &str, weight_decay: f64| -> Vec<String> {
        let (session, out, mut config) = (session(), folder.path().join(name), small(2));
        config.training.weight_decay = weight_decay;
        open_demo(&session);
        session.send(session::Command::Start { config, out: out.clone() });
        next(&session, |event| matches!(event, Event::RunEnded { .. }));
        let log = fs::read_to_string(out.join("metrics.jsonl")).unwrap();
        let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        lines.filter_map(|line| line.get("loss").map(ToString::to_string)).collect()
    };
    let (without, with) = (losses("without", 0.0), losses("with", 1000.0));
    assert_eq!((without.len(), with.len()), (2, 2));
    assert_eq!(without[0], with[0], "the first step begins with the same weights");
    assert_ne!(without[1], with[1], "the second begins with smaller ones");
}

#[test]
fn a_run_is_as_long_and_keeps_as_much_as_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let split = folder.path().join("split");
    fs::create_dir(&split).unwrap();
    let lines = |frames: std::ops::Range<u32>| {
        let name = &BuiltInDrive::default().drives()[0].folder.clone();
        frames.map(|frame| format!("{name} {frame} l\n")).collect::<String>()
    };
    fs::write(split.join("train_files.txt"), lines(1..5)).unwrap();
    fs::write(split.join("val_files.txt"), lines(80..85)).unwrap();
    let mut config = tiny();
    config.training = TrainingConfig {
        batch_size: 1,
        num_epochs: 3,
        steps: None,
        log_frequency: 2,
        checkpoint_frequency: 3,
        save_frequency: 2,
        keep_checkpoints: 2,
        validation_samples: Some(2),
        ..config.training
    };
    let session = session();
    let split = Some(split.display().to_string());
    request(&session, session::Command::OpenData { data: DataChoice::Demo, split, on_run: OnRun::End });
    session.send(session::Command::Start { config: Box::new(config), out: out.clone() });
    let mut validated = Vec::new();
    let finished = next(&session, |event| {
        if let Event::Validation(report) = event {
            validated.push(report.samples);
        }
        matches!(event, Event::RunEnded { .. })
    });
    assert!(matches!(finished, Event::RunEnded { steps: 12, .. }), "{finished:?}");
    assert_eq!(validated, [2; 3]);
    let log = fs::read_to_string(out.join("metrics.jsonl")).unwrap();
    let steps: Vec<u64> = log
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|line| line.get("loss").is_some())
        .map(|line| line["step"].as_u64().unwrap())
        .collect();
    assert_eq!(steps, [2, 4, 6, 8, 10, 12]);
    // The last, that of epoch 1 (every second is kept), the newest two and the best.
    let kept: Vec<String> = fs::read_dir(out.join("checkpoints"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(kept.contains(&"step_000012".to_owned()) && kept.contains(&"step_000008".to_owned()), "{kept:?}");
    assert!(!kept.contains(&"step_000003".to_owned()), "{kept:?}");
    assert!(kept.len() <= 5, "{kept:?}");
}
