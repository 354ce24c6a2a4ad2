//! The inspected pixel in words, as marks in the views, and as a cost curve.

mod facts;
mod marks;
mod plot;

pub use facts::{Fact, FactGroup, groups, number, text};
pub use marks::draw as draw_marks;
pub use plot::cost_curve;
