//! The training pane: the form of all options, what a run needs and where its time goes, and the
//! curves of several runs.

use super::*;
use clap::Args;
use monoscope::{
    config::{ConfigOption, RunConfig},
    runs::TimeSplit,
};

/// A window whose form is in front, with every group of options open.
fn stage_with_form() -> Stage {
    let mut stage = stage_with_data();
    click(&mut stage, "Training");
    for heading in ["Network", "Objective", "Training", "Data", "Record"] {
        let is_control = |node: &egui_kittest::Node<'_>| node.accesskit_node().role() != Role::Label;
        // The tab of the pane and the menu have names of groups too; the last is the group.
        stage.get_all_by_label(heading).rev().find(is_control).unwrap().click_accesskit();
        stage.run();
    }
    stage.state_mut().take_commands();
    stage
}

fn field_of<'a>(stage: &'a Stage, label: &'a str) -> egui_kittest::Node<'a> {
    let mut fields = stage.get_all_by_label(label).filter(|node| node.accesskit_node().role() != Role::Label);
    fields.next().unwrap_or_else(|| panic!("no field is called {label}"))
}

fn started(stage: &mut Stage) -> RunConfig {
    stage.state_mut().take_commands();
    // Below all options, which are more than the pane is high.
    stage.get_by_label("Start this run").click_accesskit();
    stage.run();
    let commands = stage.state_mut().take_commands();
    let Some(Command::Start { config, .. }) = commands.last() else { panic!("{commands:?}") };
    (**config).clone()
}

fn type_into(stage: &mut Stage, label: &str, text: &str) {
    field_of(stage, label).focus();
    stage.run();
    field_of(stage, label).type_text(text);
    stage.run();
}

#[test]
fn every_option_is_in_the_form() {
    let stage = stage_with_form();
    let command = RunConfig::augment_args(clap::Command::new("run"));
    let mut count = 0;
    for argument in command.get_arguments() {
        let option = ConfigOption::named(argument.get_id().as_str()).expect("the form knows every option");
        field_of(&stage, &option.label());
        count += 1;
    }
    assert!(count > 30, "{count}");
}

#[test]
fn an_option_is_found_by_its_flag_and_typed_as_on_the_command_line() {
    let mut stage = stage_with_data();
    click(&mut stage, "Training");
    type_into(&mut stage, "Find an option", "--frame-ids");
    assert!(stage.query_all_by_label("Learning rate").next().is_none(), "only what is looked for");
    type_into(&mut stage, "Frame ids", " x");
    let refusals = |stage: &Stage| stage.query_all_by_label_contains("'x' is not a frame id").count();
    assert_eq!(refusals(&stage), 2, "beside the field and in place of the button");
    assert!(stage.query_all_by_label("Start this run").next().is_none());
    click(&mut stage, "Undo Frame ids");
    assert_eq!(refusals(&stage), 0);
    type_into(&mut stage, "Frame ids", " s");
    let ids = [FrameId::TARGET, FrameId::PREVIOUS, FrameId::NEXT, FrameId::Stereo];
    assert_eq!(started(&mut stage).objective.frame_ids, ids);
}

#[test]
fn what_cannot_be_is_refused_beside_the_field() {
    let mut stage = stage_with_form();
    field_of(&stage, "Predictive mask").click_accesskit();
    stage.run();
    let refusals: Vec<_> = stage.get_all_by_label_contains("takes the place of auto-masking").collect();
    assert_eq!(refusals.len(), 2, "beside the field and in place of the button");
    let field = field_of(&stage, "Predictive mask").rect();
    let gap = refusals
        .iter()
        .map(|node| node.rect().top() - field.bottom())
        .fold(f32::INFINITY, |a, b| a.min(b.abs()));
    assert!(gap < 12.0, "{gap}");
    drop(refusals);
    field_of(&stage, "Disable automasking").click_accesskit();
    stage.run();
    let config = started(&mut stage);
    assert!(config.objective.predictive_mask && config.objective.disable_automasking);
}

#[test]
fn what_differs_from_the_preset_is_marked_and_undone_by_itself() {
    let mut stage = stage_with_form();
    assert!(
        stage
            .query_all_by_label_contains("Undo ")
            .all(|node| { node.accesskit_node().label().as_deref() == Some("Undo changes") })
    );
    for label in ["No SSIM", "Tensorboard"] {
        field_of(&stage, label).click_accesskit();
        stage.run();
    }
    assert!(stage.query_by_label_contains("Objective · 1 changed").is_some());
    stage.get_by_label("Undo No SSIM").click_accesskit();
    stage.run();
    assert!(stage.query_by_label("Undo No SSIM").is_none());
    let config = started(&mut stage);
    assert!(config.training.tensorboard && !config.objective.no_ssim);
}

#[test]
fn another_network_brings_its_scales_and_a_run_says_what_it_needs() {
    let mut stage = stage_with_form();
    assert!(stage.query_by_label_contains("GB of ").is_some(), "needed and free memory");
    field_of(&stage, "Depth network").click_accesskit();
    stage.run();
    click(&mut stage, "rt-monodepth-s");
    assert_eq!(started(&mut stage).objective.scales, [0, 1, 2]);
}

#[test]
fn the_time_of_a_step_is_split() {
    let mut stage = stage_with_data();
    click(&mut stage, "Training");
    let split = TimeSplit {
        seconds_upload: 0.1,
        seconds_forward: 0.3,
        seconds_backward: 0.3,
        seconds_optimiser: 0.1,
        seconds_between: 0.1,
    };
    let report = StepReport {
        step: 1,
        total_steps: 2,
        seconds: 0.9,
        seconds_loading: 0.05,
        split: Some(split),
        memory: Some(1_640_000_000),
        ..StepReport::default()
    };
    stage.state_mut().set_activity(Activity::Training);
    stage.state_mut().receive(Event::Step(report));
    stage.run();
    for text in ["forward 30 %", "loading 5 %", "rest 15 %", "1.6 GB", "time of a step: 1.00 s"] {
        assert!(stage.query_all_by_label_contains(text).next().is_some(), "no '{text}'");
    }
}

/// The folder of a run with the figures of two steps.
pub(super) fn earlier_run(runs: &Path) -> PathBuf {
    let run = runs.join("earlier");
    fs::create_dir(&run).unwrap();
    let line = |step: u64, loss: f64| {
        format!(
            "{{\"step\":{step},\"epoch\":0,\"loss\":{loss},\"lr\":1e-4,\"masked_share\":0.1,\"images_per_s\":2.0,\
             \"seconds\":1.0,\"seconds_loading\":0.1}}\n"
        )
    };
    fs::write(run.join("metrics.jsonl"), [line(1, 0.5), line(2, 0.25)].concat()).unwrap();
    run
}

/// Waits for what helper threads find.
pub(super) fn wait_for(stage: &mut Stage, label: &str) {
    for _ in 0..200 {
        stage.run();
        if stage.query_by_label(label).is_some() {
            return;
        }
        sleep(Duration::from_millis(10));
    }
    panic!("no '{label}'");
}

/// Has the curves draw that run.
pub(super) fn add_earlier_run(stage: &mut Stage) {
    click(stage, "Add run…");
    wait_for(stage, "earlier");
    stage.get_by_label("earlier").click();
    wait_for(stage, "Remove earlier");
    stage.key_press(Key::Escape);
    stage.run();
}

#[test]
fn another_run_is_drawn_beside_the_present_one_and_left_out_again() {
    let folder = tempfile::tempdir().unwrap();
    earlier_run(folder.path());
    let mut stage = stage_with_data();
    let config = Preset::Small.config();
    let history = crate::health::healthy(3).into_iter().map(Entry::Step).collect();
    let started = RunStarted { config, out: folder.path().join("present"), history, snapshots: Vec::new() };
    stage.state_mut().start_run(started);
    stage.run();
    add_earlier_run(&mut stage);

    let plot = stage.get_by_label_contains("Plot of Loss").rect();
    stage.get_by_label_contains("Plot of Loss").click();
    stage.run();
    assert!(stage.query_by_label("Clear the selected step").is_some(), "a click marks a step");
    for node in ["Remove earlier", "Clear the selected step"] {
        assert!(stage.get_by_label(node).rect().top() >= plot.bottom() - 1.0, "the key covers no line");
    }
    assert!(stage.query_all_by_label_contains("earlier 0.").next().is_some(), "its value at the cursor");
    click(&mut stage, "Clear the selected step");
    assert!(stage.query_by_label("Clear the selected step").is_none());
    click(&mut stage, "Remove earlier");
    assert!(stage.query_by_label("Remove earlier").is_none());
}
