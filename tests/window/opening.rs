//! Opening data, weights and splits: by a path, by a first look, and what empty panes say until then.

use super::*;

#[test]
fn the_demo_weights_are_for_a_first_look() {
    let mut stage = stage();
    stage.state_mut().open(DataChoice::Demo, None, None);
    let commands = stage.state_mut().take_commands();
    assert!(
        commands.iter().any(|command| matches!(command, Command::LoadWeights { path: None, .. })),
        "{commands:?}"
    );
    stage.state_mut().open(DataChoice::Folder("kitti".into()), None, None);
    let commands = stage.state_mut().take_commands();
    assert!(
        !commands.iter().any(|command| matches!(command, Command::LoadWeights { path: None, .. })),
        "{commands:?}"
    );
}

#[test]
fn empty_views_say_what_to_do() {
    let mut stage = stage();
    assert!(stage.query_all_by_label_contains("No data is open").next().is_some());
    stage.state_mut().open_data(data());
    stage.run();
    assert_eq!(stage.query_all_by_label_contains("No networks yet: press Train").count(), 4);
    click(&mut stage, "Train from scratch");
    assert!(matches!(stage.state_mut().take_commands().last(), Some(Command::Start { .. })));
    stage.state_mut().load_weights(weights(ResnetArchitecture::RESNET_18, None));
    stage.run();
    assert!(stage.query_by_label_contains("nothing can be warped").is_some());
}

#[test]
fn a_typed_path_is_opened_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("encoder.pth"), []).unwrap();
    let mut stage = stage_with_data();
    stage.state_mut().take_commands();
    let field = stage.get_by_label("Path to open");
    field.focus();
    stage.run();
    stage.get_by_label("Path to open").type_text(folder.path().to_str().unwrap());
    stage.run();
    stage.key_press(Key::Enter);
    // A helper thread looks at the folder.
    let mut commands = Vec::new();
    for _ in 0..200 {
        stage.run();
        commands.extend(stage.state_mut().take_commands());
        if !commands.is_empty() {
            break;
        }
        sleep(Duration::from_millis(10));
    }
    assert!(
        matches!(&commands[..], [Command::LoadWeights { path: Some(path), on_run: OnRun::Ask }] if path == folder.path()),
        "{commands:?}"
    );
}

#[test]
fn folders_are_recognised_by_what_they_hold() {
    let root = tempfile::tempdir().unwrap();
    let make = |path: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(&path).unwrap();
        path
    };
    let drive = make("kitti/2011_09_26/2011_09_26_drive_0001_sync");
    let kitti = root.path().join("kitti");
    for inside in [kitti.clone(), kitti.join("2011_09_26"), drive] {
        assert_eq!(recognise(&inside), FolderContent::Data(kitti.clone()), "{}", inside.display());
    }
    let weights = make("weights");
    fs::write(weights.join("encoder.pth"), []).unwrap();
    assert_eq!(recognise(&weights.join("encoder.pth")), FolderContent::Weights(weights.clone()));
    let single = weights.join("whole.safetensors");
    fs::write(&single, []).unwrap();
    assert_eq!(recognise(&single), FolderContent::Weights(single));
    assert_eq!(recognise(&weights), FolderContent::Weights(weights));
    let split = make("split");
    fs::write(split.join("val_files.txt"), []).unwrap();
    assert_eq!(recognise(&split), FolderContent::Split(split));
    let nothing = make("nothing");
    assert_eq!(recognise(&nothing), FolderContent::Unknown(nothing));
}

#[test]
fn a_pane_is_saved_as_a_picture_from_its_header() {
    let mut stage = stage_with_data();
    let header = stage.get_by_label("Close Timeline").rect();
    stage.hover_at(header.center() - egui::vec2(40.0, 0.0));
    stage.run();
    for pressed in [true, false] {
        stage.event(egui::Event::PointerButton {
            pos: header.center() - egui::vec2(400.0, 0.0),
            button: egui::PointerButton::Secondary,
            pressed,
            modifiers: egui::Modifiers::NONE,
        });
    }
    stage.run();
    assert!(stage.query_by_label_contains("Save as picture").is_some());
}
