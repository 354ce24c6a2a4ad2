//! The street's course: where it bends, its cross-section and what lies at a point of the ground.

use super::noise::Rng;
use glam::Vec3;

/// Half of the carriageway, kerb to kerb, metres.
pub const HALF_WIDTH: f32 = 5.5;
/// Where the pavement ends and plots begin, metres from the centre.
pub const PAVEMENT_END: f32 = 8.7;
/// Height of the pavement above the carriageway, metres.
pub const KERB: f32 = 0.12;
/// Half of the side street, kerb to kerb, metres.
pub const SIDE_STREET: f32 = 3.4;
/// The side street ends this far from the centre line, to both sides, metres.
pub const SIDE_STREET_LENGTH: f32 = 38.0;
/// The world begins this far behind the first frame, metres.
pub const BEHIND: f32 = 45.0;
/// The world ends this far beyond the last frame, metres.
pub const BEYOND: f32 = 210.0;

/// The centre line as x over z, with one side street across it.
///
/// Points of the ground are named by `along` (z) and `across` (metres right of the centre line).
pub struct Road {
    bends: [(f64, f64, f64); 3],
    /// `(x, slope)` of the centre line, one a metre from `-BEHIND`.
    table: Vec<(f32, f32)>,
    /// Where the side street crosses.
    pub junction: f32,
    /// Where the street ends.
    pub end: f32,
}

impl Road {
    /// The course of this seed, for a drive of this length in metres.
    pub fn new(seed: u64, length: f32) -> Self {
        let mut dice = Rng::new(seed, 1);
        let mut bend = |amplitude: f32, wavelength: f32| {
            let amplitude = dice.range(0.6, 1.0) * amplitude * if dice.chance(0.5) { 1.0 } else { -1.0 };
            let wavelength = dice.range(0.8, 1.25) * wavelength;
            let phase = dice.range(0.0, std::f32::consts::TAU);
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

    /// x of the centre line, exactly.
    pub fn centre(&self, along: f64) -> f64 {
        self.bends.iter().map(|(size, turn, phase)| size * (turn * along + phase).sin()).sum()
    }

    /// Its derivative.
    pub fn slope(&self, along: f64) -> f64 {
        self.bends.iter().map(|(size, turn, phase)| size * turn * (turn * along + phase).cos()).sum()
    }

    /// x and slope of the centre line from the table: what the ground is drawn by.
    fn course(&self, along: f32) -> (f32, f32) {
        let at = (along + BEHIND).clamp(0.0, (self.table.len() - 2) as f32);
        let metre = at as usize;
        let rest = at - metre as f32;
        let ((x0, slope0), (x1, slope1)) = (self.table[metre], self.table[metre + 1]);
        (x0 + (x1 - x0) * rest, slope0 + (slope1 - slope0) * rest)
    }

    /// The point of the carriageway's plane at `along`, `across`, and the street's heading there.
    pub fn place(&self, along: f32, across: f32) -> (Vec3, f32) {
        let (x, slope) = self.course(along);
        (Vec3::new(x + across * (1.0 + slope * slope).sqrt(), 0.0, along), slope.atan())
    }

    /// Metres right of the centre line.
    pub fn across(&self, x: f32, z: f32) -> f32 {
        let (centre, slope) = self.course(z);
        (x - centre) / (1.0 + slope * slope).sqrt()
    }

    /// Whether a point is on the pavement's level rather than the carriageway's. Kerbs round the
    /// junction's corners with a radius of 4 m.
    pub fn raised(&self, across: f32, along: f32) -> bool {
        const CORNER: f32 = 4.0;
        let beside = across.abs() - HALF_WIDTH;
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
