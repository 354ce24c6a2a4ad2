//! A pane of any kind: the one list of kinds, in the window and in the file that keeps its arrangement.

use super::{
    Cloud, Curves, Evaluation, Health, Inspector, LogPane, MapView, Pane, Sandbox, Sequence, Timeline,
    Training, Trajectory, Wall,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{
    mem::discriminant,
    ops::{Deref, DerefMut},
};

/// The name of a kind in the file.
const KIND: &str = "kind";

macro_rules! kinds {
    ($($kind:ident),*) => {
        /// A pane with what is kept of it between starts: its fields, but for those that skip it.
        #[derive(Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        pub enum AnyPane {
            $(#[doc = "See the type of this name."] $kind($kind)),*
        }

        impl Deref for AnyPane {
            type Target = dyn Pane;

            fn deref(&self) -> &Self::Target {
                match self {
                    $(Self::$kind(pane) => pane),*
                }
            }
        }

        impl DerefMut for AnyPane {
            fn deref_mut(&mut self) -> &mut Self::Target {
                match self {
                    $(Self::$kind(pane) => pane),*
                }
            }
        }

        $(impl From<$kind> for AnyPane {
            fn from(pane: $kind) -> Self {
                Self::$kind(pane)
            }
        })*
    };
}

kinds!(
    Cloud, Curves, Evaluation, Health, Inspector, LogPane, MapView, Sandbox, Sequence, Timeline, Training,
    Trajectory, Wall
);

impl AnyPane {
    /// Whether both are of one kind.
    pub fn is_like(&self, other: &Self) -> bool {
        discriminant(self) == discriminant(other)
    }

    /// What is kept of it.
    pub fn kept(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The pane that was kept; with its usual options if those in the file cannot be used, and none if its
    /// kind is not known or it is nothing without them.
    pub fn restored(kept: &Value) -> Option<Self> {
        let usual = || {
            let kind = kept.get(KIND)?.clone();
            Self::deserialize(Value::Object(Map::from_iter([(KIND.to_owned(), kind)]))).ok()
        };
        Self::deserialize(kept).ok().or_else(usual)
    }
}
