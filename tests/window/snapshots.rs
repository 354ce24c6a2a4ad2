//! How panes look, against pictures that were judged by eye. `UPDATE_SNAPSHOTS=1` makes them anew.

use super::{settings::press, *};
use egui_kittest::SnapshotOptions;

/// A pane that fills a small window.
fn pane(key: Key, fill: impl FnOnce(&mut Stage)) -> Stage {
    let mut stage = drawn(builder().with_size([960.0, 600.0]).with_pixels_per_point(1.0));
    stage.state_mut().open_data(data());
    fill(&mut stage);
    stage.run_steps(4);
    press(&mut stage, Modifiers::COMMAND, key);
    press(&mut stage, Modifiers::NONE, Key::F11);
    stage
}

/// A run with these steps behind it.
fn begin(stage: &mut Stage, history: Vec<StepReport>) {
    let started = RunStarted {
        config: Preset::Small.config(),
        out: PathBuf::from("runs/one"),
        history: history.into_iter().map(Entry::Step).collect(),
        snapshots: Vec::new(),
    };
    stage.state_mut().start_run(started);
    stage.state_mut().set_activity(Activity::Idle);
}

fn compare(stage: &mut Stage, name: &str) {
    // Edges of letters may differ a little between versions of the driver.
    let options = SnapshotOptions::new().threshold(2.0).max_failed_pixels(40);
    stage.snapshot_options(name, &options);
}

#[test]
fn curves_look_as_they_should() {
    let history = crate::health::healthy(300);
    let mut stage = pane(Key::Num3, |stage| {
        begin(stage, history);
    });
    compare(&mut stage, "curves");
}

#[test]
fn the_palette_looks_as_it_should() {
    let mut stage = pane(Key::Num3, |_| ());
    press(&mut stage, Modifiers::COMMAND, Key::P);
    compare(&mut stage, "palette");
}

#[test]
fn findings_look_as_they_should_in_the_light_theme() {
    let mut stage = pane(Key::Num6, |stage| {
        stage.ctx.set_theme(egui::Theme::Light);
        let mut history = crate::health::healthy(300);
        for report in history.iter_mut().rev().take(60) {
            report.masked_share = 0.99;
        }
        begin(stage, history);
    });
    compare(&mut stage, "health");
}
