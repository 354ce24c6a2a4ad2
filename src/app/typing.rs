//! Typed keys, for code that reads them before a text field does.

use egui::{Context, Event, Key};

/// Tells if an event is the key of a letter, which may be a shortcut.
pub fn is_letter(event: &Event) -> bool {
    let Event::Key { key, modifiers, .. } = event else { return false };
    (Key::A..=Key::Z).contains(key) && !modifiers.command
}

/// Takes what was typed since the last frame. A field that opens gets the keys only in the frame after, which
/// may come late: until then it is lost, or taken for shortcuts.
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
