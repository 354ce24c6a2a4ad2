//! Recents, panes by key, names for those who cannot see the window, and the log.

use super::{
    settings::{kept, press, started_with},
    *,
};
use egui_kittest::kittest::NodeT as _;
use monoscope::app::{Recent, RecentData, Settings};

#[test]
fn what_was_opened_lately_can_be_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = stage();
    let there = DataChoice::Folder(folder.path().to_owned());
    let gone = DataChoice::Folder(folder.path().join("gone"));
    for choice in [gone, there.clone()] {
        let split = Some("my_split".to_owned());
        stage.state_mut().open(choice.clone(), split.clone(), None);
        stage.state_mut().open_data(DataReport { choice, split, ..data() });
    }
    stage.run();
    stage.state_mut().take_commands();
    let recents = kept(&stage).recents;
    assert_eq!(recents.data[0], RecentData { data: there.clone(), split: Some("my_split".to_owned()) });
    assert_eq!(recents.data.len(), 2);

    let mut again = started_with(&kept(&stage).text());
    again.state_mut().take_commands();
    click(&mut again, "Data");
    // A helper thread looks which are there.
    let is_greyed = |stage: &Stage| {
        let gone = stage.get_by_label_contains("gone (my_split)");
        gone.accesskit_node().is_disabled()
    };
    for _ in 0..200 {
        again.run();
        if is_greyed(&again) {
            break;
        }
        sleep(Duration::from_millis(10));
    }
    assert!(is_greyed(&again));
    let name = folder.path().file_name().unwrap().to_str().unwrap();
    let label = format!("{name} (my_split)");
    let entries: Vec<_> = again.get_all_by_label_contains(&label).collect();
    entries[0].click();
    drop(entries);
    again.run();
    let commands = again.state_mut().take_commands();
    let reopens = |command: &Command| matches!(command, Command::OpenData { data, split: Some(split), .. } if *data == there && split == "my_split");
    assert!(commands.iter().any(reopens), "{commands:?}");

    // From the palette too.
    press(&mut again, Modifiers::COMMAND, Key::P);
    again.get_by_label("Command").type_text(name);
    again.run();
    press(&mut again, Modifiers::NONE, Key::Enter);
    assert!(again.state_mut().take_commands().iter().any(reopens));

    let mut again = started_with(&kept(&stage).text());
    click(&mut again, "Data");
    click(&mut again, "Clear recents");
    assert_eq!(kept(&again).recents.all().count(), 0);
}

#[test]
fn recents_are_few_and_the_newest_is_first() {
    let mut recents = Settings::default().recents;
    for index in 0..20 {
        recents.add(Recent::Weights(format!("/weights/{index}").into()));
        recents.add(Recent::Weights("/weights/0".into()));
    }
    assert_eq!(recents.weights.len(), 8);
    assert_eq!(recents.weights[..2], [PathBuf::from("/weights/0"), PathBuf::from("/weights/19")]);
}

#[test]
fn the_folder_of_a_run_raises_a_question() {
    let run = tempfile::tempdir().unwrap();
    fs::create_dir(run.path().join("checkpoints")).unwrap();
    fs::write(run.path().join("config.toml"), []).unwrap();
    assert_eq!(recognise(run.path()), FolderContent::RunOrWeights(run.path().to_owned()));
    for (answer, continues) in [("Continue this run", true), ("Use its networks", false)] {
        let mut stage = stage_with_data();
        stage.state_mut().take_commands();
        stage.get_by_label("Path to open").focus();
        stage.run();
        stage.get_by_label("Path to open").type_text(run.path().to_str().unwrap());
        stage.run();
        stage.key_press(Key::Enter);
        for _ in 0..200 {
            stage.run();
            if stage.query_by_label(answer).is_some() {
                break;
            }
            sleep(Duration::from_millis(10));
        }
        if continues {
            // The first answer has the keys.
            press(&mut stage, Modifiers::NONE, Key::Enter);
        } else {
            click(&mut stage, answer);
        }
        let commands = stage.state_mut().take_commands();
        let is_done = |command: &Command| match command {
            Command::Resume { run: path, .. } => continues && path == run.path(),
            Command::LoadWeights { path: Some(path), .. } => !continues && path == run.path(),
            _ => false,
        };
        assert!(commands.iter().any(is_done), "{answer}: {commands:?}");
        assert!(stage.query_by_label(answer).is_none(), "it is asked once");
    }
}

#[test]
fn the_log_tells_everything_with_its_time() {
    let mut stage = stage_with_data();
    stage.state_mut().receive(Event::Notice(notice()));
    press(&mut stage, Modifiers::NONE, Key::M);
    click(&mut stage, "Show the log");
    let problem = |stage: &Stage| {
        stage.query_by_label_contains("problem frame 7 cannot be read. copy it again").is_some()
    };
    let opened = |stage: &Stage| stage.query_by_label_contains("Opened test data (drives: 2)").is_some();
    assert!(problem(&stage) && opened(&stage));
    stage.get_by_label("Search the log").focus();
    stage.run();
    stage.get_by_label("Search the log").type_text("FRAME 7");
    stage.run();
    assert!(problem(&stage) && !opened(&stage));
    stage.get_by_label("Search the log").type_text("8");
    stage.run();
    assert!(stage.query_by_label_contains("No line is like this").is_some());
}

#[test]
fn panes_are_reached_maximised_and_closed_by_key() {
    let mut stage = stage_with_data();
    let has_keys = |stage: &Stage, title: &str| stage.get_by_label(&format!("{title} pane")).is_focused();
    press(&mut stage, Modifiers::COMMAND, Key::Num3);
    assert!(has_keys(&stage, "Curves"));
    press(&mut stage, Modifiers::NONE, Key::Tab);
    assert!(stage.get_by_role_and_label(Role::ComboBox, "Metric").is_focused(), "then its controls");
    press(&mut stage, Modifiers::NONE, Key::F11);
    assert!(stage.query_by_label("Close Timeline").is_none(), "it has the window to itself");
    assert!(stage.get_by_label("Curves pane").rect().width() > 1200.0);
    press(&mut stage, Modifiers::NONE, Key::F11);
    assert!(stage.query_by_label("Close Timeline").is_some());
    press(&mut stage, Modifiers::COMMAND, Key::W);
    assert!(stage.query_by_label("Close Curves").is_none());
    // Everything is passed on the way around.
    let mut passed = BTreeSet::new();
    for _ in 0..12 {
        press(&mut stage, Modifiers::NONE, Key::F8);
        let focused = stage.root().children_recursive().find(egui_kittest::Node::is_focused);
        passed.insert(focused.and_then(|node| node.accesskit_node().label()).unwrap());
    }
    for title in ["Sequence", "Health", "Timeline", "Inspector", "Point cloud", "disparity, scale 0"] {
        assert!(passed.contains(&format!("{title} pane")), "{title} in {passed:?}");
    }
}

#[test]
fn a_double_click_on_a_header_maximises_and_restores() {
    // Slower clicks are not double.
    let harness = builder().with_step_dt(0.02);
    let mut stage = harness.build_ui_state(|ui, window: &mut Scripted| window.ui(ui), window());
    stage.run();
    for is_alone in [true, false] {
        let place = stage.get_by_label("Health pane").rect().center();
        for pressed in [true, false, true, false] {
            stage.event(egui::Event::PointerMoved(place));
            stage.event(egui::Event::PointerButton {
                pos: place,
                button: egui::PointerButton::Primary,
                pressed,
                modifiers: Modifiers::NONE,
            });
        }
        stage.run();
        assert_eq!(stage.query_by_label("Close Timeline").is_none(), is_alone);
        stage.run_steps(100);
    }
}

/// Roles of what a person can do something with.
const INPUTS: [Role; 10] = [
    Role::Button,
    Role::CheckBox,
    Role::ComboBox,
    Role::Link,
    Role::RadioButton,
    Role::Slider,
    Role::SpinButton,
    Role::Splitter,
    Role::TextInput,
    Role::MultilineTextInput,
];

/// Inputs on the screen that nobody could call by a name.
fn nameless(stage: &Stage) -> Vec<String> {
    let is_nameless = |node: &egui_kittest::Node<'_>| {
        let facts = node.accesskit_node();
        INPUTS.contains(&facts.role()) && facts.label().is_none_or(|name| name.trim().is_empty())
    };
    let inputs = stage.root().children_recursive().filter(is_nameless);
    inputs.map(|node| format!("{:?} at {:?}", node.accesskit_node().role(), node.rect())).collect()
}

#[test]
fn every_input_has_a_name() {
    let mut stage = stage_with_data();
    assert_eq!(nameless(&stage), [""; 0], "at the start");
    // While its header is wide; other panes will make it narrow.
    click(&mut stage, "Points");
    assert_eq!(nameless(&stage), [""; 0], "the points of the cloud");
    press(&mut stage, Modifiers::NONE, Key::Escape);
    for key in [Key::Num2, Key::Num7, Key::Num8, Key::Num9] {
        press(&mut stage, Modifiers::COMMAND, key);
        press(&mut stage, Modifiers::NONE, Key::F11);
        assert_eq!(nameless(&stage), [""; 0], "the pane of {key:?}");
        if key == Key::Num2 {
            for group in ["Network", "Objective", "Record"] {
                stage.get_all_by_label(group).last().unwrap().click_accesskit();
                stage.run();
            }
            assert_eq!(nameless(&stage), [""; 0], "all options");
        }
        press(&mut stage, Modifiers::NONE, Key::F11);
    }
    for menu in ["Data", "Weights", "Run", "View", "Help"] {
        // Groups of options may have the same name; the menus come first.
        stage.get_all_by_label(menu).next().unwrap().click_accesskit();
        stage.run();
        assert_eq!(nameless(&stage), [""; 0], "the menu {menu}");
        press(&mut stage, Modifiers::NONE, Key::Escape);
    }
    stage.get_all_by_label("Colours").next().unwrap().click();
    stage.run();
    assert_eq!(nameless(&stage), [""; 0], "the colours of a view");
    press(&mut stage, Modifiers::NONE, Key::Escape);
    press(&mut stage, Modifiers::COMMAND, Key::P);
    assert_eq!(nameless(&stage), [""; 0], "the palette");
    press(&mut stage, Modifiers::NONE, Key::Escape);
    press(&mut stage, Modifiers::NONE, Key::M);
    assert_eq!(nameless(&stage), [""; 0], "the messages");
    enter(&mut stage, Activity::Training);
    stage.state_mut().receive(Event::Step(StepReport { step: 3, total_steps: 9, ..StepReport::default() }));
    stage.run();
    assert_eq!(nameless(&stage), [""; 0], "a run");
}

#[test]
fn tab_reaches_every_part_of_the_window() {
    let mut stage = stage_with_data();
    let mut reached = BTreeSet::new();
    for _ in 0..120 {
        press(&mut stage, Modifiers::NONE, Key::Tab);
        let focused = stage.root().children_recursive().find(egui_kittest::Node::is_focused);
        let name = focused.and_then(|node| node.accesskit_node().label());
        reached.extend(name);
    }
    for name in [
        "Data",
        "View",
        "Train",
        "Open folder…",
        "Path to open",
        "Map to show",
        "Colours",
        "Frame",
        "Previous frame",
        "Follow training",
        "Metric",
        "Smoothing",
        "Close Health",
        "Maximise Point cloud",
    ] {
        assert!(reached.contains(name), "{name} in {reached:?}");
    }
}

#[test]
fn letters_work_while_a_button_has_the_keys_but_not_in_a_field_of_text() {
    let mut stage = stage_with_data();
    stage.get_by_label("Follow training").focus();
    stage.run();
    let is_asked = |stage: &Stage| stage.query_by_label("Add a view of").is_some();
    press(&mut stage, Modifiers::NONE, Key::V);
    assert!(is_asked(&stage));
    press(&mut stage, Modifiers::NONE, Key::Escape);
    stage.get_by_label("Path to open").focus();
    stage.run();
    press(&mut stage, Modifiers::NONE, Key::V);
    assert!(!is_asked(&stage));
}

#[test]
fn nothing_is_cut_off_at_twice_the_size_or_in_a_small_window() {
    for (size, points) in [([1280.0, 800.0], 2.0), ([1920.0, 1080.0], 2.0), ([960.0, 600.0], 1.0)] {
        let harness = builder().with_size(size).with_pixels_per_point(points);
        let mut stage = harness.build_ui_state(|ui, window: &mut Scripted| window.ui(ui), window());
        stage.state_mut().open_data(data());
        stage.run();
        let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::Vec2::from(size));
        for node in stage.root().children_recursive() {
            let role = node.accesskit_node().role();
            // The list of drives and the form scroll.
            if INPUTS.contains(&role) && node.rect().is_positive() && role != Role::TextInput {
                assert!(screen.expand(1.0).contains_rect(node.rect()), "{size:?}: {node:?}");
            }
        }
    }
}

#[test]
fn every_empty_pane_says_what_to_do_next() {
    let mut stage = stage();
    for (key, advice) in [
        (Key::Num1, "Drop a folder here, or try the built-in drive"),
        (Key::Num3, "press Train"),
        (Key::Num4, "choose it in the Sequence pane"),
        (Key::Num5, "choose it in the Sequence pane"),
        (Key::Num6, "press Train"),
        (Key::Num7, "choose it in the Sequence pane"),
        (Key::Num8, "Open data"),
        (Key::Num9, "open data or press Train"),
    ] {
        press(&mut stage, Modifiers::COMMAND, key);
        press(&mut stage, Modifiers::NONE, Key::F11);
        assert!(stage.query_all_by_label_contains(advice).next().is_some(), "{key:?}: {advice}");
        press(&mut stage, Modifiers::NONE, Key::F11);
    }
    press(&mut stage, Modifiers::NONE, Key::I);
    assert!(stage.query_all_by_label_contains("No data is open").next().is_some());
}

#[test]
fn a_view_is_split_in_two_that_lie_beside_or_below_each_other() {
    let header = |stage: &Stage, index: usize| {
        let headers = stage.get_all_by_label("minimum loss pane");
        headers.map(|node| node.rect()).nth(index).unwrap()
    };
    for (entry, is_beside) in [("Split the view to the right", true), ("Split the view downwards", false)] {
        let mut stage = stage_with_data();
        let before = header(&stage, 0);
        // Left of its controls.
        let handle = before.left_center() + egui::vec2(3.0, 0.0);
        stage.hover_at(handle);
        stage.run();
        for pressed in [true, false] {
            let (button, modifiers) = (egui::PointerButton::Secondary, Modifiers::NONE);
            stage.event(egui::Event::PointerButton { pos: handle, button, pressed, modifiers });
        }
        stage.run();
        click(&mut stage, entry);
        stage.run();
        let [first, second] = [0, 1].map(|index| header(&stage, index));
        let half = if is_beside { before.width() / 2.0 } else { before.width() };
        assert!(
            (first.width() - half).abs() < 4.0 && (second.width() - half).abs() < 4.0,
            "{first} {second}"
        );
        let moved = second.min - first.min;
        assert!(if is_beside {
            moved.x > half - 4.0 && moved.y == 0.0
        } else {
            moved.y > 20.0 && moved.x == 0.0
        });
        // The copy is worked in, so that it is the copy that the next key closes.
        let close = stage.get_all_by_label("Close minimum loss").count();
        press(&mut stage, Modifiers::COMMAND, Key::W);
        assert_eq!(stage.get_all_by_label("Close minimum loss").count(), close - 1);
    }
}

#[test]
fn what_is_still_to_be_opened_is_said_until_it_is_there() {
    let mut stage = stage();
    stage.state_mut().open(
        DataChoice::Folder("there".into()),
        None,
        Some(std::path::Path::new("these/weights")),
    );
    stage.run();
    assert!(stage.query_all_by_label_contains("Opening there").next().is_some());
    stage.state_mut().open_data(data());
    stage.run();
    assert!(stage.query_all_by_label_contains("Opening these/weights").next().is_some());
    assert!(stage.query_all_by_label_contains("No networks yet").next().is_none());
}
