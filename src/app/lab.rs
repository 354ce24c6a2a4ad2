//! The window with the session behind it: what the program runs, and what tests drive as a person would.

use super::{Devices, Window};
use crate::{
    compute::{Compute, DisplayDevice},
    config::DeviceChoice,
    session::{Command, SessionHandle},
};
use anyhow::Result;
use egui::{Context, Ui};
use std::{path::Path, sync::Arc, time::Duration};

/// News that come within this time are drawn in one frame: a step tells of several things, and a software
/// driver takes its time from the step for each frame.
pub(super) const TOGETHER: Duration = Duration::from_millis(25);

/// A window and its session.
pub struct Lab {
    /// What is on the screen.
    pub window: Window,
    session: SessionHandle,
}

impl Lab {
    /// Starts a session that computes where `device` says and draws with `display`. Runs are written under
    /// `runs`; `context` is woken when there is something new.
    ///
    /// # Errors
    /// If there is no such device.
    pub fn new(display: DisplayDevice, device: DeviceChoice, runs: &Path, context: &Context) -> Result<Self> {
        let (draws, is_software) = (display.name(), display.is_software());
        let compute = Compute::open(device, Some(display))?;
        let devices = Devices { draws, is_software };
        let woken = context.clone();
        let session = SessionHandle::spawn(compute, Arc::new(move || woken.request_repaint_after(TOGETHER)));
        Window::dress(context);
        Ok(Self { window: Window::new(devices, runs), session })
    }

    /// Draws a frame: what the session said goes in, what a person wants goes out.
    pub fn ui(&mut self, ui: &mut Ui) {
        // The state is taken after the events, so that it is never older than they are.
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
        self.window.ui(ui);
        for request in self.window.take_requests() {
            self.session.submit(request);
        }
    }

    /// Ends the session; a run under way writes its last checkpoint.
    pub fn end(&self) {
        self.session.send(Command::Shutdown);
    }
}
