//! What the points of the cloud are and what colours them.

use super::CloudPane;
use crate::{
    app::{legend, state::State},
    compute::Lease,
    objective::{MapName, MapOrigin},
    session::{self, Picture},
    view::{CloudLayer, FieldStyle, Paint},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Of the true depth: no film and no colour map has it.
const TRUTH: [u8; 3] = [255, 84, 214];

/// What colours the points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ColourBy {
    /// The film.
    Frame,
    /// The distance along the camera's axis.
    Depth,
    /// The loss that is optimised.
    MinimumLoss,
    /// How far the depth is off the true one.
    DepthError,
}

impl ColourBy {
    pub const ALL: [Self; 4] = [Self::Frame, Self::Depth, Self::MinimumLoss, Self::DepthError];

    pub fn label(self) -> &'static str {
        match self {
            Self::Frame => "by frame",
            Self::Depth => "by depth",
            Self::MinimumLoss => "by minimum loss",
            Self::DepthError => "by depth error",
        }
    }

    pub fn help(self) -> &'static str {
        self.map().map_or("The colours of the film", MapName::help)
    }

    /// The map that must be there for it.
    pub fn map(self) -> Option<MapName> {
        match self {
            Self::Frame => None,
            Self::Depth => Some(MapName::Depth),
            Self::MinimumLoss => Some(MapName::MinimumLoss),
            Self::DepthError => Some(MapName::DepthError),
        }
    }

    /// The numbers and their colours, if they are known for the frame.
    pub fn field(self, state: &State) -> Option<(Arc<Lease>, FieldStyle)> {
        let name = self.map()?;
        let values = state.picture.as_ref()?.maps.get(&name)?;
        Some((Arc::clone(values), legend::usual_style(name, state.shown_objective())?))
    }

    /// Why the film colours the points instead.
    pub fn absence(self, picture: &Picture) -> Option<String> {
        let name = self.map().filter(|name| !picture.maps.contains_key(name))?;
        let reason = match name.origin() {
            MapOrigin::TrueDepth => "the data has no true depth of it",
            _ => "it takes the neighbouring frames and a pose network",
        };
        Some(format!("{name} is not known for this frame: {reason}"))
    }
}

/// The legend of the true depth.
pub(super) fn truth_meaning(picture: &Picture) -> Vec<(String, [u8; 3])> {
    let scale = picture.cloud.as_ref().and_then(|cloud| cloud.scale.as_ref());
    let text = match scale.filter(|_| picture.maps.contains_key(&MapName::TrueDepth)) {
        Some(scale) => format!("true depth, {:.3} m in a unit", scale.metres_per_unit),
        None => "no true depth of this frame".to_owned(),
    };
    vec![(text, TRUTH)]
}

impl CloudPane {
    /// What is drawn: the frame, its neighbours, and its true depth last.
    pub(super) fn layers(&self, state: &State) -> Vec<CloudLayer> {
        let mut layers = self.predicted_layers(state);
        layers.extend(self.shows_truth.then(|| truth_layer(state.picture.as_ref()?)).flatten());
        layers
    }

    /// The frame and its neighbours.
    pub(super) fn predicted_layers(&self, state: &State) -> Vec<CloudLayer> {
        let Some(picture) = &state.picture else { return Vec::new() };
        let Some(cloud) = &picture.cloud else { return Vec::new() };
        let field = self.colour_by.field(state);
        let first = field.as_ref().map(|(values, style)| Paint::Field(Arc::clone(values), style.clone()));
        let film = film_layer(cloud);
        let mut layers = vec![CloudLayer { paint: first.unwrap_or_else(|| film.paint.clone()), ..film }];
        for neighbour in state.fusion.of(picture).into_iter().flat_map(|fusion| &fusion.neighbours) {
            let film = film_layer(&neighbour.cloud);
            let paint = match &field {
                None => film.paint.clone(),
                Some((_, style)) if self.colour_by == ColourBy::Depth => {
                    Paint::Field(Arc::clone(&film.depth), style.clone())
                }
                // The number is known of the frame alone, and neighbours would hide it.
                Some(_) => break,
            };
            let target_from_source = neighbour.target_from_source;
            layers.push(CloudLayer { paint, target_from_source, ..film });
        }
        layers
    }
}

/// The points of a frame in its own colours.
fn film_layer(cloud: &session::Cloud) -> CloudLayer {
    CloudLayer::film(Arc::clone(&cloud.depth), Arc::clone(&cloud.colour), cloud.intrinsics)
}

/// The true depth brought to the unit of the predicted one.
fn truth_layer(picture: &Picture) -> Option<CloudLayer> {
    let cloud = picture.cloud.as_ref()?;
    let depth = Arc::clone(picture.maps.get(&MapName::TrueDepth)?);
    let metres_per_unit = cloud.scale.as_ref()?.metres_per_unit;
    Some(CloudLayer {
        paint: Paint::Field(Arc::clone(&depth), FieldStyle::Category(vec![TRUTH])),
        depth,
        unit: (1.0 / metres_per_unit) as f32,
        is_sparse: true,
        ..film_layer(cloud)
    })
}
