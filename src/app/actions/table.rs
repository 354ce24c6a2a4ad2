//! Table of actions: everything that a button, a menu entry, a key or the palette can do, one entry each.
//!
//! To add an action, add an entry: menus, keys, palette, tooltips and the list of shortcuts read the table. What `run`
//! uses is imported in `run.rs`, what `obstacle` uses in `obstacles.rs`. Actions that show a pane are in the table of
//! panes.

/// Passes the table to a macro, which takes from each entry what its file needs:
///
/// * `label`: name in menus and in the palette.
/// * `help`: a sentence for tooltips.
/// * `key`: shortcut, if it has one.
/// * `menu`: [`MenuGroup`](super::MenuGroup) that holds it, if any; entries are in the order of the table.
/// * `obstacle`: reason from the state why it cannot be done now, if any. Without this line it can always be done.
/// * `run`: does it, given the window and the egui context.
macro_rules! with_actions {
    ($use_table:ident) => {
        $use_table! {
            Palette {
                label: "Command palette",
                help: "Find any action by typing a part of its name",
                key: command(Key::P),
                menu: Help,
                run: |window, context| {
                    window.palette.toggle(context);
                    window.find_missing_recents(context);
                },
            }
            Play {
                label: "Play or pause the drive",
                help: "Ten frames a second, or as fast as they can be predicted",
                key: plain(Key::Space),
                run: |window, _| window.state.viewed.playhead.is_playing ^= true,
            }
            Previous {
                label: "Previous frame",
                help: "Go back one frame",
                key: plain(Key::ArrowLeft),
                run: |window, _| window.state.scrub(|playhead| playhead.previous()),
            }
            Next {
                label: "Next frame",
                help: "Go on by one frame",
                key: plain(Key::ArrowRight),
                run: |window, _| window.state.scrub(|playhead| playhead.next()),
            }
            First {
                label: "First frame",
                help: "Go to the first frame of the drive",
                key: plain(Key::Home),
                run: |window, _| window.state.scrub(|playhead| playhead.frames().start),
            }
            Last {
                label: "Last frame",
                help: "Go to the last frame of the drive",
                key: plain(Key::End),
                run: |window, _| window.state.scrub(|playhead| playhead.last()),
            }
            Train {
                label: "Train",
                help: "Start the run that the Training pane describes, or continue after a pause",
                key: plain(Key::F5),
                obstacle: obstacle_to_step,
                run: |window, _| window.state.train(),
            }
            Pause {
                label: "Pause",
                help: "Finish the current step and wait; nothing is lost",
                key: plain(Key::F6),
                obstacle: |state| when(!state.session.is_training(), "Training is not running"),
                run: |window, _| window.state.session.pause(),
            }
            Step {
                label: "Step",
                help: "Make one step and wait",
                key: plain(Key::F10),
                obstacle: obstacle_to_step,
                run: |window, _| window.state.step(),
            }
            Stop {
                label: "Stop",
                help: "Write a checkpoint and end the run; its networks stay loaded",
                obstacle: |state| when(!state.session.has_run(), "There is no run"),
                run: |window, _| window.state.session.stop(),
            }
            ComputeOnGpu {
                label: "Compute on the GPU",
                help: "Train and predict with the wgpu backend on the device that draws the window; a run continues there",
                obstacle: |state| obstacle_to_move(state, DeviceChoice::Gpu),
                run: |window, _| window.state.session.compute_on(DeviceChoice::Gpu),
            }
            ComputeOnCpu {
                label: "Compute on the CPU",
                help: "Train and predict with the CPU backend; a run continues there",
                obstacle: |state| obstacle_to_move(state, DeviceChoice::Cpu),
                run: |window, _| window.state.session.compute_on(DeviceChoice::Cpu),
            }
            Follow {
                label: "Follow training",
                help: "On: views show the batch of each training step, with its augmentation. Off: they show \
                       the frame of the timeline, predicted again after every step",
                key: plain(Key::F),
                run: |window, _| window.state.toggle_following(),
            }
            Squares {
                label: "Pixels as squares",
                help: "Show each pixel as a square instead of blending neighbours",
                key: plain(Key::Q),
                run: |window, _| window.state.viewed.squares ^= true,
            }
            ZoomIn {
                label: "Zoom in",
                help: "Zoom in on the inspected pixel or the middle in all views (wheel: on the pointer)",
                key: plain(Key::Plus),
                menu: Zoom,
                run: |window, _| window.state.viewed.zoom_in(),
            }
            ZoomOut {
                label: "Zoom out",
                help: "Zoom out in all views",
                key: plain(Key::Minus),
                menu: Zoom,
                run: |window, _| window.state.viewed.zoom_out(),
            }
            ZoomWhole {
                label: "Whole pictures",
                help: "Show the whole pictures in all views (or double-click one)",
                key: plain(Key::Num0),
                menu: Zoom,
                run: |window, _| window.state.viewed.framing.reset(),
            }
            BookmarkFrame {
                label: "Bookmark this frame",
                help: "Add the frame of the timeline to the wall, which shows what the networks predict for it as they learn",
                obstacle: State::obstacle_to_bookmark,
                run: |window, _| {
                    window.state.bookmark_frame();
                    window.layout.bring_to_front(PaneKind::Wall);
                },
            }
            AddView {
                label: "Add view…",
                help: "Add a pane that shows a map of your choice",
                key: plain(Key::V),
                menu: Panes,
                run: |window, _| window.new_view.toggle(),
            }
            SplitRight {
                label: "Split the view to the right",
                help: "Put a copy of the current view to its right, to show another map there",
                menu: Panes,
                run: |window, _| window.layout.split(LinearDir::Horizontal),
            }
            SplitBelow {
                label: "Split the view downwards",
                help: "Put a copy of the current view below it, to show another map there",
                menu: Panes,
                run: |window, _| window.layout.split(LinearDir::Vertical),
            }
            NextPane {
                label: "Next pane",
                help: "Move to the next pane on the screen; Tab then goes through its controls",
                key: plain(Key::F8),
                menu: Panes,
                run: |window, _| window.layout.go_on(true),
            }
            PreviousPane {
                label: "Previous pane",
                help: "Move to the previous pane on the screen",
                key: shifted(Key::F8),
                run: |window, _| window.layout.go_on(false),
            }
            MaximisePane {
                label: "Maximise or restore the pane",
                help: "Let the current pane fill the window, or show the others again",
                key: plain(Key::F11),
                menu: Panes,
                run: |window, _| window.layout.maximise_current(),
            }
            ClosePane {
                label: "Close the pane",
                help: "Close the current pane; the View menu brings it back",
                key: command(Key::W),
                menu: Panes,
                run: |window, _| window.layout.close_current(),
            }
            ResetLayout {
                label: "Reset layout",
                help: "Arrange all panes as at the first start",
                menu: Layout,
                run: |window, _| window.layout = PaneLayout::default(),
            }
            Larger {
                label: "Larger",
                help: "Draw text and controls larger",
                key: gui_zoom::kb_shortcuts::ZOOM_IN,
                menu: Size,
                run: |_, context| gui_zoom::zoom_in(context),
            }
            Smaller {
                label: "Smaller",
                help: "Draw text and controls smaller",
                key: gui_zoom::kb_shortcuts::ZOOM_OUT,
                menu: Size,
                run: |_, context| gui_zoom::zoom_out(context),
            }
            DefaultSize {
                label: "Default size",
                help: "Draw text and controls at the size that the screen asks for",
                key: gui_zoom::kb_shortcuts::ZOOM_RESET,
                menu: Size,
                run: |_, context| context.set_zoom_factor(1.0),
            }
            SwitchTheme {
                label: "Dark or light theme",
                help: "Change from the dark theme to the light one, or back",
                run: |_, context| {
                    context.set_theme(match context.theme() {
                        Theme::Dark => ThemePreference::Light,
                        Theme::Light => ThemePreference::Dark,
                    });
                },
            }
            Unpin {
                label: "Unpin the pixel",
                help: "Unpin the inspected pixel, so that the inspector follows the pointer; without one, \
                       the chosen step",
                key: plain(Key::Escape),
                run: |window, _| window.state.unpin(),
            }
            PixelLeft {
                label: "Pixel to the left",
                help: "Inspect and pin the pixel to the left",
                key: shifted(Key::ArrowLeft),
                run: |window, _| window.state.viewed.nudge(-1, 0),
            }
            PixelRight {
                label: "Pixel to the right",
                help: "Inspect and pin the pixel to the right",
                key: shifted(Key::ArrowRight),
                run: |window, _| window.state.viewed.nudge(1, 0),
            }
            PixelUp {
                label: "Pixel above",
                help: "Inspect and pin the pixel above",
                key: shifted(Key::ArrowUp),
                run: |window, _| window.state.viewed.nudge(0, -1),
            }
            PixelDown {
                label: "Pixel below",
                help: "Inspect and pin the pixel below",
                key: shifted(Key::ArrowDown),
                run: |window, _| window.state.viewed.nudge(0, 1),
            }
            OpenBuiltInDrive {
                label: "Built-in drive",
                help: "A synthetic street with exact depth: nothing to download",
                menu: Data,
                run: |window, _| window.state.session.open_data(DataChoice::Demo, None),
            }
            OpenData {
                label: "Open folder…",
                help: "A folder of frames: KITTI raw, KITTI odometry, or your own",
                key: command(Key::O),
                menu: Data,
                run: |window, context| window.opener.choose_folder(OpenRequest::Data, context),
            }
            CopyFramePath {
                label: "Copy the frame's path",
                help: "Copy the path of the timeline's image file, or if there is no file, the drive, \
                       index and camera of the frame",
                menu: Data,
                obstacle: |state| when(state.viewed.playhead.key().is_none(), "Open data first (Sequence pane)"),
                run: |window, context| context.copy_text(frame_path(&window.state)),
            }
            OpenSplit {
                label: "Choose split folder…",
                help: "A folder with train_files.txt and val_files.txt for the data that is open",
                menu: Split,
                run: |window, context| window.opener.choose_folder(OpenRequest::Split, context),
            }
            DropSplit {
                label: "Every frame with its neighbours",
                help: "Train on every frame of the data that has its neighbours",
                menu: Split,
                run: |window, _| window.state.session.open_split(None),
            }
            OpenWeights {
                label: "Open weights folder…",
                help: "A folder with encoder.pth, depth.pth and, for warping, the two pose files",
                key: command(Key::L),
                menu: Weights,
                run: |window, context| window.opener.choose_folder(OpenRequest::Weights, context),
            }
            UnloadWeights {
                label: "Unload weights",
                help: "Train from scratch again; the files stay, and nothing is predicted until there are \
                       networks",
                menu: Weights,
                obstacle: State::obstacle_to_unload,
                run: |window, _| window.state.session.unload_weights(),
            }
            OpenRun {
                label: "Continue a run…",
                help: "Continue an earlier run from its last checkpoint, exactly where it ended",
                menu: Run,
                run: |window, context| window.opener.choose_folder(OpenRequest::Run, context),
            }
            LookAtRun {
                label: "Look at the run",
                help: "Go back to the data and the networks of the run that trains",
                menu: Run,
                obstacle: State::obstacle_to_look_at_run,
                run: |window, _| window.state.look_at_run(),
            }
            ClearRecents {
                label: "Clear recents",
                help: "Empty the lists of data, weights and runs that were opened recently",
                obstacle: |state| when(state.recents.all().next().is_none(), "Nothing was opened yet"),
                run: |window, _| window.state.recents = Recents::default(),
            }
            Manual {
                label: "Manual",
                help: "Everything about the program, in pages that can be searched",
                key: plain(Key::F1),
                menu: Help,
                run: |window, _| window.manual.toggle(),
            }
            Shortcuts {
                label: "Shortcuts",
                help: "The list of keys",
                key: plain(Key::Questionmark),
                menu: Help,
                run: |window, _| window.shows_shortcuts ^= true,
            }
            Messages {
                label: "Messages",
                help: "Everything that was reported since the window opened",
                key: plain(Key::M),
                menu: Help,
                run: |window, _| window.state.messages.history_is_open ^= true,
            }
            Quit {
                label: "Quit",
                help: "Close the program; a run in progress writes a checkpoint first",
                key: command(Key::Q),
                run: |_, context| context.send_viewport_cmd(ViewportCommand::Close),
            }
        }
    };
}
pub(super) use with_actions;
