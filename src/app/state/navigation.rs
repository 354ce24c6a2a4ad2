//! Going from frame to frame, drive to drive and camera to camera.

use super::State;
use crate::{
    data::{FrameKey, Side},
    objective::MapName,
    session::{Command, FusionRequest},
};

impl State {
    /// Goes to a frame of the present drive. Whoever scrubs while training wants to see that frame.
    pub fn scrub(&mut self, frame: u32) {
        self.playhead.go_to(frame);
        if self.is_training() && self.follows_training {
            self.follow_training(false);
        } else {
            self.ask_for_frame();
        }
    }

    /// Goes to another drive of the data.
    pub fn choose_drive(&mut self, drive: usize) {
        if let Some(data) = self.data().cloned() {
            self.playhead.choose_drive(&data, drive);
            let frame = self.playhead.frame;
            self.scrub(frame);
        }
    }

    /// Looks through another camera of the rig.
    pub fn choose_side(&mut self, side: Side) {
        self.playhead.choose_side(side);
        self.scrub(self.playhead.frame);
    }

    /// Goes to a sample by its key, in whatever drive it is.
    pub fn choose_frame(&mut self, key: &FrameKey) {
        let Some(data) = self.data().cloned() else { return };
        if let Some(drive) = data.drives.iter().position(|drive| drive.folder == key.folder) {
            self.playhead.choose_drive(&data, drive);
            self.playhead.choose_side(key.side);
            self.scrub(key.frame);
        }
    }

    /// While playing: goes to the next frame once the last one asked for is on the screen.
    pub fn play_on(&mut self, seconds: f64) {
        let is_shown = self.playhead.key() == self.picture.as_ref().map(|picture| &picture.key).cloned();
        if self.playhead.is_due(seconds, is_shown) {
            self.scrub(self.playhead.after());
        }
    }

    /// Asks the session for the frame of the playhead.
    pub(super) fn ask_for_frame(&mut self) {
        if let Some(key) = self.playhead.key() {
            self.requests.send(Command::Show(key));
        }
    }

    /// Asks for neighbours of the frame that is looked at.
    pub fn fuse(&mut self, wanted: FusionRequest) {
        if self.fusion.wanted != wanted {
            self.fusion.wanted = wanted;
            self.requests.send(Command::Fuse(wanted));
        }
    }

    /// Asks the window for a view of this map, unless one is on the screen.
    pub fn show_map(&mut self, name: MapName) {
        self.map_to_show = Some(name);
    }

    /// The map that is to be shown.
    pub fn take_map_to_show(&mut self) -> Option<MapName> {
        self.map_to_show.take()
    }

    /// Moves the inspected pixel by whole pixels, and keeps it in sight.
    pub fn nudge(&mut self, across: isize, down: isize) {
        self.inspection.nudge(across, down);
        if let Some(place) = self.inspection.place() {
            self.framing.reveal(place);
        }
    }

    /// Says whether changes by hand are on the screen, and which, if that changed.
    pub fn try_out(&mut self, is_open: bool) {
        if let Some(news) = self.sandbox.news(is_open) {
            self.requests.send(Command::Adjust(news));
        }
    }

    /// Says whether the inspector is open, if that changed.
    pub fn inspect(&mut self, inspects: bool) {
        if self.inspection.is_open != inspects {
            self.inspection.is_open = inspects;
            self.requests.send(Command::Inspect(inspects));
        }
    }
}
