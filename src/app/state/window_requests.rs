//! Requests of panes to the window, which handles them once all panes are drawn.

use crate::{app::actions::Action, objective::MapName};
use egui::Rect;
use std::{mem::take, path::PathBuf};

/// Maker of the bytes of a file, or the reason why there are none; called on a helper thread.
pub type FileContent = Box<dyn FnOnce() -> Result<Vec<u8>, String> + Send>;

/// Requests since the last frame. Of each kind except actions the last one wins.
#[derive(Default)]
pub struct WindowRequests {
    actions: Vec<Action>,
    map: Option<MapName>,
    path: Option<PathBuf>,
    file: Option<(String, FileContent)>,
    picture: Option<(String, Rect)>,
}

impl WindowRequests {
    /// Requests an action.
    pub fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Requests a view of a map, unless one is on the screen.
    pub fn show_map(&mut self, name: MapName) {
        self.map = Some(name);
    }

    /// Requests to recognise a path and to open it.
    pub fn open_path(&mut self, path: PathBuf) {
        self.path = Some(path);
    }

    /// Requests to save a file; `name` is proposed in the dialog.
    pub fn save_file(&mut self, name: String, content: FileContent) {
        self.file = Some((name, content));
    }

    /// Requests to save a text as a file; `name` is proposed in the dialog.
    pub fn save_text(&mut self, name: &str, text: String) {
        self.save_file(name.to_owned(), Box::new(move || Ok(text.into_bytes())));
    }

    /// Requests to save a part of the window as a picture; `name` is proposed in the dialog, `rect` is in points.
    pub fn save_picture(&mut self, name: String, rect: Rect) {
        self.picture = Some((name, rect));
    }

    /// Takes the requested actions, in order.
    pub fn take_actions(&mut self) -> Vec<Action> {
        take(&mut self.actions)
    }

    /// Takes the map to show.
    pub fn take_map(&mut self) -> Option<MapName> {
        self.map.take()
    }

    /// Takes the path to open.
    pub fn take_path(&mut self) -> Option<PathBuf> {
        self.path.take()
    }

    /// Takes the file to save.
    pub fn take_file(&mut self) -> Option<(String, FileContent)> {
        self.file.take()
    }

    /// Takes the picture to save.
    pub fn take_picture(&mut self) -> Option<(String, Rect)> {
        self.picture.take()
    }
}
