//! The street's layout: houses, trees, lamps and parked cars from a seed.

use super::{
    facade::{Facade, PLINTH},
    ground::Ground,
    light::Light,
    material::Material,
    noise::Rng,
    plants,
    road::{BEHIND, HALF_WIDTH, KERB, PAVEMENT_END, Road, SIDE_STREET, SIDE_STREET_LENGTH},
    shade::Shade,
    shape::{Placement, Solid},
    solids::Solids,
    vehicle::{self, CarLook},
};
use glam::Vec3;

/// Everything that stands still.
pub struct Street {
    /// Its course.
    pub road: Road,
    /// The light of the day.
    pub light: Light,
    /// What lies at its feet.
    pub ground: Ground,
    /// Everything on it.
    pub solids: Solids,
    /// Sun and sky on the ground.
    pub shade: Shade,
}

impl Street {
    /// The street of this seed, for a drive of this length in metres.
    pub fn new(seed: u64, length: f32) -> Self {
        let road = Road::new(seed, length);
        let mut parts = Vec::new();
        for side in [-1.0, 1.0] {
            let purpose = if side < 0.0 { 10 } else { 20 };
            houses(&road, side, &mut Rng::new(seed, purpose), &mut parts);
            roadside(&road, side, &mut Rng::new(seed, purpose + 1), &mut parts);
            parked_cars(&road, side, &mut Rng::new(seed, purpose + 2), &mut parts);
        }
        far_ends(&road, &mut Rng::new(seed, 30), &mut parts);
        let light = Light::new(seed);
        let solids = Solids::new(parts);
        let shade = Shade::bake(&road, &light, &solids);
        Self { road, light, ground: Ground::new(seed), solids, shade }
    }
}

/// A row of houses with gaps, gardens in front of some, walls and trees between them.
fn houses(road: &Road, side: f32, dice: &mut Rng, parts: &mut Vec<Solid>) {
    let mut along = -BEHIND;
    while along < road.end {
        let width = dice.range(9.0, 17.0);
        let from_junction = road.junction - SIDE_STREET - 3.4 - along;
        if from_junction > 0.0 && from_junction < width {
            if from_junction > 8.0 {
                house(road, side, along, from_junction, 0.0, dice, parts);
            }
            along = road.junction + SIDE_STREET + 3.4;
            continue;
        }
        let setback = if dice.chance(0.45) { 0.0 } else { dice.range(1.5, 4.5) };
        house(road, side, along, width, setback, dice, parts);
        if setback > 1.0 {
            let (origin, heading) = road.place(along + 0.5 * width, side * (PAVEMENT_END + 0.5));
            let place = Placement::new(origin - Vec3::Y * KERB, heading);
            let length = width - 1.6;
            match dice.bits() % 3 {
                0 => {
                    let height = dice.range(0.8, 1.4);
                    parts.extend(plants::hedge(&place, dice, length, height));
                }
                1 => {
                    let colour = Vec3::new(0.3, 0.2, 0.12) * dice.range(0.6, 1.3);
                    let half = Vec3::new(0.04, 0.5, 0.5 * length);
                    parts.push(place.block(Vec3::new(0.0, -0.5, 0.0), half, Material::Fence { colour }));
                }
                _ => {
                    let colour = Vec3::splat(dice.range(0.3, 0.5));
                    let stone = Material::Stone { seed: dice.bits(), colour };
                    let half = Vec3::new(0.13, 0.35, 0.5 * length);
                    parts.push(place.block(Vec3::new(0.0, -0.35, 0.0), half, stone));
                    let coping = Vec3::new(0.18, 0.04, 0.5 * length + 0.04);
                    parts.push(place.block(Vec3::new(0.0, -0.72, 0.0), coping, stone));
                }
            }
        }
        along += width;
        if dice.chance(0.5) {
            let gap = dice.range(2.5, 8.0);
            garden(road, side, along, gap, dice, parts);
            along += gap;
        }
    }
}

fn house(
    road: &Road,
    side: f32,
    along: f32,
    width: f32,
    setback: f32,
    dice: &mut Rng,
    parts: &mut Vec<Solid>,
) {
    let floors = dice.pick(&[1, 2, 2, 3, 3, 4]);
    let facade = Facade::new(dice, floors, width);
    let (height, depth) = (facade.height(), dice.range(9.0, 12.0));
    let front = PAVEMENT_END + setback;
    let (origin, heading) = road.place(along + 0.5 * width, side * (front + 0.5 * depth));
    let place = Placement::new(origin, heading);
    let half = Vec3::new(0.5 * depth, 0.5 * height, 0.5 * width);
    parts.push(place.block(Vec3::new(0.0, -half.y, 0.0), half, Material::Facade(facade)));
    let reds = [Vec3::new(0.3, 0.11, 0.06), Vec3::new(0.2, 0.1, 0.07), Vec3::new(0.11, 0.1, 0.1)];
    let tiles = Material::Tiles { seed: dice.bits(), colour: dice.pick(&reds) * dice.range(0.85, 1.2) };
    let trim = Material::Stone { seed: dice.bits(), colour: Vec3::splat(dice.range(0.3, 0.5)) };
    // Eaves: a thin slab that overhangs front and back.
    let eaves = Vec3::new(half.x + 0.4, 0.1, half.z + 0.05);
    parts.push(place.block(Vec3::new(0.0, -height - 0.1, 0.0), eaves, trim));
    if floors < 4 || dice.chance(0.5) {
        let (rise, reach) = (dice.range(0.55, 0.95), eaves.x);
        let ridge = height + 0.2 + rise * reach;
        let top = Vec3::new(0.0, -ridge, 0.0);
        let planes = [
            (Vec3::new(1.0, -1.0 / rise, 0.0), ridge / rise),
            (Vec3::new(-1.0, -1.0 / rise, 0.0), ridge / rise),
            (Vec3::Y, -height - 0.2),
            (Vec3::Z, eaves.z),
            (Vec3::NEG_Z, eaves.z),
        ];
        parts.push(place.hull(
            &planes,
            Vec3::new(-reach, top.y, -eaves.z),
            Vec3::new(reach, -height, eaves.z),
            tiles,
        ));
        let chimney = Vec3::new(dice.range(-1.5, 1.5), -ridge + 0.2, dice.range(-0.35, 0.35) * width);
        let brick = Material::Stone { seed: dice.bits(), colour: Vec3::new(0.28, 0.13, 0.09) };
        parts.push(place.block(chimney, Vec3::new(0.35, 0.9, 0.45), brick));
    }
    if floors >= 2 && dice.chance(0.45) {
        balconies(&place, side, &facade, half, floors, dice, parts);
    }
    // A rain pipe at one end of the front.
    let x = -side * (half.x + 0.07);
    let z = half.z - 0.3;
    let pipe = Material::Metal { colour: Vec3::splat(dice.range(0.12, 0.3)) };
    parts.push(place.bar(Vec3::new(x, 0.1, z), Vec3::new(x, -height, z), 0.06, pipe));
}

fn balconies(
    place: &Placement,
    side: f32,
    facade: &Facade,
    half: Vec3,
    floors: u32,
    dice: &mut Rng,
    parts: &mut Vec<Solid>,
) {
    let slab = Material::Stone { seed: dice.bits(), colour: Vec3::splat(0.45) };
    let bays = (2.0 * half.z / facade.bay).round() as i32;
    let bay = (dice.bits() % 2) as i32 + bays / 2;
    let middle = (bay as f32 + 0.5) * facade.bay - half.z;
    if middle.abs() + 0.6 * facade.bay > half.z {
        return;
    }
    let colour = Vec3::splat(dice.range(0.06, 0.4));
    for floor in 1..floors {
        let level = -(PLINTH + floor as f32 * facade.floor);
        let out = -side * (half.x + 0.55);
        let wide = 0.55 * facade.bay;
        parts.push(place.block(Vec3::new(out, level, middle), Vec3::new(0.55, 0.09, wide), slab));
        let rail = Vec3::new(-side * (half.x + 1.07), level - 0.55, middle);
        parts.push(place.block(rail, Vec3::new(0.03, 0.46, wide), Material::Metal { colour }));
        for end in [-1.0, 1.0] {
            let at = Vec3::new(out, level - 0.55, middle + end * (wide - 0.03));
            parts.push(place.block(at, Vec3::new(0.55, 0.46, 0.03), Material::Metal { colour }));
        }
    }
}

/// What fills a gap between houses: a wall or hedge along the pavement, trees behind it.
fn garden(road: &Road, side: f32, along: f32, gap: f32, dice: &mut Rng, parts: &mut Vec<Solid>) {
    let (origin, heading) = road.place(along + 0.5 * gap, side * (PAVEMENT_END + 0.7));
    let place = Placement::new(origin - Vec3::Y * KERB, heading);
    if dice.chance(0.5) {
        parts.extend(plants::hedge(&place, dice, gap, 1.5));
    } else {
        let stone = Material::Stone { seed: dice.bits(), colour: Vec3::new(0.42, 0.38, 0.32) };
        parts.push(place.block(Vec3::new(0.0, -0.85, 0.0), Vec3::new(0.14, 0.85, 0.5 * gap), stone));
    }
    for row in 0..2 {
        let across = side * (PAVEMENT_END + 5.5 + 8.0 * row as f32 + dice.range(-1.0, 1.0));
        let (origin, heading) = road.place(along + gap * dice.range(0.3, 0.7), across);
        let height = dice.range(6.5, 10.0);
        parts.extend(plants::tree(&Placement::new(origin, heading), dice, height, 0.34 * height));
    }
}

/// Street trees, lamps and signs between kerb and pavement.
fn roadside(road: &Road, side: f32, dice: &mut Rng, parts: &mut Vec<Solid>) {
    let clear = |along: f32, margin: f32| (along - road.junction).abs() > SIDE_STREET + margin;
    let mut along = -BEHIND + dice.range(0.0, 10.0);
    let mut slot = 0;
    while along < road.end - 8.0 {
        let (origin, heading) = road.place(along, side * (HALF_WIDTH + 0.75));
        let place = Placement::new(origin - Vec3::Y * KERB, heading);
        if slot % 3 == 2 {
            if clear(along, 3.0) {
                lamp(&place, side, parts);
            }
        } else if clear(along, 7.0) && dice.chance(0.75) {
            let height = dice.range(6.5, 9.5);
            let spread = height * dice.range(0.24, 0.32);
            parts.extend(plants::tree(&place, dice, height, spread));
        }
        slot += 1;
        along += dice.range(8.0, 13.0);
    }
    for (distance, blue) in
        [(-SIDE_STREET - 9.0, true), (SIDE_STREET + 12.0, false), (-58.0, false), (46.0, true)]
    {
        let (origin, heading) = road.place(road.junction + distance * side, side * (HALF_WIDTH + 0.45));
        sign(&Placement::new(origin - Vec3::Y * KERB, heading), blue, side, parts);
    }
}

fn lamp(place: &Placement, side: f32, parts: &mut Vec<Solid>) {
    let steel = Material::Metal { colour: Vec3::new(0.2, 0.22, 0.21) };
    let top = Vec3::new(0.0, -6.4, 0.0);
    let reach = Vec3::new(-side * 1.7, -6.75, 0.0);
    parts.push(place.bar(Vec3::ZERO, Vec3::new(0.0, -1.1, 0.0), 0.1, steel));
    parts.push(place.bar(Vec3::ZERO, top, 0.065, steel));
    parts.push(place.bar(top, reach, 0.045, steel));
    let head = Material::Metal { colour: Vec3::splat(0.4) };
    parts.push(place.block(reach, Vec3::new(0.34, 0.07, 0.14), head));
}

fn sign(place: &Placement, blue: bool, side: f32, parts: &mut Vec<Solid>) {
    let steel = Material::Metal { colour: Vec3::splat(0.3) };
    parts.push(place.bar(Vec3::ZERO, Vec3::new(0.0, -2.75, 0.0), 0.035, steel));
    // Drivers on the right see the plate's face, those on the left its back.
    let (front, back) = (Vec3::new(0.0, -2.4, -0.04 * side), Vec3::new(0.0, -2.4, -0.06 * side));
    parts.push(place.bar(front, back, 0.32, Material::Sign { blue }));
}

/// Cars along the kerb, all facing the way that traffic on their side goes.
fn parked_cars(road: &Road, side: f32, dice: &mut Rng, parts: &mut Vec<Solid>) {
    let mut along = -BEHIND + dice.range(2.0, 6.0);
    while along < road.end - 20.0 {
        if (along - road.junction).abs() > SIDE_STREET + 11.0 && dice.chance(0.5) {
            let across = side * (HALF_WIDTH - 1.08 + dice.range(-0.08, 0.08));
            let (origin, heading) = road.place(along, across);
            let turned = if side > 0.0 { 0.0 } else { std::f32::consts::PI };
            let place = Placement::new(origin, heading + turned + dice.range(-0.015, 0.015));
            parts.extend(vehicle::car(&place, CarLook::draw(dice)));
        }
        along += dice.range(5.4, 6.4);
    }
}

/// What closes the view at the end of the street and of the side street.
fn far_ends(road: &Road, dice: &mut Rng, parts: &mut Vec<Solid>) {
    for index in -4..=4 {
        let (origin, heading) = road.place(road.end + dice.range(0.0, 8.0), index as f32 * 5.5);
        let height = dice.range(9.0, 14.0);
        parts.extend(plants::tree(&Placement::new(origin, heading), dice, height, 0.35 * height));
    }
    for side in [-1.0_f32, 1.0] {
        for (end, beyond) in [(-1.0, 0.0), (1.0, 0.0), (-1.0, 16.0), (1.0, 16.0)] {
            // Houses behind those at the corners, facing the side street.
            let along = road.junction + end * (SIDE_STREET + 8.5) - 7.0;
            let dice = &mut Rng::new(u64::from(dice.bits()), 31);
            house(road, side, along, 14.0, 15.0 + beyond, dice, parts);
        }
        for index in 0..3 {
            let along = road.junction + (index - 1) as f32 * 6.0;
            let (origin, heading) = road.place(along, side * (SIDE_STREET_LENGTH + dice.range(4.0, 12.0)));
            let height = dice.range(7.0, 11.0);
            parts.extend(plants::tree(&Placement::new(origin, heading), dice, height, 0.36 * height));
        }
    }
}
