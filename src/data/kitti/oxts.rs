//! Where the car was: one line of GPS and inertial readings a frame
//! ([Data layouts](crate::objective::method#data-layouts) of the method).

use crate::data::{DataError, atomic_file::read_text};
use glam::{DAffine3, DMat3, DVec3};
use std::{f64::consts::PI, path::Path};

const READINGS: usize = 30;
const EARTH_RADIUS_METRES: f64 = 6_378_137.0;

/// The readings that tell position, attitude and speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Oxts {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Metres above the sea.
    pub altitude: f64,
    /// Radians, 0 is level, positive is left side up.
    pub roll: f64,
    /// Radians, 0 is level, positive is front down.
    pub pitch: f64,
    /// Radians, 0 is east, positive is counter-clockwise.
    pub yaw: f64,
    /// Metres per second forward, parallel to the ground.
    pub forward_speed: f64,
}

impl Oxts {
    /// Reads a file of `oxts/data`.
    ///
    /// # Errors
    /// The file cannot be read or does not begin with the 30 readings.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let unreadable = |reason: String| DataError::Unreadable {
            what: "GPS and inertial readings".to_owned(),
            path: path.to_owned(),
            reason,
        };
        Self::parse(&read_text(path).map_err(|error| unreadable(error.to_string()))?).map_err(unreadable)
    }

    /// Reads the text of a file of `oxts/data`.
    ///
    /// # Errors
    /// Why the text is not 30 readings.
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = |word: &str| word.parse::<f64>().ok().filter(|number| number.is_finite());
        let readings: Vec<f64> = text
            .split_whitespace()
            .map(|word| number(word).ok_or_else(|| format!("'{word}' is not a finite number")))
            .collect::<Result<_, _>>()?;
        if readings.len() != READINGS {
            return Err(format!("it has {} readings instead of {READINGS}", readings.len()));
        }
        let [latitude, longitude, altitude] = [readings[0], readings[1], readings[2]];
        // The projection knows no poles.
        if latitude.abs() > 89.0 || longitude.abs() > 360.0 || altitude.abs() > 1e5 {
            return Err(format!(
                "{latitude} {longitude} {altitude} is no place on the Earth where cars drive"
            ));
        }
        Ok(Self {
            latitude,
            longitude,
            altitude,
            roll: readings[3],
            pitch: readings[4],
            yaw: readings[5],
            forward_speed: readings[8],
        })
    }

    /// Takes points of the sensor to a world that is flat around `origin`: metres east, north and up,
    /// by a Mercator projection with the scale of the origin's latitude.
    pub fn world_from_sensor(&self, origin: &Self) -> DAffine3 {
        let scale = origin.latitude.to_radians().cos() * EARTH_RADIUS_METRES;
        let position = DVec3::new(
            scale * self.longitude.to_radians(),
            scale * ((90.0 + self.latitude) * PI / 360.0).tan().ln(),
            self.altitude,
        );
        let rotation = DMat3::from_rotation_z(self.yaw)
            * DMat3::from_rotation_y(self.pitch)
            * DMat3::from_rotation_x(self.roll);
        DAffine3::from_mat3_translation(rotation, position)
    }
}
