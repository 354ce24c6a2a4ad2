//! The trajectory pane.

use super::*;

/// A drive straight on that the networks see at half its length, as far as the first frames of 20.
fn trajectory(known: usize, truth: bool) -> Trajectory {
    let straight = |step: f64| {
        let at = move |frame: u32| DAffine3::from_translation(DVec3::Z * step * f64::from(frame));
        (0..20).map(move |frame| (frame, at(frame)))
    };
    Trajectory {
        folder: key(0).folder,
        side: Side::Left,
        frames: (0..20).collect(),
        predicted: straight(0.5).map(|(_, pose)| pose).take(known).collect(),
        truth: Arc::new(if truth { straight(1.0).collect() } else { BTreeMap::new() }),
        remarks: Remarks::default(),
        problem: None,
        step: 0,
    }
}

#[test]
fn the_path_of_the_drive_is_asked_for_drawn_and_clicked() {
    let mut stage = stage_with_data();
    assert!(stage.query_by_label_contains("no pose network").is_none(), "the pane waits to be opened");
    click(&mut stage, "View");
    click(&mut stage, "Trajectory");
    stage.key_press(Key::Escape);
    stage.run();
    assert!(stage.query_by_label_contains("There is no pose network").is_some());

    let config = Preset::Small.config();
    let (history, snapshots) = (Vec::new(), Vec::new());
    let started = RunStarted { config, out: PathBuf::from("runs/one"), history, snapshots };
    stage.state_mut().start_run(started);
    stage.run();
    stage.state_mut().take_commands();
    click(&mut stage, "Predict the path");
    let commands = stage.state_mut().take_commands();
    assert!(
        matches!(&commands[..], [Command::PredictTrajectory { folder, side: Side::Left }] if *folder == key(0).folder),
        "{commands:?}"
    );
    stage
        .state_mut()
        .reply(|command| matches!(command, Command::PredictTrajectory { .. }), Ok(Outcome::Done));
    stage.state_mut().receive_trajectory(&trajectory(5, true));
    stage.run();
    assert!(stage.query_by_label("5 of 20 frames").is_some());
    click(&mut stage, "Cancel");
    assert!(matches!(stage.state_mut().take_commands()[..], [Command::CancelTrajectory]));
    stage.state_mut().receive(Event::TrajectoryEnded);
    stage.run();
    assert!(stage.query_by_label_contains("4.0 m travelled").is_some(), "what is there is compared");

    stage.state_mut().receive_trajectory(&trajectory(20, true));
    stage.run();
    let scaled = "19.0 m travelled · ATE 0.000 m of the path, 0.0000 ± 0.0000 m of snippets · RPE 0.0000 m, 0.000° a \
                  frame · drift is not defined below 100 m · scale 2.000";
    assert!(stage.query_by_label(scaled).is_some());
    let mut align = |name: &str| {
        click(&mut stage, "Alignment");
        click(&mut stage, name);
    };
    ["SE(3)", "scale of Sim(3)", "Sim(3)", "unscaled"].into_iter().for_each(&mut align);
    assert!(stage.query_by_label_contains("scale 1.000").is_some());
    assert!(stage.query_by_label_contains("RPE 0.5000 m, 0.000° a frame").is_some());
    click(&mut stage, "Alignment");
    click(&mut stage, "scale");
    // The straight path runs from the lower to the upper end of the plot; its middle is frame 9 or 10.
    click(&mut stage, "Trajectory from above");
    let frames: Vec<u32> = shown(&stage.state_mut().take_commands()).iter().map(|key| key.frame).collect();
    assert!(matches!(frames[..], [9 | 10]), "{frames:?}");
    click(&mut stage, "3-D");
    assert!(stage.query_by_label("Trajectory in space").is_some());
    click(&mut stage, "3-D");

    let mut with_remark = trajectory(20, true);
    with_remark.remarks.add(
        monoscope::data::RemarkKind::LeftOut,
        None,
        "readings left out",
        "0000000004.txt",
    );
    stage.state_mut().receive_trajectory(&with_remark);
    stage.run();
    assert!(stage.query_by_label("1 reading left out (0000000004.txt)").is_some());

    stage.state_mut().receive_trajectory(&trajectory(20, false));
    stage.run();
    assert!(stage.query_by_label_contains("No true path is known").is_some());
    stage.state_mut().open_data(data());
    stage.run();
    assert!(stage.query_by_label("Predict the path").is_some(), "other data has another path");
}

#[test]
fn a_path_that_comes_after_its_end_is_not_waited_for() {
    let mut stage = stage_with_data();
    let (history, snapshots) = (Vec::new(), Vec::new());
    let (config, out) = (Preset::Small.config(), PathBuf::from("runs/one"));
    stage.state_mut().start_run(RunStarted { config, out, history, snapshots });
    click(&mut stage, "View");
    click(&mut stage, "Trajectory");
    stage.key_press(Key::Escape);
    stage.run();
    click(&mut stage, "Predict the path");
    stage
        .state_mut()
        .reply(|command| matches!(command, Command::PredictTrajectory { .. }), Ok(Outcome::Done));
    stage.run();
    assert!(stage.query_by_label("Cancel").is_some());
    stage.state_mut().receive(Event::TrajectoryEnded);
    stage.state_mut().receive_trajectory(&trajectory(5, true));
    stage.run();
    assert!(stage.query_by_label("Cancel").is_none());
    assert!(stage.query_by_label_contains("4.0 m travelled").is_some(), "what is there is compared");
}
