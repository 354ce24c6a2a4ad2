//! Opens the window's wgpu device before eframe does. eframe accepts an existing device only while it has no window
//! yet, so a hidden window is opened here to test which adapter can draw into it.

use crate::compute::{ComputeError, DisplayDevice};
use eframe::UserEvent;
use winit::{
    application::ApplicationHandler,
    event::WindowEvent,
    event_loop::{ActiveEventLoop, EventLoop},
    platform::run_on_demand::EventLoopExtRunOnDemand,
    window::{Window, WindowId},
};

/// Opens the fastest adapter that can draw into windows of this event loop, tested with a window that is never shown.
///
/// # Errors
/// If no adapter can draw into a window, or if it gives no device.
pub fn open(event_loop: &mut EventLoop<UserEvent>) -> Result<DisplayDevice, ComputeError> {
    let mut asking = AdapterProbe(Err(ComputeError::NoAdapter("the event loop does not run".to_owned())));
    match event_loop.run_app_on_demand(&mut asking) {
        Ok(()) => asking.0,
        Err(error) => Err(ComputeError::NoAdapter(error.to_string())),
    }
}

/// Search for an adapter, with its result.
struct AdapterProbe(Result<DisplayDevice, ComputeError>);

impl ApplicationHandler<UserEvent> for AdapterProbe {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        self.0 = match event_loop.create_window(Window::default_attributes().with_visible(false)) {
            Ok(window) => DisplayDevice::request_for(window),
            Err(error) => Err(ComputeError::NoAdapter(error.to_string())),
        };
        event_loop.exit();
    }

    fn window_event(&mut self, _event_loop: &ActiveEventLoop, _window: WindowId, _event: WindowEvent) {}
}
