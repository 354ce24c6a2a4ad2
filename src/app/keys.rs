//! Keyboard shortcuts: a key with its modifiers, and its name.

use egui::{Context, Key, KeyboardShortcut, Modifiers};

/// Shortcut of a key without modifiers.
pub const fn plain(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

/// Shortcut of a key with Ctrl, or with Cmd on a Mac.
pub const fn command(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

/// Shortcut of a key with Shift.
pub const fn shifted(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::SHIFT, key)
}

/// Name of the shortcut as keyboards print it; empty if there is none.
pub fn name(context: &Context, key: Option<KeyboardShortcut>) -> String {
    match key {
        Some(shortcut) if shortcut.logical_key == Key::Questionmark => "?".to_owned(),
        Some(shortcut) => context.format_shortcut(&shortcut),
        None => String::new(),
    }
}
