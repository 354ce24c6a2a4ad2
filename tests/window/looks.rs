//! How panes look, against pictures that were judged by eye. `UPDATE_SNAPSHOTS=1` makes them anew.

use super::{settings::press, *};
use egui_kittest::SnapshotOptions;

/// A pane that fills a small window.
fn pane(key: Key, fill: impl FnOnce(&mut Stage)) -> Stage {
    let [_, compute] = backends();
    let renderer = WgpuTestRenderer::from_render_state(render_state(&compute.display.unwrap()));
    let builder = builder().with_size([960.0, 600.0]).with_pixels_per_point(1.0).renderer(renderer);
    let mut stage = builder.build_ui_state(|ui, window: &mut Window| window.ui(ui), window());
    stage.state_mut().receive(Event::Data(data()));
    fill(&mut stage);
    stage.run_steps(4);
    press(&mut stage, Modifiers::COMMAND, key);
    press(&mut stage, Modifiers::NONE, Key::F11);
    stage
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
        let beginning = Beginning {
            config: Preset::Small.config(),
            out: PathBuf::from("runs/one"),
            history: history.into_iter().map(Entry::Step).collect(),
        };
        stage.state_mut().receive(Event::Begun(Box::new(beginning)));
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
        let beginning = Beginning {
            config: Preset::Small.config(),
            out: PathBuf::from("runs/masked"),
            history: history.into_iter().map(Entry::Step).collect(),
        };
        stage.state_mut().receive(Event::Begun(Box::new(beginning)));
    });
    compare(&mut stage, "health");
}
