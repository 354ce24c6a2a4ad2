//! What the window remembers between starts: arrangement, theme, zoom, options of panes.

use super::*;
use crate::support::{Cases, mutate_text, repository};
use monoscope::app::{Settings, SettingsFile, ThemeChoice};

pub fn press(stage: &mut Stage, modifiers: Modifiers, key: Key) {
    stage.key_press_modifiers(modifiers, key);
    stage.run();
}

/// What is remembered of a window.
pub fn kept(stage: &Stage) -> Settings {
    stage.state().settings(&stage.ctx)
}

/// A window that starts with what was remembered.
pub fn started_with(text: &str) -> Stage {
    let (settings, complaints) = Settings::read(text);
    let mut stage = stage();
    let context = stage.ctx.clone();
    stage.state_mut().restore(settings, complaints, &context);
    stage.state_mut().open_data(data());
    stage.run();
    stage
}

/// Shows a pane from the View menu, or hides it.
fn toggle_pane(stage: &mut Stage, title: &str) {
    click(stage, "View");
    stage.get_by_role_and_label(Role::CheckBox, title).click();
    stage.run();
    press(stage, Modifiers::NONE, Key::Escape);
}

/// Two more views, one of another map, and panes closed and opened.
fn edited() -> Stage {
    let mut stage = stage_with_data();
    for map in ["auto-mask", "auto-mask"] {
        press(&mut stage, Modifiers::NONE, Key::V);
        stage.get_by_label(map).click_accesskit();
        stage.run();
    }
    let last = stage.get_all_by_label("Map to show").last().unwrap();
    last.click_accesskit();
    stage.run();
    stage.get_by_label("identity loss −1").click_accesskit();
    stage.run();
    click(&mut stage, "Close Health");
    toggle_pane(&mut stage, "Trajectory");
    click(&mut stage, "Training");
    stage
}

#[test]
fn an_edited_arrangement_comes_back_as_it_was() {
    let mut first = edited();
    let text = kept(&first).text();
    let mut again = started_with(&text);
    assert_eq!(kept(&again), kept(&first));
    assert_eq!(again.get_all_by_label("Map to show").count(), 6);
    assert!(again.query_by_label("Close Health").is_none());
    assert!(again.query_by_label("Close Trajectory").is_some());
    assert!(again.query_by_label("Start this run").is_some(), "the tab that was in front is in front");
    let maps = watched(&again.state_mut().take_commands()).unwrap();
    assert!(maps.contains(&MapName::Identity(FrameId::PREVIOUS)), "{maps:?}");
    // And back to how it was at the first start.
    again.key_press_modifiers(Modifiers::COMMAND, Key::P);
    again.run();
    again.get_by_label("Command").type_text("reset layout");
    again.run();
    press(&mut again, Modifiers::NONE, Key::Enter);
    assert_eq!(kept(&again).layout, kept(&stage_with_data()).layout);
    first.run();
}

#[test]
fn the_first_arrangement_still_fits_itself_to_the_window_after_a_start() {
    let mut first = stage_with_data();
    toggle_pane(&mut first, "Evaluation");
    let mut again = started_with(&kept(&first).text());
    let height = |stage: &Stage, title: &str| stage.get_by_label(&format!("{title} pane")).rect().top();
    again.set_size(egui::vec2(1920.0, 1080.0));
    first.set_size(egui::vec2(1920.0, 1080.0));
    again.run();
    first.run();
    for title in ["Timeline", "Curves", "Health", "Evaluation"] {
        assert_eq!(height(&first, title), height(&again, title), "{title}");
    }
}

#[test]
fn theme_zoom_and_options_of_panes_are_remembered() {
    let mut first = stage_with_data();
    click(&mut first, "View");
    click(&mut first, "Light");
    press(&mut first, Modifiers::NONE, Key::Escape);
    press(&mut first, Modifiers::COMMAND, Key::Plus);
    click(&mut first, "log");
    let settings = kept(&first);
    assert_eq!(settings.theme, ThemeChoice::Light);
    assert_eq!(settings.zoom, 1.1);
    assert!(settings.text().contains("\"is_logarithmic\": true"), "{}", settings.text());
    assert_eq!(kept(&started_with(&settings.text())), settings);
}

#[test]
fn a_pane_that_is_not_known_is_left_out_and_the_rest_stays() {
    let text = kept(&edited()).text().replacen("\"trajectory\"", "\"crystal_ball\"", 1);
    let stage = started_with(&text);
    assert_eq!(stage.get_all_by_label("Map to show").count(), 6);
    assert!(stage.query_by_label("Close Trajectory").is_none(), "the trajectory is there, but hidden");
    assert!(kept(&stage).text().contains("\"trajectory\""));
    assert!(!kept(&stage).text().contains("crystal_ball"));
}

#[test]
fn a_damaged_file_costs_only_what_is_damaged() {
    let mut stage = started_with("{\"zoom\": 1.3, \"theme\": \"purple\", \"desk\": 7}");
    assert_eq!(kept(&stage).zoom, 1.3);
    assert_eq!(kept(&stage).theme, ThemeChoice::Dark);
    press(&mut stage, Modifiers::COMMAND, Key::Num9);
    assert!(stage.query_by_label_contains("theme: unknown variant").is_some(), "the log says why");
    let stage = started_with("what is this?");
    assert_eq!(kept(&stage).layout, kept(&stage_with_data()).layout);
}

fn check_mutants(cases: Cases) {
    let text = kept(&edited()).text();
    let mut stage = stage_with_data();
    let context = stage.ctx.clone();
    cases.run(|seed, random| {
        let (settings, complaints) = Settings::read(&mutate_text(&text, random));
        stage.state_mut().restore(settings, complaints, &context);
        // Drawing takes longer than reading.
        if seed % 20 == 0 {
            stage.run_steps(2);
            assert!(stage.query_by_label("View").is_some(), "the menu bar is gone");
        }
    });
}

#[test]
fn no_damage_to_the_file_stops_the_window() {
    check_mutants(Cases(0..4000));
}

#[test]
#[ignore = "takes half a minute: 40000 mutants of the window's file"]
fn no_damage_to_the_file_stops_the_window_in_full() {
    check_mutants(Cases(0..40_000));
}

#[test]
fn a_file_that_nests_without_end_is_refused() {
    let deep = format!("{{\"desk\": {{\"panes\": {}1{}}}}}", "[".repeat(100_000), "]".repeat(100_000));
    let (settings, complaints) = Settings::read(&deep);
    assert_eq!(settings.layout, None);
    assert_eq!(complaints.len(), 1);
}

#[test]
fn the_file_is_written_whole_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("not/there/yet/window.json");
    let (mut store, settings, complaints) = SettingsFile::open(path.clone());
    assert_eq!((settings, complaints), (Settings::default(), Vec::new()), "the first start is in order");
    let settings = kept(&edited());
    assert_eq!(store.save(&settings), None);
    assert_eq!(store.wait(), None);
    let (_, read, complaints) = SettingsFile::open(path.clone());
    assert_eq!((read, complaints), (settings, Vec::new()));

    fs::write(&path, "{").unwrap();
    let (_, read, complaints) = SettingsFile::open(path);
    assert_eq!(read, Settings::default());
    assert!(complaints[0].contains("window.json"), "{complaints:?}");

    let (mut store, ..) = SettingsFile::open(folder.path().join("not/there/yet/window.json/below/a/file"));
    store.save(&Settings::default());
    assert!(store.wait().unwrap().contains("cannot be saved"));
}

#[test]
fn the_settings_of_version_0_1_are_read_and_what_a_newer_version_keeps_there_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("window.json");
    let older = fs::read_to_string(repository("tests/data/version_0_1/window.json")).unwrap();
    let newer = older.replacen('{', "{\n  \"weather\": {\"rain\": true},", 1).replacen(
        "\"recents\": {",
        "\"recents\": {\n    \"films\": [1, 2],",
        1,
    );
    for (text, is_newer) in [(older, false), (newer, true)] {
        fs::write(&path, text).unwrap();
        let (mut store, settings, complaints) = SettingsFile::open(path.clone());
        assert_eq!(complaints, Vec::<String>::new());
        assert_eq!((settings.theme, settings.zoom), (ThemeChoice::Light, 1.25));
        assert_eq!((settings.recents.data.len(), settings.recents.weights.len()), (1, 1));
        let mut stage = stage();
        let context = stage.ctx.clone();
        stage.state_mut().restore(settings.clone(), complaints, &context);
        assert_eq!(kept(&stage).layout, settings.layout, "each pane is where it was");
        let changed = Settings { zoom: 1.5, ..settings };
        assert_eq!(store.save(&changed), None);
        assert_eq!(store.wait(), None);
        let written: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(written["zoom"], 1.5);
        assert_eq!(written["weather"]["rain"] == true, is_newer, "{written}");
        assert_eq!(written["recents"]["films"].is_array(), is_newer, "{written}");
        assert_eq!(SettingsFile::open(path.clone()).1, changed);
    }
}
