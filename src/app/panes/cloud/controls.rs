//! Controls in the header of the point cloud.

use super::{CloudPane, FARTHEST, FLATTEST, WIDTHS, colouring::ColourBy};
use crate::{
    app::{
        state::{SessionView, State, ViewedFrame, WindowRequests},
        theme,
    },
    objective::MapName,
    session::{FusionRequest, PoseSource},
    view::Orbit,
};
use egui::{
    Button, InnerResponse, PopupCloseBehavior, Slider, Ui,
    containers::menu::{MenuButton, MenuConfig, SubMenuButton, is_in_menu},
};

/// Width below which the header has one menu for everything, points.
const WIDE: f32 = 420.0;
/// Numbers of frames to choose from.
const FRAMES: [u32; 3] = [1, 5, 15];

impl CloudPane {
    /// Draws the controls from right to left.
    pub(super) fn controls(&mut self, ui: &mut Ui, state: &mut State) {
        let State { session, viewed, trajectory, window, .. } = state;
        let has_pose = trajectory.has_pose;
        if ui.available_width() < WIDE {
            let menu = lasting_menu(ui, "Options", |ui| {
                self.fly_button(ui);
                self.viewpoints(ui);
                self.points(ui, viewed);
                frames(ui, viewed, session, has_pose);
                self.colours(ui);
                self.save_button(ui, viewed, window);
            });
            menu.response.on_hover_text("What is drawn, how, and from where");
            return;
        }
        ui.spacing_mut().item_spacing.x = theme::HALF;
        self.save_button(ui, viewed, window);
        self.fly_button(ui);
        self.viewpoints(ui);
        self.points(ui, viewed);
        frames(ui, viewed, session, has_pose);
        self.colours(ui);
    }

    fn save_button(&self, ui: &mut Ui, viewed: &ViewedFrame, window: &mut WindowRequests) {
        let export = self.export(viewed);
        let button = ui.add_enabled(export.is_some(), Button::new("Save as PLY…"));
        let button = button.on_hover_text(
            "The predicted points filtered and coloured as drawn, in metres if it is known \
             how many a unit of the network has: from the weights, the stereo camera, or the true depth while \
             that is shown",
        );
        if button.on_disabled_hover_text("There are no points yet").clicked()
            && let Some((name, content)) = export
        {
            window.save_file(name, content);
            ui.close();
        }
    }

    fn fly_button(&mut self, ui: &mut Ui) {
        let help = "Move through the cloud: W A S D to move, E and Q to go up and down, Shift to move faster, drag to \
                    look around, Escape to orbit again";
        let fly = Button::new("Fly").selected(self.is_flying);
        if ui.add(fly).on_hover_text(help).clicked() {
            self.is_flying = !self.is_flying;
            self.takes_keys = self.is_flying;
            ui.close();
        }
    }

    fn viewpoints(&mut self, ui: &mut Ui) {
        let menu = lasting_menu(ui, "Viewpoint", |ui| {
            let places = [
                ("Reset view", "Behind, above and to the side of the camera", Orbit::default()),
                ("From the camera", "At the frame's own camera, in its direction", Orbit::at_the_camera()),
                ("From behind", "Behind the camera, looking the same way", Orbit::behind()),
                ("From above", "Straight down; ahead of the camera is up", Orbit::above()),
            ];
            for (name, help, place) in places {
                if ui.button(name).on_hover_text(help).clicked() {
                    self.orbit = place;
                    ui.close();
                }
            }
        });
        menu.response.on_hover_text("Position from which the cloud is seen");
    }

    fn points(&mut self, ui: &mut Ui, viewed: &ViewedFrame) {
        let menu = lasting_menu(ui, "Points", |ui| {
            ui.spacing_mut().slider_width = 136.0;
            let widths = Slider::new(&mut self.point_width, WIDTHS).text("width");
            ui.add(widths).on_hover_text("Width of a point: at 1 it covers what its pixel covers");
            let farthest = Slider::new(&mut self.farthest, FARTHEST).logarithmic(true).text("farthest");
            ui.add(farthest).on_hover_text(
                "Points farther than this are left out, in median depths of the frame: \
                 the network's own unit of length is arbitrary",
            );
            let flattest = Slider::new(&mut self.flattest, FLATTEST).suffix("°").text("flying pixels");
            ui.add(flattest).on_hover_text(self.flying_help(viewed));
            ui.checkbox(&mut self.shows_camera, "Show the cameras")
                .on_hover_text("The viewing pyramids of the frames' cameras, and the path between them");
            ui.checkbox(&mut self.shows_truth, "Show the true depth").on_hover_text(truth_help(viewed));
        });
        menu.response.on_hover_text("Which points are drawn, and how");
    }

    /// Help text of the edge filter. A minimum angle to the line of sight means a maximum jump in depth from pixel to
    /// pixel, which depends on the focal length.
    fn flying_help(&self, viewed: &ViewedFrame) -> String {
        let text = "At the edges of objects the network blends near and far depths, which leaves points in the air. \
                    Surfaces at a smaller angle to the line of sight than this are left out";
        let cloud = viewed.picture.as_ref().and_then(|picture| picture.cloud.as_ref());
        let Some(cloud) = cloud.filter(|_| self.flattest > 0.0) else { return format!("{text}.") };
        let [focal_x, ..] = cloud.intrinsics.in_pixels(cloud.depth.width, cloud.depth.height);
        let percent = 100.0 / (self.flattest.to_radians().tan() * focal_x);
        format!("{text}: here, where depth jumps by more than {percent:.1} % from a pixel to the next.")
    }

    fn colours(&mut self, ui: &mut Ui) {
        let menu = lasting_menu(ui, "Colour", |ui| {
            for choice in ColourBy::ALL {
                ui.radio_value(&mut self.colour_by, choice, choice.label()).on_hover_text(choice.help());
            }
        });
        menu.response.on_hover_text(format!("Points are coloured {}", self.colour_by.label()));
    }
}

/// Draws the menu of how many frames make the cloud, and of their poses.
fn frames(ui: &mut Ui, viewed: &mut ViewedFrame, session: &mut SessionView, has_pose: bool) {
    let mut wanted = viewed.fusion.request;
    let menu = lasting_menu(ui, "Frames", |ui| {
        let reason = obstacle_to_fusing(session, has_pose, wanted.poses);
        for frames in FRAMES {
            let name = if frames == 1 { "1 frame".to_owned() } else { format!("{frames} frames together") };
            let is_open = frames == 1 || reason.is_none();
            let radio = egui::RadioButton::new(wanted.frames == frames, name);
            let radio = ui.add_enabled(is_open, radio).on_hover_text(
                "The frame with its neighbours before and after it, each predicted on its own and put \
                 at its camera. Predicted one at a time while no training runs",
            );
            if radio.on_disabled_hover_text(reason.unwrap_or_default()).clicked() {
                wanted.frames = frames;
            }
        }
        ui.separator();
        let poses = [
            (
                PoseSource::Predicted,
                "Predicted poses",
                "By the pose network, for each pair of neighbouring frames",
            ),
            (
                PoseSource::Measured,
                "Measured poses",
                "From the data (KITTI's oxts or poses, or those of the built-in drive), \
                 scaled to the depths",
            ),
        ];
        for (choice, name, help) in poses {
            let reason = obstacle_to_fusing(session, has_pose, choice);
            let radio = egui::RadioButton::new(wanted.poses == choice, name);
            let radio = ui.add_enabled(reason.is_none(), radio).on_hover_text(help);
            if radio.on_disabled_hover_text(reason.unwrap_or_default()).clicked() {
                wanted.poses = choice;
            }
        }
    });
    menu.response.on_hover_text("How many frames make the cloud");
    let FusionRequest { frames, .. } = wanted;
    if wanted != viewed.fusion.request
        && (frames == 1 || obstacle_to_fusing(session, has_pose, wanted.poses).is_none())
    {
        viewed.fuse(wanted, session);
    }
}

/// Menu that stays open while choices are made in it.
fn lasting_menu<R>(ui: &mut Ui, name: &str, content: impl FnOnce(&mut Ui) -> R) -> InnerResponse<Option<R>> {
    let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let (response, inner) = if is_in_menu(ui) {
        SubMenuButton::new(name).config(config).ui(ui, content)
    } else {
        MenuButton::new(name).config(config).ui(ui, content)
    };
    InnerResponse::new(inner.map(|inner| inner.inner), response)
}

/// Reason why frames cannot be fused with these poses; `None` if they can.
fn obstacle_to_fusing(session: &SessionView, has_pose: bool, poses: PoseSource) -> Option<&'static str> {
    if session.is_training() {
        Some("The networks change with every step: pause first")
    } else if poses == PoseSource::Predicted && !has_pose {
        Some(
            "There is no pose network: choose measured poses, load weights with a pose network, or train with \
             neighbouring frames. A stereo pair does not tell the motion to other frames",
        )
    } else {
        None
    }
}

/// Help of the true depth, with its scale if known.
fn truth_help(viewed: &ViewedFrame) -> String {
    let text = "Measured (KITTI's LiDAR) or exact depth (built-in drive) as points of a second colour, converted \
                to the prediction's unit: by the scale of the weights, else by the known distance of the \
                stereo cameras, else by the ratio of medians";
    let picture = viewed.picture.as_ref();
    let is_there = picture.is_some_and(|picture| picture.maps.contains_key(&MapName::TrueDepth));
    let scale = picture.and_then(|picture| picture.cloud.as_ref()?.scale.as_ref()).filter(|_| is_there);
    match scale {
        Some(scale) => format!("{text}. Here: {scale}."),
        None => format!("{text}. LiDAR lies along the scanner's axis, as in the published evaluation."),
    }
}
