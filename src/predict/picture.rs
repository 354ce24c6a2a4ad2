//! Pictures to predict for: files, folders of files, and frames of drives.

use crate::{
    config::{CameraChoice, DataChoice, ImageSize},
    data::{
        self, DataError, Drive, FrameKey, FrameSource, Remarks, Side,
        film::{self, Film},
        folder::{FoundRig, ordered_pictures},
        image::{ENDINGS, PictureHeader, SharedLevels},
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
    /// A file, with the levels of the files that it belongs to.
    File(PathBuf, Arc<SharedLevels>),
    Frame(Arc<dyn FrameSource>, FrameKey),
    /// A film, and the index of the picture in it.
    Film(Arc<Film>, usize),
    /// A film of a folder that cannot be opened.
    UnopenedFilm(PathBuf),
}

impl fmt::Display for InputImage {
    /// The file or drive that it is read from.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            ImageOrigin::File(path, _) | ImageOrigin::UnopenedFilm(path) => path.display().fmt(formatter),
            ImageOrigin::Frame(_, key) => key.fmt(formatter),
            ImageOrigin::Film(film, index) => {
                write!(formatter, "{}, picture {}", film.path().display(), index + 1)
            }
        }
    }
}

impl InputImage {
    /// A picture whose results have a name that stays below the folder of all results.
    fn new(name: &str, origin: ImageOrigin) -> Self {
        Self { name: name_below(name), origin }
    }

    /// The picture of a file.
    pub fn of_file(path: PathBuf) -> Self {
        let levels = Arc::new(SharedLevels::of([path.as_path()].into_iter()));
        Self::new(&stem(&path), ImageOrigin::File(path, levels))
    }

    /// The pictures of files that belong together.
    fn of_files(paths: Vec<PathBuf>) -> Vec<Self> {
        let levels = Arc::new(SharedLevels::of(paths.iter().map(PathBuf::as_path)));
        let picture = |path: PathBuf| Self::new(&stem(&path), ImageOrigin::File(path, levels.clone()));
        paths.into_iter().map(picture).collect()
    }

    /// The pictures of a film in the order of their display.
    fn of_film(film: Film) -> Vec<Self> {
        let (folder, film) = (stem(film.path()), Arc::new(film));
        let picture = |index| {
            Self::new(&format!("{folder}/{:06}", index + 1), ImageOrigin::Film(Arc::clone(&film), index))
        };
        (0..film.frame_count()).map(picture).collect()
    }

    /// A frame of a data source.
    pub fn of_frame(source: &Arc<dyn FrameSource>, key: FrameKey) -> Self {
        let stem = source.file(&key).and_then(Path::file_stem);
        let stem = stem.map_or_else(|| format!("{:010}", key.frame), |stem| stem.to_string_lossy().into());
        Self::new(&format!("{}/{stem}", key.folder), ImageOrigin::Frame(source.clone(), key))
    }

    /// Path of the film that it is a picture of.
    pub fn film(&self) -> Option<&Path> {
        match &self.origin {
            ImageOrigin::Film(film, _) => Some(film.path()),
            _ => None,
        }
    }

    /// Adds what is decided about the picture's file, if it can be read; about a film with its first picture.
    pub fn remark(&self, remarks: &mut Remarks) {
        let file = match &self.origin {
            ImageOrigin::File(path, _) => Some(path.as_path()),
            ImageOrigin::Frame(source, key) => source.file(key),
            ImageOrigin::Film(film, 0) => {
                for (kind, what) in film.remarks() {
                    remarks.add(kind, None, &what, &stem(film.path()));
                }
                None
            }
            ImageOrigin::Film(..) | ImageOrigin::UnopenedFilm(_) => None,
        };
        let header = file.and_then(|file| PictureHeader::read(file).ok());
        for (kind, what) in header.iter().flat_map(PictureHeader::remarks) {
            remarks.add(kind, None, what, &self.name);
        }
    }

    /// Decodes the picture.
    ///
    /// # Errors
    /// It is missing or damaged.
    pub fn read(&self) -> Result<RgbImage, DataError> {
        match &self.origin {
            ImageOrigin::File(path, levels) => data::image::read_of_drive(path, levels),
            ImageOrigin::Frame(source, key) => source.image(key),
            ImageOrigin::Film(film, index) => film.frame(*index),
            ImageOrigin::UnopenedFilm(path) => Film::open(path)?.frame(0),
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
            ImageOrigin::File(path, _) | ImageOrigin::UnopenedFilm(path) => {
                camera_beside(path, size, assumed)
            }
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

/// The name of a file without its ending.
fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Makes a name one that stays below a folder: parts of dots alone, which would lead out of it, and control characters
/// are replaced.
fn name_below(name: &str) -> String {
    let part = |part: &str| {
        if part.chars().all(|letter| letter == '.') {
            return "_".repeat(part.len().max(1));
        }
        part.replace(|letter: char| letter.is_control() || letter == '\\', "_")
    };
    name.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Pictures that an input names.
pub struct FoundPictures {
    /// The pictures, in the order in which they are predicted.
    pub images: Vec<InputImage>,
    /// Decisions about the files of a folder of pictures: what is left out.
    pub remarks: Remarks,
}

impl From<Vec<InputImage>> for FoundPictures {
    fn from(images: Vec<InputImage>) -> Self {
        Self { images, remarks: Remarks::default() }
    }
}

/// Finds the pictures that an input names: an image file, those of a film, the images of a folder in the order in which
/// training takes them, or the frames of drives (KITTI raw or odometry, folders of frames, the built-in drive `demo`) in
/// the order of drives and time, as the left camera saw them where there are two; else those of the films in a folder.
/// `camera` is for frames without a camera file.
///
/// # Errors
/// If there is no such file or folder, or it holds no picture.
pub fn find_pictures(input: &Path, camera: Option<CameraChoice>) -> Result<FoundPictures> {
    if input.is_file() && film::is_film(input) {
        return Ok(InputImage::of_film(Film::open(input)?).into());
    }
    let choice = if input.as_os_str() == "demo" && !input.exists() {
        DataChoice::Demo
    } else {
        match listed_images(input) {
            Ok((images, remarks)) => {
                return Ok(FoundPictures { images: InputImage::of_files(images), remarks });
            }
            Err(_) if input.is_dir() && data::is_data(input) => match camera {
                Some(camera) => DataChoice::Assuming { folder: input.to_owned(), camera },
                None => DataChoice::Folder(input.to_owned()),
            },
            Err(error) => return pictures_of_films(input).map(FoundPictures::from).ok_or(error),
        }
    };
    let source = data::open(&choice)?;
    Ok(frames(source.as_ref()).map(|key| InputImage::of_frame(&source, key)).collect::<Vec<_>>().into())
}

/// The pictures of all films in a folder, in the order of their names; `None` without a film.
fn pictures_of_films(folder: &Path) -> Option<Vec<InputImage>> {
    let mut films: Vec<PathBuf> = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    films.retain(|path| !is_hidden(path) && path.is_file() && film::is_film(path));
    films.sort_by_cached_key(|path| natural_order(path));
    let pictures = |path: PathBuf| match Film::open(&path) {
        Ok(film) => InputImage::of_film(film),
        // It is counted among what cannot be read, and refuses none of the others.
        Err(_) => vec![InputImage::new(&stem(&path), ImageOrigin::UnopenedFilm(path))],
    };
    (!films.is_empty()).then(|| films.into_iter().flat_map(pictures).collect())
}

/// True for files that systems hide, such as the companions that Macs write.
fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// Order of names in which numbers count as numbers: 2 before 10.
fn natural_order(path: &Path) -> Vec<(String, usize, String)> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut parts = Vec::new();
    let mut rest = name.as_str();
    while !rest.is_empty() {
        let text = rest.find(|letter: char| letter.is_ascii_digit()).unwrap_or(rest.len());
        let (text, after) = rest.split_at(text);
        let digits = after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len());
        let (digits, after) = after.split_at(digits);
        let significant = digits.trim_start_matches('0');
        parts.push((text.to_owned(), significant.len(), significant.to_owned()));
        rest = after;
    }
    // Names that differ in leading zeros only.
    parts.push((name, 0, String::new()));
    parts
}

/// The frames of all drives that are there, by drive and time, from the left camera where there are two.
pub fn frames(source: &dyn FrameSource) -> impl Iterator<Item = FrameKey> + '_ {
    let of_drive = |drive: &'_ Drive| {
        let side = drive.sides.iter().copied().min().unwrap_or(Side::Left);
        drive.keys(side).collect::<Vec<_>>()
    };
    source.drives().iter().flat_map(of_drive).filter(|key| source.contains(key))
}

/// The images that an input names: itself, or those of a folder in the order in which training takes them.
///
/// # Errors
/// If there is no such file or folder, or it holds no image.
pub fn find_images(input: &Path) -> Result<Vec<PathBuf>> {
    listed_images(input).map(|(images, _)| images)
}

fn listed_images(input: &Path) -> Result<(Vec<PathBuf>, Remarks)> {
    if input.is_file() {
        return Ok((vec![input.to_owned()], Remarks::default()));
    }
    if input.exists() && !input.is_dir() {
        bail!("the input {} is a pipe, socket or device; give an image, a folder or demo", input.display());
    }
    let (images, remarks) = ordered_pictures(input).with_context(|| {
        format!("the input {} cannot be read; give an image, a folder or demo", input.display())
    })?;
    if images.is_empty() {
        bail!(
            "the folder {} holds neither images ({}) nor drives in a known layout",
            input.display(),
            ENDINGS.join(", ")
        );
    }
    Ok((images, remarks))
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
