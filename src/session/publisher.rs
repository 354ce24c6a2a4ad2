//! The output of a session: events in order, and the slots that are published latest-wins.

use super::{
    CloudFusion, Event, Failure, Level, Notice, Picture, SessionState, Topic, Trajectory,
    event_log::log_event, latest::Latest,
};
use crate::data::FrameSource;
use crossbeam_channel::Sender;
use std::sync::{Arc, PoisonError};

/// Sends events, fills the slots, and calls `on_change` after each so that the user takes them.
pub(super) struct Publisher {
    pub events: Sender<Event>,
    pub latest: Arc<Latest>,
    pub on_change: Arc<dyn Fn() + Send + Sync>,
}

impl Publisher {
    pub fn send(&self, event: Event) {
        log_event(&event);
        // Without a receiver the handle is being dropped, and `Shutdown` is on its way.
        let _ = self.events.send(event);
        (self.on_change)();
    }

    pub fn warn(&self, topic: Topic, text: impl Into<String>) {
        let notice = Notice { level: Level::Warning, topic, text: text.into(), ..Notice::default() };
        self.send(Event::Notice(notice));
    }

    /// Sends a notice of a failure that answers no request.
    pub fn notify(&self, level: Level, topic: Topic, failure: Failure) {
        let Failure { text, advice, report, .. } = failure;
        self.send(Event::Notice(Notice { level, topic, text, advice, report }));
    }

    pub fn publish(&self, state: SessionState) {
        *self.latest.state.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
        (self.on_change)();
    }

    pub fn publish_picture(&self, picture: Picture) {
        self.latest.picture.publish(Arc::new(picture));
        (self.on_change)();
    }

    pub fn publish_trajectory(&self, trajectory: Trajectory) {
        self.latest.trajectory.publish(Arc::new(trajectory));
        (self.on_change)();
    }

    pub fn publish_fusion(&self, fusion: CloudFusion) {
        self.latest.fusion.publish(Arc::new(fusion));
        (self.on_change)();
    }

    /// Drops pictures, trajectories and clouds that were not taken, because they are of other data or networks.
    pub fn clear_views(&self) {
        drop(self.latest.picture.take());
        drop(self.latest.trajectory.take());
        drop(self.latest.fusion.take());
    }

    pub fn publish_frames(&self, frames: Option<Arc<dyn FrameSource>>) {
        *self.latest.frames.lock().unwrap_or_else(PoisonError::into_inner) = frames;
    }
}
