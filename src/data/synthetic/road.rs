//! Course and cross-section of the street.

use super::noise::Rng;
use glam::Vec3;

/// Half the width of the carriageway, kerb to kerb, metres.
pub const HALF_WIDTH: f32 = 5.5;
/// Outer edge of the pavement, metres from the centre line.
pub const PAVEMENT_END: f32 = 8.7;
/// Height of the pavement above the carriageway, metres.
pub const KERB: f32 = 0.12;
/// Half the width of the side street, kerb to kerb, metres.
pub const SIDE_STREET: f32 = 3.4;
/// Length of the side street to either side of the centre line, metres.
pub const SIDE_STREET_LENGTH: f32 = 38.0;
/// Length of the street behind the first frame, metres.
pub const BEHIND: f32 = 45.0;
/// Length of the street beyond the last frame, metres.
pub const BEYOND: f32 = 210.0;

/// Centre line of the street as x over z, with one side street that crosses it.
///
/// Street coordinates of a point of the ground are `along` (z) and `lateral` (right of the centre line), metres.
pub struct Road {
    bends: [(f64, f64, f64); 3],
    /// `(x, slope)` of the centre line at every metre from `-BEHIND`.
    table: Vec<(f32, f32)>,
    /// z of the side street's middle, metres.
    pub junction: f32,
    /// z of the street's end, metres.
    pub end: f32,
}

impl Road {
    /// Draws the course of this seed, for a drive of this length in metres.
    pub fn new(seed: u64, length: f32) -> Self {
        let mut rng = Rng::new(seed, 1);
        let mut bend = |amplitude: f32, wavelength: f32| {
            let amplitude = rng.range(0.6, 1.0) * amplitude * if rng.chance(0.5) { 1.0 } else { -1.0 };
            let wavelength = rng.range(0.8, 1.25) * wavelength;
            let phase = rng.range(0.0, std::f32::consts::TAU);
            (f64::from(amplitude), std::f64::consts::TAU / f64::from(wavelength), f64::from(phase))
        };
        let bends = [bend(14.0, 420.0), bend(4.0, 190.0), bend(0.7, 90.0)];
        let end = length + BEYOND;
        let junction = 0.66 * length + 22.0;
        let mut road = Self { bends, table: Vec::new(), junction, end };
        road.table = (0..(end + BEHIND) as usize + 60)
            .map(|metre| {
                let along = metre as f64 - f64::from(BEHIND);
                (road.centre(along) as f32, road.slope(along) as f32)
            })
            .collect();
        road
    }

    /// x of the centre line, exact, metres.
    pub fn centre(&self, along: f64) -> f64 {
        self.bends.iter().map(|(size, turn, phase)| size * (turn * along + phase).sin()).sum()
    }

    /// Derivative of [`Self::centre`].
    pub fn slope(&self, along: f64) -> f64 {
        self.bends.iter().map(|(size, turn, phase)| size * turn * (turn * along + phase).cos()).sum()
    }

    /// x and slope of the centre line, interpolated from the table: the ground is drawn by these.
    fn course(&self, along: f32) -> (f32, f32) {
        let at = (along + BEHIND).clamp(0.0, (self.table.len() - 2) as f32);
        let metre = at as usize;
        let rest = at - metre as f32;
        let ((x0, slope0), (x1, slope1)) = (self.table[metre], self.table[metre + 1]);
        (x0 + (x1 - x0) * rest, slope0 + (slope1 - slope0) * rest)
    }

    /// Point of the carriageway's plane at street coordinates, and the street's heading there, radians from
    /// +z to +x.
    pub fn point_at(&self, along: f32, lateral: f32) -> (Vec3, f32) {
        let (x, slope) = self.course(along);
        (Vec3::new(x + lateral * (1.0 + slope * slope).sqrt(), 0.0, along), slope.atan())
    }

    /// Distance of a point right of the centre line, metres.
    pub fn lateral_offset(&self, x: f32, z: f32) -> f32 {
        let (centre, slope) = self.course(z);
        (x - centre) / (1.0 + slope * slope).sqrt()
    }

    /// True if a point is on the level of the pavement, false if on that of the carriageway. The kerbs are
    /// rounded at the corners of the junction with a radius of 4 m.
    pub fn is_raised(&self, lateral: f32, along: f32) -> bool {
        const CORNER: f32 = 4.0;
        let beside = lateral.abs() - HALF_WIDTH;
        let before = (along - self.junction).abs() - SIDE_STREET;
        if beside <= 0.0 || before <= 0.0 {
            return false;
        }
        if beside >= CORNER || before >= CORNER {
            return true;
        }
        (CORNER - beside).hypot(CORNER - before) < CORNER
    }
}
