//! The window driven by the names of its controls: events go in, commands come out.

mod borders;
mod cloud;
mod devices;
mod end_to_end;
mod ending;
mod evaluation;
mod form;
mod health;
mod inspector;
mod keys;
mod logging;
mod manual;
mod narrow;
mod opening;
mod questions;
mod replies;
mod sandbox;
mod scripted;
mod settings;
mod shortcuts;
mod snapshots;
mod timeline;
mod training_pane;
mod trajectory;
mod views;
mod wall;

use crate::{
    seam::{backends, render_state},
    support::scattered,
};
use burn::tensor::{Device, Tensor};
use egui::{Key, Modifiers, accesskit::Role};
use egui_kittest::{
    Harness,
    kittest::{NodeT, Queryable},
    wgpu::WgpuTestRenderer,
};
use glam::{DAffine3, DVec3};
use monoscope::{
    app::{Devices, FolderContent, Window, recognise},
    compute::Lease,
    config::{Change, DataChoice, FrameId, ImageSize, ObjectiveConfig, Preset, Setting},
    data::{Drive, FrameKey, Remarks, Side},
    evaluate::{DepthEvaluation, DepthMetrics, ImageResult},
    geometry::Intrinsics,
    inspect::PixelInspection,
    model::{Architecture, DepthArchitecture, Motions, PoseArchitecture, PoseModel, ResnetArchitecture},
    objective::{Inputs, MapName, Noise, Objective},
    runs::{Entry, StepReport},
    session::{
        Activity, Command, DataReport, EvaluationProgress, EvaluationReport, Event, Failure, Level,
        ModelReport, Notice, OnRun, Outcome, Picture, PictureSource, Provenance, Reply, Request, RunEffect,
        RunStarted, SessionState, Topic, Trajectory,
    },
};
use scripted::Scripted;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    thread::sleep,
    time::Duration,
};

type Stage = Harness<'static, Scripted>;

/// A window of the size that most people have, without a renderer.
fn stage() -> Stage {
    let mut stage = builder().build_ui_state(|ui, window: &mut Scripted| window.ui(ui), window());
    stage.run();
    stage
}

/// A window whose pictures are drawn too.
fn drawn(builder: egui_kittest::HarnessBuilder<Scripted>) -> Stage {
    let [_, compute] = backends();
    let renderer = WgpuTestRenderer::from_render_state(render_state(&compute.display.unwrap()));
    builder.renderer(renderer).build_ui_state(|ui, window: &mut Scripted| window.ui(ui), window())
}

fn builder() -> egui_kittest::HarnessBuilder<Scripted> {
    Harness::builder().with_size([1280.0, 800.0]).with_max_steps(40).with_context_setup(Window::apply_theme)
}

fn window() -> Scripted {
    let devices = Devices { draws: "llvmpipe (LLVM 15)".to_owned(), is_software: true };
    Scripted::new(Window::new(devices, &PathBuf::from("there/are/no/runs")))
}

fn key(frame: u32) -> FrameKey {
    FrameKey { folder: "day/drive_one".to_owned(), frame, side: Side::Left }
}

/// Two drives, of which the first has 20 frames; the first and last of them have no neighbours.
fn data() -> DataReport {
    let drive =
        |folder: &str, frames| Drive { folder: folder.to_owned(), frames, step: 1, sides: vec![Side::Left] };
    DataReport {
        version: 0,
        choice: DataChoice::Demo,
        name: "test data".to_owned(),
        drives: vec![drive("day/drive_one", 0..20), drive("day/drive_two", 5..8)],
        split: None,
        training: (1..16).map(key).collect(),
        validation: (16..19).map(key).collect(),
        dropped: vec![(key(0), "frame -1 is missing".to_owned())],
    }
}

fn stage_with_data() -> Stage {
    let mut stage = stage();
    stage.state_mut().open_data(data());
    stage.run();
    stage
}

fn enter(stage: &mut Stage, activity: Activity) {
    stage.state_mut().set_activity(activity);
    stage.run();
    stage.state_mut().take_commands();
}

fn click(stage: &mut Stage, name: &str) {
    stage.get_by_label(name).click();
    stage.run();
}

fn shown(commands: &[Command]) -> Vec<FrameKey> {
    let keys = commands.iter().filter_map(|command| match command {
        Command::Show(key) => Some(key.clone()),
        _ => None,
    });
    keys.collect()
}

fn watched(commands: &[Command]) -> Option<BTreeSet<MapName>> {
    commands.iter().rev().find_map(|command| match command {
        Command::Watch(maps) => Some(maps.clone()),
        _ => None,
    })
}

fn picture(key: FrameKey) -> Arc<Picture> {
    Arc::new(Picture {
        key,
        step: 0,
        origin: PictureSource::Images,
        weights: None,
        maps: BTreeMap::new(),
        cloud: None,
        objective: ObjectiveConfig::default(),
        inspection: None,
        sandbox: None,
    })
}

#[test]
fn opening_says_what_to_compute_and_shows_a_frame_that_trains() {
    let mut stage = stage();
    stage.state_mut().open(DataChoice::Demo, None, None);
    stage.state_mut().open_data(data());
    stage.run();
    let commands = stage.state_mut().take_commands();
    let opened = Command::OpenData { data: DataChoice::Demo, split: None, on_run: OnRun::Ask };
    let opens = |command: &Command| *command == opened;
    assert!(commands.iter().any(opens));
    assert_eq!(shown(&commands), [key(1)]);
    let expected = [
        MapName::Colour(FrameId::TARGET),
        MapName::Disparity(0),
        MapName::Depth,
        MapName::Warped(FrameId::NEXT),
        MapName::MinimumLoss,
    ];
    assert_eq!(watched(&commands), Some(BTreeSet::from(expected)));
    assert!(stage.query_by_label_contains("2 drives, 23 frames").is_some());
    assert!(stage.query_by_label_contains("llvmpipe draws · CPU backend trains").is_some());
}

#[test]
fn the_buttons_of_a_run_follow_its_state() {
    let mut stage = stage();
    for name in ["Train", "Pause", "Step", "Stop"] {
        assert!(stage.get_by_label(name).accesskit_node().is_disabled(), "{name} without data");
    }
    stage.state_mut().open_data(data());
    stage.run();
    stage.state_mut().take_commands();
    click(&mut stage, "Train");
    let commands = stage.state_mut().take_commands();
    let [Command::FollowTraining(true), Command::Start { config, out }] = &commands[..] else {
        panic!("{commands:?}")
    };
    assert_eq!(**config, Preset::Small.config());
    assert_eq!(out, &PathBuf::from("there/are/no/runs/run_001"));

    enter(&mut stage, Activity::Training);
    assert!(stage.get_by_label("Train").accesskit_node().is_disabled());
    click(&mut stage, "Pause");
    assert!(matches!(stage.state_mut().take_commands()[..], [Command::Pause]));
    enter(&mut stage, Activity::Paused);
    click(&mut stage, "Step");
    assert!(matches!(stage.state_mut().take_commands()[..], [Command::Step]));
    click(&mut stage, "Continue");
    assert!(matches!(stage.state_mut().take_commands()[..], [Command::Continue]));
    click(&mut stage, "Stop");
    assert!(matches!(stage.state_mut().take_commands()[..], [Command::Stop]));
}

#[test]
fn a_single_step_begins_a_run() {
    let mut stage = stage_with_data();
    stage.state_mut().take_commands();
    click(&mut stage, "Step");
    let commands = stage.state_mut().take_commands();
    assert!(matches!(commands[..], [Command::FollowTraining(_), Command::Start { .. }, Command::Step]));
}

#[test]
fn the_form_is_what_starts() {
    let mut stage = stage_with_data();
    click(&mut stage, "Training");
    stage.get_by_role_and_label(Role::ComboBox, "Preset").click();
    stage.run();
    click(&mut stage, Preset::Published.label());
    stage.get_by_role_and_label(Role::TextInput, "Steps").focus();
    stage.run();
    stage.get_by_role_and_label(Role::TextInput, "Steps").type_text("300");
    stage.run();
    stage.state_mut().take_commands();
    click(&mut stage, "Start this run");
    let commands = stage.state_mut().take_commands();
    let Some(Command::Start { config, .. }) = commands.last() else { panic!("{commands:?}") };
    let mut expected = Preset::Published.config();
    expected.training.steps = Some(300);
    assert_eq!(**config, expected);
}

#[test]
fn options_of_the_loss_change_the_run_that_is_there() {
    let mut stage = stage_with_data();
    let mut config = Preset::Small.config();
    config.training.learning_rate = 5e-4;
    let history = vec![Entry::Step(StepReport { step: 3, loss: 0.2, ..StepReport::default() })];
    let started = RunStarted { config, out: PathBuf::from("runs/resumed"), history, snapshots: Vec::new() };
    stage.state_mut().start_run(started);
    enter(&mut stage, Activity::Training);
    assert!(
        stage.query_all_by_label_contains("step 3").next().is_some(),
        "the resumed run's history is shown"
    );
    click(&mut stage, "Disable automasking");
    let commands = stage.state_mut().take_commands();
    assert!(
        matches!(commands[..], [Command::Change(Setting::DisableAutomasking(true))]),
        "only what was clicked is changed: {commands:?}"
    );
    let change = Change { step: 5, setting: Setting::LearningRate(1e-3) };
    stage.state_mut().receive(Event::Changed(change));
    stage.run();
    assert!(stage.state_mut().take_commands().is_empty(), "what the session says is not sent back");
}

#[test]
fn playing_waits_for_each_picture() {
    let mut stage = stage_with_data();
    stage.state_mut().show(picture(key(1)));
    stage.run();
    stage.state_mut().take_commands();
    stage.get_by_label("Play or pause the drive").click();
    // The clock of these tests moves a quarter of a second a step.
    stage.run_steps(3);
    assert_eq!(shown(&stage.state_mut().take_commands()), [key(2)]);
    stage.run_steps(3);
    assert_eq!(shown(&stage.state_mut().take_commands()), [], "frame 2 was not shown yet");
    stage.state_mut().show(picture(key(2)));
    stage.run_steps(3);
    assert_eq!(shown(&stage.state_mut().take_commands()), [key(3)]);
}

#[test]
fn scrubbing_while_training_leaves_the_batch() {
    let mut stage = stage_with_data();
    enter(&mut stage, Activity::Training);
    let strip = stage.get_by_role_and_label(Role::Slider, "Frame").rect();
    stage.drag_at(strip.center());
    stage.run();
    stage.drop_at(strip.center());
    stage.run();
    let commands = stage.state_mut().take_commands();
    assert!(matches!(commands[0], Command::FollowTraining(false)), "{commands:?}");
    assert_eq!(shown(&commands), [key(10)]);
    click(&mut stage, "Follow training");
    assert!(matches!(stage.state_mut().take_commands()[..], [Command::FollowTraining(true)]));
}

#[test]
fn another_drive_is_one_click_away() {
    let mut stage = stage_with_data();
    stage.state_mut().take_commands();
    stage.get_by_label_contains("drive_two").click();
    stage.run();
    let expected = FrameKey { folder: "day/drive_two".to_owned(), frame: 6, side: Side::Left };
    assert_eq!(shown(&stage.state_mut().take_commands()), [expected]);
}

#[test]
fn a_view_shows_the_map_that_is_chosen() {
    let mut stage = stage_with_data();
    stage.state_mut().take_commands();
    let views: Vec<_> = stage.get_all_by_label("Map to show").collect();
    assert_eq!(views.len(), 4);
    views[3].click();
    drop(views);
    stage.run();
    // The list is longer than its window.
    stage.get_by_label("auto-mask").click_accesskit();
    stage.run();
    let watched = watched(&stage.state_mut().take_commands()).expect("the maps changed");
    assert!(watched.contains(&MapName::AutoMask) && !watched.contains(&MapName::MinimumLoss), "{watched:?}");
}

#[test]
fn a_closed_pane_is_not_computed_for() {
    let mut stage = stage_with_data();
    stage.state_mut().take_commands();
    click(&mut stage, "Close Point cloud");
    let without = watched(&stage.state_mut().take_commands()).expect("the maps changed");
    assert!(!without.contains(&MapName::Depth));
    click(&mut stage, "View");
    click(&mut stage, "Point cloud");
    let with = watched(&stage.state_mut().take_commands()).expect("the maps changed back");
    assert!(with.contains(&MapName::Depth));
}

/// Weights of a ResNet with disparities at the scales 0 and 1, trained at 640×192.
fn weights(encoder: ResnetArchitecture, pose: Option<PoseArchitecture>) -> ModelReport {
    let architecture = Architecture {
        depth: DepthArchitecture::Resnet(encoder),
        scales: vec![0, 1],
        masked_sources: None,
        pose,
    };
    ModelReport {
        id: 0,
        provenance: Provenance::File("there/are/weights".into()),
        architecture,
        size: Some(ImageSize { height: 192, width: 640 }),
        use_stereo: false,
        loaded: 10,
        unused: Vec::new(),
    }
}

fn notice() -> Notice {
    Notice {
        level: Level::Warning,
        topic: Topic::Data,
        text: "frame 7 cannot be read".to_owned(),
        advice: "copy it again".to_owned(),
        report: None,
    }
}

#[test]
fn a_problem_is_seen_until_it_is_dismissed_and_kept() {
    let mut stage = stage_with_data();
    stage.state_mut().receive(Event::Notice(notice()));
    stage.run();
    assert!(stage.query_by_label("frame 7 cannot be read").is_some());
    assert!(stage.query_by_label("copy it again").is_some());
    click(&mut stage, "Dismiss");
    assert!(stage.query_by_label("frame 7 cannot be read").is_none());
    stage.key_press(Key::M);
    stage.run();
    assert!(stage.query_by_label("frame 7 cannot be read").is_some(), "the history has it");
}

#[test]
fn progress_is_told_in_figures() {
    let mut stage = stage_with_data();
    click(&mut stage, "Training");
    let report = StepReport {
        step: 412,
        total_steps: 3000,
        loss: 0.125,
        scale_losses: BTreeMap::from([(0, 0.12), (1, 0.13)]),
        images_per_second: 12.4,
        seconds: 0.5,
        seconds_left: 190.0,
        ..StepReport::default()
    };
    stage.state_mut().set_activity(Activity::Training);
    stage.state_mut().receive(Event::Step(report));
    stage.run();
    for text in ["step 412 / 3000", "12.4 images/s", "03:10 left", "412 of 3000", "0.1250"] {
        assert!(stage.query_all_by_label(text).next().is_some(), "no '{text}'");
    }
}
