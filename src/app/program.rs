//! The program with a window: eframe, one shared device, one session.

use super::{
    App, Settings, SettingsFile, desktop, frame_times::FrameTimes, guard::EventLoopGuard, settings,
    surface_device,
};
use crate::{
    compute::{Compute, ComputeError, DeviceLost, DisplayDevice, log_libwayland},
    config::{DataChoice, DeviceChoice, Precision},
    interrupt,
    logging::WindowLog,
    output::errln,
    view,
};
use anyhow::{Context, Error, Result, anyhow, ensure};
use eframe::{AppCreator, CreationContext, NativeOptions, UserEvent};
use egui_wgpu::{WgpuConfiguration, WgpuSetup, WgpuSetupCreateNew};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    panic::resume_unwind,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tracing::info;
use winit::{event_loop::EventLoop, platform::run_on_demand::EventLoopExtRunOnDemand};

/// Number of device losses within [`LOSSES_WITHIN`] after which the program gives up.
const MAX_LOSSES: usize = 5;
const LOSSES_WITHIN: Duration = Duration::from_secs(60);

const NOT_WGPU: &str = "the window is not drawn by wgpu";

/// Options of the window at its start.
#[derive(Clone, Debug)]
pub struct WindowOptions {
    /// Dataset of the frames.
    pub data: DataChoice,
    /// Split of the frames into training and validation: its folder or name.
    pub split: Option<String>,
    /// Networks to load.
    pub weights: Option<PathBuf>,
    /// Device on which burn computes.
    pub device: DeviceChoice,
    /// Operands of convolutions on the GPU.
    pub precision: Precision,
    /// Folder in which run folders are made.
    pub runs: PathBuf,
    /// File of the window's settings; `None` for `monoscope/window.json` in the user's configuration folder.
    pub settings: Option<PathBuf>,
    /// True to arrange the panes as at the first start.
    pub reset_layout: bool,
    /// True to print the durations of frames at the end.
    pub frame_times: bool,
    /// Events for the log pane.
    pub log: WindowLog,
}

/// Opens the window and returns once it is closed. If its device is lost, another window is opened on another device
/// with the same session, because eframe ties a window to its device.
///
/// # Errors
/// If no window can be opened here: no display, or no graphics adapter that could draw into it. If the last
/// checkpoint of a run could not be written.
pub fn run(options: &WindowOptions) -> Result<()> {
    let opened = options.settings.clone().or_else(SettingsFile::default_path).map(SettingsFile::open);
    let (store, mut settings, complaints) = match opened {
        Some((store, settings, complaints)) => (Some(store), settings, complaints),
        None => {
            let complaint =
                "There is no configuration folder, so the settings are not saved (HOME is not set)";
            (None, Settings::default(), vec![complaint.to_owned()])
        }
    };
    if options.reset_layout {
        settings.layout = None;
    }
    let mut event_loop =
        desktop::event_loop().map_err(|_| no_window("there is no display (DISPLAY and WAYLAND_DISPLAY)"))?;
    let (program, failure) = (RefCell::new(None), RefCell::new(None));
    let native = native_options(&settings, setup(&mut event_loop)?);
    let create: AppCreator<'_> = Box::new(|creation| {
        let mut created = Program::new(creation, options).map_err(|error| {
            let text = format!("{error:#}");
            *failure.borrow_mut() = Some(error);
            text
        })?;
        created.store = store;
        created.app.window.restore(settings, complaints, &creation.egui_ctx);
        *program.borrow_mut() = Some(created);
        Ok(Box::new(Screen(&program)))
    });
    show(&mut event_loop, native, create, &|| loss(&program).is_some())?;
    if program.borrow().is_none() {
        return Err(failure.take().unwrap_or_else(|| unopened(&options.log)));
    }
    let shown = reopen_while_lost(&mut event_loop, &program, &options.log);
    let unsaved = program.take().and_then(|mut program| program.app.end());
    match unsaved {
        None => shown,
        Some(unsaved) => Err(match shown {
            Ok(()) => unsaved.into(),
            Err(error) => error.context(unsaved),
        }),
    }
}

/// Opens another window each time the device of the last one is lost.
fn reopen_while_lost(
    event_loop: &mut EventLoop<UserEvent>,
    program: &RefCell<Option<Program>>,
    log: &WindowLog,
) -> Result<()> {
    let mut losses = VecDeque::new();
    while let Some(loss) = loss(program) {
        losses.push_back(Instant::now());
        losses.retain(|lost| lost.elapsed() < LOSSES_WITHIN);
        ensure!(losses.len() < MAX_LOSSES, "{loss} (it was lost {MAX_LOSSES} times within a minute)");
        let (native, display) = match &*program.borrow() {
            Some(lost) => {
                let display = lost.display.reopened().with_context(|| loss.to_string())?;
                (lost.native_options(&display), display)
            }
            None => break,
        };
        let is_shown = Cell::new(false);
        let create: AppCreator<'_> = Box::new(|creation| {
            view::install(creation.wgpu_render_state.as_ref().context(NOT_WGPU)?);
            if let Some(program) = &mut *program.borrow_mut() {
                program.move_to(display.clone(), &loss, &creation.egui_ctx);
            }
            is_shown.set(true);
            Ok(Box::new(Screen(program)))
        });
        show(event_loop, native, create, &|| display.is_lost())?;
        if !is_shown.get() && !display.is_lost() {
            return Err(unopened(log).context(loss));
        }
    }
    Ok(())
}

/// Shows a window until it is closed or its device is lost.
fn show(
    event_loop: &mut EventLoop<UserEvent>,
    native: NativeOptions,
    create: AppCreator<'_>,
    is_lost: &dyn Fn() -> bool,
) -> Result<()> {
    let application = eframe::create_native("monoscope", native, create, event_loop);
    let mut guard = EventLoopGuard::new(application, is_lost);
    event_loop.run_app_on_demand(&mut guard).map_err(|error| no_window(&error.to_string()))?;
    match guard.panic {
        Some(panic) if !is_lost() => resume_unwind(panic),
        _ => Ok(()),
    }
}

/// Error for a window that eframe did not open; eframe only logs the reason.
fn unopened(log: &WindowLog) -> Error {
    let logged = log.last_problem_of_libraries().unwrap_or_else(|| "for an unknown reason".to_owned());
    undrawable(logged.rsplit("Exiting because of error: ").next().unwrap_or(&logged))
}

fn undrawable(reason: &str) -> Error {
    no_window(&format!("no graphics adapter can draw into it ({reason}); install a Vulkan driver"))
}

fn loss(program: &RefCell<Option<Program>>) -> Option<DeviceLost> {
    // The program is borrowed while a frame is drawn; then no loss is reported.
    program.try_borrow().ok()?.as_ref()?.display.loss()
}

fn no_window(reason: &str) -> Error {
    anyhow!("no window can be opened: {reason}; the same jobs run without one, see monoscope --help")
}

fn native_options(settings: &Settings, setup: WgpuSetup) -> NativeOptions {
    NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Monoscope")
            .with_app_id("monoscope")
            .with_inner_size(settings.size)
            .with_maximized(settings.is_maximised)
            // No more than there is of a small screen with many pixels a point.
            .with_min_inner_size([320.0, 200.0])
            .with_drag_and_drop(true),
        renderer: eframe::Renderer::Wgpu,
        wgpu_options: WgpuConfiguration { wgpu_setup: setup, ..Default::default() },
        ..Default::default()
    }
}

/// Setup of a device with all features and limits of the adapter, because burn will share it; on Linux without a
/// GPU, Mesa's software Vulkan driver.
fn setup(event_loop: &mut EventLoop<UserEvent>) -> Result<WgpuSetup> {
    if cfg!(feature = "spirv") {
        // eframe's own request cannot turn on what burn's SPIR-V compiler needs.
        return match surface_device::open(event_loop) {
            Ok(display) => Ok(view::setup_of(&display)),
            Err(ComputeError::NoAdapter(reason)) => Err(undrawable(&reason)),
            Err(error) => Err(no_window(&error.to_string())),
        };
    }
    log_libwayland();
    let mut setup = WgpuSetupCreateNew::without_display_handle();
    setup.instance_descriptor.backends = wgpu::Backends::PRIMARY;
    setup.device_descriptor = Arc::new(DisplayDevice::descriptor);
    Ok(setup.into())
}

/// State that outlives a window whose device is lost.
struct Program {
    app: App,
    display: DisplayDevice,
    store: Option<SettingsFile>,
    context: egui::Context,
    /// Durations of frames, if requested.
    frame_times: Option<FrameTimes>,
}

impl Program {
    fn new(creation: &CreationContext<'_>, options: &WindowOptions) -> Result<Self> {
        let render_state = creation.wgpu_render_state.as_ref().context(NOT_WGPU)?;
        view::install(render_state);
        let display = DisplayDevice::new(
            render_state.instance.clone(),
            render_state.adapter.clone(),
            render_state.device.clone(),
            render_state.queue.clone(),
        );
        let context = creation.egui_ctx.clone();
        // The precision is stored with the device, so it survives reopening by the session.
        Compute::open(options.device, Some(display.clone()))?.with_precision(options.precision)?;
        let mut app = App::new(display.clone(), options.device, &options.runs, &context)?;
        app.window.show_log(options.log.clone());
        app.window.open(options.data.clone(), options.split.clone(), options.weights.as_deref());
        interrupt::on_signal(app.ender())?;
        let frame_times = options.frame_times.then(FrameTimes::default);
        info!("window opened");
        Ok(Self { app, display, store: None, context, frame_times })
    }

    /// Options of a window like the present one, drawn by this device.
    fn native_options(&self, display: &DisplayDevice) -> NativeOptions {
        let mut options = native_options(&self.app.window.settings(&self.context), view::setup_of(display));
        let outer = self.context.input(|input| input.viewport().outer_rect);
        if let Some(outer) = outer.filter(|_| options.viewport.maximized != Some(true)) {
            // Positions are in points, which depend on the zoom; a new window starts at zoom 1.
            options.viewport = options.viewport.with_position(outer.min * self.context.zoom_factor());
        }
        options
    }

    /// Moves to a new window, whose device replaces a lost one.
    fn move_to(&mut self, display: DisplayDevice, loss: &DeviceLost, context: &egui::Context) {
        self.app.move_to(&display, context);
        self.app
            .window
            .warn(format!("{loss}. The window was opened again and draws with {}", display.name()));
        self.display = display;
        info!(adapter = self.display.name(), "window opened again");
        self.context = context.clone();
    }

    /// Saves the settings if they changed, at most once per `SAVE_INTERVAL`.
    fn save_if_changed(&mut self, context: &egui::Context) {
        // egui stops repainting when there is no input. Repaint once more after `SAVE_INTERVAL`, so that the last
        // change is saved too.
        if context.input(|input| !input.events.is_empty()) {
            context.request_repaint_after(settings::SAVE_INTERVAL);
        }
        let Some(store) = &mut self.store else { return };
        if !store.is_due() {
            return;
        }
        if let Some(failure) = store.save(&self.app.window.settings(context)) {
            self.app.window.warn(failure);
        }
    }
}

/// The program as eframe runs it.
struct Screen<'a>(&'a RefCell<Option<Program>>);

impl eframe::App for Screen<'_> {
    fn logic(&mut self, context: &egui::Context, _frame: &mut eframe::Frame) {
        if let Some(program) = &mut *self.0.borrow_mut() {
            program.app.logic(context);
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        if let Some(program) = &mut *self.0.borrow_mut() {
            program.ui(ui, frame);
        }
    }

    fn on_exit(&mut self) {
        if let Some(program) = &mut *self.0.borrow_mut() {
            program.leave();
        }
    }
}

impl Program {
    fn ui(&mut self, ui: &mut egui::Ui, frame: &eframe::Frame) {
        if let Some(frame_times) = &mut self.frame_times {
            frame_times.begin(self.app.window.is_training(), frame.info().cpu_usage);
            // Draw without pauses: only then does the frame interval tell how long a frame takes.
            ui.ctx().request_repaint();
        }
        self.app.ui(ui);
        self.save_if_changed(ui.ctx());
    }

    /// Saves the settings when the window closes, and prints the durations of frames.
    fn leave(&mut self) {
        if let Some(store) = &mut self.store {
            let settings = self.app.window.settings(&self.context);
            let earlier = store.save(&settings);
            if let Some(failure) = store.wait().or(earlier) {
                errln!("warning: {failure}");
            }
        }
        for line in self.frame_times.iter().flat_map(FrameTimes::lines) {
            errln!("{line}");
        }
    }
}
