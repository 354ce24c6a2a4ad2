//! The handle through which a window or a command line talks to the session thread.

use super::{
    CloudFusion, Command, Event, Failure, Outcome, Picture, Reply, Request, RequestId, SessionState,
    Trajectory, latest::Latest, worker::Worker,
};
use crate::{compute::Compute, data::FrameSource, panics};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use std::{
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{Builder, JoinHandle},
    time::Duration,
};

/// Name of the thread that owns burn.
pub const SESSION_THREAD: &str = "session";

/// Sends requests from anywhere, such as an interrupt handler.
#[derive(Clone)]
pub struct Requester {
    // Unbounded, because a window must never wait. The queue stays short: a window sends a few requests per frame,
    // and the session takes all of them before its next piece of work.
    requests: Sender<Request>,
    next: Arc<AtomicU64>,
}

impl Requester {
    /// Sends a command, which is executed between two steps. The reply will have the returned number.
    pub fn send(&self, command: Command) -> RequestId {
        let id = RequestId(self.next.fetch_add(1, Ordering::Relaxed));
        // Sending fails only after the thread has ended.
        let _ = self.requests.send(Request { id, command });
        id
    }
}

/// A session: one thread that does all work with burn. Sending a request never blocks, and the session never waits
/// for its events to be taken. Dropping the handle ends the thread.
pub struct SessionHandle {
    requester: Requester,
    // Unbounded, because the session must never wait for a window that is not drawn. The queue holds the metrics of
    // a run, all of which the window keeps anyway; larger data is published latest-wins.
    events: Receiver<Event>,
    latest: Arc<Latest>,
    thread: Option<JoinHandle<()>>,
}

impl SessionHandle {
    /// Starts the session thread, which calls `on_change` whenever there is an event or a new value to take.
    pub fn spawn(compute: Compute, on_change: Arc<dyn Fn() + Send + Sync>) -> Self {
        // Without the hook, a caught panic would be reported without its location.
        panics::install_hook();
        #[expect(
            clippy::disallowed_methods,
            reason = "neither a window nor the session may wait for the other"
        )]
        let ((requests, received), (sender, events)) = (unbounded(), unbounded());
        let latest = Arc::new(Latest::default());
        let worker = Worker::new(compute, received, sender, Arc::clone(&latest), on_change);
        let thread = Builder::new()
            .name(SESSION_THREAD.to_owned())
            .spawn(move || worker.run())
            .expect("the system can start one thread");
        let requester = Requester { requests, next: Arc::default() };
        Self { requester, events, latest, thread: Some(thread) }
    }

    /// Sends a command, as [`Requester::send`] does.
    pub fn send(&self, command: Command) -> RequestId {
        self.requester.send(command)
    }

    /// Sends a request that has a number already. The caller must be the only one who sends requests.
    pub fn submit(&self, request: Request) {
        // Sending fails only after the thread has ended.
        let _ = self.requester.requests.send(request);
    }

    /// Sends a command and waits for its reply. All other events until then are passed to `others`.
    ///
    /// # Errors
    /// If the command fails, or if the session has ended.
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

    /// Events since the last call.
    pub fn events(&self) -> impl Iterator<Item = Event> + '_ {
        self.events.try_iter()
    }

    /// Waits for the next event; `None` once the session has ended.
    pub fn wait(&self) -> Option<Event> {
        self.events.recv().ok()
    }

    /// Waits for the next event, at most for `time`. The state may change without an event.
    ///
    /// # Errors
    /// If no event came in time, or the session has ended.
    pub fn wait_timeout(&self, time: Duration) -> Result<Event, RecvTimeoutError> {
        self.events.recv_timeout(time)
    }

    /// Latest state. It is never older than an event that was taken.
    pub fn state(&self) -> Arc<SessionState> {
        Arc::clone(&self.latest.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Source of the viewed data.
    pub fn frames(&self) -> Option<Arc<dyn FrameSource>> {
        self.latest.frames.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Latest picture, if it was not taken yet.
    pub fn picture(&self) -> Option<Arc<Picture>> {
        self.latest.picture.take()
    }

    /// Latest trajectory, if it has grown since it was last taken.
    pub fn trajectory(&self) -> Option<Arc<Trajectory>> {
        self.latest.trajectory.take()
    }

    /// Latest neighbours of the viewed frame, if they have changed since they were last taken.
    pub fn fusion(&self) -> Option<Arc<CloudFusion>> {
        self.latest.fusion.take()
    }

    /// Sender of requests, for use elsewhere.
    pub fn requester(&self) -> Requester {
        self.requester.clone()
    }
}

impl Drop for SessionHandle {
    fn drop(&mut self) {
        self.send(Command::Shutdown { even_unsaved: true });
        if let Some(thread) = self.thread.take() {
            // A panic on the thread was already reported.
            let _ = thread.join();
        }
    }
}
