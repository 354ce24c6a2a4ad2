//! Questions before something is opened: who has the keys, what lies behind, and runs that cannot go on.

use super::{
    replies::{END, KEEP, ask, focused, opens_data, says, stage_with_run, under_way},
    settings::{kept, press},
    *,
};
use monoscope::app::{Recent, Recents, Settings};

/// Has the run of a folder go on, as the Run menu does; gives the commands.
fn resume(stage: &mut Stage, run: &Path) -> Vec<Command> {
    let mut recents = Recents::default();
    recents.add(Recent::Run(run.to_owned()));
    let label = Recent::Run(run.to_owned()).label();
    let settings = Settings { recents, ..kept(stage) };
    let context = stage.ctx.clone();
    stage.state_mut().restore(settings, Vec::new(), &context);
    stage.run();
    click(stage, "Run");
    click(stage, &label);
    stage.state_mut().take_commands()
}

/// The folder of a run of this name.
fn folder(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join(name);
    fs::create_dir(&run).unwrap();
    (folder, run)
}

fn resumes(command: &Command) -> bool {
    matches!(command, Command::Resume { on_run: OnRun::Ask, .. })
}

/// A question about data that could be opened beside run_001.
pub fn asked() -> Stage {
    let mut stage = stage_with_run();
    click(&mut stage, "Sequence");
    ask(&mut stage, false);
    stage.state_mut().reply(opens_data, under_way());
    stage.run();
    stage.state_mut().take_commands();
    assert!(stage.query_by_label(KEEP).is_some());
    stage
}

#[test]
fn enter_ends_no_run() {
    let (_folder, run) = folder("run_007");
    let mut stage = stage_with_run();
    assert!(resume(&mut stage, &run).iter().any(resumes));
    stage.state_mut().reply(resumes, under_way());
    stage.run();
    assert!(says(&stage, "Only one run can be in progress") && stage.query_by_label(KEEP).is_none());
    assert_eq!(focused(&stage).as_deref(), Some("Cancel"));
    press(&mut stage, Modifiers::NONE, Key::Enter);
    assert!(stage.query_by_label(END).is_none());
    assert_eq!(stage.state_mut().take_commands(), []);

    resume(&mut stage, &run);
    stage.state_mut().reply(resumes, under_way());
    stage.run();
    click(&mut stage, END);
    let commands = stage.state_mut().take_commands();
    assert!(matches!(&commands[..], [Command::Resume { on_run: OnRun::End, .. }]), "{commands:?}");
}

#[test]
fn what_lies_behind_a_question_neither_answers_nor_loses_it() {
    let mut stage = asked();
    // By pointer.
    stage.get_by_label("Path to open").click();
    stage.run();
    assert_eq!(focused(&stage).as_deref(), Some(KEEP));
    // By what moves the keys for a person.
    stage.get_by_label("Path to open").focus();
    stage.run();
    assert_eq!(focused(&stage).as_deref(), Some(KEEP));
    stage.event(egui::Event::Text("/somewhere/else".to_owned()));
    for key in [Key::F6, Key::S, Key::F, Key::M] {
        press(&mut stage, Modifiers::NONE, key);
    }
    press(&mut stage, Modifiers::COMMAND, Key::P);
    assert!(stage.query_by_label("Command").is_none(), "no palette lies over it");
    assert_eq!(stage.state_mut().take_commands(), [], "and no key does anything to the run");
    assert_eq!(focused(&stage).as_deref(), Some(KEEP));
    press(&mut stage, Modifiers::NONE, Key::Tab);
    assert_eq!(focused(&stage).as_deref(), Some(END));
    click(&mut stage, KEEP);
    let commands = stage.state_mut().take_commands();
    let [_, Command::OpenData { data, on_run: OnRun::Keep, .. }] = &commands[..] else {
        panic!("{commands:?}")
    };
    assert_eq!(*data, DataChoice::Folder("there".into()));
    press(&mut stage, Modifiers::NONE, Key::F6);
    assert_eq!(stage.state_mut().take_commands(), [Command::Pause], "keys work again");
}

#[test]
fn a_question_gives_way_to_none_that_comes_later() {
    let mut stage = asked();
    let other = DataChoice::Folder("elsewhere".into());
    stage.state_mut().open(other.clone(), None, None);
    stage.run();
    stage.state_mut().reply(opens_data, under_way());
    stage.run();
    assert!(says(&stage, "To be opened: there"));
    stage.state_mut().take_commands();
    click(&mut stage, END);
    let commands = stage.state_mut().take_commands();
    assert!(matches!(&commands[..], [Command::OpenData { on_run: OnRun::End, .. }]), "{commands:?}");
    // The run has ended, so that nothing is to be asked about the other.
    stage.state_mut().set_activity(Activity::Idle);
    stage.run();
    assert!(!says(&stage, "To be opened"));
    let opens_other = |command: &Command| matches!(command, Command::OpenData { data, on_run: OnRun::Ask, .. } if *data == other);
    assert!(stage.state_mut().take_commands().iter().any(opens_other));
}

#[test]
fn the_run_under_way_is_not_opened_again() {
    for (activity, text) in [
        (Activity::Training, "run_001 is training already, at step 41"),
        (Activity::Paused, "run_001 is open already, paused at step 41"),
    ] {
        let (_folder, run) = folder("run_001");
        let mut stage = stage_with_run();
        enter(&mut stage, activity);
        resume(&mut stage, &run);
        stage.state_mut().reply(resumes, Ok(Outcome::AlreadyUnderWay { step: 41 }));
        stage.run();
        assert!(says(&stage, text) && stage.query_by_label("Cancel").is_none());
        assert_eq!(stage.state_mut().take_commands(), [], "{text}");
    }
}

#[test]
fn a_finished_run_is_said_to_be_and_can_be_looked_at() {
    let finished = || Ok(Outcome::RunFinished { steps: 400 });
    let (_folder, run) = folder("run_007");

    let mut stage = stage_with_data();
    resume(&mut stage, &run);
    stage.state_mut().reply(resumes, finished());
    stage.run();
    assert!(says(&stage, "run_007 is finished") && says(&stage, "All its 400 steps are made"));
    assert_eq!(focused(&stage).as_deref(), Some("Look at it"));
    press(&mut stage, Modifiers::NONE, Key::Enter);
    let look = Command::Resume { run: run.clone(), data: None, config: None, on_run: OnRun::Keep };
    assert_eq!(stage.state_mut().take_commands(), [look]);

    let mut stage = stage_with_run();
    resume(&mut stage, &run);
    stage.state_mut().reply(resumes, finished());
    stage.run();
    assert!(!says(&stage, "in progress, at step") && stage.query_by_label(END).is_none());
    click(&mut stage, "Look at its networks while run_001 trains");
    let load = Command::LoadWeights { path: Some(run), on_run: OnRun::Keep };
    assert_eq!(stage.state_mut().take_commands(), [Command::FollowTraining(false), load]);
}

#[test]
fn a_run_that_goes_on_is_of_no_known_speed_before_its_first_step() {
    let mut stage = stage_with_run();
    assert!(says(&stage, "step 40 / 100") && says(&stage, "preparing the first step"));
    for text in ["– images/s", "– left", "–"] {
        assert!(stage.query_all_by_label(text).next().is_some(), "no '{text}'");
    }
    assert!(!says(&stage, "00:00") && !says(&stage, "0.0 images/s") && !says(&stage, "time of a step"));
    stage.state_mut().receive(Event::Step(StepReport {
        step: 41,
        total_steps: 100,
        images_per_second: 3.5,
        seconds_left: 61.0,
        ..StepReport::default()
    }));
    stage.run();
    for text in ["3.5 images/s", "01:01 left", "01:01"] {
        assert!(stage.query_all_by_label(text).next().is_some(), "no '{text}'");
    }
    assert!(!says(&stage, "preparing the first step"));
}
