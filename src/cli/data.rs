//! Options for the data of a command and the camera that took it.

use crate::{
    config::{CameraChoice, DataChoice},
    output::errln,
};
use clap::Args;

/// Camera of the frames, whatever files say.
#[derive(Args)]
pub(super) struct CameraArgs {
    /// Camera of the frames, in place of that of a camera.toml: focal lengths and principal point in pixels
    /// of the frames, or in parts of their width and height
    #[arg(long, value_name = "FX,FY,CX,CY", value_parser = intrinsics, conflicts_with = "field_of_view")]
    intrinsics: Option<CameraChoice>,
    /// Camera of the frames, in place of that of a camera.toml: the horizontal field of view
    #[arg(long, value_name = "DEGREES")]
    field_of_view: Option<f32>,
}

impl CameraArgs {
    /// Camera given by these options, if any.
    pub fn given(&self) -> Option<CameraChoice> {
        self.intrinsics.or(self.field_of_view.map(CameraChoice::FieldOfView))
    }

    /// Data that `--data` names, with this camera if it is a folder.
    pub fn choice(&self, data: &str) -> DataChoice {
        let choice = match data.parse() {
            Ok(choice) => choice,
            Err(never) => match never {},
        };
        match (choice, self.given()) {
            (DataChoice::Folder(folder), Some(camera)) => DataChoice::Assuming { folder, camera },
            (choice, Some(_)) => {
                errln!("the camera that is given does not count: that of the built-in drive is known");
                choice
            }
            (choice, None) => choice,
        }
    }
}

fn intrinsics(text: &str) -> Result<CameraChoice, String> {
    let numbers: Vec<f32> = text
        .split(',')
        .map(|word| word.trim().parse().map_err(|_| format!("'{word}' is not a number")))
        .collect::<Result<_, _>>()?;
    let lengths = <[f32; 4]>::try_from(numbers).map_err(|_| "give four numbers: FX,FY,CX,CY".to_owned())?;
    Ok(CameraChoice::Intrinsics(lengths))
}
