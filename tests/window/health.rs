//! Findings about a run.

use super::*;

#[test]
fn a_finding_is_told_once_and_its_evidence_is_one_click_away() {
    let mut stage = stage_with_data();
    assert!(stage.query_by_label_contains("Common problems of training").is_some());
    let mut history = crate::health::healthy(300);
    let last = history.pop().unwrap();
    let started = RunStarted {
        config: Preset::Small.config(),
        out: PathBuf::from("runs/resumed"),
        history: history.iter().cloned().map(Entry::Step).collect(),
        snapshots: Vec::new(),
    };
    stage.state_mut().start_run(started);
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
    let started = RunStarted {
        config: Preset::Small.config(),
        out: PathBuf::from("runs/broken"),
        history: crate::health::healthy(3).into_iter().map(Entry::Step).collect(),
        snapshots: Vec::new(),
    };
    let rate = started.config.training.learning_rate;
    stage.state_mut().start_run(started);
    let failure = Failure {
        text: "the loss is NaN".to_owned(),
        advice: "continue".to_owned(),
        effect: RunEffect::NonFinite,
        report: None,
        camera: None,
    };
    stage.state_mut().publish(|state| state.run.as_mut().unwrap().failure = Some(failure));
    enter(&mut stage, Activity::Paused);
    click(&mut stage, "Go back to the checkpoint");
    let commands = stage.state_mut().take_commands();
    let [.., Command::Resume { run, on_run: OnRun::End, .. }, Command::Change(Setting::LearningRate(lower))] =
        &commands[..]
    else {
        panic!("{commands:?}")
    };
    assert_eq!(run, &PathBuf::from("runs/broken"));
    assert!(*lower < rate / 2.5, "{lower}");
}
