//! The window driven by the names of its controls: events go in, commands come out.

use crate::{
    seam::{backends, render_state},
    support::{same_at_every_scale, scattered},
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
    app::{Devices, Found, Window, recognise},
    compute::Lease,
    config::{Change, DataChoice, FrameId, ImageSize, ObjectiveConfig, Preset, Setting},
    data::{Drive, FrameKey, Side},
    evaluate::{DepthEvaluation, DepthMetrics, ImageResult},
    geometry::Intrinsics,
    objective::{Evidence, Inputs, MapName, Noise, Objective},
    train::{
        Beginning, Command, DataReport, Entry, EvaluationNews, EvaluationReport, Event, Origin, Picture,
        Problem, State, StepReport, Trajectory, WeightsReport,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    sync::Arc,
    thread::sleep,
    time::Duration,
};

type Stage = Harness<'static, Window>;

/// A window of the size that most people have, without a renderer.
fn stage() -> Stage {
    let mut stage = builder().build_ui_state(|ui, window: &mut Window| window.ui(ui), window());
    stage.run();
    stage
}

fn builder() -> egui_kittest::HarnessBuilder<Window> {
    Harness::builder().with_size([1280.0, 800.0]).with_max_steps(40).with_context_setup(Window::dress)
}

fn window() -> Window {
    let devices = Devices {
        draws: "llvmpipe (LLVM 15)".to_owned(),
        trains: "CPU backend".to_owned(),
        is_shared: false,
    };
    Window::new(devices, &PathBuf::from("there/are/no/runs"))
}

fn key(frame: u32) -> FrameKey {
    FrameKey { folder: "day/drive_one".to_owned(), frame, side: Side::Left }
}

/// Two drives, of which the first has 20 frames; the first and last of them have no neighbours.
fn data() -> DataReport {
    let drive = |folder: &str, frames| Drive { folder: folder.to_owned(), frames, sides: vec![Side::Left] };
    DataReport {
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
    stage.state_mut().receive(Event::Data(data()));
    stage.run();
    stage
}

fn enter(stage: &mut Stage, state: State) {
    stage.state_mut().receive(Event::State(state));
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
        origin: Origin::Images,
        maps: BTreeMap::new(),
        cloud: None,
        objective: ObjectiveConfig::default(),
        evidence: None,
    })
}

#[test]
fn opening_says_what_to_compute_and_shows_a_frame_that_trains() {
    let mut stage = stage();
    stage.state_mut().open(DataChoice::Demo, None, None);
    stage.state_mut().receive(Event::Data(data()));
    stage.run();
    let commands = stage.state_mut().take_commands();
    let opens =
        |command: &Command| matches!(command, Command::OpenData { data: DataChoice::Demo, split: None });
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
    stage.state_mut().receive(Event::Data(data()));
    stage.run();
    stage.state_mut().take_commands();
    click(&mut stage, "Train");
    let commands = stage.state_mut().take_commands();
    let [Command::FollowTraining(true), Command::Start { config, out }] = &commands[..] else {
        panic!("{commands:?}")
    };
    assert_eq!(**config, Preset::Small.config());
    assert_eq!(out, &PathBuf::from("there/are/no/runs/run_001"));

    enter(&mut stage, State::Training);
    assert!(stage.get_by_label("Train").accesskit_node().is_disabled());
    click(&mut stage, "Pause");
    assert!(matches!(stage.state_mut().take_commands()[..], [Command::Pause]));
    enter(&mut stage, State::Paused);
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
    click(&mut stage, "Steps at most");
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
    let beginning = Beginning { config, out: PathBuf::from("runs/resumed"), history };
    stage.state_mut().receive(Event::Begun(Box::new(beginning)));
    enter(&mut stage, State::Training);
    assert!(stage.query_by_label_contains("step 3").is_some(), "the resumed run's history is shown");
    click(&mut stage, "No auto-mask");
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
fn keys_move_along_the_drive() {
    let mut stage = stage_with_data();
    stage.state_mut().take_commands();
    for (pressed, frame) in [(Key::ArrowRight, 2), (Key::End, 19), (Key::ArrowLeft, 18), (Key::Home, 0)] {
        stage.key_press(pressed);
        stage.run();
        assert_eq!(shown(&stage.state_mut().take_commands()), [key(frame)], "{pressed:?}");
    }
}

#[test]
fn of_many_frames_asked_for_only_the_last_is_sent() {
    let mut stage = stage_with_data();
    for _ in 0..5 {
        stage.key_press(Key::ArrowRight);
        stage.run();
    }
    assert_eq!(shown(&stage.state_mut().take_commands()), [key(6)]);
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
    enter(&mut stage, State::Training);
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

#[test]
fn a_problem_is_seen_until_it_is_dismissed_and_kept() {
    let mut stage = stage_with_data();
    let problem = Problem {
        what: "frame 7 cannot be read".to_owned(),
        advice: "copy it again".to_owned(),
        ended_run: false,
        needs_checkpoint: false,
    };
    stage.state_mut().receive(Event::Problem(problem));
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
    stage.state_mut().receive(Event::State(State::Training));
    stage.state_mut().receive(Event::Step(report));
    stage.run();
    for text in ["step 412 / 3000", "12.4 images/s", "03:10 left", "412 of 3000", "0.1250"] {
        assert!(stage.query_all_by_label(text).next().is_some(), "no '{text}'");
    }
}

#[test]
fn the_demo_weights_are_for_a_first_look() {
    let mut stage = stage();
    stage.state_mut().open(DataChoice::Demo, None, None);
    let commands = stage.state_mut().take_commands();
    assert!(commands.iter().any(|command| matches!(command, Command::LoadDemo)), "{commands:?}");
    stage.state_mut().open(DataChoice::Folder("kitti".into()), None, None);
    let commands = stage.state_mut().take_commands();
    assert!(!commands.iter().any(|command| matches!(command, Command::LoadDemo)), "{commands:?}");
}

#[test]
fn empty_views_say_what_to_do() {
    let mut stage = stage();
    assert!(stage.query_all_by_label_contains("No data is open").next().is_some());
    stage.state_mut().receive(Event::Data(data()));
    stage.run();
    assert_eq!(stage.query_all_by_label_contains("No networks yet: press Train").count(), 4);
    click(&mut stage, "Train from scratch");
    assert!(matches!(stage.state_mut().take_commands().last(), Some(Command::Start { .. })));
    let weights = WeightsReport {
        path: Some("w".into()),
        networks: "ResNet18".to_owned(),
        height: 192,
        width: 640,
        scales: vec![0, 1],
        has_pose: false,
        use_stereo: false,
        loaded: 10,
        unused: Vec::new(),
    };
    stage.state_mut().receive(Event::Weights(weights));
    stage.run();
    assert!(stage.query_by_label_contains("nothing can be warped").is_some());
}

#[test]
fn a_typed_path_is_opened_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("encoder.pth"), []).unwrap();
    let mut stage = stage_with_data();
    stage.state_mut().take_commands();
    let field = stage.get_by_label("Path to open");
    field.focus();
    stage.run();
    stage.get_by_label("Path to open").type_text(folder.path().to_str().unwrap());
    stage.run();
    stage.key_press(Key::Enter);
    // A helper thread looks at the folder.
    let mut commands = Vec::new();
    for _ in 0..200 {
        stage.run();
        commands.extend(stage.state_mut().take_commands());
        if !commands.is_empty() {
            break;
        }
        sleep(Duration::from_millis(10));
    }
    assert!(matches!(&commands[..], [Command::LoadWeights(path)] if path == folder.path()), "{commands:?}");
}

#[test]
fn folders_are_recognised_by_what_they_hold() {
    let root = tempfile::tempdir().unwrap();
    let make = |path: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(&path).unwrap();
        path
    };
    let drive = make("kitti/2011_09_26/2011_09_26_drive_0001_sync");
    let kitti = root.path().join("kitti");
    for inside in [kitti.clone(), kitti.join("2011_09_26"), drive] {
        assert_eq!(recognise(&inside), Found::Data(kitti.clone()), "{}", inside.display());
    }
    let weights = make("weights");
    fs::write(weights.join("encoder.pth"), []).unwrap();
    assert_eq!(recognise(&weights.join("encoder.pth")), Found::Weights(weights.clone()));
    let single = weights.join("whole.safetensors");
    fs::write(&single, []).unwrap();
    assert_eq!(recognise(&single), Found::Weights(single));
    assert_eq!(recognise(&weights), Found::Weights(weights));
    let split = make("split");
    fs::write(split.join("val_files.txt"), []).unwrap();
    assert_eq!(recognise(&split), Found::Split(split));
    let nothing = make("nothing");
    assert_eq!(recognise(&nothing), Found::Unknown(nothing));
}

#[test]
fn every_key_is_in_the_list_of_shortcuts() {
    let mut stage = stage();
    stage.key_press(Key::Questionmark);
    stage.run();
    for name in ["Previous frame", "Follow training", "Pixels as squares"] {
        assert!(stage.query_all_by_label(name).next().is_some(), "{name}");
    }
    let names = stage.query_all_by_label_contains("point cloud").count();
    assert!(names >= 4, "how to move the cloud: {names}");
}

/// A drive straight on that the networks see at half its length, as far as the first frames of 20.
fn trajectory(known: usize, truth: bool) -> Event {
    let straight = |step: f64| {
        let at = move |frame: u32| DAffine3::from_translation(DVec3::Z * step * f64::from(frame));
        (0..20).map(move |frame| (frame, at(frame)))
    };
    Event::Trajectory(Box::new(Trajectory {
        folder: key(0).folder,
        side: Side::Left,
        frames: (0..20).collect(),
        predicted: straight(0.5).map(|(_, pose)| pose).take(known).collect(),
        truth: Arc::new(if truth { straight(1.0).collect() } else { BTreeMap::new() }),
        problem: None,
        step: 0,
    }))
}

#[test]
fn the_path_of_the_drive_is_asked_for_drawn_and_clicked() {
    let mut stage = stage_with_data();
    assert!(stage.query_by_label_contains("no pose network").is_none(), "the pane waits to be opened");
    click(&mut stage, "View");
    click(&mut stage, "Trajectory");
    stage.key_press(Key::Escape);
    stage.run();
    assert!(stage.query_by_label_contains("There is no pose network").is_some());

    let config = Preset::Small.config();
    let beginning = Beginning { config, out: PathBuf::from("runs/one"), history: Vec::new() };
    stage.state_mut().receive(Event::Begun(Box::new(beginning)));
    stage.run();
    stage.state_mut().take_commands();
    click(&mut stage, "Predict the path");
    let commands = stage.state_mut().take_commands();
    assert!(
        matches!(&commands[..], [Command::Trace { folder, side: Side::Left }] if *folder == key(0).folder),
        "{commands:?}"
    );
    stage.state_mut().receive(trajectory(5, true));
    stage.run();
    assert!(stage.query_by_label("5 of 20 frames").is_some());
    click(&mut stage, "Cancel");
    assert!(matches!(stage.state_mut().take_commands()[..], [Command::EndTrace]));
    stage.state_mut().receive(Event::TraceEnded);
    stage.run();
    assert!(stage.query_by_label_contains("4.0 m gone").is_some(), "what is there is compared");

    stage.state_mut().receive(trajectory(20, true));
    stage.run();
    let scaled = "19.0 m gone · ATE 0.000 m of the path, 0.0000 ± 0.0000 m of snippets · drift is not defined \
                  below 100 m · scale 2.000";
    assert!(stage.query_by_label(scaled).is_some());
    click(&mut stage, "unscaled");
    assert!(stage.query_by_label_contains("scale 1.000").is_some());
    click(&mut stage, "scale");
    // The straight path runs from the lower to the upper end of the plot; its middle is frame 9 or 10.
    click(&mut stage, "Trajectory from above");
    let frames: Vec<u32> = shown(&stage.state_mut().take_commands()).iter().map(|key| key.frame).collect();
    assert!(matches!(frames[..], [9 | 10]), "{frames:?}");
    click(&mut stage, "3-D");
    assert!(stage.query_by_label("Trajectory in space").is_some());
    click(&mut stage, "3-D");

    stage.state_mut().receive(trajectory(20, false));
    stage.run();
    assert!(stage.query_by_label_contains("No true path is known").is_some());
    stage.state_mut().receive(Event::Data(data()));
    stage.run();
    assert!(stage.query_by_label("Predict the path").is_some(), "other data has another path");
}

#[test]
fn a_picture_is_drawn_in_its_pane() {
    let [_, compute] = backends();
    let display = compute.display.clone().unwrap();
    let renderer = WgpuTestRenderer::from_render_state(render_state(&display));
    let mut stage =
        builder().renderer(renderer).build_ui_state(|ui, window: &mut Window| window.ui(ui), window());
    let size = ImageSize { height: 64, width: 192 };
    let plane = |value: f32| vec![value; size.pixels()];
    let colour = [plane(0.8), plane(0.4), plane(0.2)].concat();
    let lease = |values: &[f32], channels| {
        Arc::new(Lease::upload(values, [channels, size.height, size.width], &compute).unwrap())
    };
    let maps = BTreeMap::from([
        (MapName::Colour(FrameId::TARGET), lease(&colour, 3)),
        (MapName::MinimumLoss, lease(&plane(0.5), 1)),
    ]);
    let key = key(1);
    stage.state_mut().receive(Event::Data(data()));
    stage.state_mut().show(Arc::new(Picture {
        key,
        step: 0,
        origin: Origin::Prediction,
        maps,
        cloud: None,
        objective: ObjectiveConfig::default(),
        evidence: None,
    }));
    stage.run();
    let image = stage.render().unwrap();
    let at_middle = |name: &str| {
        let place = stage.get_by_label(name).rect().center();
        let [red, green, blue, _] = image.get_pixel(place.x as u32, place.y as u32).0;
        [red, green, blue]
    };
    assert_eq!(at_middle("Picture of colour 0"), [204, 102, 51]);
    let highest = monoscope::geometry::colormap::Colormap::Viridis.colour(1.0);
    assert_eq!(at_middle("Picture of minimum loss"), highest, "0.5 is the end of the loss's usual range");
}

#[test]
fn the_palette_finds_actions_by_parts_of_their_names() {
    let mut stage = stage_with_data();
    stage.key_press_modifiers(egui::Modifiers::COMMAND, Key::P);
    stage.run();
    stage.get_by_label("Command").type_text("last");
    stage.run();
    stage.key_press(Key::Enter);
    stage.run();
    assert_eq!(shown(&stage.state_mut().take_commands()).last(), Some(&key(19)));
    assert!(stage.query_by_label("Command").is_none(), "the palette closes once something is chosen");
}

#[test]
fn the_palette_does_not_do_what_cannot_be_done() {
    let mut stage = stage_with_data();
    stage.key_press_modifiers(egui::Modifiers::COMMAND, Key::P);
    stage.run();
    stage.get_by_label("Command").type_text("stop");
    stage.run();
    stage.key_press(Key::Enter);
    stage.run();
    let commands = stage.state_mut().take_commands();
    assert!(!commands.iter().any(|command| matches!(command, Command::Stop)));
    assert!(stage.query_by_label("Command").is_some(), "it stays open");
    stage.key_press(Key::Escape);
    stage.run();
    assert!(stage.query_by_label("Command").is_none());
}

/// Evidence about made-up pictures: the next frame is the target itself, moved by nothing.
fn evidence() -> Arc<Evidence> {
    let device = Device::flex();
    let size = ImageSize { height: 32, width: 96 };
    let config = ObjectiveConfig {
        frame_ids: vec![FrameId::TARGET, FrameId::NEXT],
        scales: vec![0],
        ..ObjectiveConfig::default()
    };
    let colour = |seed| vec![scattered([1, 3, size.height, size.width], seed, &device)];
    let inputs = Inputs {
        colour: BTreeMap::from([(FrameId::TARGET, colour(1)), (FrameId::NEXT, colour(2))]),
        disparities: BTreeMap::from([(
            0,
            scattered([1, 1, size.height, size.width], 3, &device) * 0.0 + 0.5,
        )]),
        source_from_target: same_at_every_scale(&BTreeMap::from([(
            FrameId::NEXT,
            Tensor::eye(4, &device).unsqueeze(),
        )])),
        intrinsics: vec![Intrinsics::KITTI],
        predictive_masks: BTreeMap::new(),
        noise: Noise::None,
    };
    Arc::new(Evidence::gather(&Objective::new(&config, size), &inputs))
}

/// A window that shows colour 0 and can answer for its pixels.
fn stage_with_evidence() -> Stage {
    let [_, compute] = backends();
    let size = ImageSize { height: 32, width: 96 };
    let grey = Lease::upload(&vec![0.5; 3 * size.pixels()], [3, size.height, size.width], &compute).unwrap();
    let evidence = evidence();
    let mut stage = stage_with_data();
    stage.state_mut().show(Arc::new(Picture {
        maps: BTreeMap::from([(MapName::Colour(FrameId::TARGET), Arc::new(grey))]),
        origin: Origin::Prediction,
        objective: evidence.config().clone(),
        evidence: Some(evidence),
        ..Arc::into_inner(picture(key(1))).unwrap()
    }));
    stage.run();
    stage
}

fn hover(stage: &mut Stage, share: egui::Vec2) {
    let picture = stage.get_by_label("Picture of colour 0").rect();
    stage.hover_at(picture.min + picture.size() * share);
    stage.run();
}

#[test]
fn a_pixel_is_asked_about_by_hovering_and_kept_by_a_click() {
    let mut stage = stage_with_evidence();
    assert!(stage.query_by_label_contains("Hover over a view").is_some());
    hover(&mut stage, egui::vec2(0.5, 0.25));
    assert!(stage.query_by_label("Pixel 48, 8").is_some());
    // Disparity ½ is depth 1 / (0.01 + 9.99 / 2).
    assert!(stage.query_by_label("depth: 0.1998").is_some());
    let reprojection = evidence().report([48, 8]).sources[0].reprojection.loss;
    assert!(stage.query_by_label(&format!("reprojection: +1 {reprojection:.4}")).is_some());

    let place = stage.get_by_label("Picture of colour 0").rect();
    let click = |stage: &mut Stage, share: egui::Vec2| {
        stage.drag_at(place.min + place.size() * share);
        stage.drop_at(place.min + place.size() * share);
        stage.run();
    };
    click(&mut stage, egui::vec2(0.5, 0.25));
    hover(&mut stage, egui::vec2(0.9, 0.9));
    assert!(stage.query_by_label("Pixel 48, 8").is_some(), "a pinned pixel stays");
    stage.key_press_modifiers(Modifiers::SHIFT, Key::ArrowRight);
    stage.key_press_modifiers(Modifiers::SHIFT, Key::ArrowRight);
    stage.key_press_modifiers(Modifiers::SHIFT, Key::ArrowDown);
    stage.run();
    assert!(stage.query_by_label("Pixel 50, 9").is_some(), "keys move the pin by pixels");
    assert_eq!(shown(&stage.state_mut().take_commands()), [key(1)], "and not the drive");

    stage.key_press(Key::Escape);
    stage.run();
    hover(&mut stage, egui::vec2(0.1, 0.5));
    assert!(stage.query_by_label("Pixel 9, 16").is_some(), "Esc lets the pixel go");
    click(&mut stage, egui::vec2(0.1, 0.5));
    assert!(stage.query_by_label("Unpin").is_some());
    click(&mut stage, egui::vec2(0.1, 0.5));
    assert!(stage.query_by_label("Unpin").is_none(), "a second click lets it go too");
}

#[test]
fn a_table_is_copied_as_text() {
    let mut stage = stage_with_evidence();
    hover(&mut stage, egui::vec2(0.5, 0.25));
    stage.get_by_label("Copy as text").click();
    let copied = (0..4).find_map(|_| {
        stage.step();
        stage.output().platform_output.commands.iter().find_map(|command| match command {
            egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        })
    });
    let text = copied.expect("something was copied");
    assert!(text.starts_with("day/drive_one 1 l, pixel 48, 8 of 96×32"), "{text}");
    assert!(text.lines().any(|line| line.split_whitespace().eq(["depth", "0.1998"])), "{text}");
}

#[test]
fn only_an_open_inspector_is_computed_for() {
    let mut stage = stage();
    let inspects = |stage: &mut Stage| {
        stage.state_mut().take_commands().iter().rev().find_map(|command| match command {
            Command::Inspect(inspects) => Some(*inspects),
            _ => None,
        })
    };
    assert_eq!(inspects(&mut stage), Some(true));
    click(&mut stage, "Training");
    assert_eq!(inspects(&mut stage), Some(false), "behind another tab");
    stage.key_press(Key::I);
    stage.run();
    assert_eq!(inspects(&mut stage), Some(true));
    click(&mut stage, "Close Inspector");
    assert_eq!(inspects(&mut stage), Some(false));
}

#[test]
fn a_map_of_a_source_that_cannot_be_warped_gives_way_to_one_that_can() {
    let mut stage = stage_with_data();
    stage.state_mut().take_commands();
    let frame_ids = vec![FrameId::TARGET, FrameId::Stereo];
    let objective = ObjectiveConfig { frame_ids, ..ObjectiveConfig::default() };
    stage.state_mut().show(Arc::new(Picture { objective, ..Arc::into_inner(picture(key(1))).unwrap() }));
    stage.run();
    let watched = watched(&stage.state_mut().take_commands()).expect("the maps changed");
    assert!(watched.contains(&MapName::Warped(FrameId::Stereo)), "{watched:?}");
}

#[test]
fn keys_pressed_faster_than_frames_are_drawn_all_count() {
    let mut stage = stage_with_data();
    stage.state_mut().take_commands();
    for _ in 0..3 {
        stage.key_press(Key::ArrowRight);
    }
    stage.step();
    stage.run();
    assert_eq!(shown(&stage.state_mut().take_commands()), [key(4)]);
}

/// A report about two images.
fn evaluation_report(name: &str, errors: [f64; 2]) -> Arc<EvaluationReport> {
    let image = |frame: u32, abs_rel: f64| ImageResult {
        key: key(frame).to_string(),
        metrics: DepthMetrics { abs_rel, ..DepthMetrics::default() },
        ratio: 1.0,
        pixels: 100,
    };
    let per_image = vec![image(3, errors[0]), image(7, errors[1])];
    let evaluation = DepthEvaluation {
        metrics: DepthMetrics::mean(per_image.iter().map(|image| &image.metrics)),
        ratio_median: 1.0,
        ratio_std: 0.0,
        images: 2,
        images_without_depth: 0,
        images_per_second: 5.0,
        protocol: "as in the test".to_owned(),
        by_distance: Vec::new(),
        per_image,
    };
    Arc::new(EvaluationReport { name: name.to_owned(), evaluation, published: Vec::new() })
}

#[test]
fn an_evaluation_is_asked_for_followed_and_its_worst_image_opened() {
    let mut stage = stage_with_data();
    click(&mut stage, "View");
    click(&mut stage, "Evaluation");
    assert!(stage.query_by_label_contains("There are no networks to evaluate").is_some());
    stage
        .state_mut()
        .show(Arc::new(Picture { origin: Origin::Prediction, ..Arc::into_inner(picture(key(1))).unwrap() }));
    stage.run();
    click(&mut stage, "mirror blend");
    stage.state_mut().take_commands();
    click(&mut stage, "Evaluate");
    let commands = stage.state_mut().take_commands();
    let [Command::Evaluate(request)] = &commands[..] else { panic!("{commands:?}") };
    assert!(request.choices.post_process && request.weights.is_none());

    let begun = EvaluationNews::Begun { name: "first".into(), protocol: "so".into(), frames: 2 };
    stage.state_mut().receive(Event::Evaluation(begun));
    stage.state_mut().receive(Event::Evaluation(EvaluationNews::Seen(1)));
    stage.run();
    assert!(stage.query_by_label_contains("1 of 2 frames").is_some());
    click(&mut stage, "Cancel");
    assert!(matches!(stage.state_mut().take_commands()[..], [Command::CancelEvaluation]));

    for (name, errors) in [("first", [0.1, 0.2]), ("second", [0.3, 0.1])] {
        let news = EvaluationNews::Finished(evaluation_report(name, errors));
        stage.state_mut().receive(Event::Evaluation(news));
    }
    stage.run();
    assert!(stage.query_by_label("+0.050").is_some(), "the second is worse by so much on average");
    click(&mut stage, "Images");
    stage.get_by_label_contains("drive_one 3 l: abs_rel 0.300").click();
    stage.run();
    assert_eq!(shown(&stage.state_mut().take_commands()), [key(3)]);
}

#[test]
fn a_pane_is_saved_as_a_picture_from_its_header() {
    let mut stage = stage_with_data();
    let header = stage.get_by_label("Close Timeline").rect();
    stage.hover_at(header.center() - egui::vec2(40.0, 0.0));
    stage.run();
    for pressed in [true, false] {
        stage.event(egui::Event::PointerButton {
            pos: header.center() - egui::vec2(400.0, 0.0),
            button: egui::PointerButton::Secondary,
            pressed,
            modifiers: egui::Modifiers::NONE,
        });
    }
    stage.run();
    assert!(stage.query_by_label_contains("Save as picture").is_some());
}

#[test]
fn a_finding_is_told_once_and_its_evidence_is_one_click_away() {
    let mut stage = stage_with_data();
    assert!(stage.query_by_label_contains("What often goes wrong").is_some());
    let mut history = crate::health::healthy(300);
    let last = history.pop().unwrap();
    let beginning = Beginning {
        config: Preset::Small.config(),
        out: PathBuf::from("runs/resumed"),
        history: history.iter().cloned().map(Entry::Step).collect(),
    };
    stage.state_mut().receive(Event::Begun(Box::new(beginning)));
    stage.run();
    assert!(stage.query_by_label("All is well").is_some());
    for step in 0..60 {
        let masked = StepReport { step: last.step + step, masked_share: 0.99, ..last.clone() };
        stage.state_mut().receive(Event::Step(masked));
    }
    stage.run();
    stage.state_mut().take_commands();
    assert!(stage.query_by_label("All is well").is_none());
    assert_eq!(stage.query_all_by_label_contains("The auto-mask leaves out").count(), 2, "pane and message");
    stage.get_by_label("Show auto-mask").click_accesskit();
    stage.run();
    let shown = watched(&stage.state_mut().take_commands()).expect("another map is watched");
    assert!(shown.contains(&MapName::AutoMask));
    let views = stage.get_all_by_label("Map to show").count();
    stage.get_by_label("Show auto-mask").click_accesskit();
    stage.run();
    assert_eq!(stage.get_all_by_label("Map to show").count(), views, "it is on the screen already");
}

#[test]
fn a_broken_run_offers_its_last_checkpoint() {
    let mut stage = stage_with_data();
    let beginning = Beginning {
        config: Preset::Small.config(),
        out: PathBuf::from("runs/broken"),
        history: crate::health::healthy(3).into_iter().map(Entry::Step).collect(),
    };
    let rate = beginning.config.training.learning_rate;
    stage.state_mut().receive(Event::Begun(Box::new(beginning)));
    stage.state_mut().receive(Event::Problem(Problem {
        what: "the loss is NaN".to_owned(),
        advice: "continue".to_owned(),
        ended_run: true,
        needs_checkpoint: true,
    }));
    enter(&mut stage, State::Paused);
    click(&mut stage, "Go back to the checkpoint");
    let commands = stage.state_mut().take_commands();
    let [.., Command::Resume { run, .. }, Command::Change(Setting::LearningRate(lower))] = &commands[..]
    else {
        panic!("{commands:?}")
    };
    assert_eq!(run, &PathBuf::from("runs/broken"));
    assert!(*lower < rate / 2.5, "{lower}");
}
