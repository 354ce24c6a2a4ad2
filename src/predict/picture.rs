//! Pictures to predict for: files, folders of files, and frames of drives.

use crate::{
    config::{CameraChoice, DataChoice, ImageSize},
    data::{
        self, DataError, Drive, FrameKey, FrameSource, Side,
        film::{self, Film},
        folder::FoundRig,
        image::ENDINGS,
    },
    geometry::Intrinsics,
};
use anyhow::{Context, Result, bail};
use image::RgbImage;
use std::{
    collections::BTreeSet,
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A picture that can be read, and the name of its results.
#[derive(Clone)]
pub struct InputImage {
    /// Path of the results below the folder of all results, without ending: `street`, `DRIVE/0000000007` for a
    /// frame of a drive, or `FILM/000007` for the seventh picture of a film.
    pub name: String,
    origin: ImageOrigin,
}

#[derive(Clone)]
enum ImageOrigin {
    File(PathBuf),
    Frame(Arc<dyn FrameSource>, FrameKey),
    /// A film, and the index of the picture in it.
    Film(Arc<Film>, usize),
}

impl fmt::Display for InputImage {
    /// The file or drive that it is read from.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            ImageOrigin::File(path) => path.display().fmt(formatter),
            ImageOrigin::Frame(_, key) => key.fmt(formatter),
            ImageOrigin::Film(film, index) => {
                write!(formatter, "{}, picture {}", film.path().display(), index + 1)
            }
        }
    }
}

impl InputImage {
    /// The picture of a file.
    pub fn of_file(path: PathBuf) -> Self {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Self { name, origin: ImageOrigin::File(path) }
    }

    /// A frame of a data source.
    pub fn of_frame(source: &Arc<dyn FrameSource>, key: FrameKey) -> Self {
        let stem = source.file(&key).and_then(Path::file_stem);
        let stem = stem.map_or_else(|| format!("{:010}", key.frame), |stem| stem.to_string_lossy().into());
        Self { name: format!("{}/{stem}", key.folder), origin: ImageOrigin::Frame(source.clone(), key) }
    }

    /// Decodes the picture.
    ///
    /// # Errors
    /// It is missing or damaged.
    pub fn read(&self) -> Result<RgbImage, DataError> {
        match &self.origin {
            ImageOrigin::File(path) => data::image::read(path),
            ImageOrigin::Frame(source, key) => source.image(key),
            ImageOrigin::Film(film, index) => film.frame(*index),
        }
    }

    /// The camera: that of the drive or of a file next to the picture, else the assumed one.
    ///
    /// # Errors
    /// It is not known or implausible.
    pub fn intrinsics(
        &self,
        size: ImageSize,
        assumed: Option<CameraChoice>,
    ) -> Result<Intrinsics, DataError> {
        match &self.origin {
            ImageOrigin::File(path) => camera_beside(path, size, assumed),
            ImageOrigin::Film(film, _) => camera_beside(film.path(), size, assumed),
            ImageOrigin::Frame(source, key) => Ok(source.intrinsics(key)),
        }
    }
}

/// The camera from a file next to this one, else the assumed one.
fn camera_beside(
    path: &Path,
    size: ImageSize,
    assumed: Option<CameraChoice>,
) -> Result<Intrinsics, DataError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let found = FoundRig::of(folder.unwrap_or(Path::new(".")), path, size, assumed)?;
    Ok(found.rig.camera(Side::Left))
}

/// The pictures that an input names: an image file, those of a film, the images of a folder in the order of their
/// names, or the frames of drives (KITTI raw or odometry, folders of frames, the built-in drive `demo`) in the
/// order of drives and time, as the left camera saw them where there are two. `camera` is for frames without a
/// camera file.
///
/// # Errors
/// If there is no such file or folder, or it holds no picture.
pub fn find_pictures(input: &Path, camera: Option<CameraChoice>) -> Result<Vec<InputImage>> {
    let choice = match camera {
        _ if input.as_os_str() == "demo" && !input.exists() => DataChoice::Demo,
        _ if input.is_file() && has_ending(input, &film::ENDINGS) => return of_film(input),
        _ if !is_drive(input) => {
            return Ok(find_images(input)?.into_iter().map(InputImage::of_file).collect());
        }
        Some(camera) => DataChoice::Assuming { folder: input.to_owned(), camera },
        None => DataChoice::Folder(input.to_owned()),
    };
    let source = data::open(&choice)?;
    Ok(frames(source.as_ref()).map(|key| InputImage::of_frame(&source, key)).collect())
}

/// The pictures of a film in the order of their display.
fn of_film(path: &Path) -> Result<Vec<InputImage>> {
    let film = Arc::new(Film::open(path)?);
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let picture = |index| InputImage {
        name: format!("{stem}/{:06}", index + 1),
        origin: ImageOrigin::Film(film.clone(), index),
    };
    Ok((0..film.frame_count()).map(picture).collect())
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("").to_lowercase();
    endings.contains(&ending.as_str())
}

/// The frames of all drives that are there, by drive and time, from the left camera where there are two.
pub fn frames(source: &dyn FrameSource) -> impl Iterator<Item = FrameKey> + '_ {
    let of_drive = |drive: &'_ Drive| {
        let side = drive.sides.iter().copied().min().unwrap_or(Side::Left);
        drive.keys(side).collect::<Vec<_>>()
    };
    source.drives().iter().flat_map(of_drive).filter(|key| source.contains(key))
}

/// Tells if an input is a folder of drives rather than of images.
fn is_drive(input: &Path) -> bool {
    input.is_dir() && find_images(input).is_err() && data::is_data(input)
}

/// The images that an input names: itself, or those of a folder in the order of their names.
///
/// # Errors
/// If there is no such file or folder, or it holds no image.
pub fn find_images(input: &Path) -> Result<Vec<PathBuf>> {
    if input.is_file() {
        return Ok(vec![input.to_owned()]);
    }
    let entries = fs::read_dir(input).with_context(|| {
        format!("the input {} cannot be read; give an image, a folder or demo", input.display())
    })?;
    let is_image = |path: &PathBuf| has_ending(path, &ENDINGS);
    let mut images: Vec<PathBuf> =
        entries.filter_map(Result::ok).map(|entry| entry.path()).filter(is_image).collect();
    images.sort();
    if images.is_empty() {
        bail!(
            "the folder {} holds neither images ({}) nor drives in a known layout",
            input.display(),
            ENDINGS.join(", ")
        );
    }
    Ok(images)
}

/// Makes names unique: the second picture of a name becomes `NAME-2`. Returns the indices of the renamed ones.
/// Names that differ only in upper and lower case count as equal, as on some disks.
pub fn tell_apart(pictures: &mut [InputImage]) -> Vec<usize> {
    let mut taken = BTreeSet::new();
    let mut renamed = Vec::new();
    for (number, picture) in pictures.iter_mut().enumerate() {
        let mut name = picture.name.clone();
        for copy in 2.. {
            if taken.insert(name.to_lowercase()) {
                break;
            }
            name = format!("{}-{copy}", picture.name);
        }
        if name != picture.name {
            picture.name = name;
            renamed.push(number);
        }
    }
    renamed
}
