//! Every pane with something to show in the dark theme, and before anything is open in the light one.

use super::{street::Street, *};
use egui::Theme;
use egui_kittest::SnapshotResults;
use monoscope::{
    evaluate::{DistanceRange, Published},
    objective::Adjustment,
    session::{LossSummary, SandboxResult},
};

/// Size at which a pane is drawn: as wide as it is in the first arrangement, or a part of the window at most.
fn size_of(kind: PaneKind) -> Vec2 {
    let (width, height) = match kind {
        PaneKind::Sequence => (216.0, 300.0),
        PaneKind::Health => (216.0, 240.0),
        PaneKind::Training | PaneKind::Sandbox | PaneKind::Inspector => (304.0, 300.0),
        PaneKind::Timeline => (400.0, 112.0),
        PaneKind::Log => (400.0, 160.0),
        PaneKind::Cloud => (300.0, 168.0),
        PaneKind::Curves => (400.0, 220.0),
        PaneKind::Wall => (400.0, 184.0),
        PaneKind::Evaluation => (400.0, 260.0),
        PaneKind::Trajectory => (400.0, 300.0),
    };
    Vec2::new(width, height)
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

/// An evaluation of three frames, with this error.
fn evaluation(street: &Street, name: &str, abs_rel: f64) -> Arc<EvaluationReport> {
    let metrics = |factor: f64| {
        let abs_rel = abs_rel * factor;
        let (sq_rel, rmse, rmse_log) = (7.0 * abs_rel, 40.0 * abs_rel, 1.6 * abs_rel);
        DepthMetrics { abs_rel, sq_rel, rmse, rmse_log, a1: 1.0 - abs_rel, a2: 1.0 - abs_rel / 3.0, a3: 0.98 }
    };
    let image = |(frame, factor): (u32, f64)| ImageResult {
        key: street.key(frame).to_string(),
        metrics: metrics(factor),
        ratio: 3.0,
        pixels: 4000,
    };
    let range = |index: u16| DistanceRange {
        from_metres: 10.0 * f32::from(index),
        to_metres: 10.0 * f32::from(index + 1),
        pixels: 1000,
        abs_rel: 0.05 + 0.02 * f64::from(index),
        bias: 0.03 - 0.02 * f64::from(index),
    };
    let evaluation = DepthEvaluation {
        metrics: metrics(1.0),
        ratio_median: 3.0,
        ratio_std: 0.02,
        images: 3,
        images_without_depth: 0,
        images_per_second: 5.0,
        protocol: "3 images (PNG), exact depth, Garg crop".to_owned(),
        by_distance: (0..6).map(range).collect(),
        per_image: [(3, 0.8), (7, 1.0), (11, 1.2)].map(image).into(),
    };
    let published: Vec<Published> = Vec::new();
    Arc::new(EvaluationReport { name: name.to_owned(), evaluation, published })
}

/// Has the window show what the pane is for.
fn fill(kind: PaneKind, stage: &mut Stage) {
    let street = Street::new();
    street.open(stage);
    match kind {
        PaneKind::Sequence | PaneKind::Training => {}
        PaneKind::Timeline => street.render_all(),
        PaneKind::Curves => begin(stage, crate::health::healthy(300)),
        PaneKind::Cloud => stage.state_mut().show(street.picture()),
        PaneKind::Health => {
            let mut history = crate::health::healthy(300);
            for report in history.iter_mut().rev().take(60) {
                report.masked_share = 0.99;
            }
            begin(stage, history);
        }
        PaneKind::Trajectory => {
            begin(stage, Vec::new());
            stage.state_mut().receive_trajectory(&street.trajectory());
        }
        PaneKind::Evaluation => {
            for (name, abs_rel) in [("runs/one, step 1000", 0.14), ("runs/one, step 3000", 0.11)] {
                let finished = EvaluationProgress::Finished(evaluation(&street, name, abs_rel));
                stage.state_mut().receive(Event::Evaluation(finished));
            }
        }
        PaneKind::Log => {
            begin(stage, Vec::new());
            stage.state_mut().receive(Event::Notice(notice()));
        }
        PaneKind::Sandbox => {
            let before = LossSummary { loss: 0.125, masked_share: 0.25 };
            let sandbox = SandboxResult {
                adjustment: Adjustment::default(),
                camera: Intrinsics::KITTI,
                native_size: ImageSize { width: 1242, height: 375 },
                before,
                after: LossSummary { loss: 0.25, ..before },
            };
            let picture = Arc::into_inner(street.picture()).unwrap();
            stage.state_mut().show(Arc::new(Picture { sandbox: Some(sandbox), ..picture }));
        }
        PaneKind::Wall => {
            begin(stage, crate::health::healthy(100));
            let started = RunStarted {
                config: Preset::Small.config(),
                out: PathBuf::from("runs/two"),
                history: Vec::new(),
                snapshots: [0, 50, 100].map(|step| street.snapshot(step)).into(),
            };
            stage.state_mut().start_run(started);
        }
        PaneKind::Inspector => {
            stage.state_mut().show(street.picture());
            stage.run_steps(4);
            let picture = stage.get_by_label("Picture of colour 0").rect();
            let at = picture.min + picture.size() * egui::vec2(0.3, 0.6);
            stage.hover_at(at);
            stage.run_steps(2);
            stage.drag_at(at);
            stage.drop_at(at);
            stage.run_steps(4);
        }
    }
}

/// Draws until nothing comes any more from other threads.
fn settle(stage: &mut Stage) {
    let (mut last, mut same) = (None, 0);
    for _ in 0..200 {
        stage.run_steps(2);
        let picture = stage.render().unwrap();
        same = if last.as_ref() == Some(&picture) { same + 1 } else { 0 };
        last = Some(picture);
        if same == 8 {
            return;
        }
        sleep(Duration::from_millis(25));
    }
}

/// Compares a pane that has something to show with its picture.
fn look(kind: PaneKind, theme: Theme) -> SnapshotResult {
    let mut stage = drawn_stage();
    stage.run_steps(2);
    fill(kind, &mut stage);
    stage.ctx.set_theme(theme);
    let part = draw_alone(&mut stage, kind, size_of(kind));
    settle(&mut stage);
    if kind == PaneKind::Log {
        let times = part.with_min_y(part.top() + 28.0).with_max_x(part.left() + 70.0);
        stage.mask(times);
    }
    compare(&mut stage, part, &kind.file_name())
}

#[test]
fn curves_look_as_they_should() {
    look(PaneKind::Curves, Theme::Dark).unwrap();
}

#[test]
fn findings_look_as_they_should_in_the_light_theme() {
    look(PaneKind::Health, Theme::Light).unwrap();
}

#[test]
fn all_other_panes_look_as_they_should() {
    let mut results = SnapshotResults::new();
    for kind in PaneKind::ALL.iter().copied() {
        if !matches!(kind, PaneKind::Curves | PaneKind::Health) {
            results.add(look(kind, Theme::Dark));
        }
    }
}

#[test]
fn every_pane_says_what_to_do_while_it_has_nothing_to_show() {
    let mut results = SnapshotResults::new();
    for kind in PaneKind::ALL.iter().copied() {
        let mut stage = drawn_stage();
        stage.ctx.set_theme(Theme::Light);
        let part = draw_alone(&mut stage, kind, size_of(kind));
        let words =
            |node: egui_kittest::Node| node.accesskit_node().label().or(node.accesskit_node().value());
        let texts = stage.root().children_recursive().filter_map(words);
        let longest = texts.map(|text| text.split_whitespace().count()).max().unwrap_or_default();
        assert!(longest >= 5, "{} says nothing while it is empty", kind.title());
        let name = format!("{}-empty", kind.file_name());
        results.add(compare(&mut stage, part, &name));
    }
}
