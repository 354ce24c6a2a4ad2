//! Reasons why an action cannot be done now.

use super::{Action, table::with_actions};
use crate::{app::state::State, config::DeviceChoice, session::Activity};

/// Reason, if `holds`.
fn when(holds: bool, reason: &str) -> Option<String> {
    holds.then(|| reason.to_owned())
}

fn obstacle_to_step(state: &State) -> Option<String> {
    match state.session.activity() {
        Activity::Paused => None,
        _ if state.session.has_run() => Some("A run is in progress".to_owned()),
        _ => state.obstacle_to_start(),
    }
}

fn obstacle_to_move(state: &State, to: DeviceChoice) -> Option<String> {
    let present = state.session.device();
    let is_there = (to == DeviceChoice::Gpu) == present.is_shared;
    is_there.then(|| format!("The {} trains and predicts already", present.name))
}

/// Reason from a table entry; `None` if the entry gives none.
macro_rules! obstacle {
    ($state:ident) => {
        None
    };
    ($state:ident, $obstacle:expr) => {{
        let obstacle: fn(&State) -> Option<String> = $obstacle;
        obstacle($state)
    }};
}

macro_rules! define_obstacles {
    ($($action:ident {
        label: $label:literal,
        help: $help:literal,
        $(key: $key:expr,)?
        $(menu: $menu:ident,)?
        $(obstacle: $obstacle:expr,)?
        run: $run:expr,
    })*) => {
        impl Action {
            /// Reason why the action cannot be done now, as a tooltip; `None` if it can.
            pub fn obstacle(self, state: &State) -> Option<String> {
                match self {
                    $(Self::$action => obstacle!(state $(, $obstacle)?),)*
                    Self::Show(_) => None,
                }
            }
        }
    };
}
with_actions!(define_obstacles);
