//! Layout of the street: houses, trees, lamps and parked cars from a seed.

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
    vehicle::{self, CarAppearance},
};
use glam::Vec3;

/// Static part of the scene.
pub struct Street {
    /// Course of the street.
    pub road: Road,
    /// Sun, sky and haze.
    pub light: Light,
    /// Appearance of the ground.
    pub ground: Ground,
    /// Solids on the ground.
    pub solids: Solids,
    /// Light map of the ground.
    pub shade: Shade,
}

impl Street {
    /// Builds the street of this seed, for a drive of this length in metres.
    pub fn new(seed: u64, length: f32) -> Self {
        let road = Road::new(seed, length);
        let mut solids = Vec::new();
        for side in [-1.0, 1.0] {
            let purpose = if side < 0.0 { 10 } else { 20 };
            RoadsideBuilder::new(&road, side, Rng::new(seed, purpose), &mut solids).houses();
            RoadsideBuilder::new(&road, side, Rng::new(seed, purpose + 1), &mut solids).roadside();
            RoadsideBuilder::new(&road, side, Rng::new(seed, purpose + 2), &mut solids).parked_cars();
        }
        far_ends(&road, &mut Rng::new(seed, 30), &mut solids);
        let light = Light::new(seed);
        let solids = Solids::new(solids);
        let shade = Shade::bake(&road, &light, &solids);
        Self { road, light, ground: Ground::new(seed), solids, shade }
    }
}

/// Builder of the solids along one side of the street.
struct RoadsideBuilder<'a> {
    road: &'a Road,
    /// -1 for the left side, 1 for the right.
    side: f32,
    rng: Rng,
    solids: &'a mut Vec<Solid>,
}

impl<'a> RoadsideBuilder<'a> {
    fn new(road: &'a Road, side: f32, rng: Rng, solids: &'a mut Vec<Solid>) -> Self {
        Self { road, side, rng, solids }
    }

    /// Row of houses with gaps; gardens in front of some, walls and trees between them.
    fn houses(&mut self) {
        let mut along = -BEHIND;
        while along < self.road.end {
            let width = self.rng.range(9.0, 17.0);
            let from_junction = self.road.junction - SIDE_STREET - 3.4 - along;
            if from_junction > 0.0 && from_junction < width {
                if from_junction > 8.0 {
                    self.house(along, from_junction, 0.0);
                }
                along = self.road.junction + SIDE_STREET + 3.4;
                continue;
            }
            let setback = if self.rng.chance(0.45) { 0.0 } else { self.rng.range(1.5, 4.5) };
            self.house(along, width, setback);
            if setback > 1.0 {
                let (origin, heading) =
                    self.road.point_at(along + 0.5 * width, self.side * (PAVEMENT_END + 0.5));
                let placement = Placement::new(origin - Vec3::Y * KERB, heading);
                let length = width - 1.6;
                match self.rng.bits() % 3 {
                    0 => {
                        let height = self.rng.range(0.8, 1.4);
                        self.solids.extend(plants::hedge(&placement, &mut self.rng, length, height));
                    }
                    1 => {
                        let colour = Vec3::new(0.3, 0.2, 0.12) * self.rng.range(0.6, 1.3);
                        let half = Vec3::new(0.04, 0.5, 0.5 * length);
                        self.solids.push(placement.block(
                            Vec3::new(0.0, -0.5, 0.0),
                            half,
                            Material::Fence { colour },
                        ));
                    }
                    _ => {
                        let colour = Vec3::splat(self.rng.range(0.3, 0.5));
                        let stone = Material::Stone { seed: self.rng.bits(), colour };
                        let half = Vec3::new(0.13, 0.35, 0.5 * length);
                        self.solids.push(placement.block(Vec3::new(0.0, -0.35, 0.0), half, stone));
                        let coping = Vec3::new(0.18, 0.04, 0.5 * length + 0.04);
                        self.solids.push(placement.block(Vec3::new(0.0, -0.72, 0.0), coping, stone));
                    }
                }
            }
            along += width;
            if self.rng.chance(0.5) {
                let gap = self.rng.range(2.5, 8.0);
                self.garden(along, gap);
                along += gap;
            }
        }
    }

    /// House whose front begins at `along`, `setback` behind the pavement, metres.
    fn house(&mut self, along: f32, width: f32, setback: f32) {
        let floors = self.rng.pick(&[1, 2, 2, 3, 3, 4]);
        let facade = Facade::new(&mut self.rng, floors, width);
        let (height, depth) = (facade.height(), self.rng.range(9.0, 12.0));
        let front = PAVEMENT_END + setback;
        let (origin, heading) = self.road.point_at(along + 0.5 * width, self.side * (front + 0.5 * depth));
        let placement = Placement::new(origin, heading);
        let half = Vec3::new(0.5 * depth, 0.5 * height, 0.5 * width);
        self.solids.push(placement.block(Vec3::new(0.0, -half.y, 0.0), half, Material::Facade(facade)));
        let reds = [Vec3::new(0.3, 0.11, 0.06), Vec3::new(0.2, 0.1, 0.07), Vec3::new(0.11, 0.1, 0.1)];
        let tiles = Material::Tiles {
            seed: self.rng.bits(),
            colour: self.rng.pick(&reds) * self.rng.range(0.85, 1.2),
        };
        let trim = Material::Stone { seed: self.rng.bits(), colour: Vec3::splat(self.rng.range(0.3, 0.5)) };
        // Eaves: a thin slab that overhangs front and back.
        let eaves = Vec3::new(half.x + 0.4, 0.1, half.z + 0.05);
        self.solids.push(placement.block(Vec3::new(0.0, -height - 0.1, 0.0), eaves, trim));
        if floors < 4 || self.rng.chance(0.5) {
            let (rise, reach) = (self.rng.range(0.55, 0.95), eaves.x);
            let ridge = height + 0.2 + rise * reach;
            let top = Vec3::new(0.0, -ridge, 0.0);
            let planes = [
                (Vec3::new(1.0, -1.0 / rise, 0.0), ridge / rise),
                (Vec3::new(-1.0, -1.0 / rise, 0.0), ridge / rise),
                (Vec3::Y, -height - 0.2),
                (Vec3::Z, eaves.z),
                (Vec3::NEG_Z, eaves.z),
            ];
            self.solids.push(placement.hull(
                &planes,
                Vec3::new(-reach, top.y, -eaves.z),
                Vec3::new(reach, -height, eaves.z),
                tiles,
            ));
            let chimney =
                Vec3::new(self.rng.range(-1.5, 1.5), -ridge + 0.2, self.rng.range(-0.35, 0.35) * width);
            let brick = Material::Stone { seed: self.rng.bits(), colour: Vec3::new(0.28, 0.13, 0.09) };
            self.solids.push(placement.block(chimney, Vec3::new(0.35, 0.9, 0.45), brick));
        }
        if floors >= 2 && self.rng.chance(0.45) {
            self.balconies(&placement, &facade, half, floors);
        }
        // A rain pipe at one end of the front.
        let x = -self.side * (half.x + 0.07);
        let z = half.z - 0.3;
        let pipe = Material::Metal { colour: Vec3::splat(self.rng.range(0.12, 0.3)) };
        self.solids.push(placement.bar(Vec3::new(x, 0.1, z), Vec3::new(x, -height, z), 0.06, pipe));
    }

    /// Balconies above each other on the front of a house with half sizes `half`, metres.
    fn balconies(&mut self, placement: &Placement, facade: &Facade, half: Vec3, floors: u32) {
        let slab = Material::Stone { seed: self.rng.bits(), colour: Vec3::splat(0.45) };
        let bays = (2.0 * half.z / facade.bay).round() as i32;
        let bay = (self.rng.bits() % 2) as i32 + bays / 2;
        let middle = (bay as f32 + 0.5) * facade.bay - half.z;
        if middle.abs() + 0.6 * facade.bay > half.z {
            return;
        }
        let colour = Vec3::splat(self.rng.range(0.06, 0.4));
        for floor in 1..floors {
            let level = -(PLINTH + floor as f32 * facade.floor);
            let out = -self.side * (half.x + 0.55);
            let wide = 0.55 * facade.bay;
            self.solids.push(placement.block(
                Vec3::new(out, level, middle),
                Vec3::new(0.55, 0.09, wide),
                slab,
            ));
            let rail = Vec3::new(-self.side * (half.x + 1.07), level - 0.55, middle);
            self.solids.push(placement.block(rail, Vec3::new(0.03, 0.46, wide), Material::Metal { colour }));
            for end in [-1.0, 1.0] {
                let at = Vec3::new(out, level - 0.55, middle + end * (wide - 0.03));
                self.solids.push(placement.block(
                    at,
                    Vec3::new(0.55, 0.46, 0.03),
                    Material::Metal { colour },
                ));
            }
        }
    }

    /// Garden in a gap between houses: a wall or hedge along the pavement, trees behind it.
    fn garden(&mut self, along: f32, gap: f32) {
        let (origin, heading) = self.road.point_at(along + 0.5 * gap, self.side * (PAVEMENT_END + 0.7));
        let placement = Placement::new(origin - Vec3::Y * KERB, heading);
        if self.rng.chance(0.5) {
            self.solids.extend(plants::hedge(&placement, &mut self.rng, gap, 1.5));
        } else {
            let stone = Material::Stone { seed: self.rng.bits(), colour: Vec3::new(0.42, 0.38, 0.32) };
            self.solids.push(placement.block(
                Vec3::new(0.0, -0.85, 0.0),
                Vec3::new(0.14, 0.85, 0.5 * gap),
                stone,
            ));
        }
        for row in 0..2 {
            let lateral = self.side * (PAVEMENT_END + 5.5 + 8.0 * row as f32 + self.rng.range(-1.0, 1.0));
            let (origin, heading) = self.road.point_at(along + gap * self.rng.range(0.3, 0.7), lateral);
            let height = self.rng.range(6.5, 10.0);
            self.solids.extend(plants::tree(
                &Placement::new(origin, heading),
                &mut self.rng,
                height,
                0.34 * height,
            ));
        }
    }

    /// Trees, lamps and signs between kerb and pavement.
    fn roadside(&mut self) {
        let clear = |along: f32, margin: f32| (along - self.road.junction).abs() > SIDE_STREET + margin;
        let mut along = -BEHIND + self.rng.range(0.0, 10.0);
        let mut slot = 0;
        while along < self.road.end - 8.0 {
            let (origin, heading) = self.road.point_at(along, self.side * (HALF_WIDTH + 0.75));
            let placement = Placement::new(origin - Vec3::Y * KERB, heading);
            if slot % 3 == 2 {
                if clear(along, 3.0) {
                    lamp(&placement, self.side, self.solids);
                }
            } else if clear(along, 7.0) && self.rng.chance(0.75) {
                let height = self.rng.range(6.5, 9.5);
                let spread = height * self.rng.range(0.24, 0.32);
                self.solids.extend(plants::tree(&placement, &mut self.rng, height, spread));
            }
            slot += 1;
            along += self.rng.range(8.0, 13.0);
        }
        for (distance, is_blue) in
            [(-SIDE_STREET - 9.0, true), (SIDE_STREET + 12.0, false), (-58.0, false), (46.0, true)]
        {
            let (origin, heading) = self
                .road
                .point_at(self.road.junction + distance * self.side, self.side * (HALF_WIDTH + 0.45));
            sign(&Placement::new(origin - Vec3::Y * KERB, heading), is_blue, self.side, self.solids);
        }
    }

    /// Cars along the kerb, all facing the direction of traffic on their side.
    fn parked_cars(&mut self) {
        let mut along = -BEHIND + self.rng.range(2.0, 6.0);
        while along < self.road.end - 20.0 {
            if (along - self.road.junction).abs() > SIDE_STREET + 11.0 && self.rng.chance(0.5) {
                let lateral = self.side * (HALF_WIDTH - 1.08 + self.rng.range(-0.08, 0.08));
                let (origin, heading) = self.road.point_at(along, lateral);
                let turned = if self.side > 0.0 { 0.0 } else { std::f32::consts::PI };
                let placement = Placement::new(origin, heading + turned + self.rng.range(-0.015, 0.015));
                self.solids.extend(vehicle::car(&placement, CarAppearance::draw(&mut self.rng)));
            }
            along += self.rng.range(5.4, 6.4);
        }
    }
}

/// Street lamp.
fn lamp(placement: &Placement, side: f32, solids: &mut Vec<Solid>) {
    let steel = Material::Metal { colour: Vec3::new(0.2, 0.22, 0.21) };
    let top = Vec3::new(0.0, -6.4, 0.0);
    let reach = Vec3::new(-side * 1.7, -6.75, 0.0);
    solids.push(placement.bar(Vec3::ZERO, Vec3::new(0.0, -1.1, 0.0), 0.1, steel));
    solids.push(placement.bar(Vec3::ZERO, top, 0.065, steel));
    solids.push(placement.bar(top, reach, 0.045, steel));
    let head = Material::Metal { colour: Vec3::splat(0.4) };
    solids.push(placement.block(reach, Vec3::new(0.34, 0.07, 0.14), head));
}

/// Traffic sign.
fn sign(placement: &Placement, is_blue: bool, side: f32, solids: &mut Vec<Solid>) {
    let steel = Material::Metal { colour: Vec3::splat(0.3) };
    solids.push(placement.bar(Vec3::ZERO, Vec3::new(0.0, -2.75, 0.0), 0.035, steel));
    // Drivers on the right see the plate's face, those on the left its back.
    let (front, back) = (Vec3::new(0.0, -2.4, -0.04 * side), Vec3::new(0.0, -2.4, -0.06 * side));
    solids.push(placement.bar(front, back, 0.32, Material::Sign { is_blue }));
}

/// Houses and trees that close the view at the end of the street and of the side street.
fn far_ends(road: &Road, rng: &mut Rng, solids: &mut Vec<Solid>) {
    for index in -4..=4 {
        let (origin, heading) = road.point_at(road.end + rng.range(0.0, 8.0), index as f32 * 5.5);
        let height = rng.range(9.0, 14.0);
        solids.extend(plants::tree(&Placement::new(origin, heading), rng, height, 0.35 * height));
    }
    for side in [-1.0_f32, 1.0] {
        for (end, beyond) in [(-1.0, 0.0), (1.0, 0.0), (-1.0, 16.0), (1.0, 16.0)] {
            // Houses behind those at the corners, facing the side street.
            let along = road.junction + end * (SIDE_STREET + 8.5) - 7.0;
            let rng = Rng::new(u64::from(rng.bits()), 31);
            RoadsideBuilder::new(road, side, rng, solids).house(along, 14.0, 15.0 + beyond);
        }
        for index in 0..3 {
            let along = road.junction + (index - 1) as f32 * 6.0;
            let (origin, heading) = road.point_at(along, side * (SIDE_STREET_LENGTH + rng.range(4.0, 12.0)));
            let height = rng.range(7.0, 11.0);
            solids.extend(plants::tree(&Placement::new(origin, heading), rng, height, 0.36 * height));
        }
    }
}
