//! The ground: carriageway with markings, kerbs, pavements, verges and plots.

use super::{
    finish::Finish,
    noise::{Rng, band, band_limit, cell, floor, noise2, octaves2, smoothstep, stripes},
    road::{HALF_WIDTH, KERB, PAVEMENT_END, Road, SIDE_STREET},
    shape::Ray,
};
use glam::{Vec2, Vec3, Vec3A};

/// Levels of the ground.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GroundLevel {
    /// The carriageway, y = 0.
    Carriageway,
    /// Vertical face between carriageway and pavement.
    KerbFace,
    /// Pavements and plots, y = −[`KERB`].
    Pavement,
}

/// Intersection of a ray with the ground.
pub struct GroundHit {
    /// Ray parameter, in lengths of its direction.
    pub t: f32,
    /// Unit normal in the world: up, or out of the kerb.
    pub normal: Vec3A,
    /// Level that was hit.
    pub level: GroundLevel,
}

/// First intersection of a ray with the ground, if nearer than `limit`.
pub fn intersect(road: &Road, ray: &Ray, limit: f32) -> Option<GroundHit> {
    if ray.direction.y <= 1e-6 {
        return None;
    }
    let raised = |t: f32| {
        let point = ray.at(t);
        road.is_raised(road.lateral_offset(point.x, point.z), point.z)
    };
    let upper = (-KERB - ray.origin.y) / ray.direction.y;
    let lower = -ray.origin.y / ray.direction.y;
    if upper > limit {
        return None;
    }
    let up = Vec3A::NEG_Y;
    if raised(upper) {
        return Some(GroundHit { t: upper, normal: up, level: GroundLevel::Pavement });
    }
    if !raised(lower) {
        return (lower < limit).then_some(GroundHit {
            t: lower,
            normal: up,
            level: GroundLevel::Carriageway,
        });
    }
    // Between the two levels the ray hits the kerb: bisect down to 0.1 mm.
    let (mut clear, mut inside) = (upper, lower);
    while inside - clear > 1e-4 {
        let middle = 0.5 * (clear + inside);
        if middle <= clear || middle >= inside {
            break;
        }
        *(if raised(middle) { &mut inside } else { &mut clear }) = middle;
    }
    let point = ray.at(inside);
    let (_, heading) = road.point_at(point.z, 0.0);
    let lateral = road.lateral_offset(point.x, point.z);
    let normal = if lateral.abs() - HALF_WIDTH < 0.05 {
        Vec3A::new(heading.cos(), 0.0, -heading.sin()) * -lateral.signum()
    } else {
        Vec3A::Z * (road.junction - point.z).signum()
    };
    (inside < limit).then_some(GroundHit { t: inside, normal, level: GroundLevel::KerbFace })
}

/// Point of the ground as a pixel sees it, in street coordinates (lateral, along), metres.
pub struct Patch {
    /// Position.
    pub at: Vec2,
    /// Extent of the pixel.
    pub footprint: Vec2,
}

/// Appearance of the ground.
pub struct Ground {
    seed: u32,
    asphalt: Vec3,
    slab: Vec3,
    grass: Vec3,
    /// True if a strip of grass lies between kerb and pavement, on the left and on the right.
    has_verge: [bool; 2],
}

/// End of the verge, metres from the centre line.
const VERGE_END: f32 = 7.2;

impl Ground {
    /// Draws the ground of this seed.
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed, 3);
        Self {
            seed: rng.bits(),
            asphalt: Vec3::new(0.165, 0.165, 0.172) * rng.range(0.85, 1.15),
            slab: Vec3::new(0.34, 0.33, 0.31) * rng.range(0.9, 1.1),
            grass: Vec3::new(0.1, 0.135, 0.045) * rng.range(0.9, 1.15),
            has_verge: [rng.chance(0.5), true],
        }
    }

    /// Finish of the ground at a point.
    pub fn finish(&self, road: &Road, level: GroundLevel, patch: &Patch) -> Finish {
        Finish::matt(match level {
            GroundLevel::Carriageway => self.carriageway(road, patch),
            GroundLevel::KerbFace => self.kerb(patch) * 0.8,
            GroundLevel::Pavement => self.pavement(road, patch),
        })
    }

    fn carriageway(&self, road: &Road, patch: &Patch) -> Vec3 {
        let Patch { at, footprint } = *patch;
        let side = at.x.abs();
        let grain = octaves2(
            self.seed,
            at,
            footprint,
            &[
                (2.3, 17.0, 0.12),
                (0.8, 9.0, 0.09),
                (0.9, 2.4, 0.09),
                (0.22, 7.0, 0.09),
                (0.3, 0.9, 0.08),
                (0.1, 1.6, 0.1),
                (0.12, 0.35, 0.12),
                (0.05, 0.14, 0.2),
                (0.025, 0.05, 0.25),
            ],
        );
        // Tyres polish two tracks in each lane.
        let lane = (side - 1.65).abs();
        let tracks = smoothstep(0.45, 0.1, (lane - 0.75).abs());
        let mut colour = self.asphalt * (1.0 + grain - 0.12 * tracks);
        colour = self.repairs(colour, at, footprint);
        colour = self.litter(colour, at, footprint, 0.25 + 0.5 * smoothstep(3.0, 5.2, side));
        let away = (at.y - road.junction).abs() - SIDE_STREET;
        if side < HALF_WIDTH {
            let gutter = band(side, HALF_WIDTH - 0.28, HALF_WIDTH, footprint.x) * band(away, 2.5, 1e4, 0.5);
            let setts = stripes(at.y, 0.16, 0.0, 0.025, footprint.y).max(stripes(
                side - HALF_WIDTH,
                0.14,
                0.0,
                0.025,
                footprint.x,
            ));
            let tone = 0.3
                * (cell(self.seed, floor(at.y / 0.16), floor(side / 0.14)) - 0.5)
                * band_limit(0.16, footprint.y)
                * band_limit(0.14, footprint.x);
            let sett = Vec3::splat(0.21) * (1.0 + tone + grain) * (1.0 - 0.5 * setts);
            colour = colour.lerp(sett, gutter);
        }
        let paint = self.markings(at, footprint, away);
        colour.lerp(Vec3::splat(0.62) * (1.0 + 0.6 * grain), paint)
    }

    /// Adds leaves, stains and pebbles: one on this share of the squares of 0.45 m.
    fn litter(&self, base: Vec3, at: Vec2, footprint: Vec2, density: f32) -> Vec3 {
        let visible = band_limit(0.16, footprint.x) * band_limit(0.1, footprint.y);
        if visible == 0.0 {
            return base;
        }
        const SQUARE: f32 = 0.45;
        let (column, row) = (floor(at.x / SQUARE), floor(at.y / SQUARE));
        let lot = cell(self.seed ^ 0xA1, column, row);
        if lot > density {
            return base;
        }
        let luck = |purpose: u32| cell(self.seed ^ purpose, column, row);
        let middle =
            Vec2::new(column as f32 + 0.3 + 0.4 * luck(0xA2), row as f32 + 0.3 + 0.4 * luck(0xA3)) * SQUARE;
        let size = 0.02 + 0.07 * luck(0xA4) * luck(0xA5);
        let offset = (at - middle) / Vec2::new(1.0, 1.0 + luck(0xA6));
        let spot = band(offset.length(), -size, size, footprint.x.max(0.4 * footprint.y));
        let kinds = [
            Vec3::new(0.2, 0.13, 0.05),
            Vec3::new(0.07, 0.07, 0.07),
            Vec3::new(0.3, 0.28, 0.25),
            Vec3::new(0.13, 0.13, 0.04),
        ];
        base.lerp(kinds[(luck(0xA7) * 3.99) as usize], 0.8 * spot * visible)
    }

    /// Adds patches of newer asphalt with sealed seams, cracks and manhole covers.
    fn repairs(&self, base: Vec3, at: Vec2, footprint: Vec2) -> Vec3 {
        let mut colour = base;
        let (length, width) = (13.0, 3.3);
        let (row, column) = (floor(at.y / length), floor((at.x + 6.6) / width));
        let lot = cell(self.seed ^ 0x11, column, row);
        if lot < 0.4 {
            let x = at.x + 6.6 - column as f32 * width;
            let y = at.y - row as f32 * length;
            let corner = Vec2::new(0.3 + 1.2 * (lot * 31.0).fract(), 0.5 + 5.0 * (lot * 57.0).fract());
            let size = Vec2::new(0.7 + 1.0 * (lot * 91.0).fract(), 1.5 + 5.0 * (lot * 13.0).fract());
            let inside = |margin: f32| {
                band(x, corner.x - margin, corner.x + size.x + margin, footprint.x)
                    * band(y, corner.y - margin, corner.y + size.y + margin, footprint.y)
            };
            let (patch, rim) = (inside(0.0), inside(0.05));
            colour *= 1.0 - 0.5 * (rim - patch).max(0.0);
            colour *= 1.0 - (0.3 * (lot * 7.0).fract() - 0.05) * patch;
        }
        // Cracks run where a smooth noise crosses zero.
        let fine = band_limit(0.1, footprint.x) * band_limit(0.14, footprint.y);
        if fine > 0.0 {
            let wander = noise2(self.seed ^ 0x21, at.x / 1.3, at.y / 2.1)
                + 0.3 * noise2(self.seed ^ 0x22, at.x / 0.3, at.y / 0.4);
            let crack = smoothstep(0.06, 0.0, wander.abs())
                * smoothstep(0.1, 0.5, noise2(self.seed ^ 0x23, at.x / 5.0, at.y / 6.0));
            colour *= 1.0 - 0.45 * crack * fine;
        }
        // Seams between the paver's lanes, sealed with tar.
        let wobble = 0.05 * noise2(self.seed ^ 0x24, at.y / 1.7, 0.0);
        for lane in [-2.9, 0.22, 3.1] {
            let seam = band(at.x - wobble, lane - 0.02, lane + 0.02, footprint.x);
            let sealed = smoothstep(-0.2, 0.3, noise2(self.seed ^ 0x25, at.y / 9.0, lane));
            colour *= 1.0 - (0.2 + 0.35 * sealed) * seam;
        }
        let (span, cover_row) = (23.0, floor(at.y / 23.0));
        let middle = Vec2::new(
            3.4 * cell(self.seed ^ 0x31, cover_row, 0) - 1.2,
            (cover_row as f32 + 0.2 + 0.6 * cell(self.seed ^ 0x31, cover_row, 1)) * span,
        );
        let away = (at - middle).length();
        if away < 0.6 {
            let extent = footprint.x.max(footprint.y);
            let cover = band(away, -0.33, 0.33, extent);
            let rim = band(away, 0.33, 0.4, extent);
            let ribs = stripes(at.x - at.y, 0.09, 0.0, 0.045, extent);
            colour = colour.lerp(Vec3::new(0.075, 0.072, 0.07) * (0.7 + 0.6 * ribs), cover);
            colour *= 1.0 - 0.45 * rim;
        }
        colour
    }

    /// Share of white paint; `away` is the distance from the side street, metres.
    fn markings(&self, at: Vec2, footprint: Vec2, away: f32) -> f32 {
        let side = at.x.abs();
        let clear = band(away, 9.0, 1e4, footprint.y);
        let dashes = band(at.x, -0.07, 0.07, footprint.x) * stripes(at.y, 8.0, 0.0, 3.4, footprint.y);
        let bays = band(side, 3.3, 3.42, footprint.x) * stripes(at.y, 5.8, 0.0, 1.1, footprint.y);
        let ticks =
            band(side, 3.3, HALF_WIDTH - 0.3, footprint.x) * stripes(at.y, 5.8, 0.5, 0.6, footprint.y);
        let zebra = band(away, 4.6, 7.6, footprint.y)
            * band(side, -9.0, HALF_WIDTH - 0.5, footprint.x)
            * stripes(at.x, 1.0, 0.0, 0.5, footprint.x);
        let paint = ((dashes + bays + ticks).min(1.0) * clear).max(zebra);
        if paint == 0.0 {
            return 0.0;
        }
        let worn = octaves2(
            self.seed ^ 0x41,
            at,
            footprint,
            &[(0.6, 1.4, 0.3), (0.12, 0.2, 0.3), (0.03, 0.03, 0.3)],
        );
        paint * (0.82 + 0.6 * worn).clamp(0.1, 1.0)
    }

    fn kerb(&self, patch: &Patch) -> Vec3 {
        let Patch { at, footprint } = *patch;
        let joint = stripes(at.y, 1.0, 0.0, 0.02, footprint.y);
        let stone = cell(self.seed ^ 0x51, floor(at.y), 0) * band_limit(1.0, footprint.y);
        let grain = octaves2(self.seed ^ 0x52, at, footprint, &[(0.1, 0.3, 0.12), (0.03, 0.04, 0.15)]);
        Vec3::new(0.36, 0.36, 0.35) * (0.85 + 0.25 * stone + grain) * (1.0 - 0.5 * joint)
    }

    fn pavement(&self, road: &Road, patch: &Patch) -> Vec3 {
        let Patch { at, footprint } = *patch;
        let side = at.x.abs();
        let has_verge = self.has_verge[usize::from(at.x > 0.0)];
        let away = (at.y - road.junction).abs() - SIDE_STREET;
        // Near the junction the pavement turns the corner.
        let (out, extent) = if away < PAVEMENT_END - HALF_WIDTH && away < side - HALF_WIDTH {
            (HALF_WIDTH + away, footprint.y)
        } else {
            (side, footprint.x)
        };
        let stones = band(out, HALF_WIDTH, HALF_WIDTH + 0.16, extent);
        let mut colour = self.slabs(at, footprint);
        let near_corner = away < 6.0;
        if has_verge && !near_corner {
            let ragged = 0.06 * noise2(self.seed ^ 0x61, at.x * 3.0, at.y * 3.0);
            let grass = band(side, HALF_WIDTH + 0.16, VERGE_END + ragged, footprint.x);
            if grass > 0.0 {
                colour = colour.lerp(self.turf(at, footprint), grass);
            }
        }
        let plot = if away < PAVEMENT_END - HALF_WIDTH {
            0.0
        } else {
            1.0 - band(side, -1.0, PAVEMENT_END, footprint.x)
        };
        if plot > 0.0 {
            let paved = cell(self.seed ^ 0x71, floor(at.y / 11.0), i32::from(at.x > 0.0)) < 0.3;
            let yard = if paved && side < 14.0 {
                self.slabs(at * 1.9, footprint * 1.9) * 0.9
            } else {
                self.turf(at, footprint)
            };
            colour = colour.lerp(yard, plot);
        }
        colour.lerp(self.kerb(patch), stones)
    }

    fn slabs(&self, at: Vec2, footprint: Vec2) -> Vec3 {
        let size = 0.5;
        let row = floor(at.y / size);
        let shifted = at.x + 0.5 * size * (row & 1) as f32;
        let joint =
            stripes(at.y, size, 0.0, 0.018, footprint.y).max(stripes(shifted, size, 0.0, 0.018, footprint.x));
        let tone = (cell(self.seed ^ 0x81, floor(shifted / size), row) - 0.5)
            * band_limit(size, footprint.x)
            * band_limit(size, footprint.y);
        let grain = octaves2(
            self.seed ^ 0x82,
            at,
            footprint,
            &[(1.6, 2.8, 0.12), (0.5, 1.5, 0.06), (0.3, 0.35, 0.08), (0.1, 0.1, 0.08), (0.03, 0.03, 0.12)],
        );
        self.slab * (1.0 + 0.3 * tone + grain) * (1.0 - 0.5 * joint)
    }

    fn turf(&self, at: Vec2, footprint: Vec2) -> Vec3 {
        let grain = octaves2(
            self.seed ^ 0x91,
            at,
            footprint,
            &[
                (2.5, 4.0, 0.2),
                (0.8, 1.1, 0.18),
                (0.25, 0.8, 0.12),
                (0.22, 0.25, 0.2),
                (0.08, 0.09, 0.28),
                (0.03, 0.035, 0.35),
            ],
        );
        let dry =
            octaves2(self.seed ^ 0x92, at, footprint, &[(1.8, 2.6, 0.6), (0.3, 0.3, 0.4)]).clamp(0.0, 0.6);
        self.grass.lerp(Vec3::new(0.22, 0.19, 0.08), dry) * (1.0 + grain).max(0.2)
    }
}
