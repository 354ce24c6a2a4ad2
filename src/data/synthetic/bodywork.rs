//! Finish of cars: paint, lamps, seams, and the interior behind the windows.

use super::{
    finish::{Finish, SurfacePoint},
    noise::{band, smoothstep, stripes},
};
use glam::Vec3;

/// Finish of the lower body: lamps, plate, bumpers, seams, wheel arches.
pub fn body_finish(paint: Vec3, scale: Vec3, surface: &SurfacePoint) -> Finish {
    let point = Vec3::from(surface.local) / scale;
    let normal = surface.normal;
    let blur = surface.coarse;
    let height = -point.y;
    let mut finish = Finish { gloss: 0.08, ..Finish::matt(paint) };
    let dark = Vec3::splat(0.02);
    // Sills and bumpers are bare plastic.
    let skirt = band(height, 0.0, 0.3, blur);
    finish.colour = finish.colour.lerp(dark, skirt);
    if normal.x.abs() > 0.7 {
        for z in [-1.28, 1.3] {
            let arch = band((point.z - z).hypot(height - 0.315), -0.39, 0.39, blur);
            finish.colour = finish.colour.lerp(dark * 0.5, arch);
            finish.gloss *= 1.0 - arch;
        }
        let seams = band(point.z, 0.78, 0.795, blur)
            + band(point.z, -0.4, -0.385, blur)
            + band(point.z, -1.2, -1.185, blur);
        let rub = band(height, 0.5, 0.56, blur) * band(point.z.abs(), -9.0, 1.7, blur);
        finish.colour *= 1.0 - 0.6 * (seams * band(height, 0.32, 0.9, blur)).min(1.0);
        finish.colour = finish.colour.lerp(dark * 2.0, 0.7 * rub);
        let handle = band(height, 0.76, 0.79, blur)
            * (band(point.z, -0.3, -0.12, blur) + band(point.z, -1.1, -0.92, blur));
        finish.colour = finish.colour.lerp(dark, handle);
    }
    let side = point.x.abs();
    if normal.z < -0.5 {
        let lamp = band(side, 0.56, 0.86, blur) * band(height, 0.58, 0.88, blur);
        let reverse = band(side, 0.56, 0.86, blur) * band(height, 0.58, 0.65, blur);
        let plate = band(side, -0.26, 0.26, blur) * band(height, 0.6, 0.71, blur);
        let letters = plate * band(height, 0.62, 0.69, blur) * stripes(point.x, 0.075, 0.0, 0.045, blur);
        let bumper = band(height, 0.3, 0.46, blur);
        let seam = band(height, 0.505, 0.525, blur) * band(side, -9.0, 0.8, blur);
        finish.colour = finish.colour.lerp(dark * 1.5, 0.8 * bumper) * (1.0 - 0.6 * seam);
        finish.colour = finish.colour.lerp(Vec3::new(0.14, 0.006, 0.008), lamp);
        finish.colour = finish.colour.lerp(Vec3::splat(0.5), reverse);
        finish.colour = finish.colour.lerp(Vec3::splat(0.7), plate).lerp(dark, 0.85 * letters);
    } else if normal.z > 0.4 {
        let lamp = band(side, 0.46, 0.84, blur) * band(height, 0.54, 0.72, blur);
        let grille = band(side, -9.0, 0.42, blur) * band(height, 0.56, 0.68, blur);
        let intake = band(side, -9.0, 0.6, blur) * band(height, 0.28, 0.4, blur);
        let plate = band(side, -9.0, 0.26, blur) * band(height, 0.43, 0.53, blur);
        finish.colour = finish.colour.lerp(dark, grille.max(intake));
        finish.colour = finish.colour.lerp(Vec3::splat(0.65), lamp).lerp(Vec3::splat(0.7), plate);
    }
    finish.open = 0.35 + 0.65 * smoothstep(0.15, 0.7, height);
    finish
}

/// Finish of the cabin: glass between pillars under a painted roof.
pub fn cabin_finish(paint: Vec3, scale: Vec3, surface: &SurfacePoint) -> Finish {
    let point = Vec3::from(surface.local) / scale;
    let (normal, blur, height) = (surface.normal, surface.coarse, -point.y);
    let rows = band(height, 0.96, 1.37, blur);
    let glass = if normal.x.abs() > 0.7 {
        // Slanting pillars follow windscreen and rear window.
        let front = 1.1 - (height - 0.9) * 1.36;
        let rear = -1.98 + (height - 0.92) * 0.52;
        let middle = band(point.z, -0.46, -0.36, blur) + band(point.z, -1.3, -1.22, blur);
        rows * band(point.z, rear + 0.2, front - 0.12, blur) * (1.0 - middle.min(1.0))
    } else if normal.z.abs() > 0.4 {
        let edge = 0.72 - (height - 0.92) * 0.34;
        rows * band(point.x.abs(), -9.0, edge, blur)
    } else {
        0.0
    };
    // Through the glass: dark seats and head rests below, brighter above.
    let seats = band((point.x.abs() - 0.36).abs(), -9.0, 0.16, blur) * band(height, 0.9, 1.22, blur);
    let interior =
        Vec3::new(0.015, 0.018, 0.02) + Vec3::new(0.03, 0.035, 0.04) * smoothstep(0.95, 1.37, height);
    let interior = if normal.z.abs() > 0.4 { interior * (1.0 - 0.7 * seats) } else { interior };
    Finish { gloss: 0.08 + 0.05 * glass, ..Finish::matt(paint.lerp(interior, glass)) }
}
