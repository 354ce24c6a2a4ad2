//! Keys and the command palette.

use super::{settings::press, *};

#[test]
fn keys_move_along_the_drive() {
    let mut stage = stage_with_data();
    stage.state_mut().take_commands();
    for (pressed, frame) in [(Key::ArrowRight, 2), (Key::End, 19), (Key::ArrowLeft, 18), (Key::Home, 0)] {
        stage.key_press(pressed);
        stage.run();
        assert_eq!(shown(&stage.state_mut().take_commands()), [key(frame)], "{pressed:?}");
    }
}

#[test]
fn of_many_frames_asked_for_only_the_last_is_sent() {
    let mut stage = stage_with_data();
    for _ in 0..5 {
        stage.key_press(Key::ArrowRight);
        stage.run();
    }
    assert_eq!(shown(&stage.state_mut().take_commands()), [key(6)]);
}

#[test]
fn every_key_is_in_the_list_of_shortcuts() {
    let mut stage = stage();
    stage.key_press(Key::Questionmark);
    stage.run();
    for name in ["Previous frame", "Follow training", "Pixels as squares"] {
        assert!(stage.query_all_by_label(name).next().is_some(), "{name}");
    }
    let names = stage.query_all_by_label_contains("point cloud").count();
    assert!(names >= 4, "how to move the cloud: {names}");
    stage.key_press(Key::Escape);
    stage.run();
    assert!(stage.query_by_label("Pixels as squares").is_none(), "Escape closes the list");
}

#[test]
fn no_two_actions_have_one_key() {
    let mut stage = stage();
    stage.key_press(Key::Questionmark);
    stage.run();
    let labels: Vec<String> =
        stage.query_all_by_role(Role::Label).filter_map(|label| label.value()).collect();
    let first = labels.iter().position(|label| label == "Command palette").unwrap() - 1;
    let gestures = labels.iter().position(|label| label == "click").unwrap();
    let keys: Vec<&String> = labels[first..gestures].iter().step_by(2).collect();
    assert!(keys.len() > 30 && keys.iter().any(|key| *key == "Home"), "{keys:?}");
    let different: BTreeSet<&String> = keys.iter().copied().collect();
    assert_eq!(different.len(), keys.len(), "{keys:?}");
}

#[test]
fn the_palette_finds_actions_by_parts_of_their_names() {
    let mut stage = stage_with_data();
    stage.key_press_modifiers(egui::Modifiers::COMMAND, Key::P);
    stage.run();
    stage.get_by_label("Command").type_text("last");
    stage.run();
    stage.key_press(Key::Enter);
    stage.run();
    assert_eq!(shown(&stage.state_mut().take_commands()).last(), Some(&key(19)));
    assert!(stage.query_by_label("Command").is_none(), "the palette closes once something is chosen");
}

#[test]
fn the_palette_does_not_do_what_cannot_be_done() {
    let mut stage = stage_with_data();
    stage.key_press_modifiers(egui::Modifiers::COMMAND, Key::P);
    stage.run();
    stage.get_by_label("Command").type_text("stop");
    stage.run();
    stage.key_press(Key::Enter);
    stage.run();
    let commands = stage.state_mut().take_commands();
    assert!(!commands.iter().any(|command| matches!(command, Command::Stop)));
    assert!(stage.query_by_label("Command").is_some(), "it stays open");
    stage.key_press(Key::Escape);
    stage.run();
    assert!(stage.query_by_label("Command").is_none());
}

#[test]
fn keys_pressed_faster_than_frames_are_drawn_all_count() {
    let mut stage = stage_with_data();
    stage.state_mut().take_commands();
    for _ in 0..3 {
        stage.key_press(Key::ArrowRight);
    }
    stage.step();
    stage.run();
    assert_eq!(shown(&stage.state_mut().take_commands()), [key(4)]);
}

#[test]
fn what_is_typed_before_the_palette_has_the_keys_is_not_lost() {
    let mut stage = stage_with_data();
    let follows = |stage: &Stage| {
        stage.get_by_role_and_label(Role::CheckBox, "Follow training").accesskit_node().toggled()
    };
    let before = follows(&stage);
    // Each letter may come in a frame of its own or together with the keys that open the palette.
    let typed = |text: &str| {
        let key = Key::from_name(&text.to_uppercase()).unwrap();
        let event = egui::Event::Key {
            key,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers: Modifiers::NONE,
        };
        [event, egui::Event::Text(text.to_owned())]
    };
    stage.key_press_modifiers(Modifiers::COMMAND, Key::P);
    for letter in ["f", "o", "l", "l"] {
        typed(letter).into_iter().for_each(|event| stage.event(event));
        stage.step();
    }
    let field = stage.get_by_role_and_label(Role::TextInput, "Command");
    assert_eq!(field.value().as_deref(), Some("foll"));
    assert_eq!(follows(&stage), before, "no letter is taken for a shortcut");
    stage.key_press(Key::Enter);
    stage.run();
    assert_ne!(follows(&stage), before, "what was typed is done");
}

/// What an action of the palette puts on the clipboard.
fn copied(stage: &mut Stage, action: &str) -> String {
    press(stage, Modifiers::COMMAND, Key::P);
    stage.get_by_label("Command").type_text(action);
    stage.run();
    // Without the release, which would have a frame of its own and end the output of this one.
    stage.key_down(Key::Enter);
    let text = (0..4).find_map(|_| {
        stage.step();
        stage.output().platform_output.commands.iter().find_map(|command| match command {
            egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        })
    });
    stage.key_up(Key::Enter);
    stage.run();
    text.expect("something was copied")
}

#[test]
fn the_path_of_the_frame_is_copied_where_it_has_a_file() {
    const ACTION: &str = "Copy the frame's path";
    let mut stage = stage();
    click(&mut stage, "Data");
    assert!(stage.get_by_label(ACTION).accesskit_node().is_disabled(), "there is no frame");
    press(&mut stage, Modifiers::NONE, Key::Escape);
    stage.state_mut().open_data(data());
    stage.run();
    assert_eq!(copied(&mut stage, ACTION), "day/drive_one, frame 1, left camera");
    let file = std::path::absolute("frames/1.png").unwrap();
    let frames = timeline::Painted::of_file(file.clone());
    stage.state_mut().open_frames(data(), Arc::new(frames));
    stage.run();
    assert_eq!(copied(&mut stage, ACTION), file.display().to_string());
}
