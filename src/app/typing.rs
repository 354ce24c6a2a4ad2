//! Typed keys, for code that reads them before a text field does.

use egui::{Context, Event, Key};

/// True if an event is the key of a letter, which may be a shortcut.
pub fn is_letter(event: &Event) -> bool {
    let Event::Key { key, modifiers, .. } = event else { return false };
    (Key::A..=Key::Z).contains(key) && !modifiers.command
}

/// Takes the text typed since the last frame. A text field that has just opened gets the focus one frame later; keys
/// typed before that would be lost, or trigger shortcuts.
pub fn take(context: &Context) -> String {
    let mut typed = String::new();
    context.input_mut(|input| {
        input.events.retain(|event| match event {
            Event::Text(text) => {
                typed.push_str(text);
                false
            }
            event => !is_letter(event),
        });
    });
    typed
}
