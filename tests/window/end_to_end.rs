//! The whole program but its frame of window: a session that trains, driven by the names of controls.

use super::*;
use egui::{Pos2, Vec2};
use image::RgbaImage;
use monoscope::{app::App, config::DeviceChoice};
use std::{path::Path, time::Instant};

/// The program, which begins with its first frame.
pub type Theatre = Harness<'static, Option<App>>;

/// A person gives up after this time; a busy machine needs a small part of it.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn theatre(runs: &Path) -> Theatre {
    let [_, compute] = backends();
    let display = compute.display.unwrap();
    let renderer = WgpuTestRenderer::from_render_state(render_state(&display));
    let runs = runs.to_owned();
    let builder = Harness::builder().with_size([1280.0, 800.0]).with_max_steps(40).renderer(renderer);
    let draw = move |ui: &mut egui::Ui, lab: &mut Option<App>| {
        let begin = || App::new(display.clone(), DeviceChoice::Cpu, &runs, ui.ctx()).unwrap();
        lab.get_or_insert_with(begin).ui(ui);
    };
    builder.build_ui_state(draw, None)
}

/// Draws frames until something is on the screen.
pub fn wait_for(stage: &mut Theatre, what: &str, is_there: impl Fn(&Theatre) -> bool) {
    let started = Instant::now();
    while !is_there(stage) {
        assert!(started.elapsed() < PATIENCE, "{what} did not come; on the screen: {}", words(stage));
        sleep(Duration::from_millis(20));
        stage.step();
    }
}

/// Everything that can be read, for whoever looks for the fault.
fn words(stage: &Theatre) -> String {
    let nodes = stage.root().children_recursive();
    let words = nodes.filter_map(|node| node.accesskit_node().label().or(node.accesskit_node().value()));
    words.collect::<Vec<_>>().join(" | ")
}

fn says(text: &'static str) -> impl Fn(&Theatre) -> bool {
    move |stage| stage.query_all_by_label_contains(text).next().is_some()
}

/// The first control of a name; a text before it may say the same.
fn control<'a>(stage: &'a Theatre, label: &'a str) -> egui_kittest::Node<'a> {
    let named = stage.query_all_by_label(label);
    let mut controls = named.filter(|node| node.accesskit_node().role() != Role::Label);
    controls.next().unwrap_or_else(|| panic!("no control is called {label}"))
}

fn press(stage: &mut Theatre, label: &str) {
    control(stage, label).click_accesskit();
    stage.run_steps(3);
}

fn centre(stage: &Theatre, label: &str) -> Pos2 {
    stage.get_by_label(label).rect().center()
}

fn part(stage: &mut Theatre, label: &str) -> RgbaImage {
    let rect = stage.get_by_label(label).rect();
    let whole = stage.render().unwrap();
    let [x, y, width, height] =
        [rect.left(), rect.top(), rect.width(), rect.height()].map(|side| side as u32);
    image::imageops::crop_imm(&whole, x, y, width, height).to_image()
}

/// Opens the built-in drive and trains the light network, which is quick, for two steps or more.
pub fn train_on_the_built_in_drive(stage: &mut Theatre) {
    stage.run_steps(3);
    press(stage, "Data");
    press(stage, "Built-in drive");
    wait_for(stage, "the drive", says("Picture of colour 0"));
    press(stage, "Training");
    press(stage, "Preset");
    press(stage, "Light");
    press(stage, "Train");
    wait_for(stage, "the second step", says("step 2 /"));
}

#[test]
fn a_person_opens_data_trains_pauses_looks_around_and_goes_on() {
    let runs = tempfile::tempdir().unwrap();
    let mut stage = theatre(runs.path());
    train_on_the_built_in_drive(&mut stage);

    // Pause.
    press(&mut stage, "Pause");
    wait_for(&mut stage, "the pause", says("paused"));
    wait_for(&mut stage, "the disparity", says("Picture of disparity, scale 0"));

    // Scrub.
    let frame = |stage: &Theatre| control(stage, "Frame").accesskit_node().numeric_value().unwrap();
    let before = frame(&stage);
    stage.key_press(Key::ArrowRight);
    stage.run_steps(3);
    assert_eq!(frame(&stage), before + 1.0);

    // Pin a pixel.
    let at = centre(&stage, "Picture of colour 0");
    stage.hover_at(at);
    stage.run_steps(2);
    stage.drag_at(at);
    stage.drop_at(at);
    stage.run_steps(3);
    wait_for(&mut stage, "the terms of the pixel", says("reprojection"));

    // Change a map.
    press(&mut stage, "Map to show");
    press(&mut stage, "auto-mask");
    wait_for(&mut stage, "the auto-mask", says("Picture of auto-mask"));

    // Turn the cloud.
    let before = part(&mut stage, "Point cloud view");
    let at = centre(&stage, "Point cloud view");
    stage.drag_at(at);
    stage.run_steps(2);
    stage.hover_at(at + Vec2::new(60.0, 20.0));
    stage.run_steps(2);
    stage.drop_at(at + Vec2::new(60.0, 20.0));
    stage.run_steps(4);
    let after = part(&mut stage, "Point cloud view");
    let changed = before.pixels().zip(after.pixels()).filter(|(before, after)| before != after).count();
    assert!(changed > 1000, "{changed} pixels of the cloud changed");

    // Go on through the palette.
    stage.key_press_modifiers(Modifiers::COMMAND, Key::P);
    stage.run_steps(3);
    control(&stage, "Command").type_text("train");
    stage.run_steps(3);
    stage.key_press(Key::Enter);
    wait_for(&mut stage, "the third step", says("step 3 /"));

    // End the run.
    press(&mut stage, "Stop");
    wait_for(&mut stage, "the end", says("run ended"));
    assert!(runs.path().join("run_001/metrics.jsonl").is_file());
}

#[test]
fn a_run_goes_on_while_a_wrong_folder_is_tried_and_other_data_is_looked_at() {
    let runs = tempfile::tempdir().unwrap();
    let mut stage = theatre(runs.path());
    train_on_the_built_in_drive(&mut stage);
    let log = runs.path().join("run_001/metrics.jsonl");
    let steps = || fs::read_to_string(&log).unwrap().lines().count();
    let goes_on = |stage: &mut Theatre| {
        let before = steps();
        wait_for(stage, "another step", |_| steps() > before + 1);
    };

    // A folder without pictures.
    let empty = tempfile::tempdir().unwrap();
    let lab = stage.state_mut().as_mut().unwrap();
    lab.window.open(DataChoice::Folder(empty.path().to_owned()), None, None);
    wait_for(&mut stage, "the problem", says("Problem"));
    assert!(!says("is in progress, at step")(&stage), "nothing is asked about what cannot be opened");
    goes_on(&mut stage);
    press(&mut stage, "Dismiss");

    // Other data.
    press(&mut stage, "Data");
    press(&mut stage, "Built-in drive");
    wait_for(&mut stage, "the question", says("is in progress, at step"));
    goes_on(&mut stage);
    press(&mut stage, "Look at it while run_001 trains");
    wait_for(&mut stage, "the way back", says("Back to run_001"));
    wait_for(&mut stage, "its pictures", says("Picture of disparity, scale 0"));
    goes_on(&mut stage);
    press(&mut stage, "Back to run_001");
    wait_for(&mut stage, "the run", |stage| !says("Back to run_001")(stage));
    goes_on(&mut stage);

    // The run ends for what is opened.
    press(&mut stage, "Data");
    press(&mut stage, "Built-in drive");
    wait_for(&mut stage, "the question", says("is in progress, at step"));
    press(&mut stage, "End run_001");
    wait_for(&mut stage, "the end", says("run ended"));
    wait_for(&mut stage, "its pictures", says("Picture of disparity, scale 0"));
    assert!(runs.path().join("run_001/checkpoints").is_dir());
}
