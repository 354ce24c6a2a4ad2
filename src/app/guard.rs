//! Guard around eframe's application: egui's renderer panics when it draws with a lost device, and winit's event loop
//! cannot be used again after a panic passed through it.

use eframe::{EframeWinitApplication, UserEvent};
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};
use winit::{
    application::ApplicationHandler,
    event::{DeviceEvent, DeviceId, StartCause, WindowEvent},
    event_loop::{ActiveEventLoop, ControlFlow},
    window::WindowId,
};

/// Interval at which the device is checked while no event arrives.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// An application that leaves the event loop when its device is lost, or when it panics.
pub struct EventLoopGuard<'a> {
    /// `None` once it has ended; its windows must be dropped within the event loop.
    application: Option<EframeWinitApplication<'a>>,
    is_lost: &'a dyn Fn() -> bool,
    /// Payload of the panic that ended the application, if one did.
    pub panic: Option<Box<dyn Any + Send>>,
}

impl<'a> EventLoopGuard<'a> {
    /// Guards the application; `is_lost` tells if its device is lost.
    pub fn new(application: EframeWinitApplication<'a>, is_lost: &'a dyn Fn() -> bool) -> Self {
        Self { application: Some(application), is_lost, panic: None }
    }

    fn handle(
        &mut self,
        event_loop: &ActiveEventLoop,
        handler: impl FnOnce(&mut EframeWinitApplication<'a>, &ActiveEventLoop),
    ) {
        let Some(application) = &mut self.application else { return };
        if (self.is_lost)() {
            self.leave(event_loop);
            return;
        }
        let handled = catch_unwind(AssertUnwindSafe(|| handler(application, event_loop)));
        if let Err(panic) = handled {
            self.panic = Some(panic);
            self.leave(event_loop);
        }
    }

    /// Drops the application, which closes its windows, without calling its exit handlers.
    fn leave(&mut self, event_loop: &ActiveEventLoop) {
        let application = self.application.take();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(application))) {
            self.panic.get_or_insert(panic);
        }
        event_loop.exit();
    }
}

impl ApplicationHandler<UserEvent> for EventLoopGuard<'_> {
    fn new_events(&mut self, event_loop: &ActiveEventLoop, cause: StartCause) {
        self.handle(event_loop, |application, event_loop| application.new_events(event_loop, cause));
    }

    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        self.handle(event_loop, ApplicationHandler::resumed);
    }

    fn user_event(&mut self, event_loop: &ActiveEventLoop, event: UserEvent) {
        self.handle(event_loop, |application, event_loop| application.user_event(event_loop, event));
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, window: WindowId, event: WindowEvent) {
        self.handle(event_loop, |application, event_loop| {
            application.window_event(event_loop, window, event);
        });
    }

    fn device_event(&mut self, event_loop: &ActiveEventLoop, device: DeviceId, event: DeviceEvent) {
        self.handle(event_loop, |application, event_loop| {
            application.device_event(event_loop, device, event);
        });
    }

    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        self.handle(event_loop, ApplicationHandler::about_to_wait);
        let latest = Instant::now() + CHECK_INTERVAL;
        match event_loop.control_flow() {
            ControlFlow::Poll => {}
            ControlFlow::WaitUntil(time) if time < latest => {}
            ControlFlow::Wait | ControlFlow::WaitUntil(_) => {
                event_loop.set_control_flow(ControlFlow::WaitUntil(latest));
            }
        }
    }

    fn suspended(&mut self, event_loop: &ActiveEventLoop) {
        self.handle(event_loop, ApplicationHandler::suspended);
    }

    fn exiting(&mut self, event_loop: &ActiveEventLoop) {
        self.handle(event_loop, ApplicationHandler::exiting);
        self.leave(event_loop);
    }

    fn memory_warning(&mut self, event_loop: &ActiveEventLoop) {
        self.handle(event_loop, ApplicationHandler::memory_warning);
    }
}
