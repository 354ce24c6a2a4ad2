//! Many solids, in boxes within boxes, so that a ray looks only at those on its way.

use super::shape::{Ray, SOFT, Solid};
use glam::Vec3A;

/// Solids and the tree of boxes around them.
pub struct Solids {
    /// In the order of the tree's leaves.
    pub parts: Vec<Solid>,
    nodes: Vec<Node>,
}

/// A box; its children follow it in the list.
struct Node {
    low: Vec3A,
    high: Vec3A,
    /// The node after everything in this one.
    next: u32,
    /// The parts of a leaf; none otherwise.
    first: u32,
    count: u32,
}

/// A leaf holds at most this many parts.
const LEAF: usize = 3;

impl Solids {
    /// Puts boxes around the parts, whose order changes.
    pub fn new(mut parts: Vec<Solid>) -> Self {
        let mut nodes = Vec::new();
        if !parts.is_empty() {
            enclose(&mut parts, 0, &mut nodes);
        }
        Self { parts, nodes }
    }

    /// Calls `look` with the parts whose boxes, grown by `margin`, the ray meets before `limit`; `look`
    /// gives the limit for what follows.
    fn along(&self, ray: &Ray, margin: f32, mut limit: f32, mut look: impl FnMut(&Solid, f32) -> f32) {
        let inverse = ray.direction.recip();
        let meets = |low: Vec3A, high: Vec3A, limit: f32| {
            let (a, b) = ((low - margin - ray.origin) * inverse, (high + margin - ray.origin) * inverse);
            a.min(b).max_element().max(0.0) <= a.max(b).min_element().min(limit)
        };
        let mut index = 0;
        while let Some(node) = self.nodes.get(index) {
            if !meets(node.low, node.high, limit) {
                index = node.next as usize;
                continue;
            }
            for part in &self.parts[node.first as usize..][..node.count as usize] {
                if meets(part.low, part.high, limit) {
                    limit = look(part, limit);
                }
            }
            index += 1;
        }
    }

    /// The share of the light from a direction that is kept from a point.
    pub fn hide(&self, point: Vec3A, to_light: Vec3A) -> f32 {
        let ray = Ray { origin: point, direction: to_light, pixel: 0.0 };
        let mut hidden: f32 = 0.0;
        self.along(&ray, SOFT, f32::INFINITY, |part, limit| {
            hidden = hidden.max(part.hides(point, to_light));
            if hidden > 0.99 { f32::NEG_INFINITY } else { limit }
        });
        hidden
    }

    /// Where the ray first meets a solid, in lengths of its direction, if before `limit`.
    pub fn distance(&self, ray: &Ray, limit: f32) -> Option<f32> {
        let mut nearest = None;
        self.along(ray, 0.0, limit, |part, limit| match part.meet(ray, limit) {
            Some(contact) => {
                nearest = Some(contact.t);
                contact.t
            }
            None => limit,
        });
        nearest
    }
}

/// Appends the boxes of a run of parts that begins at `first`, halving it along its longest side.
fn enclose(parts: &mut [Solid], first: usize, nodes: &mut Vec<Node>) {
    let low = parts.iter().map(|part| part.low).fold(Vec3A::INFINITY, Vec3A::min);
    let high = parts.iter().map(|part| part.high).fold(Vec3A::NEG_INFINITY, Vec3A::max);
    let index = nodes.len();
    let leaf = parts.len() <= LEAF;
    let count = if leaf { parts.len() as u32 } else { 0 };
    nodes.push(Node { low, high, next: 0, first: first as u32, count });
    if !leaf {
        let axis = (high - low).max_position();
        let half = parts.len() / 2;
        let middle = |part: &Solid| part.low[axis] + part.high[axis];
        parts.select_nth_unstable_by(half, |a, b| middle(a).total_cmp(&middle(b)));
        let (left, right) = parts.split_at_mut(half);
        enclose(left, first, nodes);
        enclose(right, first + half, nodes);
    }
    nodes[index].next = nodes.len() as u32;
}
