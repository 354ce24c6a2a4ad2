//! Opening while a run trains, what fails meanwhile, and what the session says by itself.

use super::{
    settings::{kept, press},
    *,
};
use monoscope::{app::RecentData, session::RequestId};

pub const KEEP: &str = "Look at it while run_001 trains";
pub const END: &str = "End run_001";

/// The name of what has the keys.
pub fn focused(stage: &Stage) -> Option<String> {
    let nodes = stage.root().children_recursive();
    nodes.into_iter().find(egui_kittest::Node::is_focused)?.accesskit_node().label()
}

/// A run of 40 steps that goes on.
pub fn stage_with_run() -> Stage {
    let mut stage = stage_with_data();
    start(&mut stage);
    stage
}

fn start(stage: &mut Stage) {
    let step = |step| Entry::Step(StepReport { step, total_steps: 100, loss: 0.2, ..StepReport::default() });
    stage.state_mut().start_run(RunStarted {
        config: Preset::Small.config(),
        out: "runs/run_001".into(),
        history: (1..=40).map(step).collect(),
        snapshots: Vec::new(),
    });
    stage.run();
    stage.state_mut().take_commands();
}

/// Asks for data or, with some replied to, for weights; gives the command.
pub fn ask(stage: &mut Stage, wants_weights: bool) -> Command {
    if wants_weights {
        stage.state_mut().open(DataChoice::Demo, None, Some(Path::new("these/weights")));
        stage.state_mut().reply(opens_data, Ok(Outcome::Done));
    } else {
        stage.state_mut().open(DataChoice::Folder("there".into()), None, None);
    }
    stage.run();
    let opens = if wants_weights { loads_weights } else { opens_data };
    stage.state_mut().take_commands().into_iter().find(opens).unwrap()
}

pub fn opens_data(command: &Command) -> bool {
    matches!(command, Command::OpenData { .. })
}

fn loads_weights(command: &Command) -> bool {
    matches!(command, Command::LoadWeights { .. })
}

/// The same with another wish for the run.
fn with(command: &Command, wish: OnRun) -> Command {
    let mut command = command.clone();
    if let Command::OpenData { on_run, .. } | Command::LoadWeights { on_run, .. } = &mut command {
        assert_eq!(*on_run, OnRun::Ask, "nothing is done to a run unasked");
        *on_run = wish;
    }
    command
}

pub fn under_way() -> Result<Outcome, Failure> {
    Ok(Outcome::RunUnderWay { out: "runs/run_001".into(), step: 40 })
}

fn failure(text: &str) -> Failure {
    Failure { text: text.to_owned(), advice: "choose another".to_owned(), ..Failure::default() }
}

pub fn says(stage: &Stage, text: &str) -> bool {
    stage.query_all_by_label_contains(text).next().is_some()
}

/// Plays, with frame 2 asked for.
fn play(stage: &mut Stage) {
    stage.state_mut().show(picture(key(1)));
    stage.run();
    stage.get_by_label("Play or pause the drive").click();
    stage.run_steps(3);
    assert_eq!(shown(&stage.state_mut().take_commands()), [key(2)]);
}

#[test]
fn what_is_opened_while_a_run_trains_raises_one_question_with_three_choices() {
    for wants_weights in [false, true] {
        let name = if wants_weights { "these/weights" } else { "there" };
        for (answer, wish) in [(KEEP, Some(OnRun::Keep)), (END, Some(OnRun::End)), ("Cancel", None)] {
            let mut stage = stage_with_run();
            let before = kept(&stage).recents;
            let asked = ask(&mut stage, wants_weights);
            assert!(says(&stage, &format!("Opening {name} …")));
            let opens = if wants_weights { loads_weights } else { opens_data };
            stage.state_mut().reply(opens, under_way());
            stage.run();
            assert!(stage.query_by_label("run_001 is in progress, at step 40").is_some());
            assert!(stage.query_by_label(&format!("To be opened: {name}")).is_some());
            assert!(!says(&stage, "Opening "), "nothing is opened until it is answered");
            for choice in [KEEP, END, "Cancel"] {
                assert!(stage.query_by_label(choice).is_some(), "no '{choice}'");
            }
            click(&mut stage, answer);
            let expected = match wish {
                Some(OnRun::Keep) => vec![Command::FollowTraining(false), with(&asked, OnRun::Keep)],
                Some(wish) => vec![with(&asked, wish)],
                None => Vec::new(),
            };
            assert_eq!(stage.state_mut().take_commands(), expected, "{answer}");
            assert!(stage.query_by_label("Cancel").is_none(), "it is asked once");
            assert_eq!(says(&stage, &format!("Opening {name} …")), wish.is_some());
            assert_eq!(kept(&stage).recents, before, "what is not open yet is not remembered");
            assert!(!stage.get_by_label("Pause").accesskit_node().is_disabled(), "the run goes on");
        }
    }
}

#[test]
fn escape_leaves_everything_and_the_first_choice_has_the_keys() {
    let mut stage = stage_with_run();
    ask(&mut stage, false);
    stage.state_mut().reply(opens_data, under_way());
    stage.run();
    press(&mut stage, Modifiers::NONE, Key::Escape);
    assert!(stage.query_by_label(KEEP).is_none());
    assert_eq!(stage.state_mut().take_commands(), []);

    let asked = ask(&mut stage, false);
    stage.state_mut().reply(opens_data, under_way());
    stage.run();
    assert_eq!(focused(&stage).as_deref(), Some(KEEP));
    press(&mut stage, Modifiers::NONE, Key::Enter);
    let again = with(&asked, OnRun::Keep);
    assert_eq!(stage.state_mut().take_commands(), [Command::FollowTraining(false), again]);
}

#[test]
fn of_two_things_to_be_opened_each_is_asked_about() {
    let mut stage = stage_with_run();
    let there = DataChoice::Folder("there".into());
    stage.state_mut().open(there, None, Some(Path::new("these/weights")));
    stage.state_mut().reply(opens_data, under_way());
    stage.state_mut().reply(loads_weights, under_way());
    stage.run();
    stage.state_mut().take_commands();
    assert!(stage.query_by_label("To be opened: there").is_some());
    click(&mut stage, "Cancel");
    stage.run();
    assert!(stage.query_by_label("To be opened: these/weights").is_some());
    click(&mut stage, END);
    let commands = stage.state_mut().take_commands();
    assert!(matches!(&commands[..], [Command::LoadWeights { on_run: OnRun::End, .. }]), "{commands:?}");
}

#[test]
fn what_cannot_be_opened_while_a_run_trains_changes_nothing() {
    for wants_weights in [false, true] {
        let mut stage = stage_with_run();
        play(&mut stage);
        let before = kept(&stage).recents;
        ask(&mut stage, wants_weights);
        let opens = if wants_weights { loads_weights } else { opens_data };
        stage.state_mut().reply(opens, Err(failure("there is nothing in it")));
        stage.run();
        assert!(stage.query_by_label("Problem").is_some());
        assert!(stage.query_by_label("there is nothing in it").is_some());
        assert!(stage.query_by_label("choose another").is_some());
        assert!(!says(&stage, "Opening ") && stage.query_by_label("Cancel").is_none());
        assert!(!stage.get_by_label("Pause").accesskit_node().is_disabled(), "the run goes on");
        assert!(says(&stage, "step 40 / 100") && says(&stage, "2 drives, 23 frames"));
        assert_eq!(kept(&stage).recents, before);
        stage.state_mut().show(picture(key(2)));
        stage.run_steps(3);
        assert_eq!(shown(&stage.state_mut().take_commands()), [key(3)], "playback goes on");
    }
}

#[test]
fn a_choice_is_remembered_only_when_it_opened() {
    let mut stage = stage_with_data();
    let there = DataChoice::Folder("/there".into());
    stage.state_mut().open(there.clone(), Some("eigen_zhou".to_owned()), Some(Path::new("/these/weights")));
    stage.state_mut().reply(loads_weights, Err(failure("no weights")));
    assert_eq!(kept(&stage).recents.all().count(), 0);
    stage.state_mut().open_data(DataReport { choice: there.clone(), ..data() });
    let recents = kept(&stage).recents;
    assert_eq!(recents.data, [RecentData { data: there, split: Some("eigen_zhou".to_owned()) }]);
    assert!(recents.weights.is_empty(), "{recents:?}");
    stage.state_mut().load_weights(weights(ResnetArchitecture::RESNET_18, None));
    let [path] = &kept(&stage).recents.weights[..] else { panic!("one is remembered") };
    assert!(path.ends_with("there/are/weights"));
}

#[test]
fn a_notice_neither_stops_playback_nor_ends_what_is_opened() {
    let mut stage = stage_with_data();
    play(&mut stage);
    ask(&mut stage, false);
    let text = "day/drive_one 7 l was skipped: it cannot be read".to_owned();
    stage.state_mut().receive(Event::Notice(Notice { text, ..notice() }));
    stage.run();
    assert!(stage.query_by_label_contains("7 l was skipped").is_some());
    assert!(says(&stage, "Opening there …"));
    assert_eq!(shown(&stage.state_mut().take_commands()), [], "frame 2 was not shown yet");
    stage.state_mut().show(picture(key(2)));
    stage.run_steps(3);
    assert_eq!(shown(&stage.state_mut().take_commands()), [key(3)]);
}

#[test]
fn playback_passes_over_a_frame_that_cannot_be_shown() {
    let mut stage = stage_with_data();
    play(&mut stage);
    stage.state_mut().receive(Event::Notice(Notice { topic: Topic::View, ..notice() }));
    stage.run_steps(3);
    assert_eq!(shown(&stage.state_mut().take_commands()), [key(3)]);
    stage.run_steps(3);
    assert_eq!(shown(&stage.state_mut().take_commands()), [], "one frame is passed over");
}

#[test]
fn the_way_back_to_the_run_is_there_while_something_else_is_looked_at() {
    let back = "Back to run_001";
    for width in [1280.0, 960.0] {
        let harness = builder().with_size([width, 800.0]);
        let mut stage = harness.build_ui_state(|ui, window: &mut Scripted| window.ui(ui), window());
        stage.state_mut().open_data(data());
        start(&mut stage);
        assert!(stage.query_by_label(back).is_none());

        let other = ModelReport { id: 100, ..weights(ResnetArchitecture::RESNET_18, None) };
        let mut of_run = None;
        stage.state_mut().publish(|state| {
            of_run = state.model.replace(Arc::new(other));
            state.run.as_mut().unwrap().is_viewed = false;
        });
        stage.run();
        let [back_rect, devices] =
            [back, "llvmpipe draws · CPU backend trains"].map(|label| stage.get_by_label(label).rect());
        assert!(back_rect.right() <= devices.left() && devices.right() <= width, "{back_rect} {devices}");
        stage.state_mut().take_commands();
        click(&mut stage, back);
        let commands = stage.state_mut().take_commands();
        assert_eq!(commands, [Command::ViewRun, Command::FollowTraining(true)]);

        stage.state_mut().publish(|state| {
            state.model = of_run;
            state.run.as_mut().unwrap().is_viewed = true;
        });
        stage.run();
        assert!(stage.query_by_label(back).is_none());
        // The other weights have two scales, the run has four.
        stage.get_all_by_label("Map to show").last().unwrap().click();
        stage.run();
        stage.get_by_label("Search maps").type_text("disparity 3");
        stage.run();
        assert!(stage.query_by_label("No map matches").is_none());
        stage.key_press(Key::Escape);
        stage.run();

        stage.state_mut().open_data(DataReport { name: "other data".to_owned(), ..data() });
        stage.run();
        click(&mut stage, back);
        assert!(stage.state_mut().take_commands().contains(&Command::ViewRun));
    }
}

#[test]
fn the_next_run_starts_from_the_weights_that_are_looked_at_when_a_run_ends() {
    let mut stage = stage_with_run();
    let loaded = weights(ResnetArchitecture::RESNET_50, None);
    stage.state_mut().publish(|state| {
        state.model = Some(Arc::new(ModelReport { id: 100, ..loaded }));
        state.run.as_mut().unwrap().is_viewed = false;
    });
    stage.state_mut().set_activity(Activity::Idle);
    let (steps, out) = (40, PathBuf::from("runs/run_001"));
    stage.state_mut().receive(Event::RunEnded { steps, out, failure: None });
    stage.run();
    assert!(says(&stage, "Its checkpoints are in runs/run_001"), "its networks are not what is loaded");
    assert!(stage.query_by_label("weights").is_some(), "the form says where the run starts from");
    assert!(stage.query_by_label("Take the loaded networks").is_some(), "they are others than the form's");
}

#[test]
fn a_change_that_is_refused_leaves_the_form_as_the_run_is() {
    let mut stage = stage_with_run();
    click(&mut stage, "Disable automasking");
    let changes = |command: &Command| matches!(command, Command::Change(_));
    assert!(stage.state_mut().take_commands().iter().any(changes));
    let is_checked = |stage: &Stage| {
        let node = stage.get_by_role_and_label(Role::CheckBox, "Disable automasking");
        node.accesskit_node().toggled() == Some(egui::accesskit::Toggled::True)
    };
    assert!(is_checked(&stage));
    stage.state_mut().reply(changes, Err(failure("it cannot be changed")));
    stage.run();
    assert!(!is_checked(&stage));
    assert_eq!(stage.state_mut().take_commands(), [], "and it is not asked for again");
}

/// What is put on the clipboard by a button.
fn copied(stage: &mut Stage, button: &str) -> String {
    stage.get_by_label(button).click();
    let text = (0..4).find_map(|_| {
        stage.step();
        stage.output().platform_output.commands.iter().find_map(|command| match command {
            egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        })
    });
    text.expect("something was copied")
}

#[test]
fn where_the_program_failed_is_in_the_log_to_be_copied() {
    let report = "panicked at src/model/depth.rs:12:5\n   0: depth\n   1: forward\n";
    let mut stage = stage_with_data();
    click(&mut stage, "Train");
    let failed = Failure { report: Some(report.to_owned()), ..failure("an error within the program") };
    stage.state_mut().reply(|command| matches!(command, Command::Start { .. }), Err(failed));
    press(&mut stage, Modifiers::COMMAND, Key::Num9);
    assert_eq!(copied(&mut stage, "Copy report"), report);
    stage.run();
    stage.get_by_label("Search the log").focus();
    stage.run();
    stage.get_by_label("Search the log").type_text("Depth.rs:12");
    stage.run();
    assert!(stage.query_by_label_contains("an error within the program. choose another").is_some());
    assert!(stage.query_by_label_contains("Opened test data").is_none());
    let all = copied(&mut stage, "Copy");
    assert!(all.contains("choose another\npanicked at") && all.ends_with("1: forward"), "{all}");
    assert!(stage.get_by_label("Copy report").rect().right() <= 1280.0);
}

#[test]
fn a_reply_that_nobody_waits_for_does_no_harm() {
    let mut stage = stage_with_data();
    for result in [Ok(Outcome::Done), under_way(), Err(failure("late"))] {
        stage.state_mut().receive(Event::Reply(Reply { id: RequestId(999), result }));
        stage.run();
    }
    assert!(stage.query_by_label("late").is_some());
    assert!(stage.query_by_label(KEEP).is_none());
}
