//! Everything that can be done by a button, a menu entry or a key: one list for all three.

use super::{keys, panes::PaneKind};
use egui::{Key, KeyboardShortcut, gui_zoom};

/// Something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Open the built-in drive.
    OpenBuiltInDrive,
    /// Ask for a data folder.
    OpenData,
    /// Ask for a split folder.
    OpenSplit,
    /// Use every frame that has its neighbours.
    DropSplit,
    /// Ask for a weights folder.
    OpenWeights,
    /// Start runs from scratch again.
    UnloadWeights,
    /// Ask for the folder of a run to go on with.
    OpenRun,
    /// Look at the data and networks of the run again.
    LookAtRun,
    /// Start a run or go on with it.
    Train,
    /// Stop making steps.
    Pause,
    /// Make one step.
    Step,
    /// End the run.
    Stop,
    /// Train and predict on the graphics card.
    ComputeOnGraphics,
    /// Train and predict on the processor.
    ComputeOnProcessor,
    /// Play or pause the drive.
    Play,
    /// One frame back.
    Previous,
    /// One frame on.
    Next,
    /// To the first frame.
    First,
    /// To the last frame.
    Last,
    /// Show the training batch or the timeline's frame.
    Follow,
    /// Show pixels as squares or smoothly.
    Squares,
    /// Come closer to the pictures.
    ZoomIn,
    /// See more of the pictures.
    ZoomOut,
    /// See the whole pictures.
    ZoomWhole,
    /// Pin the frame of the timeline to the wall.
    PinFrame,
    /// Choose a map and add a view of it.
    AddView,
    /// Bring the inspector to the front.
    ShowInspector,
    /// Bring the form or the progress of the run to the front.
    ShowTraining,
    /// Bring the curves to the front.
    ShowCurves,
    /// Bring the list of drives to the front.
    ShowSequence,
    /// Bring the timeline to the front.
    ShowTimeline,
    /// Bring the point cloud to the front.
    ShowCloud,
    /// Bring what is watched in a run to the front.
    ShowHealth,
    /// Bring the path of the drive to the front.
    ShowTrajectory,
    /// Bring the depth evaluation to the front.
    ShowEvaluation,
    /// Bring the log to the front.
    ShowLog,
    /// Bring the sandbox to the front.
    ShowSandbox,
    /// Bring the wall of pinned frames to the front.
    ShowWall,
    /// Go on to the next pane.
    NextPane,
    /// Go back to the pane before.
    PreviousPane,
    /// Let the present pane fill the window, or no longer.
    MaximisePane,
    /// Put a copy of the present view to its right.
    SplitRight,
    /// Put a copy of the present view below it.
    SplitBelow,
    /// Close the present pane.
    ClosePane,
    /// Draw everything larger.
    Larger,
    /// Draw everything smaller.
    Smaller,
    /// Draw everything as large as the screen wants it.
    UsualSize,
    /// Change from the dark theme to the light one, or back.
    SwitchTheme,
    /// Forget what was opened lately.
    ForgetRecents,
    /// Let the inspected pixel go, or else the chosen step.
    Unpin,
    /// Inspect the pixel to the left.
    PixelLeft,
    /// Inspect the pixel to the right.
    PixelRight,
    /// Inspect the pixel above.
    PixelUp,
    /// Inspect the pixel below.
    PixelDown,
    /// Put all panes back.
    ResetLayout,
    /// Open the list of messages.
    Messages,
    /// Open the list of shortcuts.
    Shortcuts,
    /// Open the command palette.
    Palette,
    /// Close the program.
    Quit,
}

impl Action {
    /// Every action, in the order of the lists.
    pub const ALL: [Self; 59] = [
        Self::Palette,
        Self::Play,
        Self::Previous,
        Self::Next,
        Self::First,
        Self::Last,
        Self::Train,
        Self::Pause,
        Self::Step,
        Self::Stop,
        Self::ComputeOnGraphics,
        Self::ComputeOnProcessor,
        Self::Follow,
        Self::Squares,
        Self::ZoomIn,
        Self::ZoomOut,
        Self::ZoomWhole,
        Self::PinFrame,
        Self::AddView,
        Self::ShowSequence,
        Self::ShowTraining,
        Self::ShowCurves,
        Self::ShowCloud,
        Self::ShowTimeline,
        Self::ShowHealth,
        Self::ShowTrajectory,
        Self::ShowEvaluation,
        Self::ShowLog,
        Self::ShowSandbox,
        Self::ShowWall,
        Self::ShowInspector,
        Self::NextPane,
        Self::PreviousPane,
        Self::MaximisePane,
        Self::SplitRight,
        Self::SplitBelow,
        Self::ClosePane,
        Self::Larger,
        Self::Smaller,
        Self::UsualSize,
        Self::SwitchTheme,
        Self::Unpin,
        Self::PixelLeft,
        Self::PixelRight,
        Self::PixelUp,
        Self::PixelDown,
        Self::ResetLayout,
        Self::OpenBuiltInDrive,
        Self::OpenData,
        Self::OpenSplit,
        Self::DropSplit,
        Self::OpenWeights,
        Self::UnloadWeights,
        Self::OpenRun,
        Self::LookAtRun,
        Self::ForgetRecents,
        Self::Messages,
        Self::Shortcuts,
        Self::Quit,
    ];

    /// Those that have a key.
    pub fn with_key() -> impl Iterator<Item = (Self, KeyboardShortcut)> {
        Self::ALL.into_iter().filter_map(|action| Some((action, action.shortcut()?)))
    }

    /// What it is called.
    pub fn label(self) -> &'static str {
        match self {
            Self::OpenBuiltInDrive => "Built-in drive",
            Self::OpenData => "Open folder…",
            Self::OpenSplit => "Choose split folder…",
            Self::DropSplit => "Every frame with its neighbours",
            Self::OpenWeights => "Open weights folder…",
            Self::UnloadWeights => "Unload weights",
            Self::OpenRun => "Continue a run…",
            Self::LookAtRun => "Look at the run",
            Self::Train => "Train",
            Self::Pause => "Pause",
            Self::Step => "Step",
            Self::Stop => "Stop",
            Self::ComputeOnGraphics => "Compute on the graphics card",
            Self::ComputeOnProcessor => "Compute on the processor",
            Self::Play => "Play or pause the drive",
            Self::Previous => "Previous frame",
            Self::Next => "Next frame",
            Self::First => "First frame",
            Self::Last => "Last frame",
            Self::Follow => "Follow training",
            Self::Squares => "Pixels as squares",
            Self::ZoomIn => "Zoom in",
            Self::ZoomOut => "Zoom out",
            Self::ZoomWhole => "Whole pictures",
            Self::PinFrame => "Pin this frame to the wall",
            Self::AddView => "Add view…",
            Self::ShowInspector => "Show Inspector",
            Self::ShowTraining => "Show Training",
            Self::ShowCurves => "Show Curves",
            Self::ShowSequence => "Show Sequence",
            Self::ShowTimeline => "Show Timeline",
            Self::ShowCloud => "Show Point cloud",
            Self::ShowHealth => "Show Health",
            Self::ShowTrajectory => "Show Trajectory",
            Self::ShowEvaluation => "Show Evaluation",
            Self::ShowLog => "Show Log",
            Self::ShowSandbox => "Show Sandbox",
            Self::ShowWall => "Show Wall",
            Self::NextPane => "Next pane",
            Self::PreviousPane => "Previous pane",
            Self::MaximisePane => "Maximise or restore the pane",
            Self::SplitRight => "Split the view to the right",
            Self::SplitBelow => "Split the view downwards",
            Self::ClosePane => "Close the pane",
            Self::Larger => "Larger",
            Self::Smaller => "Smaller",
            Self::UsualSize => "Usual size",
            Self::SwitchTheme => "Dark or light theme",
            Self::ForgetRecents => "Forget recents",
            Self::Unpin => "Unpin the pixel",
            Self::PixelLeft => "Pixel to the left",
            Self::PixelRight => "Pixel to the right",
            Self::PixelUp => "Pixel above",
            Self::PixelDown => "Pixel below",
            Self::ResetLayout => "Reset layout",
            Self::Messages => "Messages",
            Self::Quit => "Quit",
            Self::Shortcuts => "Shortcuts",
            Self::Palette => "Command palette",
        }
    }

    /// One sentence for a tooltip.
    pub fn help(self) -> &'static str {
        match self {
            Self::OpenBuiltInDrive => "A made-up street with exact depth: nothing to download",
            Self::OpenData => "A folder of frames: KITTI raw, KITTI odometry, or your own",
            Self::OpenSplit => "A folder with train_files.txt and val_files.txt for the data that is open",
            Self::DropSplit => "Train on every frame of the data that has its neighbours",
            Self::OpenWeights => "A folder with encoder.pth, depth.pth and, for warping, the two pose files",
            Self::UnloadWeights => {
                "Train from scratch again; the files stay, and nothing is predicted until there are networks"
            }
            Self::OpenRun => {
                "Go on with a run of an earlier day from its last checkpoint, exactly where it ended"
            }
            Self::LookAtRun => "Go back to the data and the networks of the run that trains",
            Self::Train => "Start the run of the Training pane, or go on after a pause",
            Self::Pause => "Finish the step under way and wait; nothing is lost",
            Self::Step => "Make one step and wait",
            Self::Stop => "Write a checkpoint and end the run; its networks stay loaded",
            Self::ComputeOnGraphics => {
                "Train and predict with the wgpu backend on the device that draws; a run goes on there"
            }
            Self::ComputeOnProcessor => "Train and predict with the CPU backend; a run goes on there",
            Self::Play => "Ten frames a second, or as fast as they can be predicted",
            Self::Previous => "One frame back",
            Self::Next => "One frame on",
            Self::First => "To the first frame of the drive",
            Self::Last => "To the last frame of the drive",
            Self::Follow => {
                "On: views show the batch of each training step, augmented as it is. \
                 Off: they show the frame of the timeline, predicted anew after every step"
            }
            Self::Squares => "Show each pixel as a square instead of blending neighbours",
            Self::ZoomIn => {
                "Come closer in all views, to the inspected pixel or the middle (wheel: to the pointer)"
            }
            Self::ZoomOut => "See more in all views",
            Self::ZoomWhole => "See the whole pictures in all views (or double-click one)",
            Self::PinFrame => "Watch how the networks see the frame of the timeline while they learn",
            Self::AddView => "Another pane that shows a map of your choice",
            Self::ShowInspector => "Ask of any pixel why its loss is what it is",
            Self::ShowTraining => "The options of the run, or its progress",
            Self::ShowCurves => "The figures of the run over its steps",
            Self::ShowSequence => "What is open: drives, split, samples",
            Self::ShowTimeline => "The frames of the drive",
            Self::ShowCloud => "The depth of the frame in space",
            Self::ShowHealth => "What often goes wrong in training, watched",
            Self::ShowTrajectory => "The path of the camera as the pose network sees it",
            Self::ShowEvaluation => "Depth against the true depth, by the published protocols",
            Self::ShowSandbox => {
                "Change depth, camera or motion of the frame by hand, and see what the loss says"
            }
            Self::ShowWall => "Pinned frames as the networks see them while they learn, with a slider back",
            Self::ShowLog => "Everything that happened, with its time",
            Self::NextPane => {
                "Hand the keys to the next pane on the screen; Tab then goes through its controls"
            }
            Self::PreviousPane => "Hand the keys to the pane before",
            Self::MaximisePane => "Let the pane that you work in fill the window, or show the others again",
            Self::SplitRight => {
                "Put a copy of the view that you work in to its right, to show another map there"
            }
            Self::SplitBelow => "Put a copy of the view that you work in below it, to show another map there",
            Self::ClosePane => "Close the pane that you work in; the View menu brings it back",
            Self::Larger => "Draw text and controls larger",
            Self::Smaller => "Draw text and controls smaller",
            Self::UsualSize => "Draw text and controls as large as the screen wants them",
            Self::SwitchTheme => "Change from the dark theme to the light one, or back",
            Self::ForgetRecents => "Empty the lists of data, weights and runs that were opened lately",
            Self::Unpin => {
                "Let the inspected pixel go, so that the inspector follows the pointer; without one, the chosen step"
            }
            Self::PixelLeft => "Inspect and pin the pixel to the left",
            Self::PixelRight => "Inspect and pin the pixel to the right",
            Self::PixelUp => "Inspect and pin the pixel above",
            Self::PixelDown => "Inspect and pin the pixel below",
            Self::ResetLayout => "Put all panes back where they were at the start",
            Self::Messages => "Everything that was reported since the window opened",
            Self::Quit => "Close the program; a run under way writes a checkpoint first",
            Self::Shortcuts => "The list of keys",
            Self::Palette => "Everything that can be done, by typing a part of its name",
        }
    }

    /// Its key, if it has one.
    pub fn shortcut(self) -> Option<KeyboardShortcut> {
        let [plain, command, shifted] =
            [keys::plain, keys::command, keys::shifted].map(|with| move |key| Some(with(key)));
        match self {
            Self::Play => plain(Key::Space),
            Self::Previous => plain(Key::ArrowLeft),
            Self::Next => plain(Key::ArrowRight),
            Self::First => plain(Key::Home),
            Self::Last => plain(Key::End),
            Self::Train => plain(Key::F5),
            Self::Pause => plain(Key::F6),
            Self::Step => plain(Key::F10),
            Self::Follow => plain(Key::F),
            Self::Squares => plain(Key::Q),
            Self::ZoomIn => plain(Key::Plus),
            Self::ZoomOut => plain(Key::Minus),
            Self::ZoomWhole => plain(Key::Num0),
            Self::AddView => plain(Key::V),
            Self::ShowInspector => plain(Key::I),
            Self::Unpin => plain(Key::Escape),
            Self::PixelLeft => shifted(Key::ArrowLeft),
            Self::PixelRight => shifted(Key::ArrowRight),
            Self::PixelUp => shifted(Key::ArrowUp),
            Self::PixelDown => shifted(Key::ArrowDown),
            Self::OpenData => command(Key::O),
            Self::OpenWeights => command(Key::L),
            Self::Palette => command(Key::P),
            Self::ShowSequence => command(Key::Num1),
            Self::ShowTraining => command(Key::Num2),
            Self::ShowCurves => command(Key::Num3),
            Self::ShowCloud => command(Key::Num4),
            Self::ShowTimeline => command(Key::Num5),
            Self::ShowHealth => command(Key::Num6),
            Self::ShowTrajectory => command(Key::Num7),
            Self::ShowEvaluation => command(Key::Num8),
            Self::ShowLog => command(Key::Num9),
            Self::NextPane => plain(Key::F8),
            Self::PreviousPane => shifted(Key::F8),
            Self::MaximisePane => plain(Key::F11),
            Self::ClosePane => command(Key::W),
            // egui itself answers to these.
            Self::Larger => Some(gui_zoom::kb_shortcuts::ZOOM_IN),
            Self::Smaller => Some(gui_zoom::kb_shortcuts::ZOOM_OUT),
            Self::UsualSize => Some(gui_zoom::kb_shortcuts::ZOOM_RESET),
            Self::Messages => plain(Key::M),
            Self::Shortcuts => plain(Key::Questionmark),
            Self::Quit => command(Key::Q),
            _ => None,
        }
    }

    /// Pane that it shows.
    pub fn pane(self) -> Option<PaneKind> {
        PaneKind::ALL.iter().copied().find(|kind| kind.show_label() == self.label())
    }

    /// Whether its key does nothing to a control that has the keys: no letter to a field of text, no arrow,
    /// Space or Escape to a button or slider.
    fn is_free(shortcut: KeyboardShortcut, context: &egui::Context) -> bool {
        let KeyboardShortcut { modifiers, logical_key: key } = shortcut;
        let is_function = key >= Key::F1 && key <= Key::F35;
        if modifiers.command || is_function || !context.egui_wants_keyboard_input() {
            return true;
        }
        let is_letter = (key >= Key::A && key <= Key::Z) || key == Key::Questionmark;
        is_letter && !context.text_edit_focused()
    }

    /// The actions whose keys were pressed, each as often as it was since the last frame; those only that mean
    /// nothing to the control that has the keys.
    pub fn pressed(context: &egui::Context) -> Vec<Self> {
        let listened = Self::with_key().filter(|(_, shortcut)| Self::is_free(*shortcut, context));
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
