//! The borders between panes, by pointer and by key.

use super::*;
use egui_kittest::Node;

fn focused<'a>(stage: &'a Stage) -> Option<Node<'a>> {
    stage.root().children_recursive().find(Node::is_focused)
}

fn width(stage: &Stage, pane: &str) -> f32 {
    stage.get_by_label(pane).rect().width()
}

#[test]
fn arrow_keys_move_a_border_that_has_the_keys() {
    let mut stage = stage_with_data();
    let name = "Border between disparity, scale 0 and Inspector";
    stage.get_by_role_and_label(Role::Splitter, name).focus();
    stage.run();
    stage.state_mut().take_commands();
    let before = width(&stage, "Inspector pane");
    for _ in 0..3 {
        stage.key_press(Key::ArrowLeft);
        stage.run();
    }
    assert_eq!(width(&stage, "Inspector pane").round(), before.round() + 24.0);
    assert!(stage.get_by_label(name).is_focused(), "arrows do not leave it");
    stage.key_press(Key::ArrowUp);
    stage.key_press(Key::ArrowRight);
    stage.run();
    assert_eq!(width(&stage, "Inspector pane").round(), before.round() + 16.0);
    assert!(stage.state_mut().take_commands().iter().all(|command| !matches!(command, Command::Show(_))));

    stage.key_press(Key::Escape);
    stage.run();
    assert!(focused(&stage).is_none());
    let name = "Border between Health and Timeline";
    stage.get_by_label(name).focus();
    stage.run();
    let height = |stage: &Stage| stage.get_by_label("Timeline pane").rect().top();
    let before = height(&stage);
    stage.key_press(Key::ArrowUp);
    stage.run();
    assert_eq!(height(&stage).round(), before.round() - 8.0);
    stage.key_press(Key::Tab);
    stage.run();
    assert!(!stage.get_by_label(name).is_focused(), "Tab goes on");
}

#[test]
fn a_border_is_dragged_as_far_as_the_panes_have_room() {
    let mut stage = stage_with_data();
    let place = stage.get_by_label("Border between Sequence and colour 0").rect().center();
    let before = width(&stage, "Sequence pane");
    stage.drag_at(place);
    stage.run();
    stage.hover_at(place + egui::vec2(50.0, 0.0));
    stage.run();
    assert_eq!(width(&stage, "Sequence pane").round(), before.round() + 50.0);
    stage.hover_at(place - egui::vec2(1000.0, 0.0));
    stage.run();
    stage.drop_at(place - egui::vec2(1000.0, 0.0));
    stage.run();
    assert_eq!(width(&stage, "Sequence pane").round(), 64.0);
}

#[test]
fn tab_comes_to_every_border_and_no_two_have_the_same_name() {
    let mut stage = stage_with_data();
    let mut borders = BTreeSet::new();
    for _ in 0..160 {
        stage.key_press(Key::Tab);
        stage.run();
        let Some(node) = focused(&stage) else { continue };
        let name = node.accesskit_node().label().unwrap_or_default();
        let role = node.accesskit_node().role();
        assert!(!name.is_empty(), "{node:?} at {:?}", node.rect());
        if role == Role::Splitter {
            borders.insert(name);
        }
    }
    let there = stage.root().children_recursive();
    let count = there.filter(|node| node.accesskit_node().role() == Role::Splitter).count();
    assert_eq!(borders.len(), count, "{borders:?}");
    assert!(count >= 9, "{borders:?}");
}
