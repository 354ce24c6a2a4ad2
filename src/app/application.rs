//! App: a window with its session. The program runs it, and tests drive it as a person would.

use super::{Devices, Ending, PaneKind, Window, browser, repaint};
use crate::{
    compute::{Compute, DisplayDevice},
    config::DeviceChoice,
    session::{Failure, SessionHandle},
};
use anyhow::Result;
use egui::{Context, Ui};
use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// A window and its session.
pub struct App {
    /// Everything on the screen.
    pub window: Window,
    session: SessionHandle,
    /// egui context that is repainted when the session has something new.
    woken: Arc<Mutex<Context>>,
    /// True once the program must end without asking anyone.
    has_to_end: Arc<AtomicBool>,
}

impl App {
    /// Starts a session that computes on `device` and draws with `display`. Runs are written under `runs`; `context` is
    /// repainted when the session has something new.
    ///
    /// # Errors
    /// Returns an error if there is no such device.
    pub fn new(display: DisplayDevice, device: DeviceChoice, runs: &Path, context: &Context) -> Result<Self> {
        let (draws, is_software) = (display.name(), display.is_software());
        let compute = Compute::open(device, Some(display))?;
        let devices = Devices { draws, is_software };
        let woken = Arc::new(Mutex::new(context.clone()));
        let waking = Arc::clone(&woken);
        let wake = move || {
            let context = waking.lock().unwrap_or_else(PoisonError::into_inner).clone();
            context.request_repaint_after(repaint::DELAY);
        };
        let session = SessionHandle::spawn(compute, Arc::new(wake));
        Window::apply_theme(context);
        Ok(Self { window: Window::new(devices, runs), session, woken, has_to_end: Arc::default() })
    }

    /// Moves to another egui context, keeping egui's memory, and to a new display device. The session reopens the
    /// device by itself.
    pub fn move_to(&mut self, display: &DisplayDevice, context: &Context) {
        let devices = &mut self.window.state.session.devices;
        (devices.draws, devices.is_software) = (display.name(), display.is_software());
        let mut woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        let memory = woken.memory(Clone::clone);
        context.memory_mut(|present| *present = memory);
        *woken = context.clone();
    }

    /// Draws a frame: takes the session's events and pictures, then sends the user's requests.
    pub fn ui(&mut self, ui: &mut Ui) {
        self.logic(ui.ctx());
        self.window.ui(ui);
        for address in browser::take_requested(ui.ctx()) {
            self.window.open_address(&address);
        }
        self.send_requests();
    }

    /// Draws a frame of one pane alone, for a picture of it.
    pub fn pane_ui(&mut self, ui: &mut Ui, kind: PaneKind) {
        self.logic(ui.ctx());
        self.window.pane_ui(ui, kind);
        self.send_requests();
    }

    /// Part of a frame that a hidden window also runs: receiving from the session, and closing.
    pub fn logic(&mut self, context: &Context) {
        self.receive_all();
        if self.has_to_end.swap(false, Ordering::Relaxed) {
            self.window.shut_down();
        }
        self.window.close_if_saved(context);
        self.send_requests();
    }

    fn receive_all(&mut self) {
        // The state is read after the events, so that it is never older than they are.
        let events: Vec<_> = self.session.events().collect();
        self.window.update(self.session.state(), self.session.frames());
        for event in events {
            self.window.receive(event);
        }
        if let Some(trajectory) = self.session.trajectory() {
            self.window.receive_trajectory(&trajectory);
        }
        if let Some(fusion) = self.session.fusion() {
            self.window.receive_fusion(fusion);
        }
        if let Some(picture) = self.session.picture() {
            self.window.show(picture);
        }
    }

    fn send_requests(&mut self) {
        for request in self.window.take_requests() {
            self.session.submit(request);
        }
    }

    /// Function that ends the program from any thread, like closing the window but without asking anything.
    pub fn ender(&self) -> impl Fn() + Send + 'static {
        let (has_to_end, woken) = (Arc::clone(&self.has_to_end), Arc::clone(&self.woken));
        move || {
            has_to_end.store(true, Ordering::Relaxed);
            let context = woken.lock().unwrap_or_else(PoisonError::into_inner).clone();
            context.request_repaint();
        }
    }

    /// Ends the session unless it has ended, and waits for it. A run in progress writes its last checkpoint; returns
    /// the reason if it could not.
    pub fn end(&mut self) -> Option<Failure> {
        if !matches!(self.window.ending(), Ending::Ended(_)) {
            self.window.shut_down();
            self.send_requests();
        }
        loop {
            if let Ending::Ended(failure) = self.window.ending() {
                return failure.clone();
            }
            let event = self.session.wait()?;
            self.window.update(self.session.state(), self.session.frames());
            self.window.receive(event);
        }
    }
}
