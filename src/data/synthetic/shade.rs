//! Light map of the ground: shares of sun and sky that the static solids let through, computed once.

use super::{
    light::Light,
    road::{BEHIND, KERB, Road},
    solids::Solids,
};
use glam::{Vec2, Vec3A};
use rayon::prelude::*;

/// Size of a texel, metres.
const TEXEL: f32 = 0.2;
/// Extent of the map to either side of the centre line, metres.
const REACH: f32 = 15.0;
/// Mip levels, each with half the resolution along the street of the one before.
const LEVELS: usize = 6;

/// Mip levels of the shares of sun and sky, each 0 to 255, over (along, lateral).
#[derive(Default)]
pub struct Shade {
    levels: Vec<Vec<[u8; 2]>>,
}

/// Texels across the street.
const COLUMNS: usize = (2.0 * REACH / TEXEL) as usize;

impl Shade {
    /// Computes the map: each texel samples the sun and four directions of the sky.
    pub fn bake(road: &Road, light: &Light, solids: &Solids) -> Self {
        let rows = (((road.end + BEHIND) / TEXEL) as usize).next_multiple_of(1 << LEVELS);
        let diagonal = |x: f32, z: f32| Vec3A::new(x, -0.8, z).normalize();
        let sky = [diagonal(1.0, 0.3), diagonal(-1.0, -0.3), diagonal(-0.3, 1.0), diagonal(0.3, -1.0)];
        let finest: Vec<[u8; 2]> = (0..rows)
            .into_par_iter()
            .flat_map_iter(|row| {
                (0..COLUMNS).map(move |column| {
                    let along = row as f32 * TEXEL - BEHIND;
                    let lateral = column as f32 * TEXEL - REACH;
                    let (mut point, _) = road.point_at(along, lateral);
                    point.y = if road.is_raised(lateral, along) { -KERB - 0.01 } else { -0.01 };
                    let point = Vec3A::from(point);
                    let dapple = light.dapple(point.x, point.z);
                    let lit = |to_light| 1.0 - solids.occlusion(point, to_light);
                    let sun = lit(light.to_sun);
                    // Leaves let the sun through in spots.
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

    /// Shares of sun and sky at (lateral, along), each 0 to 1, for a pixel of this extent along the street,
    /// metres.
    pub fn at(&self, at: Vec2, extent_along: f32) -> (f32, f32) {
        if at.x.abs() > REACH - 2.0 * TEXEL {
            return (1.0, 1.0);
        }
        let level = (extent_along / TEXEL).max(1.0).log2().min((LEVELS - 1) as f32);
        let (finer, rest) = (level as usize, level.fract());
        let coarser = (finer + 1).min(LEVELS - 1);
        let (a, b) = (self.level(finer, at), self.level(coarser, at));
        let mixed = a + (b - a) * rest;
        (mixed.x, mixed.y)
    }

    fn level(&self, level: usize, at: Vec2) -> Vec2 {
        let map = &self.levels[level];
        let rows = map.len() / COLUMNS;
        // A texel of a coarser level is centred on the texels that it averages.
        let scale = (1 << level) as f32;
        let row = ((at.y + BEHIND) / TEXEL + 0.5) / scale - 0.5;
        let row = row.clamp(0.0, (rows - 2) as f32);
        let column = ((at.x + REACH) / TEXEL).clamp(0.0, (COLUMNS - 2) as f32);
        let (i, j) = (row as usize, column as usize);
        let (u, v) = (column - j as f32, row - i as f32);
        let texel = |i: usize, j: usize| {
            let [sun, open] = map[i * COLUMNS + j];
            Vec2::new(f32::from(sun), f32::from(open)) / 255.0
        };
        let near = texel(i, j).lerp(texel(i, j + 1), u);
        let far = texel(i + 1, j).lerp(texel(i + 1, j + 1), u);
        near.lerp(far, v)
    }
}
