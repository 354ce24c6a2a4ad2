//! Keys with what is held down beside them, and how they are printed.

use egui::{Context, Key, KeyboardShortcut, Modifiers};

/// The key alone.
pub const fn plain(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

/// The key with Ctrl, or with Cmd on a Mac.
pub const fn command(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

/// The key with Shift.
pub const fn shifted(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::SHIFT, key)
}

/// The key as keyboards have it; empty if there is none.
pub fn name(context: &Context, key: Option<KeyboardShortcut>) -> String {
    match key {
        Some(shortcut) if shortcut.logical_key == Key::Questionmark => "?".to_owned(),
        Some(shortcut) => context.format_shortcut(&shortcut),
        None => String::new(),
    }
}
