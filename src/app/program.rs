//! The program with a window: eframe, one shared device, one session.

use super::{Lab, Settings, Store, frame_times::FrameTimes, log, settings};
use crate::{
    compute::DisplayDevice,
    config::{DataChoice, DeviceChoice},
    output::errln,
    view,
};
use anyhow::{Context, Result, anyhow};
use eframe::{CreationContext, NativeOptions};
use egui_wgpu::{WgpuConfiguration, WgpuSetup, WgpuSetupCreateNew};
use std::{path::PathBuf, sync::Arc};

/// What the window opens with.
#[derive(Clone, Debug)]
pub struct WindowOptions {
    /// Where the frames are.
    pub data: DataChoice,
    /// Which of them train: a split's folder or name.
    pub split: Option<String>,
    /// Networks to load.
    pub weights: Option<PathBuf>,
    /// Where burn computes.
    pub device: DeviceChoice,
    /// Where run folders are made.
    pub runs: PathBuf,
    /// The file that keeps the arrangement; `None` is the usual one in the user's configuration folder.
    pub settings: Option<PathBuf>,
    /// Whether all panes are where they were at the first start.
    pub reset_layout: bool,
    /// Whether to say at the end how long frames took.
    pub frame_times: bool,
}

/// Opens the window and stays until it is closed.
///
/// # Errors
/// If no window can be opened here: no display, or no graphics adapter that could draw into it.
pub fn run(options: WindowOptions) -> Result<()> {
    log::listen_to_libraries();
    let kept = options.settings.clone().or_else(Store::usual_path).map(Store::open);
    let (store, mut settings, complaints) = match kept {
        Some((store, settings, complaints)) => (Some(store), settings, complaints),
        None => {
            let complaint =
                "There is no configuration folder, so the arrangement is not kept (HOME is not set)";
            (None, Settings::default(), vec![complaint.to_owned()])
        }
    };
    if options.reset_layout {
        settings.desk = None;
    }
    let native = NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Monoscope")
            .with_app_id("monoscope")
            .with_inner_size(settings.size)
            .with_maximized(settings.is_maximised)
            .with_min_inner_size([960.0, 600.0])
            .with_drag_and_drop(true),
        renderer: eframe::Renderer::Wgpu,
        wgpu_options: WgpuConfiguration { wgpu_setup: setup(), ..Default::default() },
        ..Default::default()
    };
    let create: eframe::AppCreator<'_> = Box::new(move |creation| {
        let mut program = Program::new(creation, &options)?;
        program.store = store;
        program.lab.window.restore(settings, complaints, &creation.egui_ctx);
        Ok(Box::new(program))
    });
    eframe::run_native("monoscope", native, create).map_err(|error| {
        let reason = match error {
            eframe::Error::WinitEventLoop(_) => {
                "there is no display (DISPLAY and WAYLAND_DISPLAY)".to_owned()
            }
            eframe::Error::Wgpu(error) => {
                format!("no graphics adapter can draw into it ({error}); install a Vulkan driver")
            }
            error => error.to_string(),
        };
        anyhow!("no window can be opened: {reason}; the same jobs run without one, see monoscope --help")
    })
}

/// A device with everything that the adapter has, because burn will share it; on Linux without a
/// graphics card, Mesa's software Vulkan driver.
fn setup() -> WgpuSetup {
    // eframe's own request cannot turn on what burn's SPIR-V compiler needs. The fastest adapter is taken
    // without asking the window's surface, which is not there yet; one that cannot draw to it is refused.
    #[cfg(feature = "spirv")]
    if let Ok(display) = DisplayDevice::request() {
        return view::setup_of(&display);
    }
    let mut setup = WgpuSetupCreateNew::without_display_handle();
    setup.instance_descriptor.backends = wgpu::Backends::PRIMARY;
    setup.device_descriptor = Arc::new(DisplayDevice::descriptor);
    setup.into()
}

struct Program {
    lab: Lab,
    store: Option<Store>,
    context: egui::Context,
    /// If frames are timed.
    frame_times: Option<FrameTimes>,
}

impl Program {
    fn new(creation: &CreationContext<'_>, options: &WindowOptions) -> Result<Self> {
        let render_state = creation.wgpu_render_state.as_ref().context("the window is not drawn by wgpu")?;
        view::install(render_state);
        let display = DisplayDevice::new(
            render_state.instance.clone(),
            render_state.adapter.clone(),
            render_state.device.clone(),
            render_state.queue.clone(),
        );
        let context = creation.egui_ctx.clone();
        let mut lab = Lab::new(display, options.device, &options.runs, &context)?;
        lab.window.open(options.data.clone(), options.split.clone(), options.weights.as_deref());
        Ok(Self { lab, store: None, context, frame_times: options.frame_times.then(FrameTimes::default) })
    }
}

impl Program {
    /// Writes down what changed, now and then.
    fn remember(&mut self, context: &egui::Context) {
        // Who changes something and leaves the mouse alone is waited for.
        if context.input(|input| !input.events.is_empty()) {
            context.request_repaint_after(settings::PATIENCE);
        }
        let Some(store) = &mut self.store else { return };
        if !store.is_due() {
            return;
        }
        if let Some(failure) = store.keep(&self.lab.window.settings(context)) {
            self.lab.window.warn(failure);
        }
    }
}

impl eframe::App for Program {
    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        if let Some(frame_times) = &mut self.frame_times {
            frame_times.begin(self.lab.window.is_training(), frame.info().cpu_usage);
            // Only frames without a pause between them tell how long one takes.
            ui.ctx().request_repaint();
        }
        self.lab.ui(ui);
        self.remember(ui.ctx());
    }

    fn on_exit(&mut self) {
        if let Some(store) = &mut self.store {
            let settings = self.lab.window.settings(&self.context);
            let earlier = store.keep(&settings);
            if let Some(failure) = store.wait().or(earlier) {
                errln!("warning: {failure}");
            }
        }
        for line in self.frame_times.iter().flat_map(FrameTimes::lines) {
            errln!("{line}");
        }
        self.lab.end();
    }
}
