//! Panes that exist once each: their table, and what is derived from it.
//!
//! To add a pane, write its type, re-export it in `panes/mod.rs`, and add an entry to the table. The View menu, the
//! action that shows it and the saved layout follow. It starts as a hidden tab next to the cloud; `layout/mod.rs` lists
//! the panes that are visible at the first start.

use crate::app::keys::{command, plain};
use egui::{Key, KeyboardShortcut};

/// Passes the table to a macro. An entry is `Kind(Type) { tag, title, help, key }`: `tag` is its name in the file that
/// saves the layout and never changes, `help` is its purpose, and `key`, if it has one, shows it.
macro_rules! with_panes {
    ($use_table:ident) => {
        $use_table! {
            Sequence(SequencePane) {
                tag: "sequence",
                title: "Sequence",
                help: "The open data: drives, split, samples",
                key: command(Key::Num1),
            }
            Training(TrainingPane) {
                tag: "training",
                title: "Training",
                help: "The options of the run, or its progress",
                key: command(Key::Num2),
            }
            Curves(CurvesPane) {
                tag: "curves",
                title: "Curves",
                help: "The metrics of the run over its steps",
                key: command(Key::Num3),
            }
            Cloud(CloudPane) {
                tag: "cloud",
                title: "Point cloud",
                help: "The depth of the frame as points in space",
                key: command(Key::Num4),
            }
            Timeline(TimelinePane) {
                tag: "timeline",
                title: "Timeline",
                help: "The frames of the drive",
                key: command(Key::Num5),
            }
            Health(HealthPane) {
                tag: "health",
                title: "Health",
                help: "Checks for common problems of training",
                key: command(Key::Num6),
            }
            Trajectory(TrajectoryPane) {
                tag: "trajectory",
                title: "Trajectory",
                help: "The path of the camera as the pose network predicts it",
                key: command(Key::Num7),
            }
            Evaluation(EvaluationPane) {
                tag: "evaluation",
                title: "Evaluation",
                help: "Depth against the true depth, by the published protocols",
                key: command(Key::Num8),
            }
            Log(LogPane) {
                tag: "log_pane",
                title: "Log",
                help: "Everything that happened, with its time",
                key: command(Key::Num9),
            }
            Sandbox(SandboxPane) {
                tag: "sandbox",
                title: "Sandbox",
                help: "Change depth, camera or motion of the frame by hand, and see how the loss changes",
            }
            Wall(WallPane) {
                tag: "wall",
                title: "Wall",
                help: "Predictions for the bookmarked frames while the networks learn, with a slider back",
            }
            Inspector(InspectorPane) {
                tag: "inspector",
                title: "Inspector",
                help: "Explains the loss of the pixel under the pointer, term by term",
                key: plain(Key::I),
            }
        }
    };
}
pub(super) use with_panes;

macro_rules! define_kinds {
    ($($kind:ident($pane:ident) {
        tag: $tag:literal,
        title: $title:literal,
        help: $help:literal,
        $(key: $key:expr,)?
    })*) => {
        /// Kind of a pane that exists once.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum PaneKind {
            $(#[doc = $help] $kind),*
        }

        impl PaneKind {
            /// Every kind, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// Name in its header and in the View menu.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$kind => $title),* }
            }

            /// Name in the names of its pictures, such as `point-cloud`.
            pub fn file_name(self) -> String {
                self.title().to_lowercase().replace(' ', "-")
            }

            /// Name of the action that shows it.
            pub const fn show_label(self) -> &'static str {
                match self { $(Self::$kind => concat!("Show ", $title)),* }
            }

            /// Purpose, in a sentence.
            pub const fn help(self) -> &'static str {
                match self { $(Self::$kind => $help),* }
            }

            /// Key that shows it.
            pub fn key(self) -> Option<KeyboardShortcut> {
                match self {
                    $(Self::$kind => [$(Some($key),)? None][0]),*
                }
            }
        }
    };
}
with_panes!(define_kinds);
