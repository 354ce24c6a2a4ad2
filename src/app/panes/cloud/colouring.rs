//! Layers of points and their colours.

use crate::{
    app::{legend, state::ViewedFrame},
    compute::Lease,
    objective::{MapName, MapOrigin},
    session::{self, Picture},
    view::{CloudLayer, FieldStyle, Paint},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Colour of the true depth, which no colour map contains and images hardly do.
const TRUTH: [u8; 3] = [255, 84, 214];

/// Source of the colours of the points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ColourBy {
    /// Colours of the frame.
    Frame,
    /// Depth, the distance along the camera's axis.
    Depth,
    /// Minimum loss, which is optimised.
    MinimumLoss,
    /// Relative difference from the true depth.
    DepthError,
}

impl ColourBy {
    /// Every choice, in the order of the menu.
    pub const ALL: [Self; 4] = [Self::Frame, Self::Depth, Self::MinimumLoss, Self::DepthError];

    /// A few words for the menu.
    pub fn label(self) -> &'static str {
        match self {
            Self::Frame => "by frame",
            Self::Depth => "by depth",
            Self::MinimumLoss => "by minimum loss",
            Self::DepthError => "by depth error",
        }
    }

    /// A sentence for the tooltip.
    pub fn help(self) -> &'static str {
        self.map().map_or("The colours of the image", MapName::help)
    }

    /// Map that this colouring needs.
    pub fn map(self) -> Option<MapName> {
        match self {
            Self::Frame => None,
            Self::Depth => Some(MapName::Depth),
            Self::MinimumLoss => Some(MapName::MinimumLoss),
            Self::DepthError => Some(MapName::DepthError),
        }
    }

    /// Lease and style of the map, if the picture has them.
    pub fn field(self, viewed: &ViewedFrame) -> Option<(Arc<Lease>, FieldStyle)> {
        let name = self.map()?;
        let values = viewed.picture.as_ref()?.maps.get(&name)?;
        Some((Arc::clone(values), legend::default_style(name, viewed.shown_objective())?))
    }

    /// Reason why the image colours the points instead of the map; `None` if the map does.
    pub fn absence(self, picture: &Picture) -> Option<String> {
        let name = self.map().filter(|name| !picture.maps.contains_key(name))?;
        let reason = match name.origin() {
            MapOrigin::TrueDepth => "the data has no true depth of it",
            _ => "it needs the neighbouring frames and a pose network",
        };
        Some(format!("{name} is not known for this frame: {reason}"))
    }

    /// Layers of the frame and its neighbours.
    pub fn layers(self, viewed: &ViewedFrame) -> Vec<CloudLayer> {
        let Some(picture) = &viewed.picture else { return Vec::new() };
        let Some(cloud) = &picture.cloud else { return Vec::new() };
        let field = self.field(viewed);
        let first = field.as_ref().map(|(values, style)| Paint::Field(Arc::clone(values), style.clone()));
        let image = image_layer(cloud);
        let mut layers = vec![CloudLayer { paint: first.unwrap_or_else(|| image.paint.clone()), ..image }];
        for neighbour in viewed.fusion.of(picture).into_iter().flat_map(|fusion| &fusion.neighbours) {
            let image = image_layer(&neighbour.cloud);
            let paint = match &field {
                None => image.paint.clone(),
                Some((_, style)) if self == Self::Depth => {
                    Paint::Field(Arc::clone(&image.depth), style.clone())
                }
                // The map is known for the frame only, and neighbours would hide it.
                Some(_) => break,
            };
            let target_from_source = neighbour.target_from_source;
            layers.push(CloudLayer { paint, target_from_source, ..image });
        }
        layers
    }
}

/// Legend of the true depth.
pub(super) fn truth_meaning(picture: &Picture) -> Vec<(String, [u8; 3])> {
    let scale = picture.cloud.as_ref().and_then(|cloud| cloud.scale.as_ref());
    let text = match scale.filter(|_| picture.maps.contains_key(&MapName::TrueDepth)) {
        Some(scale) => format!("true depth, {:.3} m in a unit", scale.metres_per_unit),
        None => "no true depth of this frame".to_owned(),
    };
    vec![(text, TRUTH)]
}

/// Layer of a frame in the colours of its image.
fn image_layer(cloud: &session::Cloud) -> CloudLayer {
    CloudLayer::image(Arc::clone(&cloud.depth), Arc::clone(&cloud.colour), cloud.intrinsics)
}

/// Layer of the true depth, in the unit of the predicted one.
pub(super) fn truth_layer(picture: &Picture) -> Option<CloudLayer> {
    let cloud = picture.cloud.as_ref()?;
    let depth = Arc::clone(picture.maps.get(&MapName::TrueDepth)?);
    let metres_per_unit = cloud.scale.as_ref()?.metres_per_unit;
    Some(CloudLayer {
        paint: Paint::Field(Arc::clone(&depth), FieldStyle::Category(vec![TRUTH])),
        depth,
        unit: (1.0 / metres_per_unit) as f32,
        is_sparse: true,
        ..image_layer(cloud)
    })
}
