//! What draws and what trains, and how a person has it computed elsewhere.

use super::*;
use egui::accesskit::Toggled;
use monoscope::{config::DeviceChoice, session::DeviceState};

fn moves(stage: &mut Stage) -> Vec<DeviceChoice> {
    let commands = stage.state_mut().take_commands().into_iter();
    commands
        .filter_map(|command| if let Command::ComputeOn(choice) = command { Some(choice) } else { None })
        .collect()
}

#[test]
fn the_bar_says_what_computes_and_lets_it_be_changed() {
    let mut stage = stage_with_data();
    stage.state_mut().take_commands();
    click(&mut stage, "llvmpipe draws · CPU backend trains");
    stage.get_by_role_and_label(Role::RadioButton, "Compute on the GPU").click();
    stage.run();
    assert_eq!(moves(&mut stage), [DeviceChoice::Gpu]);

    let device = DeviceState { name: "llvmpipe (wgpu backend)".to_owned(), is_shared: true };
    stage.state_mut().publish(|state| state.device = device);
    stage.run();
    click(&mut stage, "llvmpipe draws and trains");
    let there = stage.get_by_role_and_label(Role::RadioButton, "Compute on the GPU");
    assert_eq!(there.accesskit_node().toggled(), Some(Toggled::True));
    there.click();
    stage.run();
    assert_eq!(moves(&mut stage), [], "it is there already");
}

#[test]
fn the_palette_moves_too_and_only_where_there_is_something_to_move() {
    let mut stage = stage_with_data();
    stage.state_mut().take_commands();
    stage.key_press_modifiers(Modifiers::COMMAND, Key::P);
    stage.run();
    stage.get_by_label("Command").type_text("compute on");
    stage.run();
    let processor = stage.get_by_label_contains("Compute on the CPU");
    assert!(processor.accesskit_node().is_disabled());
    stage.key_press(Key::Enter);
    stage.run();
    assert_eq!(moves(&mut stage), [DeviceChoice::Gpu]);
}
