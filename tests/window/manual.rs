//! The manual in the window: pages, search, links, keys.

use super::{settings::press, *};

fn title(stage: &Stage, text: &str) -> bool {
    stage.query_all_by_role_and_label(Role::Label, text).next().is_some()
}

/// A window with the manual open, its search with the keyboard focus.
fn opened() -> Stage {
    let mut stage = stage_with_data();
    press(&mut stage, Modifiers::NONE, Key::F1);
    stage.run();
    stage
}

/// Chooses a page of the list, whose buttons come after those of the panes behind.
fn choose(stage: &mut Stage, page: &str) {
    stage.get_all_by_role_and_label(Role::Button, page).last().unwrap().click_accesskit();
    stage.run();
}

#[test]
fn f1_opens_the_manual_and_escape_closes_it() {
    let mut stage = opened();
    assert!(title(&stage, "Monoscope: the manual"));
    assert!(stage.get_by_label("Search the manual").is_focused());
    press(&mut stage, Modifiers::NONE, Key::Escape);
    assert!(!title(&stage, "Monoscope: the manual"));
    click(&mut stage, "Help");
    stage.get_by_label_contains("Manual").click();
    stage.run();
    assert!(title(&stage, "Monoscope: the manual"));
}

#[test]
fn a_search_over_all_pages_jumps_to_the_heading() {
    let mut stage = opened();
    stage.get_by_label("Search the manual").type_text("FAULT report");
    stage.run();
    assert!(stage.query_by_label("Troubleshooting: Report a fault").is_some());
    press(&mut stage, Modifiers::NONE, Key::Enter);
    stage.run();
    assert!(title(&stage, "Troubleshooting"));
    let heading = stage.get_by_role_and_label(Role::Label, "Report a fault").rect();
    assert!(heading.top() > 60.0 && heading.bottom() < 760.0, "{heading:?}");
    // What is typed is for the search alone.
    stage.get_by_label("Search the manual").type_text(" nowhere-to-be-found");
    stage.run();
    assert!(stage.query_by_label_contains("No page has all these words").is_some());
}

#[test]
fn a_search_finds_rows_of_tables_by_their_first_cell() {
    let mut stage = opened();
    for (typed, found, page) in [
        ("reprojection", "Glossary: reprojection loss", "Glossary"),
        ("accumulate", "Training: --accumulate", "Training"),
        ("split downwards", "Keys: Split the view downwards", "Keys"),
    ] {
        stage.get_by_label("Search the manual").type_text(typed);
        stage.run();
        assert!(stage.query_by_label(found).is_some(), "{typed}");
        stage.get_by_label(found).click();
        stage.run();
        assert!(title(&stage, page), "{page}");
        stage.key_press_modifiers(Modifiers::COMMAND, Key::A);
        stage.key_press(Key::Backspace);
        stage.run();
    }
}

#[test]
fn links_lead_to_pages_and_back_returns() {
    let mut stage = opened();
    stage.get_by_role_and_label(Role::Link, "First steps").click_accesskit();
    stage.run();
    assert!(title(&stage, "First steps"));
    click(&mut stage, "Back");
    assert!(title(&stage, "Monoscope: the manual"));
    choose(&mut stage, "Method");
    assert!(title(&stage, "Method"));
    stage.get_by_role_and_label(Role::Link, "arXiv 1806.01260").click_accesskit();
    stage.step();
    let opens = |command: &egui::OutputCommand| matches!(command, egui::OutputCommand::OpenUrl(open) if open.url == "https://arxiv.org/abs/1806.01260");
    assert!(stage.output().platform_output.commands.iter().any(opens));
}

#[test]
fn every_page_can_be_drawn_in_every_window() {
    for size in [[1280.0, 800.0], [720.0, 480.0]] {
        let mut stage =
            builder().with_size(size).build_ui_state(|ui, window: &mut Scripted| window.ui(ui), window());
        press(&mut stage, Modifiers::NONE, Key::F1);
        for (_, text) in monoscope::app::MANUAL_PAGES {
            let name = text.lines().next().unwrap().trim_start_matches("# ");
            choose(&mut stage, name);
            assert!(title(&stage, name), "{name} in {size:?}");
            let search = stage.get_by_label("Search the manual").rect();
            assert!(search.left() >= 0.0 && search.right() <= size[0], "{search:?} in {size:?}");
        }
    }
}
