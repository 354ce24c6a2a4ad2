//! GPS and inertial readings, one line per frame
//! ([Data layouts](crate::objective::method#data-layouts) of the method).

use crate::data::{
    DataError,
    text::{finite_numbers, read_parsed},
};
use glam::{DAffine3, DMat3, DVec3};
use std::{f64::consts::PI, ops::RangeInclusive, path::Path};

const READINGS: usize = 30;
/// Altitudes of roads, metres above sea level, with a margin.
const ALTITUDES_METRES: RangeInclusive<f64> = -600.0..=9000.0;
/// Largest roll, pitch or yaw, radians: two turns, because some recordings count on.
const MAX_ANGLE: f64 = 4.0 * PI;
/// Radius of the Earth in KITTI's projection, metres.
pub(in crate::data) const EARTH_RADIUS_METRES: f64 = 6_378_137.0;

/// Readings of position, attitude and speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Oxts {
    /// Latitude, degrees north.
    pub latitude: f64,
    /// Longitude, degrees east.
    pub longitude: f64,
    /// Altitude above sea level, metres.
    pub altitude: f64,
    /// Roll, radians: 0 is level, positive is left side up.
    pub roll: f64,
    /// Pitch, radians: 0 is level, positive is front down.
    pub pitch: f64,
    /// Yaw, radians: 0 is east, positive is counter-clockwise.
    pub yaw: f64,
    /// Forward speed parallel to the ground, metres per second.
    pub forward_speed: f64,
    /// Number of satellites that the receiver tracks.
    pub satellites: u32,
}

impl Oxts {
    /// Reads a file of `oxts/data`.
    ///
    /// # Errors
    /// The file cannot be read or does not hold 30 readings.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        read_parsed("GPS and inertial readings", path, Self::parse)
    }

    /// Parses the text of a file of `oxts/data`.
    ///
    /// # Errors
    /// The text is not 30 finite numbers, or a position or attitude is impossible.
    pub fn parse(text: &str) -> Result<Self, String> {
        let readings = finite_numbers(text)?;
        if readings.len() != READINGS {
            return Err(format!("it has {} readings instead of {READINGS}", readings.len()));
        }
        let [latitude, longitude, altitude] = [readings[0], readings[1], readings[2]];
        if latitude == 0.0 && longitude == 0.0 {
            return Err("its latitude and longitude are 0: the receiver had no position".to_owned());
        }
        // The projection has singularities at the poles.
        if latitude.abs() > 89.0 || longitude.abs() > 360.0 || !ALTITUDES_METRES.contains(&altitude) {
            return Err(format!(
                "{latitude}° {longitude}° {altitude} m is not a place on the Earth where cars drive"
            ));
        }
        if let Some(angle) = readings[3..6].iter().find(|angle| angle.abs() > MAX_ANGLE) {
            return Err(format!("its angle {angle} is not in radians"));
        }
        Ok(Self {
            latitude,
            longitude,
            altitude,
            roll: readings[3],
            pitch: readings[4],
            yaw: readings[5],
            forward_speed: readings[8],
            satellites: readings[26] as u32,
        })
    }

    /// Pose of the sensor in metres east, north and up, by a Mercator projection with the scale of the
    /// latitude of `origin`.
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
