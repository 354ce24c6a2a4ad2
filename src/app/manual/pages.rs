//! Pages and pictures of the manual, as files of the repository that are part of the program.

/// Name and text of a page.
macro_rules! manual_page {
    ($name:literal) => {
        (concat!($name, ".md"), include_str!(concat!("../../../assets/manual/", $name, ".md")))
    };
}

/// Path, as pages give it, and bytes of a picture.
macro_rules! picture {
    ($name:literal) => {
        (concat!("../", $name), include_bytes!(concat!("../../../assets/", $name)).as_slice())
    };
}

/// Name and text of every page, in the order of reading. The first one is the contents.
pub const MANUAL_PAGES: &[(&str, &str)] = &[
    manual_page!("index"),
    manual_page!("first-steps"),
    manual_page!("data"),
    manual_page!("training"),
    manual_page!("runs"),
    manual_page!("watching"),
    manual_page!("inspector"),
    manual_page!("health"),
    manual_page!("evaluation"),
    manual_page!("metres"),
    manual_page!("prediction"),
    manual_page!("networks"),
    manual_page!("commands"),
    manual_page!("devices"),
    manual_page!("speed"),
    manual_page!("files"),
    manual_page!("troubleshooting"),
    manual_page!("method"),
    manual_page!("keys"),
    manual_page!("glossary"),
];

/// Path, as pages give it, and PNG of every picture.
pub const MANUAL_PICTURES: &[(&str, &[u8])] = &[
    picture!("cloud.png"),
    picture!("compare.png"),
    picture!("evaluation.png"),
    picture!("inspector.png"),
    picture!("sandbox.png"),
    picture!("training.png"),
    picture!("window.png"),
];

/// Tells if a link leads to another site.
pub fn is_outside(link: &str) -> bool {
    link.starts_with("https://") || link.starts_with("http://")
}

/// Tells if a link leads to a place of the manual or to another site, not to a file of the repository.
pub fn leads_somewhere(link: &str) -> bool {
    let file = link.split('#').next().unwrap_or(link);
    is_outside(link) || file.is_empty() || MANUAL_PAGES.iter().any(|(name, _)| *name == file)
}
