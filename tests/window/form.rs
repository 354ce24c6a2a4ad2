//! The form of the next run beside the networks that are loaded, and starts that are refused.

use super::*;
use monoscope::config::{NetworkFile, PoseModelInput, PoseModelType, RunConfig};

const PAIRS: PoseArchitecture =
    PoseArchitecture { model: PoseModel::Separate(ResnetArchitecture::RESNET_18), frames: 2 };

fn stage_with_weights(encoder: ResnetArchitecture, pose: Option<PoseArchitecture>) -> Stage {
    let mut stage = stage_with_data();
    click(&mut stage, "Training");
    stage.state_mut().load_weights(weights(encoder, pose));
    stage.run();
    stage.state_mut().take_commands();
    stage
}

fn started(stage: &mut Stage) -> RunConfig {
    click(stage, "Train");
    let commands = stage.state_mut().take_commands();
    let Some(Command::Start { config, .. }) = commands.last() else { panic!("{commands:?}") };
    (**config).clone()
}

/// Chooses an option of a list in the form.
fn choose(stage: &mut Stage, label: &str, choice: &str) {
    stage.get_by_role_and_label(Role::ComboBox, label).click_accesskit();
    stage.run();
    stage.get_by_label(choice).click_accesskit();
    stage.run();
}

#[test]
fn the_form_takes_networks_and_size_of_opened_weights_and_nothing_else() {
    let mut stage = stage_with_weights(ResnetArchitecture::RESNET_50, Some(PAIRS));
    let told = stage.query_by_label_contains("took from them: Height, Width, Num layers, Scales");
    assert!(told.is_some(), "the news says what changed");
    assert!(stage.query_by_label("Undo Width").is_some(), "it differs from the preset");
    let mut expected = Preset::Small.config();
    expected.network.num_layers = 50;
    (expected.network.height, expected.network.width) = (192, 640);
    expected.objective.scales = vec![0, 1];
    assert_eq!(started(&mut stage), expected);
}

#[test]
fn the_demo_weights_leave_the_form_as_it_is() {
    let mut stage = stage_with_data();
    let demo =
        ModelReport { provenance: Provenance::Demo, ..weights(ResnetArchitecture::RESNET_50, Some(PAIRS)) };
    stage.state_mut().load_weights(demo);
    stage.run();
    assert_eq!(started(&mut stage), Preset::Small.config());
}

#[test]
fn networks_that_no_longer_fit_are_told_beside_the_field_before_the_start() {
    let mut stage = stage_with_weights(ResnetArchitecture::RESNET_18, None);
    choose(&mut stage, "Depth network", "rt-monodepth-s");
    let reason = "choose the same by \"Depth network\"";
    assert!(stage.query_all_by_label_contains(reason).count() >= 2, "beside the field and below the form");
    assert!(stage.query_by_label_contains("--").is_none(), "flags are of the command line");
    assert!(stage.get_by_label("Train").accesskit_node().is_disabled());
    click(&mut stage, "Take the loaded networks");
    assert!(stage.query_by_label_contains(reason).is_none());
    assert_eq!(started(&mut stage).objective.scales, [0, 1]);
}

#[test]
fn unloaded_weights_let_runs_begin_from_scratch() {
    let mut stage = stage_with_weights(ResnetArchitecture::RESNET_18, None);
    choose(&mut stage, "Depth network", "rt-monodepth-s");
    // The list of networks may still lie over it.
    stage.get_by_label("From scratch").click_accesskit();
    stage.run();
    let commands = stage.state_mut().take_commands();
    assert!(commands.iter().any(|command| matches!(command, Command::UnloadWeights)), "{commands:?}");
    stage.state_mut().publish(|state| state.model = None);
    stage.state_mut().reply(|command| *command == Command::UnloadWeights, Ok(Outcome::Done));
    stage.run();
    assert!(stage.query_by_label("Take the loaded networks").is_none());
    assert!(stage.query_all_by_label_contains("No networks yet").next().is_some());
    started(&mut stage);

    stage.get_all_by_label("Weights").next().unwrap().click_accesskit();
    stage.run();
    assert!(stage.get_by_label("Unload weights").accesskit_node().is_disabled(), "there are none");
}

#[test]
fn the_next_run_starts_from_the_networks_of_the_last_if_the_form_still_fits() {
    let mut stage = stage_with_data();
    click(&mut stage, "Training");
    let config = Preset::Small.config();
    let started =
        RunStarted { config, out: "runs/run_007".into(), history: Vec::new(), snapshots: Vec::new() };
    stage.state_mut().start_run(started);
    stage.state_mut().set_activity(Activity::Idle);
    stage.state_mut().receive(Event::RunEnded { steps: 9, out: "runs/run_007".into(), failure: None });
    stage.run();
    assert!(stage.query_by_label("run_007").is_some(), "the form says where the run starts from");
    choose(&mut stage, "Preset", Preset::Light.label());
    assert!(stage.query_by_label("Take the loaded networks").is_some());
}

#[test]
fn networks_tell_the_configuration_whose_run_takes_them_over() {
    let of = |config: &RunConfig| Architecture::new(&config.network, &config.objective).unwrap();
    let presets = || Preset::ALL.map(Preset::config).into_iter();
    for loaded in presets() {
        for form in presets() {
            let config = of(&loaded).configured(&form);
            assert_eq!(config.training, form.training);
            assert_eq!(config.validate(), Ok(()), "{loaded:?} {form:?}");
            assert_eq!(of(&config).can_adopt(&of(&loaded), &NetworkFile::ALL), Ok(()), "{loaded:?} {form:?}");
        }
    }
    let mut other = Preset::Small.config();
    other.network.pose_num_layers = 50;
    let first_option = |config: &RunConfig| {
        let error = of(&Preset::Small.config()).can_adopt(&of(config), &NetworkFile::ALL).unwrap_err();
        error.option().unwrap().name
    };
    assert_eq!(first_option(&other), "pose_num_layers");
    other.network.num_layers = 34;
    assert_eq!(first_option(&other), "num_layers");
    let mut other = Preset::Small.config();
    other.network.pose_model_input = PoseModelInput::All;
    assert_eq!(first_option(&other), "pose_model_input");
    other.network.pose_model_type = PoseModelType::Posecnn;
    assert_eq!(first_option(&other), "pose_model_type");
}

#[test]
fn a_refused_start_is_no_stop_and_speaks_of_the_form() {
    let mut stage = stage_with_data();
    click(&mut stage, "Train");
    let failure = Failure {
        text: "--batch-size 0 is refused; choose another folder with --out".to_owned(),
        effect: RunEffect::NotStarted,
        ..Failure::default()
    };
    stage.state_mut().reply(|command| matches!(command, Command::Start { .. }), Err(failure));
    stage.run();
    assert!(stage.query_by_label("The run could not start").is_some());
    assert!(stage.query_by_label_contains("has stopped").is_none());
    let what = "\"Batch size\" 0 is refused; choose another folder with \"Written to\"";
    assert!(stage.query_by_label(what).is_some());
    stage.state_mut().receive(Event::Notice(Notice { level: Level::Error, topic: Topic::Run, ..notice() }));
    stage.run();
    assert!(stage.query_by_label("The run has stopped").is_some());
}

#[test]
fn whoever_presses_train_twice_starts_one_run() {
    let mut stage = stage_with_data();
    stage.state_mut().take_commands();
    for _ in 0..3 {
        stage.key_press(Key::F5);
        stage.run();
    }
    let commands = stage.state_mut().take_commands();
    assert_eq!(commands.iter().filter(|command| matches!(command, Command::Start { .. })).count(), 1);
    // The session refuses it.
    let failure = Failure { effect: RunEffect::NotStarted, ..Failure::default() };
    stage.state_mut().reply(|command| matches!(command, Command::Start { .. }), Err(failure));
    stage.run();
    stage.key_press(Key::F5);
    stage.run();
    let commands = stage.state_mut().take_commands();
    assert!(matches!(commands.last(), Some(Command::Start { .. })), "{commands:?}");
}
