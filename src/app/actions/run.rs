//! Runs actions. The window does it, because it owns everything that an action may change.

use super::{Action, table::with_actions};
use crate::{
    app::{Recents, Window, layout::PaneLayout, open::OpenRequest, panes::PaneKind, state::State},
    config::{DataChoice, DeviceChoice},
};
use egui::{Context, Theme, ThemePreference, ViewportCommand, gui_zoom};
use egui_tiles::LinearDir;
use std::path::Path;

/// Path of the image file of the timeline's frame; without a file, its drive, index and camera in words.
fn frame_path(state: &State) -> String {
    let Some(key) = state.viewed.playhead.key() else { return String::new() };
    let file = state.session.frames.as_ref().and_then(|frames| frames.file(&key).map(Path::to_owned));
    match file {
        Some(path) => std::path::absolute(&path).unwrap_or(path).display().to_string(),
        None => format!("{}, frame {}, {} camera", key.folder, key.frame, key.side.name()),
    }
}

macro_rules! define_run {
    ($($action:ident {
        label: $label:literal,
        help: $help:literal,
        $(key: $key:expr,)?
        $(menu: $menu:ident,)?
        $(obstacle: $obstacle:expr,)?
        run: $run:expr,
    })*) => {
        impl Window {
            /// Runs an action and requests a repaint.
            pub(in crate::app) fn run(&mut self, action: Action, context: &Context) {
                let run: fn(&mut Self, &Context) = match action {
                    $(Action::$action => $run,)*
                    Action::Show(pane) => return self.layout.bring_to_front(pane),
                };
                run(self, context);
                context.request_repaint();
            }
        }
    };
}
with_actions!(define_run);
