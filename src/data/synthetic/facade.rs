//! House fronts: floors and bays of windows, doors, shop fronts, plaster and brick.

use super::{
    finish::{Finish, SurfacePoint},
    noise::{Rng, band, band_limit, cell, floor, octaves2, smoothstep, stripes},
};
use glam::{Vec2, Vec3};

/// Appearance of one house.
#[derive(Clone, Copy)]
pub struct Facade {
    seed: u32,
    wall: Vec3,
    trim: Vec3,
    shutter: Vec3,
    /// Height of a floor, metres.
    pub floor: f32,
    /// Distance between window axes, metres.
    pub bay: f32,
    window: Vec2,
    is_brick: bool,
    has_shutters: bool,
    has_shop: bool,
    /// Height of the eaves above the carriageway, metres.
    eaves: f32,
}

/// Height of the ground floors above the carriageway, metres.
pub const PLINTH: f32 = 0.55;

impl Facade {
    /// Draws a house of this many floors; `width` is in metres.
    pub fn new(rng: &mut Rng, floors: u32, width: f32) -> Self {
        let is_brick = rng.chance(0.22);
        let plaster = [
            Vec3::new(0.62, 0.55, 0.42),
            Vec3::new(0.66, 0.63, 0.56),
            Vec3::new(0.56, 0.44, 0.27),
            Vec3::new(0.58, 0.36, 0.26),
            Vec3::new(0.42, 0.48, 0.44),
            Vec3::new(0.68, 0.66, 0.62),
            Vec3::new(0.46, 0.49, 0.55),
            Vec3::new(0.63, 0.52, 0.34),
        ];
        let bricks = [Vec3::new(0.33, 0.13, 0.08), Vec3::new(0.4, 0.24, 0.14), Vec3::new(0.28, 0.16, 0.13)];
        let wall = if is_brick { rng.pick(&bricks) } else { rng.pick(&plaster) };
        let shutters = [Vec3::new(0.06, 0.14, 0.09), Vec3::new(0.2, 0.08, 0.05), Vec3::new(0.1, 0.14, 0.2)];
        let floor = rng.range(2.75, 3.15);
        let bays = (width / rng.range(2.1, 3.0)).round().max(2.0);
        Self {
            seed: rng.bits(),
            wall: wall * rng.range(0.88, 1.08),
            trim: Vec3::splat(rng.range(0.5, 0.72)),
            shutter: rng.pick(&shutters),
            floor,
            bay: width / bays,
            window: Vec2::new(rng.range(0.48, 0.66), rng.range(0.62, 0.78)),
            is_brick,
            has_shutters: !is_brick && rng.chance(0.3),
            has_shop: rng.chance(0.25),
            eaves: PLINTH + floors as f32 * floor,
        }
    }

    /// Height of the eaves above the carriageway, metres.
    pub fn height(&self) -> f32 {
        self.eaves
    }

    /// Finish at a point of the wall. Windows sit in bays, counted from the wall's middle.
    pub fn finish(&self, surface: &SurfacePoint) -> Finish {
        let (at, footprint) = surface.on_wall();
        let is_front = surface.normal.x.abs() > 0.5;
        let mut finish = Finish::matt(self.bare_wall(at, footprint));
        // Gable ends have few windows; the front has them on every bay.
        if is_front || cell(self.seed, 9, 4) > 0.5 {
            self.openings(at, footprint, &mut finish);
        }
        let ground_shade = 0.4 * smoothstep(1.1, 0.0, at.y);
        let eaves_shade = 0.5 * smoothstep(self.eaves - 0.55, self.eaves, at.y);
        finish.open = (1.0 - ground_shade) * (1.0 - eaves_shade);
        finish
    }

    fn bare_wall(&self, at: Vec2, footprint: Vec2) -> Vec3 {
        let grain = octaves2(
            self.seed,
            at,
            footprint,
            &[
                (3.1, 2.3, 0.07),
                (1.1, 0.9, 0.06),
                (0.35, 2.4, 0.09),
                (0.4, 0.3, 0.07),
                (0.6, 0.1, 0.07),
                (0.16, 0.12, 0.13),
                (0.05, 0.05, 0.14),
                (0.02, 0.02, 0.12),
            ],
        );
        let mut colour = self.wall * (1.0 + grain);
        if self.is_brick {
            let (course, length) = (0.16, 0.34);
            let row = floor(at.y / course);
            let x = at.x + 0.5 * length * (row & 1) as f32;
            let tone = cell(self.seed, floor(x / length), row) - 0.5;
            colour *= 1.0 + 0.5 * tone * band_limit(course, footprint.y) * band_limit(length, footprint.x);
            let joint = stripes(at.y, course, 0.0, 0.025, footprint.y).max(stripes(
                x,
                length,
                0.0,
                0.025,
                footprint.x,
            ));
            colour = colour.lerp(Vec3::splat(0.42), 0.6 * joint);
        }
        let ledge = stripes(at.y - PLINTH, self.floor, 0.0, 0.14, footprint.y) * band(at.y, 1.0, 99.0, 0.1);
        let below = stripes(at.y - PLINTH, self.floor, -0.08, 0.0, footprint.y) * band(at.y, 1.0, 99.0, 0.1);
        colour = colour.lerp(self.trim, 0.7 * ledge) * (1.0 - 0.45 * below);
        let plinth = band(at.y, -1.0, PLINTH, footprint.y);
        colour.lerp(Vec3::splat(0.24) * (1.0 + 1.5 * grain), plinth)
    }

    fn openings(&self, at: Vec2, footprint: Vec2, finish: &mut Finish) {
        let up = at.y - PLINTH;
        let level = floor(up / self.floor);
        if level < 0 || up > self.eaves - PLINTH {
            return;
        }
        let bay = floor(at.x / self.bay);
        let x = at.x - (bay as f32 + 0.5) * self.bay;
        let y = up - level as f32 * self.floor;
        let is_ground = level == 0;
        let lot = cell(self.seed ^ 0x77, bay, level);
        let is_door = is_ground && lot < 0.22;
        let is_shop = is_ground && self.has_shop && !is_door;
        if !is_shop && !is_door && lot > 0.93 {
            return;
        }
        let (half_width, sill, head) = if is_shop {
            (0.43 * self.bay, 0.05, 2.35)
        } else if is_door {
            (0.55, -PLINTH + 0.12, 2.05)
        } else {
            (0.5 * self.window.x * (self.bay - 0.7), 0.95, 0.95 + self.window.y * 1.75)
        };
        let at = Vec2::new(x, y);
        let inside = |margin: f32| {
            band(x, -half_width - margin, half_width + margin, footprint.x)
                * band(y, sill - margin, head + margin, footprint.y)
        };
        if self.has_shutters && !is_ground {
            let wing = 0.5 * half_width + 0.3;
            let spread = band(x.abs(), half_width + 0.08, half_width + wing, footprint.x);
            let shutter = spread * band(y, sill, head, footprint.y);
            let slats = 1.0 - 0.5 * stripes(y, 0.09, 0.0, 0.035, footprint.y);
            finish.colour = finish.colour.lerp(self.shutter * slats, shutter);
        }
        finish.colour = finish.colour.lerp(self.trim, inside(0.12));
        let sill_shadow = band(x, -half_width - 0.2, half_width + 0.2, footprint.x)
            * band(y, sill - 0.32, sill - 0.14, footprint.y);
        if !is_ground {
            finish.colour *= 1.0 - 0.35 * sill_shadow;
        }
        let (pane, gloss) = if is_door {
            self.door(at, footprint)
        } else {
            self.pane(lot, at, (sill, head), is_shop, footprint)
        };
        let glass = inside(-0.03);
        finish.colour = finish.colour.lerp(pane, glass);
        finish.gloss = gloss * glass;
    }

    fn door(&self, at: Vec2, footprint: Vec2) -> (Vec3, f32) {
        let Vec2 { x, y } = at;
        let panel = band(x.abs(), 0.12, 0.42, footprint.x)
            * (band(y, 0.0, 0.8, footprint.y) + band(y, 1.0, 1.75, footprint.y));
        let light = band(x, -0.45, 0.45, footprint.x) * band(y, 1.82, 2.0, footprint.y);
        let wood = self.shutter * 1.5 * (1.0 - 0.35 * panel);
        (wood.lerp(Vec3::splat(0.05), light), 0.02)
    }

    /// Colour and gloss of a window from height `sill` to `head`, metres; the random number `lot` decides its
    /// curtains.
    fn pane(
        &self,
        lot: f32,
        at: Vec2,
        (sill, head): (f32, f32),
        is_shop: bool,
        footprint: Vec2,
    ) -> (Vec3, f32) {
        let Vec2 { x, y } = at;
        // Rooms are dark; what is bright behind a window is a curtain or a blind.
        let share = (y - sill) / (head - sill);
        let room = Vec3::new(0.02, 0.024, 0.03) + Vec3::new(0.05, 0.065, 0.085) * (0.3 + 0.7 * share);
        let curtain = Vec3::new(0.34, 0.32, 0.28) * (1.0 - 0.35 * stripes(x, 0.13, 0.0, 0.06, footprint.x));
        let choice = (lot * 977.0).fract();
        let drawn = if is_shop {
            0.0
        } else if choice < 0.35 {
            band(share, 0.35 + choice, 1.0, footprint.y)
        } else if choice < 0.7 {
            band(x.abs(), 0.12 + 0.5 * (choice - 0.35), 9.0, footprint.x)
        } else {
            0.0
        };
        let mut colour = room.lerp(curtain, 0.8 * drawn);
        if is_shop {
            let display = octaves2(self.seed ^ 0x33, at, footprint, &[(0.5, 0.4, 0.5), (0.2, 0.15, 0.4)]);
            colour += Vec3::new(0.16, 0.11, 0.07) * display.max(0.0) * band(share, 0.0, 0.7, footprint.y);
        }
        let bars = band(x, -0.035, 0.035, footprint.x)
            + if is_shop { 0.0 } else { band(share, 0.68, 0.72, footprint.y) };
        colour = colour.lerp(self.trim, bars.min(1.0));
        let recess = 0.7 * band(y, head - 0.16, head, footprint.y);
        (colour * (1.0 - recess), 0.05 * (1.0 - bars.min(1.0)))
    }
}
