//! Open data with the description that is published.

use crate::{data::OpenData, session::DataReport};
use std::sync::Arc;

/// Open data and its published description.
#[derive(Clone)]
pub(super) struct Dataset {
    pub open: OpenData,
    pub report: Arc<DataReport>,
}
