//! Actions: everything that a button, a menu entry, a key or the palette can do. `table` lists them, `obstacles` gives
//! the reasons why one cannot be done now, `run` does them.

mod obstacles;
mod run;
mod table;

use super::{
    keys::{command, plain, shifted},
    panes::PaneKind,
};
use egui::{Context, Key, KeyboardShortcut, gui_zoom};
use table::with_actions;

/// An action as menus, keys, palette and tooltips show it.
#[derive(Clone, Copy, Debug)]
pub struct ActionSpec {
    /// Name in menus and in the palette.
    pub label: &'static str,
    /// Sentence for tooltips.
    pub help: &'static str,
    /// Shortcut.
    pub key: Option<KeyboardShortcut>,
    /// Group of menu entries that it belongs to; `None` for an action without a menu entry.
    pub menu: Option<MenuGroup>,
}

/// Group of entries in a menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MenuGroup {
    /// Data menu: open data.
    Data,
    /// Data menu: choose the split.
    Split,
    /// Weights menu.
    Weights,
    /// Run menu.
    Run,
    /// View menu: add, move and close panes.
    Panes,
    /// View menu: zoom of the pictures.
    Zoom,
    /// View menu: size of text and controls.
    Size,
    /// View menu: arrangement of the panes.
    Layout,
    /// Help menu.
    Help,
}

/// `Some` of the value, or `None` if there is none.
macro_rules! optional {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

macro_rules! define_actions {
    ($($action:ident {
        label: $label:literal,
        help: $help:literal,
        $(key: $key:expr,)?
        $(menu: $menu:ident,)?
        $(obstacle: $obstacle:expr,)?
        run: $run:expr,
    })*) => {
        /// Action of a button, a menu entry, a key or a palette entry.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Action {
            $(#[doc = $help] $action,)*
            /// Bring a pane to the front.
            Show(PaneKind),
        }

        /// Actions of the table, in order.
        const TABLE: &[Action] = &[$(Action::$action),*];

        impl Action {
            /// Spec of the action, from this table or from the table of panes.
            pub fn spec(self) -> ActionSpec {
                match self {
                    $(Self::$action => ActionSpec {
                        label: $label,
                        help: $help,
                        key: optional!($($key)?),
                        menu: optional!($(MenuGroup::$menu)?),
                    },)*
                    Self::Show(pane) => ActionSpec {
                        label: pane.show_label(),
                        help: pane.help(),
                        key: pane.key(),
                        menu: None,
                    },
                }
            }
        }
    };
}
with_actions!(define_actions);

impl Action {
    /// Every action: those of the table, then one for each pane.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().copied().chain(PaneKind::ALL.iter().copied().map(Self::Show))
    }

    /// Actions of a group of menu entries.
    pub fn in_menu(group: MenuGroup) -> impl Iterator<Item = Self> {
        Self::all().filter(move |action| action.spec().menu == Some(group))
    }

    /// Actions that have a key.
    pub fn with_key() -> impl Iterator<Item = (Self, KeyboardShortcut)> {
        Self::all().filter_map(|action| Some((action, action.spec().key?)))
    }

    /// Name in menus and in the palette.
    pub fn label(self) -> &'static str {
        self.spec().label
    }

    /// Sentence for tooltips.
    pub fn help(self) -> &'static str {
        self.spec().help
    }

    /// Actions whose keys were pressed since the last frame, once for each press. Keys that the focused control uses
    /// itself are left out.
    pub fn pressed(context: &Context) -> Vec<Self> {
        let listened = Self::with_key().filter(|(_, shortcut)| is_free(*shortcut, context));
        let mut listened: Vec<(Self, KeyboardShortcut)> = listened.collect();
        // A shortcut without modifiers also matches the key with Shift, so it is tried last.
        listened.sort_by_key(|(_, shortcut)| shortcut.modifiers.is_none());
        context.input_mut(|input| {
            let mut presses = |(action, shortcut): (Self, KeyboardShortcut)| {
                let times = input.count_and_consume_key(shortcut.modifiers, shortcut.logical_key);
                std::iter::repeat_n(action, times)
            };
            listened.into_iter().flat_map(&mut presses).collect()
        })
    }
}

/// True if the focused control does not use the key: a text field uses letters; buttons and sliders use arrows, Space
/// and Escape.
fn is_free(shortcut: KeyboardShortcut, context: &Context) -> bool {
    let KeyboardShortcut { modifiers, logical_key: key } = shortcut;
    let is_function = key >= Key::F1 && key <= Key::F35;
    if modifiers.command || is_function || !context.egui_wants_keyboard_input() {
        return true;
    }
    let is_letter = (key >= Key::A && key <= Key::Z) || key == Key::Questionmark;
    is_letter && !context.text_edit_focused()
}
