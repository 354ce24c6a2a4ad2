//! The way out: the window closes once the last checkpoint is written, and asks where it cannot be.

use super::*;
use egui::{ViewportCommand, ViewportEvent, ViewportId};
use monoscope::{app::Ending, runs::Position};

const TRY_AGAIN: &str = "Try again";
const QUIT: &str = "Quit and lose 40 steps";

/// A run at step 412, 40 steps after its last checkpoint.
fn stage_with_run() -> Stage {
    let mut stage = stage_with_data();
    enter(&mut stage, Activity::Training);
    stage.state_mut().publish(|state| {
        let run = state.run.as_mut().unwrap();
        (run.step, run.saved_step, run.total_steps) = (412, 372, 3000);
    });
    stage
}

/// Clicks the cross of the window; gives what the window says to that.
fn close(stage: &mut Stage) -> Vec<ViewportCommand> {
    let viewport = stage.input_mut().viewports.entry(ViewportId::ROOT).or_default();
    viewport.events.push(ViewportEvent::Close);
    stage.step();
    stage.input_mut().viewports.entry(ViewportId::ROOT).or_default().events.clear();
    said(stage)
}

fn said(stage: &Stage) -> Vec<ViewportCommand> {
    stage.output().viewport_output[&ViewportId::ROOT].commands.clone()
}

fn stays(said: &[ViewportCommand]) -> bool {
    said.contains(&ViewportCommand::CancelClose)
}

fn shuts_down(command: &Command) -> bool {
    matches!(command, Command::Shutdown { .. })
}

fn shutdowns(stage: &mut Stage) -> Vec<Command> {
    stage.state_mut().take_commands().into_iter().filter(shuts_down).collect()
}

fn full() -> Failure {
    Failure {
        text: "the checkpoint runs/run_001/checkpoints/step_000412 cannot be written: the disk is full"
            .to_owned(),
        advice: "the run is paused and its checkpoints are kept".to_owned(),
        effect: RunEffect::Unsaved,
        report: None,
        camera: None,
    }
}

/// A window that was to be closed and cannot write the last checkpoint.
pub fn stage_that_asks() -> Stage {
    let mut stage = stage_with_run();
    assert!(stays(&close(&mut stage)));
    assert_eq!(shutdowns(&mut stage), [Command::Shutdown { even_unsaved: false }]);
    stage.state_mut().reply(shuts_down, Err(full()));
    stage.run();
    stage
}

#[test]
fn without_a_run_the_window_closes_at_once() {
    let mut stage = stage_with_data();
    assert!(!stays(&close(&mut stage)));
    assert_eq!(shutdowns(&mut stage), []);
}

#[test]
fn the_window_closes_once_the_last_checkpoint_is_written() {
    let mut stage = stage_with_run();
    for _ in 0..3 {
        assert!(stays(&close(&mut stage)), "it waits, however often it is asked");
    }
    assert_eq!(shutdowns(&mut stage), [Command::Shutdown { even_unsaved: false }]);
    assert!(stage.query_by_label("The run writes its last checkpoint.").is_some());
    stage.state_mut().set_activity(Activity::Idle);
    stage.state_mut().reply(shuts_down, Ok(Outcome::Done));
    stage.step();
    assert!(said(&stage).contains(&ViewportCommand::Close));
    assert!(!stays(&close(&mut stage)));
    assert_eq!(*stage.state().ending(), Ending::Ended(None));
}

#[test]
fn a_checkpoint_that_cannot_be_written_raises_a_question() {
    let mut stage = stage_that_asks();
    for text in [&full().text, "40 steps since the checkpoint of step 372 are not saved.", TRY_AGAIN, QUIT] {
        assert!(stage.query_by_label(text).is_some(), "no '{text}'");
    }
    assert!(stays(&close(&mut stage)), "the question is not passed over");
    assert_eq!(shutdowns(&mut stage), []);

    click(&mut stage, TRY_AGAIN);
    assert_eq!(shutdowns(&mut stage), [Command::Shutdown { even_unsaved: false }]);
    stage.state_mut().reply(shuts_down, Err(full()));
    stage.run();
    stage.get_by_label(QUIT).click();
    stage.step();
    assert_eq!(shutdowns(&mut stage), [Command::Shutdown { even_unsaved: true }]);
    stage.state_mut().reply(shuts_down, Err(full()));
    stage.step();
    assert!(said(&stage).contains(&ViewportCommand::Close));
    assert!(!stays(&close(&mut stage)));
    assert_eq!(*stage.state().ending(), Ending::Ended(Some(full())), "the program says so where it ends");
}

#[test]
fn one_can_stay_and_is_told_why() {
    for by_key in [false, true] {
        let mut stage = stage_that_asks();
        if by_key {
            stage.key_press(Key::Escape);
            stage.run();
        } else {
            click(&mut stage, "Cancel");
        }
        assert_eq!(*stage.state().ending(), Ending::None);
        assert!(stage.query_by_label(TRY_AGAIN).is_none());
        assert!(stage.query_by_label(&full().text).is_some(), "the message stays");
        assert_eq!(shutdowns(&mut stage), []);
    }
}

#[test]
fn a_signal_ends_the_window_with_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = end_to_end::theatre(folder.path());
    end_to_end::train_on_the_built_in_drive(&mut stage);
    let end = stage.state().as_ref().unwrap().ender();
    std::thread::spawn(end).join().unwrap();
    let closes = |stage: &end_to_end::Theatre| {
        let said = &stage.output().viewport_output[&ViewportId::ROOT].commands;
        said.contains(&ViewportCommand::Close)
    };
    end_to_end::wait_for(&mut stage, "the end", closes);
    assert_eq!(stage.state_mut().as_mut().unwrap().end(), None);
    let run = folder.path().join("run_001");
    let last = fs::read_to_string(run.join("last")).unwrap();
    assert!(Position::read(&run.join("checkpoints").join(last.trim())).unwrap().step >= 2, "{last}");
}

#[test]
fn a_signal_ends_the_window_without_a_checkpoint_where_none_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = end_to_end::theatre(folder.path());
    end_to_end::train_on_the_built_in_drive(&mut stage);
    crate::endings::obstruct(&folder.path().join("run_001"));
    let lab = stage.state_mut().as_mut().unwrap();
    lab.ender()();
    let failure = lab.end().expect("nothing can be written");
    assert!(failure.text.contains("step_0000") && failure.text.contains("cannot be written"), "{failure}");
    assert!(
        failure.advice.contains("checkpoint of step 0") && failure.advice.contains("--resume"),
        "{failure}"
    );
}
