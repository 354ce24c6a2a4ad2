//! Who moves, and how: the camera, the car that keeps pace with it, the car that crosses.

use super::{
    noise::Rng,
    road::{Road, SIDE_STREET, SIDE_STREET_LENGTH},
    shape::{Placement, Solid},
    vehicle::{self, CarLook},
};
use glam::{DAffine3, DMat3, DVec3, Vec3};

/// The motion of one drive, at ten frames a second.
pub struct Journey {
    /// Metres a frame, on average.
    speed: f64,
    phases: [f64; 4],
    leader: CarLook,
    crosser: CarLook,
    /// The frame at which the crossing car is in the middle of the junction.
    crossing: f64,
}

/// Height of the camera above the carriageway, metres.
pub const CAMERA_HEIGHT: f64 = 1.65;
/// The lane that the camera keeps to, metres right of the centre line.
const LANE: f64 = 1.7;
/// Distance from the camera to the middle of the car ahead, metres.
const GAP: f64 = 13.5;
/// How far the crossing car moves in a frame, metres.
const CROSSING_SPEED: f64 = 0.62;

impl Journey {
    /// The motion of this seed.
    pub fn new(seed: u64) -> Self {
        let mut dice = Rng::new(seed, 4);
        let mut phase = || f64::from(dice.range(0.0, std::f32::consts::TAU));
        let phases = [phase(), phase(), phase(), phase()];
        let mut leader = CarLook::draw(&mut dice);
        leader.paint = Vec3::new(0.3, 0.02, 0.02);
        let crosser = CarLook { paint: Vec3::new(0.55, 0.55, 0.54), ..CarLook::draw(&mut dice) };
        Self { speed: f64::from(dice.range(0.93, 1.05)), phases, leader, crosser, crossing: 0.0 }
    }

    /// How far the camera gets in this many frames, metres.
    pub fn length(&self, frames: u32) -> f32 {
        self.along(f64::from(frames)) as f32
    }

    /// Lets the crossing car meet the junction while camera and leader are still well before it.
    pub fn meet_junction(&mut self, road: &Road) {
        const DISTANCE: f64 = 31.0;
        let mut frame = 0.0;
        while self.along(frame) < f64::from(road.junction) - DISTANCE {
            frame += 1.0;
        }
        self.crossing = frame;
    }

    /// z of the camera: its speed swings by an eighth.
    fn along(&self, frame: f64) -> f64 {
        let swing = |frame: f64| (0.09 * frame + self.phases[0]).cos();
        self.speed * (frame - 1.4 * (swing(frame) - swing(0.0)))
    }

    fn across(&self, frame: f64) -> f64 {
        LANE + 0.12 * (0.05 * frame + self.phases[1]).sin()
    }

    fn ground_position(&self, road: &Road, frame: f64) -> DVec3 {
        let along = self.along(frame);
        let slope = road.slope(along);
        let x = road.centre(along) + self.across(frame) * (1.0 + slope * slope).sqrt();
        DVec3::new(x, 0.0, along)
    }

    /// World from left camera at a time in frames: x right, y down, z forward in both. The camera looks
    /// where it goes and shakes a little as a car's body does.
    pub fn pose(&self, road: &Road, time: f64) -> DAffine3 {
        let motion = self.ground_position(road, time + 0.5) - self.ground_position(road, time - 0.5);
        let [_, _, a, b] = self.phases;
        let yaw = motion.x.atan2(motion.z);
        let pitch = 0.0018 * (0.61 * time + a).sin() + 0.0005 * (1.7 * time + b).sin();
        let roll = 0.0026 * (0.37 * time + b).sin() + 0.0006 * (1.3 * time + a).sin();
        let bounce = 0.008 * (0.61 * time + a + 1.0).sin() + 0.002 * (2.1 * time).sin();
        let rotation =
            DMat3::from_rotation_y(yaw) * DMat3::from_rotation_x(pitch) * DMat3::from_rotation_z(roll);
        let position = self.ground_position(road, time) + DVec3::new(0.0, bounce - CAMERA_HEIGHT, 0.0);
        DAffine3::from_mat3_translation(rotation, position)
    }

    /// Where the car that keeps pace stands: the origin on the ground below its middle.
    pub fn leader(&self, road: &Road, frame: u32) -> Placement {
        let time = f64::from(frame);
        let along = self.along(time) + GAP + 0.12 * (0.11 * time + self.phases[3]).sin();
        let (origin, heading) = road.place(along as f32, self.across(time) as f32);
        Placement::new(origin, heading)
    }

    /// Where the car that crosses stands, while it is in the side street.
    fn crosser(&self, road: &Road, frame: u32) -> Option<Placement> {
        let across = (CROSSING_SPEED * (f64::from(frame) - self.crossing)) as f32;
        let along = road.junction - 0.45 * SIDE_STREET;
        let (origin, heading) = road.place(along, across);
        (across.abs() < SIDE_STREET_LENGTH)
            .then(|| Placement::new(origin, heading + std::f32::consts::FRAC_PI_2))
    }

    /// The solids of the cars that move.
    pub fn moving_parts(&self, road: &Road, frame: u32) -> Vec<Solid> {
        let mut parts = vehicle::car(&self.leader(road, frame), self.leader);
        if let Some(place) = self.crosser(road, frame) {
            parts.extend(vehicle::car(&place, self.crosser));
        }
        parts
    }
}
