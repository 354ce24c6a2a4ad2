//! Names of everything that can be done by a button, a menu entry, a key or the palette. `table` lists it, `obstacles`
//! says what cannot be done now, `run` does it.

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
    /// Menu entries among which it stands.
    pub menu: Option<MenuGroup>,
}

/// Entries that stand together in a menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MenuGroup {
    /// Data menu: what data.
    Data,
    /// Data menu: which samples of it.
    Split,
    /// Weights menu.
    Weights,
    /// Run menu.
    Run,
    /// View menu: what is done with panes.
    Panes,
    /// View menu: how close pictures are.
    Zoom,
    /// View menu: the size of everything.
    Size,
    /// View menu: where panes are.
    Layout,
    /// Help menu.
    Help,
}

/// The value, if there is one.
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
        /// Something to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Action {
            $(#[doc = $help] $action,)*
            /// Bring a pane to the front.
            Show(PaneKind),
        }

        /// Actions of the table, in its order.
        const TABLE: &[Action] = &[$(Action::$action),*];

        impl Action {
            /// Entry of the table; for panes, of theirs.
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
    /// Every action, in the order of the lists.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().copied().chain(PaneKind::ALL.iter().copied().map(Self::Show))
    }

    /// Actions of a part of a menu.
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

    /// Actions whose keys were pressed, each as often as it was since the last frame; not those whose keys mean
    /// something to the control that has the keyboard focus.
    pub fn pressed(context: &Context) -> Vec<Self> {
        let listened = Self::with_key().filter(|(_, shortcut)| is_free(*shortcut, context));
        let mut listened: Vec<(Self, KeyboardShortcut)> = listened.collect();
        // A plain key would also answer to the same key with Shift.
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

/// True if a key means nothing to the control that has the keyboard focus: letters belong to a text field, and arrows,
/// Space and Escape to a button or slider.
fn is_free(shortcut: KeyboardShortcut, context: &Context) -> bool {
    let KeyboardShortcut { modifiers, logical_key: key } = shortcut;
    let is_function = key >= Key::F1 && key <= Key::F35;
    if modifiers.command || is_function || !context.egui_wants_keyboard_input() {
        return true;
    }
    let is_letter = (key >= Key::A && key <= Key::Z) || key == Key::Questionmark;
    is_letter && !context.text_edit_focused()
}
