//! The handle by which a window or a command talks to the thread that owns burn.

use super::{Command, Event, Picture, worker::Worker};
use crate::compute::{Compute, Slot};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::{
    sync::Arc,
    thread::{Builder, JoinHandle},
};

/// The name of the thread that owns burn.
pub const SESSION_THREAD: &str = "session";

/// One session: one thread that owns all burn work. Commands go in and never block; events and
/// pictures come out and are never waited for. Dropping the handle ends the thread.
pub struct SessionHandle {
    commands: Sender<Command>,
    events: Receiver<Event>,
    pictures: Arc<Slot<Arc<Picture>>>,
    thread: Option<JoinHandle<()>>,
}

impl SessionHandle {
    /// Starts the thread. `on_change` is called on it whenever there is something new to take.
    pub fn spawn(compute: Compute, on_change: Arc<dyn Fn() + Send + Sync>) -> Self {
        let (commands, received) = unbounded();
        let (sender, events) = unbounded();
        let pictures = Arc::new(Slot::default());
        let slot = Arc::clone(&pictures);
        let thread = Builder::new()
            .name(SESSION_THREAD.to_owned())
            .spawn(move || Worker::new(compute, received, sender, slot, on_change).run())
            .expect("the system can start one thread");
        Self { commands, events, pictures, thread: Some(thread) }
    }

    /// Sends a wish; it is obeyed between two steps.
    pub fn send(&self, command: Command) {
        // The thread ends only after `Shutdown`, which is sent from `drop`.
        let _ = self.commands.send(command);
    }

    /// What happened since the last call.
    pub fn events(&self) -> impl Iterator<Item = Event> + '_ {
        self.events.try_iter()
    }

    /// Waits for the next event; `None` once the session has ended.
    pub fn wait(&self) -> Option<Event> {
        self.events.recv().ok()
    }

    /// The newest picture, if it was not taken yet.
    pub fn picture(&self) -> Option<Arc<Picture>> {
        self.pictures.take()
    }

    /// A sender for commands from elsewhere, such as an interrupt handler.
    pub fn commands(&self) -> Sender<Command> {
        self.commands.clone()
    }
}

impl Drop for SessionHandle {
    fn drop(&mut self) {
        self.send(Command::Shutdown);
        if let Some(thread) = self.thread.take() {
            // A panic on the thread was already reported as a problem.
            let _ = thread.join();
        }
    }
}
