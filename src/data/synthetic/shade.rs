//! How much sun and sky reach each place of the ground, worked out once for all that stands still.

use super::{
    light::Light,
    road::{BEHIND, KERB, Road},
    solids::Solids,
};
use glam::{Vec2, Vec3A};
use rayon::prelude::*;

/// Distance between places, metres.
const STEP: f32 = 0.2;
/// The map reaches this far to both sides of the centre line, metres.
const REACH: f32 = 15.0;
/// Versions of the map, each half as fine along the street as the one before.
const LEVELS: usize = 6;

/// Sun and sky, each 0 to 255, over (across, along).
#[derive(Default)]
pub struct Shade {
    levels: Vec<Vec<[u8; 2]>>,
}

/// Places across the street.
const COLUMNS: usize = (2.0 * REACH / STEP) as usize;

impl Shade {
    /// Looks from each place to the sun and to a few directions of the sky.
    pub fn bake(road: &Road, light: &Light, solids: &Solids) -> Self {
        let rows = (((road.end + BEHIND) / STEP) as usize).next_multiple_of(1 << LEVELS);
        let diagonal = |x: f32, z: f32| Vec3A::new(x, -0.8, z).normalize();
        let sky = [diagonal(1.0, 0.3), diagonal(-1.0, -0.3), diagonal(-0.3, 1.0), diagonal(0.3, -1.0)];
        let finest: Vec<[u8; 2]> = (0..rows)
            .into_par_iter()
            .flat_map_iter(|row| {
                (0..COLUMNS).map(move |column| {
                    let along = row as f32 * STEP - BEHIND;
                    let across = column as f32 * STEP - REACH;
                    let (mut point, _) = road.place(along, across);
                    point.y = if road.raised(across, along) { -KERB - 0.01 } else { -0.01 };
                    let point = Vec3A::from(point);
                    let dapple = light.dapple(point.x, point.z);
                    let lit = |to_light| 1.0 - solids.hide(point, to_light);
                    let sun = lit(light.to_sun);
                    // Where leaves let part of the sun through, they let it through in spots.
                    let spots = 4.0 * sun * (1.0 - sun) * dapple;
                    let open = sky.iter().map(|to_sky| lit(*to_sky)).sum::<f32>() / 4.0;
                    [(sun + spots) * 255.0, (0.15 + 0.85 * open) * 255.0].map(|value| value as u8)
                })
            })
            .collect();
        let mut levels = vec![finest];
        for _ in 1..LEVELS {
            let finer = &levels[levels.len() - 1];
            let coarser = finer
                .chunks_exact(2 * COLUMNS)
                .flat_map(|pair| {
                    let (near, far) = pair.split_at(COLUMNS);
                    near.iter().zip(far).map(|(a, b)| [0, 1].map(|i| a[i].midpoint(b[i])))
                })
                .collect();
            levels.push(coarser);
        }
        Self { levels }
    }

    /// Sun and sky at (across, along), each 0 to 1, for a pixel of this extent along the street.
    pub fn at(&self, at: Vec2, extent_along: f32) -> (f32, f32) {
        if at.x.abs() > REACH - 2.0 * STEP {
            return (1.0, 1.0);
        }
        let level = (extent_along / STEP).max(1.0).log2().min((LEVELS - 1) as f32);
        let (finer, rest) = (level as usize, level.fract());
        let coarser = (finer + 1).min(LEVELS - 1);
        let (a, b) = (self.level(finer, at), self.level(coarser, at));
        let mixed = a + (b - a) * rest;
        (mixed.x, mixed.y)
    }

    fn level(&self, level: usize, at: Vec2) -> Vec2 {
        let map = &self.levels[level];
        let rows = map.len() / COLUMNS;
        // A place of a coarser level stands for the middle of those it was made of.
        let scale = (1 << level) as f32;
        let row = ((at.y + BEHIND) / STEP + 0.5) / scale - 0.5;
        let row = row.clamp(0.0, (rows - 2) as f32);
        let column = ((at.x + REACH) / STEP).clamp(0.0, (COLUMNS - 2) as f32);
        let (i, j) = (row as usize, column as usize);
        let (u, v) = (column - j as f32, row - i as f32);
        let place = |i: usize, j: usize| {
            let [sun, open] = map[i * COLUMNS + j];
            Vec2::new(f32::from(sun), f32::from(open)) / 255.0
        };
        let near = place(i, j).lerp(place(i, j + 1), u);
        let far = place(i + 1, j).lerp(place(i + 1, j + 1), u);
        near.lerp(far, v)
    }
}
