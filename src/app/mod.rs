//! The window: panes over the session's events and pictures.

mod action;
mod arrangement;
mod bar;
mod desk;
mod docking;
mod evaluations;
mod form;
mod fusion;
mod icon;
mod inspection;
mod layout;
mod legend;
mod log;
mod menus;
mod messages;
mod open;
mod opening;
mod palette;
mod panes;
mod path;
mod playhead;
mod program;
mod question;
mod recents;
mod settings;
mod shortcuts;
mod state;
mod theme;
mod window;

pub use desk::KeptDesk;
pub use open::{Found, recognise};
pub use program::{WindowOptions, run};
pub use recents::{Recent, RecentData, Recents};
pub use settings::{Settings, Store, ThemeChoice};
pub use state::Devices;
pub use window::Window;
