//! The window: panes over the session's events and pictures.

mod action;
mod bar;
mod evaluations;
mod form;
mod icon;
mod inspection;
mod layout;
mod legend;
mod messages;
mod open;
mod palette;
mod panes;
mod path;
mod playhead;
mod program;
mod state;
mod theme;
mod window;

pub use open::{Found, recognise};
pub use program::{WindowOptions, run};
pub use state::Devices;
pub use window::Window;
