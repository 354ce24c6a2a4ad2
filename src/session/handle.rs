//! The handle by which a window or a command talks to the thread that owns burn.

use super::{
    CloudFusion, Command, Event, Outcome, Picture, Reply, Request, RequestId, SessionState, Trajectory,
    worker::Worker,
};
use crate::{
    compute::{Compute, Slot},
    data::FrameSource,
    panics,
    session::Failure,
};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{Builder, JoinHandle},
    time::Duration,
};

/// The name of the thread that owns burn.
pub const SESSION_THREAD: &str = "session";

/// What the session publishes latest-wins: nobody waits for it, and what was not taken is replaced.
#[derive(Default)]
pub(super) struct Latest {
    pub state: Mutex<Arc<SessionState>>,
    pub picture: Slot<Arc<Picture>>,
    pub trajectory: Slot<Arc<Trajectory>>,
    pub fusion: Slot<Arc<CloudFusion>>,
    /// The frames of the data that is looked at, for those in this process who read thumbnails themselves.
    pub frames: Mutex<Option<Arc<dyn FrameSource>>>,
}

/// Sends requests from anywhere, such as an interrupt handler.
#[derive(Clone)]
pub struct Requester {
    // Unbounded, because a window must never wait: it sends a few requests a frame, and all that wait are taken
    // before the next piece of work.
    requests: Sender<Request>,
    next: Arc<AtomicU64>,
}

impl Requester {
    /// Sends a command, which is handled between two steps; its reply bears the number that this returns.
    pub fn send(&self, command: Command) -> RequestId {
        let id = RequestId(self.next.fetch_add(1, Ordering::Relaxed));
        // The thread ends only after `Shutdown`, which is sent from `drop`.
        let _ = self.requests.send(Request { id, command });
        id
    }
}

/// One session: one thread that owns all burn work. Requests go in and never block; events and what is published
/// come out and are never waited for. Dropping the handle ends the thread.
pub struct SessionHandle {
    requester: Requester,
    // Unbounded, because the session must never wait for a window that is not drawn. It holds a run's figures, of
    // which the window keeps every one anyway; what grows faster than them is published latest-wins.
    events: Receiver<Event>,
    latest: Arc<Latest>,
    thread: Option<JoinHandle<()>>,
}

impl SessionHandle {
    /// Starts the thread. `on_change` is called on it whenever there is something new to take.
    pub fn spawn(compute: Compute, on_change: Arc<dyn Fn() + Send + Sync>) -> Self {
        // Without it a panic on the thread would be caught without its place.
        panics::install_hook();
        let (requests, received) = unbounded();
        let (sender, events) = unbounded();
        let latest = Arc::new(Latest::default());
        let worker = Worker::new(compute, received, sender, Arc::clone(&latest), on_change);
        let thread = Builder::new()
            .name(SESSION_THREAD.to_owned())
            .spawn(move || worker.run())
            .expect("the system can start one thread");
        let requester = Requester { requests, next: Arc::default() };
        Self { requester, events, latest, thread: Some(thread) }
    }

    /// As [`Requester::send`].
    pub fn send(&self, command: Command) -> RequestId {
        self.requester.send(command)
    }

    /// Sends a request with a number of one's own: for those who are the only ones to send.
    pub fn submit(&self, request: Request) {
        // As in `Requester::send`.
        let _ = self.requester.requests.send(request);
    }

    /// Sends a command and waits for its reply; what else happens meanwhile goes to `others`.
    ///
    /// # Errors
    /// As the command fails, or if the session has ended.
    pub fn call(&self, command: Command, mut others: impl FnMut(Event)) -> Result<Outcome, Failure> {
        let sent = self.send(command);
        while let Some(event) = self.wait() {
            match event {
                Event::Reply(Reply { id, result }) if id == sent => return result,
                other => others(other),
            }
        }
        Err(Failure { text: "the session has ended".to_owned(), ..Failure::default() })
    }

    /// What happened since the last call.
    pub fn events(&self) -> impl Iterator<Item = Event> + '_ {
        self.events.try_iter()
    }

    /// Waits for the next event; `None` once the session has ended.
    pub fn wait(&self) -> Option<Event> {
        self.events.recv().ok()
    }

    /// Waits for the next event, at most this long: the state may have changed without one.
    ///
    /// # Errors
    /// If none came, or the session has ended.
    pub fn wait_at_most(&self, time: Duration) -> Result<Event, RecvTimeoutError> {
        self.events.recv_timeout(time)
    }

    /// The state. It is never older than an event that was taken.
    pub fn state(&self) -> Arc<SessionState> {
        Arc::clone(&self.latest.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The frames of the data that is looked at.
    pub fn frames(&self) -> Option<Arc<dyn FrameSource>> {
        self.latest.frames.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The newest picture, if it was not taken yet.
    pub fn picture(&self) -> Option<Arc<Picture>> {
        self.latest.picture.take()
    }

    /// The path of a drive as far as it is predicted, if there is news of it.
    pub fn trajectory(&self) -> Option<Arc<Trajectory>> {
        self.latest.trajectory.take()
    }

    /// The neighbours of the frame that is shown, if there is news of them.
    pub fn fusion(&self) -> Option<Arc<CloudFusion>> {
        self.latest.fusion.take()
    }

    /// A sender for requests from elsewhere.
    pub fn requester(&self) -> Requester {
        self.requester.clone()
    }
}

impl Drop for SessionHandle {
    fn drop(&mut self) {
        self.send(Command::Shutdown { even_unsaved: true });
        if let Some(thread) = self.thread.take() {
            // A panic on the thread was already told.
            let _ = thread.join();
        }
    }
}
