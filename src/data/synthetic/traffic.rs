//! Motion of the camera, of the leading car that keeps its distance, and of the car that crosses.

use super::{
    noise::Rng,
    road::{Road, SIDE_STREET, SIDE_STREET_LENGTH},
    shape::{Placement, Solid},
    vehicle::{self, CarAppearance},
};
use glam::{DAffine3, DMat3, DVec3, Vec3};

/// Motion in one drive, at ten frames per second.
pub struct Traffic {
    /// Mean speed of the camera, metres per frame.
    speed: f64,
    phases: [f64; 4],
    leader: CarAppearance,
    crosser: CarAppearance,
    /// Frame at which the crossing car is in the middle of the junction.
    crossing: f64,
}

/// Height of the camera above the carriageway, metres.
pub const CAMERA_HEIGHT: f64 = 1.65;
/// Lateral position of the camera's lane, metres right of the centre line.
const LANE: f64 = 1.7;
/// Distance from the camera to the middle of the car ahead, metres.
const GAP: f64 = 13.5;
/// Speed of the crossing car, metres per frame.
const CROSSING_SPEED: f64 = 0.62;

impl Traffic {
    /// Draws the motion of this seed.
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed, 4);
        let mut phase = || f64::from(rng.range(0.0, std::f32::consts::TAU));
        let phases = [phase(), phase(), phase(), phase()];
        let mut leader = CarAppearance::draw(&mut rng);
        leader.paint = Vec3::new(0.3, 0.02, 0.02);
        let crosser = CarAppearance { paint: Vec3::new(0.55, 0.55, 0.54), ..CarAppearance::draw(&mut rng) };
        Self { speed: f64::from(rng.range(0.93, 1.05)), phases, leader, crosser, crossing: 0.0 }
    }

    /// Distance that the camera drives in this many frames, metres.
    pub fn length(&self, frames: u32) -> f32 {
        self.along(f64::from(frames)) as f32
    }

    /// Schedules the crossing car to reach the junction while the camera and the leading car are still well
    /// before it.
    pub fn meet_junction(&mut self, road: &Road) {
        const DISTANCE: f64 = 31.0;
        let mut frame = 0.0;
        while self.along(frame) < f64::from(road.junction) - DISTANCE {
            frame += 1.0;
        }
        self.crossing = frame;
    }

    /// z of the camera, metres; its speed varies by an eighth.
    fn along(&self, frame: f64) -> f64 {
        let swing = |frame: f64| (0.09 * frame + self.phases[0]).cos();
        self.speed * (frame - 1.4 * (swing(frame) - swing(0.0)))
    }

    /// Lateral position of the camera, metres right of the centre line.
    fn lateral(&self, frame: f64) -> f64 {
        LANE + 0.12 * (0.05 * frame + self.phases[1]).sin()
    }

    fn ground_position(&self, road: &Road, frame: f64) -> DVec3 {
        let along = self.along(frame);
        let slope = road.slope(along);
        let x = road.centre(along) + self.lateral(frame) * (1.0 + slope * slope).sqrt();
        DVec3::new(x, 0.0, along)
    }

    /// Pose `world_from_camera` of the left camera at a time in frames, metres: x right, y down, z forward in
    /// both. The camera looks along its motion and shakes a little, as a car's body does.
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

    /// Placement of the leading car: the origin is on the ground below its middle.
    pub fn leader(&self, road: &Road, frame: u32) -> Placement {
        let time = f64::from(frame);
        let along = self.along(time) + GAP + 0.12 * (0.11 * time + self.phases[3]).sin();
        let (origin, heading) = road.point_at(along as f32, self.lateral(time) as f32);
        Placement::new(origin, heading)
    }

    /// Placement of the crossing car; `None` while it is outside the side street.
    fn crosser(&self, road: &Road, frame: u32) -> Option<Placement> {
        let lateral = (CROSSING_SPEED * (f64::from(frame) - self.crossing)) as f32;
        let along = road.junction - 0.45 * SIDE_STREET;
        let (origin, heading) = road.point_at(along, lateral);
        (lateral.abs() < SIDE_STREET_LENGTH)
            .then(|| Placement::new(origin, heading + std::f32::consts::FRAC_PI_2))
    }

    /// Solids of the moving cars.
    pub fn moving_solids(&self, road: &Road, frame: u32) -> Vec<Solid> {
        let mut solids = vehicle::car(&self.leader(road, frame), self.leader);
        if let Some(placement) = self.crosser(road, frame) {
            solids.extend(vehicle::car(&placement, self.crosser));
        }
        solids
    }
}
