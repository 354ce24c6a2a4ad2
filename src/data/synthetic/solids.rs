//! Bounding volume hierarchy over the solids.

use super::shape::{Ray, SHADOW_EDGE, Solid};
use glam::Vec3A;

/// Solids in a bounding volume hierarchy.
pub struct Solids {
    /// Solids in the order of the tree's leaves.
    pub list: Vec<Solid>,
    nodes: Vec<Node>,
}

/// Node with its bounding box; its children follow it in the list.
struct Node {
    low: Vec3A,
    high: Vec3A,
    /// Index of the node after this one's subtree.
    next: u32,
    /// Index of a leaf's first solid.
    first: u32,
    /// Number of a leaf's solids; 0 for an inner node.
    count: u32,
}

/// Most solids in a leaf.
const MAX_LEAF: usize = 3;

impl Solids {
    /// Builds the hierarchy, which reorders the solids.
    pub fn new(mut list: Vec<Solid>) -> Self {
        let mut nodes = Vec::new();
        if !list.is_empty() {
            build(&mut list, 0, &mut nodes);
        }
        Self { list, nodes }
    }

    /// Calls `visit` with the solids whose bounding boxes, grown by `margin`, the ray hits before `limit`;
    /// `visit` returns the limit for the rest.
    fn traverse(&self, ray: &Ray, margin: f32, mut limit: f32, mut visit: impl FnMut(&Solid, f32) -> f32) {
        let inverse = ray.direction.recip();
        let is_hit = |low: Vec3A, high: Vec3A, limit: f32| {
            let (a, b) = ((low - margin - ray.origin) * inverse, (high + margin - ray.origin) * inverse);
            a.min(b).max_element().max(0.0) <= a.max(b).min_element().min(limit)
        };
        let mut index = 0;
        while let Some(node) = self.nodes.get(index) {
            if !is_hit(node.low, node.high, limit) {
                index = node.next as usize;
                continue;
            }
            for solid in &self.list[node.first as usize..][..node.count as usize] {
                if is_hit(solid.low, solid.high, limit) {
                    limit = visit(solid, limit);
                }
            }
            index += 1;
        }
    }

    /// Share of the light from a direction that the solids hide from a point.
    pub fn occlusion(&self, point: Vec3A, to_light: Vec3A) -> f32 {
        let ray = Ray { origin: point, direction: to_light, pixel: 0.0 };
        let mut hidden: f32 = 0.0;
        self.traverse(&ray, SHADOW_EDGE, f32::INFINITY, |solid, limit| {
            hidden = hidden.max(solid.occlusion(point, to_light));
            if hidden > 0.99 { f32::NEG_INFINITY } else { limit }
        });
        hidden
    }

    /// Ray parameter of the first intersection, if before `limit`.
    pub fn distance(&self, ray: &Ray, limit: f32) -> Option<f32> {
        let mut nearest = None;
        self.traverse(ray, 0.0, limit, |solid, limit| match solid.intersect(ray, limit) {
            Some(hit) => {
                nearest = Some(hit.t);
                hit.t
            }
            None => limit,
        });
        nearest
    }
}

/// Appends the nodes of a run of solids that begins at `first`, splitting it at the median along its longest
/// side.
fn build(solids: &mut [Solid], first: usize, nodes: &mut Vec<Node>) {
    let low = solids.iter().map(|solid| solid.low).fold(Vec3A::INFINITY, Vec3A::min);
    let high = solids.iter().map(|solid| solid.high).fold(Vec3A::NEG_INFINITY, Vec3A::max);
    let index = nodes.len();
    let is_leaf = solids.len() <= MAX_LEAF;
    let count = if is_leaf { solids.len() as u32 } else { 0 };
    nodes.push(Node { low, high, next: 0, first: first as u32, count });
    if !is_leaf {
        let axis = (high - low).max_position();
        let half = solids.len() / 2;
        let middle = |solid: &Solid| solid.low[axis] + solid.high[axis];
        solids.select_nth_unstable_by(half, |a, b| middle(a).total_cmp(&middle(b)));
        let (left, right) = solids.split_at_mut(half);
        build(left, first, nodes);
        build(right, first + half, nodes);
    }
    nodes[index].next = nodes.len() as u32;
}
