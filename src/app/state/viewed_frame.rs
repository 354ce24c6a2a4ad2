//! The frame that is viewed and how: its picture, the position on the timeline, zoom, the inspected pixel, and changes
//! by hand.

use super::{Framing, FusionState, Inspection, Playhead, Sandbox, SessionView};
use crate::{
    config::ObjectiveConfig,
    data::{FrameKey, Side},
    objective::MapName,
    session::{Command, FusionRequest, Picture},
};
use std::{collections::BTreeSet, sync::Arc};

/// The viewed frame, the same in every pane.
pub struct ViewedFrame {
    /// The newest picture.
    pub picture: Option<Arc<Picture>>,
    /// Position on the timeline.
    pub playhead: Playhead,
    /// True if views show the training batch while a run trains.
    pub follows_training: bool,
    /// Objective that decides which maps there are: that of the present or last run, with the scales of loaded
    /// networks.
    pub objective: ObjectiveConfig,
    /// The visible part of the pictures.
    pub framing: Framing,
    /// True if pixels are drawn as squares.
    pub squares: bool,
    /// The inspected pixel.
    pub inspection: Inspection,
    /// Neighbours that the cloud draws with the frame.
    pub fusion: FusionState,
    /// Changes by hand.
    pub sandbox: Sandbox,
    /// Maps that were requested from the session last.
    watched: BTreeSet<MapName>,
}

impl Default for ViewedFrame {
    fn default() -> Self {
        Self {
            picture: None,
            playhead: Playhead::default(),
            follows_training: true,
            objective: ObjectiveConfig::default(),
            framing: Framing::default(),
            squares: false,
            inspection: Inspection::default(),
            fusion: FusionState::default(),
            sandbox: Sandbox::default(),
            watched: BTreeSet::new(),
        }
    }
}

impl ViewedFrame {
    /// Takes the newest picture.
    pub fn show(&mut self, picture: Arc<Picture>) {
        self.inspection.show(picture.inspection.clone());
        self.picture = Some(picture);
    }

    /// Objective of the maps on the screen: its sources are those that could be warped.
    pub fn shown_objective(&self) -> &ObjectiveConfig {
        self.picture.as_ref().map_or(&self.objective, |picture| &picture.objective)
    }

    /// Every map that can be chosen, with those of sources that only this frame has.
    pub fn maps(&self) -> Vec<MapName> {
        let mut objective = self.objective.clone();
        let shown = self.shown_objective().frame_ids.iter();
        let more: Vec<_> = shown.filter(|id| !objective.frame_ids.contains(id)).copied().collect();
        objective.frame_ids.extend(more);
        MapName::available(&objective)
    }

    /// Goes to a frame of the present drive. While training it also leaves the training batch.
    pub fn scrub(&mut self, frame: u32, session: &mut SessionView) {
        self.playhead.go_to(frame);
        if session.is_training() && self.follows_training {
            self.follow_training(false, session);
        } else {
            self.request_frame(session);
        }
    }

    /// Chooses between the training batch and the frame of the timeline.
    pub fn follow_training(&mut self, follow: bool, session: &mut SessionView) {
        self.follows_training = follow;
        session.requests.send(Command::FollowTraining(follow));
        if !follow {
            self.request_frame(session);
        }
    }

    /// Goes to another drive of the data.
    pub fn choose_drive(&mut self, drive: usize, session: &mut SessionView) {
        if let Some(data) = session.data().cloned() {
            self.playhead.choose_drive(&data, drive);
            let frame = self.playhead.frame;
            self.scrub(frame, session);
        }
    }

    /// Changes to another camera of the rig.
    pub fn choose_side(&mut self, side: Side, session: &mut SessionView) {
        self.playhead.choose_side(side);
        self.scrub(self.playhead.frame, session);
    }

    /// Goes to a frame by its key, in whatever drive it is.
    pub fn choose_frame(&mut self, key: &FrameKey, session: &mut SessionView) {
        let Some(data) = session.data().cloned() else { return };
        if let Some(drive) = data.drives.iter().position(|drive| drive.folder == key.folder) {
            self.playhead.choose_drive(&data, drive);
            self.playhead.choose_side(key.side);
            self.scrub(key.frame, session);
        }
    }

    /// While playing: goes to the next frame once the last one requested is on the screen. `seconds` is the window's
    /// time.
    pub fn play_on(&mut self, seconds: f64, session: &mut SessionView) {
        let is_shown = self.playhead.key() == self.picture.as_ref().map(|picture| &picture.key).cloned();
        if self.playhead.is_due(seconds, is_shown) {
            self.scrub(self.playhead.after(), session);
        }
    }

    /// Requests the frame of the playhead.
    pub fn request_frame(&self, session: &mut SessionView) {
        if let Some(key) = self.playhead.key() {
            session.requests.send(Command::Show(key));
        }
    }

    /// Goes back to the data and the networks of the run in progress.
    pub fn look_at_run(&mut self, session: &mut SessionView) {
        session.requests.send(Command::ViewRun);
        self.follow_training(true, session);
    }

    /// Leaves the training batch, to show what is opened while the run continues.
    pub fn view_other(&mut self, session: &mut SessionView) {
        self.follows_training = false;
        session.requests.send(Command::FollowTraining(false));
    }

    /// Requests neighbours of the frame, if the request changed.
    pub fn fuse(&mut self, request: FusionRequest, session: &mut SessionView) {
        if self.fusion.request != request {
            self.fusion.request = request;
            session.requests.send(Command::Fuse(request));
        }
    }

    /// Requests the maps that the open panes show, if they changed.
    pub fn watch(&mut self, maps: BTreeSet<MapName>, session: &mut SessionView) {
        if self.watched != maps {
            self.watched.clone_from(&maps);
            session.requests.send(Command::Watch(maps));
        }
    }

    /// Sends the changes by hand, if they or the presence of the sandbox changed.
    pub fn apply_sandbox(&mut self, is_open: bool, session: &mut SessionView) {
        if let Some(adjustment) = self.sandbox.unsent(is_open) {
            session.requests.send(Command::Adjust(adjustment));
        }
    }

    /// Requests the terms of the loss while the inspector is on the screen.
    pub fn inspect(&mut self, inspects: bool, session: &mut SessionView) {
        if self.inspection.is_open != inspects {
            self.inspection.is_open = inspects;
            session.requests.send(Command::Inspect(inspects));
        }
    }

    /// Zooms in by one key press, about the inspected point if it is visible.
    pub fn zoom_in(&mut self) {
        self.framing.zoom_in(self.inspection.point());
    }

    /// Zooms out by one key press, about the inspected point if it is visible.
    pub fn zoom_out(&mut self) {
        self.framing.zoom_out(self.inspection.point());
    }

    /// Moves the inspected pixel by whole pixels, and keeps it visible.
    pub fn nudge(&mut self, x: isize, y: isize) {
        self.inspection.nudge(x, y);
        if let Some(point) = self.inspection.point() {
            self.framing.reveal(point);
        }
    }
}
