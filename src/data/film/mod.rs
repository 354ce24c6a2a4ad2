//! Films: H.264 in MP4 or QuickTime files, decoded picture by picture in the order of their display.

mod track;

use super::DataError;
use crate::config::ImageSize;
use image::RgbImage;
use mp4_track::Mp4Reader;
use rusty_h264_decoder::Decoder;
use std::{
    collections::BTreeMap,
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};
use track::{ColourSpace, Track};
use yuv::YuvPlanarImage;

/// Endings of the files that are taken for films.
pub const ENDINGS: [&str; 3] = ["mp4", "m4v", "mov"];
/// H.264 lets at most 16 pictures wait for their display (ITU-T H.264, A.3.1, MaxDpbFrames).
const MOST_WAITING: usize = 17;

/// A film whose pictures can be asked for; in the order of display each costs one decoding.
pub struct Film {
    path: PathBuf,
    track: Track,
    /// By place in the display: which sample holds the picture.
    sample_at: Vec<usize>,
    /// By sample: its place in the display.
    place_of: Vec<usize>,
    decoding: Mutex<Decoding>,
}

/// How far the decoder has come.
struct Decoding {
    file: Mp4Reader<BufReader<File>>,
    decoder: Decoder,
    /// The sample that the decoder takes next.
    next: usize,
    /// Pictures decoded before their time, by place.
    waiting: BTreeMap<usize, Result<RgbImage, String>>,
}

impl Film {
    /// Reads what a film consists of, and no picture yet.
    ///
    /// # Errors
    /// It is missing, damaged, or coded otherwise than as H.264 with 8 bits and 4:2:0.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|error| unreadable(path, error.to_string()))?;
        let opened =
            Mp4Reader::open(BufReader::new(file)).map_err(|error| format!("no MP4 or MOV file ({error})"));
        let (file, track) =
            opened.and_then(|file| Track::of(&file).map(|track| (file, track))).map_err(|reason| {
                unreadable(path, format!("{reason}; make pictures of it: ffmpeg -i film.mp4 film/%06d.png"))
            })?;
        let mut sample_at: Vec<usize> = (0..track.samples.len()).collect();
        sample_at.sort_by_key(|sample| track.samples[*sample].pts);
        let mut place_of = vec![0; sample_at.len()];
        for (place, sample) in sample_at.iter().enumerate() {
            place_of[*sample] = place;
        }
        let decoding = Decoding { file, decoder: Decoder::new(), next: usize::MAX, waiting: BTreeMap::new() };
        Ok(Self { path: path.to_owned(), track, sample_at, place_of, decoding: Mutex::new(decoding) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of pictures.
    pub fn pictures(&self) -> usize {
        self.sample_at.len()
    }

    /// The size of its pictures.
    pub fn size(&self) -> ImageSize {
        self.track.size
    }

    /// The picture at this place in the display, from 0. Places that are not asked for in rising order
    /// cost a new start from the last picture that stands alone.
    ///
    /// # Errors
    /// There is none, or it is damaged.
    pub fn picture(&self, place: usize) -> Result<RgbImage, DataError> {
        let damaged = |reason: String| unreadable(&self.path, format!("picture {}: {reason}", place + 1));
        let wanted = *self.sample_at.get(place).ok_or_else(|| damaged("the film is shorter".to_owned()))?;
        // A panic elsewhere leaves at worst a decoder in the middle of a film, which the next start resets.
        let mut decoding = self.decoding.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(picture) = decoding.waiting.remove(&place) {
            return picture.map_err(damaged);
        }
        let start = (0..=wanted).rev().find(|sample| self.track.samples[*sample].is_sync).unwrap_or(0);
        if decoding.next > wanted || decoding.next < start {
            self.begin_at(&mut decoding, start).map_err(damaged)?;
        }
        while decoding.next <= wanted {
            let sample = decoding.next;
            let picture = self.decode(&mut decoding, sample);
            decoding.next = sample + 1;
            if sample == wanted {
                return picture.map_err(damaged);
            }
            decoding.waiting.insert(self.place_of[sample], picture);
            while decoding.waiting.len() > MOST_WAITING {
                decoding.waiting.pop_first();
            }
        }
        Err(damaged("it comes after the end".to_owned()))
    }

    fn begin_at(&self, decoding: &mut Decoding, sample: usize) -> Result<(), String> {
        decoding.decoder = Decoder::new();
        decoding.waiting.clear();
        decoding.next = sample;
        decoding.decoder.decode(&self.track.parameter_sets).map_err(|error| error.to_string())?;
        Ok(())
    }

    fn decode(&self, decoding: &mut Decoding, sample: usize) -> Result<RgbImage, String> {
        let index = self.track.samples[sample].index;
        let track = self.track.id;
        let sample = decoding.file.read_sample(track, index).map_err(|error| error.to_string())?;
        let access_unit = self.track.with_start_codes(&sample.data)?;
        let frame = decoding.decoder.decode(&access_unit).map_err(|error| error.to_string())?;
        let frame = frame.ok_or("there is no picture in its data")?;
        if (frame.width, frame.height) != (self.track.size.width, self.track.size.height) {
            return Err(format!("it changes its size to {}×{}", frame.width, frame.height));
        }
        let (width, height) = (frame.width as u32, frame.height as u32);
        self.in_colours(&YuvPlanarImage {
            y_plane: &frame.y,
            y_stride: width,
            u_plane: &frame.u,
            u_stride: width.div_ceil(2),
            v_plane: &frame.v,
            v_stride: width.div_ceil(2),
            width,
            height,
        })
    }

    fn in_colours(&self, planes: &YuvPlanarImage<'_, u8>) -> Result<RgbImage, String> {
        let ColourSpace { range, matrix } = self.track.colours;
        let mut image = RgbImage::new(planes.width, planes.height);
        yuv::yuv420_to_rgb(planes, &mut image, planes.width * 3, range, matrix)
            .map_err(|error| error.to_string())?;
        Ok(image)
    }
}

fn unreadable(path: &Path, reason: String) -> DataError {
    DataError::Unreadable { what: "film".to_owned(), path: path.to_owned(), reason }
}
