//! Pane of any kind, in the window and in the file that saves the layout.

use super::{MapPane, Pane, PaneKind, kind::with_panes};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::ops::{Deref, DerefMut};

/// Name of the tag in the file.
const KIND: &str = "kind";

macro_rules! define_any_pane {
    ($($kind:ident($pane:ident) { tag: $tag:literal, $($rest:tt)* })*) => {
        /// Pane of any kind. All its fields are saved between starts, except those that serde skips.
        #[derive(Serialize, Deserialize)]
        #[serde(tag = "kind")]
        pub enum AnyPane {
            /// A view of a map, of which there may be any number.
            #[serde(rename = "map_view")]
            Map(MapPane),
            $(#[doc = concat!("Pane that exists once, \"", $tag, "\" in the file.")] #[serde(rename = $tag)] $kind(super::$pane)),*
        }

        impl AnyPane {
            /// Pane of this kind with default options.
            pub fn new(kind: PaneKind) -> Self {
                match kind { $(PaneKind::$kind => Self::$kind(super::$pane::default())),* }
            }

            /// Kind of a pane that exists once; `None` for a view.
            pub fn kind(&self) -> Option<PaneKind> {
                match self {
                    Self::Map(_) => None,
                    $(Self::$kind(_) => Some(PaneKind::$kind)),*
                }
            }
        }

        impl Deref for AnyPane {
            type Target = dyn Pane;

            fn deref(&self) -> &Self::Target {
                match self {
                    Self::Map(pane) => pane,
                    $(Self::$kind(pane) => pane),*
                }
            }
        }

        impl DerefMut for AnyPane {
            fn deref_mut(&mut self) -> &mut Self::Target {
                match self {
                    Self::Map(pane) => pane,
                    $(Self::$kind(pane) => pane),*
                }
            }
        }
    };
}
with_panes!(define_any_pane);

impl AnyPane {
    /// True for a view of a map. Closing a view removes it, because there may be any number; other panes are hidden.
    pub fn is_view(&self) -> bool {
        self.kind().is_none()
    }

    /// Name in tabs and for screen readers; a view is named after its map.
    pub fn title(&self) -> String {
        match self {
            Self::Map(view) => view.map().to_string(),
            pane => pane.kind().map(PaneKind::title).unwrap_or_default().to_owned(),
        }
    }

    /// Options to save between starts, with the kind.
    pub fn saved(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Restores a saved pane, with default options if the saved ones are invalid. `None` if its kind is unknown or has
    /// no default options (a view).
    pub fn restored(saved: &Value) -> Option<Self> {
        let default = || {
            let kind = saved.get(KIND)?.clone();
            Self::deserialize(Value::Object(Map::from_iter([(KIND.to_owned(), kind)]))).ok()
        };
        Self::deserialize(saved).ok().or_else(default)
    }
}
