//! Questions before something is opened: who has the keys, what lies behind, and runs that cannot go on.

use super::{
    replies::{END, KEEP, ask, focused, opens_data, says, stage_with_run, under_way},
    settings::{kept, press},
    *,
};
use monoscope::{
    app::{Recent, Recents, Settings},
    config::CameraChoice,
    session::UnknownCamera,
};

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

/// Asks the window about the camera of frames in a folder, as the session cannot open them.
pub fn asked_for_camera(stage: &mut Stage, data: &Path, text: &str, has_file: bool) {
    stage.state_mut().open(DataChoice::Folder(data.to_owned()), None, None);
    let camera = UnknownCamera { folder: data.to_owned(), image: data.join("000000.png"), has_file };
    let failure = Failure { text: text.to_owned(), camera: Some(Box::new(camera)), ..Failure::default() };
    stage.state_mut().reply(opens_data, Err(failure));
    stage.state_mut().take_commands();
    // A helper thread reads the picture.
    for _ in 0..20 {
        stage.run();
        sleep(Duration::from_millis(10));
    }
}

/// Waits for the command that a helper thread brings about.
fn next_command(stage: &mut Stage) -> Command {
    for _ in 0..500 {
        stage.run();
        if let Some(command) = stage.state_mut().take_commands().pop() {
            return command;
        }
        sleep(Duration::from_millis(10));
    }
    panic!("nothing was asked for")
}

#[test]
fn frames_without_a_camera_raise_one_question_whose_answer_is_written_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = stage_with_data();
    asked_for_camera(&mut stage, folder.path(), "camera of the frames is missing", false);
    assert!(says(&stage, "How much does the camera see?") && !says(&stage, "Problem"));
    assert_eq!(focused(&stage).as_deref(), Some("Open with 66°"));
    click(&mut stage, "Dashcam 110°");
    assert!(says(&stage, "29 m of road"), "the effect is that of the new angle");
    click(&mut stage, "Open with 110°");
    let opens = Command::OpenData {
        data: DataChoice::Folder(folder.path().to_owned()),
        split: None,
        on_run: OnRun::Ask,
    };
    assert_eq!(next_command(&mut stage), opens);
    let written = fs::read_to_string(folder.path().join("camera.toml")).unwrap();
    assert!(written.ends_with("field_of_view = 110\n"), "{written}");
    assert!(says(&stage, "The camera is in") && says(&stage, "delete it to be asked again"));
}

#[test]
fn a_camera_that_cannot_be_right_is_asked_about_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = stage_with_data();
    asked_for_camera(&mut stage, folder.path(), "these numbers fit pictures of about 1241 × 376", true);
    assert!(says(&stage, "about 1241 × 376"));
    press(&mut stage, Modifiers::NONE, Key::Escape);
    assert!(!says(&stage, "How much does the camera see?"));
    assert_eq!(stage.state_mut().take_commands(), []);
    assert!(!folder.path().join("camera.toml").exists());
}

#[test]
fn a_camera_that_cannot_be_written_counts_all_the_same() {
    let mut stage = stage_with_data();
    let nowhere = Path::new("there/are/no/frames");
    asked_for_camera(&mut stage, nowhere, "camera of the frames is missing", false);
    press(&mut stage, Modifiers::NONE, Key::Enter);
    let Command::OpenData { data: DataChoice::Assuming { folder, camera }, .. } = next_command(&mut stage)
    else {
        panic!("the camera is lost")
    };
    assert_eq!((folder.as_path(), camera), (nowhere, CameraChoice::FieldOfView(66.0)));
    assert!(says(&stage, "cannot be written"));
}
